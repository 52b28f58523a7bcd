//! Collects lines. Whatever is added passes [`harmless`] here, so no view can forget it; signs
//! and colours are put around it afterwards.

use convosync_wire::Note;

use super::harmless;
use super::look::{Look, Sign, Style, wrap};

/// A text in the making.
pub(crate) struct Page<'a> {
    /// How it is shown.
    pub(crate) look: &'a Look,
    out: String,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub(crate) fn new(look: &'a Look) -> Self {
        Self { look, out: String::new() }
    }

    /// A line.
    pub(crate) fn line(&mut self, text: &str) {
        for line in self.look.folded(&harmless::line(text), 0) {
            self.out.push_str(self.look.bullet(&line).trim_end());
            self.out.push('\n');
        }
    }

    /// A text behind a mark, broken where the terminal ends and indented below it.
    pub(crate) fn hanging(&mut self, mark: &str, text: &str) {
        let room = self.look.width.saturating_sub(mark.len()).max(20);
        let indent = " ".repeat(mark.len());
        for (number, line) in wrap(&harmless::line(text), room).iter().enumerate() {
            let start = if number == 0 { mark } else { &indent };
            self.line(&format!("{start}{line}"));
        }
    }

    /// A line in a style.
    pub(crate) fn styled(&mut self, style: Style, text: &str) {
        let text = self.look.paint(style, &harmless::line(text));
        self.out.push_str(&text);
        self.out.push('\n');
    }

    /// A line behind a sign, further lines indented.
    pub(crate) fn sign(&mut self, sign: Sign, text: &str) {
        self.nested("", sign, text);
    }

    /// As [`Page::sign`], behind an indentation.
    pub(crate) fn nested(&mut self, indent: &str, sign: Sign, text: &str) {
        let taken = indent.len() + self.look.sign_width(sign);
        let lines = harmless::lines(text).into_iter();
        let mut lines = lines.flat_map(|line| self.look.folded(&line, taken));
        let first = lines.next().unwrap_or_default();
        let rest: Vec<_> = lines.collect();
        self.out.push_str(&format!("{indent}{}{first}\n", self.look.sign(sign)));
        for line in rest {
            self.out.push_str(self.look.bullet(&format!("{indent}   {line}")).trim_end());
            self.out.push('\n');
        }
    }

    /// An empty line, unless one is there already or nothing is.
    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A heading underlined as in the rest of ConvoSync.
    pub(crate) fn heading(&mut self, text: &str) {
        self.styled(Style::Bold, text);
        self.line(&"=".repeat(text.chars().count()));
    }

    /// What else to know, and what to do about it.
    pub(crate) fn notes(&mut self, notes: &[Note]) {
        for note in notes {
            self.note(Sign::Warning, note);
        }
    }

    /// One note behind a sign.
    pub(crate) fn note(&mut self, sign: Sign, note: &Note) {
        // Behind `warning:` it goes on as a sentence would.
        let goes_on = sign == Sign::Warning && !self.look.unicode;
        let text = if goes_on { note.text.clone() } else { sentence(&note.text) };
        self.sign(sign, &text);
        // What has paragraphs has one more.
        if note.help.is_some() && text.contains("\n\n") {
            self.blank();
        }
        for line in note.help.as_deref().map(harmless::lines).unwrap_or_default() {
            self.line(&format!("   {line}"));
        }
    }

    /// What has to stand at the end when a save is only on this device.
    pub(crate) fn whereabouts(&mut self, local_only: bool, queued: bool) {
        if local_only {
            self.blank();
            self.line("Sessions stay on this machine. To have them on other devices too:");
            self.line("  convosync init --store URL");
        } else if queued {
            self.blank();
            self.styled(Style::Bold, "NOT on other devices yet: run `convosync sync`");
        }
    }

    /// The text, each line ended.
    pub(crate) fn finish(self) -> String {
        self.out
    }
}

/// The first seven characters of a commit, as git abbreviates.
pub(crate) fn short(commit: &str) -> String {
    commit.chars().take(7).collect()
}

/// The text with a capital letter first, as it stands alone. An id stays what it is.
pub(crate) fn sentence(text: &str) -> String {
    if text.starts_with("session-") {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
