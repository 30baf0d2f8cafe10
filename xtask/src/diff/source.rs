//! Where the two sides come from: folders, files, git revisions.
