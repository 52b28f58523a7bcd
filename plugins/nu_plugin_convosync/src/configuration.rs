//! `$env.config.plugins.convosync`: what the user has set for Nushell. What is wrong in it is shown
//! where it stands, and nothing is guessed.

use std::time::Duration;

use nu_protocol::{LabeledError, Span, Value};

use convosync_wire::harmless;

/// The keys, and what each may be. The plugin itself acts on those of [`Configuration`] alone.
const KEYS: &[(&str, Kind)] = &[
    ("helper", Kind::Path),
    ("watch_interval", Kind::Duration),
    ("picker_key", Kind::Text),
    ("prompt", Kind::Switch),
    ("record_history", Kind::Switch),
    ("remind_after", Kind::Duration),
    ("save_on_leave", Kind::Switch),
    ("leave_key", Kind::Text),
];

/// What a key may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Path,
    Text,
    Switch,
    Duration,
}

impl Kind {
    fn wanted(self) -> &'static str {
        match self {
            Self::Path => "a path",
            Self::Text => "a text such as \"alt-r\"",
            Self::Switch => "true or false",
            Self::Duration => "a duration such as 10sec, longer than none",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Path | Self::Text, Value::String { val, .. } | Value::Glob { val, .. }) => {
                !val.is_empty()
            }
            (Self::Switch, Value::Bool { .. }) => true,
            (Self::Duration, Value::Duration { val, .. }) => *val > 0,
            _ => false,
        }
    }
}

/// The settings that the plugin itself acts on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// The helper's path.
    pub(crate) helper: Option<String>,
    /// Between two looks of `list --watch`.
    pub(crate) watch_interval: Option<Duration>,
}

impl Configuration {
    /// Reads the record. What is nothing is as good as not there.
    ///
    /// # Errors
    ///
    /// `convosync::config::nushell`, at the value that is wrong.
    pub(crate) fn of(config: Option<Value>) -> Result<Self, LabeledError> {
        let record = match config {
            None | Some(Value::Nothing { .. }) => return Ok(Self::default()),
            Some(Value::Record { val, .. }) => val.into_owned(),
            Some(Value::Error { error, .. }) => return Err((*error).into()),
            Some(other) => {
                let message = "the plugin's configuration is no record";
                return Err(wrong(message, &example(), other.span()));
            }
        };
        let mut configuration = Self::default();
        for (name, value) in record {
            let Some((name, kind)) = KEYS.iter().find(|(known, _)| *known == name) else {
                return Err(unknown(&name, value.span()));
            };
            match value {
                Value::Nothing { .. } => {}
                Value::Error { error, .. } => return Err((*error).into()),
                value if kind.fits(&value) => configuration.take(name, &value),
                value => {
                    let message = format!("`{name}` is {}", kind.wanted());
                    return Err(wrong(message, &example(), value.span()));
                }
            }
        }
        Ok(configuration)
    }

    fn take(&mut self, name: &str, value: &Value) {
        match (name, value) {
            ("helper", Value::String { val, .. } | Value::Glob { val, .. }) => {
                self.helper = Some(val.clone());
            }
            ("watch_interval", Value::Duration { val, .. }) => {
                self.watch_interval = u64::try_from(*val).ok().map(Duration::from_nanos);
            }
            _ => {}
        }
    }
}

fn unknown(name: &str, place: Span) -> LabeledError {
    let known: Vec<_> = KEYS.iter().map(|(known, _)| *known).collect();
    let help = format!("there are {}", known.join(", "));
    wrong(format!("there is no setting `{}`", harmless::line(name)), &help, place)
}

fn wrong(message: impl Into<String>, help: &str, place: Span) -> LabeledError {
    LabeledError::new(message)
        .with_code("convosync::config::nushell")
        .with_help(help)
        .with_label("in $env.config.plugins.convosync", place)
}

fn example() -> String {
    "for example: $env.config.plugins.convosync = {helper: /path/to/convosync, watch_interval: 10sec}"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nu_protocol::record;

    fn read(record: nu_protocol::Record) -> Result<Configuration, String> {
        let read = Configuration::of(Some(Value::test_record(record)));
        read.map_err(|error| {
            assert_eq!(error.code.as_deref(), Some("convosync::config::nushell"));
            error.msg
        })
    }

    #[test]
    fn what_is_set_is_taken_and_nothing_is_needed() {
        let all = record! {
            "helper" => Value::test_string("/bin/convosync"),
            "watch_interval" => Value::test_duration(2_000_000_000),
            "picker_key" => Value::test_string("alt-r"),
            "prompt" => Value::test_bool(true),
            "record_history" => Value::test_bool(false),
            "remind_after" => Value::test_nothing(),
            "leave_key" => Value::test_string("ctrl-d"),
        };
        let want = Configuration {
            helper: Some("/bin/convosync".to_owned()),
            watch_interval: Some(Duration::from_secs(2)),
        };
        assert_eq!(read(all), Ok(want));
        assert_eq!(Configuration::of(None), Ok(Configuration::default()));
        assert_eq!(read(record! {}), Ok(Configuration::default()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value, want) in [
            ("helpr", Value::test_string("x"), "there is no setting `helpr`"),
            ("helper", Value::test_int(3), "`helper` is a path"),
            ("helper", Value::test_string(""), "`helper` is a path"),
            ("prompt", Value::test_string("yes"), "`prompt` is true or false"),
            (
                "watch_interval",
                Value::test_int(10),
                "`watch_interval` is a duration such as 10sec, longer than none",
            ),
        ] {
            assert_eq!(read(std::iter::once((name.to_owned(), value)).collect()), Err(want.into()));
        }
    }
}
