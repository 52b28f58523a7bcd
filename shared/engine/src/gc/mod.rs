//! Collecting: what nothing needs any more is marked, waited for, and looked at again before it is
//! deleted.
//!
//! Why nothing is lost, whoever else saves, sends or collects at the same time:
//!
//! - Only what is dead **now** and was marked for the grace time, by this device's own first
//!   sight of the mark, is deleted; and the decision that made it dead was there as long.
//! - Whoever sends a save looks at the marks first and relies on nothing that is marked: it puts
//!   the same segments under a new name (`stand_in`). The save follows within half of the least
//!   grace time, so a collector that looks again sees it, or saw it before.
//! - What can't be read, and what it may refer to, stays. So does a session of which this device
//!   has something to send, or of which anything that it refers to is not there.
//! - Marks, tombstones and deletions can be repeated, and stopped between any two.

mod forget;
mod live;
mod marks;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use convosync_core::{DeletedBy, ObjectName, SessionId};
use convosync_wire::{Amount, GcArgs, GcReport, KeptSession, Note};

use crate::engine::Engine;
use crate::history::{Depth, History};
use crate::member::Member;
use crate::ports::{Store, Table};
use crate::retention::covers;
use crate::retention::limits::{days_ms, leaving};
use crate::send::{SEND_WAIT, Sending};
use crate::trouble::Trouble;

/// An automatic collection runs at most so often: it reads a lot.
const EVERY_MS: i64 = 24 * 60 * 60 * 1000;

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
        let mut report = self.collect(&mut member, store.as_ref(), args.dry_run)?;
        notes.append(&mut report.notes);
        Ok(GcReport { notes, ..report })
    }

    /// Collects after a save or a sync, if the user wants that: once a day, and without a word
    /// unless something went. What goes wrong is no matter of the save.
    pub(crate) fn collect_quietly(&self, member: &mut Member, store: &dyn Store) -> Option<Note> {
        if !self.ports.settings.retention.auto || !self.is_time(member).unwrap_or(false) {
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

    /// Whether the last automatic collection was long enough ago; notes this one.
    fn is_time(&self, member: &Member) -> Result<bool, Trouble> {
        let now = self.ports.clock.now_ms();
        let last = self.remembered(member, Table::Misc, "collected", b"")?;
        let last = last.and_then(|text| text.parse::<i64>().ok());
        let due = last.is_none_or(|last| !(0..EVERY_MS).contains(&now.saturating_sub(last)));
        if due {
            let change = self.remember(member, Table::Misc, "collected", b"", &now.to_string());
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
        for (session, why) in leaving(&snapshot.history, limits, self.ports.clock.now_ms()) {
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

    fn mark_and_sweep(
        &self,
        member: &Member,
        store: &dyn Store,
        snapshot: Snapshot,
        leaving: Vec<KeptSession>,
        dry_run: bool,
    ) -> Result<GcReport, Trouble> {
        let marks = self.marks(member, store)?;
        let dead = self.dead(member, store, &snapshot)?;
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
        let (mut fresh, mut ripe) = (Vec::new(), Vec::new());
        for (session, objects) in &dead.objects {
            let decided = self.decided_long_ago(member, &snapshot.history, session)?;
            for (name, size) in objects {
                let amount = match marks.age(name) {
                    None => {
                        fresh.push(name.clone());
                        &mut report.marked
                    }
                    Some(age) if decided && age >= days_ms(self.grace()) => {
                        ripe.push((name.clone(), *size));
                        continue;
                    }
                    Some(_) => &mut report.waiting,
                };
                add(amount, *size);
            }
        }
        if dry_run {
            ripe.iter().for_each(|(_, size)| add(&mut report.deleted, *size));
        } else {
            self.put_marks(member, store, &fresh)?;
            report.deleted = self.sweep(store, &snapshot, &ripe)?;
            self.drop_done_marks(member, store, &marks, &snapshot)?;
            self.clear_cache(member)?;
        }
        report.store.objects -= report.deleted.objects;
        report.store.bytes -= report.deleted.bytes;
        Ok(report)
    }

    /// All that is known and all that is there.
    fn snapshot(&self, member: &mut Member, store: &dyn Store) -> Result<Snapshot, Trouble> {
        let taken_ms = self.ports.clock.now_ms();
        let history = self.refreshed(member, store, ObjectName::UNITS, Depth::All)?;
        let mut sessions: BTreeMap<SessionId, BTreeMap<ObjectName, u64>> = BTreeMap::new();
        for prefix in [ObjectName::UNITS, ObjectName::PARTS] {
            for listed in store.list(prefix)? {
                if let Some(session) = listed.name.session().cloned() {
                    sessions.entry(session).or_default().insert(listed.name, listed.size);
                }
            }
        }
        Ok(Snapshot { history, sessions, taken_ms })
    }

    /// Whether all that was decided about a session is as old as the grace time: who took a
    /// deletion back and deletes again waits again.
    fn decided_long_ago(
        &self,
        member: &Member,
        history: &History,
        session: &SessionId,
    ) -> Result<bool, Trouble> {
        let grace = days_ms(self.grace());
        for name in history.decisions.names(session) {
            if self.seen_for(member, &name)? < grace {
                return Ok(false);
            }
        }
        Ok(true)
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
