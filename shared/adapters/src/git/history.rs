//! Questions about commits.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use convosync_core::Oid;
use convosync_engine::ports::{Branch, GitError, Relation, Repository};

use super::status::shown;
use super::{GitCli, name, oid, unreadable};

/// A shallow clone does not know its roots: none, rather than a wrong one.
pub(super) fn root_commit(git: &GitCli, repo: &Repository) -> Result<Option<Oid>, GitError> {
    if repo.common_dir.join("shallow").exists() {
        return Ok(None);
    }
    let args = ["--max-parents=0", "--timestamp", "HEAD", "--"];
    // Replaced commits are this clone's own view.
    let call = git.read(&repo.root, "rev-list").env("GIT_NO_REPLACE_OBJECTS", "1");
    let output = call.args(args).run()?;
    if !output.success() {
        let unborn = output.stderr.contains("bad revision 'HEAD'");
        return if unborn { Ok(None) } else { Err(git.failure(&output)) };
    }
    let roots = output.text();
    let oldest = roots.lines().filter_map(|line| {
        let (time, id) = line.split_once(' ')?;
        Some((time.parse::<u64>().ok()?, oid(id)?))
    });
    Ok(oldest.min().map(|(_, id)| id))
}

pub(super) fn tracked(
    git: &GitCli,
    repo: &Repository,
    remote: &str,
    commit: &Oid,
) -> Result<bool, GitError> {
    let refs = format!("refs/remotes/{}/", name::remote(remote)?);
    let contains = format!("--contains={commit}");
    let args = ["--count=1", "--format=%(refname)", &contains, &refs];
    let output = git.read(&repo.root, "for-each-ref").args(args).run()?;
    let absent = ["no such commit", "malformed object name"];
    match output.code {
        Some(0) => Ok(!output.stdout.is_empty()),
        _ if absent.iter().any(|words| output.stderr.contains(words)) => Ok(false),
        _ => Err(git.failure(&output)),
    }
}

pub(super) fn tracking_tips(
    git: &GitCli,
    repo: &Repository,
    remote: &str,
) -> Result<Vec<Oid>, GitError> {
    let refs = format!("refs/remotes/{}/", name::remote(remote)?);
    let args = ["--format=%(objectname)", &refs];
    let out = git.read(&repo.root, "for-each-ref").args(args).ok()?;
    let mut tips: Vec<Oid> = String::from_utf8_lossy(&out).lines().filter_map(oid).collect();
    tips.sort();
    tips.dedup();
    Ok(tips)
}

/// The walk stops at what refs reach, which git keeps whole; so it is short. It asks no promisor.
pub(super) fn has_commit(git: &GitCli, repo: &Repository, commit: &Oid) -> Result<bool, GitError> {
    if git.memory().fetched.contains(&(repo.common_dir.clone(), commit.clone())) {
        return Ok(true);
    }
    // Another kind of object, and an id of the other length, are no commit that is here.
    let peeled = format!("{commit}^{{commit}}");
    let args = ["--objects", "--quiet", "--exclude-promisor-objects", &peeled, "--not"];
    let output = git.read(&repo.root, "rev-list").args(args).arg("--all").run()?;
    if output.success() {
        return Ok(true);
    }
    // A fetch that was cut short, or is still at work, leaves a commit without its files.
    let absent = [
        "bad object",
        "bad tree object",
        "bad blob object",
        "bad revision",
        "unknown revision",
        "expected commit type",
        "missing",
        "Could not read",
        "could not read",
        "unable to read",
    ];
    if absent.iter().any(|words| output.stderr.contains(words)) {
        return Ok(false);
    }
    Err(git.failure(&output))
}

pub(super) fn branch(
    git: &GitCli,
    repo: &Repository,
    branch: &str,
) -> Result<Option<Branch>, GitError> {
    let reference = format!("refs/heads/{}", name::branch(branch)?);
    // Each folder of the name too: git finds out that one is a branch when it has switched files.
    let folders =
        branch.match_indices('/').map(|(end, _)| format!("refs/heads/{}", &branch[..end]));
    let format = "--format=%(refname)%00%(objectname)%00%(worktreepath)";
    let call = git.read(&repo.root, "for-each-ref").args([format, &reference]);
    let out = call.args(folders).ok()?;
    let mut fields = record(&out, &reference).splitn(3, |byte| *byte == 0);
    if fields.next() != Some(reference.as_bytes()) {
        return no_place(branch, &out).map_or(Ok(None), Err);
    }
    let tip = fields.next().and_then(|id| oid(std::str::from_utf8(id).ok()?));
    let tip = tip.ok_or_else(|| unreadable("for-each-ref"))?;
    let place =
        fields.next().filter(|path| !path.is_empty()).map(|p| Path::new(OsStr::from_bytes(p)));
    let elsewhere = place.filter(|place| *place != repo.root).map(Path::to_path_buf);
    Ok(Some(Branch { tip, elsewhere }))
}

/// The line of a ref.
fn record<'o>(out: &'o [u8], reference: &str) -> &'o [u8] {
    let mut lines = out.split(|byte| *byte == b'\n');
    let is_its = |line: &&[u8]| {
        line.strip_prefix(reference.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
    };
    lines.find(is_its).unwrap_or_default()
}

/// Why a branch that is not there can't be made, if so.
fn no_place(branch: &str, out: &[u8]) -> Option<GitError> {
    let names = out.split(|byte| *byte == b'\n').filter_map(|line| {
        let name = line.split(|byte| *byte == 0).next()?.strip_prefix(b"refs/heads/")?;
        Some(shown(name))
    });
    let holds = |folder: &str, name: &str| {
        name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    };
    let other = names.into_iter().find(|name| holds(branch, name) || holds(name, branch))?;
    Some(GitError::NoPlace { branch: branch.to_owned(), other })
}

pub(super) fn remote_branch(
    git: &GitCli,
    repo: &Repository,
    remote: &str,
    branch: &str,
) -> Result<Option<Oid>, GitError> {
    let reference = format!("refs/remotes/{}/{}", name::remote(remote)?, name::branch(branch)?);
    let args = ["--quiet", "--verify", &reference];
    let output = git.read(&repo.root, "rev-parse").args(args).run()?;
    match output.code {
        Some(0) => Ok(oid(output.text().trim_end())),
        Some(1) => Ok(None),
        _ => Err(git.failure(&output)),
    }
}

pub(super) fn relation(
    git: &GitCli,
    repo: &Repository,
    ours: &Oid,
    theirs: &Oid,
) -> Result<Relation, GitError> {
    if ours == theirs {
        return Ok(Relation::Same);
    }
    let range = format!("{ours}...{theirs}");
    let args = ["--left-right", "--count", &range, "--"];
    let out = git.read(&repo.root, "rev-list").args(args).ok()?;
    let text = String::from_utf8_lossy(&out);
    let counts = text
        .trim()
        .split_once('\t')
        .and_then(|(ours, theirs)| Some((ours.parse::<u64>().ok()?, theirs.parse::<u64>().ok()?)));
    match counts.ok_or_else(|| unreadable("rev-list"))? {
        (0, theirs) => Ok(Relation::Behind(theirs)),
        (ours, 0) => Ok(Relation::Ahead(ours)),
        (alone, theirs_alone) => {
            let bases = git.read(&repo.root, "merge-base").args([ours.as_str(), theirs.as_str()]);
            let output = bases.run()?;
            match output.code {
                Some(0) => Ok(Relation::Diverged { ours: alone, theirs: theirs_alone }),
                Some(1) => Ok(Relation::Unrelated),
                _ => Err(git.failure(&output)),
            }
        }
    }
}

/// Git before 2.38 can't foresee conflicts: then none are named, and the merge itself stops and is
/// aborted.
pub(super) fn merge_conflicts(
    git: &GitCli,
    repo: &Repository,
    ours: &Oid,
    theirs: &Oid,
) -> Result<Vec<String>, GitError> {
    let args =
        ["--write-tree", "--name-only", "--no-messages", "-z", ours.as_str(), theirs.as_str()];
    let output = git.read(&repo.root, "merge-tree").args(args).run()?;
    match output.code {
        Some(0) => Ok(Vec::new()),
        Some(1) => Ok(conflicts(&output.stdout)),
        _ if output.is_usage() => Ok(Vec::new()),
        _ => Err(git.failure(&output)),
    }
}

/// The tree, then the paths that conflict, each with its NUL.
pub(super) fn conflicts(out: &[u8]) -> Vec<String> {
    let records = out.split(|byte| *byte == 0).skip(1).filter(|path| !path.is_empty());
    let mut paths: Vec<String> = records.map(shown).collect();
    paths.sort();
    paths.dedup();
    paths
}
