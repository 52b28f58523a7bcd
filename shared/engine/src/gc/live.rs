//! What is needed: heads, pinned sessions, the last saves, work put aside lately, and all that
//! they refer to.

use std::collections::{BTreeMap, BTreeSet};

use convosync_core::{ObjectName, SaveId, SessionId, heads, stand_ins_of};
use convosync_wire::Note;

use super::Snapshot;
use crate::engine::Engine;
use crate::history::{History, Seen};
use crate::member::Member;
use crate::ports::{Store, Table};
use crate::retention::limits::{Times, days_ms};
use crate::settings::Retention;
use crate::shelf::{Shelf, containers};
use crate::trouble::Trouble;

/// The saves of a session that stay besides its heads.
const LAST: usize = 3;

/// What nothing needs, by session.
#[derive(Default)]
pub(super) struct Dead {
    pub(super) objects: BTreeMap<SessionId, BTreeMap<ObjectName, u64>>,
    pub(super) notes: Vec<Note>,
}

/// The saves of a session that stay as saves: what a head refers to stays besides, as a container.
///
/// `parked_ms`: how long work that was put aside stays.
pub(super) fn roots(
    history: &History,
    session: &SessionId,
    times: &Times,
    now: i64,
    parked_ms: i64,
) -> BTreeSet<SaveId> {
    let Some(saves) = history.sessions.get(session) else { return BTreeSet::new() };
    if history.decisions.is_pinned(session) {
        return saves.keys().cloned().collect();
    }
    if history.is_deleted(session) {
        return BTreeSet::new();
    }
    let open: Vec<&Seen> =
        saves.values().map(Box::as_ref).filter(|seen| !seen.card.parked).collect();
    let named = heads(open.iter().map(|seen| (&seen.card.save, &seen.card.vector)));
    let last = open.iter().rev().take(LAST).map(|seen| &seen.card.save);
    let young = |seen: &&Seen| times.age(&seen.card.save, now).is_none_or(|age| age < parked_ms);
    let saves = saves.values().map(Box::as_ref);
    let parked = saves.filter(|seen| seen.card.parked).filter(young);
    named.into_iter().chain(last).chain(parked.map(|seen| &seen.card.save)).cloned().collect()
}

impl Engine<'_> {
    /// What nothing needs. Sessions of which not everything can be told are left out.
    pub(super) fn dead(
        &self,
        member: &Member,
        store: &dyn Store,
        snapshot: &Snapshot,
    ) -> Result<Dead, Trouble> {
        let times = Times::of(&snapshot.history);
        let mut dead = Dead::default();
        for (session, objects) in &snapshot.sessions {
            if self.is_untouchable(&snapshot.history, session) {
                continue;
            }
            let now = self.ports.clock.now_ms();
            let parked = days_ms(Retention::PARKED_DAYS);
            let roots = roots(&snapshot.history, session, &times, now, parked);
            let live = match self.closure(member, store, session, &roots, objects)? {
                Ok(live) => live,
                Err(note) => {
                    dead.notes.push(note);
                    continue;
                }
            };
            let gone: BTreeMap<_, _> = objects
                .iter()
                .filter(|(name, _)| !live.contains(name))
                .map(|(name, size)| (name.clone(), *size))
                .collect();
            if !gone.is_empty() {
                dead.objects.insert(session.clone(), gone);
            }
        }
        Ok(dead)
    }

    /// Whether nothing of a session may be touched: something of it can't be read, or is only on
    /// this device.
    fn is_untouchable(&self, history: &History, session: &SessionId) -> bool {
        let mut saves = history.sessions.get(session).into_iter().flat_map(BTreeMap::values);
        saves.any(|seen| seen.queued)
            || history.unreadable.iter().any(|bad| bad.session == *session)
            || history.decisions.unreadable.contains(session)
    }

    /// The roots and all that they refer to, with what stands in for it. An inner error tells why
    /// that can't be said now.
    fn closure(
        &self,
        member: &Member,
        store: &dyn Store,
        session: &SessionId,
        roots: &BTreeSet<SaveId>,
        objects: &BTreeMap<ObjectName, u64>,
    ) -> Result<Result<BTreeSet<ObjectName>, Note>, Trouble> {
        let unit =
            |save: &SaveId| ObjectName::Unit { session: session.clone(), save: save.clone() };
        let mut live: BTreeSet<ObjectName> = roots.iter().map(unit).collect();
        if let Some(missing) = live.iter().find(|name| !objects.contains_key(name)) {
            return Ok(Err(held(session, &format!("`{missing}` is not in the store"))));
        }
        if objects.len() == live.len() {
            // All of it is needed: nothing has to be opened.
            return Ok(Ok(live));
        }
        let account = &member.profile.account;
        for save in roots {
            let refers = match self.links(member, store, session, save) {
                Ok(refers) => refers,
                Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
                Err(trouble) => return Ok(Err(held(session, &trouble.failure().message))),
            };
            for name in refers {
                let prefix = stand_ins_of(account, session, &name);
                let stand_ins: Vec<_> =
                    objects.keys().filter(|name| name.to_string().starts_with(&prefix)).collect();
                if stand_ins.is_empty() && !objects.contains_key(&name) {
                    return Ok(Err(held(session, &format!("`{name}` is not in the store"))));
                }
                live.extend(stand_ins.into_iter().cloned());
                live.insert(name);
            }
        }
        Ok(Ok(live))
    }

    /// What a save refers to. Units never change, so it is read once.
    fn links(
        &self,
        member: &Member,
        store: &dyn Store,
        session: &SessionId,
        save: &SaveId,
    ) -> Result<BTreeSet<ObjectName>, Trouble> {
        let of = format!("{session}/{save}");
        if let Some(known) = self.remembered(member, Table::Misc, "links", of.as_bytes())? {
            let names: Result<BTreeSet<_>, _> = known.lines().map(str::parse).collect();
            if let Ok(names) = names {
                return Ok(names);
            }
        }
        self.step("Reading what saves refer to")?;
        let open = Shelf::new(self, member, Some(store)).save(session, save)?;
        let names = containers(&open.manifest);
        let text: Vec<String> = names.iter().map(ToString::to_string).collect();
        let change = self.remember(member, Table::Misc, "links", of.as_bytes(), &text.join("\n"));
        self.ports.index.apply(&[change])?;
        Ok(names)
    }
}

fn held(session: &SessionId, why: &str) -> Note {
    Note {
        code: "convosync::gc::held".to_owned(),
        text: format!("nothing of {session} was removed: {why}"),
        help: Some("what can't be read is never deleted; it may still be arriving".to_owned()),
    }
}
