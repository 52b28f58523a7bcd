//! Makes text that came from elsewhere harmless before it reaches a terminal.
//!
//! Messages, branches, device names, notes and git's own words may hold escape sequences that
//! move the cursor, retitle the window or turn the reading direction: none of that gets through.

use convosync_wire::harmless::is_invisible;

/// Longest text that is shown of one value, in characters: a hostile value must not flood.
const MOST: usize = 4000;

/// The text on one line: line breaks and tabs are spaces, other controls are shown as `\x1b`.
pub(crate) fn line(text: &str) -> String {
    escape(text.trim_end_matches(['\r', '\n']))
}

/// The text, a line each; carriage returns end a line, since a terminal would overwrite it.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.trim_end_matches('\n').split('\n').map(escape).collect()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (count, char) in text.chars().enumerate() {
        if count == MOST {
            out.push('…');
            break;
        }
        match char {
            '\t' | '\r' | '\n' | '\u{2028}' | '\u{2029}' => out.push(' '),
            _ if char.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(char))),
            _ if is_invisible(char) => {}
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(line(text), want);
    }

    #[test]
    fn terminal_sequences_become_visible_text() {
        check("a\u{1b}[31mred", "a\\x1b[31mred");
        check("\u{1b}]0;title\u{7}x", "\\x1b]0;title\\x07x");
        check("\u{9b}2J\u{7f}", "\\x9b2J\\x7f");
    }

    #[test]
    fn nothing_overwrites_or_turns_a_line() {
        check("safe\rEVIL", "safe EVIL");
        check("tab\there\r\n", "tab here");
        check("a\u{202e}b\u{2066}c\u{200f}", "abc");
        check("one\u{2028}two", "one two");
        assert_eq!(lines("a\r\nb\rc\n\n"), ["a", "b", "c"]);
    }

    #[test]
    fn other_scripts_and_emoji_stay() {
        check("مرحبا 👩\u{200d}💻 日本語", "مرحبا 👩\u{200d}💻 日本語");
    }

    #[test]
    fn a_flood_is_cut() {
        assert_eq!(line(&"x".repeat(1_000_000)).chars().count(), MOST + 1);
    }
}
