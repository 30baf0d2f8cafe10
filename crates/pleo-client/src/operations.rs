//! The catalogue of the operations, of those API families whose features are on.

use crate::{Operation, generated::FAMILIES};

/// All operations, by family, then by name.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    FAMILIES.iter().flat_map(|(_, operations)| operations.iter().copied())
}

/// The names of the API families.
pub fn families() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|(family, _)| *family)
}

/// The operation of this name: that of the client's method, such as `list_export_jobs_v3`, or
/// Pleo's own, such as `getExportJobsListV3`.
pub fn find(name: &str) -> Option<&'static Operation> {
    all().find(|operation| operation.id == name).or_else(|| all().find(|operation| operation.pleo_id == name))
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use super::*;

    #[test]
    fn names_of_companies_in_queries_have_nothing_to_escape() {
        let names: Vec<_> = all().filter_map(|operation| operation.company.query_name()).collect();
        assert!(names.len() > 10);
        let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        assert!(names.iter().all(plain), "{names:?}");
    }

    #[test]
    fn operations_are_found_by_both_names() {
        let ours = find("list_export_jobs_v3").map(|operation| operation.path);
        assert_eq!(ours, Some("/v3/export-jobs"));
        assert_eq!(find("Search for Companies").map(|operation| operation.id), Some("list_companies"));
        assert_eq!(find("no_such_operation"), None);
    }
}
