//! The real Nushell: the main job with the plugin and the helper, what a terminal shows, Ctrl-C.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use convosync_tests::{Device, Terminal, World, helper, nu_script, nu_terminal};
use tempfile::TempDir;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// Opens Nushell in a terminal, with the module loaded.
fn terminal(directory: &Path, env: &BTreeMap<String, String>, helper: &Path) -> Terminal {
    nu_terminal(directory, env, helper, ("", ""))
}

/// A session that was saved on the desktop, and the laptop on another branch.
fn saved_on_the_desktop() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    desktop.talk(ID, 5);
    desktop.ok(&["save", "Implemented OAuth login"]);
    (world, desktop, laptop)
}

/// A helper that answers from `<verb>.jsonl` or does what `<verb>.sh` says.
fn scripted_helper(folder: &TempDir, verb: &str, commands: &str) -> PathBuf {
    let script = root().join("plugins/nu_plugin_convosync/tests/scripted-helper");
    let program = folder.path().join("convosync");
    symlink(script, &program).expect("a link");
    fs::write(folder.path().join(format!("{verb}.sh")), commands).expect("a script");
    program
}

fn plain_env(home: &Path) -> BTreeMap<String, String> {
    [("HOME", home.to_str().expect("UTF-8")), ("PATH", "/usr/bin:/bin"), ("LC_ALL", "C.UTF-8")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[test]
fn a_session_goes_to_another_device_through_tables() {
    let (_world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    desktop.talk(ID, 5);
    let saved = nu_script(&desktop, "convosync save 'Implemented OAuth login' | to json");
    assert_eq!(saved["synced"], true, "{saved}");

    let rows = nu_script(&laptop, "convosync list | where branch == feature/oauth | to json");
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(rows[0]["message"], "Implemented OAuth login");

    let now = nu_script(
        &laptop,
        "mkdir docs; cd docs; let row = convosync list | where branch == feature/oauth and message_count > 10 | first; \
         let there = $row | convosync resume --switch-branch; \
         {row: $row, there: $there, pwd: $env.PWD, session: $env.CONVOSYNC_SESSION} | to json",
    );
    assert_eq!(now["pwd"], laptop.work_tree.display().to_string(), "{now}");
    assert_eq!(now["session"], rows[0]["session_id"]);
    assert_eq!(now["there"]["in_step"], true, "{now}");
    assert_eq!(laptop.head(), desktop.head());

    let saves =
        nu_script(&laptop, "convosync list | first | convosync log | get message | to json");
    assert_eq!(saves, serde_json::json!(["Implemented OAuth login"]));
}

#[test]
fn a_resume_is_taken_back_and_brought_back_from_the_shell() {
    let (_world, desktop, laptop) = saved_on_the_desktop();
    laptop.write("README.md", "changed here\n");
    let before = laptop.picture();
    let resume =
        "convosync resume --latest --switch-branch --on-dirty stash | get branch | to json";
    assert_eq!(nu_script(&laptop, resume), "feature/oauth");
    laptop.write("auth.js", "worked on since\n");
    laptop.talk(ID, 1);
    let worked = laptop.picture();
    let plan = nu_script(&laptop, "convosync undo --dry-run | get steps | to json");
    assert!(plan.to_string().contains("go back to main at"), "{plan}");
    assert_eq!(laptop.picture(), worked, "a plan changes nothing");

    let undone =
        nu_script(&laptop, "convosync undo | select branch previous_branch kept | to json");
    assert_eq!(laptop.picture(), before, "{undone}");
    assert_eq!(
        (&undone["branch"], &undone["previous_branch"]),
        (&"main".into(), &"feature/oauth".into())
    );
    assert!(undone["kept"].to_string().contains("convosync undo --redo"), "{undone}");
    let nothing = "try { convosync undo } catch {|e| $e.details.code } | to json";
    assert_eq!(nu_script(&laptop, nothing), "convosync::undo::nothing");

    let redone = nu_script(&laptop, "convosync undo --redo | get redone | to json");
    assert_eq!((redone, laptop.picture()), (true.into(), worked));
    let list =
        "convosync undo --list | each {|row| [$row.state ($row.timestamp | describe)] } | to json";
    assert_eq!(nu_script(&laptop, list)[0], serde_json::json!(["resumed", "datetime"]));
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn an_error_has_a_code_for_scripts() {
    let (_world, _desktop, laptop) = saved_on_the_desktop();
    let code = |line: &str| {
        nu_script(&laptop, &format!("try {{ {line} }} catch {{|e| $e.details.code }} | to json"))
    };
    let wrong_branch = code("convosync resume --latest");
    assert_eq!(wrong_branch, "convosync::decision::branch");
    let unknown = code("convosync resume session-zzzzzzzz");
    assert!(unknown.as_str().is_some_and(|code| code.starts_with("convosync::")), "{unknown}");
}

#[test]
fn on_a_terminal_the_session_is_picked_and_the_questions_are_asked() {
    let (_world, desktop, laptop) = saved_on_the_desktop();
    laptop.write("README.md", "changed here\n");
    let terminal = terminal(&laptop.work_tree, &laptop.env(), &helper());
    terminal.type_text("convosync resume");
    terminal.press(&["Enter"]);
    let picker = terminal.wait_for_calm("Resume which session?");
    assert!(picker.contains("Implemented OAuth login"), "{picker}");
    terminal.press(&["Enter"]);
    // Each question offers the recommended choice first.
    for _ in 0..4 {
        let screen = terminal.wait_until("a question or the report", |screen| {
            screen.contains("What now?") || screen.contains("parked")
        });
        if screen.contains("parked") {
            break;
        }
        terminal.press(&["Enter"]);
        terminal.wait_until("the next step", |now| now != screen);
    }
    terminal.wait_for("parked");
    assert_eq!(laptop.head(), desktop.head());
    assert_eq!(laptop.git(&["branch", "--show-current"]), "feature/oauth");
}

#[test]
fn a_question_that_is_called_off_changes_nothing() {
    let (_world, _desktop, laptop) = saved_on_the_desktop();
    let before = (laptop.head(), laptop.git(&["branch", "--show-current"]));
    let terminal = terminal(&laptop.work_tree, &laptop.env(), &helper());
    terminal.type_text("convosync resume --latest");
    terminal.press(&["Enter"]);
    terminal.wait_for_calm("What now?");
    terminal.press(&["Escape"]);
    terminal.wait_for("nothing was changed");
    assert_eq!((laptop.head(), laptop.git(&["branch", "--show-current"])), before);
}

#[test]
fn tab_offers_sessions_and_the_module_offers_the_newest_first() {
    let (_world, desktop, _laptop) = saved_on_the_desktop();
    desktop.write("auth.js", "google\n");
    desktop.ok(&["save", "--new", "Added the Google provider"]);
    let terminal = terminal(&desktop.work_tree, &desktop.env(), &helper());
    let screen = offered(&terminal, "convosync resume ", "Implemented OAuth login");
    assert!(screen.contains("Added the Google provider"), "{screen}");
    // No Escape before it: on a slow machine the two would arrive as one key.
    terminal.press(&["C-c"]);
    terminal.type_text("clear");
    terminal.press(&["Enter"]);
    terminal.wait_until("an empty screen", |screen| !screen.contains("OAuth"));
    let screen = offered(&terminal, "convosync pick ", "Implemented OAuth login");
    let at = |text: &str| screen.find(text).unwrap_or(usize::MAX);
    assert!(at("Added the Google provider") < at("Implemented OAuth login"), "{screen}");
}

/// What Tab offers after `line`. On a busy machine the helper may be too late for one Tab: then
/// nothing is offered, and a user presses it again.
fn offered(terminal: &Terminal, line: &str, text: &str) -> String {
    for _ in 0..12 {
        terminal.type_text(line);
        terminal.press(&["Tab"]);
        for _ in 0..30 {
            let screen = terminal.screen();
            if screen.contains(text) {
                return screen;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        terminal.press(&["Escape"]);
        terminal.press(&["C-c"]);
    }
    panic!("`{text}` was never offered:\n{}", terminal.screen());
}

#[test]
fn control_c_stops_the_helper_and_the_shell_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let commands = r#"
        printf '%s\n' '{"answer":"progress","data":{"text":"Pushing to origin"}}'
        cat >/dev/null
        touch "$folder/stopped"
        printf '%s\n' '{"answer":"failure","data":{"code":"convosync::cancelled","message":"cancelled; nothing was pushed","help":null,"argument":null}}'
    "#;
    let program = scripted_helper(&folder, "sync", commands);
    let terminal = terminal(folder.path(), &plain_env(folder.path()), &program);
    terminal.type_text("convosync sync");
    terminal.press(&["Enter"]);
    terminal.wait_for("Pushing to origin");
    terminal.press(&["C-c"]);
    let screen = terminal.wait_for_calm("cancelled; nothing was pushed");
    assert!(!screen.contains("Pushing to origin"), "the line was not cleared:\n{screen}");
    assert!(folder.path().join("stopped").exists());
    terminal.type_text("6 * 7");
    terminal.press(&["Enter"]);
    terminal.wait_for("42");
}

#[test]
fn a_control_c_that_comes_too_late_does_not_deny_what_was_done() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let commands = r#"
        printf '%s\n' '{"answer":"progress","data":{"text":"Sending"}}'
        cat >/dev/null
        printf '%s\n' '{"answer":"reply","data":{"kind":"synced","report":{"sent":[],"queued":0,"notes":[]}}}'
    "#;
    let program = scripted_helper(&folder, "sync", commands);
    let terminal = terminal(folder.path(), &plain_env(folder.path()), &program);
    terminal.type_text("convosync sync");
    terminal.press(&["Enter"]);
    terminal.wait_for("Sending");
    terminal.press(&["C-c"]);
    terminal.wait_for("`convosync sync` had finished already");
}

#[test]
fn recovery_words_are_typed_unseen() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let commands = r#"
        printf '%s\n' '{"answer":"failure","data":{"code":"convosync::join::words","message":"these words open nothing","help":null,"argument":"words"}}'
    "#;
    let program = scripted_helper(&folder, "device-join", commands);
    let terminal = terminal(folder.path(), &plain_env(folder.path()), &program);
    terminal.type_text("convosync device join --recovery");
    terminal.press(&["Enter"]);
    terminal.wait_for_calm("Recovery words:");
    terminal.type_text("abandon ability able");
    terminal.press(&["Enter"]);
    let screen = terminal.wait_for("these words open nothing");
    assert!(!screen.contains("abandon"), "{screen}");
    let request = fs::read_to_string(folder.path().join("requests")).expect("a request");
    assert!(request.contains("abandon ability able"), "{request}");
}

#[test]
fn whoever_gets_recovery_words_is_told_that_they_are_shown_this_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let terminal = terminal(folder.path(), &plain_env(folder.path()), &helper());
    let store = folder.path().join("store");
    terminal.type_text(&format!("let made = convosync init --store file://{}", store.display()));
    terminal.press(&["Enter"]);
    let screen = terminal.wait_for("whoever has them can read all of your sessions.");
    assert!(screen.contains("! Write these words down on paper, now"), "{screen}");
    terminal.type_text("$made.recovery_words | split row ' ' | length");
    terminal.press(&["Enter"]);
    terminal.wait_for("24");
}

#[test]
fn the_passphrase_of_a_locked_key_is_typed_unseen_and_asked_for_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let commands = r#"
        case $request in
            *'"passphrase":"correct horse"'*) code=open message='the key is open' ;;
            *'"passphrase"'*) code=key-file::wrong-passphrase message=wrong ;;
            *) code=key-file::locked message=locked ;;
        esac
        printf '{"answer":"failure","data":{"code":"convosync::%s","message":"%s","help":null,"argument":null}}\n' "$code" "$message"
    "#;
    let program = scripted_helper(&folder, "device-list", commands);
    let terminal = terminal(folder.path(), &plain_env(folder.path()), &program);
    terminal.type_text("convosync device list");
    terminal.press(&["Enter"]);
    terminal.wait_for_calm("Passphrase of this device's key (not shown):");
    terminal.type_text("battery");
    terminal.press(&["Enter"]);
    terminal.wait_for_calm("That is not it.");
    terminal.type_text("correct horse");
    terminal.press(&["Enter"]);
    let screen = terminal.wait_for("the key is open");
    assert!(!screen.contains("horse"), "{screen}");
}

#[test]
fn a_session_is_read_as_a_table_however_it_is_named() {
    let (_world, desktop, laptop) = saved_on_the_desktop();
    let before = laptop.standing();
    let id = nu_script(&laptop, "convosync list | get session_id.0 | to json");
    let id = id.as_str().expect("an id");
    let asked = serde_json::json!(["Prompt 0 on desktop", "Prompt 5 on desktop"]);
    let first = "get messages | where role == user | get text | [$in.0 $in.1] | to json";
    for named in [
        format!("convosync show {id}"),
        "convosync list | where branch == feature/oauth | first | convosync show".to_owned(),
        "convosync list | first 1 | convosync show".to_owned(),
        format!("'{id}' | convosync show"),
        format!("['{id}'] | convosync show"),
        "convosync list | first | convosync log | first | convosync show".to_owned(),
        "convosync list | first | convosync resume --read-only".to_owned(),
        "convosync show".to_owned(),
    ] {
        let asked_here = nu_script(&laptop, &format!("{named} | {first}"));
        assert_eq!(asked_here.as_array().map(Vec::len), Some(2), "{named}");
        assert_eq!(asked_here[0], asked[0], "{named}");
    }
    let range = format!("convosync show {id} --messages 2..3 | get messages.number | to json");
    assert_eq!(nu_script(&laptop, &range), serde_json::json!([2, 3]));
    let types = format!(
        "convosync show {id} | get messages.0 | [($in.time | describe) ($in.exact | describe)] | to json"
    );
    assert_eq!(nu_script(&laptop, &types), serde_json::json!(["datetime", "bool"]));
    assert_eq!(laptop.standing(), before, "reading changes nothing");

    let list = nu_script(&laptop, "convosync resume -l | get message | to json");
    assert_eq!(list, serde_json::json!(["Implemented OAuth login"]));
    let timeline =
        nu_script(&laptop, "convosync resume --latest --force | get timeline.last.0 | to json");
    assert_eq!(timeline, 15);
    for verb in ["log", "resume", "show"] {
        let line = format!("'{id}' | convosync {verb} | describe | to json");
        assert!(nu_script(&laptop, &line).as_str().is_some(), "{verb}");
    }
    desktop.ok(&["save", "--new", "Another"]);
    let gone = nu_script(
        &laptop,
        "convosync list | get session_id | convosync delete --yes | get sessions | length | to json",
    );
    assert_eq!(gone, 2);
}

#[test]
fn the_assistant_is_started_from_the_shell_where_somebody_can_talk_to_it() {
    let (_world, _desktop, laptop) = saved_on_the_desktop();
    let folder = laptop.home.join("bin");
    fs::create_dir_all(&folder).expect("a folder");
    let text = "#!/bin/sh\necho \"started with $* in $(basename $(pwd))\"; read -r line; echo \"heard $line\"\n";
    fs::write(folder.join("claude"), text).expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.join("claude"), mode).expect("it can run");
    let mut env = laptop.env();
    env.insert("PATH".to_owned(), format!("{}:{}", folder.display(), env["PATH"]));
    let terminal = terminal(&laptop.home, &env, &helper());
    let place = laptop.work_tree.display();
    terminal.type_text(&format!(
        "cd {place}/.. ; let done = convosync resume --into {place} --latest --force --run"
    ));
    terminal.press(&["Enter"]);
    terminal.wait_for("this is no repository");
    terminal.type_text(&format!("cd {place}; convosync resume --latest --force --run"));
    terminal.press(&["Enter"]);
    terminal.wait_for(&format!("started with --resume {ID} in app"));
    terminal.type_text("hello");
    terminal.press(&["Enter"]);
    terminal.wait_for("heard hello");
    terminal.wait_for("working_directory");
}
