//! The port over repositories in memory.

use std::path::{Path, PathBuf};

use convosync_core::{HeadMove, Oid, WorkTreeState};

use super::{Commit, MemoryGit, ORIGIN, Repo, Tree, refused};
use crate::ports::{
    Advertised, Branch, CapturedWork, Change, ChangeKind, Committed, Facts, Git, GitError,
    Identity, JoinedCode, Operation, Parked, Push, Relation, Remote, Repository, Underway,
    Upstream, WorkHere,
};

impl Git for MemoryGit {
    fn identity(&self, directory: &Path) -> Result<Identity, GitError> {
        let Facts { remotes, repository, .. } = self.facts(directory, &[])?;
        Ok(Identity { remotes, root: Some(repository.root) })
    }

    fn facts(&self, directory: &Path, _excludes: &[String]) -> Result<Facts, GitError> {
        let repos = self.repos.borrow();
        let mut above = directory.ancestors();
        let root = above.find(|path| repos.contains_key(*path));
        let root = root.ok_or_else(|| super::nowhere(directory))?;
        Ok(facts(root, &repos[root]))
    }

    fn root_commit(&self, repo: &Repository) -> Result<Option<Oid>, GitError> {
        self.with(&repo.root, |repo| repo.commit().and_then(|oid| repo.objects().root(oid)))
    }

    fn head_moves(&self, _repo: &Repository) -> Result<Vec<HeadMove>, GitError> {
        Ok(Vec::new())
    }

    fn commit_all(
        &self,
        repo: &Repository,
        message: &str,
        _excludes: &[String],
    ) -> Result<Committed, GitError> {
        self.change(repo, |repo| {
            if repo.merging.is_some() {
                return Err(refused("commit", "a merge is in progress"));
            }
            let changes = changes(repo);
            let made = !changes.is_empty();
            if made {
                let commit = repo.add(repo.tree.clone(), message, None);
                repo.branches.insert(repo.head.clone(), commit);
            }
            let added = changes.iter().filter(|change| change.kind == ChangeKind::New).count();
            let commit = repo.commit().cloned();
            Ok(Committed {
                commit: commit.ok_or_else(|| refused("commit", "nothing to commit"))?,
                made,
                modified: (changes.len() - added) as u64,
                added: added as u64,
                excluded: Vec::new(),
                clashes: Vec::new(),
                submodules: Vec::new(),
            })
        })
    }

    /// It keeps whole trees and no lines.
    fn added_lines(&self, _: &Repository, _: &Oid, _: &Path) -> Result<(), GitError> {
        Ok(())
    }

    fn foresee_lines(&self, _: &Repository, _: &[String], _: &Path) -> Result<(), GitError> {
        Ok(())
    }

    fn foresee_commit(&self, repo: &Repository, _excludes: &[String]) -> Result<Oid, GitError> {
        self.change(repo, |repo| Ok(repo.add(repo.tree.clone(), "foreseen", None)))
    }

    /// The remote has it at once; the device only knows once it has waited for the end.
    fn start_push<'g>(
        &'g self,
        repo: &Repository,
        _remote: &str,
        branch: &str,
        commit: &Oid,
        track: bool,
    ) -> Result<Box<dyn Underway<Push> + 'g>, GitError> {
        let sent = match self.online() {
            Ok(()) => Ok(self.change(repo, |repo| Ok(push(repo, branch, commit)))?),
            Err(error) => Err(error),
        };
        let (repo, branch, commit) = (repo.clone(), branch.to_owned(), commit.clone());
        Ok(Box::new(Sent { git: self, repo, branch, commit, track, sent }))
    }

    fn advertised(&self, repo: &Repository, _remote: &str) -> Result<Advertised, GitError> {
        self.online()?;
        self.with(&repo.root, |repo| {
            let shared = repo.remote.shared.borrow();
            let oids = shared.branches.values().cloned().collect();
            Advertised { oids, default_branch: Some("main".to_owned()) }
        })
    }

    fn tracked(&self, repo: &Repository, _remote: &str, commit: &Oid) -> Result<bool, GitError> {
        self.with(&repo.root, |repo| {
            let tips: Vec<_> = repo.tracking.values().cloned().collect();
            repo.reaches(&tips, commit)
        })
    }

    fn tracking_tips(&self, repo: &Repository, _remote: &str) -> Result<Vec<Oid>, GitError> {
        self.with(&repo.root, |repo| repo.tracking.values().cloned().collect())
    }

    fn bundle(
        &self,
        repo: &Repository,
        commit: &Oid,
        known: &[Oid],
        file: &Path,
    ) -> Result<Option<Vec<Oid>>, GitError> {
        self.with(&repo.root, |repo| {
            let mut new = repo.objects().ancestry(commit);
            for known in known.iter().filter(|oid| repo.has.contains(*oid)) {
                let reached = repo.objects().ancestry(known);
                new.retain(|oid| !reached.contains(oid));
            }
            if new.is_empty() {
                return None;
            }
            let parents =
                new.iter().filter_map(|oid| repo.objects().get(oid)).flat_map(|c| c.parents);
            let needs: Vec<_> = parents.filter(|oid| !new.contains(oid)).collect();
            let lines: Vec<_> = needs.iter().map(|oid| format!("-{oid}")).collect();
            let lines = lines.into_iter().chain(new.iter().map(Oid::to_string));
            let text: Vec<_> = lines.collect();
            if let Some(bytes) = self.scratch.bytes(file) {
                *bytes.borrow_mut() = text.join("\n").into_bytes();
            }
            Some(needs)
        })
    }

    fn unbundle(
        &self,
        repo: &Repository,
        file: &Path,
        commit: &Oid,
        name: &str,
    ) -> Result<(), GitError> {
        let bytes = self.scratch.bytes(file).map(|bytes| bytes.borrow().clone());
        let text = String::from_utf8(bytes.unwrap_or_default());
        let text = text.map_err(|_| refused("bundle", "not a bundle"))?;
        let oid = |text: &str| text.parse::<Oid>().map_err(|_| refused("bundle", "not a bundle"));
        self.change(repo, |repo| {
            let mut new = Vec::new();
            for line in text.lines() {
                match line.strip_prefix('-') {
                    Some(needed) if !repo.has.contains(&oid(needed)?) => {
                        return Err(refused("bundle", "it needs commits that are not here"));
                    }
                    Some(_) => {}
                    None => new.push(oid(line)?),
                }
            }
            if !new.contains(commit) {
                return Err(refused("bundle", "it does not hold the commit"));
            }
            repo.has.extend(new);
            repo.kept.insert(format!("in/{name}"), commit.clone());
            Ok(())
        })
    }

    /// Everything is here at once, before anybody waits for it.
    fn start_fetch<'g>(
        &'g self,
        repo: &Repository,
        _remote: &str,
        branch: &str,
    ) -> Result<Box<dyn Underway<()> + 'g>, GitError> {
        let fetch = |repo: &mut Repo| {
            repo.fetch(branch);
            Ok(())
        };
        Ok(Box::new(Fetched(self.online().and_then(|()| self.change(repo, fetch)))))
    }

    fn fetch_commit(&self, repo: &Repository, _remote: &str, commit: &Oid) -> Result<(), GitError> {
        self.online()?;
        self.change(repo, |repo| {
            if repo.remote.shared.borrow().has.contains(commit) {
                let reached = repo.objects().ancestry(commit);
                repo.has.extend(reached);
                repo.kept.insert(format!("in/{commit}"), commit.clone());
            }
            Ok(())
        })
    }

    fn fetch_all(&self, repo: &Repository, _remote: &str) -> Result<(), GitError> {
        self.online()?;
        self.change(repo, |repo| {
            let branches: Vec<_> = repo.remote.shared.borrow().branches.keys().cloned().collect();
            branches.iter().for_each(|branch| repo.fetch(branch));
            Ok(())
        })
    }

    fn has_commit(&self, repo: &Repository, commit: &Oid) -> Result<bool, GitError> {
        self.with(&repo.root, |repo| repo.has.contains(commit))
    }

    fn branch(&self, repo: &Repository, name: &str) -> Result<Option<Branch>, GitError> {
        self.with(&repo.root, |repo| {
            let tip = repo.branches.get(name).cloned();
            tip.map(|tip| Branch { tip, elsewhere: None })
        })
    }

    fn remote_branch(
        &self,
        repo: &Repository,
        _remote: &str,
        branch: &str,
    ) -> Result<Option<Oid>, GitError> {
        self.with(&repo.root, |repo| repo.tracking.get(branch).cloned())
    }

    fn not_carried(&self, repo: &Repository, commit: &Oid) -> Result<Vec<String>, GitError> {
        self.with(&repo.root, |repo| not_carried(repo, commit))
    }

    fn name_unborn(&self, repo: &Repository, branch: &str) -> Result<(), GitError> {
        self.change(repo, |repo| {
            branch.clone_into(&mut repo.head);
            Ok(())
        })
    }

    fn relation(&self, repo: &Repository, ours: &Oid, theirs: &Oid) -> Result<Relation, GitError> {
        self.with(&repo.root, |repo| repo.objects().relation(ours, theirs))
    }

    fn merge_conflicts(
        &self,
        repo: &Repository,
        ours: &Oid,
        theirs: &Oid,
    ) -> Result<Vec<String>, GitError> {
        self.with(&repo.root, |repo| repo.objects().merged(ours, theirs).1)
    }

    fn join(
        &self,
        repo: &Repository,
        ours: &Oid,
        theirs: &Oid,
        message: &str,
    ) -> Result<JoinedCode, GitError> {
        let relation = self.relation(repo, ours, theirs)?;
        self.change(repo, |repo| match relation {
            Relation::Same | Relation::Ahead(_) => Ok(JoinedCode::Commit(ours.clone())),
            Relation::Behind(_) => Ok(JoinedCode::Commit(theirs.clone())),
            Relation::Unrelated => Ok(JoinedCode::Unrelated),
            Relation::Diverged { .. } => {
                let (tree, conflicts) = repo.objects().merged(ours, theirs);
                if !conflicts.is_empty() {
                    return Ok(JoinedCode::Conflicts(conflicts));
                }
                let joined = repo.add_on(tree, message, &[ours, theirs]);
                repo.kept.insert(format!("in/{joined}"), joined.clone());
                Ok(JoinedCode::Commit(joined))
            }
        })
    }

    fn begin_merge(
        &self,
        repo: &Repository,
        commit: &Oid,
        _message: &str,
    ) -> Result<bool, GitError> {
        self.change(repo, |repo| {
            let ours = repo.commit().cloned().ok_or_else(|| refused("merge", "no commit"))?;
            if !repo.is_clean() {
                return Err(refused("merge", "there are changes"));
            }
            let (mut tree, conflicts) = repo.objects().merged(&ours, commit);
            if conflicts.is_empty() {
                let merged = repo.add(tree, "merge", Some(commit));
                repo.move_to(&merged);
                return Ok(true);
            }
            let theirs = repo.objects().tree(Some(commit));
            for path in &conflicts {
                let side = |tree: &Tree| tree.get(path).cloned().unwrap_or_default();
                let both = format!("<<<<<<<\n{}\n=======\n{}\n", side(&tree), side(&theirs));
                tree.insert(path.clone(), both);
            }
            repo.tree = tree;
            repo.merging = Some((commit.clone(), conflicts));
            Ok(false)
        })
    }

    fn in_the_way(&self, repo: &Repository, commit: &Oid) -> Result<Vec<String>, GitError> {
        self.with(&repo.root, |repo| {
            let (tracked, theirs) = (repo.committed(), repo.objects().tree(Some(commit)));
            let untracked = repo.tree.iter().filter(|(path, _)| !tracked.contains_key(*path));
            let differs = untracked
                .filter(|(path, text)| theirs.get(*path).is_some_and(|there| there != *text));
            differs.map(|(path, _)| path.clone()).collect()
        })
    }

    fn settled(&self, _repo: &Repository) -> Result<bool, GitError> {
        Ok(false)
    }

    fn park(
        &self,
        repo: &Repository,
        id: &str,
        message: &str,
        _excludes: &[String],
    ) -> Result<Option<Parked>, GitError> {
        let commit = self.change(repo, |repo| {
            if repo.is_clean() {
                return Ok(None);
            }
            let commit = repo.add(repo.tree.clone(), message, None);
            repo.kept.insert(format!("park/{id}"), commit.clone());
            repo.stash.push(commit.clone());
            Ok(Some(commit))
        })?;
        let Some(commit) = commit else { return Ok(None) };
        self.change(repo, |repo| {
            repo.tree = repo.committed();
            Ok(())
        })?;
        let reference = format!("refs/convosync/park/{id}");
        Ok(Some(Parked { commit, restore: format!("git stash apply {reference}"), reference }))
    }

    fn capture_work(
        &self,
        repo: &Repository,
        _excludes: &[String],
        file: &Path,
    ) -> Result<Option<CapturedWork>, GitError> {
        self.captured(repo, file)
    }

    fn compare_work(
        &self,
        repo: &Repository,
        _excludes: &[String],
        known: &[Oid],
    ) -> Result<WorkHere, GitError> {
        self.compared(repo, known)
    }

    fn restore_work(
        &self,
        repo: &Repository,
        _excludes: &[String],
        work: &Oid,
    ) -> Result<Vec<String>, GitError> {
        self.restored(repo, work).map(|()| Vec::new())
    }

    fn lift_work(
        &self,
        repo: &Repository,
        _excludes: &[String],
        work: &Oid,
        id: &str,
    ) -> Result<Option<String>, GitError> {
        self.lifted(repo, work, id)
    }

    fn keep(&self, repo: &Repository, id: &str, commit: &Oid) -> Result<String, GitError> {
        self.change(repo, |repo| {
            repo.kept.insert(format!("park/{id}"), commit.clone());
            Ok(format!("refs/convosync/park/{id}"))
        })
    }

    fn lay_apart(&self, repo: &Repository, commit: &Oid, directory: &Path) -> Result<(), GitError> {
        let mut laid = self.change(repo, |repo| Ok(Repo::clone_of(&repo.remote)))?;
        laid.tree = laid.remote.objects.tree(Some(commit));
        self.repos.borrow_mut().insert(directory.to_owned(), laid);
        Ok(())
    }

    fn switch(&self, repo: &Repository, branch: &str, commit: &Oid) -> Result<(), GitError> {
        self.change(repo, |repo| {
            let tip = repo.branches.get(branch).unwrap_or(commit).clone();
            if repo.merging.is_some() || !not_carried(repo, &tip).is_empty() {
                return Err(refused("switch", "there are changes"));
            }
            let changed = changes(repo);
            let carried: Vec<_> =
                changed.into_iter().map(|it| (repo.tree.get(&it.path).cloned(), it.path)).collect();
            branch.clone_into(&mut repo.head);
            repo.move_to(&tip);
            for (text, path) in carried {
                match text {
                    Some(text) => repo.tree.insert(path, text),
                    None => repo.tree.remove(&path),
                };
            }
            Ok(())
        })
    }

    fn fast_forward(&self, repo: &Repository, commit: &Oid) -> Result<(), GitError> {
        self.change(repo, |repo| {
            let behind = match repo.commit() {
                Some(tip) => repo.objects().ancestry(commit).contains(tip),
                None => true,
            };
            if !behind || !repo.is_clean() || !repo.has.contains(commit) {
                return Err(refused("merge", "not possible to fast-forward"));
            }
            repo.move_to(commit);
            Ok(())
        })
    }

    fn merge(&self, repo: &Repository, commit: &Oid) -> Result<Oid, GitError> {
        self.change(repo, |repo| {
            let ours = repo.commit().cloned().ok_or_else(|| refused("merge", "no commit"))?;
            let (tree, conflicts) = repo.objects().merged(&ours, commit);
            if !conflicts.is_empty() || !repo.is_clean() {
                return Err(refused("merge", "conflict"));
            }
            let merged = repo.add(tree, "merge", Some(commit));
            repo.move_to(&merged);
            Ok(merged)
        })
    }

    fn reset(&self, repo: &Repository, commit: &Oid) -> Result<(), GitError> {
        self.change(repo, |repo| {
            if !repo.is_clean() {
                return Err(refused("reset", "there are changes"));
            }
            repo.move_to(commit);
            Ok(())
        })
    }

    fn refs(
        &self,
        repo: &Repository,
        names: &[String],
    ) -> Result<Vec<(String, Option<Oid>)>, GitError> {
        self.commits_of(repo, names)
    }

    fn stashed(
        &self,
        repo: &Repository,
        messages: &[String],
    ) -> Result<Vec<(String, Option<Oid>)>, GitError> {
        self.stashed_as(repo, messages)
    }

    fn stand(
        &self,
        facts: &Facts,
        id: &str,
        _excludes: &[String],
        also: &[Oid],
        _theirs: Option<&Oid>,
    ) -> Result<WorkTreeState, GitError> {
        self.keep_stand(facts, id, also)
    }

    fn rewind(
        &self,
        repo: &Repository,
        from: &WorkTreeState,
        to: &WorkTreeState,
        _excludes: &[String],
    ) -> Result<(), GitError> {
        self.bring_back(repo, from, to)
    }

    fn forget_stand(&self, repo: &Repository, state: &WorkTreeState) -> Result<(), GitError> {
        self.drop_stand(repo, state)
    }

    fn end_merge(&self, repo: &Repository) -> Result<(), GitError> {
        self.conclude_merge(repo)
    }

    fn clone(&self, url: &str, directory: &Path) -> Result<(), GitError> {
        self.online()?;
        self.steps.take();
        let remotes = self.remotes.borrow();
        let remote = remotes.iter().find(|remote| remote.shared.borrow().url == url);
        let remote = remote.ok_or_else(|| GitError::Unreachable(url.to_owned()))?;
        self.repos.borrow_mut().insert(directory.to_owned(), Repo::clone_of(remote));
        Ok(())
    }

    fn normalise(&self, url: &str) -> String {
        url.to_owned()
    }
}

/// A push that has reached the remote, or has not.
struct Sent<'a> {
    git: &'a MemoryGit,
    repo: Repository,
    branch: String,
    commit: Oid,
    track: bool,
    sent: Result<Push, GitError>,
}

impl Underway<Push> for Sent<'_> {
    fn finish(self: Box<Self>) -> Result<Push, GitError> {
        let Self { git, repo, branch, commit, track, sent } = *self;
        let done = sent?;
        if done == Push::Done {
            git.change(&repo, |repo| {
                if track {
                    repo.upstreams.insert(branch.clone());
                }
                repo.tracking.insert(branch, commit);
                Ok(())
            })?;
        }
        Ok(done)
    }
}

/// How a fetch ended.
struct Fetched(Result<(), GitError>);

impl Underway<()> for Fetched {
    fn finish(self: Box<Self>) -> Result<(), GitError> {
        self.0
    }
}

fn push(repo: &Repo, branch: &str, commit: &Oid) -> Push {
    let mut shared = repo.remote.shared.borrow_mut();
    let reached = repo.objects().ancestry(commit);
    if shared.branches.get(branch).is_some_and(|tip| !reached.contains(tip)) {
        let reason = format!("{branch} -> {branch} (non-fast-forward)");
        return Push::Rejected { reason, behind: true };
    }
    shared.has.extend(reached);
    shared.branches.insert(branch.to_owned(), commit.clone());
    Push::Done
}

pub(super) fn changes(repo: &Repo) -> Vec<Change> {
    let (before, now) = (repo.committed(), &repo.tree);
    let paths: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let changed = paths.into_iter().filter(|path| before.get(*path) != now.get(*path));
    let conflicted =
        |path: &String| repo.merging.as_ref().is_some_and(|(_, paths)| paths.contains(path));
    let kind = |path: &String| match (before.contains_key(path), now.contains_key(path)) {
        _ if conflicted(path) => ChangeKind::Conflicted,
        (true, true) => ChangeKind::Modified,
        (false, _) => ChangeKind::New,
        (true, false) => ChangeKind::Deleted,
    };
    let change = |path: &String| Change { submodule: false, path: path.clone(), kind: kind(path) };
    changed.map(change).collect()
}

fn not_carried(repo: &Repo, commit: &Oid) -> Vec<String> {
    let (before, after) = (repo.committed(), repo.objects().tree(Some(commit)));
    let paths = changes(repo).into_iter().map(|change| change.path);
    paths.filter(|path| before.get(path) != after.get(path)).collect()
}

fn facts(root: &Path, repo: &Repo) -> Facts {
    let subject = repo.commit().and_then(|oid| repo.objects().get(oid));
    let subject = subject.map(|Commit { message, .. }| message);
    let git_dir: PathBuf = root.join(".git");
    let tracked = repo.tracking.get(&repo.head).filter(|_| repo.upstreams.contains(&repo.head));
    let count = |of: Option<&Oid>, without: Option<&Oid>| {
        let all =
            |oid: Option<&Oid>| oid.map(|oid| repo.objects().ancestry(oid)).unwrap_or_default();
        all(of).difference(&all(without)).count() as u64
    };
    let url = repo.remote.shared.borrow().url.clone();
    let upstream = repo.upstreams.contains(&repo.head);
    let upstream =
        upstream.then(|| Upstream { remote: ORIGIN.to_owned(), branch: repo.head.clone() });
    Facts {
        repository: Repository { root: root.to_owned(), common_dir: git_dir.clone(), git_dir },
        head: repo.head(),
        commit: repo.commit().cloned(),
        subject,
        pushes_to: upstream.as_ref().map(|upstream| upstream.remote.clone()),
        upstream,
        ahead: tracked.map_or(0, |tip| count(repo.commit(), Some(tip))),
        behind: tracked.map_or(0, |tip| count(Some(tip), repo.commit())),
        changes: changes(repo),
        kept_back: Vec::new(),
        large: Vec::new(),
        operation: repo.merging.is_some().then_some(Operation::Merge),
        default_branch: None,
        remotes: vec![Remote { name: ORIGIN.to_owned(), normalised: url.clone(), shown: url }],
        has_jj: false,
        lacks_lfs: false,
    }
}
