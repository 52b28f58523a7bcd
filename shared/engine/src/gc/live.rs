//! What is needed: heads, pinned sessions, the last saves, work put aside lately, and all that
//! they refer to.

use std::collections::{BTreeMap, BTreeSet};

use convosync_core::{ObjectName, SaveId, SessionId, local_digest, open_part, stand_ins_of};
use convosync_wire::Note;

use super::Snapshot;
use super::marks::Marks;
use crate::engine::Engine;
use crate::history::{History, Seen};
use crate::member::Member;
use crate::ports::{Store, Table};
use crate::retention::limits::{Times, days_ms};
use crate::settings::Retention;
use crate::shelf::Shelf;
use crate::trouble::Trouble;

/// The saves of a session that stay besides its heads.
pub(super) const LAST: usize = 3;

/// What nothing needs, by session.
#[derive(Default)]
pub(super) struct Dead {
    pub(super) objects: BTreeMap<SessionId, BTreeMap<ObjectName, u64>>,
    pub(super) notes: Vec<Note>,
}

/// The saves of a session that stay as saves: what a head refers to stays besides, as a container.
///
/// What a device that was revoked saved later stays, and decides nothing: no other save is less
/// needed for it.
pub(super) fn roots(
    history: &History,
    session: &SessionId,
    times: &Times,
    now: i64,
) -> BTreeSet<SaveId> {
    let Some(saves) = history.sessions.get(session) else { return BTreeSet::new() };
    if history.decisions.is_pinned(session) {
        return saves.keys().cloned().collect();
    }
    let quarantined = saves.values().filter(|seen| seen.quarantined).map(|seen| &seen.card.save);
    if history.is_deleted(session) {
        let deletion = history.decisions.deletion(session);
        let covered = |save: &SaveId| deletion.as_ref().is_some_and(|d| d.covers.covers(save));
        return quarantined.filter(|save| !covered(save)).cloned().collect();
    }
    let heads = history.every_head(session).into_iter();
    let last = saves.values().rev().map(Box::as_ref).filter(|seen| seen.counts()).take(LAST);
    let parked_ms = days_ms(Retention::PARKED_DAYS);
    let young = |seen: &&Seen| times.age(&seen.card.save, now).is_none_or(|age| age < parked_ms);
    let parked = saves.values().map(Box::as_ref).filter(|seen| seen.card.parked);
    let parked = parked.filter(|seen| seen.card.note || young(seen));
    let needed = heads.chain(last).chain(parked).map(|seen| &seen.card.save);
    needed.chain(quarantined).cloned().collect()
}

impl Engine<'_> {
    /// What nothing needs. Sessions of which not everything can be told are left out.
    pub(super) fn dead(
        &self,
        member: &Member,
        store: &dyn Store,
        snapshot: &Snapshot,
        marks: &Marks,
    ) -> Result<Dead, Trouble> {
        let times = Times::of(&snapshot.history);
        let mut dead = Dead::default();
        for (session, objects) in &snapshot.sessions {
            if self.is_untouchable(&snapshot.history, session) {
                continue;
            }
            let now = self.ports.clock.now_ms();
            let mut roots = roots(&snapshot.history, session, &times, now);
            if let Some(note) = news(&snapshot.history, session, objects) {
                dead.notes.push(note);
                continue;
            }
            // A device that was revoked may have taken its saves away again.
            let saves = snapshot.history.sessions.get(session);
            let counts = |save: &SaveId| {
                saves.and_then(|saves| saves.get(save)).is_none_or(|seen| !seen.quarantined)
            };
            roots.retain(|save| counts(save) || objects.contains_key(&unit(session, save)));
            let of = Of { session, objects, marks };
            let live = match self.closure(member, store, &of, &roots)? {
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
        of: &Of<'_>,
        roots: &BTreeSet<SaveId>,
    ) -> Result<Result<BTreeSet<ObjectName>, Note>, Trouble> {
        let Of { session, objects, .. } = of;
        let mut live: BTreeSet<ObjectName> = roots.iter().map(|save| unit(session, save)).collect();
        if let Some(missing) = live.iter().find(|name| !objects.contains_key(name)) {
            return Ok(Err(held(session, &format!("`{missing}` is not in the store"))));
        }
        if objects.len() == live.len() {
            // All of it is needed: nothing has to be opened.
            return Ok(Ok(live));
        }
        for save in roots {
            let refers = match self.links(member, store, session, save) {
                Ok(refers) => refers,
                Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
                Err(trouble) => return Ok(Err(held(session, &trouble.failure().message))),
            };
            for name in refers {
                if live.contains(&name) {
                    continue;
                }
                let prefix = stand_ins_of(&member.profile.account, session, &name);
                let stand_ins: Vec<_> =
                    objects.keys().filter(|name| name.to_string().starts_with(&prefix)).collect();
                if stand_ins.is_empty() && !objects.contains_key(&name) {
                    return Ok(Err(held(session, &format!("`{name}` is not in the store"))));
                }
                live.insert(name);
                live.extend(self.distinct(member, store, of.marks, stand_ins)?);
            }
        }
        Ok(Ok(live))
    }

    /// Of what stands in for one container, what has to stay: what can't be read, and one of those
    /// that hold the same, none of which is marked if that can be.
    fn distinct(
        &self,
        member: &Member,
        store: &dyn Store,
        marks: &Marks,
        mut stand_ins: Vec<&ObjectName>,
    ) -> Result<Vec<ObjectName>, Trouble> {
        if stand_ins.len() < 2 {
            return Ok(stand_ins.into_iter().cloned().collect());
        }
        stand_ins.sort_by_key(|name| (marks.has(name), *name));
        let (account, devices) = (&member.profile.account, &member.devices);
        let (mut contents, mut stay) = (BTreeMap::new(), Vec::new());
        for name in stand_ins {
            self.step("Reading what saves refer to")?;
            // As it is in the store: a copy of ours says nothing about that.
            let part = store.get(name).ok();
            let Some(Ok(body)) = part.map(|part| open_part(account, devices, name, &part)) else {
                stay.push(name.clone());
                continue;
            };
            let segments = body.segments.iter();
            let held: BTreeMap<_, _> = segments
                .map(|packed| (packed.id, local_digest(account, "stand-in", &packed.bytes)))
                .collect();
            // The first one is not marked, unless all are: then none is more certain to stay.
            let first_is_marked = *contents.entry(held).or_insert_with(|| {
                stay.push(name.clone());
                marks.has(name)
            });
            if first_is_marked && stay.last() != Some(name) {
                stay.push(name.clone());
            }
        }
        Ok(stay)
    }

    /// What a save refers to. Units never change, so it is read once.
    pub(super) fn links(
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
        let names = open.manifest.containers();
        let text: Vec<String> = names.iter().map(ToString::to_string).collect();
        let change = self.remember(member, Table::Misc, "links", of.as_bytes(), &text.join("\n"));
        self.ports.index.apply(&[change])?;
        Ok(names)
    }
}

/// A session's objects in the store, and the marks there.
struct Of<'a> {
    session: &'a SessionId,
    objects: &'a BTreeMap<ObjectName, u64>,
    marks: &'a Marks,
}

pub(super) fn unit(session: &SessionId, save: &SaveId) -> ObjectName {
    ObjectName::Unit { session: session.clone(), save: save.clone() }
}

/// That a save is there which the history does not know, if so: it came or went meanwhile, and what
/// it refers to is not known.
fn news(
    history: &History,
    session: &SessionId,
    objects: &BTreeMap<ObjectName, u64>,
) -> Option<Note> {
    let saves = history.sessions.get(session);
    let known = |save: &SaveId| saves.is_some_and(|saves| saves.contains_key(save));
    let new = |name: &&ObjectName| matches!(name, ObjectName::Unit { save, .. } if !known(save));
    let name = objects.keys().find(new)?;
    Some(held(session, &format!("`{name}` came or went just now")))
}

fn held(session: &SessionId, why: &str) -> Note {
    Note {
        code: "convosync::gc::held".to_owned(),
        text: format!("nothing of {session} was removed: {why}"),
        help: Some("what can't be read is never deleted; it may still be arriving".to_owned()),
    }
}
