//! Fetch, clone, and what a remote has.

use std::path::{Path, PathBuf};

use convosync_core::Oid;
use convosync_engine::ports::{Advertised, GitError, Repository, Underway};

use super::call::{Call, Kind, Output, Started};
use super::index::patiently;
use super::{GitCli, config, history, name, oid};
use crate::{disk, durable};

/// What git prefers over its own ssh unless the user chose one: it refuses where it would ask.
pub(super) const QUIET_SSH: &str = "ssh -oBatchMode=yes";

/// What the URL of a clone may use: it may come from another device's record.
const CLONE_PROTOCOLS: &str = "file:git:http:https:ssh";

/// A call to a remote of the repository. The facts have read its configuration before.
pub(super) fn call<'a>(
    git: &'a GitCli,
    kind: Kind,
    repo: &Repository,
    what: &'static str,
) -> Result<Call<'a>, GitError> {
    let call = Call::new(git, kind, &repo.root, what);
    let users_own = git.chooses_ssh || config::config(git, repo)?.chooses_ssh();
    Ok(if users_own { call } else { call.env("GIT_SSH_COMMAND", QUIET_SSH) })
}

/// Asks for branches and tags only: forges have thousands of other refs.
pub(super) fn advertised(
    git: &GitCli,
    repo: &Repository,
    remote: &str,
) -> Result<Advertised, GitError> {
    let args = ["--symref", "--", name::remote(remote)?, "HEAD", "refs/heads/*", "refs/tags/*"];
    let out = call(git, Kind::Network, repo, "ls-remote")?.args(args).ok()?;
    let mut found = Advertised { oids: Vec::new(), default_branch: None };
    for line in String::from_utf8_lossy(&out).lines() {
        match line.split_once('\t') {
            Some((target, "HEAD")) if target.starts_with("ref: ") => {
                let branch = target.strip_prefix("ref: refs/heads/").filter(|b| name::is_branch(b));
                found.default_branch = branch.map(str::to_owned);
            }
            Some((id, _)) => found.oids.extend(oid(id)),
            None => {}
        }
    }
    found.oids.sort();
    found.oids.dedup();
    Ok(found)
}

/// Starts to fetch a branch and returns while that is at work. Leaves FETCH_HEAD and submodules
/// alone.
pub(super) fn start_fetch<'a>(
    git: &'a GitCli,
    repo: &Repository,
    remote: &str,
    branch: &str,
) -> Result<Box<dyn Underway<()> + 'a>, GitError> {
    let (remote, branch) = (name::remote(remote)?.to_owned(), name::branch(branch)?.to_owned());
    // The plus moves our view of the remote's branch, never a branch.
    let refspec = format!("+refs/heads/{branch}:refs/remotes/{remote}/{branch}");
    let first = start(git, repo, &remote, &refspec)?;
    Ok(Box::new(Fetching { git, repo: repo.clone(), remote, branch, refspec, first }))
}

struct Fetching<'a> {
    git: &'a GitCli,
    repo: Repository,
    remote: String,
    branch: String,
    refspec: String,
    first: Started<'a>,
}

impl Underway<()> for Fetching<'_> {
    fn finish(self: Box<Self>) -> Result<(), GitError> {
        let Self { git, repo, remote, branch, refspec, first } = *self;
        let mut first = Some(first);
        // The fetch of a helper that was killed may still be at work on the same refs.
        patiently(git, || {
            let output = match first.take() {
                Some(first) => first.finish()?,
                None => fetched(git, &repo, &remote, &refspec)?,
            };
            if output.success() {
                remember_tip(git, &repo, &remote, &branch);
                return Ok(());
            }
            if output.stderr.contains("couldn't find remote ref") {
                return Ok(());
            }
            Err(git.failure(&output))
        })
    }
}

pub(super) fn fetch_commit(
    git: &GitCli,
    repo: &Repository,
    remote: &str,
    commit: &Oid,
) -> Result<(), GitError> {
    /// What servers say of a commit that they do not have or do not give.
    const NOT_GIVEN: [&str; 3] = ["not our ref", "unadvertised object", "couldn't find remote ref"];
    let remote = name::remote(remote)?;
    let reference = name::own_ref("in", commit.as_str())?;
    let output = fetched(git, repo, remote, &format!("{commit}:{reference}"))?;
    if output.success() {
        // A server gives out any object by its id: what is no commit leaves no ref behind.
        if !history::has_commit(git, repo, commit)? {
            git.write(&repo.root, "update-ref").args(["-d", reference.as_str()]).ok()?;
        }
        return Ok(());
    }
    if NOT_GIVEN.iter().any(|words| output.stderr.contains(words)) {
        return Ok(());
    }
    Err(git.failure(&output))
}

pub(super) fn fetch_all(git: &GitCli, repo: &Repository, remote: &str) -> Result<(), GitError> {
    let remote = name::remote(remote)?;
    let output = fetched(git, repo, remote, &format!("+refs/heads/*:refs/remotes/{remote}/*"))?;
    if output.success() { Ok(()) } else { Err(git.failure(&output)) }
}

fn fetched(
    git: &GitCli,
    repo: &Repository,
    remote: &str,
    refspec: &str,
) -> Result<Output, GitError> {
    start(git, repo, remote, refspec)?.finish()
}

fn start<'a>(
    git: &'a GitCli,
    repo: &Repository,
    remote: &str,
    refspec: &str,
) -> Result<Started<'a>, GitError> {
    let quiet = ["--no-write-fetch-head", "--no-recurse-submodules", "--no-prune"];
    let call = call(git, Kind::Network, repo, "fetch")?.arg("--progress").args(quiet);
    call.args(["--", remote, refspec]).start()
}

/// What was just fetched is whole: git has looked. Refs that lie elsewhere than in a file of their
/// own teach nothing.
fn remember_tip(git: &GitCli, repo: &Repository, remote: &str, branch: &str) {
    let file = repo.common_dir.join("refs/remotes").join(remote).join(branch);
    if let Some(tip) = std::fs::read_to_string(file).ok().as_deref().and_then(oid) {
        git.memory().fetched.insert((repo.common_dir.clone(), tip));
    }
}

pub(super) fn clone(git: &GitCli, url: &str, directory: &Path) -> Result<(), GitError> {
    if url.is_empty() || url.starts_with('-') || url.chars().any(char::is_control) {
        let output = format!("{url:?} is no URL");
        return Err(GitError::Failed { what: "clone".to_owned(), output });
    }
    // The place that is asked about ssh and from where relative URLs are read.
    let from = directory.ancestors().skip(1).find(|dir| dir.is_dir()).unwrap_or(Path::new("/"));
    let mut call = Call::new(git, Kind::Network, from, "clone");
    if !git.environment.contains_key("GIT_ALLOW_PROTOCOL") {
        call = call.env("GIT_ALLOW_PROTOCOL", CLONE_PROTOCOLS);
    }
    if let Some(ssh) = git.quiet_ssh(from)? {
        call = call.env("GIT_SSH_COMMAND", ssh);
    }
    // Made beside it and renamed when whole: a clone that was cut short looks like none.
    let beside = beside(directory)?;
    let made = call
        .args(["--progress", "--no-recurse-submodules", "--", url])
        .arg(&beside)
        .ok()
        .and_then(|_| disk::rename(&beside, directory).map_err(|error| unplaced(&error)));
    if made.is_err() {
        let _ = disk::remove_dir_all(&beside); // ours: its name is random
    }
    made
}

/// A new name beside a directory that is not there yet, or is empty.
fn beside(directory: &Path) -> Result<PathBuf, GitError> {
    let taken = std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    if taken || directory.is_file() {
        let output = format!("{} exists and is not an empty directory", directory.display());
        return Err(GitError::Failed { what: "clone".to_owned(), output });
    }
    let letters = durable::random_letters().map_err(|error| unplaced(&error))?;
    let mut name = directory.file_name().unwrap_or_default().to_owned();
    name.push(format!(".convosync-{letters}"));
    Ok(directory.with_file_name(name))
}

fn unplaced(error: &std::io::Error) -> GitError {
    GitError::Failed { what: "clone".to_owned(), output: error.to_string() }
}
