//! `convosync delete`

use convosync_wire::{DeleteArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{Example, LabeledError, Signature, Span, Value};

use super::keeping::kept;
use crate::ConvoSyncPlugin;
use crate::argument::sessions;
use crate::complete::{Offer, offers};
use crate::decide::decided;
use crate::front::Front;
use crate::value::{Shape, sample};

/// Delete sessions from every device.
pub(crate) struct Delete;

impl SimplePluginCommand for Delete {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync delete"
    }

    fn description(&self) -> &str {
        "Delete sessions from every device."
    }

    fn extra_description(&self) -> &str {
        "They are no longer listed; `convosync undelete` brings them back until their grace time is over."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["remove", "retention"]
    }

    fn signature(&self) -> Signature {
        super::of_sessions(self.name()).switch("yes", "ask nothing", Some('y'))
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync delete session-k3vq7m2a --yes",
                description: "One session",
                result: Some(Shape::at(Span::test_data()).kept(&sample::kept("delete"))),
            },
            Example {
                example: "convosync list --all | where timestamp < (date now) - 26wk | convosync delete --yes",
                description: "What is older than half a year",
                result: None,
            },
        ]
    }

    offers! {
        ArgType::Positional(_) => Offer::Sessions,
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
        let args = DeleteArgs { sessions, yes: call.has_flag("yes")? };
        kept(&front, decided(&front, Verb::Delete(args))?)
    }
}

#[cfg(test)]
mod tests {
    use convosync_wire::Reply;

    use super::*;
    use crate::scripted::Script;

    fn script() -> Script {
        Script::new().answers("delete", &Reply::Kept(sample::kept("delete")))
    }

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn examples_hold() {
        script().examples(&Delete);
    }

    #[test]
    fn sessions_are_named_listed_or_piped() {
        let script = script();
        script.eval("convosync delete session-a session-b --yes").unwrap();
        script.eval("convosync delete [session-a session-b] --yes").unwrap();
        script.eval("[session-a session-b] | convosync delete --yes").unwrap();
        script.eval("[[session_id]; [session-a] [session-b]] | convosync delete --yes").unwrap();
        script.eval("{session_id: session-a} | convosync delete --yes").unwrap();
        let verb = |names: &[&str]| Verb::Delete(DeleteArgs { sessions: named(names), yes: true });
        let both = verb(&["session-a", "session-b"]);
        assert_eq!(
            script.verbs(),
            [both.clone(), both.clone(), both.clone(), both, verb(&["session-a"])]
        );
        assert_eq!(script.error("convosync delete --yes").msg, "which session?");
    }
}
