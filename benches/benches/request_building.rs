//! What building a request costs, up to the point where it is ready to be sent: four requests, with a key
//! and with a token, by our typed client, reqwest by hand, stock progenitor, and the floor.

use std::time::Duration;

use criterion::{BatchSize, Criterion};
use pleo_benches::{
    AllocationTable, Run, print_table,
    requests::{self, BY_HAND, FLOOR, Items, Measure, NO_CREDENTIAL, Ready, STOCK, TYPED, TYPED_REQWEST},
};

/// Few enough to stay in the cache, and enough for the clock not to count.
const BATCH: BatchSize = BatchSize::NumIterations(64);

struct Time {
    criterion: Criterion,
    cases: Vec<String>,
}

impl Measure for Time {
    fn way(
        &mut self,
        case: &str,
        way: &str,
        mut prepare: impl FnMut() -> Items,
        mut build: impl FnMut(Items) -> Ready,
    ) {
        let mut group = self.criterion.benchmark_group(case);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        group.bench_function(way, |bencher| bencher.iter_batched(&mut prepare, &mut build, BATCH));
        group.finish();
        if self.cases.last().is_none_or(|last| last != case) {
            self.cases.push(case.to_owned());
        }
    }
}

fn main() {
    requests::check();
    let run = Run::new(env!("CARGO_TARGET_TMPDIR"));
    let mut time = Time { criterion: run.criterion(), cases: Vec::new() };
    requests::each(&mut time);
    time.criterion.final_summary();

    let allocations = Run::allocations(env!("CARGO_BIN_EXE_count-allocations"), "requests");
    let rows: Vec<Vec<String>> = time.cases.iter().filter_map(|case| row(&run, &allocations, case)).collect();
    print_table(
        &[
            "request",
            TYPED,
            NO_CREDENTIAL,
            TYPED_REQWEST,
            BY_HAND,
            STOCK,
            FLOOR,
            "to by hand",
            "to stock",
            "to floor",
            "for reqwest, to by hand",
        ],
        &rows,
    );
}

fn row(run: &Run, allocations: &AllocationTable, case: &str) -> Option<Vec<String>> {
    let median = |way| run.median(case, way);
    let typed = median(TYPED)?;
    let cell = |way| {
        let blocks = allocations[&(case.to_owned(), String::from(way))].blocks;
        median(way).map(|time| format!("{time:.0} ns, {blocks}"))
    };
    let mut row = vec![case.to_owned()];
    for way in [TYPED, NO_CREDENTIAL, TYPED_REQWEST, BY_HAND, STOCK, FLOOR] {
        row.push(cell(way)?);
    }
    for way in [BY_HAND, STOCK, FLOOR] {
        row.push(format!("{:.2}", typed / median(way)?));
    }
    row.push(format!("{:.2}", median(TYPED_REQWEST)? / median(BY_HAND)?));
    Some(row)
}
