//! Where HEAD is, and what was begun and not ended.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

use convosync_tests::{Device, Screen, told};

use super::{at_work, commit, text, two_at_work, work};

#[test]
fn outside_of_any_repository_nothing_is_saved_and_status_and_list_work() {
    let (world, desktop) = at_work();
    let home = text(&desktop.home);
    let mut screen = Screen::of("not-a-repository", &world);
    screen.stopped(&desktop, &["-C", &home, "save", "one"]);
    screen.stopped(&desktop, &["-C", &home, "resume"]);
    screen.matches();
    desktop.ok(&["-C", &home, "status"]);
    desktop.ok(&["-C", &home, "list"]);
}

#[test]
fn a_bare_repository_has_no_files_to_save() {
    let (world, desktop) = at_work();
    let (bare, inside) = (text(&world.origin()), text(&desktop.work_tree.join(".git")));
    let mut screen = Screen::of("bare", &world);
    screen.stopped(&desktop, &["-C", &bare, "save", "one"]);
    screen.stopped(&desktop, &["-C", &inside, "save", "one"]);
    screen.matches();
    desktop.ok(&["-C", &bare, "status"]);
}

#[test]
fn a_branch_without_a_commit_gets_its_first_by_the_save() {
    let (world, mut desktop) = at_work();
    let tree = desktop.home.join("new");
    desktop.git_in(&desktop.home, &["init", "-q", "-b", "trunk", &text(&tree)]);
    desktop.work_tree = tree;
    let mut screen = Screen::of("unborn", &world);
    screen.stopped(&desktop, &["save", "--no-push", "nothing yet"]);
    work(&desktop, "app.js", "first\n");
    screen.done(&desktop, &["save", "--no-push", "first"]);
    screen.matches();
    assert_eq!(desktop.git(&["log", "--format=%s"]), "first [ConvoSync]");
}

#[test]
fn a_detached_head_is_not_saved_and_is_kept_when_a_resume_leaves_it() {
    let (world, desktop, laptop) = two_at_work();
    desktop.ok(&["save", "one"]);
    let mut screen = Screen::of("detached-head", &world);
    desktop.git(&["switch", "-q", "--detach"]);
    desktop.write("app.js", "two\n");
    screen.stopped(&desktop, &["save", "two"]);
    laptop.git(&["switch", "-q", "--detach"]);
    let own = commit(&laptop, "own.txt", "mine\n");
    screen.stopped(&laptop, &["resume"]);
    screen.done(&laptop, &["resume", "--switch-branch"]);
    screen.matches();
    let kept = laptop.git(&["for-each-ref", "--format=%(objectname)", "refs/convosync/park"]);
    assert_eq!(kept, own, "the commit that no branch had");
}

/// A repository that jj shares: HEAD on no branch, and its own folder, which git ignores.
fn share_with_jj(device: &Device) {
    device.write(".jj/.gitignore", "/*\n");
    device.write(".jj/repo/op_store/type", "simple_op_store");
    device.git(&["update-ref", "refs/jj/keep/1", "HEAD"]);
    device.git(&["switch", "-q", "--detach"]);
}

#[test]
fn in_a_repository_of_jj_the_way_out_is_one_of_jj_and_its_folder_is_left_alone() {
    let (world, desktop, laptop) = two_at_work();
    share_with_jj(&desktop);
    let mut screen = Screen::of("jj", &world);
    screen.stopped(&desktop, &["save", "one"]);
    screen.done(&desktop, &["save", "-b", "main", "one"]);
    assert_eq!(desktop.git(&["show", "--name-only", "--format=", "HEAD"]), "app.js");
    assert!(!desktop.git(&["rev-parse", "refs/jj/keep/1"]).is_empty());

    share_with_jj(&laptop);
    let folder = fs::read_to_string(laptop.work_tree.join(".jj/repo/op_store/type"));
    screen.stopped(&laptop, &["resume"]);
    screen.done(&laptop, &["resume", "--switch-branch"]);
    screen.matches();
    assert_eq!(laptop.head(), desktop.head());
    let after = fs::read_to_string(laptop.work_tree.join(".jj/repo/op_store/type"));
    assert_eq!(after.expect("it is there"), folder.expect("it was there"));
}

/// `main` and `other` both changed `README.md`.
fn forked(device: &Device) {
    device.git(&["switch", "-q", "-c", "other"]);
    commit(device, "README.md", "theirs\n");
    device.git(&["switch", "-q", "main"]);
    commit(device, "README.md", "ours\n");
}

#[test]
fn what_was_begun_with_git_is_ended_first() {
    let (world, desktop, laptop) = two_at_work();
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    desktop.ok(&["save", "one"]);
    forked(&laptop);
    let mut screen = Screen::of("in-progress", &world);
    let begin = |args: &[&str]| {
        let failed = laptop.git_command(args).output().expect("git runs");
        assert!(!failed.status.success(), "{args:?}");
    };
    let merges = |screen: &mut Screen, name: &str, args: &[&str]| {
        screen.then(&format!("git {}", args.join(" ")));
        begin(args);
        screen.stopped(&laptop, &["save", "x"]);
        screen.stopped(&laptop, &["resume", "--switch-branch"]);
        laptop.git(&[name, "--abort"]);
    };
    merges(&mut screen, "merge", &["merge", "other"]);
    merges(&mut screen, "rebase", &["rebase", "other"]);
    merges(&mut screen, "cherry-pick", &["cherry-pick", "other"]);
    merges(&mut screen, "revert", &["revert", "--no-edit", "HEAD^"]);
    let patch = laptop.git(&["format-patch", "-1", "other", "-o", "../patches"]);
    merges(&mut screen, "am", &["am", "-q", &patch]);
    screen.then("git bisect start");
    laptop.git(&["bisect", "start"]);
    screen.stopped(&laptop, &["save", "x"]);
    screen.stopped(&laptop, &["resume", "--switch-branch"]);
    laptop.git(&["bisect", "reset"]);
    screen.matches();
}

#[test]
fn conflicts_that_a_stash_left_are_resolved_first() {
    let (world, desktop, laptop) = two_at_work();
    desktop.ok(&["save", "one"]);
    laptop.write("README.md", "mine\n");
    laptop.git(&["stash", "-q"]);
    commit(&laptop, "README.md", "other\n");
    let popped = laptop.git_command(&["stash", "pop"]).output().expect("git runs");
    assert!(!popped.status.success());
    let mut screen = Screen::of("conflicts-here", &world);
    screen.stopped(&laptop, &["save", "x"]);
    screen.stopped(&laptop, &["resume"]);
    screen.matches();
}

#[test]
fn names_and_paths_that_are_no_text_are_refused_before_anything_is_done() {
    let (world, desktop) = at_work();
    let mut screen = Screen::of("not-utf8", &world);
    let head = desktop.work_tree.join(".git/HEAD");
    fs::write(&head, b"ref: refs/heads/gr\xf6\xdfe\n").expect("a head");
    screen.stopped(&desktop, &["save", "--no-push", "x"]);
    fs::write(&head, b"ref: refs/heads/main\n").expect("a head");
    // Another branch of such a name does no harm.
    let packed = format!("{} refs/heads/gr\u{fffd}e\n", desktop.head()).into_bytes();
    let at = packed.windows(3).position(|w| w == "\u{fffd}".as_bytes()).expect("it is there");
    let packed = [&packed[..at], b"\xf6", &packed[at + 3..]].concat();
    fs::write(desktop.work_tree.join(".git/packed-refs"), packed).expect("refs");
    screen.done(&desktop, &["save", "x"]);

    let tree = desktop.home.join(OsString::from_vec(b"gr\xfcn".to_vec()));
    fs::rename(&desktop.work_tree, &tree).expect("moved");
    for args in [&["save", "x"][..], &["resume"]] {
        let output = desktop.command(args).current_dir(&tree).output().expect("the helper runs");
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        screen.take(&desktop, args, &output);
    }
    screen.matches();
}

#[test]
fn a_branch_that_reads_like_an_option_is_refused_before_the_commit() {
    let (world, desktop) = at_work();
    let head = desktop.head();
    let mut screen = Screen::of("option-like-branch", &world);
    desktop.git(&["symbolic-ref", "HEAD", "refs/heads/--force"]);
    desktop.git(&["update-ref", "HEAD", &head]);
    screen.stopped(&desktop, &["save", "x"]);
    screen.matches();
    assert_eq!(desktop.head(), head);
}
