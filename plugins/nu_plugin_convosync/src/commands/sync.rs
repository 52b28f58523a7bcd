//! `convosync sync`

use convosync_wire::{Reply, SyncArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Sends what is queued.
pub(crate) struct Sync;

impl SimplePluginCommand for Sync {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync sync"
    }

    fn description(&self) -> &str {
        "Send the saves that wait on this device."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["upload", "queue", "offline"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch("retry", "try again at once what failed", None)
            .input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync sync",
            description: "Send what is queued",
            result: Some(Shape::at(Span::test_data()).synced(&sample::synced())),
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
        match front.reply(Verb::Sync(SyncArgs { retry: call.has_flag("retry")?, quiet: false }))? {
            Reply::Synced(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).synced(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    fn script() -> Script {
        Script::new().answers("sync", &Reply::Synced(sample::synced()))
    }

    #[test]
    fn examples_hold() {
        script().examples(&Sync);
    }

    #[test]
    fn retry_reaches_the_helper() {
        let script = script();
        script.eval("convosync sync --retry").unwrap();
        assert_eq!(script.verbs(), [Verb::Sync(SyncArgs { retry: true, quiet: false })]);
    }
}
