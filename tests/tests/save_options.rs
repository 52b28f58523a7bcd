//! What a save may be told: on which branch, what to leave out, what to call it, what to pass over.

use std::fs::{self, File};

use convosync_tests::{Device, World, is_noted, note};
use serde_json::{Value, json};

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn on(device: &Device) -> String {
    device.git(&["symbolic-ref", "--short", "HEAD"])
}

fn at_origin(world: &World, device: &Device, branch: &str) -> String {
    let reference = format!("refs/heads/{branch}");
    device.git_in(&world.origin(), &["for-each-ref", "--format=%(objectname)", &reference])
}

/// All that a refused save must leave as it was.
fn state(device: &Device) -> [String; 4] {
    [
        device.git(&["for-each-ref"]),
        device.git(&["status", "--porcelain=v2", "--branch", "--untracked-files=all"]),
        device.git(&["diff"]),
        device.git(&["diff", "--cached"]),
    ]
}

#[track_caller]
fn refused(device: &Device, args: &[&str], code: &str) -> Value {
    let before = state(device);
    let failure = device.refuses(args, code);
    assert_eq!(state(device), before, "{failure}");
    failure
}

fn lines(device: &Device) -> Vec<String> {
    let text = fs::read_to_string(device.transcript(ID)).expect("a transcript");
    // Checkpoints name the work tree, which is another one on every device.
    let text = text.replace(device.work_tree.to_str().expect("UTF-8"), "//work-tree");
    text.lines().map(str::to_owned).collect()
}

/// A file of so many bytes that takes no room.
fn large(device: &Device, path: &str, bytes: u64) {
    let file = File::create(device.work_tree.join(path)).expect("a file");
    file.set_len(bytes).expect("a sparse file");
}

#[test]
fn a_branch_is_made_committed_on_and_pushed_and_the_work_tree_stays_on_it() {
    let (world, desktop, laptop) = World::pair();
    let main = desktop.head();
    desktop.write("README.md", "changed\n");
    desktop.write("new.js", "new\n");
    desktop.git(&["add", "new.js"]);
    desktop.talk(ID, 1);
    let told = desktop.json(&["save", "--dry-run", "-b", "feature/oauth", "x"]);
    assert_eq!(
        told["steps"][0],
        format!("make branch feature/oauth at {} and switch to it", &main[..7])
    );
    assert_eq!((on(&desktop), desktop.head()), ("main".to_owned(), main.clone()));

    let saved = desktop.json(&["save", "-b", "feature/oauth", "x"]);
    assert_eq!(saved["previous_branch"], "main", "{saved}");
    assert_eq!(saved["branch"], "feature/oauth");
    assert_eq!(saved["pushed"], "origin/feature/oauth");
    assert_eq!((saved["modified_files"].clone(), saved["new_files"].clone()), (json!(1), json!(1)));
    assert_eq!(on(&desktop), "feature/oauth");
    assert_eq!(desktop.git(&["rev-parse", "main"]), main, "main did not move");
    assert_eq!(at_origin(&world, &desktop, "feature/oauth"), desktop.head());
    assert_eq!(at_origin(&world, &desktop, "main"), main);
    assert_eq!(desktop.git(&["rev-parse", "HEAD^"]), main);
    let back = laptop.json(&["resume", "--switch-branch"]);
    assert_eq!(
        (on(&laptop), laptop.head()),
        ("feature/oauth".to_owned(), desktop.head()),
        "{back}"
    );

    // Nothing to commit: the branch is made, pushed, and the work tree is on it all the same.
    let saved = desktop.json(&["save", "--branch", "fix", "y"]);
    assert_eq!((saved["committed"].clone(), on(&desktop)), (Value::Null, "fix".to_owned()));
    assert_eq!(at_origin(&world, &desktop, "fix"), desktop.head(), "{saved}");
    // On its own branch the option changes nothing.
    let saved = desktop.json(&["save", "-b", "fix", "z"]);
    assert_eq!((saved["previous_branch"].clone(), on(&desktop)), (Value::Null, "fix".to_owned()));
}

#[test]
fn changes_are_carried_over_to_a_branch_that_is_there() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    desktop.git(&["switch", "-qc", "other"]);
    desktop.write("theirs.txt", "theirs\n");
    desktop.git(&["add", "."]);
    desktop.git(&["commit", "-qm", "theirs"]);
    let other = desktop.head();
    desktop.git(&["switch", "-q", "main"]);
    let main = desktop.head();
    desktop.write("README.md", "mine\n");
    desktop.write("mine.txt", "mine\n");
    let saved = desktop.json(&["save", "-b", "other", "x"]);
    assert_eq!(
        (on(&desktop), saved["pushed"].clone()),
        ("other".to_owned(), json!("origin/other"))
    );
    assert_eq!(desktop.git(&["rev-parse", "HEAD^", "main"]), format!("{other}\n{main}"));
    let files = desktop.git(&["show", "--name-only", "--format=", "HEAD"]);
    assert_eq!(files, "README.md\nmine.txt", "only what was changed here is in the commit");
}

#[test]
fn what_a_switch_would_lose_is_refused_before_anything_is_changed() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    desktop.git(&["switch", "-qc", "other"]);
    desktop.write("README.md", "theirs\n");
    desktop.write("untracked.txt", "theirs\n");
    desktop.git(&["add", "."]);
    desktop.git(&["commit", "-qm", "theirs"]);
    desktop.git(&["switch", "-q", "main"]);
    let conflict = "convosync::save::branch-conflict";
    for (path, staged) in [("README.md", false), ("README.md", true), ("untracked.txt", false)] {
        desktop.write(path, "mine\n");
        if staged {
            desktop.git(&["add", path]);
        }
        for args in [&["save", "-b", "other", "x"][..], &["save", "-b", "other", "--dry-run", "x"]]
        {
            let failure = refused(&desktop, args, conflict);
            assert!(failure["message"].to_string().contains(path), "{failure}");
        }
        refused(&desktop, &["save", "--force", "-b", "other", "x"], conflict);
        desktop.git(&["reset", "-q", "--hard"]);
        desktop.git(&["clean", "-qfd"]);
    }
    assert_eq!(desktop.json(&["list"]), json!([]));
}

#[test]
fn a_branch_of_the_remote_is_gone_on_with_and_not_begun_anew() {
    let (world, desktop, laptop) = World::pair();
    laptop.write("theirs.txt", "theirs\n");
    laptop.json(&["save", "-b", "shared", "theirs"]);
    desktop.git(&["fetch", "-q"]);
    desktop.write("mine.txt", "mine\n");
    let saved = desktop.json(&["save", "-b", "shared", "mine"]);
    assert_eq!(saved["pushed"], "origin/shared", "{saved}");
    assert_eq!(desktop.git(&["rev-parse", "HEAD^"]), laptop.head());
    assert_eq!(at_origin(&world, &desktop, "shared"), desktop.head());
    assert_eq!(desktop.git(&["rev-parse", "--abbrev-ref", "@{u}"]), "origin/shared");
}

#[test]
fn branches_that_can_not_be_are_refused() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    desktop.write("app.js", "x\n");
    for name in ["a b", "a..b", "-x", "HEAD", "a.lock", "", "x\u{1b}[2J", "a/"] {
        let option = format!("--branch={name}");
        refused(&desktop, &["save", &option, "x"], "convosync::save::branch-name");
    }
    let tree = desktop.home.join("beside");
    let tree = tree.to_str().expect("UTF-8");
    desktop.git(&["worktree", "add", "-q", "-b", "busy", tree]);
    let failure =
        refused(&desktop, &["save", "-b", "busy", "x"], "convosync::git::branch-elsewhere");
    assert!(failure["message"].to_string().contains(tree), "{failure}");
    // Git's own words where a branch stands in the way of another.
    let output = desktop.run(&["save", "-b", "busy/below", "x"]);
    assert!(!output.status.success());
    assert_eq!(on(&desktop), "main");
    desktop.ok(&["config", "set", "sync_branches", "main"]);
    refused(&desktop, &["save", "-b", "other", "x"], "convosync::save::branch-not-synced");
    let saved = desktop.json(&["save", "-b", "other", "--force", "x"]);
    assert_eq!(saved["branch"], "other");
}

#[test]
fn a_branch_is_the_way_out_of_a_detached_head_and_its_commits_are_kept() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    desktop.git(&["branch", "old"]);
    desktop.git(&["switch", "-q", "--detach"]);
    desktop.write("app.js", "one\n");
    desktop.json(&["save", "-b", "rescued", "x"]);
    assert_eq!((on(&desktop), desktop.read("app.js")), ("rescued".to_owned(), "one\n".to_owned()));

    desktop.git(&["switch", "-q", "--detach"]);
    desktop.write("lost.js", "lost\n");
    desktop.git(&["add", "."]);
    desktop.git(&["commit", "-qm", "on no branch"]);
    let lonely = desktop.head();
    let saved = desktop.json(&["save", "-b", "old", "y"]);
    assert!(note(&saved, "convosync::save::head-kept").0.contains(&lonely[..7]), "{saved}");
    let kept = desktop.git(&["for-each-ref", "--format=%(objectname)", "refs/convosync/park"]);
    assert_eq!((on(&desktop), kept), ("old".to_owned(), lonely));
}

#[test]
fn a_repository_without_a_commit_takes_a_branch_too() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    desktop.git(&["switch", "-q", "--orphan", "void"]);
    desktop.write("app.js", "one\n");
    let saved = desktop.json(&["save", "-b", "fresh", "first"]);
    assert_eq!(
        (on(&desktop), saved["pushed"].clone()),
        ("fresh".to_owned(), json!("origin/fresh"))
    );
    assert_eq!(desktop.git(&["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn without_code_nothing_of_git_is_touched_whatever_its_state() {
    let (_world, desktop, laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let first = desktop.json(&["save", "with code"]);
    let session = first["session_id"].as_str().expect("an id");
    desktop.write("app.js", "two\n");
    desktop.talk(ID, 2);
    desktop.git(&["switch", "-q", "--detach"]);
    let before = state(&desktop);
    let saved = desktop.json(&["save", "--no-code", "only talked"]);
    assert_eq!(state(&desktop), before);
    assert_eq!(saved["session_id"], *session);
    for absent in ["commit", "committed", "pushed", "branch"] {
        assert_eq!(saved[absent], Value::Null, "{absent}");
    }
    assert_eq!(saved["left_out"], json!(["code"]));
    let rows = desktop.json(&["log", session]);
    assert_eq!(rows[0]["holds"], json!(["conversation", "terminal"]));
    assert_eq!(rows[1]["holds"], json!(["code", "conversation", "terminal"]));

    let (head, dirty) = (laptop.head(), laptop.git(&["status", "--porcelain"]));
    let back = laptop.json(&["resume", session]);
    assert!(note(&back, "convosync::resume::left-out").0.contains("the code"), "{back}");
    assert_eq!((laptop.head(), laptop.git(&["status", "--porcelain"])), (head, dirty));
    assert!(lines(&laptop).len() > 2, "the conversation came");

    // The session has its code still: the next save goes on from both.
    let report = laptop.json(&["save", "again with code"]);
    assert_eq!(
        (report["session_id"].as_str(), report["new_session"].clone()),
        (Some(session), json!(false))
    );
}

#[test]
fn a_session_is_found_by_its_branch_though_its_newest_save_holds_no_code() {
    let (_world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    desktop.json(&["save", "with code"]);
    let found = |branch: &str| laptop.json(&["list", "--branch", branch]);
    for state in ["switch -q feature/oauth", "switch -q --detach", "switch -q -c other"] {
        desktop.git(&state.split(' ').collect::<Vec<_>>());
        desktop.talk(ID, 1);
        desktop.json(&["save", "--no-code", state]);
        let branch = if state.ends_with("other") { "other" } else { "feature/oauth" };
        let rows = found(branch);
        assert_eq!((&rows[0]["message"], &rows[0]["branch"]), (&state.into(), &branch.into()));
        assert_eq!(rows[0]["holds"], json!(["conversation", "terminal"]), "{rows}");
        assert_eq!(found("main"), json!([]));
    }
    // What is not brought back is not promised.
    let clone = laptop.home.join("clone");
    let clone = clone.to_str().expect("UTF-8");
    let session = found("other")[0]["session_id"].as_str().expect("an id").to_owned();
    let home = laptop.home.to_str().expect("UTF-8");
    let plan = laptop.ok(&["-C", home, "resume", &session, "--clone", clone, "--dry-run"]);
    assert!(plan.contains("clone ") && !plan.contains("switch to branch"), "{plan}");
}

#[test]
fn what_is_not_pushed_stays_as_safe_when_the_next_save_leaves_the_code_out() {
    let (_world, desktop, laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "--no-push", "kept back"]);
    let session = saved["session_id"].as_str().expect("an id");
    let commit = desktop.head();
    desktop.talk(ID, 2);
    desktop.json(&["save", "--no-code", "talked"]);
    desktop.json(&["sync"]);
    assert_eq!(
        desktop.git(&["ls-remote", "origin", "main"]).split('\t').next(),
        Some(laptop.head().as_str()),
        "--no-push holds"
    );
    let first = saved["save"].as_str().expect("an id");
    laptop.json(&["resume", session, "--at", first]);
    assert_eq!(laptop.head(), commit);
}

#[test]
fn what_is_left_out_is_not_in_the_store_and_the_session_keeps_what_it_had() {
    let (world, desktop, laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let first = desktop.json(&["save", "all of it"]);
    let session = first["session_id"].as_str().expect("an id");
    let whole = lines(&desktop);
    desktop.write("app.js", "two\n");
    desktop.talk(ID, 40);
    let objects = world.objects().len();
    let saved = desktop.json(&["save", "--no-conversation", "--no-terminal", "code only"]);
    assert_eq!(saved["left_out"], json!(["conversation", "terminal"]));
    assert_eq!(
        (saved["conversation_id"].clone(), saved["message_count"].clone()),
        (Value::Null, json!(0))
    );
    assert_eq!(world.objects().len(), objects + 1);
    let row = &desktop.json(&["list"])[0];
    assert_eq!(
        (row["holds"].clone(), row["conversation_id"].clone(), row["size"].clone()),
        (json!(["code"]), Value::Null, json!(0))
    );
    assert_eq!(row["working_directory"], *desktop.work_tree.to_str().expect("UTF-8"));

    let back = laptop.json(&["resume", session]);
    assert_eq!(laptop.head(), desktop.head());
    assert_eq!(back["conversation_id"], Value::Null, "{back}");
    assert!(!laptop.transcript(ID).exists());
    assert!(is_noted(&back, "convosync::resume::left-out"), "{back}");
    // The next save with the conversation goes on from the one that the session kept.
    desktop.json(&["save", "talk again"]);
    laptop.json(&["resume", session]);
    let ids = |lines: &[String]| -> Vec<String> {
        let ids = lines.iter().filter_map(|line| line.split("\"uuid\":\"").nth(1));
        ids.map(|rest| rest[..36].to_owned()).collect()
    };
    let back = lines(&laptop);
    assert_eq!(ids(&back[..whole.len()]), ids(&whole));
    assert_eq!(ids(&back), ids(&lines(&desktop)));
}

#[test]
fn something_has_to_be_left_to_save() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    desktop.write("app.js", "x\n");
    let none = ["save", "--no-code", "--no-conversation", "--no-terminal", "x"];
    refused(&desktop, &none, "convosync::save::nothing");
    let home = desktop.home.display().to_string();
    desktop.refuses(&["-C", &home, "save", "--no-code", "x"], "convosync::git::not-a-repository");
    let output = desktop.run(&["save", "-b", "x", "--no-code", "y"]);
    assert_eq!(output.status.code(), Some(2), "they contradict each other");
}

#[test]
fn a_title_stays_with_the_session_until_it_gets_another() {
    let (_world, desktop, laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "--title", "Login flow", "step one"]);
    assert_eq!(saved["title"], "Login flow");
    desktop.write("app.js", "two\n");
    desktop.json(&["save", "step two"]);
    let row = &laptop.json(&["list"])[0];
    assert_eq!(
        (row["title"].clone(), row["message"].clone()),
        (json!("Login flow"), json!("step two"))
    );
    assert!(laptop.ok(&["list"]).contains("   Login flow\n   \"step two\""));
    desktop.json(&["save", "--title", "", "step three"]);
    assert_eq!(desktop.json(&["list"])[0]["title"], Value::Null);
    for title in ["two\nlines", &"x".repeat(201)] {
        desktop.refuses(&["save", "--title", title, "x"], "convosync::save::title");
    }
}

#[test]
fn a_large_file_is_told_and_a_too_large_one_stops_before_the_commit() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    fs::create_dir(desktop.work_tree.join("assets")).expect("a folder");
    large(&desktop, "assets/film.mp4", 50_000_001);
    let saved = desktop.json(&["save", "--no-push", "a film"]);
    let (text, _) = note(&saved, "convosync::save::large-files");
    assert!(text.contains("assets/film.mp4 (50.0 MB)"), "{text}");

    large(&desktop, "assets/long film\n.mp4", 123_456_789);
    large(&desktop, "small.bin", 50_000_000);
    let failure = refused(&desktop, &["save", "--no-push", "x"], "convosync::save::large-file");
    let text = failure["message"].as_str().expect("text");
    assert!(text.contains(".mp4 (123.4 MB)") && !text.contains("small.bin"), "{text}");
    assert!(failure["help"].to_string().contains("--force"), "{failure}");
    // What LFS keeps elsewhere does not count.
    desktop.git(&["config", "filter.lfs.clean", "cat"]);
    desktop.write(".gitattributes", "*.mp4 filter=lfs -text\n");
    desktop.json(&["save", "--dry-run", "--no-push", "x"]);
    desktop.write(".gitattributes", "*.mp4 -text\n");
    desktop.refuses(&["save", "--dry-run", "--no-push", "x"], "convosync::save::large-file");
    desktop.json(&["save", "--dry-run", "--no-push", "--force", "x"]);
    // A conversation can be saved all the same.
    desktop.json(&["save", "--no-code", "x"]);
}

#[test]
fn of_several_conversations_the_one_that_is_named_is_saved() {
    let (_world, desktop, laptop) = World::pair();
    let older = "22222222-2222-4333-8444-555555555555";
    desktop.talk(older, 2);
    desktop.talk(ID, 1);
    let usual = desktop.json(&["save", "--no-code", "the newest"]);
    assert_eq!(usual["conversation_id"], ID, "{usual}");
    assert_eq!(usual["other_conversations"][0]["conversation_id"], older, "{usual}");

    let named = desktop.json(&["save", "--no-code", "--conversation", "2222", "the other one"]);
    assert_eq!(named["conversation_id"], older, "{named}");
    assert_ne!(named["session_id"], usual["session_id"], "a session has one main conversation");
    laptop.json(&["resume", named["session_id"].as_str().expect("an id")]);
    assert!(laptop.transcript(older).exists() && !laptop.transcript(ID).exists());

    let unknown = ["save", "--no-code", "--conversation", "3333", "none"];
    let (exit, failure) = desktop.fails(&unknown);
    assert_eq!((exit, &failure["code"]), (1, &"convosync::conversation::not-found".into()));
}

/// A session with a conversation that was resumed on the laptop.
fn on_both() -> (World, Device, Device, String) {
    let (world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "--no-code", "one"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    laptop.json(&["resume", &session]);
    (world, desktop, laptop, session)
}

fn state_of(device: &Device, session: &str) -> Value {
    let rows = device.json(&["list"]);
    let of = |row: &&Value| row["session_id"] == session;
    rows.as_array().expect("rows").iter().find(of).expect("the session")["state"].clone()
}

#[test]
fn a_session_that_is_named_again_is_gone_on_with_from_what_is_here_of_it() {
    let (_world, desktop, laptop, session) = on_both();
    let session = session.as_str();
    laptop.talk(ID, 2);
    laptop.json(&["save", "--no-code", "laptop went on"]);
    desktop.talk(ID, 2);
    assert_eq!(desktop.json(&["list"])[0]["message"], "laptop went on", "it is known");
    let named = |message: &str| {
        desktop.json(&["save", "--no-code", "--new", "in between"]);
        desktop.json(&["save", "--no-code", "--session", session, message]);
        state_of(&desktop, session)
    };
    assert_eq!(named("desktop went on"), "conflict", "the laptop's words are not here");

    let merged = desktop.json(&["resume", session, "--on-conflict", "merge"]);
    assert_eq!(merged["session_id"], session, "{merged}");
    desktop.talk(ID, 1);
    assert_eq!(named("with all of it"), "synced", "they are now");
}

/// A device that saved nothing in the session has no save of its own to go on from.
#[test]
fn who_names_a_session_without_what_was_said_in_it_stands_beside_it() {
    let (_world, desktop, laptop, session) = on_both();
    let session = session.as_str();
    desktop.talk(ID, 1);
    desktop.json(&["save", "--no-code", "desktop went on"]);
    assert_eq!(laptop.json(&["list"])[0]["message"], "desktop went on", "it is known");
    laptop.talk(ID, 3);
    laptop.json(&["save", "--no-code", "--new", "apart"]);
    laptop.json(&["save", "--no-code", "--session", session, "laptop went on"]);
    assert_eq!(state_of(&laptop, session), "conflict");
    assert_eq!(state_of(&desktop, session), "conflict");

    let merged = desktop.json(&["resume", session, "--on-conflict", "merge"]);
    assert_eq!(merged["session_id"], session, "{merged}");
    let text = std::fs::read_to_string(desktop.transcript(ID)).expect("it is here");
    assert!(text.contains("on laptop") && text.contains("on desktop"), "{text}");
    assert_eq!(state_of(&desktop, session), "synced");
}

/// Another conversation in front hides nothing of what the session holds of this one.
#[test]
fn what_a_head_holds_beside_its_main_conversation_counts_too() {
    const OTHER: &str = "22222222-2222-4333-8444-555555555555";
    let (_world, desktop, laptop, session) = on_both();
    let session = session.as_str();
    laptop.talk(ID, 2);
    laptop.json(&["save", "--no-code", "laptop went on"]);
    laptop.talk(OTHER, 1);
    let other = ["save", "--no-code", "--session", session, "--conversation", OTHER, "another"];
    laptop.json(&other);
    desktop.json(&["list"]);
    desktop.json(&["show", session]);
    desktop.json(&["save", "--no-code", "--new", "apart"]);
    desktop.talk(ID, 1);
    desktop.json(&["save", "--no-code", "--session", session, "--conversation", ID, "desktop too"]);
    assert_eq!(state_of(&desktop, session), "conflict");
}
