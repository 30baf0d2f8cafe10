//! The command line.

mod adapter_check;
mod compare;
pub mod coverage;
pub mod exit;
pub mod expected;
mod output;

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{
    Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueHint,
    builder::NonEmptyStringValueParser,
};
use clap_complete::Shell;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::{
    compare::{Compare, CompareError},
    coverage::Coverage,
    exit::Exit,
    expected::{ExpectedFailures, ExpectedFailuresError},
    output::{Output, OutputError, ReportRequest, Reports},
};
use crate::{
    engine::{Options, Progress, RunError, SubjectUnderTest},
    report::{self, Format, RenderError, Report},
    rules::Rule,
    subject::service::LiveError,
    verdict::{Level, Side},
    words::counted,
};

/// Judges whether a client of Pleo's External API follows the rules of Pleo's documents.
#[derive(Parser)]
#[command(name = "pleo-conformance", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the rules.
    List {
        /// As JSON, with all there is to say about each.
        #[arg(long)]
        json: bool,
    },
    /// Says what a rule asks for, where it comes from and how it is checked.
    Explain {
        /// The rule's id, such as AUTH-001.
        rule: String,
    },
    /// Judges a client, or a live service.
    #[command(
        after_help = "Exit codes: 0 every MUST passed; 1 a MUST failed, or an expected failure passed; 2 wrong \
                      usage, nothing was run; 3 no result: the run could not be made, the client or service \
                      broke down, or most rules of an area were inconclusive."
    )]
    Run(Box<Run>),
    /// Shows the results of several clients as one table.
    #[command(
        after_help = "Exit codes: 0 the table was made, whatever it shows; 2 wrong usage, or a file that is not a \
                      report; 3 something could not be written."
    )]
    Compare(Compare),
    /// Talks you through the protocol with your adapter, message by message, up to its first mistake.
    #[command(
        after_help = "Exit codes: 0 the adapter speaks the protocol; 1 it made a mistake, which is the last thing \
                      printed, with what to do; 2 wrong usage; 3 it could not be started."
    )]
    AdapterCheck(AdapterCheck),
    /// Shows what covers each statement of Pleo's documents: rules, or a passage of our documentation.
    Coverage,
    /// Prints the script that makes your shell complete commands and options.
    ///
    /// An example is echo 'source <(pleo-conformance completion bash)' >> ~/.bashrc
    Completion {
        /// The shell.
        shell: Shell,
    },
    /// Writes the manual pages to a folder, one for each command.
    ///
    /// An example is pleo-conformance man ~/.local/share/man/man1
    Man {
        /// The folder, created if it does not exist.
        #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
}

#[derive(Args)]
struct Run {
    /// Only rules whose id starts with PREFIX; may be given several times.
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    only: Vec<String>,
    /// Only rules of this level.
    #[arg(long, ignore_case = true)]
    level: Option<Level>,
    /// Only rules that this side has to follow [default: that of what is judged].
    #[arg(long, ignore_case = true)]
    side: Option<Side>,
    /// The seed of all cases: the same one gives the same cases.
    #[arg(long, value_name = "N", default_value_t = Options::default().seed)]
    seed: u64,
    /// The number of cases for each rule.
    #[arg(long, value_name = "N", default_value_t = Options::default().cases, value_parser = clap::value_parser!(u32).range(1..))]
    cases: u32,
    /// The number of smaller cases to try at most, once a case has failed.
    #[arg(long, value_name = "N", default_value_t = Options::default().shrinks)]
    shrinks: u32,
    /// The adapter of the client to judge: a program and its arguments, split as a shell would split them. It gets
    /// no credential of the environment, and ends with the run; on Linux all that it started does, too, elsewhere
    /// its process group [default: our client, in process].
    #[arg(long, value_name = "COMMAND", alias = "subject", conflicts_with = "service")]
    client: Option<String>,
    /// The base URL of a live service to judge, with read-only requests. PLEO_ENVIRONMENT has to name its
    /// environment before a credential is sent.
    #[arg(long, value_name = "URL", alias = "target")]
    service: Option<String>,
    /// Really call the live service; without this, only the plan is shown.
    #[arg(long, requires = "service")]
    yes_call_it: bool,
    /// How long one answer of the adapter, or response of the service, may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Writes a report; json, junit, markdown or html; `-` is standard output; may be given several times.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = ReportRequest::<Format>::parse)]
    report: Vec<ReportRequest<Format>>,
    /// A file of rules that are known to fail: an id and a reason on each line.
    #[arg(long, value_name = "FILE")]
    expected_failures: Option<PathBuf>,
    /// Fail also if a SHOULD fails or a rule is inconclusive.
    #[arg(long)]
    strict: bool,
    /// Print one line only.
    #[arg(long)]
    summary: bool,
    /// Print annotations for a GitHub workflow, too.
    #[arg(long)]
    github: bool,
}

#[derive(Args)]
struct AdapterCheck {
    /// The adapter: a program and its arguments, split as a shell would split them.
    command: String,
    /// How long one answer of the adapter may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

/// What the commands work on.
pub struct Suite<'a> {
    /// The rules, with [`catalogue`](crate::catalogue) in the real thing.
    pub catalogue: &'static [Rule],
    /// What covers which statement, with [`coverage::table`] in the real thing.
    pub coverage: &'a dyn Fn() -> Vec<Coverage>,
    /// Runs rules: [`engine::run`](crate::engine::run) in the real thing.
    pub run: &'a RunRules<'a>,
    /// What a live service would be asked: [`engine::plan`](crate::engine::plan) in the real thing.
    pub plan: &'a Plan,
}

/// Judges a client, a service or both by rules, as [`engine::run`](crate::engine::run) does.
pub type RunRules<'a> = dyn Fn(&[&'static Rule], SubjectUnderTest, &Options, &mut dyn FnMut(Progress)) -> Result<Report, RunError>
    + 'a;

/// Says what a live service would be asked, as [`engine::plan`](crate::engine::plan) does.
pub type Plan = dyn Fn(&[&'static Rule], &str) -> Result<Vec<String>, LiveError>;

/// Where the commands write to.
pub struct Streams<'a> {
    /// Standard output.
    pub out: Stream<'a>,
    /// Standard error.
    pub err: Stream<'a>,
    /// Whether somebody watches standard error, so that progress is of use.
    pub watched: bool,
}

/// Something to write text to.
pub struct Stream<'a> {
    /// Where the text goes.
    pub sink: &'a mut dyn Write,
    /// Whether it takes escape sequences for colour.
    pub styled: bool,
    /// How many columns it has, if it is a terminal.
    pub width: Option<usize>,
}

impl Stream<'_> {
    /// Writes text with styles, if the stream takes them.
    fn text(&mut self, text: &str) -> io::Result<()> {
        if self.styled {
            self.exactly(text)
        } else {
            self.exactly(&anstream::adapter::strip_str(text).to_string())
        }
    }

    /// Writes text as it is. A reader who has gone does not want it any more.
    fn exactly(&mut self, text: &str) -> io::Result<()> {
        match self.sink.write_all(text.as_bytes()).and_then(|()| self.sink.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("no rule is called {0:?}; `list` shows all ids")]
    UnknownRule(String),
    #[error("no rule's id begins with {0:?}; `list` shows all ids")]
    NothingBegins(String),
    #[error("no rule matches --level, --side and --only together; drop one")]
    NothingSelected,
    #[error("{0:?} is not a command: it is empty, or a quote is left open; write it as in a shell")]
    Client(String),
    #[error(
        "GitHub reads commands in all that is printed, so with --github no report can go there; name a file for it"
    )]
    ReportAmongCommands,
    #[error(transparent)]
    ExpectedFailures(#[from] ExpectedFailuresError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error("cannot write manual pages to {folder}: {error}")]
    Man { folder: PathBuf, error: io::Error },
    #[error("nothing can be printed: {0}")]
    Print(#[from] io::Error),
}

impl CliError {
    const fn exit(&self) -> Exit {
        match self {
            Self::UnknownRule(_)
            | Self::NothingBegins(_)
            | Self::NothingSelected
            | Self::Client(_)
            | Self::ReportAmongCommands
            | Self::ExpectedFailures(_)
            | Self::Compare(_) => Exit::Usage,
            Self::Output(error) if error.is_known_before_the_run() => Exit::Usage,
            Self::Run(RunError::Live(LiveError::Address)) => Exit::Usage,
            Self::Output(_) | Self::Run(_) | Self::Render(_) | Self::Man { .. } | Self::Print(_) => {
                Exit::NoResult
            }
        }
    }
}

/// The widest help that is read with ease, in columns.
const HELP_WIDTH: usize = 100;

/// What the command line takes, for help, completions and man pages.
pub fn command_line() -> clap::Command {
    Arguments::command()
}

/// Reads the command line. Help is wrapped only for a terminal, of this width.
fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    width: Option<usize>,
) -> Result<Arguments, clap::Error> {
    // For clap, 0 means that nothing is wrapped.
    let mut command = command_line().term_width(width.map_or(0, |width| width.min(HELP_WIDTH)));
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Whether a command line asks for what needs the credentials in the environment: judging a live service.
pub fn needs_credentials(arguments: impl IntoIterator<Item = OsString>) -> bool {
    parse(arguments, None).is_ok_and(|it| matches!(it.command, Command::Run(run) if run.service.is_some()))
}

/// Does what the command line says; the first of the `arguments` is the program's name.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    suite: &Suite<'_>,
    streams: &mut Streams<'_>,
) -> Exit {
    let command = match parse(arguments, streams.out.width) {
        Ok(arguments) => arguments.command,
        Err(error) => {
            let (stream, exit) = if error.use_stderr() {
                (&mut streams.err, Exit::Usage)
            } else {
                (&mut streams.out, Exit::Passed)
            };
            return stream.text(&error.render().ansi().to_string()).map_or(Exit::NoResult, |()| exit);
        }
    };
    let is_workflow = matches!(&command, Command::Run(run) if run.github);
    let done = match command {
        Command::List { json } => list(suite.catalogue, json, streams),
        Command::Explain { rule } => explain(suite.catalogue, &rule, streams),
        Command::Run(run) => run.execute(suite, streams),
        Command::Compare(compare) => compare.execute(streams),
        Command::AdapterCheck(AdapterCheck { command, timeout }) => split(&command).and_then(|command| {
            adapter_check::check(command, Duration::from_secs(timeout), &mut streams.out)
        }),
        Command::Coverage => coverage(&(suite.coverage)(), streams),
        Command::Completion { shell } => completion(shell, streams),
        Command::Man { folder } => man(&folder),
    };
    done.unwrap_or_else(|error| {
        let mut text = format!("error: {error}\n");
        if is_workflow {
            text = without_commands(&text);
        }
        // Where even that cannot be printed, the exit code has to do.
        let _ = streams.err.text(&text);
        error.exit()
    })
}

/// Text in which a GitHub workflow finds no command: it may be a client's (GitHub's `stop-commands`).
fn without_commands(text: &str) -> String {
    let token = uuid::Uuid::new_v4().simple();
    format!("::stop-commands::{token}\n{text}::{token}::\n")
}

fn list(catalogue: &[Rule], json: bool, streams: &mut Streams<'_>) -> Result<Exit, CliError> {
    if json {
        let text = serde_json::to_string_pretty(catalogue).map_err(RenderError::from)?;
        streams.out.exactly(&(text + "\n"))?;
        return Ok(Exit::Passed);
    }
    let id_width = catalogue.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    for rule in catalogue {
        let Rule { id, title, level, .. } = rule;
        let side = rule.side();
        streams.out.text(&format!("{id:id_width$}  {level:6}  {side:7}  {title}\n"))?;
    }
    Ok(Exit::Passed)
}

fn explain(catalogue: &[Rule], id: &str, streams: &mut Streams<'_>) -> Result<Exit, CliError> {
    let rule = catalogue
        .iter()
        .find(|rule| rule.id.eq_ignore_ascii_case(id))
        .ok_or_else(|| CliError::UnknownRule(id.to_owned()))?;
    let Rule { id, title, statement, level, level_reason, sources, headings, failure, method, .. } = rule;
    let side = rule.side();
    streams.out.text(&format!(
        "{id} {title}\n\n{statement}\n\napplies to the {side}\nlevel      {level}: {level_reason}\nsources    {}\n",
        sources.join(", ")
    ))?;
    for heading in *headings {
        streams.out.text(&format!("           {heading}\n"))?;
    }
    streams.out.text(&format!("fails when {failure}\nchecks     {method}\n"))?;
    Ok(Exit::Passed)
}

fn completion(shell: Shell, streams: &mut Streams<'_>) -> Result<Exit, CliError> {
    let (mut command, mut script) = (command_line(), Vec::new());
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    streams.out.exactly(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Passed)
}

fn man(folder: &Path) -> Result<Exit, CliError> {
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command_line(), folder));
    written.map_err(|error| CliError::Man { folder: folder.to_owned(), error })?;
    Ok(Exit::Passed)
}

fn coverage(table: &[Coverage], streams: &mut Streams<'_>) -> Result<Exit, CliError> {
    for row in table {
        streams.out.text(&format!("{row}\n"))?;
    }
    let accounted_for = table.iter().filter(|row| row.is_accounted_for()).count();
    streams.out.text(&format!("{accounted_for} of {} statements are accounted for\n", table.len()))?;
    Ok(if accounted_for == table.len() { Exit::Passed } else { Exit::Failed })
}

impl Run {
    fn execute(&self, suite: &Suite<'_>, streams: &mut Streams<'_>) -> Result<Exit, CliError> {
        let selection = self.selection(suite.catalogue)?;
        if self.github && self.report.iter().any(ReportRequest::is_printed) {
            return Err(CliError::ReportAmongCommands);
        }
        let expected = match &self.expected_failures {
            Some(path) => ExpectedFailures::read(path, suite.catalogue)?,
            None => ExpectedFailures::default(),
        };
        let subject = self.subject()?;
        if let SubjectUnderTest::Service { base_url, .. } = &subject {
            let plan = (suite.plan)(&selection, base_url).map_err(RunError::from)?;
            streams.err.text(&format!("plan for {base_url}: {}\n", counted(plan.len(), "request")))?;
            for request in plan {
                streams.err.text(&format!("  {request}\n"))?;
            }
            if !self.yes_call_it {
                streams.err.text("nothing was sent; read the plan, then add --yes-call-it\n")?;
                return Ok(Exit::Passed);
            }
        }
        let reports = Reports::prepare(&self.report)?;
        let options = Options { seed: self.seed, cases: self.cases, shrinks: self.shrinks };
        let bar = progress_bar(selection.len(), streams.watched);
        let report = (suite.run)(&selection, subject, &options, &mut |progress| match progress {
            Progress::Began(rule) => bar.set_message(rule.id),
            Progress::Ended(_) => bar.inc(1),
        });
        bar.finish_and_clear();
        let report = expected.apply(report?);
        self.show(&report, reports, streams)?;
        Ok(Exit::of(&report, self.strict))
    }

    fn selection(&self, catalogue: &'static [Rule]) -> Result<Vec<&'static Rule>, CliError> {
        let begins = |rule: &Rule, prefix: &String| {
            rule.id.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        if let Some(prefix) =
            self.only.iter().find(|prefix| !catalogue.iter().any(|rule| begins(rule, prefix)))
        {
            return Err(CliError::NothingBegins(prefix.clone()));
        }
        // Of a program or a live service the other side's rules are not asked, unless somebody wants to see that.
        let side = self.side.or(match (&self.client, &self.service) {
            (Some(_), _) => Some(Side::Client),
            (None, Some(_)) => Some(Side::Service),
            (None, None) => None,
        });
        let selection: Vec<_> = catalogue
            .iter()
            .filter(|rule| self.only.is_empty() || self.only.iter().any(|prefix| begins(rule, prefix)))
            .filter(|rule| self.level.is_none_or(|level| rule.level == level))
            .filter(|rule| side.is_none_or(|side| rule.side() == side))
            .collect();
        if selection.is_empty() { Err(CliError::NothingSelected) } else { Ok(selection) }
    }

    fn subject(&self) -> Result<SubjectUnderTest, CliError> {
        let timeout = Duration::from_secs(self.timeout);
        match (&self.client, &self.service) {
            (Some(words), _) => Ok(SubjectUnderTest::Program { command: split(words)?, timeout }),
            (None, Some(base_url)) => Ok(SubjectUnderTest::Service { base_url: base_url.clone(), timeout }),
            (None, None) => Ok(SubjectUnderTest::InProcess),
        }
    }

    /// Writes the report files first: text may go to a reader who has left.
    fn show(
        &self,
        report: &Report,
        reports: Reports<Format>,
        streams: &mut Streams<'_>,
    ) -> Result<(), CliError> {
        let out_is_taken = reports.use_standard_output();
        let stream = if out_is_taken { &mut streams.err } else { &mut streams.out };
        let mut text = match self.summary {
            true => report::terminal::summary(report),
            false => report::terminal::render(report, stream.width),
        };
        if self.github {
            text = without_commands(&text) + &report::github::render(report);
        }
        for (format, output) in reports.into_outputs() {
            let rendered = report::render(report, format)?;
            match output {
                Output::Standard => streams.out.exactly(&rendered)?,
                Output::File(file) => file.write(&rendered)?,
            }
        }
        let stream = if out_is_taken { &mut streams.err } else { &mut streams.out };
        Ok(stream.text(&text)?)
    }
}

/// A program and its arguments, split as a shell would split them.
fn split(words: &str) -> Result<Vec<String>, CliError> {
    let command =
        shlex::split(words).filter(|command| command.first().is_some_and(|program| !program.is_empty()));
    command.ok_or_else(|| CliError::Client(words.to_owned()))
}

fn progress_bar(rules: usize, watched: bool) -> ProgressBar {
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(rules as u64), target).with_style(style)
}

#[cfg(test)]
mod tests;
