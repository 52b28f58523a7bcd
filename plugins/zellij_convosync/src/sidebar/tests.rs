//! What a sidebar shows, at several sizes, as a reviewer reads it; and what it does with any key.

mod keys;
mod screens;

use std::collections::BTreeSet;

use super::*;
use crate::host::Key;
use crate::sample::{self, NOW};

/// A sidebar that was told of some sessions.
pub(super) fn bar() -> Sidebar {
    let mut bar = Sidebar::default();
    bar.update(&Event::Size(33, 24), NOW);
    bar.told(Tell::State(Box::new(state())), NOW);
    bar.told(Tell::Sessions(sessions()), NOW);
    bar
}

pub(super) fn state() -> State {
    State {
        directory: Some("/home/me/code/app".into()),
        here: Some(sample::here()),
        ..State::default()
    }
}

pub(super) fn sessions() -> Sessions {
    Sessions {
        listed: true,
        rows: sample::rows(),
        more: false,
        fresh: BTreeSet::from(["session-cccccccc".to_owned()]),
    }
}

pub(super) fn press(bar: &mut Sidebar, keys: &str) -> Vec<Wish> {
    keys.chars()
        .flat_map(|letter| {
            let key = match letter {
                '\n' => Key::Enter,
                '\u{1b}' => Key::Esc,
                letter => Key::Char(letter),
            };
            bar.update(&Event::Key(key), NOW)
        })
        .collect()
}

/// The lines as text, without the spaces at their ends.
pub(super) fn shown(bar: &Sidebar, width: usize, height: usize) -> Vec<String> {
    let view = bar.view(width, height, NOW);
    let mark = |line: &Line| if line.selected { "█" } else { "" };
    view.iter()
        .map(|line| format!("{}{}", line.text().trim_end(), mark(line)))
        .map(|line| line.trim_end().to_owned())
        .collect()
}
