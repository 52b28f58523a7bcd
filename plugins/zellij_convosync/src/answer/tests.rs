use convosync_wire::zellij::{Push as Said, Returned};
use convosync_wire::{Answer as Full, KeptReport, Question, Reply, SaveReport};

use super::*;
use crate::sample;

#[track_caller]
fn read_of(answer: Full) -> Answer {
    let whole = serde_json::to_string(&Returned { call: 1, answer, left: 3 }).expect("JSON");
    let (answer, left) = line(&whole).expect("a line of the helper");
    assert_eq!(left, 3);
    read(&answer).expect("an answer")
}

fn replied(reply: Reply) -> Answer {
    read_of(Full::Reply(Box::new(reply)))
}

#[test]
fn what_the_helper_writes_is_read() {
    let rows = sample::rows();
    let listed = replied(Reply::Sessions(rows.clone().into()));
    assert!(matches!(listed, Answer::Sessions(listed) if listed.rows == rows));
    let here = sample::here();
    assert_eq!(replied(Reply::Here(Box::new(here.clone()))), Answer::Here(here));
    let report = SaveReport { synced: true, ..SaveReport::default() };
    let saved = Saved { synced: true, ..Saved::default() };
    assert_eq!(replied(Reply::Saved(report)), Answer::Saved(saved));
    let report = KeptReport {
        verb: "pin".into(),
        sessions: Vec::new(),
        queued: 0,
        grace_days: 7,
        notes: Vec::new(),
    };
    let kept = Kept { verb: "pin".into(), grace_days: 7, notes: Vec::new() };
    assert_eq!(replied(Reply::Kept(report)), Answer::Kept(kept));
    let resumed = replied(Reply::Resumed(sample::resumed()));
    assert!(matches!(resumed, Answer::Resumed(resumed) if resumed.message == "Login works"));
    let shown = replied(Reply::Shown(Box::new(sample::shown())));
    assert!(matches!(shown, Answer::Shown(shown) if shown.timeline.len() == 2));
    assert_eq!(replied(Reply::Devices(Vec::new().into())), Answer::Done);
    let decision = sample::decision(Question::Dirty);
    assert_eq!(read_of(Full::NeedsDecision(decision.clone())), Answer::Decide(decision));
    assert_eq!(read_of(Full::Failure(unexpected())), Answer::Failed(unexpected()));
}

#[test]
fn what_is_pushed_is_read() {
    let pushed = |said: Said| push(&serde_json::to_string(&said).expect("JSON"));
    assert_eq!(pushed(Said::Changed), Some(Push::Changed));
    let progress: Progress = "Pushing".into();
    let said = Said::Progress { call: 7, progress: progress.clone() };
    assert_eq!(pushed(said), Some(Push::Progress { call: 7, progress }));
    let sessions = vec!["session-aaaaaaaa".to_owned()];
    assert_eq!(pushed(Said::News { sessions: sessions.clone() }), Some(Push::News(sessions)));
    for watching in [Watching::Well, Watching::Troubled(unexpected()), Watching::Ended] {
        assert_eq!(pushed(Said::Watch(watching.clone())), Some(Push::Watch(watching)));
    }
}

#[test]
fn what_nobody_of_ours_wrote_is_none() {
    for json in ["", "{}", "[]", "{\"push\":\"x\"}", "{\"push\":\"news\"}", "\u{0}", "nul"] {
        assert_eq!(push(json), None, "{json}");
        assert!(line(json).is_err() && read(json).is_err(), "{json}");
    }
}
