//! Secrets in a long text: read once, in pieces, and judged word by word.

use std::collections::BTreeSet;
use std::io::{self, Read};

use super::SecretKind;
use super::chance::{bits_a_character, is_no_name};
use super::formats::Format;

/// So many are told apart; of more, the first of each kind (in a patch: of each kind in each file).
/// With as many as this there may be more.
pub const MOST_SUSPECTS: usize = 1000;

/// Read at once.
const PIECE: usize = 64 << 10;
/// A longer word is no key: keys of machines are 4 KiB at most, and base64 of a picture is one word.
const LONGEST_WORD: usize = 4096;
/// Punctuation between a name and its value: more is another sentence.
const WIDEST_GAP: usize = 8;
/// A value of a name is a secret from this length on; below, it is a word of people.
const SHORTEST_VALUE: usize = 20;
/// The same of a password in a URL.
const SHORTEST_PASSWORD: usize = 8;

/// What was seen, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The line, counted from the one that was begun with.
    pub line: u64,
    /// What it looks like.
    pub kind: SecretKind,
}

/// Looks through a text, or through JSON lines with texts in them, whose first line has the number
/// `line`. Takes time in the length of it, and no room.
///
/// Only what has the whole shape of a secret counts: the key of a well-known service, a private key
/// with its body, a password in a URL, and a long word of chance that is given to a name which
/// speaks of a secret.
///
/// # Errors
///
/// If it can't be read.
pub fn look_through(text: &mut dyn Read, line: u64) -> io::Result<Vec<Seen>> {
    let mut look = Look::new(line);
    let mut piece = vec![0; PIECE];
    loop {
        match text.read(&mut piece) {
            Ok(0) => break,
            Ok(len) => look.take(&piece[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(look.end())
}

/// What a byte is to a reader of words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Word,
    Gap,
}

const KINDS: [Of; 256] = kinds();

const fn kinds() -> [Of; 256] {
    let mut kinds = [Of::Gap; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric()
            || matches!(byte as u8, b'_' | b'-' | b'+' | b'/' | b'.')
        {
            kinds[byte] = Of::Word;
        }
        byte += 1;
    }
    kinds
}

/// A reader of words.
pub(super) struct Look {
    seen: Vec<Seen>,
    kinds: BTreeSet<SecretKind>,
    line: u64,
    word: Vec<u8>,
    /// The word that is being read is longer than any key.
    endless: bool,
    /// Characters of an escape (`\n`, `\u001b`) that are still to come.
    escaped: u8,
    gap: Gap,
    before: Before,
}

/// What stands between two words, without spaces.
#[derive(Default)]
struct Gap {
    bytes: [u8; WIDEST_GAP],
    len: usize,
    /// A line ends in it.
    ends: bool,
}

/// What the words before this one were.
#[derive(Default)]
struct Before {
    /// The last one speaks of a secret.
    name: bool,
    /// How much of `-----BEGIN … PRIVATE KEY-----` was read.
    pem: Pem,
    /// How much of `scheme://user:password@` was.
    login: Login,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Pem {
    #[default]
    Nothing,
    Begun,
    Private,
    Body,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Login {
    #[default]
    Nothing,
    Scheme,
    User,
    Password,
}

impl Look {
    pub(super) fn new(line: u64) -> Self {
        Self {
            seen: Vec::new(),
            kinds: BTreeSet::new(),
            line,
            word: Vec::new(),
            endless: false,
            escaped: 0,
            gap: Gap::default(),
            before: Before::default(),
        }
    }

    /// What was seen in all.
    pub(super) fn end(mut self) -> Vec<Seen> {
        self.end_word();
        self.seen
    }

    pub(super) fn take(&mut self, piece: &[u8]) {
        let mut from = 0;
        while from < piece.len() {
            if self.escaped > 0 {
                self.take_escaped(piece[from]);
                from += 1;
                continue;
            }
            let rest = &piece[from..];
            let len = rest.iter().take_while(|byte| KINDS[usize::from(**byte)] == Of::Word).count();
            self.take_word(&rest[..len]);
            if let Some(byte) = rest.get(len) {
                self.end_word();
                self.take_gap(*byte);
                from += 1;
            }
            from += len;
        }
    }

    fn take_word(&mut self, part: &[u8]) {
        if self.word.len() + part.len() > LONGEST_WORD {
            self.endless = true;
        } else {
            self.word.extend_from_slice(part);
        }
    }

    fn take_gap(&mut self, byte: u8) {
        match byte {
            // Of `\n` in a JSON text, the `n` is no letter of the word after it.
            b'\\' => self.escaped = 1,
            b'\n' => {
                self.line += 1;
                self.gap.ends = true;
            }
            b' ' | b'\t' | b'\r' => {}
            byte => self.gap.push(byte),
        }
    }

    fn take_escaped(&mut self, byte: u8) {
        self.escaped -= 1;
        match byte {
            b'u' if self.escaped == 0 => self.escaped = 4,
            b'\n' => self.take_gap(byte),
            // In JSON inside of JSON it takes two for one.
            b'\\' => self.escaped = 1,
            b'n' => self.gap.ends = true,
            b'"' | b'\'' => self.gap.push(byte),
            _ => {}
        }
    }

    fn end_word(&mut self) {
        if self.word.is_empty() && !self.endless {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let gap = std::mem::take(&mut self.gap);
        if std::mem::take(&mut self.endless) {
            self.before = Before::default();
        } else {
            self.judge(&word, &gap);
        }
        self.word = word;
        self.word.clear();
    }

    fn judge(&mut self, word: &[u8], gap: &Gap) {
        let login = self.login(word, gap);
        let pem = self.pem(word);
        let named = self.before.name && gap.assigns() && is_value(word);
        let key = word.split(|byte| *byte == b'/').find_map(Format::of);
        let key = key.map(|format| format.kind).or(named.then_some(SecretKind::NAMED));
        if let Some(kind) = key.or(pem).or(login) {
            self.see(kind);
        }
        self.before.name = speaks(word);
    }

    fn see(&mut self, kind: SecretKind) {
        if self.kinds.insert(kind) || self.seen.len() < MOST_SUSPECTS {
            self.seen.push(Seen { line: self.line, kind });
        }
    }

    /// The head alone is no key: pages that tell how one looks have it.
    fn pem(&mut self, word: &[u8]) -> Option<SecretKind> {
        let before = std::mem::take(&mut self.before.pem);
        self.before.pem = match (before, word) {
            (_, b"-----BEGIN") => Pem::Begun,
            (Pem::Begun, b"PRIVATE") => Pem::Private,
            (Pem::Begun, b"RSA" | b"EC" | b"DSA" | b"OPENSSH" | b"PGP" | b"ENCRYPTED") => {
                Pem::Begun
            }
            (Pem::Private, b"KEY-----" | b"BLOCK-----") => Pem::Body,
            (Pem::Private, b"KEY") => Pem::Private,
            _ => Pem::Nothing,
        };
        let body = before == Pem::Body && word.len() >= 40 && bits_a_character(word) >= 3.5;
        body.then_some(SecretKind::PRIVATE_KEY)
    }

    fn login(&mut self, word: &[u8], gap: &Gap) -> Option<SecretKind> {
        let before = std::mem::take(&mut self.before.login);
        self.before.login = match before {
            Login::Scheme if gap.is(b":") && is_password(word) => Login::User,
            Login::User if gap.is(b"@") => Login::Password,
            _ if gap.is(b":") && word.starts_with(b"//") && word.len() > 2 => Login::Scheme,
            _ => Login::Nothing,
        };
        (self.before.login == Login::Password).then_some(SecretKind::LOGIN)
    }
}

impl Gap {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
        }
        self.len += 1;
    }

    fn is(&self, text: &[u8]) -> bool {
        !self.ends && self.bytes.get(..self.len) == Some(text)
    }

    /// `=`, `: "`, `" => "`.
    fn assigns(&self) -> bool {
        let Some(bytes) = self.bytes.get(..self.len) else { return false };
        !self.ends
            && bytes.iter().any(|byte| matches!(byte, b'=' | b':'))
            && bytes.iter().all(|byte| b"=:\"'`>".contains(byte))
    }
}

/// Ends of names whose value is a secret, without what is no letter.
const NAMES: &[&[u8]] = &[
    b"ACCESSKEY",
    b"APIKEY",
    b"AUTHKEY",
    b"CREDENTIAL",
    b"CREDENTIALS",
    b"ENCRYPTIONKEY",
    b"PASSPHRASE",
    b"PASSWD",
    b"PASSWORD",
    b"PRIVATEKEY",
    b"SECRET",
    b"SECRETKEY",
    b"SIGNINGKEY",
    b"TOKEN",
];

/// Whether a word is a name that speaks of a secret.
fn speaks(word: &[u8]) -> bool {
    if word.len() > 64 {
        return false;
    }
    let letters = word.iter().filter(|byte| byte.is_ascii_alphabetic());
    let letters: Vec<u8> = letters.map(u8::to_ascii_uppercase).collect();
    NAMES.iter().any(|name| letters.ends_with(name))
}

/// A word of chance, and not the way to one (`process.env.KEY`, `/run/secrets/key`).
fn is_value(word: &[u8]) -> bool {
    !word.contains(&b'.') && !word.starts_with(b"/") && is_no_name(word, SHORTEST_VALUE)
}

/// A word that is no stand-in (`user:password@`, `$PASSWORD`).
fn is_password(word: &[u8]) -> bool {
    let digits = word.iter().any(u8::is_ascii_digit);
    word.len() >= SHORTEST_PASSWORD && digits && word.iter().any(u8::is_ascii_alphabetic)
}
