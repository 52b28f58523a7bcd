//! Counts the git processes that a run starts, and the time that they take.
//!
//! A link named `git` to this very program stands first on the PATH of what is measured; it runs
//! the real git and writes down how long that took.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// The path of the real git.
const REAL: &str = "real";
/// Nanoseconds of each process, one a line.
const LOG: &str = "log";

/// Git's work since the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GitWork {
    pub(crate) processes: usize,
    pub(crate) time: Duration,
}

/// A folder for the PATH.
pub(crate) struct GitClock(PathBuf);

impl GitClock {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let folder = folder.join("git-clock");
        let link = folder.join("git");
        if !link.exists() {
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(REAL), real_git()).expect("a file");
            let program = std::env::current_exe().expect("this program is somewhere");
            std::os::unix::fs::symlink(program, link).expect("a link");
        }
        Self(folder)
    }

    /// `path` with the clock before it.
    pub(crate) fn before(&self, path: &str) -> String {
        format!("{}:{path}", self.0.display())
    }

    /// What git did since the last call.
    pub(crate) fn taken(&self) -> GitWork {
        let log = self.0.join(LOG);
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(log);
        let times = text.lines().filter_map(|line| line.parse().ok()).map(Duration::from_nanos);
        GitWork { processes: times.clone().count(), time: times.sum() }
    }
}

fn real_git() -> String {
    let path = std::env::var_os("PATH").expect("there is a PATH");
    let git =
        std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.exists());
    git.expect("git is installed").to_str().expect("a plain path").to_owned()
}

/// Acts as git if this program was started under that name.
pub(crate) fn if_called_as_git() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let called = PathBuf::from(arguments.next()?);
    if called.file_name()? != "git" {
        return None;
    }
    let folder = folder_of(&called)?;
    let real = fs::read_to_string(folder.join(REAL)).ok()?;
    let began = Instant::now();
    let status = Command::new(real).args(arguments).status();
    let line = format!("{}\n", began.elapsed().as_nanos());
    let log = OpenOptions::new().create(true).append(true).open(folder.join(LOG));
    let _ = log.and_then(|mut log| log.write_all(line.as_bytes()));
    let code = status.ok().and_then(|status| u8::try_from(status.code()?).ok());
    Some(ExitCode::from(code.unwrap_or(128)))
}

/// Where the link is that was called, by its path or by the PATH.
fn folder_of(called: &Path) -> Option<PathBuf> {
    if called.components().count() > 1 {
        return called.parent().map(Path::to_owned);
    }
    let path: OsString = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join(REAL).exists())
}
