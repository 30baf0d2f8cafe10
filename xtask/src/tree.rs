//! Generated files against the tree on disk: what differs, and changing all of it or nothing.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::generate::Files;

/// How one file on disk differs from what is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// It is not there.
    Missing,
    /// Its content is another.
    Changed,
    /// It is there, but nothing generates it.
    Stale,
}

/// The differences between the tree below `root` and the generated files, by path. `owned` is the
/// folder in which nothing else may stand.
///
/// # Errors
/// When the tree cannot be read.
pub fn differences(root: &Path, owned: &str, files: &Files) -> io::Result<BTreeMap<String, Difference>> {
    let mut found = BTreeMap::new();
    for (path, content) in files {
        match read(&root.join(path))? {
            None => found.insert(path.clone(), Difference::Missing),
            Some(text) if text != content.as_bytes() => found.insert(path.clone(), Difference::Changed),
            Some(_) => None,
        };
    }
    for path in files_below(&root.join(owned))? {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if !files.contains_key(&name) {
            found.insert(name, Difference::Stale);
        }
    }
    Ok(found)
}

/// A change of the tree that can be taken back.
#[derive(Debug)]
pub struct Change {
    /// The changed files, with what they held before; `None` for those that were not there.
    before: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Change {
    /// Brings the tree below `root` to the generated files. Unchanged files are not touched, and
    /// others in the folder `owned` are removed.
    ///
    /// # Errors
    /// When a file cannot be written; the tree is then as it was.
    pub fn apply(root: &Path, owned: &str, files: &Files) -> io::Result<Self> {
        let mut change = Self { before: Vec::new() };
        for path in differences(root, owned, files)?.into_keys() {
            let target = root.join(&path);
            let done = read(&target).and_then(|old| {
                change.before.push((target.clone(), old));
                match files.get(&path) {
                    Some(content) => write(&target, content.as_bytes()),
                    None => fs::remove_file(&target),
                }
            });
            if let Err(error) = done {
                let problem = match change.undo() {
                    Ok(()) => format!("{path}: {error}; the tree is as it was"),
                    Err(undo) => format!("{path}: {error}; and taking back what was written failed: {undo}"),
                };
                return Err(io::Error::new(error.kind(), problem));
            }
        }
        change.remove_empty_folders();
        Ok(change)
    }

    /// How many files were changed.
    pub fn count(&self) -> usize {
        self.before.len()
    }

    /// Brings the tree back to what it was.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn undo(self) -> io::Result<()> {
        let mut result = Ok(());
        for (path, old) in self.before.iter().rev() {
            let done = match old {
                Some(content) => write(path, content),
                None if path.exists() => fs::remove_file(path),
                None => Ok(()),
            };
            // One file that cannot be restored is no reason to leave the others changed.
            result = result.and(done);
        }
        self.remove_empty_folders();
        result
    }

    /// Removes the folders that the change left empty. One that cannot be removed does no harm.
    fn remove_empty_folders(&self) {
        for (path, _) in &self.before {
            for folder in path.ancestors().skip(1) {
                // Fails for a folder that holds something.
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes beside the target and renames, so that no half of a file is ever seen.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = tempfile::NamedTempFile::new_in(folder)?;
    fs::write(beside.path(), content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(beside.path(), fs::Permissions::from_mode(0o644))?;
    }
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::CLIENT;

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn snapshot(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut all: Vec<_> = files_below(root)
            .unwrap()
            .into_iter()
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        all.sort();
        all
    }

    #[test]
    fn a_change_writes_what_differs_and_removes_what_is_stale() {
        let root = tempfile::tempdir().unwrap();
        let stale = root.path().join(CLIENT).join("gone/types.rs");
        write(&stale, b"old").unwrap();
        write(&root.path().join("spec/openapi.json"), b"same").unwrap();
        let files = files(&[("spec/openapi.json", "same"), ("spec/report.md", "new")]);
        assert_eq!(differences(root.path(), CLIENT, &files).unwrap().len(), 2);
        assert_eq!(Change::apply(root.path(), CLIENT, &files).unwrap().count(), 2);
        assert!(differences(root.path(), CLIENT, &files).unwrap().is_empty());
        assert!(!stale.parent().unwrap().exists());
    }

    #[test]
    fn a_change_that_fails_half_way_leaves_the_tree_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        write(&root.path().join("a.txt"), b"old").unwrap();
        let before = snapshot(root.path());
        // The third file needs a folder where the second has just become a file.
        let files = files(&[("a.txt", "new"), ("b/c.txt", "new"), ("b/c.txt/d.txt", "new")]);
        let error = Change::apply(root.path(), CLIENT, &files).unwrap_err();
        assert!(error.to_string().contains("b/c.txt/d.txt"), "{error}");
        assert_eq!(snapshot(root.path()), before);
        assert!(!root.path().join("b").exists());
    }

    #[test]
    fn a_change_can_be_taken_back() {
        let root = tempfile::tempdir().unwrap();
        write(&root.path().join("a.txt"), b"old").unwrap();
        let before = snapshot(root.path());
        let change =
            Change::apply(root.path(), CLIENT, &files(&[("a.txt", "new"), ("c/d.txt", "new")])).unwrap();
        assert_ne!(snapshot(root.path()), before);
        change.undo().unwrap();
        assert_eq!(snapshot(root.path()), before);
    }
}
