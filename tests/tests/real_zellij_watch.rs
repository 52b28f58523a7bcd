//! A watch for the real Zellij: it begins with the first session and ends with the last.

use std::fs;
use std::time::{Duration, Instant};

use convosync_tests::{World, Zellij, text, watcher_of, zellij_plugin};

const LAYOUT: &str = "layout {\n    pane\n}\n";

#[test]
fn a_watch_begins_in_zellij_and_ends_with_the_session() {
    let (_world, desktop, laptop) = World::pair();
    let zellij = Zellij::on(&laptop);
    let session = zellij.start("work", LAYOUT);
    let need = |which: &str| {
        session.type_text("clear; convosync watch --zellij work");
        session.press(&["Enter"]);
        // It stands on as many lines as the pane is wide.
        session.wait_until(which, |screen| screen.replace('\n', "").contains(which));
    };
    need("gets news from a watch that was started");
    let watcher = watcher_of(&laptop).expect("a process watches");
    need("gets news from the watch that runs already");
    assert_eq!(watcher_of(&laptop), Some(watcher));
    desktop.write("more.txt", "news");
    desktop.ok(&["save", "News"]);

    assert!(zellij.run(&["kill-session", "work"]).status.success());
    let until = Instant::now() + Duration::from_secs(60);
    while watcher_of(&laptop).is_some() {
        assert!(Instant::now() < until, "the watch goes on without a session");
        std::thread::sleep(Duration::from_millis(50));
    }
    let left = laptop.home.join(".local/state/convosync/watch");
    assert_eq!(fs::read_dir(left).expect("a folder").count(), 0);
}

#[test]
fn what_another_device_saves_comes_into_the_column_by_itself() {
    let (_world, desktop, laptop) = World::pair();
    let zellij = Zellij::on(&laptop);
    let plugin = zellij_plugin();
    zellij.grant(&plugin);
    let plugin = text(&plugin);
    zellij.configure(&format!(
        "load_plugins {{\n    \"file:{plugin}\" {{\n        role \"daemon\"\n    }}\n}}\n"
    ));
    let column = format!(
        "layout {{\n    pane split_direction=\"vertical\" {{\n        pane size=34 {{\n            \
         plugin location=\"file:{plugin}\" {{\n                role \"sidebar\"\n            }}\n        \
         }}\n        pane focus=true\n    }}\n}}\n"
    );
    let session = zellij.start("work", &column);
    session.wait_until("a watch", |_| watcher_of(&laptop).is_some());
    session.wait_for("No session is saved yet");
    desktop.write("more.txt", "news");
    desktop.ok(&["save", "Saved elsewhere"]);
    session.wait_for("Saved elsewhere");
    desktop.write("more.txt", "more news");
    desktop.ok(&["save", "Once more"]);
    session.wait_for("Once more");
}
