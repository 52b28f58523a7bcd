//! Keys and devices.

use convosync_wire::{KeyReport, RenameReport, Verb};

use super::account::recovery;
use super::look::{Look, Sign};
use super::page::Page;

/// What `device rename` did.
pub(crate) fn renamed(report: &RenameReport, look: &Look) -> String {
    let mut page = Page::new(look);
    if report.changed {
        page.sign(Sign::Done, &format!("{} is now called {}", report.previous, report.name));
    } else {
        page.sign(Sign::Done, &format!("This device is called {} already", report.name));
    }
    page.notes(&report.notes);
    page.finish()
}

/// What `device revoke`, `key rotate` or `key export` did.
pub(crate) fn key(report: &KeyReport, verb: &Verb, look: &Look) -> String {
    let mut page = Page::new(look);
    match (&report.revoked, report.changed) {
        (Some(device), true) => page.sign(Sign::Done, &format!("Revoked {}", device.name)),
        (Some(device), false) => {
            page.sign(Sign::Done, &format!("{} was revoked already", device.name));
        }
        (None, _) if matches!(verb, Verb::KeyExport(_)) => {
            page.sign(Sign::Done, "The account has new recovery words");
        }
        (None, _) => page.sign(Sign::Done, "The account has a new key"),
    }
    page.line(&format!("   Key {}, for {}", report.epoch, report.devices.join(", ")));
    if let Some(words) = &report.recovery_words {
        recovery(words, &mut page);
    }
    if let Some(path) = &report.recovery_file {
        let path = look.path(path);
        page.sign(Sign::Done, &format!("Recovery words written to {path}: keep that file safe"));
    }
    page.blank();
    page.notes(&report.notes);
    page.finish()
}
