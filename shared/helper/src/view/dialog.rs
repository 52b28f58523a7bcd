//! Boxes: what has to be decided, and the sessions to pick from.

use convosync_wire::{Decision, Question, SessionRow};
use unicode_width::UnicodeWidthStr;

use super::harmless;
use super::look::{Look, Style, wrap};
use super::measure::{age, counted};
use super::page::short;
use super::sessions::{repository_of, state};

/// Columns of a box's inside unless its text or the terminal asks for others.
const USUAL: usize = 50;

/// A question with its numbered choices.
pub(crate) fn decision(decision: &Decision, look: &Look) -> String {
    let kind = if decision.question == Question::Dirty { "Safety Check: " } else { "" };
    // Setting up is no reason to worry.
    let sign = if decision.question == Question::Store { "📦 " } else { "⚠️ " };
    let title = format!("{}{kind}{}", look.icon(sign), decision.title);
    let mut body = decision.details.clone();
    body.extend([String::new(), "Options:".to_owned()]);
    for (number, choice) in (1..).zip(&decision.choices) {
        let recommended = if choice.recommended { " - Recommended" } else { "" };
        body.push(format!("{number}. [{}]{recommended}", choice.label));
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

/// A title and a text in a box that the terminal can hold. All of it is made harmless here.
fn boxed(title: &str, body: &[String], look: &Look) -> String {
    let room = look.width.saturating_sub(4).max(16);
    let texts: Vec<String> =
        body.iter().flat_map(|text| harmless::lines(text)).map(|line| look.bullet(&line)).collect();
    let title = harmless::line(title);
    let widest = texts.iter().chain([&title]).map(|text| text.width()).max().unwrap_or(0);
    let inside = widest.max(USUAL).min(room);
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
