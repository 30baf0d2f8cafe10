//! What building a request costs, up to the point where it is ready to be sent: four requests, with a key
//! and with a token, by our typed client, reqwest by hand, stock progenitor, and the floor.

use std::time::Duration;

use criterion::BatchSize;
use pleo_benches::{
    AllocationTable, Run, print_table,
    requests::{self, BY_HAND, FLOOR, Items, Measure, NO_CREDENTIAL, STOCK, TYPED, TYPED_REQWEST},
};

/// Enough for the clock not to count, and few enough for all but the PUT to stay in the cache.
const BATCH: usize = 64;

struct Time {
    run: Run,
    cases: Vec<String>,
}

impl Measure for Time {
    fn way(
        &mut self,
        case: &str,
        way: &str,
        mut prepare: impl FnMut() -> Items,
        mut build: impl FnMut(Items),
    ) {
        let mut prepare = || {
            requests::forget_sent(BATCH);
            prepare()
        };
        let size = BatchSize::NumIterations(BATCH as u64);
        let mut criterion = self.run.criterion();
        let mut group = criterion.benchmark_group(case);
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
        group.bench_function(way, |bencher| bencher.iter_batched(&mut prepare, &mut build, size));
        group.finish();
        self.run.keep(case, way);
        let measured = self.run.best(case, way).is_some();
        assert!(requests::forget_sent(0) > 0 || !measured, "{case} by {way} has sent nothing");
        if !self.cases.iter().any(|known| known == case) {
            self.cases.push(case.to_owned());
        }
    }
}

fn main() {
    requests::check();
    let run = Run::new(env!("CARGO_TARGET_TMPDIR"));
    let mut time = Time { run, cases: Vec::new() };
    for _ in 0..Run::rounds() {
        requests::each(&mut time);
    }

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
            "for reqwest, to stock",
        ],
        || {
            let allocations = Run::allocations(env!("CARGO_BIN_EXE_count-allocations"), "requests");
            time.cases.iter().map(|case| row(&time.run, &allocations, case)).collect()
        },
    );
}

fn row(run: &Run, allocations: &AllocationTable, case: &str) -> Option<Vec<String>> {
    let best = |way| run.best(case, way);
    let typed = best(TYPED)?;
    let cell = |way| {
        let blocks = allocations[&(case.to_owned(), String::from(way))].blocks;
        best(way).map(|time| format!("{time:.0} ns, {blocks}"))
    };
    let mut row = vec![case.to_owned()];
    for way in [TYPED, NO_CREDENTIAL, TYPED_REQWEST, BY_HAND, STOCK, FLOOR] {
        row.push(cell(way)?);
    }
    for way in [BY_HAND, STOCK, FLOOR] {
        row.push(format!("{:.2}", typed / best(way)?));
    }
    for way in [BY_HAND, STOCK] {
        row.push(format!("{:.2}", best(TYPED_REQWEST)? / best(way)?));
    }
    Some(row)
}
