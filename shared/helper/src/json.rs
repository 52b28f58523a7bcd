//! `--json`: one document a call, with the columns that every front end has.

use convosync_wire::{Decision, Failure, Reply, SessionRow};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The keys that hold milliseconds since 1970 on the wire and RFC 3339 here.
const TIMES: [&str; 6] = ["timestamp", "time", "modified", "last_sync", "joined", "expires"];

/// The report inside a reply.
pub(crate) fn reply(reply: &Reply) -> Value {
    let mut value = match reply {
        Reply::Initialised(report) | Reply::Joined(report) => to_value(report),
        Reply::Enrolling(report) => to_value(report),
        Reply::EnrolWaiting(report) => to_value(report),
        Reply::Approved(report) => to_value(report),
        Reply::Renamed(report) => to_value(report),
        Reply::Key(report) => to_value(report),
        Reply::Protected(report) => to_value(report),
        Reply::Devices(listed) => to_value(&listed.rows),
        Reply::Saved(report) => to_value(report),
        Reply::Resumed(report) => to_value(report),
        Reply::Undone(report) => to_value(report),
        Reply::Undoable(listed) => to_value(&listed.rows),
        Reply::Planned(report) => to_value(report),
        Reply::Sessions(listed) => to_value(&listed.rows),
        Reply::Log(listed) => to_value(&listed.rows),
        Reply::Noted(report) => to_value(report),
        Reply::Shown(report) => to_value(report),
        Reply::Status(report) => to_value(report),
        Reply::Here(report) => to_value(report),
        Reply::Synced(report) => to_value(report),
        Reply::Kept(report) => to_value(report),
        Reply::Collected(report) => to_value(report),
        Reply::Config(report) => to_value(report),
        Reply::Store(report) => to_value(report),
        Reply::StoreMoved(report) => to_value(report),
        Reply::Consented(report) => to_value(report),
        Reply::Exported(report) => to_value(report),
        Reply::Imported(report) => to_value(report),
        Reply::Examined(report) => to_value(&report.checks),
        Reply::Explained(report) => to_value(report),
    };
    for_people(&mut value);
    value
}

/// One row of a list.
pub(crate) fn session(row: &SessionRow) -> Value {
    let mut value = to_value(row);
    for_people(&mut value);
    value
}

/// What a list could not show: its document is an array, so this goes beside it.
pub(crate) fn notes_beside(reply: &Reply) -> Option<Value> {
    let notes = match reply {
        Reply::Devices(listed) => &listed.notes,
        Reply::Sessions(listed) => &listed.notes,
        Reply::Log(listed) => &listed.notes,
        Reply::Examined(report) => &report.notes,
        Reply::Undoable(listed) => &listed.notes,
        _ => return None,
    };
    (!notes.is_empty()).then(|| json!({ "notes": notes }))
}

/// A question.
pub(crate) fn decision(decision: &Decision) -> Value {
    to_value(decision)
}

/// A failure: exactly code, message and help.
pub(crate) fn failure(failure: &Failure) -> Value {
    json!({ "code": failure.code, "message": failure.message, "help": failure.help })
}

fn to_value(report: &impl serde::Serialize) -> Value {
    serde_json::to_value(report).expect("reports have text keys only")
}

/// Turns times into RFC 3339 and leaves out what is only there for drawing.
fn for_people(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(for_people),
        Value::Object(fields) => {
            fields.shift_remove("device_kind");
            for (name, field) in fields.iter_mut() {
                match field.as_i64() {
                    Some(ms) if TIMES.contains(&name.as_str()) => *field = time(ms),
                    _ => for_people(field),
                }
            }
        }
        _ => {}
    }
}

/// A time that no calendar has is null.
fn time(ms: i64) -> Value {
    Timestamp::from_millisecond(ms).map_or(Value::Null, |time| time.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing;

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    #[test]
    fn a_list_is_an_array_with_the_columns_of_every_front_end() {
        let value = reply(&Reply::Sessions(testing::rows().into()));
        let rows = value.as_array().expect("an array");
        assert_eq!(
            keys(&rows[0]),
            [
                "session_id",
                "timestamp",
                "device",
                "branch",
                "commit",
                "message",
                "message_count",
                "size",
                "repository",
                "working_directory",
                "conversation_id",
                "state",
                "pinned",
                "title",
                "holds",
                "uncommitted"
            ]
        );
        assert_eq!(rows[0]["timestamp"], "2025-10-19T17:57:00Z");
        assert_eq!(rows[0]["state"], "synced");
        assert_eq!(reply(&Reply::Sessions(Vec::new().into())), json!([]));
    }

    #[test]
    fn times_are_rfc_3339_wherever_they_stand() {
        let status = reply(&Reply::Status(Box::new(testing::status())));
        assert_eq!(status["session"]["timestamp"], "2025-10-19T17:57:00Z");
        assert_eq!(status["devices"][0]["last_sync"], "2025-10-19T17:57:00Z");
        assert_eq!(status["devices"][0]["joined"], "2025-10-17T18:00:00Z");
        assert_eq!(status["devices"][1]["last_sync"], Value::Null);
        let mut row = testing::row("session-abc123", "d", "laptop", 0);
        row.timestamp = i64::MAX;
        assert_eq!(reply(&Reply::Sessions(vec![row].into()))[0]["timestamp"], Value::Null);
    }

    #[test]
    fn a_failure_has_code_message_and_help_alone() {
        let told = Failure {
            code: "convosync::save::x".into(),
            message: "m".into(),
            help: None,
            argument: Some("--at".into()),
        };
        assert_eq!(
            failure(&told).to_string(),
            r#"{"code":"convosync::save::x","message":"m","help":null}"#
        );
    }

    #[test]
    fn a_decision_keeps_its_flags() {
        let value = decision(&testing::dirty());
        assert_eq!(value["question"], "dirty");
        assert_eq!(value["choices"][0]["flag"], "--on-dirty stash");
    }
}
