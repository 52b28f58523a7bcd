//! Why a use case stopped: what happened, a stable code, what to do.

use convosync_core::{ObjectName, OpenError};
use convosync_wire::{Decision, Failure, Note};

use crate::ports::{AssistantError, GitError, LocalError, StoreError};

/// Something that the engine refuses to do as things stand. Nothing was changed.
///
/// Codes are for scripts and docs: never reuse one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable name.
    pub code: &'static str,
    /// What happened, lower case, no final dot; further lines are details.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The argument that was wrong.
    pub argument: Option<&'static str>,
}

impl Refusal {
    /// Names what stands in the way.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, argument: None }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the argument that was wrong.
    #[must_use]
    pub fn argument(mut self, argument: &'static str) -> Self {
        self.argument = Some(argument);
        self
    }
}

/// Why a use case stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trouble {
    /// As things stand it can't be done.
    Refused(Refusal),
    /// The user has to choose first.
    Decide(Box<Decision>),
    /// The store did not do it.
    Store(StoreError),
    /// Git did not do it.
    Git(GitError),
    /// This device's own files could not be used.
    Local(LocalError),
    /// The assistant's files could not be used.
    Assistant(AssistantError),
    /// An object could not be opened.
    Object {
        /// Which.
        name: ObjectName,
        /// Why.
        error: OpenError,
    },
    /// The user cancelled.
    Cancelled,
    /// It stopped after the user's own work had been put aside.
    After {
        /// Why.
        trouble: Box<Trouble>,
        /// What was put aside, and how to get it back.
        aside: Vec<Note>,
    },
}

macro_rules! from {
    ($($error:ty => $variant:ident),* $(,)?) => {
        $(impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}
from!(Refusal => Refused, StoreError => Store, LocalError => Local, AssistantError => Assistant);

impl From<GitError> for Trouble {
    fn from(error: GitError) -> Self {
        match error {
            GitError::Cancelled => Self::Cancelled,
            error => Self::Git(error),
        }
    }
}

impl From<Decision> for Trouble {
    fn from(decision: Decision) -> Self {
        Self::Decide(Box::new(decision))
    }
}

impl Trouble {
    /// The same after this had been put aside.
    pub(crate) fn after(self, aside: Vec<Note>) -> Self {
        match aside.is_empty() {
            true => self,
            false => Self::After { trouble: Box::new(self), aside },
        }
    }

    /// What the front end is told; a [`Trouble::Decide`] is told as a decision instead.
    #[must_use]
    pub fn failure(self) -> Failure {
        match self {
            Self::Refused(refusal) => Failure {
                code: refusal.code.to_owned(),
                message: refusal.message,
                help: refusal.help,
                argument: refusal.argument.map(str::to_owned),
            },
            Self::Decide(decision) => failure(
                "convosync::decision",
                format!("a choice is needed: {}", decision.title),
                None,
            ),
            Self::Store(error) => store_failure(&error),
            Self::Git(error) => git_failure(&error),
            Self::Local(error) => local_failure(&error),
            Self::Assistant(error) => assistant_failure(&error),
            Self::Object { name: ObjectName::StoreRecord, error } => record_failure(&error),
            Self::Object { name, error } => {
                failure(error.code(), format!("{error} ({name})"), error.help().map(str::to_owned))
            }
            Self::Cancelled => failure("convosync::cancelled", "cancelled".to_owned(), None),
            Self::After { trouble, aside } => after(trouble.failure(), &aside),
        }
    }

    /// Stable name of the trouble, e.g. for a queued save's last error.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.code.to_owned(),
            Self::Decide(_) => "convosync::decision".to_owned(),
            Self::Store(error) => store_failure(error).code,
            Self::Git(error) => git_failure(error).code,
            Self::Local(error) => local_failure(error).code,
            Self::Assistant(error) => assistant_failure(error).code,
            Self::Object { error, .. } => error.code().to_owned(),
            Self::Cancelled => "convosync::cancelled".to_owned(),
            Self::After { trouble, .. } => trouble.code(),
        }
    }
}

fn failure(code: &str, message: String, help: Option<String>) -> Failure {
    Failure { code: code.to_owned(), message, help, argument: None }
}

/// Why a store is not taken for the account's: nothing is written to it then.
fn record_failure(error: &OpenError) -> Failure {
    let (message, help) = match error {
        OpenError::Foreign => (
            "the store is another account's".to_owned(),
            "nothing was written to it, and saves wait on this device; `convosync status` names the store: is another folder mounted there?",
        ),
        OpenError::NewerFormat => (
            "the store was made by a newer version of ConvoSync".to_owned(),
            "update ConvoSync on this device",
        ),
        OpenError::WrongKey | OpenError::Epoch { .. } => (
            format!("the store is of this account, but under another key: {error}"),
            "join this device again: `convosync device join --recovery`",
        ),
        _ => (
            format!("the store's record can't be read: {error} ({})", ObjectName::StoreRecord),
            "nothing was written to the store, and saves wait on this device; put the record back from a copy of the store (it is the same on every device)",
        ),
    };
    failure(error.code(), message, Some(help.to_owned()))
}

/// Tells with a failure what had been put aside before.
fn after(mut failure: Failure, aside: &[Note]) -> Failure {
    let mut help: Vec<String> = failure.help.into_iter().collect();
    for note in aside {
        failure.message.push_str(&format!("\n{}", note.text));
        help.extend(note.help.clone());
    }
    Failure { help: Some(help.join("\n")).filter(|help| !help.is_empty()), ..failure }
}

/// The code of what is not in the store.
pub(crate) const MISSING: &str = "convosync::store::missing";

/// Code and help of what a store said.
pub(crate) fn store_failure(error: &StoreError) -> Failure {
    let (code, help) = match error {
        StoreError::Missing(_) => (
            MISSING,
            "the store may still be arriving (a synchronised folder): try again in a while",
        ),
        StoreError::Exists(_) => (
            "convosync::store::exists",
            "two devices share one device id (a cloned machine?): run `convosync device join` on one of them",
        ),
        StoreError::Unreachable(_) => {
            ("convosync::store::unreachable", "run `convosync sync --retry` when it is back")
        }
        StoreError::Denied(_) => (
            "convosync::store::denied",
            "check the permissions of the store, then run `convosync sync --retry`",
        ),
        StoreError::Full(_) => {
            ("convosync::store::full", "make room, then run `convosync sync --retry`")
        }
        StoreError::NoPlace(_) => (
            "convosync::store::no-place",
            "it waits on this device; `convosync sync` sends it when there is one",
        ),
        StoreError::TooBig { .. } => (
            "convosync::store::too-big",
            "it was not made by ConvoSync: look at it, and take it out of the store yourself",
        ),
        StoreError::BadUrl { .. } => (
            "convosync::store::bad-url",
            "give a folder, a git repository or a bucket, e.g. `--store file:///home/you/Sync/convosync`, `--store git+ssh://git@example.org/you/sessions.git` or `--store s3://bucket/prefix`",
        ),
    };
    failure(code, error.to_string(), Some(help.to_owned()))
}

/// Code and help of what git said.
pub(crate) fn git_failure(error: &GitError) -> Failure {
    let (code, help) = match error {
        GitError::NoGit(_) => (
            "convosync::git::missing",
            "install git, or a newer one: `convosync doctor` tells which is used",
        ),
        GitError::NotARepository(_) => (
            "convosync::git::not-a-repository",
            "run it inside a git repository; `git init` makes one",
        ),
        GitError::NoWorkTree(_) => (
            "convosync::git::no-work-tree",
            "run it in a clone, or in a work tree of its own: `git worktree add DIR BRANCH`",
        ),
        GitError::NotTrusted(_) => (
            "convosync::git::not-trusted",
            "if you trust what is in it, tell git so: `git config --global --add safe.directory DIR`",
        ),
        GitError::ReadOnly(_) => (
            "convosync::git::read-only",
            "make the repository yours to write, or work in a clone of it; nothing was changed",
        ),
        GitError::NotText(_) => (
            "convosync::git::not-utf8",
            "other devices could not be told of it: rename it with `git branch -m NAME`",
        ),
        GitError::NoPlace { .. } => (
            "convosync::git::branch-folder",
            "rename that one with `git branch -m`, or use `--stay-on-branch`; nothing was changed",
        ),
        GitError::Unsigned(_) => (
            "convosync::git::unsigned",
            "nobody is asked for a passphrase here: unlock the key first (ssh-add, or gpg), then run `convosync save --retry`",
        ),
        GitError::Transport(_) => (
            "convosync::git::transport",
            "give the remote an https or ssh URL: `git remote set-url NAME URL`",
        ),
        GitError::NoLfs(_) => (
            "convosync::git::lfs-missing",
            "install git-lfs and run `git lfs install`; nothing was changed",
        ),
        GitError::CaseClash(_) => (
            "convosync::git::case-clash",
            "nothing was changed; rename one of each where the file system tells them apart, and save again",
        ),
        GitError::Locked { .. } => (
            "convosync::git::locked",
            "another git is at work here, or one died: when no git runs, remove that file and run it again",
        ),
        GitError::Full(_) => ("convosync::git::full", "make room and run it again"),
        GitError::Hook { .. } => (
            "convosync::git::hook",
            "mend what the hook complains about, then run `convosync save --retry`",
        ),
        GitError::Unreachable(_) => (
            "convosync::git::unreachable",
            "check the connection, then run `convosync sync --retry`",
        ),
        GitError::Credentials(_) => (
            "convosync::git::credentials",
            "log in once with plain git (`git fetch`), so that a credential helper or ssh-agent knows you",
        ),
        GitError::Timeout { .. } => {
            ("convosync::git::timeout", "run it again; nothing was left half done")
        }
        GitError::BadName { .. } => (
            "convosync::git::name",
            "if it is your own branch, rename it with `git branch -m NAME`; else it comes from a save that is damaged or hostile: take another one with `--at`",
        ),
        GitError::InTheWay(_) => (
            "convosync::git::in-the-way",
            "move what it names away, then run it again; nothing was changed",
        ),
        GitError::Cancelled => ("convosync::cancelled", "run it again when you are ready"),
        GitError::Failed { .. } => {
            ("convosync::git::failed", "try the same with plain git to see more")
        }
    };
    failure(code, error.to_string(), Some(help.to_owned()))
}

fn local_failure(error: &LocalError) -> Failure {
    let (code, help) = match error {
        LocalError::Io { .. } => {
            ("convosync::local::io", "check that the folder is there and yours")
        }
        LocalError::Exists(_) => {
            ("convosync::local::exists", "it was left as it is: move it away, or give another path")
        }
        LocalError::Full(_) => ("convosync::local::full", "make room and run it again"),
        LocalError::Damaged { .. } => (
            "convosync::local::damaged",
            "if it is the key file: move it away and run `convosync device join --recovery`",
        ),
        LocalError::Newer { .. } => ("convosync::local::newer", "update ConvoSync on this device"),
        LocalError::Exposed { .. } => (
            "convosync::local::exposed",
            "run `chmod 600` on it; if others may have read it, make a new account",
        ),
        LocalError::Locked(error) => (error.code(), error.help()),
        LocalError::NoKeyring(_) => (
            "convosync::key-file::no-keychain",
            "leave out `--keychain`: the passphrase is then asked for each time",
        ),
        LocalError::Busy { .. } => {
            ("convosync::local::busy", "wait for it to end, then run it again")
        }
    };
    failure(code, error.to_string(), Some(help.to_owned()))
}

fn assistant_failure(error: &AssistantError) -> Failure {
    let (code, help, argument) = match error {
        AssistantError::NotFound(_) => (
            "convosync::conversation::not-found",
            "`convosync status` names the conversation here",
            Some("--conversation".to_owned()),
        ),
        AssistantError::Ambiguous { .. } => (
            "convosync::conversation::ambiguous",
            "give more of its letters",
            Some("--conversation".to_owned()),
        ),
        AssistantError::Refused { .. } => (
            "convosync::conversation::refused",
            "the save was made by another version, or is hostile: nothing was placed",
            None,
        ),
        AssistantError::Full(_) => {
            ("convosync::conversation::full", "make room and run it again", None)
        }
        AssistantError::Io { .. } => {
            ("convosync::conversation::io", "check that the file is there and yours", None)
        }
    };
    let told = failure(code, error.to_string(), Some(help.to_owned()));
    Failure { argument, ..told }
}
