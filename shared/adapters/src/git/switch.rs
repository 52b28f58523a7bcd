//! Moves HEAD, the index and the work tree. Nothing that git does not track is overwritten.

use std::collections::BTreeSet;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::call::Output;
use super::index::while_unlocked;
use super::status::{shown, status};
use super::{GitCli, commit, history, name, obstacle, unreadable};

/// Whether git may replace ignored files. It may when they are the same as what it would write.
#[derive(Clone, Copy)]
enum Ignored {
    Keep,
    Replace,
}

impl Ignored {
    fn flag(self) -> &'static str {
        match self {
            Self::Keep => "--no-overwrite-ignore",
            Self::Replace => "--overwrite-ignore",
        }
    }
}

pub(super) fn switch(
    git: &GitCli,
    repo: &Repository,
    branch: &str,
    commit: &Oid,
) -> Result<(), GitError> {
    let branch = name::branch(branch)?;
    while_unlocked(git, repo, || {
        let existing = carefully(git, repo, |ignored| to_existing(git, repo, branch, ignored))?;
        if existing.success() || is_on(git, repo, branch, &existing)? {
            return Ok(());
        }
        if !existing.stderr.contains("invalid reference") {
            return Err(git.failure(&existing));
        }
        let new = carefully(git, repo, |ignored| to_new(git, repo, branch, commit, ignored))?;
        if !new.success() && !is_on(git, repo, branch, &new)? {
            return Err(git.failure(&new));
        }
        adopt_upstream(git, repo, branch)
    })
}

/// Does it without overwriting ignored files; if that is all that stops it and they are the same
/// as in the commit, does it all the same.
fn carefully(
    git: &GitCli,
    repo: &Repository,
    act: impl Fn(Ignored) -> Result<(Output, Option<Oid>), GitError>,
) -> Result<Output, GitError> {
    let (output, target) = act(Ignored::Keep)?;
    let stopped = output.stderr.contains("untracked working tree files would be overwritten");
    match target.filter(|_| stopped && !output.success()) {
        Some(target) if obstacle::in_the_way(git, repo, &target)?.is_empty() => {
            act(Ignored::Replace).map(|(output, _)| output)
        }
        _ => Ok(output),
    }
}

fn to_existing(
    git: &GitCli,
    repo: &Repository,
    branch: &str,
    ignored: Ignored,
) -> Result<(Output, Option<Oid>), GitError> {
    let args = ["--no-guess", "--no-recurse-submodules", "--no-progress", ignored.flag(), branch];
    let output = git.write(&repo.root, "switch").args(args).run()?;
    let target = match output.success() {
        true => None,
        false => history::branch(git, repo, branch)?.map(|branch| branch.tip),
    };
    Ok((output, target))
}

fn to_new(
    git: &GitCli,
    repo: &Repository,
    branch: &str,
    commit: &Oid,
    ignored: Ignored,
) -> Result<(Output, Option<Oid>), GitError> {
    let quiet = ["--no-track", "--no-recurse-submodules", "--no-progress", ignored.flag()];
    let call = git.write(&repo.root, "switch").args(quiet);
    let output = call.args(["--create", branch, commit.as_str()]).run()?;
    Ok((output, Some(commit.clone())))
}

/// A post-checkout hook that complains makes git fail after all is done.
fn is_on(git: &GitCli, repo: &Repository, branch: &str, output: &Output) -> Result<bool, GitError> {
    if output.code != Some(1) || output.stderr.contains("error:") {
        return Ok(false);
    }
    let now = git.read(&repo.root, "symbolic-ref").args(["--quiet", "HEAD"]).run()?;
    Ok(now.text().trim_end() == format!("refs/heads/{branch}"))
}

/// Gives a new branch the upstream of its name, if there is one: that of `origin`, or the only one.
pub(super) fn adopt_upstream(
    git: &GitCli,
    repo: &Repository,
    branch: &str,
) -> Result<(), GitError> {
    let pattern = format!("refs/remotes/*/{branch}");
    let args = ["--format=%(refname)", &pattern];
    let out = git.read(&repo.root, "for-each-ref").args(args).ok()?;
    let text = String::from_utf8_lossy(&out);
    let found: Vec<&str> = text.lines().collect();
    let origin = format!("refs/remotes/origin/{branch}");
    let upstream = match found[..] {
        [only] => only,
        _ if found.contains(&origin.as_str()) => &origin,
        _ => return Ok(()),
    };
    // The branch is there and checked out; that it has no upstream stops nothing.
    let _ = git.write(&repo.root, "branch").arg(format!("--set-upstream-to={upstream}")).run()?;
    Ok(())
}

/// What a switch carries over is what the two commits have in common: git-checkout(1), "DETAILS" of
/// git-read-tree(1), "Two Tree Merge". A file that happens to be changed to what the other commit has
/// is counted all the same.
pub(super) fn not_carried(
    git: &GitCli,
    repo: &Repository,
    commit: &Oid,
) -> Result<Vec<String>, GitError> {
    let status = status(git, &repo.root)?;
    let mut stopped = BTreeSet::from_iter(obstacle::in_the_way(git, repo, commit)?);
    if let Some(head) = &status.commit {
        let args = ["-r", "--name-only", "--no-renames", "-z", head.as_str(), commit.as_str()];
        let out = git.read(&repo.root, "diff-tree").args(args).ok()?;
        let differ: BTreeSet<&[u8]> = out.split(|byte| *byte == 0).collect();
        let here = status.entries.iter().filter(|entry| differ.contains(entry.path.as_slice()));
        stopped.extend(here.map(|entry| shown(&entry.path)));
    }
    Ok(stopped.into_iter().collect())
}

pub(super) fn name_unborn(git: &GitCli, repo: &Repository, branch: &str) -> Result<(), GitError> {
    let reference = format!("refs/heads/{}", name::branch(branch)?);
    git.write(&repo.root, "symbolic-ref").args(["HEAD", &reference]).ok().map(|_| ())
}

pub(super) fn fast_forward(git: &GitCli, repo: &Repository, commit: &Oid) -> Result<(), GitError> {
    while_unlocked(git, repo, || {
        let output = carefully(git, repo, |ignored| {
            let args =
                ["--ff-only", "--no-autostash", "--no-stat", ignored.flag(), commit.as_str()];
            let output = git.write(&repo.root, "merge").args(args).run()?;
            Ok((output, Some(commit.clone())))
        })?;
        if output.success() { Ok(()) } else { Err(git.failure(&output)) }
    })
}

pub(super) fn merge(git: &GitCli, repo: &Repository, commit: &Oid) -> Result<Oid, GitError> {
    while_unlocked(git, repo, || {
        let args = ["--commit", "--no-squash", "--no-autostash", "--no-stat", "--no-edit"];
        let call = git.write(&repo.root, "merge").args(args);
        let merged = call.args([Ignored::Keep.flag(), commit.as_str()]).run();
        let failure = match merged {
            Ok(output) if output.success() => {
                return commit::head(git, repo)?.ok_or_else(|| unreadable("merge"));
            }
            Ok(output) => GitError::Failed { what: "merge".to_owned(), output: output.said() },
            Err(stopped) => stopped,
        };
        abort(git, repo);
        Err(failure)
    })
}

/// Ends a merge that stopped halfway. One that never began leaves nothing to end.
fn abort(git: &GitCli, repo: &Repository) {
    if repo.git_dir.join("MERGE_HEAD").exists() {
        let _ = git.write(&repo.root, "merge").arg("--abort").tidying_up().run();
    }
}

/// `--keep` stops at changes that would be lost, where `--hard` would take them.
pub(super) fn reset(git: &GitCli, repo: &Repository, commit: &Oid) -> Result<(), GitError> {
    while_unlocked(git, repo, || {
        if let Some(path) = obstacle::in_the_way(git, repo, commit)?.first() {
            let output = format!("{path} is not tracked and would be overwritten");
            return Err(GitError::Failed { what: "reset".to_owned(), output });
        }
        let args = ["--keep", "--quiet", "--no-recurse-submodules", commit.as_str(), "--"];
        git.write(&repo.root, "reset").args(args).ok().map(|_| ())
    })
}
