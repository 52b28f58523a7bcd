//! The user's repository.

use std::path::Path;

use convosync_core::{HeadMove, Oid, WorkTreeState};

use super::GitError;
use super::repository::{
    Advertised, Branch, CapturedWork, Committed, Facts, Identity, JoinedCode, Parked, Push,
    Relation, Repository, WorkHere,
};

/// A push or a fetch that is at work. Whoever drops it stops it.
pub trait Underway<T> {
    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// Those of [`Git::push`].
    fn finish(self: Box<Self>) -> Result<T, GitError>;
}

/// The user's repository, through the user's own git.
///
/// No call asks for a password, and none outlives its time limit or a cancel.
pub trait Git {
    /// What tells the repository that `directory` is in from others: far less than
    /// [`Git::facts`], and where there is one remote at the cost of one process.
    ///
    /// # Errors
    ///
    /// [`GitError::NotARepository`].
    fn identity(&self, directory: &Path) -> Result<Identity, GitError>;

    /// What is true of the work tree that `directory` is in.
    ///
    /// `excludes`: as in [`Git::commit_all`].
    ///
    /// # Errors
    ///
    /// [`GitError::NotARepository`].
    fn facts(&self, directory: &Path, excludes: &[String]) -> Result<Facts, GitError>;

    /// The oldest root commit reachable from HEAD.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn root_commit(&self, repo: &Repository) -> Result<Option<Oid>, GitError>;

    /// The newest moves of HEAD, at most 1000 in any order, as far as the clone keeps a record of
    /// them.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn head_moves(&self, repo: &Repository) -> Result<Vec<HeadMove>, GitError>;

    /// Commits everything that is neither ignored nor excluded, with the user's hooks and
    /// signing. Nothing to commit: no commit. A merge in progress is never concluded.
    ///
    /// `excludes`: patterns of file names or of paths, as in `.gitignore`; they hold for untracked
    /// files only. What the user staged by hand goes in as staged or newer.
    ///
    /// # Errors
    ///
    /// [`GitError::Hook`] if a hook refuses: HEAD and the work tree are as before, and the index
    /// is put back. [`GitError::NoLfs`]: git would commit the files themselves.
    fn commit_all(
        &self,
        repo: &Repository,
        message: &str,
        excludes: &[String],
    ) -> Result<Committed, GitError>;

    /// Writes the lines that a commit adds to its first parent to `file`, as a patch without context
    /// (`--no-prefix -U0`). Of a merge, none.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn added_lines(&self, repo: &Repository, commit: &Oid, file: &Path) -> Result<(), GitError>;

    /// The same of the commit that [`Git::commit_all`] would make, before it is made. Touches nothing.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn foresee_lines(
        &self,
        repo: &Repository,
        excludes: &[String],
        file: &Path,
    ) -> Result<(), GitError>;

    /// The commit that [`Git::commit_all`] would make of the work tree, on no ref and without
    /// hooks: to foresee what comes of it. Touches nothing.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn foresee_commit(&self, repo: &Repository, excludes: &[String]) -> Result<Oid, GitError>;

    /// Pushes `commit` to `branch` of `remote`, with the user's hooks, never forced;
    /// `track`: makes it the branch's upstream.
    ///
    /// # Errors
    ///
    /// [`GitError::Unreachable`], [`GitError::Credentials`], [`GitError::Hook`] (pre-push).
    fn push(
        &self,
        repo: &Repository,
        remote: &str,
        branch: &str,
        commit: &Oid,
        track: bool,
    ) -> Result<Push, GitError> {
        self.start_push(repo, remote, branch, commit, track)?.finish()
    }

    /// Starts what [`Self::push`] does, and returns while it is at work.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    fn start_push<'g>(
        &'g self,
        repo: &Repository,
        remote: &str,
        branch: &str,
        commit: &Oid,
        track: bool,
    ) -> Result<Box<dyn Underway<Push> + 'g>, GitError>;

    /// Asks the remote what it has.
    ///
    /// # Errors
    ///
    /// As [`Git::push`].
    fn advertised(&self, repo: &Repository, remote: &str) -> Result<Advertised, GitError>;

    /// Whether a remote-tracking ref contains the commit: known without asking the remote.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn tracked(&self, repo: &Repository, remote: &str, commit: &Oid) -> Result<bool, GitError>;

    /// The commits of a remote's tracking refs: what it had when it was last asked.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn tracking_tips(&self, repo: &Repository, remote: &str) -> Result<Vec<Oid>, GitError>;

    /// Writes a bundle of `commit` without what `known` reaches to `file`, and returns the commits
    /// it needs. `None`: `known` reaches it, nothing was written.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn bundle(
        &self,
        repo: &Repository,
        commit: &Oid,
        known: &[Oid],
        file: &Path,
    ) -> Result<Option<Vec<Oid>>, GitError>;

    /// Takes a bundle's objects in and keeps `commit` under `refs/convosync/in/<name>`.
    ///
    /// # Errors
    ///
    /// If commits that it needs are not here, or it does not hold `commit`.
    fn unbundle(
        &self,
        repo: &Repository,
        file: &Path,
        commit: &Oid,
        name: &str,
    ) -> Result<(), GitError>;

    /// Fetches a branch and its remote-tracking ref; a branch that is not there is no error.
    ///
    /// # Errors
    ///
    /// As [`Git::push`].
    fn fetch(&self, repo: &Repository, remote: &str, branch: &str) -> Result<(), GitError> {
        self.start_fetch(repo, remote, branch)?.finish()
    }

    /// Starts what [`Self::fetch`] does, and returns while it is at work.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    fn start_fetch<'g>(
        &'g self,
        repo: &Repository,
        remote: &str,
        branch: &str,
    ) -> Result<Box<dyn Underway<()> + 'g>, GitError>;

    /// Fetches a commit by its id, whatever branch it is or was on, and keeps it under
    /// `refs/convosync/in/<id>`. That the remote has it no more, or gives none by its id, is no
    /// error.
    ///
    /// # Errors
    ///
    /// As [`Git::push`].
    fn fetch_commit(&self, repo: &Repository, remote: &str, commit: &Oid) -> Result<(), GitError>;

    /// Fetches every branch and its remote-tracking ref.
    ///
    /// # Errors
    ///
    /// As [`Git::push`].
    fn fetch_all(&self, repo: &Repository, remote: &str) -> Result<(), GitError>;

    /// Whether the commit and all it reaches are here (or can be had by a partial clone).
    ///
    /// # Errors
    ///
    /// If git fails.
    fn has_commit(&self, repo: &Repository, commit: &Oid) -> Result<bool, GitError>;

    /// A local branch, if it is there.
    ///
    /// # Errors
    ///
    /// [`GitError::NoPlace`] if it is not and can't be.
    fn branch(&self, repo: &Repository, name: &str) -> Result<Option<Branch>, GitError>;

    /// Where a remote's branch was when it was last asked.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn remote_branch(
        &self,
        repo: &Repository,
        remote: &str,
        branch: &str,
    ) -> Result<Option<Oid>, GitError>;

    /// Changed files here that a switch to `commit` could not carry over, since it has other contents
    /// for them. Touches nothing.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn not_carried(&self, repo: &Repository, commit: &Oid) -> Result<Vec<String>, GitError>;

    /// Gives the branch of a repository without a commit another name.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn name_unborn(&self, repo: &Repository, branch: &str) -> Result<(), GitError>;

    /// How `ours` stands to `theirs`.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn relation(&self, repo: &Repository, ours: &Oid, theirs: &Oid) -> Result<Relation, GitError>;

    /// Paths that would conflict if `theirs` were merged into `ours`. Touches nothing.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn merge_conflicts(
        &self,
        repo: &Repository,
        ours: &Oid,
        theirs: &Oid,
    ) -> Result<Vec<String>, GitError>;

    /// Merges `theirs` into `ours` without a work tree and without hooks: every device makes the
    /// same commit of the same two. It is on no branch, and kept under `refs/convosync/in/<id>`.
    ///
    /// # Errors
    ///
    /// If git fails, or is older than 2.38.
    fn join(
        &self,
        repo: &Repository,
        ours: &Oid,
        theirs: &Oid,
        message: &str,
    ) -> Result<JoinedCode, GitError>;

    /// Begins to merge `commit` into the present branch, with the user's hooks, and leaves what
    /// conflicts for the user to resolve. True: nothing did, and the merge is made.
    ///
    /// # Errors
    ///
    /// If git refuses: nothing has changed then.
    fn begin_merge(&self, repo: &Repository, commit: &Oid, message: &str)
    -> Result<bool, GitError>;

    /// Untracked or ignored files here that `commit` has as well, with other contents: git would
    /// refuse to check it out, or overwrite an ignored one.
    ///
    /// # Errors
    ///
    /// [`GitError::CaseClash`] or [`GitError::NoLfs`] if it can't be checked out whole here.
    fn in_the_way(&self, repo: &Repository, commit: &Oid) -> Result<Vec<String>, GitError>;

    /// Waits while another git, that of a helper that was killed perhaps, changes the index. True: it
    /// had to wait, so what was read before may not be so any more.
    ///
    /// # Errors
    ///
    /// [`GitError::Locked`] if it goes on for too long.
    fn settled(&self, repo: &Repository) -> Result<bool, GitError>;

    /// Puts all changes aside (staged, unstaged, untracked; not ignored) in `git stash` and under
    /// `refs/convosync/park/<id>`, and leaves the tree clean. `None`: there was nothing.
    ///
    /// `excludes`: as in [`Git::commit_all`]; what they keep back stays where it is.
    ///
    /// # Errors
    ///
    /// If it did not go through: then the changes are where they were, or in the stash.
    fn park(
        &self,
        repo: &Repository,
        id: &str,
        message: &str,
        excludes: &[String],
    ) -> Result<Option<Parked>, GitError>;

    /// Takes the work here down (staged, unstaged, untracked; not ignored) and writes it, without
    /// what the commit under it reaches, as a bundle to `file`. Touches nothing of the
    /// repository's: no file, no index, no ref, no object. `None`: there is none.
    ///
    /// `excludes`: as in [`Git::commit_all`]; what they keep back is not taken.
    ///
    /// # Errors
    ///
    /// Without a commit, with conflicts, while something is begun; and if git would tell of a file
    /// that lies here that it was deleted.
    fn capture_work(
        &self,
        repo: &Repository,
        excludes: &[String],
        file: &Path,
    ) -> Result<Option<CapturedWork>, GitError>;

    /// How the work here stands to `known` work. Touches nothing.
    ///
    /// # Errors
    ///
    /// As [`Git::capture_work`].
    fn compare_work(
        &self,
        repo: &Repository,
        excludes: &[String],
        known: &[Oid],
    ) -> Result<WorkHere, GitError>;

    /// Brings work back that is on top of HEAD's commit, with the same split of staged, unstaged
    /// and untracked, into a work tree that is clean or has a part of it. Names the submodules that
    /// could not be brought to their commit.
    ///
    /// # Errors
    ///
    /// If there is other work, or something else in the way of a file: nothing has changed then. If
    /// git stops halfway, it can be done again.
    fn restore_work(
        &self,
        repo: &Repository,
        excludes: &[String],
        work: &Oid,
    ) -> Result<Vec<String>, GitError>;

    /// Takes the work here, which has to be this one or a part of it, off the work tree, and keeps
    /// it under `refs/convosync/park/<id>`, which is returned. `None`: there was none.
    ///
    /// # Errors
    ///
    /// As [`Git::restore_work`].
    fn lift_work(
        &self,
        repo: &Repository,
        excludes: &[String],
        work: &Oid,
        id: &str,
    ) -> Result<Option<String>, GitError>;

    /// Keeps a commit under `refs/convosync/park/<id>`, and returns the ref.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn keep(&self, repo: &Repository, id: &str, commit: &Oid) -> Result<String, GitError>;

    /// Lays a commit out in `directory`, which must not exist or be empty, as a work tree of its own
    /// that is on no branch. The one here, its index and every branch stay as they are.
    ///
    /// # Errors
    ///
    /// If git refuses, or the directory is inside of the work tree here: nothing has changed then.
    fn lay_apart(&self, repo: &Repository, commit: &Oid, directory: &Path) -> Result<(), GitError>;

    /// Switches to `branch`; made at `commit` if it is not there. Refuses to overwrite anything.
    ///
    /// # Errors
    ///
    /// If git refuses: nothing has changed then.
    fn switch(&self, repo: &Repository, branch: &str, commit: &Oid) -> Result<(), GitError>;

    /// Moves the present branch forward to `commit`, which must be a descendant.
    ///
    /// # Errors
    ///
    /// If git refuses: nothing has changed then.
    fn fast_forward(&self, repo: &Repository, commit: &Oid) -> Result<(), GitError>;

    /// Merges `commit` into the present branch. Called only when no conflict is foreseen; a merge
    /// that stops is aborted.
    ///
    /// # Errors
    ///
    /// If git refuses: nothing has changed then.
    fn merge(&self, repo: &Repository, commit: &Oid) -> Result<Oid, GitError>;

    /// Sets the present branch to `commit`; the tree must be clean and the old tip kept before.
    ///
    /// # Errors
    ///
    /// If git refuses.
    fn reset(&self, repo: &Repository, commit: &Oid) -> Result<(), GitError>;

    /// The commits of refs, by their full names; none: it is not there.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn refs(
        &self,
        repo: &Repository,
        names: &[String],
    ) -> Result<Vec<(String, Option<Oid>)>, GitError>;

    /// The entries of `git stash` with these messages; none: there is none.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn stashed(
        &self,
        repo: &Repository,
        messages: &[String],
    ) -> Result<Vec<(String, Option<Oid>)>, GitError>;

    /// Keeps where a work tree stands: its index in a file of the git directory; its files, if they
    /// differ from HEAD, and the commits of `also` under `refs/convosync/undo/<id>`. Touches
    /// nothing that the user sees. Without refs and stashes: who changes those knows which.
    ///
    /// `excludes`: as in [`Git::commit_all`]; what they keep back is not kept. `theirs`: a commit
    /// that is about to be checked out; files that are not tracked here and are the same there are
    /// kept too, since git takes them for its own from then on.
    ///
    /// # Errors
    ///
    /// If it could not be kept.
    fn stand(
        &self,
        facts: &Facts,
        id: &str,
        excludes: &[String],
        also: &[Oid],
        theirs: Option<&Oid>,
    ) -> Result<WorkTreeState, GitError>;

    /// Brings a work tree from where it stands (`from`, as [`Git::stand`] has just told, with refs
    /// and stashes) to where it stood: files, HEAD, refs, index, stash, in this order. What the
    /// excludes keep back and what is ignored stays. A merge in progress is forgotten.
    ///
    /// # Errors
    ///
    /// If the files are not as `from` has them any more, or something that is not kept would be
    /// overwritten: nothing has changed then. If it stops later, the same can be asked again, from
    /// where it stands then.
    fn rewind(
        &self,
        repo: &Repository,
        from: &WorkTreeState,
        to: &WorkTreeState,
        excludes: &[String],
    ) -> Result<(), GitError>;

    /// Removes what [`Git::stand`] keeps. What is not there is no error.
    ///
    /// # Errors
    ///
    /// If git fails.
    fn forget_stand(&self, repo: &Repository, state: &WorkTreeState) -> Result<(), GitError>;

    /// Makes the commit that ends a merge in progress whose conflicts are all resolved, with the
    /// user's hooks.
    ///
    /// # Errors
    ///
    /// [`GitError::Hook`], or if git refuses.
    fn end_merge(&self, repo: &Repository) -> Result<(), GitError>;

    /// Makes a clone of `url` in `directory`, which must not exist or be empty.
    ///
    /// # Errors
    ///
    /// As [`Git::push`].
    fn clone(&self, url: &str, directory: &Path) -> Result<(), GitError>;

    /// One spelling for all forms of a remote's URL.
    fn normalise(&self, url: &str) -> String;
}
