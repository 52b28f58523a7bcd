//! The program as it is started: exit codes, streams, and what it leaves alone.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program with an environment of its own.
fn convosync(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convosync"));
    command.env_clear().env("HOME", home).current_dir(home);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn run(home: &Path, args: &[&str]) -> Output {
    convosync(home).args(args).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is text")
}

#[test]
fn version_and_help_touch_nothing() {
    let home = home();
    for args in [["--version"].as_slice(), &["--help"], &["save", "--help"]] {
        let output = run(home.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(text(&output.stdout).contains("onvosync") || args.len() == 2, "{args:?}");
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    }
    let left = std::fs::read_dir(home.path()).expect("readable").count();
    assert_eq!(left, 0, "something was written");
}

#[test]
fn wrong_usage_ends_with_two() {
    let home = home();
    for args in [["fly"].as_slice(), &[], &["save", "a", "-m", "b"], &["device"]] {
        let output = run(home.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    let output = run(home.path(), &["-C", "missing", "status"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: missing can't be used"));
    let output = run(home.path(), &["-C", "missing", "status", "--json"]);
    let failure: serde_json::Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(failure["code"], "convosync::cli::directory");
}

#[test]
fn a_plugin_of_another_version_is_answered() {
    let home = home();
    let mut child = convosync(home.path())
        .arg("rpc")
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(b"{\"protocol\":99,\"version\":\"9.0.0\"}\n").expect("it reads");
    // The input stays open: the answer must not wait for its end.
    let output = child.wait_with_output().expect("it ends");
    drop(input);
    assert_eq!(output.status.code(), Some(0));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one answer");
    assert_eq!(answer["answer"], "failure");
    assert_eq!(answer["data"]["code"], "convosync::rpc::version");
}

/// Where this machine has git.
fn path() -> String {
    std::env::var("PATH").expect("there is a PATH")
}

/// Git in a home of the test's own.
fn git(home: &Path, directory: &Path, args: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=Sam", "-c", "user.email=sam@example.org"])
        .args(["-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(directory)
        .env_clear()
        .env("PATH", path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("git starts").success(), "git {args:?}");
}

/// A home with a repository in it, on `main`, with one commit and one changed file.
fn home_with_work() -> tempfile::TempDir {
    let home = home();
    let tree = home.path().join("app");
    std::fs::create_dir(&tree).expect("made");
    std::fs::write(home.path().join(".gitconfig"), "[user]\nname=Sam\nemail=sam@example.org\n")
        .expect("written");
    std::fs::write(tree.join("auth.js"), "one\n").expect("written");
    git(home.path(), &tree, &["init", "--quiet"]);
    git(home.path(), &tree, &["add", "."]);
    git(home.path(), &tree, &["commit", "--quiet", "-m", "first"]);
    std::fs::write(tree.join("auth.js"), "two\n").expect("written");
    home
}

fn run_in(home: &Path, args: &[&str]) -> Output {
    let all: Vec<&str> = ["-C", "app"].iter().chain(args).copied().collect();
    convosync(home).env("PATH", path()).args(all).output().expect("the program starts")
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", text(bytes)))
}

#[test]
fn what_was_saved_is_listed_and_asked_about_as_data() {
    let home = home_with_work();
    let saved = run_in(home.path(), &["save", "Implemented login", "--no-push"]);
    let shown = text(&saved.stdout);
    assert_eq!(saved.status.code(), Some(0), "{}", text(&saved.stderr));
    assert!(shown.contains("* Committed changes: \"Implemented login [ConvoSync]\"\n"), "{shown}");
    assert!(shown.ends_with("  convosync init --store URL\n"), "{shown}");
    assert!(shown.is_ascii() && saved.stderr.is_empty(), "{shown}");

    let rows = json(&run_in(home.path(), &["list", "--json"]).stdout);
    assert_eq!(rows[0]["message"], "Implemented login");
    assert_eq!(rows.as_array().expect("an array").len(), 1);

    std::fs::write(home.path().join("app/auth.js"), "three\n").expect("written");
    git(home.path(), &home.path().join("app"), &["switch", "--quiet", "-c", "other"]);
    let asked = run_in(home.path(), &["resume"]);
    assert_eq!(asked.status.code(), Some(3), "{}", text(&asked.stderr));
    let flag = json(&asked.stdout)["choices"][0]["flag"].clone();
    assert!(text(&asked.stderr).contains(flag.as_str().expect("a flag")), "{flag}");
    let left = std::fs::read(home.path().join("app/auth.js")).expect("there");
    assert_eq!(left, b"three\n", "a question changes nothing");
}

#[test]
fn failures_are_told_on_standard_error() {
    let home = home_with_work();
    let missing = run_in(home.path(), &["log", "session-zz"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).starts_with("error: "), "{}", text(&missing.stderr));
    assert!(missing.stdout.is_empty());
    let failure = json(&run_in(home.path(), &["log", "session-zz", "--json"]).stderr);
    let keys: Vec<_> = failure.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["code", "message", "help"]);
}

#[test]
fn a_plugin_lends_its_environment_and_this_process_has_none() {
    let home = home_with_work();
    let request = serde_json::json!({
        "protocol": convosync_wire::PROTOCOL,
        "version": "0.1.0",
        "directory": home.path().join("app"),
        "env": {"HOME": home.path(), "PATH": path()},
        "verb": {"verb": "status"},
    });
    let mut child = convosync(Path::new("/"))
        .arg("rpc")
        .env_clear()
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("piped");
    writeln!(input, "{request}").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    drop(input);
    let last = text(&output.stdout).lines().last().expect("an answer").to_owned();
    let answer = json(last.as_bytes());
    assert_eq!(answer["answer"], "reply", "{answer}");
    assert_eq!(answer["data"]["kind"], "status");
    assert_eq!(answer["data"]["report"]["branch"], "main");
}
