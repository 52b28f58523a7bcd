use unicode_width::UnicodeWidthStr;

use super::*;
use crate::ask::{Key, Picker};

#[test]
fn a_decision_is_a_box_with_numbered_choices() {
    let text = decision(&dirty(), &fancy());
    let want = "\
┌────────────────────────────────────────────────────┐
│ ⚠️  Safety Check: Uncommitted Changes Detected     │
├────────────────────────────────────────────────────┤
│ You have uncommitted changes in:                   │
│   • auth.js (modified)                             │
│   • config.js (new file)                           │
│                                                    │
│ Options:                                           │
│ 1. [Stash & Continue] - Recommended                │
│    Save changes, resume session                    │
│ 2. [Commit & Continue]                             │
│    Commit changes first                            │
│ 3. [Cancel]                                        │
│    Don't resume                                    │
└────────────────────────────────────────────────────┘
";
    assert_eq!(text, want, "\n{text}{want}");
}

#[test]
fn the_picker_is_a_box_of_sessions() {
    let mut rows = rows();
    rows[1].repository = "github.com/user/other".into();
    let text = picker(&rows, &plain());
    let want = "\
+----------------------------------------------------+
| Available Sessions                                 |
+----------------------------------------------------+
| 1. Phone - 3 minutes ago                           |
|    \"Implemented OAuth login\"                       |
|    Repository: github.com/user/myapp               |
|    Branch: feature/oauth                           |
|    Commit: abc123d                                 |
|    15 messages                                     |
|                                                    |
| 2. Laptop - 2 hours ago                            |
|    \"Fixed login bug\"                               |
|    Repository: github.com/user/other               |
|    Branch: main                                    |
|    Commit: def456a                                 |
|    8 messages                                      |
+----------------------------------------------------+
";
    assert_eq!(text, want, "\n{text}{want}");
}

#[test]
fn the_picker_on_a_screen_marks_what_enter_takes() {
    let rows = rows();
    let mut chosen = Picker::new(&rows);
    let _ = chosen.press(Key::Down);
    let text = picking(&chosen, &Look { width: 60, ..fancy() }, 24);
    let want = "\
┌──────────────────────────────────────────────────────────┐
│ Available Sessions                                       │
├──────────────────────────────────────────────────────────┤
│   1. 📱 Phone - 3 minutes ago                            │
│      \"Implemented OAuth login\"                           │
│      feature/oauth @ abc123d, 15 messages                │
│ ❯ 2. 💻 Laptop - 2 hours ago                             │
│      \"Fixed login bug\"                                   │
│      main @ def456a, 8 messages                          │
└──────────────────────────────────────────────────────────┘
Filter or number: _
type to filter, ↑↓ Enter to choose, Esc or q to quit
";
    assert_eq!(text, want, "\n{text}{want}");
    let _ = chosen.press(Key::Char('z'));
    assert!(picking(&chosen, &plain(), 24).contains("No session fits."));
}

#[test]
fn a_long_list_scrolls_on_every_screen() {
    let mut rows: Vec<_> = (0..90).flat_map(|_| rows()).collect();
    rows[3].message = "日本語のとても長い説明です ".repeat(20);
    rows[3].device = "a device with a name that is longer than forty columns".into();
    for (width, height) in [(40, 10), (60, 24), (100, 30), (200, 60), (20, 5)] {
        for look in [fancy(), plain()] {
            let look = Look { width, ..look };
            let mut chosen = Picker::new(&rows);
            for _ in 0..180 {
                let text = picking(&chosen, &look, height);
                let lines: Vec<_> = text.lines().map(UnicodeWidthStr::width).collect();
                assert!(lines.len() <= height.max(7), "{} of {height}\n{text}", lines.len());
                assert!(lines.iter().all(|columns| *columns <= width), "{width}\n{text}");
                let mark = format!("{}{}.", look.pick("❯ ", "> "), chosen.selected() + 1);
                assert!(text.contains(&mark), "{mark}\n{text}");
                let _ = chosen.press(Key::Down);
            }
        }
    }
}

#[test]
fn boxes_stay_closed_however_narrow_and_wide_the_text() {
    let mut wide = dirty();
    wide.details.push("日本語のとても長い説明です ".repeat(9) + &"x".repeat(200));
    wide.title = "👩‍💻 A title that is longer than the terminal is wide, by far and more".into();
    for (width, look) in [(20, fancy()), (40, plain()), (80, fancy()), (200, fancy())] {
        let text = decision(&wide, &Look { width, ..look });
        let widths: Vec<_> = text.lines().map(UnicodeWidthStr::width).collect();
        assert!(widths.iter().all(|other| *other == widths[0]), "{widths:?}\n{text}");
        assert!(widths[0] <= width, "{}: {text}", widths[0]);
    }
}
