//! What is told of answers.

use convosync_wire::zellij::Watching;
use convosync_wire::{Failure, Note, TimelineRow, Verb};

use super::list;
use super::over::{Kind, Reading};
use crate::answer::{Answer, Kept, Resumed, Saved, Shown};
use crate::line::Role;
use crate::talk::State;
use crate::text::{age, counted, sentence, short, short_repository};

/// What is being done, until the helper says more.
pub(crate) fn doing(verb: &Verb) -> &'static str {
    match verb {
        Verb::Save(_) => "saving",
        Verb::Resume(_) => "resuming",
        Verb::Show(_) => "reading",
        Verb::Delete(_) => "deleting",
        Verb::Pin(_) => "pinning",
        Verb::Unpin(_) => "unpinning",
        _ => "working",
    }
}

/// A word for the bottom line.
pub(crate) fn said(answer: &Answer) -> Option<(Role, String)> {
    match answer {
        Answer::Saved(report) => Some(saved(report)),
        Answer::Kept(report) => Some((Role::Success, kept(report))),
        Answer::Resumed(report) if report.in_step => Some((Role::Success, "resumed".to_owned())),
        Answer::Resumed(_) => Some((Role::Error, "resumed, but out of step".to_owned())),
        _ => None,
    }
}

fn saved(report: &Saved) -> (Role, String) {
    match (report.synced, report.local_only) {
        (false, _) => (Role::Error, "saved; NOT on other devices yet".to_owned()),
        (true, true) => (Role::Success, "saved on this machine".to_owned()),
        (true, false) => match report.other_devices.as_slice() {
            [] => (Role::Success, "saved".to_owned()),
            [device] => (Role::Success, format!("saved: ready on {device}")),
            _ => (Role::Success, "saved: ready on any device".to_owned()),
        },
    }
}

fn kept(report: &Kept) -> String {
    match report.verb.as_str() {
        "pin" => "pinned: kept for ever".to_owned(),
        "unpin" => "no longer pinned".to_owned(),
        "delete" => format!("deleted; can be had back for {}", counted(report.grace_days, "day")),
        _ => "done".to_owned(),
    }
}

/// A text, where there is more to know than a word.
pub(crate) fn reading(answer: &Answer, now_ms: i64) -> Option<Reading> {
    match answer {
        Answer::Shown(report) => Some(details(report, now_ms)),
        Answer::Resumed(report) => Some(resumed(report, now_ms)),
        Answer::Saved(report) if !report.notes.is_empty() => {
            let reading = Reading::new(Kind::Report, "Saved");
            Some(with_notes(reading.with(saved(report).0, saved(report).1), &report.notes))
        }
        Answer::Kept(report) if !report.notes.is_empty() => {
            let reading = Reading::new(Kind::Report, "Done").with(Role::Plain, kept(report));
            Some(with_notes(reading, &report.notes))
        }
        _ => None,
    }
}

fn resumed(report: &Resumed, now_ms: i64) -> Reading {
    let age = age(report.timestamp, now_ms);
    let mut reading = Reading::new(Kind::Report, "Session Resumed")
        .with(Role::Strong, report.message.clone())
        .with(Role::Dim, format!("{} · {} · {age}", report.session_id, report.device))
        .with(Role::Plain, "")
        .field("Directory", Some(&report.working_directory))
        .field("Branch", report.branch.as_deref())
        .field("Commit", report.commit.as_deref().map(short).as_deref());
    if report.uncommitted > 0 {
        let changes = counted(report.uncommitted, "uncommitted change");
        reading = reading.with(Role::Plain, format!("{changes} came along"));
    }
    if report.conversation_id.is_some() {
        let messages = counted(report.message_count, "message");
        let done = if report.conversation_restored { "is back" } else { "was left as it is" };
        reading = reading.with(Role::Plain, format!("The conversation {done} ({messages})"));
    }
    if let Some(command) = &report.open_with {
        reading = reading.with(Role::Plain, "Go on with:").with(Role::Key, format!("  {command}"));
    }
    let (role, step) = match report.in_step {
        true => (Role::Success, "Code and conversation are in step."),
        false => (Role::Error, "Code and conversation are NOT in step."),
    };
    reading = reading.with(Role::Plain, "").with(role, step);
    with_notes(with_notes(reading, &report.parked), &report.notes)
}

fn details(report: &Shown, now_ms: i64) -> Reading {
    let row = report;
    let kind = Kind::Details(row.session_id.clone());
    let mut reading = Reading::new(kind, &list::name(row.title.as_deref(), &row.message))
        .with(Role::Dim, row.session_id.clone())
        .with(Role::Plain, "")
        .with(
            Role::Plain,
            format!(
                "{} {} · {}",
                list::icon(&row.device_kind),
                row.device,
                age(row.timestamp, now_ms)
            ),
        )
        .field("Repository", Some(&short_repository(&row.repository)))
        .field("Branch", row.branch.as_deref())
        .field("Commit", row.commit.as_deref().map(short).as_deref())
        .field("Assistant", report.assistant.as_deref())
        .field("Messages", Some(&row.message_count.to_string()));
    if row.title.is_some() {
        reading = reading.field("Last save", Some(&row.message));
    }
    if row.uncommitted > 0 {
        reading = reading.field("Uncommitted", Some(&row.uncommitted.to_string()));
    }
    if let Some(state) = list::state(row.state) {
        reading = reading.with(list::role(row.state), state);
    }
    if row.pinned {
        reading = reading.with(Role::Plain, "Pinned: kept for ever");
    }
    reading = timeline(reading, &report.timeline);
    for note in &report.session_notes {
        let head = format!("Note of {} · {}", note.device, age(note.timestamp, now_ms));
        reading = reading.with(Role::Plain, "").with(Role::Strong, head);
        reading = reading.with(Role::Plain, note.text.clone());
    }
    if let Some(initial) = &report.initial_commit {
        reading = reading.with(Role::Plain, "").field("Began at", Some(&short(initial)));
    }
    with_notes(reading, &report.notes)
}

/// The code that the messages were written on.
fn timeline(mut reading: Reading, rows: &[TimelineRow]) -> Reading {
    if rows.is_empty() {
        return reading;
    }
    reading = reading.with(Role::Plain, "").with(Role::Strong, "Code along the way");
    for row in rows {
        let span = if row.first == row.last {
            row.first.to_string()
        } else {
            format!("{}–{}", row.first, row.last)
        };
        let branch = row.branch.as_deref().unwrap_or("?");
        let about = if row.exact { "" } else { "~" };
        let commit = row.commit.as_deref().map(|commit| format!(" @ {about}{}", short(commit)));
        let commit = commit.unwrap_or_default();
        reading = reading.with(Role::Plain, format!("  {span}  {branch}{commit}"));
    }
    reading
}

fn with_notes(mut reading: Reading, notes: &[Note]) -> Reading {
    for note in notes {
        reading = reading.with(Role::Plain, "").with(Role::Plain, format!("! {}", note.text));
        if let Some(help) = &note.help {
            reading = reading.with(Role::Dim, help.clone());
        }
    }
    reading
}

/// What did not work, why, and what to do.
pub(crate) fn failure(failure: &Failure, kind: Kind) -> Reading {
    let mut reading =
        Reading::new(kind, "It did not work").with(Role::Error, sentence(&failure.message));
    if let Some(help) = &failure.help {
        reading = reading.with(Role::Plain, "").with(Role::Plain, help.clone());
    }
    reading.with(Role::Plain, "").with(Role::Dim, failure.code.clone())
}

/// There is no directory to act in.
pub(crate) fn nowhere() -> Failure {
    Failure {
        code: "convosync::plugin::nowhere".to_owned(),
        message: "no terminal of this tab says in which directory it is".to_owned(),
        help: Some("open a shell in this tab, or go to one that runs".to_owned()),
        argument: None,
    }
}

/// Which keys there are, what the signs mean, and what stands in the way of news.
pub(crate) fn help(state: &State) -> Reading {
    let mut reading = Reading::new(Kind::Help, "Keys and signs");
    for (keys, does) in [
        ("j k ↑ ↓", "go to a session"),
        ("Enter", "resume it here"),
        ("s", "save this moment"),
        ("i", "details and timeline"),
        ("/", "filter"),
        ("p", "pin, or no longer"),
        ("d", "delete (asks)"),
        ("r", "look at the store"),
        ("a", "let a device in"),
        ("Esc", "back"),
    ] {
        reading = reading.pair(keys, does);
    }
    reading = reading.with(Role::Plain, "");
    for (sign, means) in [
        ("⌂", "saved from this work tree"),
        ("●", "new since you looked"),
        ("★", "pinned"),
        ("↑", "not sent yet"),
        ("⇡", "commit travels sealed"),
        ("↓", "still arriving"),
        ("≠", "two devices went on"),
        ("~", "other code here"),
    ] {
        reading = reading.pair(sign, means);
    }
    if let Some(Watching::Troubled(failure)) = &state.watching {
        reading = reading
            .with(Role::Plain, "")
            .with(Role::Error, format!("No news come: {}", failure.message));
        if let Some(help) = &failure.help {
            reading = reading.with(Role::Plain, help.clone());
        }
        reading = reading.with(Role::Dim, failure.code.clone());
    }
    reading
}
