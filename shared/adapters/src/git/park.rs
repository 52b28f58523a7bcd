//! Puts the user's own work aside, in the stash that they know, and under a ref that no
//! `git stash clear` takes.

use std::collections::BTreeSet;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Parked, Repository};

use super::commit::all_but;
use super::config::config;
use super::index::while_unlocked;
use super::status::{Entry, Status, status};
use super::{GitCli, name, oid, unreadable};

/// In a sparse checkout git would leave out what lies outside of it.
const WHOLE: &str = "core.sparseCheckout=false";

pub(super) fn park(
    git: &GitCli,
    repo: &Repository,
    id: &str,
    message: &str,
    excludes: &[String],
) -> Result<Option<Parked>, GitError> {
    let reference = name::own_ref("park", id)?;
    let (before, stays) = while_unlocked(git, repo, || status(git, &repo.root))?.without(excludes);
    if !is_dirty(&before) {
        return Ok(None);
    }
    if before.commit.is_none() {
        return Err(refusal("the branch has no commit yet, so there is nothing to stash onto"));
    }
    settle_intents(git, repo, &before)?;
    let stash = stash_tip(git, repo)?;
    while_unlocked(git, repo, || push(git, repo, message, &stays))?;
    let made = stash_tip(git, repo)?.filter(|tip| stash.as_ref() != Some(tip));
    let is_put_aside = is_put_aside(&before, &status(git, &repo.root)?.without(excludes).0);
    let commit = match (made, stash) {
        (Some(made), _) => made,
        // The git of a helper that was killed was still at it, and has put them aside already.
        (None, Some(stash)) if is_put_aside && is_of(git, repo, &stash, &before)? => stash,
        (None, _) => return Err(refusal("git made no stash of these changes")),
    };
    keep_at(git, repo, &reference, &commit)?;
    if !is_put_aside {
        return Err(refusal(&format!("some changes stayed; all of them are in {commit}")));
    }
    let whole = match config(git, repo)?.is_sparse() {
        true => format!(" -c {WHOLE}"),
        false => String::new(),
    };
    let restore = format!("git{whole} stash apply --index {commit}");
    Ok(Some(Parked { commit, reference, restore }))
}

pub(super) fn keep(
    git: &GitCli,
    repo: &Repository,
    id: &str,
    commit: &Oid,
) -> Result<String, GitError> {
    let reference = name::own_ref("park", id)?;
    keep_at(git, repo, &reference, commit)?;
    Ok(reference)
}

fn is_dirty(status: &Status) -> bool {
    status.entries.iter().any(can_be_stashed)
}

/// Git leaves submodules as they are.
fn can_be_stashed(entry: &Entry) -> bool {
    !entry.submodule
}

/// Whether nothing of `before` is left. What `after` has besides was ignored by a file that is put
/// aside itself; it is no change of the user's.
fn is_put_aside(before: &Status, after: &Status) -> bool {
    let was_there: BTreeSet<&[u8]> = before.entries.iter().map(|entry| &*entry.path).collect();
    let stayed = |entry: &&Entry| !entry.untracked || was_there.contains(&*entry.path);
    !after.entries.iter().filter(|entry| can_be_stashed(entry)).any(|entry| stayed(&entry))
}

/// A name that was added without its contents stops `git stash`: adds the contents too.
fn settle_intents(git: &GitCli, repo: &Repository, status: &Status) -> Result<(), GitError> {
    let mut paths = Vec::new();
    for Entry { path, .. } in status.entries.iter().filter(|entry| entry.intended) {
        paths.extend_from_slice(b":(top,literal)");
        paths.extend_from_slice(path);
        paths.push(0);
    }
    if paths.is_empty() {
        return Ok(());
    }
    let args = ["--all", "--pathspec-from-file=-", "--pathspec-file-nul"];
    let add = || git.write(&repo.root, "add").args(args).input(paths.clone()).ok();
    while_unlocked(git, repo, add)?;
    Ok(())
}

fn push(
    git: &GitCli,
    repo: &Repository,
    message: &str,
    stays: &BTreeSet<Vec<u8>>,
) -> Result<(), GitError> {
    let message = format!("--message={message}");
    let args = ["push", "--include-untracked", "--no-keep-index", "--quiet", &message];
    let call = git.write(&repo.root, "stash").args(args);
    let call = match all_but(stays) {
        none if none.is_empty() => call,
        // With paths git goes on by `add`, which stops half-way at what lies outside of a sparse
        // checkout. The index still knows which files are not to be there.
        paths => {
            call.config(WHOLE).args(["--pathspec-from-file=-", "--pathspec-file-nul"]).input(paths)
        }
    };
    call.ok().map(|_| ())
}

fn stash_tip(git: &GitCli, repo: &Repository) -> Result<Option<Oid>, GitError> {
    let args = ["--quiet", "--verify", "refs/stash"];
    let output = git.read(&repo.root, "rev-parse").args(args).run()?;
    match output.code {
        Some(0) => oid(&output.text()).map(Some).ok_or_else(|| unreadable("rev-parse")),
        Some(1) => Ok(None),
        _ => Err(git.failure(&output)),
    }
}

/// Whether a stash holds changes of the commit that was checked out.
fn is_of(git: &GitCli, repo: &Repository, stash: &Oid, before: &Status) -> Result<bool, GitError> {
    let base = format!("{stash}^1");
    let out = git.read(&repo.root, "rev-parse").args(["--verify", &base]).ok()?;
    Ok(before.commit.is_some() && oid(&String::from_utf8_lossy(&out)) == before.commit)
}

/// Sets a ref that is not there yet; one that is there at the same commit will do.
pub(super) fn keep_at(
    git: &GitCli,
    repo: &Repository,
    reference: &str,
    commit: &Oid,
) -> Result<(), GitError> {
    let none = "0".repeat(commit.as_str().len());
    let args = [reference, commit.as_str(), &none];
    let output = git.write(&repo.root, "update-ref").args(args).run()?;
    if output.success() {
        return Ok(());
    }
    let now = git.read(&repo.root, "rev-parse").args(["--quiet", "--verify", reference]).run()?;
    if oid(&now.text()).as_ref() == Some(commit) { Ok(()) } else { Err(git.failure(&output)) }
}

fn refusal(why: &str) -> GitError {
    GitError::Failed { what: "stash".to_owned(), output: why.to_owned() }
}
