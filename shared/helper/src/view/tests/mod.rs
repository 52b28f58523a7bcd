//! What people see, as they see it.

mod boxes;
mod doctor;
mod hostile;
mod screens;
mod widths;

use convosync_wire::{
    AccountReport, ConversationNote, DoctorReport, Failure, LogRow, MessageRow, PanesReport,
    PanesWay, Part, PlanReport, ResumeReport, Rows, SaveReport, SessionNote, SessionRow,
    SessionState, ShowReport, Standing, StatusReport, Step, SyncArgs, SyncReport, SyncedSave,
    TimelineRow,
};

use super::testing::*;
use super::*;

#[track_caller]
fn shows(look: &Look, answer: Reply, want: &str) {
    let verb = Verb::Sync(SyncArgs::default());
    let got = reply(&answer, &verb, look);
    assert_eq!(got, want, "\n--- got\n{got}--- want\n{want}");
}

#[test]
fn a_save_reads_as_in_the_specification() {
    shows(
        &fancy(),
        Reply::Saved(saved()),
        "\
ConvoSync: Saving session...
✓ Detected 3 modified files, 2 new files
✓ Committed changes: \"Implemented OAuth login [ConvoSync]\"
✓ Pushed to origin/feature/oauth (commit: abc123d)
✓ Uploaded conversation (15 messages)
✓ Created session snapshot (41 KB)

Session ID: session-abc123
Ready to resume on mobile, tablet!

Resume with: convosync resume session-abc123
",
    );
}

#[test]
fn a_save_claims_nothing_that_did_not_happen() {
    let report = SaveReport {
        new_session: false,
        committed: None,
        modified_files: 0,
        new_files: 0,
        pushed: None,
        conversation_id: None,
        message_count: 0,
        other_conversations: vec![ConversationNote {
            conversation_id: "conv-1".into(),
            title: Some("Other\nthing".into()),
            modified: NOW - 3 * MINUTE,
            live: true,
        }],
        synced: false,
        queued: 1,
        notes: vec![note("the remote does not answer\nssh: no route", Some("it is tried again"))],
        ..saved()
    };
    shows(
        &plain(),
        Reply::Saved(report),
        "\
ConvoSync: Saving session...
* Commit abc123d is not on the git remote: it travels sealed with the session
* Created session snapshot on this device (41 KB)
warning: Not saved: 1 other conversation of this directory
   - conv-1 \"Other\" (3 minutes ago, open)
   Choose one with `convosync save --conversation ID`
warning: the remote does not answer
   ssh: no route
   it is tried again

Session ID: session-abc123 (continued)

Resume with: convosync resume session-abc123

NOT on other devices yet: run `convosync sync`
",
    );
}

#[test]
fn a_save_on_this_machine_alone_says_so_last() {
    let report = SaveReport {
        local_only: true,
        committed: None,
        pushed: Some("origin/main".into()),
        other_devices: Vec::new(),
        ..saved()
    };
    shows(
        &fancy(),
        Reply::Saved(report),
        "\
ConvoSync: Saving session...
✓ Code is on origin/main (commit: abc123d)
✓ Saved conversation (15 messages)
✓ Created session snapshot on this device (41 KB)

Session ID: session-abc123

Resume with: convosync resume session-abc123

Sessions stay on this machine. To have them on other devices too:
  convosync init --store URL
",
    );
}

#[test]
fn a_resume_reads_as_in_the_specification() {
    shows(
        &fancy(),
        Reply::Resumed(resumed()),
        "\
ConvoSync: Resuming session...
✓ Found session from Desktop (3 minutes ago)
✓ Checked git state
  → Was on: main
  → Session on: feature/oauth
✓ Switched to branch: feature/oauth
✓ Pulled latest changes
✓ Code up to date (commit: abc123d)
✓ Restored conversation (15 messages)

Session restored!
📁 Working directory: ~/projects/myapp
🌿 Branch: feature/oauth
📝 Commit: abc123d \"Implemented OAuth login\"
💬 Conversation: 15 messages restored

📝 Message 1-2: on branch main @ ~abc111d
🌿 Branched to feature/oauth
📝 Message 3-15: on branch feature/oauth @ abc123d
✓ Code and conversation are in sync!

Continue the conversation with: claude --resume conv-789
",
    );
}

#[test]
fn of_a_long_history_a_resume_tells_the_end() {
    let row = |number: u64| TimelineRow {
        first: number,
        last: number,
        branch: Some(if number.is_multiple_of(2) { "main" } else { "docs" }.into()),
        commit: Some(format!("{number}23456789")).filter(|_| number < 8),
        exact: true,
    };
    let report = ResumeReport {
        timeline: (1..9).map(row).collect(),
        pulled: 2,
        in_step: false,
        ..resumed()
    };
    let text = reply(&Reply::Resumed(report), &Verb::Status, &plain());
    let want = "\
Message 1-3: convosync show session-abc123
Back on main
Message 4: on branch main @ 4234567
Back on docs
Message 5: on branch docs @ 5234567
Back on main
Message 6: on branch main @ 6234567
Back on docs
Message 7: on branch docs @ 7234567
Back on main
Message 8: on branch main
* The code is 2 commits further than the conversation
";
    assert!(text.contains(want), "{text}");
    assert!(text.contains("* Pulled latest changes (2 commits after the session's)\n"), "{text}");
}

#[test]
fn a_session_is_read_with_its_code_and_its_messages() {
    let message = |number, role: &str, text: &str, tools: &[&str]| MessageRow {
        number,
        role: role.into(),
        time: Some(NOW - HOUR),
        branch: None,
        commit: None,
        exact: false,
        text: text.into(),
        tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
    };
    let report = ShowReport {
        save: LogRow {
            save: "00000002-abc".into(),
            head: true,
            parked: false,
            note: false,
            quarantined: false,
            row: rows().swap_remove(0),
        },
        conversation_title: Some("OAuth".into()),
        assistant: Some("claude-code".into()),
        client_version: Some("2.1.0".into()),
        initial_commit: None,
        branch_history: Vec::new(),
        modified_files: vec!["auth.js".into(), "config.js".into()],
        timeline: timeline(),
        here: Some(Standing {
            branch: Some("main".into()),
            commit: Some("abc111def4567890".into()),
            step: Step::OutOfStep,
        }),
        worktree: None,
        session_notes: vec![SessionNote {
            save: "00000001-x".into(),
            device: "Tablet".into(),
            timestamp: NOW - MINUTE,
            text: "the timeout\nis too short".into(),
        }],
        messages: vec![
            message(Some(14), "user", "Add Google\n\nplease", &[]),
            message(None, "system", "[Request interrupted by user]", &[]),
            message(Some(15), "assistant", "", &["Bash: cargo test"]),
        ],
        notes: vec![note("messages 14 to 15 of 15", Some("others: `--messages 10..20`"))],
    };
    shows(
        &fancy(),
        Reply::Shown(Box::new(report)),
        "\
session-abc123: \"Implemented OAuth login\"
=========================================
Saved:        📱 Phone (3 minutes ago)
Save:         00000002-abc
Repository:   github.com/user/myapp
Branch:       feature/oauth @ abc123d
Conversation: 15 messages, claude-code 2.1.0
About:        OAuth
Committed:    auth.js, config.js

📝 Message 1-2: on branch main @ ~abc111d
🌿 Branched to feature/oauth
📝 Message 3-15: on branch feature/oauth @ abc123d

Current State:
  You're on: main @ abc111d
  ⚠️  Code and conversation are NOT in sync

🗒️  Note from Tablet (1 minute ago):
    the timeout
    is too short

[14] User · 2025-10-19 17:00 UTC
    Add Google

    please

System · 2025-10-19 17:00 UTC
    [Request interrupted by user]

[15] Assistant · 2025-10-19 17:00 UTC
    → Bash: cargo test

⚠️  Messages 14 to 15 of 15
   others: `--messages 10..20`

Go on with it: convosync resume session-abc123
Leave a note:  convosync note session-abc123 TEXT
See its code:  convosync show session-abc123 --worktree DIR
",
    );
}

#[test]
fn what_became_of_panes_is_told_and_how_to_open_them_if_they_are_not() {
    let report = |way, open_with: Option<&str>| {
        let panes = PanesReport {
            tabs: 1,
            panes: 3,
            open_with: open_with.map(Into::into),
            ..PanesReport::of(way)
        };
        let report = ResumeReport { panes: Some(panes), ..resumed() };
        reply(&Reply::Resumed(report), &Verb::Sync(SyncArgs::default()), &plain())
    };
    for (way, line) in [
        (PanesWay::NewTabs, "* Opened 3 panes in 1 tab\n"),
        (PanesWay::Session, "* Opened 3 panes in 1 tab of the Zellij session session-abc123\n"),
        (PanesWay::Here, "* Opened 3 panes in this tab\n"),
        (PanesWay::Focused, "* Went to the tab that has the session already\n"),
    ] {
        let text = report(way, None);
        assert!(text.contains(line), "{text}");
    }
    let later = report(PanesWay::Later, Some("convosync resume session-abc123 --zellij"));
    let hint = "\nOpen its 3 panes in 1 tab with: convosync resume session-abc123 --zellij\n";
    assert!(later.contains(hint), "{later}");
    assert!(!report(PanesWay::Later, None).contains("panes"), "there is no Zellij");
}

#[test]
fn a_save_without_code_is_told_to_be_in_step_with_none() {
    let holds = vec![Part::Conversation, Part::Terminal];
    let report = ResumeReport { holds, switched_branch: false, fetched: false, ..resumed() };
    let text = reply(&Reply::Resumed(report), &Verb::Status, &plain());
    assert!(text.contains("* Restored conversation (15 messages)\n"), "{text}");
    assert!(!text.contains("up to date") && !text.contains("in sync"), "{text}");
}

#[test]
fn a_resume_out_of_step_says_so_and_where_to_go() {
    let report = ResumeReport {
        working_directory: "/home/me/my app".into(),
        switched_branch: false,
        fetched: false,
        in_step: false,
        conversation_id: None,
        conversation_restored: false,
        open_with: None,
        parked: vec![note("Put aside 2 changed files", Some("git stash apply refs/x"))],
        notes: vec![note("the conversation was left alone", None)],
        ..resumed()
    };
    shows(
        &plain(),
        Reply::Resumed(report),
        "\
ConvoSync: Resuming session...
* Found session from Desktop (3 minutes ago)
* Put aside 2 changed files
   git stash apply refs/x
warning: the conversation was left alone

Session restored!
Working directory: ~/my app
Branch: feature/oauth
Commit: abc123d \"Implemented OAuth login\"
warning: Code and conversation are NOT in sync

Go there with: cd '/home/me/my app'
",
    );
}

#[test]
fn a_list_reads_as_in_the_specification() {
    let mut rows = rows();
    rows[1].state = SessionState::Queued;
    rows[1].pinned = true;
    let list = |look: &Look, args: ListArgs| {
        reply(&Reply::Sessions(rows.clone().into()), &Verb::List(args), look)
    };
    assert_eq!(
        list(&fancy(), ListArgs::default()),
        "\
Recent Sessions:
================
1. session-abc123 (3 minutes ago)
   📱 Phone → feature/oauth @ abc123d
   \"Implemented OAuth login\"
   15 messages, 2.3 MB

2. session-def456 (2 hours ago)
   💻 Laptop → main @ def456a
   \"Fixed login bug\"
   8 messages, 2.3 MB, pinned
   ⚠️  queued: on this device only

Options:
  --all     Show all sessions (not just recent)
  --branch  Filter by branch
  --device  Filter by device

NOT on other devices yet: run `convosync sync`
"
    );
    let all = list(&plain(), ListArgs { all: true, ..ListArgs::default() });
    assert!(all.starts_with("All Sessions:\n=============\n1. session-abc123"), "{all}");
    assert!(all.contains("   Phone -> feature/oauth @ abc123d\n"), "{all}");
    assert!(!all.contains("Options:"), "{all}");
    assert!(all.is_ascii(), "{all}");
}

#[test]
fn an_empty_list_says_what_to_do() {
    let list = |args| reply(&Reply::Sessions(Vec::new().into()), &Verb::List(args), &plain());
    assert_eq!(
        list(ListArgs::default()),
        "No session saved yet. Save one with: convosync save \"what you did\"\n"
    );
    assert_eq!(
        list(ListArgs { branch: Some("x".into()), ..ListArgs::default() }),
        "No session fits. Show all with: convosync list --all\n"
    );
}

#[test]
fn a_log_shows_heads_and_what_was_put_aside() {
    let log = |save: &str, head, parked, row: SessionRow| LogRow {
        save: save.into(),
        head,
        parked,
        note: false,
        quarantined: false,
        row: SessionRow { session_id: "session-abc123".into(), ..row },
    };
    let [first, second] = <[SessionRow; 2]>::try_from(rows()).expect("two rows");
    shows(
        &plain(),
        Reply::Log(
            vec![log("save-2", true, false, first), log("save-1", false, true, second)].into(),
        ),
        "\
Saves of session-abc123:
========================
1. save-2 (3 minutes ago, head)
   Phone -> feature/oauth @ abc123d
   \"Implemented OAuth login\"
   15 messages, 2.3 MB

2. save-1 (2 hours ago, put aside by a resume)
   Laptop -> main @ def456a
   \"Fixed login bug\"
   8 messages, 2.3 MB

Resume one with: convosync resume session-abc123 --at SAVE
",
    );
}

#[test]
fn a_status_reads_as_in_the_specification() {
    shows(
        &fancy(),
        Reply::Status(Box::new(status())),
        "\
ConvoSync Status
================

Current Session:
  📍 Repository: myapp (github.com/user/myapp)
  🌿 Branch: feature/oauth
  📝 Last Commit: abc123d \"Implemented OAuth login\"
  💬 Conversation: Active (15 messages)
  🔄 Sync Status: Synced 3 minutes ago

Available Sessions (from other devices):
  1. Phone - 3 minutes ago (feature/oauth)
  2. Laptop - 2 hours ago (main)

Storage:
  📦 Store: file:///home/me/Sync/convosync
  📊 Sessions: 3 total
  💾 Storage Used: 2.3 MB of 100 MB (2 %)
  🔐 Encryption: Enabled

Devices:
  ✓ Desktop (last sync: 3 minutes ago)
  ✓ Phone (this device)

Git Status:
  ✓ No uncommitted changes
  ✓ Nothing to push or pull, by the last fetch
",
    );
}

#[test]
fn a_status_offline_outside_a_repository_guesses_nothing() {
    let report = StatusReport {
        repository: None,
        branch: None,
        commit: None,
        conversation_id: None,
        session: None,
        sessions: Vec::new(),
        store_reachable: false,
        store_bytes: None,
        queued: 2,
        devices: vec![device("Phone", true, None), device("New", false, None)],
        ..status()
    };
    shows(
        &plain(),
        Reply::Status(Box::new(report)),
        "\
ConvoSync Status
================

Current Session:
  Repository: none here
  Conversation: none here
  Sync Status: Not saved yet

Available Sessions (from other devices):
  none

Storage:
  Store: file:///home/me/Sync/convosync
  warning: The store does not answer: this is what is known here
  Sessions: 3 total
  Encryption: Enabled
  warning: Waiting on this device: 2 saves

Devices:
  * Phone (this device)
  * New (nothing saved yet)

NOT on other devices yet: run `convosync sync`
",
    );
}

#[test]
fn a_status_names_what_git_would_miss() {
    let text =
        |report: StatusReport| reply(&Reply::Status(Box::new(report)), &Verb::Status, &plain());
    let many = (0..12).map(|number| format!("file-{number}")).collect();
    let shown = text(StatusReport { uncommitted: many, ahead: 1, behind: 2, ..status() });
    assert!(shown.contains("  warning: 12 uncommitted changes\n     - file-0\n"), "{shown}");
    assert!(shown.contains("     ... and 2 more\n"), "{shown}");
    assert!(shown.contains("  warning: Diverged: 1 commit here, 2 on the remote\n"), "{shown}");
    let shown = text(StatusReport { ahead: 2, local_only: true, ..status() });
    assert!(shown.contains("  warning: 2 commits to push\n"), "{shown}");
    assert!(shown.contains("Sync Status: Saved 3 minutes ago, on this machine only\n"), "{shown}");
    assert!(shown.ends_with("  convosync init --store URL\n"), "{shown}");
}

#[test]
fn recovery_words_stand_in_numbered_columns() {
    let words = (1..=24).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
    let report = AccountReport { recovery_words: Some(words), ..account() };
    shows(
        &plain(),
        Reply::Initialised(report),
        "\
* This device is ready
  Device: Desktop (desktop)
  Store: file:///home/me/Sync/convosync

Recovery words:

   1. word1      7. word7     13. word13    19. word19
   2. word2      8. word8     14. word14    20. word20
   3. word3      9. word9     15. word15    21. word21
   4. word4     10. word10    16. word16    22. word22
   5. word5     11. word11    17. word17    23. word23
   6. word6     12. word12    18. word18    24. word24

warning: Write these words down on paper, now: they are not shown again.
   They are the only way back to your sessions when every device is lost,
   and whoever has them can read all of your sessions.
",
    );
}

#[test]
fn an_account_that_was_there_is_said_to_be_unchanged() {
    shows(
        &fancy(),
        Reply::Initialised(AccountReport { changed: false, ..account() }),
        "\
✓ Everything was set up already: nothing was changed
  🖥️  Device: Desktop (desktop)
  📦 Store: file:///home/me/Sync/convosync
",
    );
    let report = AccountReport {
        adopted_saves: 2,
        recovery_file: Some("/home/me/words.txt".into()),
        ..account()
    };
    shows(
        &plain(),
        Reply::Joined(report),
        "\
* This device has joined the account
  Device: Desktop (desktop)
  Store: file:///home/me/Sync/convosync
* Took 2 saves made here before into the account
* Recovery words written to ~/words.txt: keep that file safe

See what can be resumed with: convosync list
",
    );
}

#[test]
fn a_sync_tells_what_went_and_what_waits() {
    let sent =
        SyncedSave { session_id: "session-abc123".into(), save: "save-1".into(), bytes: 41_234 };
    shows(
        &plain(),
        Reply::Synced(SyncReport { sent: vec![sent], queued: 2, notes: Vec::new() }),
        "\
* Sent save-1 of session-abc123 (41 KB)
warning: Still waiting: 2 saves

NOT on other devices yet: run `convosync sync`
",
    );
    let nothing = SyncReport { sent: Vec::new(), queued: 0, notes: Vec::new() };
    shows(&fancy(), Reply::Synced(nothing), "✓ Nothing was waiting\n");
}

#[test]
fn a_dry_run_shows_steps_and_questions() {
    let report = PlanReport {
        verb: "resume".into(),
        steps: vec!["switch to feature/oauth".into()],
        save: None,
        decisions: vec![dirty()],
        notes: Vec::new(),
    };
    let text = reply(&Reply::Planned(report), &Verb::Status, &plain());
    let start =
        "ConvoSync: `resume` would\n  -> switch to feature/oauth\n\nIt would ask first:\n+--";
    assert!(text.starts_with(start), "{text}");
    assert!(text.ends_with("+\n\nNothing was changed.\n"), "{text}");
}

#[test]
fn a_failure_reads_as_in_the_specification() {
    let error = Failure {
        code: "convosync::save::detached-head".into(),
        message: "cannot sync from detached HEAD state\nYou're at commit abc123".into(),
        help: Some("Switch to a branch first:\ngit checkout main".into()),
        argument: None,
    };
    assert_eq!(
        failure(&error, &fancy()),
        "\
❌ Cannot sync from detached HEAD state
   You're at commit abc123

   Switch to a branch first:
   git checkout main
"
    );
    assert_eq!(
        failure(&Failure { help: None, argument: Some("--at".into()), ..error.clone() }, &plain()),
        "\
error: cannot sync from detached HEAD state
   You're at commit abc123
   Argument: --at
"
    );
    let stopped = Failure {
        code: "convosync::cancelled".into(),
        message: "cancelled".into(),
        help: None,
        ..error
    };
    assert_eq!(failure(&stopped, &fancy()), "⚠️  Cancelled\n");
}
