use std::collections::BTreeMap;

use convosync_wire::{Progress, Reply, SyncReport, Verb};
use serde_json::json;

use super::*;
use crate::view::testing::dirty;

fn status() -> Request {
    Request {
        protocol: PROTOCOL,
        version: "0.1.0".into(),
        directory: "/w".into(),
        env: BTreeMap::from([("HOME".into(), "/home/me".into())]),
        shell: Some("nu".into()),
        passphrase: None,
        verb: Verb::Status,
    }
}

fn done() -> Outcome {
    let report = SyncReport { sent: Vec::new(), queued: 0, notes: Vec::new() };
    Outcome::Reply(Box::new(Reply::Synced(report)))
}

/// What a plugin reads after it wrote `line`.
fn exchange(line: &[u8], run: &Run<'_>) -> Vec<Answer> {
    let mut output = Vec::new();
    answer(read(line), &mut output, run).expect("a Vec takes everything");
    let text = String::from_utf8(output).expect("answers are text");
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("an answer a line")).collect()
}

#[track_caller]
fn refused(line: &[u8], code: &str, part: &str) -> Failure {
    let never = |_: &Request, _: &dyn Fn(&Progress)| panic!("must not run");
    let answers = exchange(line, &never);
    let [Answer::Failure(failure)] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(failure.code, code, "{failure:?}");
    assert!(failure.message.contains(part), "{failure:?}");
    failure.clone()
}

#[test]
fn progress_comes_before_the_one_final_answer() {
    let line = serde_json::to_vec(&status()).expect("a request is JSON");
    let run = |request: &Request, progress: &dyn Fn(&Progress)| {
        assert_eq!(*request, status());
        progress(&"Pushing to origin/main".into());
        done()
    };
    let answers = exchange(&line, &run);
    let [Answer::Progress(progress), Answer::Reply(_)] = answers.as_slice() else {
        panic!("{answers:?}")
    };
    assert_eq!(progress.text, "Pushing to origin/main");
}

#[test]
fn decisions_and_failures_are_final_too() {
    let line = serde_json::to_vec(&status()).expect("a request is JSON");
    let ask = |_: &Request, _: &dyn Fn(&Progress)| Outcome::Decision(dirty());
    assert_eq!(exchange(&line, &ask), [Answer::NeedsDecision(dirty())]);
    let crash = |_: &Request, _: &dyn Fn(&Progress)| panic!("a secret");
    let answers = exchange(&line, &crash);
    let [Answer::Failure(failure)] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(failure.code, "convosync::internal");
    assert!(!format!("{failure:?}").contains("secret"));
}

#[test]
fn another_version_is_named_before_anything_else_is_read() {
    let line = json!({"protocol": 99, "version": "9.1.0", "verb": {"verb": "teleport"}});
    let code = "convosync::rpc::version";
    let failure = refused(line.to_string().as_bytes(), code, "(9.1.0) speaks protocol 99");
    assert!(failure.message.contains(env!("CARGO_PKG_VERSION")), "{failure:?}");
    assert!(failure.help.expect("help").starts_with("the helper is older"));
    let failure = refused(br#"{"protocol": 0}"#, code, "(unknown) speaks protocol 0");
    assert!(failure.help.expect("help").starts_with("the plugin is older"));
}

#[test]
fn what_is_no_request_is_refused_without_repeating_it() {
    let code = "convosync::rpc::request";
    refused(b"", code, "no request");
    refused(b"\n", code, "no request");
    refused(b"hello secret\n", code, "no JSON: column");
    refused(b"\xff\xfe\n", code, "no JSON");
    refused(b"[]\n", code, "no protocol version");
    let request = |field: &str, value: Value| {
        let mut line = serde_json::to_value(status()).expect("a request is JSON");
        line[field] = value;
        line.to_string().into_bytes()
    };
    refused(&request("verb", json!({"verb": "fly"})), code, "unknown variant `fly`");
    let failure = refused(&request("directory", json!(["secret"])), code, "not understood");
    assert!(!failure.message.contains("secret"), "{failure:?}");
    let mut line = serde_json::to_value(status()).expect("a request is JSON");
    line.as_object_mut().expect("an object").remove("directory");
    refused(line.to_string().as_bytes(), code, "missing field `directory`");
}

#[test]
fn an_endless_request_is_refused_at_one_mib() {
    let line = vec![b' '; 2 * 1024 * 1024];
    refused(&line, "convosync::rpc::request", "longer than 1 MiB");
    let mut fits = serde_json::to_vec(&status()).expect("a request is JSON");
    fits.resize(1024 * 1024, b' ');
    assert_eq!(read(fits.as_slice()), Ok(status()));
}

#[test]
fn only_the_first_line_is_the_request() {
    let mut line = serde_json::to_vec(&status()).expect("a request is JSON");
    line.extend_from_slice(b"\nmore");
    assert_eq!(read(line.as_slice()), Ok(status()));
}

#[test]
fn a_caller_that_is_gone_is_told_to_ours() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let run = |_: &Request, progress: &dyn Fn(&Progress)| {
        progress(&"nobody listens".into());
        done()
    };
    assert!(answer(Ok(status()), &mut Gone, &run).is_err());
}
