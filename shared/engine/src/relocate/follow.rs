//! Following a store that another device moved.

use std::time::Duration;

use convosync_core::{
    DeviceId, Devices, Moved, ObjectName, Profile, open_device_entry, open_moved,
};
use convosync_wire::Note;

use crate::address::shown;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{LocalError, Store, StoreError};
use crate::trouble::{Refusal, Trouble};

/// A store that moved again and again is followed so often in one command.
const MOST_HOPS: usize = 8;

/// The code of a move whose new place can't be used on this device.
pub(crate) const NOT_HERE: &str = "convosync::store::moved";

/// An address that was found in a store.
struct Found {
    moved: Moved,
    by: DeviceId,
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
            let Some(found) = self.address(&at, store.as_ref(), number)? else { return Ok(store) };
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

    /// Where the store is now, if it is elsewhere. `number`: of the address that led here; what is
    /// older leads back.
    fn address(
        &self,
        profile: &Profile,
        store: &dyn Store,
        number: u64,
    ) -> Result<Option<Found>, Trouble> {
        let found = self.addresses(profile, store)?;
        let newest = found.into_iter().max_by_key(|found| found.moved.number);
        Ok(newest
            .filter(|found| found.moved.number > number && found.moved.url != profile.store_url))
    }

    /// Every address in a store that a device of the account signed. What can't be opened leads
    /// nowhere, and is told.
    fn addresses(&self, profile: &Profile, store: &dyn Store) -> Result<Vec<Found>, Trouble> {
        let listed = store.list(ObjectName::MOVED)?;
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let devices = self.devices_in(profile, store)?;
        let mut found = Vec::new();
        for listed in listed {
            let ObjectName::Moved { device, .. } = &listed.name else { continue };
            let sealed = store.get(&listed.name)?;
            match open_moved(&profile.account, &devices, &listed.name, &sealed) {
                Ok(moved) => found.push(Found { moved, by: device.clone() }),
                Err(error) => self.also_tell(unreadable(&listed.name, &error.to_string())),
            }
        }
        Ok(found)
    }

    /// The devices that are known here, and those that the store has.
    fn devices_in(&self, profile: &Profile, store: &dyn Store) -> Result<Devices, Trouble> {
        let mut devices = match self.member()? {
            Some(member) => member.devices,
            None => Devices::of(&profile.device),
        };
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
        let known = self.member()?.unwrap_or_else(|| Member::alone(profile.clone()));
        let member = Member { profile: profile.clone(), ..known };
        if found.by == profile.device.id {
            self.copy_all(old, new)?;
        } else {
            self.copy_own(&member, old, new)?;
        }
        self.enter(profile, new)?;
        if self.remember_place(&member, &found.moved.url)? {
            self.also_tell(told(by.as_deref(), new));
        }
        Ok(())
    }

    /// Writes the new place into the key file, unless another process is changing that: then the
    /// next command follows again.
    fn remember_place(&self, member: &Member, url: &str) -> Result<bool, Trouble> {
        let _lock = match self.ports.locks.acquire("freeze", Duration::ZERO) {
            Err(LocalError::Busy { .. }) => return Ok(false),
            lock => lock?,
        };
        match self.ports.vault.load()? {
            Some(now) if now.store_url == member.profile.store_url => {
                let store_url = url.to_owned();
                self.ports.vault.store(&Profile { store_url, ..now })?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
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
