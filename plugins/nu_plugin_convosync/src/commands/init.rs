//! `convosync init`

use convosync_wire::{Choice, Decision, InitArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::{path, text_flag, word_flag};
use crate::ask::{Dialog, line};
use crate::complete::KINDS;
use crate::failure::cancelled;
use crate::front::{Front, tell, tell_of_words};
use crate::value::{Shape, sample};

/// Makes this device ready.
pub(crate) struct Init;

impl SimplePluginCommand for Init {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync init"
    }

    fn description(&self) -> &str {
        "Make this device ready: account and store."
    }

    fn extra_description(&self) -> &str {
        "On a new store this makes an account and returns its 24 recovery words in \
         `recovery_words`, once. They are the only way back in if every device is lost: write them \
         down, or have them written to a file with --recovery-file. On a store that has an account \
         nothing is changed."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["setup", "account", "recovery"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .param(text_flag(
                "store",
                "where the sealed sessions go, e.g. file:///home/me/Sync/convosync (default: this machine)",
            ))
            .param(text_flag("device", "name of this device (default: the host's name)"))
            .param(word_flag("kind", KINDS, "what this device is"))
            .named(
                "recovery-file",
                SyntaxShape::Filepath,
                "write the recovery words to this new file and do not show them",
                None,
            )
            .switch("yes", "ask nothing", Some('y'))
            .input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync init --store file:///home/me/Sync/convosync --recovery-file ~/recovery.txt",
                description: "Keep sealed sessions in a folder that is synchronised already",
                result: Some(Shape::at(Span::test_data()).account(&sample::account())),
            },
            Example {
                example: "convosync init",
                description: "Keep sessions on this machine for now",
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
        let caller = front.caller();
        let args = InitArgs {
            store: call.get_flag("store")?,
            device: call.get_flag("device")?,
            kind: call.get_flag("kind")?,
            recovery_file: path(call, "recovery-file", caller.directory(), caller.home())?,
            yes: call.has_flag("yes")?,
            choose: Dialog::open(engine, call.head).is_some(),
        };
        let take = |verb: &mut Verb, decision: &Decision, choice: &Choice| match verb {
            Verb::Init(args) => take(&front, args, decision, choice),
            _ => Ok(false),
        };
        match front.settle(Verb::Init(args), take)? {
            Reply::Initialised(report) => {
                tell(&report.notes);
                tell_of_words(report.recovery_words.as_deref());
                Ok(Shape::at(call.head).account(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

/// Takes down where the sessions go; what wants a URL asks for it.
fn take(
    front: &Front<'_>,
    args: &mut InitArgs,
    decision: &Decision,
    choice: &Choice,
) -> Result<bool, LabeledError> {
    let shown = choice.flag.trim_start_matches("--store ").trim_matches('\'');
    let (prompt, usual) = match choice.value.as_str() {
        InitArgs::FOLDER => (format!("Folder [{shown}]: "), Some(shown.to_owned())),
        InitArgs::GIT | InitArgs::BUCKET => (format!("URL, e.g. {shown}: "), None),
        _ => return Ok(args.record(decision.question, choice).is_ok()),
    };
    let typed = line(front.engine(), front.head(), &prompt)?.or(usual);
    args.store = Some(typed.ok_or_else(|| cancelled(front.head()))?);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    #[test]
    fn examples_hold() {
        Script::new().answers("init", &Reply::Initialised(sample::account())).examples(&Init);
    }

    #[test]
    fn every_flag_reaches_the_helper() {
        let script = Script::new().answers("init", &Reply::Initialised(sample::account()));
        script
            .eval("convosync init --store file:///s --device desk --kind server --recovery-file words.txt --yes")
            .unwrap();
        let want = InitArgs {
            store: Some("file:///s".to_owned()),
            device: Some("desk".to_owned()),
            kind: Some("server".to_owned()),
            recovery_file: Some(script.directory().join("words.txt").display().to_string()),
            yes: true,
            choose: false,
        };
        assert_eq!(script.verbs(), [Verb::Init(want)]);
    }
}
