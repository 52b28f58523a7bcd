//! `convosync device revoke`

use convosync_wire::{RevokeArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{Example, LabeledError, Signature, SyntaxShape, Type, Value};

use super::key_rotate::new_key;
use crate::ConvoSyncPlugin;
use crate::complete::{Offer, offers};
use crate::decide::decided;
use crate::front::Front;

/// Takes a device out of the account.
pub(crate) struct DeviceRevoke;

impl SimplePluginCommand for DeviceRevoke {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync device revoke"
    }

    fn description(&self) -> &str {
        "Take a device out of the account: it can read nothing that is saved from then on."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["remove", "lost", "stolen"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .required(
                "device",
                SyntaxShape::String,
                "a device: its name, its id, or the beginning of its id",
            )
            .switch("yes", "ask nothing", Some('y'))
            .input_output_types(vec![(Type::Nothing, Type::record())])
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync device revoke old-laptop",
            description: "Make a new key that this device does not get",
            result: None,
        }]
    }

    offers! {
        ArgType::Positional(0) => Offer::Devices,
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        let _ = input;
        let front = Front::new(engine, call, &["device"])?;
        let args = RevokeArgs { device: call.req(0)?, yes: call.has_flag("yes")? };
        new_key(&front, decided(&front, Verb::DeviceRevoke(args))?)
    }
}

#[cfg(test)]
mod tests {
    use convosync_wire::Reply;

    use super::*;
    use crate::scripted::Script;
    use crate::value::sample;

    #[test]
    fn the_device_and_the_consent_reach_the_helper() {
        let script = Script::new().answers("device-revoke", &Reply::Key(sample::key()));
        script.eval("convosync device revoke tablet --yes").unwrap();
        let want = RevokeArgs { device: "tablet".to_owned(), yes: true };
        assert_eq!(script.verbs(), [Verb::DeviceRevoke(want)]);
    }
}
