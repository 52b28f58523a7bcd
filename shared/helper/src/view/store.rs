//! The store: where it is, what its provider sees, where it went.

use convosync_wire::{ConsentReport, MoveReport, OriginRow, StoreReport, Visible};

use super::look::{Look, Sign, Style};
use super::measure::{counted, size};
use super::page::Page;

/// Of `store`.
pub(crate) fn store(report: &StoreReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.heading("Store:");
    page.line(&format!("  {} ({})", report.store, report.store_kind.as_str()));
    if !report.reachable {
        page.nested("  ", Sign::Warning, "does not answer now");
    }
    if report.queued > 0 {
        let text = format!("{} on this device only", counted(report.queued, "save"));
        page.nested("  ", Sign::Warning, &text);
    }
    if !report.origins.is_empty() {
        page.blank();
        page.line("Repositories:");
        report.origins.iter().for_each(|row| origin(row, &mut page));
    }
    if let Some(visible) = &report.visible {
        seen(visible, report.local_only, &mut page);
    }
    join(report.join_with.as_deref(), &mut page);
    page.notes(&report.notes);
    page.whereabouts(report.local_only, report.queued > 0);
    page.finish()
}

/// Of `store move`.
pub(crate) fn moved(report: &MoveReport, look: &Look) -> String {
    let mut page = Page::new(look);
    if report.changed {
        let copied = format!("{} ({})", counted(report.copied, "object"), size(report.bytes));
        page.sign(Sign::Done, &format!("Copied {copied}, each read back and compared"));
        page.sign(Sign::Done, &format!("The store is now {}", report.store));
        if !report.lost {
            page.line(&format!("   The old one stays as it is: {}", report.from));
        }
        if !report.other_devices.is_empty() {
            let devices = report.other_devices.join(", ");
            page.line(&format!("   {devices} will follow with the next command there"));
        }
    } else {
        page.sign(Sign::Done, &format!("The store is {} already", report.store));
    }
    page.notes(&report.notes);
    page.finish()
}

/// Of `store allow` and `store forbid`.
pub(crate) fn consented(report: &ConsentReport, look: &Look) -> String {
    let mut page = Page::new(look);
    let origin = &report.origin;
    let text = match origin.allowed {
        true => format!("{} may hold the sealed sessions of this repository", origin.store),
        false => format!("No more sessions go to {} from this device", origin.store),
    };
    page.sign(Sign::Done, &text);
    page.notes(&report.notes);
    page.finish()
}

fn origin(row: &OriginRow, page: &mut Page<'_>) {
    let state = match (row.allowed, row.reachable) {
        (false, _) => " (not allowed)",
        (true, false) => " (not asked now)",
        (true, true) => "",
    };
    let sign = if row.allowed { Sign::Done } else { Sign::Warning };
    page.nested("  ", sign, &format!("{}{state}", row.store));
}

/// What whoever runs the store can see.
pub(crate) fn seen(visible: &Visible, local_only: bool, page: &mut Page<'_>) {
    page.blank();
    if local_only {
        page.line(&format!("  {}", counts(visible)));
        return;
    }
    page.styled(Style::Bold, "What whoever runs the store can see:");
    page.line(&format!("  - {}", counts(visible)));
    visible.also.iter().for_each(|text| page.hanging("  - ", text));
    page.line("  Nothing else: code, conversations, names and messages are encrypted.");
}

fn counts(visible: &Visible) -> String {
    let sessions = counted(visible.sessions, "session");
    let saves = counted(visible.saves, "save");
    let devices = counted(visible.devices, "device");
    format!("{sessions}, {saves}, {devices}, {} in all", size(visible.bytes))
}

/// How another device becomes one of the account.
pub(crate) fn join(command: Option<&str>, page: &mut Page<'_>) {
    if let Some(command) = command {
        page.blank();
        let inside = if command.ends_with("--store origin") { ", inside a clone" } else { "" };
        page.line(&format!("To add another device, run there{inside}:"));
        page.line(&format!("  {command}"));
        page.line("and here:");
        page.line("  convosync device approve");
        page.line("Without this device at hand, `--recovery` there asks for the 24 words.");
    }
}
