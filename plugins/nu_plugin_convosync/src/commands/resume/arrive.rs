//! Moves the caller to where the session is.

use std::io::IsTerminal;
use std::path::Path;

use convosync_wire::ResumeReport;
use nu_plugin::{EngineInterface, EvaluatedCall};
use nu_protocol::{LabeledError, PipelineData, Span, Value};

use crate::clean;

/// Sets `CONVOSYNC_SESSION` and changes the caller's directory.
///
/// # Errors
///
/// If the directory can't be entered; code and conversation are restored then all the same.
pub(super) fn arrive(
    engine: &EngineInterface,
    report: &ResumeReport,
    head: Span,
) -> Result<(), LabeledError> {
    enter(engine, &report.working_directory, head)?;
    engine
        .add_env_var("CONVOSYNC_SESSION", Value::string(clean::line(&report.session_id), head))?;
    Ok(())
}

fn enter(engine: &EngineInterface, directory: &str, head: Span) -> Result<(), LabeledError> {
    // Nothing checks `PWD`: a directory that is not there would break every command that follows.
    if !Path::new(directory).is_absolute() || !Path::new(directory).is_dir() {
        return Err(not_there(directory, head));
    }
    if engine.get_current_dir().is_ok_and(|here| here == directory) {
        return Ok(());
    }
    // A `cd` that the user defined or aliased can't be called from a plugin.
    if changed_by_cd(engine, directory, head) { Ok(()) } else { set(engine, directory, head) }
}

fn changed_by_cd(engine: &EngineInterface, directory: &str, head: Span) -> bool {
    let Ok(Some(cd)) = engine.find_decl("cd") else { return false };
    let call = EvaluatedCall::new(head).with_positional(Value::string(directory, head));
    engine.call_decl(cd, call, PipelineData::empty(), true, false).is_ok()
}

/// What `cd` does, without it. A slash at the end would break the shell.
fn set(engine: &EngineInterface, directory: &str, head: Span) -> Result<(), LabeledError> {
    let trimmed = directory.trim_end_matches(std::path::MAIN_SEPARATOR);
    let directory = if trimmed.is_empty() { directory } else { trimmed };
    if let Ok(here) = engine.get_current_dir() {
        engine.add_env_var("OLDPWD", Value::string(here, head))?;
    }
    Ok(engine.add_env_var("PWD", Value::string(directory, head))?)
}

/// Starts the assistant where somebody can talk to it, and waits for its end. Elsewhere nothing
/// happens: the report names the command.
///
/// # Errors
///
/// If it can't be started, or fails; the session is back all the same.
pub(super) fn start(
    engine: &EngineInterface,
    report: &ResumeReport,
    head: Span,
) -> Result<(), LabeledError> {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let [program, arguments @ ..] = report.run.as_slice() else { return Ok(()) };
    let Some(external) = engine.find_decl("run-external")?.filter(|_| terminal) else {
        return Ok(());
    };
    let words = [program].into_iter().chain(arguments);
    let call = words.fold(EvaluatedCall::new(head), |call, word| {
        call.with_positional(Value::string(clean::line(word), head))
    });
    let ended = engine.call_decl(external, call, PipelineData::empty(), false, false)?;
    ended.into_value(head)?;
    Ok(())
}

fn not_there(directory: &str, head: Span) -> LabeledError {
    LabeledError::new("the session was restored, but its directory can't be entered")
        .with_code("convosync::resume::directory")
        .with_help(format!("there is no directory {}", clean::line(directory)))
        .with_label("stayed here", head)
}
