//! What `export` wrote and `import` made.

use convosync_wire::{ExportReport, ImportReport};

use super::look::{Look, Sign};
use super::measure::{counted, size};
use super::page::Page;

/// Without a file all that is left to tell are the notes: the conversation itself was the output.
pub(crate) fn exported(report: &ExportReport, look: &Look) -> String {
    let mut page = Page::new(look);
    if let Some(file) = &report.output {
        let (messages, size) = (counted(report.message_count, "message"), size(report.bytes));
        page.sign(Sign::Done, &format!("Wrote {messages} to {file} ({size})"));
    }
    page.notes(&report.notes);
    page.finish()
}

pub(crate) fn imported(report: &ImportReport, look: &Look) -> String {
    let mut page = Page::new(look);
    let messages = counted(report.message_count, "message");
    page.sign(Sign::Done, &format!("Made {}: \"{}\"", report.session_id, report.message));
    page.line(&format!("  {messages}, {}, in {}", size(report.size), report.repository));
    page.line(&format!("  bring it into the client: convosync resume {}", report.session_id));
    page.notes(&report.notes);
    page.whereabouts(false, !report.synced);
    page.finish()
}
