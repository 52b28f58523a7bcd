//! `convosync gc`

use convosync_wire::{GcArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Removes what nothing needs any more.
pub(crate) struct Gc;

impl SimplePluginCommand for Gc {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync gc"
    }

    fn description(&self) -> &str {
        "Remove from the store what nothing needs any more."
    }

    fn extra_description(&self) -> &str {
        "What is not needed is marked first, and removed by a gc after the grace time if it is not \
         needed still. Sessions past a limit that are not pinned are deleted; `convosync undelete` \
         brings them back within that time."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["clean", "retention", "quota"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch("dry-run", "tell what would be done", None)
            .input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync gc --dry-run",
                description: "What would go",
                result: Some(Shape::at(Span::test_data()).collected(&sample::collected())),
            },
            Example {
                example: "(convosync gc --dry-run).leaving.session_id",
                description: "The sessions that are past a limit",
                result: None,
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
        match front.reply(Verb::Gc(GcArgs { dry_run: call.has_flag("dry-run")? }))? {
            Reply::Collected(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).collected(&report))
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
        let script = Script::new().answers("gc", &Reply::Collected(sample::collected()));
        script.examples(&Gc);
        assert_eq!(script.verbs(), [Verb::Gc(GcArgs { dry_run: true })]);
    }
}
