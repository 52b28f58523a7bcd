//! `convosync explain`

use convosync_wire::{Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::Front;
use crate::value::{Shape, sample};

/// What a code means.
pub(crate) struct Explain;

impl SimplePluginCommand for Explain {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync explain"
    }

    fn description(&self) -> &str {
        "Say what the code of a failure means, and what to do."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["error", "code", "help"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .required(
                "code",
                SyntaxShape::String,
                "a code, as errors show it; `convosync::` may be left out",
            )
            .input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync explain save::detached-head",
                description: "Why a save was refused",
                result: Some(Shape::at(Span::test_data()).explained(&sample::explained())),
            },
            Example {
                example: "try { convosync save } catch {|error| convosync explain $error.details.code }",
                description: "Why what just failed did so",
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
        let front = Front::new(engine, call, &["code"])?;
        match front.reply(Verb::Explain { code: call.req(0)? })? {
            Reply::Explained(report) => Ok(Shape::at(call.head).explained(&report)),
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
        let script = Script::new().answers("explain", &Reply::Explained(sample::explained()));
        script.examples(&Explain);
        let code = "save::detached-head".to_owned();
        assert_eq!(script.verbs(), [Verb::Explain { code }]);
    }
}
