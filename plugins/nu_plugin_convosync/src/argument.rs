//! Arguments that several commands read alike.

use std::path::Path;
use std::str::FromStr;

use nu_plugin::EvaluatedCall;
use nu_protocol::{Completion, Flag, LabeledError, Span, Spanned, SyntaxShape, Value};

use crate::failure::wrong;
use crate::helper::expand_home;

/// A save that the user named: by its session, and perhaps by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The session's id or a prefix of it.
    pub(crate) session: String,
    /// The save, where a row of `convosync log` was given.
    pub(crate) save: Option<String>,
    /// Where it was named.
    pub(crate) place: Span,
}

/// The session that was named as the first argument, else by what came through the pipeline: an
/// id, a row of `convosync list` or `convosync log`, or a table with one such row.
pub(crate) fn session(call: &EvaluatedCall, input: &Value) -> Result<Option<Named>, LabeledError> {
    if let Some(Spanned { item, span }) = call.opt::<Spanned<String>>(0)? {
        return Ok(Some(Named { session: item, save: None, place: span }));
    }
    piped_session(input)
}

/// As [`session`], where there has to be one.
pub(crate) fn needed_session(call: &EvaluatedCall, input: &Value) -> Result<Named, LabeledError> {
    let help = "name it, or pipe a row of `convosync list` in";
    session(call, input)?.ok_or_else(|| wrong("which session?", help, call.head))
}

/// The sessions that were named as arguments, else by what came through the pipeline: ids, or rows
/// of `convosync list`.
pub(crate) fn sessions(call: &EvaluatedCall, input: &Value) -> Result<Vec<String>, LabeledError> {
    let named: Vec<Value> = call.rest(0)?;
    let (values, place) = match (named.is_empty(), input) {
        (false, _) => (named, call.head),
        (true, Value::List { vals, .. }) => (vals.to_vec(), input.span()),
        (true, input) => (vec![input.clone()], input.span()),
    };
    let mut sessions = Vec::new();
    for value in &values {
        // A list in a variable is as good as its items.
        let items = match value {
            Value::List { vals, .. } => vals.to_vec(),
            value => vec![value.clone()],
        };
        for item in &items {
            sessions.extend(piped_session(item)?.map(|named| named.session));
        }
    }
    if sessions.is_empty() {
        let help = "name one or more, or pipe rows of `convosync list` in";
        return Err(wrong("which session?", help, place));
    }
    Ok(sessions)
}

/// The session that came through the pipeline, if anything did.
pub(crate) fn piped_session(input: &Value) -> Result<Option<Named>, LabeledError> {
    let place = input.span();
    let help = "pipe one row of `convosync list` in, or name the session";
    match input {
        Value::Nothing { .. } => Ok(None),
        Value::String { val, .. } => {
            Ok(Some(Named { session: val.trim().to_owned(), save: None, place }))
        }
        Value::Record { val, .. } => {
            let text = |column| val.get(column).and_then(|value| value.as_str().ok());
            let session = text("session_id")
                .ok_or_else(|| wrong("the record has no `session_id`", help, place))?;
            let save = text("save").map(str::to_owned);
            Ok(Some(Named { session: session.to_owned(), save, place }))
        }
        Value::List { vals, .. } => match vals.as_slice() {
            [row] => piped_session(row),
            [] => Err(wrong("there is no row", help, place)),
            rows => {
                let message = format!("there are {} rows, and one is needed", rows.len());
                Err(wrong(message, "add `| first`, or narrow it with `where`", place))
            }
        },
        Value::Error { error, .. } => Err((**error).clone().into()),
        _ => Err(wrong("this names no session", help, place)),
    }
}

/// A flag's value of a type that knows its own words.
pub(crate) fn choice<T>(call: &EvaluatedCall, flag: &str) -> Result<Option<T>, LabeledError>
where
    T: FromStr<Err = String>,
{
    let Some(Spanned { item, span }) = call.get_flag::<Spanned<String>>(flag)? else {
        return Ok(None);
    };
    let parsed = item.parse().map_err(|message| wrong(message, "press Tab to choose one", span));
    parsed.map(Some)
}

/// A flag's path, absolute.
pub(crate) fn path(
    call: &EvaluatedCall,
    flag: &str,
    directory: &str,
    home: Option<&str>,
) -> Result<Option<String>, LabeledError> {
    let given: Option<String> = call.get_flag(flag)?;
    let absolute = |path: String| Path::new(directory).join(expand_home(&path, home));
    Ok(given.map(|path| absolute(path).to_string_lossy().into_owned()))
}

/// Two arguments that contradict each other.
pub(crate) fn refuse_both(
    call: &EvaluatedCall,
    one: &str,
    other: &str,
) -> Result<(), LabeledError> {
    match (is_given(call, one), is_given(call, other)) {
        (true, true) => {
            let place = |flag| call.get_flag_span(flag).unwrap_or(call.head);
            let message = format!("--{one} and --{other} contradict each other");
            let error = wrong(message, "pass one of them", place(one));
            Err(error.with_label("and this", place(other)))
        }
        _ => Ok(()),
    }
}

fn is_given(call: &EvaluatedCall, flag: &str) -> bool {
    match call.get_flag_value(flag) {
        Some(Value::Bool { val, .. }) => val,
        Some(_) => true,
        None => call.get_flag_span(flag).is_some(),
    }
}

/// A flag with a text.
pub(crate) fn text_flag(name: &str, about: &str) -> Flag {
    Flag::new(name).arg(SyntaxShape::String).desc(about)
}

/// A flag with one of some words.
pub(crate) fn word_flag(name: &str, words: Completion, about: &str) -> Flag {
    text_flag(name, about).completion(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nu_protocol::record;

    fn row(fields: &[(&str, &str)]) -> Value {
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), Value::test_string(*v)));
        Value::test_record(fields.collect::<nu_protocol::Record>())
    }

    #[track_caller]
    fn check(input: Value, want: Result<Option<(&str, Option<&str>)>, &str>) {
        let got = piped_session(&input);
        let got = match &got {
            Ok(named) => Ok(named.as_ref().map(|n| (n.session.as_str(), n.save.as_deref()))),
            Err(error) => Err(error.msg.as_str()),
        };
        assert_eq!(got, want);
    }

    #[test]
    fn a_row_or_an_id_names_a_session() {
        let listed = row(&[("session_id", "session-a")]);
        let logged = row(&[("session_id", "session-a"), ("save", "00000001-x")]);
        check(Value::test_nothing(), Ok(None));
        check(Value::test_string("session-a\n"), Ok(Some(("session-a", None))));
        check(listed.clone(), Ok(Some(("session-a", None))));
        check(Value::test_list(vec![listed.clone()]), Ok(Some(("session-a", None))));
        check(logged, Ok(Some(("session-a", Some("00000001-x")))));
        check(Value::test_list(vec![]), Err("there is no row"));
        let two = Value::test_list(vec![listed.clone(), listed]);
        check(two, Err("there are 2 rows, and one is needed"));
        check(Value::test_record(record! {}), Err("the record has no `session_id`"));
        check(Value::test_int(3), Err("this names no session"));
    }
}
