//! What a run has read so far, so that the next one can go on after an interrupt.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use url::Url;

use xtask_tree as tree;

use crate::{client::Validators, gate::Gate, lock::sha256};

/// How long a run that was cut short can be continued.
const STALE: Duration = Duration::from_secs(6 * 60 * 60);

/// The pages that were read, below `target`. They are a help: what cannot be kept is read again.
#[derive(Debug)]
pub(crate) struct Partial {
    folder: PathBuf,
    gate: Gate,
}

/// A page that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    address: String,
    /// What to ask with.
    pub(crate) validators: Validators,
    /// Its text.
    pub(crate) text: String,
}

impl Partial {
    /// The pages of an index.
    pub(crate) fn open(root: &Path, index: &Url, gate: Gate) -> Self {
        Self { folder: root.join("target/xtask-fetch").join(sha256(index.as_str())), gate }
    }

    /// A page that was read lately.
    pub(crate) fn get(&self, address: &Url) -> Option<Saved> {
        let path = self.path(address);
        let written = fs::metadata(&path).and_then(|data| data.modified()).ok()?;
        // A time in the future says that the clock was set back.
        if SystemTime::now().duration_since(written).ok()? > STALE {
            return None;
        }
        let saved: Saved = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (saved.address == address.as_str()).then_some(saved)
    }

    /// Keeps a page.
    pub(crate) fn put(&self, address: &Url, text: &str, validators: &Validators) {
        let saved =
            Saved { address: address.to_string(), validators: validators.clone(), text: text.to_owned() };
        if let (Ok(content), Some(_leave)) = (serde_json::to_vec(&saved), self.gate.enter()) {
            let _ = tree::write(&self.path(address), &content);
        }
    }

    /// Forgets all of it, once the run is done.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn path(&self, address: &Url) -> PathBuf {
        self.folder.join(format!("{}.json", sha256(address.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_kept_for_some_hours_and_damaged_ones_are_read_again() {
        let root = tempfile::tempdir().unwrap();
        let address: Url = "https://a.example/reference/a.md".parse().unwrap();
        let partial =
            Partial::open(root.path(), &"https://a.example/llms.txt".parse().unwrap(), Gate::default());
        assert_eq!(partial.get(&address), None);
        let validators = Validators { etag: Some("\"1\"".to_owned()), last_modified: None };
        partial.put(&address, "text", &validators);
        let saved = partial.get(&address).unwrap();
        assert_eq!((saved.text.as_str(), &saved.validators), ("text", &validators));
        let other =
            Partial::open(root.path(), &"https://b.example/llms.txt".parse().unwrap(), Gate::default());
        assert_eq!(other.get(&address), None);

        let file = fs::File::options().write(true).open(partial.path(&address)).unwrap();
        for (age, kept) in [(STALE - Duration::from_secs(600), true), (STALE + Duration::from_secs(1), false)]
        {
            file.set_modified(SystemTime::now() - age).unwrap();
            assert_eq!(partial.get(&address).is_some(), kept, "{age:?}");
        }
        file.set_modified(SystemTime::now()).unwrap();
        file.set_len(10).unwrap();
        assert_eq!(partial.get(&address), None);

        partial.put(&address, "text", &validators);
        partial.remove();
        assert_eq!(partial.get(&address), None);
    }
}
