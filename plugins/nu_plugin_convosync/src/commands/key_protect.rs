//! `convosync key protect`

use convosync_wire::{Answer, ProtectArgs, Reply, Secret, Verb, unlock};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::{path, refuse_both};
use crate::ask::hidden_line;
use crate::failure::wrong;
use crate::front::{Front, tell};
use crate::value::Shape;

/// Puts a passphrase on this device's key.
pub(crate) struct KeyProtect;

impl SimplePluginCommand for KeyProtect {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync key protect"
    }

    fn description(&self) -> &str {
        "Put a passphrase on this device's key, or take it off."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["passphrase", "lock", "keyring"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch("passphrase", "every command asks for a passphrase", None)
            .switch("none", "no passphrase: whoever has the key file is this device", None)
            .switch(
                "keychain",
                "ask once: the kernel's keyring remembers the opened key until logout",
                None,
            )
            .named(
                "new-passphrase-file",
                SyntaxShape::Filepath,
                "take the new passphrase from the first line of this file",
                None,
            )
            .input_output_types(vec![(Type::Nothing, Type::record())])
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync key protect --passphrase --keychain",
                description: "Ask for a passphrase once per login",
                result: None,
            },
            Example {
                example: "convosync key protect --none",
                description: "Take the passphrase off",
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
        let _ = input;
        let front = Front::new(engine, call, &[])?;
        let args = args(&front, call)?;
        match reply(&front, engine, args)? {
            Reply::Protected(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).protected(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

fn args(front: &Front<'_>, call: &EvaluatedCall) -> Result<ProtectArgs, LabeledError> {
    refuse_both(call, "passphrase", "none")?;
    refuse_both(call, "keychain", "none")?;
    let passphrase = call.has_flag("passphrase")?;
    if !passphrase && !call.has_flag("none")? {
        let help = "give --passphrase or --none";
        return Err(wrong("the kind of protection is missing", help, call.head));
    }
    let caller = front.caller();
    let new_file = path(call, "new-passphrase-file", caller.directory(), caller.home())?;
    Ok(ProtectArgs { passphrase, new: None, new_file, keychain: call.has_flag("keychain")? })
}

/// The present passphrase is asked for before the new one.
fn reply(
    front: &Front<'_>,
    engine: &EngineInterface,
    mut args: ProtectArgs,
) -> Result<Reply, LabeledError> {
    let failure = match front.ask(Verb::KeyProtect(args.clone()))? {
        Answer::Failure(failure) => failure,
        Answer::Reply(reply) => return Ok(*reply),
        _ => return Err(front.unexpected()),
    };
    if failure.code != ProtectArgs::WANTS_NEW {
        return Err(front.place_failure(&failure));
    }
    let Some(first) = hidden_line(engine, front.head(), unlock::NEW_PROMPT)? else {
        return Err(front.place_failure(&failure));
    };
    if hidden_line(engine, front.head(), unlock::AGAIN_PROMPT)?.as_ref() != Some(&first) {
        return Err(front.place_failure(&unlock::differ()));
    }
    args.new = Some(Secret(first));
    front.reply(Verb::KeyProtect(args))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;
    use convosync_wire::{Failure, ProtectReport};

    fn script() -> Script {
        let report = ProtectReport { passphrase: true, keychain: true, notes: vec![] };
        Script::new().answers("key-protect", &Reply::Protected(report))
    }

    #[test]
    fn the_file_and_the_keychain_reach_the_helper_and_no_passphrase_does() {
        let script = script();
        let line = "convosync key protect --passphrase --keychain --new-passphrase-file p";
        script.eval(line).unwrap();
        let file = script.directory().join("p").display().to_string();
        let want =
            ProtectArgs { passphrase: true, new: None, new_file: Some(file), keychain: true };
        assert_eq!(script.verbs(), [Verb::KeyProtect(want)]);
    }

    #[test]
    fn one_of_the_two_is_needed() {
        for line in ["", " --passphrase --none", " --none --keychain"] {
            let error = script().error(&format!("convosync key protect{line}"));
            assert!(error.code.unwrap().starts_with("convosync::argument"), "{line}");
        }
    }

    #[test]
    fn off_a_terminal_a_locked_key_is_an_error_at_once() {
        let locked = Failure { code: unlock::LOCKED.to_owned(), ..unlock::differ() };
        let script = Script::new().says("status", &[Answer::Failure(locked)]);
        let error = script.error("convosync status");
        assert_eq!(error.code.as_deref(), Some(unlock::LOCKED));
        assert_eq!(script.requests().len(), 1);
    }
}
