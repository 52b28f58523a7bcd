//! What is asked before a session comes back: nothing changes while it is open, each answer does
//! what it says, and what was put aside comes back with the command that was printed.

use std::fs;

use convosync_tests::{Device, World, flags, listed};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The desktop went on by a commit and a few messages after the laptop was on the same state.
fn apart() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "first"]);
    laptop.ok(&["resume"]);
    desktop.write("app.js", "one\ntwo\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "second"]);
    (world, desktop, laptop)
}

/// The command behind a note of what was put aside.
#[track_caller]
fn restore(report: &Value, code: &str) -> String {
    let note = listed(&report["parked"], code);
    let note = note.unwrap_or_else(|| panic!("{code} is not in {report}"));
    note["help"].as_str().expect("a command").to_owned()
}

/// Commits a file by hand.
fn commit(device: &Device, path: &str, contents: &str) -> String {
    device.write(path, contents);
    device.git(&["add", path]);
    device.git(&["commit", "-q", "-m", "by hand"]);
    device.head()
}

fn details(decision: &Value) -> String {
    let lines = decision["details"].as_array().expect("lines");
    lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

#[test]
fn changes_are_put_aside_and_come_back_and_secrets_stay_in_place() {
    let (_world, desktop, laptop) = apart();
    laptop.write("README.md", "staged\n");
    laptop.git(&["add", "README.md"]);
    laptop.write("README.md", "staged and more\n");
    laptop.write("docs/new ü.md", "untracked\n");
    laptop.write(".env", "SECRET=1\n");
    laptop.write("certs/server.pem", "key\n");
    let dirty = laptop.git(&["status", "--porcelain"]);

    let decision = laptop.asks(&["resume"]);
    assert_eq!(decision["question"], "dirty");
    let want = ["--on-dirty stash", "--on-dirty commit", "--on-dirty cancel"];
    assert_eq!(flags(&decision), want);
    assert!(details(&decision).contains("docs/new ü.md (new file)"), "{decision}");
    assert!(!details(&decision).contains(".env"), "{decision}");
    laptop.refuses(&["resume", "--on-dirty", "cancel"], "convosync::cancelled");

    let report = laptop.json(&["resume", "--on-dirty", "stash"]);
    assert_eq!(report["in_step"], true, "{report}");
    assert_eq!(laptop.head(), desktop.head());
    assert_eq!(laptop.read("README.md"), "hello\n");
    assert_eq!(
        (laptop.read(".env"), laptop.read("certs/server.pem")),
        ("SECRET=1\n".into(), "key\n".into())
    );
    laptop.shell(&restore(&report, "convosync::resume::parked"));
    assert_eq!(laptop.git(&["status", "--porcelain"]), dirty);
    assert_eq!(laptop.read("README.md"), "staged and more\n");
    assert_eq!(laptop.git(&["show", ":README.md"]), "staged");
}

#[test]
fn a_secret_alone_is_no_change_but_is_noticed_in_the_way() {
    let (_world, desktop, laptop) = apart();
    laptop.write(".env", "mine\n");
    let status = laptop.json(&["status"]);
    assert_eq!(status["uncommitted"].as_array().map(Vec::len), Some(0), "{status}");
    desktop.write(".env", "theirs\n");
    desktop.git(&["add", "-f", ".env"]);
    desktop.ok(&["save", "with a secret"]);
    let failure = laptop.refuses(&["resume"], "convosync::resume::in-the-way");
    assert!(failure["message"].to_string().contains(".env"), "{failure}");
    laptop.write("README.md", "changed\n");
    laptop.refuses(&["resume", "--on-dirty", "stash"], "convosync::resume::in-the-way");
    laptop.refuses(
        &["resume", "--on-dirty", "commit", "--on-diverged", "merge"],
        "convosync::resume::in-the-way",
    );
    fs::rename(laptop.work_tree.join(".env"), laptop.home.join("env")).expect("moved");
    let report = laptop.json(&["resume", "--on-dirty", "stash"]);
    assert_eq!((report["in_step"].clone(), laptop.read(".env")), (true.into(), "theirs\n".into()));
}

#[test]
fn changes_are_committed_first_and_the_divergence_that_makes_is_asked_about() {
    let (_world, desktop, laptop) = apart();
    laptop.write("notes.txt", "mine\n");
    laptop.write(".env", "SECRET=1\n");
    let decision = laptop.asks(&["resume", "--on-dirty", "commit"]);
    assert_eq!(decision["question"], "diverged");
    assert_eq!(flags(&decision)[0], "--on-diverged merge");
    assert!(details(&decision).contains("Local:   1 commit ahead"), "{decision}");

    let before = laptop.head();
    laptop.json(&["resume", "--on-dirty", "commit", "--on-diverged", "merge"]);
    let parents = laptop.git(&["log", "-1", "--format=%P"]);
    let (mine, theirs) = parents.split_once(' ').expect("a merge");
    assert_eq!(theirs, desktop.head());
    assert_eq!(laptop.git(&["rev-parse", &format!("{mine}^")]), before);
    let files = laptop.git(&["show", "--name-only", "--format=", mine]);
    assert_eq!(files, "notes.txt", "the secret was not committed");
    assert_eq!(laptop.read("app.js"), "one\ntwo\n");
}

#[test]
fn changes_whose_commit_would_conflict_are_neither_merged_nor_committed_unasked() {
    let (_world, desktop, laptop) = apart();
    desktop.write("added.txt", "theirs\n");
    desktop.ok(&["save", "third"]);
    laptop.write("app.js", "one\nmine\n");
    laptop.write("added.txt", "mine\n");
    let decision = laptop.asks(&["resume", "--on-dirty", "commit"]);
    let ways = ["--on-diverged merge", "--on-diverged discard", "--on-diverged cancel"];
    assert_eq!(flags(&decision), ways);
    assert!(details(&decision).contains("• added.txt\n  • app.js"), "{decision}");
    let merge = ["resume", "--on-dirty", "commit", "--on-diverged", "merge"];
    assert_eq!(laptop.asks(&merge)["question"], "merge-conflict");

    let discard = ["resume", "--on-dirty", "commit", "--on-diverged", "discard"];
    let report = laptop.json(&discard);
    assert_eq!(laptop.head(), desktop.head());
    laptop.shell(&restore(&report, "convosync::resume::kept"));
    assert_eq!(
        (laptop.read("app.js"), laptop.read("added.txt")),
        ("one\nmine\n".into(), "mine\n".into())
    );
}

#[test]
fn a_hook_that_refuses_the_commit_of_changes_leaves_all_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let (_world, _desktop, laptop) = apart();
    laptop.write("notes.txt", "mine\n");
    let hook = laptop.work_tree.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    fs::write(&hook, "#!/bin/sh\necho no secrets >&2\nexit 1\n").expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("it can run");
    let both = ["resume", "--on-dirty", "commit", "--on-diverged", "merge"];
    let failure = laptop.refuses(&both, "convosync::git::hook");
    assert!(failure["message"].to_string().contains("no secrets"), "{failure}");
}

#[test]
fn another_branch_is_switched_to_or_stayed_on() {
    let (_world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    desktop.talk(ID, 2);
    desktop.ok(&["save", "login"]);
    laptop.write("notes.txt", "mine\n");

    let decision = laptop.asks(&["resume"]);
    assert_eq!(decision["question"], "branch");
    assert_eq!(flags(&decision), ["--switch-branch", "--stay-on-branch", ""]);

    let before = laptop.git(&["status", "--porcelain", "--branch"]);
    let stayed = laptop.json(&["resume", "--stay-on-branch"]);
    assert_eq!(
        (stayed["in_step"].clone(), stayed["switched_branch"].clone()),
        (false.into(), false.into())
    );
    assert_eq!(laptop.git(&["status", "--porcelain", "--branch"]), before);
    assert!(laptop.transcript(ID).exists(), "{stayed}");

    assert_eq!(laptop.asks(&["resume", "--switch-branch"])["question"], "dirty");
    let report = laptop.json(&["resume", "--switch-branch", "--on-dirty", "commit"]);
    assert_eq!(
        (report["in_step"].clone(), report["previous_branch"].clone()),
        (true.into(), "main".into())
    );
    assert_eq!(laptop.git(&["branch", "--show-current"]), "feature/oauth");
    assert_eq!(laptop.git(&["rev-parse", "feature/oauth@{u}"]), desktop.head());
    assert_eq!(laptop.git(&["show", "main:notes.txt"]), "mine");
}

#[test]
fn commits_on_both_sides_are_merged_or_kept_aside() {
    let (_world, desktop, laptop) = apart();
    let mine = commit(&laptop, "notes.txt", "mine\n");
    let decision = laptop.asks(&["resume"]);
    assert_eq!(decision["question"], "diverged");
    let want = ["--on-diverged merge", "--on-diverged discard", "--on-diverged cancel"];
    assert_eq!(flags(&decision), want);
    assert!(details(&decision).contains("Session: 1 commit ahead"), "{decision}");
    laptop.refuses(&["resume", "--on-diverged", "cancel"], "convosync::cancelled");

    let report = laptop.json(&["resume", "--on-diverged", "discard"]);
    assert_eq!((laptop.head(), report["in_step"].clone()), (desktop.head(), true.into()));
    laptop.shell(&restore(&report, "convosync::resume::kept"));
    assert_eq!(laptop.head(), mine);

    laptop.git(&["switch", "-q", "main"]);
    laptop.git(&["reset", "-q", "--hard", &mine]);
    laptop.json(&["resume", "--on-diverged", "merge"]);
    assert_eq!(laptop.git(&["log", "-1", "--format=%P"]), format!("{mine} {}", desktop.head()));
}

#[test]
fn commits_that_only_this_clone_has_stay_or_are_kept_aside() {
    let (_world, desktop, laptop) = apart();
    laptop.ok(&["resume"]);
    let mine = commit(&laptop, "notes.txt", "mine\n");
    let decision = laptop.asks(&["resume"]);
    assert_eq!(decision["question"], "diverged");
    assert_eq!(decision["title"], "Your Branch Is Ahead", "nothing has diverged: {decision}");
    assert!(details(&decision).contains("has the session's commit, and 1 commit more."));
    laptop.ok(&["resume", "--on-diverged", "merge"]);
    assert_eq!(laptop.head(), mine);
    let report = laptop.json(&["resume", "--on-diverged", "discard"]);
    assert_eq!(laptop.head(), desktop.head());
    laptop.shell(&restore(&report, "convosync::resume::kept"));
    assert_eq!(laptop.head(), mine);
}

#[test]
fn a_merge_that_would_conflict_is_not_begun_unasked_and_its_files_are_named() {
    let (_world, _desktop, laptop) = apart();
    commit(&laptop, "app.js", "one\nmine\n");
    let decision = laptop.asks(&["resume"]);
    let ways = ["--on-diverged merge", "--on-diverged discard", "--on-diverged cancel"];
    assert_eq!(flags(&decision), ways);
    assert!(details(&decision).contains("• app.js"), "{decision}");
    let asked = laptop.asks(&["resume", "--on-diverged", "merge"]);
    assert_eq!(asked["question"], "merge-conflict", "{asked}");
    assert!(details(&asked).contains("• app.js"), "{asked}");
}

#[test]
fn questions_come_one_by_one_and_all_answers_at_once_do_all() {
    let (_world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "login"]);
    laptop.ok(&["resume", "--switch-branch"]);
    desktop.write("auth.js", "login\ngoogle\n");
    desktop.ok(&["save", "google"]);
    let mine = commit(&laptop, "mine.js", "mine\n");
    laptop.git(&["switch", "-q", "main"]);
    laptop.write("README.md", "changed\n");
    laptop.write("auth.js", "untracked and in the way\n");

    assert_eq!(laptop.asks(&["resume"])["question"], "branch");
    assert_eq!(laptop.asks(&["resume", "--switch-branch"])["question"], "diverged");
    let two = ["resume", "--switch-branch", "--on-diverged", "merge"];
    assert_eq!(laptop.asks(&two)["question"], "dirty");
    let plan = laptop.json(&["resume", "--dry-run"]);
    let asked: Vec<_> = plan["decisions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|d| d["question"].clone())
        .collect();
    assert_eq!(asked, ["branch", "diverged", "dirty"]);

    let all = [&two[..], &["--on-dirty", "stash"]].concat();
    let report = laptop.json(&all);
    assert_eq!(laptop.git(&["log", "-1", "--format=%P"]), format!("{mine} {}", desktop.head()));
    assert_eq!(laptop.read("auth.js"), "login\ngoogle\n");
    laptop.git(&["switch", "-q", "main"]);
    laptop.shell(&restore(&report, "convosync::resume::parked"));
    assert_eq!(
        (laptop.read("README.md"), laptop.read("auth.js")),
        ("changed\n".into(), "untracked and in the way\n".into())
    );
}

#[test]
fn an_open_conversation_is_left_alone_or_forked() {
    let (_world, desktop, laptop) = apart();
    let before = fs::read(laptop.transcript(ID)).expect("a transcript");
    let holder = laptop.opens(ID);
    let decision = laptop.asks(&["resume"]);
    assert_eq!(decision["question"], "live");
    assert_eq!(flags(&decision), ["--on-live code-only", "--on-live fork", "--on-live cancel"]);
    assert!(details(&decision).contains(&format!("Process {} ", holder.pid())), "{decision}");
    assert!(details(&decision).contains("t1:@0.%0"), "{decision}");
    laptop.refuses(&["resume", "--on-live", "cancel"], "convosync::cancelled");

    let report = laptop.json(&["resume", "--on-live", "code-only"]);
    assert_eq!((laptop.head(), report["in_step"].clone()), (desktop.head(), false.into()));
    assert_eq!(fs::read(laptop.transcript(ID)).expect("a transcript"), before);

    let report = laptop.json(&["resume", "--on-live", "fork"]);
    let fork = report["conversation_id"].as_str().expect("an id");
    assert_ne!(fork, ID);
    assert!(report["open_with"].to_string().contains(fork), "{report}");
    let forked = fs::read_to_string(laptop.transcript(fork)).expect("a transcript");
    assert!(forked.contains("Answer 5 on desktop"), "{forked}");
    assert_eq!(fs::read(laptop.transcript(ID)).expect("a transcript"), before);

    drop(holder);
    let report = laptop.json(&["resume"]);
    assert_eq!(
        (report["in_step"].clone(), report["conversation_id"].clone()),
        (true.into(), ID.into())
    );
    assert!(fs::read(laptop.transcript(ID)).expect("a transcript").len() > before.len());
}

/// Both devices went on from the same save, in words alone.
fn two_heads() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    desktop.ok(&["save", "first"]);
    laptop.ok(&["resume"]);
    laptop.talk(ID, 1);
    desktop.talk(ID, 2);
    desktop.ok(&["save", "on the desktop"]);
    laptop.ok(&["save", "on the laptop"]);
    (world, desktop, laptop)
}

fn states(device: &Device) -> Vec<Value> {
    let rows = device.json(&["list"]);
    rows.as_array().expect("rows").iter().map(|row| row["state"].clone()).collect()
}

#[test]
fn of_two_heads_one_is_chosen_and_nothing_is_dropped() {
    let (_world, desktop, laptop) = two_heads();
    assert_eq!(
        (states(&desktop), states(&laptop)),
        (vec!["conflict".into()], vec!["conflict".into()])
    );
    let decision = laptop.asks(&["resume"]);
    assert_eq!(decision["question"], "conflict");
    let want = ["merge", "use-remote", "keep-local", "cancel"]
        .map(|choice| format!("--on-conflict {choice}"));
    assert_eq!(flags(&decision), want);
    laptop.refuses(&["resume", "--on-conflict", "cancel"], "convosync::cancelled");
    let plan = laptop.json(&["resume", "--dry-run"]);
    assert_eq!(plan["decisions"][0]["question"], "conflict", "{plan}");

    let mine = fs::read(laptop.transcript(ID)).expect("a transcript");
    let report = laptop.json(&["resume", "--on-conflict", "use-remote"]);
    let theirs = fs::read_to_string(laptop.transcript(ID)).expect("a transcript");
    assert!(theirs.contains("Answer 6 on desktop"), "{theirs}");
    assert_eq!((states(&desktop), states(&laptop)), (vec!["synced".into()], vec!["synced".into()]));

    laptop.shell(&restore(&report, "convosync::resume::parked-conversation"));
    let back = fs::read(laptop.transcript(ID)).expect("a transcript");
    assert!(back.starts_with(&mine), "all of it is back");

    let log = laptop.json(&["log", report["session_id"].as_str().expect("an id")]);
    let messages: Vec<_> =
        log.as_array().expect("rows").iter().map(|row| row["message"].to_string()).collect();
    assert!(messages.iter().any(|message| message.contains("on the laptop")), "{messages:?}");
}

#[test]
fn of_two_heads_the_local_one_is_kept() {
    let (_world, desktop, laptop) = two_heads();
    let mine = fs::read(laptop.transcript(ID)).expect("a transcript");
    let report = laptop.json(&["resume", "--on-conflict", "keep-local"]);
    assert_eq!(fs::read(laptop.transcript(ID)).expect("a transcript"), mine);
    assert_eq!(report["message"], "on the laptop", "{report}");
    let report = desktop.json(&["resume"]);
    assert_eq!(report["message"], "on the laptop", "{report}");
    desktop.shell(&restore(&report, "convosync::resume::parked-conversation"));
}

#[test]
fn a_choice_of_heads_that_leads_to_another_question_changes_nothing_yet() {
    let (_world, desktop, laptop) = two_heads();
    desktop.write("app.js", "theirs\n");
    desktop.ok(&["save", "with code"]);
    laptop.write("README.md", "changed\n");
    let decision = laptop.asks(&["resume", "--on-conflict", "use-remote"]);
    assert_eq!(decision["question"], "dirty");
    assert_eq!(states(&laptop), ["conflict"]);
    laptop.ok(&["resume", "--on-conflict", "use-remote", "--on-dirty", "stash"]);
    assert_eq!((states(&laptop), laptop.head()), (vec!["synced".into()], desktop.head()));
}

#[test]
fn without_the_commit_the_conversation_can_come_alone() {
    let (world, _desktop, laptop) = apart();
    // Somebody took the commit off the remote.
    let old = laptop.head();
    laptop.git_in(&world.origin(), &["update-ref", "refs/heads/main", &old]);
    laptop.git_in(&world.origin(), &["gc", "-q", "--prune=now"]);
    let decision = laptop.asks(&["resume"]);
    assert_eq!(decision["question"], "commit-missing");
    assert_eq!(flags(&decision), ["--on-missing cancel", "--on-missing conversation-only"]);
    assert!(details(&decision).contains("git pull origin main"), "{decision}");
    laptop.refuses(&["resume", "--on-missing", "cancel"], "convosync::cancelled");
    let report = laptop.json(&["resume", "--on-missing", "conversation-only"]);
    assert_eq!((report["in_step"].clone(), laptop.head()), (false.into(), old));
    let words = fs::read_to_string(laptop.transcript(ID)).expect("a transcript");
    assert!(words.contains("Answer 5 on desktop"), "{words}");
}
