//! `convosync undo`

use convosync_wire::{Reply, UndoArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::refuse_both;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Takes a resume back.
pub(crate) struct Undo;

impl SimplePluginCommand for Undo {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync undo"
    }

    fn description(&self) -> &str {
        "Take back the last resume in this work tree."
    }

    fn extra_description(&self) -> &str {
        "HEAD, index, files, stash, branches, the conversation and the work tree's session are as \
         they were before the resume. What you did since is kept first: `kept` says where, and \
         --redo brings it back. Each further undo goes one resume further back. After a crash it \
         is run again.

Not taken back: what was fetched, a clone that --clone made, a save that joined two heads, and \
         what is ignored or excluded."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["revert", "back", "restore", "redo"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch("dry-run", "tell what would be done", None)
            .switch("list", "the resumes of this work tree, and how each stands", Some('l'))
            .switch("redo", "bring back what the last undo took back", None)
            .input_output_types(vec![
                (Type::Nothing, Type::record()),
                (Type::Nothing, Type::table()),
            ])
    }

    fn examples(&self) -> Vec<Example<'_>> {
        let shape = Shape::at(Span::test_data());
        vec![
            Example {
                example: "convosync undo",
                description: "Take back the last resume",
                result: Some(shape.undone(&sample::undone())),
            },
            Example {
                example: "convosync undo --list",
                description: "What can be taken back here",
                result: None,
            },
            Example {
                example: "convosync undo --redo",
                description: "Change your mind",
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
        refuse_both(call, "list", "dry-run")?;
        refuse_both(call, "list", "redo")?;
        let front = Front::new(engine, call, &[])?;
        let args = UndoArgs {
            dry_run: call.has_flag("dry-run")?,
            list: call.has_flag("list")?,
            redo: call.has_flag("redo")?,
        };
        let shape = Shape::at(call.head);
        match front.reply(Verb::Undo(args))? {
            Reply::Undone(report) => {
                tell(&report.kept);
                tell(&report.notes);
                Ok(shape.undone(&report))
            }
            Reply::Undoable(listed) => {
                tell(&listed.notes);
                Ok(shape.undoable(&listed.rows))
            }
            Reply::Planned(report) => Ok(shape.plan(&report)),
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
        Script::new().answers("undo", &Reply::Undone(sample::undone())).examples(&Undo);
    }

    #[test]
    fn what_can_be_taken_back_is_a_table() {
        let listed = Reply::Undoable(sample::undoable().into());
        let script = Script::new().answers("undo", &listed);
        let value = script.eval("convosync undo --list").unwrap();
        assert_eq!(value, Shape::at(Span::test_data()).undoable(&sample::undoable()));
    }

    #[test]
    fn flags_reach_the_helper() {
        let script = Script::new().answers("undo", &Reply::Undone(sample::undone()));
        script.eval("convosync undo --redo").unwrap();
        let redo = UndoArgs { redo: true, ..UndoArgs::default() };
        assert_eq!(script.verbs(), [Verb::Undo(redo)]);
    }
}
