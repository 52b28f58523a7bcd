//! `convosync store allow` and its opposite, `convosync store forbid`

use convosync_wire::{ConsentArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::decide::decided;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// Lets this repository's origin hold its sealed sessions.
pub(crate) struct StoreAllow;

/// Takes that back.
pub(crate) struct StoreForbid;

impl SimplePluginCommand for StoreAllow {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync store allow"
    }

    fn description(&self) -> &str {
        "Let this repository's origin hold its sealed sessions."
    }

    fn extra_description(&self) -> &str {
        "For `convosync init --store origin`. Says who can fetch them there, and asks."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["origin", "permit"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch("yes", "ask nothing", Some('y'))
            .input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync store allow --yes",
            description: "Without a question",
            result: Some(Shape::at(Span::test_data()).consented(&sample::consented())),
        }]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        consent(engine, call, ConsentArgs { allow: true, yes: call.has_flag("yes")? })
    }
}

impl SimplePluginCommand for StoreForbid {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync store forbid"
    }

    fn description(&self) -> &str {
        "Send no more sessions to this repository's origin."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["origin", "permit"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name()).input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync store forbid",
            description: "New sessions of this repository wait on this device",
            result: None,
        }]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        consent(engine, call, ConsentArgs { allow: false, yes: false })
    }
}

fn consent(
    engine: &EngineInterface,
    call: &EvaluatedCall,
    args: ConsentArgs,
) -> Result<Value, LabeledError> {
    let front = Front::new(engine, call, &[])?;
    match decided(&front, Verb::StoreConsent(args))? {
        Reply::Consented(report) => {
            tell(&report.notes);
            Ok(Shape::at(call.head).consented(&report))
        }
        _ => Err(front.unexpected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    #[test]
    fn examples_hold_and_flags_reach_the_helper() {
        let reply = Reply::Consented(sample::consented());
        let script = Script::new().answers("store-consent", &reply);
        script.examples(&StoreAllow);
        script.eval("convosync store forbid").unwrap();
        let verb = |allow, yes| Verb::StoreConsent(ConsentArgs { allow, yes });
        assert_eq!(script.verbs(), [verb(true, true), verb(false, false)]);
    }
}
