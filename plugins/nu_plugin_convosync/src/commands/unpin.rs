//! `convosync unpin`

use convosync_wire::{Reply, SessionsArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::sessions;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// No longer keep sessions for ever.
pub(crate) struct Unpin;

impl SimplePluginCommand for Unpin {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync unpin"
    }

    fn description(&self) -> &str {
        "No longer keep sessions for ever."
    }

    fn extra_description(&self) -> &str {
        "From then on the limits of `convosync config` hold for them."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["retention"]
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
                example: "convosync unpin session-k3vq7m2a",
                description: "One session",
                result: Some(Shape::at(Span::test_data()).kept(&sample::kept("unpin"))),
            },
            Example {
                example: "convosync list --all | where pinned | convosync unpin",
                description: "All that are pinned",
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
        match front.reply(Verb::Unpin(SessionsArgs { sessions }))? {
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
        Script::new().answers("unpin", &Reply::Kept(sample::kept("unpin")))
    }

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn examples_hold() {
        script().examples(&Unpin);
    }

    #[test]
    fn sessions_are_named_listed_or_piped() {
        let script = script();
        script.eval("convosync unpin session-a session-b").unwrap();
        script.eval("convosync unpin [session-a session-b]").unwrap();
        script.eval("[session-a session-b] | convosync unpin").unwrap();
        script.eval("[[session_id]; [session-a] [session-b]] | convosync unpin").unwrap();
        script.eval("{session_id: session-a} | convosync unpin").unwrap();
        let verb = |names: &[&str]| Verb::Unpin(SessionsArgs { sessions: named(names) });
        let both = verb(&["session-a", "session-b"]);
        assert_eq!(
            script.verbs(),
            [both.clone(), both.clone(), both.clone(), both, verb(&["session-a"])]
        );
        assert_eq!(script.error("convosync unpin").msg, "which session?");
    }
}
