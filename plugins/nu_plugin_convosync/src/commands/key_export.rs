//! `convosync key export`

use convosync_wire::{ExportArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, SyntaxShape, Type, Value};

use super::key_rotate::new_key;
use crate::ConvoSyncPlugin;
use crate::argument::path;
use crate::decide::decided;
use crate::front::Front;

/// Makes new recovery words.
pub(crate) struct KeyExport;

impl SimplePluginCommand for KeyExport {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync key export"
    }

    fn description(&self) -> &str {
        "Make new recovery words, and a new key that the old words do not open."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["recovery", "words", "backup"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .named(
                "recovery-file",
                SyntaxShape::Filepath,
                "write the words to this new file and do not show them",
                None,
            )
            .switch("yes", "ask nothing", Some('y'))
            .input_output_types(vec![(Type::Nothing, Type::record())])
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync key export --recovery-file words.txt",
            description: "Write new recovery words to a file",
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
        let caller = front.caller();
        let args = ExportArgs {
            recovery_file: path(call, "recovery-file", caller.directory(), caller.home())?,
            yes: call.has_flag("yes")?,
        };
        new_key(&front, decided(&front, Verb::KeyExport(args))?)
    }
}

#[cfg(test)]
mod tests {
    use convosync_wire::Reply;

    use super::*;
    use crate::scripted::Script;
    use crate::value::sample;

    #[test]
    fn the_file_and_the_consent_reach_the_helper() {
        let script = Script::new().answers("key-export", &Reply::Key(sample::key()));
        script.eval("convosync key export --recovery-file words.txt --yes").unwrap();
        let file = script.directory().join("words.txt").display().to_string();
        let want = ExportArgs { recovery_file: Some(file), yes: true };
        assert_eq!(script.verbs(), [Verb::KeyExport(want)]);
    }
}
