//! Mending the index: what it lost, or never learned because a process died, is read from the
//! outbox and the cache again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use convosync_core::{Card, ObjectName, SaveId, Sealed, card_prefix, open_unit};

use crate::bind::Binding;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Store, StoredCard, Table};
use crate::trouble::Trouble;

/// A count that another device claims for this one and that no device ever reaches is a lie: it
/// must not use up the counts.
const NEVER_REACHED: u64 = 1 << 62;

impl Engine<'_> {
    /// Brings the index in line with the outbox; a new index also with the cache.
    pub(crate) fn mend_index(&self) -> Result<(), Trouble> {
        let frozen = self.ports.outbox.list(ObjectName::UNITS)?;
        let queued: BTreeSet<SaveId> =
            self.ports.index.queue()?.into_iter().map(|row| row.save).collect();
        let lost: Vec<_> = frozen
            .into_iter()
            .map(|listed| listed.name)
            .filter(|name| !matches!(name, ObjectName::Unit { save, .. } if queued.contains(save)))
            .collect();
        if lost.is_empty() && !self.ports.index.is_new() {
            return Ok(());
        }
        let Some(member) = self.member()? else { return Ok(()) };
        let mut tips: BTreeMap<PathBuf, Card> = BTreeMap::new();
        // One change: an index that is half filled when the process dies is filled again.
        let mut changes = Vec::new();
        if self.ports.index.is_new() {
            for listed in self.ports.cache.list(ObjectName::UNITS)? {
                let name = &listed.name;
                changes.extend(self.index_again(
                    &member,
                    self.ports.cache,
                    name,
                    false,
                    &mut tips,
                )?);
            }
        }
        for name in &lost {
            changes.extend(self.index_again(&member, self.ports.outbox, name, true, &mut tips)?);
        }
        self.ports.index.apply(&changes)?;
        self.mend_seq(&member)
    }

    /// What indexes one unit again, and binds its work tree if it is the newest save of this device
    /// there. A unit that can't be opened stays where it is.
    fn index_again(
        &self,
        member: &Member,
        place: &dyn Store,
        name: &ObjectName,
        queued: bool,
        tips: &mut BTreeMap<PathBuf, Card>,
    ) -> Result<Vec<IndexChange>, Trouble> {
        let sealed: Sealed = place.get(name)?;
        let (account, devices) = (&member.profile.account, &member.devices);
        let Ok((card, body)) = open_unit(account, devices, name, &sealed) else {
            return Ok(Vec::new());
        };
        let size = sealed.as_bytes().len() as u64;
        let mut changes = match (queued, card_prefix(&sealed)) {
            (true, _) => self.indexed(&card, &sealed, size)?,
            (false, Ok(prefix)) => vec![IndexChange::PutCard(StoredCard {
                session: card.session.clone(),
                save: card.save.clone(),
                card: prefix,
                size,
            })],
            (false, Err(_)) => return Ok(Vec::new()),
        };
        let below = body.manifest.terminal.as_ref().map_or("", |terminal| &terminal.directory);
        let mine = *card.device() == member.profile.device.id && !card.parked;
        let root = work_tree(&card.working_directory, below).filter(|_| mine);
        let is_newest =
            |root: &PathBuf| tips.get(root).is_none_or(|tip| tip.save.seq() < card.save.seq());
        if let Some(root) = root.filter(is_newest) {
            let binding = Binding {
                session: card.session.clone(),
                tip: card.save.clone(),
                conversation: card.conversation.clone(),
                continues: true,
                root: root.clone(),
            };
            changes.push(self.bind(member, &binding));
            tips.insert(root, card);
        }
        Ok(changes)
    }

    /// Removes parts of saves that died before their freeze. Only under the lock of saves, and only
    /// when nothing waits: then no unit can need them.
    pub(crate) fn sweep_parts(&self) -> Result<(), Trouble> {
        let parts = self.ports.outbox.list(ObjectName::PARTS)?;
        if parts.is_empty() || !self.ports.outbox.list(ObjectName::UNITS)?.is_empty() {
            return Ok(());
        }
        for part in parts {
            self.ports.outbox.delete(&part.name)?;
        }
        Ok(())
    }

    /// This device's count goes on from the greatest that is known anywhere: a count is never
    /// used twice.
    pub(crate) fn mend_seq(&self, member: &Member) -> Result<(), Trouble> {
        let history = self.known(member)?;
        let me = &member.profile.device.id;
        let saves = history.sessions.values().flat_map(BTreeMap::values);
        let seen = saves
            .filter_map(|seen| seen.card.vector.0.get(me).map(|entry| entry.seq))
            .filter(|seq| *seq < NEVER_REACHED)
            .max()
            .unwrap_or(0);
        let known = self.remembered(member, Table::Misc, "seq", b"")?;
        let known = known.and_then(|text| text.parse().ok()).unwrap_or(0);
        if seen <= known {
            return Ok(());
        }
        let change = self.remember(member, Table::Misc, "seq", b"", &seen.to_string());
        Ok(self.ports.index.apply(&[change])?)
    }
}

/// The work tree's top, from where the user was and how far below the top that was.
fn work_tree(working_directory: &str, below: &str) -> Option<PathBuf> {
    let top = match below {
        "" => working_directory,
        below => working_directory.strip_suffix(below)?.strip_suffix('/')?,
    };
    Some(PathBuf::from(top))
}
