//! `convosync log`

use convosync_wire::{Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Value};

use crate::ConvoSyncPlugin;
use crate::argument::needed_session;
use crate::complete::{Offer, offers};
use crate::front::{Front, tell};
use crate::value::{Shape, log_type, sample};

/// Every save of one session.
pub(crate) struct Log;

impl SimplePluginCommand for Log {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync log"
    }

    fn description(&self) -> &str {
        "List every save of one session."
    }

    fn extra_description(&self) -> &str {
        "A `head` is a save that no other one went on from. What a resume put aside is `parked`."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["history", "saves"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .optional(
                "session",
                SyntaxShape::String,
                "session id or a unique prefix (or pipe a row of `convosync list` in)",
            )
            .input_output_types(super::piped_sessions(&log_type()))
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync log session-k3vq7m2a",
                description: "The saves of a session, newest first",
                result: Some(Shape::at(Span::test_data()).log(&sample::log())),
            },
            Example {
                example: "convosync log session-k3vq | get 1 | convosync resume",
                description: "Go back to the save before the newest",
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
        let named = needed_session(call, input)?;
        let front = Front::new(engine, call, &["session"])?.piped_from(named.place);
        match front.reply(Verb::Log { session: named.session })? {
            Reply::Log(listed) => {
                tell(&listed.notes);
                Ok(Shape::at(call.head).log(&listed.rows))
            }
            _ => Err(front.unexpected()),
        }
    }

    offers! {
        ArgType::Positional(0) => Offer::Sessions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    fn script() -> Script {
        Script::new().answers("log", &Reply::Log(sample::log().into()))
    }

    #[test]
    fn examples_hold() {
        script().examples(&Log);
    }

    #[test]
    fn the_session_is_named_or_piped() {
        let script = script();
        script.eval("convosync log session-a").unwrap();
        script.eval("{session_id: session-b} | convosync log").unwrap();
        script.eval("{session_id: session-b} | convosync log session-c").unwrap();
        let asked: Vec<_> = script
            .verbs()
            .into_iter()
            .map(|verb| match verb {
                Verb::Log { session } => session,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(asked, ["session-a", "session-b", "session-c"]);
        assert_eq!(script.error("convosync log").msg, "which session?");
    }
}
