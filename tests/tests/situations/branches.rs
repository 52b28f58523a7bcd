//! The session's branch and the branch here.

use std::fs;

use convosync_tests::{Device, Screen, World};

use super::{commit, text, two_at_work, work};

/// The desktop saved on `main`, one commit after the start.
fn saved() -> (World, Device, Device) {
    let (world, desktop, laptop) = two_at_work();
    desktop.ok(&["save", "one"]);
    (world, desktop, laptop)
}

/// What was kept aside on a device.
fn kept(device: &Device) -> String {
    device.git(&["for-each-ref", "--format=%(objectname)", "refs/convosync/park"])
}

#[test]
fn another_branch_is_asked_about_and_can_be_stayed_on() {
    let (world, _desktop, laptop) = saved();
    laptop.git(&["switch", "-q", "-c", "mine"]);
    let here = laptop.head();
    let mut screen = Screen::of("other-branch", &world);
    screen.stopped(&laptop, &["resume"]);
    screen.done(&laptop, &["resume", "--stay-on-branch"]);
    assert_eq!(laptop.head(), here);
    screen.done(&laptop, &["resume", "--switch-branch"]);
    screen.matches();
}

#[test]
fn changes_are_asked_about_and_put_aside() {
    let (world, _desktop, laptop) = saved();
    laptop.write("README.md", "changed here\n");
    laptop.write("new.txt", "new\n");
    let mut screen = Screen::of("uncommitted-changes", &world);
    screen.stopped(&laptop, &["resume"]);
    screen.stopped(&laptop, &["resume", "--on-dirty", "cancel"]);
    screen.done(&laptop, &["resume", "--on-dirty", "stash"]);
    screen.matches();
    laptop.git(&["stash", "pop", "-q"]);
    assert_eq!(laptop.read("new.txt"), "new\n");
}

#[test]
fn branches_that_diverged_are_merged_or_own_commits_kept_aside_or_nothing_is_done() {
    let (world, desktop, laptop) = saved();
    let own = commit(&laptop, "own.txt", "mine\n");
    let mut screen = Screen::of("diverged", &world);
    screen.stopped(&laptop, &["resume"]);
    screen.stopped(&laptop, &["resume", "--on-diverged", "cancel"]);
    screen.done(&laptop, &["resume", "--on-diverged", "merge"]);
    assert_eq!((laptop.read("own.txt"), laptop.read("app.js")), ("mine\n".into(), "one\n".into()));
    laptop.git(&["reset", "-q", "--hard", &own]);
    screen.done(&laptop, &["resume", "--on-diverged", "discard"]);
    screen.matches();
    assert_eq!((laptop.head(), kept(&laptop)), (desktop.head(), own));
}

#[test]
fn conflicts_are_foreseen_and_named_before_anything_is_touched() {
    let (world, desktop, laptop) = two_at_work();
    commit(&desktop, "config.js", "theirs\n");
    desktop.talk(super::ID, 1);
    desktop.ok(&["save", "one"]);
    commit(&laptop, "config.js", "mine\n");
    let mut screen = Screen::of("conflicts-foreseen", &world);
    screen.stopped(&laptop, &["resume"]);
    screen.stopped(&laptop, &["resume", "--on-diverged", "merge"]);
    screen.matches();
}

#[test]
fn a_commit_that_is_nowhere_is_asked_about() {
    let (world, desktop, laptop) = saved();
    desktop.git_in(&world.origin(), &["update-ref", "refs/heads/main", &laptop.head()]);
    desktop.git_in(&world.origin(), &["gc", "-q", "--prune=now"]);
    let mut screen = Screen::of("missing-commit", &world);
    screen.stopped(&laptop, &["resume"]);
    screen.done(&laptop, &["resume", "--on-missing", "conversation-only"]);
    screen.matches();
    assert!(laptop.transcript(super::ID).exists());
}

#[test]
fn a_branch_that_was_deleted_here_is_made_again() {
    let (world, desktop, laptop) = two_at_work();
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    desktop.ok(&["save", "one"]);
    laptop.ok(&["resume", "--switch-branch"]);
    laptop.git(&["switch", "-q", "main"]);
    laptop.git(&["branch", "-q", "-D", "feature/x"]);
    let mut screen = Screen::of("deleted-here", &world);
    screen.done(&laptop, &["resume", "--switch-branch"]);
    screen.matches();
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn a_branch_that_another_work_tree_holds_is_resumed_there() {
    let (world, desktop, laptop) = two_at_work();
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    desktop.ok(&["save", "one"]);
    let held = text(&laptop.home.join("held"));
    laptop.git(&["worktree", "add", "-q", "-b", "feature/x", &held]);
    let mut screen = Screen::of("held-by-another-work-tree", &world);
    screen.stopped(&laptop, &["resume", "--switch-branch"]);
    screen.done(&laptop, &["-C", &held, "resume"]);
    screen.matches();
    assert_eq!(laptop.git_in(held.as_ref(), &["rev-parse", "HEAD"]), desktop.head());
}

#[test]
fn a_branch_named_like_a_folder_of_branches_here_is_told_and_nothing_changes() {
    let (world, desktop, laptop) = two_at_work();
    desktop.git(&["switch", "-q", "-c", "feature"]);
    desktop.ok(&["save", "one"]);
    laptop.git(&["branch", "-q", "feature/x"]);
    let mut screen = Screen::of("branch-is-a-folder", &world);
    screen.stopped(&laptop, &["resume", "--switch-branch"]);
    screen.matches();
}

#[test]
fn an_ignored_file_in_the_way_is_named_and_stays() {
    let (world, desktop, laptop) = two_at_work();
    desktop.ok(&["save", "one"]);
    fs::write(laptop.work_tree.join(".git/info/exclude"), "build.log\n").expect("a file");
    laptop.write("build.log", "here\n");
    work(&desktop, "build.log", "theirs\n");
    desktop.ok(&["save", "two"]);
    let mut screen = Screen::of("in-the-way", &world);
    screen.stopped(&laptop, &["resume"]);
    screen.matches();
    assert_eq!(laptop.read("build.log"), "here\n");
}
