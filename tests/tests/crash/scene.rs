//! Two devices in the middle of work, and what must be true of them.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use convosync_tests::{Device, World};

use crate::audit::audit;

pub(crate) const ID: &str = "11111111-2222-4333-8444-555555555555";

/// How a helper that was to be killed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// In the middle of its work.
    Killed,
    /// It was done before.
    Done,
}

/// Runs the helper and kills it, and only it, after a while.
pub(crate) fn kill_after(mut command: Command, delay: Duration) -> End {
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the helper starts");
    std::thread::sleep(delay);
    child.kill().expect("it is our child");
    let status = child.wait().expect("it ends");
    if status.code().is_some() { End::Done } else { End::Killed }
}

/// How long a command takes that nobody disturbs.
#[track_caller]
pub(crate) fn time_of(device: &Device, args: &[&str]) -> Duration {
    let start = Instant::now();
    device.ok(args);
    start.elapsed()
}

/// The desktop goes on: a new file, a changed one, one more turn.
pub(crate) fn work(device: &Device, step: usize) {
    device.write(&format!("src/{step}.rs"), &format!("step {step}\n"));
    device.write("auth.js", &format!("login {step}\n"));
    device.talk(ID, 1);
}

/// Staged, unstaged and untracked changes; another device has to get the same.
pub(crate) fn uncommitted(device: &Device, step: usize) {
    device.write("staged.txt", &format!("staged {step}\n"));
    device.git(&["add", "staged.txt"]);
    device.write("README.md", &format!("unstaged {step}\n"));
    device.write(&format!("new/{step}.txt"), &format!("untracked {step}\n"));
}

/// What git says of the work, untracked files one by one.
pub(crate) fn status(device: &Device) -> String {
    device.git(&["status", "--porcelain=v2", "--untracked-files=all"])
}

/// What was asked last in the conversation, as its line has it.
#[track_caller]
pub(crate) fn last_prompt(device: &Device) -> String {
    let text = fs::read_to_string(device.transcript(ID)).expect("the transcript");
    let at = text.rfind("\"Prompt ").expect("there is a prompt");
    text[at..].split_inclusive('"').take(2).collect()
}

/// What the work of a step is worth, once it was saved: committed, pushed, in the store.
#[track_caller]
pub(crate) fn is_saved(device: &Device, step: usize) {
    assert_eq!(device.git(&["status", "--porcelain"]), "", "step {step}");
    let file = format!("HEAD:src/{step}.rs");
    assert_eq!(device.git(&["show", &file]), format!("step {step}"));
    let branch = device.git(&["branch", "--show-current"]);
    let there = device.git(&["ls-remote", "origin", &format!("refs/heads/{branch}")]);
    assert!(there.starts_with(&device.head()), "step {step}: {there}");
    has_one_head(device);
}

/// `list` shows one row, which every device can resume.
#[track_caller]
pub(crate) fn has_one_head(device: &Device) {
    let rows = device.json(&["list", "--all"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(rows[0]["state"], "synced", "{rows}");
}

/// Every save can be opened, one is the head, and it holds the device's transcript to the last
/// line.
#[track_caller]
pub(crate) fn store_has_all(world: &World, device: &Device, messages: &[String]) {
    let audit = audit(world, device);
    let here = fs::read_to_string(device.transcript(ID)).expect("the transcript");
    let head = audit.head().transcript(ID);
    // A resume tells the client where the conversation is now, in a line of its own.
    let said = |text: &str| text.lines().filter(|line| !line.contains("relocatedCwd")).count();
    assert_eq!(said(&head), said(&here), "the head has every line");
    for message in messages {
        assert!(audit.has_message(message), "`{message}` is not in the store");
    }
}

/// The contents of `path` in every commit that the user can get at: branches, the stash with all
/// its entries, what was parked; and in the work tree.
pub(crate) fn everywhere(device: &Device, path: &str) -> BTreeSet<String> {
    // There may be no stash, and no branch that has a commit.
    let stashed = ["log", "--walk-reflogs", "--format=%H", "refs/stash", "--"];
    let stashed = device.git_command(&stashed).output().expect("git runs").stdout;
    let stashed = String::from_utf8_lossy(&stashed).into_owned();
    let mut args = vec!["rev-list", "--all"];
    args.extend(stashed.lines());
    let commits = device.git(&args);
    let objects: BTreeSet<String> = commits
        .lines()
        .filter_map(|commit| {
            let entry = device.git(&["ls-tree", commit, "--", path]);
            entry.split_whitespace().nth(2).map(str::to_owned)
        })
        .collect();
    let mut found: BTreeSet<String> =
        objects.iter().map(|object| device.git(&["cat-file", "blob", object])).collect();
    if let Ok(text) = fs::read_to_string(device.work_tree.join(path)) {
        found.insert(text.trim_end().to_owned());
    }
    found
}
