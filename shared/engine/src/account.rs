//! Making an account, and making this device one of an account that exists.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use convosync_core::{
    Account, Device, Devices, Epochs, Membership, ObjectName, Profile, RecoveryKey, Salts, Sealed,
    card_prefix, open_card_trusted, open_part, open_unit, recovery_public, seal_part, seal_unit,
};
use convosync_wire::{AccountReport, InitArgs, JoinArgs, Note};

use crate::cards::device_rows;
use crate::engine::Engine;
use crate::history::History;
use crate::keys::{Given, Surveyed};
use crate::member::{Member, NewDevice};
use crate::origin::{Consent, Origin, is_origin};
use crate::ports::{Guard, IndexChange, LocalError, Store, StoreError, StoredCard, Table};
use crate::room::newest_own;
use crate::shelf::Shelf;
use crate::storage::join_with;
use crate::trouble::{Refusal, Trouble};

/// How long a change of the account or of its key file waits for what else this device does, and a
/// save, a resume, an undo, a note and an import for one another.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(60);

/// Saves that were sealed anew under another account's key.
#[derive(Default)]
struct Adopted {
    cards: Vec<StoredCard>,
    /// This device's last save, whose count goes on.
    last: Option<(ObjectName, Sealed)>,
    /// What could not be read.
    left: BTreeSet<ObjectName>,
    notes: Vec<Note>,
}

impl Adopted {
    /// Whether the last save was taken along, or could not be read.
    fn has(&self, name: &ObjectName) -> bool {
        self.last.is_some() || self.left.contains(name)
    }
}

/// What a set-up did besides the profile.
#[derive(Default)]
struct SetUp {
    changed: bool,
    words: Option<String>,
    file: Option<String>,
    adopted: u64,
}

impl Engine<'_> {
    /// Makes this device ready. On a store that has an account nothing is changed.
    ///
    /// The key file is written before the store record, and the recovery words are kept until they
    /// were shown: a crash in between leaves a device that finishes with the same command, never a
    /// store whose key is lost or whose words nobody has seen.
    pub(crate) fn init(&self, args: &InitArgs) -> Result<AccountReport, Trouble> {
        let _alone = self.alone()?;
        let before = self.member()?.map(|member| member.profile);
        let local = before.as_ref().is_none_or(|profile| profile.local_only);
        if args.choose && args.store.is_none() && local && !args.yes {
            return Err(self.which_store().into());
        }
        let url = match &args.store {
            Some(url) => self.spelled(url)?,
            None => self.ports.stores.embedded_url(),
        };
        if let Some(profile) = &before
            && profile.store_url != url
            && (!profile.local_only || args.store.is_none())
        {
            return Ok(self.account_report(profile, SetUp::default(), vec![set_up_with(profile)]));
        }
        if let Some(profile) = &before
            && self.uses_origins(profile)?
        {
            let note = Note {
                help: Some(
                    "let this repository's origin hold its sessions with `convosync store allow`"
                        .to_owned(),
                ),
                ..set_up_with(profile)
            };
            return Ok(self.account_report(profile, SetUp::default(), vec![note]));
        }
        let origin = self.origin_for(&url)?;
        let place = origin.as_ref().map_or(&url, |origin| &origin.url);
        if let Some(origin) = &origin {
            self.ask_for_origin(origin, args.yes)?;
        }
        let store = self.ports.stores.open(place, true)?;
        let record = self.store_record(store.as_ref())?;
        if let Some(record) = &record {
            match &before {
                Some(profile) if record.matches(&profile.account).is_ok() => {
                    if profile.store_url == url && self.waiting_words(profile)?.is_none() {
                        let notes = vec![set_up_with(profile)];
                        return Ok(self.account_report(profile, SetUp::default(), notes));
                    }
                }
                _ => return Err(has_account(store.as_ref()).into()),
            }
        }
        let new =
            NewDevice { name: args.device.as_deref(), kind: args.kind.as_deref(), ready: None };
        let local_only = url == self.ports.stores.embedded_url();
        if !local_only {
            self.probe(store.as_ref(), "--store")?;
        }
        let profile = match &before {
            Some(profile) => self.renamed(profile, &new, url, local_only)?,
            None => self.new_profile(url, local_only, &new)?,
        };
        if before.is_none() {
            refuse_taken(args.recovery_file.as_deref())?;
            self.ports.vault.store(&profile)?;
        }
        let founded = record.is_some();
        let report = self.set_up(args, &profile, before.as_ref(), store.as_ref(), founded)?;
        if let Some(origin) = &origin {
            self.remember_consent(&Member::alone(profile), origin, Consent::Allowed)?;
        }
        Ok(report)
    }

    /// Whether `init` has nothing to do where each repository's origin is the store: further ones
    /// are allowed, not set up.
    fn uses_origins(&self, profile: &Profile) -> Result<bool, Trouble> {
        if !is_origin(&profile.store_url) {
            return Ok(false);
        }
        let some = !self.consents(&Member::alone(profile.clone()))?.is_empty();
        Ok(some && self.waiting_words(profile)?.is_none())
    }

    /// The one spelling of a store's URL.
    fn spelled(&self, url: &str) -> Result<String, Trouble> {
        if is_origin(url) {
            return Ok(crate::origin::URL.to_owned());
        }
        self.ports.stores.normalise(url).map_err(|error| bad_store(error, "--store"))
    }

    /// The origin here, if those are the store.
    pub(crate) fn origin_for(&self, url: &str) -> Result<Option<Origin>, Trouble> {
        is_origin(url).then(|| self.origin_here()).transpose()
    }

    /// The steps of an `init` from the key file on; each can be done again.
    fn set_up(
        &self,
        args: &InitArgs,
        profile: &Profile,
        before: Option<&Profile>,
        store: &dyn Store,
        founded: bool,
    ) -> Result<AccountReport, Trouble> {
        let recovery = self.words_to_show(profile)?;
        let profile = &with_recovery(profile, &recovery);
        let file = self.write_words(args.recovery_file.as_deref(), &recovery)?;
        let adopted = match before {
            Some(old) if is_origin(&profile.store_url) => self.queue_saves(old, store)?,
            Some(old) if old.store_url != profile.store_url => self.copy_saves(old, store)?,
            _ => 0,
        };
        if !founded {
            self.found(store, profile, Some(&recovery))?;
        }
        if is_origin(&profile.store_url) {
            self.keep_account(store)?;
        }
        self.ports.vault.store(profile)?;
        if file.is_some() {
            self.forget_words(profile)?;
        }
        let words = file.is_none().then(|| recovery.words().to_string());
        let mut notes = if profile.local_only { vec![on_this_machine()] } else { Vec::new() };
        notes.extend(self.words_at_risk(file.as_deref()));
        let done = SetUp { changed: true, words, file, adopted };
        let report = self.account_report(profile, done, notes);
        let visible = if profile.local_only { None } else { self.visible(profile, store).ok() };
        Ok(AccountReport { visible, join_with: join_with(profile), ..report })
    }

    /// Queues what the store on this machine holds: each session goes to its own repository's
    /// origin, once that may have it.
    fn queue_saves(&self, old: &Profile, to: &dyn Store) -> Result<u64, Trouble> {
        let from = self.ports.stores.open(&old.store_url, false)?;
        let mut saves = 0;
        for prefix in [ObjectName::KEYS, ObjectName::DEVICES] {
            for listed in from.list(prefix)? {
                to.put_new(&listed.name, &from.get(&listed.name)?)?;
            }
        }
        for prefix in [ObjectName::PARTS, ObjectName::UNITS] {
            for listed in from.list(prefix)? {
                self.step("Queueing earlier sessions")?;
                self.ports.outbox.put_new(&listed.name, &from.get(&listed.name)?)?;
                saves += u64::from(prefix == ObjectName::UNITS);
            }
        }
        Ok(saves)
    }

    /// Keeps saves and senders of this device out while its account is made or changed.
    pub(crate) fn alone(&self) -> Result<[Box<dyn Guard>; 3], Trouble> {
        // In the order in which a sender takes them.
        let send = self.ports.locks.acquire("send", LOCK_WAIT)?;
        let freeze = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        Ok([send, freeze, self.ports.locks.acquire("keys", LOCK_WAIT)?])
    }

    fn renamed(
        &self,
        profile: &Profile,
        new: &NewDevice<'_>,
        store_url: String,
        local_only: bool,
    ) -> Result<Profile, Trouble> {
        let fresh = self.new_device(&NewDevice {
            name: new.name.or(Some(&profile.device.name)),
            kind: new.kind.or(Some(profile.device.kind.as_str())),
            ready: new.ready,
        })?;
        let device = Device { name: fresh.name, kind: fresh.kind, ..profile.device.clone() };
        Ok(Profile { device, store_url, local_only, account: profile.account.clone() })
    }

    /// Copies what the store on this machine holds: same account, same names, same bytes.
    fn copy_saves(&self, old: &Profile, to: &dyn Store) -> Result<u64, Trouble> {
        let from = self.ports.stores.open(&old.store_url, false)?;
        let mut saves = 0;
        let decisions = [ObjectName::PINS, ObjectName::TOMBSTONES];
        let keys = [ObjectName::KEYS, ObjectName::DEVICES];
        let saved = [ObjectName::PARTS, ObjectName::UNITS];
        for prefix in keys.into_iter().chain(saved).chain(decisions) {
            for listed in from.list(prefix)? {
                self.step("Copying sessions to the new store")?;
                to.put_new(&listed.name, &from.get(&listed.name)?)?;
                saves += u64::from(prefix == ObjectName::UNITS);
            }
        }
        Ok(saves)
    }

    /// Makes this device one of the account whose words are given.
    pub(crate) fn join(&self, args: &JoinArgs) -> Result<AccountReport, Trouble> {
        let _alone = self.alone()?;
        let key = RecoveryKey::parse(&args.words.0).map_err(|error| {
            Refusal::new(error.code(), error.to_string())
                .help("type the 24 words that `convosync init` showed, in their order")
        })?;
        let before = self.member()?.map(|member| member.profile);
        let url = self.join_url(args.store.as_deref(), before.as_ref())?;
        let store = self.store_at(&url)?;
        let record = self.store_record(store.as_ref())?.ok_or_else(|| no_account(&*store))?;
        let given = self.recover_account(store.as_ref(), record, &key)?;
        let new =
            NewDevice { name: args.device.as_deref(), kind: args.kind.as_deref(), ready: None };
        self.join_with(&new, before, given, url, store.as_ref())
    }

    /// Makes this device one of the account whose keys it was given.
    pub(crate) fn join_with(
        &self,
        new: &NewDevice<'_>,
        before: Option<Profile>,
        given: Given,
        url: String,
        store: &dyn Store,
    ) -> Result<AccountReport, Trouble> {
        let Surveyed { epochs, account } = self.survey(given, store)?;
        if let Some(profile) = before.as_ref().filter(|profile| !profile.local_only) {
            if profile.account.id == account.id {
                let now = Profile { account, store_url: url, ..profile.clone() };
                return self.join_again(new, profile, now, &epochs, store);
            }
            return Err(other_account(profile).into());
        }
        let origin = self.origin_for(&url)?;
        if let Some(origin) = &origin {
            self.refuse_others(before.as_ref(), origin)?;
        }
        self.probe(store, "--store")?;
        let report = self.join_as(new, before, account, url, store)?;
        if let (Some(origin), Some(member)) = (&origin, self.member()?) {
            // The account's objects are there already: another device has asked.
            self.remember_consent(&member, origin, Consent::Allowed)?;
            self.keep_account(store)?;
        }
        Ok(report)
    }

    /// Joining takes along what was saved before; what is of other repositories has no business in
    /// this one's origin.
    fn refuse_others(&self, before: Option<&Profile>, origin: &Origin) -> Result<(), Trouble> {
        let Some(profile) = before else { return Ok(()) };
        let history = self.known(&Member::alone(profile.clone()))?;
        let mut saves = history.sessions.values().flat_map(|saves| saves.values());
        match saves.find(|seen| seen.card.repository != origin.repository) {
            None => Ok(()),
            Some(other) => Err(Refusal::new(
                "convosync::device::other-repositories",
                format!(
                    "this device has saves of other repositories too, e.g. of {}",
                    other.card.repository
                ),
            )
            .help("join with a store for all repositories, so that they can be taken along")
            .argument("--store")
            .into()),
        }
    }

    /// Joins a device that was of the account before: one that was left out gets the keys that it
    /// lacks, one that was revoked becomes a new device. What it has not sent stays as it is. `after`
    /// has the account as it is now, and the store that it was found in.
    fn join_again(
        &self,
        new: &NewDevice<'_>,
        profile: &Profile,
        mut after: Profile,
        epochs: &Epochs,
        store: &dyn Store,
    ) -> Result<AccountReport, Trouble> {
        let revoked = epochs.membership(&profile.device.id) == Membership::Revoked;
        let same_key = profile.account.epoch == after.account.epoch
            && profile.account.master == after.account.master;
        if !revoked && same_key {
            self.enter(profile, store)?;
            let notes = vec![set_up_with(profile)];
            return Ok(self.account_report(profile, SetUp::default(), notes));
        }
        if revoked {
            after.device = self.new_device(&NewDevice {
                name: new.name.or(Some(&profile.device.name)),
                kind: new.kind.or(Some(profile.device.kind.as_str())),
                ready: new.ready,
            })?;
        }
        self.bring_along(profile, &after, store)?;
        self.ports.vault.store(&after)?;
        self.enter(&after, store)?;
        Ok(self.account_report(&after, SetUp { changed: true, ..SetUp::default() }, Vec::new()))
    }

    pub(crate) fn join_url(
        &self,
        store: Option<&str>,
        before: Option<&Profile>,
    ) -> Result<String, Trouble> {
        if let Some(url) = store {
            return self.spelled(url);
        }
        match before {
            Some(profile) if !profile.local_only => Ok(profile.store_url.clone()),
            _ => {
                Err(Refusal::new("convosync::device::which-store", "which store is the account's?")
                    .help(
                        "say it with `--store URL`: `convosync status` on another device shows it",
                    )
                    .argument("--store")
                    .into())
            }
        }
    }

    fn join_as(
        &self,
        new: &NewDevice<'_>,
        before: Option<Profile>,
        account: Account,
        store_url: String,
        store: &dyn Store,
    ) -> Result<AccountReport, Trouble> {
        let old = before.as_ref();
        let fresh = self.new_device(&NewDevice {
            name: new.name.or(old.map(|p| p.device.name.as_str())),
            kind: new.kind.or(old.map(|p| p.device.kind.as_str())),
            ready: new.ready,
        })?;
        let device = match old {
            Some(old) => Device { name: fresh.name, kind: fresh.kind, ..old.device.clone() },
            None => fresh,
        };
        let profile = Profile { account, device, store_url, local_only: false };
        let adopted = match old {
            Some(old) => {
                self.enter(&profile, store)?;
                self.take_along(&Member::alone(old.clone()), &profile, store)?
            }
            None => Adopted::default(),
        };
        // From here on this device is one of the account.
        self.ports.vault.store(&profile)?;
        self.enter(&profile, store)?;
        if old.is_some() {
            // Whoever loses the index counts on from what the cache holds.
            if let Some((name, sealed)) = &adopted.last {
                self.keep(name, sealed)?;
            }
            self.forget_sealed(&adopted)?;
        }
        self.mend_seq(&Member::alone(profile.clone()))?;
        let saves = adopted.cards.len() as u64;
        let done = SetUp { changed: true, adopted: saves, ..SetUp::default() };
        Ok(self.account_report(&profile, done, adopted.notes))
    }

    /// Takes what was saved before into the account, and what the index knows of it: all of that
    /// is there before the key file is replaced.
    fn take_along(
        &self,
        old: &Member,
        profile: &Profile,
        store: &dyn Store,
    ) -> Result<Adopted, Trouble> {
        let adopted = self.seal_anew(old, profile, store)?;
        let new = Member::alone(profile.clone());
        self.ports.index.apply(&self.carried_over(old, &new, &adopted.cards)?)?;
        Ok(adopted)
    }

    /// Seals the saves that were made before under the account's key, with the same names.
    ///
    /// Runs again after a crash: what is in the store already and opens with the account's key
    /// was done before.
    fn seal_anew(
        &self,
        old: &Member,
        profile: &Profile,
        store: &dyn Store,
    ) -> Result<Adopted, Trouble> {
        let from = self.ports.stores.open(&old.profile.store_url, false)?;
        let shelf = Shelf::new(self, old, Some(from.as_ref()));
        let mut adopted = Adopted::default();
        let last = self.last_save(old, from.as_ref())?;
        for prefix in [ObjectName::PARTS, ObjectName::UNITS] {
            // What still waited to be sent is only in the outbox.
            let mut names = BTreeSet::new();
            for place in [from.as_ref(), self.ports.outbox] {
                names.extend(place.list(prefix)?.into_iter().map(|listed| listed.name));
            }
            for name in names {
                self.step("Sealing earlier sessions under the account")?;
                let sealed = match shelf.whole(&name) {
                    Ok(sealed) => self.sealed_anew(old, profile, &name, &sealed)?,
                    Err(trouble) => {
                        adopted.notes.push(left_behind(trouble));
                        adopted.left.insert(name);
                        continue;
                    }
                };
                let there = put_or_prove(profile, &name, sealed, store)?;
                adopted.cards.extend(card_of(&name, &there)?);
                if Some(&name) == last.as_ref() {
                    adopted.last = Some((name, there));
                }
            }
        }
        // One that was collected is nowhere but in the cache, and stays there.
        if let Some(name) = last.filter(|name| !adopted.has(name))
            && let Ok(sealed) = shelf.whole(&name)
        {
            let sealed = self.sealed_anew(old, profile, &name, &sealed)?;
            adopted.last = Some((name, sealed));
        }
        self.seal_decisions_anew(old, profile, from.as_ref(), store)?;
        Ok(adopted)
    }

    /// The last save that this device made, wherever it is.
    fn last_save(&self, old: &Member, from: &dyn Store) -> Result<Option<ObjectName>, Trouble> {
        let mut units = Vec::new();
        for place in [from, self.ports.outbox, self.ports.cache] {
            units.extend(place.list(ObjectName::UNITS)?);
        }
        let last = newest_own(&units, &old.profile.device.id);
        let of = |name: &ObjectName| matches!(name, ObjectName::Unit { save, .. } if Some(save) == last.as_ref());
        Ok(units.into_iter().map(|listed| listed.name).find(of))
    }

    fn sealed_anew(
        &self,
        old: &Member,
        profile: &Profile,
        name: &ObjectName,
        sealed: &Sealed,
    ) -> Result<Sealed, Trouble> {
        let (account, devices) = (&old.profile.account, &old.devices);
        let object = |error| Trouble::Object { name: name.clone(), error };
        let hash = Devices::of(&profile.device).hash();
        let anew = match name {
            ObjectName::Unit { .. } => {
                let (card, body) = open_unit(account, devices, name, sealed).map_err(object)?;
                seal_unit(profile, hash, &card, &body, Salts::OfContent).map(|(_, sealed)| sealed)
            }
            _ => {
                let body = open_part(account, devices, name, sealed).map_err(object)?;
                seal_part(profile, hash, name, &body, Salts::OfContent)
            }
        };
        anew.map_err(|error| Refusal::new("convosync::save::too-big", error.to_string()).into())
    }

    /// What this device knows under its old key and needs under the new one: the saves, its count
    /// of them, what each work tree works on, the roots of conversations.
    fn carried_over(
        &self,
        old: &Member,
        new: &Member,
        cards: &[StoredCard],
    ) -> Result<Vec<IndexChange>, Trouble> {
        let mut changes = Vec::new();
        let mut carry = |table, label: &str, of: &[u8]| -> Result<(), Trouble> {
            if let Some(value) = self.remembered(old, table, label, of)? {
                changes.push(self.remember(new, table, label, of, &value));
            }
            Ok(())
        };
        carry(Table::Misc, "seq", b"")?;
        for stored in cards {
            carry(Table::Misc, "no-push", stored.save.to_string().as_bytes())?;
            let (session, save) = (stored.session.clone(), stored.save.clone());
            let name = ObjectName::Unit { session, save };
            let card = open_card_trusted(&new.profile.account, &name, &stored.card);
            if let Some(id) = card.ok().and_then(|card| card.conversation) {
                carry(Table::Conversations, "roots", id.as_str().as_bytes())?;
            }
        }
        // Pins and deletions are learned again, sealed under the account's key.
        let known = self.ports.index.all(Table::Retention)?;
        changes
            .extend(known.into_iter().map(|(key, _)| IndexChange::Remove(Table::Retention, key)));
        changes.extend(cards.iter().cloned().map(IndexChange::PutCard));
        changes.extend(self.bindings(old)?.iter().map(|binding| self.bind(new, binding)));
        Ok(changes)
    }

    /// Drops what is sealed under the key that this device used before; all of it is in the store
    /// but for what could not be read, which stays.
    fn forget_sealed(&self, adopted: &Adopted) -> Result<(), Trouble> {
        let last = adopted.last.as_ref().map(|(name, _)| name);
        for (place, kept) in [(self.ports.outbox, None), (self.ports.cache, last)] {
            for listed in place.list("v1/")? {
                if !adopted.left.contains(&listed.name) && Some(&listed.name) != kept {
                    place.delete(&listed.name)?;
                }
            }
        }
        let queue = self.ports.index.queue()?;
        let changes: Vec<_> = queue.into_iter().map(|row| IndexChange::Dequeue(row.save)).collect();
        Ok(self.ports.index.apply(&changes)?)
    }

    fn account_report(&self, profile: &Profile, done: SetUp, notes: Vec<Note>) -> AccountReport {
        let member = Member::alone(profile.clone());
        let mut rows = device_rows(&member, &History::default());
        AccountReport {
            changed: done.changed,
            store: profile.store_url.clone(),
            local_only: profile.local_only,
            device: rows.remove(0),
            recovery_words: done.words,
            recovery_file: done.file,
            adopted_saves: done.adopted,
            visible: None,
            join_with: None,
            notes,
        }
    }
}

/// Puts an object, or finds the one of that name that this device put before it was stopped.
fn put_or_prove(
    profile: &Profile,
    name: &ObjectName,
    sealed: Sealed,
    store: &dyn Store,
) -> Result<Sealed, Trouble> {
    match store.put_new(name, &sealed) {
        Ok(()) => return Ok(sealed),
        Err(StoreError::Exists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let devices = Devices::of(&profile.device);
    let there = store.get(name)?;
    let opened = match name {
        ObjectName::Unit { .. } => open_unit(&profile.account, &devices, name, &there).map(drop),
        _ => open_part(&profile.account, &devices, name, &there).map(drop),
    };
    opened.map(|()| there).map_err(|error| Trouble::Object { name: name.clone(), error })
}

/// The index's row of a unit; of another object there is none.
fn card_of(name: &ObjectName, sealed: &Sealed) -> Result<Option<StoredCard>, Trouble> {
    let ObjectName::Unit { session, save } = name else { return Ok(None) };
    let card =
        card_prefix(sealed).map_err(|error| Trouble::Object { name: name.clone(), error })?;
    let size = sealed.as_bytes().len() as u64;
    Ok(Some(StoredCard { session: session.clone(), save: save.clone(), card, size }))
}

fn left_behind(trouble: Trouble) -> Note {
    let failure = trouble.failure();
    Note {
        code: failure.code,
        text: format!("an earlier save could not be taken along: {}", failure.message),
        help: Some("it was left as it is on this device".to_owned()),
    }
}

/// A new account has not begun to write its words anywhere: what is there is somebody else's.
fn refuse_taken(file: Option<&str>) -> Result<(), LocalError> {
    match file {
        Some(path) if Path::new(path).symlink_metadata().is_ok() => {
            Err(LocalError::Exists(path.to_owned()))
        }
        _ => Ok(()),
    }
}

/// The account with the public half of its words: later keys are sealed to it.
fn with_recovery(profile: &Profile, recovery: &RecoveryKey) -> Profile {
    let mut profile = profile.clone();
    profile.account.recovery = Some(recovery_public(&profile.account, recovery));
    profile
}

/// That a store has no account yet.
pub(crate) fn no_account(store: &dyn Store) -> Refusal {
    Refusal::new(
        "convosync::device::no-account",
        format!("{} has no account yet", store.describe()),
    )
    .help("run `convosync init --store URL` on the first device, or wait until the folder is synchronised")
    .argument("--store")
}

/// That this device is of an account and has nothing to join.
pub(crate) fn set_up_already(profile: &Profile) -> Refusal {
    Refusal::new(
        "convosync::device::joined-already",
        format!("this device is set up already, with {}", profile.store_url),
    )
    .help("run `convosync device approve` here to let another device in")
}

fn has_account(store: &dyn Store) -> Refusal {
    Refusal::new(
        "convosync::init::has-account",
        format!("{} has an account already; nothing was changed", store.describe()),
    )
    .help("make this device part of it: `convosync device join --recovery --store URL`")
    .argument("--store")
}

pub(crate) fn bad_store(error: StoreError, argument: &'static str) -> Trouble {
    let failure = crate::trouble::store_failure(&error);
    Refusal {
        code: "convosync::store::bad-url",
        message: failure.message,
        help: failure.help,
        argument: Some(argument),
    }
    .into()
}

fn set_up_with(profile: &Profile) -> Note {
    Note {
        code: "convosync::init::already".to_owned(),
        text: format!("this device keeps its sessions in {}", profile.store_url),
        help: None,
    }
}

fn on_this_machine() -> Note {
    Note {
        code: "convosync::store::local-only".to_owned(),
        text: "sessions stay on this machine".to_owned(),
        help: Some("share them with `convosync init --store URL`, e.g. a folder that Syncthing synchronises".to_owned()),
    }
}

fn other_account(profile: &Profile) -> Refusal {
    Refusal::new(
        "convosync::device::other-account",
        format!("this device belongs to another account, on {}", profile.store_url),
    )
    .help("keep the accounts apart: use another user, or move `keys` in ConvoSync's data folder away first")
}
