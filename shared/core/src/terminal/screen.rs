//! The text of a pane, with its colours.

use super::history::turns;

/// So many lines of each pane travel, if any do.
pub const LAST_LINES: usize = 1000;

/// Bytes of one pane's text at most.
const MOST: usize = 1 << 20;

/// What may be shown of a pane's text from another device: the last [`LAST_LINES`] lines, at most a
/// MiB, of printable characters and colours.
///
/// Of all sequences only those that set colours and styles stay (SGR of ECMA-48, `ESC [ … m`): others
/// move the cursor, set titles, write to the clipboard or make the terminal answer, and what it
/// answers is typed into the shell.
#[must_use]
pub fn harmless_screen(text: &str) -> String {
    let text = text.trim_end();
    let lines = text.lines().count();
    let mut kept = String::new();
    for line in text.lines().skip(lines.saturating_sub(LAST_LINES)) {
        harmless_line(line, &mut kept);
        kept.push('\n');
    }
    if kept.len() > MOST {
        let at = kept.len() - MOST;
        let from = kept.bytes().skip(at).position(|byte| byte == b'\n');
        kept.drain(..from.map_or(kept.len(), |feed| at + feed + 1));
    }
    kept
}

fn harmless_line(line: &str, kept: &mut String) {
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let length = if c == '\u{1b}' { escape(rest) } else { c.len_utf8() };
        let (token, after) = rest.split_at(length);
        rest = after;
        let shown = !c.is_control() && !turns(c);
        if shown || c == '\t' || is_colour(token) {
            kept.push_str(token);
        }
    }
}

/// Bytes of the escape sequence that a text begins with.
fn escape(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '[')) => {
            // Parameters and intermediates, then the final byte, by ECMA-48.
            let end = chars.find(|(_, c)| !matches!(c, '\u{20}'..='\u{3f}'));
            end.map_or(text.len(), |(at, c)| if c.is_ascii() { at + 1 } else { at })
        }
        // Strings end with BEL or ESC \; one that does not end takes the rest of its line.
        Some((_, ']' | 'P' | 'X' | '^' | '_')) => {
            let end = text[1..].find(['\u{7}', '\u{1b}']).map(|at| at + 1);
            end.map_or(text.len(), |at| if text[at..].starts_with('\u{7}') { at + 1 } else { at })
        }
        Some((at, c)) => at + c.len_utf8(),
        None => text.len(),
    }
}

fn is_colour(token: &str) -> bool {
    let inside = token.strip_prefix("\u{1b}[").and_then(|rest| rest.strip_suffix('m'));
    inside.is_some_and(|inside| inside.bytes().all(|b| b.is_ascii_digit() || b";:".contains(&b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_nothing_else_acts() {
        for (text, want) in [
            ("\u{1b}[1;38:5:1mred\u{1b}[0m\tend", "\u{1b}[1;38:5:1mred\u{1b}[0m\tend\n"),
            ("a\u{1b}[2Jb\u{1b}[6nc\u{1b}[?25ld", "abcd\n"),
            ("a\u{1b}]0;title\u{7}b\u{1b}]52;c;eA==\u{1b}\\c", "abc\n"),
            ("a\u{1b}P$q q\u{1b}\\b\u{1b}cc\u{9b}6nd", "abc6nd\n"),
            ("a\rb\u{8}c\u{202e}d", "abcd\n"),
            ("a\u{1b}[>0m\u{1b}[1 mb\u{1b}[", "ab\n"),
            ("a\u{1b}[3émb", "aémb\n"),
            ("a\u{1b}", "a\n"),
            ("a\u{1b}]never ends", "a\n"),
            ("\n\n", ""),
        ] {
            assert_eq!(harmless_screen(text).trim_start_matches('\n'), want, "{text:?}");
        }
    }

    #[test]
    fn the_last_lines_are_taken_and_a_mib_at_most() {
        let many: String = (0..LAST_LINES + 5).map(|line| format!("{line}\n")).collect();
        let kept = harmless_screen(&many);
        assert!(kept.starts_with("5\n") && kept.lines().count() == LAST_LINES);
        let long = format!("{}\nlast", "x".repeat(MOST));
        assert_eq!(harmless_screen(&long), "last\n");
    }
}
