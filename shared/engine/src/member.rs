//! Who we are: the profile, the store behind it, and the devices that are trusted.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use convosync_core::{
    Account, Device, DeviceEntry, DeviceId, DeviceKind, Devices, Epochs, KeyChanged, Membership,
    ObjectName, OpenError, Profile, RecoveryKey, Sealed, StoreRecord, open_device_entry,
    open_recovery, seal_device_entry, seal_recovery, sealed_epoch,
};

use crate::engine::Engine;
use crate::keys::Given;
use crate::ports::{IndexChange, Listed, Store, StoreError, Table};
use crate::steady::steady;
use crate::trouble::{Refusal, Trouble};

/// A store is listened to so often in one command; what it has to tell after that is for the next.
const MOST_ROUNDS: usize = 8;

/// This device as one of an account.
pub(crate) struct Member {
    pub(crate) profile: Profile,
    /// Every device whose signature can be checked, those that were revoked too.
    pub(crate) devices: Devices,
    /// Who of them is of the account.
    pub(crate) epochs: Epochs,
    /// The epoch records that are accepted and kept here.
    pub(crate) records: BTreeSet<ObjectName>,
}

impl Member {
    /// A device that knows of no other.
    pub(crate) fn alone(profile: Profile) -> Self {
        let devices = Devices::of(&profile.device);
        Self { profile, devices, epochs: Epochs::default(), records: BTreeSet::new() }
    }

    /// Whether a device is of the account now.
    pub(crate) fn is_active(&self, device: &DeviceId) -> bool {
        self.epochs.membership(device) == Membership::Active
    }

    /// The names of the account's other devices.
    pub(crate) fn others(&self) -> Vec<String> {
        let me = &self.profile.device.id;
        self.devices
            .iter()
            .filter(|(id, _)| *id != me && self.is_active(id))
            .map(|(_, entry)| entry.name.clone())
            .collect()
    }
}

/// What a new device is called.
pub(crate) struct NewDevice<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) kind: Option<&'a str>,
    /// The device, if its keys were made before.
    pub(crate) ready: Option<&'a Device>,
}

impl Engine<'_> {
    /// The profile, if there is one, with the devices that are known without asking the store.
    pub(crate) fn member(&self) -> Result<Option<Member>, Trouble> {
        let Some(profile) = self.ports.vault.load()? else { return Ok(None) };
        let mut member = Member::alone(profile);
        for (name, entry) in self.ports.index.all(Table::Devices)? {
            let Ok(name) = name.parse::<ObjectName>() else { continue };
            let opened = open_device_entry(&member.profile.account, &name, &entry);
            if let Ok((device, opened)) = opened {
                if let Ok(epoch) = sealed_epoch(&entry) {
                    member.epochs.enter(&device, epoch);
                }
                // An entry with another key than before is not believed.
                let _: Result<(), KeyChanged> = member.devices.add(device, opened);
            }
        }
        self.recall_epochs(&mut member)?;
        Ok(Some(member))
    }

    /// The profile, or why there has to be one.
    pub(crate) fn need_member(&self) -> Result<Member, Trouble> {
        let member = self.member()?.ok_or_else(|| {
            Refusal::new("convosync::account::none", "this device is not set up yet")
                .help("run `convosync init` for a new account, or `convosync device join --store URL` to become part of one")
        })?;
        member.refuse_left_out()?;
        Ok(member)
    }

    /// The profile; an account whose sessions stay on this machine is made if there is none.
    ///
    /// The key file comes before the store record here too; a store whose making was interrupted
    /// is finished.
    pub(crate) fn member_or_local(&self) -> Result<Member, Trouble> {
        let member = match self.member()? {
            Some(member) => {
                member.refuse_left_out()?;
                member
            }
            None => {
                let url = self.ports.stores.embedded_url();
                let profile = self.new_profile(
                    url,
                    true,
                    &NewDevice { name: None, kind: None, ready: None },
                )?;
                self.ports.vault.store(&profile)?;
                Member::alone(profile)
            }
        };
        if member.profile.local_only {
            let store = self.ports.stores.open(&member.profile.store_url, true)?;
            // A record that can't be read is told when the save is sent: until then it is safe here.
            if matches!(self.store_record(store.as_ref()), Ok(None)) {
                self.found(store.as_ref(), &member.profile, None)?;
            }
        }
        Ok(member)
    }

    pub(crate) fn new_profile(
        &self,
        store_url: String,
        local_only: bool,
        new: &NewDevice<'_>,
    ) -> Result<Profile, Trouble> {
        let account = Account::new(&mut |bytes| self.ports.entropy.fill(bytes));
        let device = self.new_device(new)?;
        Ok(Profile { account, device, store_url, local_only })
    }

    pub(crate) fn new_device(&self, new: &NewDevice<'_>) -> Result<Device, Trouble> {
        let kind = match new.kind {
            Some(text) => text.parse::<DeviceKind>().map_err(|error| {
                let kinds = DeviceKind::ALL.map(DeviceKind::as_str).join(", ");
                Refusal::new("convosync::device::kind", error.to_string())
                    .help(format!("one of {kinds}"))
                    .argument("--kind")
            })?,
            None => self.ports.host.kind,
        };
        let name = new.name.unwrap_or(&self.ports.host.name);
        check_device_name(name)?;
        if let Some(ready) = new.ready {
            return Ok(Device { name: name.to_owned(), kind, ..ready.clone() });
        }
        let now = self.ports.clock.now_ms();
        Ok(Device::new(name.to_owned(), kind, now, &mut |bytes| self.ports.entropy.fill(bytes)))
    }

    /// Writes an account's first objects into a store that has none; the store record last: it is
    /// what makes the store one.
    pub(crate) fn found(
        &self,
        store: &dyn Store,
        profile: &Profile,
        recovery: Option<&RecoveryKey>,
    ) -> Result<(), Trouble> {
        self.enter(profile, store)?;
        if let Some(recovery) = recovery {
            let (name, sealed) = seal_recovery(&profile.account, recovery, &mut self.random());
            store.put_new(&name, &sealed)?;
        }
        let record = StoreRecord::new(&profile.account).encode();
        match store.put_new(&ObjectName::StoreRecord, &record) {
            Err(StoreError::Exists(_)) => Err(taken().into()),
            other => Ok(other?),
        }
    }

    /// Makes sure that the store has this device's entry as it is now, under the present key:
    /// without it no other device believes what this one signs.
    pub(crate) fn enter(&self, profile: &Profile, store: &dyn Store) -> Result<(), Trouble> {
        let there = store.list(&format!("{}{}-", ObjectName::DEVICES, profile.device.id))?;
        for listed in there {
            if is_ours(profile, &listed.name, &store.get(&listed.name)?) {
                return Ok(());
            }
        }
        let (name, entry) = seal_device_entry(profile, &mut self.random());
        Ok(store.put_new(&name, &entry)?)
    }

    /// Opens the store at a URL and proves that it is the account's.
    ///
    /// A record that is not there, foreign, or of another key refuses: nothing is written to a
    /// store that is not ours.
    pub(crate) fn open_at(&self, url: &str, profile: &Profile) -> Result<Box<dyn Store>, Trouble> {
        let store = self.ports.stores.open(url, false)?;
        let record = self.store_record(store.as_ref())?.ok_or_else(|| {
            Refusal::new(
                "convosync::store::no-record",
                format!("{} holds no ConvoSync store (no store record)", store.describe()),
            )
            .help("is the folder mounted, and has it been synchronised? Your saves wait on this device; if the store is gone for good, `convosync store move URL --lost`")
        })?;
        record
            .matches(&profile.account)
            .map_err(|error| Trouble::Object { name: ObjectName::StoreRecord, error })?;
        Ok(store)
    }

    pub(crate) fn store_record(&self, store: &dyn Store) -> Result<Option<StoreRecord>, Trouble> {
        match store.get(&ObjectName::StoreRecord) {
            Ok(bytes) => StoreRecord::decode(bytes.as_bytes())
                .map(Some)
                .map_err(|error| Trouble::Object { name: ObjectName::StoreRecord, error }),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads once more what could not be read of the devices: a read that went wrong must not leave
    /// a device out of a new epoch. An entry that stays unreadable is no device's.
    ///
    /// # Errors
    ///
    /// If the store does not give one that it has.
    pub(crate) fn learn_everyone(
        &self,
        member: &mut Member,
        store: &dyn Store,
    ) -> Result<(), Trouble> {
        let known = self.ports.index.all(Table::Devices)?;
        for Listed { name, .. } in store.list(ObjectName::DEVICES)? {
            let text = name.to_string();
            if known.iter().any(|(known, _)| *known == text) {
                continue;
            }
            match steady(store, &name) {
                Ok(entry) => drop(believe(member, &name, &entry)),
                Err(StoreError::Missing(_) | StoreError::TooBig { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Learns device entries that the store has and this device does not.
    ///
    /// An entry that can't be opened is told, and its device is not trusted.
    /// [`Engine::learn_everyone`] is for who leaves out whom it does not know.
    pub(crate) fn learn_devices(
        &self,
        member: &mut Member,
        store: &dyn Store,
    ) -> Result<Vec<String>, Trouble> {
        let Heard { told, mut refused } = self.hear(member, store)?;
        let me = &member.profile.device.id;
        if !told || member.epochs.membership(me) == Membership::Unlisted {
            // A device that was stopped while it joined or was renamed makes up for it.
            self.enter(&member.profile, store)?;
        }
        match self.settle_epochs(member, store) {
            Ok(()) => {}
            Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
            // Tried again with the next command; until then what each of them says holds.
            Err(trouble) => refused.push(trouble.failure().message),
        }
        Ok(refused)
    }

    /// Takes in the devices and keys that a store tells of. Writes nothing to it.
    ///
    /// # Errors
    ///
    /// As [`Self::follow_epochs`].
    pub(crate) fn hear(&self, member: &mut Member, store: &dyn Store) -> Result<Heard, Trouble> {
        let mut rounds = 0..MOST_ROUNDS;
        loop {
            let before = member.profile.account.clone();
            let heard = self.hear_once(member, store)?;
            // With a new key there may be more to read: who came under it, and the key that it made.
            if member.profile.account == before || rounds.next().is_none() {
                return Ok(heard);
            }
        }
    }

    fn hear_once(&self, member: &mut Member, store: &dyn Store) -> Result<Heard, Trouble> {
        let known = self.ports.index.all(Table::Devices)?;
        let mut refused = Vec::new();
        let mut told = false;
        let mut fresh = Vec::new();
        for listed in store.list(ObjectName::DEVICES)? {
            let text = listed.name.to_string();
            if let Some((_, entry)) = known.iter().find(|(name, _)| *name == text) {
                told |= tells(&member.profile, &listed.name, entry);
                if is_unknown(member, &listed.name) {
                    // Another process learned of it since this one has looked.
                    refused.extend(believe(member, &listed.name, entry).err());
                }
                continue;
            }
            match store.get(&listed.name) {
                Ok(entry) => fresh.push((listed.name, entry)),
                Err(error) => refused.push(format!("{text}: {error}")),
            }
        }
        // The newest key first: a device that was left out can't have sealed anything under it.
        fresh.sort_by_key(|(_, entry)| Reverse(sealed_epoch(entry).unwrap_or(0)));
        for (name, entry) in fresh {
            told |= tells(&member.profile, &name, &entry);
            match believe(member, &name, &entry) {
                Ok(()) => {
                    // The cache keeps it too: an index that is lost learns it from there.
                    self.keep(&name, &entry)?;
                    let row = IndexChange::Put(Table::Devices, name.to_string(), entry);
                    self.ports.index.apply(&[row])?;
                }
                Err(error) => refused.push(format!("{name}: {error}")),
            }
        }
        refused.extend(self.follow_epochs(member, store)?);
        Ok(Heard { told, refused })
    }

    /// Opens everything in a store that the recovery words open. None of it is believed yet.
    pub(crate) fn recover_account(
        &self,
        store: &dyn Store,
        record: StoreRecord,
        key: &RecoveryKey,
    ) -> Result<Given, Trouble> {
        let (mut found, mut last) = (Vec::new(), None);
        for listed in store.list(ObjectName::KEYS)? {
            if !matches!(listed.name, ObjectName::RecoveryKey { .. }) {
                continue;
            }
            let opened = store.get(&listed.name).map_err(Trouble::from).and_then(|sealed| {
                open_recovery(&record, &listed.name, &sealed, key)
                    .map_err(|error| Trouble::Object { name: listed.name.clone(), error })
            });
            match opened {
                Ok(account) => found.push(account),
                Err(trouble) => last = Some(trouble),
            }
        }
        if !found.is_empty() {
            return Ok(Given::ByWords { found, record });
        }
        match last {
            Some(Trouble::Object { error: OpenError::WrongKey, .. }) => Err(Refusal::new(
                "convosync::device::wrong-words",
                "these words do not open this account",
            )
            .help("check the words and their order, and that `--store` names the right store")
            .into()),
            Some(trouble) => Err(no_way_in(trouble).into()),
            None => Err(Refusal::new(
                "convosync::device::no-recovery",
                format!("{} has no account that can be recovered", store.describe()),
            )
            .help("run `convosync init --store URL` on the first device")
            .into()),
        }
    }
}

/// What a store tells of devices and keys.
pub(crate) struct Heard {
    /// It has this device as it is now.
    told: bool,
    /// What was not believed, for people.
    refused: Vec<String>,
}

/// Takes in what a device tells of itself.
fn believe(member: &mut Member, name: &ObjectName, entry: &Sealed) -> Result<(), String> {
    let opened = open_device_entry(&member.profile.account, name, entry);
    let (device, opened) = opened.map_err(|error| error.to_string())?;
    let epoch = sealed_epoch(entry).map_err(|error| error.to_string())?;
    member.devices.add(device.clone(), opened).map_err(|error| error.to_string())?;
    member.epochs.enter(&device, epoch);
    Ok(())
}

fn is_unknown(member: &Member, name: &ObjectName) -> bool {
    matches!(name, ObjectName::Device { device, .. } if member.devices.get(device).is_none())
}

/// Whether this is the entry of this device as it is now.
fn tells(profile: &Profile, name: &ObjectName, entry: &Sealed) -> bool {
    let ours = matches!(name, ObjectName::Device { device, .. } if *device == profile.device.id);
    ours && open_device_entry(&profile.account, name, entry)
        .is_ok_and(|(_, known)| known == DeviceEntry::of(&profile.device))
}

/// The same under the present key.
fn is_ours(profile: &Profile, name: &ObjectName, entry: &Sealed) -> bool {
    sealed_epoch(entry) == Ok(profile.account.epoch) && tells(profile, name, entry)
}

/// The words may be right: what they would open is damaged.
fn no_way_in(trouble: Trouble) -> Refusal {
    Refusal::new(
        "convosync::device::recovery-damaged",
        format!("the account's key can't be read: {}", trouble.failure().message),
    )
    .help("put `v1/keys` back from a copy of the store (another device's folder may be whole), then join again")
}

pub(crate) fn taken() -> Refusal {
    Refusal::new("convosync::init::taken", "another device made an account on this store just now")
        .help("run `convosync device join --recovery` with the words that it showed")
}

/// Zero-width spaces and what turns the reading direction. Joiners are none: emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A name is one line that is shown on other devices.
pub(crate) fn check_device_name(name: &str) -> Result<(), Refusal> {
    let fits = (1..=64).contains(&name.chars().count())
        && !name.contains(|c: char| c.is_control() || is_invisible(c))
        && name.trim() == name;
    if fits {
        return Ok(());
    }
    Err(Refusal::new(
        "convosync::device::name",
        "a device name has 1 to 64 visible characters on one line",
    )
    .argument("--device"))
}
