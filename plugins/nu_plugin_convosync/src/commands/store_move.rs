//! `convosync store move`

use convosync_wire::{MoveArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Moves the store.
pub(crate) struct StoreMove;

impl SimplePluginCommand for StoreMove {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync store move"
    }

    fn description(&self) -> &str {
        "Copy everything to another store and go on with that one."
    }

    fn extra_description(&self) -> &str {
        "Every object is read back and compared. If it is stopped, the same command goes on. Other \
         devices follow by themselves; the old store stays as it is. One that is gone for good can't \
         lead them on: then run it with `--lost` on each."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["migrate", "copy"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .required("to", SyntaxShape::String, "URL of the new store")
            .switch(
                "lost",
                "the old store is gone for good: fill the new one from this device",
                None,
            )
            .input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync store move git+ssh://git@git.example.org/me/sessions.git",
            description: "From a folder to a private git repository",
            result: Some(Shape::at(Span::test_data()).store_moved(&sample::store_moved())),
        }]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        let front = Front::new(engine, call, &["to"])?;
        match front
            .reply(Verb::StoreMove(MoveArgs { to: call.req(0)?, lost: call.has_flag("lost")? }))?
        {
            Reply::StoreMoved(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).store_moved(&report))
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
        let script = Script::new().answers("store-move", &Reply::StoreMoved(sample::store_moved()));
        script.examples(&StoreMove);
        let to = "git+ssh://git@git.example.org/me/sessions.git".to_owned();
        assert_eq!(script.verbs(), [Verb::StoreMove(MoveArgs { to, lost: false })]);
    }
}
