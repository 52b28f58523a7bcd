//! `convosync config`

use convosync_wire::{ConfigArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::Front;
use crate::value::{Shape, sample};

/// What is to be known of all settings.
pub(super) const MORE: &str = "Settings are in one file, which `^convosync config edit` opens in your editor. Encryption is \
     no setting: all that leaves this device is sealed, always.";

/// Show every setting.
pub(crate) struct Config;

impl SimplePluginCommand for Config {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync config"
    }

    fn description(&self) -> &str {
        "Show every setting."
    }

    fn extra_description(&self) -> &str {
        MORE
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["settings", "options"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name()).input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync config",
            description: "Show every setting",
            result: Some(Shape::at(Span::test_data()).settings(&sample::config())),
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
        let args = ConfigArgs::Show;
        match front.reply(Verb::Config(args))? {
            Reply::Config(report) => Ok(Shape::at(call.head).settings(&report)),
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
    fn examples_hold() {
        let script = Script::new().answers("config", &Reply::Config(sample::config()));
        script.examples(&Config);
        assert_eq!(script.verbs(), [Verb::Config(ConfigArgs::Show)]);
    }
}
