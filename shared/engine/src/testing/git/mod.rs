//! Repositories in memory: commits, branches, a stash, work trees, one remote each.
//!
//! Left out is what the protocol does not depend on: an index, ignored files, hooks, operations
//! other than a merge, more than one remote, two work trees of one repository.

mod objects;
mod port;
mod stand;
mod work;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use convosync_core::Oid;

use super::{MemoryScratch, Steps};
use crate::ports::{GitError, HeadState, Repository};
use objects::{Commit, Objects, Tree};

/// The name of every repository's only remote.
const ORIGIN: &str = "origin";

#[derive(Debug, Default)]
struct Shared {
    url: String,
    branches: BTreeMap<String, Oid>,
    has: BTreeSet<Oid>,
}

/// A remote that repositories are cloned from. Clones are the same remote.
#[derive(Debug, Clone)]
pub struct MemoryRemote {
    objects: Objects,
    shared: Rc<RefCell<Shared>>,
}

impl MemoryRemote {
    /// A remote with one commit, of this file, on `main`.
    #[must_use]
    pub fn new(url: &str, path: &str, text: &str) -> Self {
        let objects = Objects::default();
        let tree = Tree::from([(path.to_owned(), text.to_owned())]);
        let first = objects.add(Commit { parents: Vec::new(), tree, message: url.to_owned() });
        let shared = Shared {
            url: url.to_owned(),
            branches: BTreeMap::from([("main".to_owned(), first.clone())]),
            has: BTreeSet::from([first]),
        };
        Self { objects, shared: Rc::new(RefCell::new(shared)) }
    }

    /// The contents of `path` in every commit that a branch reaches.
    #[must_use]
    pub fn everywhere(&self, path: &str) -> BTreeSet<String> {
        let shared = self.shared.borrow();
        let commits = shared.branches.values().flat_map(|tip| self.objects.ancestry(tip));
        commits.filter_map(|oid| self.objects.tree(Some(&oid)).get(path).cloned()).collect()
    }
}

#[derive(Debug, Clone)]
struct Repo {
    remote: MemoryRemote,
    has: BTreeSet<Oid>,
    head: String,
    branches: BTreeMap<String, Oid>,
    tracking: BTreeMap<String, Oid>,
    upstreams: BTreeSet<String>,
    /// What is under `refs/convosync`.
    kept: BTreeMap<String, Oid>,
    stash: Vec<Oid>,
    tree: Tree,
    /// A merge that was begun: of what, and which paths conflict.
    merging: Option<(Oid, Vec<String>)>,
}

impl Repo {
    fn clone_of(remote: &MemoryRemote) -> Self {
        let shared = remote.shared.borrow();
        let tip = shared.branches.get("main").cloned();
        Self {
            has: shared.has.clone(),
            head: "main".to_owned(),
            branches: tip.iter().map(|tip| ("main".to_owned(), tip.clone())).collect(),
            tracking: shared.branches.clone(),
            upstreams: BTreeSet::from(["main".to_owned()]),
            kept: BTreeMap::new(),
            stash: Vec::new(),
            tree: remote.objects.tree(tip.as_ref()),
            remote: remote.clone(),
            merging: None,
        }
    }

    fn objects(&self) -> &Objects {
        &self.remote.objects
    }

    fn commit(&self) -> Option<&Oid> {
        self.branches.get(&self.head)
    }

    fn head(&self) -> HeadState {
        match self.commit() {
            Some(_) => HeadState::Branch(self.head.clone()),
            None => HeadState::Unborn(self.head.clone()),
        }
    }

    /// What the last commit has.
    fn committed(&self) -> Tree {
        self.objects().tree(self.commit())
    }

    fn is_clean(&self) -> bool {
        self.tree == self.committed() && self.merging.is_none()
    }

    fn reaches(&self, tips: &[Oid], commit: &Oid) -> bool {
        tips.iter().any(|tip| self.objects().ancestry(tip).contains(commit))
    }

    /// A commit of these contents on top of HEAD, on no ref.
    fn add(&mut self, tree: Tree, message: &str, more: Option<&Oid>) -> Oid {
        let parents: Vec<Oid> = self.commit().into_iter().chain(more).cloned().collect();
        self.add_on(tree, message, &parents.iter().collect::<Vec<_>>())
    }

    /// The same on top of these commits.
    fn add_on(&mut self, tree: Tree, message: &str, parents: &[&Oid]) -> Oid {
        let parents = parents.iter().copied().cloned().collect();
        let commit = Commit { parents, tree, message: message.to_owned() };
        let oid = self.objects().add(commit);
        self.has.insert(oid.clone());
        oid
    }

    /// Sets the present branch and the work tree.
    fn move_to(&mut self, commit: &Oid) {
        self.tree = self.objects().tree(Some(commit));
        self.branches.insert(self.head.clone(), commit.clone());
    }

    /// Takes in what a branch of the remote reaches.
    fn fetch(&mut self, branch: &str) {
        let remote = self.remote.clone();
        let shared = remote.shared.borrow();
        let Some(tip) = shared.branches.get(branch) else { return };
        self.has.extend(remote.objects.ancestry(tip));
        self.tracking.insert(branch.to_owned(), tip.clone());
    }
}

/// The git of one device. Clones see the same repositories.
#[derive(Clone, Default)]
pub struct MemoryGit {
    repos: Rc<RefCell<BTreeMap<PathBuf, Repo>>>,
    remotes: Rc<RefCell<Vec<MemoryRemote>>>,
    scratch: MemoryScratch,
    offline: Rc<Cell<bool>>,
    steps: Steps,
}

impl MemoryGit {
    /// A git without repositories that writes its bundles to these files.
    #[must_use]
    pub fn new(scratch: &MemoryScratch) -> Self {
        Self { scratch: scratch.clone(), ..Self::default() }
    }

    /// The same repositories; each change of one is a step.
    #[must_use]
    pub fn stepped(&self, steps: Steps) -> Self {
        Self { steps, ..self.clone() }
    }

    /// Makes a clone, as the user does.
    pub fn add_clone(&self, remote: &MemoryRemote, root: &Path) {
        self.remotes.borrow_mut().push(remote.clone());
        self.repos.borrow_mut().insert(root.to_owned(), Repo::clone_of(remote));
    }

    /// Whether the remotes answer.
    pub fn set_offline(&self, offline: bool) {
        self.offline.set(offline);
    }

    /// Writes a file of a work tree, as the user does.
    pub fn write(&self, root: &Path, path: &str, text: &str) {
        if let Some(repo) = self.repos.borrow_mut().get_mut(root) {
            repo.tree.insert(path.to_owned(), text.to_owned());
        }
    }

    /// A file of a work tree.
    #[must_use]
    pub fn read(&self, root: &Path, path: &str) -> Option<String> {
        self.repos.borrow().get(root)?.tree.get(path).cloned()
    }

    /// Switches to a branch, which is made here if there is none, as the user does. False: there
    /// are changes in the way.
    pub fn switch_to(&self, root: &Path, branch: &str) -> bool {
        let mut repos = self.repos.borrow_mut();
        let Some(repo) = repos.get_mut(root).filter(|repo| repo.is_clean()) else { return false };
        let Some(here) = repo.commit().cloned() else { return false };
        let tip = repo.branches.get(branch).cloned().unwrap_or(here);
        branch.clone_into(&mut repo.head);
        repo.move_to(&tip);
        true
    }

    /// Ends a merge that was begun, as the user does: with what both sides have, or not at all.
    pub fn end_merge(&self, root: &Path, resolve: bool) {
        let mut repos = self.repos.borrow_mut();
        let Some(repo) = repos.get_mut(root) else { return };
        let Some((theirs, _)) = repo.merging.take() else { return };
        if resolve {
            let merged = repo.add(repo.tree.clone(), "merged by hand", Some(&theirs));
            repo.move_to(&merged);
        } else {
            repo.tree = repo.committed();
        }
    }

    /// The contents of `path` in the work tree and in every commit that the user can get at:
    /// branches, the stash, what was put aside.
    #[must_use]
    pub fn everywhere(&self, root: &Path, path: &str) -> BTreeSet<String> {
        let repos = self.repos.borrow();
        let Some(repo) = repos.get(root) else { return BTreeSet::new() };
        let tips = repo.branches.values().chain(repo.kept.values()).chain(&repo.stash);
        let commits = tips.flat_map(|tip| repo.objects().ancestry(tip));
        let in_commits = commits.map(|oid| repo.objects().tree(Some(&oid)));
        let trees = in_commits.chain([repo.tree.clone()]);
        trees.filter_map(|tree| tree.get(path).cloned()).collect()
    }

    /// Reads a repository.
    fn with<T>(&self, root: &Path, read: impl FnOnce(&Repo) -> T) -> Result<T, GitError> {
        let repos = self.repos.borrow();
        repos.get(root).map(read).ok_or_else(|| nowhere(root))
    }

    /// Changes a repository in one step.
    fn change<T>(
        &self,
        repo: &Repository,
        change: impl FnOnce(&mut Repo) -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        self.steps.take();
        let mut repos = self.repos.borrow_mut();
        change(repos.get_mut(&repo.root).ok_or_else(|| nowhere(&repo.root))?)
    }

    fn online(&self) -> Result<(), GitError> {
        match self.offline.get() {
            true => Err(GitError::Unreachable("a fault for a test".to_owned())),
            false => Ok(()),
        }
    }
}

fn nowhere(root: &Path) -> GitError {
    GitError::NotARepository(root.display().to_string())
}

fn refused(what: &str, why: &str) -> GitError {
    GitError::Failed { what: what.to_owned(), output: why.to_owned() }
}
