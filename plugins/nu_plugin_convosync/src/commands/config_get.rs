//! `convosync config get`

use convosync_wire::{ConfigArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{Example, LabeledError, Signature, SyntaxShape, Type, Value};

use super::config::MORE;
use crate::ConvoSyncPlugin;
use crate::complete::{Offer, offers};
use crate::front::Front;
use crate::value::Shape;

/// Show one setting.
pub(crate) struct ConfigGet;

impl SimplePluginCommand for ConfigGet {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync config get"
    }

    fn description(&self) -> &str {
        "Show one setting."
    }

    fn extra_description(&self) -> &str {
        MORE
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["settings", "options"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .required("key", SyntaxShape::String, "e.g. retention.days")
            .input_output_type(Type::Nothing, Type::Any)
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync config get retention.days",
            description: "Show one setting",
            result: Some(Value::test_int(30)),
        }]
    }

    offers! {
        ArgType::Positional(0) => Offer::Settings,
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        let front = Front::new(engine, call, &["key"])?;
        let args = ConfigArgs::Get { key: call.req(0)? };
        match front.reply(Verb::Config(args))? {
            Reply::Config(report) => Ok(Shape::at(call.head).setting(&report)),
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
        script.examples(&ConfigGet);
        assert_eq!(
            script.verbs(),
            [Verb::Config(ConfigArgs::Get { key: "retention.days".to_owned() })]
        );
    }
}
