//! `convosync import`

use convosync_wire::{ImportArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Makes a session of a file.
pub(crate) struct Import;

impl SimplePluginCommand for Import {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync import"
    }

    fn description(&self) -> &str {
        "Make a session of an exported conversation, in the repository here."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["transcript", "restore", "share"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .required(
                "file",
                SyntaxShape::Filepath,
                "what `convosync export` wrote, or a transcript",
            )
            .named("message", SyntaxShape::String, "what the session is called in lists", Some('m'))
            .input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync import login.jsonl.gz",
                description: "Take over a conversation of somebody else",
                result: Some(Shape::at(Span::test_data()).imported(&sample::imported())),
            },
            Example {
                example: "convosync import login.jsonl.gz | convosync resume",
                description: "And go on with it",
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
        let args = ImportArgs { file: call.req(0)?, message: call.get_flag("message")? };
        let front = Front::new(engine, call, &["file"])?;
        match front.reply(Verb::Import(args))? {
            Reply::Imported(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).imported(&report))
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
        Script::new().answers("import", &Reply::Imported(sample::imported()))
    }

    #[test]
    fn examples_hold() {
        script().examples(&Import);
    }

    #[test]
    fn file_and_message_reach_the_helper() {
        let script = script();
        script.eval("convosync import /x/a.jsonl -m theirs").unwrap();
        let args = ImportArgs { file: "/x/a.jsonl".to_owned(), message: Some("theirs".to_owned()) };
        assert_eq!(script.verbs(), [Verb::Import(args)]);
    }
}
