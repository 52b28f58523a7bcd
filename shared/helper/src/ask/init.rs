//! What `init` asks: the URL of the store that was chosen, and two of the recovery words.

use convosync_wire::{Choice, InitArgs, Question};

use super::MOST_TRIES;
use crate::console::Console;

/// Words that are asked for.
const ASKED: usize = 2;

/// What the Escape key sends.
const ESCAPE: char = '\u{1b}';

/// Takes down a choice; some want a URL. None: stop.
pub(super) fn record(
    args: &mut InitArgs,
    question: Question,
    choice: &Choice,
    console: &mut dyn Console,
) -> Option<Result<(), String>> {
    let shown = choice.flag.trim_start_matches("--store ").trim_matches('\'');
    let asked = match choice.value.as_str() {
        InitArgs::FOLDER => url(&format!("Folder [{shown}]: "), Some(shown), console)?,
        InitArgs::GIT | InitArgs::BUCKET => url(&format!("URL, e.g. {shown}: "), None, console)?,
        _ => return Some(args.record(question, choice)),
    };
    args.store = Some(asked);
    Some(Ok(()))
}

/// A line, or what is usual. None: stop.
fn url(prompt: &str, usual: Option<&str>, console: &mut dyn Console) -> Option<String> {
    for _ in 0..MOST_TRIES {
        let line = console.ask(prompt)?;
        match (line.trim(), usual) {
            ("q" | "Q", _) => return None,
            ("", Some(usual)) => return Some(usual.to_owned()),
            ("", None) => console.show("A URL is needed ('q' cancels).\n"),
            (url, _) => return Some(url.to_owned()),
        }
    }
    None
}

/// Asks for two of the words. False: they were not shown to anybody who wrote them down, and are
/// shown again by the next `init`.
pub(crate) fn words_are_written(words: &str, random: &[u8; 8], console: &mut dyn Console) -> bool {
    let words: Vec<&str> = words.split_whitespace().collect();
    console.show("\nTo be sure that they are on paper, two of them are asked for (Enter skips).\n");
    for at in picked(random, words.len()) {
        match asked(at, words[at], console) {
            Answer::Right => {}
            Answer::Skipped => {
                console.show("Not checked.\n");
                return true;
            }
            Answer::Wrong => {
                console.show("The words are shown again by `convosync init`.\n");
                return false;
            }
        }
    }
    console.show("Right: keep them safe.\n");
    true
}

enum Answer {
    Right,
    Skipped,
    Wrong,
}

fn asked(at: usize, word: &str, console: &mut dyn Console) -> Answer {
    for _ in 0..MOST_TRIES {
        let Some(line) = console.ask(&format!("Word {}: ", at + 1)) else { return Answer::Wrong };
        // Line editing may have put more behind the key.
        if line.trim().is_empty() || line.trim_start().starts_with([ESCAPE]) {
            return Answer::Skipped;
        }
        if line.trim().eq_ignore_ascii_case(word) {
            return Answer::Right;
        }
        console.show(&format!("That is not word {}. Look at what you wrote down.\n", at + 1));
    }
    Answer::Wrong
}

/// Two different places, in order.
fn picked(random: &[u8; 8], words: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..words).collect();
    let mut picked: Vec<usize> = random
        .iter()
        .take(ASKED)
        .filter_map(|byte| {
            let at = usize::from(*byte).checked_rem(places.len())?;
            Some(places.remove(at))
        })
        .collect();
    picked.sort_unstable();
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_different_words_are_asked_for_in_order() {
        assert_eq!(picked(&[7; 8], 24), [7, 8]);
        assert_eq!(picked(&[23, 22, 0, 0, 0, 0, 0, 0], 24), [22, 23]);
        for byte in 0..=255 {
            let picked = picked(&[byte, byte ^ 0x55, 0, 0, 0, 0, 0, 0], 24);
            assert!(picked.len() == 2 && picked[0] < picked[1] && picked[1] < 24, "{picked:?}");
        }
        assert!(picked(&[1; 8], 0).is_empty());
    }
}
