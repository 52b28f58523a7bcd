//! Sleeps until there is something to do: no look in between, and no wake-up for nothing.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use convosync_engine::Cancel;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::folders::{Folders, Followed};
use super::rhythm::Ground;
use crate::interrupt::Interrupt;

/// Many files come at once: a look sees all of them.
const QUIET: Duration = Duration::from_millis(200);

/// Where they never stop, a look sees what is there.
const LONGEST: Duration = Duration::from_secs(2);

/// How often processes are looked at that nobody tells of.
const UNTOLD: Duration = Duration::from_secs(60);

/// What ended a sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The time was over.
    Time,
    /// Something came into a folder.
    Came,
    /// A process that was waited for has ended, or may have.
    Ended,
    /// The user wants it to end, or nobody reads any more.
    Stop,
}

/// What wakes a watcher.
pub(crate) struct Bell {
    signals: UnixStream,
    interrupt: Interrupt,
    folders: Option<Folders>,
    processes: Vec<OwnedFd>,
    /// Some process has to be looked at again and again.
    untold: bool,
    /// It ends when nobody reads its output.
    is_read: bool,
}

impl Bell {
    /// One that signals ring. `is_read`: also when nobody reads standard output any more.
    ///
    /// # Errors
    ///
    /// If the system refuses it.
    pub(crate) fn new(interrupt: &Interrupt, is_read: bool) -> io::Result<Self> {
        Ok(Self {
            signals: Interrupt::bell()?,
            interrupt: interrupt.clone(),
            folders: Folders::new().ok(),
            processes: Vec::new(),
            untold: false,
            is_read,
        })
    }

    /// Rings when something comes into these folders. True: what is in them is to be looked at.
    pub(crate) fn follow(&mut self, folders: &[Followed]) -> bool {
        match self.folders.as_mut().map(|known| known.follow(folders)) {
            Some(Ok(new)) => new,
            Some(Err(_)) => {
                // There is no room for one more who is told.
                self.folders = None;
                false
            }
            None => false,
        }
    }

    /// How one learns what happens in a folder.
    pub(crate) fn ground(&self, folder: &Path) -> Ground {
        self.folders.as_ref().map_or(Ground::Asked, |folders| folders.ground(folder))
    }

    /// Rings when one of these processes ends.
    pub(crate) fn attend(&mut self, processes: impl Iterator<Item = u32>) {
        let opened: Vec<_> = processes.map(open_process).collect();
        self.untold = opened.iter().any(Option::is_none);
        self.processes = opened.into_iter().flatten().collect();
    }

    /// Whether the user wants it to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.interrupt.is_set()
    }

    /// Ends what is not to outlast that wish.
    pub(crate) fn cancel(&self) -> Cancel {
        self.interrupt.cancel()
    }

    /// Sleeps until then, or until it is woken.
    pub(crate) fn sleep(&mut self, until: Instant) -> Woken {
        let woken = self.sleep_once(until);
        if woken == Woken::Came {
            return self.settle();
        }
        woken
    }

    /// Lets what comes at once come.
    fn settle(&mut self) -> Woken {
        let longest = Instant::now() + LONGEST;
        while Instant::now() < longest {
            match self.sleep_once(longest.min(Instant::now() + QUIET)) {
                Woken::Came => {}
                Woken::Stop => return Woken::Stop,
                Woken::Time | Woken::Ended => break,
            }
        }
        Woken::Came
    }

    fn sleep_once(&mut self, until: Instant) -> Woken {
        // Who was stopped before the bell was there heard no ring.
        while !self.is_stopped() {
            let left = until.saturating_duration_since(Instant::now());
            let limit = if self.untold { left.min(UNTOLD) } else { left };
            let rung = self.wait(limit);
            if self.is_stopped() || rung.stop {
                return Woken::Stop;
            }
            if rung.came && self.folders.as_mut().is_some_and(Folders::take) {
                return Woken::Came;
            }
            if rung.ended || (self.untold && limit < left) {
                return Woken::Ended;
            }
            if Instant::now() >= until {
                return Woken::Time;
            }
        }
        Woken::Stop
    }

    fn wait(&self, limit: Duration) -> Rung {
        let stdout = io::stdout();
        let mut all = vec![PollFd::new(&self.signals, PollFlags::IN)];
        if self.is_read {
            // Errors are told without being asked for: the reader is gone.
            all.push(PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::empty()));
        }
        let stops = all.len();
        all.extend(self.processes.iter().map(|process| PollFd::new(process, PollFlags::IN)));
        let ends = all.len();
        #[cfg(target_os = "linux")]
        all.extend(self.folders.iter().map(|folders| PollFd::new(folders, PollFlags::IN)));
        let limit = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        // A signal that is no wish to stop is no reason to wake.
        let _ = poll(&mut all, Some(&limit));
        let rung =
            |range: std::ops::Range<usize>| all[range].iter().any(|one| !one.revents().is_empty());
        Rung { stop: rung(0..stops), ended: rung(stops..ends), came: rung(ends..all.len()) }
    }
}

#[derive(Debug)]
struct Rung {
    stop: bool,
    ended: bool,
    came: bool,
}

/// Something that can be read when the process has ended.
#[cfg(target_os = "linux")]
fn open_process(process: u32) -> Option<OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let process = i32::try_from(process).ok().and_then(Pid::from_raw)?;
    pidfd_open(process, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn open_process(_: u32) -> Option<OwnedFd> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const LONG: Duration = Duration::from_secs(60);

    fn bell() -> (Interrupt, Bell) {
        let interrupt = Interrupt::default();
        let bell = Bell::new(&interrupt, false).expect("the system has room");
        (interrupt, bell)
    }

    #[test]
    fn a_sleep_ends_when_its_time_is_over() {
        let (_interrupt, mut bell) = bell();
        assert_eq!(bell.sleep(Instant::now()), Woken::Time);
        assert_eq!(bell.sleep(Instant::now() + Duration::from_millis(5)), Woken::Time);
    }

    #[test]
    fn what_comes_into_a_folder_wakes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (_interrupt, mut bell) = bell();
        let followed = [Followed { path: folder.path().to_owned(), below: false }];
        assert!(bell.follow(&followed));
        std::fs::write(folder.path().join("save"), "x").expect("written");
        assert_eq!(bell.sleep(Instant::now() + LONG), Woken::Came);
        assert_eq!(bell.sleep(Instant::now()), Woken::Time, "and once");
    }

    #[test]
    fn the_end_of_a_process_wakes() {
        let (_interrupt, mut bell) = bell();
        let mut process = Command::new("sleep").arg("1000").spawn().expect("it starts");
        bell.attend([process.id()].into_iter());
        assert_eq!(bell.sleep(Instant::now()), Woken::Time);
        process.kill().expect("it is ended");
        assert_eq!(bell.sleep(Instant::now() + LONG), Woken::Ended);
        process.wait().expect("it has ended");
    }

    #[test]
    fn who_was_interrupted_does_not_sleep() {
        let (interrupt, mut bell) = bell();
        interrupt.set();
        assert_eq!(bell.sleep(Instant::now() + LONG), Woken::Stop);
    }
}
