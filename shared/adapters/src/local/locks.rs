//! Locks between the processes of this device: the system's own, on one file each.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use convosync_engine::ports::{Guard, LocalError, Locks};

use super::failure::failed;
use crate::{disk, durable};

/// Locks that are files in one folder. The files stay: removing one while another process waits
/// for it would give out the lock twice.
#[derive(Debug, Clone)]
pub struct FileLocks {
    folder: PathBuf,
}

impl FileLocks {
    /// Locks in `folder`, which is made with mode 0700 when the first one is taken.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, name: &str) -> Result<File, LocalError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let path = self.folder.join(format!("{name}.lock"));
        let refused = |error: &io::Error| failed("open the lock", &path, error);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(refused(&io::Error::from(io::ErrorKind::InvalidInput)));
        }
        durable::make_folder(&self.folder)
            .and_then(|()| {
                let mut options = OpenOptions::new();
                options.read(true).write(true).create(true).truncate(false).mode(0o600);
                disk::open_or_create(&options, &path)
            })
            .map_err(|error| refused(&error))
    }
}

/// A lock that is held. The file is not inherited by children, so a child that goes on running
/// does not hold it.
struct Held(File);

impl Guard for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        // Closing the file frees the lock as well.
        let _ = self.0.unlock();
    }
}

impl Locks for FileLocks {
    fn acquire(&self, name: &str, wait: Duration) -> Result<Box<dyn Guard>, LocalError> {
        let file = self.file(name)?;
        let deadline = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Box::new(Held(file))),
                Err(TryLockError::Error(error)) => {
                    return Err(failed("take the lock", &self.folder.join(name), &error));
                }
                Err(TryLockError::WouldBlock) => pause(name, deadline)?,
            }
        }
    }
}

/// How often a lock is asked for. No system call waits for one with a time limit.
const POLL: Duration = Duration::from_millis(10);

fn pause(name: &str, deadline: Instant) -> Result<(), LocalError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(LocalError::Busy { name: name.to_owned() });
    }
    thread::sleep(POLL.min(left));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locks() -> (tempfile::TempDir, FileLocks) {
        let folder = tempfile::tempdir().unwrap();
        let locks = FileLocks::new(folder.path().join("locks"));
        (folder, locks)
    }

    #[test]
    fn a_held_lock_is_busy_until_it_is_dropped() {
        let (_folder, locks) = locks();
        let held = locks.acquire("store", Duration::ZERO).unwrap();
        let Err(busy) = locks.acquire("store", Duration::from_millis(30)) else {
            panic!("the lock was given out twice");
        };
        assert!(matches!(&busy, LocalError::Busy { name } if name == "store"), "{busy}");
        locks.acquire("other", Duration::ZERO).unwrap();
        drop(held);
        locks.acquire("store", Duration::ZERO).unwrap();
    }

    #[test]
    fn who_waits_gets_the_lock_when_it_is_free() {
        let (_folder, locks) = locks();
        let held = locks.acquire("store", Duration::ZERO).unwrap();
        thread::scope(|scope| {
            let waiting =
                scope.spawn(|| locks.acquire("store", Duration::from_secs(20)).map(|_| ()));
            thread::sleep(Duration::from_millis(30));
            drop(held);
            waiting.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_name_that_could_leave_the_folder_is_refused() {
        let (_folder, locks) = locks();
        for name in ["", "..", "../x", "a/b", "a\0", "ü"] {
            assert!(locks.acquire(name, Duration::ZERO).is_err(), "{name}");
        }
    }

    const CHILD: &str = "CONVOSYNC_TEST_LOCKS";

    #[test]
    fn the_lock_of_a_killed_process_is_free() {
        if let Some(folder) = std::env::var_os(CHILD) {
            // The parent looks again and again, and holds the lock for a moment each time.
            let wait = Duration::from_secs(20);
            let _held = FileLocks::new(folder.into()).acquire("store", wait).unwrap();
            thread::sleep(Duration::from_secs(60));
            return;
        }
        let (folder, locks) = locks();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "local::locks::tests::the_lock_of_a_killed_process_is_free"])
            .env(CHILD, folder.path().join("locks"))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while locks.acquire("store", Duration::ZERO).is_ok() {
            assert!(child.try_wait().unwrap().is_none(), "the child could not take the lock");
            thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        locks.acquire("store", Duration::ZERO).unwrap();
    }
}
