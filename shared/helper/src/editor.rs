//! The user's editor.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::surroundings::Env;

/// `$VISUAL`, else `$EDITOR`, else `vi`.
pub(crate) fn name(env: &Env) -> &str {
    let set = |name: &str| env.get(name).filter(|value| !value.trim().is_empty());
    set("VISUAL").or_else(|| set("EDITOR")).map_or("vi", String::as_str)
}

/// Lets the user edit files, on the terminal that we have, and waits for it.
///
/// # Errors
///
/// Why the editor did not do it.
pub(crate) fn edit<S: AsRef<OsStr>>(
    env: &Env,
    directory: Option<&Path>,
    files: impl IntoIterator<Item = S>,
) -> Result<(), String> {
    // An editor may have arguments; the paths are no part of the shell's text.
    let command = format!("{} \"$@\"", name(env));
    let mut shell = Command::new("sh");
    shell.args(["-c", &command, "sh"]).args(files);
    if let Some(directory) = directory {
        shell.current_dir(directory);
    }
    match shell.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("it ended with {status}")),
        Err(error) => Err(error.to_string()),
    }
}
