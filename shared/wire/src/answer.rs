//! What the helper says.

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::report::Reply;

/// One line from the helper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", content = "data", rename_all = "kebab-case")]
pub enum Answer {
    /// Something is being done; more follows.
    Progress(Progress),
    /// Done. Final.
    Reply(Box<Reply>),
    /// Nothing was changed; the user has to choose. Final.
    NeedsDecision(Decision),
    /// It did not work. Final.
    Failure(Failure),
}

/// What is being done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// In the user's words, e.g. `Pushing to origin/main`.
    pub text: String,
    /// How much of it is done, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

impl From<&str> for Progress {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), counted: None }
    }
}

/// So much of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// What is done.
    pub done: u64,
    /// What there is to do.
    pub of: u64,
    /// What is counted.
    pub unit: Unit,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Sealed objects.
    Objects,
}

/// Why something did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable name for scripts, e.g. `convosync::save::detached-head`.
    pub code: String,
    /// What happened, lower case, no final dot; further lines are details.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The argument that was wrong, as named on the command line (`session`, `--at`, …).
    pub argument: Option<String>,
}
