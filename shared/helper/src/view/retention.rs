//! What was pinned, deleted and collected.

use convosync_wire::{Amount, GcReport, KeptReport, KeptSession};

use super::look::{Look, Sign};
use super::measure::{age_inside, counted, size};
use super::page::{Page, sentence};

/// Of `pin`, `unpin`, `delete` and `undelete`.
pub(crate) fn kept(report: &KeptReport, look: &Look) -> String {
    let mut page = Page::new(look);
    for row in &report.sessions {
        let sign = if row.changed { Sign::Done } else { Sign::Bullet };
        page.sign(sign, &format!("{}: {}", done(report, row), named(row, look)));
    }
    let any = |changed: bool| report.sessions.iter().any(|row| row.changed == changed);
    if report.verb == "delete" && any(true) {
        let ids: Vec<_> = changed(report).collect();
        page.line(&format!(
            "   Within {} {} can be brought back: convosync undelete {}",
            counted(report.grace_days, "day"),
            if ids.len() == 1 { "it" } else { "they" },
            ids.join(" ")
        ));
    }
    page.notes(&report.notes);
    if report.queued > 0 {
        page.whereabouts(false, true);
    }
    page.finish()
}

fn changed(report: &KeptReport) -> impl Iterator<Item = &str> {
    report.sessions.iter().filter(|row| row.changed).map(|row| row.session_id.as_str())
}

/// What is true of a session now.
fn done(report: &KeptReport, row: &KeptSession) -> &'static str {
    match (report.verb.as_str(), row.changed) {
        ("pin", true) => "Pinned",
        ("pin", false) => "Was pinned already",
        ("unpin", true) => "No longer pinned",
        ("unpin", false) => "Was not pinned",
        ("delete", true) => "Deleted",
        ("delete", false) => "Was deleted already",
        ("undelete", true) => "Brought back",
        _ => "Was not deleted",
    }
}

/// A session as one line.
pub(super) fn named(row: &KeptSession, look: &Look) -> String {
    let title = row.message.lines().next().unwrap_or_default();
    let age = age_inside(row.timestamp, look.now_ms);
    format!("{}  {title} ({}, {age})", row.session_id, row.repository)
}

/// Of `gc`.
pub(crate) fn collected(report: &GcReport, look: &Look) -> String {
    let mut page = Page::new(look);
    if report.dry_run {
        page.line("ConvoSync: `gc` would");
    }
    let lines = [
        (report.deleted, "remove", "Removed", "whose time is over"),
        (report.marked, "mark", "Marked", "that nothing needs any more"),
    ];
    for row in &report.leaving {
        let why = row.why.as_deref().unwrap_or("past a limit");
        let verb = if report.dry_run { "delete" } else { "Deleted" };
        let room = row.size.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
        step(&mut page, report.dry_run, &format!("{verb} {} ({why}{room})", named(row, look)));
    }
    for (amount, would, did, what) in lines {
        if amount.objects > 0 {
            let verb = if report.dry_run { would } else { did };
            step(&mut page, report.dry_run, &format!("{verb} {} {what}", told(amount)));
        }
    }
    let idle = report.leaving.is_empty()
        && report.deleted == Amount::default()
        && report.marked == Amount::default();
    if idle && report.dry_run {
        page.line("  do nothing: all that is in the store is needed or waits");
    } else if idle {
        page.sign(Sign::Done, "Nothing to remove");
    }
    let days = counted(report.grace_days, "day");
    if report.waiting.objects > 0 {
        let what = told(report.waiting);
        page.line(&format!(
            "   {what} wait for the end of their {days} (on which you use this device)"
        ));
    } else if report.marked.objects > 0 && !report.dry_run {
        page.line(&format!("   A `convosync gc` in {days} or later removes what is marked"));
    }
    if report.leaving.iter().any(|row| row.changed) {
        let ids: Vec<_> = report.leaving.iter().map(|row| row.session_id.as_str()).collect();
        page.line(&format!("   To keep them: convosync undelete {}", ids.join(" ")));
    }
    page.line(&format!("   In the store: {}", told(report.store)));
    page.notes(&report.notes);
    if report.dry_run {
        page.line("Nothing was changed.");
    }
    page.finish()
}

fn step(page: &mut Page<'_>, dry_run: bool, text: &str) {
    match dry_run {
        true => page.nested("  ", Sign::Arrow, text),
        false => page.sign(Sign::Done, &sentence(text)),
    }
}

fn told(amount: Amount) -> String {
    format!("{} ({})", counted(amount.objects, "object"), size(amount.bytes))
}
