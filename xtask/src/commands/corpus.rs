//! `cargo xtask corpus`: what becomes of any folder of OpenAPI documents.

use std::{
    env,
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use xtask_codegen::corpus::{self, Kind, Outcome};
use xtask_openapi::foreign::one_line;

/// Which documents, and what to do with them.
#[derive(clap::Args)]
#[command(after_help = "\
Each file below DIR that ends in .json, .yaml or .yml is read as one document. Outcomes:
  generated  a client was generated, and with --compile it compiles
  refused    an error names what is not supported
  broken     a crash, more time or memory than allowed, or generated code that does not compile
Files that are not OpenAPI are skipped and counted.

Exit codes:
  0  nothing is broken
  1  a document is broken
  2  wrong usage, or DIR cannot be read")]
pub(crate) struct Arguments {
    /// The folder with the documents, searched recursively
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Also compile what was generated, all documents together
    #[arg(long)]
    compile: bool,
    /// The time for one document
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// How to print the outcomes; JSON is printed at the end
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Handle the document DIR in this process, print its outcome, and write what was generated to a file
    #[arg(long, hide = true, value_name = "FILE")]
    one: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs every document of a folder.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    if let Some(generated) = &arguments.one {
        println!("{}", json!(corpus::handle(&arguments.folder, generated)));
        return ExitCode::SUCCESS;
    }
    match run_all(root, arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// A document of the folder.
#[derive(serde::Serialize)]
struct File {
    file: String,
    #[serde(flatten)]
    outcome: Outcome,
    seconds: f64,
    /// Where its generated files are.
    #[serde(skip)]
    generated: PathBuf,
}

/// The number of documents that are broken.
fn run_all(root: &Path, arguments: &Arguments) -> Result<usize> {
    let start = Instant::now();
    let folder = &arguments.folder;
    if !folder.is_dir() {
        bail!("there is no folder {}; pass a folder of OpenAPI documents", folder.display());
    }
    let mut paths = xtask_tree::files_below(folder).with_context(|| folder.display().to_string())?;
    paths.sort();
    let is_read = |extension: &OsStr| ["json", "yaml", "yml"].iter().any(|known| extension == *known);
    paths.retain(|path| path.extension().is_some_and(is_read));
    let scratch = tempfile::tempdir().context("cannot create a temporary folder")?;
    let print = |file: &File| {
        if arguments.format == Format::Text && file.outcome.kind != Kind::Skipped {
            println!("{file}");
        }
    };
    let mut files = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        let start = Instant::now();
        let generated = scratch.path().join(index.to_string());
        let mut program = Command::new(env::current_exe()?);
        program.args([OsStr::new("corpus"), OsStr::new("--one"), generated.as_os_str(), OsStr::new("--")]);
        let outcome = corpus::in_process(program.arg(path), Duration::from_secs(arguments.timeout))
            .context("cannot start a process for a document")?;
        let file = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        files.push(File { file, outcome, seconds: start.elapsed().as_secs_f64(), generated });
        files.last().into_iter().for_each(print);
    }
    if arguments.compile {
        let mut made: Vec<&mut File> =
            files.iter_mut().filter(|file| file.outcome.kind == Kind::Generated).collect();
        let generated: Vec<&Path> = made.iter().map(|file| &*file.generated).collect();
        let broken = corpus::compile(root, &root.join("target/corpus"), &generated)
            .context("cannot compile what was generated")?;
        for (index, outcome) in broken {
            made[index].outcome = outcome;
            print(made[index]);
        }
    }
    let count = |kind: Kind| files.iter().filter(|file| file.outcome.kind == kind).count();
    let [generated, refused, broken, skipped] =
        [Kind::Generated, Kind::Refused, Kind::Broken, Kind::Skipped].map(count);
    let seconds = start.elapsed().as_secs_f64();
    if arguments.format == Format::Json {
        files.retain(|file| file.outcome.kind != Kind::Skipped);
        let report = json!({
            "documents": files, "generated": generated, "refused": refused, "broken": broken,
            "skipped": skipped, "seconds": seconds,
        });
        println!("{report:#}");
    } else {
        println!(
            "total      {generated} generated, {refused} refused, {broken} broken; \
             {skipped} skipped that are not OpenAPI ({seconds:.1} s)"
        );
    }
    Ok(broken)
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file is named by its author, and an error quotes its document: the problem, and where it is.
        let lines: String = self.outcome.detail.lines().take(2).collect();
        let (file, detail) = (one_line(&self.file), one_line(&lines));
        write!(f, "{:<10} {file}: {detail} ({:.1} s)", self.outcome.kind, self.seconds)
    }
}
