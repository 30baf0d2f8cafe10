//! Generated files against the tree on disk: what differs, and changing all of it or nothing.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// Generated files: path from the root of the project, and content.
pub type Files = BTreeMap<String, String>;

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
/// folder that holds nothing else.
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
        let paths: Vec<String> = differences(root, owned, files)?.into_keys().collect();
        let mut change = Self { before: Vec::new() };
        let done = match change.make(root, &paths, files) {
            Ok(()) => Ok(change),
            Err((path, error)) => {
                let problem = match change.undo() {
                    Ok(()) => format!("{path}: {error}; the tree is as it was"),
                    Err(undo) => format!("{path}: {error}; and taking back what was written failed: {undo}"),
                };
                Err(io::Error::new(error.kind(), problem))
            }
        };
        remove_empty_folders(paths.iter().map(|path| root.join(path)));
        done
    }

    /// Writes all files beside their places before the first takes its place: a full disk then
    /// changes nothing. The error comes with its path.
    fn make(&mut self, root: &Path, paths: &[String], files: &Files) -> Result<(), (String, io::Error)> {
        let mut staged = Vec::new();
        for path in paths {
            let new = files.get(path).map(|content| beside(&root.join(path), content.as_bytes()));
            staged.push((path, new.transpose().map_err(|error| (path.clone(), error))?));
        }
        for (path, new) in staged {
            let target = root.join(path);
            let done = read(&target).and_then(|old| {
                self.before.push((target.clone(), old));
                match new {
                    Some(new) => Ok(new.persist(&target).map(drop)?),
                    None => fs::remove_file(&target),
                }
            });
            done.map_err(|error| (path.clone(), error))?;
        }
        Ok(())
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
            // A file that cannot be restored does not keep the others from being restored.
            result = result.and(done);
        }
        remove_empty_folders(self.before.into_iter().map(|(path, _)| path));
        result
    }
}

/// Removes the folders of files that are gone and left nothing in them. One that cannot be removed
/// does no harm.
fn remove_empty_folders(files: impl Iterator<Item = PathBuf>) {
    for file in files {
        for folder in file.ancestors().skip(1).filter(|folder| folder.exists()) {
            // Fails for a folder that holds something.
            if fs::remove_dir(folder).is_err() {
                break;
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
///
/// # Errors
/// When it cannot be written; the target is then as it was.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    beside(path, content)?.persist(path)?;
    Ok(())
}

/// A file beside the target that is ready to take its place, and goes if it does not.
fn beside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = NamedTempFile::new_in(folder)?;
    fs::write(beside.path(), content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(beside.path(), fs::Permissions::from_mode(0o644))?;
    }
    Ok(beside)
}

/// The files in a folder and below it; none where there is no such folder.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A link is one thing of its own, wherever it leads.
        if entry.file_type()?.is_dir() {
            found.extend(files_below(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "crates/client/src/generated";

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
        // The third file needs a folder where the second is to be.
        let files = files(&[("a.txt", "new"), ("b/c.txt", "new"), ("b/c.txt/d.txt", "new")]);
        let error = Change::apply(root.path(), CLIENT, &files).unwrap_err();
        assert!(error.to_string().contains("b/c.txt"), "{error}");
        assert_eq!(snapshot(root.path()), before);
        assert!(!root.path().join("b").exists());
    }

    #[test]
    #[cfg(unix)]
    fn no_file_takes_its_place_before_all_are_written() {
        use std::os::unix::fs::{MetadataExt as _, symlink};
        let root = tempfile::tempdir().unwrap();
        let first = root.path().join("a.txt");
        write(&first, b"old").unwrap();
        let before = fs::metadata(&first).unwrap().ino();
        symlink("nowhere", root.path().join("b")).unwrap();
        let error =
            Change::apply(root.path(), CLIENT, &files(&[("a.txt", "new"), ("b/c.txt", "new")])).unwrap_err();
        assert!(error.to_string().contains("b/c.txt"), "{error}");
        assert_eq!(fs::metadata(&first).unwrap().ino(), before, "it was replaced and taken back");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_among_the_files_is_removed_and_not_what_it_leads_to() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(&outside.path().join("kept.txt"), b"kept").unwrap();
        let link = root.path().join(CLIENT).join("link");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(outside.path(), &link).unwrap();
        let stale =
            |path: &Path| differences(path, CLIENT, &Files::new()).unwrap().into_keys().collect::<Vec<_>>();
        assert_eq!(stale(root.path()), [format!("{CLIENT}/link")]);
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
