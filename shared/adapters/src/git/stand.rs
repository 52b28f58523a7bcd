//! Keeps where a work tree stands, so that it can be brought back there.
//!
//! The index is a file that git replaces and never writes into, so a copy of it is exact. What
//! differs from HEAD becomes a commit that no branch has. Neither the index nor a file is touched.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use convosync_core::{Oid, WorkTreeState};
use convosync_engine::ports::{Facts, GitError, Repository};

use super::index::{CopiedIndex, while_unlocked};
use super::obstacle::{self, Wanted};
use super::status::status;
use super::{GitCli, commit, name, oid};
use crate::disk;
use crate::durable::{make_folder, sync_folder};

pub(super) fn stand(
    git: &GitCli,
    facts: &Facts,
    id: &str,
    excludes: &[String],
    also: &[Oid],
    theirs: Option<&Oid>,
) -> Result<WorkTreeState, GitError> {
    let repo = &facts.repository;
    let reference = name::own_ref("undo", id)?;
    let kept = while_unlocked(git, repo, || keep_index(git, repo, id))?;
    let shared = match theirs {
        Some(commit) if facts.changes.is_empty() => obstacle::same_here(git, repo, commit)?,
        _ => Vec::new(),
    };
    let mut state = WorkTreeState {
        id: id.to_owned(),
        branch: facts.head.branch().map(str::to_owned),
        commit: facts.commit.clone(),
        work: None,
        refs: Vec::new(),
        stashes: Vec::new(),
    };
    if facts.changes.is_empty() && shared.is_empty() && also.is_empty() {
        return Ok(state);
    }
    let staged = staged_tree(git, repo, &kept)?;
    let files = WorkIndex::of(git, repo, Some(&kept), excludes)?;
    files.add(git, repo, &shared)?;
    if let Some(commit) = theirs.filter(|_| !facts.changes.is_empty()) {
        let found = obstacle::over_index(git, repo, commit, files.path())?;
        files.add(git, repo, found.same())?;
    }
    let tree = files.tree(git, repo)?;
    let staged = match staged {
        Some(staged) => vec![commit_tree(git, repo, &staged, facts.commit.iter())?],
        None => Vec::new(),
    };
    let parents = facts.commit.iter().chain(&staged).chain(also);
    let work = commit_tree(git, repo, &tree, parents)?;
    git.write(&repo.root, "update-ref").args([&reference, work.as_str()]).ok()?;
    state.work = Some(work);
    Ok(state)
}

/// Removes what [`stand`] keeps.
pub(super) fn forget(
    git: &GitCli,
    repo: &Repository,
    state: &WorkTreeState,
) -> Result<(), GitError> {
    let reference = name::own_ref("undo", &state.id)?;
    match disk::remove_file(&index_file(repo, &state.id)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&error)),
        _ => {}
    }
    match &state.work {
        Some(_) => git.write(&repo.root, "update-ref").args(["-d", &reference]).ok().map(|_| ()),
        None => Ok(()),
    }
}

fn folder(repo: &Repository) -> PathBuf {
    repo.git_dir.join("convosync")
}

/// Where the index of a stand is kept.
pub(super) fn index_file(repo: &Repository, id: &str) -> PathBuf {
    folder(repo).join(format!("{id}.index"))
}

/// Copies the index, with the time that tells git which of its entries to distrust.
fn keep_index(git: &GitCli, repo: &Repository, id: &str) -> Result<PathBuf, GitError> {
    let (from, to) = (repo.git_dir.join("index"), index_file(repo, id));
    make_folder(&folder(repo)).map_err(|error| failed(&error))?;
    let temporary = to.with_extension("new");
    let modified = match File::open(&from) {
        Ok(file) => file.metadata().and_then(|meta| meta.modified()).map_err(|e| failed(&e))?,
        // A repository without a commit may have none.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(to),
        Err(error) => return Err(failed(&error)),
    };
    disk::copy(&from, &temporary).map_err(|error| failed(&error))?;
    if is_split(repo) {
        // What the other half is in may be gone by the time it is wanted.
        let call = git.write(&repo.root, "update-index").env("GIT_INDEX_FILE", &temporary);
        call.arg("--no-split-index").ok()?;
    }
    let kept = File::options().write(true).open(&temporary).and_then(|file| {
        disk::set_modified(&file, modified)?;
        disk::sync(&file)?;
        disk::rename(&temporary, &to)?;
        sync_folder(&folder(repo))
    });
    kept.map(|()| to).map_err(|error| failed(&error))
}

fn is_split(repo: &Repository) -> bool {
    let Ok(listing) = fs::read_dir(&repo.git_dir) else { return false };
    listing.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("sharedindex."))
}

/// What is staged; none while a merge has conflicts.
fn staged_tree(git: &GitCli, repo: &Repository, kept: &Path) -> Result<Option<Oid>, GitError> {
    // Git writes into the index that it makes a tree of.
    let copy = CopiedIndex::of_file(repo, kept).map_err(|error| failed(&error))?;
    let call = git.write(&repo.root, "write-tree").on_a_copy(copy.path());
    let output = call.run()?;
    Ok(if output.success() { oid(&output.text()) } else { None })
}

fn commit_tree<'o>(
    git: &GitCli,
    repo: &Repository,
    tree: &Oid,
    parents: impl Iterator<Item = &'o Oid>,
) -> Result<Oid, GitError> {
    let mut known: Vec<&Oid> = Vec::new();
    for parent in parents {
        if !known.contains(&parent) {
            known.push(parent);
        }
    }
    let parents = known.into_iter().flat_map(|parent| ["-p", parent.as_str()]);
    let args = ["--no-gpg-sign", "-m", "kept for `convosync undo`", tree.as_str()];
    git.write(&repo.root, "commit-tree").by_nobody().args(args).args(parents).id()
}

/// An index of the work tree's files as they lie, beside the real one: all that is neither
/// excluded nor ignored. Gone when dropped.
pub(super) struct WorkIndex(CopiedIndex);

impl WorkIndex {
    /// `base`: the index to begin with; none: the real one.
    pub(super) fn of(
        git: &GitCli,
        repo: &Repository,
        base: Option<&Path>,
        excludes: &[String],
    ) -> Result<Self, GitError> {
        let (_, behind) = status(git, &repo.root)?.without(excludes);
        let copied = match base {
            Some(base) => CopiedIndex::of_file(repo, base),
            None => CopiedIndex::of(repo),
        };
        let copied = copied.map_err(|error| failed(&error))?;
        commit::stage(git, repo, &behind, Some(copied.path()))?;
        Ok(Self(copied))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Adds files as a commit has them.
    pub(super) fn add(
        &self,
        git: &GitCli,
        repo: &Repository,
        files: &[Wanted],
    ) -> Result<(), GitError> {
        if files.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for file in files {
            lines.extend_from_slice(format!("{:o} {} 0\t", file.mode, file.blob).as_bytes());
            lines.extend_from_slice(&file.path);
            lines.push(0);
        }
        let call = git.write(&repo.root, "update-index").on_a_copy(self.path());
        call.args(["-z", "--index-info"]).input(lines).ok().map(|_| ())
    }

    /// Takes files out of it, and gives what is left.
    pub(super) fn without(
        &self,
        git: &GitCli,
        repo: &Repository,
        paths: &[Vec<u8>],
    ) -> Result<Oid, GitError> {
        let input: Vec<u8> = paths.iter().flat_map(|path| [path, &b"\0"[..]].concat()).collect();
        let call = git.write(&repo.root, "update-index").on_a_copy(self.path());
        call.args(["--force-remove", "-z", "--stdin"]).input(input).ok()?;
        self.tree(git, repo)
    }

    pub(super) fn tree(&self, git: &GitCli, repo: &Repository) -> Result<Oid, GitError> {
        git.write(&repo.root, "write-tree").on_a_copy(self.path()).id()
    }
}

pub(super) fn failed(error: &std::io::Error) -> GitError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => GitError::Full(error.to_string()),
        _ => GitError::Failed { what: "undo".to_owned(), output: format!("the index: {error}") },
    }
}
