//! A session to be read: its conversation, and on which code each message was written.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::report::{LogRow, Note};

/// `convosync show`, and `convosync resume --read-only`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShowArgs {
    /// A session id or a unique prefix. None: this repository's newest.
    pub session: Option<String>,
    /// This save of the session, not its head (id or unique prefix).
    pub at: Option<String>,
    /// Which messages. None: the newest, [`ShowArgs::PAGE`] of them.
    pub messages: MessageRange,
    /// Lay the code out in this new directory, as a work tree of the clone here that is on no branch.
    pub worktree: Option<String>,
}

impl ShowArgs {
    /// Messages that are shown at once.
    pub const PAGE: u64 = 500;
}

/// Messages of a conversation; the first one is 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRange {
    /// From this one. None: from the first that there is room for.
    pub first: Option<u64>,
    /// Up to this one. None: to the last.
    pub last: Option<u64>,
}

impl FromStr for MessageRange {
    type Err = String;

    /// `10..20`, `10..`, `..20` or `15`; both ends belong to it.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no range of messages, e.g. 10..20, 10.. or ..20");
        let number = |text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse().ok().filter(|number| *number > 0).map(Some).ok_or_else(wrong),
        };
        let (first, last) = match text.split_once("..") {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(text)?, number(text)?),
        };
        let ends = first.zip(last);
        if (first, last) == (None, None) || ends.is_some_and(|(first, last)| first > last) {
            return Err(wrong());
        }
        Ok(Self { first, last })
    }
}

/// A session to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowReport {
    /// The save that is shown, and its session.
    #[serde(flatten)]
    pub save: LogRow,
    /// The conversation's title; the session has one of its own.
    pub conversation_title: Option<String>,
    /// Which assistant wrote it.
    pub assistant: Option<String>,
    /// The client's version that wrote last.
    pub client_version: Option<String>,
    /// The commit that the conversation began at, if it is known.
    pub initial_commit: Option<String>,
    /// The branches that it was held on, each once.
    pub branch_history: Vec<String>,
    /// Files that the save committed.
    pub modified_files: Vec<String>,
    /// The code that its messages were written on, in order.
    pub timeline: Vec<TimelineRow>,
    /// The code here, if here is a clone of the session's repository.
    pub here: Option<Standing>,
    /// Where the code was laid out, if that was asked for.
    #[serde(default)]
    pub worktree: Option<String>,
    /// What was written about the session, the oldest first.
    pub session_notes: Vec<SessionNote>,
    /// The messages that were asked for.
    pub messages: Vec<MessageRow>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// `convosync note`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteArgs {
    /// A session id or a unique prefix.
    pub session: String,
    /// What to note.
    pub text: String,
}

/// What `note` wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteReport {
    /// The session.
    pub session_id: String,
    /// The note's own id.
    pub save: String,
    /// What was noted.
    pub text: String,
    /// Whether it is in the store.
    pub synced: bool,
    /// Whether the store is only on this machine.
    pub local_only: bool,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// Something that was written about a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionNote {
    /// Its id.
    pub save: String,
    /// The device that it was written on.
    pub device: String,
    /// When, milliseconds since 1970.
    pub timestamp: i64,
    /// What: foreign text.
    pub text: String,
}

/// Messages in a row that were written on the same code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineRow {
    /// The first message.
    pub first: u64,
    /// The last message.
    pub last: u64,
    /// The branch, if it is known.
    pub branch: Option<String>,
    /// The commit, if it is known.
    pub commit: Option<String>,
    /// Whether it is that of the save which first held the messages. Else it is where HEAD was at
    /// their time, by the clone's own record.
    pub exact: bool,
}

/// The code here beside that of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The branch here.
    pub branch: Option<String>,
    /// The commit here.
    pub commit: Option<String>,
    /// How it stands to the session's.
    pub step: Step,
}

/// How the code here stands to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It is the code that the conversation was saved with.
    InStep,
    /// It is on the conversation's branch, and has commits besides.
    Ahead,
    /// It is another branch or commit.
    OutOfStep,
}

impl Step {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InStep => "in-step",
            Self::Ahead => "ahead",
            Self::OutOfStep => "out-of-step",
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Its number; none for what the assistant's client says in between.
    pub number: Option<u64>,
    /// `user`, `assistant` or `system`.
    pub role: String,
    /// When, milliseconds since 1970.
    pub time: Option<i64>,
    /// The branch it was written on.
    pub branch: Option<String>,
    /// The commit, as in [`TimelineRow::commit`].
    pub commit: Option<String>,
    /// As in [`TimelineRow::exact`].
    pub exact: bool,
    /// What it says: foreign text, often Markdown.
    pub text: String,
    /// The tools that were called, each with what for.
    pub tools: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_typed_as_in_a_shell() {
        let range = |first, last| Ok(MessageRange { first, last });
        for (text, want) in [
            ("10..20", range(Some(10), Some(20))),
            ("10..", range(Some(10), None)),
            ("..20", range(None, Some(20))),
            ("15", range(Some(15), Some(15))),
        ] {
            assert_eq!(text.parse(), want, "{text}");
        }
        for text in ["", "..", "0..3", "9..3", "a..b", "-1", "1..2..3"] {
            assert!(text.parse::<MessageRange>().is_err(), "{text}");
        }
    }
}
