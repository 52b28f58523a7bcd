//! Commands that were run in a work tree.

use crate::secret::{SecretKind, Suspect, suspects, without_secrets};

/// So many commands travel with a save.
pub const MOST_COMMANDS: usize = 200;

/// Longest command that travels, in bytes. Longer ones stay whole where they are: the beginning of
/// a command is another command.
const LONGEST_COMMAND: usize = 4096;

/// A command that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// As it was typed; it may have several lines.
    pub command: String,
    /// When, milliseconds since 1970, if the shell keeps that.
    pub time_ms: Option<i64>,
    /// Its exit code, if the shell keeps that.
    pub exit: Option<i64>,
    /// Where, relative to the work tree (empty: its top), if the shell keeps that.
    pub directory: Option<String>,
}

/// What is not as it was typed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeldBack {
    /// They may hold a secret, and stay where they are.
    pub secret: Vec<SecretCommand>,
    /// They travel without what may be one.
    pub redacted: Vec<SecretCommand>,
    /// How many are too long.
    pub long: usize,
}

/// A command that may hold a secret, without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretCommand {
    /// How many commands it lies back: 1 is the newest.
    pub back: usize,
    /// The program that it calls, if its first word tells that and no more.
    pub program: Option<String>,
    /// What its secrets look like, each kind once.
    pub kinds: Vec<SecretKind>,
}

/// What travels of the commands that a shell knows, both oldest first.
///
/// The newest count; one that comes again after itself counts once, as shells show it. One that may
/// hold a secret stays, or, with `redact`, travels without it.
#[must_use]
pub fn history_of(ran: Vec<Ran>, redact: bool) -> (Vec<Ran>, HeldBack) {
    let mut held_back = HeldBack::default();
    let mut history: Vec<Ran> = Vec::new();
    let newest_first = ran.into_iter().rev().filter(|ran| !ran.command.trim().is_empty());
    for (at, mut ran) in newest_first.enumerate() {
        if history.len() == MOST_COMMANDS {
            break;
        }
        if ran.command.len() > LONGEST_COMMAND {
            held_back.long += 1;
            continue;
        }
        let found = suspects(&ran.command);
        if !found.is_empty() {
            let secret = SecretCommand::of(at + 1, &ran.command, &found);
            let Some(rest) = without_secrets(&ran.command).filter(|_| redact) else {
                held_back.secret.push(secret);
                continue;
            };
            ran.command = rest;
            held_back.redacted.push(secret);
        }
        if !history.last().is_some_and(|later| is_same(later, &ran)) {
            history.push(ran);
        }
    }
    history.reverse();
    (history, held_back)
}

impl SecretCommand {
    fn of(back: usize, command: &str, found: &[Suspect]) -> Self {
        let mut kinds: Vec<_> = found.iter().map(|suspect| suspect.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self { back, program: program_of(command), kinds }
    }
}

/// The first word, if it can only be the name of a program: a short one of small letters. What is
/// assigned there, or typed there by mistake, is not told.
fn program_of(command: &str) -> Option<String> {
    let word = command.split_whitespace().next()?;
    let is_name = word.len() <= 16 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    is_name.then(|| word.to_owned())
}

fn is_same(one: &Ran, other: &Ran) -> bool {
    one.command == other.command && one.directory == other.directory
}

/// Whether a command from another device may go into this one's shell history: it is what it
/// looks like, on one line or several, and short enough to be looked at.
#[must_use]
pub fn harmless_command(command: &str) -> bool {
    // A joiner shows nothing either, and no command needs one.
    let unfit = |c: char| acts(c) || turns(c) || matches!(c, '\u{200c}' | '\u{200d}');
    !command.trim().is_empty() && command.len() <= LONGEST_COMMAND && !command.contains(unfit)
}

/// What acts on a terminal, other than the two that text is made with.
pub(super) fn acts(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// Marks that turn the direction of what follows, or take no room: what is read is not what runs.
/// From Unicode 17, category Cf, as `convosync_wire::harmless` has them, and the line ends that only
/// some know. Joiners are none: emoji and several scripts need them.
pub(super) fn turns(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
