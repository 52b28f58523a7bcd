//! `convosync key rotate`

use convosync_wire::{Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell, tell_of_words};
use crate::value::Shape;

/// Makes a new key.
pub(crate) struct KeyRotate;

impl SimplePluginCommand for KeyRotate {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync key rotate"
    }

    fn description(&self) -> &str {
        "Make a new key for the account; what was saved before stays readable."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["epoch", "renew"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name()).input_output_types(vec![(Type::Nothing, Type::record())])
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync key rotate",
            description: "Seal what is saved from now on under a new key",
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
        let front = Front::new(engine, call, &[])?;
        new_key(&front, front.reply(Verb::KeyRotate)?)
    }
}

/// The key that was made.
pub(super) fn new_key(front: &Front<'_>, reply: Reply) -> Result<Value, LabeledError> {
    let Reply::Key(report) = reply else { return Err(front.unexpected()) };
    tell(&report.notes);
    tell_of_words(report.recovery_words.as_deref());
    Ok(Shape::at(front.head()).key(&report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;
    use crate::value::sample;

    #[test]
    fn a_new_key_is_a_record() {
        let script = Script::new().answers("key-rotate", &Reply::Key(sample::key()));
        let made = script.eval("convosync key rotate").unwrap();
        assert_eq!(made, Shape::at(nu_protocol::Span::test_data()).key(&sample::key()));
    }
}
