//! Coding assistants and the files in which they keep conversations on this device.
//!
//! Knows where files lie, which of them are a conversation's, and how to put them back. What
//! their lines mean is in [`convosync_core::Rules`]; no line is changed here.

mod claude_code;
mod ends;
mod gather;
mod hooks;
mod json;
mod layout;
mod listing;
mod place;
mod process;
mod registry;
mod remove;
mod slug;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use convosync_engine::ports::AssistantError;

pub use claude_code::ClaudeCodeFiles;
pub use hooks::{ClaudeHooks, HookEvent, HooksError};
pub use process::{Process, Processes, SystemProcesses};
pub use slug::project_slug;

/// What was tried with which path, and what the system said.
fn failed(verb: &str, path: &Path, error: &io::Error) -> AssistantError {
    let what = format!("could not {verb} {}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => AssistantError::Full(what),
        _ => AssistantError::Io { what, reason: error.to_string() },
    }
}

/// `None` where there is nothing; other failures stay failures.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
