//! Reports to show, and the two looks to show them in. The day is the one of the specification.

use convosync_wire::{
    AccountReport, Check, Choice, Decision, DeviceRow, DeviceState, DoctorReport, ExplainReport,
    Note, Part, Question, ResumeReport, RetentionState, SaveReport, SessionRow, SessionState,
    StatusReport, TimelineRow,
};

use super::look::Look;

/// 2025-10-19T18:00:00Z.
pub(crate) const NOW: i64 = 1_760_896_800_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;

pub(crate) fn plain() -> Look {
    Look {
        unicode: false,
        color: false,
        width: 80,
        folds: false,
        now_ms: NOW,
        home: Some("/home/me".into()),
        directory: "/home/me/projects/myapp".into(),
        shell_follows: false,
    }
}

pub(crate) fn fancy() -> Look {
    Look { unicode: true, ..plain() }
}

pub(crate) fn note(text: &str, help: Option<&str>) -> Note {
    Note { code: "a-note".into(), text: text.into(), help: help.map(Into::into) }
}

pub(crate) fn row(id: &str, device: &str, kind: &str, age: i64) -> SessionRow {
    SessionRow {
        session_id: id.into(),
        timestamp: NOW - age,
        device: device.into(),
        device_kind: kind.into(),
        branch: Some("feature/oauth".into()),
        commit: Some("abc123def4567890".into()),
        message: "Implemented OAuth login".into(),
        message_count: 15,
        size: 2_300_000,
        repository: "github.com/user/myapp".into(),
        working_directory: "/home/me/projects/myapp".into(),
        conversation_id: Some("conv-789".into()),
        state: SessionState::Synced,
        pinned: false,
        title: None,
        holds: Part::ALL.to_vec(),
        uncommitted: 0,
    }
}

pub(crate) fn rows() -> Vec<SessionRow> {
    let bug = SessionRow {
        branch: Some("main".into()),
        commit: Some("def456abc".into()),
        message: "Fixed login bug".into(),
        message_count: 8,
        ..row("session-def456", "Laptop", "laptop", 2 * HOUR)
    };
    vec![row("session-abc123", "Phone", "mobile", 3 * MINUTE), bug]
}

pub(crate) fn device(name: &str, this_device: bool, last_sync: Option<i64>) -> DeviceRow {
    DeviceRow {
        device_id: format!("device-{name}"),
        name: name.into(),
        kind: "desktop".into(),
        this_device,
        last_sync: last_sync.map(|age| NOW - age),
        joined: NOW - 48 * HOUR,
        state: DeviceState::Active,
    }
}

pub(crate) fn account() -> AccountReport {
    AccountReport {
        changed: true,
        store: "file:///home/me/Sync/convosync".into(),
        local_only: false,
        device: device("Desktop", true, None),
        recovery_words: None,
        recovery_file: None,
        visible: None,
        join_with: None,
        adopted_saves: 0,
        notes: Vec::new(),
    }
}

pub(crate) fn saved() -> SaveReport {
    SaveReport {
        session_id: "session-abc123".into(),
        save: "save-1".into(),
        new_session: true,
        branch: Some("feature/oauth".into()),
        commit: Some("abc123def4567890".into()),
        committed: Some("Implemented OAuth login [ConvoSync]".into()),
        modified_files: 3,
        new_files: 2,
        unchanged: false,
        uncommitted: 0,
        repository: "example.org/user/project".into(),
        pushed: Some("origin/feature/oauth".into()),
        conversation_id: Some("conv-789".into()),
        message_count: 15,
        other_conversations: Vec::new(),
        uploaded: 41_234,
        synced: true,
        queued: 0,
        local_only: false,
        other_devices: vec!["mobile".into(), "tablet".into()],
        history: 0,
        tabs: 0,
        panes: 0,
        texts: 0,
        env: Vec::new(),
        env_missing: Vec::new(),
        previous_branch: None,
        title: None,
        left_out: Vec::new(),
        notes: Vec::new(),
    }
}

/// As in the specification: two messages on `main`, the others on a branch.
pub(crate) fn timeline() -> Vec<TimelineRow> {
    let row = |first, last, branch: &str, commit: &str, exact| TimelineRow {
        first,
        last,
        branch: Some(branch.into()),
        commit: Some(commit.into()),
        exact,
    };
    vec![
        row(1, 2, "main", "abc111def4567890", false),
        row(3, 15, "feature/oauth", "abc123def4567890", true),
    ]
}

pub(crate) fn resumed() -> ResumeReport {
    ResumeReport {
        session_id: "session-abc123".into(),
        save: "save-1".into(),
        device: "Desktop".into(),
        timestamp: NOW - 3 * MINUTE,
        message: "Implemented OAuth login".into(),
        working_directory: "/home/me/projects/myapp".into(),
        previous_branch: Some("main".into()),
        branch: Some("feature/oauth".into()),
        commit: Some("abc123def4567890".into()),
        commit_subject: Some("Implemented OAuth login".into()),
        uncommitted: 0,
        switched_branch: true,
        fetched: true,
        pulled: 0,
        in_step: true,
        holds: Part::ALL.to_vec(),
        ahead: false,
        conversation_id: Some("conv-789".into()),
        conversation_restored: true,
        assistant: Some("claude-code".into()),
        message_count: 15,
        timeline: timeline(),
        session_notes: Vec::new(),
        open_with: Some("claude --resume conv-789".into()),
        run: Vec::new(),
        history: Vec::new(),
        env: Vec::new(),
        env_missing: Vec::new(),
        panes: None,
        parked: Vec::new(),
        notes: Vec::new(),
    }
}

pub(crate) fn status() -> StatusReport {
    StatusReport {
        repository: Some("github.com/user/myapp".into()),
        branch: Some("feature/oauth".into()),
        commit: Some("abc123def4567890".into()),
        commit_subject: Some("Implemented OAuth login".into()),
        conversation_id: Some("conv-789".into()),
        message_count: 15,
        conversation_live: true,
        session: Some(row("session-abc123", "Phone", "mobile", 3 * MINUTE)),
        waits: None,
        uncommitted: Vec::new(),
        ahead: 0,
        behind: 0,
        sessions: rows(),
        session_count: 3,
        store: "file:///home/me/Sync/convosync".into(),
        local_only: false,
        store_reachable: true,
        store_bytes: Some(2_300_000),
        retention: RetentionState { quota: Some(100_000_000), ..RetentionState::default() },
        queued: 0,
        waiting: Vec::new(),
        devices: vec![device("Desktop", false, Some(3 * MINUTE)), device("Phone", true, None)],
        notes: Vec::new(),
    }
}

pub(crate) fn health() -> DoctorReport {
    let check =
        |area, code: &str, text| Check::ok(area, &format!("convosync::doctor::{code}"), text);
    let waits = "2 saves to be sent, the oldest for 3 days: convosync::store::unreachable";
    let checks = vec![
        check("git", "git-version", "git version 2.47.3 (/usr/bin/git)"),
        check("git", "git-signing", "commits can't be signed: there is no gpg")
            .fail("install it, or `git config commit.gpgsign false`"),
        check("queue", "queue", waits).warn("run `convosync sync`"),
    ];
    DoctorReport { checks, notes: Vec::new() }
}

pub(crate) fn explained() -> ExplainReport {
    ExplainReport {
        code: "convosync::save::detached-head".into(),
        cause: "HEAD is on no branch, so there is no branch to save and to push.".into(),
        help: "Switch to a branch first: `git switch main`.".into(),
        notes: Vec::new(),
    }
}

pub(crate) fn choice(value: &str, flag: &str, label: &str, help: &str) -> Choice {
    Choice {
        value: value.into(),
        flag: flag.into(),
        label: label.into(),
        help: help.into(),
        recommended: false,
    }
}

pub(crate) fn dirty() -> Decision {
    let stash =
        choice("stash", "--on-dirty stash", "Stash & Continue", "Save changes, resume session");
    Decision {
        question: Question::Dirty,
        title: "Uncommitted Changes Detected".into(),
        details: vec![
            "You have uncommitted changes in:".into(),
            "  • auth.js (modified)".into(),
            "  • config.js (new file)".into(),
        ],
        choices: vec![
            Choice { recommended: true, ..stash },
            choice("commit", "--on-dirty commit", "Commit & Continue", "Commit changes first"),
            choice("cancel", "--on-dirty cancel", "Cancel", "Don't resume"),
        ],
    }
}
