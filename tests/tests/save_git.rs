//! Saving in every state that a repository can be in: what is refused, what is told, and what
//! other devices can bring back when the code could not be pushed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use convosync_tests::{Device, Fault, World, helper, is_noted, note};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn hook(device: &Device, name: &str, text: &str) -> PathBuf {
    let hook = device.work_tree.join(".git/hooks").join(name);
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    fs::write(&hook, format!("#!/bin/sh\n{text}\n")).expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("it can run");
    hook
}

/// The state of the newest session, as a device lists it.
fn state(device: &Device) -> String {
    device.json(&["list"])[0]["state"].as_str().expect("a row").to_owned()
}

fn origin_has(world: &World, device: &Device, branch: &str) -> String {
    let reference = format!("refs/heads/{branch}");
    device.git_in(&world.origin(), &["for-each-ref", "--format=%(objectname)", &reference])
}

/// The other device brings the session back and is then at the first one's commit.
#[track_caller]
fn follows(device: &Device, to: &Device, args: &[&str]) -> Value {
    let report = device.json(&[&["resume"], args].concat());
    assert_eq!(device.head(), to.head(), "{report}");
    assert_eq!(report["in_step"], true, "{report}");
    assert!(device.transcript(ID).exists(), "{report}");
    report
}

#[test]
fn what_can_not_be_saved_is_refused_with_a_way_out_and_nothing_changes() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    let save = ["save", "x"];
    let home = desktop.home.display().to_string();
    desktop.refuses(&["-C", &home, "save", "x"], "convosync::git::not-a-repository");
    desktop.refuses(&["save"], "convosync::save::no-message");

    desktop.git(&["switch", "-q", "-c", "other"]);
    desktop.write("README.md", "theirs\n");
    desktop.git(&["commit", "-qam", "theirs"]);
    desktop.git(&["switch", "-q", "main"]);
    desktop.write("README.md", "ours\n");
    desktop.git(&["commit", "-qam", "ours"]);
    let stopped = |command: &str| {
        let failed = desktop.git_command(&[command, "other"]).output().expect("git runs");
        assert!(!failed.status.success(), "{command}");
        let failure = desktop.refuses(&save, "convosync::git::in-progress");
        let help = failure["help"].to_string();
        assert!(help.contains(&format!("git {command} --abort")), "{failure}");
        desktop.refuses(&["save", "--dry-run", "x"], "convosync::git::in-progress");
        desktop.git(&[command, "--abort"]);
    };
    ["merge", "rebase", "cherry-pick"].into_iter().for_each(stopped);

    // A stash that conflicts is no operation in progress.
    desktop.write("README.md", "more\n");
    desktop.git(&["stash", "-q"]);
    desktop.write("README.md", "less\n");
    desktop.git(&["commit", "-qam", "less"]);
    let popped = desktop.git_command(&["stash", "pop"]).output().expect("git runs");
    assert!(!popped.status.success());
    let failure = desktop.refuses(&save, "convosync::save::conflicts");
    assert!(failure["message"].to_string().contains("• README.md"), "{failure}");
    desktop.git(&["reset", "-q", "--hard"]);

    desktop.git(&["switch", "-q", "--detach"]);
    let failure = desktop.refuses(&save, "convosync::save::detached-head");
    let message = failure["message"].as_str().expect("text");
    let at = desktop.git(&["rev-parse", "--short=7", "HEAD"]);
    let want =
        format!("cannot sync from detached HEAD state\nYou're at commit {at} (not on a branch)");
    assert_eq!(message, want);
    desktop.git(&["switch", "-q", "main"]);

    desktop.git(&["remote", "remove", "origin"]);
    let failure = desktop.refuses(&save, "convosync::save::no-remote");
    assert!(failure["help"].to_string().contains("git remote add origin <url>"), "{failure}");

    desktop.git(&["switch", "-q", "--orphan", "empty"]);
    desktop.write(".env", "SECRET=1\n");
    desktop.refuses(&["save", "--no-push", "x"], "convosync::save::empty");
}

#[test]
fn without_a_remote_the_commits_travel_sealed() {
    let (_world, desktop, laptop) = World::pair();
    desktop.git(&["remote", "remove", "origin"]);
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "--no-push", "alone"]);
    assert_eq!((saved["pushed"].clone(), state(&laptop)), (Value::Null, "unpushed".to_owned()));
    follows(&laptop, &desktop, &[saved["session_id"].as_str().expect("an id")]);
}

#[test]
fn a_branch_is_pushed_to_its_own_name_and_keeps_its_upstream() {
    let (world, desktop, laptop) = World::pair();
    let main = desktop.head();
    desktop.git(&["switch", "-q", "-c", "mine", "--track", "origin/main"]);
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "mine"]);
    assert_eq!(saved["pushed"], "origin/mine", "{saved}");
    assert_eq!(origin_has(&world, &desktop, "mine"), desktop.head());
    assert_eq!(origin_has(&world, &desktop, "main"), main);
    assert_eq!(desktop.git(&["rev-parse", "--abbrev-ref", "@{u}"]), "origin/main");
    follows(&laptop, &desktop, &["--switch-branch"]);

    desktop.git(&["switch", "-q", "-c", "größe/日本"]);
    desktop.write("ünï cödé.txt", "ü\n");
    let saved = desktop.json(&["save", "Größe geändert 🎉"]);
    assert_eq!(saved["pushed"], "origin/größe/日本", "{saved}");
    assert_eq!(desktop.git(&["rev-parse", "--abbrev-ref", "@{u}"]), "origin/größe/日本");
    follows(&laptop, &desktop, &["--switch-branch"]);
    assert_eq!(laptop.read("ünï cödé.txt"), "ü\n");
    assert_eq!(laptop.git(&["log", "-1", "--format=%s"]), "Größe geändert 🎉 [ConvoSync]");
}

#[test]
fn a_rejected_push_is_told_and_retried_after_a_pull() {
    let (world, desktop, laptop) = World::pair();
    laptop.write("theirs.txt", "theirs\n");
    laptop.git(&["add", "theirs.txt"]);
    laptop.git(&["commit", "-qm", "theirs"]);
    laptop.git(&["push", "-q"]);
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let output = desktop.run(&["save", "one"]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "the session is safe\n{printed}");
    let want = "Failed to push to remote
   Remote rejected: main -> main (fetch first)

   Your branch is behind the remote.

   Solution:
   git pull origin main
   # Resolve conflicts if any
   convosync save --retry
";
    assert!(printed.contains(want), "{printed}");

    assert_eq!((state(&desktop), state(&laptop)), ("unpushed".to_owned(), "unpushed".to_owned()));
    assert_eq!(laptop.asks(&["resume"])["question"], "diverged");
    let tablet = world.next_device("tablet", "app");
    assert_eq!(tablet.asks(&["resume"])["question"], "diverged");
    tablet.ok(&["resume", "--on-diverged", "discard"]);
    assert_eq!(tablet.head(), desktop.head());

    desktop.git(&["pull", "-q", "--no-rebase", "origin", "main"]);
    let saved = desktop.json(&["save", "--retry"]);
    assert_eq!(
        (saved["pushed"].clone(), saved["committed"].clone()),
        ("origin/main".into(), Value::Null)
    );
    assert_eq!((state(&desktop), state(&laptop)), ("synced".to_owned(), "synced".to_owned()));
    assert_eq!(laptop.json(&["list"])[0]["message"], "one");
    follows(&laptop, &desktop, &[]);
}

#[test]
fn a_pre_commit_hook_refuses_and_the_same_save_can_be_retried() {
    let (_world, desktop, laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.write("README.md", "staged\n");
    desktop.git(&["add", "README.md"]);
    desktop.talk(ID, 1);
    let hook = hook(&desktop, "pre-commit", "echo lint failed >&2; exit 1");
    let failure = desktop.refuses(&["save", "one"], "convosync::git::hook");
    assert!(failure["message"].to_string().contains("lint failed"), "{failure}");
    assert!(failure["help"].to_string().contains("convosync save --retry"), "{failure}");
    fs::remove_file(hook).expect("removed");
    let saved = desktop.json(&["save", "--retry"]);
    assert_eq!(saved["committed"], "one [ConvoSync]", "{saved}");
    follows(&laptop, &desktop, &[]);
}

#[test]
fn a_retry_asks_for_all_that_the_save_was_asked_for() {
    let (world, desktop, _laptop) = World::pair();
    desktop.talk(ID, 1);
    let first = desktop.json(&["save", "before"]);
    desktop.write("app.js", "one\n");
    let hook = hook(&desktop, "pre-commit", "exit 1");
    let save = ["save", "-b", "feature/x", "--new", "--title", "The login", "--no-push", "one"];
    let (_, failure) = desktop.fails(&save);
    assert_eq!(failure["code"], "convosync::git::hook");
    let text = "the work tree is on feature/x now, with the changes as they were";
    assert!(failure["message"].as_str().expect("text").ends_with(text), "{failure}");
    fs::remove_file(hook).expect("removed");
    let plan = desktop.json(&["save", "--retry", "--dry-run"]);
    let commit = "commit 1 changed file on feature/x: \"one [ConvoSync]\"";
    assert!(plan["steps"].as_array().expect("steps").contains(&commit.into()), "{plan}");

    let saved = desktop.json(&["save", "--retry"]);
    assert_eq!((&saved["branch"], &saved["pushed"]), (&"feature/x".into(), &Value::Null));
    assert_eq!(saved["committed"], "one [ConvoSync]", "{saved}");
    assert_ne!(saved["session_id"], first["session_id"], "--new was asked for");
    assert_eq!(desktop.json(&["list"])[0]["title"], "The login");
    assert_eq!(origin_has(&world, &desktop, "feature/x"), "");

    // What went through is not begun anew, and how it was to be done still holds.
    let again = desktop.json(&["save", "--retry"]);
    assert_eq!(
        (&again["session_id"], &again["new_session"]),
        (&saved["session_id"], &false.into())
    );
    assert_eq!((&again["pushed"], &again["committed"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_pre_push_hook_refuses_and_the_commits_travel_until_they_are_pushed() {
    let (world, desktop, laptop) = World::pair();
    let before = desktop.head();
    let hook = hook(&desktop, "pre-push", "echo tests failed >&2; exit 1");
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "one"]);
    let (text, help) = note(&saved, "convosync::git::hook");
    assert!(
        text.starts_with("Failed to push to remote\n") && text.contains("tests failed"),
        "{text}"
    );
    assert!(help.contains("convosync save --retry"), "{help}");
    assert_eq!((saved["pushed"].clone(), saved["synced"].clone()), (Value::Null, true.into()));
    assert_eq!(origin_has(&world, &desktop, "main"), before);
    assert_eq!(state(&laptop), "unpushed");
    follows(&laptop, &desktop, &[]);

    fs::remove_file(hook).expect("removed");
    desktop.ok(&["sync"]);
    assert_eq!(origin_has(&world, &desktop, "main"), desktop.head());
    assert_eq!((state(&desktop), state(&laptop)), ("synced".to_owned(), "synced".to_owned()));
    let session = saved["session_id"].as_str().expect("an id");
    let log = laptop.json(&["log", session]);
    assert_eq!(log.as_array().map(Vec::len), Some(1), "the same save, now pushed: {log}");
}

#[test]
fn a_remote_that_does_not_answer_holds_nobody_up() {
    let (world, desktop, laptop) = World::pair();
    let away = world.path().join("away.git");
    fs::rename(world.origin(), &away).expect("moved");
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "one"]);
    let (text, help) = note(&saved, "convosync::git::unreachable");
    assert!(text.starts_with("Failed to push to remote\n"), "{text}");
    assert!(help.contains("convosync sync --retry"), "{help}");
    assert_eq!(state(&laptop), "unpushed");
    let report = follows(&laptop, &desktop, &["--switch-branch"]);
    assert!(is_noted(&report, "convosync::git::unreachable"), "{report}");

    desktop.ok(&["sync"]);
    assert_eq!(state(&desktop), "unpushed");
    fs::rename(away, world.origin()).expect("moved");
    desktop.ok(&["sync", "--retry"]);
    assert_eq!(origin_has(&world, &desktop, "feature/x"), desktop.head());
    assert_eq!(desktop.git(&["rev-parse", "--abbrev-ref", "@{u}"]), "origin/feature/x");
    assert_eq!((state(&desktop), state(&laptop)), ("synced".to_owned(), "synced".to_owned()));
    follows(&laptop, &desktop, &[]);
}

#[test]
fn what_shall_not_be_pushed_is_not_and_what_the_user_pushed_is_found() {
    let (world, desktop, laptop) = World::pair();
    let before = desktop.head();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "--no-push", "one"]);
    assert_eq!((saved["pushed"].clone(), saved["synced"].clone()), (Value::Null, true.into()));
    desktop.ok(&["sync"]);
    desktop.ok(&["list"]);
    assert_eq!(origin_has(&world, &desktop, "main"), before);
    assert_eq!((state(&desktop), state(&laptop)), ("unpushed".to_owned(), "unpushed".to_owned()));
    follows(&laptop, &desktop, &[]);

    desktop.git(&["push", "-q"]);
    desktop.ok(&["sync"]);
    assert_eq!((state(&desktop), state(&laptop)), ("synced".to_owned(), "synced".to_owned()));
    let again = desktop.json(&["save", "nothing new"]);
    assert_eq!(
        (again["committed"].clone(), again["pushed"].clone()),
        (Value::Null, "origin/main".into())
    );
}

#[test]
fn sealed_commits_build_on_a_branch_that_the_other_clone_has_not_fetched() {
    let (_world, desktop, laptop) = World::pair();
    desktop.write("base.js", "base\n");
    desktop.git(&["add", "base.js"]);
    desktop.git(&["commit", "-qm", "base"]);
    desktop.git(&["push", "-q"]);
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "--no-push", "one"]);
    follows(&laptop, &desktop, &["--switch-branch"]);
}

#[test]
fn a_commit_that_was_rewritten_while_it_was_queued_still_arrives_and_is_never_pushed() {
    let (world, desktop, laptop) = World::pair();
    let before = desktop.head();
    let (origin, store) = (world.path().join("o"), world.path().join("s"));
    let away = || {
        fs::rename(world.origin(), &origin).expect("moved");
        fs::rename(world.store(), &store).expect("moved");
    };
    let back = || {
        fs::rename(&origin, world.origin()).expect("moved");
        fs::rename(&store, world.store()).expect("moved");
    };
    away();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "one"]);
    assert_eq!((saved["synced"].clone(), saved["queued"].clone()), (false.into(), 1.into()));
    assert_eq!(state(&desktop), "queued");
    let saved_commit = desktop.head();
    desktop.git(&["commit", "-q", "--amend", "-m", "another story"]);
    back();
    let sent = desktop.json(&["sync"]);
    assert_eq!(sent["queued"], 0, "{sent}");
    assert_eq!(origin_has(&world, &desktop, "main"), before);
    assert_eq!((state(&desktop), state(&laptop)), ("unpushed".to_owned(), "unpushed".to_owned()));
    laptop.ok(&["resume"]);
    assert_eq!(laptop.head(), saved_commit);

    // Rewritten, and the old commit is gone for good.
    away();
    desktop.write("app.js", "two\n");
    desktop.ok(&["save", "two"]);
    desktop.git(&["reset", "-q", "--hard", &before]);
    desktop.git(&["reflog", "expire", "--expire=now", "--all"]);
    desktop.git(&["gc", "-q", "--prune=now"]);
    back();
    let sent = desktop.json(&["sync"]);
    assert!(is_noted(&sent, "convosync::sync::code-missing"), "{sent}");
    assert_eq!(sent["queued"], 0, "the conversation arrives all the same: {sent}");
    assert_eq!(laptop.asks(&["resume"])["question"], "commit-missing");
}

#[test]
fn secrets_stay_behind_and_are_named() {
    let (_world, desktop, laptop) = World::pair();
    for name in [".env", "config/credentials.json", "tls/server.pem", ".env.example"] {
        desktop.write(name, "x\n");
    }
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "one"]);
    let (text, help) = note(&saved, "convosync::save::excluded");
    assert!(
        text.ends_with("\n  • .env\n  • config/credentials.json\n  • tls/server.pem"),
        "{text}"
    );
    assert!(help.contains("git add -f"), "{help}");
    assert_eq!(saved["new_files"], 1, "{saved}");
    assert_eq!(desktop.git(&["show", "--name-only", "--format=", "HEAD"]), ".env.example");
    follows(&laptop, &desktop, &[]);
    let head = desktop.head();
    let again = desktop.json(&["save", "nothing"]);
    assert_eq!((again["committed"].clone(), desktop.head()), (Value::Null, head));
}

#[test]
fn a_save_from_below_comes_back_there() {
    let (_world, desktop, laptop) = World::pair();
    desktop.write("src/deep/app.js", "one\n");
    desktop.write("README.md", "changed at the top\n");
    desktop.talk(ID, 1);
    let below = desktop.work_tree.join("src/deep").display().to_string();
    desktop.ok(&["-C", &below, "save", "one"]);
    let report = follows(&laptop, &desktop, &[]);
    let want = laptop.work_tree.join("src/deep").display().to_string();
    assert_eq!(report["working_directory"], want.as_str());
    assert_eq!(laptop.read("README.md"), "changed at the top\n");
}

#[test]
fn a_linked_work_tree_saves_and_one_that_holds_the_branch_is_named() {
    let (_world, mut desktop, laptop) = World::pair();
    let tree = desktop.home.join("trees/feature");
    let path = tree.display().to_string();
    desktop.git(&["worktree", "add", "-q", "-b", "feature/x", &path]);
    desktop.work_tree = tree;
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "one"]);
    assert_eq!(saved["pushed"], "origin/feature/x", "{saved}");

    let held = laptop.home.join("held").display().to_string();
    laptop.git(&["worktree", "add", "-q", "-b", "feature/x", &held]);
    let failure = laptop.refuses(&["resume"], "convosync::resume::branch-elsewhere");
    assert!(failure["message"].to_string().contains(&held), "{failure}");
    let report = laptop.json(&["-C", &held, "resume"]);
    assert_eq!(
        (report["in_step"].clone(), report["working_directory"].clone()),
        (true.into(), held.as_str().into())
    );
    assert_eq!(laptop.git_in(Path::new(&held), &["rev-parse", "HEAD"]), desktop.head());
}

#[test]
fn submodules_are_saved_as_they_are_committed() {
    let (world, desktop, laptop) = World::pair();
    let origin = world.origin().display().to_string();
    desktop.git(&["submodule", "add", "-q", &origin, "vendor/lib"]);
    desktop.talk(ID, 1);
    desktop.ok(&["save", "with a library"]);
    desktop.write("vendor/lib/scratch.txt", "not of this repository\n");
    let saved = desktop.json(&["save", "nothing of ours"]);
    assert_eq!(saved["committed"], Value::Null, "{saved}");
    follows(&laptop, &desktop, &[]);
    assert_eq!(laptop.json(&["status"])["uncommitted"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_sparse_checkout_loses_no_file_on_either_side() {
    let (_world, desktop, laptop) = World::pair();
    desktop.write("in/a.txt", "a\n");
    desktop.write("out/b.txt", "b\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "two folders"]);
    follows(&laptop, &desktop, &[]);
    desktop.git(&["sparse-checkout", "set", "--cone", "in"]);
    laptop.git(&["sparse-checkout", "set", "--cone", "out"]);
    desktop.write("in/a.txt", "changed\n");
    let saved = desktop.json(&["save", "in one folder"]);
    assert_eq!((saved["modified_files"].clone(), saved["new_files"].clone()), (1.into(), 0.into()));
    assert_eq!(
        desktop.git(&["ls-tree", "-r", "--name-only", "HEAD"]),
        "README.md\nin/a.txt\nout/b.txt"
    );
    follows(&laptop, &desktop, &[]);
    assert!(!laptop.work_tree.join("in").exists() && laptop.work_tree.join("out/b.txt").exists());
}

#[test]
fn filters_run_as_in_the_users_shell() {
    let (_world, desktop, laptop) = World::pair();
    for device in [&desktop, &laptop] {
        // What a large-file filter does: the repository holds something else than the work tree.
        device.git(&["config", "filter.large.clean", "sed s/REAL/POINTER/"]);
        device.git(&["config", "filter.large.smudge", "sed s/POINTER/REAL/"]);
        device.git(&["config", "filter.large.required", "true"]);
    }
    desktop.write(".gitattributes", "*.bin filter=large\n");
    desktop.write("big.bin", "REAL data\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "one"]);
    assert_eq!(desktop.git(&["cat-file", "blob", "HEAD:big.bin"]), "POINTER data");
    follows(&laptop, &desktop, &[]);
    assert_eq!(laptop.read("big.bin"), "REAL data\n");
    laptop.write("big.bin", "REAL change\n");
    desktop.write("other.txt", "x\n");
    desktop.ok(&["save", "two"]);
    laptop.ok(&["resume", "--on-dirty", "stash"]);
    assert_eq!(laptop.read("big.bin"), "REAL data\n");
}

/// Points a device at another repository, whose origin is `origin` in the world's folder.
fn at_another(world: &World, device: &mut Device, origin: &str, clone: &[&str]) {
    let url = format!("file://{}", world.path().join(origin).display());
    let tree = device.home.join(origin.trim_end_matches(".git"));
    let path = tree.display().to_string();
    device.git_in(&device.home, &[&["clone", "-q"], clone, &[&url, &path]].concat());
    device.work_tree = tree;
}

#[test]
fn the_first_commit_of_a_sha256_repository_arrives_in_an_empty_clone() {
    let (world, mut desktop, mut laptop) = World::pair();
    let origin = world.path().join("wide.git").display().to_string();
    desktop.git_in(world.path(), &["init", "-q", "--bare", "--object-format=sha256", &origin]);
    at_another(&world, &mut desktop, "wide.git", &[]);
    at_another(&world, &mut laptop, "wide.git", &[]);
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let plan = desktop.json(&["save", "--dry-run", "first"]);
    assert_eq!(plan["steps"][0], "commit 1 changed file on main: \"first [ConvoSync]\"", "{plan}");
    let saved = desktop.json(&["save", "first"]);
    assert_eq!((saved["pushed"].clone(), desktop.head().len()), ("origin/main".into(), 64));
    laptop.write("mine.txt", "in the way of nothing\n");
    assert_eq!(laptop.asks(&["resume"])["question"], "dirty");
    laptop.refuses(&["resume", "--on-dirty", "stash"], "convosync::resume::dirty-unborn");
    let unrelated = laptop.asks(&["resume", "--on-dirty", "commit"]);
    assert_eq!(unrelated["choices"][0]["flag"], "--on-diverged discard", "{unrelated}");
    fs::remove_file(laptop.work_tree.join("mine.txt")).expect("removed");
    follows(&laptop, &desktop, &[]);
    assert_eq!(laptop.read("app.js"), "one\n");

    desktop.write("app.js", "two\n");
    desktop.ok(&["save", "--no-push", "second"]);
    follows(&laptop, &desktop, &[]);
}

#[test]
fn a_shallow_clone_takes_what_was_pushed_and_what_was_not() {
    let (world, desktop, mut laptop) = World::pair();
    for n in 0..3 {
        desktop.write("app.js", &format!("{n}\n"));
        desktop.git(&["add", "app.js"]);
        desktop.git(&["commit", "-qm", "more"]);
    }
    desktop.git(&["push", "-q"]);
    at_another(&world, &mut laptop, "origin.git", &["--depth=1"]);
    assert_eq!(laptop.git(&["rev-list", "--count", "HEAD"]), "1");
    desktop.write("app.js", "pushed\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "pushed"]);
    follows(&laptop, &desktop, &[]);
    desktop.write("app.js", "not pushed\n");
    desktop.ok(&["save", "--no-push", "not pushed"]);
    follows(&laptop, &desktop, &[]);
    assert_eq!(laptop.git(&["rev-parse", "--is-shallow-repository"]), "true");
}

#[test]
fn a_dry_run_tells_the_plan_and_changes_nothing() {
    let (world, desktop, _laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.write(".env", "SECRET=1\n");
    desktop.talk(ID, 1);
    let before = (desktop.standing(), world.objects(), origin_has(&world, &desktop, "main"));
    let plan = desktop.json(&["save", "--dry-run", "one"]);
    let after = (desktop.standing(), world.objects(), origin_has(&world, &desktop, "main"));
    assert_eq!(after, before);
    let store = format!("put the sealed session into {}", world.store_url());
    let want = [
        "commit 1 changed file on main: \"one [ConvoSync]\"",
        "push to origin/main",
        &format!("save the claude-code conversation {ID}"),
        &store,
    ];
    assert_eq!(plan["steps"], Value::from(want.to_vec()), "{plan}");
    assert!(is_noted(&plan, "convosync::save::excluded"), "{plan}");
    assert_eq!(plan["decisions"], Value::Array(Vec::new()));
}

#[test]
fn a_warm_save_starts_at_most_eight_git_processes() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "one"]);
    desktop.write("app.js", "two\n");
    desktop.write("new.js", "new\n");
    desktop.talk(ID, 1);
    let calls = desktop.git_calls(&["save", "two"]);
    println!("a warm save: {} git processes\n{}", calls.len(), calls.join("\n"));
    assert!(calls.len() <= 8, "{calls:#?}");
}

/// The push begins before the session is kept here.
#[test]
fn a_commit_that_went_without_its_session_is_told_and_saved_by_the_same_command() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    let save = ["save", "more", "--json"];
    let work = |text: &str| desktop.write("README.md", text);
    work("one\n");
    desktop.ok(&save);
    work("two\n");
    let changes = desktop.changes(&save, Fault::IsFull);
    let push = changes.iter().position(|change| change.contains("\"push\"")).expect("a push");
    work("three\n");
    // Counted from 1, and the next one after it.
    let failed = desktop.faulty(&save, Fault::IsFull, push + 2).output().expect("the helper runs");
    assert!(!failed.status.success());
    let said = convosync_tests::told(&failed);
    assert!(said.contains("the commit is on origin/main; its session may not be saved"), "{said}");
    assert_eq!(origin_has(&world, &desktop, "main"), desktop.head());
    let saved = desktop.json(&save[..2]);
    assert_eq!((&saved["commit"], &saved["synced"]), (&desktop.head().into(), &true.into()));
    assert!(saved["committed"].is_null(), "{saved}");
}

#[test]
fn a_hook_of_the_push_may_save_too() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    let log = desktop.home.join("hook.log");
    let text = format!("'{}' save --no-code inner > '{}' 2>&1", helper().display(), log.display());
    hook(&desktop, "pre-push", &text);
    desktop.write("README.md", "more\n");
    let saved = desktop.json(&["save", "outer"]);
    let inner = fs::read_to_string(log).expect("the hook ran");
    assert_eq!(saved["pushed"], "origin/main", "{saved}\n{inner}");
    assert!(inner.contains("Ready to resume"), "{inner}");
    let log = desktop.json(&["log", saved["session_id"].as_str().expect("an id")]);
    let messages: Vec<_> =
        log.as_array().expect("rows").iter().map(|row| &row["message"]).collect();
    assert_eq!(messages, ["inner", "outer"], "{log}");
}
