//! Keeping where a work tree stands, and bringing it back there, in memory.

use convosync_core::{Oid, WorkTreeState};

use super::{Commit, MemoryGit, Repo, refused};
use crate::ports::{Facts, GitError, Repository};

type Named = (String, Option<Oid>);

fn tree_of(repo: &Repo, state: &WorkTreeState) -> super::Tree {
    repo.objects().tree(state.work.as_ref().or(state.commit.as_ref()))
}

impl Repo {
    fn reference(&self, name: &str) -> Option<&Oid> {
        match name.strip_prefix("refs/heads/") {
            Some(branch) => self.branches.get(branch),
            None => self.kept.get(name.strip_prefix("refs/convosync/")?),
        }
    }

    fn set_reference(&mut self, name: &str, commit: Option<&Oid>) {
        let (of, name) = match name.strip_prefix("refs/heads/") {
            Some(branch) => (&mut self.branches, branch),
            None => (&mut self.kept, name.strip_prefix("refs/convosync/").unwrap_or(name)),
        };
        match commit {
            Some(commit) => of.insert(name.to_owned(), commit.clone()),
            None => of.remove(name),
        };
    }
}

impl MemoryGit {
    pub(super) fn commits_of(
        &self,
        repo: &Repository,
        names: &[String],
    ) -> Result<Vec<Named>, GitError> {
        self.with(&repo.root, |repo| {
            names.iter().map(|name| (name.clone(), repo.reference(name).cloned())).collect()
        })
    }

    pub(super) fn stashed_as(
        &self,
        repo: &Repository,
        messages: &[String],
    ) -> Result<Vec<Named>, GitError> {
        self.with(&repo.root, |repo| {
            let is = |oid: &&Oid, text: &String| {
                repo.objects().get(oid).is_some_and(|commit| commit.message == *text)
            };
            let find = |text: &String| repo.stash.iter().find(|oid| is(oid, text)).cloned();
            messages.iter().map(|text| (text.clone(), find(text))).collect()
        })
    }

    pub(super) fn keep_stand(
        &self,
        facts: &Facts,
        id: &str,
        also: &[Oid],
    ) -> Result<WorkTreeState, GitError> {
        let mut state = WorkTreeState {
            id: id.to_owned(),
            branch: facts.head.branch().map(str::to_owned),
            commit: facts.commit.clone(),
            work: None,
            refs: Vec::new(),
            stashes: Vec::new(),
        };
        self.change(&facts.repository, |repo| {
            if !repo.is_clean() || !also.is_empty() {
                let parents: Vec<Oid> = repo.commit().into_iter().chain(also).cloned().collect();
                let message = "kept for `convosync undo`".to_owned();
                let commit = Commit { parents, tree: repo.tree.clone(), message };
                let work = repo.objects().add(commit);
                repo.kept.insert(format!("undo/{id}"), work.clone());
                state.work = Some(work);
            }
            Ok(())
        })?;
        Ok(state)
    }

    /// Files, then HEAD and refs, then the stash: a step each.
    pub(super) fn bring_back(
        &self,
        repo: &Repository,
        from: &WorkTreeState,
        to: &WorkTreeState,
    ) -> Result<(), GitError> {
        self.change(repo, |repo| {
            if repo.tree != tree_of(repo, from) {
                return Err(GitError::InTheWay("files were changed meanwhile".to_owned()));
            }
            repo.tree = tree_of(repo, to);
            repo.merging = None;
            Ok(())
        })?;
        self.change(repo, |repo| {
            to.branch.iter().for_each(|branch| branch.clone_into(&mut repo.head));
            Ok(())
        })?;
        self.change(repo, |repo| {
            for (name, commit) in &to.refs {
                repo.set_reference(name, commit.as_ref());
            }
            Ok(())
        })?;
        self.change(repo, |repo| {
            for (message, commit) in &to.stashes {
                let now = from.stashes.iter().find(|(other, _)| other == message);
                match (now.and_then(|(_, now)| now.as_ref()), commit) {
                    (Some(now), None) => repo.stash.retain(|oid| oid != now),
                    (None, Some(commit)) => repo.stash.push(commit.clone()),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    pub(super) fn drop_stand(
        &self,
        repo: &Repository,
        state: &WorkTreeState,
    ) -> Result<(), GitError> {
        self.change(repo, |repo| {
            repo.kept.remove(&format!("undo/{}", state.id));
            Ok(())
        })
    }

    pub(super) fn conclude_merge(&self, repo: &Repository) -> Result<(), GitError> {
        self.change(repo, |repo| {
            let Some((theirs, _)) = repo.merging.take() else {
                return Err(refused("commit", "no merge is in progress"));
            };
            let merged = repo.add(repo.tree.clone(), "merged by hand", Some(&theirs));
            repo.move_to(&merged);
            Ok(())
        })
    }

    /// Says that a conflict is resolved, as `git add` does.
    pub fn resolve(&self, root: &std::path::Path, path: &str, text: &str) {
        if let Some(repo) = self.repos.borrow_mut().get_mut(root) {
            repo.tree.insert(path.to_owned(), text.to_owned());
            if let Some((_, paths)) = &mut repo.merging {
                paths.retain(|other| other != path);
            }
        }
    }

    /// All that `convosync undo` promises to bring back, but for what it keeps itself: HEAD, the
    /// files, branches, refs, the stash.
    #[must_use]
    pub fn picture(&self, root: &std::path::Path) -> String {
        let repos = self.repos.borrow();
        let Some(repo) = repos.get(root) else { return String::new() };
        let kept: Vec<_> = repo.kept.iter().filter(|(name, _)| name.starts_with("park/")).collect();
        let Repo { head, branches, stash, tree, .. } = repo;
        let merging = repo.merging.is_some();
        format!("{head}\n{branches:?}\n{kept:?}\n{stash:?}\n{tree:?}\n{merging}")
    }
}
