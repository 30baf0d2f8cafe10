//! Counts what each way allocates, and prints a line for each: group, name, number and peak in bytes.
//!
//! `count-allocations requests` or `count-allocations pages`; the benches run it.

use pleo_benches::{pages, requests};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

struct Count;

impl Count {
    /// Prints what the second call allocates: the first fills what stays.
    fn print<I, T>(group: &str, name: &str, mut prepare: impl FnMut() -> I, mut call: impl FnMut(I) -> T) {
        drop(call(prepare()));
        let input = prepare();
        let profiler = dhat::Profiler::builder().testing().build();
        let result = call(input);
        let stats = dhat::HeapStats::get();
        drop(profiler);
        drop(result);
        println!("{group}\t{name}\t{}\t{}", stats.total_blocks, stats.max_bytes);
    }
}

impl requests::Measure for Count {
    fn way(
        &mut self,
        case: &str,
        way: &str,
        mut prepare: impl FnMut() -> requests::Items,
        build: impl FnMut(requests::Items),
    ) {
        let prepare = || {
            requests::forget_sent(1);
            prepare()
        };
        Self::print(case, way, prepare, build);
    }
}

impl pages::Measure for Count {
    fn way<T>(&mut self, page: &str, json: &[u8], way: &str, decode: impl Fn(&[u8]) -> T) {
        Self::print(page, way, || (), |()| decode(json));
    }
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("requests") => requests::each(&mut Count),
        Some("pages") => pages::each(&mut Count),
        _ => {
            eprintln!("usage: count-allocations requests|pages");
            std::process::exit(2);
        }
    }
}
