//! Taking a resume back: afterwards everything is as it was before, and nothing is lost.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use convosync_tests::{Device, World};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The desktop saved `feature/oauth` one commit ahead of `main`, with a conversation; its session.
fn saved() -> (World, Device, Device, String) {
    let (world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    desktop.write("docs/oauth.md", "how it works\n");
    desktop.talk(ID, 2);
    let saved = desktop.json(&["save", "login"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    (world, desktop, laptop, session)
}

#[track_caller]
fn same(device: &Device, before: &[String], what: &str) {
    for (now, before) in device.picture().iter().zip(before) {
        assert_eq!(now, before, "{what}");
    }
}

/// Every kind of uncommitted work.
fn make_dirty(device: &Device) {
    device.write("staged.txt", "staged\n");
    device.git(&["add", "staged.txt"]);
    device.write("staged.txt", "staged, then changed\n");
    device.write("later.txt", "");
    device.git(&["add", "--intent-to-add", "later.txt"]);
    device.write("notes/untracked note.txt", "untracked\n");
    device.write("run.sh", "#!/bin/sh\n");
    let run = device.work_tree.join("run.sh");
    fs::set_permissions(run, fs::Permissions::from_mode(0o755)).expect("a mode");
    symlink("README.md", device.work_tree.join("link")).expect("a link");
    device.write(".env", "SECRET=1\n");
    let tracked = device.git(&["ls-files"]);
    let first = tracked.lines().next().expect("a file").to_owned();
    device.write(&first, "changed here\n");
}

/// Resumes with these options, goes on working, takes it back.
#[track_caller]
fn taken_back(device: &Device, options: &[&str], what: &str) -> Value {
    let before = device.picture();
    device.json(&[&["resume"], options].concat());
    let resumed = device.picture();
    device.write("auth.js", "worked on since\n");
    device.write("since.txt", "made since\n");
    device.git(&["add", "since.txt"]);
    device.talk(ID, 1);
    let worked = device.picture();
    let report = device.json(&["undo"]);
    same(device, &before, &format!("{what}: undone"));
    let redone = device.json(&["undo", "--redo"]);
    assert_eq!(redone["redone"], true, "{redone}");
    same(device, &worked, &format!("{what}: brought back"));
    device.json(&["undo"]);
    same(device, &before, &format!("{what}: undone again"));
    assert_ne!(before, resumed, "{what}: the resume has changed nothing");
    report
}

#[test]
fn a_switch_of_branches_is_taken_back_with_all_that_was_done_since() {
    let (_world, _desktop, laptop, session) = saved();
    let report = taken_back(&laptop, &[&session, "--switch-branch"], "switch");
    assert_eq!(report["session_id"], session.as_str(), "{report}");
    assert_eq!(
        (&report["previous_branch"], &report["branch"]),
        (&"feature/oauth".into(), &"main".into())
    );
    assert_eq!(report["kept"][0]["help"], "convosync undo --redo", "{report}");
    laptop.refuses(&["undo"], "convosync::undo::nothing");
}

#[test]
fn a_fast_forward_is_taken_back() {
    let (_world, desktop, laptop, _session) = saved();
    laptop.json(&["resume", "--switch-branch"]);
    desktop.write("auth.js", "login\ngoogle\n");
    desktop.talk(ID, 1);
    desktop.json(&["save", "google"]);
    taken_back(&laptop, &[], "fast-forward");
    taken_back(&laptop, &[], "fast-forward after an undo");
}

#[test]
fn changes_that_were_stashed_or_committed_first_are_back_as_they_were() {
    for (way, more) in [("stash", None), ("commit", Some("--switch-branch"))] {
        let (_world, _desktop, laptop, session) = saved();
        laptop.write(".gitignore", "*.log\n");
        laptop.git(&["add", ".gitignore"]);
        laptop.git(&["commit", "-q", "-m", "ignore"]);
        laptop.write("build.log", "ignored\n");
        make_dirty(&laptop);
        let options = [&[session.as_str(), "--on-dirty", way, "--switch-branch"][..]].concat();
        let _ = more;
        taken_back(&laptop, &options, way);
    }
}
