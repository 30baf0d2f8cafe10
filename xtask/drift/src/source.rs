//! Where the two sides come from: a folder, a file, or a git revision.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use xtask_openapi::{Document, OVERLAYS, PUBLISHED, SpecError, overlay::Overlay, pointer};

/// Why a side cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A document that is not one.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A file that cannot be read.
    #[error("{path} cannot be read: {error}\n  = help: check the path and its permissions")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// Git is not there.
    #[error("git could not be started: {0}\n  = help: install it, or give two folders or files")]
    NoGit(io::Error),
    /// What is neither on disk nor in git.
    #[error("{name:?} is neither a folder, nor a file, nor a revision that git knows: {said}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What git said.
        said: String,
    },
    /// A revision without published documents.
    #[error(
        "revision {revision} holds no document below {PUBLISHED}\n  = help: give one that does, or a folder"
    )]
    Empty {
        /// The revision.
        revision: String,
    },
}

/// One side of a comparison, read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The documents.
    pub documents: Vec<Document>,
    /// The text of each document, in the same order.
    pub texts: Vec<String>,
    /// The folder that the documents lie in, from the root of the project where they lie below it.
    pub folder: PathBuf,
    /// The commit that they were read from.
    commit: Option<String>,
}

impl Source {
    /// Reads what a command line names: a folder or a file if there is one of that name, else a
    /// revision of the repository at `root`.
    ///
    /// # Errors
    /// Where there is none of the three, or it cannot be read.
    pub fn read(root: &Path, name: &str) -> Result<Self, SourceError> {
        let path = Path::new(name);
        if path.is_dir() {
            Self::folder(root, path)
        } else if path.is_file() {
            let text = read_text(path)?;
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let folder = path.parent().unwrap_or(Path::new(""));
            Self::parse(from_root(root, folder), vec![(file, text)], None)
        } else {
            Self::revision(root, name)
        }
    }

    /// Reads the documents of a folder.
    ///
    /// # Errors
    /// When it holds none, or one that cannot be read.
    pub fn folder(root: &Path, folder: &Path) -> Result<Self, SourceError> {
        Self::parse(from_root(root, folder), Document::texts(folder)?, None)
    }

    /// Reads the published documents as a revision of the repository at `root` holds them.
    ///
    /// # Errors
    /// When git is missing or does not know the revision, or the revision holds no document.
    pub fn revision(root: &Path, revision: &str) -> Result<Self, SourceError> {
        let commit = format!("{revision}^{{commit}}");
        // Without the marker a name that begins with a hyphen would be an option.
        let id = git(root, &["rev-parse", "--verify", "--end-of-options", &commit], "")
            .map_err(|error| error.named(revision))?;
        let id = String::from_utf8_lossy(&id);
        let id = id.trim();
        let texts = files_of(root, id, PUBLISHED).map_err(|error| error.named(revision))?;
        if texts.is_empty() {
            return Err(SourceError::Empty { revision: revision.to_owned() });
        }
        Self::parse(PathBuf::from(PUBLISHED), texts, Some(id.to_owned()))
    }

    /// The overlays that belong to the documents: those of the commit that they were read from, else
    /// those below `root`. None where there is no such folder.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn overlays(&self, root: &Path) -> Result<Vec<Overlay>, SourceError> {
        match &self.commit {
            Some(commit) => files_of(root, commit, OVERLAYS)
                .map_err(|error| error.named(commit))?
                .iter()
                .map(|(name, text)| Ok(Overlay::parse(name, text)?))
                .collect(),
            None if root.join(OVERLAYS).is_dir() => Ok(Overlay::read_folder(&root.join(OVERLAYS))?),
            None => Ok(Vec::new()),
        }
    }

    fn parse(
        folder: PathBuf,
        mut texts: Vec<(String, String)>,
        commit: Option<String>,
    ) -> Result<Self, SourceError> {
        texts.sort();
        let documents =
            texts.iter().map(|(name, text)| Document::parse(name, text)).collect::<Result<_, _>>()?;
        Ok(Self { documents, texts: texts.into_iter().map(|(_, text)| text).collect(), folder, commit })
    }

    /// The line of a place in a document, counted from 1.
    ///
    /// Only for YAML in blocks, the form in which documents are published; `None` for any other.
    pub fn line(&self, file: &str, pointer: &str) -> Option<usize> {
        let index = self.documents.iter().position(|document| document.name == file)?;
        line(&self.texts[index], pointer)
    }
}

/// Goes down the blocks of a YAML text, one token of a pointer a block.
fn line(text: &str, pointer: &str) -> Option<usize> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_item = |line: &str| line.trim_start().starts_with("- ");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (mut from, mut to, mut found) = (0, lines.len(), None);
    for token in pointer::tokens(pointer) {
        let first = lines.get(from..to)?.iter().find(|line| !line.trim().is_empty())?;
        let (depth, list) = (indent(first), is_item(first));
        // Items of a list may be as far to the left as the keys next to the list.
        let is_entry = |line: &str| !line.is_empty() && indent(line) == depth && is_item(line) == list;
        let entries: Vec<usize> = (from..to).filter(|number| is_entry(&lines[*number])).collect();
        let index = match list {
            true => token.parse().ok()?,
            false => entries.iter().position(|number| key(&lines[*number]) == Some(&token))?,
        };
        let at = *entries.get(index)?;
        to = entries.get(index + 1).copied().unwrap_or(to);
        found = Some(at + 1);
        from = at + 1;
        if list {
            // The first key of an item is on the line of the item.
            lines[at].replace_range(depth..=depth, " ");
            from = at;
        }
    }
    found
}

/// The key of a line of YAML, without its quotes.
fn key(line: &str) -> Option<&str> {
    let line = line.trim();
    for quote in ['\'', '"'] {
        if let Some(quoted) = line.strip_prefix(quote) {
            return Some(quoted.split_once(quote)?.0);
        }
    }
    Some(line.split_once(": ").map_or_else(|| line.trim_end_matches(':'), |(key, _)| key))
}

fn read_text(path: &Path) -> Result<String, SourceError> {
    let path_of = || path.display().to_string();
    let bytes = fs::read(path).map_err(|error| SourceError::Unreadable { path: path_of(), error })?;
    Ok(Document::text(&path_of(), bytes)?)
}

fn from_root(root: &Path, folder: &Path) -> PathBuf {
    match (fs::canonicalize(root), fs::canonicalize(folder)) {
        (Ok(root), Ok(full)) => full.strip_prefix(&root).map_or(folder.to_owned(), Path::to_owned),
        _ => folder.to_owned(),
    }
}

/// The documents and overlays of a folder of a commit, by file name, in order of their names.
fn files_of(root: &Path, commit: &str, folder: &str) -> Result<Vec<(String, String)>, GitError> {
    let listed = git(root, &["ls-tree", "-z", commit, &format!("{folder}/")], "")?;
    let listed = String::from_utf8_lossy(&listed);
    // Each entry is `mode SP kind SP object TAB path`.
    let entries: Vec<(&str, &str)> = listed
        .split('\0')
        .filter_map(|entry| entry.split_once('\t'))
        .filter(|(about, path)| about.contains(" blob ") && Document::is_named(path))
        .map(|(about, path)| (about.rsplit(' ').next().unwrap_or(about), path))
        .collect();
    let objects: String = entries.iter().flat_map(|(object, _)| [*object, "\n"]).collect();
    let mut printed = &*git(root, &["cat-file", "--batch"], &objects)?;
    let mut files = Vec::new();
    for (object, path) in entries {
        let (bytes, rest) = blob(printed)
            .ok_or_else(|| GitError::Refused(format!("git does not print the object {object}: {path}")))?;
        printed = rest;
        let name = path.rsplit('/').next().unwrap_or(path);
        files.push((name.to_owned(), Document::text(name, bytes.to_vec())?));
    }
    Ok(files)
}

/// The first blob of what `git cat-file --batch` prints, and what follows it. Each one has a line
/// `object SP kind SP size` before it and a line feed after it.
fn blob(printed: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = printed.iter().position(|byte| *byte == b'\n')?;
    let (header, rest) = printed.split_at_checked(end + 1)?;
    let size = str::from_utf8(header).ok()?.trim_end().rsplit(' ').next()?.parse().ok()?;
    let (bytes, rest) = rest.split_at_checked(size)?;
    Some((bytes, rest.strip_prefix(b"\n")?))
}

enum GitError {
    Missing(io::Error),
    Refused(String),
    NoText(SpecError),
}

impl From<SpecError> for GitError {
    fn from(error: SpecError) -> Self {
        Self::NoText(error)
    }
}

impl GitError {
    fn named(self, name: &str) -> SourceError {
        match self {
            Self::Missing(error) => SourceError::NoGit(error),
            Self::Refused(said) => SourceError::Unknown { name: name.to_owned(), said },
            Self::NoText(error) => error.into(),
        }
    }
}

/// What git prints when it reads `input`.
fn git(root: &Path, arguments: &[&str], input: &str) -> Result<Vec<u8>, GitError> {
    let mut command = Command::new("git");
    let command = command.arg("-C").arg(root).args(arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(GitError::Missing)?;
    let stdin = child.stdin.take();
    // Git prints while it reads: both at once, because a process waits when a pipe is full.
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        child.wait_with_output().map_err(GitError::Missing)
    })?;
    if !output.status.success() {
        return Err(GitError::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_every_place_of_a_published_document_holds_its_key() {
        let source = Source::folder(&xtask_testing::root(), &xtask_testing::root().join(PUBLISHED)).unwrap();
        let mut found = 0;
        for (document, text) in source.documents.iter().zip(&source.texts) {
            let lines: Vec<&str> = text.lines().collect();
            for (path, item) in document.value["paths"].as_object().unwrap() {
                for key in item.as_object().unwrap().keys() {
                    let at = pointer::push("/paths", path);
                    let line = source.line(&document.name, &format!("{at}/{key}")).unwrap();
                    assert_eq!(lines[line - 1].trim(), format!("{key}:"));
                    let above =
                        lines[..line].iter().rev().find(|line| line.trim_start().starts_with('/')).unwrap();
                    assert_eq!(above.trim().trim_end_matches(':'), path);
                    found += 1;
                }
            }
            for (name, schema) in document.value["components"]["schemas"].as_object().unwrap() {
                for property in schema.get("properties").and_then(|it| it.as_object()).into_iter().flatten() {
                    let at = format!("/components/schemas/{name}/properties/{}", property.0);
                    let line = source.line(&document.name, &at).unwrap();
                    assert_eq!(lines[line - 1].trim(), format!("{}:", property.0));
                    found += 1;
                }
            }
        }
        assert!(found > 500, "{found} places");
        assert_eq!(source.line("triton.yaml", "/no/such/place"), None);
        assert_eq!(source.line("triton.yaml", "/servers/1"), Some(7));
    }
}
