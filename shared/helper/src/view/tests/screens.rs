//! Every answer at the widths that people have, as files that are read when they change:
//! `screens/<answer>.txt`. `CONVOSYNC_SCREENS=write` writes them anew.

use std::fs;
use std::path::Path;

use convosync_wire::{
    Amount, ApproveReport, ConfigArgs, ConfigReport, ConsentReport, EnrolReport, EnrolWaiting,
    ExportFormat, ExportReport, GcReport, ImportReport, KeptReport, KeptSession, KeyReport,
    MoveReport, Note, OriginRow, ProtectReport, RenameReport, Secret, SettingRow, StoreKind,
    StoreReport, Visible,
};

use super::*;

/// Columns: a phone, half a screen, a window, a wide screen.
const WIDTHS: [usize; 4] = [40, 60, 100, 160];

/// Set to `write` to write what is shown now.
const WRITES: &str = "CONVOSYNC_SCREENS";

fn some_notes() -> Vec<Note> {
    let long = "the remote asks for a password, and ConvoSync never types one for you";
    vec![note(long, Some("log in once with plain git: git fetch"))]
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn kept(id: &str, changed: bool) -> KeptSession {
    KeptSession {
        session_id: text(id),
        timestamp: NOW - 40 * 24 * HOUR,
        message: text("Implemented OAuth login"),
        repository: text("github.com/user/myapp"),
        changed,
        size: Some(2_300_000),
        why: Some(text("not saved for 40 days")),
    }
}

fn origin(allowed: bool) -> OriginRow {
    OriginRow {
        repository: text("github.com/user/myapp"),
        store: text("git+ssh://git@github.com/user/myapp.git"),
        allowed,
        reachable: true,
    }
}

fn visible() -> Visible {
    let also = vec![text("when each object was written, and its size, which is padded")];
    Visible { sessions: 3, saves: 12, devices: 2, bytes: 2_300_000, also }
}

fn setting(key: &str, value: serde_json::Value, set: bool) -> SettingRow {
    SettingRow {
        key: text(key),
        default: value.clone(),
        value,
        set,
        about: text(
            "A session that was not saved for so many days may leave; 0: never for its age.",
        ),
        not_yet: None,
    }
}

/// The account's keys and devices.
fn of_keys() -> Vec<(&'static str, Reply)> {
    let words = (1..=24).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
    let key = KeyReport {
        changed: true,
        epoch: 3,
        devices: vec![text("Desktop"), text("Phone")],
        revoked: Some(device("old-laptop", false, Some(HOUR))),
        recovery_words: None,
        recovery_file: None,
        notes: some_notes(),
    };
    let enrolling = EnrolReport {
        words: Secret(text("glacier spoon tidy onward plank velvet")),
        code: Secret(text("file:///home/me/Sync/convosync#glacier-spoon")),
        store: text("file:///home/me/Sync/convosync"),
        device: text("Phone"),
        expires: NOW + 15 * MINUTE,
        notes: Vec::new(),
    };
    vec![
        (
            "initialised",
            Reply::Initialised(AccountReport {
                recovery_words: Some(words),
                visible: Some(visible()),
                join_with: Some(text(
                    "convosync device join --store file:///home/me/Sync/convosync",
                )),
                ..account()
            }),
        ),
        (
            "joined",
            Reply::Joined(AccountReport { adopted_saves: 2, notes: some_notes(), ..account() }),
        ),
        ("enrolling", Reply::Enrolling(enrolling)),
        (
            "waiting",
            Reply::EnrolWaiting(EnrolWaiting { expires: NOW + 9 * MINUTE, notes: some_notes() }),
        ),
        (
            "approved",
            Reply::Approved(ApproveReport {
                name: text("Phone"),
                kind: text("mobile"),
                notes: Vec::new(),
            }),
        ),
        (
            "renamed",
            Reply::Renamed(RenameReport {
                changed: true,
                previous: text("tower"),
                name: text("Desktop"),
                notes: Vec::new(),
            }),
        ),
        ("key", Reply::Key(key)),
        (
            "protected",
            Reply::Protected(ProtectReport { passphrase: true, keychain: true, notes: Vec::new() }),
        ),
        (
            "devices",
            Reply::Devices(
                vec![device("Desktop", true, Some(MINUTE)), device("Phone", false, None)].into(),
            ),
        ),
    ]
}

/// The store, and what is kept in it.
fn of_store() -> Vec<(&'static str, Reply)> {
    let kept_two = KeptReport {
        verb: text("delete"),
        sessions: vec![kept("session-abc123", true), kept("session-def456", false)],
        queued: 1,
        grace_days: 7,
        notes: Vec::new(),
    };
    let amount = |objects, bytes| Amount { objects, bytes };
    let collected = GcReport {
        dry_run: false,
        leaving: vec![kept("session-abc123", true)],
        marked: amount(4, 230_000),
        waiting: amount(2, 12_000),
        deleted: amount(9, 1_200_000),
        store: amount(41, 2_300_000),
        grace_days: 7,
        notes: some_notes(),
    };
    let store = StoreReport {
        store: text("git+ssh://git@example.org/me/sessions.git"),
        store_kind: StoreKind::Git,
        local_only: false,
        reachable: true,
        queued: 1,
        visible: Some(visible()),
        origins: vec![origin(true), origin(false)],
        join_with: Some(text(
            "convosync device join --store git+ssh://git@example.org/me/sessions.git",
        )),
        notes: Vec::new(),
    };
    let moved = MoveReport {
        changed: true,
        lost: false,
        from: text("file:///home/me/Sync/convosync"),
        store: text("s3://bucket/sessions"),
        objects: 41,
        copied: 40,
        bytes: 2_300_000,
        other_devices: vec![text("Phone")],
        notes: Vec::new(),
    };
    vec![
        ("kept", Reply::Kept(kept_two)),
        ("collected", Reply::Collected(collected)),
        ("store", Reply::Store(store)),
        ("store-moved", Reply::StoreMoved(moved)),
        (
            "consented",
            Reply::Consented(ConsentReport {
                changed: true,
                origin: origin(true),
                notes: some_notes(),
            }),
        ),
    ]
}

/// Sessions: saved, brought back, looked at.
fn of_sessions() -> Vec<(&'static str, Reply)> {
    let mut sessions = rows();
    sessions[0].message = "日本語の長いメッセージを書いたのでこの行はとても広い ".repeat(3);
    sessions[1].state = SessionState::Conflict;
    sessions[1].repository = text("github.com/user/another-project");
    let logged = LogRow {
        save: text("00000003-b5ndrw6e-9-p4tz2ymc"),
        head: true,
        parked: false,
        quarantined: false,
        note: false,
        row: row("session-abc123", "Desktop", "desktop", HOUR),
    };
    let looked = StatusReport {
        uncommitted: vec![text("src/a/folder/of/some/depth/with/a/file.rs"), text("auth.js")],
        ahead: 1,
        behind: 2,
        notes: some_notes(),
        ..status()
    };
    let exported = ExportReport {
        session_id: text("session-abc123"),
        save: text("00000003-b5ndrw6e-9-p4tz2ymc"),
        conversation_id: text("5c1d7a52-3f0e-4b8e-9d41-7a60c2e8b913"),
        message_count: 15,
        format: ExportFormat::JsonlGz,
        bytes: 41_234,
        output: Some(text("/home/me/login.jsonl.gz")),
        notes: some_notes(),
    };
    let imported = ImportReport {
        session_id: text("session-abc123"),
        save: text("00000001-b5ndrw6e-9-p4tz2ymc"),
        message: text("Implemented OAuth login"),
        conversation_id: text("5c1d7a52-3f0e-4b8e-9d41-7a60c2e8b913"),
        message_count: 15,
        size: 2_300_000,
        repository: text("github.com/user/myapp"),
        synced: true,
        notes: Vec::new(),
    };
    let planned = PlanReport {
        verb: text("resume"),
        steps: vec![
            text("switch to feature/oauth"),
            text("restore the conversation (15 messages)"),
        ],
        decisions: vec![dirty()],
        save: None,
        notes: some_notes(),
    };
    vec![
        ("saved", Reply::Saved(saved())),
        (
            "saved-offline",
            Reply::Saved(SaveReport {
                pushed: None,
                synced: false,
                queued: 1,
                notes: some_notes(),
                ..saved()
            }),
        ),
        ("resumed", Reply::Resumed(resumed())),
        (
            "resumed-with-notes",
            Reply::Resumed(ResumeReport {
                in_step: false,
                parked: vec![note(
                    "your uncommitted changes are in `git stash` (abc123d)",
                    Some("git stash apply --index abc123d"),
                )],
                notes: some_notes(),
                ..resumed()
            }),
        ),
        ("planned", Reply::Planned(planned)),
        ("sessions", Reply::Sessions(sessions.into())),
        ("log", Reply::Log(vec![logged].into())),
        ("status", Reply::Status(Box::new(looked))),
        (
            "synced",
            Reply::Synced(SyncReport {
                sent: vec![SyncedSave {
                    session_id: text("session-abc123"),
                    save: text("save-1"),
                    bytes: 41_234,
                }],
                queued: 1,
                notes: some_notes(),
            }),
        ),
        ("exported", Reply::Exported(exported)),
        ("imported", Reply::Imported(imported)),
    ]
}

/// Settings, and what is wrong with a device.
fn of_this_device() -> Vec<(&'static str, Reply)> {
    let config = ConfigReport {
        path: text("/home/me/.config/convosync/config.toml"),
        exists: true,
        changed: false,
        settings: vec![
            setting("retention.days", 90.into(), true),
            setting("exclude_patterns", vec!["*.sqlite", "dist/"].into(), false),
        ],
        text: None,
        notes: Vec::new(),
    };
    vec![
        ("config", Reply::Config(config)),
        ("doctor", Reply::Examined(health())),
        ("explain", Reply::Explained(explained())),
    ]
}

#[test]
fn every_answer_looks_as_it_was_read_last() {
    let all = [of_keys(), of_store(), of_sessions(), of_this_device()].concat();
    let changed: Vec<_> = all
        .iter()
        .filter(|(name, answer)| !is_as_read(name, &screens(answer)))
        .map(|(name, _)| name)
        .collect();
    assert!(changed.is_empty(), "look at {changed:?} and write them anew with {WRITES}=write");
}

/// The answer at every width.
fn screens(answer: &Reply) -> String {
    let at = |width| {
        let look = Look { width, folds: true, ..fancy() };
        format!("──── {width} columns\n{}", reply(answer, &Verb::Config(ConfigArgs::Show), &look))
    };
    WIDTHS.map(at).join("\n")
}

fn is_as_read(name: &str, shown: &str) -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/view/tests/screens");
    let path = folder.join(format!("{name}.txt"));
    if std::env::var_os(WRITES).is_some_and(|how| how == "write") {
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&path, shown))
            .expect("it can be written");
    }
    fs::read_to_string(&path).is_ok_and(|read| read == shown)
}
