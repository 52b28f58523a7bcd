//! Two at once: two devices from the same save, two processes of one device.

use std::fs;
use std::process::{Command, Stdio};

use convosync_tests::{Device, World, told};
use serde_json::Value;

use crate::audit::audit;
use crate::scene::{ID, has_one_head, work};

/// Both devices go on from the same save: the session has two heads.
fn forked() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 1);
    desktop.ok(&["save", "start"]);
    laptop.ok(&["resume"]);
    desktop.talk(ID, 1);
    desktop.write("desktop.txt", "desktop\n");
    laptop.talk(ID, 2);
    laptop.write("laptop.txt", "laptop\n");
    // Neither hears of the other before it has frozen its own.
    let away = world.path().join("away");
    fs::rename(world.store(), &away).expect("moved");
    desktop.ok(&["save", "on the desktop"]);
    laptop.ok(&["save", "on the laptop"]);
    fs::rename(&away, world.store()).expect("moved back");
    desktop.ok(&["sync"]);
    laptop.ok(&["sync"]);
    (world, desktop, laptop)
}

#[track_caller]
fn state(device: &Device) -> Value {
    let rows = device.json(&["list", "--all"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    rows[0]["state"].clone()
}

/// Settles the fork on the laptop and sees that both devices agree, and that nothing is dropped.
fn settles(answer: &str, winner: &str) {
    let (world, desktop, laptop) = forked();
    assert_eq!((state(&desktop), state(&laptop)), ("conflict".into(), "conflict".into()));

    let (code, decision) = laptop.fails(&["resume"]);
    assert_eq!(code, 3, "{decision}");
    let choices = decision["choices"].as_array().expect("choices");
    let values: Vec<_> = choices.iter().filter_map(|choice| choice["value"].as_str()).collect();
    assert_eq!(values, ["merge", "use-remote", "keep-local", "cancel"], "{decision}");
    assert_eq!(state(&laptop), "conflict", "to ask changes nothing");

    let mut resume = vec!["resume", "--on-conflict", answer, "--on-diverged", "merge"];
    resume.extend(["--on-dirty", "stash"]);
    let resumed = laptop.json(&resume);
    assert_eq!(resumed["message"], winner, "{resumed}");
    // The laptop's own commits could not be pushed beside the desktop's: they travel sealed.
    assert_eq!(state(&desktop), state(&laptop));
    assert_ne!(state(&laptop), "conflict");

    let saves = audit(&world, &laptop);
    let head = saves.head();
    let mut parents: Vec<_> = head
        .card
        .parents
        .iter()
        .map(|parent| {
            let parent = saves.saves.iter().find(|saved| saved.card.save == *parent);
            parent.expect("a parent is a save").card.message.clone()
        })
        .collect();
    parents.sort();
    assert_eq!(parents, ["on the desktop", "on the laptop"]);
    assert_eq!(head.card.message, winner);

    // The desktop takes what was chosen, and goes on with it.
    let resumed = desktop.json(&["resume", "--on-diverged", "merge", "--on-dirty", "stash"]);
    assert_eq!(resumed["message"], winner, "{resumed}");
    let (mine, theirs) = (fs::read(desktop.transcript(ID)), fs::read(laptop.transcript(ID)));
    let lines = |text: std::io::Result<Vec<u8>>| {
        let text = String::from_utf8(text.expect("a transcript")).expect("UTF-8");
        text.lines().filter(|line| !line.contains("\"relocatedCwd\"")).count()
    };
    assert_eq!(lines(mine), lines(theirs));
    desktop.talk(ID, 1);
    desktop.ok(&["save", "after"]);
    assert_ne!(state(&laptop), "conflict");
    let log = laptop.json(&["log", resumed["session_id"].as_str().expect("an id")]);
    for message in ["start", "on the desktop", "on the laptop", "after"] {
        let rows = log.as_array().expect("rows");
        assert!(rows.iter().any(|row| row["message"] == message), "{message}: {log}");
    }
}

#[test]
fn keep_local_makes_one_head_of_two() {
    settles("keep-local", "on the laptop");
}

#[test]
fn use_remote_makes_one_head_of_two() {
    settles("use-remote", "on the desktop");
}

/// Starts both, then waits for both.
fn at_once(commands: [Command; 2]) -> [Value; 2] {
    let children = commands.map(|mut command| {
        command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the helper starts")
    });
    children.map(|child| {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", told(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    })
}

#[test]
fn two_saves_of_one_work_tree_at_once_are_one_line() {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "start"]);
    for step in 1..=5 {
        work(&desktop, step);
        let (left, right) = (format!("left {step}"), format!("right {step}"));
        at_once([desktop.command(&["save", &left]), desktop.command(&["save", &right])]);
        has_one_head(&desktop);
        let saves = audit(&world, &desktop);
        assert!(saves.has_message(&left) && saves.has_message(&right), "step {step}");
        saves.head();
    }
    laptop.ok(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn two_work_trees_of_one_device_save_at_once_and_stay_one_line() {
    let (world, desktop, _laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "start"]);
    let other = Device {
        name: desktop.name.clone(),
        home: desktop.home.clone(),
        work_tree: desktop.home.join("second"),
        more: desktop.more.clone(),
    };
    let origin = world.origin();
    let (from, to) = (origin.to_str().expect("plain"), other.work_tree.to_str().expect("plain"));
    desktop.git_in(&desktop.home, &["clone", "-q", from, to]);
    other.git(&["switch", "-q", "-c", "second"]);
    other.ok(&["resume", "--switch-branch"]);
    for step in 1..=4 {
        work(&desktop, step);
        other.write("other.txt", &format!("{step}\n"));
        other.talk(ID, 1);
        let (left, right) = (format!("left {step}"), format!("right {step}"));
        let saved = at_once([
            desktop.command(&["save", &left]),
            other.command(&["save", &right, "--no-push"]),
        ]);
        for saved in &saved {
            assert_eq!(saved["new_session"], false, "{saved}");
        }
        let saves = audit(&world, &desktop);
        assert!(saves.has_message(&left) && saves.has_message(&right), "step {step}");
        saves.head();
    }
    let (mine, theirs) = (fs::read_to_string(desktop.transcript(ID)), other.transcript(ID));
    let saves = audit(&world, &desktop);
    for text in [mine.expect("there"), fs::read_to_string(theirs).expect("there")] {
        for prompt in text.lines().filter(|line| line.contains("\"Prompt ")) {
            let at = prompt.find("\"Prompt ").expect("it is there");
            let said: String = prompt[at..].split_inclusive('"').take(2).collect();
            assert!(saves.holds(&said), "{said} is in no save");
        }
    }
}
