//! What is large: files that git hosts do not like, conversations that cost. Pure.

use convosync_core::{Archived, Begin};
use convosync_wire::{Decision, Note, OnLarge, Question, SaveArgs};

use crate::capture::Archive;
use crate::choice::choice;
use crate::ports::{Facts, LargeFile};
use crate::settings::Large;
use crate::trouble::{Refusal, Trouble};

/// From so many bytes on git hosts refuse a push that has the file (GitHub: 100 MB).
const TOO_LARGE: u64 = 100_000_000;

/// Stops before a commit that the git host would most likely refuse.
///
/// # Errors
///
/// If a changed file has more than 100 MB.
pub(super) fn refuse(facts: &Facts) -> Result<(), Refusal> {
    let (over, _) = split(facts);
    if over.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        "convosync::save::large-file",
        format!("git hosts refuse files of more than 100 MB:\n{}", listed(&over)),
    )
    .help("keep it out (.gitignore), or with LFS (`git lfs track FILE`), then save again; `--force` commits it as it is"))
}

/// Names the large files that go into the commit.
pub(super) fn note(facts: &Facts) -> Option<Note> {
    let (over, rest) = split(facts);
    let all: Vec<_> = over.into_iter().chain(rest).collect();
    if all.is_empty() {
        return None;
    }
    Some(Note {
        code: "convosync::save::large-files".to_owned(),
        text: format!("large files were committed:\n{}", listed(&all)),
        help: Some(
            "git keeps every version of them; `git lfs track FILE` keeps them elsewhere".to_owned(),
        ),
    })
}

/// Those that hosts refuse, and those that they warn of.
fn split(facts: &Facts) -> (Vec<&LargeFile>, Vec<&LargeFile>) {
    facts.large.iter().partition(|file| file.bytes > TOO_LARGE)
}

fn listed(files: &[&LargeFile]) -> String {
    let line = |file: &&LargeFile| format!("  • {} ({})", file.path, megabytes(file.bytes));
    files.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Bytes in words, by powers of 1000 as disks count.
pub(super) fn megabytes(bytes: u64) -> String {
    match bytes / 100_000 {
        0 => format!("{} KB", bytes.div_ceil(1000)),
        tenths => format!("{}.{} MB", tenths / 10, tenths % 10),
    }
}

/// Messages that an archived conversation goes on with where it was never compacted.
const KEPT_MESSAGES: u64 = 100;

/// A conversation by its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) messages: u64,
    /// Of its transcript.
    pub(super) bytes: u64,
    /// That the first answer after a resume reads, if that is known.
    pub(super) tokens: Option<u64>,
}

/// What becomes of a large conversation.
///
/// # Errors
///
/// [`Trouble::Decide`] if the user wants to be asked and has not said, [`Trouble::Cancelled`] after a
/// `cancel`.
pub(super) fn decide(weight: &Weight, limits: &Large, args: &SaveArgs) -> Result<Archive, Trouble> {
    // What was archived before may be more than what is here.
    if args.on_large == Some(OnLarge::Continue) {
        return Ok(Archive::Nothing);
    }
    if !limits.is(weight.messages, weight.bytes) {
        return Ok(Archive::AsBefore);
    }
    match args.on_large {
        Some(OnLarge::Cancel) => Err(Trouble::Cancelled),
        Some(OnLarge::Archive) => Ok(Archive::Before(match args.from_message {
            Some(number) => Begin::Message(number),
            None => Begin::Compaction { or_newest: KEPT_MESSAGES },
        })),
        None if args.interactive && !args.force => Err(question(weight, limits).into()),
        None | Some(OnLarge::Continue) => Ok(Archive::AsBefore),
    }
}

/// The question in the specification's words, with what is known of this conversation.
pub(super) fn question(weight: &Weight, limits: &Large) -> Decision {
    let choice = |value: OnLarge, label: &str, help: &str| {
        let flag = format!("--on-large {}", value.as_str());
        choice(value.as_str(), &flag, label, help, value == OnLarge::Continue)
    };
    let mut details = vec![weighed(weight)];
    details.extend(
        [
            "",
            "This may take longer to sync and cost more storage.",
            "",
            "Consider:",
            "- Archive old messages",
            "- Start fresh conversation",
        ]
        .map(str::to_owned),
    );
    Decision {
        question: Question::Large,
        title: title(weight, limits),
        details,
        choices: vec![
            choice(
                OnLarge::Continue,
                "Continue Anyway",
                "saves all of it; a resume brings back all of it",
            ),
            choice(
                OnLarge::Archive,
                "Archive & Continue",
                "saves all of it; a resume brings back what follows the last compaction, else the newest 100 messages",
            ),
            choice(OnLarge::Cancel, "Cancel", "changes nothing"),
        ],
    }
}

/// The same as a warning, where nobody is asked.
pub(super) fn warning(weight: &Weight, limits: &Large) -> Note {
    Note {
        code: "convosync::save::large-conversation".to_owned(),
        text: format!(
            "{}\n{}\n\nThis may take longer to sync and cost more storage.",
            title(weight, limits),
            weighed(weight)
        ),
        help: Some(
            "Consider:\n\
             - Archive old messages: convosync save --on-large archive MESSAGE\n\
             - Start fresh conversation\n\
             - Say that it is well: convosync save --on-large continue MESSAGE"
                .to_owned(),
        ),
    }
}

/// That there is nothing before the beginning that was asked for.
pub(super) fn not_archived(messages: u64) -> Note {
    Note {
        code: "convosync::save::archived".to_owned(),
        text: format!("nothing was archived: a resume brings back all {messages} messages"),
        help: Some(
            "it can begin with a compaction, or with what you typed: `--from-message N` names a later message"
                .to_owned(),
        ),
    }
}

/// That a resume begins later than the conversation.
pub(super) fn archived(archived: Archived, messages: u64) -> Note {
    Note {
        code: "convosync::save::archived".to_owned(),
        text: format!(
            "a resume elsewhere begins with message {} of {messages}; all of them stay in the session",
            archived.messages.saturating_add(1)
        ),
        help: Some("the next save with `--on-large continue` brings back all of them".to_owned()),
    }
}

fn title(weight: &Weight, limits: &Large) -> String {
    let over = limits.messages > 0 && weight.messages >= u64::from(limits.messages);
    let what = match over {
        true => format!("{}+ messages", limits.messages),
        false => format!("{} or more", megabytes(limits.bytes)),
    };
    format!("Conversation is very large ({what})")
}

fn weighed(weight: &Weight) -> String {
    let Weight { messages, bytes, tokens } = *weight;
    let cost = match tokens {
        Some(tokens) => {
            format!("the first answer after a resume reads about {} tokens", grouped(tokens))
        }
        None => "what a resume costs is not known: its last answer says nothing".to_owned(),
    };
    format!("{messages} messages, {}; {cost}", megabytes(bytes))
}

/// Thousands apart, and not more precise than the number is true.
fn grouped(tokens: u64) -> String {
    let rounded = if tokens < 1000 { tokens } else { (tokens + 500) / 1000 * 1000 };
    let digits = rounded.to_string();
    let first = match digits.len() % 3 {
        0 => 3,
        rest => rest,
    };
    let mut out = digits[..first.min(digits.len())].to_owned();
    for three in digits.as_bytes()[first.min(digits.len())..].chunks(3) {
        out.push(',');
        out.push_str(std::str::from_utf8(three).expect("digits are ASCII"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHT: Weight = Weight { messages: 612, bytes: 6_149_000, tokens: Some(182_345) };

    fn args(on_large: Option<OnLarge>, interactive: bool) -> SaveArgs {
        SaveArgs { on_large, interactive, ..SaveArgs::default() }
    }

    #[test]
    fn the_question_says_what_the_specification_says() {
        let Err(Trouble::Decide(decision)) = decide(&WEIGHT, &Large::default(), &args(None, true))
        else {
            panic!("it is a question");
        };
        assert_eq!(decision.title, "Conversation is very large (500+ messages)");
        assert_eq!(
            decision.details[0],
            "612 messages, 6.1 MB; the first answer after a resume reads about 182,000 tokens"
        );
        let labels: Vec<_> = decision.choices.iter().map(|choice| choice.label.as_str()).collect();
        assert_eq!(labels, ["Continue Anyway", "Archive & Continue", "Cancel"]);
    }

    #[test]
    fn nothing_is_asked_of_a_small_one_or_of_nobody_or_twice() {
        let limits = Large::default();
        let small = Weight { messages: 499, bytes: 4_999_999, tokens: None };
        let all = [None, Some(OnLarge::Archive), Some(OnLarge::Cancel)];
        for on_large in all {
            let decided = decide(&small, &limits, &args(on_large, true));
            assert!(matches!(decided, Ok(Archive::AsBefore)), "{on_large:?}");
        }
        let decided = |args: SaveArgs| decide(&WEIGHT, &limits, &args);
        assert!(matches!(decided(args(None, false)), Ok(Archive::AsBefore)));
        let forced = SaveArgs { force: true, ..args(None, true) };
        assert!(matches!(decided(forced), Ok(Archive::AsBefore)));
        assert!(matches!(decided(args(Some(OnLarge::Continue), true)), Ok(Archive::Nothing)));
        assert!(matches!(decided(args(Some(OnLarge::Cancel), false)), Err(Trouble::Cancelled)));
        let begin = SaveArgs { from_message: Some(7), ..args(Some(OnLarge::Archive), false) };
        assert!(matches!(decided(begin), Ok(Archive::Before(Begin::Message(7)))));
    }

    #[test]
    fn limits_of_nothing_are_none_and_size_alone_is_enough() {
        let none = Large { messages: 0, bytes: 0 };
        assert!(!none.is(u64::MAX, u64::MAX));
        let by_size = Weight { messages: 3, ..WEIGHT };
        let note = warning(&by_size, &Large::default());
        assert!(note.text.starts_with("Conversation is very large (5.0 MB or more)\n3 messages"));
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1499, "1,000"), (12_345_678, "12,346,000")]
        {
            assert_eq!(grouped(number), text);
        }
    }
}
