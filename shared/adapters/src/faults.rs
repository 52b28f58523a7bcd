//! Faults on purpose, for tests of the whole: before one of its changes this process dies, stops, or
//! has no room left from then on; its clock goes wrong. Builds that users install have none of it:
//! without debug assertions [`arm`] does nothing, and a change goes through unasked.

#[cfg(debug_assertions)]
use armed as now_or_never;
#[cfg(not(debug_assertions))]
use unarmed as now_or_never;

pub(crate) use now_or_never::{before, now, room};

/// What a change does to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It takes room, or may.
    Grows,
    /// It gives room back.
    Frees,
    /// What was written becomes durable: nothing that another process sees.
    Settles,
    /// A program starts, which knows nothing of the fault.
    Starts,
}

/// Arms this process. `fault`: `die`, `stop` or `full`, the number of the change before which it
/// happens (from 1; 0: never), and the file that every change is written to, a line each. `clock`:
/// seconds that the clock is wrong by. What is no such text is passed over.
pub fn arm(fault: Option<&str>, clock: Option<&str>) {
    now_or_never::arm(fault, clock);
}

#[cfg(not(debug_assertions))]
mod unarmed {
    use std::{fmt, io, time::SystemTime};

    pub(super) fn arm(_: Option<&str>, _: Option<&str>) {}

    #[inline]
    pub(crate) fn before(_: super::Change, _: fmt::Arguments<'_>) -> io::Result<()> {
        Ok(())
    }

    #[inline]
    pub(crate) fn room() -> io::Result<()> {
        Ok(())
    }

    #[inline]
    pub(crate) fn now() -> SystemTime {
        SystemTime::now()
    }
}

#[cfg(debug_assertions)]
mod armed {
    use std::fs::OpenOptions;
    use std::io::{self, Write as _};
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, SystemTime};
    use std::{fmt, process};

    use rustix::process::{Pid, Signal, kill_process};

    use super::Change;

    static FAULT: OnceLock<Fault> = OnceLock::new();
    static CLOCK: OnceLock<i64> = OnceLock::new();

    /// What happens, and before which change.
    struct Fault {
        kind: Kind,
        at: u64,
        taken: AtomicU64,
        log: PathBuf,
    }

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Kind {
        Dies,
        Stops,
        IsFull,
    }

    pub(super) fn arm(fault: Option<&str>, clock: Option<&str>) {
        if let Some(fault) = fault.and_then(parsed) {
            let _ = FAULT.set(fault);
        }
        if let Some(seconds) = clock.and_then(|text| text.parse().ok()) {
            let _ = CLOCK.set(seconds);
        }
    }

    fn parsed(text: &str) -> Option<Fault> {
        let mut words = text.splitn(3, ' ');
        let kind = match words.next()? {
            "die" => Kind::Dies,
            "stop" => Kind::Stops,
            "full" => Kind::IsFull,
            _ => return None,
        };
        let at = words.next()?.parse().ok()?;
        Some(Fault { kind, at, taken: AtomicU64::new(0), log: words.next()?.into() })
    }

    /// Called before each change; an error is the disk's.
    pub(crate) fn before(change: Change, what: fmt::Arguments<'_>) -> io::Result<()> {
        FAULT.get().map_or(Ok(()), |fault| fault.before(change, what))
    }

    /// Called before what is written bit by bit, to a file that only this process sees: no change of
    /// its own.
    pub(crate) fn room() -> io::Result<()> {
        FAULT.get().map_or(Ok(()), |fault| fault.room(fault.taken.load(Ordering::SeqCst)))
    }

    /// The time by the clock that may be wrong.
    pub(crate) fn now() -> SystemTime {
        let shift = CLOCK.get().copied().unwrap_or_default();
        let span = Duration::from_secs(shift.unsigned_abs());
        let now = SystemTime::now();
        let shifted = if shift < 0 { now.checked_sub(span) } else { now.checked_add(span) };
        shifted.unwrap_or(now)
    }

    impl Fault {
        fn before(&self, change: Change, what: fmt::Arguments<'_>) -> io::Result<()> {
            if change == Change::Settles && self.kind != Kind::IsFull {
                return Ok(());
            }
            let number = self.taken.fetch_add(1, Ordering::SeqCst) + 1;
            self.write_down(number, what);
            match self.kind {
                Kind::Dies if number == self.at => signal(Signal::KILL),
                Kind::Stops if number == self.at => signal(Signal::STOP),
                _ if change.needs_room() => return self.room(number),
                _ => {}
            }
            Ok(())
        }

        /// Whether there is room at this number.
        fn room(&self, number: u64) -> io::Result<()> {
            let is_full = self.kind == Kind::IsFull && self.at > 0 && number >= self.at;
            if is_full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }

        /// One write, so that lines of threads do not mix.
        fn write_down(&self, number: u64, what: fmt::Arguments<'_>) {
            let line = format!("{number} {what}\n").replace('\n', " ").trim_end().to_owned() + "\n";
            let log = OpenOptions::new().append(true).create(true).open(&self.log);
            let _ = log.and_then(|mut log| log.write_all(line.as_bytes()));
        }
    }

    impl Change {
        fn needs_room(self) -> bool {
            matches!(self, Self::Grows | Self::Settles)
        }
    }

    fn signal(signal: Signal) {
        let me = i32::try_from(process::id()).ok().and_then(Pid::from_raw);
        let _ = me.map(|me| kill_process(me, signal));
    }
}
