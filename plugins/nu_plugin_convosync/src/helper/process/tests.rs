//! The helper is a shell script here; what it does on its side of the pipes is the test.

use super::*;
use crate::scripted::{Script, soon};
use convosync_wire::{PROTOCOL, Reply, Verb};
use std::fs;

const FINAL: &str = r#"printf '%s\n' '{"answer":"reply","data":{"kind":"sessions","report":{"rows":[],"notes":[]}}}'"#;

fn request() -> Request {
    Request {
        protocol: PROTOCOL,
        version: "0".to_owned(),
        directory: "/".to_owned(),
        env: BTreeMap::new(),
        shell: None,
        passphrase: None,
        verb: Verb::Status,
    }
}

fn start(script: &Script, cancel: &Cancel) -> Run {
    let env = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
    Run::start(&script.program(), &env, &request(), cancel).unwrap()
}

fn script(commands: &str) -> Script {
    Script::new().runs("status", commands)
}

fn done() -> Answer {
    Answer::Reply(Box::new(Reply::Sessions(vec![].into())))
}

/// Whether a process is there and no zombie.
fn lives(script: &Script, file: &str) -> bool {
    let pid = fs::read_to_string(script.file(file)).unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn progress_comes_before_the_answer_and_input_stays_open_until_then() {
    let script = script(&format!(
        r#"printf '\n%s\n' '{{"answer":"progress","data":{{"text":"Pushing"}}}}'
        exec 3<&0
        (cat <&3; touch "$folder/closed") &
        sleep 0.2; [ -e "$folder/closed" ] || {FINAL}
        wait"#
    ));
    let mut run = start(&script, &Cancel::default());
    let progress = Answer::Progress("Pushing".into());
    assert_eq!(run.next(None), Ok(progress));
    assert_eq!(run.next(None), Ok(done()));
    assert!(!run.finish(), "nobody called it off");
    assert!(soon(|| script.file("closed").exists()), "its input was never closed");
}

#[test]
fn calling_off_closes_the_input_and_the_helper_has_the_last_word() {
    let script = script(&format!("touch \"$folder/up\"; cat; {FINAL}"));
    let cancel = Cancel::default();
    let mut run = start(&script, &cancel);
    assert!(soon(|| script.file("up").exists()));
    cancel.call_off();
    assert_eq!(run.next(None), Ok(done()));
    assert!(run.finish());
}

#[test]
fn what_was_called_off_before_the_start_is_called_off() {
    let script = script("cat");
    let cancel = Cancel::default();
    cancel.call_off();
    let end = start(&script, &cancel).next(None);
    assert_eq!(end, Err(End::CalledOff { by_force: false }));
}

#[test]
fn a_helper_that_does_not_stop_is_ended_with_what_it_started() {
    let script = script(
        r#"trap '' TERM
        sleep 60 & echo $! >"$folder/child"
        echo $$ >"$folder/self"
        while :; do sleep 0.1; done"#,
    );
    let cancel = Cancel::default();
    let mut run = start(&script, &cancel);
    assert!(soon(|| lives(&script, "self") && lives(&script, "child")));
    let asked = Instant::now();
    cancel.call_off();
    assert_eq!(run.next(None), Err(End::CalledOff { by_force: true }));
    assert!(asked.elapsed() >= GRACE, "it had no time to stop by itself");
    assert!(soon(|| !lives(&script, "self") && !lives(&script, "child")));
}

#[test]
fn a_late_helper_is_ended_when_there_is_a_limit() {
    let script = script(r#"echo $$ >"$folder/self"; sleep 60"#);
    let end = start(&script, &Cancel::default()).next(Some(Duration::from_millis(300)));
    assert_eq!(end, Err(End::OutOfTime));
    assert!(soon(|| !lives(&script, "self")));
}

#[test]
fn a_helper_that_says_nothing_is_quoted_with_its_last_complaint() {
    let script = script(r#"printf 'lost\033[2J\n' >&2; exit 7"#);
    let end = start(&script, &Cancel::default()).next(None);
    let want = End::Silent { status: "exit status: 7".to_owned(), complaint: "lost[2J".to_owned() };
    assert_eq!(end, Err(want));
}

#[test]
fn what_is_no_answer_is_quoted() {
    for said in ["Usage: convosync", r#"{"answer":"riddle"}"#, "{"] {
        let script = script(&format!("echo '{said}'"));
        let end = start(&script, &Cancel::default()).next(None);
        assert_eq!(end, Err(End::NotOurs(said.to_owned())));
    }
}

#[test]
fn a_child_that_keeps_the_output_open_does_not_hold_the_answer_back() {
    let script = script(&format!("{FINAL}\nsleep 60 & echo $! >\"$folder/child\""));
    let mut run = start(&script, &Cancel::default());
    let asked = Instant::now();
    assert_eq!(run.next(None), Ok(done()));
    run.finish();
    assert!(asked.elapsed() < Duration::from_secs(10));
    let child = fs::read_to_string(script.file("child")).unwrap();
    Command::new("kill").arg(child.trim()).status().unwrap();
}

#[test]
fn a_big_request_does_not_wait_for_a_helper_that_does_not_read() {
    let script = Script::new();
    fs::remove_file(script.program()).unwrap();
    std::os::unix::fs::symlink("/bin/false", script.program()).unwrap();
    let mut big = request();
    big.env.insert("XDG_BIG".to_owned(), "x".repeat(1 << 20));
    let run = Run::start(&script.program(), &BTreeMap::new(), &big, &Cancel::default());
    let end = run.unwrap().next(None);
    assert!(matches!(end, Err(End::Silent { .. })), "{end:?}");
}

#[test]
fn the_version_is_asked_for_and_not_waited_for() {
    let env = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
    let script = Script::new();
    assert_eq!(version_of(&script.program(), &env).as_deref(), Some("convosync 0.0.1"));
    fs::remove_file(script.file("version")).unwrap();
    assert_eq!(version_of(&script.program(), &env), None);
}
