//! `convosync watch`: one process that looks for the whole machine.
//!
//! It sleeps until something comes into the store, or until it is time to ask one that tells nothing.
//! Each look is a `list`, so it also sends what waits on this device, as any list does. What it finds
//! goes to the terminal that it was started in, and to the Zellij sessions that need it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use convosync_adapters::{FileLocks, Paths};
use convosync_engine::Outlook;
use convosync_engine::ports::{Guard, LocalError, Locks as _};
use convosync_wire::zellij::{Push, Watching};
use convosync_wire::{Failure, News, Note, Reply, SessionRow};

use super::bell::{Bell, Woken};
use super::folders::Followed;
use super::needed::{Needed, Needing};
use super::rhythm::{Ground, Here, Looked, Rhythm};
use crate::outcome::Outcome;
use crate::push::{Plugins, Untold};
use crate::wiring;

/// Held by who watches; the system frees it when that process ends, however it does.
const LOCK: &str = "watch";

/// A watch can't begin.
pub(crate) const NOT_STARTED: &str = "convosync::watch::start";

/// The store does not answer.
const UNREACHABLE: &str = "convosync::store::unreachable";

/// Whom a watch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Whoever sits at the terminal, until they end it.
    Terminal,
    /// The Zellij sessions, until the last of them has ended.
    Background,
}

/// Why a watch ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Another process watches.
    Watched,
    /// The user ended it.
    Stopped,
    /// Nobody reads what it prints.
    Unread,
    /// No Zellij session needs it any more.
    Unneeded,
    /// It can't begin.
    Failed(Failure),
}

/// What a watch has to tell at its terminal.
pub(crate) enum Tidings<'a> {
    /// It has begun.
    Begun,
    /// Another device saved.
    Saved(&'a SessionRow),
    /// It can't look now, and goes on.
    Trouble(&'a Failure),
    /// It can look again.
    Well,
}

/// The watch of this machine.
pub(crate) struct Machine<'a> {
    role: Role,
    paths: &'a Paths,
    needed: Needed,
    bell: Bell,
    look: &'a dyn Fn() -> (Outcome, Option<Outlook>),
    /// Says whether somebody reads it.
    tell: &'a dyn Fn(&Tidings<'_>) -> bool,
    rhythm: Rhythm,
    news: News,
    stamp: Option<u64>,
    /// The folder that the store is, by the last look that could tell.
    store: Option<PathBuf>,
    standing: Option<Watching>,
    greeted: Vec<Needing>,
    looked_twice: bool,
}

impl<'a> Machine<'a> {
    /// A watch that looks by `look` and tells by `tell`.
    pub(crate) fn new(
        role: Role,
        (paths, bell): (&'a Paths, Bell),
        look: &'a dyn Fn() -> (Outcome, Option<Outlook>),
        tell: &'a dyn Fn(&Tidings<'_>) -> bool,
    ) -> Self {
        Self {
            role,
            paths,
            needed: Needed::new(paths.watch()),
            bell,
            look,
            tell,
            rhythm: Rhythm::default(),
            news: News::default(),
            stamp: None,
            store: None,
            standing: None,
            greeted: Vec::new(),
            looked_twice: false,
        }
    }

    /// Watches until the end, unless this machine is watched.
    pub(crate) fn watch(mut self) -> Ending {
        loop {
            let held = match lock(self.paths) {
                Ok(held) => held,
                Err(ending) => return ending,
            };
            let ending = self.until_the_end();
            drop(held);
            // One that came at the last moment found the lock held, and counts on this watch.
            if !matches!(ending, Ending::Unneeded) || self.needed.all().is_empty() {
                return ending;
            }
        }
    }

    fn until_the_end(&mut self) -> Ending {
        if !(self.tell)(&Tidings::Begun) {
            return Ending::Unread;
        }
        self.needed.make();
        let mut due = Instant::now();
        loop {
            let needing = self.needed.all();
            if self.role == Role::Background && needing.is_empty() {
                return Ending::Unneeded;
            }
            self.greet(&needing);
            self.bell.attend(needing.iter().map(|needing| needing.server));
            match self.bell.sleep(due) {
                Woken::Stop if !self.bell.is_stopped() => return Ending::Unread,
                Woken::Stop => {
                    self.take_leave(&needing);
                    return Ending::Stopped;
                }
                Woken::Ended => continue,
                Woken::Came | Woken::Time => {}
            }
            match self.look() {
                Ok(wait) => due = Instant::now() + wait,
                Err(ending) => return ending,
            }
        }
    }

    /// Looks once, and tells what there is to tell. How long to wait for the next one.
    fn look(&mut self) -> Result<Duration, Ending> {
        let (outcome, outlook) = (self.look)();
        if self.bell.is_stopped() {
            // What the look could not end is no trouble; the next sleep ends it.
            return Ok(Duration::ZERO);
        }
        // Not those of before: whoever came while it looked has not heard of what it found.
        let needing = &self.needed.all();
        let (rows, trouble) = found(outcome);
        let offline = outlook.as_ref().is_some_and(|outlook| outlook.offline);
        let standing = match trouble {
            Some(failure) if !offline => {
                let first = self.standing.is_none() && self.role == Role::Terminal;
                if first && failure.code != UNREACHABLE {
                    return Err(Ending::Failed(failure));
                }
                Watching::Troubled(failure)
            }
            _ => Watching::Well,
        };
        if let Some(rows) = rows {
            let news = self.news.of(rows);
            if !news.iter().all(|row| (self.tell)(&Tidings::Saved(row))) {
                return Err(Ending::Unread);
            }
            if !news.is_empty() {
                let sessions = news.into_iter().map(|row| row.session_id).collect();
                self.push(needing, &[Push::News { sessions }]);
            }
        }
        self.tell_changes(needing, outlook.as_ref());
        let reached = standing == Watching::Well;
        self.stand(needing, standing)?;
        Ok(self.wait(reached, outlook.as_ref()))
    }

    fn tell_changes(&mut self, needing: &[Needing], outlook: Option<&Outlook>) {
        let stamp = outlook.map(|outlook| outlook.stamp);
        if stamp.is_some() && self.stamp.is_some() && stamp != self.stamp {
            self.push(needing, &[Push::Changed]);
        }
        self.stamp = stamp.or(self.stamp);
    }

    /// Tells how it stands, where that is another way than before.
    fn stand(&mut self, needing: &[Needing], standing: Watching) -> Result<(), Ending> {
        let before = self.standing.replace(standing.clone());
        let is_read = match (&before, &standing) {
            (Some(Watching::Troubled(old)), Watching::Troubled(new)) if old.code == new.code => {
                return Ok(());
            }
            (_, Watching::Troubled(failure)) => (self.tell)(&Tidings::Trouble(failure)),
            (Some(Watching::Troubled(_)), _) => (self.tell)(&Tidings::Well),
            _ => return Ok(()),
        };
        if !is_read {
            return Err(Ending::Unread);
        }
        // Who was not greeted yet is told then.
        let greeted: Vec<_> =
            needing.iter().filter(|needing| self.greeted.contains(needing)).cloned().collect();
        self.push(&greeted, &[Push::Watch(standing)]);
        Ok(())
    }

    /// Tells sessions that are new, or that could not be told something, how it stands.
    fn greet(&mut self, needing: &[Needing]) {
        let Some(standing) = self.standing.clone() else { return };
        let new: Vec<_> =
            needing.iter().filter(|needing| !self.greeted.contains(needing)).cloned().collect();
        self.greeted = needing.to_vec();
        // They began with what was known here before the look.
        self.push(&new, &[Push::Watch(standing), Push::Changed]);
    }

    /// Tells all of these sessions, at the same time: one that does not answer holds up no other, and
    /// is greeted anew.
    fn push(&mut self, needing: &[Needing], pushes: &[Push]) {
        let cancel = self.bell.cancel();
        let tell =
            |plugins: &Plugins| pushes.iter().try_for_each(|push| plugins.tell(push, &cancel));
        // Zellij forgets a caller now and then when others come and go at the same time.
        let untold = tell_all(&tell_all(needing, tell), tell);
        self.greeted.retain(|needing| !untold.contains(needing));
    }

    /// Where nobody goes on, the sessions should know.
    fn take_leave(&self, needing: &[Needing]) {
        if self.role == Role::Background {
            let ended = Push::Watch(Watching::Ended);
            tell_all(needing, |plugins| plugins.tell_shortly(&ended));
        }
    }

    /// How long to wait; a folder that was not followed before is looked at once more.
    fn wait(&mut self, reached: bool, outlook: Option<&Outlook>) -> Duration {
        if let Some(outlook) = outlook {
            self.store = wiring::store_folder(&outlook.store, self.paths);
        }
        let new = self.bell.follow(&followed(self.paths, self.store.clone()));
        if new && !self.looked_twice {
            self.looked_twice = true;
            return Duration::ZERO;
        }
        self.looked_twice = false;
        let looked = Looked {
            reached,
            ground: self.store.as_ref().map_or(Ground::Asked, |store| self.bell.ground(store)),
            here: outlook.map(Here::from).unwrap_or_default(),
        };
        self.rhythm.after(&looked, u64::from_le_bytes(wiring::random()))
    }
}

/// What a look came to: rows, and what is wrong.
fn found(outcome: Outcome) -> (Option<Vec<SessionRow>>, Option<Failure>) {
    match outcome {
        Outcome::Reply(reply) => match *reply {
            Reply::Sessions(listed) => {
                let silent = listed.notes.into_iter().find(|note| note.code == UNREACHABLE);
                (Some(listed.rows), silent.map(failure))
            }
            _ => (None, None),
        },
        Outcome::Failure(failure) => (None, Some(failure)),
        Outcome::Decision(_) => (None, None),
    }
}

fn failure(note: Note) -> Failure {
    let Note { code, text, help } = note;
    Failure { code, message: text, help, argument: None }
}

fn lock(paths: &Paths) -> Result<Box<dyn Guard>, Ending> {
    FileLocks::new(paths.locks()).acquire(LOCK, Duration::ZERO).map_err(|error| match error {
        LocalError::Busy { .. } => Ending::Watched,
        error => Ending::Failed(Failure {
            code: NOT_STARTED.to_owned(),
            message: format!("the watch can't begin: {error}"),
            help: None,
            argument: None,
        }),
    })
}

/// Whether some process watches this machine.
pub(crate) fn is_watched(paths: &Paths) -> bool {
    matches!(lock(paths), Err(Ending::Watched))
}

/// All that a look may have to do with: the store, what waits here, keys, settings, and who needs it.
fn followed(paths: &Paths, store: Option<PathBuf>) -> Vec<Followed> {
    let alone = |path| Followed { path, below: false };
    let whole = |path| Followed { path, below: true };
    let keys = paths.profile().parent().map(Path::to_path_buf);
    let small = [Some(paths.watch()), Some(paths.config.clone()), keys];
    let big = [Some(paths.outbox()), store];
    small.into_iter().flatten().map(alone).chain(big.into_iter().flatten().map(whole)).collect()
}

/// Tells all of these sessions by `tell`; those that could not be told.
fn tell_all(
    needing: &[Needing],
    tell: impl Fn(&Plugins) -> Result<(), Untold> + Sync,
) -> Vec<Needing> {
    std::thread::scope(|scope| {
        let tell = &tell;
        let told =
            needing.iter().map(|needing| (needing, scope.spawn(move || tell(&needing.plugins))));
        let told: Vec<_> = told.collect();
        let untold = told.into_iter().filter_map(|(needing, told)| match told.join() {
            Ok(Ok(())) => None,
            _ => Some(needing.clone()),
        });
        untold.collect()
    })
}

#[cfg(test)]
mod tests;
