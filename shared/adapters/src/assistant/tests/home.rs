//! A device of its own for each test: a config folder, work trees and processes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use convosync_core::{ConversationId, FilePath};
use convosync_engine::ports::{Assistant, Found, Here, Placement, ScratchFile, SourceFile};
use serde_json::json;
use tempfile::TempDir;

use crate::{ClaudeCodeFiles, Process, Processes, project_slug};

/// Ids of conversations, easy to tell apart.
pub(super) const ONE: &str = "11111111-0000-4000-8000-000000000001";
pub(super) const TWO: &str = "22222222-0000-4000-8000-000000000002";
pub(super) const THREE: &str = "33333333-0000-4000-8000-000000000003";

pub(super) fn id(text: &str) -> ConversationId {
    text.parse().expect("a conversation id")
}

/// Processes that a test has set: id and start.
#[derive(Clone, Default)]
struct SetProcesses(BTreeMap<u32, String>);

impl Processes for SetProcesses {
    fn look(&self, pid: u32) -> Process {
        self.0
            .get(&pid)
            .map_or(Process::Gone, |started| Process::Running { started: Some(started.clone()) })
    }

    fn variable(&self, _pid: u32, _name: &str) -> Option<String> {
        None
    }
}

/// A device.
pub(super) struct Home {
    dir: TempDir,
    processes: SetProcesses,
    pub(super) env: BTreeMap<String, String>,
}

impl Home {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let home = Self { dir, processes: SetProcesses::default(), env: BTreeMap::new() };
        fs::create_dir_all(home.tree().join("src")).expect("a work tree");
        home
    }

    /// The real path of something on this device.
    pub(super) fn path(&self, rest: &str) -> PathBuf {
        self.dir.path().canonicalize().expect("the folder is there").join(rest)
    }

    pub(super) fn config(&self) -> PathBuf {
        self.path(".claude")
    }

    /// The work tree that the user is in.
    pub(super) fn tree(&self) -> PathBuf {
        self.path("work/app")
    }

    pub(super) fn claude(&self) -> ClaudeCodeFiles {
        ClaudeCodeFiles::new(self.config(), Box::new(self.processes.clone()))
    }

    pub(super) fn project(&self, directory: &Path) -> PathBuf {
        let slug = project_slug(directory.to_str().expect("test paths are text"));
        self.config().join("projects").join(slug)
    }

    pub(super) fn write(&self, path: &Path, bytes: &[u8]) {
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }

    /// A transcript held in `directory`, changed at a second of 1970.
    pub(super) fn transcript(&self, directory: &Path, id: &str, second: u64, bytes: &[u8]) {
        let path = self.project(directory).join(format!("{id}.jsonl"));
        self.write(&path, bytes);
        let file = File::options().write(true).open(&path).expect("just written");
        file.set_modified(UNIX_EPOCH + Duration::from_secs(second)).expect("a time");
    }

    /// A process that runs, and an entry of the client for a process.
    pub(super) fn running(&mut self, pid: u32, started: &str) {
        self.processes.0.insert(pid, started.to_owned());
    }

    pub(super) fn entry(&self, pid: u32, started: &str, id: &str, directory: &Path) {
        let entry = json!({
            "pid": pid, "sessionId": id, "cwd": directory, "procStart": started,
            "tmux": format!("t1:@0.%{pid}"), "status": "idle",
        });
        self.write(
            &self.config().join(format!("sessions/{pid}.json")),
            entry.to_string().as_bytes(),
        );
    }

    pub(super) fn with_here<T>(&self, ask: impl FnOnce(&Here<'_>) -> T) -> T {
        let tree = self.tree();
        ask(&Here { work_tree: &tree, directory: &tree, env: &self.env })
    }

    pub(super) fn conversations(&self) -> Vec<Found> {
        self.with_here(|here| self.claude().conversations(here)).expect("the folders can be read")
    }

    /// The listed conversations by the first digit of their ids.
    pub(super) fn listed(&self) -> String {
        self.conversations().iter().map(|found| &found.id.as_str()[..1]).collect()
    }

    /// Places files for a directory and gives the transcript's path.
    pub(super) fn place(
        &self,
        name: &str,
        directory: &Path,
        files: &[(&str, &[u8])],
    ) -> Result<PathBuf, convosync_engine::ports::AssistantError> {
        let id = id(name);
        let to = Placement { id: &id, directory, modified_ms: None };
        let files = files.iter().map(|(logical, bytes)| {
            (logical.parse::<FilePath>().expect("a file path"), scratch(bytes))
        });
        self.claude().place(&to, files.collect()).map(|placed| placed.transcript)
    }
}

/// A file that is read by its length.
pub(super) fn contents(claude: &ClaudeCodeFiles, file: &SourceFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    let opened = claude.open(file).expect("it was just listed");
    opened.take(file.len).read_to_end(&mut bytes).expect("it can be read");
    bytes
}

/// A line of the user's, as the client writes it: `cwd` comes late.
pub(super) fn user(prompt: &str, directory: &Path) -> Vec<u8> {
    let message = json!({"role": "user", "content": prompt});
    let line = json!({
        "parentUuid": null, "isSidechain": false, "type": "user", "message": message,
        "uuid": "00000000-0000-4000-8000-000000000000", "cwd": directory,
    });
    format!("{line}\n").into_bytes()
}

pub(super) fn relocated(directory: &Path) -> Vec<u8> {
    let line = json!({"type": "relocated", "relocatedCwd": directory});
    format!("{line}\n").into_bytes()
}

fn scratch(bytes: &[u8]) -> Box<dyn ScratchFile> {
    // As it comes from the engine: written, and standing at its end.
    let mut cursor = Cursor::new(Vec::new());
    cursor.write_all(bytes).expect("memory takes it");
    Box::new(MemoryFile(cursor))
}

struct MemoryFile(Cursor<Vec<u8>>);

impl Read for MemoryFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}
impl Write for MemoryFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl Seek for MemoryFile {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        self.0.seek(pos)
    }
}
impl ScratchFile for MemoryFile {
    fn path(&self) -> &Path {
        Path::new("/nonexistent")
    }
}
