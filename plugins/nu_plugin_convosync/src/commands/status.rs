//! `convosync status`

use convosync_wire::{Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::Front;
use crate::value::{Shape, sample};

/// Where everything stands.
pub(crate) struct Status;

impl SimplePluginCommand for Status {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync status"
    }

    fn description(&self) -> &str {
        "Show where this repository, its session, the store and the devices stand."
    }

    fn extra_description(&self) -> &str {
        "`session` is what the next save goes on with; `sessions` are those that other devices \
         saved, newest first."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["state", "where", "overview"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name()).input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync status",
                description: "Where everything stands",
                result: Some(Shape::at(Span::test_data()).status(&sample::status())),
            },
            Example {
                example: "(convosync status).store.reachable",
                description: "Whether the store answers",
                result: Some(Value::test_bool(true)),
            },
        ]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        let front = Front::new(engine, call, &[])?;
        match front.reply(Verb::Status)? {
            Reply::Status(report) => Ok(Shape::at(call.head).status(&report)),
            _ => Err(front.unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    #[test]
    fn examples_hold() {
        let script = Script::new().answers("status", &Reply::Status(Box::new(sample::status())));
        script.examples(&Status);
        assert_eq!(script.verbs(), [Verb::Status, Verb::Status]);
    }
}
