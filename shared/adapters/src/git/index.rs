//! The index: waiting for its lock, and putting it back.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use convosync_engine::ports::{GitError, Repository};

use super::GitCli;
use crate::disk;

/// How often a lock is looked at.
const PAUSE: Duration = Duration::from_millis(50);

/// Does what takes git's locks. While another git holds one (that of a helper that was killed,
/// perhaps), waits and does it again; then names the lock. No lock of git's is ever removed: its git
/// may still be at work.
pub(super) fn while_unlocked<T>(
    git: &GitCli,
    repo: &Repository,
    mut act: impl FnMut() -> Result<T, GitError>,
) -> Result<T, GitError> {
    orphans_end(git, repo)?;
    let lock = lock_file(repo);
    patiently(git, || match lock.exists() {
        true => Err(GitError::Locked { path: lock.display().to_string() }),
        false => act(),
    })
}

/// What the name of a copied index begins with; the process that made it follows.
const COPY: &str = "convosync-index-";

/// The same of a directory of objects.
pub(super) const OBJECTS: &str = "convosync-objects-";

/// Waits while the git of a helper that was killed still works on its copy of the index, and so on
/// the files; then removes the copies, and the objects beside the repository, that they left.
fn orphans_end(git: &GitCli, repo: &Repository) -> Result<(), GitError> {
    let until = Instant::now() + git.limits.lock;
    loop {
        let left = orphaned(repo);
        let at_work = left.iter().any(|copy| copy.extension().is_some_and(|is| is == "lock"));
        if !at_work || Instant::now() >= until {
            // A lock that stays is of a git that died too.
            for path in left {
                unlock(repo, &path);
                let _ = if path.is_dir() {
                    disk::remove_dir_all(&path)
                } else {
                    disk::remove_file(&path)
                };
            }
            return Ok(());
        }
        if git.cancel.is_cancelled() {
            return Err(GitError::Cancelled);
        }
        sleep(PAUSE);
    }
}

/// Removes the index's lock if a helper that is no more took it: it is the file that it left.
fn unlock(repo: &Repository, left: &Path) {
    let inode = |path: &Path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    let lock = lock_file(repo);
    if inode(left).is_some_and(|of| inode(&lock) == Some(of)) {
        let _ = disk::remove_file(&lock);
    }
}

/// Copies of the index with their locks, and directories of objects, whose helper is no more.
fn orphaned(repo: &Repository) -> Vec<PathBuf> {
    let is_dead = |name: &str| {
        let of = name.strip_prefix(COPY).or_else(|| name.strip_prefix(OBJECTS))?;
        let pid = of.split(['-', '.']).next()?.parse().ok()?;
        let pid = rustix::process::Pid::from_raw(pid)?;
        let asked = rustix::process::test_kill_process(pid);
        Some(asked == Err(rustix::io::Errno::SRCH))
    };
    let entries = fs::read_dir(&repo.git_dir).into_iter().flatten().flatten();
    let dead = entries.filter(|entry| is_dead(&entry.file_name().to_string_lossy()) == Some(true));
    dead.map(|entry| entry.path()).collect()
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
        Self::of_file(repo, &repo.git_dir.join("index"))
    }

    /// Takes the index from a file that it was kept in; there is none if the file is not there.
    pub(super) fn of_file(repo: &Repository, kept: &Path) -> io::Result<Self> {
        let file = match opened(kept) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { path: repo.git_dir.join("index"), file })
    }

    /// Whether there was no index.
    pub(super) fn is_none(&self) -> bool {
        self.file.is_none()
    }

    /// Puts it back, under git's own lock.
    pub(super) fn restore(self) -> io::Result<()> {
        self.put_back(|| true).map(drop)
    }

    /// The same, if what is asked under the lock holds.
    fn put_back(self, holds: impl FnOnce() -> bool) -> io::Result<bool> {
        let mut lock = Lock::take(&self.path, self.file.as_ref())?;
        if !holds() {
            return Ok(false);
        }
        match self.file {
            Some(_) => {
                disk::rename(&lock.path, &self.path)?;
                lock.held = false;
            }
            None => match disk::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            },
        }
        Ok(true)
    }
}

/// Git's lock on the index, held by this process; given back when dropped. It is a second name of a
/// file that tells whose it is, so that one that stays is known for what it is.
struct Lock {
    path: PathBuf,
    ours: PathBuf,
    held: bool,
}

impl Lock {
    /// Takes it, holding an index like this one, or an empty file.
    fn take(index: &Path, file: Option<&(File, SystemTime)>) -> io::Result<Self> {
        let (path, ours) = (index.with_extension("lock"), own_name(index, ".new"));
        let _ = disk::remove_file(&ours); // of a process that had this id and died
        let made = new_file(&ours)?;
        let mut lock = Self { path, ours, held: false };
        filled(made, &lock.ours, file)?;
        match disk::hard_link(&lock.ours, &lock.path) {
            // Some file systems know no second names.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                let made = new_file(&lock.path)?;
                lock.held = true;
                filled(made, &lock.path, file)?;
            }
            taken => {
                taken?;
                lock.held = true;
            }
        }
        Ok(lock)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.held {
            let _ = disk::remove_file(&self.path);
        }
        let _ = disk::remove_file(&self.ours);
    }
}

/// Writes an index with its time: git distrusts entries that are as young as the index.
fn filled(mut made: File, path: &Path, file: Option<&(File, SystemTime)>) -> io::Result<()> {
    let Some((old, modified)) = file else { return Ok(()) };
    let mut old = old;
    old.rewind()?;
    disk::fill(&mut old, &mut made, path)?;
    disk::set_modified(&made, *modified)
}

fn new_file(path: &Path) -> io::Result<File> {
    disk::create(File::options().write(true).create_new(true), path)
}

/// A name beside the index that tells which process made the file.
fn own_name(index: &Path, end: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    index.with_file_name(format!("{COPY}{}-{count}{end}", std::process::id()))
}

/// A copy of the index, beside it: a split index refers to files there. Gone when dropped.
pub(super) struct CopiedIndex {
    copy: PathBuf,
    /// The original when it was copied.
    stamp: Option<Stamp>,
}

/// Tells whether a file was written since.
type Stamp = (SystemTime, u64, u64);

impl CopiedIndex {
    /// Copies it; where there is none yet, git makes one.
    pub(super) fn of(repo: &Repository) -> io::Result<Self> {
        Self::of_file(repo, &repo.git_dir.join("index"))
    }

    /// The same of an index that was kept.
    pub(super) fn of_file(repo: &Repository, original: &Path) -> io::Result<Self> {
        let copy = own_name(&repo.git_dir.join("index"), "");
        let copied = Self { copy, stamp: stamp(original) };
        let _ = disk::remove_file(&copied.copy); // of a process that had this id and died
        match disk::copy(original, &copied.copy) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(copied),
            other => other?,
        };
        // The time is part of it: git looks into files that are as young as the index.
        if let Some((modified, ..)) = copied.stamp {
            let copy = File::options().write(true).open(&copied.copy)?;
            disk::set_modified(&copy, modified)?;
        }
        Ok(copied)
    }

    /// Where it is, for `GIT_INDEX_FILE`.
    pub(super) fn path(&self) -> &Path {
        &self.copy
    }

    /// Makes it the index, in one step and under git's own lock. False: the index was written
    /// since it was copied, and stays.
    pub(super) fn into_place(self, repo: &Repository) -> io::Result<bool> {
        let index = repo.git_dir.join("index");
        let new = Saved { path: index.clone(), file: Some(opened(&self.copy)?) };
        new.put_back(|| stamp(&index) == self.stamp)
    }
}

impl Drop for CopiedIndex {
    fn drop(&mut self) {
        let _ = disk::remove_file(&self.copy);
        let _ = disk::remove_file(&self.copy.with_extension("lock"));
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let facts = fs::metadata(path).ok()?;
    Some((facts.modified().ok()?, facts.len(), facts.ino()))
}

/// A file with the time of its last change.
fn opened(path: &Path) -> io::Result<(File, SystemTime)> {
    let file = File::open(path)?;
    let modified = file.metadata()?.modified()?;
    Ok((file, modified))
}
