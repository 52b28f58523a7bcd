//! What a front end asks for.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decision::{Choice, Question};
use crate::doctor::DoctorArgs;
use crate::keys::{ApproveArgs, EnrolArgs, ExportArgs, ProtectArgs, RenameArgs, RevokeArgs};
use crate::portable::{ExportSessionArgs, ImportArgs};
use crate::retention::{DeleteArgs, GcArgs, SessionsArgs};
use crate::settings::ConfigArgs;
use crate::show::{NoteArgs, ShowArgs};
use crate::store::{ConsentArgs, MoveArgs};
use crate::terminal::CallerEnv;
use crate::undo::UndoArgs;

/// One call of a verb.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`PROTOCOL`](crate::PROTOCOL) of the front end.
    pub protocol: u32,
    /// Version of the front end's package, to be named when it does not match the helper's.
    pub version: String,
    /// The caller's directory, absolute.
    pub directory: String,
    /// The caller's environment, as far as it is text. Only the variables that the helper
    /// documents are read, and none is stored.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The caller's shell, e.g. `nu`.
    #[serde(default)]
    pub shell: Option<String>,
    /// What opens this device's key, if somebody was asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<Secret>,
    /// What to do.
    pub verb: Verb,
}

impl fmt::Debug for Request {
    /// The environment has credentials: its names are enough.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("protocol", &self.protocol)
            .field("version", &self.version)
            .field("directory", &self.directory)
            .field("env", &self.env.keys())
            .field("shell", &self.shell)
            .field("passphrase", &self.passphrase)
            .field("verb", &self.verb)
            .finish()
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", content = "args", rename_all = "kebab-case")]
pub enum Verb {
    /// Make this device ready: account and store.
    Init(InitArgs),
    /// Make this device one of an account that exists.
    DeviceJoin(JoinArgs),
    /// Ask to become a device of an account, with six words that another device reads.
    DeviceEnrol(EnrolArgs),
    /// Look whether another device has answered, and join if it has.
    DeviceEnrolled,
    /// Take back what was asked.
    DeviceGiveUp,
    /// Let the device in that shows these words.
    DeviceApprove(ApproveArgs),
    /// Give this device another name.
    DeviceRename(RenameArgs),
    /// Take a device out of the account.
    DeviceRevoke(RevokeArgs),
    /// Make a new key for the account.
    KeyRotate,
    /// Make new recovery words.
    KeyExport(ExportArgs),
    /// Put a passphrase on this device's key, or take it off.
    KeyProtect(ProtectArgs),
    /// The account's devices.
    DeviceList,
    /// Save this moment.
    Save(SaveArgs),
    /// Bring a saved session back here.
    Resume(ResumeArgs),
    /// Take back the last resume in this work tree.
    Undo(UndoArgs),
    /// The saved sessions, one row each.
    List(ListArgs),
    /// Every save of one session.
    Log {
        /// A session id or a unique prefix of one.
        session: String,
    },
    /// Keep a note with a session.
    Note(NoteArgs),
    /// The conversation of a session, to be read. Changes nothing.
    Show(ShowArgs),
    /// Where this repository, its session, the store and the devices stand.
    Status,
    /// What can be told of the caller's directory without asking the store: for a front end that
    /// shows it all the time.
    Here,
    /// Send what is queued.
    Sync(SyncArgs),
    /// Keep sessions for ever.
    Pin(SessionsArgs),
    /// No longer keep them for ever.
    Unpin(SessionsArgs),
    /// Delete sessions; they can be brought back for a while.
    Delete(DeleteArgs),
    /// Bring deleted sessions back.
    Undelete(SessionsArgs),
    /// Remove what nothing needs any more.
    Gc(GcArgs),
    /// The settings.
    Config(ConfigArgs),
    /// Where the store is, and what its provider sees.
    Store,
    /// Copy everything to another store and go on with that one.
    StoreMove(MoveArgs),
    /// Say whether this repository's origin may hold its sealed sessions.
    StoreConsent(ConsentArgs),
    /// Write a conversation to a file.
    Export(ExportSessionArgs),
    /// Make a session of a file.
    Import(ImportArgs),
    /// Look whether all that is needed is there and well.
    Doctor(DoctorArgs),
    /// Say what a code means.
    Explain {
        /// The code of a failure, a note or a check; it may lack its `convosync::`.
        code: String,
    },
}

impl Verb {
    /// The verb as people type it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::DeviceJoin(_) => "device join",
            Self::DeviceEnrol(_) | Self::DeviceEnrolled | Self::DeviceGiveUp => "device join",
            Self::DeviceApprove(_) => "device approve",
            Self::DeviceRename(_) => "device rename",
            Self::DeviceRevoke(_) => "device revoke",
            Self::KeyRotate => "key rotate",
            Self::KeyExport(_) => "key export",
            Self::KeyProtect(_) => "key protect",
            Self::DeviceList => "device list",
            Self::Save(_) => "save",
            Self::Resume(_) => "resume",
            Self::Undo(_) => "undo",
            Self::List(_) => "list",
            Self::Log { .. } => "log",
            Self::Note(_) => "note",
            Self::Show(_) => "show",
            Self::Status | Self::Here => "status",
            Self::Sync(_) => "sync",
            Self::Pin(_) => "pin",
            Self::Unpin(_) => "unpin",
            Self::Delete(_) => "delete",
            Self::Undelete(_) => "undelete",
            Self::Gc(_) => "gc",
            Self::Config(_) => "config",
            Self::Store => "store",
            Self::StoreMove(_) => "store move",
            Self::StoreConsent(ConsentArgs { allow: true, .. }) => "store allow",
            Self::StoreConsent(_) => "store forbid",
            Self::Export(_) => "export",
            Self::Import(_) => "import",
            Self::Doctor(_) => "doctor",
            Self::Explain { .. } => "explain",
        }
    }
}

impl Verb {
    /// Takes over what the user chose, so that the same call goes on from it.
    ///
    /// # Errors
    ///
    /// If the verb asks no such question.
    pub fn record(&mut self, question: Question, choice: &Choice) -> Result<(), String> {
        match (self, question) {
            (Self::DeviceRevoke(args), Question::Revoke) => args.yes = true,
            (Self::KeyExport(args), Question::ExportKey) => args.yes = true,
            (Self::DeviceApprove(args), Question::Approve) => args.yes = true,
            (Self::Delete(args), Question::Delete) => args.yes = true,
            (Self::Init(args), question) => args.record(question, choice)?,
            (Self::StoreConsent(args), question) => args.record(question, choice)?,
            (Self::Resume(args), question) => args.record(question, choice)?,
            (Self::Config(args), Question::AssistantHooks) => args.record(choice)?,
            (Self::Save(args), question) => args.record(question, choice)?,
            (verb, question) => {
                return Err(format!("{} does not ask `{}`", verb.name(), question.as_str()));
            }
        }
        Ok(())
    }
}

/// A text that is not shown: recovery words, a passphrase.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// `convosync init`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InitArgs {
    /// Where the sealed sessions go, e.g. `file:///home/me/Sync/convosync`. None: on this machine.
    pub store: Option<String>,
    /// The name of this device. None: the host's name.
    pub device: Option<String>,
    /// desktop, laptop, tablet, mobile or server. None: what the machine says of itself.
    pub kind: Option<String>,
    /// Write the recovery words to this new file (0600) and do not show them.
    pub recovery_file: Option<String>,
    /// Ask nothing.
    pub yes: bool,
    /// Somebody is there to choose the store if none is named; else it is on this machine.
    pub choose: bool,
}

impl InitArgs {
    /// Takes down where the sealed sessions go, or that this repository's origin may hold them.
    /// A choice that wants a URL is answered with [`InitArgs::store`] itself.
    ///
    /// # Errors
    ///
    /// If the question is none of `init`, or has no such choice; nothing was taken down then.
    pub fn record(&mut self, question: Question, choice: &Choice) -> Result<(), String> {
        match (question, choice.value.as_str()) {
            (Question::Store, Self::HERE) => self.choose = false,
            (Question::Store, value @ Self::ORIGIN) => self.store = Some(value.to_owned()),
            (Question::Origin, ConsentArgs::ALLOW) => self.yes = true,
            (_, value) => return Err(format!("`{value}` is no answer of init")),
        }
        Ok(())
    }

    /// The choice of a folder; [`Choice::flag`] suggests one.
    pub const FOLDER: &'static str = "folder";
    /// The choice of a git repository; [`Choice::flag`] shows how it is written.
    pub const GIT: &'static str = "git";
    /// The choice of a bucket; [`Choice::flag`] shows how it is written.
    pub const BUCKET: &'static str = "bucket";
    /// The choice that keeps sessions on this machine.
    pub const HERE: &'static str = "this-machine";
    /// The choice, and the URL, of each repository's own `origin`.
    pub const ORIGIN: &'static str = "origin";
}

/// `convosync device join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinArgs {
    /// The account's store. None: the one this device is set up with.
    pub store: Option<String>,
    /// The name of this device. None: the host's name.
    pub device: Option<String>,
    /// desktop, laptop, tablet, mobile or server.
    pub kind: Option<String>,
    /// The 24 recovery words.
    pub words: Secret,
}

/// `convosync save`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaveArgs {
    /// What was done; becomes the commit's message and the session's title.
    pub message: Option<String>,
    /// Commit here, but do not push: the commit travels sealed.
    pub no_push: bool,
    /// Watchers on other devices do not announce this save.
    pub no_notify: bool,
    /// Tell what would be done.
    pub dry_run: bool,
    /// Do again what failed, as it was asked for: what is given here counts for more.
    pub retry: bool,
    /// Start another session.
    pub new: bool,
    /// Go on with this session (id or unique prefix).
    pub session: Option<String>,
    /// Which conversation is the main one (id or unique prefix).
    pub conversation: Option<String>,
    /// Save a conversation that lost messages since its last save as it is now.
    pub accept_shrink: bool,
    /// `--env`: the caller's variables, of which those travel that the settings name.
    pub env: Option<CallerEnv>,
    /// Commit on this branch and push it. One that is not there is made; the work tree ends on it.
    pub branch: Option<String>,
    /// Skip the checks that protect convenience: a file over 100 MB, `sync_branches`. Never one that
    /// protects data.
    pub force: bool,
    /// What the session is called from now on; empty: nothing any more.
    pub title: Option<String>,
    /// Leave the code out: nothing is committed or pushed.
    pub no_code: bool,
    /// Leave the conversation out.
    pub no_conversation: bool,
    /// Leave out where the user is.
    pub no_terminal: bool,
    /// Take the text of the panes along, whatever the settings say.
    pub scrollback: bool,
    /// Cut out of commands and variables what looks like a secret, and take the rest along.
    pub redact: bool,
    /// Somebody is there to be asked: a large conversation is a question then.
    pub interactive: bool,
    /// What to do with a large conversation.
    pub on_large: Option<OnLarge>,
    /// What is archived of a large one ends before this message, counted from 1.
    pub from_message: Option<u64>,
    /// Somebody is there to be asked before a commit with what looks like a secret is pushed. With
    /// nobody it is pushed, and told.
    pub asks: bool,
    /// What to do with such a commit.
    pub on_secrets: Option<OnSecrets>,
    /// `--commit`, `--stash`. None: as the settings say.
    pub mode: Option<SaveMode>,
    /// The mode was chosen when it was asked for: the next save of this repository does not ask.
    pub remember: bool,
    /// Nobody asked for it: nothing is committed, pushed, sent or asked, and where nothing has
    /// changed since the last save, nothing is saved.
    pub auto: bool,
}

impl SaveArgs {
    fn record(&mut self, question: Question, choice: &Choice) -> Result<(), String> {
        match question {
            Question::Large => self.on_large = Some(choice.value.parse()?),
            Question::Secrets => self.on_secrets = Some(choice.value.parse()?),
            Question::SaveMode => {
                self.mode = Some(choice.value.parse()?);
                self.remember = true;
            }
            question => return Err(format!("save does not ask `{}`", question.as_str())),
        }
        Ok(())
    }
}

/// `convosync resume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResumeArgs {
    /// A session id or a unique prefix. None: this repository's newest.
    pub session: Option<String>,
    /// This save of the session, not its head (id or unique prefix).
    pub at: Option<String>,
    /// Make a clone in this directory when there is none.
    pub clone: Option<String>,
    /// The work tree to use; it has to be of the session's repository.
    pub into: Option<String>,
    /// Go on to the newest commit of the remote's branch (true), or ask the git remote for nothing
    /// (false). None: fetch what the session needs, and stop at its commit.
    pub pull: Option<bool>,
    /// Answer the questions that are only there for convenience: what is put aside can be had
    /// again. An answer that is given counts for more.
    pub force: bool,
    /// The front end starts the assistant afterwards, by [`ResumeReport::run`].
    ///
    /// [`ResumeReport::run`]: crate::ResumeReport::run
    pub run: bool,
    /// Tell what would be done.
    pub dry_run: bool,
    /// All commands of the save are wanted, for the shell's own history.
    pub history: bool,
    /// Where the session's panes are opened, for a caller in Zellij. None: in new tabs.
    pub layout: Option<PanesInto>,
    /// They are left alone.
    pub no_layout: bool,
    /// The front end starts Zellij with them afterwards, by [`ResumeReport::run`]; inside of Zellij
    /// it makes no difference.
    ///
    /// [`ResumeReport::run`]: crate::ResumeReport::run
    pub zellij: bool,
    /// Go on with the resume that waits for conflicts to be resolved.
    pub go_on: bool,
    /// Take that one back.
    pub abort: bool,
    /// What the user has decided already.
    pub answers: Answers,
}

impl ResumeArgs {
    /// Takes down the choice that the user made.
    ///
    /// # Errors
    ///
    /// As [`Answers::record`].
    pub fn record(&mut self, question: Question, choice: &Choice) -> Result<(), String> {
        match question {
            Question::Clone if choice.value != Choice::CANCEL => {
                self.into = Some(choice.value.clone());
                Ok(())
            }
            question => self.answers.record(question, choice),
        }
    }
}

/// Decisions that were taken before they were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// `--on-dirty`.
    pub on_dirty: Option<OnDirty>,
    /// `--switch-branch` (true), `--stay-on-branch` (false).
    pub switch_branch: Option<bool>,
    /// `--on-diverged`.
    pub on_diverged: Option<OnDiverged>,
    /// `--on-conflict`.
    pub on_conflict: Option<OnConflict>,
    /// `--on-live`.
    pub on_live: Option<OnLive>,
    /// `--on-missing`.
    pub on_missing: Option<OnMissing>,
    /// `--on-merge-conflict`.
    pub on_merge_conflict: Option<OnMergeConflict>,
}

impl Answers {
    /// Takes down the choice that the user made.
    ///
    /// # Errors
    ///
    /// If the question has no such choice, or it is to change nothing where only not calling
    /// again does that; nothing was taken down then.
    pub fn record(&mut self, question: Question, choice: &Choice) -> Result<(), String> {
        let value = &choice.value;
        match question {
            Question::Dirty => self.on_dirty = Some(value.parse()?),
            Question::Branch => self.switch_branch = Some(switches(choice)?),
            Question::Diverged => self.on_diverged = Some(value.parse()?),
            Question::Live => self.on_live = Some(value.parse()?),
            Question::Conflict => self.on_conflict = Some(value.parse()?),
            Question::CommitMissing => self.on_missing = Some(value.parse()?),
            Question::MergeConflict => self.on_merge_conflict = Some(value.parse()?),
            Question::Clone
            | Question::Delete
            | Question::SaveMode
            | Question::AssistantHooks
            | Question::Revoke
            | Question::ExportKey
            | Question::Approve
            | Question::Store
            | Question::Origin
            | Question::Large
            | Question::Secrets => return Err("this is no question of a resume".to_owned()),
        }
        Ok(())
    }
}

/// The only question whose answers are switches, not words.
fn switches(choice: &Choice) -> Result<bool, String> {
    match choice.flag.as_str() {
        "--switch-branch" => Ok(true),
        "--stay-on-branch" => Ok(false),
        flag => Err(format!("`{flag}` is none of --switch-branch, --stay-on-branch")),
    }
}

macro_rules! answer {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every answer, as typed.
            pub const ALL: &'static [&'static str] = &[$($text),*];

            /// The answer as typed.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(format!("`{text}` is none of {}", Self::ALL.join(", "))),
                }
            }
        }
    };
}

answer! {
    /// How a save takes changes that no commit holds.
    SaveMode {
        /// As a commit, which is pushed.
        Commit = "commit",
        /// As they are, sealed; nothing is committed or pushed.
        Stash = "stash",
    }
}

answer! {
    /// The work tree has changes that were not saved.
    OnDirty {
        /// Put them aside, then go on.
        Stash = "stash",
        /// Commit them on the present branch, then go on.
        Commit = "commit",
        /// Change nothing.
        Cancel = "cancel",
    }
}

answer! {
    /// The branch here has commits that the session's does not have, and the other way round.
    OnDiverged {
        /// Merge the session's commit into the branch here.
        Merge = "merge",
        /// Put the commits here aside under a ref, and take the session's.
        Discard = "discard",
        /// Change nothing.
        Cancel = "cancel",
    }
}

answer! {
    /// Two devices went on from the same save.
    OnConflict {
        /// Go on with what this device saved; the other save stays in the log.
        KeepLocal = "keep-local",
        /// Go on with what the other device saved; this one stays in the log.
        UseRemote = "use-remote",
        /// Join them.
        Merge = "merge",
        /// Change nothing.
        Cancel = "cancel",
    }
}

answer! {
    /// A running assistant holds the conversation that would be replaced.
    OnLive {
        /// Bring back the code and leave the conversation alone.
        CodeOnly = "code-only",
        /// Bring the conversation back under a new id beside it.
        Fork = "fork",
        /// Change nothing.
        Cancel = "cancel",
    }
}

answer! {
    /// The session's commit can't be had here.
    OnMissing {
        /// Bring back the conversation alone; code and conversation are out of step.
        ConversationOnly = "conversation-only",
        /// Change nothing.
        Cancel = "cancel",
    }
}

answer! {
    /// The code of two heads can't be merged without a person.
    OnMergeConflict {
        /// Begin the merge here, and leave the files to be resolved.
        OpenFiles = "open-files",
        /// Change nothing.
        Cancel = "cancel",
    }
}

answer! {
    /// Where the panes of a session are opened.
    PanesInto {
        /// In new tabs of the caller's Zellij session; one that has the session is gone to.
        NewTabs = "new-tabs",
        /// In a Zellij session named after the session; one that there is is gone to.
        Session = "session",
        /// In place of the panes of the caller's tab.
        Here = "here",
    }
}

answer! {
    /// The conversation is large.
    OnLarge {
        /// Save it as it is: a resume brings back all of it.
        Continue = "continue",
        /// Save all of it; a resume brings back its end.
        Archive = "archive",
        /// Change nothing.
        Cancel = "cancel",
    }
}

answer! {
    /// A commit would be pushed with what looks like a secret.
    OnSecrets {
        /// Push it: it is none, or may be seen.
        Push = "push",
        /// Commit nothing: the changes travel sealed.
        Stash = "stash",
        /// Change nothing.
        Cancel = "cancel",
    }
}

/// `convosync list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListArgs {
    /// Every session, not the 10 newest.
    pub all: bool,
    /// At most so many.
    pub limit: Option<u64>,
    /// Only this branch.
    pub branch: Option<String>,
    /// Only saves of this device (name or id).
    pub device: Option<String>,
    /// Only this repository (`.`: the one here; else part of its URL).
    pub repo: Option<String>,
    /// Only what was saved in the caller's directory of this repository, or below it.
    pub here: bool,
    /// Only what was saved since then.
    pub since: Option<Since>,
    /// What this device knows already; the store is not asked.
    pub offline: bool,
    /// The deleted sessions that can still be brought back, and no others.
    pub deleted: bool,
    /// Only what other devices saved and may be announced.
    pub news: bool,
}

impl ListArgs {
    /// What a watch asks for again and again.
    #[must_use]
    pub fn watched(self) -> Self {
        Self { all: true, limit: None, news: true, ..self }
    }
}

/// The oldest time that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// So many milliseconds ago.
    Ago(i64),
    /// Milliseconds since 1970.
    At(i64),
}

impl Since {
    /// Milliseconds since 1970.
    #[must_use]
    pub fn at(self, now_ms: i64) -> i64 {
        match self {
            Self::Ago(ms) => now_ms.saturating_sub(ms),
            Self::At(ms) => ms,
        }
    }
}

/// `convosync sync`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncArgs {
    /// The same as without: what failed before is tried again at once, however long it has to wait
    /// where nobody asks.
    pub retry: bool,
    /// Nobody asked for it: only what is due is sent, and nothing is pushed.
    #[serde(default)]
    pub quiet: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_shows_has_no_secret() {
        let request = Request {
            protocol: 1,
            version: "0.1.0".to_owned(),
            directory: "/w".to_owned(),
            env: BTreeMap::from([("AWS_SECRET_ACCESS_KEY".to_owned(), "hunter2".to_owned())]),
            shell: None,
            passphrase: None,
            verb: Verb::Status,
        };
        let shown = format!("{request:?}");
        assert!(shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("hunter2"), "{shown}");
    }

    fn choice(value: &str, flag: &str) -> Choice {
        Choice {
            value: value.to_owned(),
            flag: flag.to_owned(),
            label: String::new(),
            help: String::new(),
            recommended: false,
        }
    }

    #[track_caller]
    fn taken(question: Question, choice: &Choice) -> Answers {
        let mut answers = Answers::default();
        assert_eq!(answers.record(question, choice), Ok(()), "{question:?} {choice:?}");
        answers
    }

    #[test]
    fn every_choice_of_every_question_can_be_taken_down() {
        for (question, values) in [
            (Question::Dirty, OnDirty::ALL),
            (Question::Diverged, OnDiverged::ALL),
            (Question::Live, OnLive::ALL),
            (Question::Conflict, OnConflict::ALL),
            (Question::CommitMissing, OnMissing::ALL),
            (Question::MergeConflict, OnMergeConflict::ALL),
        ] {
            for value in values {
                assert_ne!(taken(question, &choice(value, "")), Answers::default());
            }
        }
        for (flag, switch) in [("--switch-branch", true), ("--stay-on-branch", false)] {
            assert_eq!(taken(Question::Branch, &choice("", flag)).switch_branch, Some(switch));
        }
    }

    #[test]
    fn a_clone_is_chosen_by_its_directory() {
        let mut verb = Verb::Resume(ResumeArgs::default());
        verb.record(Question::Clone, &choice("/w/app", "--into /w/app")).expect("it is one");
        let Verb::Resume(args) = &verb else { panic!("{verb:?}") };
        assert_eq!(args.into.as_deref(), Some("/w/app"));
        assert!(verb.record(Question::Clone, &choice(Choice::CANCEL, "")).is_err());
    }

    #[test]
    fn a_choice_of_another_question_is_refused() {
        let mut answers = Answers::default();
        assert!(answers.record(Question::Dirty, &choice("keep-local", "")).is_err());
        assert!(answers.record(Question::Branch, &choice("cancel", "")).is_err());
        assert_eq!(answers, Answers::default());
    }
}
