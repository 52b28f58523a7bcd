use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use convosync_wire::zellij::Address;
use convosync_wire::{PROTOCOL, Rows, SessionRow, Verb};

use super::*;
use crate::view::testing::{self, dirty};

fn line(skip: u64) -> String {
    line_of(skip, None)
}

fn line_of(skip: u64, plugin: Option<Address>) -> String {
    let (version, verb) = ("0.1.0".to_owned(), Verb::List(Default::default()));
    let call = Call { protocol: PROTOCOL, version, call: 7, skip, plugin, verb };
    serde_json::to_string(&call).expect("a call is JSON")
}

#[track_caller]
fn called(line: &str, run: &Run<'_>) -> Returned {
    let answer = answer(line, "/w", &Env::new(), run);
    assert!(answer.len() < MOST_BYTES && !answer.contains('\n'), "{} bytes", answer.len());
    serde_json::from_str(&answer).expect("one line of JSON")
}

/// A store that somebody filled with messages to choke on.
fn rows(count: usize, letters: usize) -> Vec<SessionRow> {
    let row = SessionRow {
        message: "ö".repeat(letters),
        ..testing::row("session-abcdefgh", "laptop", "laptop", 5)
    };
    vec![row; count]
}

fn listed(rows: Vec<SessionRow>) -> Outcome {
    Outcome::Reply(Box::new(Reply::Sessions(rows.into())))
}

fn sessions(returned: Returned) -> (Rows<SessionRow>, u64) {
    let Answer::Reply(reply) = returned.answer else { panic!("{returned:?}") };
    let Reply::Sessions(listed) = *reply else { panic!("{reply:?}") };
    (listed, returned.left)
}

#[test]
fn a_call_acts_in_the_directory_and_environment_of_the_process() {
    let run = |request: &Request, _: &dyn Fn(&Progress)| {
        assert_eq!((request.directory.as_str(), request.env.len()), ("/w", 0));
        assert!(matches!(request.verb, Verb::List(_)));
        listed(rows(2, 3))
    };
    let returned = called(&line(0), &run);
    assert_eq!(returned.call, 7);
    assert_eq!(sessions(returned).1, 0);
}

#[test]
fn all_rows_come_however_many_there_are_and_none_comes_twice() {
    let all = rows(1000, 400);
    let run = |_: &Request, _: &dyn Fn(&Progress)| listed(all.clone());
    let (mut got, mut pages) = (0, 0);
    loop {
        let (page, left) = sessions(called(&line(got), &run));
        assert!(!page.rows.is_empty(), "a page brings something");
        (got, pages) = (got + page.rows.len() as u64, pages + 1);
        if left == 0 {
            break;
        }
        assert_eq!(got + left, 1000);
    }
    assert!(got == 1000 && pages > 1, "{got} in {pages}");
}

#[test]
fn a_text_that_fills_a_message_alone_is_shortened() {
    let run = |_: &Request, _: &dyn Fn(&Progress)| listed(rows(3, MOST_BYTES));
    let (page, left) = sessions(called(&line(0), &run));
    assert_eq!((page.rows.len(), left), (3, 0));
    assert!(page.rows[0].message.ends_with("ö…"));
    let crash = |_: &Request, _: &dyn Fn(&Progress)| {
        Outcome::Failure(Failure {
            code: "convosync::x".into(),
            message: "x".repeat(MOST_BYTES),
            help: None,
            argument: None,
        })
    };
    assert!(matches!(called(&line(0), &crash).answer, Answer::Failure(_)));
}

#[test]
fn a_row_with_a_name_that_fills_a_message_keeps_no_other_away() {
    let long = || "\u{1}".repeat(MOST_BYTES);
    let bad = SessionRow {
        branch: Some(long()),
        commit: Some(long()),
        title: Some(long()),
        repository: long(),
        working_directory: long(),
        device: long(),
        ..rows(1, MOST_BYTES).remove(0)
    };
    let all = vec![bad, rows(1, 3).remove(0)];
    let run = |_: &Request, _: &dyn Fn(&Progress)| listed(all.clone());
    let (page, left) = sessions(called(&line(0), &run));
    assert_eq!((page.rows.len(), left), (2, 0));
    assert_eq!(page.rows[1], all[1]);
}

/// An environment with a `zellij` that does this.
fn zellij(folder: &std::path::Path, script: &str) -> Env {
    let program = folder.join("zellij");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    let path = format!("{}:/usr/bin:/bin", folder.display());
    Env::from([("PATH".to_owned(), path), (crate::push::SESSION.to_owned(), "s".to_owned())])
}

#[test]
fn what_still_tells_at_the_end_of_a_call_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let pid = folder.path().join("pid");
    let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000", pid.display());
    let env = zellij(folder.path(), &script);
    let run = |_: &Request, tell: &dyn Fn(&Progress)| {
        tell(&"Pushing".into());
        let until = Instant::now() + Duration::from_secs(60);
        while !pid.exists() {
            assert!(Instant::now() < until, "nobody is told");
            std::thread::sleep(Duration::from_millis(5));
        }
        listed(rows(1, 3))
    };
    let told = BTreeMap::from([("role".to_owned(), "daemon".to_owned())]);
    let line = line_of(0, Address::of("file:/p.wasm", &told));
    assert!(answer(&line, "/w", &env, &run).contains("session-abcdefgh"));
    let pid = fs::read_to_string(&pid).expect("it was started");
    assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "it runs on");
}

#[test]
fn what_comes_too_fast_to_be_told_is_left_out_and_the_latest_is_not() {
    let (send, progress) = channel();
    let (seen, told) = channel();
    std::thread::spawn(move || tell_all(progress, |progress| drop(seen.send(progress.text))));
    send.send("0".into()).expect("it listens");
    assert_eq!(told.recv().expect("told"), "0");
    (1..=100).for_each(|at| send.send(at.to_string().as_str().into()).expect("it listens"));
    let mut all = 0;
    while told.recv().expect("the latest is told") != "100" {
        all += 1;
    }
    assert!(all < 50, "{all} of them were told");
    drop(send);
    assert!(told.recv().is_err(), "it has ended");
}

#[test]
fn notes_leave_room_for_the_rows() {
    let note = Note { code: "n".into(), text: "x".repeat(9000), help: None };
    let run = |_: &Request, _: &dyn Fn(&Progress)| {
        let notes = vec![note.clone(); 500];
        Outcome::Reply(Box::new(Reply::Sessions(Rows { rows: rows(10, 10), notes })))
    };
    let (page, left) = sessions(called(&line(0), &run));
    assert_eq!((page.rows.len(), left), (10, 0));
    assert!(!page.notes.is_empty());
}

#[test]
fn what_is_no_call_is_refused_in_the_form_of_an_answer() {
    let never = |_: &Request, _: &dyn Fn(&Progress)| panic!("must not run");
    for line in ["", "hello", "[]", r#"{"protocol": 99}"#, r#"{"protocol": 1}"#] {
        let returned = called(line, &never);
        assert!(matches!(returned.answer, Answer::Failure(_)), "{line}: {returned:?}");
    }
}

#[test]
fn a_question_comes_as_it_is() {
    let run = |_: &Request, _: &dyn Fn(&Progress)| Outcome::Decision(dirty());
    assert_eq!(called(&line(0), &run).answer, Answer::NeedsDecision(dirty()));
}

#[test]
fn a_directory_that_is_gone_is_told_to_the_call_that_named_it() {
    let failure = caller::directory(Some("/no/such/place".as_ref())).expect_err("it is not there");
    let answer = refused(&line(0), failure);
    let returned: Returned = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(returned.call, 7);
    assert!(matches!(returned.answer, Answer::Failure(_)));
}
