//! What a resume does about a conversation that is not the same here and in the save.

use std::fs;

use convosync_tests::{Device, World};
use serde_json::{Value, json};

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// What Claude Code adds to a transcript when it ends.
const STATE: &str = "{\"type\":\"cost-state\",\"sessionId\":\"x\",\"totalCostUSD\":0.1}\n";

/// Two devices after a save on the first and a resume on the second.
fn handed_over() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    desktop.write("a", "1\n");
    desktop.talk(ID, 2);
    desktop.json(&["save", "One"]);
    laptop.json(&["resume"]);
    (world, desktop, laptop)
}

fn transcript(device: &Device) -> String {
    fs::read_to_string(device.transcript(ID)).expect("the transcript is here")
}

fn append(device: &Device, line: &str) -> String {
    let longer = transcript(device) + line;
    fs::write(device.transcript(ID), &longer).expect("a transcript");
    longer
}

/// Goes back to the work that was put aside last.
fn undo(device: &Device, session: &Value) {
    let session = session.as_str().expect("a session");
    let log = device.json(&["log", session]);
    let mut rows = log.as_array().expect("rows").iter();
    let parked = rows.find(|row| row["parked"] == true).expect("it was put aside");
    device.json(&["resume", session, "--at", parked["save"].as_str().expect("a save")]);
}

/// What a resume wrote at the end of a transcript, to say where it lies now, is nothing of the user's.
#[test]
fn nothing_is_put_aside_where_nothing_was_said() {
    let (_world, desktop, laptop) = handed_over();
    let before = transcript(&laptop);
    assert!(before.ends_with("}\n") && before.contains("relocatedCwd"), "{before}");
    desktop.talk(ID, 1);
    desktop.json(&["save", "Two"]);

    let resumed = laptop.json(&["resume"]);
    assert_eq!(resumed["conversation_restored"], true, "{resumed}");
    let session = resumed["session_id"].as_str().expect("a session");
    let log = laptop.json(&["log", session]);
    let parked = |row: &&Value| row["parked"] == true;
    assert_eq!(log.as_array().expect("rows").iter().filter(parked).count(), 0, "{log}");
    laptop.json(&["undo"]);
    assert_eq!(transcript(&laptop), before);
}

#[test]
fn state_that_the_client_adds_after_a_save_is_put_aside_without_a_word() {
    let (_world, desktop, laptop) = handed_over();
    let before = append(&desktop, STATE);
    laptop.talk(ID, 1);
    laptop.json(&["save", "Two"]);

    let resumed = desktop.json(&["resume"]);
    assert_eq!((&resumed["parked"], &resumed["notes"]), (&json!([]), &json!([])), "{resumed}");
    assert_eq!(resumed["conversation_restored"], true, "{resumed}");
    assert!(transcript(&desktop).contains("on laptop"));
    assert!(!transcript(&desktop).contains("cost-state"));
    undo(&desktop, &resumed["session_id"]);
    assert_eq!(transcript(&desktop), before);
}

#[test]
fn state_alone_on_top_of_the_save_stays_as_it_is() {
    let (_world, desktop, _laptop) = handed_over();
    let before = append(&desktop, STATE);
    let resumed = desktop.json(&["resume"]);
    assert_eq!((&resumed["parked"], &resumed["notes"]), (&json!([]), &json!([])), "{resumed}");
    assert_eq!(resumed["conversation_restored"], false, "{resumed}");
    assert_eq!(transcript(&desktop), before);
}

#[test]
fn messages_that_are_only_here_are_put_aside_and_named() {
    let (_world, desktop, laptop) = handed_over();
    desktop.talk(ID, 1);
    let before = transcript(&desktop);
    laptop.talk(ID, 1);
    laptop.json(&["save", "Two"]);

    let resumed = desktop.json(&["resume"]);
    let note = &resumed["parked"][0];
    assert_eq!(note["code"], "convosync::resume::parked-conversation", "{resumed}");
    assert!(transcript(&desktop).contains("on laptop"));
    undo(&desktop, &resumed["session_id"]);
    assert_eq!(transcript(&desktop), before);
}

#[test]
fn messages_on_top_of_the_save_stay_and_are_told() {
    let (_world, desktop, _laptop) = handed_over();
    desktop.talk(ID, 1);
    let before = transcript(&desktop);
    let resumed = desktop.json(&["resume"]);
    assert_eq!(resumed["notes"][0]["code"], "convosync::resume::conversation-ahead", "{resumed}");
    assert_eq!(resumed["conversation_restored"], false, "{resumed}");
    assert_eq!(transcript(&desktop), before);
}
