//! A merge without a work tree: the same commit on every device that makes it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, JoinedCode, Repository};

use super::call::Output;
use super::history::{conflicts, relation};
use super::index::while_unlocked;
use super::{GitCli, commit as commits, facts, name, oid, unreadable};

/// Who made a commit, and when it was made.
struct Made {
    seconds: u64,
    name: OsString,
    mail: OsString,
}

/// Whoever made `ours` is named as who made the merge, and the later of both times as when: two
/// devices that know the same commits make the same one. It is signed by nobody.
pub(super) fn join(
    git: &GitCli,
    repo: &Repository,
    ours: &Oid,
    theirs: &Oid,
    message: &str,
) -> Result<JoinedCode, GitError> {
    use convosync_engine::ports::Relation::{Ahead, Behind, Diverged, Same, Unrelated};
    match relation(git, repo, ours, theirs)? {
        Same | Ahead(_) => return Ok(JoinedCode::Commit(ours.clone())),
        Behind(_) => return Ok(JoinedCode::Commit(theirs.clone())),
        Unrelated => return Ok(JoinedCode::Unrelated),
        Diverged { .. } => {}
    }
    let args = ["--write-tree", "--name-only", "--no-messages", "-z"];
    let call = git.write(&repo.root, "merge-tree").args(args);
    let output = call.args([ours.as_str(), theirs.as_str()]).run()?;
    match output.code {
        Some(0) => {}
        Some(1) => return Ok(JoinedCode::Conflicts(conflicts(&output.stdout))),
        _ => return Err(too_old(git, &output)),
    }
    let tree = output.stdout.split(|byte| *byte == 0).next().unwrap_or_default();
    let tree = std::str::from_utf8(tree).ok().and_then(oid).ok_or_else(|| unreadable("merge"))?;
    let commit = commit(git, repo, &tree, [ours, theirs], message)?;
    let reference = name::own_ref("in", commit.as_str())?;
    git.write(&repo.root, "update-ref").args([&reference, commit.as_str()]).ok()?;
    Ok(JoinedCode::Commit(commit))
}

fn commit(
    git: &GitCli,
    repo: &Repository,
    tree: &Oid,
    parents: [&Oid; 2],
    message: &str,
) -> Result<Oid, GitError> {
    let made = made(git, repo, parents)?;
    let seconds = made.iter().map(|made| made.seconds).max().unwrap_or(0);
    let date = format!("@{seconds} +0000");
    let who = made.into_iter().next().ok_or_else(|| unreadable("log"))?;
    let call = git
        .write(&repo.root, "commit-tree")
        .env("GIT_AUTHOR_NAME", who.name.clone())
        .env("GIT_AUTHOR_EMAIL", who.mail.clone())
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_NAME", who.name)
        .env("GIT_COMMITTER_EMAIL", who.mail)
        .env("GIT_COMMITTER_DATE", &date);
    let parents = parents.into_iter().flat_map(|parent| ["-p", parent.as_str()]);
    let args = ["--no-gpg-sign", "-m", message, tree.as_str()];
    call.args(args).args(parents).id()
}

fn made(git: &GitCli, repo: &Repository, commits: [&Oid; 2]) -> Result<Vec<Made>, GitError> {
    let format = "--format=%ct%x00%an%x00%ae";
    let args = ["--no-walk=unsorted", "--no-show-signature", "--encoding=UTF-8", format];
    let call = git.read(&repo.root, "log").args(args);
    let out = call.args(commits.map(Oid::as_str)).arg("--").ok()?;
    let made: Option<Vec<Made>> = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let mut fields = line.split(|byte| *byte == 0);
            let seconds = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
            let mut text = || fields.next().map(|bytes| OsString::from_vec(bytes.to_vec()));
            let (name, mail) = (text()?, text()?);
            let name = if name.is_empty() { "ConvoSync".into() } else { name };
            Some(Made { seconds, name, mail })
        })
        .collect();
    made.filter(|made| made.len() == commits.len()).ok_or_else(|| unreadable("log"))
}

fn too_old(git: &GitCli, output: &Output) -> GitError {
    if output.is_usage() {
        return GitError::NoGit("to merge two heads, git 2.38 or newer is needed".to_owned());
    }
    git.failure(output)
}

/// Begins a merge and leaves what conflicts to the user; see the port.
pub(super) fn begin(
    git: &GitCli,
    repo: &Repository,
    commit: &Oid,
    message: &str,
) -> Result<bool, GitError> {
    while_unlocked(git, repo, || {
        let args = ["--no-ff", "--no-squash", "--no-autostash", "--no-stat", "--no-edit"];
        let call = git.write(&repo.root, "merge").args(args).args(["-m", message]);
        let output = call.args(["--no-overwrite-ignore", commit.as_str()]).run()?;
        let begun = facts::operation(git, repo)?.is_some();
        match output.success() || begun {
            true => Ok(!begun),
            false => Err(GitError::Failed { what: "merge".to_owned(), output: output.said() }),
        }
    })
}

/// Makes the commit that ends a merge; see the port.
pub(super) fn end(git: &GitCli, repo: &Repository) -> Result<(), GitError> {
    while_unlocked(git, repo, || {
        let output = git.write(&repo.root, "commit").arg("--no-edit").run()?;
        if output.success() { Ok(()) } else { Err(commits::failure(git, repo, &output)) }
    })
}
