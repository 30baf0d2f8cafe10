//! The benches of `pleo-benches`, each of which ends with a table.

use std::path::Path;

use super::{MeasureError, cargo::Cargo, table::Table};

/// Runs a bench below `root`, shows what it prints, and takes its table.
///
/// # Errors
/// When the bench fails, or prints no table.
pub fn run(root: &Path, bench: &str) -> Result<Table, MeasureError> {
    let arguments = ["bench", "--package", "pleo-benches", "--bench", bench, "--locked"];
    let (printed, command) = Cargo::new(root).shown(&arguments.map(str::to_owned))?;
    last_table(&printed).parse().map_err(|error| MeasureError::Printed { command, error })
}

/// The lines of the last table in a text; none if there is no table.
fn last_table(text: &str) -> String {
    let mut table = String::new();
    let mut inside = false;
    for line in text.lines() {
        let row = line.starts_with('|');
        if row {
            if !inside {
                table.clear();
            }
            table.push_str(line);
            table.push('\n');
        }
        inside = row;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_table_is_taken_from_what_a_bench_prints() {
        let text = "Benchmarking x\n| a |\n|---|\nx  time: [1 ns 2 ns 3 ns]\n\n| b | to a |\n|---|---:|\n| x | 1 |\n";
        assert_eq!(last_table(text), "| b | to a |\n|---|---:|\n| x | 1 |\n");
        assert_eq!(last_table(&format!("{text}\nchange: none")), last_table(text));
        assert_eq!(last_table("Benchmarking x\n"), "");
    }
}
