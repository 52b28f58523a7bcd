//! Takes over what came of the other terminal: variables, and commands if they are wanted.

use convosync_wire::{CommandRow, Note, ResumeReport};
use nu_plugin::{EngineInterface, EvaluatedCall};
use nu_protocol::{LabeledError, PipelineData, Span, Value, record};

use crate::value::Shape;
use crate::variables::to_nushell;

/// Sets the variables that the helper let in.
pub(super) fn set_env(
    engine: &EngineInterface,
    report: &ResumeReport,
    head: Span,
) -> Result<(), LabeledError> {
    for variable in &report.env {
        engine.add_env_var(&variable.name, to_nushell(&variable.value, head))?;
    }
    Ok(())
}

/// Puts commands into Nushell's own history, by Nushell's own means. That it can't be done is told:
/// the session is back all the same.
pub(super) fn import_history(
    engine: &EngineInterface,
    report: &ResumeReport,
    head: Span,
) -> Option<Note> {
    if report.history.is_empty() {
        return None;
    }
    let rows = report.history.iter().map(|row| imported(row, report, head)).collect();
    let why = match imported_by(engine, Value::list(rows, head), head) {
        Ok(()) => return None,
        Err(why) => why,
    };
    Some(Note {
        code: "convosync::history::not-imported".to_owned(),
        text: format!("the commands did not go into the history: {why}"),
        help: Some("they are in the column `history` of what `resume` gives".to_owned()),
    })
}

fn imported_by(engine: &EngineInterface, rows: Value, head: Span) -> Result<(), String> {
    let told = |error: nu_protocol::ShellError| error.to_string();
    let import = engine.find_decl("history import").map_err(told)?;
    let import = import.ok_or_else(|| "this Nushell has no `history import`".to_owned())?;
    let call = EvaluatedCall::new(head);
    let input = PipelineData::value(rows, None);
    engine.call_decl(import, call, input, true, false).map(drop).map_err(told)
}

/// A row as `history import` takes it; as if it had been run where the session is now.
fn imported(row: &CommandRow, report: &ResumeReport, head: Span) -> Value {
    let mut record = record! { "command" => Value::string(&row.command, head) };
    let shape = Shape::at(head);
    if let Some(timestamp) = row.timestamp {
        record.push("start_timestamp", shape.date(timestamp));
    }
    if let Some(code) = row.exit_code {
        record.push("exit_status", Value::int(code, head));
    }
    record.push("cwd", shape.line(&report.working_directory));
    Value::record(record, head)
}
