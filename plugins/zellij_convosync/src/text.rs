//! Measures, cuts and folds text by the columns that Zellij gives it: letter by letter, so that what a
//! joiner joins is as wide here as it is there.

use convosync_wire::harmless;
use unicode_width::UnicodeWidthChar as _;

/// Longest text that is looked at, in letters: a hostile value must not cost time.
const MOST: usize = 4000;

/// Columns of a text.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// A text of elsewhere as one line that does nothing to a terminal. What has no columns of its own
/// would be lost in Zellij, so it is left out here too.
pub(crate) fn clean(text: &str) -> String {
    let text: String = text.chars().take(MOST).collect();
    let line = harmless::line(&text);
    line.trim().chars().filter(|letter| columns(*letter) > 0).collect()
}

/// The first line that says something.
pub(crate) fn first_line(text: &str) -> String {
    text.lines().map(clean).find(|line| !line.is_empty()).unwrap_or_default()
}

/// As much as fits, with `…` where something is missing.
pub(crate) fn fit(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let mut cut: String = text
        .chars()
        .take_while(|letter| {
            used += columns(*letter);
            used <= room
        })
        .collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// The end of a text, with `…` before it where something is missing.
pub(crate) fn fit_end(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let mut letters: Vec<char> = text
        .chars()
        .rev()
        .take_while(|letter| {
            used += columns(*letter);
            used <= room
        })
        .collect();
    letters.push('…');
    letters.iter().rev().collect()
}

/// Folds lines at words, or within a word that is wider than the room.
pub(crate) fn fold(text: &str, room: usize) -> Vec<String> {
    let room = room.max(2);
    let text: String = text.chars().take(MOST).collect();
    text.replace("\r\n", "\n").lines().flat_map(|line| fold_line(line, room)).collect()
}

fn fold_line(line: &str, room: usize) -> Vec<String> {
    let indent = line.chars().take_while(|letter| *letter == ' ').count().min(room / 2);
    let mut lines = Vec::new();
    let mut now = " ".repeat(indent);
    let mut empty = true;
    for word in clean(line).split_whitespace() {
        if !empty && width(&now) + 1 + width(word) > room {
            lines.push(std::mem::replace(&mut now, " ".repeat(indent)));
            empty = true;
        }
        if !empty {
            now.push(' ');
        }
        empty = false;
        for letter in word.chars() {
            if width(&now) + columns(letter) > room {
                lines.push(std::mem::replace(&mut now, " ".repeat(indent)));
            }
            now.push(letter);
        }
    }
    lines.push(now);
    lines
}

/// How long ago, in few columns: `now`, `5m`, `3h`, `2d`, `3w`, `4y`.
pub(crate) fn age(then_ms: i64, now_ms: i64) -> String {
    let minutes = now_ms.saturating_sub(then_ms) / 60_000;
    match minutes {
        ..1 => "now".to_owned(),
        1..60 => format!("{minutes}m"),
        60..1440 => format!("{}h", minutes / 60),
        1440..20_160 => format!("{}d", minutes / 1440),
        20_160..525_600 => format!("{}w", minutes / 10_080),
        _ => format!("{}y", minutes / 525_600),
    }
}

/// When an age says something else, milliseconds from now; never sooner than in a minute.
pub(crate) fn next_age(then_ms: i64, now_ms: i64) -> i64 {
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    let passed = now_ms.saturating_sub(then_ms).max(0);
    let step = if passed < HOUR { MINUTE } else { HOUR };
    (step - passed % step).max(MINUTE)
}

/// What begins small, since it follows a name elsewhere, as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// `1 message`, `15 messages`.
pub(crate) fn counted(count: u64, unit: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{end}")
}

/// The beginning of a commit's name.
pub(crate) fn short(commit: &str) -> String {
    clean(commit).chars().take(7).collect()
}

/// A repository by the last part of its URL.
pub(crate) fn short_repository(repository: &str) -> String {
    let name = clean(repository);
    let name = name.trim_end_matches('/').trim_end_matches(".git");
    let name = name.rsplit(['/', ':']).next().unwrap_or_default();
    if name.is_empty() { "no repository".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_between_letters_by_their_columns() {
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("ab cd", 4), "ab…");
        assert_eq!(fit("x", 0), "");
        assert_eq!(fit_end("日本語", 4), "…語");
    }

    #[test]
    fn a_text_is_folded_at_words_and_a_long_word_within() {
        assert_eq!(fold("one two three", 7), ["one two", "three"]);
        assert_eq!(fold("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(fold("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(fold("  in dent", 5), ["  in", "  den", "  t"]);
        assert!(fold(&"日".repeat(9), 1).iter().all(|line| width(line) <= 2));
    }

    #[test]
    fn foreign_text_moves_nothing() {
        assert_eq!(clean("a\u{1b}[2Jb\u{7}\r\nc\u{202e}"), "a[2Jb  c");
        assert_eq!(first_line("\n \u{1b}\nsecond"), "second");
        assert_eq!(clean("👩\u{200d}💻"), "👩💻");
    }

    #[test]
    fn ages_are_short_and_never_panic() {
        let minute = 60_000;
        for (minutes, want) in [(0, "now"), (5, "5m"), (180, "3h"), (4000, "2d"), (30_000, "2w")] {
            assert_eq!(age(0, minutes * minute), want);
        }
        assert_eq!(age(i64::MAX, i64::MIN), "now");
        assert_eq!(age(i64::MIN, i64::MAX).chars().last(), Some('y'));
        assert_eq!(next_age(0, 30_000), 60_000);
        assert!(next_age(i64::MIN, i64::MAX) >= 60_000);
    }

    #[test]
    fn a_repository_is_known_by_its_name() {
        for (url, want) in [
            ("github.com/me/app", "app"),
            ("git@host:me/app.git", "app"),
            ("app", "app"),
            ("", "no repository"),
        ] {
            assert_eq!(short_repository(url), want);
        }
    }
}
