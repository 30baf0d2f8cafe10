//! `count-allocations` counts each way of building a request and of reading a page.

use pleo_benches::Run;

#[test]
fn each_way_has_its_allocations() {
    for subject in ["requests", "pages"] {
        let counted = Run::allocations(env!("CARGO_BIN_EXE_count-allocations"), subject);
        assert!(counted.len() >= 6, "{subject}: {counted:?}");
        assert!(counted.values().any(|way| way.blocks > 0 && way.peak > 0), "{subject}: {counted:?}");
    }
}
