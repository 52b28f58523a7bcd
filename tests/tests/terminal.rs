//! The terminal as content: commands of the work tree and chosen variables, from one device to the
//! other, through the command line.

use std::fs;
use std::path::PathBuf;

use convosync_tests::{Device, World, told, tree};
use serde_json::{Value, json};

/// Writes commands down as the recorder of `convosync shell-init` does.
fn record(device: &Device, commands: &[(&str, &str)]) {
    let file = device.home.join(".local/state/convosync/shell/recorded");
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    let record = |(directory, command): &(&str, &str)| {
        let directory = device.work_tree.join(directory);
        let directory = directory.display().to_string();
        let directory = directory.trim_end_matches('/');
        format!("\0\01700000000\00\0{directory}\0{command}")
    };
    fs::write(file, commands.iter().map(record).collect::<String>()).expect("a file");
}

/// A device whose environment has these variables besides.
fn with(mut device: Device, variables: &[(&str, &str)]) -> Device {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    device.more.extend(variables.iter().map(owned));
    device
}

/// The fields that the shell's function would be handed.
fn handed(device: &Device, args: &[&str]) -> Vec<[String; 3]> {
    let file = device.home.join("handover");
    fs::write(&file, "").expect("a file");
    let output = device.command(args).env("CONVOSYNC_HANDOVER", &file).output().expect("it runs");
    assert!(output.status.success(), "{}", told(&output));
    let fields = fs::read_to_string(&file).expect("UTF-8");
    let fields: Vec<_> = fields.split_terminator('\0').map(str::to_owned).collect();
    fields.chunks(3).map(|three| three.to_vec().try_into().expect("three")).collect()
}

fn field<'v>(value: &'v Value, name: &str) -> Vec<&'v str> {
    let rows = value.as_array().expect("an array");
    rows.iter().map(|row| row[name].as_str().expect("a text")).collect()
}

#[test]
fn what_was_run_in_the_work_tree_travels_and_the_last_of_it_is_shown() {
    let (_world, desktop, laptop) = World::pair();
    record(
        &desktop,
        &[
            ("", "cargo build"),
            ("../elsewhere", "not here"),
            ("src", "cargo test\n  --all"),
            ("", "export API_TOKEN=hunter2"),
            ("", "git diff"),
        ],
    );
    let saved = desktop.json(&["save", "first"]);
    assert_eq!(saved["history"], 3, "{saved}");
    assert!(field(&saved["notes"], "code").contains(&"convosync::history::held-back"), "{saved}");

    let resumed = laptop.json(&["resume", "--latest"]);
    assert_eq!(
        field(&resumed["history"], "command"),
        ["cargo build", "cargo test\n  --all", "git diff"]
    );
    assert_eq!(resumed["history"][1]["directory"], "src");
    assert_eq!(resumed["history"][1]["timestamp"], "2023-11-14T22:13:20Z");
    let shown = laptop.ok(&["resume", "--latest"]);
    assert!(shown.contains("cargo test --all  (in src)"), "{shown}");
}

#[test]
fn only_the_last_commands_are_shown_and_all_of_them_come_back_if_that_is_wanted() {
    let (_world, desktop, laptop) = World::pair();
    let commands: Vec<_> = (0..300).map(|n| format!("echo {n}")).collect();
    let commands: Vec<_> = commands.iter().map(|command| ("", command.as_str())).collect();
    record(&desktop, &commands);
    assert_eq!(desktop.json(&["save", "first"])["history"], 200);
    let few = laptop.json(&["resume", "--latest"]);
    assert_eq!(few["history"].as_array().map(Vec::len), Some(5));
    let orders = handed(&laptop, &["resume", "--latest", "--history"]);
    let taken = orders.iter().filter(|order| order[0] == "history").count();
    assert_eq!((taken, orders[0][2].as_str()), (200, "echo 100"));
    assert!(handed(&laptop, &["resume", "--latest"]).iter().all(|order| order[0] != "history"));
}

#[test]
fn with_history_turned_off_nothing_of_it_leaves() {
    let (_world, desktop, _laptop) = World::pair();
    record(&desktop, &[("", "cargo build")]);
    desktop.ok(&["config", "set", "terminal.history", "off"]);
    assert_eq!(desktop.json(&["save", "first"])["history"], 0);
}

#[test]
fn a_history_that_can_not_be_read_is_told_and_the_save_is_made() {
    let (_world, desktop, _laptop) = World::pair();
    let database = desktop.home.join("history.sqlite3");
    fs::write(&database, "no database, but long enough to be taken for one").expect("a file");
    let path = database.display().to_string();
    let desktop = with(desktop, &[("CONVOSYNC_HISTORY", &path), ("CONVOSYNC_SHELL", "nu")]);
    let saved = desktop.json(&["save", "first"]);
    assert_eq!(saved["synced"], true);
    assert!(field(&saved["notes"], "code").contains(&"convosync::history::unreadable"), "{saved}");
}

#[test]
fn variables_travel_if_the_settings_of_both_devices_name_them() {
    let (_world, desktop, laptop) = World::pair();
    let desktop = with(
        desktop,
        &[("APP_MODE", "debug me"), ("APP_TOKEN", "hunter2"), ("STAGE", "test"), ("OTHER", "x")],
    );
    desktop.ok(&["config", "set", "env.names", "APP_*, STAGE, UNSET, PATH"]);
    let saved = desktop.json(&["save", "first", "--env"]);
    assert_eq!(saved["env"], json!(["APP_MODE", "STAGE"]));
    assert_eq!(
        saved["env_missing"],
        json!([
            {"name": "APP_TOKEN", "why": "secret"},
            {"name": "PATH", "why": "protected"},
            {"name": "UNSET", "why": "not-set"},
        ])
    );

    laptop.ok(&["config", "set", "env.names", "APP_*"]);
    let resumed = laptop.json(&["resume", "--latest"]);
    assert_eq!(field(&resumed["env"], "name"), ["APP_MODE"]);
    assert_eq!(resumed["env_missing"][0], json!({"name": "STAGE", "why": "not-allowed"}));
    assert_eq!(field(&resumed["env_missing"], "name"), ["STAGE", "APP_TOKEN", "PATH", "UNSET"]);
    let orders = handed(&laptop, &["resume", "--latest"]);
    assert_eq!(orders[0], ["env", "APP_MODE", "debug me"]);
    let directory = laptop.work_tree.display().to_string();
    assert_eq!(orders.last().map(|order| order[2].as_str()), Some(directory.as_str()));
}

#[test]
fn without_the_option_no_variable_travels() {
    let (_world, desktop, _laptop) = World::pair();
    let desktop = with(desktop, &[("APP_MODE", "debug")]);
    desktop.ok(&["config", "set", "env.names", "APP_*"]);
    let saved = desktop.json(&["save", "first"]);
    assert_eq!((&saved["env"], &saved["env_missing"]), (&json!([]), &json!([])));
}

#[test]
fn the_option_without_names_is_refused_before_anything_is_done() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.write("new.txt", "x\n");
    let before = desktop.head();
    let (code, failure) = desktop.fails(&["save", "first", "--env"]);
    assert_eq!((code, &failure["code"]), (1, &json!("convosync::env::no-names")));
    assert_eq!(desktop.head(), before);
}

#[test]
fn no_value_is_found_in_what_is_kept_or_sent() {
    let (world, desktop, _laptop) = World::pair();
    let desktop = with(desktop, &[("APP_MODE", "a value that is looked for")]);
    record(&desktop, &[("", "a command that is looked for")]);
    desktop.ok(&["config", "set", "env.names", "APP_*"]);
    desktop.ok(&["save", "first", "--env"]);
    let own: Vec<PathBuf> = [desktop.data(), desktop.home.join(".local/state")]
        .iter()
        .flat_map(|folder| tree::files(folder))
        .filter(|file| !file.ends_with("shell/recorded"))
        .collect();
    for file in world.objects().into_iter().chain(own) {
        let bytes = fs::read(&file).expect("a file");
        let found = bytes.windows(12).any(|part| part == b"is looked fo");
        assert!(!found, "{}", file.display());
    }
}

#[test]
fn the_file_of_the_prompt_follows_saves_resumes_and_the_queue() {
    let (world, desktop, laptop) = World::pair();
    let prompts = |device: &Device| -> Vec<Value> {
        let text = fs::read_to_string(device.home.join(".local/state/convosync/prompts.jsonl"));
        text.unwrap_or_default()
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    assert!(prompts(&desktop).is_empty());
    let saved = desktop.json(&["save", "first"]);
    let row = prompts(&desktop).remove(0);
    assert_eq!((&row["session"], &row["waiting"]), (&saved["session_id"], &json!(0)));
    assert_eq!(row["root"], desktop.work_tree.display().to_string());
    laptop.ok(&["resume", "--latest"]);
    assert_eq!(prompts(&laptop)[0]["session"], saved["session_id"]);

    let (store, away) = (world.store(), world.path().join("away"));
    fs::rename(&store, &away).expect("the store goes away");
    desktop.write("more.txt", "x\n");
    desktop.ok(&["save", "second"]);
    assert_eq!(prompts(&desktop)[0]["waiting"], 1);
    fs::rename(&away, &store).expect("the store comes back");
    desktop.ok(&["sync"]);
    assert_eq!(prompts(&desktop)[0]["waiting"], 0);
}
