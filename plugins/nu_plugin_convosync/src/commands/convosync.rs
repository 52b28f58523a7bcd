//! `convosync`: the help page with all commands.

use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{LabeledError, Signature, Type, Value};

use crate::ConvoSyncPlugin;

/// The parent of the other commands.
pub(crate) struct ConvoSync;

impl SimplePluginCommand for ConvoSync {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync"
    }

    fn description(&self) -> &str {
        "Put a coding session down on one machine and pick it up on another."
    }

    fn extra_description(&self) -> &str {
        "A session is code, AI conversation and terminal as one unit, sealed before it leaves this \
         machine. Set up with `convosync init`, and with `convosync device join --recovery` on the \
         other machines; then `convosync save` here and `convosync resume` there.

The commands need the helper `convosync`: beside this plugin, on PATH, or named by \
$env.config.plugins.convosync = {helper: /path/to/convosync}."
    }

    fn signature(&self) -> Signature {
        super::signature(self.name()).input_output_type(Type::Nothing, Type::String)
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        Ok(Value::string(engine.get_help()?, call.head))
    }
}

#[cfg(test)]
mod tests {
    use crate::scripted::Script;

    #[test]
    fn it_shows_every_command() {
        let help = Script::new().eval("convosync").unwrap();
        for command in super::super::all() {
            assert!(help.as_str().unwrap().contains(command.name()), "{}", command.name());
        }
    }
}
