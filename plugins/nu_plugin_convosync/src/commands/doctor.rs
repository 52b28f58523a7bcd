//! `convosync doctor`

use convosync_wire::{DoctorArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Type, Value};

use crate::ConvoSyncPlugin;
use crate::front::{Front, tell};
use crate::value::{Shape, check_type, sample};

/// Whether all that is needed is there and well.
pub(crate) struct Doctor;

impl SimplePluginCommand for Doctor {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync doctor"
    }

    fn description(&self) -> &str {
        "Look whether git, store, keys, clock and programs are well, and say what to do."
    }

    fn extra_description(&self) -> &str {
        "One row for each thing that was looked at. `state` is ok, warn or fail; `help` says what to \
         do. `convosync explain` says more of a `code`."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["check", "health", "diagnose"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch(
                "probe",
                "also write, read, list and delete an object in the store that says nothing",
                None,
            )
            .input_output_type(Type::Nothing, check_type())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync doctor",
                description: "Everything that was looked at",
                result: Some(Shape::at(Span::test_data()).checks(&sample::checks())),
            },
            Example {
                example: "convosync doctor | where state == fail | length",
                description: "How many things do not work",
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
        match front.reply(Verb::Doctor(DoctorArgs { probe: call.has_flag("probe")? }))? {
            Reply::Examined(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).checks(&report.checks))
            }
            _ => Err(front.unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;
    use convosync_wire::DoctorReport;

    fn script() -> Script {
        let report = DoctorReport { checks: sample::checks(), notes: Vec::new() };
        Script::new().answers("doctor", &Reply::Examined(report))
    }

    #[test]
    fn examples_hold() {
        script().examples(&Doctor);
    }

    #[test]
    fn the_store_is_tried_out_when_that_is_asked_for() {
        let script = script();
        script.eval("convosync doctor --probe").unwrap();
        assert_eq!(script.verbs(), [Verb::Doctor(DoctorArgs { probe: true })]);
    }
}
