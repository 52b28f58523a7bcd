//! The index: waiting for its lock, and putting it back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use convosync_engine::ports::{GitError, Repository};

use super::GitCli;

/// How often a lock is looked at.
const PAUSE: Duration = Duration::from_millis(50);

/// Does what takes git's locks. While another git holds one (that of a helper that was killed,
/// perhaps), waits and does it again; then names the lock. No lock is ever removed: its git may
/// still be at work.
pub(super) fn while_unlocked<T>(
    git: &GitCli,
    repo: &Repository,
    mut act: impl FnMut() -> Result<T, GitError>,
) -> Result<T, GitError> {
    let lock = lock_file(repo);
    patiently(git, || match lock.exists() {
        true => Err(GitError::Locked { path: lock.display().to_string() }),
        false => act(),
    })
}

/// The same for what takes other locks than the index's.
pub(super) fn patiently<T>(
    git: &GitCli,
    mut act: impl FnMut() -> Result<T, GitError>,
) -> Result<T, GitError> {
    let until = Instant::now() + git.limits.lock;
    loop {
        let locked = match act() {
            Err(locked @ GitError::Locked { .. }) => locked,
            done => return done,
        };
        if git.cancel.is_cancelled() {
            return Err(GitError::Cancelled);
        }
        if Instant::now() >= until {
            return Err(locked);
        }
        sleep(PAUSE);
    }
}

pub(super) fn lock_file(repo: &Repository) -> PathBuf {
    repo.git_dir.join("index.lock")
}

/// The index as it was.
///
/// Git replaces the file and never writes into it, so an open one keeps its contents: nothing is
/// copied, and nothing is left behind if this process dies.
pub(super) struct Saved {
    path: PathBuf,
    file: Option<(File, SystemTime)>,
}

impl Saved {
    /// Remembers the index.
    pub(super) fn of(repo: &Repository) -> io::Result<Self> {
        let path = repo.git_dir.join("index");
        let file = match File::open(&path) {
            Ok(file) => {
                let modified = file.metadata()?.modified()?;
                Some((file, modified))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { path, file })
    }

    /// Puts it back, under git's own lock.
    pub(super) fn restore(self) -> io::Result<()> {
        let lock = self.path.with_extension("lock");
        let mut new = OpenOptions::new().write(true).create_new(true).open(&lock)?;
        let restored = match self.file {
            // The time is part of it: git distrusts entries that are as young as the index.
            Some((mut old, modified)) => io::copy(&mut old, &mut new)
                .and_then(|_| new.set_modified(modified))
                .and_then(|()| fs::rename(&lock, &self.path)),
            None => fs::remove_file(&self.path).and_then(|()| fs::remove_file(&lock)),
        };
        if restored.is_err() {
            let _ = fs::remove_file(&lock); // ours: we made it above
        }
        restored
    }
}
