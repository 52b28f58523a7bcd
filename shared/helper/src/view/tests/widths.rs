use unicode_width::UnicodeWidthStr;

use super::*;

/// Columns that people have: a phone, half a screen, a window, a wide screen.
const WIDTHS: [usize; 4] = [40, 60, 100, 160];

/// Every kind of answer, with texts long enough to be in the way.
fn answers() -> Vec<Reply> {
    let long = "the remote asks for a password, and nothing is ever typed for you by this program";
    let notes = || vec![note(long, Some("git fetch"))];
    let wide = "日本語の長いメッセージを書いたのでこの行はとても広い ".repeat(4);
    let mut sessions = rows();
    sessions[0].message.clone_from(&wide);
    sessions[1].state = SessionState::Conflict;
    let logged = LogRow {
        save: "00000003-b5ndrw6e-9-p4tz2ymc".into(),
        head: true,
        parked: false,
        quarantined: false,
        note: false,
        row: row("session-abc123", "Desktop", "desktop", HOUR),
    };
    let changes = vec!["a/folder/of/some/depth/with/a/file.rs".into()];
    vec![
        Reply::Initialised(AccountReport { notes: notes(), ..account() }),
        Reply::Saved(SaveReport { notes: notes(), synced: false, pushed: None, ..saved() }),
        Reply::Resumed(ResumeReport { notes: notes(), in_step: false, ..resumed() }),
        Reply::Sessions(Rows { rows: sessions, notes: notes() }),
        Reply::Log(vec![logged].into()),
        Reply::Status(Box::new(StatusReport {
            uncommitted: changes,
            ahead: 1,
            behind: 2,
            store_reachable: false,
            notes: notes(),
            ..status()
        })),
        Reply::Devices(vec![device("Desktop", true, Some(MINUTE))].into()),
        Reply::Synced(SyncReport { sent: Vec::new(), queued: 2, notes: notes() }),
        Reply::Planned(PlanReport {
            verb: "resume".into(),
            steps: vec![long.into()],
            decisions: vec![dirty()],
            save: None,
            notes: notes(),
        }),
        Reply::Examined(health()),
        Reply::Explained(explained()),
    ]
}

#[test]
fn no_line_is_wider_than_the_terminal_but_what_is_copied() {
    for width in WIDTHS {
        for look in [plain(), fancy()] {
            let look = Look { width, folds: true, ..look };
            for answer in answers() {
                let text = reply(&answer, &Verb::Status, &look);
                for line in text.lines().filter(|line| line.width() > width) {
                    assert!(stays_whole(line, width), "{width}: {line:?} in\n{text}");
                }
            }
        }
    }
}

/// A command, or a line that is one word: a path, a URL, an id.
fn stays_whole(line: &str, width: usize) -> bool {
    let command = ["convosync ", "git ", "claude "].iter().any(|program| line.contains(program));
    let widest = line.split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0);
    command || widest + 12 > width
}

#[test]
fn colours_are_not_those_that_vanish_on_a_light_screen() {
    let look = Look { color: true, ..fancy() };
    for answer in answers() {
        let text = reply(&answer, &Verb::Status, &look);
        // SGR: white and the bright colours, by ECMA-48 and as terminals extend it.
        for code in ["37", "90", "91", "92", "93", "94", "95", "96", "97", "1;33"] {
            assert!(!text.contains(&format!("\u{1b}[{code}m")), "{code}: {text}");
        }
        let plain = Look { color: false, ..look.clone() };
        let bare = reply(&answer, &Verb::Status, &plain);
        assert_eq!(uncoloured(&text), bare, "colour changes what is said");
    }
}

/// The text without SGR sequences.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}
