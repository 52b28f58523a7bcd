//! Large conversations: told, asked about, archived. All of it stays in the session, whatever a
//! resume brings back.

use std::fs;

use convosync_tests::{Device, World, is_noted, note};
use serde_json::{Value, json};

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn lines(device: &Device) -> Vec<String> {
    let text = fs::read_to_string(device.transcript(ID)).expect("a transcript");
    // Checkpoints name the work tree, which is another one on every device; where a conversation
    // was moved to is a line of each device's own.
    let here = device.work_tree.to_str().expect("UTF-8");
    let lines = text.lines().filter(|line| !line.contains("\"type\":\"relocated\""));
    lines
        .map(|line| match line.contains("file-history") {
            true => line.replace(here, "//work-tree"),
            false => line.to_owned(),
        })
        .collect()
}

/// Two devices for which 30 messages are many.
fn devices() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    for device in [&desktop, &laptop] {
        device.ok(&["config", "set", "large.messages", "30"]);
    }
    desktop.write("app.js", "one\n");
    (world, desktop, laptop)
}

const LARGE: &str = "convosync::save::large-conversation";

#[test]
fn a_large_conversation_is_told_with_what_a_resume_costs() {
    let (_world, desktop, _laptop) = devices();
    desktop.talk(ID, 9);
    assert!(!is_noted(&desktop.json(&["save", "small"]), LARGE));
    desktop.talk(ID, 1);
    let told = desktop.ok(&["save", "large"]);
    for line in [
        "Conversation is very large (30+ messages)",
        "30 messages, ",
        " KB; the first answer after a resume reads about 12 tokens",
        "This may take longer to sync and cost more storage.",
        "--on-large archive",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    // Who says that it is well is not told again.
    assert!(!is_noted(&desktop.json(&["save", "--on-large", "continue", "x"]), LARGE));
    desktop.ok(&["config", "set", "large.messages", "0"]);
    assert!(!is_noted(&desktop.json(&["save", "no limit"]), LARGE));
    desktop.ok(&["config", "set", "large.size", "3 KB"]);
    assert!(is_noted(&desktop.json(&["save", "by size"]), LARGE));
}

#[test]
fn cancel_changes_nothing_and_a_dry_run_names_what_an_interactive_one_would_ask() {
    let (_world, desktop, _laptop) = devices();
    desktop.talk(ID, 10);
    desktop.refuses(&["save", "--on-large", "cancel", "x"], "convosync::cancelled");
    let plan = desktop.json(&["save", "--dry-run", "x"]);
    let conversation = &plan["save"]["conversation"];
    assert_eq!(conversation["message_count"], 30, "{plan}");
    assert_eq!(
        (&conversation["resume_tokens"], &conversation["large"]),
        (&json!(12), &json!(true))
    );
    assert_eq!((&plan["save"]["new_files"], &plan["save"]["branch"]), (&json!(1), &json!("main")));
    // Off a terminal there is no form, and no question that nobody answers.
    desktop.refuses(&["save", "-i", "x"], "convosync::save::no-terminal");
}

#[test]
fn an_archived_conversation_goes_there_and_back_without_losing_or_doubling_a_line() {
    let (_world, desktop, laptop) = devices();
    desktop.talk(ID, 40);
    let whole = lines(&desktop);
    let saved = desktop.json(&["save", "--on-large", "archive", "--from-message", "110", "x"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    assert_eq!(saved["message_count"], 120, "all of it is in the save");
    // Message 110 is an answer; its prompt is message 109.
    assert_eq!(
        note(&saved, "convosync::save::archived").0,
        "a resume elsewhere begins with message 109 of 120; all of them stay in the session"
    );

    let back = laptop.json(&["resume", &session]);
    let short = lines(&laptop);
    assert_eq!(short, whole[180..], "it begins with turn 36");
    let (text, _) = note(&back, "convosync::resume::archived");
    assert!(text.contains("message 109 of 120"), "{text}");
    // Nothing is put aside when it is resumed again, and what is there stays as it is.
    let again = laptop.json(&["resume", &session]);
    assert_eq!((&again["parked"], lines(&laptop)), (&json!([]), short.clone()));

    laptop.talk(ID, 2);
    let tail = lines(&laptop)[short.len()..].to_vec();
    let saved = laptop.json(&["save", "went on"]);
    assert!(!is_noted(&saved, "convosync::conversation::shrunk"), "{saved}");
    // The answers of these two turns have ids that the desktop's have too, so only prompts count.
    assert_eq!(saved["message_count"], 122, "{saved}");
    let both = [whole.clone(), tail.clone()].concat();

    // The desktop has the beginning: it gets the rest of it, and nothing there gets shorter.
    let back = desktop.json(&["resume", &session]);
    assert_eq!((&back["parked"], lines(&desktop)), (&json!([]), both.clone()), "{back}");
    desktop.talk(ID, 1);
    let more = lines(&desktop)[both.len()..].to_vec();
    desktop.json(&["save", "again"]);

    // On the laptop it stays short, and goes on.
    let back = laptop.json(&["resume", &session]);
    assert_eq!(lines(&laptop), [short, tail, more.clone()].concat(), "{back}");
    assert_eq!(back["parked"], json!([]));
    let exported = laptop.ok(&["export", &session, "--format", "jsonl"]);
    assert_eq!(
        exported.lines().filter(|line| !line.contains("\"relocated\"")).count(),
        both.len() + more.len()
    );

    // Whoever wants all of it back says so with the next save.
    let saved = laptop.json(&["save", "--on-large", "continue", "all of it"]);
    assert!(!is_noted(&saved, "convosync::save::archived"), "{saved}");
    laptop.json(&["resume", &session]);
    assert_eq!(lines(&laptop), [both, more].concat());
}

#[test]
fn both_devices_go_on_from_an_archived_conversation_and_are_merged() {
    let (_world, desktop, laptop) = devices();
    desktop.talk(ID, 20);
    let saved = desktop.json(&["save", "--on-large", "archive", "--from-message", "58", "x"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    laptop.json(&["resume", &session]);
    assert_eq!(lines(&laptop).len(), 5);
    laptop.talk(ID, 1);
    desktop.talk(ID, 1);
    let ours = lines(&desktop);
    let theirs = lines(&laptop)[5..].to_vec();
    laptop.json(&["save", "theirs"]);
    desktop.json(&["save", "ours"]);
    desktop.json(&["resume", &session, "--on-conflict", "merge"]);
    let merged = lines(&desktop);
    for line in ours.iter().chain(&theirs) {
        assert_eq!(merged.iter().filter(|one| *one == line).count(), 1, "{line}");
    }
    assert_eq!(merged.len(), ours.len() + theirs.len());
}

#[test]
fn without_a_place_to_begin_the_newest_hundred_messages_come_back() {
    let (_world, desktop, laptop) = devices();
    desktop.talk(ID, 50);
    let whole = lines(&desktop);
    desktop.json(&["save", "--on-large", "archive", "x"]);
    laptop.json(&["resume"]);
    // 150 messages: the 51st is the first of turn 18 (from 1), whose prompt it is not; 49 is.
    let short = lines(&laptop);
    assert_eq!(short, whole[whole.len() - short.len()..]);
    assert_eq!(short.len(), (50 - 16) * 5);
}

#[test]
fn an_archive_begins_with_the_last_compaction() {
    let (_world, desktop, laptop) = devices();
    desktop.talk(ID, 12);
    let path = desktop.transcript(ID);
    let boundary = json!({"parentUuid": null, "logicalParentUuid": "x", "isSidechain": false,
        "type": "system", "subtype": "compact_boundary", "content": "Conversation compacted",
        "uuid": "00000000-0000-4000-8fff-000000000001", "timestamp": "2026-01-02T04:00:00.000Z"});
    let summary = json!({"parentUuid": "00000000-0000-4000-8fff-000000000001", "type": "user",
        "isSidechain": false, "isCompactSummary": true, "uuid": "00000000-0000-4000-8fff-000000000002",
        "timestamp": "2026-01-02T04:00:01.000Z", "message": {"role": "user", "content": "It was about x."}});
    let text = fs::read_to_string(&path).expect("a transcript");
    fs::write(&path, format!("{text}{boundary}\n{summary}\n")).expect("a transcript");
    let plan = desktop.json(&["save", "--dry-run", "x"]);
    assert_eq!(plan["save"]["conversation"]["resume_tokens"], Value::Null, "not known after it");
    desktop.talk(ID, 1);
    desktop.json(&["save", "--on-large", "archive", "x"]);
    laptop.json(&["resume"]);
    let short = lines(&laptop);
    assert_eq!(short.len(), 2 + 5);
    assert!(short[0].contains("compact_boundary"), "{}", short[0]);
}

#[test]
fn what_was_archived_is_joined_with_whatever_the_client_left_of_the_rest() {
    let (_world, desktop, laptop) = devices();
    desktop.talk(ID, 20);
    let whole = lines(&desktop);
    let saved = desktop.json(&["save", "--on-large", "archive", "--from-message", "40", "x"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    laptop.json(&["resume", &session]);
    // The last message is taken back, as the client does by cutting its file.
    let text = fs::read_to_string(laptop.transcript(ID)).expect("a transcript");
    let kept: Vec<&str> = text.split_inclusive('\n').collect();
    let cut = kept.len() - 2;
    fs::write(laptop.transcript(ID), kept[..cut].concat()).expect("a transcript");
    laptop.json(&["save", "taken back"]);
    desktop.json(&["resume", &session]);
    let back = lines(&desktop);
    for line in &whole {
        assert_eq!(back.iter().filter(|one| *one == line).count(), 1, "nothing is lost: {line}");
    }
}

#[test]
fn where_nothing_is_before_the_beginning_it_is_said_that_nothing_was_archived() {
    let (_world, desktop, laptop) = devices();
    desktop.talk(ID, 10);
    // Clients write lines of their own before all that is said.
    let path = desktop.transcript(ID);
    let text = fs::read_to_string(&path).expect("a transcript");
    let own = r#"{"type":"queue-operation","operation":"enqueue"}"#;
    fs::write(&path, format!("{own}\n{text}")).expect("written");
    let saved = desktop.json(&["save", "--on-large", "archive", "--from-message", "2", "x"]);
    let (text, _) = note(&saved, "convosync::save::archived");
    assert_eq!(text, "nothing was archived: a resume brings back all 30 messages");
    let back = laptop.json(&["resume", "--latest"]);
    assert!(!is_noted(&back, "convosync::resume::archived"), "{back}");
}
