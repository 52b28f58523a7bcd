//! Questions to a person: which session, which way to go on, where to keep sessions, the words.
//!
//! Decides nothing itself. What was answered goes into the request, and the engine is asked again.

mod form;
mod init;
mod picker;
mod unlock;

use convosync_wire::{Choice, Decision, Failure, Request, Secret, SessionRow, Verb};

use crate::console::{Console, Screen};
use crate::exit::INTERNAL;
use crate::outcome::Outcome;
use crate::view::{self, Look};
use picker::Turn;

pub(crate) use form::{Form, fill};
pub(crate) use init::words_are_written;
pub(crate) use picker::{Key, Picker, keys};
pub(crate) use unlock::{NOT_TYPED, new_passphrase, until_unlocked};

/// Each of the seven questions once, and once more when the answer was overtaken.
const MOST_ROUNDS: usize = 14;

/// Wrong answers to one question before it counts as "stop".
const MOST_TRIES: usize = 5;

/// The words of a recovery key.
const WORDS: usize = 24;

/// Calls `run`, asks what it needs decided, and calls again until nothing is left to ask.
/// None: the person wants to stop.
pub(crate) fn until_decided(
    mut request: Request,
    run: &dyn Fn(&Request) -> Outcome,
    console: &mut dyn Console,
    look: &Look,
) -> Option<Outcome> {
    for _ in 0..MOST_ROUNDS {
        let decision = match run(&request) {
            Outcome::Decision(decision) => decision,
            outcome => return Some(outcome),
        };
        let choice = choose(&decision, console, look)?;
        if choice.value == Choice::CANCEL {
            return None;
        }
        let recorded = match &mut request.verb {
            Verb::Init(args) => init::record(args, decision.question, choice, console)?,
            verb => verb.record(decision.question, choice),
        };
        if recorded.is_err() {
            return Some(Outcome::Failure(unknown_choice(choice)));
        }
    }
    Some(Outcome::Failure(asked_in_vain()))
}

/// Shows a question until it is answered. None: stop.
pub(crate) fn choose<'a>(
    decision: &'a Decision,
    console: &mut dyn Console,
    look: &Look,
) -> Option<&'a Choice> {
    let recommended = decision.choices.iter().position(|choice| choice.recommended);
    let usual = recommended.map(|at| format!(", Enter for {}", at + 1)).unwrap_or_default();
    console.show(&view::decision(decision, look));
    let prompt = format!("Choose [1-{}]{usual}, 'q' to cancel: ", decision.choices.len());
    for _ in 0..MOST_TRIES {
        let line = console.ask(&prompt)?;
        match line.trim() {
            "" if recommended.is_some() => return decision.choices.get(recommended?),
            "q" | "Q" => return None,
            text => match choice_of(text, &decision.choices) {
                Some(choice) => return Some(choice),
                None => console.show("That is none of the choices.\n"),
            },
        }
    }
    None
}

/// A choice by number, or by a beginning of its name that no other has.
fn choice_of<'a>(text: &str, choices: &'a [Choice]) -> Option<&'a Choice> {
    if text.is_empty() {
        return None;
    }
    if let Ok(number) = text.parse::<usize>() {
        return choices.get(number.checked_sub(1)?);
    }
    let text = text.to_lowercase();
    let mut fitting = choices.iter().filter(|choice| {
        choice.value.starts_with(&text) || choice.label.to_lowercase().starts_with(&text)
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

fn unknown_choice(choice: &Choice) -> Failure {
    Failure {
        code: INTERNAL.into(),
        message: format!("the choice `{}` can't be passed on", choice.value),
        help: Some(format!("nothing was changed; try again with `{}`", choice.flag)),
        argument: None,
    }
}

fn asked_in_vain() -> Failure {
    Failure {
        code: "convosync::resume::undecided".into(),
        message: "things keep changing while questions are answered".into(),
        help: Some("nothing was changed; close what writes to this work tree and try again".into()),
        argument: None,
    }
}

/// Lets a person pick a session on a whole screen. None: stop.
pub(crate) fn pick_on_screen(
    rows: &[SessionRow],
    screen: &mut dyn Screen,
    look: &Look,
) -> Option<String> {
    let mut picker = Picker::new(rows);
    loop {
        let (columns, height) = screen.size();
        let look = Look { width: columns, ..look.clone() };
        screen.draw(&view::picking(&picker, &look, height));
        for key in screen.keys()? {
            match picker.press(key) {
                Turn::On => {}
                Turn::Picked(at) => return rows.get(at).map(|row| row.session_id.clone()),
                Turn::Left => return None,
            }
        }
    }
}

/// Lets a person pick a session line by line, where a terminal can do no more. None: stop.
pub(crate) fn pick(rows: &[SessionRow], console: &mut dyn Console, look: &Look) -> Option<String> {
    console.show(&view::picker(rows, look));
    let range = if rows.len() == 1 { "1".to_owned() } else { format!("1-{}", rows.len()) };
    let prompt = format!("Select session [{range}] or 'q' to quit: ");
    for _ in 0..MOST_TRIES {
        let line = console.ask(&prompt)?;
        match line.trim() {
            "q" | "Q" => return None,
            text => match row_of(text, rows) {
                Some(row) => return Some(row.session_id.clone()),
                None => console.show("That is none of the sessions.\n"),
            },
        }
    }
    None
}

fn row_of<'a>(text: &str, rows: &'a [SessionRow]) -> Option<&'a SessionRow> {
    match text.parse::<usize>() {
        Ok(number) => rows.get(number.checked_sub(1)?),
        Err(_) => rows.iter().find(|row| row.session_id == text),
    }
}

/// Asks for the recovery words without showing them, on one line or several. None: stop.
pub(crate) fn recovery_words(console: &mut dyn Console) -> Option<Secret> {
    let more = |text: &str| match count(text) {
        all if all >= WORDS => None,
        some => Some(format!("{some} of {WORDS} so far: ")),
    };
    let text = console.ask_hidden("Recovery words (not shown): ", &more)?;
    Some(words(&text.0))
}

/// The words in one spelling, without the numbers that they are shown with.
pub(crate) fn words(text: &str) -> Secret {
    Secret(each_word(text).map(str::to_lowercase).collect::<Vec<_>>().join(" "))
}

fn count(text: &str) -> usize {
    each_word(text).count()
}

fn each_word(text: &str) -> impl Iterator<Item = &str> {
    let number = |word: &&str| word.trim_end_matches('.').bytes().all(|byte| byte.is_ascii_digit());
    text.split_whitespace().filter(move |word| !number(word))
}

#[cfg(test)]
mod tests;
