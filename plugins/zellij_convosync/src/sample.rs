//! What tests show and read.

use convosync_wire::{
    Choice, Decision, HereReport, LogRow, Note, Part, Question, ResumeReport, SessionNote,
    SessionRow, SessionState, ShowReport, TimelineRow,
};

/// The time of all tests, milliseconds since 1970.
pub(crate) const NOW: i64 = 1_800_000_000_000;

const MINUTE: i64 = 60_000;

pub(crate) fn row(id: &str, repository: &str, device: (&str, &str), minutes: i64) -> SessionRow {
    SessionRow {
        session_id: format!("session-{id}"),
        timestamp: NOW - minutes * MINUTE,
        device: device.0.into(),
        device_kind: device.1.into(),
        branch: Some("feature/oauth".into()),
        commit: Some("9f3c2a1b00000000000000000000000000000000".into()),
        message: "Implemented OAuth login".into(),
        message_count: 45,
        size: 1000,
        repository: repository.into(),
        working_directory: "/home/me/code/app".into(),
        conversation_id: Some("c".into()),
        state: SessionState::Synced,
        pinned: false,
        title: None,
        holds: Part::ALL.to_vec(),
        uncommitted: 0,
    }
}

pub(crate) fn rows() -> Vec<SessionRow> {
    let app = "github.com/me/app";
    let mut rows = vec![
        row("aaaaaaaa", app, ("laptop", "laptop"), 5),
        row("bbbbbbbb", app, ("desktop", "desktop"), 180),
        row("cccccccc", "github.com/me/größe", ("phone", "mobile"), 3 * 1440),
        row("dddddddd", "github.com/me/größe", ("build server", "server"), 40 * 1440),
    ];
    rows[0].pinned = true;
    rows[1].state = SessionState::Conflict;
    rows[1].message = "Zeilenumbrüche und 日本語 in einer langen Nachricht".into();
    rows[2].message = "fix \u{1b}[31mred\u{1b}[0m\nsecond line".into();
    rows[2].branch = Some("main".into());
    rows[3].title = Some("Nightly 👩\u{200d}💻".into());
    rows[3].state = SessionState::Queued;
    rows
}

pub(crate) fn here() -> HereReport {
    HereReport {
        set_up: true,
        device: Some("desktop".into()),
        repository: Some("github.com/me/app".into()),
        branch: Some("feature/oauth".into()),
        commit: Some("9f3c2a1b".into()),
        uncommitted: 3,
        ahead: 2,
        session: Some("session-aaaaaaaa".into()),
        ..HereReport::default()
    }
}

pub(crate) fn decision(question: Question) -> Decision {
    let choice = |value: &str, flag: &str, label: &str, help: &str| Choice {
        value: value.into(),
        flag: flag.into(),
        label: label.into(),
        help: help.into(),
        recommended: value == "stash",
    };
    Decision {
        question,
        title: "Uncommitted Changes Detected".into(),
        details: vec![
            "You have uncommitted changes in feature/oauth:".into(),
            "  M src/login.rs".into(),
            "  A src/token.rs".into(),
        ],
        choices: vec![
            choice("stash", "--on-dirty stash", "Stash & Continue", "Your changes are put aside."),
            choice("commit", "--on-dirty commit", "Commit & Continue", "They are committed here."),
            choice("cancel", "--on-dirty cancel", "Cancel", "Nothing is changed."),
        ],
    }
}

pub(crate) fn shown() -> ShowReport {
    let part = |first, last, branch: &str, exact| TimelineRow {
        first,
        last,
        branch: Some(branch.into()),
        commit: Some("9f3c2a1b".into()),
        exact,
    };
    ShowReport {
        save: LogRow {
            save: "save-1".into(),
            head: true,
            parked: false,
            note: false,
            quarantined: false,
            row: rows().remove(0),
        },
        conversation_title: None,
        assistant: Some("Claude Code".into()),
        client_version: None,
        initial_commit: Some("1a2b3c4d5e".into()),
        branch_history: vec!["main".into(), "feature/oauth".into()],
        modified_files: Vec::new(),
        timeline: vec![part(1, 12, "main", true), part(13, 45, "feature/oauth", false)],
        here: None,
        worktree: None,
        session_notes: vec![SessionNote {
            save: "n".into(),
            device: "phone".into(),
            timestamp: NOW - 90 * MINUTE,
            text: "the timeout is too short".into(),
        }],
        messages: Vec::new(),
        notes: Vec::new(),
    }
}

pub(crate) fn resumed() -> ResumeReport {
    let json = serde_json::json!({
        "session_id": "session-aaaaaaaa", "save": "s", "device": "laptop", "timestamp": NOW,
        "message": "Login works", "working_directory": "/home/me/code/app",
        "branch": "feature/oauth", "commit": "9f3c2a1b", "switched_branch": false,
        "fetched": true, "in_step": true, "conversation_id": "c", "conversation_restored": true,
        "message_count": 45, "open_with": "claude --resume c", "parked": [], "notes": [],
    });
    serde_json::from_value(json).expect("a report of a resume")
}

pub(crate) fn note() -> Note {
    Note { code: "n".into(), text: "two files were left out".into(), help: None }
}
