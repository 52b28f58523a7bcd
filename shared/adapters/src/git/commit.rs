//! Commits what there is, in three processes; in one when there is nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use convosync_core::Oid;
use convosync_engine::ports::{ChangeKind, Committed, GitError, HeadState, Repository};

use super::call::{Call, Output};
use super::index::{Saved, while_unlocked};
use super::status::{Status, shown, status};
use super::{GitCli, facts, letter_case, lfs, oid, submodule, unreadable};
use crate::disk;

/// Hooks that can refuse a commit. Git does not say which one did.
const HOOKS: [&str; 4] = ["pre-commit", "prepare-commit-msg", "commit-msg", "pre-merge-commit"];

pub(super) fn commit_all(
    git: &GitCli,
    repo: &Repository,
    message: &str,
    excludes: &[String],
) -> Result<Committed, GitError> {
    while_unlocked(git, repo, || {
        if let Some(operation) = facts::operation(git, repo)? {
            return Err(refusal(&format!("{operation:?} in progress").to_lowercase()));
        }
        let (status, behind) = status(git, &repo.root)?.without(excludes);
        if status.entries.iter().any(|entry| entry.kind == ChangeKind::Conflicted) {
            return Err(refusal("there are conflicts"));
        }
        let mut done = if status.entries.is_empty() {
            nothing(status.commit.clone())?
        } else {
            lfs::check(git, repo, &status.entries, &behind)?;
            stage_and_commit(git, repo, message, &status, &behind)?
        };
        done.excluded = behind.iter().map(|path| shown(path)).collect();
        // The commit is made: what can't be told of it is no reason to stop.
        done.clashes = letter_case::of_new_names(git, repo, &status.entries).unwrap_or_default();
        done.submodules = submodule::left_behind(git, repo).unwrap_or_default();
        Ok(done)
    })
}

fn nothing(head: Option<Oid>) -> Result<Committed, GitError> {
    let commit = head.ok_or_else(|| refusal("there is nothing to commit yet"))?;
    Ok(committed(commit))
}

/// A commit that is there, of which nothing else is known.
fn committed(commit: Oid) -> Committed {
    Committed {
        commit,
        made: false,
        modified: 0,
        added: 0,
        excluded: Vec::new(),
        clashes: Vec::new(),
        submodules: Vec::new(),
    }
}

/// Stages and commits. If either fails, the index is put back, unless a commit was made after all.
fn stage_and_commit(
    git: &GitCli,
    repo: &Repository,
    message: &str,
    status: &Status,
    behind: &BTreeSet<Vec<u8>>,
) -> Result<Committed, GitError> {
    let index = Saved::of(repo).map_err(|error| refusal(&format!("the index: {error}")))?;
    let done = stage(git, repo, behind, None).and_then(|()| commit(git, repo, message, status));
    let failure = match done {
        Ok(Some(done)) => return Ok(done),
        // What there was to commit may be what another git has just committed.
        Ok(None) => return nothing(head(git, repo)?),
        Err(failure) => failure,
    };
    if head(git, repo).is_ok_and(|now| now == status.commit) {
        // A lock that came in between is another git at work: it staged on top of ours.
        let _ = index.restore();
    }
    Err(failure)
}

/// Stages everything but `behind`, in the repository's index or in another one.
pub(super) fn stage(
    git: &GitCli,
    repo: &Repository,
    behind: &BTreeSet<Vec<u8>>,
    index: Option<&Path>,
) -> Result<(), GitError> {
    stage_into(git, repo, behind, index.map(|index| (index, None)))
}

/// The same, with new objects in a directory of their own.
pub(super) fn stage_into(
    git: &GitCli,
    repo: &Repository,
    behind: &BTreeSet<Vec<u8>>,
    elsewhere: Option<(&Path, Option<&Path>)>,
) -> Result<(), GitError> {
    let call = || {
        let call = git.write(&repo.root, "add").arg("--all");
        let Some((index, objects)) = elsewhere else { return call };
        call.on_a_copy(index).objects_in(objects)
    };
    add(git, call, &all_but(behind))
}

/// Adds by pathspecs, each with its NUL; none: by what the call says itself.
pub(super) fn add<'g>(
    git: &GitCli,
    call: impl Fn() -> Call<'g>,
    paths: &[u8],
) -> Result<(), GitError> {
    let add = |sparse: bool| {
        // A new file outside of a sparse checkout is work too.
        let call = call().args(sparse.then_some("--sparse"));
        if paths.is_empty() {
            call.run()
        } else {
            // By standard input: there may be more than a command line holds.
            let listed = ["--pathspec-from-file=-", "--pathspec-file-nul"];
            call.args(listed).input(paths).run()
        }
    };
    let mut output = add(true)?;
    if output.is_usage() {
        output = add(false)?; // git before 2.34 knows no `--sparse`, and needs none
    }
    if output.success() { Ok(()) } else { Err(git.failure(&output)) }
}

/// Pathspecs, each with its NUL, for everything but these paths; none when there are none.
pub(super) fn all_but(behind: &BTreeSet<Vec<u8>>) -> Vec<u8> {
    let mut specs = Vec::new();
    if !behind.is_empty() {
        specs.extend_from_slice(b":(top)\0");
    }
    for path in behind {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        specs.extend_from_slice(b":(exclude,top,literal)");
        specs.extend_from_slice(path);
        specs.push(0);
    }
    specs
}

/// Makes the commit; none if what was staged is what HEAD has.
fn commit(
    git: &GitCli,
    repo: &Repository,
    message: &str,
    before: &Status,
) -> Result<Option<Committed>, GitError> {
    // Full ids in the summary save the question for them. The message is not seen in `ps`.
    let call = git.write(&repo.root, "commit").config("core.abbrev=no");
    let output = call.args(["--file=-", "--cleanup=whitespace"]).input(message).run()?;
    if !output.success() {
        return if is_nothing(&output) { Ok(None) } else { Err(failure(git, repo, &output)) };
    }
    let summary = Summary::read(&output.text());
    let commit = match summary.commit {
        Some(commit) if is_at(repo, &before.head, &commit) => commit,
        // A hook went on from our commit, or the ref is packed away: git knows.
        _ => head(git, repo)?.ok_or_else(|| unreadable("commit"))?,
    };
    let modified = summary.files.saturating_sub(summary.added);
    Ok(Some(Committed { made: true, modified, added: summary.added, ..committed(commit) }))
}

/// What a commit adds.
pub(super) fn added_lines(
    git: &GitCli,
    repo: &Repository,
    commit: &Oid,
    file: &Path,
) -> Result<(), GitError> {
    let call = git.read(&repo.root, "diff-tree").args(["--root", "-r", "--no-commit-id"]);
    patch_into(file, |how| call.args(how).arg(commit.as_str()))
}

/// Writes what a call tells as a patch without context. No program that a repository or its user
/// names for diffs is run.
pub(super) fn patch_into<'g>(
    file: &Path,
    call: impl FnOnce(&'static [&'static str]) -> Call<'g>,
) -> Result<(), GitError> {
    let options = &mut std::fs::File::options();
    let written = disk::create(options.write(true).create(true).truncate(true), file)
        .map_err(|error| refusal(&format!("{}: {error}", file.display())))?;
    let call = call(&[
        "-p",
        "-U0",
        "--no-prefix",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
        "--no-color",
        "--submodule=short",
        // A user may want lines between two changes; nobody here does.
        "--inter-hunk-context=0",
    ]);
    call.output_file(written).ok().map(drop)
}

/// Hooks write to standard error, so these words are git's own.
fn is_nothing(output: &Output) -> bool {
    let words = ["nothing to commit", "nothing added to commit", "no changes added to commit"];
    output.code == Some(1) && words.iter().any(|word| output.text().contains(word))
}

/// Git ends with 1 when a hook refused and with 128 when it failed itself.
pub(super) fn failure(git: &GitCli, repo: &Repository, output: &Output) -> GitError {
    let error = git.failure(output);
    if output.code != Some(1) || !matches!(error, GitError::Failed { .. }) {
        return error;
    }
    let present = hooks(git, &repo.root);
    if present.is_empty() {
        return error;
    }
    GitError::Hook { hook: present.join(" or "), output: output.said() }
}

/// The hooks that could have refused.
fn hooks(git: &GitCli, root: &Path) -> Vec<&'static str> {
    let Ok(out) = git.read(root, "rev-parse").args(["--git-path", "hooks"]).ok() else {
        return Vec::new();
    };
    let folder: PathBuf = String::from_utf8_lossy(&out).trim_end_matches('\n').into();
    let folder = root.join(folder);
    HOOKS.into_iter().filter(|hook| folder.join(hook).exists()).collect()
}

/// Whether the branch is at this commit, by a look at its file; "no" is no answer.
fn is_at(repo: &Repository, head: &HeadState, commit: &Oid) -> bool {
    let file = match head {
        HeadState::Branch(name) | HeadState::Unborn(name) => {
            repo.common_dir.join("refs/heads").join(name)
        }
        HeadState::Detached => repo.git_dir.join("HEAD"),
    };
    std::fs::read_to_string(file).is_ok_and(|text| text.trim() == commit.as_str())
}

/// The commit at HEAD.
pub(super) fn head(git: &GitCli, repo: &Repository) -> Result<Option<Oid>, GitError> {
    let args = ["--quiet", "--verify", "HEAD^{commit}"];
    // After a cancel too: what is put back then depends on it.
    let output = git.read(&repo.root, "rev-parse").args(args).tidying_up().run()?;
    match output.code {
        Some(0) => Ok(oid(&output.text())),
        Some(1) => Ok(None),
        _ => Err(git.failure(&output)),
    }
}

fn refusal(why: &str) -> GitError {
    GitError::Failed { what: "commit".to_owned(), output: why.to_owned() }
}

/// What `git commit` prints: `[main 1234…] subject`, ` 2 files changed, …`, ` create mode …`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Summary {
    commit: Option<Oid>,
    files: u64,
    added: u64,
}

impl Summary {
    fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let mut summary = Self::default();
        // A branch can hold `]` and no space, so the id is the first word that ends with it.
        let words = lines.next().unwrap_or_default().split(' ');
        summary.commit = words.filter_map(|word| word.strip_suffix(']')).find_map(oid);
        for line in lines {
            if line.starts_with(" create mode ") {
                summary.added += 1;
            } else if let Some((files, _)) = line.trim_start().split_once(" file") {
                summary.files = files.parse().unwrap_or(summary.files);
            }
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_tells_the_commit_and_the_files() {
        let id = "5837760326a8fdd50fcde71229b20ab721036d5f";
        let text = format!(
            "[a]b (root-commit) {id}] x] y\n Author: a\n 3 files changed, 2 insertions(+)\n \
             create mode 100644 d/m\n create mode 100644 n\n delete mode 100644 z\n"
        );
        let want = Summary { commit: oid(id), files: 3, added: 2 };
        assert_eq!(Summary::read(&text), want);
        assert_eq!(Summary::read(""), Summary::default());
    }
}
