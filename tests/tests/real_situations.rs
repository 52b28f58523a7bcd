//! What the real Nushell shows of a git situation: one of each kind. The rest of them are drawn
//! from the same failures, questions and notes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use convosync_tests::{Device, Screen, Terminal, World, helper, nu_plugin, told, tool};

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// What Nushell shows of a line, which has to fail if `fails`.
fn shows(screen: &mut Screen, device: &Device, line: &str, fails: bool) {
    let plugins = format!("[{:?}]", nu_plugin().display().to_string());
    let program = format!("{:?}", helper().display().to_string());
    let set_up = format!("$env.config.plugins.convosync = {{helper: {program}}}");
    // The place in the line is drawn too: it has to be the user's own line alone.
    let plain = "$env.config.use_ansi_coloring = false; $env.config.error_style = 'plain'";
    let config = device.home.join("config.nu");
    fs::write(&config, format!("{set_up}\n{plain}\n")).expect("a configuration");
    let mut command = Command::new(tool("nu"));
    command.arg("--config").arg(&config).args(["--plugins", &plugins, "--commands", line]);
    command.env_clear().envs(device.env()).env("NO_COLOR", "1");
    command.current_dir(&device.work_tree).stdin(Stdio::null());
    let before = device.standing();
    let output = command.output().expect("Nushell runs");
    assert_eq!(output.status.success(), !fails, "{line}\n{}", told(&output));
    if fails {
        assert_eq!(device.standing(), before, "{line} has changed something");
    }
    screen.printed(device, &format!("> {line}"), &output);
}

fn hook(device: &Device, name: &str, text: &str) {
    let hook = device.work_tree.join(".git/hooks").join(name);
    fs::write(&hook, format!("#!/bin/sh\n{text}\n")).expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("it can run");
}

#[test]
fn refusals_hooks_questions_and_notes_are_drawn_with_the_same_words() {
    let (world, desktop, mut laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    let mut screen = Screen::of("nushell", &world);

    desktop.git(&["switch", "-q", "--detach"]);
    shows(&mut screen, &desktop, "convosync save one", true);
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    hook(&desktop, "pre-commit", "echo 'lint failed' >&2; exit 1");
    shows(&mut screen, &desktop, "convosync save one", true);
    fs::remove_file(desktop.work_tree.join(".git/hooks/pre-commit")).expect("removed");
    hook(&desktop, "pre-push", "echo '3 tests failed' >&2; exit 1");
    let told = "convosync save --retry | get notes | each {|note| print $note.text }";
    shows(&mut screen, &desktop, &format!("{told} | ignore"), false);

    shows(&mut screen, &laptop, "convosync resume --latest", true);
    let fields = "| select branch in_step | to json --raw";
    let resume = format!("convosync resume --latest --switch-branch {fields}");
    shows(&mut screen, &laptop, &resume, false);

    let other = laptop.home.join("other");
    laptop.git_in(&laptop.home, &["init", "-q", &other.display().to_string()]);
    laptop.git_in(&other, &["commit", "-q", "--allow-empty", "-m", "another start"]);
    laptop.git_in(&other, &["remote", "add", "origin", "git@github.com:user/project-b.git"]);
    fs::remove_dir_all(&laptop.work_tree).expect("removed");
    laptop.work_tree = other;
    let session = laptop.json(&["list"])[0]["session_id"].as_str().expect("an id").to_owned();
    shows(&mut screen, &laptop, &format!("convosync resume {session}"), true);
    screen.matches();
}

#[test]
fn on_a_terminal_a_question_is_a_box_and_its_number_answers_it() {
    let (world, desktop, laptop) = World::pair();
    desktop.write("app.js", "one\n");
    desktop.talk(ID, 1);
    desktop.ok(&["save", "one"]);
    laptop.write("own.txt", "mine\n");
    laptop.git(&["add", "own.txt"]);
    laptop.git(&["commit", "-q", "-m", "own"]);
    let program = helper().display().to_string();
    let mut env = laptop.env();
    env.insert("NO_COLOR".to_owned(), "1".to_owned());
    let command = format!("'{program}' resume --latest; sleep 600");
    let terminal = Terminal::start(&laptop.work_tree, &env, &command);
    terminal.wait_for("[Cancel]");
    let mut screen = Screen::of("terminal", &world);
    terminal.type_text("1");
    terminal.press(&["Enter"]);
    let end = terminal.wait_for("claude --resume");
    screen.looked(&laptop, &end);
    screen.matches();
    assert_eq!((laptop.read("own.txt"), laptop.read("app.js")), ("mine\n".into(), "one\n".into()));
}
