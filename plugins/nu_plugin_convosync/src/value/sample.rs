//! What the examples in the help pages show. The tests' helper answers with the same.

use convosync_wire::{
    AccountReport, Amount, Check, ConfigReport, ConsentReport, DeviceRow, DeviceState,
    ExplainReport, ExportFormat, ExportReport, GcReport, ImportReport, KeptReport, KeptSession,
    LogRow, MessageRow, MoveReport, Note, NoteReport, OriginRow, Part, RetentionState, SaveReport,
    SessionNote, SessionRow, SessionState, SettingRow, ShowReport, Standing, StatusReport, Step,
    StoreKind, StoreReport, SyncReport, SyncedSave, TimelineRow, UndoReport, Visible,
};

#[cfg(test)]
use convosync_wire::{ApproveReport, KeyReport, RenameReport, UndoRow, UndoState};

const SESSION: &str = "session-k3vq7m2a";
const SAVE: &str = "00000003-b5ndrw6e-9-p4tz2ymc";
const EARLIER_SAVE: &str = "00000002-b5ndrw6e-8-hq3x7a5d";
const OID: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
const CONVERSATION: &str = "4f1c2a90-6d3b-4e57-9a68-0b7d5e3c1f24";
const REPOSITORY: &str = "git.example.org/team/shop";
/// 2026-03-02 17:45 UTC.
const EVENING: i64 = 1_772_473_500_000;
const HOUR: i64 = 3_600_000;

fn text(text: &str) -> String {
    text.to_owned()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A device that is nearly well.
pub(crate) fn checks() -> Vec<Check> {
    let check =
        |area, code: &str, text| Check::ok(area, &format!("convosync::doctor::{code}"), text);
    vec![
        check("git", "git-version", "git version 2.47.3 (/usr/bin/git)"),
        check("git", "git-signing", "commits can't be signed: there is no gpg")
            .fail("install it, or `git config commit.gpgsign false`"),
        check("queue", "queue", "nothing waits to be sent"),
    ]
}

/// A code.
pub(crate) fn explained() -> ExplainReport {
    ExplainReport {
        code: text("convosync::save::detached-head"),
        cause: text("HEAD is on no branch, so there is no branch to save and to push."),
        help: text(
            "Switch to a branch first: `git switch main`, or `git switch -c NAME` to keep what is here.",
        ),
        notes: Vec::new(),
    }
}

/// Two sessions.
pub(crate) fn sessions() -> Vec<SessionRow> {
    let oauth = SessionRow {
        session_id: text(SESSION),
        timestamp: EVENING,
        device: text("desktop"),
        device_kind: text("desktop"),
        branch: some("feature/oauth"),
        commit: some(OID),
        message: text("Implemented OAuth login"),
        message_count: 15,
        size: 184_320,
        repository: text(REPOSITORY),
        working_directory: text("/home/me/projects/shop"),
        conversation_id: some(CONVERSATION),
        state: SessionState::Synced,
        pinned: false,
        title: None,
        holds: Part::ALL.to_vec(),
        uncommitted: 0,
    };
    let bug = SessionRow {
        session_id: text("session-d6xw4jzu"),
        timestamp: EVENING - 2 * HOUR,
        device: text("laptop"),
        device_kind: text("laptop"),
        branch: some("main"),
        commit: some("c0ffee5d5e6f708192a3b4c5d6e7f8091a2b3c4d"),
        message: text("Fixed login bug"),
        message_count: 8,
        size: 73_216,
        conversation_id: None,
        ..oauth.clone()
    };
    vec![oauth, bug]
}

/// Two saves of the first session.
pub(crate) fn log() -> Vec<LogRow> {
    let newest = sessions().swap_remove(0);
    let earlier = SessionRow {
        timestamp: newest.timestamp - 24 * HOUR,
        message: text("OAuth: token exchange"),
        message_count: 9,
        size: 96_256,
        ..newest.clone()
    };
    vec![
        LogRow {
            save: text(SAVE),
            head: true,
            parked: false,
            note: false,
            quarantined: false,
            row: newest,
        },
        LogRow {
            save: text(EARLIER_SAVE),
            head: false,
            parked: false,
            note: false,
            quarantined: false,
            row: earlier,
        },
    ]
}

/// Two devices.
pub(crate) fn devices() -> Vec<DeviceRow> {
    let desktop = DeviceRow {
        device_id: text("b5ndrw6e"),
        name: text("desktop"),
        kind: text("desktop"),
        this_device: false,
        last_sync: Some(EVENING),
        joined: EVENING - 720 * HOUR,
        state: DeviceState::Active,
    };
    let laptop = DeviceRow {
        device_id: text("t7mzq4ya"),
        name: text("laptop"),
        kind: text("laptop"),
        this_device: true,
        last_sync: None,
        joined: EVENING - 48 * HOUR,
        state: DeviceState::Active,
    };
    vec![desktop, laptop]
}

/// A device that joined.
pub(crate) fn account() -> AccountReport {
    AccountReport {
        changed: true,
        store: text("file:///home/me/Sync/convosync"),
        local_only: false,
        device: devices().swap_remove(1),
        recovery_words: None,
        recovery_file: some("/home/me/recovery.txt"),
        visible: None,
        join_with: some("convosync device join --store file:///home/me/Sync/convosync"),
        adopted_saves: 0,
        notes: vec![],
    }
}

/// A save that reached the store.
pub(crate) fn saved() -> SaveReport {
    SaveReport {
        session_id: text(SESSION),
        save: text(SAVE),
        new_session: false,
        branch: some("feature/oauth"),
        commit: some(OID),
        committed: some("Implemented OAuth login [ConvoSync]"),
        modified_files: 3,
        new_files: 2,
        unchanged: false,
        uncommitted: 0,
        repository: text("example.org/user/project"),
        pushed: some("origin/feature/oauth"),
        conversation_id: some(CONVERSATION),
        message_count: 15,
        other_conversations: vec![],
        uploaded: 21_504,
        synced: true,
        queued: 0,
        local_only: false,
        other_devices: vec![text("laptop")],
        history: 24,
        tabs: 0,
        panes: 0,
        texts: 0,
        env: vec![text("APP_MODE")],
        env_missing: vec![],
        previous_branch: None,
        title: None,
        left_out: vec![],
        notes: vec![],
    }
}

/// As long as it was on two branches.
pub(crate) fn timeline() -> Vec<TimelineRow> {
    let row = |first, last, branch, commit: &str, exact| TimelineRow {
        first,
        last,
        branch: some(branch),
        commit: some(commit),
        exact,
    };
    let main = "c0ffee5d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    vec![row(1, 2, "main", main, false), row(3, 15, "feature/oauth", OID, true)]
}

/// The first session, to be read.
pub(crate) fn shown() -> ShowReport {
    let row = |number, role: &str, body: &str, tools: &[&str]| MessageRow {
        number: Some(number),
        role: text(role),
        time: Some(EVENING - HOUR),
        branch: some("feature/oauth"),
        commit: some(OID),
        exact: true,
        text: text(body),
        tools: tools.iter().map(|tool| text(tool)).collect(),
    };
    ShowReport {
        save: log().swap_remove(0),
        conversation_title: some("OAuth login"),
        assistant: some("claude-code"),
        client_version: some("2.1.0"),
        initial_commit: some("c0ffee5d5e6f708192a3b4c5d6e7f8091a2b3c4d"),
        branch_history: vec![text("main"), text("feature/oauth")],
        modified_files: vec![text("auth.js")],
        timeline: timeline(),
        here: Some(Standing {
            branch: some("feature/oauth"),
            commit: some(OID),
            step: Step::InStep,
        }),
        worktree: None,
        session_notes: vec![SessionNote {
            save: text("00000001-t7mzq4ya-2-m3kd7x5a"),
            device: text("tablet"),
            timestamp: EVENING + HOUR,
            text: text("the timeout is too short"),
        }],
        messages: vec![
            row(14, "user", "Add the Google provider", &[]),
            row(15, "assistant", "Done.", &["Edit: auth.js"]),
        ],
        notes: vec![],
    }
}

/// A note that was kept.
pub(crate) fn noted() -> NoteReport {
    NoteReport {
        session_id: text(SESSION),
        save: text("00000001-t7mzq4ya-2-m3kd7x5a"),
        text: text("the timeout is too short"),
        synced: true,
        local_only: false,
        notes: vec![],
    }
}

/// The save, brought back. No help page shows it: its directory has to be there.
#[cfg(test)]
pub(crate) fn resumed(working_directory: &str) -> convosync_wire::ResumeReport {
    convosync_wire::ResumeReport {
        session_id: text(SESSION),
        save: text(SAVE),
        device: text("desktop"),
        timestamp: EVENING,
        message: text("Implemented OAuth login"),
        working_directory: text(working_directory),
        previous_branch: some("main"),
        branch: some("feature/oauth"),
        commit: some(OID),
        commit_subject: some("Implemented OAuth login [ConvoSync]"),
        uncommitted: 0,
        switched_branch: true,
        fetched: true,
        pulled: 0,
        in_step: true,
        holds: Part::ALL.to_vec(),
        ahead: false,
        conversation_id: some(CONVERSATION),
        conversation_restored: true,
        assistant: some("Claude Code"),
        message_count: 15,
        timeline: timeline(),
        session_notes: vec![],
        open_with: Some(format!("claude --resume {CONVERSATION}")),
        run: vec![],
        history: vec![],
        env: vec![],
        env_missing: vec![],
        panes: None,
        parked: vec![],
        notes: vec![],
    }
}

/// The laptop after it changed its mind.
pub(crate) fn undone() -> UndoReport {
    UndoReport {
        session_id: text(SESSION),
        save: text(SAVE),
        message: text("Implemented OAuth login"),
        timestamp: EVENING + HOUR,
        redone: false,
        previous_branch: some("feature/oauth"),
        branch: some("main"),
        commit: some("c0ffee5d5e6f708192a3b4c5d6e7f8091a2b3c4d"),
        commit_subject: some("Fixed login bug"),
        work_tree: some("/home/me/projects/shop"),
        uncommitted: vec![text("notes.md")],
        conversations: vec![text(CONVERSATION)],
        kept: vec![Note {
            code: text("convosync::undo::kept"),
            text: text("what was here is kept under refs/convosync/undo/tz2ymc7p"),
            help: some("convosync undo --redo"),
        }],
        notes: vec![],
    }
}

/// What can be taken back there.
#[cfg(test)]
pub(crate) fn undoable() -> Vec<UndoRow> {
    vec![UndoRow {
        timestamp: EVENING + HOUR,
        session_id: text(SESSION),
        save: text(SAVE),
        message: text("Implemented OAuth login"),
        branch: some("main"),
        commit: some("c0ffee5d5e6f708192a3b4c5d6e7f8091a2b3c4d"),
        state: UndoState::Resumed,
        work_tree: text("/home/me/projects/shop"),
        conflicts: Vec::new(),
    }]
}

/// The laptop before it resumes.
pub(crate) fn status() -> StatusReport {
    StatusReport {
        repository: some(REPOSITORY),
        branch: some("main"),
        commit: some("c0ffee5d5e6f708192a3b4c5d6e7f8091a2b3c4d"),
        commit_subject: some("Fixed login bug"),
        conversation_id: None,
        message_count: 0,
        conversation_live: false,
        session: Some(sessions().swap_remove(1)),
        uncommitted: vec![],
        waits: None,
        ahead: 0,
        behind: 0,
        sessions: vec![sessions().swap_remove(0)],
        session_count: 2,
        store: text("file:///home/me/Sync/convosync"),
        local_only: false,
        store_reachable: true,
        store_bytes: Some(412_672),
        retention: RetentionState { quota: Some(100_000_000), ..RetentionState::default() },
        queued: 0,
        waiting: Vec::new(),
        devices: devices(),
        notes: vec![],
    }
}

/// A page to be read.
pub(crate) fn exported() -> ExportReport {
    ExportReport {
        session_id: text(SESSION),
        save: text(SAVE),
        conversation_id: text(CONVERSATION),
        message_count: 47,
        format: ExportFormat::Html,
        bytes: 96_512,
        output: some("/home/alice/projects/shop/login.html"),
        notes: vec![],
    }
}

/// A conversation of somebody else.
pub(crate) fn imported() -> ImportReport {
    ImportReport {
        session_id: text(SESSION),
        save: text(SAVE),
        message: text("Implemented OAuth login"),
        conversation_id: text(CONVERSATION),
        message_count: 47,
        size: 291_430,
        repository: text(REPOSITORY),
        synced: true,
        notes: vec![],
    }
}

/// One save sent, one still waiting.
pub(crate) fn synced() -> SyncReport {
    SyncReport {
        sent: vec![SyncedSave { session_id: text(SESSION), save: text(SAVE), bytes: 21_504 }],
        queued: 1,
        notes: vec![Note {
            code: text("store-unreachable"),
            text: text("the store did not answer"),
            help: some("run `convosync sync --retry` when you are online"),
        }],
    }
}

/// A folder as the store.
pub(crate) fn store() -> StoreReport {
    StoreReport {
        store: text("file:///home/me/Sync/convosync"),
        store_kind: StoreKind::Folder,
        local_only: false,
        reachable: true,
        queued: 0,
        visible: Some(Visible {
            sessions: 12,
            saves: 41,
            devices: 2,
            bytes: 1_843_200,
            also: vec![text("when each object was written, and its size, which is padded")],
        }),
        origins: Vec::new(),
        join_with: some("convosync device join --store file:///home/me/Sync/convosync"),
        notes: Vec::new(),
    }
}

/// A store that went from a folder to a git repository.
pub(crate) fn store_moved() -> MoveReport {
    MoveReport {
        changed: true,
        lost: false,
        from: text("/home/me/Sync/convosync"),
        store: text("git+ssh://git@git.example.org/me/sessions.git"),
        objects: 58,
        copied: 58,
        bytes: 1_843_200,
        other_devices: vec![text("laptop")],
        notes: Vec::new(),
    }
}

/// An origin that may hold sealed sessions.
pub(crate) fn consented() -> ConsentReport {
    ConsentReport {
        changed: true,
        origin: OriginRow {
            repository: text(REPOSITORY),
            store: text("git+ssh://git@git.example.org/team/shop.git"),
            allowed: true,
            reachable: true,
        },
        notes: Vec::new(),
    }
}

/// One session was changed.
pub(crate) fn kept(verb: &str) -> KeptReport {
    KeptReport {
        verb: text(verb),
        sessions: vec![kept_session(None)],
        queued: 0,
        grace_days: 7,
        notes: vec![],
    }
}

fn kept_session(why: Option<&str>) -> KeptSession {
    let row = sessions().swap_remove(0);
    KeptSession {
        session_id: row.session_id,
        timestamp: row.timestamp,
        message: row.message,
        repository: row.repository,
        changed: why.is_none(),
        size: None,
        why: why.map(text),
    }
}

/// One session would leave.
pub(crate) fn collected() -> GcReport {
    GcReport {
        dry_run: true,
        leaving: vec![kept_session(Some("not saved for 40 days"))],
        marked: Amount { objects: 3, bytes: 21_504 },
        waiting: Amount::default(),
        deleted: Amount::default(),
        store: Amount { objects: 12, bytes: 412_672 },
        grace_days: 7,
        notes: vec![],
    }
}

/// One setting.
pub(crate) fn config() -> ConfigReport {
    ConfigReport {
        path: text("/home/me/.config/convosync/config.toml"),
        exists: true,
        changed: false,
        settings: vec![SettingRow {
            key: text("retention.days"),
            value: 30.into(),
            default: 30.into(),
            set: false,
            about: text("A session that was not saved for so many days may leave."),
            not_yet: None,
        }],
        text: None,
        notes: vec![],
    }
}

/// Of `device rename`.
#[cfg(test)]
pub(crate) fn renamed() -> RenameReport {
    RenameReport { changed: true, previous: text("laptop"), name: text("travel"), notes: vec![] }
}

/// Of `key rotate`, `key export` and `device revoke`.
#[cfg(test)]
pub(crate) fn key() -> KeyReport {
    KeyReport {
        changed: true,
        epoch: 2,
        devices: vec![text("laptop")],
        revoked: None,
        recovery_words: None,
        recovery_file: None,
        notes: vec![],
    }
}

/// Of `device approve`.
#[cfg(test)]
pub(crate) fn approved() -> ApproveReport {
    ApproveReport { name: text("tablet"), kind: text("tablet"), notes: vec![] }
}
