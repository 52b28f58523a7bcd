//! Whether all that ConvoSync needs is there and well; and what a code of a failure means.

use serde::{Deserialize, Serialize};

use crate::report::Note;

/// `convosync doctor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DoctorArgs {
    /// Write, read, list and delete an object in the store that says nothing.
    pub probe: bool,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, and should be looked at.
    Warn,
    /// It does not work.
    Fail,
}

impl Health {
    /// The word that people see and filter by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What it belongs to, e.g. `git`.
    pub area: String,
    /// How it went.
    pub state: Health,
    /// What was found, in one or more lines.
    pub text: String,
    /// Stable name; that of the failure where there is one.
    pub code: String,
    /// What to do, if anything.
    pub help: Option<String>,
}

impl Check {
    /// Something that is as it should be.
    #[must_use]
    pub fn ok(area: &str, code: &str, text: impl Into<String>) -> Self {
        let (area, code) = (area.to_owned(), code.to_owned());
        Self { area, state: Health::Ok, text: text.into(), code, help: None }
    }

    /// The same, to be looked at.
    #[must_use]
    pub fn warn(self, help: impl Into<String>) -> Self {
        Self { state: Health::Warn, help: Some(help.into()), ..self }
    }

    /// The same, which does not work.
    #[must_use]
    pub fn fail(self, help: impl Into<String>) -> Self {
        Self { state: Health::Fail, help: Some(help.into()), ..self }
    }
}

/// Of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorReport {
    /// Everything that was looked at, in the order of its areas.
    pub checks: Vec<Check>,
    /// What else to know.
    pub notes: Vec<Note>,
}

impl DoctorReport {
    /// How many checks went so.
    #[must_use]
    pub fn count(&self, state: Health) -> usize {
        self.checks.iter().filter(|check| check.state == state).count()
    }
}

/// Of `explain`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainReport {
    /// The code, whole.
    pub code: String,
    /// What it means.
    pub cause: String,
    /// What to do.
    pub help: String,
    /// What else to know.
    pub notes: Vec<Note>,
}
