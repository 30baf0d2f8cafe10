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
    /// Their bytes altogether.
    pub bytes: u64,
    /// The most bytes held at one time.
    pub peak: usize,
}

/// Allocations by group and name.
pub type AllocationTable = HashMap<(String, String), Allocations>;

/// A run of one bench, from its beginning.
#[derive(Debug)]
pub struct Run {
    results: PathBuf,
    started: SystemTime,
}

impl Run {
    /// A run whose results go below a folder, which benches get from Cargo as `CARGO_TARGET_TMPDIR`.
    pub fn new(folder: &str) -> Self {
        Self { results: Path::new(folder).join("criterion"), started: SystemTime::now() }
    }

    /// Criterion, as the command line configures it.
    pub fn criterion(&self) -> Criterion {
        Criterion::default().output_directory(&self.results).configure_from_args()
    }

    /// The median in nanoseconds; `None` for what was not measured in this run, for instance because the
    /// command line chose something else.
    pub fn median(&self, group: &str, name: &str) -> Option<f64> {
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
                let [group, name, blocks, bytes, peak]: [&str; 5] =
                    line.split('\t').collect::<Vec<_>>().try_into().unwrap();
                let allocations = Allocations {
                    blocks: blocks.parse().unwrap(),
                    bytes: bytes.parse().unwrap(),
                    peak: peak.parse().unwrap(),
                };
                ((group.to_owned(), name.to_owned()), allocations)
            })
            .collect()
    }
}

/// Prints a Markdown table, to be pasted into `docs/measurements.md`; nothing without rows.
pub fn print_table(head: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let line = |cells: &[String]| println!("| {} |", cells.join(" | "));
    println!();
    line(&head.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>());
    println!("|---|{}", "---:|".repeat(head.len() - 1));
    for row in rows {
        line(row);
    }
}
