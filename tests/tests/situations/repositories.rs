//! Which repository, where it lies, and of what kind it is.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use convosync_tests::{Device, Screen, World, told};

use super::{at_work, commit, on_origin, text, two_at_work, work};

/// The desktop saved; its session.
fn saved() -> (World, Device, Device, String) {
    let (world, desktop, laptop) = two_at_work();
    let saved = desktop.json(&["save", "one"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    (world, desktop, laptop, session)
}

/// The screen without the session's own id in what was typed.
fn resume<'s>(session: &'s str, more: &[&'s str]) -> Vec<&'s str> {
    [&["resume", session], more].concat()
}

#[test]
fn another_repository_reads_as_error_4() {
    let (world, _desktop, mut laptop, session) = saved();
    let other = laptop.home.join("other");
    laptop.git_in(&laptop.home, &["init", "-q", &text(&other)]);
    laptop.git_in(&other, &["commit", "-q", "--allow-empty", "-m", "another start"]);
    laptop.git_in(&other, &["remote", "add", "origin", "git@github.com:user/project-b.git"]);
    laptop.work_tree = other;
    let mut screen = Screen::of("other-repository", &world);
    screen.stopped(&laptop, &resume(&session, &[]));
    screen.stopped(&laptop, &["resume"]);
    screen.matches();
}

#[test]
fn where_there_is_no_clone_one_is_made_and_known_from_then_on() {
    let (world, desktop, mut laptop, session) = saved();
    fs::remove_dir_all(&laptop.work_tree).expect("removed");
    let tree = laptop.home.join("repo/app");
    laptop.work_tree = laptop.home.clone();
    let mut screen = Screen::of("no-clone", &world);
    let run = |screen: &mut Screen, device: &Device, args: &[&str]| {
        let output = device.run(args);
        screen.take(device, args, &output);
    };
    run(&mut screen, &laptop, &resume(&session, &[]));
    run(&mut screen, &laptop, &resume(&session, &["--clone", "repo/app"]));
    run(&mut screen, &laptop, &resume(&session, &[]));
    screen.matches();
    laptop.work_tree = tree;
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn a_clone_elsewhere_is_gone_to() {
    let (world, desktop, laptop, session) = saved();
    laptop.ok(&["resume"]);
    commit(&desktop, "more.js", "more\n");
    desktop.talk(super::ID, 1);
    desktop.ok(&["save", "two"]);
    let home = text(&laptop.home);
    let mut screen = Screen::of("clone-elsewhere", &world);
    screen.done(&laptop, &[&["-C", &home][..], &resume(&session, &[])].concat());
    screen.matches();
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn of_two_clones_one_is_chosen() {
    let (world, desktop, mut laptop, session) = saved();
    laptop.ok(&["resume"]);
    let second = text(&laptop.home.join("second"));
    laptop.git_in(&laptop.home, &["clone", "-q", &text(&world.origin()), &second]);
    laptop.ok(&["-C", &second, "resume"]);
    commit(&desktop, "more.js", "more\n");
    desktop.ok(&["save", "two"]);
    laptop.work_tree = laptop.home.clone();
    let mut screen = Screen::of("two-clones", &world);
    let asked = laptop.run(&resume(&session, &[]));
    assert_eq!(asked.status.code(), Some(3), "{}", told(&asked));
    screen.take(&laptop, &resume(&session, &[]), &asked);
    screen.done(&laptop, &resume(&session, &["--into", &second]));
    screen.matches();
    assert_eq!(laptop.git_in(second.as_ref(), &["rev-parse", "HEAD"]), desktop.head());
}

#[test]
fn through_a_symlink_it_is_the_same_work_tree() {
    let (world, desktop, laptop, _session) = saved();
    let link = laptop.home.join("link");
    symlink(&laptop.work_tree, &link).expect("a link");
    let mut screen = Screen::of("symlink", &world);
    screen.done(&laptop, &["-C", &text(&link), "resume"]);
    work(&laptop, "app.js", "two\n");
    screen.done(&laptop, &["-C", &text(&link), "save", "two"]);
    screen.matches();
    let saves =
        laptop.json(&["log", laptop.json(&["list"])[0]["session_id"].as_str().expect("id")]);
    assert_eq!(saves.as_array().map(Vec::len), Some(2), "one session: {saves}");
    desktop.ok(&["resume"]);
    assert_eq!(desktop.head(), laptop.head());
}

#[test]
fn a_repository_of_another_user_is_not_read_until_git_is_told_to_trust_it() {
    let (world, mut desktop) = at_work();
    // Git's own switch for its tests: it takes every owner for another one.
    let assume = "GIT_TEST_ASSUME_DIFFERENT_OWNER";
    let mut screen = Screen::of("another-owner", &world);
    for args in [&["save", "one"][..], &["resume"], &["status"]] {
        let output = desktop.command(args).env(assume, "1").output().expect("the helper runs");
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        screen.take(&desktop, args, &output);
    }
    // What `git config --global --add safe.directory` writes, and the origin is read by its server.
    let trust = ["config", "--global", "--add", "safe.directory"];
    for place in [&desktop.work_tree, &desktop.work_tree.join(".git"), &world.origin()] {
        desktop.git_in(&desktop.home, &[&trust[..], &[&text(place)]].concat());
    }
    desktop.more.insert(assume.to_owned(), "1".to_owned());
    screen.then("git config --global --add safe.directory /world/desktop/projects/myapp");
    screen.done(&desktop, &["save", "one"]);
    screen.matches();
}

/// Runs the helper as somebody whom file modes hold back: root they do not.
fn unprivileged(world: &World, device: &Device, args: &[&str]) -> Output {
    let mut command = device.command(args);
    let id = Command::new("id").arg("-u").output().expect("id runs");
    if id.stdout == b"0\n" {
        let nobody = 65_534;
        let all = Command::new("chown").args(["-R", "65534:65534"]).arg(world.path()).status();
        assert!(all.expect("chown runs").success());
        command.uid(nobody).gid(nobody);
    }
    command.output().expect("the helper runs")
}

fn set_modes(folder: &Path, mode: u32) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.file_type().expect("a type").is_dir() {
            set_modes(&entry.path(), mode);
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("its mode");
}

#[test]
fn a_repository_that_can_only_be_read_is_told_and_left_as_it_was() {
    let (world, desktop) = at_work();
    set_modes(&desktop.work_tree.join(".git"), 0o555);
    let head = fs::read_to_string(desktop.work_tree.join(".git/refs/heads/main"));
    let mut screen = Screen::of("read-only", &world);
    let output = unprivileged(&world, &desktop, &["save", "one"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    screen.take(&desktop, &["save", "one"], &output);
    screen.matches();
    let after = fs::read_to_string(desktop.work_tree.join(".git/refs/heads/main"));
    assert_eq!(after.expect("a ref"), head.expect("a ref"));
    set_modes(&desktop.work_tree.join(".git"), 0o755);
}

/// Points a device at another clone of the origin.
fn cloned(world: &World, device: &mut Device, options: &[&str]) {
    let url = format!("file://{}", world.origin().display());
    let tree = device.home.join("special");
    device.git_in(&device.home, &[&["clone", "-q"], options, &[&url, &text(&tree)]].concat());
    device.work_tree = tree;
}

/// A special clone takes a session and gives the next one.
fn goes_both_ways(options: &[&str], prepare: impl Fn(&Device), check: impl Fn(&Device)) {
    let (world, desktop, mut laptop) = two_at_work();
    desktop.git_in(&world.origin(), &["config", "uploadpack.allowFilter", "true"]);
    for (path, text) in [("in/a.txt", "a\n"), ("out/b.txt", "b\n"), ("in/a.txt", "aa\n")] {
        commit(&desktop, path, text);
    }
    desktop.git(&["push", "-q"]);
    cloned(&world, &mut laptop, options);
    prepare(&laptop);
    desktop.write("in/a.txt", "one\n");
    desktop.ok(&["save", "one"]);
    laptop.ok(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());
    work(&laptop, "in/a.txt", "two\n");
    laptop.ok(&["save", "two"]);
    assert_eq!(on_origin(&world, &laptop, "main"), laptop.head());
    work(&laptop, "in/a.txt", "three\n");
    laptop.ok(&["save", "--no-push", "three"]);
    desktop.ok(&["resume"]);
    assert_eq!(desktop.head(), laptop.head());
    let files = desktop.git(&["ls-tree", "-r", "--name-only", "HEAD"]);
    assert_eq!(files, "README.md\napp.js\nin/a.txt\nout/b.txt", "none is lost");
    check(&laptop);
}

#[test]
fn a_shallow_clone_goes_both_ways() {
    goes_both_ways(
        &["--depth=1"],
        |_| {},
        |laptop| {
            assert_eq!(laptop.git(&["rev-parse", "--is-shallow-repository"]), "true");
        },
    );
}

#[test]
fn a_partial_clone_goes_both_ways() {
    goes_both_ways(
        &["--filter=blob:none"],
        |_| {},
        |laptop| {
            assert_eq!(laptop.git(&["config", "remote.origin.promisor"]), "true");
        },
    );
}

#[test]
fn a_sparse_checkout_goes_both_ways_and_loses_no_file() {
    let sparse = |laptop: &Device| {
        laptop.git(&["sparse-checkout", "set", "--cone", "in"]);
    };
    goes_both_ways(&[], sparse, |laptop| {
        assert!(!laptop.work_tree.join("out").exists());
    });
}
