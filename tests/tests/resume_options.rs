//! Where a session comes back to, how far its code goes, and what `--force` answers.

use std::fs;
use std::path::Path;

use convosync_tests::{Device, World, flags, text};
use serde_json::json;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The desktop saved `feature/oauth`; its session.
fn saved() -> (World, Device, Device, String) {
    World::pair_with_a_session(ID, &[("auth.js", "login\n")])
}

/// A commit on the session's branch that came after the save.
fn pushed_on(desktop: &Device) -> String {
    desktop.write("later.js", "later\n");
    desktop.git(&["add", "later.js"]);
    desktop.git(&["commit", "-qm", "later"]);
    desktop.git(&["push", "-q"]);
    desktop.head()
}

#[test]
fn a_work_tree_is_named_and_has_to_be_of_the_same_repository() {
    let (world, desktop, laptop, session) = saved();
    let second = text(&laptop.home.join("second"));
    laptop.git_in(&laptop.home, &["clone", "-q", &text(&world.origin()), &second]);
    let report = laptop.json(&["resume", &session, "--into", &second, "--switch-branch"]);
    assert_eq!(report["working_directory"], second.as_str(), "{report}");
    let there = |args: &[&str]| laptop.git_in(Path::new(&second), args);
    assert_eq!(there(&["rev-parse", "HEAD"]), desktop.head());
    assert_eq!(laptop.git(&["branch", "--show-current"]), "main", "the clone here stays");

    let other = text(&laptop.home.join("other"));
    laptop.git_in(&laptop.home, &["init", "-q", &other]);
    let into = |directory: &str, code: &str| {
        laptop.refuses(&["resume", &session, "--into", directory], code)
    };
    into(&other, "convosync::resume::other-repository");
    let home = text(&laptop.home);
    let refused = into(&home, "convosync::resume::no-work-tree");
    assert!(refused["help"].to_string().contains("--clone DIR"), "{refused}");
}

#[test]
fn of_several_clones_elsewhere_one_is_chosen() {
    let (world, _desktop, laptop, session) = saved();
    laptop.ok(&["resume", &session, "--switch-branch"]);
    let second = text(&laptop.home.join("second"));
    laptop.git_in(&laptop.home, &["clone", "-q", &text(&world.origin()), &second]);
    let home = text(&laptop.home);
    // One clone is known: nobody is asked.
    let report = laptop.json(&["-C", &home, "resume", &session]);
    assert_eq!(report["working_directory"], text(&laptop.work_tree).as_str(), "{report}");

    laptop.ok(&["resume", &session, "--into", &second, "--switch-branch"]);
    let decision = laptop.asks(&["-C", &home, "resume", &session]);
    assert_eq!(decision["question"], "clone", "{decision}");
    let flags = flags(&decision);
    let into = |directory: &str| format!("--into {directory}");
    // Each of them, and to cancel.
    assert_eq!(flags.len(), 3, "{decision}");
    for directory in [&second, &text(&laptop.work_tree)] {
        assert!(flags.contains(&into(directory).as_str()), "{decision}");
    }
    let plan = laptop.json(&["-C", &home, "resume", &session, "--dry-run"]);
    assert_eq!(plan["decisions"][0]["question"], "clone", "{plan}");
    let report = laptop.json(&["-C", &home, "resume", &session, "--into", &second]);
    assert_eq!(report["working_directory"], second.as_str(), "{report}");
    fs::remove_dir_all(&second).expect("removed");
    let report = laptop.json(&["-C", &home, "resume", &session]);
    assert_eq!(report["working_directory"], text(&laptop.work_tree).as_str(), "{report}");
}

#[test]
fn pull_goes_on_to_what_the_remote_has_if_that_only_adds() {
    let (_world, desktop, laptop, session) = saved();
    let saved = desktop.head();
    let later = pushed_on(&desktop);
    let report = laptop.json(&["resume", &session, "--switch-branch"]);
    assert_eq!((laptop.head(), &report["pulled"]), (saved.clone(), &json!(0)), "{report}");
    let plan = laptop.json(&["resume", &session, "--pull", "--dry-run"]);
    assert!(plan["steps"].to_string().contains("fetch feature/oauth"), "{plan}");
    let report = laptop.json(&["resume", &session, "--pull"]);
    assert_eq!((laptop.head(), &report["pulled"]), (later.clone(), &json!(1)), "{report}");
    assert_eq!(laptop.json(&["list"])[0]["state"], "synced", "the branch has gone on, no more");
    // What is uncommitted is asked about before anything moves.
    laptop.git(&["reset", "-q", "--hard", &saved]);
    laptop.write("auth.js", "mine\n");
    assert_eq!(laptop.asks(&["resume", &session, "--pull"])["question"], "dirty");
    laptop.git(&["checkout", "-q", "--", "auth.js"]);

    // The remote's branch has gone another way than the one here: that is told.
    laptop.write("mine.js", "mine\n");
    laptop.git(&["add", "mine.js"]);
    laptop.git(&["commit", "-qm", "mine"]);
    let mine = laptop.head();
    let report = laptop.json(&["resume", &session, "--pull", "--on-diverged", "merge"]);
    assert_eq!(laptop.head(), mine);
    let notes = report["notes"].to_string();
    assert!(notes.contains("convosync::resume::not-pulled"), "{report}");
}

#[test]
fn without_a_pull_what_is_here_or_in_the_session_has_to_do() {
    let (_world, desktop, laptop, session) = saved();
    let no_pull = ["resume", &session, "--no-pull", "--switch-branch"];
    assert_eq!(laptop.asks(&no_pull)["question"], "commit-missing");
    let remote = laptop.git(&["for-each-ref", "--format=%(refname)", "refs/remotes"]);
    assert!(!remote.contains("oauth"), "nothing was fetched: {remote}");
    desktop.write("auth.js", "login\ngoogle\n");
    desktop.ok(&["save", "--no-push", "google"]);
    // The newest commit travels with the session, but not what it builds on.
    laptop.git(&["fetch", "-q"]);
    let report = laptop.json(&no_pull);
    assert_eq!((laptop.head(), &report["fetched"]), (desktop.head(), &json!(false)), "{report}");
}

#[test]
fn force_asks_nothing_and_loses_nothing() {
    let (_world, desktop, laptop, session) = saved();
    laptop.ok(&["resume", &session, "--switch-branch"]);
    laptop.write("auth.js", "login\nmine\n");
    laptop.git(&["commit", "-qam", "mine"]);
    let mine = laptop.head();
    laptop.git(&["switch", "-q", "main"]);
    laptop.write("README.md", "changed\n");
    desktop.write("auth.js", "login\ngoogle\n");
    desktop.ok(&["save", "google"]);

    let plan = laptop.json(&["resume", &session, "--force", "--dry-run"]);
    assert_eq!(plan["decisions"], json!([]), "{plan}");
    let report = laptop.json(&["resume", &session, "--force"]);
    assert_eq!((laptop.head(), &report["in_step"]), (desktop.head(), &json!(true)), "{report}");
    let parked = report["parked"].as_array().expect("notes").clone();
    let codes: Vec<_> = parked.iter().map(|note| note["code"].clone()).collect();
    assert_eq!(codes, ["convosync::resume::parked", "convosync::resume::kept"], "{report}");
    // All of it can be had again.
    laptop.shell(parked[1]["help"].as_str().expect("a command"));
    assert_eq!(laptop.head(), mine);
    laptop.git(&["switch", "-q", "main"]);
    laptop.shell(parked[0]["help"].as_str().expect("a command"));
    assert_eq!(laptop.read("README.md"), "changed\n");

    // An answer that is given counts for more.
    let stayed = laptop.json(&["resume", &session, "--force", "--stay-on-branch"]);
    assert_eq!(
        (laptop.git(&["branch", "--show-current"]).as_str(), &stayed["in_step"]),
        ("main", &json!(false))
    );
}

#[test]
fn force_never_chooses_between_two_devices() {
    let (_world, desktop, laptop, session) = saved();
    laptop.ok(&["resume", &session, "--switch-branch"]);
    laptop.talk(ID, 1);
    desktop.talk(ID, 2);
    desktop.ok(&["save", "on the desktop"]);
    laptop.ok(&["save", "on the laptop"]);
    assert_eq!(laptop.asks(&["resume", &session, "--force"])["question"], "conflict");
}

#[test]
fn an_ignored_file_is_not_overwritten_by_force_either() {
    let (_world, desktop, laptop, session) = saved();
    desktop.write("run.log", "theirs\n");
    desktop.ok(&["save", "with a log"]);
    fs::write(laptop.work_tree.join(".git/info/exclude"), "*.log\n").expect("written");
    laptop.write("run.log", "mine\n");
    laptop.refuses(&["resume", &session, "--force"], "convosync::resume::in-the-way");
}

#[test]
fn off_a_terminal_the_assistant_is_named_and_not_started() {
    let (_world, desktop, laptop, session) = saved();
    let plan = laptop.json(&["resume", &session, "--run", "--dry-run"]);
    let last = plan["steps"].as_array().and_then(|steps| steps.last()).expect("steps");
    assert_eq!(last, &json!(format!("start `claude --resume {ID}` there")), "{plan}");
    let report = laptop.json(&["resume", &session, "--run", "--switch-branch"]);
    assert_eq!(report["run"], json!(["claude", "--resume", ID]), "{report}");
    let output = laptop.run(&["resume", &session, "--run"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("not started, since there is no terminal: claude --resume"), "{told}");
    // Open elsewhere, it is not to be opened twice.
    desktop.talk(ID, 1);
    desktop.ok(&["save", "more"]);
    let _holder = laptop.opens(ID);
    let report = laptop.json(&["resume", &session, "--run", "--on-live", "code-only"]);
    assert_eq!(report["run"], json!([]), "{report}");
}
