//! `convosync store move`: everything goes to another place, and the account goes on there.
//!
//! Steps, each of which can be done again: copy and compare all objects, the store record last;
//! write the address of the new place into the old one; copy what was written meanwhile; use the
//! new place. This device's key file changes last, so a move that was stopped is finished by the
//! same command, or by any other one: that finds the address and follows it.

mod copy;
mod follow;
mod lost;

use convosync_core::{Moved, ObjectName};
use convosync_wire::{MoveArgs, MoveReport};

use crate::account::{LOCK_WAIT, bad_store};
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::Store;
use crate::trouble::{Refusal, Trouble};

use copy::Copied;
pub(crate) use follow::NOT_HERE;

/// The argument that names the new place.
const TO: &str = "to";

impl Engine<'_> {
    /// Moves the account's store to `args.to`, where nothing but this account's objects may be.
    ///
    /// The old place is left as it is, but for the address of the new one.
    pub(crate) fn move_store(&self, args: &MoveArgs) -> Result<MoveReport, Trouble> {
        let before = self.need_member()?;
        let url = self.new_place(&before, &args.to)?;
        if args.lost {
            return self.replace_store(&before, url);
        }
        // A move that was stopped, or made by another device, is followed to its end.
        let followed = self.reach_store(&before.profile);
        let _lock = self.ports.locks.acquire("send", LOCK_WAIT)?;
        let member = self.need_member()?;
        if member.profile.store_url == url {
            return self.arrived(&before, &member, url);
        }
        let old = match followed {
            Ok(_) => self.open_at(&member.profile.store_url, &member.profile)?,
            Err(Trouble::Refused(refusal)) if refusal.code == follow::NOT_HERE => {
                return self.take_as(&member, url);
            }
            Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
            Err(trouble) => return Err(away(&trouble.failure().message).into()),
        };
        let new = self.ports.stores.open(&url, true)?;
        match self.store_record(new.as_ref())? {
            Some(record) => record
                .matches(&member.profile.account)
                .map_err(|error| Trouble::Object { name: ObjectName::StoreRecord, error })?,
            None => self.probe(new.as_ref(), TO)?,
        }
        let mut member = member;
        self.learn_devices(&mut member, old.as_ref())?;
        let copied = self.relocate(&member, &url, old.as_ref(), new.as_ref())?;
        self.use_store(&member, url)?;
        // Another device may have moved it elsewhere at the same time, and its address holds.
        let new = self.reach_store(&self.need_member()?.profile)?;
        Ok(report(true, &member, old.as_ref(), new.as_ref(), copied))
    }

    /// The new place in its one spelling, if a store can go from here to there.
    fn new_place(&self, member: &Member, to: &str) -> Result<String, Trouble> {
        if member.profile.local_only {
            let help = "share them with `convosync init --store URL`: that takes along what was saved here";
            return Err(Refusal::new(
                "convosync::store::local-only",
                "the sessions of this device are on this machine only",
            )
            .help(help)
            .into());
        }
        if crate::origin::is_origin(to) || crate::origin::is_origin(&member.profile.store_url) {
            return Err(crate::origin::not_movable(to).into());
        }
        let url = self.ports.stores.normalise(to).map_err(|error| bad_store(error, TO))?;
        if url == self.ports.stores.embedded_url() {
            return Err(Refusal::new(
                "convosync::store::own-folder",
                "that is this device's own folder, which no other device can reach",
            )
            .argument(TO)
            .into());
        }
        Ok(url)
    }

    /// Copies, tells in the old place where the new one is, and copies what came in between.
    fn relocate(
        &self,
        member: &Member,
        url: &str,
        old: &dyn Store,
        new: &dyn Store,
    ) -> Result<Copied, Trouble> {
        let mut copied = self.copy_all(old, new)?;
        let profile = &member.profile;
        let number = 1 + self.moves_of(profile, old)?.max(self.moves_of(profile, new)?);
        let moved = Moved { url: url.to_owned(), number, moved_ms: self.ports.clock.now_ms() };
        self.tell("Telling the other devices where the store is now");
        self.put_address(member, old, &moved)?;
        self.arrive(member, new, number)?;
        copied.add(self.copy_all(old, new)?);
        self.settle_moves(member, old)?;
        Ok(copied)
    }

    /// The account's store under another name: as it lies on this machine, say.
    fn take_as(&self, member: &Member, url: String) -> Result<MoveReport, Trouble> {
        let old = self.open_at(&member.profile.store_url, &member.profile)?;
        let new = self.open_at(&url, &member.profile)?;
        self.probe(new.as_ref(), TO)?;
        let mut copied = self.copy_own(member, old.as_ref(), new.as_ref())?;
        copied.objects = new.list("v1/")?.len() as u64;
        self.use_store(member, url)?;
        Ok(report(true, member, old.as_ref(), new.as_ref(), copied))
    }

    /// This device uses the place already: since just now, if a move was finished on the way.
    fn arrived(
        &self,
        before: &Member,
        member: &Member,
        url: String,
    ) -> Result<MoveReport, Trouble> {
        let new = self.open_at(&url, &member.profile)?;
        let objects = new.list("v1/")?.len() as u64;
        let from = before.profile.store_url.clone();
        let copied = Copied { objects, ..Copied::default() };
        let done = report(from != url, member, new.as_ref(), new.as_ref(), copied);
        Ok(MoveReport { from: crate::address::shown(&from), ..done })
    }

    /// The key file names the new place from here on; whoever changes it at the same time waits.
    pub(crate) fn use_store(&self, member: &Member, url: String) -> Result<(), Trouble> {
        let _freeze = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        let _keys = self.ports.locks.acquire("keys", LOCK_WAIT)?;
        let now = self.ports.vault.load()?;
        match now {
            Some(profile) if profile.store_url == member.profile.store_url => Ok(self
                .ports
                .vault
                .store(&convosync_core::Profile { store_url: url, ..profile })?),
            // Another process was faster.
            _ => Ok(()),
        }
    }
}

fn away(why: &str) -> Refusal {
    Refusal::new("convosync::store::away", format!("the store can't be copied: {why}")).help(
        "if it is only away, move it when it is back; if it is gone for good, fill the new \
             place from what this device has: `convosync store move URL --lost`",
    )
}

fn report(
    changed: bool,
    member: &Member,
    old: &dyn Store,
    new: &dyn Store,
    copied: Copied,
) -> MoveReport {
    report_of(old.describe(), changed, member, new, copied)
}

/// The same where the old place can't be opened.
fn report_of(
    from: String,
    changed: bool,
    member: &Member,
    new: &dyn Store,
    copied: Copied,
) -> MoveReport {
    MoveReport {
        changed,
        lost: false,
        from,
        store: new.describe(),
        objects: copied.objects,
        copied: copied.copied,
        bytes: copied.bytes,
        other_devices: member.others(),
        notes: copied.notes,
    }
}
