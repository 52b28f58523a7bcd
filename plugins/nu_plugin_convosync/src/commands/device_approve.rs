//! `convosync device approve`

use convosync_wire::{ApproveArgs, Reply, Secret, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Type, Value};

use crate::ConvoSyncPlugin;
use crate::ask::hidden_line;
use crate::decide::decided;
use crate::failure::wrong;
use crate::front::{Front, tell};
use crate::value::Shape;

/// Lets a device in.
pub(crate) struct DeviceApprove;

impl SimplePluginCommand for DeviceApprove {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync device approve"
    }

    fn description(&self) -> &str {
        "Let the device in that shows six words."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["pair", "trust", "join"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch("yes", "ask nothing: let the device in that the words belong to", Some('y'))
            .input_output_types(vec![
                (Type::Nothing, Type::record()),
                (Type::String, Type::record()),
            ])
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync device approve",
            description: "Type the words that the other device shows",
            result: None,
        }]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        let front = Front::new(engine, call, &["words"])?.piped_from(input.span());
        let words = words(engine, call, input)?;
        let args = ApproveArgs { words, yes: call.has_flag("yes")? };
        match decided(&front, Verb::DeviceApprove(args))? {
            Reply::Approved(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).approved(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

fn words(
    engine: &EngineInterface,
    call: &EvaluatedCall,
    input: &Value,
) -> Result<Secret, LabeledError> {
    if let Value::String { val, .. } = input {
        return Ok(Secret(val.clone()));
    }
    hidden_line(engine, call.head, "The six words on the other device: ")?.map(Secret).ok_or_else(
        || {
            let help = "pipe them in: open words.txt | convosync device approve --yes";
            wrong("the six words are missing, and there is no terminal to ask on", help, call.head)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;
    use crate::value::sample;

    #[test]
    fn the_words_come_through_the_pipeline() {
        let script = Script::new().answers("device-approve", &Reply::Approved(sample::approved()));
        script.eval("\"one two three\" | convosync device approve --yes").unwrap();
        let want = ApproveArgs { words: Secret("one two three".to_owned()), yes: true };
        assert_eq!(script.verbs(), [Verb::DeviceApprove(want)]);
    }
}
