//! How text is shown, and the measures that depend on it. Pure: the terminal is asked elsewhere.

use unicode_width::UnicodeWidthStr;

/// How and when something is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// Signs, boxes and emoji beyond ASCII.
    pub(crate) unicode: bool,
    /// ANSI colours.
    pub(crate) color: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
    /// Whether lines end where the terminal does: a pipe takes lines of any length.
    pub(crate) folds: bool,
    /// Now, milliseconds since 1970.
    pub(crate) now_ms: i64,
    /// The home directory, shown as `~`.
    pub(crate) home: Option<String>,
    /// The caller's directory: who is there already needs no hint how to go there.
    pub(crate) directory: String,
    /// The caller's shell does what it is told after a resume.
    pub(crate) shell_follows: bool,
}

/// The signs that begin a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Something was done.
    Done,
    /// Something to know.
    Warning,
    /// Something failed.
    Failed,
    /// A detail.
    Arrow,
    /// One of several.
    Bullet,
}

/// ANSI styles, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A heading.
    Bold,
    /// What matters less.
    Dim,
    /// Done.
    Good,
    /// To know.
    Alert,
    /// Failed.
    Bad,
}

impl Look {
    /// A sign with the space that follows it.
    pub(crate) fn sign(&self, sign: Sign) -> String {
        let (fancy, plain, style) = match sign {
            Sign::Done => ("✓", "*", Some(Style::Good)),
            Sign::Warning => ("⚠️ ", "warning:", Some(Style::Alert)),
            Sign::Failed => ("❌", "error:", Some(Style::Bad)),
            Sign::Arrow => ("→", "->", None),
            Sign::Bullet => ("•", "-", None),
        };
        let text = if self.unicode { fancy } else { plain };
        format!("{} ", style.map_or_else(|| text.to_owned(), |style| self.paint(style, text)))
    }

    /// Columns that a sign takes with the space that follows it.
    pub(crate) fn sign_width(&self, sign: Sign) -> usize {
        Self { color: false, ..self.clone() }.sign(sign).width()
    }

    /// An emoji with the space that follows it; nothing in plain text.
    pub(crate) fn icon(&self, icon: &str) -> String {
        if self.unicode { format!("{icon} ") } else { String::new() }
    }

    /// The icon of a kind of device. A kind that is not known here has that of a computer.
    pub(crate) fn device_icon(&self, kind: &str) -> String {
        self.icon(match kind {
            "mobile" => "📱",
            "tablet" => "📲",
            "laptop" => "💻",
            "server" => "🗄️ ",
            _ => "🖥️ ",
        })
    }

    /// The line, its bullet or arrow spelled as this look can show it. Words stay as they are.
    pub(crate) fn bullet(&self, line: &str) -> String {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        let spelled = [("• ", "- "), ("→ ", "-> "), ("… ", "... ")];
        let rest =
            spelled.iter().find_map(|(fancy, plain)| Some((plain, text.strip_prefix(fancy)?)));
        match rest {
            Some((plain, rest)) if !self.unicode => format!("{indent}{plain}{rest}"),
            _ => line.to_owned(),
        }
    }

    /// One of two spellings.
    pub(crate) fn pick<'a>(&self, fancy: &'a str, plain: &'a str) -> &'a str {
        if self.unicode { fancy } else { plain }
    }

    /// The text in a colour, if colours are wanted. The text must be harmless already.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => 1,
            Style::Dim => 2,
            Style::Good => 32,
            Style::Alert => 33,
            Style::Bad => 31,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A path, with the home directory as `~`.
    pub(crate) fn path(&self, path: &str) -> String {
        let inside = self.home.as_deref().filter(|home| home.len() > 1).and_then(|home| {
            path.strip_prefix(home).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        inside.map_or_else(|| path.to_owned(), |rest| format!("~{rest}"))
    }

    /// The text in lines that end where the terminal does; see [`flow`]. What somebody may want to
    /// copy as a command stays on its line.
    pub(crate) fn folded(&self, text: &str, taken: usize) -> Vec<String> {
        if !self.folds || holds_command(text) {
            return vec![text.to_owned()];
        }
        flow(text, self.width.saturating_sub(taken).max(LEAST))
    }

    /// The text cut to so many columns, its end marked.
    pub(crate) fn fit(&self, text: &str, columns: usize) -> String {
        if text.width() <= columns {
            return text.to_owned();
        }
        let end = self.pick("…", "...");
        let mut out = String::new();
        for char in text.chars() {
            out.push(char);
            if out.width() + end.width() > columns {
                out.pop();
                break;
            }
        }
        out + end
    }
}

/// Fewer columns than these are not folded into.
const LEAST: usize = 16;

/// Whether a line has a command that is typed or copied, and that nothing marks the end of.
fn holds_command(text: &str) -> bool {
    ["convosync ", "git ", "claude ", "cd ", "chmod "].iter().any(|program| {
        text.match_indices(program).any(|(at, _)| {
            let before = text[..at].trim_end_matches(' ');
            before.is_empty() || before.ends_with([':', '(', '#'])
        })
    })
}

/// The words of a text; what stands in backticks is one, as long as it is.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split(' ') {
        match words.last_mut() {
            Some(last) if open => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        open ^= word.matches('`').count() % 2 == 1;
    }
    // One that nothing closes is a letter: somebody's message must not keep a line from ending.
    if let Some(last) = words.pop_if(|_| open) {
        words.extend(last.split(' ').map(ToOwned::to_owned));
    }
    words
}

/// The text in lines of at most so many columns, broken at spaces alone, so that paths, URLs and
/// commands in backticks stay whole. Further lines of an indented text stand a little deeper.
fn flow(text: &str, columns: usize) -> Vec<String> {
    let bare = text.trim_start_matches(' ');
    let indent = " ".repeat(text.len() - bare.len());
    let deeper = if indent.is_empty() { "" } else { "  " };
    let room = columns.saturating_sub(indent.len() + deeper.len()).max(1);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in words(bare) {
        let room = if lines.is_empty() { room + deeper.len() } else { room };
        if !line.is_empty() && line.width() + 1 + word.width() > room {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    let place = |number| if number == 0 { indent.clone() } else { format!("{indent}{deeper}") };
    lines.into_iter().enumerate().map(|(at, line)| place(at) + &line).collect()
}

/// The text in lines of at most so many columns, broken at spaces where there are any.
/// Further lines keep the first one's indentation.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let bare = text.trim_start_matches(' ');
    let indent = " ".repeat((text.len() - bare.len()).min(columns / 2));
    let room = columns.saturating_sub(indent.len()).max(1);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in bare.split(' ') {
        let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if joined.width() <= room {
            line = joined;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        line = break_word(word, room, &mut lines);
    }
    lines.push(line);
    lines.into_iter().map(|line| format!("{indent}{line}")).collect()
}

/// Breaks a word that is wider than a line; the rest that fits is returned.
fn break_word(word: &str, room: usize, lines: &mut Vec<String>) -> String {
    let mut line = String::new();
    for char in word.chars() {
        line.push(char);
        // A single character wider than the room stands alone.
        if line.width() > room && line.chars().count() > 1 {
            line.pop();
            lines.push(std::mem::replace(&mut line, char.to_string()));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fancy, plain};
    use super::*;

    #[test]
    fn a_text_with_one_backtick_is_broken_like_others_and_one_in_two_stays_whole() {
        assert_eq!(flow("so ` it goes on", 8), ["so ` it", "goes on"]);
        assert_eq!(flow("so `it goes` on", 8), ["so", "`it goes`", "on"]);
    }

    #[test]
    fn home_is_a_tilde_only_as_a_whole_folder() {
        let look = plain();
        assert_eq!(look.path("/home/me"), "~");
        assert_eq!(look.path("/home/me/x"), "~/x");
        assert_eq!(look.path("/home/melissa/x"), "/home/melissa/x");
    }

    #[test]
    fn bullets_are_spelled_as_the_terminal_can() {
        assert_eq!(plain().bullet("  • auth.js • x"), "  - auth.js • x");
        assert_eq!(plain().bullet("… and 2 more"), "... and 2 more");
        assert_eq!(plain().bullet("été"), "été");
        assert_eq!(fancy().bullet("  • auth.js"), "  • auth.js");
    }

    #[test]
    fn lines_fold_at_spaces_and_commands_stay_whole() {
        let narrow = Look { width: 24, folds: true, ..plain() };
        let fold = |text: &str| narrow.folded(text, 3);
        assert_eq!(fold("the remote does not answer now"), ["the remote does not", "answer now"]);
        assert_eq!(
            fold("see /a/path/that/is/longer/than/it"),
            ["see", "/a/path/that/is/longer/than/it"]
        );
        let deeper = ["  a line of its own", "    that goes on"];
        assert_eq!(fold("  a line of its own that goes on"), deeper);
        let command = "They stay until you run: convosync gc (keep some)";
        assert_eq!(fold(command), [command]);
        let marked = ["run `convosync gc`", "and then", "`git -C /x switch main`."];
        assert_eq!(fold("run `convosync gc` and then `git -C /x switch main`."), marked);
        assert_eq!(fold("日本語の とても長い 説明です"), ["日本語の とても長い", "説明です"]);
        assert_eq!(plain().folded(&"word ".repeat(40), 0).len(), 1, "a pipe takes any length");
    }

    #[test]
    fn text_is_cut_and_wrapped_by_columns_not_characters() {
        assert_eq!(fancy().fit("日本語です", 7), "日本語…");
        assert_eq!(plain().fit("a longer text", 8), "a lon...");
        assert_eq!(plain().fit("short", 8), "short");
        assert_eq!(wrap("  one two three", 9), ["  one two", "  three"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
