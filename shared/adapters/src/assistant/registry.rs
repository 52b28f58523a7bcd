//! Which conversations are open now, as Claude Code writes it down in `sessions/<pid>.json`.
//!
//! The client removes its entry at exit; one that was killed leaves it, hence the look at the
//! process itself. The key files beside the entries are never opened.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use convosync_engine::ports::{AssistantError, Live};
use serde::Deserialize;
use serde_json::Value;

use super::process::{Process, Processes};
use super::{failed, if_there};

/// An entry has some hundred bytes; more is none.
const LONGEST_ENTRY: u64 = 64 * 1024;

/// An open conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) id: String,
    pub(crate) directory: PathBuf,
    pub(crate) live: Live,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    pid: u32,
    session_id: String,
    #[serde(default)]
    cwd: String,
    /// Text today; a number would mean the same.
    #[serde(default)]
    proc_start: Value,
    #[serde(default)]
    tmux: Value,
}

/// The caller as its environment tells: set in the assistant's tools, commands and hooks.
pub(crate) struct Caller<'a> {
    pub(crate) id: &'a str,
    pid: Option<u32>,
}

impl<'a> Caller<'a> {
    /// `None` outside of Claude Code, and where the variables outlived it (a terminal
    /// multiplexer that was started inside keeps them).
    pub(crate) fn of(env: &'a BTreeMap<String, String>, processes: &dyn Processes) -> Option<Self> {
        let id = env.get("CLAUDE_CODE_SESSION_ID").filter(|id| !id.is_empty())?;
        let pid = env.get("CLAUDE_PID").and_then(|pid| pid.parse().ok());
        let gone = pid.is_some_and(|pid| processes.look(pid) == Process::Gone);
        (!gone).then_some(Self { id, pid })
    }

    /// The caller as a live conversation, if its process is known.
    pub(crate) fn live(&self) -> Option<Live> {
        self.pid.map(|pid| Live { pid, pane: None, is_caller: true })
    }
}

/// The open conversations: that of the caller first, then by process id.
pub(crate) fn open_now(
    config: &Path,
    processes: &dyn Processes,
    caller: Option<&Caller<'_>>,
) -> Result<Vec<Open>, AssistantError> {
    let folder = config.join("sessions");
    let Some(listing) =
        if_there(fs::read_dir(&folder)).map_err(|error| failed("read", &folder, &error))?
    else {
        return Ok(Vec::new());
    };
    let mut open: Vec<Open> = listing
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .filter_map(|path| read_entry(&path))
        .filter(|entry| is_running(entry, processes))
        .map(|entry| entry.into_open(caller))
        .collect();
    open.sort_by_key(|open| (!open.live.is_caller, open.live.pid));
    Ok(open)
}

/// An entry that can't be read is being written, or removed: it counts as none.
fn read_entry(path: &Path) -> Option<Entry> {
    // A pipe would hold us up.
    fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
    let mut text = Vec::new();
    File::open(path).ok()?.take(LONGEST_ENTRY).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Whether the process that made the entry still runs: its id may belong to another one by now.
fn is_running(entry: &Entry, processes: &dyn Processes) -> bool {
    let Process::Running { started } = processes.look(entry.pid) else {
        return false;
    };
    match (text_of(&entry.proc_start), started) {
        (Some(then), Some(now)) => then == now,
        _ => true,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Entry {
    fn into_open(self, caller: Option<&Caller<'_>>) -> Open {
        // Where the caller's process is unknown, its conversation has to do.
        let is_caller = caller.is_some_and(|caller| {
            caller.id == self.session_id && caller.pid.is_none_or(|pid| pid == self.pid)
        });
        let live = Live { pid: self.pid, pane: text_of(&self.tmux), is_caller };
        Open { id: self.session_id, directory: PathBuf::from(self.cwd), live }
    }
}
