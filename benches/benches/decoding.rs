//! What decoding a page costs: 1, 100 and 1,000 accounting entries and export items, by the generated
//! types, by serde structs written by hand, and as `serde_json::Value`.

use std::time::Duration;

use criterion::Throughput;
use pleo_benches::{
    AllocationTable, Run,
    pages::{self, BY_HAND, Measure, TYPED, VALUE},
    print_table,
};

struct Time {
    run: Run,
    /// Name and bytes.
    pages: Vec<(String, usize)>,
}

impl Measure for Time {
    fn way<T>(&mut self, page: &str, json: &[u8], way: &str, decode: impl Fn(&[u8]) -> T) {
        let mut criterion = self.run.criterion();
        let mut group = criterion.benchmark_group(page);
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(600));
        group.sample_size(20);
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_function(way, |bencher| bencher.iter_with_large_drop(|| decode(json)));
        group.finish();
        self.run.keep(page, way);
        if !self.pages.iter().any(|(known, _)| known == page) {
            self.pages.push((page.to_owned(), json.len()));
        }
    }
}

fn main() {
    pages::check();
    let run = Run::new(env!("CARGO_TARGET_TMPDIR"));
    let mut time = Time { run, pages: Vec::new() };
    for _ in 0..Run::rounds() {
        pages::each(&mut time);
    }

    print_table(&["page", "bytes", TYPED, BY_HAND, VALUE, "to by hand", "to Value"], || {
        let allocations = Run::allocations(env!("CARGO_BIN_EXE_count-allocations"), "pages");
        time.pages.iter().map(|(page, bytes)| row(&time.run, &allocations, page, *bytes)).collect()
    });
}

/// Each way with its speed, its number of allocations and the most memory it holds.
fn row(run: &Run, allocations: &AllocationTable, page: &str, bytes: usize) -> Option<Vec<String>> {
    let best = |way| run.best(page, way);
    let cell = |way| {
        let counted = allocations[&(page.to_owned(), String::from(way))];
        let speed = bytes as f64 * 1e3 / best(way)?;
        let peak = counted.peak as f64 / 1024.0;
        Some(format!("{speed:.0} MB/s, {}, {peak:.0} KiB", counted.blocks))
    };
    let mut row = vec![page.to_owned(), bytes.to_string()];
    for way in [TYPED, BY_HAND, VALUE] {
        row.push(cell(way)?);
    }
    for way in [BY_HAND, VALUE] {
        row.push(format!("{:.2}", best(TYPED)? / best(way)?));
    }
    Some(row)
}
