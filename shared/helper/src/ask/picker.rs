//! Picking a session on a whole screen: type to filter, arrows or a number to choose.
//!
//! Pure: keys in, what to show out.

use convosync_wire::SessionRow;

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Backspace,
    /// Ctrl-U.
    Clear,
    Delete,
    Tab,
    /// Tab with Shift.
    BackTab,
    Left,
    Right,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    /// Esc, Ctrl-D.
    Leave,
}

/// How it goes on after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something else may be pressed.
    On,
    /// The session at this index.
    Picked(usize),
    /// None.
    Left,
}

/// What is picked from, and how far it got.
#[derive(Debug)]
pub(crate) struct Picker<'r> {
    rows: &'r [SessionRow],
    typed: String,
    /// Rows that fit what was typed.
    fitting: Vec<usize>,
    /// An index of them.
    selected: usize,
}

/// Rows that a page key passes over.
const PAGE: usize = 5;

/// Letters of a filter.
const LONGEST: usize = 60;

impl<'r> Picker<'r> {
    /// Picks from rows, the first one selected.
    pub(crate) fn new(rows: &'r [SessionRow]) -> Self {
        let fitting = (0..rows.len()).collect();
        Self { rows, typed: String::new(), fitting, selected: 0 }
    }

    /// What was typed.
    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// The rows that fit, by their number from 1.
    pub(crate) fn fitting(&self) -> impl Iterator<Item = (usize, &'r SessionRow)> {
        self.fitting.iter().map(|&at| (at + 1, &self.rows[at]))
    }

    /// The selected one's place among those that fit.
    pub(crate) fn selected(&self) -> usize {
        self.selected
    }

    /// Takes a key.
    #[must_use]
    pub(crate) fn press(&mut self, key: Key) -> Turn {
        let last = self.fitting.len().saturating_sub(1);
        match key {
            Key::Leave => return Turn::Left,
            Key::Char('q' | 'Q') if self.typed.is_empty() => return Turn::Left,
            Key::Enter => {
                return self.fitting.get(self.selected).map_or(Turn::On, |&at| Turn::Picked(at));
            }
            Key::Up => self.selected = self.selected.saturating_sub(1),
            Key::Down => self.selected = (self.selected + 1).min(last),
            Key::PageUp => self.selected = self.selected.saturating_sub(PAGE),
            Key::PageDown => self.selected = (self.selected + PAGE).min(last),
            Key::Home => self.selected = 0,
            Key::End => self.selected = last,
            Key::Char(letter) => {
                if self.typed.chars().count() < LONGEST && !letter.is_control() {
                    self.typed.push(letter);
                    self.filter();
                }
            }
            Key::Backspace => {
                self.typed.pop();
                self.filter();
            }
            Key::Clear => {
                self.typed.clear();
                self.filter();
            }
            Key::Delete | Key::Tab | Key::BackTab | Key::Left | Key::Right => {}
        }
        Turn::On
    }

    /// A number selects a row; everything else has to be in the row, word by word.
    fn filter(&mut self) {
        let number = self.typed.trim().parse::<usize>().ok();
        if let Some(at) = number.and_then(|number| number.checked_sub(1))
            && at < self.rows.len()
        {
            self.fitting = (0..self.rows.len()).collect();
            self.selected = at;
            return;
        }
        let typed = self.typed.to_lowercase();
        let words: Vec<&str> = typed.split_whitespace().collect();
        let fits = |at: &usize| {
            let text = searched(&self.rows[*at]);
            words.iter().all(|word| text.contains(word))
        };
        self.fitting = (0..self.rows.len()).filter(fits).collect();
        self.selected = 0;
    }
}

/// All that a row can be found by.
fn searched(row: &SessionRow) -> String {
    let maybe = |text: &Option<String>| text.clone().unwrap_or_default();
    let parts = [
        row.message.clone(),
        row.device.clone(),
        maybe(&row.branch),
        maybe(&row.commit),
        row.repository.clone(),
        row.session_id.clone(),
        row.state.as_str().to_owned(),
    ];
    parts.join("\n").to_lowercase()
}

/// The keys in what a terminal sent. An escape sequence that is not known is none.
pub(crate) fn keys(bytes: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(bytes);
    let (mut rest, mut keys) = (&*text, Vec::new());
    while let Some(first) = rest.chars().next() {
        let (key, len) = match first {
            '\u{1b}' => escaped(rest),
            first => (plain(first), first.len_utf8()),
        };
        keys.extend(key);
        rest = &rest[len..];
    }
    keys
}

fn plain(letter: char) -> Option<Key> {
    Some(match letter {
        '\r' | '\n' => Key::Enter,
        '\u{7f}' | '\u{8}' => Key::Backspace,
        '\u{15}' => Key::Clear,
        '\t' => Key::Tab,
        '\u{4}' => Key::Leave,
        // Ctrl-P and Ctrl-N, as in shells.
        '\u{10}' => Key::Up,
        '\u{e}' => Key::Down,
        letter if letter.is_control() => return None,
        letter => Key::Char(letter),
    })
}

/// The key of an escape sequence, and its length. Arrows come as `ESC [ A` or `ESC O A`
/// (ECMA-48 and DEC's application mode).
fn escaped(text: &str) -> (Option<Key>, usize) {
    let Some(rest) = text.strip_prefix("\u{1b}[").or(text.strip_prefix("\u{1b}O")) else {
        // Alone it is the key itself; before a letter it is Alt, which means nothing here.
        return if text.len() == 1 { (Some(Key::Leave), 1) } else { (None, letter_after(text)) };
    };
    let Some(end) = rest.find(|letter: char| matches!(letter, '@'..='~')) else {
        return (None, text.len());
    };
    let key = match &rest[..=end] {
        "A" => Some(Key::Up),
        "B" => Some(Key::Down),
        "C" => Some(Key::Right),
        "D" => Some(Key::Left),
        "Z" => Some(Key::BackTab),
        "3~" => Some(Key::Delete),
        "H" | "1~" | "7~" => Some(Key::Home),
        "F" | "4~" | "8~" => Some(Key::End),
        "5~" => Some(Key::PageUp),
        "6~" => Some(Key::PageDown),
        _ => None,
    };
    (key, 2 + end + 1)
}

fn letter_after(text: &str) -> usize {
    text.chars().take(2).map(char::len_utf8).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::rows;

    /// Presses what a terminal sends, and gives how it ended and what is selected.
    fn pressed(bytes: &str) -> (Turn, Option<usize>) {
        let rows = rows();
        let mut picker = Picker::new(&rows);
        for key in keys(bytes.as_bytes()) {
            match picker.press(key) {
                Turn::On => {}
                ended => return (ended, None),
            }
        }
        let selected = picker.fitting().nth(picker.selected()).map(|(number, _)| number);
        (Turn::On, selected)
    }

    #[test]
    fn arrows_and_numbers_select_and_enter_picks() {
        assert_eq!(pressed("\r"), (Turn::Picked(0), None));
        assert_eq!(pressed("\u{1b}[B\r"), (Turn::Picked(1), None));
        assert_eq!(pressed("\u{1b}OB\u{1b}[A\u{1b}[A"), (Turn::On, Some(1)));
        assert_eq!(pressed("2\n"), (Turn::Picked(1), None));
        assert_eq!(pressed("\u{1b}[F\u{1b}[B"), (Turn::On, Some(rows().len())));
        assert_eq!(pressed("\u{1b}[6~\u{1b}[H"), (Turn::On, Some(1)));
    }

    #[test]
    fn words_filter_whatever_their_case_and_place() {
        let branch = rows()[1].branch.clone().expect("it has one");
        assert_eq!(pressed(&format!("{}\r", branch.to_uppercase())), (Turn::Picked(1), None));
        assert_eq!(pressed("no such words\r"), (Turn::On, None));
        assert_eq!(pressed("no such words\u{15}\r"), (Turn::Picked(0), None));
        assert_eq!(pressed("zz\u{7f}\u{7f}\r"), (Turn::Picked(0), None));
    }

    #[test]
    fn q_and_escape_leave_and_unknown_keys_do_nothing() {
        assert_eq!(pressed("q"), (Turn::Left, None));
        assert_eq!(pressed("\u{1b}"), (Turn::Left, None));
        assert_eq!(pressed("\u{1b}[99;5u\u{1b}x\u{1}\u{1b}[C"), (Turn::On, Some(1)));
        assert_eq!(keys("oq".as_bytes()), [Key::Char('o'), Key::Char('q')]);
        assert_eq!(keys(b"\x1b["), []);
        assert_eq!(keys("\u{1b}é日".as_bytes()), [Key::Char('日')]);
    }
}
