//! `convosync note`

use convosync_wire::{NoteArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::{needed_session, piped_session};
use crate::failure::wrong;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Keep a note with a session.
pub(crate) struct Note;

impl SimplePluginCommand for Note {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync note"
    }

    fn description(&self) -> &str {
        "Keep a note with a session."
    }

    fn extra_description(&self) -> &str {
        "It is sealed as all of the session is; `show`, `log` and `resume` show it on every device. It \
         changes neither code nor conversation, so two devices never get into each other's way. With a \
         session from the pipeline the text is all there is to name."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["comment", "review", "remark"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .optional("session", SyntaxShape::String, "session id or a unique prefix")
            .optional("text", SyntaxShape::String, "what to note, at most 2000 letters")
            .input_output_types(super::piped_sessions(&Type::record()))
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync note session-k3vq7m2a 'the timeout is too short'",
                description: "Leave word for the next device",
                result: Some(Shape::at(Span::test_data()).noted(&sample::noted())),
            },
            Example {
                example: "convosync list | first | convosync note 'the timeout is too short'",
                description: "The same about the newest session",
                result: None,
            },
        ]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        let (named, text) = match call.opt::<String>(1)? {
            Some(text) => (needed_session(call, input)?, Some(text)),
            None => match piped_session(input)? {
                Some(named) => (named, call.opt(0)?),
                None => (needed_session(call, input)?, None),
            },
        };
        let Some(text) = text else {
            return Err(wrong("what is to be noted?", "add the text", call.head));
        };
        let front = Front::new(engine, call, &["session", "text"])?.piped_from(named.place);
        match front.reply(Verb::Note(NoteArgs { session: named.session, text }))? {
            Reply::Noted(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).noted(&report))
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
        Script::new().answers("note", &Reply::Noted(sample::noted()))
    }

    #[test]
    fn examples_hold() {
        script().examples(&Note);
    }

    #[test]
    fn the_session_is_named_or_piped_and_there_is_a_text() {
        let script = script();
        script.eval("convosync note session-a 'too short'").unwrap();
        script.eval("{session_id: session-a} | convosync note 'too short'").unwrap();
        let args = NoteArgs { session: "session-a".to_owned(), text: "too short".to_owned() };
        assert_eq!(script.verbs(), [Verb::Note(args.clone()), Verb::Note(args)]);
        assert_eq!(script.error("convosync note session-a").msg, "what is to be noted?");
        assert_eq!(script.error("convosync note").msg, "which session?");
    }
}
