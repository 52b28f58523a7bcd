//! The commit that a work tree would become, without making it.

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::index::CopiedIndex;
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
    commit::stage(git, repo, &behind, Some(index.path()))?;
    let tree = git.write(&repo.root, "write-tree").env("GIT_INDEX_FILE", index.path()).ok()?;
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

fn failed(why: &str) -> GitError {
    GitError::Failed { what: "add".to_owned(), output: format!("the index: {why}") }
}
