//! Keys, from the bytes that a terminal sends for them. Pure.

/// A key that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character that is typed.
    Char(char),
    /// Ends what is typed, or presses what is chosen.
    Enter,
    Tab,
    /// Tab with Shift.
    BackTab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    /// Ctrl-U: what stands before the cursor goes.
    Clear,
    /// Alone, not as the beginning of another key.
    Escape,
}

/// Puts keys together; one may come in two reads.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    pending: Vec<u8>,
}

/// Sequences after ESC: xterm's, in both of its modes, and those of the Linux console.
const SEQUENCES: [(&[u8], Key); 17] = [
    (b"[A", Key::Up),
    (b"[B", Key::Down),
    (b"[C", Key::Right),
    (b"[D", Key::Left),
    (b"OA", Key::Up),
    (b"OB", Key::Down),
    (b"OC", Key::Right),
    (b"OD", Key::Left),
    (b"[H", Key::Home),
    (b"[F", Key::End),
    (b"OH", Key::Home),
    (b"OF", Key::End),
    (b"[1~", Key::Home),
    (b"[4~", Key::End),
    (b"[3~", Key::Delete),
    (b"[Z", Key::BackTab),
    (b"OM", Key::Enter),
];

/// Longer sequences are none that is known.
const LONGEST: usize = 16;

impl Decoder {
    /// The keys that are whole now.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        while let Some((length, key)) = next(&self.pending) {
            self.pending.drain(..length);
            keys.extend(key);
        }
        keys
    }

    /// Nothing more came for a while: an ESC that waits is the key itself.
    pub(crate) fn pause(&mut self) -> Option<Key> {
        let waiting = std::mem::take(&mut self.pending);
        (waiting.first() == Some(&0x1b)).then_some(Key::Escape)
    }
}

/// The length of what comes first and the key that it is; `None`: it is not whole yet.
fn next(bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    let first = *bytes.first()?;
    let key = match first {
        0x1b => return after_escape(bytes),
        b'\r' | b'\n' => Some(Key::Enter),
        b'\t' => Some(Key::Tab),
        0x08 | 0x7f => Some(Key::Backspace),
        0x01 => Some(Key::Home),
        0x05 => Some(Key::End),
        0x0e => Some(Key::Down),
        0x10 => Some(Key::Up),
        0x15 => Some(Key::Clear),
        0..=0x1f => None,
        _ => return character(bytes),
    };
    Some((1, key))
}

fn after_escape(bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    let rest = &bytes[1..];
    match rest {
        [] | [b'[' | b'O'] => None,
        [b'[' | b'O', ..] => {
            let last = rest[1..].iter().position(|byte| matches!(byte, 0x40..=0x7e));
            let length = match last {
                Some(last) => last + 2,
                None if rest.len() < LONGEST => return None,
                None => rest.len(),
            };
            let known = SEQUENCES.iter().find(|(sequence, _)| *sequence == &rest[..length]);
            Some((1 + length, known.map(|(_, key)| *key)))
        }
        [0x1b, ..] => Some((1, Some(Key::Escape))),
        // Alt with a key.
        _ => Some((2, None)),
    }
}

fn character(bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    let wanted = match bytes[0] {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    let whole = bytes.get(..wanted)?;
    match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
        Some(char) => Some((wanted, (!char.is_control()).then_some(Key::Char(char)))),
        None => Some((1, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reads: &[&[u8]], want: &[Key]) {
        let mut decoder = Decoder::default();
        let keys: Vec<Key> = reads.iter().flat_map(|read| decoder.feed(read)).collect();
        assert_eq!(keys, want, "{reads:?}");
        assert_eq!(decoder.pause(), None, "something is left of {reads:?}");
    }

    #[test]
    fn letters_arrows_and_editing_keys_are_told_apart() {
        use Key::{BackTab, Backspace, Char, Clear, Delete, Down, Enter, Left, Tab, Up};
        check(&[b"ab\r"], &[Char('a'), Char('b'), Enter]);
        check(&["ü日🎉".as_bytes()], &[Char('ü'), Char('日'), Char('🎉')]);
        check(&[b"\x1b[A\x1bOB\x1b[D\x1b[Z\t"], &[Up, Down, Left, BackTab, Tab]);
        check(&[b"\x7f\x08\x1b[3~\x15"], &[Backspace, Backspace, Delete, Clear]);
    }

    #[test]
    fn a_key_may_come_in_two_reads() {
        check(&[b"\x1b", b"[", b"A"], &[Key::Up]);
        check(&[&[0xe6, 0x97], &[0xa5]], &[Key::Char('日')]);
    }

    #[test]
    fn escape_is_a_key_once_nothing_follows() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(b"\x1b"), []);
        assert_eq!(decoder.pause(), Some(Key::Escape));
        assert_eq!(decoder.feed(b"x"), [Key::Char('x')]);
        assert_eq!(decoder.pause(), None);
    }

    #[test]
    fn what_is_no_key_is_swallowed_whole() {
        check(&[b"\x1b[200~a\x1b[1;5C\x1bx\x00\x02\xff"], &[Key::Char('a')]);
        check(
            &[b"\x1b[999999999999999999999999"],
            &"99999999".chars().map(Key::Char).collect::<Vec<_>>(),
        );
    }
}
