//! What the plugin reads of what the helper and a watch say: of all that they can say, what is shown
//! here. The types of `convosync-wire` read everything, which makes the plugin twice as big as Zellij
//! likes to load; what they write is read here, and a test holds the two together.

use convosync_wire::zellij::{MOST_BYTES, Watching};
use convosync_wire::{
    Decision, Failure, HereReport, Note, Progress, Rows, SessionNote, SessionRow, SessionState,
    TimelineRow,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::helper::{protocol, unexpected};
use crate::text::first_line;

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Sessions(Rows<SessionRow>),
    Here(HereReport),
    Saved(Saved),
    Resumed(Resumed),
    Kept(Kept),
    Shown(Box<Shown>),
    /// Something that is not shown.
    Done,
    Decide(Decision),
    Failed(Failure),
}

/// What is shown of a save.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Saved {
    pub(crate) synced: bool,
    pub(crate) local_only: bool,
    pub(crate) other_devices: Vec<String>,
    pub(crate) notes: Vec<Note>,
}

/// What is shown of a resume.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Resumed {
    pub(crate) session_id: String,
    pub(crate) device: String,
    pub(crate) timestamp: i64,
    pub(crate) message: String,
    pub(crate) working_directory: String,
    pub(crate) branch: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) uncommitted: u64,
    pub(crate) in_step: bool,
    pub(crate) conversation_id: Option<String>,
    pub(crate) conversation_restored: bool,
    pub(crate) message_count: u64,
    pub(crate) open_with: Option<String>,
    pub(crate) parked: Vec<Note>,
    pub(crate) notes: Vec<Note>,
}

/// What is shown of a pin or a deletion.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    pub(crate) verb: String,
    pub(crate) grace_days: u64,
    pub(crate) notes: Vec<Note>,
}

/// What is shown of a session.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Shown {
    pub(crate) session_id: String,
    pub(crate) timestamp: i64,
    pub(crate) device: String,
    pub(crate) device_kind: String,
    pub(crate) branch: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) message: String,
    pub(crate) message_count: u64,
    pub(crate) repository: String,
    pub(crate) state: SessionState,
    pub(crate) pinned: bool,
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) uncommitted: u64,
    #[serde(default)]
    pub(crate) assistant: Option<String>,
    #[serde(default)]
    pub(crate) initial_commit: Option<String>,
    #[serde(default)]
    pub(crate) timeline: Vec<TimelineRow>,
    #[serde(default)]
    pub(crate) session_notes: Vec<SessionNote>,
    #[serde(default)]
    pub(crate) notes: Vec<Note>,
}

/// A line of the helper.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    answer: &'a RawValue,
    #[serde(default)]
    left: u64,
}

#[derive(Deserialize)]
struct Outer<'a> {
    answer: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Inner<'a> {
    kind: String,
    #[serde(borrow)]
    report: &'a RawValue,
}

/// The answer that a line holds, still as JSON, and how many rows there was no room for.
///
/// # Errors
///
/// If the line is none of the helper's.
pub(crate) fn line(line: &str) -> Result<(String, u64), Failure> {
    let read = serde_json::from_str::<Line<'_>>(line);
    let read = read.map(|line| (line.answer.get().to_owned(), line.left));
    read.map_err(|_| protocol(format!("the helper answered `{}`", first_line(line))))
}

/// Reads an answer.
///
/// # Errors
///
/// If it is none that this version knows.
pub(crate) fn read(json: &str) -> Result<Answer, Failure> {
    understood(json).ok_or_else(unexpected)
}

fn understood(json: &str) -> Option<Answer> {
    let outer: Outer<'_> = from(json)?;
    let data = outer.data.get();
    match outer.answer.as_str() {
        "reply" => reply(&from::<Inner<'_>>(data)?),
        "needs-decision" => from(data).map(Answer::Decide),
        "failure" => from(data).map(Answer::Failed),
        _ => None,
    }
}

fn reply(inner: &Inner<'_>) -> Option<Answer> {
    let report = inner.report.get();
    match inner.kind.as_str() {
        "sessions" => from(report).map(Answer::Sessions),
        "here" => from(report).map(Answer::Here),
        "saved" => from(report).map(Answer::Saved),
        "resumed" => from(report).map(Answer::Resumed),
        "kept" => from(report).map(Answer::Kept),
        "shown" => from(report).map(Answer::Shown),
        _ => Some(Answer::Done),
    }
}

/// What the helper or a watch tells of its own accord.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Push {
    Progress {
        call: u64,
        progress: Progress,
    },
    /// Sessions that other devices saved.
    News(Vec<String>),
    Changed,
    Watch(Watching),
}

#[derive(Deserialize)]
struct Tagged<'a> {
    push: String,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Told {
    call: u64,
    progress: Progress,
}

#[derive(Deserialize)]
struct News {
    sessions: Vec<String>,
}

#[derive(Deserialize)]
struct Stand<'a> {
    state: String,
    #[serde(borrow, default)]
    failure: Option<&'a RawValue>,
}

/// Reads what is pushed; none if it is of another version, or of somebody else.
pub(crate) fn push(json: &str) -> Option<Push> {
    if json.len() > MOST_BYTES {
        return None;
    }
    let tagged: Tagged<'_> = from(json)?;
    let data = tagged.data.map(RawValue::get).unwrap_or_default();
    Some(match tagged.push.as_str() {
        "progress" => {
            let Told { call, progress } = from(data)?;
            Push::Progress { call, progress }
        }
        "news" => {
            let news: News = from(data)?;
            Push::News(news.sessions)
        }
        "changed" => Push::Changed,
        "watch" => Push::Watch(stand(&from(data)?)?),
        _ => return None,
    })
}

fn stand(stand: &Stand<'_>) -> Option<Watching> {
    match stand.state.as_str() {
        "well" => Some(Watching::Well),
        "ended" => Some(Watching::Ended),
        "troubled" => from(stand.failure?.get()).map(Watching::Troubled),
        _ => None,
    }
}

fn from<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests;
