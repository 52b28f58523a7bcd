//! What was done. No field speaks of an effect that did not happen.

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::doctor::{DoctorReport, ExplainReport};
use crate::here::HereReport;
use crate::keys::{
    ApproveReport, DeviceState, EnrolReport, EnrolWaiting, KeyReport, ProtectReport, RenameReport,
};
use crate::portable::{ExportReport, ImportReport};
use crate::retention::{GcReport, KeptReport, RetentionState};
use crate::settings::ConfigReport;
use crate::show::{NoteReport, SessionNote, ShowReport, TimelineRow};
use crate::store::{ConsentReport, MoveReport, StoreReport, Visible};
use crate::terminal::{CommandRow, MissingVariable, PanesReport, Variable};
use crate::undo::{UndoReport, UndoRow, WaitingResume};

/// The result of a verb.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "report", rename_all = "kebab-case")]
pub enum Reply {
    /// Of `init`.
    Initialised(AccountReport),
    /// Of `device join`.
    Joined(AccountReport),
    /// Of `device join` without recovery words: what the other device needs.
    Enrolling(EnrolReport),
    /// Of `device join` while there is no answer, and of giving up.
    EnrolWaiting(EnrolWaiting),
    /// Of `device approve`.
    Approved(ApproveReport),
    /// Of `device rename`.
    Renamed(RenameReport),
    /// Of `device revoke`, `key rotate` and `key export`.
    Key(KeyReport),
    /// Of `key protect`.
    Protected(ProtectReport),
    /// Of `device list`.
    Devices(Rows<DeviceRow>),
    /// Of `save`.
    Saved(SaveReport),
    /// Of `resume`.
    Resumed(ResumeReport),
    /// Of `undo`, and of `resume --abort`.
    Undone(UndoReport),
    /// Of `undo --list`.
    Undoable(Rows<UndoRow>),
    /// Of `--dry-run`.
    Planned(PlanReport),
    /// Of `list`.
    Sessions(Rows<SessionRow>),
    /// Of `log`.
    Log(Rows<LogRow>),
    /// Of `note`.
    Noted(NoteReport),
    /// Of `show`.
    Shown(Box<ShowReport>),
    /// Of `status`.
    Status(Box<StatusReport>),
    /// What can be told at once of the caller's directory.
    Here(Box<HereReport>),
    /// Of `sync`.
    Synced(SyncReport),
    /// Of `pin`, `unpin`, `delete` and `undelete`.
    Kept(KeptReport),
    /// Of `gc`.
    Collected(GcReport),
    /// Of `config`.
    Config(ConfigReport),
    /// Of `store`.
    Store(StoreReport),
    /// Of `store move`.
    StoreMoved(MoveReport),
    /// Of `store allow` and `store forbid`.
    Consented(ConsentReport),
    /// Of `export`.
    Exported(ExportReport),
    /// Of `import`.
    Imported(ImportReport),
    /// Of `doctor`.
    Examined(DoctorReport),
    /// Of `explain`.
    Explained(ExplainReport),
}

impl Reply {
    /// What else to know, of whatever verb.
    pub fn notes_mut(&mut self) -> &mut Vec<Note> {
        match self {
            Self::Initialised(report) | Self::Joined(report) => &mut report.notes,
            Self::Enrolling(report) => &mut report.notes,
            Self::EnrolWaiting(report) => &mut report.notes,
            Self::Approved(report) => &mut report.notes,
            Self::Renamed(report) => &mut report.notes,
            Self::Key(report) => &mut report.notes,
            Self::Protected(report) => &mut report.notes,
            Self::Devices(rows) => &mut rows.notes,
            Self::Saved(report) => &mut report.notes,
            Self::Resumed(report) => &mut report.notes,
            Self::Undone(report) => &mut report.notes,
            Self::Undoable(rows) => &mut rows.notes,
            Self::Planned(report) => &mut report.notes,
            Self::Sessions(rows) => &mut rows.notes,
            Self::Log(rows) => &mut rows.notes,
            Self::Noted(report) => &mut report.notes,
            Self::Shown(report) => &mut report.notes,
            Self::Status(report) => &mut report.notes,
            Self::Here(report) => &mut report.notes,
            Self::Synced(report) => &mut report.notes,
            Self::Kept(report) => &mut report.notes,
            Self::Collected(report) => &mut report.notes,
            Self::Config(report) => &mut report.notes,
            Self::Store(report) => &mut report.notes,
            Self::StoreMoved(report) => &mut report.notes,
            Self::Consented(report) => &mut report.notes,
            Self::Exported(report) => &mut report.notes,
            Self::Imported(report) => &mut report.notes,
            Self::Examined(report) => &mut report.notes,
            Self::Explained(report) => &mut report.notes,
        }
    }
}

/// What can be shown, and what else to know: that something else could not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows<T> {
    /// In the order in which they are shown.
    pub rows: Vec<T>,
    /// What else to know.
    pub notes: Vec<Note>,
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(rows: Vec<T>) -> Self {
        Self { rows, notes: Vec::new() }
    }
}

/// Something the user should know that stopped nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Stable name, e.g. `excluded-files`.
    pub code: String,
    /// What, in one or more lines.
    pub text: String,
    /// What to do, if anything: often a command.
    pub help: Option<String>,
}

/// Account and store after `init` or `device join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReport {
    /// Whether anything was made: false when all was there already.
    pub changed: bool,
    /// The store's URL.
    pub store: String,
    /// Whether the store is only on this machine.
    pub local_only: bool,
    /// This device.
    pub device: DeviceRow,
    /// The 24 words, once, on a new account without `--recovery-file`.
    pub recovery_words: Option<String>,
    /// Where the words were written.
    pub recovery_file: Option<String>,
    /// Saves that were made before and belong to the account now.
    pub adopted_saves: u64,
    /// What whoever runs the store can see; none if it is on this machine only.
    #[serde(default)]
    pub visible: Option<Visible>,
    /// The command that makes another device one of the account.
    #[serde(default)]
    pub join_with: Option<String>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// A device of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Its id.
    pub device_id: String,
    /// Its name.
    pub name: String,
    /// desktop, laptop, tablet, mobile or server.
    pub kind: String,
    /// Whether it is this one.
    pub this_device: bool,
    /// Its newest save that is known here, milliseconds since 1970.
    pub last_sync: Option<i64>,
    /// When it joined, milliseconds since 1970.
    pub joined: i64,
    /// What it is to the account.
    #[serde(default)]
    pub state: DeviceState,
}

/// Where a session's newest save is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    /// In the store; its commit is on the git remote (or it has none).
    Synced,
    /// On this device only, waiting to be sent.
    Queued,
    /// In the store; its commit travels sealed, since the git remote does not have it.
    Unpushed,
    /// In the store, but not all of its parts yet.
    Arriving,
    /// Two devices went on from the same save.
    Conflict,
    /// In the store; it was brought back to a work tree here that is on other code since.
    OutOfStep,
}

impl SessionState {
    /// The state as people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Queued => "queued",
            Self::Unpushed => "unpushed",
            Self::Arriving => "arriving",
            Self::Conflict => "conflict",
            Self::OutOfStep => "out-of-step",
        }
    }
}

/// A part of a session that a save may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The commit.
    Code,
    /// The conversation.
    Conversation,
    /// Where the user was.
    Terminal,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Code, Self::Conversation, Self::Terminal];

    /// The part as people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Conversation => "conversation",
            Self::Terminal => "terminal",
        }
    }
}

/// A session by its newest head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// `session-…`.
    pub session_id: String,
    /// When its newest head was saved, milliseconds since 1970.
    pub timestamp: i64,
    /// The device that saved it.
    pub device: String,
    /// desktop, laptop, tablet, mobile or server.
    pub device_kind: String,
    /// The branch.
    pub branch: Option<String>,
    /// The commit, whole.
    pub commit: Option<String>,
    /// What the user wrote.
    pub message: String,
    /// Messages in the main conversation.
    pub message_count: u64,
    /// Bytes of its conversations.
    pub size: u64,
    /// The repository's normalised URL, or its folder name.
    pub repository: String,
    /// Where the user was, on the device that saved.
    pub working_directory: String,
    /// The main conversation.
    pub conversation_id: Option<String>,
    /// Where the newest save is.
    pub state: SessionState,
    /// Whether the user keeps it for ever.
    pub pinned: bool,
    /// What the user calls the session.
    #[serde(default)]
    pub title: Option<String>,
    /// What the save holds.
    #[serde(default)]
    pub holds: Vec<Part>,
    /// Changes that no commit holds and that travel with the newest save.
    #[serde(default)]
    pub uncommitted: u64,
}

/// A save.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRow {
    /// The save's own id.
    pub save: String,
    /// Whether it is a head.
    pub head: bool,
    /// What is beside the session's line: work that was put aside by a resume, or a note.
    pub parked: bool,
    /// What somebody wrote about the session.
    #[serde(default)]
    pub note: bool,
    /// What does not count: its device was revoked before, or is not of the account.
    #[serde(default)]
    pub quarantined: bool,
    /// The rest, as in a list.
    #[serde(flatten)]
    pub row: SessionRow,
}

/// A conversation that was seen and not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationNote {
    /// Its id.
    pub conversation_id: String,
    /// Its title or first prompt, shortened.
    pub title: Option<String>,
    /// When it was last written, milliseconds since 1970.
    pub modified: i64,
    /// Whether an assistant has it open.
    pub live: bool,
}

/// What `save` did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveReport {
    /// The session.
    pub session_id: String,
    /// The save.
    pub save: String,
    /// Whether the session is new.
    pub new_session: bool,
    /// The branch.
    pub branch: Option<String>,
    /// The commit that the save names.
    pub commit: Option<String>,
    /// The message of the commit that was made, if one was.
    pub committed: Option<String>,
    /// Files that the commit changed.
    pub modified_files: u64,
    /// Files that the commit added.
    pub new_files: u64,
    /// Nothing has changed since the last save, which is this one: none was made.
    #[serde(default)]
    pub unchanged: bool,
    /// Changes that no commit holds and that travel with the save.
    #[serde(default)]
    pub uncommitted: u64,
    /// The repository's normalised URL, or its folder name.
    #[serde(default)]
    pub repository: String,
    /// `remote/branch` that the commit was proven to be on; `remote` alone if it is on another branch
    /// there.
    pub pushed: Option<String>,
    /// The conversation that was saved.
    pub conversation_id: Option<String>,
    /// Its messages.
    pub message_count: u64,
    /// Conversations of this work tree that were not taken.
    pub other_conversations: Vec<ConversationNote>,
    /// Bytes that the save added to the store.
    pub uploaded: u64,
    /// Whether the save is in the store.
    pub synced: bool,
    /// Saves that wait on this device.
    pub queued: u64,
    /// Whether the store is only on this machine.
    pub local_only: bool,
    /// Other devices of the account.
    pub other_devices: Vec<String>,
    /// Commands of the shell's history that travel along.
    #[serde(default)]
    pub history: u64,
    /// Tabs of the terminal that travel along.
    #[serde(default)]
    pub tabs: u64,
    /// Panes in them.
    #[serde(default)]
    pub panes: u64,
    /// Of those the ones whose text travels too.
    #[serde(default)]
    pub texts: u64,
    /// Variables that travel along.
    #[serde(default)]
    pub env: Vec<String>,
    /// Variables that were asked for and stay.
    #[serde(default)]
    pub env_missing: Vec<MissingVariable>,
    /// The branch before, if the save switched to another.
    #[serde(default)]
    pub previous_branch: Option<String>,
    /// What the session is called.
    #[serde(default)]
    pub title: Option<String>,
    /// What the user left out of the save.
    #[serde(default)]
    pub left_out: Vec<Part>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// What `resume` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeReport {
    /// The session.
    pub session_id: String,
    /// The save that was brought back.
    pub save: String,
    /// The device that made it.
    pub device: String,
    /// When, milliseconds since 1970.
    pub timestamp: i64,
    /// What the user wrote.
    pub message: String,
    /// Where to be now, absolute.
    pub working_directory: String,
    /// The branch before.
    pub previous_branch: Option<String>,
    /// The branch now.
    pub branch: Option<String>,
    /// The commit now.
    pub commit: Option<String>,
    /// The commit's subject.
    pub commit_subject: Option<String>,
    /// Whether the branch was switched.
    pub switched_branch: bool,
    /// Changes that no commit holds, brought back with it.
    #[serde(default)]
    pub uncommitted: u64,
    /// Whether commits were fetched.
    pub fetched: bool,
    /// Commits of the remote's branch that came on top of the session's, because they were asked
    /// for.
    #[serde(default)]
    pub pulled: u64,
    /// Whether code and conversation are those of the save; what it does not hold is no matter.
    pub in_step: bool,
    /// What the save holds: of other parts nothing was brought back, and nothing can be said.
    #[serde(default)]
    pub holds: Vec<Part>,
    /// They are not, but the code has the save's commit and goes on from it.
    #[serde(default)]
    pub ahead: bool,
    /// The session's main conversation, by its id here.
    pub conversation_id: Option<String>,
    /// Whether it was put in place; false when the one here was left as it is.
    pub conversation_restored: bool,
    /// Which assistant goes on with it.
    pub assistant: Option<String>,
    /// Its messages.
    pub message_count: u64,
    /// The code that they were written on, in order.
    #[serde(default)]
    pub timeline: Vec<TimelineRow>,
    /// What was written about the session, the oldest first.
    #[serde(default)]
    pub session_notes: Vec<SessionNote>,
    /// The command that opens it.
    pub open_with: Option<String>,
    /// The program to start now and its arguments, if that was asked for and nothing else has the
    /// conversation open.
    #[serde(default)]
    pub run: Vec<String>,
    /// What was run there last, oldest first: the last few commands, or all with `--history`.
    #[serde(default)]
    pub history: Vec<CommandRow>,
    /// Variables for the caller to set.
    #[serde(default)]
    pub env: Vec<Variable>,
    /// Variables that were asked for and are not set.
    #[serde(default)]
    pub env_missing: Vec<MissingVariable>,
    /// What became of the session's panes, if it has any.
    #[serde(default)]
    pub panes: Option<PanesReport>,
    /// The target's own work that was put aside, and how to get it back.
    pub parked: Vec<Note>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanReport {
    /// The verb.
    pub verb: String,
    /// The steps, in the user's words.
    pub steps: Vec<String>,
    /// What would be asked, in order.
    pub decisions: Vec<Decision>,
    /// What a save would take in, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save: Option<SavePlan>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// What a save would take in: what `save --interactive` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavePlan {
    /// The branch that it would be on.
    pub branch: Option<String>,
    /// Files that were changed or removed.
    pub modified_files: u64,
    /// Files that are new.
    pub new_files: u64,
    /// The conversation.
    pub conversation: Option<PlannedConversation>,
    /// Where the user is.
    pub directory: String,
}

/// A conversation that would be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedConversation {
    /// The assistant.
    pub assistant: String,
    /// Its id.
    pub conversation_id: String,
    /// Its title or first prompt, shortened.
    pub title: Option<String>,
    /// Its messages here.
    pub message_count: u64,
    /// Bytes of its transcript here.
    pub size: u64,
    /// Tokens that the first answer after a resume reads, as far as its last answer tells.
    pub resume_tokens: Option<u64>,
    /// Whether it is large.
    pub large: bool,
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The repository here.
    pub repository: Option<String>,
    /// The branch here.
    pub branch: Option<String>,
    /// The commit here.
    pub commit: Option<String>,
    /// The commit's subject.
    pub commit_subject: Option<String>,
    /// The conversation here.
    pub conversation_id: Option<String>,
    /// Its messages.
    pub message_count: u64,
    /// Whether an assistant has it open.
    pub conversation_live: bool,
    /// The session that the next save goes on with.
    pub session: Option<SessionRow>,
    /// Changed files here.
    pub uncommitted: Vec<String>,
    /// A resume here that waits for conflicts to be resolved.
    #[serde(default)]
    pub waits: Option<WaitingResume>,
    /// Commits that the remote-tracking branch lacks.
    pub ahead: u64,
    /// Commits that the branch lacks.
    pub behind: u64,
    /// Sessions that other devices saved, newest first.
    pub sessions: Vec<SessionRow>,
    /// Sessions in all.
    pub session_count: u64,
    /// The store's URL.
    pub store: String,
    /// Whether the store is only on this machine.
    pub local_only: bool,
    /// Whether the store answered.
    pub store_reachable: bool,
    /// Bytes in the store, if it answered.
    pub store_bytes: Option<u64>,
    /// Quota, and what could go.
    #[serde(default)]
    pub retention: RetentionState,
    /// Saves that wait on this device.
    pub queued: u64,
    /// Each of them, in the order in which they are sent.
    #[serde(default)]
    pub waiting: Vec<WaitingSave>,
    /// The account's devices.
    pub devices: Vec<DeviceRow>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// A save that waits on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingSave {
    /// The session.
    pub session_id: String,
    /// The save.
    pub save: String,
    /// Since when, milliseconds since 1970.
    pub since: i64,
    /// How often it was tried.
    pub attempts: u64,
    /// Code of what stopped it last.
    pub why: Option<String>,
    /// When it is tried again, milliseconds since 1970. None: by the next command that reaches the
    /// store.
    pub next_try: Option<i64>,
}

/// A save that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncedSave {
    /// The session.
    pub session_id: String,
    /// The save.
    pub save: String,
    /// Bytes.
    pub bytes: u64,
}

/// What `sync` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// What was sent, in order.
    pub sent: Vec<SyncedSave>,
    /// Saves that still wait.
    pub queued: u64,
    /// What else to know: why they wait.
    pub notes: Vec<Note>,
}
