//! `convosync pin`

use convosync_wire::{Reply, SessionsArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::sessions;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Keep sessions for ever.
pub(crate) struct Pin;

impl SimplePluginCommand for Pin {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync pin"
    }

    fn description(&self) -> &str {
        "Keep sessions for ever."
    }

    fn extra_description(&self) -> &str {
        "A pinned session is past no limit, and `convosync gc` removes nothing of it."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["keep", "retention"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .rest(
                "session",
                SyntaxShape::Any,
                "session ids or unique prefixes (or pipe rows of `convosync list` in)",
            )
            .input_output_types(super::piped_sessions(&Type::record()))
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync pin session-k3vq7m2a",
                description: "One session",
                result: Some(Shape::at(Span::test_data()).kept(&sample::kept("pin"))),
            },
            Example {
                example: "convosync list --all | where message =~ release | convosync pin",
                description: "Whatever says release",
                result: None,
            },
        ]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        let (sessions, place) = sessions(call, input)?;
        let mut front = Front::new(engine, call, &["session"])?;
        if let Some(place) = place {
            front = front.piped_from(place);
        }
        match front.reply(Verb::Pin(SessionsArgs { sessions }))? {
            Reply::Kept(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).kept(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    fn script() -> Script {
        Script::new().answers("pin", &Reply::Kept(sample::kept("pin")))
    }

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn examples_hold() {
        script().examples(&Pin);
    }

    #[test]
    fn sessions_are_named_listed_or_piped() {
        let script = script();
        script.eval("convosync pin session-a session-b").unwrap();
        script.eval("convosync pin [session-a session-b]").unwrap();
        script.eval("[session-a session-b] | convosync pin").unwrap();
        script.eval("[[session_id]; [session-a] [session-b]] | convosync pin").unwrap();
        script.eval("{session_id: session-a} | convosync pin").unwrap();
        let verb = |names: &[&str]| Verb::Pin(SessionsArgs { sessions: named(names) });
        let both = verb(&["session-a", "session-b"]);
        assert_eq!(
            script.verbs(),
            [both.clone(), both.clone(), both.clone(), both, verb(&["session-a"])]
        );
        assert_eq!(script.error("convosync pin").msg, "which session?");
    }
}
