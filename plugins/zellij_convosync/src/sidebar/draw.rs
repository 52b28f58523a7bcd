//! The lines of a sidebar, and what a click on them means. Whatever the size, no line is wider than
//! the pane, and none is below its end.

use std::ops::Range;

use convosync_wire::zellij::Watching;
use convosync_wire::{HereReport, SessionRow};

use super::list;
use super::over::{Over, Prompt, What};
use super::pages::{ask, read};
use super::{Said, Sidebar, Working};
use crate::host::Key;
use crate::line::{Line, Role};
use crate::text::{age, clean, fit_end, fold, short, short_repository, width};

/// From so many rows on there is room for a heading and lines between the parts.
pub(super) const TALL: usize = 16;

/// From so many rows on a session has two lines; from [`TALL`] on it has three.
pub(super) const MIDDLE: usize = 12;

/// From so many columns on one stays empty at either side.
const WIDE: usize = 24;

/// What a click on a line means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    /// Nothing.
    Nothing,
    /// This session.
    Row(String),
    /// This choice of the dialog.
    Choice(usize),
    /// The key that is named at these columns.
    Keys(Vec<(Range<usize>, Key)>),
}

/// Lines, and what a click on each means.
pub(super) type Screen = Vec<(Line, Target)>;

/// A key, its name, and what it does.
type Hint = (Key, &'static str, &'static str);

pub(super) fn plain(lines: impl IntoIterator<Item = Line>) -> Screen {
    lines.into_iter().map(|line| (line, Target::Nothing)).collect()
}

pub(super) fn blank() -> (Line, Target) {
    (Line::default(), Target::Nothing)
}

/// Columns for text, and those that stay empty before it.
pub(super) fn room(width: usize) -> (usize, usize) {
    if width >= WIDE { (width - 2, 1) } else { (width, 0) }
}

impl Sidebar {
    /// The pane, line by line.
    pub(super) fn screen(&self, width: usize, height: usize, now_ms: i64) -> Screen {
        let whole = width;
        let width = width.saturating_sub(usize::from(self.edge));
        let (inner, margin) = room(width);
        let screen = match &self.over {
            Some(Over::Reading(reading)) => read(reading, inner, height),
            Some(Over::Dialog(dialog)) => ask(dialog, inner, height),
            Some(Over::Prompt(_)) | None => self.sessions_screen(inner, height, now_ms),
        };
        let screen = framed(screen, width, height, margin);
        if width < whole { edged(screen, width, height) } else { screen }
    }

    fn sessions_screen(&self, inner: usize, height: usize, now_ms: i64) -> Screen {
        let head = self.head(inner, height, now_ms);
        let foot = self.foot(inner, height, head.len());
        let left = height.saturating_sub(head.len() + foot.len());
        let mut screen = head;
        let mut body = self.body(inner, left, height, now_ms);
        body.resize(left, blank());
        screen.extend(body);
        screen.extend(foot);
        screen
    }

    /// Where the user is, and how that stands.
    fn head(&self, inner: usize, height: usize, now_ms: i64) -> Screen {
        let mut lines = Vec::new();
        if height >= TALL {
            lines.push(Line::of(Role::Title, "ConvoSync").with_right(self.corner(), inner));
        }
        lines.push(self.place(inner));
        if height >= 8 {
            lines.push(self.standing(now_ms));
        }
        if height >= TALL {
            lines.push(rule(inner));
        }
        plain(lines)
    }

    /// What is new, or in the way of it.
    fn corner(&self) -> Line {
        let fresh = self.sessions.fresh.len();
        match &self.state.watching {
            _ if self.state.looking => Line::of(Role::Dim, "looking…"),
            Some(Watching::Troubled(_)) => Line::of(Role::Error, "no news"),
            _ if fresh > 0 => Line::of(Role::Success, &format!("{fresh} new")),
            _ => match self.here().and_then(|here| here.device.as_deref()) {
                Some(device) => Line::of(Role::Dim, device),
                None => Line::default(),
            },
        }
    }

    fn here(&self) -> Option<&HereReport> {
        self.state.here.as_ref()
    }

    fn place(&self, inner: usize) -> Line {
        if let Some(here) = self.here()
            && let Some(repository) = &here.repository
        {
            let name = Line::of(Role::Place, &short_repository(repository));
            return name.then(Role::Branch, here.branch.as_deref().unwrap_or_default());
        }
        match &self.state.directory {
            Some(directory) => Line::of(Role::Place, &fit_end(&clean(directory), inner)),
            None => Line::of(Role::Dim, "no directory"),
        }
    }

    /// Unsaved changes, commits to push, and where the session's newest save is.
    fn standing(&self, now_ms: i64) -> Line {
        let Some(here) = self.here() else { return Line::default() };
        if here.repository.is_none() {
            return Line::of(Role::Dim, "no repository here");
        }
        let mut line = Line::default();
        if here.waits {
            line = line.then(Role::Error, "merge waits");
        }
        if here.uncommitted > 0 {
            line = line.then(Role::Strong, &format!("{} unsaved", here.uncommitted));
        }
        for (count, sign) in [(here.ahead, "↑"), (here.behind, "↓")] {
            if count > 0 {
                line = line.then(Role::Plain, &format!("{sign}{count}"));
            }
        }
        let (role, text) = self.sync_state(here, now_ms);
        line.then(role, &text)
    }

    fn sync_state(&self, here: &HereReport, now_ms: i64) -> (Role, String) {
        if here.queued > 0 {
            return (Role::Error, format!("{} not sent", here.queued));
        }
        let session = here.session.as_ref();
        let row = session.and_then(|id| self.sessions.rows.iter().find(|r| r.session_id == *id));
        match row {
            None => (Role::Dim, "not saved yet".to_owned()),
            Some(row) => match list::state(row.state) {
                Some(state) => (list::role(row.state), state.to_owned()),
                None => (Role::Success, format!("saved {}", age(row.timestamp, now_ms))),
            },
        }
    }

    /// What is typed or being done, and which keys there are.
    fn foot(&self, inner: usize, height: usize, head: usize) -> Screen {
        let mut foot = Vec::new();
        if height >= TALL {
            foot.push((rule(inner), Target::Nothing));
        }
        let most = height.saturating_sub(head + 3).clamp(1, 4);
        if let Some(Over::Prompt(prompt)) = &self.over {
            if let Some(Said { role, text }) = self.said.as_ref().filter(|_| height >= MIDDLE) {
                foot.extend(plain([Line::of(*role, text).fit(inner)]));
            }
            foot.extend(typed(prompt, self.state.directory.as_deref(), inner, most));
            return foot;
        }
        if let Some(working) = &self.working {
            foot.extend(plain(doing(working, inner).into_iter().take(most.min(2))));
        } else if let Some(Said { role, text }) = &self.said {
            let lines = fold(text, inner).into_iter().take(most.min(2));
            foot.extend(plain(lines.map(|line| Line::folded(*role, line))));
        }
        if height >= 6 {
            foot.push(hints(&self.hints(), inner));
        }
        foot
    }

    fn hints(&self) -> Vec<Hint> {
        let mut hints = vec![(Key::Char('s'), "s", "save")];
        if self.selected.is_some() {
            hints.insert(0, (Key::Enter, "⏎", "resume"));
        }
        hints.push((Key::Char('?'), "?", "keys"));
        if self.filter.is_empty() {
            hints.push((Key::Char('/'), "/", "filter"));
        } else {
            hints.insert(1, (Key::Esc, "Esc", "all"));
        }
        hints.push((Key::Char('i'), "i", "more"));
        hints
    }

    /// The sessions, with the selected one among those that there is room for.
    fn body(&self, inner: usize, left: usize, height: usize, now_ms: i64) -> Screen {
        let rows = self.shown();
        if rows.is_empty() {
            return plain(self.nothing(inner).into_iter().take(left));
        }
        let lines_each = if height >= TALL {
            3
        } else if height >= MIDDLE {
            2
        } else {
            1
        };
        let mut screen: Screen = Vec::new();
        let mut selected = 0..1;
        let mut group: Option<&str> = None;
        let headed = self.has_headings(&rows);
        for row in rows {
            if headed && group != Some(&row.repository) {
                if lines_each == 3 && group.is_some() {
                    screen.push(blank());
                }
                let name = short_repository(&row.repository);
                screen.push((Line::of(Role::Place, &name), Target::Nothing));
            }
            group = Some(&row.repository);
            let is_selected = self.selected.as_ref() == Some(&row.session_id);
            if is_selected {
                selected = screen.len()..screen.len() + lines_each;
            }
            for mut line in self.row(row, inner, lines_each, now_ms) {
                line.selected = is_selected;
                screen.push((line, Target::Row(row.session_id.clone())));
            }
        }
        window(screen, selected, left)
    }

    /// One repository that is the one here needs no name.
    fn has_headings(&self, rows: &[&SessionRow]) -> bool {
        let here = self.here().and_then(|here| here.repository.as_deref());
        rows.iter().any(|row| here != Some(&row.repository))
    }

    fn row(&self, row: &SessionRow, inner: usize, lines: usize, now_ms: i64) -> Vec<Line> {
        let icon = list::icon(&row.device_kind);
        let right = self.signs(row).then(Role::Dim, &age(row.timestamp, now_ms));
        let name = list::name(row.title.as_deref(), &row.message);
        if lines == 1 {
            let left = Line::default().and(Role::Plain, icon).gap(3 - width(clean(icon).as_str()));
            return vec![left.and(Role::Strong, &name).with_right(right, inner)];
        }
        let device = Line::default().and(Role::Plain, icon).gap(3 - width(clean(icon).as_str()));
        let first = device.and(Role::Strong, &row.device).with_right(right, inner);
        let second = Line::default().gap(3).and(Role::Plain, &name).fit(inner);
        let mut all = vec![first, second];
        if lines == 3 {
            all.push(self.code(row).fit(inner));
        }
        all
    }

    /// Branch, commit and messages.
    fn code(&self, row: &SessionRow) -> Line {
        let mut line = Line::default().gap(3);
        if let Some(branch) = &row.branch {
            line = line.and(Role::Branch, branch);
        }
        if let Some(commit) = &row.commit {
            let at = if row.branch.is_some() { " @ " } else { "" };
            line.spans.extend(Line::folded(Role::Dim, format!("{at}{}", short(commit))).spans);
        }
        if row.message_count > 0 {
            let messages = format!(" · {}", row.message_count);
            line.spans.extend(Line::folded(Role::Dim, messages).spans);
        }
        line
    }

    fn signs(&self, row: &SessionRow) -> Line {
        let here = self.here().and_then(|here| here.session.as_ref());
        let mut line = Line::default();
        if here == Some(&row.session_id) {
            line = line.and(Role::Success, "⌂");
        }
        if self.sessions.fresh.contains(&row.session_id) {
            line = line.and(Role::Success, "●");
        }
        if row.pinned {
            line = line.and(Role::Key, "★");
        }
        if let Some(sign) = list::sign(row.state) {
            line = line.and(list::role(row.state), sign);
        }
        line
    }

    /// Why there is no session.
    fn nothing(&self, inner: usize) -> Vec<Line> {
        let says = |role: Role, text: &str| -> Vec<Line> {
            fold(text, inner).into_iter().map(|line| Line::folded(role, line)).collect()
        };
        if !self.filter.is_empty() {
            return says(Role::Dim, &format!("Nothing fits “{}”.", clean(&self.filter)));
        }
        if let Some(failure) = &self.state.trouble {
            return says(Role::Error, &failure.message);
        }
        if !self.sessions.listed {
            return says(Role::Dim, "Looking for sessions…");
        }
        let mut lines = says(Role::Plain, "No session is saved yet.");
        lines.push(Line::default());
        lines.extend(says(Role::Dim, "Press s to save this moment."));
        if self.here().is_some_and(|here| !here.set_up) {
            lines.extend(says(
                Role::Dim,
                "It stays on this machine; `convosync init --store URL` shares it with others.",
            ));
        }
        lines
    }
}

/// Every line within the pane, and not more of them than it has.
pub(super) fn framed(mut screen: Screen, width: usize, height: usize, margin: usize) -> Screen {
    screen.truncate(height);
    let inner = width.saturating_sub(2 * margin);
    for (line, target) in &mut screen {
        let mut kept = std::mem::take(line).fit(inner);
        let selected = kept.selected;
        if margin > 0 && !kept.spans.is_empty() {
            let mut framed = Line::default().gap(margin);
            framed.spans.append(&mut kept.spans);
            kept = framed;
        }
        kept.selected = selected;
        *line = kept;
        if let Target::Keys(keys) = target {
            for (columns, _) in keys {
                *columns = columns.start + margin..columns.end + margin;
            }
        }
    }
    screen
}

/// With a line at the right edge, from top to bottom.
fn edged(mut screen: Screen, width: usize, height: usize) -> Screen {
    screen.resize(height, blank());
    let edge = |(line, target): (Line, Target)| (line.with_right(edge(), width + 1), target);
    screen.into_iter().map(edge).collect()
}

fn edge() -> Line {
    Line::folded(Role::Dim, "│".to_owned())
}

/// As many lines as there is room for, with the selected ones in the middle.
fn window(screen: Screen, selected: Range<usize>, left: usize) -> Screen {
    let middle = (selected.start + selected.end) / 2;
    let most = screen.len().saturating_sub(left);
    let mut top = middle.saturating_sub(left / 2).min(most);
    // Whatever does not fit, the first line of what is selected is seen.
    if selected.start < top {
        top = selected.start;
    }
    screen.into_iter().skip(top).take(left).collect()
}

fn rule(inner: usize) -> Line {
    Line::folded(Role::Dim, "─".repeat(inner))
}

/// The keys that fit, the most important first.
pub(super) fn hints(hints: &[Hint], inner: usize) -> (Line, Target) {
    let (mut line, mut keys) = (Line::default(), Vec::new());
    for (key, name, does) in hints {
        let gap = if line.spans.is_empty() { 0 } else { 2 };
        let columns = width(name) + 1 + width(does);
        let start = line.width() + gap;
        if start + columns > inner {
            break;
        }
        line = line.gap(gap).and(Role::Key, name).gap(1).and(Role::Dim, does);
        keys.push((start..start + columns, *key));
    }
    (line, Target::Keys(keys))
}

/// What is typed, with its end in view, and what it is for.
fn typed(prompt: &Prompt, here: Option<&str>, inner: usize, most: usize) -> Screen {
    let text = format!("{}▏", clean_typed(&prompt.text));
    match &prompt.what {
        What::Filter => {
            let shown = fit_end(&text, inner.saturating_sub(2));
            plain([Line::of(Role::Key, "/").gap(1).and(Role::Strong, &shown)])
        }
        What::Message(place) => {
            if most < 3 {
                return plain([Line::of(Role::Strong, &fit_end(&text, inner))]);
            }
            let title = Line::of(Role::Title, "What was done?");
            // The head tells of where the user went meanwhile.
            let elsewhere = place.directory.as_deref().filter(|place| Some(*place) != here);
            let room = inner.saturating_sub(title.width() + 2);
            let elsewhere = fit_end(&clean(elsewhere.unwrap_or_default()), room);
            let title = title.with_right(Line::of(Role::Place, &elsewhere), inner);
            let mut lines = plain([title]);
            let folded = fold(&text, inner);
            let from = folded.len().saturating_sub(most - 2);
            let end = folded.into_iter().skip(from).map(|line| Line::folded(Role::Strong, line));
            lines.extend(plain(end));
            lines.push(hints(&[(Key::Enter, "⏎", "save"), (Key::Esc, "Esc", "back")], inner));
            lines
        }
    }
}

/// Spaces at the end count while somebody types.
fn clean_typed(text: &str) -> String {
    let kept = clean(text);
    let spaces = text.chars().rev().take_while(|letter| *letter == ' ').count();
    if kept.is_empty() { kept } else { kept + &" ".repeat(spaces.min(1)) }
}

fn doing(working: &Working, inner: usize) -> Vec<Line> {
    let mut lines =
        vec![Line::of(Role::Strong, &format!("… {}", clean(&working.doing))).fit(inner)];
    if working.slow {
        lines.push(Line::of(Role::Dim, "takes long; Esc stops waiting").fit(inner));
    }
    lines
}
