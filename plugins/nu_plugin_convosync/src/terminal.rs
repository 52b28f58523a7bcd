//! How much fits on a line of the terminal.

use convosync_wire::harmless;

/// Columns of the terminal; the classic 80 where it does not say.
pub(crate) fn columns() -> usize {
    #[cfg(unix)]
    let columns = rustix::termios::tcgetwinsize(std::io::stderr()).map(|size| size.ws_col).ok();
    #[cfg(not(unix))]
    let columns: Option<u16> = None;
    columns.filter(|columns| *columns > 0).map_or(80, usize::from)
}

/// Columns that a text takes at most: what is not ASCII may be wide.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

/// The text behind an indentation, broken between words where the terminal ends, each line ended.
pub(crate) fn folded(text: &str, indent: usize, columns: usize) -> String {
    let text = harmless::line(text);
    let bare = text.trim_start_matches(' ');
    let indent = " ".repeat(indent + text.len() - bare.len());
    let room = columns.saturating_sub(indent.len());
    let mut lines = vec![String::new()];
    for word in bare.split(' ') {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() || width(line) + 1 + width(word) <= room {
            let gap = if line.is_empty() { "" } else { " " };
            *line = format!("{line}{gap}{word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.iter().map(|line| format!("{}\n", format!("{indent}{line}").trim_end())).collect()
}

/// The text as one harmless line that fits into `room` columns.
pub(crate) fn shortened(text: &str, room: usize) -> String {
    let text = harmless::line(text);
    if width(&text) <= room {
        return text;
    }
    let mut used = char_width('…');
    let fits = text.chars().take_while(|c| {
        used += char_width(*c);
        used <= room
    });
    fits.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words_and_keeps_its_indentation() {
        for (text, columns, want) in [
            ("fits  as it is", 20, "  fits  as it is\n"),
            ("  • one two", 10, "    • one\n    two\n"),
            ("averylongword and", 8, "  averylongword\n  and\n"),
            ("", 8, "\n"),
        ] {
            assert_eq!(folded(text, 2, columns), want);
        }
    }

    #[test]
    fn a_text_is_cut_to_the_room_that_is_left() {
        for (text, room, want) in [
            ("short", 5, "short"),
            ("longer", 5, "lon…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日…"),
            ("a\nb", 3, "a b"),
            ("abc", 0, "…"),
        ] {
            assert_eq!(shortened(text, room), want);
        }
    }
}
