//! Taking a resume back: afterwards everything is as it was before, and nothing is lost.

#![expect(clippy::print_stdout, reason = "what this git can't do is told, not passed over")]

mod kinds;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use convosync_tests::{Device, KillingGit, Then, World};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The desktop saved `feature/oauth` one commit ahead of `main`, with a conversation; its session.
fn saved() -> (World, Device, Device, String) {
    let files = [("auth.js", "login\n"), ("docs/oauth.md", "how it works\n")];
    World::pair_with_a_session(ID, &files)
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
    device.write("README.md", "changed here\n");
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
    let kept = redone["kept"].as_array().expect("a list");
    assert!(kept.iter().all(|note| note["help"] != "convosync undo --redo"), "{redone}");
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
    // The files and the conversation come back by one command.
    let kept = report["kept"].as_array().expect("a list");
    assert_eq!((kept.len(), &kept[1]["help"]), (2, &"convosync undo --redo".into()), "{report}");
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
    for way in ["stash", "commit"] {
        let (_world, _desktop, laptop, session) = saved();
        fs::create_dir_all(laptop.work_tree.join(".git/info")).expect("a folder");
        fs::write(laptop.work_tree.join(".git/info/exclude"), "*.log\n").expect("written");
        laptop.write("build.log", "ignored\n");
        make_dirty(&laptop);
        let options = [session.as_str(), "--on-dirty", way, "--switch-branch"];
        taken_back(&laptop, &options, way);
    }
}

/// Both have changed the same line: the laptop committed, the desktop saved.
fn conflicting() -> (World, Device, Device, String) {
    let (world, desktop, laptop, session) = saved();
    laptop.json(&["resume", &session, "--switch-branch"]);
    laptop.write("auth.js", "the laptop's\n");
    laptop.git(&["commit", "-q", "-a", "-m", "mine"]);
    desktop.write("auth.js", "the desktop's\n");
    desktop.talk(ID, 1);
    desktop.json(&["save", "theirs"]);
    (world, desktop, laptop, session)
}

const BY_HAND: [&str; 4] = ["--on-diverged", "merge", "--on-merge-conflict", "open-files"];

#[test]
fn a_resume_that_conflicts_waits_until_they_are_resolved() {
    let (_world, _desktop, laptop, session) = conflicting();
    let before = laptop.picture();
    let asked = laptop.asks(&["resume", &session]);
    assert_eq!(asked["question"], "diverged", "{asked}");
    let asked = laptop.asks(&["resume", &session, "--on-diverged", "merge"]);
    assert_eq!(asked["title"], "Merge Conflict Detected", "{asked}");
    laptop.refuses(&["resume", "--continue"], "convosync::resume::none-waits");

    let (exit, failure) = laptop.fails(&[&["resume", session.as_str()], &BY_HAND[..]].concat());
    assert_eq!((exit, &failure["code"]), (1, &"convosync::resume::conflicts".into()));
    assert!(failure["message"].to_string().contains("auth.js"), "{failure}");
    assert!(failure["help"].to_string().contains("convosync resume --continue"), "{failure}");
    let status = laptop.json(&["status"]);
    assert_eq!(status["waits"]["conflicts"][0], "auth.js", "{status}");
    assert_eq!(laptop.json(&["undo", "--list"])[0]["state"], "waits");
    let failure = laptop.refuses(&["resume", "--continue"], "convosync::resume::unresolved");
    assert!(failure["message"].to_string().contains("auth.js"), "{failure}");
    laptop.refuses(&["resume", &session], "convosync::resume::waits");

    laptop.write("auth.js", "both\n");
    laptop.git(&["add", "auth.js"]);
    let resumed = laptop.json(&["resume", "--continue"]);
    assert_eq!(resumed["conversation_restored"], true, "{resumed}");
    assert_eq!(laptop.git(&["status", "--porcelain"]), "");
    assert_eq!(laptop.json(&["status"])["waits"], Value::Null);
    laptop.refuses(&["resume", "--continue"], "convosync::resume::none-waits");
    laptop.json(&["undo"]);
    same(&laptop, &before, "undone after it was continued");
}

#[test]
fn a_merge_that_the_user_ended_is_gone_on_with_too() {
    let (_world, _desktop, laptop, session) = conflicting();
    let before = laptop.picture();
    laptop.fails(&[&["resume", session.as_str()], &BY_HAND[..]].concat());
    laptop.write("auth.js", "both\n");
    laptop.git(&["commit", "-q", "-a", "--no-edit"]);
    laptop.json(&["resume", "--continue"]);
    laptop.json(&["undo"]);
    same(&laptop, &before, "undone");
}

#[test]
fn a_resume_that_waits_is_aborted_with_what_was_resolved_kept() {
    for way in [&["resume", "--abort"][..], &["undo"]] {
        let (_world, _desktop, laptop, session) = conflicting();
        make_dirty(&laptop);
        let before = laptop.picture();
        let stash = ["--on-dirty", "stash"];
        laptop.fails(&[&["resume", session.as_str()], &BY_HAND[..], &stash].concat());
        laptop.write("auth.js", "half resolved\n");
        let report = laptop.json(way);
        same(&laptop, &before, &way.join(" "));
        let kept = report["kept"][0]["text"].as_str().expect("it is kept");
        let reference = kept.split(' ').find(|word| word.starts_with("refs/")).expect("a ref");
        let reference = reference.trim_end_matches(',');
        assert_eq!(laptop.git(&["show", &format!("{reference}:auth.js")]), "half resolved");
        laptop.refuses(&["resume", "--abort"], "convosync::resume::none-waits");
    }
}

#[test]
fn own_commits_that_were_discarded_are_back() {
    let (_world, _desktop, laptop, session) = conflicting();
    taken_back(&laptop, &[&session, "--on-diverged", "discard"], "discard");
}

#[test]
fn a_merge_that_went_through_is_taken_back() {
    let (_world, desktop, laptop, session) = saved();
    laptop.json(&["resume", &session, "--switch-branch"]);
    laptop.write("laptop.txt", "mine\n");
    laptop.git(&["add", "."]);
    laptop.git(&["commit", "-q", "-m", "mine"]);
    desktop.write("desktop.txt", "theirs\n");
    desktop.talk(ID, 1);
    desktop.json(&["save", "theirs"]);
    taken_back(&laptop, &[&session, "--on-diverged", "merge"], "merge");
}

#[test]
fn a_detached_head_is_back_on_no_branch() {
    let (_world, _desktop, laptop, session) = saved();
    laptop.git(&["switch", "-q", "--detach"]);
    laptop.git(&["commit", "-q", "--allow-empty", "-m", "on no branch"]);
    make_dirty(&laptop);
    taken_back(&laptop, &[&session, "--switch-branch", "--on-dirty", "stash"], "detached");
}

#[test]
fn the_conversation_here_comes_back_as_it_was() {
    let (_world, _desktop, laptop, session) = saved();
    // Another beginning under the same id: it is put aside and replaced.
    laptop.talk(ID, 3);
    let before = laptop.picture();
    laptop.json(&["resume", &session, "--stay-on-branch"]);
    laptop.talk(ID, 1);
    let worked = laptop.picture();
    laptop.write("auth.js", "the code was not touched, so it stays\n");
    let report = laptop.json(&["undo"]);
    assert_eq!((&report["work_tree"], &report["conversations"][0]), (&Value::Null, &ID.into()));
    fs::remove_file(laptop.work_tree.join("auth.js")).expect("it stayed");
    same(&laptop, &before, "conversation undone");
    laptop.json(&["undo", "--redo"]);
    same(&laptop, &worked, "conversation brought back");
}

#[test]
fn a_conversation_that_is_open_is_not_taken_from_under_it() {
    let (_world, _desktop, laptop, session) = saved();
    let before = laptop.picture();
    laptop.json(&["resume", &session, "--switch-branch"]);
    let holder = laptop.opens(ID);
    let failure = laptop.refuses(&["undo"], "convosync::undo::open");
    assert!(failure["message"].to_string().contains(&holder.pid().to_string()), "{failure}");
    drop(holder);
    laptop.json(&["undo"]);
    same(&laptop, &before, "undone");
}

#[test]
fn a_clone_that_was_made_stays_and_is_as_it_was_cloned() {
    let (_world, _desktop, mut laptop, session) = saved();
    let clone = laptop.home.join("clone");
    laptop.json(&["resume", &session, "--clone", clone.to_str().expect("plain")]);
    laptop.work_tree = clone;
    let report = laptop.json(&["undo"]);
    assert_eq!(report["notes"][0]["code"], "convosync::undo::clone", "{report}");
    assert_eq!(
        (report["branch"].as_str(), laptop.git(&["branch", "--list"])),
        (Some("main"), "* main".to_owned())
    );
    assert!(!laptop.transcript(ID).exists());
    assert_eq!(laptop.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_ignored_file_that_the_session_tracks_stays() {
    let (_world, desktop, laptop, session) = saved();
    desktop.write("conf/local.json", "{}\n");
    desktop.json(&["save", "configuration"]);
    fs::create_dir_all(laptop.work_tree.join(".git/info")).expect("a folder");
    fs::write(laptop.work_tree.join(".git/info/exclude"), "local.json\n").expect("written");
    laptop.write("conf/local.json", "{}\n");
    taken_back(&laptop, &[&session, "--switch-branch"], "ignored");
}

#[test]
fn what_only_the_branch_of_before_ignores_stays() {
    let (_world, _desktop, laptop, session) = saved();
    laptop.write(".gitignore", "*.log\nbuild/\n");
    laptop.git(&["add", ".gitignore"]);
    laptop.git(&["commit", "-q", "-m", "ignore"]);
    laptop.write("build/out.bin", "made\n");
    laptop.write("run.log", "ignored on main alone\n");
    taken_back(&laptop, &[&session, "--switch-branch"], "ignored there alone");
}

#[test]
fn what_is_not_kept_is_never_overwritten() {
    let (_world, _desktop, laptop, session) = saved();
    laptop.write("notes.log", "untracked here\n");
    laptop.json(&["resume", &session, "--switch-branch", "--on-dirty", "stash"]);
    fs::write(laptop.work_tree.join(".git/info/exclude"), "*.log\n").expect("written");
    laptop.write("notes.log", "ignored by now\n");
    let failure = laptop.refuses(&["undo"], "convosync::git::in-the-way");
    assert!(failure["message"].to_string().contains("notes.log"), "{failure}");
    assert_eq!(laptop.read("notes.log"), "ignored by now\n");
}

#[test]
fn a_plan_tells_and_changes_nothing() {
    let (_world, _desktop, laptop, session) = saved();
    laptop.json(&["resume", &session, "--switch-branch"]);
    let before = laptop.standing();
    let plan = laptop.json(&["undo", "--dry-run"]);
    assert!(plan["steps"][2].to_string().contains("go back to main at"), "{plan}");
    assert_eq!(laptop.json(&["undo", "--list"])[0]["state"], "resumed");
    assert_eq!(laptop.standing(), before);
}

/// Runs the helper and kills it at one of its calls of git. False: it made fewer.
fn killed(device: &Device, args: &[&str], number: usize) -> bool {
    KillingGit::at(device, number, Then::Nothing).kills(device, args)
}

#[test]
fn a_resume_that_was_killed_at_any_call_of_git_is_taken_back() {
    let (_world, _desktop, laptop, session) = saved();
    make_dirty(&laptop);
    let before = laptop.picture();
    let resume = ["resume", &session, "--switch-branch", "--on-dirty", "stash"];
    for number in 1.. {
        let killed = killed(&laptop, &resume, number);
        let begun = laptop.json(&["undo", "--list"]);
        if begun[0]["state"] == "unfinished" || begun[0]["state"] == "resumed" {
            laptop.write("since.txt", "since\n");
            laptop.json(&["undo"]);
        }
        same(&laptop, &before, &format!("killed at call {number}"));
        if !killed {
            assert!(number > 9, "a resume calls git more often than {number} times");
            break;
        }
    }
}

#[test]
fn an_undo_that_was_killed_at_any_call_of_git_goes_on() {
    let (_world, _desktop, laptop, session) = saved();
    make_dirty(&laptop);
    let before = laptop.picture();
    let resume = ["resume", &session, "--switch-branch", "--on-dirty", "stash"];
    for number in 1.. {
        laptop.json(&resume);
        laptop.write("auth.js", "worked on\n");
        laptop.talk(ID, 1);
        let killed = killed(&laptop, &["undo"], number);
        if killed {
            let listed = laptop.json(&["undo", "--list"]);
            if listed[0]["state"] == "resumed" {
                laptop.json(&["undo"]);
            }
        }
        same(&laptop, &before, &format!("killed at call {number}"));
        if !killed {
            assert!(number > 9, "an undo calls git more often than {number} times");
            break;
        }
    }
}
