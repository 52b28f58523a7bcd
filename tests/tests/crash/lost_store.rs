//! A store that is deleted, all of it or half, between commands and under one: it is told, what is
//! saved is safe here, and a new store is filled from the devices.

use std::fs;
use std::process::Output;

use convosync_tests::{Device, Fault, World, told};

use crate::pairs::Running;
use crate::scene::{ID, has_one_head, work};

/// Saves while there is no store: it is told, and waits.
#[track_caller]
fn waits_here(device: &Device, step: usize) {
    work(device, step);
    let saved = device.json(&["save", &format!("step {step}")]);
    assert_eq!(saved["synced"], false, "{saved}");
    let code = saved["notes"][0]["code"].as_str().expect("a note");
    assert!(code.starts_with("convosync::store::"), "{saved}");
    let rows = device.json(&["list"]);
    assert_eq!(rows[0]["message"], format!("step {step}"), "{rows}");
}

/// Gives up the old store for this one.
#[track_caller]
fn fills(device: &Device, url: &str) {
    let moved = device.json(&["store", "move", url, "--lost"]);
    assert_eq!((&moved["changed"], &moved["lost"]), (&true.into(), &true.into()), "{moved}");
    assert_eq!(device.json(&["sync", "--retry"])["queued"], 0);
}

fn log(device: &Device) -> String {
    let session = device.json(&["list", "--all"])[0]["session_id"].clone();
    device.json(&["log", session.as_str().expect("an id")]).to_string()
}

#[test]
fn a_store_that_is_deleted_is_told_and_a_new_one_is_filled_from_the_devices() {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    laptop.ok(&["resume"]);
    desktop.ok(&["key", "rotate"]);
    work(&laptop, 1);
    laptop.ok(&["save", "step 1"]);
    desktop.ok(&["resume"]);
    let url = format!("file://{}", world.path().join("new").display());
    let failure = desktop.refuses(&["store", "move", &url, "--lost"], "convosync::store::not-lost");
    assert!(failure["help"].to_string().contains("without `--lost`"), "{failure}");

    fs::remove_dir_all(world.store()).expect("it was there");
    waits_here(&desktop, 2);
    let (_, failure) = desktop.fails(&["store", "move", &url]);
    assert!(failure["help"].to_string().contains("--lost"), "{failure}");
    assert!(!world.path().join("new").exists(), "nothing was begun");
    fills(&desktop, &url);
    has_one_head(&desktop);
    // The other device has something of its own, and gives what it has too.
    laptop.talk("22222222-2222-4333-8444-555555555555", 1);
    laptop.ok(&["save", "--new", "aside", "--no-push"]);
    fills(&laptop, &url);
    laptop.ok(&["resume", desktop.json(&["list", "--all"])[1]["session_id"].as_str().expect("id")]);
    assert_eq!(laptop.head(), desktop.head());
    for device in [&desktop, &laptop] {
        assert_eq!(device.json(&["list", "--all"]).as_array().map(Vec::len), Some(2));
        assert!(device.json(&["doctor"]).to_string().contains("new"));
    }
    // Keys and words are there too.
    let guest = world.bare_device("guest", "app");
    let words = fs::read_to_string(world.words()).expect("they were written");
    let join = ["device", "join", "--recovery", "--store", &url, "--device", "guest"];
    let joined = guest.with_input(&join, &words);
    assert!(joined.status.success(), "{}", told(&joined));
    guest.ok(&["resume", desktop.json(&["list", "--all"])[1]["session_id"].as_str().expect("id")]);
    assert_eq!(guest.head(), desktop.head());
    desktop.ok(&["key", "rotate"]);
    work(&laptop, 3);
    laptop.ok(&["save", "step 3"]);
    desktop.ok(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn a_store_that_lost_its_saves_gets_them_back_from_a_device_that_has_them() {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    laptop.ok(&["resume"]);
    work(&laptop, 1);
    laptop.ok(&["save", "step 1"]);
    desktop.ok(&["resume"]);
    fs::remove_dir_all(world.store().join("v1/s")).expect("it was there");
    // The head is another device's, which may never come back.
    let synced = desktop.json(&["sync"]);
    assert!(synced["notes"].to_string().contains("convosync::store::went-back"), "{synced}");
    fills(&desktop, &world.store_url());
    has_one_head(&desktop);
    let guest = world.next_device("guest", "app");
    assert_eq!(guest.json(&["resume"])["message"], "step 1");
    assert_eq!(guest.head(), laptop.head());
    assert!(log(&guest).contains("step 1"));
}

/// Runs a command that stands still before its change `at` while the store is deleted.
fn without_its_store(world: &World, device: &Device, args: &[&str], at: usize) -> Output {
    let helper = Running::start(device.faulty(args, Fault::Stops, at));
    helper.wait_until_it_stands_still();
    fs::remove_dir_all(world.store()).expect("it was there");
    helper.go_on();
    helper.end()
}

#[test]
fn a_store_that_is_deleted_under_a_sync_leaves_what_was_frozen_to_be_sent_to_a_new_one() {
    for quarter in 1..4 {
        let (world, desktop, laptop) = World::pair();
        work(&desktop, 0);
        desktop.ok(&["save", "step 0"]);
        laptop.ok(&["resume"]);
        let away = world.path().join("away");
        fs::rename(world.store(), &away).expect("the store is away");
        for step in 1..=2 {
            waits_here(&desktop, step);
        }
        fs::rename(&away, world.store()).expect("the store is back");
        let moment = convosync_tests::tree::Moment::of(&[world.path()]);
        let changes = desktop.changes(&["sync"], Fault::Stops).len();
        moment.restore();
        let at = 1 + (changes - 1) * quarter / 4;
        let output = without_its_store(&world, &desktop, &["sync", "--json"], at);
        println!("before change {at} of {changes}: {}", told(&output));
        assert!(output.status.code().is_some_and(|code| code < 2), "{}", told(&output));
        assert_eq!(desktop.json(&["list", "--offline"])[0]["message"], "step 2");
        let url = format!("file://{}", world.path().join("new").display());
        fills(&desktop, &url);
        fills(&laptop, &url);
        laptop.ok(&["resume"]);
        assert_eq!(laptop.head(), desktop.head());
        let messages = log(&laptop);
        for step in 1..=2 {
            assert!(messages.contains(&format!("step {step}")), "{messages}");
        }
        assert!(fs::read_to_string(laptop.transcript(ID)).expect("there").contains("Prompt 10"));
    }
}
