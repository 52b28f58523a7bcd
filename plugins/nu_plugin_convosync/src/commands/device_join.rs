//! `convosync device join`

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use convosync_wire::{EnrolArgs, JoinArgs, Reply, Secret, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::{text_flag, word_flag};
use crate::ask::hidden_line;
use crate::complete::KINDS;
use crate::failure::{cancelled, wrong};
use crate::front::{Front, tell};
use crate::value::Shape;
use convosync_wire::harmless;

/// Makes this device one of an account that exists.
pub(crate) struct DeviceJoin;

impl SimplePluginCommand for DeviceJoin {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync device join"
    }

    fn description(&self) -> &str {
        "Make this device one of an account that exists."
    }

    fn extra_description(&self) -> &str {
        "Shows six words on the terminal and waits until `convosync device approve` on a device of \
         the account has read them. With --recovery the 24 recovery words are asked for and not \
         shown, or come through the pipeline. Words are no argument: a command line ends up in the \
         history."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["setup", "pair", "recovery"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch("recovery", "join with the account's 24 recovery words", None)
            .param(text_flag("store", "the account's store (default: the one that is set up here)"))
            .param(text_flag("device", "name of this device (default: the host's name)"))
            .param(word_flag("kind", KINDS, "what this device is"))
            .input_output_types(vec![
                (Type::Nothing, Type::record()),
                (Type::String, Type::record()),
            ])
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync device join --store file:///home/me/Sync/convosync",
                description: "Join with six words, approved on another device",
                result: None,
            },
            Example {
                example: "convosync device join --recovery --store file:///home/me/Sync/convosync",
                description: "Join; the words are asked for",
                result: None,
            },
            Example {
                example: "open ~/recovery.txt | convosync device join --recovery",
                description: "Join with words from a file",
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
        let front = Front::new(engine, call, &["words"])?.piped_from(input.span());
        if !call.has_flag("recovery")? {
            return enrol(&front, call);
        }
        let args = JoinArgs {
            store: call.get_flag("store")?,
            device: call.get_flag("device")?,
            kind: call.get_flag("kind")?,
            words: words(engine, call.head, input)?,
        };
        match front.reply(Verb::DeviceJoin(args))? {
            Reply::Joined(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).account(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

/// Asks to join, shows the words, and waits until they are approved.
fn enrol(front: &Front<'_>, call: &EvaluatedCall) -> Result<Value, LabeledError> {
    if !std::io::stderr().is_terminal() {
        let help = "run it on a terminal, or `convosync device join --no-wait` and `--wait` of the program itself";
        return Err(wrong("there is no terminal to show the six words on", help, call.head));
    }
    let args = EnrolArgs {
        store: call.get_flag("store")?,
        device: call.get_flag("device")?,
        kind: call.get_flag("kind")?,
    };
    let Reply::Enrolling(report) = front.reply(Verb::DeviceEnrol(args))? else {
        return Err(front.unexpected());
    };
    // A terminal that is gone shows nothing; the words then expire.
    let _ = writeln!(
        std::io::stderr(),
        "Run `convosync device approve` on a device of the account, and type:\n\n  {}\n\n\
         The words are good for fifteen minutes, and once. Ctrl-C gives up.",
        harmless::line(&report.words.0)
    );
    let mut pause = Duration::from_millis(500);
    loop {
        match front.reply(Verb::DeviceEnrolled)? {
            Reply::Joined(report) => {
                tell(&report.notes);
                return Ok(Shape::at(call.head).account(&report));
            }
            Reply::EnrolWaiting(_) => {}
            _ => return Err(front.unexpected()),
        }
        let until = Instant::now() + pause;
        while Instant::now() < until {
            if front.engine().signals().interrupted() {
                front.clear_up(Verb::DeviceGiveUp);
                return Err(cancelled(call.head));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        pause = (pause * 3 / 2).min(Duration::from_secs(10));
    }
}

fn words(engine: &EngineInterface, head: Span, input: &Value) -> Result<Secret, LabeledError> {
    if let Value::String { val, .. } = input {
        return Ok(Secret(val.trim().to_owned()));
    }
    match hidden_line(engine, head, "Recovery words: ")? {
        Some(words) if words.trim().is_empty() => Err(cancelled(head)),
        Some(words) => Ok(Secret(words.trim().to_owned())),
        None => Err(wrong(
            "the recovery words are missing, and there is no terminal to ask on",
            "pipe them in: open words.txt | convosync device join --recovery",
            head,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;
    use crate::value::sample;

    #[test]
    fn words_come_through_the_pipeline() {
        let script = Script::new().answers("device-join", &Reply::Joined(sample::account()));
        let joined = script
            .eval("\"abandon ability\\n\" | convosync device join --recovery --store file:///s --device d --kind mobile")
            .unwrap();
        assert_eq!(joined, Shape::at(Span::test_data()).account(&sample::account()));
        let want = JoinArgs {
            store: Some("file:///s".to_owned()),
            device: Some("d".to_owned()),
            kind: Some("mobile".to_owned()),
            words: Secret("abandon ability".to_owned()),
        };
        assert_eq!(script.verbs(), [Verb::DeviceJoin(want)]);
    }

    #[test]
    fn nothing_is_asked_of_the_helper_before_the_way_is_clear() {
        let script = Script::new();
        // The test engine has no `input` to ask with.
        let error = script.error("convosync device join --recovery");
        assert_eq!(error.code.as_deref(), Some("convosync::argument"));
        assert!(script.verbs().is_empty());
    }
}
