//! The user's repository, through the user's own git binary.
//!
//! Git itself stages, commits, pushes, fetches and checks out, so hooks, signing, filters, sparse
//! checkouts and credential helpers work as in the user's shell. Nothing here asks for a password.

mod apart;
mod bundle;
mod call;
mod commit;
mod config;
mod environment;
mod exclude;
mod facts;
mod failure;
mod foresee;
mod health;
mod history;
mod ignored;
mod index;
mod join;
mod large;
mod letter_case;
mod lfs;
mod name;
mod obstacle;
mod park;
mod push;
mod reflog;
mod remote;
mod rewind;
mod stand;
mod status;
mod subject;
mod submodule;
mod switch;
mod url;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use convosync_core::{HeadMove, Oid, WorkTreeState};
use convosync_engine::Cancel;
use convosync_engine::ports::{
    Advertised, Branch, CapturedWork, Committed, Facts, Git, GitError, Identity, JoinedCode,
    Parked, Push, Relation, Repository, Underway, WorkHere,
};

pub(crate) use call::{Call, Kind, Output};
use config::Config;
pub(crate) use failure::fit_to_show;
pub use health::{GitHealth, Hook, HookTrouble, Signing};

#[cfg(fuzzing)]
pub(crate) fn names(text: &str) -> crate::fuzzed::GitNames {
    crate::fuzzed::GitNames {
        branch: name::is_branch(text),
        remote: name::is_remote(text),
        normal: url::normalise(text),
        shown: url::shown(text),
    }
}

/// The oldest git that is used: 2.31 (March 2021) brought `rev-parse --path-format`.
const OLDEST: (u32, u32) = (2, 31);

/// The oldest git that joins commits without a work tree, and so foresees conflicts: 2.38 (October
/// 2022) brought `merge-tree --write-tree`.
const OLDEST_THAT_JOINS: (u32, u32) = (2, 38);

/// How long git may take before it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A call that only reads the repository.
    pub read: Duration,
    /// A call that talks to a remote: so long without a sign of life.
    pub network: Duration,
    /// A call that runs the user's hooks (commit, switch); for a push, so long without a sign of
    /// life.
    pub hooks: Duration,
    /// How long another git's lock is waited for before it is named.
    pub lock: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            read: Duration::from_secs(60),
            network: Duration::from_secs(120),
            hooks: Duration::from_secs(600),
            lock: Duration::from_secs(10),
        }
    }
}

/// [`Git`] over the `git` in the user's PATH.
///
/// Remembers what does not change while a command runs (where a repository lies, the subject of a
/// commit, the configuration as long as the repository's own file is the same), so it is made once
/// for each command.
#[derive(Debug)]
pub struct GitCli {
    program: PathBuf,
    environment: BTreeMap<String, String>,
    /// The environment names an ssh program.
    chooses_ssh: bool,
    limits: Limits,
    cancel: Cancel,
    memory: Mutex<Memory>,
    too_old: OnceLock<Option<String>>,
}

/// What was learnt from git.
#[derive(Debug, Default)]
struct Memory {
    /// By the directory that was asked about.
    repositories: BTreeMap<PathBuf, Repository>,
    subjects: BTreeMap<Oid, String>,
    /// Commits that were fetched, by the common git directory: they are there with all they reach.
    fetched: BTreeSet<(PathBuf, Oid)>,
    /// By the directory that git was asked in.
    configs: BTreeMap<PathBuf, Arc<Config>>,
    /// What was untracked when it was last looked for in the way of a commit, by the work tree.
    untracked: Option<(PathBuf, Oid, obstacle::Untracked)>,
}

impl GitCli {
    /// Finds git in the PATH of `env`, which is also what git and its hooks will see, less what
    /// would point git at another repository. Starts no process: a git that is too old (before
    /// 2.31) is named when it first fails.
    ///
    /// # Errors
    ///
    /// [`GitError::NoGit`] if there is none.
    pub fn find(env: &BTreeMap<String, String>, cancel: Cancel) -> Result<Self, GitError> {
        // Relative entries of PATH are looked up from the root: a repository can't bring a git.
        let program = which::which_in("git", env.get("PATH"), "/")
            .map_err(|_| GitError::NoGit("there is no `git` in PATH".to_owned()))?;
        Ok(Self {
            program,
            environment: environment::for_git(env),
            chooses_ssh: environment::chooses_ssh(env),
            limits: Limits::default(),
            cancel,
            memory: Mutex::default(),
            too_old: OnceLock::new(),
        })
    }

    /// The same with other time limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The wish that stops every call.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// What ssh is to be, unless the user chose one: one that refuses where it would ask.
    pub(crate) fn quiet_ssh(&self, dir: &Path) -> Result<Option<&'static str>, GitError> {
        let users_own = self.chooses_ssh || config::in_directory(self, dir)?.chooses_ssh();
        Ok((!users_own).then_some(remote::QUIET_SSH))
    }

    fn read(&self, dir: &Path, what: &'static str) -> Call<'_> {
        Call::new(self, Kind::Read, dir, what)
    }

    fn write(&self, dir: &Path, what: &'static str) -> Call<'_> {
        Call::new(self, Kind::Write, dir, what)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a call failed; a git that does not know what we ask of it is perhaps too old.
    fn failure(&self, output: &Output) -> GitError {
        match self.too_old.get_or_init(|| output.is_usage().then(|| self.version()).flatten()) {
            Some(version) if output.is_usage() => GitError::NoGit(format!(
                "{version} is too old, {}.{} or newer is needed",
                OLDEST.0, OLDEST.1
            )),
            _ => output.error(),
        }
    }

    /// Whether this git is older than a release.
    fn is_before(&self, release: (u32, u32)) -> bool {
        let output = self.read(Path::new("/"), "version").run();
        output.is_ok_and(|output| is_older(&output.text(), release))
    }

    /// What git calls itself, if it is too old.
    fn version(&self) -> Option<String> {
        let output = self.read(Path::new("/"), "version").run().ok()?;
        let text = output.text();
        is_older(&text, OLDEST).then(|| text.trim().to_owned())
    }
}

/// Whether `git version 2.25.1` is older than a release; what can't be read is not.
fn is_older(text: &str, release: (u32, u32)) -> bool {
    let Some(version) = text.trim().strip_prefix("git version ") else { return false };
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) < release,
        _ => false,
    }
}

/// Reads an object id that git printed.
fn oid(text: &str) -> Option<Oid> {
    text.trim().parse().ok()
}

/// Git printed something that we can't read.
fn unreadable(what: &str) -> GitError {
    GitError::Failed { what: what.to_owned(), output: "its output can't be read".to_owned() }
}

impl Git for GitCli {
    fn identity(&self, directory: &Path) -> Result<Identity, GitError> {
        facts::identity(self, directory)
    }

    fn facts(&self, directory: &Path, excludes: &[String]) -> Result<Facts, GitError> {
        facts::facts(self, directory, excludes)
    }

    fn root_commit(&self, repo: &Repository) -> Result<Option<Oid>, GitError> {
        history::root_commit(self, repo)
    }

    fn head_moves(&self, repo: &Repository) -> Result<Vec<HeadMove>, GitError> {
        reflog::head_moves(self, repo)
    }

    fn commit_all(
        &self,
        repo: &Repository,
        message: &str,
        excludes: &[String],
    ) -> Result<Committed, GitError> {
        commit::commit_all(self, repo, message, excludes)
    }

    fn added_lines(&self, repo: &Repository, commit: &Oid, file: &Path) -> Result<(), GitError> {
        commit::added_lines(self, repo, commit, file)
    }

    fn foresee_lines(
        &self,
        repo: &Repository,
        excludes: &[String],
        file: &Path,
    ) -> Result<(), GitError> {
        foresee::foresee_lines(self, repo, excludes, file)
    }

    fn foresee_commit(&self, repo: &Repository, excludes: &[String]) -> Result<Oid, GitError> {
        foresee::foresee_commit(self, repo, excludes)
    }

    fn start_push<'g>(
        &'g self,
        repo: &Repository,
        remote: &str,
        branch: &str,
        commit: &Oid,
        track: bool,
    ) -> Result<Box<dyn Underway<Push> + 'g>, GitError> {
        push::start(self, repo, remote, branch, commit, track)
    }

    fn advertised(&self, repo: &Repository, remote: &str) -> Result<Advertised, GitError> {
        remote::advertised(self, repo, remote)
    }

    fn tracked(&self, repo: &Repository, remote: &str, commit: &Oid) -> Result<bool, GitError> {
        history::tracked(self, repo, remote, commit)
    }

    fn tracking_tips(&self, repo: &Repository, remote: &str) -> Result<Vec<Oid>, GitError> {
        history::tracking_tips(self, repo, remote)
    }

    fn bundle(
        &self,
        repo: &Repository,
        commit: &Oid,
        known: &[Oid],
        file: &Path,
    ) -> Result<Option<Vec<Oid>>, GitError> {
        bundle::bundle(self, repo, commit, known, file)
    }

    fn unbundle(
        &self,
        repo: &Repository,
        file: &Path,
        commit: &Oid,
        name: &str,
    ) -> Result<(), GitError> {
        bundle::unbundle(self, repo, file, commit, name)
    }

    fn start_fetch<'g>(
        &'g self,
        repo: &Repository,
        remote: &str,
        branch: &str,
    ) -> Result<Box<dyn Underway<()> + 'g>, GitError> {
        remote::start_fetch(self, repo, remote, branch)
    }

    fn fetch_commit(&self, repo: &Repository, remote: &str, commit: &Oid) -> Result<(), GitError> {
        remote::fetch_commit(self, repo, remote, commit)
    }

    fn fetch_all(&self, repo: &Repository, remote: &str) -> Result<(), GitError> {
        remote::fetch_all(self, repo, remote)
    }

    fn has_commit(&self, repo: &Repository, commit: &Oid) -> Result<bool, GitError> {
        history::has_commit(self, repo, commit)
    }

    fn branch(&self, repo: &Repository, name: &str) -> Result<Option<Branch>, GitError> {
        history::branch(self, repo, name)
    }

    fn remote_branch(
        &self,
        repo: &Repository,
        remote: &str,
        branch: &str,
    ) -> Result<Option<Oid>, GitError> {
        history::remote_branch(self, repo, remote, branch)
    }

    fn not_carried(&self, repo: &Repository, commit: &Oid) -> Result<Vec<String>, GitError> {
        switch::not_carried(self, repo, commit)
    }

    fn name_unborn(&self, repo: &Repository, branch: &str) -> Result<(), GitError> {
        switch::name_unborn(self, repo, branch)
    }

    fn relation(&self, repo: &Repository, ours: &Oid, theirs: &Oid) -> Result<Relation, GitError> {
        history::relation(self, repo, ours, theirs)
    }

    fn merge_conflicts(
        &self,
        repo: &Repository,
        ours: &Oid,
        theirs: &Oid,
    ) -> Result<Vec<String>, GitError> {
        history::merge_conflicts(self, repo, ours, theirs)
    }

    fn join(
        &self,
        repo: &Repository,
        ours: &Oid,
        theirs: &Oid,
        message: &str,
    ) -> Result<JoinedCode, GitError> {
        join::join(self, repo, ours, theirs, message)
    }

    fn begin_merge(
        &self,
        repo: &Repository,
        commit: &Oid,
        message: &str,
    ) -> Result<bool, GitError> {
        join::begin(self, repo, commit, message)
    }

    fn in_the_way(&self, repo: &Repository, commit: &Oid) -> Result<Vec<String>, GitError> {
        obstacle::in_the_way(self, repo, commit)
    }

    fn settled(&self, repo: &Repository) -> Result<bool, GitError> {
        let waited = index::lock_file(repo).exists();
        index::while_unlocked(self, repo, || Ok(())).map(|()| waited)
    }

    fn park(
        &self,
        repo: &Repository,
        id: &str,
        message: &str,
        excludes: &[String],
    ) -> Result<Option<Parked>, GitError> {
        park::park(self, repo, id, message, excludes)
    }

    fn capture_work(
        &self,
        repo: &Repository,
        excludes: &[String],
        file: &Path,
    ) -> Result<Option<CapturedWork>, GitError> {
        work::capture(self, repo, excludes, file)
    }

    fn compare_work(
        &self,
        repo: &Repository,
        excludes: &[String],
        known: &[Oid],
    ) -> Result<WorkHere, GitError> {
        work::compare(self, repo, excludes, known)
    }

    fn restore_work(
        &self,
        repo: &Repository,
        excludes: &[String],
        work: &Oid,
    ) -> Result<Vec<String>, GitError> {
        work::restore(self, repo, excludes, work)
    }

    fn lift_work(
        &self,
        repo: &Repository,
        excludes: &[String],
        work: &Oid,
        id: &str,
    ) -> Result<Option<String>, GitError> {
        work::lift(self, repo, excludes, work, id)
    }

    fn keep(&self, repo: &Repository, id: &str, commit: &Oid) -> Result<String, GitError> {
        park::keep(self, repo, id, commit)
    }

    fn lay_apart(&self, repo: &Repository, commit: &Oid, directory: &Path) -> Result<(), GitError> {
        apart::lay_apart(self, repo, commit, directory)
    }

    fn switch(&self, repo: &Repository, branch: &str, commit: &Oid) -> Result<(), GitError> {
        switch::switch(self, repo, branch, commit)
    }

    fn fast_forward(&self, repo: &Repository, commit: &Oid) -> Result<(), GitError> {
        switch::fast_forward(self, repo, commit)
    }

    fn merge(&self, repo: &Repository, commit: &Oid) -> Result<Oid, GitError> {
        switch::merge(self, repo, commit)
    }

    fn reset(&self, repo: &Repository, commit: &Oid) -> Result<(), GitError> {
        switch::reset(self, repo, commit)
    }

    fn refs(
        &self,
        repo: &Repository,
        names: &[String],
    ) -> Result<Vec<(String, Option<Oid>)>, GitError> {
        rewind::commits_of(self, repo, names)
    }

    fn stashed(
        &self,
        repo: &Repository,
        messages: &[String],
    ) -> Result<Vec<(String, Option<Oid>)>, GitError> {
        rewind::stashed(self, repo, messages)
    }

    fn stand(
        &self,
        facts: &Facts,
        id: &str,
        excludes: &[String],
        also: &[Oid],
        theirs: Option<&Oid>,
    ) -> Result<WorkTreeState, GitError> {
        stand::stand(self, facts, id, excludes, also, theirs)
    }

    fn rewind(
        &self,
        repo: &Repository,
        from: &WorkTreeState,
        to: &WorkTreeState,
        excludes: &[String],
    ) -> Result<(), GitError> {
        rewind::rewind(self, repo, from, to, excludes)
    }

    fn forget_stand(&self, repo: &Repository, state: &WorkTreeState) -> Result<(), GitError> {
        stand::forget(self, repo, state)
    }

    fn end_merge(&self, repo: &Repository) -> Result<(), GitError> {
        join::end(self, repo)
    }

    fn clone(&self, url: &str, directory: &Path) -> Result<(), GitError> {
        remote::clone(self, url, directory)
    }

    fn normalise(&self, url: &str) -> String {
        url::normalise(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_told() {
        let is_too_old = |text| is_older(text, OLDEST);
        assert!(is_too_old("git version 2.30.9\n") && is_too_old("git version 1.8.3.1"));
        assert!(!is_too_old("git version 2.31.0.rc1") && !is_too_old("git version 2.47.3"));
        assert!(!is_too_old("git version 3.0 (Apple Git-1)") && !is_too_old("gut"));
    }

    #[test]
    fn no_git_is_said() {
        let empty = tempfile::tempdir().expect("a folder");
        let path = empty.path().display().to_string();
        let env = BTreeMap::from([("PATH".to_owned(), path)]);
        assert!(matches!(GitCli::find(&env, Cancel::new()), Err(GitError::NoGit(_))));
    }
}
