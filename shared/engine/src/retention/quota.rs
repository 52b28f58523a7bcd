//! What a status says of retention: the quota, and what could go. It only proposes.

use std::collections::BTreeMap;

use convosync_core::SessionId;
use convosync_wire::{KeptSession, RetentionState};

use super::limits::leaving;
use super::pin::row;
use crate::engine::Engine;
use crate::history::History;
use crate::ports::Listed;

/// Sessions that are named when the quota is used up.
const BIGGEST: usize = 3;

impl Engine<'_> {
    /// What retention has to say, with the sizes of what is in the store if it answered.
    pub(crate) fn retention_state(
        &self,
        history: &History,
        listed: Option<&[Listed]>,
    ) -> RetentionState {
        let limits = &self.ports.settings.retention;
        let sizes = sizes(listed.unwrap_or_default());
        let sized = |session: &SessionId| KeptSession {
            size: listed.map(|_| sizes.get(session).copied().unwrap_or(0)),
            ..row(history, session)
        };
        let leaving = leaving(history, limits, self.ports.clock.now_ms())
            .into_iter()
            .map(|(session, why)| KeptSession { why: Some(why.told(limits)), ..sized(&session) })
            .collect();
        let mut state = RetentionState {
            quota: Some(limits.quota).filter(|quota| *quota > 0),
            leaving,
            biggest: Vec::new(),
            deleted: history.deleted().len() as u64,
        };
        if state.percent(sizes.values().sum()).is_some_and(|percent| percent >= 100) {
            state.biggest = biggest(history, &sizes).iter().map(sized).collect();
        }
        state
    }
}

/// Bytes of each session in the store.
pub(crate) fn sizes(listed: &[Listed]) -> BTreeMap<SessionId, u64> {
    let mut sizes = BTreeMap::new();
    for object in listed {
        if let Some(session) = object.name.session() {
            *sizes.entry(session.clone()).or_default() += object.size;
        }
    }
    sizes
}

/// The sessions that take most room, those that are pinned or deleted left out.
fn biggest(history: &History, sizes: &BTreeMap<SessionId, u64>) -> Vec<SessionId> {
    let mut sessions: Vec<_> = history
        .sessions
        .keys()
        .filter(|session| !history.decisions.is_pinned(session) && !history.is_deleted(session))
        .collect();
    sessions.sort_by_key(|session| std::cmp::Reverse(sizes.get(*session).copied().unwrap_or(0)));
    sessions.into_iter().take(BIGGEST).cloned().collect()
}
