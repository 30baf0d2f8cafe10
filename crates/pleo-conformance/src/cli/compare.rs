//! `compare`: several reports as one table, and a badge for each client.

use std::{fs, io, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{
    CliError, Streams,
    exit::Exit,
    output::{Output, ReportFile, ReportRequest, Reports},
};
use crate::report::{
    RenderError, Report,
    comparison::{Comparison, badge, html, markdown, terminal},
    json::{self, ReadError},
};

#[derive(Args)]
pub(super) struct Compare {
    /// JSON reports, as `run --report json=PATH` writes them: one column each.
    #[arg(value_name = "REPORT", required = true)]
    inputs: Vec<PathBuf>,
    /// Writes the table; markdown or html; `-` is standard output; may be given several times.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = ReportRequest::<TableFormat>::parse)]
    report: Vec<ReportRequest<TableFormat>>,
    /// Writes a badge for each client into this folder: the JSON of an endpoint badge of shields.io, named after
    /// the client.
    #[arg(long, value_name = "DIR")]
    badges: Option<PathBuf>,
}

/// A form in which the table is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    /// [`markdown`].
    Markdown,
    /// [`html`].
    Html,
}

/// Why reports cannot be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompareError {
    #[error("{} cannot be read: {source}; give the path of a JSON report", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a report: {problem}; write one with `run --report json=PATH`", .path.display())]
    NotAReport { path: PathBuf, problem: ReadError },
    #[error("{} is named twice; name each report once", .path.display())]
    Twice { path: PathBuf },
    #[error("the folder {} cannot be made: {source}; choose another path", .path.display())]
    Folder { path: PathBuf, source: io::Error },
}

impl Compare {
    /// Everything is read, and every file known to be writable, before anything is written.
    pub(super) fn execute(&self, streams: &mut Streams<'_>) -> Result<Exit, CliError> {
        let comparison = Comparison::of(&self.read()?);
        let tables = Reports::prepare(&self.report)?;
        let badges = self.badges(&comparison)?;
        let out_is_taken = tables.use_standard_output();
        for (file, text) in badges {
            file.write(&text)?;
        }
        for (format, output) in tables.into_outputs() {
            let table = match format {
                TableFormat::Markdown => markdown::render(&comparison),
                TableFormat::Html => html::render(&comparison),
            };
            match output {
                Output::Standard => streams.out.exactly(&table)?,
                Output::File(file) => file.write(&table)?,
            }
        }
        let stream = if out_is_taken { &mut streams.err } else { &mut streams.out };
        stream.text(&terminal::render(&comparison, stream.width))?;
        Ok(Exit::Passed)
    }

    fn read(&self) -> Result<Vec<Report>, CompareError> {
        let mut files = Vec::new();
        let report = |path: &PathBuf| {
            let unreadable = |source| CompareError::Read { path: path.clone(), source };
            let file = fs::canonicalize(path).map_err(unreadable)?;
            if files.contains(&file) {
                return Err(CompareError::Twice { path: path.clone() });
            }
            files.push(file);
            let text = fs::read(path).map_err(unreadable)?;
            json::read(&text).map_err(|problem| CompareError::NotAReport { path: path.clone(), problem })
        };
        self.inputs.iter().map(report).collect()
    }

    /// The files of the badges, and what to write to them.
    fn badges(&self, comparison: &Comparison) -> Result<Vec<(ReportFile, String)>, CliError> {
        let Some(folder) = &self.badges else { return Ok(Vec::new()) };
        fs::create_dir_all(folder).map_err(|source| CompareError::Folder { path: folder.clone(), source })?;
        let mut files = Vec::new();
        for (name, badge) in badge::badges(comparison) {
            let text = serde_json::to_string_pretty(&badge).map_err(RenderError::from)? + "\n";
            files.push((ReportFile::prepare(&folder.join(name))?, text));
        }
        Ok(files)
    }
}
