//! Running other programs, and saying why one did not do its work.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Why a task stopped: what happened, and what to do if that is known.
#[derive(Debug)]
pub(crate) struct Failed {
    what: String,
    help: Option<String>,
}

impl Failed {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), help: None }
    }

    /// The same, with what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What happened and what to do, for what goes on without it.
    pub(crate) fn told(&self) -> String {
        self.help.iter().fold(self.what.clone(), |told, help| format!("{told}\n{help}"))
    }

    /// For `map_err` on what is done to the file or folder at `path`.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::new(format!("{path}: {error}"))
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.told())
    }
}

/// The cargo that runs this task, in `folder`.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    command
}

/// Runs `command` with this task's own output.
pub(crate) fn run(command: &mut Command) -> Result<(), Failed> {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failed::new(format!("{} ended with {status}", shown(command))))
    }
}

/// What `command` writes to its standard output, without the final line end.
pub(crate) fn output(command: &mut Command) -> Result<String, Failed> {
    let output = finished(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Err(Failed::new(format!("{} ended with {}", shown(command), output.status)).help(said))
}

/// `command` after its end, whatever its end was.
pub(crate) fn finished(command: &mut Command) -> Result<Output, Failed> {
    command.stdin(Stdio::null()).output().map_err(|error| not_started(command, &error))
}

/// The stream of a child that [`watch`] reads; the other one is inherited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// Runs `command`, passing one of its streams on line by line, and `see`ing every line.
///
/// Returns whether it succeeded.
pub(crate) fn watch(
    command: &mut Command,
    stream: Stream,
    mut see: impl FnMut(&str),
) -> Result<bool, Failed> {
    match stream {
        Stream::Out => command.stdout(Stdio::piped()),
        Stream::Err => command.stderr(Stdio::piped()),
    };
    let mut child = command.spawn().map_err(|error| not_started(command, &error))?;
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let lines = out
        .as_mut()
        .map(|o| o as &mut dyn io::Read)
        .or(err.as_mut().map(|e| e as &mut dyn io::Read));
    let mut lines = BufReader::new(lines.expect("one of the streams was piped"));
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        pass_on(stream, &line);
        see(&String::from_utf8_lossy(&line));
        line.clear();
    }
    let status = child.wait().map_err(|error| not_started(command, &error))?;
    Ok(status.success())
}

/// A reader that has gone away (`| head`) does not stop the task.
fn pass_on(stream: Stream, line: &[u8]) {
    let _ = match stream {
        Stream::Out => io::stdout().write_all(line),
        Stream::Err => io::stderr().write_all(line),
    };
}

fn not_started(command: &Command, error: &io::Error) -> Failed {
    Failed::new(format!("`{}` can't be run: {error}", command.get_program().to_string_lossy()))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    format!("`{}`", words.map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" "))
}
