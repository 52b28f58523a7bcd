//! `convosync pin`, `convosync unpin` and `convosync undelete`: what becomes of sessions, told by
//! naming them.

use convosync_wire::{Reply, SessionsArgs, Verb};
use nu_plugin::{DynamicCompletionCall, EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{DynamicSuggestion, Example, LabeledError, Signature, Span, Value};

use crate::ConvoSyncPlugin;
use crate::argument::sessions;
use crate::complete::Offer;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// One of the commands.
pub(crate) struct Keeping {
    name: &'static str,
    description: &'static str,
    more: &'static str,
    terms: &'static [&'static str],
    /// A call for one session, and one for many with what that does.
    examples: [&'static str; 3],
    verb: fn(SessionsArgs) -> Verb,
    /// What it can be done to.
    offer: Offer,
}

/// Keeps sessions for ever.
pub(crate) const PIN: Keeping = Keeping {
    name: "convosync pin",
    description: "Keep sessions for ever.",
    more: "A pinned session is past no limit, and `convosync gc` removes nothing of it.",
    terms: &["keep", "retention"],
    examples: [
        "convosync pin session-k3vq7m2a",
        "convosync list --all | where message =~ release | convosync pin",
        "Whatever says release",
    ],
    verb: Verb::Pin,
    offer: Offer::Sessions,
};

/// No longer keeps them for ever.
pub(crate) const UNPIN: Keeping = Keeping {
    name: "convosync unpin",
    description: "No longer keep sessions for ever.",
    more: "From then on the limits of `convosync config` hold for them.",
    terms: &["retention"],
    examples: [
        "convosync unpin session-k3vq7m2a",
        "convosync list --all | where pinned | convosync unpin",
        "All that are pinned",
    ],
    verb: Verb::Unpin,
    offer: Offer::Sessions,
};

/// Brings deleted ones back.
pub(crate) const UNDELETE: Keeping = Keeping {
    name: "convosync undelete",
    description: "Bring deleted sessions back.",
    more: "`convosync list --deleted` shows what can be brought back.",
    terms: &["restore", "retention"],
    examples: [
        "convosync undelete session-k3vq7m2a",
        "convosync list --deleted | convosync undelete",
        "All that can be brought back",
    ],
    verb: Verb::Undelete,
    offer: Offer::Deleted,
};

impl SimplePluginCommand for Keeping {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        self.name
    }

    fn description(&self) -> &str {
        self.description
    }

    fn extra_description(&self) -> &str {
        self.more
    }

    fn search_terms(&self) -> Vec<&str> {
        self.terms.to_vec()
    }

    fn signature(&self) -> Signature {
        super::of_sessions(self.name)
    }

    fn examples(&self) -> Vec<Example<'_>> {
        let [one, many, of_many] = self.examples;
        let verb = self.name.trim_start_matches("convosync ");
        let result = Shape::at(Span::test_data()).kept(&sample::kept(verb));
        vec![
            Example { example: one, description: "One session", result: Some(result) },
            Example { example: many, description: of_many, result: None },
        ]
    }

    #[expect(deprecated, reason = "Nushell marks what is experimental as deprecated")]
    fn get_dynamic_completion(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: DynamicCompletionCall,
        argument: ArgType,
        _experimental: nu_protocol::engine::ExperimentalMarker,
    ) -> Option<Vec<DynamicSuggestion>> {
        let which = matches!(argument, ArgType::Positional(_));
        which.then(|| self.offer.all(engine, call.call.head))
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        let sessions = sessions(call, input)?;
        let front = Front::new(engine, call, &["session"])?.piped_from(input.span());
        kept(&front, front.reply((self.verb)(SessionsArgs { sessions }))?)
    }
}

/// What became of the sessions.
pub(super) fn kept(front: &Front<'_>, reply: Reply) -> Result<Value, LabeledError> {
    let Reply::Kept(report) = reply else { return Err(front.unexpected()) };
    tell(&report.notes);
    Ok(Shape::at(front.head()).kept(&report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    #[test]
    fn sessions_are_named_listed_or_piped() {
        for command in [PIN, UNPIN, UNDELETE] {
            let verb = command.name.trim_start_matches("convosync ");
            let script = || Script::new().answers(verb, &Reply::Kept(sample::kept(verb)));
            script().examples(&command);
            let script = script();
            for call in [
                "NAME session-a session-b",
                "NAME [session-a session-b]",
                "[session-a session-b] | NAME",
                "[[session_id]; [session-a] [session-b]] | NAME",
            ] {
                script.eval(&call.replace("NAME", command.name)).unwrap();
            }
            let sessions = vec!["session-a".to_owned(), "session-b".to_owned()];
            let both = (command.verb)(SessionsArgs { sessions });
            assert!(script.verbs().iter().all(|verb| *verb == both), "{:?}", script.verbs());
            assert_eq!(script.error(command.name).msg, "which session?");
        }
    }
}
