//! Following a store that another device moved.

use std::collections::BTreeSet;
use std::time::Duration;

use convosync_core::{
    DeviceId, Devices, Moved, ObjectName, OpenError, Profile, open_device_entry, open_moved,
    seal_moved,
};
use convosync_wire::Note;

use crate::account::LOCK_WAIT;
use crate::address::shown;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Guard, Listed, LocalError, Store, StoreError};
use crate::trouble::{Refusal, Trouble};

/// A store that moved again and again is followed so often in one command.
const MOST_HOPS: usize = 8;

/// The code of a move whose new place can't be used on this device.
pub(crate) const NOT_HERE: &str = "convosync::store::moved";

/// An address that was found in a store.
struct Found {
    name: ObjectName,
    moved: Moved,
    by: DeviceId,
}

/// The addresses in a store.
#[derive(Default)]
struct Addresses {
    found: Vec<Found>,
    /// What there is to tell of those that can't be opened.
    unread: Vec<Note>,
    /// One of them is under a key that this device does not have.
    is_behind: bool,
}

impl Found {
    /// Of several the greatest holds; of equal ones, which were written at the same time, the same
    /// one for everybody.
    fn rank(&self) -> (u64, &ObjectName) {
        (self.moved.number, &self.name)
    }
}

impl Engine<'_> {
    /// Opens the member's store and proves that it is the account's; if it was moved, the one that
    /// it was moved to, which is used from then on.
    ///
    /// A record that is not there, foreign, or of another key refuses, here and there: nothing is
    /// written to a store that is not ours.
    ///
    /// It does not answer while the user wants to stay offline.
    pub(crate) fn open_store(&self, profile: &Profile) -> Result<Box<dyn Store>, Trouble> {
        if self.ports.settings.offline && !profile.local_only {
            return Err(StoreError::Unreachable("`offline` is set".to_owned()).into());
        }
        self.reach_store(profile)
    }

    /// As [`Engine::open_store`], though the user wants to stay offline: for what is asked for by
    /// name.
    pub(crate) fn reach_store(&self, profile: &Profile) -> Result<Box<dyn Store>, Trouble> {
        if crate::origin::is_origin(&profile.store_url) {
            return self.open_origins(profile);
        }
        let mut store = self.open_at(&profile.store_url, profile)?;
        if profile.local_only {
            return Ok(store);
        }
        let mut at = profile.clone();
        let mut number = 0;
        for _ in 0..MOST_HOPS {
            let addresses = self.addresses_by_any_key(&mut at, store.as_ref())?;
            let Some(found) = leading_on(addresses, &at, number) else { return Ok(store) };
            let new = self.open_at(&found.moved.url, &at).map_err(|why| not_here(&found, why))?;
            self.follow(&at, &found, store.as_ref(), new.as_ref())?;
            number = found.moved.number;
            at.store_url = found.moved.url;
            store = new;
        }
        Ok(store)
    }

    /// The count of the newest address in a store, whoever wrote it; 0 if there is none.
    pub(super) fn moves_of(&self, profile: &Profile, store: &dyn Store) -> Result<u64, Trouble> {
        let found = self.addresses(profile, store)?;
        Ok(found.iter().map(|found| found.moved.number).max().unwrap_or(0))
    }

    /// The same as [`Self::addresses`], with keys that the account has had since this device was here:
    /// whoever moved the store may have sealed the address under one.
    fn addresses_by_any_key(
        &self,
        at: &mut Profile,
        store: &dyn Store,
    ) -> Result<Vec<Found>, Trouble> {
        let mut addresses = self.looked_at(at, store)?;
        if addresses.is_behind {
            let mut member = self.member_at(at)?;
            match self.hear(&mut member, store) {
                Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
                // Whatever the command does next meets the same and tells it.
                Err(_) => {}
                Ok(_) => {
                    at.account = member.profile.account;
                    addresses = self.looked_at(at, store)?;
                }
            }
        }
        addresses.unread.into_iter().for_each(|note| self.also_tell(note));
        Ok(addresses.found)
    }

    /// Every address in a store that a device of the account signed. What can't be opened leads
    /// nowhere, and is told.
    fn addresses(&self, profile: &Profile, store: &dyn Store) -> Result<Vec<Found>, Trouble> {
        let Addresses { found, unread, .. } = self.looked_at(profile, store)?;
        unread.into_iter().for_each(|note| self.also_tell(note));
        Ok(found)
    }

    fn looked_at(&self, profile: &Profile, store: &dyn Store) -> Result<Addresses, Trouble> {
        let mut addresses = Addresses::default();
        let listed = store.list(ObjectName::MOVED)?;
        if listed.is_empty() {
            return Ok(addresses);
        }
        let mut devices = self.known_devices(profile)?;
        let mut asked = false;
        for Listed { name, .. } in listed {
            let ObjectName::Moved { device, .. } = &name else { continue };
            if !asked && devices.get(device).is_none() {
                (devices, asked) = (self.devices_in(profile, store)?, true);
            }
            let by = device.clone();
            // It never changes, and is looked at with every command.
            let kept = self.ports.cache.get(&name).ok();
            let is_kept = kept.is_some();
            let sealed = match kept.map_or_else(|| store.get(&name), Ok) {
                // Whoever moved the store again has removed it just now.
                Err(StoreError::Missing(_)) => continue,
                sealed => sealed?,
            };
            match open_moved(&profile.account, &devices, &name, &sealed) {
                Ok(moved) => {
                    if !is_kept {
                        self.keep(&name, &sealed)?;
                    }
                    addresses.found.push(Found { name, moved, by });
                }
                Err(error) => {
                    let no_key = matches!(error, OpenError::Epoch { .. } | OpenError::WrongKey);
                    addresses.is_behind |= no_key;
                    // A copy that was damaged on this disk is asked for again.
                    if is_kept && !no_key {
                        self.ports.cache.delete(&name)?;
                    } else {
                        addresses.unread.push(unreadable(&name, &error.to_string()));
                    }
                }
            }
        }
        Ok(addresses)
    }

    /// Whether the account has left a store since this command found it there.
    pub(crate) fn has_left(&self, member: &Member, store: &dyn Store) -> Result<bool, Trouble> {
        self.leads_on(&member.profile, store)
    }

    fn leads_on(&self, profile: &Profile, store: &dyn Store) -> Result<bool, Trouble> {
        Ok(leading_on(self.addresses(profile, store)?, profile, 0).is_some())
    }

    /// The lock of whatever sends. While this command waited for it, or before, another one of this
    /// device may have moved the store: what is put into the old place then would stay there, since
    /// this device looks there no more.
    ///
    /// # Errors
    ///
    /// A refusal in that case; the same command finds the new place.
    pub(crate) fn to_send(
        &self,
        member: &Member,
        store: &dyn Store,
        wait: Duration,
    ) -> Result<Box<dyn Guard>, Trouble> {
        let lock = self.ports.locks.acquire("send", wait)?;
        let Some(now) = self.ports.vault.load()? else { return Ok(lock) };
        let before = &member.profile;
        // What leads on may be under a key that came since.
        let seen = Profile { account: now.account, ..before.clone() };
        if now.store_url == before.store_url || !self.leads_on(&seen, store)? {
            return Ok(lock);
        }
        Err(Refusal::new(
            "convosync::store::left",
            "another convosync on this device has just moved the store",
        )
        .help("nothing was sent to the old place; run the same command again")
        .into())
    }

    /// Says in a place that the store came here by the move of this number: what leads away from
    /// before that holds no more, and goes.
    pub(super) fn arrive(
        &self,
        member: &Member,
        new: &dyn Store,
        number: u64,
    ) -> Result<(), Trouble> {
        let there = self.addresses(&member.profile, new)?;
        if there.iter().any(|found| found.moved.number >= number) {
            return Ok(());
        }
        self.put_address(member, new, &Moved::here(number, self.ports.clock.now_ms()))?;
        for older in there {
            new.delete(&older.name)?;
        }
        Ok(())
    }

    pub(super) fn put_address(
        &self,
        member: &Member,
        store: &dyn Store,
        moved: &Moved,
    ) -> Result<(), Trouble> {
        let hash = member.devices.hash();
        let (name, sealed) = seal_moved(&member.profile, hash, moved, &mut self.random());
        Ok(store.put_new(&name, &sealed)?)
    }

    /// If devices moved the store from one place at the same time, one address holds: the places
    /// that the others lead to get an address too, so that whoever is there goes on.
    pub(super) fn settle_moves(&self, member: &Member, old: &dyn Store) -> Result<(), Trouble> {
        let profile = &member.profile;
        let mut found = self.addresses(profile, old)?;
        found.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let Some(holds) = found.pop().filter(|found| !found.moved.is_here()) else { return Ok(()) };
        // The others from before the store came here lead to places that were left.
        let came = found.iter().rposition(|found| found.moved.is_here()).map_or(0, |at| at + 1);
        for other in &found[came..] {
            let urls = [&holds.moved.url, &profile.store_url];
            if !urls.contains(&&other.moved.url)
                && let Err(trouble) = self.lead_on(member, other, &holds)
            {
                self.also_tell(elsewhere_too(other, &holds, trouble));
            }
        }
        Ok(())
    }

    /// Puts the address that holds into a place that another one leads to.
    fn lead_on(&self, member: &Member, other: &Found, holds: &Found) -> Result<(), Trouble> {
        let place = self.open_at(&other.moved.url, &member.profile)?;
        let there = self.addresses(&member.profile, place.as_ref())?;
        if there.iter().any(|found| found.moved.url == holds.moved.url) {
            return Ok(());
        }
        let last = there.iter().map(|found| found.moved.number).max().unwrap_or(0);
        let number = 1 + last.max(other.moved.number);
        let moved = Moved { number, ..holds.moved.clone() };
        self.put_address(member, place.as_ref(), &moved)?;
        let new = self.open_at(&holds.moved.url, &member.profile)?;
        self.arrive(member, new.as_ref(), number)
    }

    fn known_devices(&self, profile: &Profile) -> Result<Devices, Trouble> {
        Ok(match self.member()? {
            Some(member) => member.devices,
            None => Devices::of(&profile.device),
        })
    }

    /// The devices that are known here, and those that the store has.
    fn devices_in(&self, profile: &Profile, store: &dyn Store) -> Result<Devices, Trouble> {
        let mut devices = self.known_devices(profile)?;
        for listed in store.list(ObjectName::DEVICES)? {
            let entry = store.get(&listed.name)?;
            if let Ok((device, entry)) = open_device_entry(&profile.account, &listed.name, &entry) {
                // An entry with another key than before is not believed.
                let _: Result<(), convosync_core::KeyChanged> = devices.add(device, entry);
            }
        }
        Ok(devices)
    }

    /// Goes on with the new place. What was written into the old one while it was moved is taken
    /// along: by the device that moved it all, by every other one what it saved itself.
    fn follow(
        &self,
        profile: &Profile,
        found: &Found,
        old: &dyn Store,
        new: &dyn Store,
    ) -> Result<(), Trouble> {
        let devices = self.devices_in(profile, old)?;
        let by = devices.get(&found.by).map(|entry| entry.name.clone());
        let member = self.member_at(profile)?;
        if found.by == profile.device.id {
            self.copy_all(old, new)?;
        } else {
            self.copy_own(&member, old, new)?;
        }
        self.enter(profile, new)?;
        self.arrive(&member, new, found.moved.number)?;
        self.settle_moves(&member, old)?;
        if self.remember_place(profile, &found.moved.url, old, new)? {
            self.also_tell(told(by.as_deref(), new));
        }
        Ok(())
    }

    /// Takes along what a device that joins again saved and decided where the store was when it was left
    /// out. A place that does not answer any more is told and holds nobody up: heads are put again from
    /// what is kept here.
    pub(crate) fn bring_along(
        &self,
        before: &Profile,
        after: &Profile,
        new: &dyn Store,
    ) -> Result<(), Trouble> {
        let origin = |url: &str| crate::origin::is_origin(url);
        if before.store_url == after.store_url
            || origin(&before.store_url)
            || origin(&after.store_url)
        {
            return Ok(());
        }
        let now = Profile { device: before.device.clone(), ..after.clone() };
        // Which records are true was settled by joining: no keys come along.
        let member = Member { records: BTreeSet::new(), ..self.member_at(&now)? };
        let old = self.open_at(&before.store_url, after);
        match old.and_then(|old| self.copy_own(&member, old.as_ref(), new)) {
            Err(Trouble::Cancelled) => Err(Trouble::Cancelled),
            Err(trouble) => {
                self.also_tell(stays_there(&before.store_url, trouble));
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// This device as the account has it at the place that `profile` names.
    fn member_at(&self, profile: &Profile) -> Result<Member, Trouble> {
        let known = self.member()?.unwrap_or_else(|| Member::alone(profile.clone()));
        Ok(Member { profile: profile.clone(), ..known })
    }

    /// Writes the new place into the key file, unless another process is changing that: then the
    /// next command follows again.
    fn remember_place(
        &self,
        profile: &Profile,
        url: &str,
        old: &dyn Store,
        new: &dyn Store,
    ) -> Result<bool, Trouble> {
        let still = || -> Result<_, Trouble> {
            Ok(self.ports.vault.load()?.filter(|now| now.store_url == profile.store_url))
        };
        let _freeze = match self.ports.locks.acquire("freeze", Duration::ZERO) {
            Err(LocalError::Busy { .. }) => return Ok(false),
            lock => lock?,
        };
        if still()?.is_none() {
            return Ok(false);
        }
        // Another process of this device may have begun an epoch there since. The rest was copied
        // before: nobody is to wait for that.
        self.copy_own(&self.member_at(profile)?, old, new)?;
        let _keys = self.ports.locks.acquire("keys", LOCK_WAIT)?;
        let Some(now) = still()? else { return Ok(false) };
        self.ports.vault.store(&Profile { store_url: url.to_owned(), ..now })?;
        Ok(true)
    }
}

/// Where the store is now, if it is elsewhere. `number`: of the address that led here; what is older
/// leads back.
fn leading_on(found: Vec<Found>, profile: &Profile, number: u64) -> Option<Found> {
    let newest = found.into_iter().max_by(|a, b| a.rank().cmp(&b.rank()))?;
    let leads = !newest.moved.is_here() && newest.moved.url != profile.store_url;
    (leads && newest.moved.number > number).then_some(newest)
}

fn told(by: Option<&str>, new: &dyn Store) -> Note {
    let by = by.map(|name| format!(" by {name}")).unwrap_or_default();
    Note {
        code: "convosync::store::followed".to_owned(),
        text: format!(
            "the store was moved to {}{by}; this device uses it from now on",
            new.describe()
        ),
        help: None,
    }
}

fn stays_there(url: &str, why: Trouble) -> Note {
    let failure = why.failure();
    Note {
        code: failure.code,
        text: format!(
            "what this device saved in {} may not all be in the new place: {}",
            shown(url),
            failure.message
        ),
        help: Some("its sessions are on this device: `convosync save` sends one anew".to_owned()),
    }
}

fn elsewhere_too(other: &Found, holds: &Found, why: Trouble) -> Note {
    let (place, holds) = (shown(&other.moved.url), shown(&holds.moved.url));
    Note {
        code: "convosync::store::moved-twice".to_owned(),
        text: format!(
            "another device moved the store to {place} at the same time; {holds} counts, and that could not be told there: {}",
            why.failure().message
        ),
        help: Some(format!(
            "if a device still uses {place}, run `convosync store move` to {holds} on it"
        )),
    }
}

fn not_here(found: &Found, why: Trouble) -> Trouble {
    if matches!(why, Trouble::Cancelled) {
        return why;
    }
    let place = shown(&found.moved.url);
    Refusal::new(
        NOT_HERE,
        format!("the store was moved to {place}, which can't be used here: {}", why.failure().message),
    )
    .help("nothing was written, and saves wait on this device; if that place has another path here, name it: `convosync store move URL`")
    .into()
}

fn unreadable(name: &ObjectName, error: &str) -> Note {
    Note {
        code: "convosync::object::unreadable".to_owned(),
        text: format!("an address in the store can't be read: {error} ({name})"),
        help: Some("it was passed over: the store is used where it is".to_owned()),
    }
}
