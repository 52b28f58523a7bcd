//! Why git did not do what the engine asked of it.

/// Why git did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// There is no usable git.
    #[error("git can't be used: {0}")]
    NoGit(String),
    /// The directory is in no repository, or in a bare one.
    #[error("{0} is not in a git work tree")]
    NotARepository(String),
    /// It is a repository whose files are nowhere: a bare one, or the inside of its git directory.
    #[error("{0} has no work tree: it is a bare git repository, or the inside of one")]
    NoWorkTree(String),
    /// It belongs to another user, so git reads nothing of it.
    #[error("git does not trust {0}: it belongs to another user")]
    NotTrusted(String),
    /// The user may not write to the repository.
    #[error("git may not write to this repository:\n{0}")]
    ReadOnly(String),
    /// A branch whose name is no text, so no other device could be told of it.
    #[error("the branch {0} has a name that is no UTF-8")]
    NotText(String),
    /// A branch can't be made: another one's name is a folder of it, or the other way round.
    #[error("the branch {branch} can't be made here: there is a branch {other}")]
    NoPlace {
        /// The branch that is wanted.
        branch: String,
        /// The one that is there.
        other: String,
    },
    /// The commit could not be signed.
    #[error("the commit could not be signed:\n{0}")]
    Unsigned(String),
    /// Git talks to no such URL.
    #[error("git does not use this kind of URL:\n{0}")]
    Transport(String),
    /// Files belong to git LFS, whose program is not here.
    #[error("git LFS is not installed here, and these files belong to it:\n{0}")]
    NoLfs(String),
    /// A commit has names that differ in case alone, which are one file where this work tree lies.
    #[error("the names of these files differ in case alone, and here they would be one file:\n{0}")]
    CaseClash(String),
    /// Another git is at work, or one died and left its lock.
    #[error("git is locked by {path}")]
    Locked {
        /// The lock file.
        path: String,
    },
    /// A hook refused.
    #[error("the {hook} hook refused:\n{output}")]
    Hook {
        /// Which, as far as git says.
        hook: String,
        /// What it printed.
        output: String,
    },
    /// The remote can't be reached.
    #[error("the git remote does not answer:\n{0}")]
    Unreachable(String),
    /// The user would have to log in.
    #[error("the git remote wants credentials:\n{0}")]
    Credentials(String),
    /// The disk is full.
    #[error("no room left on the disk for git:\n{0}")]
    Full(String),
    /// It took longer than its time limit and was stopped.
    #[error("`git {what}` took longer than {seconds} s")]
    Timeout {
        /// The sub-command.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// A name, e.g. from a save, that git does not take; nothing was called with it.
    #[error("{name:?} can't be the name of {what}")]
    BadName {
        /// What it was to be the name of, e.g. `a branch`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The work tree can't be brought back to where it stood without losing something, or it was
    /// changed meanwhile. Nothing was changed.
    #[error("the code can't be taken back: {0}")]
    InTheWay(String),
    /// The user cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Git failed otherwise.
    #[error("`git {what}` failed:\n{output}")]
    Failed {
        /// The sub-command.
        what: String,
        /// What git printed, without credentials in URLs.
        output: String,
    },
}
