//! The picker and the pager of the command line on a real terminal.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use convosync_tests::{Device, Terminal, World, helper};

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// Three sessions on the desktop, the newest one on a branch.
fn sessions() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    for (branch, message) in [
        ("main", "Fixed login bug"),
        ("docs", "Wrote the manual"),
        ("feature/oauth", "OAuth login"),
    ] {
        desktop.git(&["switch", "-q", "-C", branch]);
        desktop.write("file", message);
        desktop.ok(&["save", "--new", message]);
    }
    (world, desktop, laptop)
}

fn open(device: &Device, env: &BTreeMap<String, String>, args: &str) -> Terminal {
    let program = helper().display().to_string();
    // Not in the first line: what tmux says at the end of a program moves the screen by one.
    Terminal::start(&device.work_tree, env, &format!("echo; '{program}' {args}"))
}

#[test]
fn a_session_is_found_by_typing_and_resumed() {
    let (_world, _desktop, laptop) = sessions();
    let terminal = open(&laptop, &laptop.env(), "resume --switch-branch");
    let screen = terminal.wait_for_calm("Available Sessions");
    let at = |text: &str| screen.find(text).unwrap_or(usize::MAX);
    assert!(at("OAuth login") < at("Wrote the manual"), "newest first:\n{screen}");
    assert!(at("Wrote the manual") < at("Fixed login bug"), "{screen}");
    terminal.type_text("manual");
    let screen = terminal.wait_until("only one session", |screen| !screen.contains("OAuth"));
    assert!(screen.contains("Wrote the manual") && screen.contains("manual_"), "{screen}");
    terminal.press(&["Enter"]);
    let screen = terminal.wait_for("Session restored!");
    assert!(!screen.contains("Available Sessions"), "the picker is gone:\n{screen}");
    assert_eq!(laptop.git(&["branch", "--show-current"]), "docs");
}

#[test]
fn what_the_picker_led_to_is_asked_about_until_an_answer_is_one_of_the_choices() {
    let (_world, _desktop, laptop) = sessions();
    laptop.write("README.md", "changed here\n");
    let before = laptop.standing();
    let ask = |answers: &[&str]| {
        let terminal = open(&laptop, &laptop.env(), "resume");
        terminal.wait_for_calm("Available Sessions");
        terminal.type_text("oauth");
        terminal.wait_until("only one session", |screen| !screen.contains("manual"));
        terminal.press(&["Enter"]);
        for answer in answers {
            terminal.wait_for_calm("'q' to cancel:");
            terminal.type_text(answer);
            terminal.press(&["Enter"]);
        }
        terminal
    };
    let terminal = ask(&["7"]);
    let screen = terminal.wait_for("That is none of the choices.");
    assert!(screen.contains("Branch Mismatch"), "{screen}");
    terminal.type_text("q");
    terminal.press(&["Enter"]);
    terminal.wait_for("Cancelled: nothing was changed.");
    assert_eq!(laptop.standing(), before);

    let terminal = ask(&["1"]);
    let screen = terminal.wait_for_calm("Uncommitted Changes Detected");
    assert!(screen.contains("1. [Stash & Continue] - Recommended"), "{screen}");
    // Enter alone is the recommended choice.
    terminal.press(&["Enter"]);
    terminal.wait_for("Session restored!");
    assert_eq!(laptop.git(&["branch", "--show-current"]), "feature/oauth");
    assert_eq!(laptop.git(&["show", "stash@{0}:README.md"]), "changed here");
}

/// The form, once it has drawn itself.
fn form(device: &Device, args: &str) -> Terminal {
    let terminal = open(device, &device.env(), &format!("save -i {args}"));
    terminal.wait_for_calm("ConvoSync Save Session");
    terminal
}

#[test]
fn how_the_default_branch_is_saved_is_asked_once_and_the_answer_kept() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.set_up("metered = false\n");
    desktop.write("app.js", "one\n");
    // An option is for one save.
    desktop.json(&["save", "--stash", "carried"]);
    let terminal = open(&desktop, &desktop.env(), "save first");
    let screen = terminal.wait_for_calm("Commit on main");
    assert!(screen.contains("kept for this repository"), "{screen}");
    terminal.type_text("1");
    terminal.press(&["Enter"]);
    let screen = terminal.wait_for("Resume with:");
    assert!(screen.contains("✓ From now on saves of this repository commit"), "{screen}");
    desktop.write("app.js", "two\n");
    assert_eq!(desktop.json(&["save", "second"])["committed"], "second [ConvoSync]");
    let kept = desktop.json(&["config", "get", "save.repositories"]);
    let kept = kept["settings"][0]["value"].as_object().expect("a table").clone();
    assert_eq!(kept.values().collect::<Vec<_>>(), ["commit"], "{kept:?}");
}

#[test]
fn what_looks_like_a_secret_is_asked_about_before_it_is_pushed() {
    let (_world, desktop, _laptop) = World::pair();
    // Whole, it would be found in this file by others that look.
    let key = ["AK", "IAQYLPMN5HHHFPZ2QK"].concat();
    desktop.write("config.js", &format!("const key = '{key}'\n"));
    let before = desktop.standing();
    let save = |answer: &str| {
        let terminal = open(&desktop, &desktop.env(), "save keys");
        let screen = terminal.wait_for_calm("'q' to cancel:");
        assert!(screen.contains("What Looks Like a Secret Would Be Pushed"), "{screen}");
        assert!(screen.contains("config.js line 1: an AWS access key"), "{screen}");
        assert!(!screen.contains(&key), "{screen}");
        terminal.type_text(answer);
        terminal.press(&["Enter"]);
        terminal
    };
    // Enter alone changes nothing.
    save("").wait_for("Cancelled: nothing was changed.");
    assert_eq!(desktop.standing(), before);
    save("carry").wait_for("Sealed 1 uncommitted change");
    assert_eq!(desktop.standing(), before);
    save("push").wait_for("Pushed to origin/main");
}

#[test]
fn a_save_is_filled_in_as_a_form() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(ID, 2);
    desktop.write("app.js", "one\n");
    let terminal = form(&desktop, "");
    terminal.type_text("Fixed the login");
    terminal.wait_for("Fixed the login");
    terminal.press(&["Tab"]);
    terminal.press(&["C-u"]);
    terminal.type_text("fix/login");
    let screen = terminal.wait_for("Branch: fix/login");
    assert!(screen.contains("6 messages") && screen.contains("☑ Terminal"), "{screen}");
    for key in ["Down", "Down", "Down", "Space"] {
        terminal.press(&[key]);
    }
    terminal.wait_for("☐ Terminal");
    terminal.press(&["Down"]);
    terminal.press(&["Down"]);
    terminal.wait_for("› [Save & Sync]");
    terminal.press(&["Enter"]);
    terminal.wait_for("Ready to resume on laptop!");
    let row = &laptop.json(&["list"])[0];
    assert_eq!((&row["message"], &row["branch"]), (&"Fixed the login".into(), &"fix/login".into()));
    assert_eq!(row["holds"], serde_json::json!(["code", "conversation"]));
}

#[test]
fn a_form_wants_a_message_and_called_off_it_changes_nothing() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.set_up("");
    desktop.write("app.js", "one\n");
    let before = desktop.standing();
    let terminal = form(&desktop, "");
    terminal.press(&["Enter"]);
    let screen = terminal.wait_for_calm("message");
    assert!(screen.contains("ConvoSync Save Session"), "it is still there:\n{screen}");
    terminal.press(&["Escape"]);
    terminal.wait_for("Cancelled: nothing was changed.");
    assert_eq!(desktop.standing(), before);

    // On the default branch it is asked afterwards how.
    let terminal = form(&desktop, "'Half of it'");
    terminal.press(&["Enter"]);
    terminal.wait_for_calm("Save on the Default Branch");
    terminal.type_text("2");
    terminal.press(&["Enter"]);
    terminal.wait_for("Ready to resume on laptop!");
    let row = &desktop.json(&["list"])[0];
    assert_eq!((&row["message"], &row["uncommitted"]), (&"Half of it".into(), &1.into()));
    assert_eq!(desktop.git(&["log", "-1", "--format=%s"]), "start");
}

#[test]
fn arrows_and_numbers_choose_and_escape_changes_nothing() {
    let (_world, _desktop, laptop) = sessions();
    let terminal = open(&laptop, &laptop.env(), "show");
    terminal.wait_for_calm("❯ 1.");
    terminal.press(&["Down"]);
    terminal.wait_for("❯ 2.");
    terminal.type_text("3");
    terminal.wait_for("❯ 3.");
    terminal.press(&["Enter"]);
    terminal.wait_for("Go on with it: convosync resume");
    assert!(terminal.screen().contains("Fixed login bug"), "{}", terminal.screen());

    let before = laptop.standing();
    for key in ["Escape", "q", "C-c"] {
        let terminal = open(&laptop, &laptop.env(), "resume");
        terminal.wait_for_calm("Available Sessions");
        terminal.press(&[key]);
        terminal.wait_for("Cancelled: nothing was changed.");
    }
    assert_eq!(laptop.standing(), before);
}

#[test]
fn a_long_conversation_is_read_in_the_users_pager() {
    let (_world, desktop, _laptop) = sessions();
    desktop.talk(ID, 40);
    desktop.ok(&["save", "--new", "A long talk"]);
    let mut env = desktop.env();
    let pager = desktop.home.join("pager");
    fs::write(&pager, "#!/bin/sh\necho \"paged $(grep -c Answer) answers, $1\"\n").expect("a file");
    fs::set_permissions(&pager, fs::Permissions::from_mode(0o755)).expect("it can run");
    env.insert("PAGER".to_owned(), format!("{} -x", pager.display()));
    let terminal = open(&desktop, &env, "resume --read-only --latest");
    terminal.wait_for("paged 40 answers, -x");
    // Of a program that ends at once tmux may not show the last of a long text.
    let terminal = open(&desktop, &env, "show --latest --no-pager; read -r line");
    terminal.wait_for("Go on with it");
}

#[test]
fn the_assistant_is_started_in_the_sessions_directory() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    desktop.ok(&["save", "A talk"]);
    let mut env = laptop.env();
    let folder = laptop.home.join("bin");
    fs::create_dir_all(&folder).expect("a folder");
    let script =
        "#!/bin/sh\necho \"started with $* in $(pwd)\"; read -r line; echo \"heard $line\"\n";
    fs::write(folder.join("claude"), script).expect("a script");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("claude"), mode).expect("it can run");
    let path = format!("{}:{}", folder.display(), env["PATH"]);
    env.insert("PATH".to_owned(), path);
    let terminal = open(&laptop, &env, "resume --latest --run");
    let screen = terminal.wait_for(&format!("started with --resume {ID}"));
    assert!(screen.contains("Session restored!"), "{screen}");
    terminal.type_text("hello");
    terminal.press(&["Enter"]);
    terminal.wait_for("heard hello");

    env.insert("PATH".to_owned(), laptop.env()["PATH"].clone());
    if !laptop.env()["PATH"]
        .split(':')
        .any(|dir| fs::exists(format!("{dir}/claude")).unwrap_or(false))
    {
        let terminal = open(&laptop, &env, "resume --latest --run");
        terminal.wait_for("`claude` could not be started");
    }
}
