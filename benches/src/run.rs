//! One run of a bench: criterion's medians and the allocations, brought together.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use criterion::Criterion;

/// What one way allocates.
#[derive(Debug, Clone, Copy)]
pub struct Allocations {
    /// The number of allocations.
    pub blocks: u64,
    /// The most bytes held at one time.
    pub peak: usize,
}

/// Allocations by group and name.
pub type AllocationTable = HashMap<(String, String), Allocations>;

/// How often everything is measured in turn. Whatever else the machine does is longer than a round
/// of one way, so the ways are measured side by side, and the best round of each counts.
const ROUNDS: usize = 5;

/// A run of one bench, from its beginning.
#[derive(Debug)]
pub struct Run {
    results: PathBuf,
    started: SystemTime,
    best: HashMap<(String, String), f64>,
}

impl Run {
    /// A run whose results go below a folder, which benches get from Cargo as `CARGO_TARGET_TMPDIR`.
    pub fn new(folder: &str) -> Self {
        Self {
            results: Path::new(folder).join("criterion"),
            started: SystemTime::now(),
            best: HashMap::new(),
        }
    }

    /// Criterion, as the command line configures it; another one for each round of each way, since it
    /// renames what it has measured before.
    pub fn criterion(&self) -> Criterion {
        Criterion::default().output_directory(&self.results).configure_from_args()
    }

    /// How many rounds there are: one only where each way is tried once, or measured in haste.
    pub fn rounds() -> usize {
        let in_haste = std::env::args().any(|argument| argument == "--quick");
        if in_haste || !is_measured() { 1 } else { ROUNDS }
    }

    /// Keeps what criterion has just measured, if it is better than in the rounds before.
    pub fn keep(&mut self, group: &str, name: &str) {
        if let Some(median) = self.median(group, name) {
            let best = self.best.entry((group.to_owned(), name.to_owned())).or_insert(median);
            *best = best.min(median);
        }
    }

    /// The median of the best round in nanoseconds; `None` for what was not measured, for instance
    /// because the command line chose something else.
    pub fn best(&self, group: &str, name: &str) -> Option<f64> {
        self.best.get(&(group.to_owned(), name.to_owned())).copied()
    }

    fn median(&self, group: &str, name: &str) -> Option<f64> {
        let estimates = self.results.join(group).join(name).join("new/estimates.json");
        if estimates.metadata().ok()?.modified().ok()? < self.started {
            return None;
        }
        let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(estimates).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    }

    /// What each way allocates, by group and name, as the binary `count-allocations` counts it.
    ///
    /// # Panics
    /// When the binary fails.
    pub fn allocations(binary: &str, subject: &str) -> AllocationTable {
        let output = Command::new(binary).arg(subject).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| {
                let [group, name, blocks, peak]: [&str; 4] =
                    line.split('\t').collect::<Vec<_>>().try_into().unwrap();
                let allocations =
                    Allocations { blocks: blocks.parse().unwrap(), peak: peak.parse().unwrap() };
                ((group.to_owned(), name.to_owned()), allocations)
            })
            .collect()
    }
}

/// Whether criterion measures: as a test (`cargo test --bench NAME`) it only runs each way once.
fn is_measured() -> bool {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    has("--bench") && !has("--test")
}

/// Prints a Markdown table of ratios and times, without the rows that the command line did not choose. Where nothing is
/// measured it prints nothing, and asks for no rows.
///
/// # Panics
/// When a row is missing though the command line chooses nothing, or none is left.
pub fn print_table(head: &[&str], rows: impl FnOnce() -> Vec<Option<Vec<String>>>) {
    if !is_measured() {
        return;
    }
    let rows = rows();
    let chosen = std::env::args().skip(1).any(|argument| !argument.starts_with('-'));
    assert!(
        chosen || rows.iter().all(Option::is_some),
        "criterion has left no result where it is looked for"
    );
    let rows: Vec<_> = rows.into_iter().flatten().collect();
    let line = |cells: &[String]| println!("| {} |", cells.join(" | "));
    println!();
    line(&head.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>());
    println!("|---|{}", "---:|".repeat(head.len() - 1));
    for row in &rows {
        line(row);
    }
}
