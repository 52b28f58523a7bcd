//! The Zellij sessions that need a watch: a file for each, so that whoever watches next finds them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use convosync_adapters::{Process, Processes, SystemProcesses};
use serde::{Deserialize, Serialize};

use crate::prompts::replace;
use crate::surroundings::Env;
use crate::zellij::Speaker;

/// A longer file is none of ours.
const LONGEST: u64 = 64 * 1024;

/// A Zellij session that is told of news as long as its server runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needing {
    /// Its server's process.
    pub(crate) server: u32,
    /// When that was started, where the system tells: its number may be another's later.
    started: Option<String>,
    /// How it is spoken to.
    pub(crate) speaker: Speaker,
}

impl Needing {
    /// The session of that name, whose server is this process. None: there is no such process.
    pub(crate) fn new(session: &str, server: u32, env: &Env) -> Option<Self> {
        let Process::Running { started } = SystemProcesses.look(server) else { return None };
        Some(Self { server, started, speaker: Speaker::new(session, env) })
    }

    fn lives(&self) -> bool {
        let started = self.started.clone();
        SystemProcesses.look(self.server) == Process::Running { started }
    }
}

/// Those that need a watch.
#[derive(Debug, Clone)]
pub(crate) struct Needed {
    folder: PathBuf,
}

impl Needed {
    /// Those that are written down in `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes the folder, for those that are to come.
    pub(crate) fn make(&self) {
        // Whoever comes makes it, or says why that can't be.
        let _ = fs::create_dir_all(&self.folder);
    }

    /// Writes one down. A server has one session: under a new name it takes the old one's place.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub(crate) fn add(&self, needing: &Needing) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        replace(&self.file(needing.server), &serde_json::to_string(needing)?)
    }

    /// Those whose servers run, by their number. The others, and what can't be read, are forgotten.
    pub(crate) fn all(&self) -> Vec<Needing> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| is_whole(path));
        let mut all: Vec<_> = files
            .filter_map(|path| {
                let needing = read(&path).filter(Needing::lives);
                if needing.is_none() {
                    let _ = fs::remove_file(path);
                }
                needing
            })
            .collect();
        all.sort_by_key(|needing| needing.server);
        all
    }

    fn file(&self, server: u32) -> PathBuf {
        self.folder.join(format!("{server}.json"))
    }
}

/// Not one that is just being written.
fn is_whole(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "json")
}

fn read(path: &Path) -> Option<Needing> {
    if fs::metadata(path).ok()?.len() > LONGEST {
        return None;
    }
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn needed() -> (tempfile::TempDir, Needed) {
        let folder = tempfile::tempdir().expect("a folder");
        let needed = Needed::new(folder.path().join("watch"));
        (folder, needed)
    }

    fn names(needed: &Needed) -> Vec<String> {
        needed.all().iter().map(|needing| needing.speaker.session().to_owned()).collect()
    }

    #[test]
    fn a_session_is_known_as_long_as_its_server_runs() {
        let (_folder, needed) = needed();
        assert_eq!(names(&needed), [""; 0]);
        let mut server = Command::new("sleep").arg("1000").spawn().expect("it starts");
        let one = Needing::new("one", server.id(), &Env::new()).expect("it runs");
        needed.add(&one).expect("written");
        let us = Needing::new("two", std::process::id(), &Env::new()).expect("it runs");
        needed.add(&us).expect("written");
        assert_eq!(needed.all().len(), 2);
        server.kill().and_then(|()| server.wait().map(drop)).expect("it is ended");
        assert_eq!(names(&needed), ["two"]);
        assert!(Needing::new("x", u32::MAX, &Env::new()).is_none());
    }

    #[test]
    fn a_session_with_a_new_name_is_known_by_that() {
        let (_folder, needed) = needed();
        for name in ["before", "after/../\"x\""] {
            let needing = Needing::new(name, std::process::id(), &Env::new()).expect("it runs");
            needed.add(&needing).expect("written");
        }
        assert_eq!(names(&needed), ["after/../\"x\""]);
    }

    #[test]
    fn what_is_no_session_is_forgotten() {
        let (_folder, needed) = needed();
        fs::create_dir_all(&needed.folder).expect("a folder");
        for (name, text) in [("1.json", "{"), ("2.json", "[]"), ("3.json", "\u{0}")] {
            fs::write(needed.folder.join(name), text).expect("written");
        }
        let mut other = Needing::new("x", std::process::id(), &Env::new()).expect("it runs");
        other.started = Some("long ago".into());
        needed.add(&other).expect("written");
        assert_eq!(names(&needed), [""; 0]);
        assert_eq!(fs::read_dir(&needed.folder).expect("a folder").count(), 0);
    }
}
