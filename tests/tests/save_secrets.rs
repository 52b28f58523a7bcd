//! What looks like a secret is told before it is with others: by kind and place, and never itself.

use std::fs;

use convosync_tests::{Device, World, leaks, told};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const PASSWORD: &str = "hunter2hunter2";

/// Keys that no service gave out. Whole, they would be found in this file by others that look.
fn github() -> String {
    ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_")
}

fn aws() -> String {
    ["AK", "IAQYLPMN5HHHFPZ2QK"].concat()
}

fn record(device: &Device, commands: &[&str]) {
    let file = device.home.join(".local/state/convosync/shell/recorded");
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    let top = device.work_tree.display();
    let record = |command: &&str| format!("\0\01700000000\00\0{top}\0{command}");
    fs::write(file, commands.iter().map(record).collect::<String>()).expect("a file");
}

/// Says a secret in the conversation.
fn say(device: &Device, secret: &str) {
    device.talk(ID, 1);
    let path = device.transcript(ID);
    let lines = fs::read_to_string(&path).expect("a transcript");
    fs::write(path, lines.replacen("Answer", &format!("the key is {secret}"), 1)).expect("written");
}

/// A device with a secret in its conversation, its work tree, its history and its environment.
fn full_of_secrets(mut device: Device) -> Device {
    say(&device, &github());
    device.write("src/config.js", &format!("// keys\nconst key = '{}'\n", aws()));
    let psql = format!("psql postgres://me:{PASSWORD}@db/app");
    record(&device, &["cargo test", &psql, "git diff"]);
    let url = format!("postgres://app:{PASSWORD}@db/app");
    device.more.insert("APP_DB".to_owned(), url);
    device.ok(&["config", "set", "env.names", "APP_*"]);
    device
}

fn note<'r>(report: &'r Value, code: &str) -> Option<&'r str> {
    let notes = report["notes"].as_array().expect("notes");
    notes.iter().find(|note| note["code"] == code)?["text"].as_str()
}

fn secrets() -> [String; 3] {
    [github(), aws(), PASSWORD.to_owned()]
}

#[test]
fn a_save_names_each_secret_by_its_place_and_prints_none() {
    let (world, desktop, _laptop) = World::pair();
    let desktop = full_of_secrets(desktop);
    let dry = told(&desktop.run(&["save", "x", "--env", "--dry-run"]));
    let output = desktop.run(&["save", "keys", "--env", "--json"]);
    let all = told(&output);
    let saved: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for (code, want) in [
        ("convosync::save::secrets", "the commit, src/config.js line 2: an AWS access key"),
        ("convosync::save::secrets", "the conversation, transcript.jsonl line "),
        ("convosync::history::held-back", "2 commands back (`psql`): a password in a URL"),
        ("convosync::env::secrets", "APP_DB: a password in a URL; it stayed on this device"),
    ] {
        let text = note(&saved, code).unwrap_or_else(|| panic!("no {code}: {saved}"));
        assert!(text.contains(want), "{want}\n{text}");
    }
    assert_eq!(saved["history"], 2, "what has none travels");
    for secret in secrets() {
        assert!(!all.contains(&secret) && !dry.contains(&secret), "{secret} was printed");
    }
    assert_eq!(
        leaks::readable(&world.objects(), &secrets().each_ref().map(String::as_str)),
        [""; 0]
    );

    // Only what is new is looked through.
    desktop.talk(ID, 1);
    let again = desktop.json(&["save", "more"]);
    assert_eq!(note(&again, "convosync::save::secrets"), None, "{again}");
    say(&desktop, &github());
    let later = desktop.json(&["save", "once more"]);
    let text = note(&later, "convosync::save::secrets").expect("a new one");
    let lines = fs::read_to_string(desktop.transcript(ID)).expect("a transcript");
    let line = lines.lines().filter(|line| line.contains("Answer")).count();
    assert!(line > 0 && text.contains("transcript.jsonl line "), "{text}");
}

#[test]
fn with_redact_commands_and_variables_travel_without_their_secrets() {
    let (_world, desktop, mut laptop) = World::pair();
    let desktop = full_of_secrets(desktop);
    let saved = desktop.json(&["save", "keys", "--env", "--redact", "--no-code"]);
    assert_eq!((&saved["history"], &saved["env"][0]), (&3.into(), &"APP_DB".into()), "{saved}");
    let text = note(&saved, "convosync::history::redacted").expect("it is told");
    assert!(text.ends_with("2 commands back (`psql`): a password in a URL"), "{text}");

    laptop.more.insert("CONVOSYNC_SHELL".to_owned(), "bash".to_owned());
    laptop.ok(&["config", "set", "env.names", "APP_*"]);
    let output = laptop.run(&["resume", "--latest", "--json"]);
    assert!(!told(&output).contains(PASSWORD));
    let resumed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(resumed["history"][1]["command"], "psql postgres://me:[redacted]@db/app");
    assert_eq!(resumed["env"], serde_json::json!([]), "half a value is none: {resumed}");
    assert_eq!(resumed["env_missing"][0]["why"], "redacted");
    let text = note(&resumed, "convosync::env::redacted").expect("it is asked for");
    assert!(text.ends_with("APP_DB=postgres://app:[redacted]@db/app"), "{text}");
}

#[test]
fn the_setting_redacts_every_save() {
    let (_world, desktop, _laptop) = World::pair();
    let desktop = full_of_secrets(desktop);
    desktop.ok(&["config", "set", "terminal.redact", "true"]);
    let saved = desktop.json(&["save", "keys"]);
    assert_eq!(saved["history"], 3, "{saved}");
    assert!(note(&saved, "convosync::history::redacted").is_some(), "{saved}");
}

#[test]
fn what_would_be_bared_is_told_before_it_is_pushed_and_asked_only_of_somebody() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.write("src/config.js", &format!("// keys\nconst key = '{}'\n", aws()));
    let before = desktop.standing();
    let plan = desktop.json(&["save", "x", "--dry-run"]);
    let text = note(&plan, "convosync::save::secrets").expect("it is told");
    assert_eq!(
        text,
        "what looks like a secret would be pushed:\n  \
         • the commit, src/config.js line 2: an AWS access key"
    );
    for sealed in ["--no-push", "--stash", "--no-code"] {
        let plan = desktop.json(&["save", "x", "--dry-run", sealed]);
        assert_eq!(note(&plan, "convosync::save::secrets"), None, "{sealed}: {plan}");
    }
    let told = |answer| desktop.json(&["save", "x", "--dry-run", "--on-secrets", answer]);
    assert!(told("stash")["steps"].to_string().contains("commit nothing"), "{}", told("stash"));
    assert!(told("cancel")["steps"].to_string().contains("save nothing"), "{}", told("cancel"));
    desktop.refuses(&["save", "x", "--on-secrets", "cancel"], "convosync::cancelled");
    let on_branch = ["save", "x", "-b", "side", "--on-secrets", "stash"];
    desktop.refuses(&on_branch, "convosync::save::branch-without-commit");
    desktop
        .refuses(&["save", "x", "-b", "side", "--stash"], "convosync::save::branch-without-commit");
    assert_eq!(desktop.standing(), before);

    let carried = desktop.json(&["save", "x", "--on-secrets", "stash"]);
    assert_eq!((&carried["committed"], &carried["uncommitted"]), (&Value::Null, &1.into()));
    assert_eq!(desktop.standing(), before, "{carried}");
    // A script is not stopped.
    let saved = desktop.json(&["save", "x"]);
    assert_eq!(saved["pushed"], "origin/main", "{saved}");
    assert!(note(&saved, "convosync::save::secrets").is_some(), "{saved}");
    // Nothing new, nothing to be asked.
    desktop.write("README.md", "two\n");
    let saved = desktop.json(&["save", "y", "--on-secrets", "cancel"]);
    assert_eq!(saved["pushed"], "origin/main", "{saved}");
}

/// Lines between two changes would lead whoever reads a patch astray.
#[test]
fn how_a_user_likes_to_read_diffs_hides_no_secret() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.write("a.js", "1\n2\n3\n4\n5\n");
    desktop.write("b.js", "1\n");
    desktop.json(&["save", "before"]);
    desktop.write("a.js", "one\n2\n3\n4\nfive\n");
    desktop.write("b.js", &format!("1\nconst key = '{}'\n", aws()));
    desktop.git(&["config", "diff.interHunkContext", "5"]);
    let plan = desktop.json(&["save", "x", "--dry-run"]);
    let text = note(&plan, "convosync::save::secrets").unwrap_or_default();
    assert!(text.contains("the commit, b.js line 2: an AWS access key"), "{plan}");
    let saved = desktop.json(&["save", "x"]);
    let text = note(&saved, "convosync::save::secrets").unwrap_or_default();
    assert!(text.contains("the commit, b.js line 2: an AWS access key"), "{saved}");
}
