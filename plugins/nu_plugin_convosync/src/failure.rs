//! What went wrong, as Nushell shows it: message, code, help, and the place in the user's line.

use convosync_wire::{Decision, Failure};
use nu_protocol::{LabeledError, Span};

use convosync_wire::harmless;

/// Code of everything that the user called off.
pub(crate) const CANCELLED: &str = "convosync::cancelled";

/// A failure of the front end itself.
pub(crate) fn failure(code: &str, message: impl Into<String>, help: &str) -> Failure {
    Failure {
        code: code.to_owned(),
        message: message.into(),
        help: Some(help.to_owned()),
        argument: None,
    }
}

/// Keeps the message, code and help; adds only the place in the user's line.
///
/// The first line of the message is the error, further lines go before the help.
pub(crate) fn labeled(failure: &Failure, place: Span) -> LabeledError {
    let message = harmless::text(&failure.message);
    let (first, details) = message.split_once('\n').unwrap_or((&message, ""));
    let help = [
        details.trim_start_matches('\n'),
        &harmless::text(failure.help.as_deref().unwrap_or_default()),
    ]
    .map(str::trim_end)
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join("\n");
    let label = match failure.argument {
        Some(_) => "this",
        None => "while running this",
    };
    let shown =
        LabeledError::new(first).with_code(harmless::line(&failure.code)).with_label(label, place);
    if help.is_empty() { shown } else { shown.with_help(help) }
}

/// A wrong argument.
pub(crate) fn wrong(message: impl Into<String>, help: &str, place: Span) -> LabeledError {
    LabeledError::new(message)
        .with_code("convosync::argument")
        .with_help(help)
        .with_label("this", place)
}

/// The user said no.
pub(crate) fn cancelled(place: Span) -> LabeledError {
    LabeledError::new("cancelled; nothing was changed")
        .with_code(CANCELLED)
        .with_label("stopped here", place)
}

/// A question that nobody is there to answer: its help says which flag answers it.
pub(crate) fn unanswered(decision: &Decision, place: Span) -> LabeledError {
    let mut help: Vec<String> = decision.details.iter().map(|line| harmless::line(line)).collect();
    help.push("nothing was changed; run it again with one of".to_owned());
    for choice in decision.choices.iter().filter(|choice| !choice.flag.is_empty()) {
        help.push(format!("  {}  {}", harmless::line(&choice.flag), harmless::line(&choice.help)));
    }
    LabeledError::new(harmless::line(&decision.title))
        .with_code(format!("convosync::decision::{}", decision.question.as_str()))
        .with_help(help.join("\n"))
        .with_label("this needs a decision", place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_of_a_message_come_before_its_help() {
        let error = labeled(
            &Failure {
                code: "convosync::save::detached-head".to_owned(),
                message: "no branch is checked out\n\nHEAD is at 1a2b3c4".to_owned(),
                help: Some("run `git switch`".to_owned()),
                argument: None,
            },
            Span::test_data(),
        );
        assert_eq!(error.msg, "no branch is checked out");
        assert_eq!(error.help.as_deref(), Some("HEAD is at 1a2b3c4\nrun `git switch`"));
    }

    #[test]
    fn a_failure_can_not_write_to_the_terminal() {
        let error = labeled(
            &Failure {
                code: "c".to_owned(),
                message: "branch \x1b[2Jx".to_owned(),
                help: Some("\u{202e}run".to_owned()),
                argument: None,
            },
            Span::test_data(),
        );
        assert_eq!((error.msg.as_str(), error.help.as_deref()), ("branch [2Jx", Some("run")));
    }
}
