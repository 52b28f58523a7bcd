//! Saves that carry uncommitted work: nothing is committed, and it is back elsewhere as it was.

use std::fs;

use convosync_tests::{Device, World, is_noted, note};
use serde_json::Value;

const TALK: &str = "11111111-2222-4333-8444-555555555555";

/// What git says of the work, untracked files one by one.
fn status(device: &Device) -> String {
    device.git(&["status", "--porcelain=v2", "--untracked-files=all"])
}

/// Index, refs and stash as bytes: what a save may not touch.
fn untouched(device: &Device) -> (Vec<u8>, String, String) {
    let index = fs::read(device.work_tree.join(".git/index")).expect("an index");
    let refs = device.git(&["for-each-ref"]);
    (index, refs, format!("{:?}", device.evidence()))
}

/// Staged, unstaged, untracked and deleted work, on the default branch.
fn work(device: &Device, text: &str) {
    device.write("staged.txt", &format!("{text} staged\n"));
    device.git(&["add", "staged.txt"]);
    device.write("staged.txt", &format!("{text} staged and more\n"));
    device.write("README.md", &format!("{text} unstaged\n"));
    device.write("notes/new.txt", &format!("{text} untracked\n"));
}

fn session(saved: &Value) -> &str {
    saved["session_id"].as_str().expect("an id")
}

#[track_caller]
fn codes(report: &Value, list: &str) -> Vec<String> {
    let notes = report[list].as_array().expect("a list").iter();
    notes.map(|note| note["code"].as_str().expect("a code").to_owned()).collect()
}

#[test]
fn uncommitted_work_travels_and_the_source_is_as_before() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 2);
    work(&desktop, "one");
    desktop.write(".env", "TOKEN=hunter2\n");
    let (before, split) = (untouched(&desktop), status(&desktop));
    let saved = desktop.json(&["save", "--stash"]);
    assert_eq!(untouched(&desktop), before);
    assert_eq!(saved["uncommitted"], 3, "{saved}");
    assert_eq!((&saved["committed"], &saved["synced"]), (&Value::Null, &true.into()));
    assert_eq!(codes(&saved, "notes"), ["convosync::save::excluded"]);
    let rows = laptop.json(&["list"]);
    assert_eq!(rows[0]["uncommitted"], 3, "{rows}");
    assert_eq!(rows[0]["message"], "WIP on main: start");
    let back = laptop.json(&["resume", "--latest"]);
    assert_eq!((&back["uncommitted"], &back["in_step"]), (&3.into(), &true.into()), "{back}");
    assert_eq!(status(&laptop), split.replace("? .env\n", ""));
    assert_eq!(laptop.read("notes/new.txt"), "one untracked\n");
    assert!(!laptop.work_tree.join(".env").exists());
    // Once more changes nothing and asks nothing.
    let again = laptop.json(&["resume", "--latest"]);
    assert_eq!((&again["uncommitted"], codes(&again, "parked").len()), (&3.into(), 0), "{again}");
}

#[test]
fn it_goes_there_and_back_without_a_question() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    work(&desktop, "one");
    let saved = desktop.json(&["save", "first", "--stash"]);
    laptop.json(&["resume", "--latest"]);
    laptop.write("notes/new.txt", "from the laptop\n");
    fs::remove_file(laptop.work_tree.join("README.md")).expect("removed");
    laptop.talk(TALK, 1);
    let split = status(&laptop);
    let second = laptop.json(&["save", "second", "--stash"]);
    assert_eq!((session(&second), &second["new_session"]), (session(&saved), &false.into()));
    let back = desktop.json(&["resume", "--latest"]);
    assert_eq!(codes(&back, "parked"), ["convosync::resume::lifted"], "{back}");
    assert_eq!(status(&desktop), split);
    assert_eq!(desktop.read("notes/new.txt"), "from the laptop\n");
    // What was lifted off is still to be had.
    let kept = desktop.git(&["for-each-ref", "--format=%(objectname)", "refs/convosync/park"]);
    assert_eq!(desktop.git(&["show", &format!("{kept}:notes/new.txt")]), "one untracked");
    assert_eq!(desktop.git(&["stash", "list"]), "");
}

#[test]
fn work_that_is_committed_elsewhere_comes_back_as_the_commit() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    work(&desktop, "one");
    desktop.json(&["save", "first", "--stash"]);
    laptop.json(&["resume", "--latest"]);
    let saved = laptop.json(&["save", "done", "--commit"]);
    assert_eq!((&saved["uncommitted"], &saved["pushed"]), (&0.into(), &"origin/main".into()));
    let back = desktop.json(&["resume", "--latest"]);
    assert_eq!(codes(&back, "parked"), ["convosync::resume::lifted"], "{back}");
    assert_eq!((status(&desktop), desktop.head()), (String::new(), laptop.head()));
    assert_eq!(desktop.read("notes/new.txt"), "one untracked\n");
}

#[test]
fn other_work_on_the_target_is_asked_about_and_put_aside_first() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    work(&desktop, "one");
    desktop.json(&["save", "first", "--stash"]);
    laptop.write("notes/new.txt", "mine\n");
    laptop.write("README.md", "mine\n");
    let before = laptop.evidence();
    let (code, decision) = laptop.fails(&["resume", "--latest"]);
    assert_eq!((code, &decision["question"]), (3, &"dirty".into()), "{decision}");
    assert_eq!(format!("{:?}", laptop.evidence().0), format!("{:?}", before.0));
    let plan = laptop.json(&["resume", "--latest", "--dry-run"]);
    let steps = plan["steps"].as_array().expect("steps").iter();
    let steps: Vec<_> = steps.filter_map(Value::as_str).collect();
    assert!(steps[0].contains("git stash") && steps[1].contains("bring back 3"), "{plan}");
    let back = laptop.json(&["resume", "--latest", "--on-dirty", "stash"]);
    assert_eq!(codes(&back, "parked"), ["convosync::resume::parked"], "{back}");
    assert_eq!(status(&laptop), status(&desktop));
    assert_eq!(laptop.git(&["show", "stash@{0}^3:notes/new.txt"]), "mine");
}

#[test]
fn own_changes_that_are_to_be_committed_first_are_a_way_of_their_own() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    work(&desktop, "one");
    desktop.json(&["save", "first", "--stash"]);
    laptop.write("README.md", "mine\n");
    let (before, split) = (laptop.head(), status(&desktop));
    let commit = ["resume", "--latest", "--on-dirty", "commit"];
    assert_eq!(laptop.asks(&commit)["question"], "diverged");
    // Where they stay, the session's work is kept beside them.
    let merged = laptop.json(&[&commit[..], &["--on-diverged", "merge"]].concat());
    assert!(is_noted(&merged, "convosync::resume::work-kept"), "{merged}");
    assert_eq!((laptop.read("README.md").as_str(), laptop.head()), ("mine\n", before.clone()));
    let laid = laptop.json(&[&commit[..], &["--on-diverged", "discard"]].concat());
    assert_eq!(codes(&laid, "parked"), ["convosync::resume::committed", "convosync::resume::kept"]);
    assert_eq!((status(&laptop), laptop.head()), (split, before));
    let kept =
        laptop.git(&["for-each-ref", "--format=%(objectname)", "refs/convosync/park/*-branch"]);
    assert_eq!(laptop.git(&["show", &format!("{kept}:README.md")]), "mine");
}

#[test]
fn an_ignored_file_in_the_way_stops_it_before_anything_changes() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    desktop.write("build.log", "forced\n");
    desktop.git(&["add", "-f", "build.log"]);
    desktop.write("README.md", "changed\n");
    desktop.json(&["save", "first", "--stash"]);
    laptop.write(".git/info/exclude", "*.log\n");
    laptop.write("build.log", "mine\n");
    let (_, failure) = laptop.fails(&["resume", "--latest"]);
    assert_eq!(failure["code"], "convosync::resume::in-the-way", "{failure}");
    assert_eq!(
        (laptop.read("build.log"), laptop.read("README.md")),
        ("mine\n".into(), "hello\n".into())
    );
}

#[test]
fn commits_that_no_remote_has_travel_with_the_work_on_top_of_them() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    desktop.write("a.txt", "committed\n");
    desktop.git(&["add", "a.txt"]);
    desktop.git(&["commit", "-q", "-m", "mine alone"]);
    work(&desktop, "one");
    let remote = desktop.git(&["rev-parse", "origin/main"]);
    let saved = desktop.json(&["save", "first", "--stash"]);
    assert_eq!(
        (&saved["pushed"], desktop.git(&["rev-parse", "origin/main"])),
        (&Value::Null, remote)
    );
    laptop.json(&["resume", "--latest"]);
    assert_eq!((laptop.head(), status(&laptop)), (desktop.head(), status(&desktop)));
    // A sync does not push either: the user said that nothing is.
    desktop.json(&["sync"]);
    let bare = desktop.git(&["ls-remote", "origin", "main"]);
    assert!(!bare.contains(&desktop.head()), "{bare}");
}

#[test]
fn who_stays_on_another_branch_is_told_where_the_work_is() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    work(&desktop, "one");
    desktop.json(&["save", "first", "--stash"]);
    laptop.git(&["switch", "-q", "-c", "other"]);
    let back = laptop.json(&["resume", "--latest", "--stay-on-branch"]);
    assert_eq!((&back["uncommitted"], &back["in_step"]), (&0.into(), &false.into()), "{back}");
    let (_, help) = note(&back, "convosync::resume::work-kept");
    let command: Vec<_> = help.split(' ').skip(1).collect();
    laptop.git(&command);
    assert_eq!(laptop.read("notes/new.txt"), "one untracked\n");
}

#[test]
fn on_the_default_branch_it_is_asked_once_how_to_save() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.set_up("");
    desktop.talk(TALK, 1);
    work(&desktop, "one");
    let before = untouched(&desktop);
    let (code, decision) = desktop.fails(&["save", "first"]);
    assert_eq!((code, &decision["question"]), (3, &"save-mode".into()), "{decision}");
    let flags = decision["choices"].as_array().expect("choices").iter();
    let flags: Vec<_> = flags.filter_map(|choice| choice["flag"].as_str()).collect();
    assert_eq!(flags, ["--commit", "--stash", ""]);
    assert_eq!(untouched(&desktop), before);
    let plan = desktop.json(&["save", "first", "--dry-run"]);
    assert_eq!(plan["decisions"][0]["question"], "save-mode", "a plan tells and does not ask");
    let plan = desktop.json(&["save", "first", "--dry-run", "--branch", "feature/new"]);
    assert_eq!(plan["decisions"], Value::Array(Vec::new()), "others do not start from that one");
    desktop.json(&["save", "first", "--stash"]);
    assert_eq!(desktop.fails(&["save", "again"]).0, 3, "a flag is for one save");
    desktop.ok(&["config", "set", "save.mode", "stash"]);
    assert_eq!(desktop.json(&["save", "again"])["uncommitted"], 3);
    // Elsewhere it commits without a question, and so it does where there is nothing to commit.
    desktop.ok(&["config", "set", "save.mode", "ask"]);
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    assert_ne!(desktop.json(&["save", "there"])["committed"], Value::Null);
    desktop.git(&["switch", "-q", "main"]);
    desktop.json(&["save", "nothing to commit"]);
    let name = desktop.json(&["list"])[0]["repository"].as_str().expect("a name").to_owned();
    desktop.set_up(&format!("[save.repositories]\n\"{name}\" = \"commit\"\n"));
    desktop.write("README.md", "more\n");
    assert_ne!(desktop.json(&["save", "as set"])["committed"], Value::Null);
}

#[test]
fn two_heads_with_work_lose_none_of_it() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    desktop.write("README.md", "first\n");
    desktop.json(&["save", "first", "--commit"]);
    laptop.json(&["resume", "--latest"]);
    for device in [&desktop, &laptop] {
        device.talk(TALK, 1);
        device.write("mine.txt", &format!("{}\n", device.name));
        device.json(&["save", &device.name, "--stash"]);
    }
    let back = laptop.json(&["resume", "--latest", "--on-conflict", "merge"]);
    assert_eq!(laptop.read("mine.txt"), "laptop\n", "{back}");
    let kept = laptop.git(&["for-each-ref", "--format=%(objectname)", "refs/convosync/park"]);
    let mut held = kept.lines().map(|kept| laptop.git(&["show", &format!("{kept}:mine.txt")]));
    assert!(held.any(|text| text == "desktop"), "{back}");
}

#[test]
fn a_clone_that_a_resume_makes_has_the_work() {
    let (world, desktop, laptop) = World::pair();
    desktop.talk(TALK, 1);
    work(&desktop, "one");
    let saved = desktop.json(&["save", "first", "--stash"]);
    let place = laptop.home.join("elsewhere");
    fs::create_dir_all(&place).expect("a folder");
    let mut command = laptop.command(&["resume", session(&saved), "--clone", "fresh", "--json"]);
    let output = command.current_dir(&place).output().expect("the helper runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = place.join("fresh");
    let seen = laptop.git_in(&tree, &["status", "--porcelain=v2", "--untracked-files=all"]);
    assert_eq!(seen, status(&desktop));
    drop(world);
}

#[test]
fn what_can_not_be_carried_is_refused_and_named() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "theirs"]);
    desktop.write("README.md", "theirs\n");
    desktop.git(&["commit", "-q", "-am", "theirs"]);
    desktop.git(&["switch", "-q", "main"]);
    desktop.write("README.md", "ours\n");
    desktop.git(&["commit", "-q", "-am", "ours"]);
    let mut merge = desktop.git_command(&["merge", "theirs"]);
    assert!(!merge.output().expect("git runs").status.success());
    let before = untouched(&desktop);
    let (_, failure) = desktop.fails(&["save", "--stash"]);
    assert_eq!(failure["code"], "convosync::git::in-progress", "{failure}");
    assert_eq!(untouched(&desktop), before);
}
