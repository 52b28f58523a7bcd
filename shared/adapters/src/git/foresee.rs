//! The commit that a work tree would become, without making it.

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::index::CopiedIndex;
use super::status::status;
use super::{GitCli, commit};

pub(super) fn foresee_commit(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
) -> Result<Oid, GitError> {
    let (status, behind) = status(git, &repo.root)?.without(excludes);
    let index = CopiedIndex::of(repo).map_err(|error| failed(&error.to_string()))?;
    commit::stage(git, repo, &behind, Some(index.path()))?;
    let tree = git.write(&repo.root, "write-tree").on_a_copy(index.path()).id()?;
    let call = git.write(&repo.root, "commit-tree").by_nobody();
    let parent = status.commit.iter().flat_map(|commit| ["-p", commit.as_str()]);
    call.args(["--no-gpg-sign", "-m", "foreseen", tree.as_str()]).args(parent).id()
}

fn failed(why: &str) -> GitError {
    GitError::Failed { what: "add".to_owned(), output: format!("the index: {why}") }
}
