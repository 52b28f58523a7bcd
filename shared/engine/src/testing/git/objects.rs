//! Commits, and how they stand to each other.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use convosync_core::Oid;

use crate::ports::Relation;

/// Contents by path.
pub(super) type Tree = BTreeMap<String, String>;

#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) parents: Vec<Oid>,
    pub(super) tree: Tree,
    pub(super) message: String,
}

/// Every commit of every repository of a test: a repository is told apart by which of them it has.
/// Clones are the same commits.
#[derive(Debug, Clone, Default)]
pub(super) struct Objects(Rc<RefCell<BTreeMap<Oid, Commit>>>);

impl Objects {
    /// Adds a commit under the digest of what it holds.
    pub(super) fn add(&self, commit: Commit) -> Oid {
        let hex = blake3::hash(format!("{commit:?}").as_bytes()).to_hex();
        let oid: Oid = hex[..40].parse().expect("40 hex digits are an id");
        self.0.borrow_mut().insert(oid.clone(), commit);
        oid
    }

    pub(super) fn get(&self, oid: &Oid) -> Option<Commit> {
        self.0.borrow().get(oid).cloned()
    }

    pub(super) fn tree(&self, oid: Option<&Oid>) -> Tree {
        oid.and_then(|oid| self.get(oid)).map(|commit| commit.tree).unwrap_or_default()
    }

    /// A commit and all that it reaches.
    pub(super) fn ancestry(&self, oid: &Oid) -> BTreeSet<Oid> {
        let objects = self.0.borrow();
        let (mut found, mut next) = (BTreeSet::new(), vec![oid.clone()]);
        while let Some(oid) = next.pop() {
            let Some(commit) = objects.get(&oid) else { continue };
            if found.insert(oid) {
                next.extend(commit.parents.iter().cloned());
            }
        }
        found
    }

    pub(super) fn root(&self, oid: &Oid) -> Option<Oid> {
        let parentless = |oid: &Oid| self.get(oid).is_some_and(|c| c.parents.is_empty());
        self.ancestry(oid).into_iter().find(parentless)
    }

    pub(super) fn relation(&self, ours: &Oid, theirs: &Oid) -> Relation {
        let (mine, yours) = (self.ancestry(ours), self.ancestry(theirs));
        let count = |some: &BTreeSet<Oid>, others| some.difference(others).count() as u64;
        let (more, less) = (count(&mine, &yours), count(&yours, &mine));
        match (more, less) {
            (0, 0) => Relation::Same,
            (0, theirs) => Relation::Behind(theirs),
            (ours, 0) => Relation::Ahead(ours),
            _ if mine.is_disjoint(&yours) => Relation::Unrelated,
            (ours, theirs) => Relation::Diverged { ours, theirs },
        }
    }

    /// Both trees in one, and the paths that both sides changed, each in its own way.
    pub(super) fn merged(&self, ours: &Oid, theirs: &Oid) -> (Tree, Vec<String>) {
        let (mine, yours) = (self.ancestry(ours), self.ancestry(theirs));
        // The common ancestor that reaches furthest.
        let base = mine.intersection(&yours).max_by_key(|oid| self.ancestry(oid).len());
        let base = self.tree(base);
        let (mut merged, theirs) = (self.tree(Some(ours)), self.tree(Some(theirs)));
        let mut conflicts = Vec::new();
        let paths: BTreeSet<_> = merged.keys().chain(theirs.keys()).cloned().collect();
        for path in paths {
            let (old, here, there) = (base.get(&path), merged.get(&path), theirs.get(&path));
            if here == there || there == old {
                continue;
            }
            if here != old {
                conflicts.push(path);
                continue;
            }
            match there.cloned() {
                Some(text) => merged.insert(path, text),
                None => merged.remove(&path),
            };
        }
        (merged, conflicts)
    }
}
