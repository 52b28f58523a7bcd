//! The work here as trees and one commit. The user's index, refs and files are only read.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use convosync_core::Oid;
use convosync_engine::ports::{ChangeKind, GitError, Repository};

use super::super::call::Call;
use super::super::index::{CopiedIndex, OBJECTS};
use super::super::obstacle::lies;
use super::super::status::{Status, changes, shown, status};
use super::super::{GitCli, commit, facts};
use super::difference::{Difference, difference};
use crate::disk;

/// Nobody made a piece of work, at no time: equal work has to be equal.
const NEVER: &str = "@0 +0000";

/// Objects that never get into the repository: beside its own, and gone when dropped. A save that
/// is made after every turn would otherwise leave what no ref holds to the user's `git gc`.
pub(in super::super) struct Quarantine(PathBuf);

impl Quarantine {
    pub(in super::super) fn of(repo: &Repository) -> std::io::Result<Self> {
        let name = format!("{OBJECTS}{}", std::process::id());
        let quarantine = Self(repo.git_dir.join(name));
        let _ = disk::remove_dir_all(&quarantine.0); // of a process that had this id and died
        disk::create_dir_all(&quarantine.0.join("info"))?;
        // In a file and not in a variable: whatever the path holds, it is one line, in git's quotes.
        let real = repo.common_dir.join("objects");
        let line = super::super::obstacle::quoted(real.as_os_str().as_bytes());
        disk::write(&quarantine.0.join("info/alternates"), line)?;
        Ok(quarantine)
    }

    pub(in super::super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Quarantine {
    fn drop(&mut self) {
        let _ = disk::remove_dir_all(&self.0);
    }
}

/// The work here.
pub(super) struct Snapshot {
    /// The commit that it is on top of.
    pub(super) base: Oid,
    /// The tree of the index.
    pub(super) index: Oid,
    /// All of it.
    pub(super) commit: Oid,
    /// Paths that differ, each once.
    pub(super) changes: u64,
    /// What differs between the commit and what lies here.
    pub(super) changed: Difference,
}

/// Takes the work here down. `None`: there is none. `objects`: where new objects go, if not into
/// the repository.
pub(super) fn snapshot(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
    objects: Option<&Path>,
) -> Result<Option<Snapshot>, GitError> {
    if let Some(operation) = facts::operation(git, repo)? {
        return Err(refusal(&format!("{operation:?} in progress").to_lowercase()));
    }
    let (status, behind) = status(git, &repo.root)?.without(excludes);
    if status.entries.iter().any(|entry| entry.kind == ChangeKind::Conflicted) {
        return Err(refusal("there are conflicts"));
    }
    if status.entries.is_empty() {
        return Ok(None);
    }
    let base = status.commit.clone().ok_or_else(|| {
        refusal("the branch has no commit yet, so there is nothing that work could be on top of")
    })?;
    let index = CopiedIndex::of(repo).map_err(|error| refusal(&format!("the index: {error}")))?;
    let taking = Taking { git, repo, objects, index: index.path() };
    taking.all(base, &status, &behind).map(Some)
}

/// What it takes to write trees.
struct Taking<'a> {
    git: &'a GitCli,
    repo: &'a Repository,
    objects: Option<&'a Path>,
    /// The copy.
    index: &'a Path,
}

impl<'a> Taking<'a> {
    fn call(&self, what: &'static str) -> Call<'a> {
        let call = self.git.write(&self.repo.root, what).on_a_copy(self.index);
        call.objects_in(self.objects)
    }

    fn difference(&self, old: &Oid, new: &Oid) -> Result<Difference, GitError> {
        difference(self.git, &self.repo.root, self.objects, old, new)
    }

    fn all(
        &self,
        base: Oid,
        status: &Status,
        behind: &BTreeSet<Vec<u8>>,
    ) -> Result<Snapshot, GitError> {
        let index = self.tree()?;
        commit::stage_into(self.git, self.repo, behind, Some((self.index, self.objects)))?;
        let staged = self.tree()?;
        let unstaged = self.difference(&index, &staged)?;
        refuse_loss(&self.repo.root, &unstaged)?;
        let (files, changed) = self.with_what_stays(&base, staged)?;
        let intended = self.intended(status, &unstaged)?;
        let index_commit = self.commit(&index, [Some(&base), intended.as_ref()])?;
        let commit = self.commit(&files, [Some(&base), Some(&index_commit)])?;
        let changes = changes(&status.entries).len() as u64;
        Ok(Snapshot { base, index, commit, changes, changed })
    }

    fn tree(&self) -> Result<Oid, GitError> {
        self.call("write-tree").id()
    }

    /// A file that was taken out of the index, and lies here still where git does not look
    /// (ignored, or kept back), stays where it is on the other side too. Gives the tree, and how it
    /// differs from the commit.
    fn with_what_stays(&self, base: &Oid, staged: Oid) -> Result<(Oid, Difference), GitError> {
        let changed = self.difference(base, &staged)?;
        let gone = changed.iter().filter(|(_, pair)| !pair.new.is_there());
        let stays = gone.filter(|(path, _)| lies(&self.repo.root, path));
        let entries: Vec<u8> = stays.flat_map(|(path, pair)| pair.old.entry(path)).collect();
        if entries.is_empty() {
            return Ok((staged, changed));
        }
        self.call("update-index").args(["-z", "--index-info"]).input(entries).ok()?;
        let files = self.tree()?;
        let changed = self.difference(base, &files)?;
        Ok((files, changed))
    }

    /// The names that were added without contents, as a commit; the index is of no use afterwards.
    fn intended(&self, status: &Status, unstaged: &Difference) -> Result<Option<Oid>, GitError> {
        let names = status.entries.iter().filter(|entry| entry.intended);
        let entries: Vec<u8> = names
            .filter_map(|entry| Some((&entry.path, unstaged.get(&entry.path)?)))
            .flat_map(|(path, pair)| pair.new.entry(path))
            .collect();
        if entries.is_empty() {
            return Ok(None);
        }
        self.call("read-tree").arg("--empty").ok()?;
        self.call("update-index").args(["-z", "--index-info"]).input(entries).ok()?;
        self.commit(&self.tree()?, [None, None]).map(Some)
    }

    fn commit(&self, tree: &Oid, parents: [Option<&Oid>; 2]) -> Result<Oid, GitError> {
        let call = self.call("commit-tree").config("i18n.commitEncoding=UTF-8").by_nobody();
        let call = call.env("GIT_AUTHOR_DATE", NEVER).env("GIT_COMMITTER_DATE", NEVER);
        let parents = parents.into_iter().flatten().flat_map(|parent| ["-p", parent.as_str()]);
        let args = ["--no-gpg-sign", "-m", "Uncommitted work [ConvoSync]", tree.as_str()];
        call.args(args).args(parents).id()
    }
}

/// A capture that says of a file which lies here that it was deleted would delete it on the other
/// side: what git was told not to look at is no deletion.
fn refuse_loss(root: &Path, unstaged: &Difference) -> Result<(), GitError> {
    let gone = unstaged.iter().filter(|(_, pair)| !pair.new.is_there());
    match gone.map(|(path, _)| path).find(|path| lies(root, path)) {
        Some(path) => Err(refusal(&format!(
            "git takes {} for deleted, but it is there: the capture would delete it elsewhere",
            shown(path)
        ))),
        None => Ok(()),
    }
}

pub(super) fn refusal(why: &str) -> GitError {
    GitError::Failed { what: "stash".to_owned(), output: why.to_owned() }
}
