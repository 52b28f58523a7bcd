//! What git tells of the user's repository.

use std::path::PathBuf;

use convosync_core::Oid;

/// Where HEAD is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadState {
    /// On a branch with commits.
    Branch(String),
    /// On a branch without a commit.
    Unborn(String),
    /// On no branch.
    Detached,
}

impl HeadState {
    /// The branch that HEAD is on, with or without a commit.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        match self {
            Self::Branch(name) | Self::Unborn(name) => Some(name),
            Self::Detached => None,
        }
    }

    /// The branch, or `HEAD`, as git calls the place of who is on none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.branch().unwrap_or("HEAD")
    }
}

/// Something that was begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `git merge`.
    Merge,
    /// `git rebase`.
    Rebase,
    /// `git am`.
    Am,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is tracked and differs.
    Modified,
    /// It is not in HEAD.
    New,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
    /// It has conflicts.
    Conflicted,
}

/// A path that differs from HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// It is a submodule that is at another commit.
    pub submodule: bool,
    /// Relative to the work tree; bytes that are no UTF-8 are shown as `\xNN`.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// From so many bytes on git hosts warn of a file (GitHub: 50 MB).
pub const LARGE_FILE: u64 = 50_000_000;

/// A changed file that is large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargeFile {
    /// As in [`Change::path`].
    pub path: String,
    /// How large.
    pub bytes: u64,
}

/// A remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Its URL in one spelling for all protocols, without user, password, port 22/443 and `.git`,
    /// e.g. `github.com/user/project`; a path stays a path.
    pub normalised: String,
    /// Its URL for people, without credentials.
    pub shown: String,
}

/// A branch on a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The remote.
    pub remote: String,
    /// The branch there.
    pub branch: String,
}

/// A work tree that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The top of the work tree, symlinks resolved.
    pub root: PathBuf,
    /// Its git directory.
    pub git_dir: PathBuf,
    /// The git directory that all its work trees share.
    pub common_dir: PathBuf,
}

/// What tells a repository from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// As in [`Facts::remotes`].
    pub remotes: Vec<Remote>,
    /// The top of the work tree; only told where there is no remote to be named after.
    pub root: Option<PathBuf>,
}

/// What is true of a work tree now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Which.
    pub repository: Repository,
    /// Where HEAD is.
    pub head: HeadState,
    /// The commit at HEAD.
    pub commit: Option<Oid>,
    /// Its subject line.
    pub subject: Option<String>,
    /// The branch's upstream, if it has one.
    pub upstream: Option<Upstream>,
    /// Commits that the remote-tracking branch lacks.
    pub ahead: u64,
    /// Commits that the branch lacks.
    pub behind: u64,
    /// What differs from HEAD and [`Git::commit_all`](super::Git::commit_all) would take, sorted by path.
    pub changes: Vec<Change>,
    /// What it would keep back, sorted: untracked files that an exclude matches, and repositories
    /// inside this one, of which git takes no file.
    pub kept_back: Vec<String>,
    /// Which of the changes are files of more than [`LARGE_FILE`] bytes that git itself would take
    /// in: not those that LFS keeps elsewhere.
    pub large: Vec<LargeFile>,
    /// What was begun and not ended.
    pub operation: Option<Operation>,
    /// The remotes, `origin` first.
    pub remotes: Vec<Remote>,
    /// The remote that the branch is pushed to, by the first of these that is set:
    /// `convosync.remote`, then what git goes by: `branch.<name>.pushRemote`,
    /// `remote.pushDefault`, the upstream's remote. It need not be one of [`Facts::remotes`].
    pub pushes_to: Option<String>,
    /// jj keeps its own view of the same commits (a colocated `.jj`): there HEAD is on no branch.
    pub has_jj: bool,
    /// Files of this repository belong to git LFS, which is not set up here: they are pointers.
    pub lacks_lfs: bool,
    /// The branch that clones start on, as far as this clone knows.
    pub default_branch: Option<String>,
}

impl Facts {
    /// Files whose conflicts are not resolved.
    #[must_use]
    pub fn unmerged(&self) -> Vec<String> {
        let unmerged = self.changes.iter().filter(|change| change.kind == ChangeKind::Conflicted);
        unmerged.map(|change| change.path.clone()).collect()
    }
}

/// A commit that was made, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// HEAD now.
    pub commit: Oid,
    /// Whether a commit was made: there was something to commit.
    pub made: bool,
    /// Files it changed or removed.
    pub modified: u64,
    /// Files it added.
    pub added: u64,
    /// Untracked files that an exclude pattern kept back.
    pub excluded: Vec<String>,
    /// New names that differ from another one in case alone, with that one.
    pub clashes: Vec<(String, String)>,
    /// Submodules of which something does not travel.
    pub submodules: Vec<Submodule>,
}

/// A submodule of which a commit of the repository around it tells others too little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Its path.
    pub path: String,
    /// It has changes that no commit of it holds.
    pub dirty: bool,
    /// No remote is known to have the commit that it is at.
    pub unpushed: bool,
}

/// How a push ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Push {
    /// The remote has the commit on the branch now, or had it.
    Done,
    /// The remote said no: not a fast-forward, a protected branch, a hook there.
    Rejected {
        /// Git's own words, e.g. `main -> main (non-fast-forward)`.
        reason: String,
        /// Whether the branch is behind the remote.
        behind: bool,
    },
}

/// What a remote has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertised {
    /// The commits its refs point at.
    pub oids: Vec<Oid>,
    /// Its default branch, if it says so.
    pub default_branch: Option<String>,
}

/// A local branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The commit it is at.
    pub tip: Oid,
    /// The other work tree of the repository that is on it: git lets only one be.
    pub elsewhere: Option<PathBuf>,
}

/// How two commits stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// They are the same.
    Same,
    /// The first is an ancestor of the second, which has so many more.
    Behind(u64),
    /// The second is an ancestor of the first, which has so many more.
    Ahead(u64),
    /// Each has commits that the other lacks.
    Diverged {
        /// Commits of the first alone.
        ours: u64,
        /// Commits of the second alone.
        theirs: u64,
    },
    /// They have no ancestor in common.
    Unrelated,
}

/// What two commits become together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinedCode {
    /// A commit that has both: a merge of them, or one of them if it has the other already.
    Commit(Oid),
    /// These paths conflict, so a person has to merge them.
    Conflicts(Vec<String>),
    /// They have no ancestor in common.
    Unrelated,
}

/// Work that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The stash commit.
    pub commit: Oid,
    /// The ref that keeps it, besides `git stash`.
    pub reference: String,
    /// The command that brings it back.
    pub restore: String,
}

/// Work that no commit holds, taken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedWork {
    /// A commit on no branch that has all of it. Equal work on top of the same commit is the same
    /// commit on every device.
    pub commit: Oid,
    /// The commit that it is on top of.
    pub base: Oid,
    /// Paths that differ from that, each once.
    pub changes: u64,
    /// Files of which it has a pointer only: their contents are with Git LFS.
    pub pointers: Vec<String>,
    /// As in [`Committed::submodules`].
    pub submodules: Vec<Submodule>,
}

/// How the work here stands to work that was taken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkHere {
    /// There is none.
    Clean,
    /// It is this one.
    Same(Oid),
    /// Each path is as in this one or as in the commit that it is on top of: it was being brought
    /// back, or put aside.
    PartOf(Oid),
    /// It is none of them.
    Own,
}
