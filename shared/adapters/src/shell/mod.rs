//! The histories of the user's shells. Everything here only reads.

mod lines;
mod nushell;
mod recorded;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use convosync_core::Ran;
use convosync_engine::ports::{HistoryOf, ShellError, Shells};

/// The variable that names the history of the shell that calls: shells keep theirs to themselves.
/// Set and empty, there is none.
const HISTORY: &str = "CONVOSYNC_HISTORY";

/// At most so much is read from the end of a file: 200 commands of any length that travels.
const TAIL: u64 = 2 << 20;

/// The shells of the user who runs this.
#[derive(Debug, Clone)]
pub struct UserShells {
    recorded: PathBuf,
}

impl UserShells {
    /// Shells whose recorders write into this file.
    #[must_use]
    pub fn new(recorded: PathBuf) -> Self {
        Self { recorded }
    }
}

impl Shells for UserShells {
    fn history(&self, of: &HistoryOf<'_>) -> Result<Vec<Ran>, ShellError> {
        let own = own_file(of);
        if let Some(path) = own.as_deref().filter(|path| nushell::is_database(path)) {
            return nushell::database(path, of);
        }
        let recorded = recorded::read(&self.recorded, of.work_tree)?;
        let mut all = match own.filter(|_| of.everywhere) {
            Some(path) => lines::parse(of.shell, &tail(&path)?),
            None => Vec::new(),
        };
        all.retain(|ran| recorded.iter().all(|known| known.command != ran.command));
        all.extend(recorded);
        let surplus = all.len().saturating_sub(of.most);
        Ok(all.split_off(surplus))
    }
}

/// Where the caller's shell keeps its history: where it says, else where it does by itself.
fn own_file(of: &HistoryOf<'_>) -> Option<PathBuf> {
    if let Some(named) = of.env.get(HISTORY) {
        return (!named.is_empty()).then(|| PathBuf::from(named));
    }
    let at = |variable: &str| {
        of.env.get(variable).map(PathBuf::from).filter(|path| Path::is_absolute(path))
    };
    let below_home = |variable: &str, fallback: &str| {
        at(variable).or_else(|| at("HOME").map(|home| home.join(fallback)))
    };
    match of.shell? {
        "bash" => at("HISTFILE").or_else(|| at("HOME").map(|home| home.join(".bash_history"))),
        "zsh" => {
            at("HISTFILE").or_else(|| below_home("ZDOTDIR", "").map(|at| at.join(".zsh_history")))
        }
        // https://fishshell.com/docs/current/interactive.html#history-search
        "fish" => {
            Some(below_home("XDG_DATA_HOME", ".local/share")?.join("fish").join("fish_history"))
        }
        _ => None,
    }
}

/// The last part of a file, from the beginning of a line on. No file is an empty one.
fn tail(path: &Path) -> Result<Vec<u8>, ShellError> {
    match tail_of(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|error| failed(path, &error)),
    }
}

fn tail_of(path: &Path) -> io::Result<Vec<u8>> {
    // What is no file (a pipe, say) could be waited for without end.
    if !fs::metadata(path)?.is_file() {
        return Ok(Vec::new());
    }
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    if start > 0 {
        let line = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        bytes.drain(..line);
    }
    Ok(bytes)
}

fn failed(path: &Path, reason: &dyn std::fmt::Display) -> ShellError {
    ShellError { what: format!("could not read {}", path.display()), reason: reason.to_string() }
}

/// `path` below `top`, `/`-separated (empty: the top itself); none if it is elsewhere.
fn below(top: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(top).ok()?.components();
    let parts: Option<Vec<_>> = parts
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    Some(parts?.join("/"))
}
