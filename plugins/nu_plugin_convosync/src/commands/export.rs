//! `convosync export`

use convosync_wire::{ExportFormat, ExportSessionArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::needed_session;
use crate::complete::{Offer, offers};
use crate::failure::wrong;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Writes a conversation to a file.
pub(crate) struct Export;

impl SimplePluginCommand for Export {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync export"
    }

    fn description(&self) -> &str {
        "Write the conversation of a session to a file."
    }

    fn extra_description(&self) -> &str {
        "`jsonl` is what the client itself has, and can be imported again. The helper writes the \
         file: conversations never pass through Nushell."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["markdown", "html", "backup", "share"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .optional(
                "session",
                SyntaxShape::String,
                "session id or a unique prefix (or pipe a row of `convosync list` in)",
            )
            .named("output", SyntaxShape::Filepath, "the new file", Some('o'))
            .named(
                "format",
                SyntaxShape::String,
                "jsonl, jsonl.gz, markdown or html; else as the file ends",
                None,
            )
            .named("at", SyntaxShape::String, "this save, not the newest", None)
            .input_output_types(super::piped_sessions(&Type::record()))
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync export session-k3vq7m2a --output login.html",
                description: "A conversation as a page to be read",
                result: Some(Shape::at(Span::test_data()).exported(&sample::exported())),
            },
            Example {
                example: "convosync list | first | convosync export --output newest.jsonl.gz",
                description: "The newest one, to be imported elsewhere",
                result: None,
            },
        ]
    }

    offers! {
        ArgType::Positional(0) => Offer::Sessions,
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        let named = needed_session(call, input)?;
        let Some(output) = call.get_flag::<String>("output")? else {
            let help = "add `--output FILE`: conversations never pass through Nushell";
            return Err(wrong("into which file?", help, call.head));
        };
        let format = call.get_flag::<Value>("format")?.map(|value| format(&value)).transpose()?;
        let args = ExportSessionArgs {
            session: named.session,
            format,
            at: call.get_flag("at")?,
            output: Some(output),
        };
        let front = Front::new(engine, call, &["session"])?.piped_from(named.place);
        match front.reply(Verb::Export(args))? {
            Reply::Exported(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).exported(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

fn format(value: &Value) -> Result<ExportFormat, LabeledError> {
    value.as_str()?.parse().map_err(|error: String| wrong("no such format", &error, value.span()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    fn script() -> Script {
        Script::new().answers("export", &Reply::Exported(sample::exported()))
    }

    #[test]
    fn examples_hold() {
        script().examples(&Export);
    }

    #[test]
    fn what_is_wanted_reaches_the_helper() {
        let script = script();
        script.eval("convosync export session-a -o a.txt --format markdown --at 1").unwrap();
        let want = ExportSessionArgs {
            session: "session-a".to_owned(),
            format: Some(ExportFormat::Markdown),
            at: Some("1".to_owned()),
            output: Some("a.txt".to_owned()),
        };
        let verbs = script.verbs();
        let [Verb::Export(asked)] = verbs.as_slice() else { panic!("{verbs:?}") };
        assert!(asked.output.as_ref().is_some_and(|file| file.ends_with("a.txt")), "{asked:?}");
        assert_eq!(*asked, ExportSessionArgs { output: asked.output.clone(), ..want });
    }

    #[test]
    fn without_a_file_or_with_a_format_nobody_knows_nothing_is_asked() {
        let script = script();
        assert_eq!(script.error("convosync export session-a").msg, "into which file?");
        let error = script.error("convosync export session-a -o a --format pdf");
        assert_eq!(error.msg, "no such format");
        assert!(script.verbs().is_empty());
    }
}
