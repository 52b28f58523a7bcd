//! Boxes: what has to be decided, and the sessions to pick from.

use convosync_wire::{Choice, Decision, Question, SessionRow, SessionState};
use unicode_width::UnicodeWidthStr;

use super::harmless;
use super::look::{Look, Style, wrap};
use super::measure::{age, counted};
use super::page::short;
use super::sessions::{repository_of, state};
use crate::ask::Picker;

/// Columns of a box's inside unless its text or the terminal asks for others.
const USUAL: usize = 50;

/// A question with its numbered choices.
pub(crate) fn decision(decision: &Decision, look: &Look) -> String {
    question(decision, look, |number, choice| format!("{number}. [{}]", choice.label))
}

/// A question that would be asked, with the options that answer it beforehand.
pub(crate) fn foreseen(decision: &Decision, look: &Look) -> String {
    question(decision, look, |_, choice| match choice.flag.as_str() {
        "" => format!("[{}]", choice.label),
        flag => format!("[{}] {flag}", choice.label),
    })
}

fn question(decision: &Decision, look: &Look, head: impl Fn(usize, &Choice) -> String) -> String {
    let kind = if decision.question == Question::Dirty { "Safety Check: " } else { "" };
    // Setting up is no reason to worry.
    let sign = if decision.question == Question::Store { "📦 " } else { "⚠️ " };
    let title = format!("{}{kind}{}", look.icon(sign), decision.title);
    let mut body = decision.details.clone();
    body.extend([String::new(), "Options:".to_owned()]);
    for (number, choice) in (1..).zip(&decision.choices) {
        let recommended = if choice.recommended { " - Recommended" } else { "" };
        body.push(format!("{}{recommended}", head(number, choice)));
        body.push(format!("   {}", choice.help));
    }
    boxed(&title, &body, look)
}

/// The sessions to pick from, numbered.
pub(crate) fn picker(rows: &[SessionRow], look: &Look) -> String {
    let mut body = Vec::new();
    for (number, row) in (1..).zip(rows) {
        let icon = look.device_icon(&row.device_kind);
        body.push(format!("{number}. {icon}{} - {}", row.device, age(row.timestamp, look.now_ms)));
        body.push(format!("   \"{}\"", row.message.lines().next().unwrap_or_default()));
        body.extend(repository_of(row, rows).map(|name| format!("   Repository: {name}")));
        body.extend(row.branch.as_ref().map(|branch| format!("   Branch: {branch}")));
        body.extend(row.commit.as_ref().map(|commit| format!("   Commit: {}", short(commit))));
        body.push(format!("   {}", counted(row.message_count, "message")));
        body.extend(state(row.state).map(|state| format!("   State: {state}")));
        if number < rows.len() {
            body.push(String::new());
        }
    }
    boxed("Available Sessions", &body, look)
}

/// Lines that the picker needs besides sessions: its frame, what was typed, and the keys.
const FRAME: usize = 6;

/// Lines of a session in the picker, where there is room.
const ENTRY: usize = 3;

/// The picker on a screen of so many rows.
pub(crate) fn picking(picker: &Picker<'_>, look: &Look, height: usize) -> String {
    let room = height.saturating_sub(FRAME).max(1);
    let entry = if room >= 2 * ENTRY { ENTRY } else { 1 };
    let fitting: Vec<_> = picker.fitting().collect();
    let several = fitting.iter().any(|(_, row)| row.repository != fitting[0].1.repository);
    let shown = (room / entry).max(1);
    let first = picker.selected().saturating_sub(shown / 2);
    let first = first.min(fitting.len().saturating_sub(shown));
    let mut body = Vec::new();
    for (at, (number, row)) in fitting.iter().enumerate().skip(first).take(shown) {
        let mark = if at == picker.selected() { look.pick("❯ ", "> ") } else { "  " };
        let lines = if entry == 1 { brief(row, look) } else { full(row, several, look) };
        for (line, text) in lines.iter().enumerate() {
            let head = format!("{mark}{number}. ");
            let head = if line == 0 { head } else { " ".repeat(head.width()) };
            let columns = look.width.saturating_sub(4 + head.width());
            body.push(format!("{head}{}", look.fit(&harmless::line(text), columns)));
        }
    }
    if fitting.is_empty() {
        body.push("No session fits.".to_owned());
    }
    let place = match fitting.len() {
        count if count > shown => format!(" ({} of {count})", picker.selected() + 1),
        _ => String::new(),
    };
    let title = look.fit(&format!("Available Sessions{place}"), look.width.saturating_sub(4));
    let frame = boxed_at(&title, &body, look, WIDEST.min(look.width.saturating_sub(4)));
    let typed = format!("Filter or number: {}_", picker.typed());
    let arrows = look.pick("↑↓ Enter", "arrows, Enter");
    let help = format!("type to filter, {arrows} to choose, Esc or q to quit");
    format!(
        "{frame}{}\n{}\n",
        look.fit(&harmless::line(&typed), look.width),
        look.fit(&help, look.width)
    )
}

/// Columns of the picker's inside, if the terminal has them.
const WIDEST: usize = 76;

fn full(row: &SessionRow, several: bool, look: &Look) -> Vec<String> {
    let icon = look.device_icon(&row.device_kind);
    let place = [row.branch.clone(), row.commit.as_deref().map(short)];
    let place = place.into_iter().flatten().collect::<Vec<_>>().join(" @ ");
    let contents = [Some(place), Some(counted(row.message_count, "message"))];
    let repository = several.then(|| row.repository.clone());
    let state = (row.state != SessionState::Synced).then(|| row.state.as_str().to_owned());
    let contents = contents.into_iter().chain([state, repository]).flatten();
    let contents = contents.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
    let message = row.message.lines().next().unwrap_or_default();
    vec![
        format!("{icon}{} - {}", row.device, age(row.timestamp, look.now_ms)),
        format!("\"{message}\""),
        contents,
    ]
}

fn brief(row: &SessionRow, look: &Look) -> Vec<String> {
    let message = row.message.lines().next().unwrap_or_default();
    vec![format!("{} - {}: \"{message}\"", row.device, age(row.timestamp, look.now_ms))]
}

/// A title and a text in a box that the terminal can hold. All of it is made harmless here.
fn boxed(title: &str, body: &[String], look: &Look) -> String {
    boxed_at(title, body, look, USUAL)
}

/// The same, at least so wide inside if the terminal can hold it.
fn boxed_at(title: &str, body: &[String], look: &Look, least: usize) -> String {
    let room = look.width.saturating_sub(4).max(16);
    let texts: Vec<String> =
        body.iter().flat_map(|text| harmless::lines(text)).map(|line| look.bullet(&line)).collect();
    let title = harmless::line(title);
    let widest = texts.iter().chain([&title]).map(|text| text.width()).max().unwrap_or(0);
    let inside = widest.max(least).min(room);
    let [horizontal, vertical] = if look.unicode { ["─", "│"] } else { ["-", "|"] };
    let [top, middle, bottom] =
        if look.unicode { ["┌┐", "├┤", "└┘"] } else { ["++", "++", "++"] };
    let rule = |ends: &str| {
        let mut ends = ends.chars();
        let mut end = || ends.next().map(String::from).unwrap_or_default();
        format!("{}{}{}\n", end(), horizontal.repeat(inside + 2), end())
    };
    let row = |text: &str, style: Option<Style>| {
        let fill = " ".repeat(inside.saturating_sub(text.width()));
        let text = style.map_or_else(|| text.to_owned(), |style| look.paint(style, text));
        format!("{vertical} {text}{fill} {vertical}\n")
    };
    let mut out = rule(top);
    wrap(&title, inside).iter().for_each(|line| out += &row(line, Some(Style::Bold)));
    out += &rule(middle);
    for text in &texts {
        wrap(text, inside).iter().for_each(|line| out += &row(line, None));
    }
    out + &rule(bottom)
}
