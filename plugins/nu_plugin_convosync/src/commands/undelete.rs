//! `convosync undelete`

use convosync_wire::{Reply, SessionsArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::sessions;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Bring deleted sessions back.
pub(crate) struct Undelete;

impl SimplePluginCommand for Undelete {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync undelete"
    }

    fn description(&self) -> &str {
        "Bring deleted sessions back."
    }

    fn extra_description(&self) -> &str {
        "`convosync list --deleted` shows what can be brought back."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["restore", "retention"]
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
                example: "convosync undelete session-k3vq7m2a",
                description: "One session",
                result: Some(Shape::at(Span::test_data()).kept(&sample::kept("undelete"))),
            },
            Example {
                example: "convosync list --deleted | convosync undelete",
                description: "All that can be brought back",
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
        match front.reply(Verb::Undelete(SessionsArgs { sessions }))? {
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
        Script::new().answers("undelete", &Reply::Kept(sample::kept("undelete")))
    }

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn examples_hold() {
        script().examples(&Undelete);
    }

    #[test]
    fn sessions_are_named_listed_or_piped() {
        let script = script();
        script.eval("convosync undelete session-a session-b").unwrap();
        script.eval("convosync undelete [session-a session-b]").unwrap();
        script.eval("[session-a session-b] | convosync undelete").unwrap();
        script.eval("[[session_id]; [session-a] [session-b]] | convosync undelete").unwrap();
        script.eval("{session_id: session-a} | convosync undelete").unwrap();
        let verb = |names: &[&str]| Verb::Undelete(SessionsArgs { sessions: named(names) });
        let both = verb(&["session-a", "session-b"]);
        assert_eq!(
            script.verbs(),
            [both.clone(), both.clone(), both.clone(), both, verb(&["session-a"])]
        );
        assert_eq!(script.error("convosync undelete").msg, "which session?");
    }
}
