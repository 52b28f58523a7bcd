//! The commit that a work tree would become, without making it.

use std::path::Path;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::index::{CopiedIndex, while_unlocked};
use super::status::status;
use super::work::Quarantine;
use super::{GitCli, commit};

pub(super) fn foresee_commit(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
) -> Result<Oid, GitError> {
    let (status, behind) = status(git, &repo.root)?.without(excludes);
    let index = copied(repo)?;
    commit::stage(git, repo, &behind, Some(index.path()))?;
    let tree = git.write(&repo.root, "write-tree").on_a_copy(index.path()).id()?;
    let call = git.write(&repo.root, "commit-tree").by_nobody();
    let parent = status.commit.iter().flat_map(|commit| ["-p", commit.as_str()]);
    call.args(["--no-gpg-sign", "-m", "foreseen", tree.as_str()]).args(parent).id()
}

/// What the commit would add. Its objects are beside the repository, and gone afterwards.
pub(super) fn foresee_lines(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
    file: &Path,
) -> Result<(), GitError> {
    while_unlocked(git, repo, || {
        let (_, behind) = status(git, &repo.root)?.without(excludes);
        let beside = Quarantine::of(repo).map_err(|error| failed(&error.to_string()))?;
        let (index, objects) = (copied(repo)?, Some(beside.path()));
        commit::stage_into(git, repo, &behind, Some((index.path(), objects)))?;
        let call = git.read(&repo.root, "diff").on_a_copy(index.path()).objects_in(objects);
        commit::patch_into(file, |how| call.arg("--cached").args(how))
    })
}

fn copied(repo: &Repository) -> Result<CopiedIndex, GitError> {
    CopiedIndex::of(repo).map_err(|error| failed(&error.to_string()))
}

fn failed(why: &str) -> GitError {
    GitError::Failed { what: "add".to_owned(), output: format!("the index: {why}") }
}
