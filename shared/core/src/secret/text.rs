//! Secrets in a command or in the value of a variable. Wrong in doubt: what stays behind is told,
//! and can be set by hand.

use std::iter::Peekable;
use std::ops::Range;

use super::SecretKind;
use super::chance::is_random;
use super::formats::Format;

/// What stands in place of a secret that was cut out.
pub const REDACTED: &str = "[redacted]";

/// Parts of names that speak of secrets.
const NAMED: &[&str] = &[
    "APIKEY",
    "AUTH",
    "BEARER",
    "COOKIE",
    "CREDENTIAL",
    "JWT",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE",
    "SECRET",
    "SIGNATURE",
    "TOKEN",
    "WEBHOOK",
];

/// Words of names that do.
const WORDS: &[&str] = &["DSN", "OTP", "PASS", "PAT", "PIN", "PSK", "PW", "PWD", "SALT", "SAS"];

/// A word shorter than this can be guessed anyway, or is no word of chance.
const SHORTEST: usize = 20;

/// A part of a text that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Where, in bytes.
    pub at: Range<usize>,
    /// What it looks like.
    pub kind: SecretKind,
}

/// Whether the name of a variable, an option or a field speaks of a secret.
pub(crate) fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let mut words =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    NAMED.iter().any(|part| name.contains(part))
        || words.any(|word| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            WORDS.contains(&word) || word.ends_with("KEY") || word.ends_with("KEYS")
        })
}

/// Whether a text may hold a secret: the value of a variable, or a command.
#[must_use]
pub fn may_hold_a_secret(text: &str) -> bool {
    !suspects(text).is_empty()
}

/// What of a text looks like a secret, in order; no two overlap. Of two that do, the earlier one
/// has both.
#[must_use]
pub fn suspects(text: &str) -> Vec<Suspect> {
    let mut all: Vec<Suspect> = private_keys(text).chain(logins(text)).collect();
    all.extend(words(text).filter_map(|word| key_in(text, word)));
    all.extend(given_by_name(text));
    all.sort_by_key(|suspect| (suspect.at.start, suspect.at.end));
    let mut apart: Vec<Suspect> = Vec::new();
    for next in all {
        match apart.last_mut().filter(|last| next.at.start < last.at.end) {
            Some(last) => last.at.end = last.at.end.max(next.at.end),
            None => apart.push(next),
        }
    }
    apart
}

/// The text with [`REDACTED`] in place of all that looks like a secret. None if what is left does
/// too: then nothing of it is fit to travel.
#[must_use]
pub fn without_secrets(text: &str) -> Option<String> {
    let mut left = String::new();
    let mut from = 0;
    for Suspect { at, .. } in suspects(text) {
        left += &text[from..at.start];
        left += REDACTED;
        from = at.end;
    }
    left += &text[from..];
    (!may_hold_a_secret(&left)).then_some(left)
}

/// The place of a part of a text in it.
fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// From the beginning of a key on, all there is: where it ends is not looked for.
fn private_keys(text: &str) -> impl Iterator<Item = Suspect> {
    let start = text.find("-----BEGIN ");
    start.into_iter().map(|at| Suspect { at: at..text.len(), kind: SecretKind::PRIVATE_KEY })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'`,;()[]{}<>|&$".contains(c))
}

/// Passwords of URLs: `scheme://user:password@host`.
fn logins(text: &str) -> impl Iterator<Item = Suspect> {
    text.match_indices("://").filter_map(|(at, _)| {
        let rest = &text[at + 3..];
        let authority = rest.split(['/', '?', '#', ' ', '\n']).next().unwrap_or_default();
        let (login, _) = authority.rsplit_once('@')?;
        let (_, password) = login.split_once(':')?;
        let is_one = !password.is_empty() && password != REDACTED;
        is_one.then(|| Suspect { at: place(text, password), kind: SecretKind::LOGIN })
    })
}

/// `TOKEN=…`, `$env.TOKEN = …`, `--password …`, `"secret": …`, `Authorization: …`: what follows a
/// name that speaks of a secret, unless it is only looked up.
fn given_by_name(text: &str) -> Vec<Suspect> {
    let mut given = Vec::new();
    let ends = |c: char| c.is_whitespace() || ",;&?".contains(c);
    let mut pieces = text.split(ends).filter(|piece| !piece.is_empty()).peekable();
    while let Some(piece) = pieces.next() {
        let plain = piece.trim_start_matches(['"', '\'', '{', '(', '$']);
        let (name, value) = match plain.find(['=', ':']) {
            Some(at) => (&plain[..at], plain[at + 1..].trim_matches(['"', '\'', '='])),
            None => (plain.trim_end_matches(['"', '\'']), ""),
        };
        let option = plain.starts_with("--");
        let assigned = plain.contains(['=', ':']) || pieces.peek().is_some_and(|next| *next == "=");
        if !(option || assigned) || !names_a_secret(name.trim_start_matches('-')) {
            continue;
        }
        let value = if value.is_empty() { value_after(&mut pieces) } else { value };
        if !value.is_empty() && !is_looked_up(value) {
            let start = place(text, value).start;
            let header = plain[name.len()..].starts_with(':');
            let at = start..end_of_value(text, start, header);
            given.push(Suspect { at, kind: SecretKind::NAMED });
        }
    }
    given
}

/// The piece that a name is followed by. Another option is none, and is judged by itself.
fn value_after<'t>(pieces: &mut Peekable<impl Iterator<Item = &'t str>>) -> &'t str {
    while pieces.next_if_eq(&"=").is_some() {}
    let is_option = |piece: &str| piece.trim_start_matches(['"', '\'']).starts_with('-');
    pieces.next_if(|piece| !is_option(piece)).unwrap_or_default()
}

/// What ends a word of a shell that has no quotes.
const ENDS: &str = ";&|)";

/// Where a value ends that begins here: with its quotes, else with the word. A header
/// (`Authorization: Bearer …`) has several words, and ends with the quotes around it. Where it is put
/// together (`pa\ ss`, `ab"c d"`), no end of it is certain but that of the text.
fn end_of_value(text: &str, start: usize, header: bool) -> usize {
    let (before, value) = text.split_at(start);
    let own = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let around = before.chars().next_back().filter(|c| matches!(c, '"' | '\''));
    // With where it goes on after its quotes.
    let end = match (own, around) {
        (Some(quote), _) => value[1..].find(quote).map(|at| (at + 2, at + 2)),
        (None, Some(quote)) => value.find(quote).map(|at| (at, at + 1)),
        (None, None) if header => value.find(['"', '\'']).map(|at| (at, at + 1)),
        (None, None) => {
            let end = value.find(|c: char| c.is_whitespace() || ENDS.contains(c));
            // Quotes inside of a word take what ends one into it.
            end.filter(|at| !value[..*at].contains(['"', '\''])).map(|at| (at, at))
        }
    };
    let is_all = |(end, next): &(usize, usize)| {
        !value[..*end].contains('\\') && is_after_a_word(&value[*next..])
    };
    start + end.filter(is_all).map_or(value.len(), |(end, _)| end)
}

/// Whether a word has ended where this begins. What follows quotes without a gap is part of it.
fn is_after_a_word(rest: &str) -> bool {
    rest.chars().next().is_none_or(|c| c.is_whitespace() || ",}]>".contains(c) || ENDS.contains(c))
}

/// A variable, the output of a command, or another option: no secret by itself; and what was cut
/// out is none any more.
fn is_looked_up(value: &str) -> bool {
    let value = value.trim_start_matches(['"', '\'']);
    let after = value.strip_prefix(REDACTED);
    value.starts_with(['$', '(', '`', '-'])
        || after.is_some_and(|after| !after.contains(char::is_alphanumeric))
}

/// What of a word is a key by its beginning, or one that only chance makes.
fn key_in(text: &str, word: &str) -> Option<Suspect> {
    let parts = || word.split(['=', ':', '@', '?', '#']);
    let known = parts().find_map(|part| {
        let format = Format::that_begins(part).filter(|_| part.len() >= SHORTEST)?;
        Some((place(text, part), format.kind))
    });
    let (at, kind) = known.or_else(|| Some((random_in(text, word)?, SecretKind::RANDOM)))?;
    Some(Suspect { at, kind })
}

/// A path has words of people between its slashes; base64 has slashes too.
fn random_in(text: &str, word: &str) -> Option<Range<usize>> {
    let is_path = word.contains("://") || word.starts_with(['/', '~', '.']);
    let is_random = |part: &str| is_random(part.as_bytes(), SHORTEST);
    word.split(['=', ':', '@', '?', '#']).find_map(|part| {
        let whole = place(text, part);
        if !is_path && part.len() >= 32 && is_random(part) {
            return Some(whole);
        }
        let inside = part.split(['/', '-', '.', '\\']).find(|inside| is_random(inside))?;
        // What else of it is one can't be told.
        let start = if is_path { place(text, inside).start } else { whole.start };
        Some(start..whole.end)
    })
}
