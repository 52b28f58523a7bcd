//! Every setting: its name, what it may be, what it does. docs/configuration.md says the same, and a
//! test holds the two together.

use std::collections::BTreeMap;

use convosync_engine::{AutoSync, HistoryScope, SaveMode, Settings};
use serde_json::{Value, json};

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Switch,
    Texts,
    /// A whole number in these bounds.
    Number(u32, u32),
    /// Bytes: a number, or a text such as `100 MB`.
    Size,
    /// How a save takes changes, or that it asks.
    SaveMode,
    /// Which commands travel.
    History,
    /// The same by repository.
    SaveModes,
    /// When saves are made that nobody asks for.
    AutoSync,
}

impl Kind {
    /// What it may be, in words.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Switch => "true or false",
            Self::Texts => "a list of texts",
            Self::Number(0, _) => "a whole number from 0 on",
            Self::Number(..) => "a whole number of days from 1 to 365",
            Self::Size => "a size such as \"100 MB\", or 0 for none",
            Self::SaveMode => "\"commit\", \"stash\" or \"ask\"",
            Self::AutoSync => "\"turn\", \"leave\" or \"off\"",
            Self::SaveModes => "a table of \"commit\" and \"stash\" by repository",
            Self::History => "\"work-tree\", \"everywhere\" or \"off\"",
        }
    }
}

/// One setting.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) about: &'static str,
    /// Why it has no effect yet.
    pub(super) not_yet: Option<&'static str>,
}

const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, about, not_yet: None }
}

/// The most that a count may be.
const MANY: u32 = 1_000_000;

/// Every setting, in the order in which it is shown.
pub(super) const KEYS: &[Key] = &[
    key(
        "save.mode",
        Kind::SaveMode,
        "How a save takes changed files: `commit` pushes them, `stash` carries them sealed and commits nothing, `ask` commits and asks on the default branch.",
    ),
    key(
        "save.repositories",
        Kind::SaveModes,
        "The same for single repositories, by their name in `convosync list`; an answer on the default branch is kept here.",
    ),
    key(
        "auto_sync",
        Kind::AutoSync,
        "Save quietly, without a commit: after each `turn` of the assistant, or only on `leave` (its end, another directory).",
    ),
    key(
        "sync_branches",
        Kind::Texts,
        "Save only these branches (`*` and `?` fit any text); empty: all.",
    ),
    key(
        "exclude_patterns",
        Kind::Texts,
        "Untracked files that stay here, as in .gitignore, besides those that hold secrets by custom.",
    ),
    key(
        "env.names",
        Kind::Texts,
        "Variables that travel with `save --env`, and that a resume may set here (`*` and `?` fit any text).",
    ),
    key(
        "terminal.history",
        Kind::History,
        "Commands that travel: those run in the work tree, also those run nobody knows where, or none.",
    ),
    key(
        "terminal.redact",
        Kind::Switch,
        "Commands and variables with what looks like a secret travel without it; else they stay here.",
    ),
    key(
        "terminal.scrollback",
        Kind::Switch,
        "In Zellij, a save takes the last 1000 lines of each pane along, sealed; they may hold secrets.",
    ),
    key("offline", Kind::Switch, "Only `sync` and set-up talk to the network."),
    key(
        "metered",
        Kind::Switch,
        "The connection is paid by the byte: uploads over 1 MB wait for `sync`.",
    ),
    key(
        "require_unlock",
        Kind::Switch,
        "A save and a resume ask for the passphrase of this device's key each time.",
    ),
    key(
        "large.messages",
        Kind::Number(0, MANY),
        "A save warns of a conversation of so many messages; 0: never for their number.",
    ),
    key(
        "large.size",
        Kind::Size,
        "A save warns of a conversation of this size; 0: never for its size.",
    ),
    key(
        "retention.days",
        Kind::Number(0, MANY),
        "A session that was not saved for so many days may leave; 0: never for its age.",
    ),
    key(
        "retention.sessions",
        Kind::Number(0, MANY),
        "So many unpinned sessions stay; 0: any number.",
    ),
    key(
        "retention.auto",
        Kind::Switch,
        "What is past a limit leaves by itself after a save or a sync.",
    ),
    key(
        "retention.quota",
        Kind::Size,
        "Room in the store to stay below: warned of from 80 % on, never enforced; 0: none.",
    ),
    key(
        "retention.grace",
        Kind::Number(1, 365),
        "Days between the decision to delete something and its deletion.",
    ),
];

/// The value of a setting.
pub(super) fn value(settings: &Settings, name: &str) -> Value {
    let retention = &settings.retention;
    match name {
        "save.mode" => json!(settings.save_mode.map_or(ASK, SaveMode::as_str)),
        "save.repositories" => {
            let modes = settings.save_modes.iter();
            json!(modes.map(|(name, mode)| (name, mode.as_str())).collect::<BTreeMap<_, _>>())
        }
        "auto_sync" => json!(settings.auto_sync.as_str()),
        "sync_branches" => json!(settings.sync_branches),
        "exclude_patterns" => json!(settings.exclude_patterns),
        "env.names" => json!(settings.env_names),
        "terminal.history" => json!(settings.history.as_str()),
        "terminal.redact" => json!(settings.redact),
        "terminal.scrollback" => json!(settings.scrollback),
        "offline" => json!(settings.offline),
        "metered" => json!(settings.metered),
        "require_unlock" => json!(settings.require_unlock),
        "large.messages" => json!(settings.large.messages),
        "large.size" => json!(size_told(settings.large.bytes)),
        "retention.days" => json!(retention.days),
        "retention.sessions" => json!(retention.sessions),
        "retention.auto" => json!(retention.auto),
        "retention.quota" => json!(size_told(retention.quota)),
        "retention.grace" => json!(retention.grace),
        _ => Value::Null,
    }
}

/// What was read of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Switch(bool),
    Texts(Vec<String>),
    Number(u32),
    Size(u64),
    SaveMode(Option<SaveMode>),
    SaveModes(BTreeMap<String, SaveMode>),
    AutoSync(AutoSync),
    History(HistoryScope),
}

/// The mode of saving that is none: the user is asked.
pub(super) const ASK: &str = "ask";

/// Takes a value over.
pub(super) fn apply(settings: &mut Settings, name: &str, given: Given) {
    let retention = &mut settings.retention;
    match (name, given) {
        ("save.mode", Given::SaveMode(mode)) => settings.save_mode = mode,
        ("save.repositories", Given::SaveModes(modes)) => settings.save_modes = modes,
        ("auto_sync", Given::AutoSync(when)) => settings.auto_sync = when,
        ("sync_branches", Given::Texts(texts)) => settings.sync_branches = texts,
        ("exclude_patterns", Given::Texts(texts)) => settings.exclude_patterns = texts,
        ("env.names", Given::Texts(texts)) => settings.env_names = texts,
        ("terminal.history", Given::History(scope)) => settings.history = scope,
        ("terminal.redact", Given::Switch(on)) => settings.redact = on,
        ("terminal.scrollback", Given::Switch(on)) => settings.scrollback = on,
        ("offline", Given::Switch(on)) => settings.offline = on,
        ("metered", Given::Switch(on)) => settings.metered = on,
        ("require_unlock", Given::Switch(on)) => settings.require_unlock = on,
        ("large.messages", Given::Number(count)) => settings.large.messages = count,
        ("large.size", Given::Size(bytes)) => settings.large.bytes = bytes,
        ("retention.days", Given::Number(days)) => retention.days = days,
        ("retention.sessions", Given::Number(count)) => retention.sessions = count,
        ("retention.auto", Given::Switch(on)) => retention.auto = on,
        ("retention.quota", Given::Size(bytes)) => retention.quota = bytes,
        ("retention.grace", Given::Number(days)) => retention.grace = days,
        _ => {}
    }
}

const UNITS: [(&str, u64); 4] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000)];

/// `100 MB` as bytes, by powers of 1000 as disks and networks count.
pub(super) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end();
    let unit = text[digits.len()..].trim();
    let times = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    digits.parse::<u64>().ok()?.checked_mul(times)
}

/// Bytes as [`size`] reads them, in the greatest unit that leaves none over.
pub(super) fn size_told(bytes: u64) -> String {
    let unit = UNITS.iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    match unit {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// The setting whose name is nearest to what was written, if any is near.
pub(super) fn nearest(written: &str) -> Option<&'static str> {
    let distances = KEYS.iter().map(|key| {
        let last = key.name.rsplit('.').next().unwrap_or(key.name);
        let whole = distance(written, key.name);
        (whole.min(distance(written, last)), key.name)
    });
    let (distance, name) = distances.min()?;
    (distance <= 3 && 2 * distance < written.chars().count()).then_some(name)
}

/// Insertions, deletions and replacements from one text to the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_told() {
        for (text, bytes) in
            [("100 MB", 100_000_000), ("1GB", 1_000_000_000), ("0", 0), ("12 345", 0), ("7 b", 7)]
        {
            assert_eq!(size(text), Some(bytes).filter(|_| text != "12 345"), "{text}");
        }
        for wrong in ["", "MB", "-1 MB", "1 ZB", "1.5 GB", "99999999999 TB"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
        for bytes in [0, 1, 999, 1000, 1500, 100_000_000, 3_000_000_000_000] {
            assert_eq!(size(&size_told(bytes)), Some(bytes));
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_understood_and_nonsense_is_not() {
        assert_eq!(nearest("retention.day"), Some("retention.days"));
        assert_eq!(nearest("days"), Some("retention.days"));
        assert_eq!(nearest("autosync"), Some("auto_sync"));
        assert_eq!(nearest("exclude_pattern"), Some("exclude_patterns"));
        assert_eq!(nearest("colour_of_the_moon"), None);
        assert_eq!(nearest(""), None);
    }
}
