//! Telling what a collection took from what is still on its way.

use std::collections::BTreeSet;

use convosync_core::{ObjectName, SaveId, SessionId};

use super::live::{roots, unit};
use super::marks::Marks;
use crate::engine::Engine;
use crate::history::History;
use crate::member::Member;
use crate::ports::Store;
use crate::retention::limits::Times;
use crate::shelf::Shelf;
use crate::trouble::{Refusal, Trouble};

impl Engine<'_> {
    /// Why something is missing of a save that is known, if a collection took it: for certain where
    /// a mark names it; otherwise when the save is none of those that a collection leaves whole.
    ///
    /// What a head, one of the last saves, a pinned session or work that was put aside lately
    /// refers to is never collected: if that is missing, it is on its way, or lost.
    pub(crate) fn why_missing(
        &self,
        member: &Member,
        store: &dyn Store,
        history: &History,
        session: &SessionId,
        save: &SaveId,
    ) -> Result<Option<&'static str>, Trouble> {
        let now = self.ports.clock.now_ms();
        if roots(history, session, &Times::of(history), now).contains(save) {
            return Ok(None);
        }
        let open = Shelf::new(self, member, Some(store)).save(session, save);
        let mut names = open.map(|open| open.manifest.containers()).unwrap_or_default();
        names.insert(unit(session, save));
        let there = self.names_of(store, session)?;
        let marks = self.marks(member, store)?;
        let marked = names.iter().any(|name| marks.has(name) && !there.contains(name));
        Ok(Some(match marked {
            true => "it was collected: no newer save needs it",
            false => {
                "a part of it is gone from the store, and it is older than what a collection keeps: it was collected, or lost"
            }
        }))
    }

    /// That no save of a session begins like this any more, if one was collected that did.
    pub(crate) fn was_collected(
        &self,
        member: &Member,
        store: &dyn Store,
        session: &SessionId,
        text: &str,
    ) -> Result<Option<SaveId>, Trouble> {
        let there = self.names_of(store, session)?;
        let marks = self.marks(member, store)?;
        Ok(marks.saves_of(session).find(|save| {
            save.to_string().starts_with(text) && !there.contains(&unit(session, save))
        }))
    }

    fn names_of(
        &self,
        store: &dyn Store,
        session: &SessionId,
    ) -> Result<BTreeSet<ObjectName>, Trouble> {
        let mut there = BTreeSet::new();
        for prefix in [ObjectName::units_of(session), ObjectName::parts_of(session)] {
            there.extend(store.list(&prefix)?.into_iter().map(|listed| listed.name));
        }
        Ok(there)
    }
}

impl Marks {
    /// The saves of a session that are marked.
    fn saves_of(&self, session: &SessionId) -> impl Iterator<Item = SaveId> {
        self.names().filter_map(move |name| match name {
            ObjectName::Unit { session: of, save } if of == session => Some(save.clone()),
            _ => None,
        })
    }
}

/// That a save can't be brought back any more, and which can.
pub(crate) fn collected(
    session: &SessionId,
    save: &SaveId,
    why: &str,
    intact: Option<&SaveId>,
) -> Refusal {
    let help = match intact {
        Some(intact) => format!(
            "the newest save that is whole is {intact}: `convosync resume {session} --at {intact}`; `convosync pin {session}` keeps every save of it from now on"
        ),
        None => format!("`convosync log {session}` shows its saves"),
    };
    let text = format!("{save} of {session} can't be brought back: {why}");
    Refusal::new("convosync::save::collected", text).help(help)
}
