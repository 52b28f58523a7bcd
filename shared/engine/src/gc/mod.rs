//! Collecting: what nothing needs any more is marked, waited for, and looked at again before it is
//! deleted.
//!
//! Why nothing is lost, whoever else saves, sends or collects at the same time:
//!
//! - Only what is dead **now** and was marked for the grace time, by this device's own first
//!   sight of the mark, is deleted; and the decision that made it dead was there as long, and so
//!   was the account's newest key: who is revoked changes what counts. The grace time is the
//!   longest that was told to anyone, in days that this device lived (`retention::lived`).
//! - Whoever sends a save looks at the marks first and relies on nothing that is marked: it puts
//!   the same segments under a new name (`stand_in`). The save follows within half of the least
//!   grace time, so a collector that looks again sees it, or saw it before.
//! - What can't be read, and what it may refer to, stays. So does a session of which this device
//!   has something to send, or of which anything that it refers to is not there.
//! - Marks, tombstones and deletions can be repeated, and stopped between any two.

mod collected;
mod forget;
mod live;
mod marks;
mod sweep;
mod uphold;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use convosync_core::{DeletedBy, ObjectName, SessionId};
use convosync_wire::{Amount, GcArgs, GcReport, KeptSession, Note};

pub(crate) use self::collected::collected;
use self::marks::Marked;
pub(crate) use self::marks::Marks;
use self::sweep::Ripe;
use crate::engine::Engine;
use crate::history::{Depth, History};
use crate::member::Member;
use crate::ports::{Store, Table};
use crate::retention::covers;
use crate::retention::limits::{DAY_MS, Past, days_ms, leaving};
use crate::send::{SEND_WAIT, Sending};
use crate::trouble::Trouble;

/// An automatic collection runs at most so often, since it reads a lot; so does making room in the
/// cache, which walks through all of it.
const EVERY_MS: i64 = DAY_MS;

/// Another device's grace time is heeded up to so many days.
const MOST_GRACE: u32 = 365;

/// What is in the store, session by session.
pub(crate) struct Snapshot {
    pub(crate) history: History,
    /// Units and parts with their sizes.
    pub(crate) sessions: BTreeMap<SessionId, BTreeMap<ObjectName, u64>>,
    pub(crate) taken_ms: i64,
}

impl Engine<'_> {
    /// `convosync gc`.
    pub(crate) fn gc(&self, args: &GcArgs) -> Result<GcReport, Trouble> {
        let mut member = self.need_member()?;
        self.step("Reaching the store")?;
        let store = self.reach_store(&member.profile)?;
        let mut notes = Vec::new();
        if !args.dry_run {
            let sent = self.flush(&member, store.as_ref(), Sending::by_the_way(SEND_WAIT))?;
            notes.extend(sent.notes);
        }
        let _lock = self.ports.locks.acquire("send", SEND_WAIT)?;
        if !args.dry_run {
            notes.extend(self.uphold(&member, store.as_ref())?);
        }
        let mut report = self.collect(&mut member, store.as_ref(), args.dry_run)?;
        notes.append(&mut report.notes);
        Ok(GcReport { notes, ..report })
    }

    /// Collects after a save or a sync, if the user wants that: once a day, and without a word
    /// unless something went. What goes wrong is no matter of the save.
    pub(crate) fn collect_quietly(&self, member: &mut Member, store: &dyn Store) -> Option<Note> {
        if !self.ports.settings.retention.auto
            || !self.is_time(member, "collected").unwrap_or(false)
        {
            return None;
        }
        let _lock = self.ports.locks.acquire("send", Duration::ZERO).ok()?;
        match self.collect(member, store, false) {
            Ok(report) => told(&report),
            Err(Trouble::Cancelled) => None,
            Err(trouble) => {
                let failure = trouble.failure();
                Some(Note {
                    code: failure.code,
                    text: format!(
                        "what is past its time could not be removed: {}",
                        failure.message
                    ),
                    help: Some("`convosync gc` tries again".to_owned()),
                })
            }
        }
    }

    /// Whether this was done last long enough ago; notes that it is done now.
    pub(crate) fn is_time(&self, member: &Member, done: &str) -> Result<bool, Trouble> {
        let now = self.ports.clock.now_ms();
        let last = self.remembered(member, Table::Misc, done, b"")?;
        let last = last.and_then(|text| text.parse::<i64>().ok());
        let due = last.is_none_or(|last| !(0..EVERY_MS).contains(&now.saturating_sub(last)));
        if due {
            let change = self.remember(member, Table::Misc, done, b"", &now.to_string());
            self.ports.index.apply(&[change])?;
        }
        Ok(due)
    }

    /// One run, with the `send` lock held.
    fn collect(
        &self,
        member: &mut Member,
        store: &dyn Store,
        dry_run: bool,
    ) -> Result<GcReport, Trouble> {
        self.step("Looking at what is in the store")?;
        let mut snapshot = self.snapshot(member, store)?;
        let limits = &self.ports.settings.retention;
        let mut rows = Vec::new();
        for (session, why) in self.may_leave(member, &mut snapshot.history)? {
            let row = crate::retention::row(&snapshot.history, &session);
            let objects = snapshot.sessions.get(&session);
            let size = objects.map_or(0, |objects| objects.values().sum());
            let why = Some(why.told(limits));
            rows.push(KeptSession { changed: !dry_run, size: Some(size), why, ..row });
            if dry_run {
                snapshot.history.decisions.foretell(&session, covers(&snapshot.history, &session));
            } else {
                self.entomb(member, &mut snapshot.history, &session, DeletedBy::Retention)?;
            }
        }
        if !dry_run {
            self.send_decisions(member, store)?;
        }
        self.mark_and_sweep(member, store, snapshot, rows, dry_run)
    }

    /// The sessions past a limit; none for its age while the clock can't be trusted.
    fn may_leave(
        &self,
        member: &Member,
        history: &mut History,
    ) -> Result<Vec<(SessionId, Past)>, Trouble> {
        let limits = &self.ports.settings.retention;
        let mut past = leaving(history, limits, self.ports.clock.now_ms());
        let by_age = |(_, why): &(SessionId, Past)| matches!(why, Past::Days(_));
        if past.iter().any(by_age) && !self.is_clock_steady(member)? {
            past.retain(|row| !by_age(row));
            history.notes.push(not_steady());
        }
        Ok(past)
    }

    fn mark_and_sweep(
        &self,
        member: &Member,
        store: &dyn Store,
        snapshot: Snapshot,
        leaving: Vec<KeptSession>,
        dry_run: bool,
    ) -> Result<GcReport, Trouble> {
        let marks = self.marks(member, store)?;
        let dead = self.dead(member, store, &snapshot, &marks)?;
        let mut report = GcReport {
            dry_run,
            leaving,
            marked: Amount::default(),
            waiting: Amount::default(),
            deleted: Amount::default(),
            store: all(&snapshot),
            grace_days: self.grace().into(),
            notes: snapshot.history.notes.clone(),
        };
        report.notes.extend(marks.notes.iter().cloned());
        report.notes.extend(dead.notes);
        let (mut fresh, mut ripe) = (Vec::new(), Ripe::new());
        let mut due = Amount::default();
        for (session, objects) in &dead.objects {
            let grace = self.grace_of(&snapshot.history, session);
            let decided = self.decided_long_ago(member, &snapshot.history, session, grace)?;
            for (name, size) in objects {
                let amount = match marks.get(name) {
                    None => {
                        fresh.push(name.clone());
                        &mut report.marked
                    }
                    Some(marked) if decided && marked.age >= self.longest(grace, marked) => {
                        ripe.entry(session.clone()).or_default().push((name.clone(), *size));
                        &mut due
                    }
                    Some(_) => &mut report.waiting,
                };
                add(amount, *size);
            }
        }
        if dry_run {
            report.deleted = due;
        } else {
            self.put_marks(member, store, &fresh)?;
            report.deleted = self.sweep(store, &snapshot, ripe)?;
            report.waiting.objects += due.objects - report.deleted.objects;
            report.waiting.bytes += due.bytes - report.deleted.bytes;
            self.drop_done_marks(member, store, &marks, &snapshot)?;
            self.clear_cache(member)?;
        }
        report.store.objects -= report.deleted.objects;
        report.store.bytes -= report.deleted.bytes;
        Ok(report)
    }

    /// All that is there, and then all that is known: what comes in between is in no list of what
    /// may go.
    fn snapshot(&self, member: &mut Member, store: &dyn Store) -> Result<Snapshot, Trouble> {
        let taken_ms = self.ports.clock.now_ms();
        let mut sessions: BTreeMap<SessionId, BTreeMap<ObjectName, u64>> = BTreeMap::new();
        for prefix in [ObjectName::UNITS, ObjectName::PARTS] {
            for listed in store.list(prefix)? {
                if let Some(session) = listed.name.session().cloned() {
                    sessions.entry(session).or_default().insert(listed.name, listed.size);
                }
            }
        }
        let history = self.refreshed(member, store, ObjectName::UNITS, Depth::All)?;
        Ok(Snapshot { history, sessions, taken_ms })
    }

    /// Whether all that was decided about a session is as old as the grace time, in milliseconds:
    /// who took a deletion back and deletes again waits again. The account's keys count as decided
    /// about every session.
    fn decided_long_ago(
        &self,
        member: &Member,
        history: &History,
        session: &SessionId,
        grace: i64,
    ) -> Result<bool, Trouble> {
        let decisions = history.decisions.names(session);
        for name in decisions.iter().chain(&member.records) {
            if self.seen_for(member, name)? < grace {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The grace time of what a session consists of, in milliseconds: whoever deleted it may have
    /// been told of a longer one than is set here.
    fn grace_of(&self, history: &History, session: &SessionId) -> i64 {
        let told = history.decisions.deletion(session).map_or(0, |deletion| deletion.grace_days);
        days_ms(told.min(MOST_GRACE).max(self.grace()))
    }

    fn longest(&self, grace: i64, marked: Marked) -> i64 {
        grace.max(days_ms(marked.grace_days.min(MOST_GRACE)))
    }

    /// Days between mark and deletion.
    pub(crate) fn grace(&self) -> u32 {
        let retention = &self.ports.settings.retention;
        retention.grace.max(crate::settings::Retention::LEAST_GRACE)
    }
}

fn add(amount: &mut Amount, size: u64) {
    amount.objects += 1;
    amount.bytes += size;
}

fn all(snapshot: &Snapshot) -> Amount {
    let sizes = snapshot.sessions.values().flat_map(BTreeMap::values);
    let mut amount = Amount::default();
    sizes.for_each(|size| add(&mut amount, *size));
    amount
}

/// That nothing leaves for its age today.
fn not_steady() -> Note {
    Note {
        code: "convosync::gc::clock".to_owned(),
        text: "nothing leaves for its age yet: this device is new, or its clock went on by more than a week at once"
            .to_owned(),
        help: Some("if its date and time are right, run `convosync gc` again tomorrow".to_owned()),
    }
}

/// What an automatic collection did, if anything that the user would miss.
fn told(report: &GcReport) -> Option<Note> {
    let leaving: BTreeSet<_> = report.leaving.iter().map(|row| row.session_id.as_str()).collect();
    if leaving.is_empty() {
        return None;
    }
    let ids = leaving.into_iter().collect::<Vec<_>>().join(" ");
    let sessions = report.leaving.len();
    Some(Note {
        code: "convosync::gc::left".to_owned(),
        text: match sessions {
            1 => format!("1 session is past its time and was deleted: {ids}"),
            n => format!("{n} sessions are past their time and were deleted: {ids}"),
        },
        help: Some(format!(
            "within {} days they come back with `convosync undelete {ids}`; `convosync pin` keeps them for ever",
            report.grace_days
        )),
    })
}
