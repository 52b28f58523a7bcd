//! `convosync config set`

use convosync_wire::{ConfigArgs, Reply, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{Example, LabeledError, Signature, SyntaxShape, Type, Value};

use super::config::MORE;
use crate::ConvoSyncPlugin;
use crate::argument::refuse_both;
use crate::complete::{Offer, offers};
use crate::decide::decided;
use crate::failure::wrong;
use crate::front::{Front, tell};
use crate::value::Shape;

/// Change one setting.
pub(crate) struct ConfigSet;

impl SimplePluginCommand for ConfigSet {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync config set"
    }

    fn description(&self) -> &str {
        "Change one setting."
    }

    fn extra_description(&self) -> &str {
        MORE
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["settings", "options"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .required("key", SyntaxShape::String, "e.g. retention.days")
            .required("value", SyntaxShape::Any, "its value, or a list of texts")
            .switch(
                "hooks",
                "for auto_sync: let Claude Code call ConvoSync (changes its settings.json)",
                None,
            )
            .switch("no-hooks", "for auto_sync: leave the settings of Claude Code alone", None)
            .input_output_type(Type::Nothing, Type::Any)
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![Example {
            example: "convosync config set retention.days 30",
            description: "Change one setting",
            result: Some(Value::test_int(30)),
        }]
    }

    offers! {
        ArgType::Positional(0) => Offer::Settings,
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        let front = Front::new(engine, call, &["key", "value"])?;
        refuse_both(call, "hooks", "no-hooks")?;
        let hooks = match (call.has_flag("hooks")?, call.has_flag("no-hooks")?) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        let args = ConfigArgs::Set { key: call.req(0)?, value: text(&call.req(1)?)?, hooks };
        match decided(&front, Verb::Config(args))? {
            Reply::Config(report) => {
                tell(&report.notes);
                Ok(Shape::at(call.head).setting(&report))
            }
            _ => Err(front.unexpected()),
        }
    }
}

/// A value as the file has it.
fn text(value: &Value) -> Result<String, LabeledError> {
    Ok(match value {
        Value::Bool { val, .. } => val.to_string(),
        Value::Int { val, .. } => val.to_string(),
        Value::Filesize { val, .. } => val.get().to_string(),
        Value::String { val, .. } => val.clone(),
        Value::List { vals, .. } => {
            let mut texts = Vec::with_capacity(vals.len());
            for item in vals {
                texts.push(item.as_str()?);
            }
            // A list of JSON texts is one of TOML texts too.
            serde_json::Value::from(texts).to_string()
        }
        other => {
            let help = "give true, false, a number, a text, a size or a list of texts";
            return Err(wrong("this is no value of a setting", help, other.span()));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;
    use crate::value::sample;

    #[test]
    fn examples_hold() {
        let script = Script::new().answers("config", &Reply::Config(sample::config()));
        script.examples(&ConfigSet);
        assert_eq!(
            script.verbs(),
            [Verb::Config(ConfigArgs::Set {
                key: "retention.days".to_owned(),
                value: "30".to_owned(),
                hooks: None,
            })]
        );
    }

    #[test]
    fn lists_sizes_and_switches_become_toml() {
        let told = |value: Value| text(&value).unwrap();
        assert_eq!(told(Value::test_bool(true)), "true");
        assert_eq!(told(Value::test_filesize(2_000_000_000)), "2000000000");
        assert_eq!(told(Value::test_string("100 MB")), "100 MB");
        let list = vec![Value::test_string("main"), Value::test_string("a\"b")];
        assert_eq!(told(Value::test_list(list)), r#"["main","a\"b"]"#);
        assert!(text(&Value::test_nothing()).is_err());
    }
}
