//! What lies over the list, line by line: texts, questions, and what is shown before there is a list.

use super::draw::{MIDDLE, Screen, TALL, Target, blank, framed, hints, plain, room};
use super::over::{Dialog, Kind, Paragraph, Reading};
use crate::host::Key;
use crate::line::{Line, Role};
use crate::text::{counted, fold, sentence};

/// Columns of a key in a list of keys.
const KEYS: usize = 8;

fn folded(paragraph: &Paragraph, inner: usize) -> Vec<Line> {
    match paragraph {
        Paragraph::Text(_, text) if text.is_empty() => vec![Line::default()],
        Paragraph::Text(role, text) => {
            fold(text, inner).into_iter().map(|line| Line::folded(*role, line)).collect()
        }
        Paragraph::Pair(sign, means) => {
            let lines = fold(means, inner.saturating_sub(KEYS));
            let mut all: Vec<Line> = lines
                .into_iter()
                .map(|line| {
                    let mut indented = Line::default().gap(KEYS);
                    indented.spans.extend(Line::folded(Role::Plain, line).spans);
                    indented
                })
                .collect();
            if let Some(first) = all.first_mut() {
                let rest = first.spans.split_off(1);
                let key = Line::of(Role::Key, sign);
                let gap = KEYS.saturating_sub(key.width());
                *first = key.gap(gap);
                first.spans.extend(rest);
            }
            all
        }
    }
}

/// Rows of a text's heading, and of its end.
fn edges(height: usize) -> (usize, usize) {
    if height >= MIDDLE { (2, 2) } else { (1, usize::from(height >= 4)) }
}

fn lines_of(reading: &Reading, inner: usize) -> Vec<Line> {
    reading.body.iter().flat_map(|paragraph| folded(paragraph, inner)).collect()
}

/// How far a text can be scrolled.
pub(super) fn most_top(reading: &Reading, width: usize, height: usize) -> usize {
    let (above, below) = edges(height);
    let left = height.saturating_sub(above + below);
    lines_of(reading, room(width).0).len().saturating_sub(left)
}

/// A text to read.
pub(super) fn read(reading: &Reading, inner: usize, height: usize) -> Screen {
    let (above, below) = edges(height);
    let left = height.saturating_sub(above + below);
    let lines = lines_of(reading, inner);
    let most = lines.len().saturating_sub(left);
    let top = reading.top.min(most);
    let role = match &reading.kind {
        Kind::Failure | Kind::Trouble => Role::Error,
        Kind::Help | Kind::Report | Kind::Details(_) => Role::Title,
    };
    let place = if most > 0 { format!("{}/{}", top + 1, most + 1) } else { String::new() };
    let title = Line::of(role, &reading.title).with_right(Line::of(Role::Dim, &place), inner);
    let mut screen = plain([title]);
    screen.resize(above, blank());
    screen.extend(plain(lines.into_iter().skip(top).take(left)));
    screen.resize(above + left, blank());
    if below == 2 {
        screen.push(blank());
    }
    if below > 0 {
        let mut keys = vec![(Key::Esc, "Esc", "back")];
        match &reading.kind {
            Kind::Details(_) => keys.insert(0, (Key::Enter, "⏎", "resume")),
            Kind::Trouble => keys.push((Key::Char('r'), "r", "try again")),
            _ => {}
        }
        if most > 0 {
            keys.push((Key::Down, "↓", "more"));
        }
        screen.push(hints(&keys, inner));
    }
    screen
}

/// A question, its choices, and what the one does that the user is on.
pub(super) fn ask(dialog: &Dialog, inner: usize, height: usize) -> Screen {
    let decision = &dialog.decision;
    let spaced = height >= TALL;
    let choices = choices(dialog, inner);
    let mut help: Vec<Line> = decision.choices.get(dialog.at).map_or_else(Vec::new, |choice| {
        fold(&sentence(&choice.help), inner)
            .into_iter()
            .map(|line| Line::folded(Role::Dim, line))
            .collect()
    });
    let title: Vec<Line> =
        fold(&decision.title, inner).into_iter().map(|l| Line::folded(Role::Title, l)).collect();
    let hint = (height > choices.len() + 2)
        .then(|| hints(&[(Key::Enter, "⏎", "choose"), (Key::Esc, "Esc", "leave")], inner));
    // The choices come first, then what they do, then the title, then what there is to know.
    let mut left = height.saturating_sub(choices.len() + usize::from(hint.is_some()));
    let mut taken = |wanted: usize| {
        let got = wanted.min(left);
        left -= got;
        got
    };
    let title_lines = taken(title.len().min(3));
    help.truncate(taken(help.len().min(4)));
    let gaps = if spaced { taken(3) } else { 0 };
    let mut details: Vec<Line> = decision
        .details
        .iter()
        .flat_map(|line| fold(line, inner))
        .map(|line| Line::folded(Role::Plain, line))
        .collect();
    let shown = taken(details.len());
    if shown < details.len() && shown > 0 {
        let more = counted((details.len() - shown + 1) as u64, "more line");
        details.truncate(shown - 1);
        details.push(Line::of(Role::Dim, &format!("… {more}")));
    }
    details.truncate(shown);
    let mut screen = plain(title.into_iter().take(title_lines));
    let gap = |number: usize, screen: &mut Screen| {
        if gaps >= number {
            screen.push(blank());
        }
    };
    gap(1, &mut screen);
    screen.extend(plain(details));
    gap(2, &mut screen);
    screen.extend(choices);
    gap(3, &mut screen);
    screen.extend(plain(help));
    let end = usize::from(hint.is_some());
    screen.resize(height.saturating_sub(end).max(screen.len()), blank());
    screen.extend(hint);
    screen
}

fn choices(dialog: &Dialog, inner: usize) -> Screen {
    let choices = dialog.decision.choices.iter().enumerate();
    choices
        .map(|(number, choice)| {
            let role = if choice.recommended { Role::Strong } else { Role::Plain };
            let label = Line::of(Role::Key, &format!("{}", number + 1)).gap(1);
            let mut line = label.and(role, &choice.label).fit(inner);
            line.selected = number == dialog.at;
            (line, Target::Choice(number))
        })
        .collect()
}

/// What is shown until the permissions are granted.
pub(crate) fn permissions(denied: bool, width: usize, height: usize) -> Vec<Line> {
    let (inner, margin) = room(width);
    let mut reading = Reading::new(Kind::Help, "ConvoSync");
    reading = if denied {
        reading
            .with(Role::Error, "Without these permissions nothing can be shown or saved.")
            .with(Role::Plain, "Close this pane and open it again, then press y.")
    } else {
        reading
            .with(Role::Strong, "Go to this pane and press y to allow what Zellij lists:")
            .with(Role::Plain, "")
            .with(Role::Plain, "to see your tabs and panes, so that they can be saved;")
            .with(Role::Plain, "to focus and open panes: when you resume, and this column;")
            .with(
                Role::Plain,
                "to run the `convosync` program, which alone touches git, files and the network;",
            )
            .with(Role::Plain, "to hear from it and from other panes of ConvoSync.")
    };
    let mut screen = read(&reading, inner, height);
    // There is nothing to go back to.
    if let Some((line, target)) = screen.last_mut().filter(|_| height >= 4) {
        (*line, *target) = blank();
    }
    framed(screen, width, height, margin).into_iter().map(|(line, _)| line).collect()
}

/// What is shown where somebody opens the daemon as a pane.
pub(crate) fn about_daemon(width: usize, height: usize) -> Vec<Line> {
    let (inner, margin) = room(width);
    let reading = Reading::new(Kind::Report, "ConvoSync")
        .with(Role::Plain, "This part works in the background: sidebars show what it knows.");
    let screen = read(&reading, inner, height);
    framed(screen, width, height, margin).into_iter().map(|(line, _)| line).collect()
}
