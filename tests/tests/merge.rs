//! Two heads become one save that has all of both: conversations line by line, code by git.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use convosync_tests::{Device, World, flags, is_noted, note, told};
use serde_json::{Value, json};

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// Both devices have gone on from the same save and saved; the desktop's words are the newer ones.
fn forked(
    desktop_writes: &[(&str, &str)],
    laptop_writes: &[(&str, &str)],
) -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    desktop.write("app.js", "one\n\n\n\nfive\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "start"]);
    laptop.ok(&["resume"]);
    laptop.talk(ID, 1);
    desktop.talk(ID, 3);
    for (path, text) in desktop_writes {
        desktop.write(path, text);
    }
    for (path, text) in laptop_writes {
        laptop.write(path, text);
    }
    desktop.ok(&["save", "on the desktop"]);
    laptop.ok(&["save", "on the laptop"]);
    (world, desktop, laptop)
}

fn transcript(device: &Device) -> String {
    fs::read_to_string(device.transcript(ID)).expect("the transcript is here")
}

/// The lines, without what says where a device keeps its clone now.
fn lines(device: &Device) -> BTreeSet<String> {
    let text = transcript(device);
    let own = |line: &&str| !line.contains("\"relocatedCwd\"");
    let homeless = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(backup) = line.pointer_mut("/backup") {
            backup["realParentDir"] = Value::Null;
        }
        line.to_string()
    };
    text.lines().filter(own).map(homeless).collect()
}

fn states(device: &Device) -> Vec<Value> {
    let rows = device.json(&["list"]);
    rows.as_array().expect("rows").iter().map(|row| row["state"].clone()).collect()
}

fn session(device: &Device) -> String {
    device.json(&["list"])[0]["session_id"].as_str().expect("a session").to_owned()
}

fn heads(device: &Device) -> Vec<Value> {
    let log = device.json(&["log", &session(device)]);
    let rows = log.as_array().expect("rows").iter();
    rows.filter(|row| row["head"] == true).cloned().collect()
}

#[track_caller]
fn has_words_of_both(device: &Device) {
    let text = transcript(device);
    for words in ["Answer 0 on desktop", "on laptop", "Answer 5 on desktop"] {
        assert!(text.contains(words), "`{words}` is not in\n{text}");
    }
}

#[test]
fn both_conversations_and_both_branches_of_code_are_in_the_merge() {
    let (_world, desktop, laptop) =
        forked(&[("app.js", "ONE\n\n\n\nfive\n")], &[("app.js", "one\n\n\n\nFIVE\n")]);
    let (before, other) = (lines(&laptop), lines(&desktop));
    let decision = laptop.asks(&["resume"]);
    assert_eq!(decision["question"], "conflict", "{decision}");
    assert_eq!(flags(&decision)[0], "--on-conflict merge");

    let merged = laptop.json(&["resume", "--on-conflict", "merge"]);
    assert!(is_noted(&merged, "convosync::resume::merged"), "{merged}");
    assert_eq!(merged["message"], "Merge: on the desktop + on the laptop", "{merged}");
    assert_eq!((&merged["parked"], &merged["in_step"]), (&json!([]), &json!(true)), "{merged}");
    has_words_of_both(&laptop);
    let all: BTreeSet<_> = before.union(&other).cloned().collect();
    assert!(lines(&laptop).is_superset(&all), "no line of either is lost");
    let last = transcript(&laptop).rfind("Answer").expect("an answer");
    assert!(transcript(&laptop)[last..].contains("on desktop"), "the newest message is the last");
    assert_eq!(laptop.read("app.js"), "ONE\n\n\n\nFIVE\n");
    assert_eq!(laptop.git(&["status", "--porcelain"]), "");
    assert_eq!(laptop.git(&["log", "--format=%P", "-1"]).split(' ').count(), 2);

    assert_ne!(states(&desktop), ["conflict"]);
    let resumed = desktop.json(&["resume"]);
    assert_eq!((&resumed["parked"], &resumed["in_step"]), (&json!([]), &json!(true)), "{resumed}");
    assert_eq!(lines(&desktop), lines(&laptop));
    assert_eq!((desktop.head(), desktop.read("app.js")), (laptop.head(), laptop.read("app.js")));

    // It goes on from there, there and back.
    desktop.talk(ID, 1);
    desktop.ok(&["save", "after"]);
    let resumed = laptop.json(&["resume"]);
    assert_eq!((&resumed["parked"], &resumed["notes"]), (&json!([]), &json!([])), "{resumed}");
    assert_eq!(lines(&desktop), lines(&laptop));
}

#[test]
fn two_devices_that_merge_the_same_heads_make_equal_saves() {
    let (world, desktop, laptop) =
        forked(&[("a", "desktop\n"), ("app.js", "ONE\n\n\n\nfive\n")], &[("b", "laptop\n")]);
    for device in [&desktop, &laptop] {
        assert_eq!(states(device), ["conflict"]);
    }
    // Both have all of both, and neither hears of the other's merge.
    let copy = world.path().join("copy");
    copy_all(&world.store(), &copy);
    desktop.ok(&["resume", "--on-conflict", "merge"]);
    let theirs = world.path().join("theirs");
    fs::rename(world.store(), &theirs).expect("moved");
    fs::rename(&copy, world.store()).expect("moved");
    laptop.ok(&["resume", "--on-conflict", "merge"]);
    assert_eq!(desktop.head(), laptop.head(), "the same merge of the same commits");
    copy_all(&theirs, &world.store());
    assert_eq!((states(&desktop).len(), heads(&desktop).len(), heads(&laptop).len()), (1, 1, 1));
    assert_ne!(states(&desktop), ["conflict"]);
    assert_eq!(lines(&desktop), lines(&laptop));
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else if !target.exists() {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn a_third_device_merges_heads_that_it_made_none_of() {
    let (world, desktop, laptop) = forked(&[("a", "desktop\n")], &[("b", "laptop\n")]);
    let tablet = world.next_device("tablet", "work/app");
    let decision = tablet.asks(&["resume"]);
    let choices = flags(&decision);
    assert!(!choices.iter().any(|flag| flag.contains("keep-local")), "{decision}");
    tablet.refuses(&["resume", "--on-conflict", "keep-local"], "convosync::resume::no-local-head");
    let status = tablet.json(&["status"]);
    let (_, help) = note(&status, "convosync::session::conflict");
    assert!(help.contains("--on-conflict merge"), "{help}");

    tablet.ok(&["resume", "--on-conflict", "merge"]);
    has_words_of_both(&tablet);
    assert_eq!((tablet.read("a"), tablet.read("b")), ("desktop\n".into(), "laptop\n".into()));
    for device in [&desktop, &laptop] {
        device.ok(&["resume"]);
        assert_eq!((device.head(), lines(device)), (tablet.head(), lines(&tablet)));
    }
}

#[test]
fn three_heads_become_one() {
    let (world, desktop, laptop) = World::pair();
    let tablet = world.next_device("tablet", "work/app");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "start"]);
    for device in [&laptop, &tablet] {
        device.ok(&["resume"]);
    }
    for device in [&desktop, &laptop, &tablet] {
        device.talk(ID, 1);
        device.write(&device.name, "mine\n");
    }
    for device in [&desktop, &laptop, &tablet] {
        device.ok(&["save", &format!("on {}", device.name)]);
    }
    assert_eq!(heads(&tablet).len(), 3);
    laptop.ok(&["resume", "--on-conflict", "merge"]);
    for device in [&desktop, &tablet] {
        device.ok(&["resume"]);
        assert_eq!((device.head(), lines(device)), (laptop.head(), lines(&laptop)));
    }
    for name in ["desktop", "laptop", "tablet"] {
        assert_eq!(tablet.read(name), "mine\n");
        assert!(transcript(&tablet).contains(&format!("on {name}")));
    }
    assert_eq!(heads(&tablet).len(), 1);
}

#[test]
fn code_that_conflicts_is_told_before_anything_is_touched_and_merged_by_the_user() {
    let (_world, desktop, laptop) = forked(&[("app.js", "desktop\n")], &[("app.js", "laptop\n")]);
    let before = laptop.evidence();
    let decision = laptop.asks(&["resume", "--on-conflict", "merge"]);
    assert_eq!(decision["question"], "merge-conflict", "{decision}");
    let want = ["--on-merge-conflict open-files", "--on-merge-conflict cancel"];
    assert_eq!(flags(&decision), want);
    assert!(decision.to_string().contains("  • app.js"), "{decision}");
    let merge = ["resume", "--on-conflict", "merge", "--on-merge-conflict"];
    laptop.refuses(&[&merge[..], &["cancel"]].concat(), "convosync::cancelled");
    assert_eq!(before.0, laptop.evidence().0, "nothing was touched");
    assert_eq!(before.1, laptop.evidence().1, "nothing was touched");

    laptop.write("notes.txt", "mine\n");
    let dirty = laptop.asks(&[&merge[..], &["open-files"]].concat());
    assert_eq!(dirty["question"], "dirty", "{dirty}");
    let answer = ["--on-diverged", "merge", "--on-dirty", "stash"];
    let begun = [&merge[..], &["open-files"], &answer[..]].concat();
    let asked = laptop.run(&begun);
    assert_eq!(asked.status.code(), Some(1), "{}", told(&asked));
    let text = String::from_utf8_lossy(&asked.stderr).into_owned();
    for words in ["cannot resume session due to conflicts in:", "app.js", "git stash"] {
        assert!(text.contains(words), "`{words}` is not in\n{text}");
    }
    assert!(laptop.read("app.js").contains("<<<<<<<"), "{}", laptop.read("app.js"));
    assert!(!transcript(&laptop).contains("Answer 5 on desktop"), "the conversation waits");
    laptop.refuses(&begun, "convosync::resume::waits");
    assert_eq!(states(&laptop), ["conflict"]);

    laptop.write("app.js", "both\n");
    laptop.git(&["add", "app.js"]);
    laptop.git(&["commit", "-q", "--no-edit"]);
    let resolved = laptop.head();
    laptop.ok(&["resume", "--on-conflict", "merge"]);
    assert_eq!((laptop.head(), laptop.read("app.js")), (resolved.clone(), "both\n".to_owned()));
    has_words_of_both(&laptop);
    desktop.ok(&["resume"]);
    assert_eq!((desktop.head(), lines(&desktop)), (resolved, lines(&laptop)));
}

#[test]
fn after_a_merge_was_taken_back_either_head_can_still_be_chosen() {
    for choice in ["keep-local", "use-remote"] {
        let (_world, _desktop, laptop) =
            forked(&[("app.js", "desktop\n")], &[("app.js", "laptop\n")]);
        let begin = ["resume", "--on-conflict", "merge", "--on-merge-conflict", "open-files"];
        let begin = [&begin[..], &["--on-diverged", "discard"]].concat();
        assert_eq!(laptop.fails(&begin).1["code"], "convosync::resume::conflicts");
        laptop.git(&["merge", "--abort"]);
        laptop.ok(&["resume", "--on-conflict", choice, "--on-diverged", "discard"]);
        let want = if choice == "keep-local" { "laptop\n" } else { "desktop\n" };
        assert_eq!((states(&laptop).len(), laptop.read("app.js")), (1, want.to_owned()));
        assert_ne!(states(&laptop), ["conflict"]);
    }
}

fn beside(device: &Device, path: &str) -> std::path::PathBuf {
    device.transcript(ID).with_extension("").join(path)
}

fn put(device: &Device, path: &str, text: &str) {
    let path = beside(device, path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

#[test]
fn files_beside_the_transcript_are_united_and_none_is_overwritten() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    desktop.ok(&["save", "start"]);
    laptop.ok(&["resume"]);
    for (device, turns) in [(&laptop, 1), (&desktop, 3)] {
        device.talk(ID, turns);
        put(device, &format!("tool-results/{}.txt", device.name), "mine");
        put(device, "tool-results/same.txt", &device.name);
        put(device, "subagents/agent-1.jsonl", &format!("{{\"uuid\":\"{}\"}}\n", device.name));
    }
    desktop.ok(&["save", "on the desktop"]);
    laptop.ok(&["save", "on the laptop"]);
    laptop.ok(&["resume", "--on-conflict", "merge"]);
    desktop.ok(&["resume"]);
    for device in [&laptop, &desktop] {
        let read = |path: &str| fs::read_to_string(beside(device, path)).expect(path);
        assert_eq!(read("tool-results/laptop.txt") + &read("tool-results/desktop.txt"), "minemine");
        assert_eq!(read("tool-results/same.txt"), "desktop", "that of the newest words");
        assert_eq!(
            read("subagents/agent-1.jsonl"),
            "{\"uuid\":\"laptop\"}\n{\"uuid\":\"desktop\"}\n"
        );
        let folder = fs::read_dir(beside(device, "tool-results")).expect("a folder").flatten();
        let aside: Vec<_> = folder.filter(|entry| entry.path().is_dir()).collect();
        assert_eq!(aside.len(), 1, "{aside:?}");
        let other = fs::read_to_string(aside[0].path().join("same.txt")).expect("a file");
        assert_eq!(other, "laptop");
    }
}

#[test]
fn a_message_that_differs_keeps_two_conversations() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    desktop.ok(&["save", "start"]);
    laptop.ok(&["resume"]);
    for (device, time) in
        [(&desktop, "2026-05-01T00:00:00.000Z"), (&laptop, "2026-04-01T00:00:00.000Z")]
    {
        let line = json!({"type": "user", "uuid": "the-same", "timestamp": time,
            "message": {"role": "user", "content": device.name}});
        fs::write(device.transcript(ID), format!("{}{line}\n", transcript(device)))
            .expect("a file");
        device.ok(&["save", &format!("on the {}", device.name)]);
    }
    let merged = laptop.json(&["resume", "--on-conflict", "merge"]);
    let (apart, _) = note(&merged, "convosync::resume::kept-apart");
    assert!(
        transcript(&laptop).contains("\"desktop\"") && !transcript(&laptop).contains("\"laptop\"")
    );
    assert_ne!(states(&laptop), ["conflict"]);
    // It stands beside it, on every device, and no client or save takes it for the current one.
    let id = apart.rsplit(' ').next().expect("its id");
    desktop.ok(&["resume"]);
    for device in [&laptop, &desktop] {
        let other = fs::read_to_string(device.transcript(id)).expect("it was placed");
        assert!(other.contains("\"laptop\"") && !other.contains("\"desktop\""), "{other}");
        assert_eq!(device.json(&["status"])["conversation_id"], ID);
        let again = device.json(&["resume"]);
        assert!(!again.to_string().contains("conversation-beside"), "{again}");
    }
}

#[test]
fn files_of_a_conversation_itself_have_a_place_beside_too() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    desktop.ok(&["save", "start"]);
    laptop.ok(&["resume"]);
    for device in [&laptop, &desktop] {
        device.talk(ID, 1);
        put(device, "custom-title.json", &device.name);
        device.ok(&["save", &format!("on the {}", device.name)]);
    }
    laptop.ok(&["resume", "--on-conflict", "merge"]);
    let all = convosync_tests::tree::files(&beside(&laptop, ""));
    let titles = all.iter().filter(|path| path.ends_with("custom-title.json"));
    let mut titles: Vec<_> = titles.map(|path| fs::read_to_string(path).expect("a file")).collect();
    titles.sort();
    assert_eq!(titles, ["desktop", "laptop"]);
}

#[test]
fn a_merge_that_leads_to_another_question_changes_nothing_yet() {
    let (_world, _desktop, laptop) = forked(&[("a", "desktop\n")], &[("b", "laptop\n")]);
    laptop.write("README.md", "changed\n");
    let before = laptop.json(&["log", &session(&laptop)]);
    let decision = laptop.asks(&["resume", "--on-conflict", "merge"]);
    assert_eq!(decision["question"], "dirty", "{decision}");
    assert_eq!(laptop.json(&["log", &session(&laptop)]), before);
    let plan = laptop.json(&["resume", "--on-conflict", "merge", "--dry-run"]);
    assert!(plan["steps"].to_string().contains("join 2 saves"), "{plan}");
    assert_eq!(states(&laptop), ["conflict"]);
    laptop.ok(&["resume", "--on-conflict", "merge", "--on-dirty", "stash"]);
    assert_ne!(states(&laptop), ["conflict"]);
}

#[test]
fn a_head_that_is_gone_can_not_be_joined_and_the_other_can_be_kept() {
    let (world, _desktop, laptop) = forked(&[("a", "desktop\n")], &[("b", "laptop\n")]);
    let theirs = heads(&laptop).into_iter().find(|row| row["device"] == "desktop").expect("a head");
    let name = theirs["save"].as_str().expect("a save").to_owned();
    let object = world.objects_of("v1/s/").into_iter().find(|path| path.ends_with(&name));
    fs::remove_file(object.expect("it is there")).expect("removed");
    laptop.refuses(&["resume", "--on-conflict", "merge"], "convosync::resume::merge-unreadable");
    assert_eq!(states(&laptop), ["conflict"]);
    laptop.ok(&["resume", "--on-conflict", "keep-local"]);
    assert_ne!(states(&laptop), ["conflict"]);
}
