//! Account and devices.

use convosync_wire::{AccountReport, DeviceRow, DeviceState, Rows, SHOWN_ONCE};

use super::look::{Look, Sign, Style};
use super::measure::age_inside;
use super::page::Page;

/// Most recovery words side by side, and the columns of the terminal that one takes.
const COLUMNS: usize = 4;
const ONE: usize = 14;

/// What `init` did.
pub(crate) fn initialised(report: &AccountReport, look: &Look) -> String {
    let mut page = Page::new(look);
    if report.changed {
        page.sign(Sign::Done, "This device is ready");
    } else {
        page.sign(Sign::Done, "Everything was set up already: nothing was changed");
    }
    account(report, &mut page);
    page.finish()
}

/// What `device join` did.
pub(crate) fn joined(report: &AccountReport, look: &Look) -> String {
    let mut page = Page::new(look);
    if report.changed {
        page.sign(Sign::Done, "This device has joined the account");
    } else {
        page.sign(Sign::Done, "This device is of the account already: nothing was changed");
    }
    account(report, &mut page);
    if report.changed {
        page.blank();
        page.line("See what can be resumed with: convosync list");
    }
    page.finish()
}

fn account(report: &AccountReport, page: &mut Page<'_>) {
    let look = page.look;
    let icon = look.device_icon(&report.device.kind);
    page.line(&format!("  {icon}Device: {} ({})", report.device.name, report.device.kind));
    page.line(&format!("  {}Store: {}", look.icon("📦"), look.path(&report.store)));
    if report.adopted_saves > 0 {
        let saves = super::measure::counted(report.adopted_saves, "save");
        page.sign(Sign::Done, &format!("Took {saves} made here before into the account"));
    }
    if let Some(words) = &report.recovery_words {
        recovery(words, page);
    }
    if let Some(path) = &report.recovery_file {
        let path = look.path(path);
        page.sign(Sign::Done, &format!("Recovery words written to {path}: keep that file safe"));
    }
    page.notes(&report.notes);
    if let Some(visible) = &report.visible {
        super::store::seen(visible, report.local_only, page);
    }
    super::store::join(report.join_with.as_deref(), page);
    page.whereabouts(report.local_only, false);
}

/// The words in numbered columns, read downwards, as they are shown this once.
pub(super) fn recovery(words: &str, page: &mut Page<'_>) {
    let words: Vec<&str> = words.split_whitespace().collect();
    page.blank();
    page.styled(Style::Bold, "Recovery words:");
    page.blank();
    let beside = match page.look.folds {
        true => (page.look.width.saturating_sub(2) / ONE).clamp(1, COLUMNS),
        false => COLUMNS,
    };
    let rows = words.len().div_ceil(beside).max(1);
    for row in 0..rows {
        let cells = (row..words.len()).step_by(rows);
        let cells = cells.map(|at| format!("{:>2}. {:<10}", at + 1, words[at]));
        page.line(&format!("  {}", cells.collect::<Vec<_>>().join("")));
    }
    page.blank();
    page.sign(Sign::Warning, SHOWN_ONCE);
}

/// The account's devices.
pub(crate) fn devices(listed: &Rows<DeviceRow>, look: &Look) -> String {
    let mut page = Page::new(look);
    page.heading("Devices:");
    for device in &listed.rows {
        let inside = format!("{}, {}", device.kind, synced(device, look));
        stands(device, &inside, &mut page);
    }
    page.notes(&listed.notes);
    page.finish()
}

/// One device, as in `status`.
pub(crate) fn device_line(device: &DeviceRow, page: &mut Page<'_>) {
    let synced = synced(device, page.look);
    stands(device, &synced, page);
}

fn synced(device: &DeviceRow, look: &Look) -> String {
    match (device.this_device, device.last_sync) {
        (true, _) => "this device".to_owned(),
        (false, Some(time)) => format!("last sync: {}", age_inside(time, look.now_ms)),
        (false, None) => "nothing saved yet".to_owned(),
    }
}

/// A device with how it stands to the account.
fn stands(device: &DeviceRow, inside: &str, page: &mut Page<'_>) {
    match device.state {
        DeviceState::Active => {
            page.nested("  ", Sign::Done, &format!("{} ({inside})", device.name));
        }
        DeviceState::LeftOut => {
            let text = format!("{} (has to join again; {inside})", device.name);
            page.nested("  ", Sign::Warning, &text);
        }
        DeviceState::Revoked => page.line(&format!("     {} (revoked; {inside})", device.name)),
    }
}
