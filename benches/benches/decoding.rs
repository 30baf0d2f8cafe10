//! What decoding a page costs: 1, 100 and 1,000 accounting entries and export items, by the generated
//! types, by serde structs written by hand, and as `serde_json::Value`.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use pleo_benches::{
    AllocationTable, Run,
    pages::{self, BY_HAND, Measure, TYPED, VALUE},
    print_table,
};

struct Time {
    criterion: Criterion,
    /// Name and bytes.
    pages: Vec<(String, usize)>,
}

impl Measure for Time {
    fn way<T>(&mut self, page: &str, json: &[u8], way: &str, decode: impl Fn(&[u8]) -> T) {
        let mut group = self.criterion.benchmark_group(page);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_function(way, |bencher| bencher.iter(|| decode(json)));
        group.finish();
        if self.pages.last().is_none_or(|(last, _)| last != page) {
            self.pages.push((page.to_owned(), json.len()));
        }
    }
}

fn main() {
    pages::check();
    let run = Run::new(env!("CARGO_TARGET_TMPDIR"));
    let mut time = Time { criterion: run.criterion(), pages: Vec::new() };
    pages::each(&mut time);
    time.criterion.final_summary();

    let allocations = Run::allocations(env!("CARGO_BIN_EXE_count-allocations"), "pages");
    let rows: Vec<Vec<String>> =
        time.pages.iter().filter_map(|(page, bytes)| row(&run, &allocations, page, *bytes)).collect();
    print_table(&["page", "bytes", TYPED, BY_HAND, VALUE, "to by hand", "to Value"], &rows);
}

/// Each way with its speed, its number of allocations and the most memory it holds.
fn row(run: &Run, allocations: &AllocationTable, page: &str, bytes: usize) -> Option<Vec<String>> {
    let median = |way| run.median(page, way);
    let cell = |way| {
        let counted = allocations[&(page.to_owned(), String::from(way))];
        let speed = bytes as f64 * 1e3 / median(way)?;
        let peak = counted.peak as f64 / 1024.0;
        Some(format!("{speed:.0} MB/s, {}, {peak:.0} KiB", counted.blocks))
    };
    let mut row = vec![page.to_owned(), bytes.to_string()];
    for way in [TYPED, BY_HAND, VALUE] {
        row.push(cell(way)?);
    }
    for way in [BY_HAND, VALUE] {
        row.push(format!("{:.2}", median(TYPED)? / median(way)?));
    }
    Some(row)
}
