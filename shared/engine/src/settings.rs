//! The user's settings, as the engine takes them. Where they are kept is a port.

use std::collections::BTreeMap;

use convosync_wire::{SaveMode, Verb};

/// The settings. [`Settings::default`] is what holds where the user says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Settings {
    /// How a save takes uncommitted changes. None: as a commit, and on the default branch the user
    /// is asked.
    pub save_mode: Option<SaveMode>,
    /// The same for single repositories, by their name in lists; goes before the one for all.
    pub save_modes: BTreeMap<String, SaveMode>,
    /// When the user wants saves that nobody asks for. The host sees to it that they are made.
    pub auto_sync: AutoSync,
    /// Branches that may be saved, by pattern (`*` and `?`); empty: all.
    pub sync_branches: Vec<String>,
    /// Patterns of untracked files that stay here, besides [`EXCLUDES`](crate::EXCLUDES).
    pub exclude_patterns: Vec<String>,
    /// Only `sync` and set-up talk to the network.
    pub offline: bool,
    /// The connection is paid by the byte: big uploads wait for `sync`.
    pub metered: bool,
    /// A save and a resume ask for the passphrase of this device's key each time.
    pub require_unlock: bool,
    /// Variables that travel with `save --env`, and that a resume may set here, by pattern.
    pub env_names: Vec<String>,
    /// Which commands of the shell's history travel.
    pub history: HistoryScope,
    /// What looks like a secret is cut out of commands and variables, which travel without it.
    pub redact: bool,
    /// The text of the terminal's panes travels.
    pub scrollback: bool,
    /// What is kept, and for how long.
    pub retention: Retention,
    /// From when on a conversation is large.
    pub large: Large,
}

/// From when on a conversation is large: a save warns of it then, and asks where it asks at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Large {
    /// Messages; 0: never for their number.
    pub messages: u32,
    /// Bytes of its transcript; 0: never for its size.
    pub bytes: u64,
}

impl Default for Large {
    fn default() -> Self {
        Self { messages: 500, bytes: 5_000_000 }
    }
}

impl Large {
    /// Whether a conversation of so much is large.
    pub(crate) fn is(&self, messages: u64, bytes: u64) -> bool {
        let over = |limit: u64, is: u64| limit > 0 && is >= limit;
        over(u64::from(self.messages), messages) || over(self.bytes, bytes)
    }
}

/// Which commands of the shell's history travel with a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HistoryScope {
    /// Those that are known to have been run in the work tree.
    #[default]
    WorkTree,
    /// Also those of which nobody knows where they were run.
    Everywhere,
    /// None.
    Off,
}

impl HistoryScope {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::WorkTree, Self::Everywhere, Self::Off];

    /// As the settings call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WorkTree => "work-tree",
            Self::Everywhere => "everywhere",
            Self::Off => "off",
        }
    }
}

/// When saves are made that nobody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoSync {
    /// Never.
    #[default]
    Off,
    /// After each turn of the assistant, and as with `Leave`.
    Turn,
    /// At the end of a conversation, and on leaving a work tree.
    Leave,
}

impl AutoSync {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Off, Self::Turn, Self::Leave];

    /// As the settings call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Turn => "turn",
            Self::Leave => "leave",
        }
    }
}

impl Settings {
    /// Whether this verb wants the passphrase typed, whatever the system remembers.
    #[must_use]
    pub fn asks_each_time(&self, verb: &Verb) -> bool {
        self.require_unlock && matches!(verb, Verb::Save(_) | Verb::Resume(_))
    }
}

/// What is kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// A session that was not saved for so many days may leave; 0: never for its age.
    pub days: u32,
    /// So many unpinned sessions stay; 0: any number.
    pub sessions: u32,
    /// What is past a limit leaves by itself after a save or a sync.
    pub auto: bool,
    /// Bytes in the store that the user wants to stay below; 0: no limit. Never a reason to refuse
    /// a save or to delete anything.
    pub quota: u64,
    /// Days between the decision to delete something and its deletion; at least
    /// [`Retention::LEAST_GRACE`].
    pub grace: u32,
}

impl Retention {
    /// Every sender counts on it that what is unmarked stays for a day: it puts what refers to it
    /// within half of that.
    pub const LEAST_GRACE: u32 = 1;

    /// Days that work which a resume put aside stays.
    pub const PARKED_DAYS: u32 = 30;
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 30, sessions: 100, auto: false, quota: 100_000_000, grace: 7 }
    }
}

/// Whether a branch may be saved.
pub(crate) fn is_synced(settings: &Settings, branch: &str) -> bool {
    let patterns = &settings.sync_branches;
    patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, branch))
}

/// A pattern of `*` (any text, `/` too) and `?` (one character).
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // The classic walk: the last `*` takes one character more whenever what follows does not fit.
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, t) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_save_and_a_resume_ask_each_time_and_only_where_that_was_set() {
        let set = Settings { require_unlock: true, ..Settings::default() };
        let (save, resume) = (Verb::Save(Default::default()), Verb::Resume(Default::default()));
        assert!(set.asks_each_time(&save) && set.asks_each_time(&resume));
        assert!(!set.asks_each_time(&Verb::Status) && !Settings::default().asks_each_time(&save));
    }

    #[test]
    fn a_branch_is_synced_when_any_pattern_fits_or_there_is_none() {
        let with = |patterns: &[&str]| Settings {
            sync_branches: patterns.iter().map(|&pattern| pattern.to_owned()).collect(),
            ..Settings::default()
        };
        for (patterns, branch, want) in [
            (&[][..], "main", true),
            (&["main"], "main", true),
            (&["main"], "mainly", false),
            (&["feature/*"], "feature/a/b", true),
            (&["feature/*"], "fix/a", false),
            (&["main", "*-wip"], "oauth-wip", true),
            (&["a*b*c"], "axxbyybzc", true),
            (&["v?"], "v1", true),
            (&["v?"], "v12", false),
        ] {
            assert_eq!(is_synced(&with(patterns), branch), want, "{patterns:?} {branch}");
        }
    }
}
