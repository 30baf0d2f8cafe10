//! `count-allocations` counts each way of building a request and of reading a page.

use std::collections::BTreeSet;

use pleo_benches::{
    Run, pages,
    requests::{self, Items},
};

/// The ways that are measured, by group and name.
#[derive(Default)]
struct Ways(BTreeSet<(String, String)>);

impl requests::Measure for Ways {
    fn way(&mut self, case: &str, way: &str, _: impl FnMut() -> Items, _: impl FnMut(Items)) {
        self.0.insert((case.to_owned(), way.to_owned()));
    }
}

impl pages::Measure for Ways {
    fn way<T>(&mut self, page: &str, _: &[u8], way: &str, _: impl Fn(&[u8]) -> T) {
        self.0.insert((page.to_owned(), way.to_owned()));
    }
}

fn assert_counted(subject: &str, measured: Ways) {
    let counted = Run::allocations(env!("CARGO_BIN_EXE_count-allocations"), subject);
    assert!(!counted.is_empty() && counted.values().all(|way| way.blocks > 0 && way.peak > 0), "{counted:?}");
    assert_eq!(counted.into_keys().collect::<BTreeSet<_>>(), measured.0);
}

#[test]
fn each_way_of_building_a_request_has_its_allocations() {
    let mut ways = Ways::default();
    requests::each(&mut ways);
    assert_counted("requests", ways);
}

#[test]
fn each_way_of_reading_a_page_has_its_allocations() {
    let mut ways = Ways::default();
    pages::each(&mut ways);
    assert_counted("pages", ways);
}
