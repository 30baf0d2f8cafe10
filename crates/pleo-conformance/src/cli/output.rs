//! Where reports go.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use tempfile::{Builder, NamedTempFile};

/// A report that is asked for: `html=report.html`, say. `F` has the formats that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportRequest<F> {
    format: F,
    /// `-` is standard output.
    path: PathBuf,
}

impl<F: ValueEnum> ReportRequest<F> {
    pub(super) fn parse(argument: &str) -> Result<Self, String> {
        let wanted = || "write FORMAT=PATH, such as html=report.html".to_owned();
        let (format, path) = argument.split_once('=').ok_or_else(wanted)?;
        if path.is_empty() {
            return Err(wanted());
        }
        let format = F::from_str(format, false).map_err(|_| {
            let names = F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let names: Vec<_> = names.map(|value| value.get_name().to_owned()).collect();
            format!("{format:?} is not a format here; use one of: {}", names.join(", "))
        })?;
        Ok(Self { format, path: path.into() })
    }
}

impl<F> ReportRequest<F> {
    /// Whether it goes to standard output.
    pub(super) fn is_printed(&self) -> bool {
        self.path == Path::new("-")
    }
}

/// Why a report does not get where it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    #[error("no report can be written to {}: {source}; choose another path", .path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("no report can be written to {}: it is not a file; choose another path", .path.display())]
    NoFile { path: PathBuf },
    #[error("two reports cannot both be written to {}; choose another path for one", .path.display())]
    Twice { path: PathBuf },
    #[error("the report could not be written to {}: {source}", .path.display())]
    Lost { path: PathBuf, source: io::Error },
}

impl OutputError {
    pub(super) const fn is_known_before_the_run(&self) -> bool {
        !matches!(self, Self::Lost { .. })
    }
}

/// The places that were asked for, each known to be writable.
pub(super) struct Reports<F>(Vec<(F, Output)>);

/// A place for a report.
pub(super) enum Output {
    Standard,
    File(ReportFile),
}

/// A file that gets its new content at once or not at all.
pub(super) struct ReportFile {
    path: PathBuf,
    new: NamedTempFile,
}

impl<F: Copy> Reports<F> {
    /// Makes sure, before anything is run, that every report can be written.
    pub(super) fn prepare(requests: &[ReportRequest<F>]) -> Result<Self, OutputError> {
        let mut outputs: Vec<(F, Output)> = Vec::new();
        for request in requests {
            let output = if request.is_printed() {
                Output::Standard
            } else {
                Output::File(ReportFile::prepare(&request.path)?)
            };
            if outputs.iter().any(|(_, other)| other.is_same(&output)) {
                return Err(OutputError::Twice { path: request.path.clone() });
            }
            outputs.push((request.format, output));
        }
        Ok(Self(outputs))
    }

    pub(super) fn use_standard_output(&self) -> bool {
        self.0.iter().any(|(_, output)| matches!(output, Output::Standard))
    }

    pub(super) fn into_outputs(self) -> Vec<(F, Output)> {
        self.0
    }
}

impl Output {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Standard, Self::Standard) => true,
            (Self::File(one), Self::File(other)) => one.path == other.path,
            _ => false,
        }
    }
}

impl ReportFile {
    /// Makes sure that the file can be written.
    pub(super) fn prepare(path: &Path) -> Result<Self, OutputError> {
        let unwritable = |source| OutputError::Unwritable { path: path.to_owned(), source };
        let no_file = || OutputError::NoFile { path: path.to_owned() };
        // A link stays one: what it leads to is written. A device or a folder would be replaced by a file.
        let resolved = match fs::canonicalize(path) {
            Ok(resolved) if resolved.is_file() => resolved,
            Ok(_) => return Err(no_file()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = path.file_name().ok_or_else(no_file)?;
                let folder = match path.parent() {
                    Some(folder) if folder != Path::new("") => folder,
                    _ => Path::new("."),
                };
                fs::canonicalize(folder).map_err(unwritable)?.join(name)
            }
            Err(error) => return Err(unwritable(error)),
        };
        let folder = resolved.parent().ok_or_else(no_file)?;
        let new = readable_by_others(Builder::new().prefix(".conformance-"))
            .tempfile_in(folder)
            .map_err(unwritable)?;
        Ok(Self { path: resolved, new })
    }

    pub(super) fn write(mut self, content: &str) -> Result<(), OutputError> {
        let Self { path, .. } = &self;
        let path = path.clone();
        self.new
            .write_all(content.as_bytes())
            .and_then(|()| self.new.persist(&path).map_err(io::Error::from))
            .map(drop)
            .map_err(|source| OutputError::Lost { path, source })
    }
}

/// As the umask has it, like any other file: a temporary file is for its owner only.
#[cfg(unix)]
fn readable_by_others<'a, 'b, 'c>(builder: &'c mut Builder<'a, 'b>) -> &'c mut Builder<'a, 'b> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn readable_by_others<'a, 'b, 'c>(builder: &'c mut Builder<'a, 'b>) -> &'c mut Builder<'a, 'b> {
    builder
}
