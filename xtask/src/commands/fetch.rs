//! `cargo xtask fetch`

use std::{num::NonZeroUsize, path::Path, process::ExitCode, time::Duration};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;
use xtask_fetch::{self as site, Fetched, Given, INDEX, Manners, Request, Source, client, guides};
use xtask_openapi::foreign::one_line;

/// The exit code that clap uses too.
const WRONG_USAGE: u8 = 2;

/// Where to read, what may come with it, and how the site is treated.
#[derive(Args)]
#[command(after_help = "Exit codes: 0 fetched or unchanged, 1 refused, 2 wrong usage, \
    3 something could not be read or written, 130 interrupted. \
    The tree changes with code 0 only.")]
pub(crate) struct Arguments {
    /// The index of the documentation.
    #[arg(long, value_name = "URL", default_value = INDEX)]
    index: Url,
    /// Take OpenAPI documents from a folder, file or address, and not from the documentation. What is given is all
    /// of spec/published afterwards; given several times, a later document replaces an earlier one with its title.
    #[arg(long, value_name = "DIR|FILE|URL", value_parser = given, conflicts_with = "index")]
    from: Vec<Given>,
    /// Let operations and documents disappear.
    #[arg(long)]
    allow_removals: bool,
    /// Let pages of one document disagree, and take what most of them say.
    #[arg(long)]
    allow_mixed: bool,
    /// Keep descriptions and examples, which are Pleo's wording.
    #[arg(long)]
    keep_prose: bool,
    /// Requests in flight at once.
    #[arg(long, value_name = "N", default_value = "4")]
    at_once: NonZeroUsize,
    /// Requests a second; 0 lifts the limit.
    #[arg(long, value_name = "N", default_value_t = 5)]
    per_second: u32,
    /// How often a page is asked for before it counts as failed.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
    /// The longest wait before the second attempt; it doubles with each one.
    #[arg(long, value_name = "S", default_value = "1", value_parser = seconds)]
    backoff_seconds: Duration,
    /// How long one request may take.
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    timeout_seconds: Duration,
    /// How long all of it may take.
    #[arg(long, value_name = "S", default_value = "900", value_parser = seconds)]
    total_seconds: Duration,
    /// The size that a page may have.
    #[arg(long, value_name = "BYTES", default_value_t = 4 * 1024 * 1024)]
    page_bytes: u64,
    /// How many pages and documents an index may lead to.
    #[arg(long, value_name = "N", default_value = "5000")]
    most_pages: NonZeroUsize,
}

impl Arguments {
    /// What they ask for, if it may be asked for.
    ///
    /// Addresses are not looked at while arguments are parsed: a refusal would then show all of them.
    pub(crate) fn checked(self) -> Result<Request, String> {
        let request = self.request();
        allowed(&request.source)?;
        Ok(request)
    }

    fn request(self) -> Request {
        let source = if self.from.is_empty() { Source::Site(self.index) } else { Source::Given(self.from) };
        Request {
            allow_removals: self.allow_removals,
            allow_mixed: self.allow_mixed,
            keep_prose: self.keep_prose,
            manners: Manners {
                at_once: self.at_once.get(),
                per_second: self.per_second,
                attempts: self.attempts,
                backoff: self.backoff_seconds,
                timeout: self.timeout_seconds,
                total: self.total_seconds,
                page_bytes: self.page_bytes,
                most_pages: self.most_pages.get(),
                ..Manners::default()
            },
            ..Request::new(source)
        }
    }
}

/// Fetches what Pleo publishes into spec/published and prints what that is.
pub(crate) fn run(root: &Path, arguments: Arguments) -> ExitCode {
    let request = match arguments.checked() {
        Ok(request) => request,
        Err(problem) => return wrong_usage(&problem),
    };
    match bring(root, &request) {
        Ok(fetched) => {
            println!("{}", summary(&fetched));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Says what was wrong with the command line.
pub(crate) fn wrong_usage(problem: &str) -> ExitCode {
    eprintln!("error: {problem}");
    ExitCode::from(WRONG_USAGE)
}

/// Fetches what a request asks for, with a progress bar.
pub(crate) fn bring(root: &Path, request: &Request) -> Result<Fetched, site::FetchError> {
    // Hidden where standard error is not a terminal.
    let progress = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("fetch      {pos} of {len} pages {bar:40} {elapsed}") {
        progress.set_style(style);
    }
    let result = site::run(root, request, &progress);
    progress.finish_and_clear();
    result
}

/// What was fetched, in lines.
pub(crate) fn summary(fetched: &Fetched) -> String {
    let mut lines: Vec<_> = fetched.notes.iter().map(|note| format!("note       {note}")).collect();
    let state = if fetched.changed.is_empty() { "unchanged" } else { "changed" };
    lines.push(format!(
        "fetch      {state}: {} documents, {} operations; {} read, {} not sent again",
        fetched.documents, fetched.operations, fetched.read, fetched.unchanged
    ));
    lines.extend(fetched.changed.iter().map(|title| format!("changed    {}", one_line(title))));
    lines.extend(fetched.guides.as_ref().map(guides::report::text));
    lines.join("\n")
}

fn allowed(source: &Source) -> Result<(), String> {
    match source {
        Source::Site(index) => client::allowed(index),
        Source::Given(given) => given.iter().try_for_each(|given| match given {
            Given::Address(address) => client::allowed(address),
            Given::Path(_) => Ok(()),
        }),
    }
}

fn given(text: &str) -> Result<Given, url::ParseError> {
    if text.starts_with("https://") || text.starts_with("http://") {
        text.parse().map(Given::Address)
    } else {
        Ok(Given::Path(text.into()))
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
