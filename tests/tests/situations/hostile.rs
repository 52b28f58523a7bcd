//! A clone whose configuration wants more than a clone should.

use std::fs;

use convosync_tests::Screen;

use super::{at_work, on_origin, two_at_work, work};

#[test]
fn a_remote_that_would_run_a_program_is_not_used_and_the_save_is_kept() {
    let (world, desktop) = at_work();
    let mark = desktop.home.join("ran");
    let mut screen = Screen::of("hostile-remote", &world);
    let touch = format!("ext::touch {}", mark.display());
    let ssh = format!("ssh://-oProxyCommand=touch%20{}/x", mark.display());
    let option = format!("--receive-pack=touch {}", mark.display());
    for url in [touch, ssh, option] {
        desktop.git(&["config", "remote.origin.url", &url]);
        work(&desktop, "app.js", &format!("{url}\n"));
        screen.done(&desktop, &["save", "one"]);
        assert!(!mark.exists(), "{url} has run something");
    }
    screen.matches();
}

#[test]
fn a_session_can_not_make_a_clone_run_a_program() {
    let (world, desktop, mut laptop) = two_at_work();
    let mark = laptop.home.join("ran");
    desktop.git(&["config", "remote.origin.url", &format!("ext::touch {}", mark.display())]);
    let saved = desktop.json(&["save", "--no-push", "one"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    fs::remove_dir_all(&laptop.work_tree).expect("removed");
    laptop.work_tree = laptop.home.clone();
    // Even if the user allows it for their own clones.
    laptop.git(&["config", "--global", "protocol.ext.allow", "always"]);
    let mut screen = Screen::of("hostile-clone", &world);
    let output = laptop.run(&["resume", &session, "--clone", "app"]);
    screen.take(&laptop, &["resume", &session, "--clone", "app"], &output);
    screen.matches();
    assert!(!mark.exists() && !laptop.home.join("app").exists());
}

#[test]
fn hooks_and_helpers_of_the_clone_run_as_with_plain_git_and_none_comes_with_a_session() {
    let (world, desktop, laptop) = two_at_work();
    let mark = laptop.home.join("ran");
    super::hook(&desktop, "post-checkout", &format!("touch '{}'", mark.display()));
    desktop.git(&["config", "core.sshCommand", &format!("touch {}", mark.display())]);
    // A tree that brings its own configuration and hooks.
    desktop.write("hooks/post-checkout", &format!("#!/bin/sh\ntouch '{}'\n", mark.display()));
    desktop.write(
        ".gitmodules",
        "[submodule \"x\"]\n\tpath = ../../out\n\turl = ext::false\n\tupdate = !touch x\n",
    );
    desktop.ok(&["save", "one"]);
    let before = laptop.git(&["config", "--local", "--list"]);
    laptop.ok(&["resume"]);
    assert_eq!(laptop.git(&["config", "--local", "--list"]), before);
    assert!(!mark.exists(), "what travelled has run");
    assert_eq!(on_origin(&world, &laptop, "main"), laptop.head());
}

#[test]
fn a_tree_that_would_write_into_the_git_folder_is_not_checked_out() {
    let (world, desktop, laptop) = two_at_work();
    let blob = desktop.git(&["hash-object", "-w", "README.md"]);
    let entry = |mode: &str, kind: &str, id: &str, name: &str| {
        let list = format!("{mode} {kind} {id}\t{name}");
        let mut made = desktop.git_command(&["mktree"]);
        let file = desktop.home.join("entries");
        fs::write(&file, list + "\n").expect("entries");
        let out = made.stdin(fs::File::open(&file).expect("a file")).output().expect("git runs");
        String::from_utf8(out.stdout).expect("an id").trim().to_owned()
    };
    let inner = entry("100644", "blob", &blob, "config");
    let tree = entry("040000", "tree", &inner, ".git");
    let head = desktop.head();
    let evil = desktop.git(&["commit-tree", &tree, "-p", &head, "-m", "evil"]);
    desktop.git(&["update-ref", "refs/heads/main", &evil]);
    fs::remove_file(desktop.work_tree.join(".git/index")).expect("removed");
    let saved = desktop.run(&["save", "--no-push", "evil"]);
    let before = laptop.git(&["config", "--local", "--list"]);
    let mut screen = Screen::of("hostile-tree", &world);
    screen.take(&desktop, &["save", "--no-push", "evil"], &saved);
    if saved.status.success() {
        screen.stopped(&laptop, &["resume"]);
    }
    screen.matches();
    assert_eq!(laptop.git(&["config", "--local", "--list"]), before);
}
