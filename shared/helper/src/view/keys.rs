//! Keys and devices.

use convosync_wire::{
    ApproveReport, EnrolReport, EnrolWaiting, KeyReport, ProtectReport, RenameReport, Verb,
};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use super::account::recovery;
use super::look::{Look, Sign, Style};
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
    page.line("   What was saved before stays readable with the keys of before");
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

/// What `key protect` did.
pub(crate) fn protected(report: &ProtectReport, look: &Look) -> String {
    let mut page = Page::new(look);
    if report.passphrase {
        page.sign(Sign::Done, "This device's key needs the passphrase from now on");
        page.line(match report.keychain {
            true => "   It is asked for once, until you log out",
            false => "   It is asked for each time",
        });
        page.line("   If it is lost, the recovery words are the way back");
    } else {
        page.sign(Sign::Done, "This device's key needs no passphrase");
    }
    page.notes(&report.notes);
    page.finish()
}

/// The six words that the other device needs, and a QR code of them.
pub(crate) fn enrolling(report: &EnrolReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.line(&format!("To let {} join, run on a device of the account:", report.device));
    page.blank();
    page.line("  convosync device approve");
    page.blank();
    page.line("and type these words:");
    page.blank();
    page.styled(Style::Bold, &format!("  {}", report.words.0));
    page.blank();
    if look.unicode && look.width > 0 {
        for line in qr(&report.code.0).lines() {
            page.line(line);
        }
    }
    page.sign(
        Sign::Warning,
        "Whoever types them lets this device in: show them to nobody else.\n\
         They are good for fifteen minutes, and once.",
    );
    page.notes(&report.notes);
    page.finish()
}

/// Light modules are drawn: most terminals write light on dark, and readers that insist on dark
/// modules see them so. Others take both.
fn qr(code: &str) -> String {
    QrCode::new(code.as_bytes())
        .map(|code| {
            let mut drawn = code.render::<Dense1x2>();
            drawn.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
        })
        .unwrap_or_default()
}

/// That there is no answer yet.
pub(crate) fn waiting(waiting: &EnrolWaiting, look: &Look) -> String {
    let mut page = Page::new(look);
    page.line("No device has answered.");
    page.notes(&waiting.notes);
    page.finish()
}

/// What `device approve` did.
pub(crate) fn approved(report: &ApproveReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.sign(Sign::Done, &format!("{} ({}) may join", report.name, report.kind));
    page.line("   It is one of the account as soon as it has seen the answer.");
    page.notes(&report.notes);
    page.finish()
}
