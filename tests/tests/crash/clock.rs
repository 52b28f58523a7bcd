//! Clocks that are ten years off, and that jump: nothing is lost, nothing goes before its time, and
//! no clock decides which save is the newest.

use convosync_tests::{Device, World, told};
use serde_json::Value;

use crate::audit::audit;
use crate::scene::{ID, has_one_head, store_has_all, work};

/// Ten years, in days.
const DECADE: i64 = 3652;

/// Goes on with the session, which has to be the same one.
#[track_caller]
fn saves(device: &Device, step: usize) {
    work(device, step);
    let saved = device.json(&["save", &format!("step {step}")]);
    assert_eq!((&saved["new_session"], &saved["synced"]), (&false.into(), &true.into()), "{saved}");
    has_one_head(device);
}

#[track_caller]
fn brings_back(device: &Device, from: &Device, step: usize) {
    let resumed = device.json(&["resume"]);
    assert_eq!(resumed["message"], format!("step {step}"), "{resumed}");
    assert_eq!(device.head(), from.head());
}

#[test]
fn saves_of_clocks_that_are_ten_years_off_are_one_line_in_the_order_they_were_made() {
    let (world, mut desktop, mut laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    let mut step = 0;
    for (here, there) in [(DECADE, 0), (0, DECADE), (-DECADE, DECADE), (0, -DECADE), (0, 0)] {
        desktop.set_clock_wrong(here);
        laptop.set_clock_wrong(there);
        brings_back(&laptop, &desktop, step);
        saves(&laptop, step + 1);
        brings_back(&desktop, &laptop, step + 1);
        saves(&desktop, step + 2);
        step += 2;
        assert_eq!(desktop.json(&["status"])["queued"], 0);
    }
    let messages: Vec<_> = (0..=step).map(|step| format!("step {step}")).collect();
    store_has_all(&world, &desktop, &messages);
    let session = desktop.json(&["list"])[0]["session_id"].clone();
    let log = laptop.json(&["log", session.as_str().expect("an id")]);
    let told: Vec<_> = log.as_array().expect("rows").iter().map(|row| &row["message"]).collect();
    assert_eq!(told, messages.iter().rev().collect::<Vec<_>>(), "{log}");
}

#[test]
fn what_waits_is_sent_after_the_clock_went_back_ten_years() {
    let (world, mut desktop, _laptop) = World::pair();
    desktop.set_clock_wrong(DECADE);
    work(&desktop, 0);
    let away = world.path().join("away");
    std::fs::rename(world.store(), &away).expect("the store is away");
    let saved = desktop.json(&["save", "step 0"]);
    assert_eq!(saved["synced"], false, "{saved}");
    let (_, failure) = desktop.fails(&["sync"]);
    assert_eq!(failure["code"], "convosync::store::unreachable");
    std::fs::rename(&away, world.store()).expect("the store is back");
    desktop.set_clock_wrong(0);
    let rows = desktop.json(&["list"]);
    assert_eq!(rows[0]["state"], "synced", "{rows}");
    store_has_all(&world, &desktop, &["step 0".to_owned()]);
}

#[test]
fn a_collection_by_a_wrong_clock_takes_nothing_and_hides_nothing() {
    let (world, mut desktop, mut laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    laptop.talk("22222222-2222-4333-8444-555555555555", 1);
    let gone = laptop.json(&["save", "--new", "gone", "--no-push"]);
    let gone = gone["session_id"].as_str().expect("an id").to_owned();
    desktop.ok(&["gc"]);
    laptop.ok(&["delete", &gone, "--yes"]);
    let objects = world.objects_of("v1/s/");
    for days in [0, DECADE, -DECADE, DECADE, 0] {
        for device in [&mut desktop, &mut laptop] {
            device.set_clock_wrong(days);
            let collected = device.json(&["gc"]);
            assert_eq!(collected["deleted"]["objects"], 0, "{days} days: {collected}");
            assert_eq!(collected["leaving"].as_array().map(Vec::len), Some(0), "{collected}");
        }
        assert_eq!(world.objects_of("v1/s/"), objects, "{days} days");
        has_one_head(&desktop);
    }
    laptop.ok(&["undelete", &gone]);
    assert!(audit(&world, &laptop).has_message("gone"));
    assert_eq!(desktop.json(&["list", "--all"]).as_array().map(Vec::len), Some(2));
}

/// What a device that wants to join shows.
fn asks(world: &World, device: &Device) -> String {
    let url = world.store_url();
    let join = ["device", "join", "--store", &url, "--device", &device.name, "--no-wait"];
    device.json(&join)["words"].as_str().expect("words").to_owned()
}

fn waits(device: &Device) -> std::process::Output {
    device.run(&["device", "join", "--wait", "--timeout", "0", "--json"])
}

const APPROVE: [&str; 4] = ["device", "approve", "--yes", "--json"];

/// It is refused as too old, with the advice to look at the clocks.
#[track_caller]
fn is_too_old(output: &std::process::Output) {
    assert_eq!(output.status.code(), Some(1), "{}", told(output));
    let failure: Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(failure["code"], "convosync::enrol::expired", "{failure}");
    assert!(failure["help"].to_string().contains("clocks"), "{failure}");
}

#[test]
fn words_between_clocks_that_are_ten_years_apart_are_refused_and_hold_when_they_are_right() {
    let world = World::new();
    let mut desktop = world.first_device("desktop", "app");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "step 0"]);
    for (number, (here, there)) in [(0, DECADE), (DECADE, 0), (-DECADE, DECADE)].iter().enumerate()
    {
        let mut guest = world.bare_device(&format!("guest{number}"), "app");
        desktop.set_clock_wrong(*here);
        guest.set_clock_wrong(*there);
        is_too_old(&desktop.with_input(&APPROVE, &asks(&world, &guest)));
        // The recovery words know no time.
        if number == 0 {
            let joined = world.join(&guest);
            assert!(joined.status.success(), "{}", told(&joined));
            continue;
        }
        desktop.set_clock_wrong(0);
        guest.set_clock_wrong(0);
        let approved = desktop.with_input(&APPROVE, &asks(&world, &guest));
        assert!(approved.status.success(), "{}", told(&approved));
        let joined = waits(&guest);
        assert!(joined.status.success(), "{}", told(&joined));
        assert_eq!(guest.json(&["list"])[0]["message"], "step 0");
    }
}

#[test]
fn a_clock_that_jumps_while_a_device_waits_to_join_only_makes_it_ask_again() {
    let world = World::new();
    let desktop = world.first_device("desktop", "app");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "step 0"]);
    for jump in [DECADE, -DECADE] {
        let mut guest = world.bare_device(&format!("jumps{jump}"), "app");
        let words = asks(&world, &guest);
        assert!(desktop.with_input(&APPROVE, &words).status.success());
        guest.set_clock_wrong(jump);
        let mut joined = waits(&guest);
        if !joined.status.success() {
            is_too_old(&joined);
            guest.set_clock_wrong(0);
            let words = asks(&world, &guest);
            assert!(desktop.with_input(&APPROVE, &words).status.success());
            joined = waits(&guest);
        }
        assert!(joined.status.success(), "{jump}: {}", told(&joined));
        assert_eq!(guest.json(&["list"])[0]["message"], "step 0");
    }
}
