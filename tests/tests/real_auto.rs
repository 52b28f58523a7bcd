//! Automatic saves with the real Claude Code: it calls ConvoSync by itself, after each turn.

use std::fs;
use std::time::Duration;

use convosync_tests::{Claude, Device, ModelServer, World};
use serde_json::Value;

/// Waits until a session with so many messages is in the store. Polls: the save goes on when the
/// client has ended.
#[track_caller]
fn wait_for_messages(device: &Device, messages: u64) -> Value {
    let mut rows = Value::Null;
    for _ in 0..600 {
        rows = device.json(&["list", "--all"]);
        if rows[0]["message_count"].as_u64().is_some_and(|count| count >= messages) {
            return rows[0].clone();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("there are never {messages} messages: {rows}");
}

fn settings(device: &Device) -> String {
    fs::read_to_string(device.home.join(".claude/settings.json")).expect("settings")
}

#[test]
fn claude_code_saves_each_turn_and_the_work_with_it() {
    let model = ModelServer::start();
    let (_world, desktop, laptop) = World::pair();
    let claude = Claude::new(&desktop.home, &model);
    let before = settings(&desktop);
    let (code, decision) = desktop.fails(&["config", "set", "auto_sync", "turn"]);
    assert_eq!((code, &decision["question"]), (3, &"assistant-hooks".into()), "{decision}");
    assert_eq!(settings(&desktop), before);
    desktop.ok(&["config", "set", "auto_sync", "turn", "--hooks"]);
    desktop.ok(&["config", "set", "auto_sync", "turn", "--hooks"]);
    assert_eq!(settings(&desktop).matches("hook claude-code").count(), 2);

    desktop.write("new.txt", "untracked\n");
    let (head, status) = (desktop.head(), desktop.git(&["status", "--porcelain=v2"]));
    let answer = claude.print(&desktop.work_tree, &[], "Say something TURN-0");
    let first = wait_for_messages(&laptop, 2);
    assert_eq!((&first["uncommitted"], &first["conversation_id"]), (&1.into(), &answer.id.into()));
    assert_eq!((desktop.head(), desktop.git(&["status", "--porcelain=v2"])), (head, status));
    claude.print(&desktop.work_tree, &["--continue"], "And more TURN-1");
    let second = wait_for_messages(&laptop, 4);
    assert_eq!(second["session_id"], first["session_id"], "{second}");
    laptop.ok(&["resume", "--latest"]);
    assert_eq!(laptop.read("new.txt"), "untracked\n");

    desktop.ok(&["config", "set", "auto_sync", "off"]);
    assert_eq!(settings(&desktop), before, "not a byte of the user's is lost");
}

#[test]
fn what_an_automatic_save_could_not_do_is_told_by_the_next_status() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.set_up("auto_sync = \"turn\"\n");
    desktop.talk("11111111-2222-4333-8444-555555555555", 1);
    desktop.git(&["switch", "-q", "--detach"]);
    let event =
        format!(r#"{{"cwd": "{}", "hook_event_name": "Stop"}}"#, desktop.work_tree.display());
    let output = desktop.with_input(&["hook", "claude-code"], &event);
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    let told = |device: &Device| device.json(&["status"])["notes"].to_string();
    for _ in 0..600 {
        if told(&desktop).contains("automatic save") {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let notes = told(&desktop);
    assert!(notes.contains("convosync::save::detached-head"), "{notes}");
    // One that is made makes up for it, and one where nothing has changed is none.
    desktop.git(&["switch", "-q", "main"]);
    for _ in 0..2 {
        let output = desktop.with_input(&["hook", "claude-code"], &event);
        assert!(output.status.success());
        for _ in 0..600 {
            if !told(&desktop).contains("automatic save") {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    assert!(!told(&desktop).contains("automatic save"));
    // Off is off, outside of a repository there is nothing to save, and none of it is a failure.
    desktop.set_up("");
    for args in [["save", "--auto"], ["hook", "claude-code"]] {
        let output = desktop.run(&args);
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}");
    }
    desktop.set_up("auto_sync = \"leave\"\n");
    let mut command = desktop.command(&["save", "--auto"]);
    assert!(command.current_dir(&desktop.home).status().expect("it runs").success());
}
