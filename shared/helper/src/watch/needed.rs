//! The Zellij sessions that need a watch: a file for each, so that whoever watches next finds them.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use convosync_adapters::{Process, Processes, SystemProcesses};
use convosync_wire::zellij::Address;
use serde::{Deserialize, Serialize};

use crate::prompts::replace;
use crate::push::Plugins;
use crate::surroundings::Env;
use crate::wiring;

/// A longer file is none of ours.
const LONGEST: u64 = 64 * 1024;

/// A Zellij session that is told of news as long as its server runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needing {
    /// Its server's process.
    pub(crate) server: u32,
    /// When that was started, where the system tells: its number may be another's later.
    started: Option<String>,
    /// Another number each time that it asks: then it is told once more how things stand.
    asked: u64,
    /// Who is told.
    pub(crate) plugins: Plugins,
}

impl Needing {
    /// The session of that name, whose server is this process. None: there is no such process.
    pub(crate) fn new(
        (session, address): (&str, Option<Address>),
        server: u32,
        env: &Env,
    ) -> Option<Self> {
        let Process::Running { started } = SystemProcesses.look(server) else { return None };
        let asked = u64::from_le_bytes(wiring::random());
        let plugins = Plugins::of(session.to_owned(), address, env);
        Some(Self { server, started, asked, plugins })
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
        let _ = self.make_folder();
    }

    /// Writes one down. A server has one session: under a new name it takes the old one's place.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub(crate) fn add(&self, needing: &Needing) -> io::Result<()> {
        self.make_folder()?;
        replace(&self.file(needing.server), &serde_json::to_string(needing)?)
    }

    /// It says what sessions the user has, and where: nobody else's business.
    fn make_folder(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
    }

    /// Those whose servers run, by their number. The others are forgotten, and what is no session. One
    /// that can't be read now may be read another time.
    pub(crate) fn all(&self) -> Vec<Needing> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let ours = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "json" || end == "new"));
        let mut all: Vec<_> = ours
            .filter_map(|path| {
                let Ok(needing) = read(&path) else { return None };
                let needing = needing.filter(Needing::lives);
                if needing.is_none() && !is_being_written(&path) {
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

/// The server of a Zellij session that started `process`, or something that did.
///
/// A server is `zellij --server SOCKET`, and the socket has the session's name (ran with 0.45.1).
pub(crate) fn server_around(session: &str, process: u32) -> Option<u32> {
    let mut next = parent(process)?;
    // Nobody is their own ancestor; the first process has none.
    while next > 1 {
        if is_server(session, &fs::read(format!("/proc/{next}/cmdline")).unwrap_or_default()) {
            return Some(next);
        }
        next = parent(next)?;
    }
    None
}

fn is_server(session: &str, arguments: &[u8]) -> bool {
    let mut arguments = arguments.split(|byte| *byte == 0);
    let socket = arguments.find(|argument| argument == b"--server").and_then(|_| arguments.next());
    let socket = socket.map(|path| Path::new(OsStr::from_bytes(path)));
    socket.and_then(Path::file_name) == Some(OsStr::new(session))
}

/// Field 4 of proc(5) `stat`; the name before it may hold anything, brackets too.
fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Not what somebody left who wrote it and ended: `SERVER.WRITER.new`, as
/// [`replace`] names it.
fn is_being_written(path: &Path) -> bool {
    let writer = path.extension().filter(|end| *end == "new").and(path.file_stem());
    let writer = writer.and_then(|stem| Path::new(stem).extension()?.to_str()?.parse().ok());
    writer.is_some_and(|writer| matches!(SystemProcesses.look(writer), Process::Running { .. }))
}

/// The session of a file. None: it is none.
fn read(path: &Path) -> io::Result<Option<Needing>> {
    if path.extension().is_none_or(|end| end != "json") {
        return Ok(None);
    }
    let mut text = Vec::new();
    fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    Ok((text.len() as u64 <= LONGEST).then(|| serde_json::from_slice(&text).ok()).flatten())
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
        needed.all().iter().map(|needing| needing.plugins.session().to_owned()).collect()
    }

    #[test]
    fn a_session_is_known_as_long_as_its_server_runs() {
        let (_folder, needed) = needed();
        assert_eq!(names(&needed), [""; 0]);
        let mut server = Command::new("sleep").arg("1000").spawn().expect("it starts");
        let one = Needing::new(("one", None), server.id(), &Env::new()).expect("it runs");
        needed.add(&one).expect("written");
        let us = Needing::new(("two", None), std::process::id(), &Env::new()).expect("it runs");
        needed.add(&us).expect("written");
        assert_eq!(needed.all().len(), 2);
        server.kill().and_then(|()| server.wait().map(drop)).expect("it is ended");
        assert_eq!(names(&needed), ["two"]);
        assert!(Needing::new(("x", None), u32::MAX, &Env::new()).is_none());
    }

    #[test]
    fn a_session_with_a_new_name_is_known_by_that() {
        let (_folder, needed) = needed();
        for name in ["before", "after/../\"x\""] {
            let needing =
                Needing::new((name, None), std::process::id(), &Env::new()).expect("it runs");
            needed.add(&needing).expect("written");
        }
        assert_eq!(names(&needed), ["after/../\"x\""]);
    }

    #[test]
    fn a_server_is_known_by_its_socket() {
        let is = |arguments: &[u8]| is_server("my session", arguments);
        assert!(is(b"/usr/bin/zellij\0--server\0/run/zellij/contract_version_1/my session\0"));
        assert!(!is(b"zellij\0--server\0/run/zellij/contract_version_1/other\0"));
        assert!(!is(b"zellij\0--session\0my session\0"));
        assert!(!is(b"zellij\0--server") && !is(b""));
        assert_eq!(server_around("none", std::process::id()), None);
    }

    #[test]
    fn nobody_else_sees_which_sessions_there_are() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, needed) = needed();
        needed.make();
        let folder = fs::metadata(&needed.folder).expect("it is made");
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn what_can_not_be_read_now_and_what_is_being_written_is_left_alone() {
        let (_folder, needed) = needed();
        needed.make();
        let ours = format!("1.{}.new", std::process::id());
        let left = format!("1.{}.new", u32::MAX);
        for name in [&ours, &left] {
            fs::write(needed.folder.join(name), "{").expect("written");
        }
        // Nobody reads a folder as a file, and the system does not say that it is not there.
        fs::create_dir(needed.folder.join("2.json")).expect("a folder");
        assert_eq!(names(&needed), [""; 0]);
        assert!(needed.folder.join("2.json").exists() && needed.folder.join(ours).exists());
        assert!(!needed.folder.join(left).exists());
    }

    #[test]
    fn what_is_no_session_is_forgotten() {
        let (_folder, needed) = needed();
        fs::create_dir_all(&needed.folder).expect("a folder");
        for (name, text) in [("1.json", "{"), ("2.json", "[]"), ("3.json", "\u{0}")] {
            fs::write(needed.folder.join(name), text).expect("written");
        }
        let mut other =
            Needing::new(("x", None), std::process::id(), &Env::new()).expect("it runs");
        other.started = Some("long ago".into());
        needed.add(&other).expect("written");
        assert_eq!(names(&needed), [""; 0]);
        assert_eq!(fs::read_dir(&needed.folder).expect("a folder").count(), 0);
    }
}
