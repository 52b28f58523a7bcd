//! What a watcher goes by, besides the list that it looks at.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::backoff::is_due;
use crate::engine::Engine;
use crate::ports::Table;
use crate::trouble::Trouble;

/// How things stand on this device after a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The store's URL.
    pub store: String,
    /// The user wants no network now, and the store is not this machine's own.
    pub offline: bool,
    /// The connection is paid by the byte.
    pub metered: bool,
    /// Saves that wait to be sent.
    pub queued: u64,
    /// One of them may be sent now, and was not.
    pub held_up: bool,
    /// Milliseconds until the next one may be tried, if all have to wait.
    pub next_try_ms: Option<i64>,
    /// Another number as soon as this device learns of a save, a pin or a deletion, or one of its
    /// own was sent. Of one process only.
    pub stamp: u64,
}

impl Engine<'_> {
    /// How things stand, by what this device knows.
    ///
    /// # Errors
    ///
    /// If the keys or the index can't be read.
    pub fn outlook(&self) -> Result<Outlook, Trouble> {
        let ports = self.ports;
        let (now, queue) = (ports.clock.now_ms(), ports.index.queue()?);
        let member = self.member()?;
        let own = member.as_ref().is_none_or(|member| member.profile.local_only);
        let held_up = queue.iter().any(|row| is_due(row, now));
        let next = queue.iter().map(|row| row.retry_ms.saturating_sub(now)).min();
        let mut stamp = DefaultHasher::new();
        ports.index.cards_after(u64::MAX)?.total.hash(&mut stamp);
        queue.iter().for_each(|row| row.save.to_string().hash(&mut stamp));
        for (name, _) in ports.index.all(Table::Retention)? {
            name.hash(&mut stamp);
        }
        Ok(Outlook {
            store: member
                .map_or_else(|| ports.stores.embedded_url(), |member| member.profile.store_url),
            offline: ports.settings.offline && !own,
            metered: ports.settings.metered && !own,
            queued: queue.len() as u64,
            held_up,
            next_try_ms: next.filter(|_| !held_up),
            stamp: stamp.finish(),
        })
    }
}
