//! Where a session comes back to, what is left alone there, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use convosync_tests::{Device, World, flags, text};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The desktop saved `feature/oauth` one commit ahead of `main`; its session.
fn saved() -> (World, Device, Device, String) {
    World::pair_with_a_session(ID, &[("auth.js", "login\n")])
}

/// Another repository than the session's, with a remote of its own.
fn another_repository(device: &Device) -> String {
    let tree = text(&device.home.join("other"));
    device.git_in(&device.home, &["init", "-q", &tree]);
    let tree_path = Path::new(&tree);
    device.git_in(tree_path, &["commit", "-q", "--allow-empty", "-m", "another start"]);
    device.git_in(tree_path, &["remote", "add", "origin", "git@git.example.org:user/other.git"]);
    tree
}

#[test]
fn where_there_is_no_clone_one_is_made_when_asked_for() {
    let (_world, desktop, mut laptop, session) = saved();
    fs::remove_dir_all(&laptop.work_tree).expect("removed");
    let refused = |device: &Device, args: &[&str], code: &str| {
        let (exit, failure) = device.fails(args);
        assert_eq!((exit, failure["code"].clone()), (1, code.into()), "{failure}");
        failure
    };
    laptop.work_tree = laptop.home.clone();
    refused(&laptop, &["resume"], "convosync::resume::which");
    let failure = refused(&laptop, &["resume", &session], "convosync::resume::no-clone");
    assert!(failure["help"].to_string().contains("--clone DIR"), "{failure}");

    let clone = ["resume", &session, "--clone", "work/new app"];
    let plan = laptop.json(&[&clone[..], &["--dry-run"]].concat());
    assert_eq!(plan["steps"][1], "switch to branch feature/oauth", "{plan}");
    assert!(!laptop.home.join("work").exists());
    fs::create_dir_all(laptop.home.join("full/of things")).expect("a folder");
    refused(&laptop, &["resume", &session, "--clone", "full"], "convosync::git::failed");
    assert!(!laptop.home.join("full/.git").exists());

    fs::create_dir_all(laptop.home.join("work/new app")).expect("an empty folder");
    let report = laptop.json(&clone);
    let again = laptop.json(&clone);
    assert_eq!(again["in_step"], true, "a clone that is there already will do: {again}");
    laptop.work_tree = laptop.home.join("work/new app");
    assert_eq!(report["working_directory"], text(&laptop.work_tree).as_str(), "{report}");
    assert_eq!((laptop.head(), report["in_step"].clone()), (desktop.head(), true.into()));
    assert_eq!(laptop.git(&["rev-parse", "--abbrev-ref", "@{u}"]), "origin/feature/oauth");
    assert!(laptop.transcript(ID).exists());

    // From now on this device knows the clone.
    let home = text(&laptop.home);
    let report = laptop.json(&["-C", &home, "resume", &session]);
    assert_eq!(report["working_directory"], text(&laptop.work_tree).as_str(), "{report}");
}

#[test]
fn another_repository_is_refused_unless_a_clone_is_known_elsewhere() {
    let (world, desktop, mut laptop, session) = saved();
    let other = another_repository(&laptop);
    let resume = ["-C", &other, "resume", &session];
    let failure = laptop.refuses(&resume, "convosync::resume::other-repository");
    let want = format!(
        "cannot resume session\n\nSession repository: {}\nCurrent repository: git@git.example.org:user/other.git\n\nThese are different projects!",
        world.origin().canonicalize().expect("it is there").display(),
    );
    assert_eq!(failure["message"], want.as_str());
    let none = laptop.refuses(&["-C", &other, "resume"], "convosync::resume::none-here");
    assert!(none["help"].to_string().contains("convosync list --all"), "{none}");

    laptop.ok(&["resume", "--switch-branch"]);
    desktop.write("auth.js", "login\ngoogle\n");
    desktop.ok(&["save", "google"]);
    let report = laptop.json(&resume);
    assert_eq!(report["working_directory"], text(&laptop.work_tree).as_str(), "{report}");
    assert_eq!(laptop.head(), desktop.head());
    fs::remove_dir_all(&laptop.work_tree).expect("removed");
    laptop.work_tree = other.into();
    laptop.refuses(&["resume", &session], "convosync::resume::other-repository");
}

#[test]
fn after_an_older_save_a_new_session_begins_unless_it_is_named() {
    let (_world, desktop, laptop, session) = saved();
    let log = desktop.json(&["log", &session]);
    let old = log[0]["save"].as_str().expect("a save").to_owned();
    let at = desktop.head();
    desktop.write("auth.js", "login\ngoogle\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "google"]);

    let report = laptop.json(&["resume", &session, "--at", &old, "--switch-branch"]);
    assert_eq!((laptop.head(), report["message"].clone()), (at, "login".into()));
    laptop.write("idea.js", "another way\n");
    let saved = laptop.json(&["save", "--no-push", "another way"]);
    assert_eq!(saved["new_session"], true, "{saved}");
    assert_ne!(saved["session_id"], session.as_str());

    laptop.ok(&["resume", &session, "--at", &old, "--on-diverged", "discard"]);
    let saved = laptop.json(&["save", "--no-push", "--session", &session, "back again"]);
    assert_eq!(
        (saved["new_session"].clone(), saved["session_id"].clone()),
        (false.into(), session.as_str().into())
    );
}

#[test]
fn where_the_save_was_made_and_a_second_time_nothing_is_left_to_do() {
    let (_world, desktop, laptop, session) = saved();
    desktop.write(".env", "SECRET=1\n");
    let before = desktop.standing();
    let report = desktop.json(&["resume", &session]);
    assert_eq!(desktop.standing(), before, "{report}");
    assert_eq!(
        (report["in_step"].clone(), report["parked"].as_array().map(Vec::len)),
        (true.into(), Some(0))
    );

    laptop.ok(&["resume", "--switch-branch"]);
    let before = laptop.standing();
    let report = laptop.json(&["resume"]);
    assert_eq!(laptop.standing(), before, "{report}");
    assert_eq!((report["in_step"].clone(), report["fetched"].clone()), (true.into(), false.into()));

    // Changes that nothing has to touch are left alone, and told.
    laptop.write("auth.js", "mine\n");
    let before = laptop.standing();
    let report = laptop.json(&["resume"]);
    assert_eq!(laptop.standing(), before, "{report}");
    assert_eq!(report["notes"][0]["code"], "convosync::resume::dirty", "{report}");
}

#[test]
fn a_detached_head_is_kept_when_it_is_left() {
    let (_world, desktop, laptop, _session) = saved();
    laptop.git(&["switch", "-q", "--detach"]);
    laptop.write("try.js", "a try\n");
    laptop.git(&["add", "try.js"]);
    laptop.git(&["commit", "-qm", "a try"]);
    let mine = laptop.head();
    let decision = laptop.asks(&["resume"]);
    assert_eq!((decision["question"].clone(), flags(&decision).len()), ("branch".into(), 3));
    laptop.write("README.md", "changed\n");
    let dirty = laptop.asks(&["resume", "--switch-branch"]);
    assert_eq!(
        flags(&dirty),
        ["--on-dirty stash", "--on-dirty cancel"],
        "there is no branch to commit on"
    );
    laptop.refuses(
        &["resume", "--switch-branch", "--on-dirty", "commit"],
        "convosync::resume::dirty-detached",
    );
    laptop.git(&["restore", "README.md"]);
    let stayed = laptop.json(&["resume", "--stay-on-branch"]);
    assert_eq!((laptop.head(), stayed["in_step"].clone()), (mine.clone(), false.into()));

    let report = laptop.json(&["resume", "--switch-branch"]);
    assert_eq!(laptop.head(), desktop.head());
    laptop.shell(report["parked"][0]["help"].as_str().expect("a command"));
    assert_eq!(laptop.head(), mine);
}

#[test]
fn an_ignored_file_in_the_way_is_never_overwritten() {
    let (_world, desktop, laptop, _session) = saved();
    desktop.write(".gitignore", "*.log\n");
    desktop.write("run.log", "theirs\n");
    desktop.git(&["add", "-f", "run.log"]);
    desktop.ok(&["save", "with a log"]);
    fs::write(laptop.work_tree.join(".git/info/exclude"), "*.log\n").expect("written");
    laptop.write("run.log", "mine\n");
    let failure = laptop.refuses(&["resume", "--switch-branch"], "convosync::resume::in-the-way");
    assert!(failure["message"].to_string().contains("• run.log"), "{failure}");
    laptop.write("run.log", "theirs\n");
    let report = laptop.json(&["resume", "--switch-branch"]);
    assert_eq!((laptop.head(), report["in_step"].clone()), (desktop.head(), true.into()));
}

#[test]
fn an_operation_in_progress_is_ended_first() {
    let (_world, _desktop, laptop, _session) = saved();
    laptop.git(&["switch", "-q", "-c", "other"]);
    laptop.write("README.md", "theirs\n");
    laptop.git(&["commit", "-qam", "theirs"]);
    laptop.git(&["switch", "-q", "main"]);
    laptop.write("README.md", "ours\n");
    laptop.git(&["commit", "-qam", "ours"]);
    let merged = laptop.git_command(&["merge", "other"]).output().expect("git runs");
    assert!(!merged.status.success());
    let merging = laptop.refuses(&["resume", "--switch-branch"], "convosync::resume::conflicts");
    assert!(merging["help"].to_string().contains("git merge --continue"), "{merging}");
    laptop.git(&["merge", "--quit"]);
    let failure = laptop.refuses(&["resume", "--switch-branch"], "convosync::resume::conflicts");
    let message = failure["message"].as_str().expect("text");
    assert_eq!(message, "cannot resume session due to conflicts in:\n  • README.md");
    assert_eq!(failure["message"], merging["message"]);
    laptop.git(&["reset", "-q", "--hard", "main~1"]);
    let rebased = laptop.git_command(&["rebase", "other"]).output().expect("git runs");
    assert!(rebased.status.success(), "nothing conflicts any more");
    laptop.write("README.md", "ours\n");
    laptop.git(&["commit", "-qam", "ours"]);
    laptop.git(&["branch", "-q", "-f", "third", "main~2"]);
    laptop.git(&["switch", "-q", "third"]);
    laptop.write("README.md", "third\n");
    laptop.git(&["commit", "-qam", "third"]);
    let rebased = laptop.git_command(&["rebase", "main"]).output().expect("git runs");
    assert!(!rebased.status.success());
    laptop.refuses(&["resume", "--switch-branch"], "convosync::git::in-progress");
}

#[test]
fn the_remote_that_the_session_was_pushed_to_is_asked() {
    let (world, desktop, laptop, _session) = saved();
    let fork = text(&world.path().join("fork.git"));
    desktop.git_in(world.path(), &["init", "-q", "--bare", &fork]);
    for device in [&desktop, &laptop] {
        device.git(&["remote", "add", "fork", &fork]);
    }
    desktop.git(&["switch", "-q", "-c", "feature/fork"]);
    desktop.git(&["push", "-q", "-u", "fork", "feature/fork"]);
    desktop.write("auth.js", "of the fork\n");
    let saved = desktop.json(&["save", "--new", "on the fork"]);
    assert_eq!(saved["pushed"], "fork/feature/fork", "{saved}");
    let session = saved["session_id"].as_str().expect("an id");
    let report = laptop.json(&["resume", session, "--switch-branch"]);
    assert_eq!((laptop.head(), report["in_step"].clone()), (desktop.head(), true.into()));
    assert_eq!(laptop.git(&["rev-parse", "--abbrev-ref", "@{u}"]), "fork/feature/fork");
}

#[test]
fn a_branch_that_was_merged_or_squashed_and_deleted_is_brought_back() {
    let (world, desktop, laptop, session) = saved();
    let commit = desktop.head();
    desktop.git(&["push", "-q", "origin", "feature/oauth:refs/pull/1/head"]);
    desktop.git(&["switch", "-q", "main"]);
    desktop.git(&["merge", "-q", "--squash", "feature/oauth"]);
    desktop.git(&["commit", "-qm", "login, squashed"]);
    desktop.git(&["push", "-q", "origin", "main", ":feature/oauth"]);
    laptop.ok(&["resume", &session, "--switch-branch"]);
    assert_eq!(laptop.head(), commit);

    // A server that gives branches alone still has it once it is merged.
    desktop.git(&["merge", "-q", "-m", "merged", "feature/oauth"]);
    desktop.git(&["push", "-q", "origin", "main"]);
    let tablet = world.next_device("tablet", "app");
    tablet.git(&["fetch", "-q"]);
    tablet.ok(&["resume", &session, "--switch-branch"]);
    assert_eq!(tablet.head(), commit);
}

#[test]
fn when_git_fails_halfway_what_was_put_aside_is_named() {
    let (_world, desktop, laptop, _session) = saved();
    laptop.write("README.md", "changed\n");
    let path = &laptop.env()["PATH"];
    let folder = laptop.home.join("failing");
    fs::create_dir_all(&folder).expect("a folder");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *\" switch \"*) echo 'fatal: the disk is on fire' >&2; exit 128;; esac\n\
         PATH='{path}' exec git \"$@\"\n"
    );
    fs::write(folder.join("git"), script).expect("a script");
    fs::set_permissions(folder.join("git"), fs::Permissions::from_mode(0o755)).expect("it can run");
    let args = ["resume", "--switch-branch", "--on-dirty", "stash", "--json"];
    let mut command = laptop.command(&args);
    let output =
        command.env("PATH", format!("{}:{path}", folder.display())).output().expect("it runs");
    let failure: Value = serde_json::from_slice(&output.stderr).expect("a failure");
    assert_eq!(failure["code"], "convosync::git::failed", "{failure}");
    let message = failure["message"].as_str().expect("text");
    assert!(message.contains("on fire") && message.contains("`git stash`"), "{message}");
    assert_eq!(laptop.read("README.md"), "hello\n");
    let help = failure["help"].as_str().expect("help");
    laptop.shell(help.lines().last().expect("a command"));
    assert_eq!(laptop.read("README.md"), "changed\n");

    laptop.ok(&args[..4]);
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn a_dry_run_tells_the_plan_and_changes_nothing_not_even_what_was_fetched() {
    let (world, desktop, laptop, session) = saved();
    let refs = || laptop.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
    let before = (laptop.standing(), refs(), world.objects());
    let plan = laptop.json(&["resume", "--dry-run"]);
    assert_eq!((laptop.standing(), refs(), world.objects()), before);
    let want = [
        "fetch feature/oauth from the git remote",
        "switch to branch feature/oauth",
        &format!("restore the claude-code conversation {ID} (6 messages)"),
        &format!("go to {}", laptop.work_tree.display()),
    ];
    assert_eq!(plan["steps"], Value::from(want.to_vec()), "{plan}");
    assert_eq!(plan["decisions"][0]["question"], "branch", "{plan}");

    laptop.ok(&["resume", "--switch-branch"]);
    desktop.write("auth.js", "login\ngoogle\n");
    desktop.ok(&["save", "google", "--no-push"]);
    laptop.write("auth.js", "mine\n");
    let before = (laptop.standing(), refs(), world.objects());
    let plan = laptop.json(&["resume", &session, "--dry-run"]);
    assert_eq!((laptop.standing(), refs(), world.objects()), before);
    let short = &desktop.head()[..7];
    let want = [
        "unpack the commits that travel with the session",
        "put your uncommitted changes aside (git stash)",
        &format!("move feature/oauth forward to {short}"),
    ];
    assert_eq!(plan["steps"].as_array().expect("steps")[..3], want.map(Value::from), "{plan}");
    assert_eq!(plan["decisions"][0]["question"], "dirty", "{plan}");
}

#[test]
fn a_warm_resume_starts_at_most_nine_git_processes_and_two_more_with_a_switch() {
    let (_world, desktop, laptop, _session) = saved();
    laptop.ok(&["resume", "--switch-branch"]);
    desktop.write("auth.js", "login\ngoogle\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "google"]);
    let calls = laptop.git_calls(&["resume"]);
    println!("a warm resume: {} git processes\n{}", calls.len(), calls.join("\n"));
    assert_eq!(laptop.head(), desktop.head());
    assert!(calls.len() <= 9, "{calls:#?}");

    laptop.git(&["switch", "-q", "main"]);
    desktop.write("auth.js", "login\ngithub\n");
    desktop.ok(&["save", "github"]);
    let calls = laptop.git_calls(&["resume", "--switch-branch"]);
    println!("with a switch: {} git processes\n{}", calls.len(), calls.join("\n"));
    assert_eq!(laptop.head(), desktop.head());
    assert!(calls.len() <= 11, "{calls:#?}");
}
