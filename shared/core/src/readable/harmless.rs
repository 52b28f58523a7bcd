//! Text without what acts on a terminal or turns its order around.

use std::borrow::Cow;

/// The text with its control characters made visible. Line feeds and tabs stay.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    let acts = |c: char| replaced(c).is_some();
    match text.contains(acts) {
        true => text.chars().filter(|c| *c != '\r').map(|c| replaced(c).unwrap_or(c)).collect(),
        false => Cow::Borrowed(text),
    }
}

/// The same on one line.
pub(super) fn harmless_line(text: &str) -> String {
    harmless(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The picture of a control character, or the mark for what has none.
fn replaced(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => None,
        // https://www.unicode.org/charts/PDF/U2400.pdf: pictures of C0, in its order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}' => Some('\u{fffd}'),
        // Marks that turn the direction of what follows, and line ends that only some know.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some('\u{fffd}')
        }
        '\u{2028}' | '\u{2029}' => Some('\n'),
        _ => None,
    }
}
