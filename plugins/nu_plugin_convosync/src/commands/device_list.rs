//! `convosync device list`

use convosync_wire::{Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// The account's devices.
pub(crate) struct DeviceList;

impl SimplePluginCommand for DeviceList {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync device list"
    }

    fn description(&self) -> &str {
        "List the devices of this account."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["trusted", "machines"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name()).input_output_type(
            Type::Nothing,
            Type::Table(
                [
                    ("device_id", Type::String),
                    ("name", Type::String),
                    ("kind", Type::String),
                    ("this_device", Type::Bool),
                    ("last_sync", Type::Date),
                    ("joined", Type::Date),
                    ("state", Type::String),
                ]
                .into(),
            ),
        )
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync device list",
            description: "Which devices there are, and when each saved last",
            result: Some(Shape::at(Span::test_data()).devices(&sample::devices())),
        }]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        let front = Front::new(engine, call, &[])?;
        match front.reply(Verb::DeviceList)? {
            Reply::Devices(listed) => {
                tell(&listed.notes);
                Ok(Shape::at(call.head).devices(&listed.rows))
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
        let script =
            Script::new().answers("device-list", &Reply::Devices(sample::devices().into()));
        script.examples(&DeviceList);
        assert_eq!(script.verbs(), [Verb::DeviceList]);
    }
}
