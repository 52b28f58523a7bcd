//! Joining with six words: both sides through the helper, without a terminal.

use std::fs;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use convosync_tests::tree::{self, fingerprint};
use convosync_tests::{Device, World, told};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// An account with one device and a save, and a device that wants to join.
fn scene() -> (World, Device, Device) {
    let world = World::new();
    let desktop = world.first_device("desktop", "app");
    desktop.talk(ID, 1);
    desktop.json(&["save", "On the desktop"]);
    let laptop = world.bare_device("laptop", "app");
    (world, desktop, laptop)
}

fn ask(world: &World, device: &Device) -> String {
    let url = world.store_url();
    let join = ["device", "join", "--store", &url, "--device", &device.name, "--no-wait"];
    let report = device.json(&join);
    let words = report["words"].as_str().expect("words").to_owned();
    assert_eq!(words.split(' ').count(), 6, "{report}");
    let code = report["code"].as_str().expect("a code");
    assert_eq!(code, format!("convosync-join:{url}#{}", words.replace(' ', "+")));
    words
}

fn approve(device: &Device, words: &str) -> Output {
    device.with_input(&["device", "approve", "--yes", "--json"], words)
}

fn wait(device: &Device) -> Output {
    device.run(&["device", "join", "--wait", "--timeout", "0", "--json"])
}

#[track_caller]
fn failed(output: &Output, code: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", told(output));
    let failure: Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(failure["code"], code, "{failure}");
}

#[track_caller]
fn ok(output: &Output) -> Value {
    assert!(output.status.success(), "{}", told(output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn six_words_make_a_device_one_of_the_account() {
    let (world, desktop, laptop) = scene();
    let words = ask(&world, &laptop);
    failed(&wait(&laptop), "convosync::enrol::timeout");
    assert_eq!(ok(&approve(&desktop, &words))["name"], "laptop");
    assert_eq!(ok(&wait(&laptop))["changed"], true);
    assert_eq!(laptop.json(&["list"])[0]["message"], "On the desktop");
    laptop.talk(ID, 1);
    laptop.json(&["save", "On the laptop"]);
    assert_eq!(desktop.json(&["list"])[0]["device"], "laptop");
    assert!(tree::files(&world.store().join("v1/enrol")).is_empty(), "something was left behind");
    assert!(!laptop.data().join("keys/joining").exists());
    failed(&approve(&desktop, &words), "convosync::enrol::nobody");
    // What it got holds for later keys too.
    desktop.json(&["key", "rotate"]);
    laptop.json(&["list"]);
    assert!(world.join(&world.bare_device("tablet", "app")).status.success(), "words open key 2");
}

#[test]
fn approving_shows_who_asks_and_asks() {
    let (world, desktop, laptop) = scene();
    let words = ask(&world, &laptop);
    let before = fingerprint(&world.store(), &[]);
    let output = desktop.with_input(&["device", "approve", "--json"], &words);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let asked: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(asked["question"], "approve");
    let details = asked["details"].to_string();
    assert!(details.contains("laptop") && details.contains("Asked:"), "{asked}");
    assert_eq!(fingerprint(&world.store(), &[]), before, "a question changes nothing");
}

#[test]
fn several_devices_that_ask_at_once_are_told_apart() {
    let (world, desktop, laptop) = scene();
    let tablet = world.bare_device("tablet", "app");
    let (one, two) = (ask(&world, &laptop), ask(&world, &tablet));
    assert_eq!(ok(&approve(&desktop, &two.to_uppercase()))["name"], "tablet");
    failed(&wait(&laptop), "convosync::enrol::timeout");
    ok(&wait(&tablet));
    // The device that has just joined can let the next one in.
    assert_eq!(ok(&approve(&tablet, &one))["name"], "laptop");
    ok(&wait(&laptop));
    assert_eq!(desktop.json(&["device", "list"]).as_array().map(Vec::len), Some(3));
}

#[test]
fn wrong_words_are_refused_and_change_nothing() {
    let (world, desktop, laptop) = scene();
    let words = ask(&world, &laptop);
    let before = fingerprint(&world.store(), &[]);
    failed(&approve(&desktop, "zoom zoom"), "convosync::enrol::count");
    failed(&approve(&desktop, &format!("{words} zoom")), "convosync::enrol::count");
    failed(&approve(&desktop, "xyzzy zoom zoom zoom zoom zoom"), "convosync::enrol::word");
    failed(&approve(&desktop, "zoom zoom zoom zoom zoom zoom"), "convosync::enrol::nobody");
    assert_eq!(fingerprint(&world.store(), &[]), before);
}

#[test]
fn an_ask_that_the_store_replays_is_answered_once() {
    let (world, desktop, laptop) = scene();
    let words = ask(&world, &laptop);
    let kept = world.path().join("kept");
    copy(&world.store().join("v1/enrol"), &kept);
    ok(&approve(&desktop, &words));
    copy(&kept, &world.store().join("v1/enrol"));
    failed(&approve(&desktop, &words), "convosync::enrol::used");
    ok(&wait(&laptop));
}

#[test]
fn an_answer_that_is_not_by_a_device_with_the_words_is_told_and_not_believed() {
    let (world, desktop, laptop) = scene();
    let words = ask(&world, &laptop);
    ok(&approve(&desktop, &words));
    // The store gives the answer to another enrolment of the same device.
    let answers = tree::files(&world.store().join("v1/enrol"));
    let answer = fs::read(answers.last().expect("an answer")).expect("read");
    ask(&world, &laptop);
    let asks = tree::files(&world.store().join("v1/enrol"));
    let folder = asks.last().expect("an ask").parent().expect("a folder").to_owned();
    fs::write(folder.join("answer-22223333"), answer).expect("written");
    failed(&wait(&laptop), "convosync::enrol::timeout");
    assert!(!laptop.data().join("keys/profile").exists());
}

#[test]
fn a_device_that_saved_on_its_own_takes_its_sessions_along() {
    let (world, desktop, laptop) = scene();
    laptop.talk(ID, 1);
    laptop.json(&["save", "Alone"]);
    let words = ask(&world, &laptop);
    ok(&approve(&desktop, &words));
    assert_eq!(ok(&wait(&laptop))["adopted_saves"], 1);
    let rows = desktop.json(&["list"]);
    assert!(rows.to_string().contains("Alone"), "{rows}");
}

#[test]
fn a_revoked_device_may_be_let_in_again() {
    let (world, desktop, laptop) = scene();
    ok(&approve(&desktop, &ask(&world, &laptop)));
    ok(&wait(&laptop));
    desktop.json(&["device", "revoke", "laptop", "--yes"]);
    assert_eq!(laptop.fails(&["list"]).1["code"], "convosync::device::revoked");
    ok(&approve(&desktop, &ask(&world, &laptop)));
    ok(&wait(&laptop));
    assert_eq!(laptop.json(&["list"])[0]["message"], "On the desktop");
    let (_, failure) = laptop.fails(&["device", "join", "--no-wait"]);
    assert_eq!(failure["code"], "convosync::device::joined-already");
}

#[test]
fn ctrl_c_takes_back_what_was_asked() {
    let (world, desktop, laptop) = scene();
    let url = world.store_url();
    let mut waiting = laptop
        .command(&["device", "join", "--store", &url, "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the helper starts");
    let asks = || tree::files(&world.store().join("v1/enrol"));
    until(&mut waiting, || !asks().is_empty());
    let pid = waiting.id().to_string();
    std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    let output = waiting.wait_with_output().expect("it ends");
    assert!(!output.status.success(), "{}", told(&output));
    assert!(asks().is_empty(), "the ask is still there");
    assert!(!laptop.data().join("keys/joining").exists());
    let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let words = shown["words"].as_str().expect("words");
    failed(&approve(&desktop, words), "convosync::enrol::nobody");
}

fn until(child: &mut Child, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended too early");
        assert!(start.elapsed() < Duration::from_secs(60), "nothing happened");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    let status = std::process::Command::new("cp")
        .args(["-a", "-n", "-T"])
        .args([from, to])
        .status()
        .expect("cp runs");
    assert!(status.success());
}
