//! Saves that wait: they are tried again when it is time, or when somebody asks for it.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use convosync_adapters::SqliteIndex;
use convosync_engine::ports::{Index, IndexChange};
use convosync_tests::{Device, World, tree};
use serde_json::{Value, json};

const ID: &str = "11111111-2222-4333-8444-555555555555";

const MINUTE: i64 = 60_000;

/// A device with a save that could not be sent, and whose store is back.
fn waiting() -> (World, Device) {
    let (world, desktop, _laptop) = World::pair();
    desktop.talk(ID, 1);
    desktop.ok(&["save", "start"]);
    let away = world.path().join("away");
    fs::rename(world.store(), &away).expect("moved");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "while the store was away"]);
    assert_eq!((&saved["synced"], &saved["queued"]), (&json!(false), &json!(1)), "{saved}");
    fs::rename(&away, world.store()).expect("moved back");
    (world, desktop)
}

/// Notes a failed try, the next one being due in so many milliseconds.
fn failed(device: &Device, left: i64) {
    let index = SqliteIndex::open(device.index()).expect("an index");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let retry_ms = i64::try_from(now).expect("some years") + left;
    let row = index.queue().expect("a queue").remove(0);
    let error = "convosync::store::denied".to_owned();
    index.apply(&[IndexChange::Attempted { save: row.save, error, retry_ms }]).expect("written");
}

fn state(device: &Device) -> Value {
    device.json(&["list"])[0]["state"].clone()
}

#[test]
fn a_save_that_could_not_be_sent_is_told_with_the_reason_and_goes_with_the_next_command() {
    let (world, desktop) = waiting();
    let away = world.path().join("away");
    fs::rename(world.store(), &away).expect("moved");
    let status = desktop.json(&["status"]);
    let save = &status["waiting"][0];
    assert_eq!((&save["attempts"], &save["next_try"]), (&json!(1), &Value::Null), "{status}");
    assert!(save["why"].to_string().contains("convosync::store::"), "{status}");
    assert!(save["since"].as_i64() > Some(0), "{status}");
    let text = desktop.ok(&["status"]);
    assert!(text.contains("Waiting on this device: 1 save"), "{text}");
    assert!(text.contains("saved just now") || text.contains("second"), "{text}");
    assert_eq!(desktop.fails(&["sync"]).0, 1);
    assert_eq!(desktop.json(&["status"])["waiting"][0]["attempts"], 2);
    fs::rename(&away, world.store()).expect("moved back");
    assert_eq!(state(&desktop), "synced");
    assert_eq!(desktop.json(&["status"])["waiting"], json!([]));
}

#[test]
fn what_failed_waits_for_its_next_try_unless_somebody_asks_for_it() {
    let (_world, desktop) = waiting();
    failed(&desktop, 30 * MINUTE);
    assert_eq!(state(&desktop), "queued");
    desktop.json(&["resume"]);
    let status = desktop.json(&["status"]);
    assert_eq!(status["waiting"][0]["why"], "convosync::store::denied", "{status}");
    assert!(status["waiting"][0]["next_try"].as_i64() > Some(0), "{status}");
    let text = desktop.ok(&["status"]);
    assert!(text.contains("next try in 30 minutes"), "{text}");
    let synced = desktop.json(&["sync", "--retry"]);
    assert_eq!((synced["sent"].as_array().map(Vec::len), &synced["queued"]), (Some(1), &json!(0)));
    assert_eq!(state(&desktop), "synced");
}

#[test]
fn when_its_time_has_come_the_next_command_sends_it() {
    for left in [-MINUTE, 300 * MINUTE] {
        let (_world, desktop) = waiting();
        // The second stands for a clock that was set back: no wait is that long.
        failed(&desktop, left);
        assert_eq!(state(&desktop), "synced", "{left}");
    }
}

#[test]
fn a_sessions_saves_are_sent_in_order_however_long_the_first_has_to_wait() {
    let (_world, desktop) = waiting();
    failed(&desktop, 30 * MINUTE);
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "another"]);
    // Who saves wants it sent, and what goes before it too.
    assert_eq!((&saved["synced"], &saved["queued"]), (&json!(true), &json!(0)), "{saved}");
}

#[test]
fn a_save_whose_past_is_gone_everywhere_holds_up_nothing_and_the_next_one_is_whole() {
    let (world, desktop, laptop) = World::pair();
    for message in ["one", "two"] {
        desktop.talk(ID, 1);
        desktop.ok(&["save", message]);
    }
    let session = desktop.json(&["list"])[0]["session_id"].clone();
    let log = desktop.json(&["log", session.as_str().expect("a session")]);
    let first = log.as_array().and_then(|rows| rows.last()).expect("a save")["save"].clone();
    let first = first.as_str().expect("a name");
    let copies = world.objects_of("v1/s/").into_iter().chain(tree::files(&desktop.data()));
    let copies: Vec<_> = copies.filter(|path| path.ends_with(first)).collect();
    assert_eq!(copies.len(), 2, "in the store and in the cache: {copies:?}");
    copies.iter().for_each(|copy| fs::remove_file(copy).expect("removed"));

    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "three"]);
    assert_eq!(saved["synced"], false, "{saved}");
    assert!(saved["notes"].to_string().contains("convosync::store::missing"), "{saved}");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "four"]);
    assert_eq!(saved["synced"], true, "{saved}");
    laptop.ok(&["resume"]);
    let there = fs::read_to_string(laptop.transcript(ID)).expect("it was brought back");
    assert_eq!(there.matches("Answer").count(), 4, "{there}");
    desktop.talk(ID, 1);
    assert_eq!(desktop.json(&["save", "five"])["synced"], true);
}

#[test]
fn what_was_decided_while_the_store_was_away_goes_with_the_next_look() {
    for look in [&["list"][..], &["status"]] {
        let (world, desktop, _laptop) = World::pair();
        desktop.talk(ID, 1);
        desktop.ok(&["save", "start"]);
        let session = desktop.json(&["list"])[0]["session_id"].clone();
        let away = world.path().join("away");
        fs::rename(world.store(), &away).expect("moved");
        desktop.ok(&["pin", session.as_str().expect("a session")]);
        fs::rename(&away, world.store()).expect("moved back");
        assert!(world.objects_of("v1/pin/").is_empty());
        desktop.ok(look);
        assert_eq!(world.objects_of("v1/pin/").len(), 1, "{look:?}");
    }
}
