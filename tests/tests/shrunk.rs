//! A transcript that lost messages: an assistant's own sweep cuts old ones to stubs.

use std::fs;

use convosync_tests::{Device, World, is_noted, note};
use serde_json::{Value, json};

const ID: &str = "11111111-2222-4333-8444-555555555555";

const SHRUNK: &str = "convosync::conversation::shrunk";

fn transcript(device: &Device) -> String {
    fs::read_to_string(device.transcript(ID)).expect("the transcript is here")
}

/// A device that has saved a conversation whose transcript has then lost all but its beginning;
/// and what it was.
fn cut() -> (World, Device, Device, String) {
    let (world, desktop, laptop) = World::pair();
    desktop.write("a", "1\n");
    desktop.talk(ID, 6);
    desktop.ok(&["save", "full"]);
    let full = transcript(&desktop);
    let stub: String = full.split_inclusive('\n').take(5).collect();
    fs::write(desktop.transcript(ID), stub).expect("a file");
    (world, desktop, laptop, full)
}

#[test]
fn the_session_keeps_the_fuller_one_and_a_resume_brings_it_back() {
    let (_world, desktop, _laptop, full) = cut();
    let saved = desktop.json(&["save", "after the sweep"]);
    let (_, help) = note(&saved, SHRUNK);
    assert!(help.contains("--accept-shrink"), "{help}");
    assert_eq!(saved["message_count"], 18, "{saved}");
    let command = help.lines().next().and_then(|line| line.split_once(": ")).expect("a command").1;
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    let resumed = desktop.json(&args);
    assert_eq!((&resumed["parked"], &resumed["notes"]), (&json!([]), &json!([])), "{resumed}");
    assert_eq!(transcript(&desktop), full);
}

#[test]
fn a_stub_that_says_something_else_is_put_aside() {
    let (_world, desktop, _laptop, full) = cut();
    let stub = json!({"type": "user", "uuid": "stub", "timestamp": "2026-01-01T00:00:00.000Z",
        "message": {"role": "user", "content": "cleaned up"}});
    fs::write(desktop.transcript(ID), format!("{stub}\n")).expect("a file");
    desktop.json(&["resume"]);
    assert!(transcript(&desktop).starts_with(&full), "{}", transcript(&desktop));
}

#[test]
fn what_was_said_after_the_cut_is_saved_with_all_that_was_before() {
    let (_world, desktop, laptop, full) = cut();
    let cwd = desktop.work_tree.display().to_string();
    let more = convosync_tests::transcript::turn(ID, 50, &cwd, "desktop");
    fs::write(desktop.transcript(ID), transcript(&desktop) + &more).expect("a file");
    let new = transcript(&desktop).lines().last().expect("a line").to_owned();
    let saved = desktop.json(&["save", "went on"]);
    assert!(is_noted(&saved, SHRUNK), "{saved}");
    assert_eq!(saved["message_count"], 21, "{saved}");
    desktop.json(&["resume"]);
    let whole = transcript(&desktop);
    assert!(whole.starts_with(&full) && whole.contains(&new), "{whole}");
    laptop.ok(&["resume"]);
    assert_eq!(transcript(&laptop).matches("Answer").count(), 7);
}

#[test]
fn a_cut_is_saved_as_one_only_when_asked() {
    let (_world, desktop, laptop, full) = cut();
    let stub = transcript(&desktop);
    let saved = desktop.json(&["save", "cut on purpose", "--accept-shrink"]);
    assert_eq!((is_noted(&saved, SHRUNK), &saved["message_count"]), (false, &json!(3)));
    laptop.ok(&["resume"]);
    assert_eq!(transcript(&laptop).matches("Answer").count(), 1);
    assert!(transcript(&desktop) == stub);
    // The fuller one is still in the save before.
    let session = saved["session_id"].as_str().expect("a session").to_owned();
    let log = desktop.json(&["log", &session]);
    let rows = log.as_array().expect("rows");
    let before = rows.iter().find(|row| row["message"] == "full").expect("it is there");
    desktop.ok(&["resume", &session, "--at", before["save"].as_str().expect("a save")]);
    assert_eq!(transcript(&desktop), full);
}

#[test]
fn what_was_said_after_the_cut_and_can_not_be_joined_travels_beside() {
    let (_world, desktop, laptop, full) = cut();
    let said = |n: usize| {
        // The client gives no id twice; a transcript that was worked on by hand may.
        let last = full.lines().rev().nth(n).expect("a line");
        let last: Value = serde_json::from_str(last).expect("JSON");
        let line = json!({"type": "user", "uuid": last["uuid"], "timestamp": "2026-01-01T00:00:00.000Z",
            "message": {"role": "user", "content": format!("said after the cut {n}")}});
        fs::write(desktop.transcript(ID), format!("{}{line}\n", transcript(&desktop)))
            .expect("a file");
    };
    said(0);
    let mut ids = Vec::new();
    for message in ["after the cut", "and more"] {
        let saved = desktop.json(&["save", message]);
        assert_eq!((&saved["message_count"], &saved["synced"]), (&json!(18), &json!(true)));
        let (text, _) = note(&saved, "convosync::conversation::apart");
        let id = text.split_once(" as ").expect("an id").1.split(' ').next().expect("an id");
        ids.push(id.to_owned());
        said(5);
    }
    assert_eq!(ids[0], ids[1], "it goes on as the same conversation");
    laptop.ok(&["resume"]);
    assert_eq!(transcript(&laptop).matches("Answer").count(), 6);
    let beside = fs::read_to_string(laptop.transcript(&ids[0])).expect("it was placed");
    assert!(beside.contains("said after the cut 0") && beside.contains("said after the cut 5"));
    assert_eq!(laptop.json(&["status"])["conversation_id"], ID);
}
