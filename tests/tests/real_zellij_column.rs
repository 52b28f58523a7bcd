//! The column of the real Zellij is readable at every size.

use convosync_tests::{World, Zellij, text};

const TALK: &str = "11111111-2222-4333-8444-555555555555";

/// Columns of the column and rows of the terminal, and what has to be seen there: the narrower and
/// lower, the less.
const SIZES: [(usize, u16, &[&str]); 3] = [
    (20, 10, &["origin main", "not saved yet", "login", "⏎ resume  s save"]),
    (27, 20, &["ConvoSync", "laptop", "desktop", "login", "feature/oauth @", "? keys"]),
    (34, 40, &["ConvoSync", "laptop", "desktop", "login", "feature/oauth @", "· 6", "? keys"]),
];

/// A tab with a column of this width beside a shell, which shows its prompt.
fn tab(plugin: &str, columns: usize) -> String {
    format!(
        "    tab {{
        pane split_direction=\"vertical\" {{
            pane size={columns} borderless=true {{
                plugin location=\"file:{plugin}\" {{
                    role \"sidebar\"
                }}
            }}
            pane focus=true
        }}
    }}\n"
    )
}

#[test]
fn the_column_is_readable_at_every_size() {
    let files = [("src/login.rs", "fn login() {}\n")];
    let (_world, _desktop, laptop, _) = World::pair_with_a_session(TALK, &files);
    let zellij = Zellij::with_plugin(&laptop);
    let plugin = text(&zellij.plugin());
    let tabs = SIZES.map(|(columns, ..)| tab(&plugin, columns)).concat();
    let session = zellij.start_sized("sizes", &format!("layout {{\n{tabs}}}\n"), (100, 40));
    for (number, (columns, rows, wanted)) in SIZES.into_iter().enumerate() {
        session.action(&["go-to-tab", &(number + 1).to_string()]);
        session.resize((100, rows));
        let screen = session.wait_until(&format!("a column of {columns}"), |screen| {
            wanted.iter().all(|words| screen.contains(words))
        });
        assert!(screen.lines().count() <= usize::from(rows), "{screen}");
        for line in screen.lines() {
            let beside: String = line.chars().skip(columns).collect();
            assert!(matches!(beside.trim(), "" | "$"), "it is too wide: {line}\n{screen}");
        }
    }
    // At the smallest size there is more than can be seen: it is scrolled.
    session.action(&["go-to-tab", "1"]);
    session.resize((100, SIZES[0].1));
    session.wait_for_calm("⏎ resume  s save");
    session.go_to_column();
    session.press(&["?"]);
    session.wait_for_calm("Keys and signs");
    session.press(&["G"]);
    session.wait_for("two devices");
}
