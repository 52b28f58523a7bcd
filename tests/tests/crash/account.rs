//! Making an account and joining one, stopped at any moment: no store whose key is lost, no words
//! that nobody has seen, no device that is there twice.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use convosync_tests::{Device, World, told};
use serde_json::Value;

use crate::moments::Moments;

/// Kills for each command; `dying` tries every write.
const KILLS: u32 = 10;

fn join_command(world: &World, device: &Device, words: &str) -> Command {
    let file = device.home.join("typed");
    fs::write(&file, words).expect("a file");
    let store = world.store_url();
    let mut command = device.command(&["device", "join", "--recovery", "--store", &store]);
    command.args(["--device", &device.name]);
    command.stdin(fs::File::open(file).expect("a file"));
    command
}

#[track_caller]
fn joins(world: &World, device: &Device, words: &str) {
    let output = join_command(world, device, words).output().expect("the helper runs");
    assert!(output.status.success(), "{}", told(&output));
}

/// Runs a command and kills it after a while; what it printed before goes to a file.
fn printed_before(mut command: Command, delay: Duration, into: PathBuf) -> String {
    let file = fs::File::create(&into).expect("a file");
    let mut child = command.stdout(file).stderr(Stdio::null()).spawn().expect("the helper starts");
    std::thread::sleep(delay);
    child.kill().expect("it is our child");
    child.wait().expect("it ends");
    fs::read_to_string(into).expect("a file")
}

fn words_in(text: &str) -> Option<String> {
    let report: Value = serde_json::from_str(text).ok()?;
    Some(report["recovery_words"].as_str()?.to_owned())
}

/// The names of an account's devices, sorted.
fn names(device: &Device) -> Vec<String> {
    let rows = device.json(&["device", "list"]);
    let rows = rows.as_array().expect("rows");
    let name = |row: &Value| row["name"].as_str().expect("a name").to_owned();
    let mut names: Vec<_> = rows.iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn an_init_that_was_killed_ends_with_words_that_open_the_account() {
    let mut moments = Moments::new();
    let mut span = Duration::ZERO;
    for kill in 0..=KILLS {
        let world = World::new();
        let first = world.visitor("first");
        let url = world.store_url();
        let init = ["init", "--store", &url, "--device", "first", "--yes", "--json"];
        if kill == 0 {
            let start = Instant::now();
            first.ok(&init);
            span = start.elapsed();
            continue;
        }
        let delay = moments.within(span, kill - 1, KILLS);
        println!("seed {}, kill {kill} after {delay:?}", moments.seed);
        let before = printed_before(first.command(&init), delay, world.path().join("printed"));
        let again = first.run(&init);
        assert!(again.status.success(), "{}", told(&again));
        let shown = words_in(&String::from_utf8_lossy(&again.stdout)).or_else(|| words_in(&before));
        let words = shown.unwrap_or_else(|| panic!("no words: {before}\n{}", told(&again)));
        let second = world.visitor("second");
        joins(&world, &second, &words);
        assert_eq!(names(&second), ["first", "second"]);
    }
}

#[test]
fn words_that_nobody_could_read_are_shown_again_and_then_no_more() {
    let world = World::new();
    let first = world.visitor("first");
    let url = world.store_url();
    let init = ["init", "--store", &url, "--yes"];
    let mut command = first.command(&[&init[..], &["--json"]].concat());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the helper starts");
    drop(child.stdout.take());
    child.wait().expect("it ends");
    let words = first.json(&init)["recovery_words"].as_str().expect("words").to_owned();
    assert_eq!(first.json(&init)["recovery_words"], Value::Null);
    joins(&world, &world.visitor("second"), &words);
}

#[test]
fn a_join_that_was_killed_ends_as_one_device() {
    let world = World::new();
    let first = world.visitor("first");
    let words = first.json(&["init", "--store", &world.store_url(), "--device", "first", "--yes"])
        ["recovery_words"]
        .as_str()
        .expect("words")
        .to_owned();
    let mut moments = Moments::new();
    let mut span = Duration::ZERO;
    let mut expected = vec!["first".to_owned()];
    for kill in 0..=KILLS {
        let device = world.visitor(&format!("guest{kill:02}"));
        expected.push(device.name.clone());
        if kill == 0 {
            let start = Instant::now();
            joins(&world, &device, &words);
            span = start.elapsed();
            continue;
        }
        let delay = moments.within(span, kill - 1, KILLS);
        println!("seed {}, kill {kill} after {delay:?}", moments.seed);
        let command = join_command(&world, &device, &words);
        printed_before(command, delay, world.path().join("printed"));
        joins(&world, &device, &words);
        assert_eq!(names(&device), expected);
    }
}
