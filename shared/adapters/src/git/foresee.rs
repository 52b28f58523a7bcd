//! The commit that a work tree would become, without making it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::status::status;
use super::{GitCli, commit, oid, unreadable};

/// Who made it does not matter, and may not be configured.
const NOBODY: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "ConvoSync"),
    ("GIT_AUTHOR_EMAIL", "convosync@localhost"),
    ("GIT_COMMITTER_NAME", "ConvoSync"),
    ("GIT_COMMITTER_EMAIL", "convosync@localhost"),
];

pub(super) fn foresee_commit(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
) -> Result<Oid, GitError> {
    let (status, behind) = status(git, &repo.root)?.without(excludes);
    let index = CopiedIndex::of(repo).map_err(|error| failed(&error.to_string()))?;
    commit::stage(git, repo, &behind, Some(&index.0))?;
    let tree = git.write(&repo.root, "write-tree").env("GIT_INDEX_FILE", &index.0).ok()?;
    let tree = id(&tree, "write-tree")?;
    let mut call = git.write(&repo.root, "commit-tree");
    for (name, value) in NOBODY {
        call = call.env(name, value);
    }
    let parent = status.commit.iter().flat_map(|commit| ["-p", commit.as_str()]);
    let made = call.args(["--no-gpg-sign", "-m", "foreseen", tree.as_str()]).args(parent).ok()?;
    id(&made, "commit-tree")
}

fn id(out: &[u8], what: &str) -> Result<Oid, GitError> {
    oid(&String::from_utf8_lossy(out)).ok_or_else(|| unreadable(what))
}

/// A copy of the index, beside it: a split index refers to files there. Gone when dropped.
struct CopiedIndex(PathBuf);

impl CopiedIndex {
    fn of(repo: &Repository) -> std::io::Result<Self> {
        let copy = repo.git_dir.join(format!("convosync-index-{}", std::process::id()));
        let _ = fs::remove_file(&copy); // of a process that had this id and died
        let copied = Self(copy);
        match fs::copy(repo.git_dir.join("index"), &copied.0) {
            // No index yet: git makes one.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(copied),
            other => other.map(|_| copied),
        }
    }
}

impl Drop for CopiedIndex {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_file(lock_of(&self.0));
    }
}

fn lock_of(index: &Path) -> PathBuf {
    index.with_extension("lock")
}

fn failed(why: &str) -> GitError {
    GitError::Failed { what: "add".to_owned(), output: format!("the index: {why}") }
}
