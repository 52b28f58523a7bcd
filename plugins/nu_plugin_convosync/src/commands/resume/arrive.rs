//! Moves the caller to where the session is.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use convosync_wire::ResumeReport;
use nu_plugin::{EngineInterface, EvaluatedCall};
use nu_protocol::{LabeledError, PipelineData, Span, Value};

use crate::front::Front;
use convosync_wire::harmless;

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
    engine.add_env_var(
        "CONVOSYNC_SESSION",
        Value::string(harmless::line(&report.session_id), head),
    )?;
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
/// A program that the shell itself starts for a plugin is not waited for, so the plugin starts it,
/// in the foreground and in the caller's environment.
///
/// # Errors
///
/// If it can't be started; the session is back all the same.
pub(super) fn start(front: &Front<'_>, report: &ResumeReport) -> Result<(), LabeledError> {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let [program, arguments @ ..] = report.run.as_slice() else { return Ok(()) };
    if !terminal {
        return Ok(());
    }
    let _foreground = front.engine().enter_foreground()?;
    let mut assistant = Command::new(program);
    assistant.args(arguments).current_dir(&report.working_directory);
    assistant.env_clear().envs(front.caller().environment().all());
    match assistant.status() {
        // How it ended is between the user and the assistant.
        Ok(_) => Ok(()),
        Err(error) => Err(not_started(program, &error.to_string(), front.head())),
    }
}

fn not_started(program: &str, why: &str, head: Span) -> LabeledError {
    let program = harmless::line(program);
    let message = format!("the session is back, but `{program}` could not be started: {why}");
    LabeledError::new(message)
        .with_code("convosync::resume::run")
        .with_help("start it yourself: `open_with` of `convosync resume` has the command")
        .with_label("while starting it", head)
}

fn not_there(directory: &str, head: Span) -> LabeledError {
    LabeledError::new("the session was restored, but its directory can't be entered")
        .with_code("convosync::resume::directory")
        .with_help(format!("there is no directory {}", harmless::line(directory)))
        .with_label("stayed here", head)
}
