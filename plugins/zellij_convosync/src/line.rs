//! A line of a pane, in parts that each have a role. What a role looks like is up to the user's theme.

use std::ops::Range;

use crate::text::{clean, fit, width};

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Text like any other.
    Plain,
    /// Text that counts more.
    Strong,
    /// Text that counts less.
    Dim,
    /// What the screen is about.
    Title,
    /// A repository.
    Place,
    /// A branch.
    Branch,
    /// A key to press.
    Key,
    /// All is well.
    Success,
    /// Something is wrong.
    Error,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub role: Role,
    /// One line without control characters.
    pub text: String,
}

/// A line of a pane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Its parts, from left to right.
    pub spans: Vec<Span>,
    /// Whether the user is on it; the whole line is drawn so.
    pub selected: bool,
}

impl Line {
    /// A line of one part; foreign text is made harmless.
    pub(crate) fn of(role: Role, text: &str) -> Self {
        Self::default().and(role, text)
    }

    /// A line of text that was folded already: spaces before it stay.
    pub(crate) fn folded(role: Role, text: String) -> Self {
        Self { spans: vec![Span { role, text }], selected: false }
    }

    /// With one more part, directly behind the others.
    pub(crate) fn and(mut self, role: Role, text: &str) -> Self {
        let text = clean(text);
        if !text.is_empty() {
            self.spans.push(Span { role, text });
        }
        self
    }

    /// With one more part behind a space.
    pub(crate) fn then(self, role: Role, text: &str) -> Self {
        if clean(text).is_empty() {
            return self;
        }
        let gap = if self.spans.is_empty() { 0 } else { 1 };
        self.gap(gap).and(role, text)
    }

    /// With columns that stay empty.
    pub(crate) fn gap(mut self, columns: usize) -> Self {
        if columns > 0 {
            self.spans.push(Span { role: Role::Plain, text: " ".repeat(columns) });
        }
        self
    }

    /// All of it, as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// Its columns in Zellij.
    #[must_use]
    pub fn width(&self) -> usize {
        self.spans.iter().map(|span| width(&span.text)).sum()
    }

    /// Its parts by the places of their letters, as Zellij counts them.
    pub fn letters(&self) -> impl Iterator<Item = (Role, Range<usize>)> + '_ {
        self.spans.iter().scan(0, |start, span| {
            let begin = *start;
            *start += span.text.chars().count();
            Some((span.role, begin..*start))
        })
    }

    /// As much of it as fits.
    pub(crate) fn fit(mut self, room: usize) -> Self {
        let mut left = room;
        let mut kept = Vec::new();
        for span in self.spans {
            let columns = width(&span.text);
            if columns <= left {
                left -= columns;
                kept.push(span);
                continue;
            }
            kept.push(Span { text: fit(&span.text, left), ..span });
            break;
        }
        kept.retain(|span| !span.text.is_empty());
        self.spans = kept;
        self
    }

    /// With another line at the right edge, which is kept whole as long as there is any room.
    pub(crate) fn with_right(self, right: Self, room: usize) -> Self {
        let right = right.fit(room);
        if right.spans.is_empty() {
            return self.fit(room);
        }
        let mut line = self.fit(room.saturating_sub(right.width() + 1));
        let gap = room.saturating_sub(line.width() + right.width());
        line = line.gap(gap);
        line.spans.extend(right.spans);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_edge_is_kept_when_the_left_is_too_long() {
        let left = Line::of(Role::Strong, "a long name").then(Role::Dim, "more");
        let line = left.with_right(Line::of(Role::Dim, "5m"), 10);
        assert_eq!(line.text(), "a long… 5m");
        assert_eq!(line.width(), 10);
    }

    #[test]
    fn parts_are_told_by_letters_not_by_columns_or_bytes() {
        let line = Line::of(Role::Strong, "日本").and(Role::Dim, "ö");
        let parts: Vec<_> = line.letters().collect();
        assert_eq!(parts, [(Role::Strong, 0..2), (Role::Dim, 2..3)]);
        assert_eq!(line.width(), 5);
    }
}
