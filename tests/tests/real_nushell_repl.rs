//! Nushell at a terminal, with the module loaded: prompt, picker key, hooks, history, a watch.

use convosync_tests::{Device, Terminal, World, helper, nu_terminal};

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn open(device: &Device, fields: &str) -> Terminal {
    nu_terminal(&device.work_tree, &device.env(), &helper(), (fields, ""))
}

/// Types a line and ends it.
fn enter(terminal: &Terminal, line: &str) {
    terminal.type_text(line);
    terminal.press(&["Enter"]);
}

/// A session that was saved on the desktop, and the laptop on another branch.
fn saved_on_the_desktop() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("src/auth.js", "login\n");
    desktop.talk(ID, 5);
    let inside = desktop.work_tree.join("src").display().to_string();
    desktop.ok(&["-C", &inside, "save", "Implemented OAuth login"]);
    (world, desktop, laptop)
}

#[test]
fn the_prompt_shows_the_session_and_what_waits() {
    let (world, desktop, _laptop) = saved_on_the_desktop();
    let session = desktop.json(&["list"])[0]["session_id"].as_str().expect("an id").to_owned();
    let terminal = open(&desktop, "prompt: true");
    terminal.wait_for(&session);
    let (store, away) = (world.store(), world.path().join("away"));
    std::fs::rename(&store, &away).expect("the store goes away");
    desktop.write("more.txt", "x\n");
    enter(&terminal, "convosync save 'Offline' | get synced");
    terminal.wait_for(&format!("{session} ↑1"));
    std::fs::rename(&away, &store).expect("the store comes back");
    enter(&terminal, "clear; convosync sync | get queued");
    terminal.wait_until("a prompt without a mark", |screen| {
        screen.contains(&session) && !screen.contains('↑')
    });
    enter(&terminal, "clear; cd /");
    terminal.wait_until("a prompt without a session", |screen| {
        !screen.contains(&session) && screen.contains('>')
    });
}

#[test]
fn a_key_opens_the_picker_and_the_shell_goes_to_the_session() {
    let (_world, desktop, laptop) = saved_on_the_desktop();
    laptop.git(&["fetch", "-q"]);
    laptop.git(&["switch", "-q", "feature/oauth"]);
    let terminal = open(&laptop, "picker_key: \"alt-r\"");
    terminal.press(&["M-r"]);
    let picker = terminal.wait_for_calm("Resume which session?");
    assert!(picker.contains("Implemented OAuth login"), "{picker}");
    terminal.press(&["Enter"]);
    terminal.wait_for("working_directory");
    enter(&terminal, "clear; pwd");
    terminal.wait_for(&laptop.work_tree.join("src").display().to_string());
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn who_leaves_changes_that_are_too_old_is_told_and_may_stay() {
    let (_world, desktop, _laptop) = saved_on_the_desktop();
    let terminal = open(&desktop, "remind_after: 1ms");
    enter(&terminal, "'x' | save new.txt; cd src");
    terminal.wait_for_calm("src>");
    assert!(!terminal.screen().contains("were not saved"), "src is in the work tree");
    enter(&terminal, "cd /");
    terminal.wait_for("1 changed file was not saved for");
    enter(&terminal, "clear; cd -; convosync leave");
    terminal.wait_for_calm("Leave this shell?");
    terminal.press(&["Escape"]);
    // On a slow machine a key that follows at once would arrive as one with it.
    terminal.wait_until("no question", |screen| !screen.contains("Leave this shell?"));
    enter(&terminal, "6 * 7");
    terminal.wait_for("42");
    enter(&terminal, "clear; convosync leave 3");
    terminal.wait_for_calm("Leave this shell?");
    terminal.press(&["Down", "Enter"]);
    terminal.wait_for_end();
}

#[test]
fn control_d_asks_before_it_leaves_and_deletes_a_letter_in_a_line() {
    let (_world, desktop, _laptop) = saved_on_the_desktop();
    let terminal = open(&desktop, "remind_after: 1ms, leave_key: \"ctrl-d\"");
    enter(&terminal, "'x' | save new.txt; clear");
    terminal.wait_for_calm(">");
    terminal.type_text("print 6x7");
    terminal.wait_for_calm("print 6x7");
    terminal.press(&["Left", "Left"]);
    terminal.press(&["C-d"]);
    terminal.wait_for_calm("print 67");
    terminal.press(&["Enter"]);
    terminal.wait_until("the number", |screen| screen.lines().any(|line| line.trim() == "67"));
    terminal.press(&["C-d"]);
    terminal.wait_for_calm("1 changed file was not saved for");
    terminal.wait_for_calm("Leave this shell?");
    terminal.press(&["Down", "Enter"]);
    terminal.wait_for_end();
}

#[test]
fn recorded_commands_travel_with_their_directory() {
    let (_world, desktop, laptop) = saved_on_the_desktop();
    let terminal = open(&desktop, "record_history: true");
    for (line, shows) in
        [("cd src", "src>"), ("ls | length", "1"), (" 6 * 7", "42"), ("cd /", "\n>")]
    {
        enter(&terminal, line);
        terminal.wait_for_calm(shows);
    }
    enter(
        &terminal,
        "print elsewhere; cd -; 'x' | save new.txt; convosync save second | get history",
    );
    terminal.wait_until("the count", |screen| screen.lines().any(|line| line.trim() == "3"));
    let resumed = laptop.json(&["resume", "--latest", "--switch-branch"]);
    let rows = resumed["history"].as_array().expect("rows");
    let commands: Vec<_> = rows.iter().map(|row| row["command"].as_str().expect("text")).collect();
    assert_eq!(commands, ["cd src", "ls | length", "cd /"], "{resumed}");
    assert_eq!(rows[1]["directory"], "src");
}

#[test]
fn a_history_in_sqlite_travels_and_comes_into_the_other_ones_own() {
    let (_world, desktop, laptop) = saved_on_the_desktop();
    let sqlite = "$env.config.history.file_format = 'sqlite'";
    let fields = ("", sqlite);
    let terminal = nu_terminal(&desktop.work_tree, &desktop.env(), &helper(), fields);
    enter(&terminal, "print 'a command of the desktop'");
    terminal.wait_for_calm("a command of the desktop\n");
    enter(&terminal, "'x' | save new.txt; convosync save second | get history");
    terminal.wait_until("a report", |screen| screen.lines().any(|line| line.trim() == "1"));

    let terminal = nu_terminal(&laptop.work_tree, &laptop.env(), &helper(), fields);
    enter(&terminal, "convosync resume --latest --switch-branch --history | get notes | length");
    terminal.wait_for_calm("0");
    enter(&terminal, "clear; history | where command =~ desktop and cwd != null | get command.0");
    terminal.wait_for("print 'a command of the desktop'");
}

#[test]
fn a_watch_shows_what_other_devices_save_until_control_c() {
    let (_world, desktop, laptop) = saved_on_the_desktop();
    let terminal = open(&laptop, "watch_interval: 200ms");
    enter(
        &terminal,
        "convosync list --watch | each {|save| print $'($save.device) saved ($save.message)' }",
    );
    // Its first look is over then.
    terminal.wait_for("Ctrl-C ends it");
    desktop.write("more.txt", "x\n");
    desktop.ok(&["save", "Quietly", "--no-notify"]);
    desktop.write("more.txt", "y\n");
    desktop.ok(&["save", "Added the Google provider"]);
    let screen = terminal.wait_for("desktop saved Added the Google provider");
    assert!(!screen.contains("Quietly") && !screen.contains("Implemented"), "{screen}");
    terminal.press(&["C-c"]);
    enter(&terminal, "6 * 7");
    terminal.wait_for("42");
}

#[test]
fn what_is_wrong_in_the_configuration_is_shown_where_it_stands() {
    let (_world, _desktop, laptop) = World::pair();
    let terminal = open(&laptop, "");
    enter(&terminal, "$env.config.plugins.convosync.watch_intervall = 3sec");
    enter(&terminal, "clear; convosync list");
    let screen = terminal.wait_for_calm("there is no setting `watch_intervall`");
    assert!(screen.contains("convosync::config::nushell"), "{screen}");
    assert!(screen.contains("watch_intervall = 3sec"), "the line itself is shown:\n{screen}");
}
