//! A question to the user, as data.

use serde::{Deserialize, Serialize};

/// What has to be decided before anything is changed. The front end asks, and calls again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Stable name of the question.
    pub question: Question,
    /// Heading of the dialog, e.g. `Uncommitted Changes Detected`.
    pub title: String,
    /// What the user should know, a line each.
    pub details: Vec<String>,
    /// The ways to go on, the recommended one first.
    pub choices: Vec<Choice>,
}

/// Stable names of the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// The work tree has changes that a resume would touch.
    Dirty,
    /// The work tree is on another branch.
    Branch,
    /// The branch has diverged from the session's commit.
    Diverged,
    /// A running assistant holds the conversation.
    Live,
    /// Two devices went on from the same save.
    Conflict,
    /// The session's commit can't be had here.
    CommitMissing,
    /// A device is to be taken out of the account.
    Revoke,
    /// The recovery words are to be replaced.
    ExportKey,
    /// A device that asks is to become one of the account.
    Approve,
    /// The code of two heads can't be merged without a person.
    MergeConflict,
    /// Sessions are about to be deleted.
    Delete,
    /// Where sealed sessions are to go.
    Store,
    /// Whether a repository's origin may hold its sealed sessions.
    Origin,
    /// Several clones of the session's repository are on this machine.
    Clone,
    /// The conversation that is saved is large.
    Large,
    /// A commit would be pushed with what looks like a secret.
    Secrets,
    /// Whether a save commits on the default branch.
    SaveMode,
    /// Whether the assistant's own settings may be changed, so that it calls ConvoSync.
    AssistantHooks,
}

impl Question {
    /// The question's name, as codes and scripts have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dirty => "dirty",
            Self::Branch => "branch",
            Self::Diverged => "diverged",
            Self::Live => "live",
            Self::Conflict => "conflict",
            Self::CommitMissing => "commit-missing",
            Self::Revoke => "revoke",
            Self::ExportKey => "export-key",
            Self::Approve => "approve",
            Self::MergeConflict => "merge-conflict",
            Self::Delete => "delete",
            Self::Store => "store",
            Self::Origin => "origin",
            Self::Clone => "clone",
            Self::Large => "large",
            Self::Secrets => "secrets",
            Self::SaveMode => "save-mode",
            Self::AssistantHooks => "assistant-hooks",
        }
    }
}

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Stable name, e.g. `stash`; [`Choice::CANCEL`] for none of the others.
    pub value: String,
    /// What to pass to take it, e.g. `--on-dirty stash`; empty where leaving is just not calling again.
    pub flag: String,
    /// What a button says, e.g. `Stash & Continue`.
    pub label: String,
    /// What it does, in one sentence.
    pub help: String,
    /// Whether it is the one we would take.
    pub recommended: bool,
}

impl Choice {
    /// The value of the choice that changes nothing, for every question.
    pub const CANCEL: &'static str = "cancel";
}
