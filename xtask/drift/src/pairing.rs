//! Which documents of two states belong together.

use std::{cmp::Reverse, collections::BTreeSet};

use serde_json::Value;
use xtask_openapi::{Document, passes::servers::shared_path, walk};

/// Pairs of documents, by index, that describe the same API: those of one title, then those of one
/// file name, then those that share most of their operations.
pub(crate) fn pairs(old: &[Document], new: &[Document]) -> Vec<(usize, usize)> {
    let (was, is): (Vec<Api<'_>>, Vec<Api<'_>>) =
        (old.iter().map(Api::of).collect(), new.iter().map(Api::of).collect());
    let mut candidates = Vec::new();
    for (x, a) in was.iter().enumerate() {
        for (y, b) in is.iter().enumerate() {
            let shared = a.operations.intersection(&b.operations).count();
            let most = a.operations.len().max(b.operations.len());
            let (same_title, same_file) = (a.title == b.title, a.file == b.file);
            if same_title || (shared > 0 && (same_file || shared * 2 >= most)) {
                let names = (a.title.min(b.title), a.title.max(b.title));
                let rank = (Reverse(same_title), Reverse(shared), Reverse(same_file), names);
                candidates.push((rank, x, y));
            }
        }
    }
    candidates.sort();
    let (mut left, mut fresh) = (BTreeSet::new(), BTreeSet::new());
    let mut paired: Vec<(usize, usize)> = Vec::new();
    for (_, x, y) in candidates {
        if !left.contains(&x) && !fresh.contains(&y) {
            left.insert(x);
            fresh.insert(y);
            paired.push((x, y));
        }
    }
    paired.sort_unstable();
    paired
}

struct Api<'d> {
    title: &'d str,
    file: &'d str,
    operations: BTreeSet<(String, &'static str)>,
}

impl<'d> Api<'d> {
    fn of(document: &'d Document) -> Self {
        let title = document.value.get("info").and_then(|info| info.get("title")).and_then(Value::as_str);
        let prefix = shared_path(&document.value);
        let operations = walk::operations(&document.value)
            .map(|(place, _)| (walk::template(&format!("{prefix}{}", place.path)).0, place.method))
            .collect();
        Self { title: title.unwrap_or_default(), file: &document.name, operations }
    }
}
