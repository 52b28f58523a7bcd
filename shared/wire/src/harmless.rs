//! Texts that other devices wrote, made safe for a terminal: for front ends that leave out what is not.
//!
//! A message, branch or path may hold escape sequences that move the cursor, or marks that turn
//! the direction of writing: what is seen would not be what is there.

/// The text as one line: no control characters, no direction marks, line breaks as spaces.
#[must_use]
pub fn line(text: &str) -> String {
    text.chars().map(|c| if is_break(c) { ' ' } else { c }).filter(|c| is_harmless(*c)).collect()
}

/// The text without control characters and direction marks; line breaks and tabs stay.
#[must_use]
pub fn text(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| matches!(c, '\n' | '\t') || is_harmless(*c)).collect()
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}')
}

fn is_harmless(c: char) -> bool {
    !c.is_control() && !is_invisible(c)
}

/// Characters that show nothing and change how others are read: direction marks, zero-width
/// spaces, tags. Joiners stay: emoji and several scripts need them. From Unicode 17, category Cf.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_marks_are_lost() {
        for (given, want) in [
            ("fix \x1b[31mred\x1b[0m", "fix [31mred[0m"),
            ("\x1b]0;title\x07done", "]0;titledone"),
            ("\u{9b}2Jclear", "2Jclear"),
            ("ab\x08c\x7f", "abc"),
            ("user\u{202e}txt.exe\u{2066}", "usertxt.exe"),
            ("Grüße 👩‍💻 日本", "Grüße 👩‍💻 日本"),
        ] {
            assert_eq!(line(given), want);
            assert_eq!(text(given), want);
        }
    }

    #[test]
    fn only_a_text_keeps_its_lines() {
        assert_eq!(line("a\n\tb\u{2028}c\rd"), "a  b c d");
        assert_eq!(text("a\n\tb\r\nc\rd"), "a\n\tb\nc\nd");
    }
}
