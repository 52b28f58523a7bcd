//! `convosync store`

use convosync_wire::{Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Where the store is.
pub(crate) struct Store;

impl SimplePluginCommand for Store {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync store"
    }

    fn description(&self) -> &str {
        "Show where sealed sessions are kept, and what its provider sees."
    }

    fn extra_description(&self) -> &str {
        "`visible` counts what whoever runs the store can see, and nothing else can be seen there; \
         `join_with` is the command that adds another device."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["provider", "privacy", "folder", "bucket"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name()).input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync store",
                description: "Where the store is and what can be seen there",
                result: Some(Shape::at(Span::test_data()).storage(&sample::store())),
            },
            Example {
                example: "(convosync store).visible.saves",
                description: "How many saves it holds",
                result: Some(Value::test_int(41)),
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
        match front.reply(Verb::Store)? {
            Reply::Store(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).storage(&report))
            }
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
        Script::new().answers("store", &Reply::Store(sample::store())).examples(&Store);
    }
}
