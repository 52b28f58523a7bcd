//! The form of `save --interactive`: what is saved, and under which message. Keys in, options out.

use super::Key;
use convosync_wire::{FormPart, SaveArgs, SaveForm};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::console::Screen;
use crate::view::{self, Look, Style};

/// Columns of the form's inside at most.
const WIDEST: usize = 72;

/// From so many columns on labels are written out.
const ROOMY: usize = 60;

/// A line that is typed.
#[derive(Debug, Default, Clone)]
struct Field {
    text: Vec<char>,
    cursor: usize,
}

impl Field {
    fn new(text: &str) -> Self {
        let text: Vec<char> = text.lines().next().unwrap_or_default().chars().collect();
        Self { cursor: text.len(), text }
    }

    fn value(&self) -> String {
        self.text.iter().collect::<String>().trim().to_owned()
    }

    fn press(&mut self, key: Key) {
        match key {
            Key::Char(char) => {
                self.text.insert(self.cursor, char);
                self.cursor += 1;
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::Clear => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            _ => {}
        }
    }

    /// What stands before and after the cursor, as far as it fits.
    fn shown(&self, columns: usize) -> (String, String) {
        let width =
            |chars: &[char]| chars.iter().map(|char| char.width().unwrap_or(0)).sum::<usize>();
        let mut start = 0;
        while width(&self.text[start..self.cursor]) >= columns.max(1) && start < self.cursor {
            start += 1;
        }
        let mut end = self.cursor;
        while end < self.text.len() && width(&self.text[start..=end]) <= columns {
            end += 1;
        }
        let text = |chars: &[char]| chars.iter().collect();
        (text(&self.text[start..self.cursor]), text(&self.text[self.cursor..end]))
    }
}

/// Where the keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Focus {
    Message,
    Branch,
    Part(usize),
    Save,
    Cancel,
}

const ORDER: [Focus; 8] = [
    Focus::Message,
    Focus::Branch,
    Focus::Part(0),
    Focus::Part(1),
    Focus::Part(2),
    Focus::Part(3),
    Focus::Save,
    Focus::Cancel,
];

/// What a key came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressed {
    Nothing,
    Save,
    Cancel,
}

/// The form while it is filled in.
#[derive(Debug)]
pub(crate) struct Form {
    form: SaveForm,
    message: Field,
    branch: Field,
    focus: Focus,
    wrong: Option<&'static str>,
}

/// Lets a person fill in the form. None: cancelled.
pub(crate) fn fill(mut form: Form, screen: &mut dyn Screen, look: &Look) -> Option<SaveArgs> {
    loop {
        let (width, _) = screen.size();
        screen.draw(&form.drawn(&Look { width, ..look.clone() }));
        for key in screen.keys()? {
            match form.press(key) {
                Pressed::Nothing => {}
                Pressed::Save => return Some(form.written().into_args()),
                Pressed::Cancel => return None,
            }
        }
    }
}

impl Form {
    /// The form with what the options say already, and what a save would take in.
    pub(crate) fn new(form: SaveForm) -> Self {
        Self {
            message: Field::new(&form.message),
            branch: Field::new(&form.branch),
            focus: Focus::Message,
            wrong: None,
            form,
        }
    }

    fn written(&self) -> SaveForm {
        let mut form = self.form.clone();
        form.message = self.message.value();
        form.branch = self.branch.value();
        form
    }

    fn press(&mut self, key: Key) -> Pressed {
        self.wrong = None;
        match (self.focus, key) {
            (_, Key::Leave) => return Pressed::Cancel,
            (_, Key::Down | Key::Tab) => self.step(1),
            (_, Key::Up | Key::BackTab) => self.step(ORDER.len() - 1),
            (Focus::Save, Key::Right | Key::Left) => self.focus = Focus::Cancel,
            (Focus::Cancel, Key::Right | Key::Left) => self.focus = Focus::Save,
            (Focus::Cancel, Key::Enter | Key::Char(' ')) => return Pressed::Cancel,
            (_, Key::Enter) | (Focus::Save, Key::Char(' ')) => return self.ready(),
            (Focus::Part(at), Key::Char(' ' | 'x')) => {
                self.wrong = self.form.toggle(FormPart::ALL[at]).err();
            }
            (Focus::Message, key) => self.message.press(key),
            (Focus::Branch, key) if self.form.is_on(FormPart::Code) => self.branch.press(key),
            _ => {}
        }
        Pressed::Nothing
    }

    fn step(&mut self, by: usize) {
        let at = ORDER.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        self.focus = ORDER[(at + by) % ORDER.len()];
    }

    fn ready(&mut self) -> Pressed {
        self.wrong = self.written().ready().err();
        match self.wrong {
            None => return Pressed::Save,
            Some(_) if self.message.value().is_empty() => self.focus = Focus::Message,
            Some(_) => self.focus = Focus::Part(0),
        }
        Pressed::Nothing
    }

    fn drawn(&self, look: &Look) -> String {
        let inside = look.width.saturating_sub(4).clamp(20, WIDEST);
        let roomy = look.width >= ROOMY;
        let mut page = Drawn { look, inside, lines: Vec::new() };
        page.rule(0);
        let title = look.fit("ConvoSync Save Session", inside);
        page.row(&look.paint(Style::Bold, &title), title.width());
        page.rule(1);
        let label = |icon: &str, long: &str, short: &str| {
            format!("{}{}: ", look.icon(icon), if roomy { long } else { short })
        };
        page.field(
            &label("📝", "Commit message", "Message"),
            &self.message,
            self.focus == Focus::Message,
        );
        if self.form.is_on(FormPart::Code) {
            page.field(&label("🌿", "Branch", "Branch"), &self.branch, self.focus == Focus::Branch);
        } else {
            page.text(&format!("{}{}", label("🌿", "Branch", "Branch"), "(no code is saved)"));
        }
        page.text(&format!("{}{}", label("📊", "Changes", "Changes"), self.form.changes()));
        page.text(&format!("{}{}", label("💬", "Conversation", "Talk"), self.form.conversation()));
        page.text("");
        page.text("What to sync:");
        for (at, part) in FormPart::ALL.into_iter().enumerate() {
            let focused = self.focus == Focus::Part(at);
            page.part(self.form.is_on(part), self.form.label(part), focused);
        }
        page.text("");
        page.buttons(self.focus);
        page.rule(2);
        page.below(self.wrong);
        page.lines.join("\n")
    }
}

/// A form that is being drawn.
struct Drawn<'l> {
    look: &'l Look,
    inside: usize,
    lines: Vec<String>,
}

impl Drawn<'_> {
    fn rule(&mut self, at: usize) {
        let (line, ends) = match self.look.unicode {
            true => ("─", ["┌┐", "├┤", "└┘"][at]),
            false => ("-", "++"),
        };
        let mut ends = ends.chars().map(String::from);
        let mut end = || ends.next().unwrap_or_default();
        self.lines.push(format!("{}{}{}", end(), line.repeat(self.inside + 2), end()));
    }

    /// A row; `columns`: what its text takes without colours.
    fn row(&mut self, text: &str, columns: usize) {
        let side = self.look.pick("│", "|");
        let fill = " ".repeat(self.inside.saturating_sub(columns));
        self.lines.push(format!("{side} {text}{fill} {side}"));
    }

    fn text(&mut self, text: &str) {
        let text = self.look.fit(&view::harmless_line(text), self.inside);
        self.row(&text, text.width());
    }

    /// A typed line; the cursor is drawn, since the screen shows none.
    fn field(&mut self, label: &str, field: &Field, focused: bool) {
        let room = self.inside.saturating_sub(label.width() + 1).max(4);
        let (before, after) = field.shown(room);
        let cursor = if focused { self.look.pick("▏", "_") } else { "" };
        let text = view::harmless_line(&format!("{before}{cursor}{after}"));
        let columns = label.width() + text.width();
        let label = if focused { self.look.paint(Style::Bold, label) } else { label.to_owned() };
        self.row(&format!("{label}{text}"), columns);
    }

    fn part(&mut self, on: bool, text: &str, focused: bool) {
        let mark = match on {
            true => self.look.pick("☑", "[x]"),
            false => self.look.pick("☐", "[ ]"),
        };
        self.choice(&format!("{mark} {text}"), focused);
    }

    fn choice(&mut self, text: &str, focused: bool) {
        let plain = format!("{}{text}", if focused { self.pointer() } else { "  " });
        let plain = self.look.fit(&plain, self.inside);
        let shown = if focused { self.look.paint(Style::Bold, &plain) } else { plain.clone() };
        self.row(&shown, plain.width());
    }

    fn pointer(&self) -> &'static str {
        if self.look.unicode { "› " } else { "> " }
    }

    fn buttons(&mut self, focus: Focus) {
        let mut text = String::new();
        for (button, label) in [(Focus::Save, "[Save & Sync]"), (Focus::Cancel, "[Cancel]")] {
            text += if focus == button { self.pointer() } else { "  " };
            text += label;
        }
        let text = self.look.fit(&text, self.inside);
        let columns = text.width();
        let focused = matches!(focus, Focus::Save | Focus::Cancel);
        let text = if focused { self.look.paint(Style::Bold, &text) } else { text };
        self.row(&text, columns);
    }

    fn below(&mut self, wrong: Option<&str>) {
        let hint = match (wrong, self.look.width >= ROOMY) {
            (Some(wrong), _) => wrong,
            (None, true) => "Up/Down: move   Space: on/off   Enter: save   Esc: cancel",
            (None, false) => "Up/Down Space Enter Esc",
        };
        let style = if wrong.is_some() { Style::Alert } else { Style::Dim };
        let hint = self.look.fit(hint, self.look.width);
        self.lines.push(self.look.paint(style, &hint));
    }
}

#[cfg(test)]
mod tests;
