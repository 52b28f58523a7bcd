use unicode_width::UnicodeWidthStr;

use super::*;

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
