//! Uncommitted work: a tree on top of HEAD, since there is no index. It is brought back and put
//! aside file by file, so that a device can die in between.

use std::path::Path;

use convosync_core::Oid;

use super::objects::{Commit, Tree};
use super::port::changes;
use super::{MemoryGit, Repo, refused};
use crate::ports::{CapturedWork, GitError, Repository, WorkHere};

impl MemoryGit {
    pub(super) fn captured(
        &self,
        repo: &Repository,
        file: &Path,
    ) -> Result<Option<CapturedWork>, GitError> {
        self.with(&repo.root, |repo| {
            let changes = changes(repo).len() as u64;
            let (Some((commit, base)), 1..) = (work(repo)?, changes) else { return Ok(None) };
            if let Some(bytes) = self.scratch.bytes(file) {
                *bytes.borrow_mut() = format!("-{base}\n{commit}").into_bytes();
            }
            let (pointers, submodules) = (Vec::new(), Vec::new());
            Ok(Some(CapturedWork { commit, base, changes, pointers, submodules }))
        })?
    }

    pub(super) fn compared(&self, repo: &Repository, known: &[Oid]) -> Result<WorkHere, GitError> {
        self.with(&repo.root, |repo| {
            let here = work(repo)?.filter(|_| !repo.is_clean());
            let Some((here, _)) = here else { return Ok(WorkHere::Clean) };
            if known.contains(&here) {
                return Ok(WorkHere::Same(here));
            }
            let part = known.iter().find(|work| repo.has.contains(*work) && is_part(repo, work));
            Ok(part.map_or(WorkHere::Own, |work| WorkHere::PartOf(work.clone())))
        })?
    }

    pub(super) fn restored(&self, repo: &Repository, work: &Oid) -> Result<(), GitError> {
        let whole = self.with(&repo.root, |repo| {
            match is_part(repo, work) || repo.is_clean() && is_on_top(repo, work) {
                true => Ok(repo.objects().tree(Some(work))),
                false => Err(refused("stash", "there are other changes")),
            }
        })??;
        self.walk_to(repo, &whole)
    }

    pub(super) fn lifted(
        &self,
        repo: &Repository,
        work: &Oid,
        id: &str,
    ) -> Result<Option<String>, GitError> {
        if self.with(&repo.root, Repo::is_clean)? {
            return Ok(None);
        }
        let bare = self.change(repo, |repo| {
            if !is_part(repo, work) {
                return Err(refused("stash", "there are other changes"));
            }
            repo.has.insert(work.clone());
            repo.kept.insert(format!("park/{id}"), work.clone());
            Ok(repo.committed())
        })?;
        self.walk_to(repo, &bare)?;
        Ok(Some(format!("refs/convosync/park/{id}")))
    }

    /// Brings the files there, one a step.
    fn walk_to(&self, repo: &Repository, wanted: &Tree) -> Result<(), GitError> {
        loop {
            let differs = self.with(&repo.root, |repo| {
                let mut paths = wanted.keys().chain(repo.tree.keys());
                paths.find(|path| wanted.get(*path) != repo.tree.get(*path)).cloned()
            })?;
            let Some(path) = differs else { return Ok(()) };
            self.change(repo, |repo| {
                match wanted.get(&path) {
                    Some(text) => repo.tree.insert(path, text.clone()),
                    None => repo.tree.remove(&path),
                };
                Ok(())
            })?;
        }
    }
}

/// The work here and the commit that it is on top of; the same on every device.
fn work(repo: &Repo) -> Result<Option<(Oid, Oid)>, GitError> {
    if repo.merging.is_some() {
        return Err(refused("stash", "a merge is in progress"));
    }
    let Some(base) = repo.commit().cloned() else { return Ok(None) };
    let (parents, tree) = (vec![base.clone()], repo.tree.clone());
    let commit = Commit { parents, tree, message: "uncommitted work".to_owned() };
    Ok(Some((repo.objects().add(commit), base)))
}

fn is_on_top(repo: &Repo, work: &Oid) -> bool {
    let commit = repo.objects().get(work);
    commit.is_some_and(|commit| commit.parents.first() == repo.commit())
}

/// Whether each file is as in the work or as in the commit.
fn is_part(repo: &Repo, work: &Oid) -> bool {
    let (bare, whole) = (repo.committed(), repo.objects().tree(Some(work)));
    let paths = bare.keys().chain(whole.keys()).chain(repo.tree.keys());
    let known = |path: &String| {
        let here = repo.tree.get(path);
        here == bare.get(path) || here == whole.get(path)
    };
    is_on_top(repo, work) && paths.into_iter().all(known)
}
