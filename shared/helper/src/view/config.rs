//! The settings.

use convosync_wire::{ConfigArgs, ConfigReport, SettingRow, Verb};
use serde_json::Value;

use super::look::{Look, Sign};
use super::page::Page;

pub(crate) fn config(report: &ConfigReport, verb: &Verb, look: &Look) -> String {
    let mut page = Page::new(look);
    match (verb, report.settings.as_slice()) {
        (Verb::Config(ConfigArgs::Get { .. }), [row]) => page.line(&shown(&row.value)),
        (Verb::Config(ConfigArgs::Set { .. }), [row]) => {
            let what = if report.changed { "" } else { " (as before)" };
            page.sign(Sign::Done, &format!("{} = {}{what}", row.key, row.value));
            not_yet(&mut page, row);
        }
        (Verb::Config(ConfigArgs::Replace { .. }), _) => {
            let told = if report.changed { "Settings changed" } else { "Nothing was changed" };
            page.sign(Sign::Done, &format!("{told}: {}", look.path(&report.path)));
        }
        _ => all(&mut page, report),
    }
    page.notes(&report.notes);
    page.finish()
}

/// Every setting with what it does.
fn all(page: &mut Page<'_>, report: &ConfigReport) {
    page.heading("ConvoSync Settings");
    let told = if report.exists { "" } else { " (not there: all is as by default)" };
    let path = page.look.path(&report.path);
    page.line(&format!("{path}{told}"));
    page.blank();
    let width = report.settings.iter().map(|row| row.key.len()).max().unwrap_or(0);
    for row in &report.settings {
        let origin = match row.set {
            true if row.value != row.default => format!("  (set; default {})", row.default),
            true => "  (set)".to_owned(),
            false => String::new(),
        };
        page.line(&format!("{:width$} = {}{origin}", row.key, row.value));
        page.line(&format!("    {}", row.about));
        not_yet(page, row);
    }
    page.blank();
    page.line("Encryption is no setting: all that leaves this device is sealed, always.");
}

fn not_yet(page: &mut Page<'_>, row: &SettingRow) {
    if let Some(why) = &row.not_yet {
        page.nested("    ", Sign::Warning, &format!("not in force yet: {why}"));
    }
}

/// A value for a script: a text without its quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
