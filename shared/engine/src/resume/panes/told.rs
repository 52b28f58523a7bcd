//! What a resume says of panes.

use std::collections::BTreeSet;

use convosync_core::Tab;
use convosync_wire::{Note, PanesInto};

use crate::count::counted;
use crate::ports::{NewPane, PanesError};

/// Names that a note tells one by one.
const NAMED: usize = 5;

/// What would be done, in the user's words.
pub(super) fn plan(tabs: &[Tab<NewPane>], into: Option<PanesInto>, is_inside: bool) -> String {
    let panes = counted(tabs.iter().flat_map(Tab::panes).count() as u64, "pane");
    let tabs = counted(tabs.len() as u64, "tab");
    match into.unwrap_or(PanesInto::NewTabs) {
        _ if !is_inside => format!("start Zellij with {panes} in {tabs}"),
        PanesInto::NewTabs => {
            format!("open {panes} in {tabs}, or go to the tab that has the session")
        }
        PanesInto::Session => format!("open {panes} in {tabs} of a Zellij session of their own"),
        PanesInto::Here => format!("open {panes} in place of those of this tab"),
    }
}

pub(super) fn not_opened(error: &PanesError, session: &str) -> Note {
    Note {
        code: "convosync::panes::not-opened".to_owned(),
        text: format!("the session is back, but its panes were not opened: {error}"),
        help: Some(format!("try again: convosync resume {session}")),
    }
}

pub(super) fn directories(names: &BTreeSet<String>) -> Option<Note> {
    note(
        "convosync::panes::directories",
        "these directories are not here; their panes open in the nearest one that is",
        names,
        None,
    )
}

pub(super) fn programs(names: &BTreeSet<String>) -> Option<Note> {
    note(
        "convosync::panes::programs",
        "these programs are not here; their commands wait in their panes",
        names,
        Some("install them, then press Enter there"),
    )
}

pub(super) fn conversations(names: &BTreeSet<String>) -> Option<Note> {
    note(
        "convosync::panes::conversations",
        "these conversations are not here; their panes open with a shell",
        names,
        None,
    )
}

pub(super) fn plugins(count: usize) -> Option<Note> {
    let text = match count {
        0 => return None,
        1 => "a pane with a plugin of the other device was left out".to_owned(),
        many => format!("{many} panes with plugins of the other device were left out"),
    };
    Some(Note { code: "convosync::panes::plugins".to_owned(), text, help: None })
}

fn note(code: &str, what: &str, names: &BTreeSet<String>, help: Option<&str>) -> Option<Note> {
    let more = names.len().checked_sub(1)?.saturating_sub(NAMED - 1);
    let mut text = format!("{what}:");
    for name in names.iter().take(NAMED) {
        text.push_str("\n  • ");
        text.push_str(&name.escape_debug().to_string());
    }
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    Some(Note { code: code.to_owned(), text, help: help.map(str::to_owned) })
}
