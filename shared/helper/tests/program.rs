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
    for args in [["fly"].as_slice(), &[], &["save", "a", "-m", "b"], &["device", "join"]] {
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
