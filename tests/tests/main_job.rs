//! The main job: save on one device, list and resume on another, and back again.

use std::fs;

use convosync_tests::World;

const ID: &str = "11111111-2222-4333-8444-555555555555";

#[test]
fn a_session_goes_to_another_device_and_comes_back_without_a_question() {
    let (_world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    desktop.talk(ID, 5);

    let saved = desktop.json(&["save", "Implemented OAuth login"]);
    assert_eq!(saved["synced"], true, "{saved}");
    assert_eq!(saved["message_count"], 15, "{saved}");
    assert_eq!(saved["pushed"], "origin/feature/oauth", "{saved}");

    let rows = laptop.json(&["list", "--branch", "feature/oauth"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(rows[0]["message"], "Implemented OAuth login");
    assert_eq!(rows[0]["state"], "synced");

    let resumed = laptop.json(&["resume", "--switch-branch"]);
    assert_eq!(resumed["in_step"], true, "{resumed}");
    assert_eq!(laptop.head(), desktop.head());
    assert_eq!(laptop.git(&["branch", "--show-current"]), "feature/oauth");
    assert_eq!(laptop.read("auth.js"), "login\n");
    let here = fs::read_to_string(laptop.transcript(ID)).expect("the transcript is here");
    let there = fs::read_to_string(desktop.transcript(ID)).expect("and there");
    let moved = there.replace(
        &format!("\"realParentDir\":\"{}\"", desktop.work_tree.display()),
        &format!("\"realParentDir\":\"{}\"", laptop.work_tree.display()),
    );
    let relocated = here.strip_prefix(&moved).expect("the same lines, then what was added");
    assert_eq!(relocated.lines().count(), 1, "{relocated}");
    assert!(relocated.contains("\"relocatedCwd\""), "{relocated}");

    laptop.talk(ID, 2);
    laptop.write("auth.js", "login\ngoogle\n");
    let saved = laptop.json(&["save", "Added the Google provider"]);
    assert_eq!(saved["session_id"], rows[0]["session_id"], "{saved}");
    assert_eq!(saved["new_session"], false, "{saved}");

    let resumed = desktop.json(&["resume"]);
    assert_eq!(resumed["message_count"], 21, "{resumed}");
    assert_eq!(desktop.head(), laptop.head());
    let back = fs::read_to_string(desktop.transcript(ID)).expect("the transcript is here");
    assert!(back.starts_with(&there), "the old file is the beginning of the new one");
    assert_eq!(resumed["parked"].as_array().map(Vec::len), Some(0), "{resumed}");
}
