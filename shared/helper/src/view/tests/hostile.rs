use super::*;

/// Every text of every report comes from elsewhere: a branch may be named anything.
#[test]
fn no_view_lets_a_terminal_sequence_through() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}\r\u{9b}2Jx\n\u{1b}[2J";
    let replace = |value: &mut serde_json::Value| spoil(value, evil);
    let answers = [
        Reply::Initialised(AccountReport {
            recovery_words: Some("a b".into()),
            recovery_file: Some("f".into()),
            notes: vec![note("x", Some("y"))],
            ..account()
        }),
        Reply::Devices(Rows {
            rows: vec![device("d", false, Some(1))],
            notes: vec![note("x", Some("y"))],
        }),
        Reply::Saved(SaveReport {
            notes: vec![note("x", Some("y"))],
            other_conversations: vec![ConversationNote {
                conversation_id: "c".into(),
                title: Some("t".into()),
                modified: 0,
                live: false,
            }],
            ..saved()
        }),
        Reply::Resumed(ResumeReport {
            notes: vec![note("x", Some("y"))],
            parked: vec![note("x", Some("y"))],
            ..resumed()
        }),
        Reply::Sessions(Rows { rows: rows(), notes: vec![note("x", Some("y"))] }),
        Reply::Log(Rows {
            rows: vec![LogRow {
                save: "s".into(),
                head: true,
                parked: true,
                note: false,
                quarantined: true,
                row: row("a", "b", "c", 0),
            }],
            notes: vec![note("x", Some("y"))],
        }),
        Reply::Status(Box::new(StatusReport {
            uncommitted: vec!["f".into()],
            notes: vec![note("x", Some("y"))],
            ..status()
        })),
        Reply::Planned(PlanReport {
            verb: "v".into(),
            steps: vec!["s".into()],
            save: None,
            decisions: vec![dirty()],
            notes: vec![note("x", Some("y"))],
        }),
        Reply::Synced(SyncReport {
            sent: vec![SyncedSave { session_id: "s".into(), save: "s".into(), bytes: 1 }],
            queued: 0,
            notes: vec![note("x", Some("y"))],
        }),
    ];
    for answer in answers {
        let mut value = serde_json::to_value(&answer).expect("replies are JSON");
        replace(&mut value["report"]);
        let spoilt: Reply = serde_json::from_value(value).expect("still a reply");
        for look in [plain(), fancy()] {
            harmless_text(&reply(&spoilt, &Verb::Status, &look));
        }
    }
    let mut sessions = serde_json::to_value(rows()).expect("rows are JSON");
    replace(&mut sessions);
    let sessions: Vec<SessionRow> = serde_json::from_value(sessions).expect("still rows");
    harmless_text(&picker(&sessions, &fancy()));
    let evil = || evil.to_owned();
    harmless_text(&failure(
        &Failure { code: evil(), message: evil(), help: Some(evil()), argument: Some(evil()) },
        &plain(),
    ));
}

/// Replaces every text but the stable names that have only some values.
fn spoil(value: &mut serde_json::Value, with: &str) {
    match value {
        serde_json::Value::String(text) => *text = with.to_owned(),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, with)),
        serde_json::Value::Object(fields) => fields
            .iter_mut()
            .filter(|(name, _)| !["state", "question", "holds"].contains(&name.as_str()))
            .for_each(|(_, field)| spoil(field, with)),
        _ => {}
    }
}

#[track_caller]
fn harmless_text(text: &str) {
    assert!(text.contains("owned"), "the text is not shown at all: {text:?}");
    let bad = |char: char| (char.is_control() && char != '\n') || char == '\u{202e}';
    assert!(!text.contains(bad), "{text:?}");
}
