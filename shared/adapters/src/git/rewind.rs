//! Brings a work tree back to where it stood: files, HEAD and refs, index, stash.
//!
//! Each step can be done again, and asks nothing of what came before it but that the files are
//! those that it was told of.

use std::io::ErrorKind;

use convosync_core::{Oid, WorkTreeState};
use convosync_engine::ports::{GitError, Repository};

use super::index::{Saved, lock_file, while_unlocked};
use super::obstacle;
use super::stand::{WorkIndex, failed, index_file};
use super::{GitCli, ignored, name, oid, switch};

type Named = (String, Option<Oid>);

pub(super) fn rewind(
    git: &GitCli,
    repo: &Repository,
    from: &WorkTreeState,
    to: &WorkTreeState,
    excludes: &[String],
) -> Result<(), GitError> {
    while_unlocked(git, repo, || files(git, repo, from, to, excludes))?;
    forget_merge(git, repo)?;
    while_unlocked(git, repo, || head(git, repo, to))?;
    refs(git, repo, &from.refs, &to.refs)?;
    while_unlocked(git, repo, || index(git, repo, to))?;
    stashes(git, repo, &from.stashes, &to.stashes)
}

/// Lets git itself change the files, from an index of its own: it looks at every file that would
/// change first, and stops where one is not as it was told.
fn files(
    git: &GitCli,
    repo: &Repository,
    from: &WorkTreeState,
    to: &WorkTreeState,
    excludes: &[String],
) -> Result<(), GitError> {
    let index = WorkIndex::of(git, repo, None, excludes)?;
    let there = tree_of(git, repo, to)?;
    let found = obstacle::over_index(git, repo, &there, index.path())?;
    if let Some(path) = found.differing().first() {
        return Err(refusal(&format!("{path} is not tracked and would be overwritten")));
    }
    index.add(git, repo, found.same())?;
    let here = index.tree(git, repo)?;
    if here != tree_of(git, repo, from)? {
        return Err(refusal("files were changed meanwhile"));
    }
    let here = match stays(git, repo, &there, &found)? {
        none if none.is_empty() => here,
        stay => index.without(git, repo, &stay)?,
    };
    if here == there {
        return Ok(());
    }
    let call = git.write(&repo.root, "read-tree").on_a_copy(index.path());
    let args = ["-m", "-u", "--no-recurse-submodules", here.as_str(), there.as_str()];
    let output = call.args(args).run()?;
    if !output.success() {
        // Git has looked at every file by then, and written none.
        let looked = ["not uptodate", "would be overwritten", "would lose untracked"];
        let stopped = looked.iter().any(|words| output.stderr.contains(words));
        return Err(if stopped { refusal(&output.said()) } else { git.failure(&output) });
    }
    outside_of_sparse(git, repo, to, &index)
}

/// What no commit tracks here and was ignored there: it lay there then, or would not be seen.
fn stays(
    git: &GitCli,
    repo: &Repository,
    there: &Oid,
    found: &obstacle::Untracked,
) -> Result<Vec<Vec<u8>>, GitError> {
    if found.alone().is_empty() {
        return Ok(Vec::new());
    }
    let tracked = obstacle::over_index(git, repo, there, &repo.git_dir.join("index"))?;
    let untracked: Vec<Vec<u8>> = found.alone().difference(tracked.alone()).cloned().collect();
    ignored::ignored_in(git, repo, there, &untracked)
}

/// The files as they lay.
fn tree_of(git: &GitCli, repo: &Repository, state: &WorkTreeState) -> Result<Oid, GitError> {
    let Some(commit) = state.work.as_ref().or(state.commit.as_ref()) else {
        return git.write(&repo.root, "mktree").id();
    };
    let tree = format!("{commit}^{{tree}}");
    git.read(&repo.root, "rev-parse").args(["--verify", "--quiet", &tree]).id()
}

/// In a sparse checkout git writes no file outside of it; those that lay there all the same are
/// the ones that the index of then does not leave out.
fn outside_of_sparse(
    git: &GitCli,
    repo: &Repository,
    to: &WorkTreeState,
    index: &WorkIndex,
) -> Result<(), GitError> {
    let left_out = skipped(git, repo, index.path().as_os_str())?;
    if left_out.is_empty() {
        return Ok(());
    }
    let then = skipped(git, repo, index_file(repo, &to.id).as_os_str())?;
    let mut paths = Vec::new();
    for path in left_out.into_iter().filter(|path| !then.contains(path)) {
        paths.extend(path);
        paths.push(0);
    }
    if paths.is_empty() {
        return Ok(());
    }
    let call = git.write(&repo.root, "checkout-index").on_a_copy(index.path());
    let args = ["--force", "--ignore-skip-worktree-bits", "-z", "--stdin"];
    call.args(args).input(paths).ok().map(|_| ())
}

/// Paths that an index has and the work tree is not to have.
fn skipped(
    git: &GitCli,
    repo: &Repository,
    index: &std::ffi::OsStr,
) -> Result<std::collections::BTreeSet<Vec<u8>>, GitError> {
    let call = git.read(&repo.root, "ls-files").env("GIT_INDEX_FILE", index);
    let out = call.args(["-t", "-z"]).ok()?;
    let records = out.split(|byte| *byte == 0);
    Ok(records.filter_map(|record| record.strip_prefix(b"S ")).map(<[u8]>::to_vec).collect())
}

/// The files are back by now: what the merge still knows is of no use.
fn forget_merge(git: &GitCli, repo: &Repository) -> Result<(), GitError> {
    if !repo.git_dir.join("MERGE_HEAD").exists() {
        return Ok(());
    }
    git.write(&repo.root, "merge").arg("--quit").ok().map(|_| ())
}

const WHY: &str = "convosync: undo";

fn head(git: &GitCli, repo: &Repository, to: &WorkTreeState) -> Result<(), GitError> {
    let now = git.read(&repo.root, "symbolic-ref").args(["--quiet", "HEAD"]).run()?;
    let now = now.text();
    match (&to.branch, &to.commit) {
        (Some(branch), _) => {
            let full = format!("refs/heads/{}", name::branch(branch)?);
            if now.trim_end() == full {
                return Ok(());
            }
            git.write(&repo.root, "symbolic-ref").args(["-m", WHY, "HEAD", &full]).ok()?;
        }
        (None, Some(commit)) => {
            let args = ["--no-deref", "-m", WHY, "HEAD", commit.as_str()];
            git.write(&repo.root, "update-ref").args(args).ok()?;
        }
        (None, None) => {}
    }
    Ok(())
}

/// All of them or none.
fn refs(git: &GitCli, repo: &Repository, from: &[Named], to: &[Named]) -> Result<(), GitError> {
    let mut lines = String::new();
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for (name, wanted) in to {
        let now = from.iter().find(|(other, _)| other == name).and_then(|(_, now)| now.as_ref());
        match (now, wanted) {
            (now, wanted) if now == wanted.as_ref() => {}
            (Some(now), Some(wanted)) => lines.push_str(&format!("update {name} {wanted} {now}\n")),
            (Some(now), None) => {
                lines.push_str(&format!("delete {name} {now}\n"));
                gone.extend(name.strip_prefix("refs/heads/"));
            }
            (None, Some(wanted)) => {
                lines.push_str(&format!("create {name} {wanted}\n"));
                new.extend(name.strip_prefix("refs/heads/"));
            }
            (None, None) => {}
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    git.write(&repo.root, "update-ref").args(["-m", WHY, "--stdin"]).input(lines).ok()?;
    for branch in gone {
        // Its upstream, if it was given one.
        let section = format!("branch.{branch}");
        git.write(&repo.root, "config").args(["--local", "--remove-section", &section]).run()?;
    }
    new.into_iter().try_for_each(|branch| switch::adopt_upstream(git, repo, branch))
}

/// Puts the index of then in place, under git's own lock.
fn index(git: &GitCli, repo: &Repository, to: &WorkTreeState) -> Result<(), GitError> {
    let kept = Saved::of_file(repo, &index_file(repo, &to.id)).map_err(|error| failed(&error))?;
    if kept.is_none() && to.commit.is_some() {
        return Err(failed(&ErrorKind::NotFound.into()));
    }
    match kept.restore() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(GitError::Locked { path: lock_file(repo).display().to_string() });
        }
        put => put.map_err(|error| failed(&error))?,
    }
    // Files that came back have new times. 1: some differ from it, as they did then.
    git.write(&repo.root, "update-index").args(["-q", "--refresh"]).run().map(|_| ())
}

fn stashes(git: &GitCli, repo: &Repository, from: &[Named], to: &[Named]) -> Result<(), GitError> {
    for (message, wanted) in to {
        let now = from.iter().find(|(other, _)| other == message).and_then(|(_, now)| now.as_ref());
        match (now, wanted) {
            (Some(now), None) => drop_stash(git, repo, now)?,
            (None, Some(wanted)) => {
                // As it was named: `On main: <message>`.
                let args = ["--no-patch", "--format=%s", wanted.as_str()];
                let subject = git.read(&repo.root, "show").args(args).ok()?;
                let subject = String::from_utf8_lossy(&subject);
                let args = ["store", "--quiet", "--message", subject.trim_end(), wanted.as_str()];
                git.write(&repo.root, "stash").args(args).ok()?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The entries with these messages.
pub(super) fn stashed(
    git: &GitCli,
    repo: &Repository,
    messages: &[String],
) -> Result<Vec<Named>, GitError> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let list = entries(git, repo)?;
    let find = |message: &String| {
        // `On main: <message>`.
        let of = |(_, text): &&(Oid, String)| {
            text.strip_suffix(message.as_str()).is_some_and(|rest| rest.ends_with(": "))
        };
        list.iter().find(of).map(|(commit, _)| commit.clone())
    };
    Ok(messages.iter().map(|message| (message.clone(), find(message))).collect())
}

fn entries(git: &GitCli, repo: &Repository) -> Result<Vec<(Oid, String)>, GitError> {
    let out = git.read(&repo.root, "stash").args(["list", "-z", "--format=%H %gs"]).ok()?;
    let text = String::from_utf8_lossy(&out).into_owned();
    let entry =
        |line: &str| line.split_once(' ').and_then(|(id, s)| Some((oid(id)?, s.to_owned())));
    Ok(text.split('\0').filter_map(entry).collect())
}

fn drop_stash(git: &GitCli, repo: &Repository, commit: &Oid) -> Result<(), GitError> {
    let list = entries(git, repo)?;
    let Some(at) = list.iter().position(|(other, _)| other == commit) else { return Ok(()) };
    let entry = format!("stash@{{{at}}}");
    git.write(&repo.root, "stash").args(["drop", "--quiet", &entry]).ok().map(|_| ())
}

/// The commits of refs, none for each that is not there.
pub(super) fn commits_of(
    git: &GitCli,
    repo: &Repository,
    names: &[String],
) -> Result<Vec<Named>, GitError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let args = ["--format=%(objectname) %(refname)"];
    let out = git.read(&repo.root, "for-each-ref").args(args).args(names).ok()?;
    let text = String::from_utf8_lossy(&out).into_owned();
    let found: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    let commit = |name: &String| found.iter().find(|(_, known)| known == name);
    Ok(names.iter().map(|name| (name.clone(), commit(name).and_then(|(id, _)| oid(id)))).collect())
}

fn refusal(why: &str) -> GitError {
    GitError::InTheWay(why.to_owned())
}
