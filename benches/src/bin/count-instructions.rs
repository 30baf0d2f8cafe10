//! Counts the instructions of building a request, which hardly differ from run to run, as times do: a line for each way,
//! with the request, the way, the number, and the ratio to reqwest by hand.
//!
//! `cargo run --release -p pleo-benches --bin count-instructions`. It needs valgrind, and takes about two minutes.

use std::{
    env,
    process::{Command, ExitCode},
};

use pleo_benches::requests::{self, BY_HAND, Items, Measure};

/// How often a request is built, so that what is done once does not count.
const TIMES: u64 = 300;

/// The names of all ways.
#[derive(Default)]
struct Names(Vec<(String, String)>);

impl Measure for Names {
    fn way(&mut self, case: &str, way: &str, _: impl FnMut() -> Items, _: impl FnMut(Items)) {
        self.0.push((case.to_owned(), way.to_owned()));
    }
}

/// Builds the requests of one way, or only makes what they are built of.
struct Play {
    /// How many ways come before it.
    before: usize,
    builds: bool,
}

impl Measure for Play {
    fn way(&mut self, _: &str, _: &str, mut prepare: impl FnMut() -> Items, mut build: impl FnMut(Items)) {
        if self.before == 0 {
            build(prepare());
            for _ in 0..TIMES {
                requests::forget_sent(1);
                let items = prepare();
                if self.builds {
                    build(items);
                }
            }
        }
        self.before = self.before.wrapping_sub(1);
    }
}

/// What this program takes for a way, as valgrind counts it.
fn counted(way: usize, what: &str) -> Option<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe().ok()?);
    let output = valgrind.args([&way.to_string(), what]).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let (_, number) = said.split_once("Collected : ")?;
    number.split_whitespace().next()?.parse().ok()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [way, what] = arguments.as_slice()
        && let Ok(before) = way.parse()
    {
        requests::each(&mut Play { before, builds: what == "build" });
        return ExitCode::SUCCESS;
    }
    let mut names = Names::default();
    requests::each(&mut names);
    let mut rows = Vec::new();
    for (index, (case, way)) in names.0.into_iter().enumerate() {
        let (Some(all), Some(prepared)) = (counted(index, "build"), counted(index, "prepare")) else {
            eprintln!("error: valgrind did not count `{case}` by `{way}`; is it installed?");
            return ExitCode::FAILURE;
        };
        rows.push((case, way, all.saturating_sub(prepared) / TIMES));
    }
    for (case, way, instructions) in &rows {
        let by_hand = rows.iter().find(|(other, way, _)| other == case && way == BY_HAND);
        let ratio = by_hand.map_or(f64::NAN, |(_, _, by_hand)| *instructions as f64 / *by_hand as f64);
        println!("{case}\t{way}\t{instructions}\t{ratio:.3}");
    }
    ExitCode::SUCCESS
}
