//! The helper dies, or has no room left, before any one of its changes: files made, written, named
//! and removed, programs started, the index changed. Then the same command ends the work.
//!
//! Some of the changes, evenly; all of them with `CONVOSYNC_EVERY_CHANGE`, by the command in
//! `docs/faults.md`: it takes longer than nextest lets a test run.

use std::fs;

use convosync_tests::{Device, Fault, World};

use crate::audit::{audit, audit_at};
use crate::kill::has_all_of;
use crate::plays::{Play, at_each_change, at_each_change_then};
use crate::scene::{ID, has_one_head, is_saved, store_has_all, uncommitted, work};

/// Changes of a command before which it dies, and before which it has no room, in the fast lane.
const DEATHS: usize = 7;
const LACKS: usize = 5;

/// The desktop has saved, and the laptop has brought it back.
fn begun() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    laptop.ok(&["resume"]);
    (world, desktop, laptop)
}

fn steps(messages: &[usize]) -> Vec<String> {
    messages.iter().map(|step| format!("step {step}")).collect()
}

fn save() -> Play {
    let (world, desktop, laptop) = begun();
    work(&desktop, 1);
    Play::of(world, [desktop, laptop], &["save", "step 1"], |play, what| {
        play.nothing_is_lost(what);
        is_saved(&play.device, 1);
        store_has_all(&play.world, &play.device, &steps(&[0, 1]));
    })
}

fn save_of_uncommitted_work() -> Play {
    let (world, desktop, laptop) = begun();
    uncommitted(&desktop, 1);
    desktop.talk(ID, 1);
    Play::of(world, [desktop, laptop], &["save", "step 1", "--stash"], |play, what| {
        play.is_as_before(what);
        store_has_all(&play.world, &play.device, &steps(&[0, 1]));
        let left = fs::read_dir(play.device.work_tree.join(".git")).expect("a folder").flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        let ours = |name: &&std::ffi::OsString| name.to_string_lossy().starts_with("convosync");
        assert_eq!(left.iter().find(ours), None, "{what}: nothing of ours stays");
    })
}

fn sync() -> Play {
    let (world, desktop, laptop) = begun();
    let away = world.path().join("away");
    fs::rename(world.store(), &away).expect("the store is away");
    for step in 1..=2 {
        work(&desktop, step);
        desktop.ok(&["save", &format!("step {step}")]);
    }
    fs::rename(&away, world.store()).expect("the store is back");
    Play::of(world, [desktop, laptop], &["sync", "--retry"], |play, what| {
        play.nothing_is_lost(what);
        is_saved(&play.device, 2);
        store_has_all(&play.world, &play.device, &steps(&[0, 1, 2]));
    })
}

/// The laptop has work of its own that a resume has to put aside.
fn to_resume() -> (World, Device, Device) {
    let (world, desktop, laptop) = begun();
    work(&desktop, 1);
    desktop.ok(&["save", "step 1"]);
    laptop.write("README.md", "changed here\n");
    laptop.write("notes.txt", "notes\n");
    laptop.talk(ID, 1);
    (world, desktop, laptop)
}

fn resume() -> Play {
    let (world, desktop, laptop) = to_resume();
    Play::of(world, [laptop, desktop], &["resume", "--on-dirty", "stash"], |play, what| {
        assert_eq!(play.device.head(), play.other.head(), "{what}");
        assert_eq!(play.device.git(&["status", "--porcelain"]), "", "{what}");
        has_one_head(&play.device);
        play.nothing_is_lost(what);
    })
}

fn resume_of_uncommitted_work() -> Play {
    let (world, desktop, laptop) = begun();
    uncommitted(&desktop, 1);
    desktop.ok(&["save", "step 1", "--stash"]);
    Play::of(world, [laptop, desktop], &["resume"], |play, what| {
        let status = crate::scene::status;
        assert_eq!(status(&play.device), status(&play.other), "{what}");
        assert_eq!(play.device.read("new/1.txt"), "untracked 1\n", "{what}");
        play.nothing_is_lost(what);
    })
}

/// Two devices went on from one save.
fn resume_that_merges() -> Play {
    let (world, desktop, laptop) = begun();
    desktop.talk(ID, 1);
    desktop.write("desktop.txt", "desktop\n");
    desktop.ok(&["save", "step 1"]);
    laptop.talk(ID, 2);
    laptop.write("laptop.txt", "laptop\n");
    laptop.ok(&["save", "step 2"]);
    let args = ["resume", "--on-conflict", "merge", "--on-diverged", "merge"];
    Play::of(world, [laptop, desktop], &args, |play, what| {
        play.nothing_is_lost(what);
        let saves = audit(&play.world, &play.device);
        let transcript = saves.head().transcript(ID);
        for words in ["on desktop", "on laptop"] {
            assert!(transcript.contains(words), "{what}: {words}");
        }
        for (name, text) in [("desktop.txt", "desktop\n"), ("laptop.txt", "laptop\n")] {
            assert_eq!(play.device.read(name), text, "{what}");
        }
    })
}

fn collection() -> Play {
    let (world, mut desktop, laptop) = begun();
    let other = "22222222-2222-4333-8444-555555555555";
    desktop.talk(other, 1);
    desktop.keep_big_result(other);
    let gone = desktop.json(&["save", "--new", "gone", "--no-push"]);
    let gone = gone["session_id"].as_str().expect("an id").to_owned();
    desktop.ok(&["delete", &gone, "--yes"]);
    // It is marked, and its time goes by: a day at most counts between two looks.
    for day in 0..8 {
        desktop.set_clock_wrong(day);
        desktop.ok(&["gc"]);
    }
    assert!(!world.objects_of(&format!("v1/s/{gone}")).is_empty(), "it is there still");
    desktop.set_clock_wrong(9);
    Play::of(world, [desktop, laptop], &["gc"], |play, what| {
        play.nothing_is_lost(what);
        has_one_head(&play.device);
        let saves = audit(&play.world, &play.device);
        assert!(saves.has_message("step 0") && !saves.has_message("gone"), "{what}");
        let left = play.world.objects_of("v1/o/").len();
        assert_eq!(left, 0, "{what}: its parts go with it");
    })
}

fn rotation() -> Play {
    let (world, desktop, laptop) = begun();
    Play::of(world, [desktop, laptop], &["key", "rotate"], |play, what| {
        work(&play.device, 1);
        play.device.ok(&["save", "step 1"]);
        play.other.ok(&["resume"]);
        work(&play.other, 2);
        play.other.ok(&["save", "step 2"]);
        for device in [&play.device, &play.other] {
            assert!(audit(&play.world, device).has_message("step 2"), "{what}");
        }
        play.nothing_is_lost(what);
    })
}

fn move_of_the_store() -> Play {
    let (world, desktop, laptop) = begun();
    let place = world.path().join("place");
    let url = format!("file://{}", place.display());
    Play::of(world, [desktop, laptop], &["store", "move", &url], |play, what| {
        let place = play.world.path().join("place");
        has_all_of(&place, &play.world.store());
        play.nothing_is_lost(what);
        play.other.ok(&["sync"]);
        let url = format!("file://{}", place.display());
        assert_eq!(play.other.json(&["status"])["store"], url.as_str(), "{what}");
        assert!(audit_at(&place, &play.other).has_message("step 0"), "{what}");
    })
}

/// A resume that brought a branch, a conversation and a stash, and work since.
fn undo() -> (Play, Vec<String>) {
    let (world, desktop, laptop) = to_resume();
    let before = laptop.picture();
    laptop.ok(&["resume", "--on-dirty", "stash"]);
    laptop.write("auth.js", "worked on since\n");
    laptop.talk(ID, 1);
    let play = Play::of(world, [laptop, desktop], &["undo"], |_, _| {});
    (play, before)
}

#[test]
fn a_save_that_dies_before_any_change_is_whole_the_next_time() {
    at_each_change(Fault::Dies, DEATHS, save);
}

#[test]
fn a_save_of_uncommitted_work_that_dies_before_any_change_touches_nothing_here() {
    at_each_change(Fault::Dies, DEATHS, save_of_uncommitted_work);
}

#[test]
fn a_sync_that_dies_before_any_change_sends_all_the_next_time() {
    at_each_change(Fault::Dies, DEATHS, sync);
}

#[test]
fn a_resume_that_dies_before_any_change_is_whole_the_next_time() {
    at_each_change(Fault::Dies, DEATHS, resume);
}

#[test]
fn a_resume_that_dies_before_any_change_is_taken_back() {
    at_each_change_then(Fault::Dies, DEATHS, resume, |play, what| {
        let begun = play.device.json(&["undo", "--list"]);
        if ["unfinished", "resumed"].iter().any(|state| begun[0]["state"] == *state)
            && begun.as_array().map(Vec::len) == Some(2)
        {
            play.device.ok(&["undo"]);
        }
        play.is_as_before(what);
    });
}

#[test]
fn a_resume_of_uncommitted_work_that_dies_before_any_change_goes_on() {
    at_each_change(Fault::Dies, DEATHS, resume_of_uncommitted_work);
}

#[test]
fn a_merge_that_dies_before_any_change_is_whole_the_next_time() {
    at_each_change(Fault::Dies, DEATHS, resume_that_merges);
}

#[test]
fn an_undo_that_dies_before_any_change_goes_on() {
    undone_after(Fault::Dies, DEATHS);
}

fn undone_after(fault: Fault, some: usize) {
    let (play, before) = undo();
    at_each_change_then(
        fault,
        some,
        || play,
        |play, what| {
            if play.device.json(&["undo", "--list"])[0]["state"] != "undone" {
                play.device.ok(&["undo"]);
            }
            for (now, before) in play.device.picture().iter().zip(&before) {
                assert_eq!(now, before, "{what}");
            }
        },
    );
}

#[test]
fn a_collection_that_dies_before_any_change_takes_nothing_that_is_needed() {
    at_each_change(Fault::Dies, DEATHS, collection);
}

#[test]
fn a_rotation_that_dies_before_any_change_leaves_a_key_that_opens_everything() {
    at_each_change(Fault::Dies, DEATHS, rotation);
}

#[test]
fn a_move_of_the_store_that_dies_before_any_change_is_ended_the_next_time() {
    at_each_change(Fault::Dies, DEATHS, move_of_the_store);
}

#[test]
fn a_save_without_room_for_any_change_is_whole_when_there_is_room() {
    at_each_change(Fault::IsFull, LACKS, save);
    at_each_change(Fault::IsFull, LACKS, save_of_uncommitted_work);
}

#[test]
fn a_sync_without_room_for_any_change_sends_all_when_there_is_room() {
    at_each_change(Fault::IsFull, LACKS, sync);
}

#[test]
fn a_resume_without_room_for_any_change_is_whole_when_there_is_room() {
    at_each_change(Fault::IsFull, LACKS, resume);
    at_each_change(Fault::IsFull, LACKS, resume_of_uncommitted_work);
}

#[test]
fn an_undo_without_room_for_any_change_goes_on_when_there_is_room() {
    undone_after(Fault::IsFull, LACKS);
}

#[test]
fn a_collection_a_rotation_and_a_move_without_room_for_any_change_end_when_there_is_room() {
    at_each_change(Fault::IsFull, LACKS, collection);
    at_each_change(Fault::IsFull, LACKS, rotation);
    at_each_change(Fault::IsFull, LACKS, move_of_the_store);
}
