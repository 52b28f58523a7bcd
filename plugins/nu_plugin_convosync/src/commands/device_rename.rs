//! `convosync device rename`

use convosync_wire::{RenameArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell};
use crate::value::Shape;

/// Gives this device another name.
pub(crate) struct DeviceRename;

impl SimplePluginCommand for DeviceRename {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync device rename"
    }

    fn description(&self) -> &str {
        "Give this device another name."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["name"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .required("name", SyntaxShape::String, "the new name")
            .input_output_types(vec![(Type::Nothing, Type::record())])
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync device rename travel-laptop",
            description: "Call this device something else",
            result: None,
        }]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        let _ = input;
        let front = Front::new(engine, call, &["name"])?;
        match front.reply(Verb::DeviceRename(RenameArgs { name: call.req(0)? }))? {
            Reply::Renamed(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).renamed(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;
    use crate::value::sample;

    #[test]
    fn the_name_reaches_the_helper() {
        let script = Script::new().answers("device-rename", &Reply::Renamed(sample::renamed()));
        script.eval("convosync device rename travel").unwrap();
        assert_eq!(script.verbs(), [Verb::DeviceRename(RenameArgs { name: "travel".to_owned() })]);
    }
}
