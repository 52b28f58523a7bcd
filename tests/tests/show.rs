//! A session is read: its messages, the code that they were written on, and whether that is here.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use convosync_tests::{Device, World, text};
use serde_json::{Value, json};

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// 2026-01-02T03:00:00Z, in seconds.
const MORNING: u64 = 1_767_322_800;

/// A prompt and its answer, at a time and on a branch.
fn say(device: &Device, time: &str, branch: &str, text: &str) {
    let path = device.transcript(ID);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut lines = fs::read_to_string(&path).unwrap_or_default();
    let count = lines.lines().count();
    let line = |n: usize, message: Value, kind: &str| {
        json!({"parentUuid": null, "isSidechain": false, "type": kind, "timestamp": time,
            "uuid": format!("00000000-0000-4000-8000-{:012x}", count + n), "cwd": "/w",
            "sessionId": ID, "version": "2.1.328", "gitBranch": branch, "message": message})
    };
    let prompt = line(0, json!({"role": "user", "content": text}), "user");
    let answer = json!({"id": format!("msg_{count}"), "role": "assistant", "content": [
        {"type": "text", "text": format!("Answer to: {text}")},
        {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "cargo test"}}]});
    lines += &format!("{prompt}\n{}\n", line(1, answer, "assistant"));
    fs::write(path, lines).expect("a transcript");
}

/// A little later than all that git has recorded so far.
fn soon() -> String {
    let format = ["-u", "-d", "+1 minute", "+%Y-%m-%dT%H:%M:%S.000Z"];
    let output = Command::new("date").args(format).output().expect("there is a date");
    String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
}

/// The desktop began on `main`, branched, and saved. Gives the commits of both, and the session.
fn saved() -> (World, Device, Device, [String; 2], String) {
    let (world, desktop, laptop) = World::pair();
    let start = desktop.head();
    let log: PathBuf = desktop.work_tree.join(".git/logs/HEAD");
    let zero = "0".repeat(40);
    fs::write(log, format!("{zero} {start} a <a@b> {MORNING} +0000\tcommit: start\n"))
        .expect("git's record of HEAD");
    say(&desktop, "2026-01-02T03:01:00.000Z", "main", "Help me implement OAuth");
    let mut branch = desktop.git_command(&["switch", "-q", "-c", "feature/oauth"]);
    let at = format!("{} +0000", MORNING + 180);
    assert!(branch.env("GIT_COMMITTER_DATE", at).status().expect("git runs").success());
    say(&desktop, "2026-01-02T03:05:00.000Z", "feature/oauth", "Add the Google provider");
    desktop.write("auth.js", "login\n");
    let saved = desktop.json(&["save", "Implemented OAuth login"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    let commits = [start, desktop.head()];
    (world, desktop, laptop, commits, session)
}

fn spans(timeline: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or("?".to_owned(), |text| text[..4].to_owned());
    let rows = timeline.as_array().expect("rows").iter();
    let told = rows.map(|row| {
        let mark = if row["exact"] == true { "" } else { "~" };
        let (first, last) = (&row["first"], &row["last"]);
        format!("{first}-{last} {} {mark}{}", text(&row["branch"]), text(&row["commit"]))
    });
    told.collect()
}

#[test]
fn the_timeline_tells_the_code_of_each_message_on_every_device() {
    let (_world, desktop, laptop, [start, saved], session) = saved();
    let want = [format!("1-2 main ~{}", &start[..4]), format!("3-4 feat {}", &saved[..4])];
    let shown = desktop.json(&["show", &session]);
    assert_eq!(spans(&shown["timeline"]), want, "{shown}");
    assert_eq!(shown["initial_commit"], start.as_str());
    assert_eq!(shown["branch_history"], json!(["main", "feature/oauth"]));
    assert_eq!(shown["modified_files"], json!(["auth.js"]));

    let resumed = laptop.json(&["resume", "--switch-branch"]);
    assert_eq!(spans(&resumed["timeline"]), want, "{resumed}");
    let told = laptop.ok(&["resume"]);
    let want_text = format!(
        "Message 1-2: on branch main @ ~{}\nBranched to feature/oauth\n\
         Message 3-4: on branch feature/oauth @ {}\n* Code and conversation are in sync!\n",
        &start[..7],
        &saved[..7]
    );
    assert!(told.contains(&want_text), "{told}");

    // What the laptop adds is told by its own save; the rest stays as it was.
    say(&laptop, &soon(), "feature/oauth", "And the button");
    laptop.write("auth.js", "login\nbutton\n");
    laptop.ok(&["save", "Added the button"]);
    let shown = desktop.json(&["show", &session]);
    let more = format!("5-6 feat {}", &laptop.head()[..4]);
    assert_eq!(spans(&shown["timeline"]), [&want[..], &[more]].concat(), "{shown}");
}

#[test]
fn a_conversation_is_read_in_pages_and_nothing_is_touched() {
    let (world, _desktop, laptop, [start, saved], session) = saved();
    let before = (laptop.standing(), world.objects());
    let shown = laptop.json(&["show", &session, "--messages", "2..3"]);
    let messages = shown["messages"].as_array().expect("messages");
    let told: Vec<_> = messages.iter().map(|row| (&row["number"], &row["role"])).collect();
    assert_eq!(told, [(&json!(2), &json!("assistant")), (&json!(3), &json!("user"))], "{shown}");
    assert_eq!(messages[0]["text"], "Answer to: Help me implement OAuth");
    assert_eq!(messages[0]["tools"], json!(["Bash: cargo test"]));
    assert_eq!((&messages[0]["commit"], &messages[0]["exact"]), (&json!(start), &json!(false)));
    assert_eq!((&messages[1]["commit"], &messages[1]["exact"]), (&json!(saved), &json!(true)));
    assert_eq!(messages[1]["time"], "2026-01-02T03:05:00Z");
    assert_eq!(shown["notes"][0]["text"], "messages 2 to 3 of 4", "{shown}");

    let whole = laptop.ok(&["show", &session]);
    let read = laptop.ok(&["resume", &session, "--read-only"]);
    assert_eq!(whole, read, "read-only is the same");
    let want = "[3] User - 2026-01-02 03:05 UTC\n    Add the Google provider\n\n\
                [4] Assistant - 2026-01-02 03:05 UTC\n    Answer to: Add the Google provider\n    \
                -> Bash: cargo test\n";
    assert!(whole.contains(want), "{whole}");
    assert_eq!((laptop.standing(), world.objects()), before, "nothing was changed");
    assert!(!laptop.transcript(ID).exists());

    let newest = laptop.json(&["show"]);
    assert_eq!(newest["session_id"], session.as_str(), "off a terminal it is the newest here");
    laptop.refuses(&["show", "session-zzzz"], "convosync::session::not-found");
    laptop.refuses(&["show", &session, "--at", "9"], "convosync::save::not-found");
}

#[test]
fn the_code_of_a_session_is_laid_out_beside_the_work_tree_and_taken_away_again() {
    let (_world, desktop, laptop, _, session) = saved();
    desktop.write("auth.js", "half done\n");
    desktop.write("new.js", "untracked\n");
    desktop.ok(&["save", "--stash", "--no-push"]);
    laptop.write("mine.txt", "mine\n");
    let before = laptop.standing();
    let told = laptop.ok(&["show", &session]);
    let told = told.lines().find_map(|line| line.strip_prefix("See its code:  "));
    assert_eq!(told, Some(format!("convosync show {session} --worktree DIR").as_str()));

    let shown = laptop.json(&["resume", &session, "--read-only", "--worktree", "../beside"]);
    let place = laptop.work_tree.with_file_name("beside");
    assert_eq!(shown["worktree"], text(&place), "{shown}");
    assert_eq!(laptop.git_in(&place, &["rev-parse", "HEAD"]), desktop.head());
    let status = ["status", "--porcelain=v2", "--branch", "--untracked-files=all"];
    let there = laptop.git_in(&place, &status);
    assert!(there.contains("# branch.head (detached)"), "{there}");
    assert!(there.contains(" auth.js") && there.contains("? new.js"), "{there}");
    assert_eq!(laptop.standing(), before, "nothing else was changed");

    laptop.fails(&["show", &session, "--worktree", "../beside"]);
    laptop.refuses(&["show", &session, "--worktree", "review"], "convosync::show::inside");
    let notes = shown["notes"].as_array().expect("notes").iter();
    let help = notes.filter_map(|note| note["help"].as_str()).find(|help| help.starts_with("git"));
    laptop.shell(help.expect("how it is taken away"));
    assert!(!place.exists());
    assert_eq!(laptop.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(laptop.standing(), before);
    // Where it is checked out already there is nothing to tell.
    assert!(!desktop.ok(&["show", &session]).contains("See its code"));
}

#[test]
fn without_a_clone_or_without_code_nothing_is_laid_out() {
    let (_world, desktop, laptop, _, session) = saved();
    let show = ["show", &session, "--worktree", "../beside"];
    let mut elsewhere = laptop.command(&[&show[..], &["--json", "-C", "/"]].concat());
    let output = elsewhere.output().expect("the helper runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &text_of(&output.stderr);
    assert!(told.contains("convosync::resume::no-clone"), "{told}");
    desktop.ok(&["save", "only talked", "--no-code", "--new"]);
    let newest = laptop.json(&["list"])[0]["session_id"].as_str().expect("an id").to_owned();
    laptop.refuses(&["show", &newest, "--worktree", "../beside"], "convosync::show::no-code");
    assert!(!laptop.work_tree.with_file_name("beside").exists());
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_a_message_says_never_acts_on_a_terminal() {
    let (_world, desktop, _laptop, _, session) = saved();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2Jclear\rover\u{202e}txt\u{9b}31m";
    say(&desktop, &soon(), "feature/oauth\u{1b}[2J", evil);
    desktop.ok(&["save", "evil \u{1b}[2J"]);
    let shown = desktop.ok(&["show", &session]);
    let acts = ['\u{1b}', '\u{7}', '\r', '\u{202e}', '\u{9b}'];
    assert!(!shown.contains(acts), "{shown:?}");
    assert!(shown.contains("owned"), "{shown}");
}

#[test]
fn a_session_on_another_branch_is_out_of_step_until_it_is_not() {
    let (_world, _desktop, laptop, _, session) = saved();
    let resumed = laptop.json(&["resume", &session, "--stay-on-branch"]);
    assert_eq!(resumed["in_step"], false, "{resumed}");
    let state = |args: &[&str]| {
        let rows = laptop.json(args);
        rows[0]["state"].clone()
    };
    assert_eq!(state(&["list"]), "out-of-step");
    let status = laptop.json(&["status"]);
    assert_eq!(status["session"]["state"], "out-of-step", "{status}");
    let note = status["notes"].as_array().expect("notes").iter();
    let note = note.map(|note| note["text"].to_string()).collect::<Vec<_>>().join("\n");
    assert!(note.contains("is on feature/oauth @"), "{note}");
    let step = || laptop.json(&["show", &session])["here"]["step"].clone();
    assert_eq!(step(), "out-of-step");

    laptop.git(&["switch", "-q", "feature/oauth"]);
    assert_eq!((step(), state(&["list"])), (json!("in-step"), json!("synced")));
    laptop.write("auth.js", "more\n");
    laptop.git(&["commit", "-qam", "more"]);
    assert_eq!((step(), state(&["list"])), (json!("ahead"), json!("synced")));
    // Once it is over, it is over: the next branch is the user's own affair.
    laptop.git(&["switch", "-q", "main"]);
    assert_eq!(state(&["list"]), "synced");
}

#[test]
fn a_session_comes_back_to_the_folder_that_it_was_held_in() {
    let (_world, desktop, laptop) = World::pair();
    desktop.write("packages/web/app.js", "one\n");
    let folder = desktop.work_tree.join("packages/web").display().to_string();
    let saved = desktop.json(&["-C", &folder, "save", "In a folder"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    let resumed = laptop.json(&["resume", &session]);
    let want = laptop.work_tree.join("packages/web").display().to_string();
    assert_eq!(resumed["working_directory"], want.as_str(), "{resumed}");
}

#[test]
fn a_note_is_read_on_every_device_and_is_in_nobodys_way() {
    let (_world, desktop, laptop, _, session) = saved();
    let before = laptop.evidence();
    let noted = laptop.json(&["note", &session, " the timeout is\ttoo short \u{1b}[2J"]);
    assert_eq!((&noted["synced"], laptop.evidence() == before), (&json!(true), true), "{noted}");
    // The desktop goes on without having seen it: no conflict comes of that.
    desktop.write("auth.js", "login\nmore\n");
    let saved = desktop.json(&["save", "more"]);
    assert_eq!((&saved["session_id"], &saved["new_session"]), (&json!(session), &json!(false)));
    desktop.json(&["note", &session, "I know"]);
    assert_eq!(laptop.json(&["list"])[0]["state"], "synced");

    for device in [&desktop, &laptop] {
        let shown = device.json(&["show", &session]);
        let notes = shown["session_notes"].as_array().expect("notes").clone();
        let told: Vec<_> = notes.iter().map(|note| (&note["device"], &note["text"])).collect();
        assert_eq!(told[0].0, "laptop", "{shown}");
        assert_eq!(told[1], (&json!("desktop"), &json!("I know")), "{shown}");
        assert_eq!(shown["message_count"], 4);
        let text = device.ok(&["show", &session]);
        assert!(
            text.contains("Note from laptop (just now):\n    the timeout is too short"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
    let log = laptop.json(&["log", &session]);
    let notes: Vec<_> = log.as_array().expect("rows").iter().map(|row| &row["note"]).collect();
    assert_eq!(notes[0], &json!(true), "what was written last is first: {log}");
    assert_eq!(notes.iter().filter(|note| **note == &json!(true)).count(), 2, "{log}");
    let resumed = laptop.json(&["resume", &session, "--switch-branch"]);
    assert_eq!(resumed["session_notes"][0]["device"], "laptop", "{resumed}");
    assert_eq!(resumed["message"], "more");
    let id = noted["save"].as_str().expect("an id");
    laptop.refuses(&["resume", &session, "--at", id], "convosync::resume::note");
    laptop.refuses(&["note", &session, "  "], "convosync::note::text");
    laptop.refuses(&["note", &session, &"x".repeat(2001)], "convosync::note::text");
}
