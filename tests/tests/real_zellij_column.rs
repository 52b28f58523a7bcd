//! The column of the real Zellij is readable at every size, and goes and comes by a key.

use std::cell::RefCell;
use std::collections::BTreeMap;

use convosync_tests::{Device, Pane, Session, World, Zellij, text};

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

/// Panes beside, above and over each other, none of them in the order of their numbers.
const TAB: &str = "    tab name=\"work\" {
        pane split_direction=\"vertical\" {
            pane {
                pane size=\"40%\"
                pane split_direction=\"vertical\" {
                    pane command=\"sleep\" {
                        args \"1000\"
                    }
                    pane
                }
            }
            pane size=\"35%\" focus=true
        }
        floating_panes {
            pane x=40 y=6 width=50 height=12
        }
    }
";

fn is_column(pane: &Pane) -> bool {
    pane.field("plugin_url").as_str().is_some_and(|url| url.ends_with("convosync.wasm"))
        && pane.field("is_suppressed") != true
}

/// What every pane of the tab `work` is, and where; the numbers of plugins are new each time.
fn places(panes: &[Pane]) -> BTreeMap<String, [u64; 4]> {
    let of_tab = panes.iter().filter(|pane| pane.tab() == "work");
    let shown = of_tab.filter(|pane| pane.field("is_suppressed") != true);
    let name = |pane: &Pane| match pane.field("plugin_url").as_str() {
        Some(url) => url.to_owned(),
        None => format!("{} {}", pane.id(), pane.field("is_focused")),
    };
    shown.map(|pane| (name(pane), pane.place())).collect()
}

/// The key for the column is pressed, and heard once.
#[track_caller]
fn without_column(session: &Session<'_>) {
    session.press(&["M-C"]);
    session.wait_for_panes("no column", |panes| !panes.iter().any(is_column));
}

#[test]
fn a_key_hides_the_column_and_puts_it_back_with_every_pane_where_it_was() {
    let files = [("src/login.rs", "fn login() {}\n")];
    let (_world, _desktop, laptop, _) = World::pair_with_a_session(TALK, &files);
    let zellij = Zellij::with_plugin(&laptop);
    let session = zellij.start("work", &zellij.with_column(TAB));
    session.wait_for_calm("feature/oauth");
    let terminals = session.terminals();
    session.action(&["move-pane", "--pane-id", &terminals[0].id()]);
    let last = RefCell::default();
    let before = places(&session.wait_for_panes("panes that stay where they are", |panes| {
        let now = places(panes);
        now.len() == 8 && last.replace(now.clone()) == now
    }));
    let column = before.iter().find(|(name, _)| name.ends_with("convosync.wasm"));
    assert_eq!(column.expect("a column").1[2], 34, "{before:#?}");
    for _ in 0..2 {
        without_column(&session);
        session.press(&["M-C"]);
        let what = format!("all of them as before: {before:#?}");
        session.wait_for_panes(&what, |panes| places(panes) == before);
        session.wait_for("feature/oauth");
    }

    // Where it is hidden, a save brings it.
    without_column(&session);
    session.press(&["M-s"]);
    session.wait_for("What was done?");
    session.press(&["Escape"]);
    session.wait_until("the list", |screen| !screen.contains("What was done?"));
    let without_focus = |places: &BTreeMap<String, [u64; 4]>| {
        let name = |name: &String| name.split(' ').next().map(str::to_owned);
        places.iter().map(|(pane, place)| (name(pane), *place)).collect::<BTreeMap<_, _>>()
    };
    let after = places(&session.panes());
    assert_eq!(without_focus(&after), without_focus(&before));
}

/// The sessions that a column shows are those that the device has now.
#[track_caller]
fn shows_what_is_saved(session: &Session<'_>, device: &Device, message: &str) {
    device.write("more.txt", message);
    device.ok(&["save", message, "--new"]);
    session.wait_for(message);
}

#[test]
fn every_tab_s_column_hears_of_what_is_saved() {
    let files = [("src/login.rs", "fn login() {}\n")];
    let (_world, _desktop, laptop, _) = World::pair_with_a_session(TALK, &files);
    let zellij = Zellij::with_plugin(&laptop);
    let session = zellij.start_with_column("work");
    session.wait_for_calm("feature/oauth");
    for message in ["In the second", "In the third"] {
        session.action(&["new-tab"]);
        session.wait_for("feature/oauth");
        // Zellij's list of all panes is a second late.
        std::thread::sleep(std::time::Duration::from_secs(2));
        shows_what_is_saved(&session, &laptop, message);
    }
}
