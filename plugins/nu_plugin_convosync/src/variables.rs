//! Variables with their types, between Nushell and the wire.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, Utc};
use convosync_wire::{CallerEnv, EnvValue, Variable};
use nu_protocol::{Record, Span, Value};

/// Values inside of values: what is deeper has no form that travels.
const DEEPEST: usize = 16;

/// The caller's variables with their types. Which of them travel is not decided here.
pub(crate) fn caller_env(variables: HashMap<String, Value>) -> CallerEnv {
    let mut env = CallerEnv::default();
    for (name, value) in variables {
        match of_nushell(&value, DEEPEST) {
            Some(value) => env.variables.push(Variable { name, value }),
            None => env.formless.push(name),
        }
    }
    env.variables.sort_by(|one, other| one.name.cmp(&other.name));
    env.formless.sort();
    env
}

fn of_nushell(value: &Value, depth: usize) -> Option<EnvValue> {
    let depth = depth.checked_sub(1)?;
    Some(match value {
        Value::Nothing { .. } => EnvValue::Nothing,
        Value::Bool { val, .. } => EnvValue::Bool(*val),
        Value::Int { val, .. } => EnvValue::Int(*val),
        Value::Float { val, .. } if val.is_finite() => EnvValue::Float(*val),
        Value::Duration { val, .. } => EnvValue::Duration(*val),
        Value::Filesize { val, .. } => EnvValue::Size(val.get()),
        Value::Date { val, .. } => EnvValue::Date {
            nanos: val.timestamp_nanos_opt()?,
            offset: val.offset().local_minus_utc(),
        },
        Value::String { val, .. } | Value::Glob { val, .. } => EnvValue::Text(val.clone()),
        Value::List { vals, .. } => EnvValue::List(
            vals.iter().map(|value| of_nushell(value, depth)).collect::<Option<_>>()?,
        ),
        Value::Record { val, .. } => EnvValue::Record(
            val.iter()
                .map(|(name, value)| Some((name.clone(), of_nushell(value, depth)?)))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

/// The value as Nushell has it. A moment that no calendar has is nothing.
pub(crate) fn to_nushell(value: &EnvValue, span: Span) -> Value {
    match value {
        EnvValue::Nothing => Value::nothing(span),
        EnvValue::Bool(flag) => Value::bool(*flag, span),
        EnvValue::Int(number) => Value::int(*number, span),
        EnvValue::Float(number) => Value::float(*number, span),
        EnvValue::Duration(nanos) => Value::duration(*nanos, span),
        EnvValue::Size(bytes) => Value::filesize(*bytes, span),
        EnvValue::Date { nanos, offset } => match FixedOffset::east_opt(*offset) {
            Some(zone) => {
                let moment: DateTime<Utc> = DateTime::from_timestamp_nanos(*nanos);
                Value::date(moment.with_timezone(&zone), span)
            }
            None => Value::nothing(span),
        },
        EnvValue::Text(text) => Value::string(text, span),
        EnvValue::List(values) => {
            Value::list(values.iter().map(|value| to_nushell(value, span)).collect(), span)
        }
        EnvValue::Record(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), to_nushell(value, span)));
            Value::record(fields.collect::<Record>(), span)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nu_protocol::record;

    #[test]
    fn every_type_comes_back_as_it_was() {
        let zone = FixedOffset::east_opt(5400).expect("a zone");
        let moment = DateTime::from_timestamp_nanos(1_700_000_000_123_456_789);
        let values = [
            Value::test_nothing(),
            Value::test_bool(true),
            Value::test_int(5),
            Value::test_float(5.0),
            Value::test_duration(1_500_000_000),
            Value::test_filesize(1000),
            Value::test_date(moment.with_timezone(&zone)),
            Value::test_string("5"),
            Value::test_list(vec![Value::test_string("a"), Value::test_int(1)]),
            Value::test_record(
                record! { "b" => Value::test_string("x"), "a" => Value::test_int(1) },
            ),
        ];
        for value in values {
            let env = caller_env(HashMap::from([("APP".to_owned(), value.clone())]));
            assert_eq!(to_nushell(&env.variables[0].value, Span::test_data()), value);
        }
    }

    #[test]
    fn what_has_no_form_is_named() {
        let mut deep = Value::test_int(1);
        for _ in 0..DEEPEST {
            deep = Value::test_list(vec![deep]);
        }
        let env = caller_env(HashMap::from([
            ("DEEP".to_owned(), deep),
            ("NAN".to_owned(), Value::test_float(f64::NAN)),
            ("RANGE".to_owned(), Value::test_binary([1])),
        ]));
        assert_eq!(env.formless, ["DEEP", "NAN", "RANGE"]);
        assert!(env.variables.is_empty());
    }

    #[test]
    fn a_moment_in_no_time_zone_is_nothing() {
        let odd = EnvValue::Date { nanos: 0, offset: i32::MAX };
        assert_eq!(to_nushell(&odd, Span::test_data()), Value::test_nothing());
    }
}
