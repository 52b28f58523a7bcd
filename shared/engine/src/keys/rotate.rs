//! Beginning a new epoch: a new key for some devices, and for others none any more.

use std::collections::BTreeMap;

use convosync_core::{
    Accepted, DeviceEntry, DeviceId, Devices, EpochKey, EpochRecord, Membership, ObjectName,
    Profile, Revoked, SaveId, SealError, SecretBytes, VectorEntry, confirm, key_id,
    recovery_public, seal_device_key, seal_epoch, seal_recovery_copy,
};
use convosync_wire::{
    Decision, DeviceRow, ExportArgs, KeyReport, Note, Question, RenameArgs, RenameReport,
    RevokeArgs,
};

use super::report::{lost_words, new_words, still_has};
use crate::account::LOCK_WAIT;
use crate::cards::device_rows;
use crate::choice::{cancel, choice};
use crate::engine::Engine;
use crate::history::{Depth, History};
use crate::member::{Member, check_device_name};
use crate::ports::{Listed, Store};
use crate::trouble::{Refusal, Trouble};

/// What is to be different in the new epoch.
#[derive(Default)]
struct Change {
    revoke: Option<(DeviceId, Revoked)>,
    recovery: Option<[u8; 32]>,
}

impl Engine<'_> {
    /// `convosync key rotate`: a new key for every device of the account.
    pub(crate) fn rotate_key(&self) -> Result<KeyReport, Trouble> {
        let (mut member, store, _) = self.at_the_store()?;
        self.begin_alone(&mut member, store.as_ref(), Change::default())?;
        Ok(key_report(&member, lost_words(&member).into_iter().collect()))
    }

    /// `convosync device revoke`: a new key for every device but one. Asks first.
    ///
    /// What the device had saved until now stays accepted; what turns up later does not count.
    pub(crate) fn revoke(&self, args: &RevokeArgs) -> Result<KeyReport, Trouble> {
        let (mut member, store, history) = self.at_the_store()?;
        let (device, entry) = named(&member, &args.device)?;
        let row = row_of(&member, &history, &device);
        if member.epochs.membership(&device) == Membership::Revoked {
            let mut report = key_report(&member, vec![still_has(&entry.name)]);
            report.changed = false;
            return Ok(KeyReport { revoked: row, ..report });
        }
        if !args.yes {
            return Err(ask_to_revoke(&entry).into());
        }
        let epoch = member.epochs.newest().saturating_add(1);
        let accepted = accepted(&history, &store.list(ObjectName::UNITS)?, &device);
        let gone = Revoked { name: entry.name.clone(), epoch, accepted };
        let change = Change { revoke: Some((device.clone(), gone)), recovery: None };
        self.begin_alone(&mut member, store.as_ref(), change)?;
        let mut notes = vec![still_has(&entry.name)];
        notes.extend(lost_words(&member));
        Ok(KeyReport { revoked: row_of(&member, &history, &device), ..key_report(&member, notes) })
    }

    /// `convosync key export`: new recovery words, and a new key that the old words do not open.
    ///
    /// The words are kept on this device until they were shown: run again after a crash it shows
    /// the same ones.
    pub(crate) fn export_key(&self, args: &ExportArgs) -> Result<KeyReport, Trouble> {
        let (mut member, store, _) = self.at_the_store()?;
        if !args.yes && self.waiting_export(&member.profile)?.is_none() {
            return Err(ask_to_export().into());
        }
        let recovery = self.words_to_export(&member.profile)?;
        let public = recovery_public(&member.profile.account, &recovery);
        let file = self.write_words(args.recovery_file.as_deref(), &recovery)?;
        if member.profile.account.recovery != Some(public) {
            let change = Change { revoke: None, recovery: Some(public) };
            self.begin_alone(&mut member, store.as_ref(), change)?;
        }
        if file.is_some() {
            self.forget_export(&member.profile)?;
        }
        let words = file.is_none().then(|| recovery.words().to_string());
        let notes = std::iter::once(new_words()).chain(self.words_at_risk(file.as_deref()));
        let report = key_report(&member, notes.collect());
        Ok(KeyReport { recovery_words: words, recovery_file: file, ..report })
    }

    /// `convosync device rename`: another name for this device.
    ///
    /// The key file comes first: the store learns of it with the next command that reaches it.
    pub(crate) fn rename(&self, args: &RenameArgs) -> Result<RenameReport, Trouble> {
        check_device_name(&args.name)?;
        let mut member = self.need_member()?;
        let previous = member.profile.device.name.clone();
        let changed = previous != args.name;
        if changed {
            member.profile = self.renamed_profile(&args.name)?;
        }
        let mut notes = Vec::new();
        match self.open_store(&member.profile) {
            Ok(store) => {
                let told = self.learn_devices(&mut member, store.as_ref());
                notes.extend(told.err().map(not_told));
            }
            Err(trouble) => notes.push(not_told(trouble)),
        }
        Ok(RenameReport { changed, previous, name: args.name.clone(), notes })
    }

    fn renamed_profile(&self, name: &str) -> Result<Profile, Trouble> {
        let _lock = self.ports.locks.acquire("keys", LOCK_WAIT)?;
        let mut profile = self.ports.vault.load()?.ok_or_else(|| {
            Refusal::new("convosync::account::none", "this device is not set up yet")
        })?;
        profile.device.name = name.to_owned();
        profile.device.revision = profile.device.revision.saturating_add(1);
        self.ports.vault.store(&profile)?;
        Ok(profile)
    }

    /// This device, its store, and what both know: a new epoch is begun on what is newest.
    fn at_the_store(&self) -> Result<(Member, Box<dyn Store>, History), Trouble> {
        let mut member = self.need_member()?;
        self.step("Reaching the store")?;
        let store = self.open_store(&member.profile)?;
        let history =
            self.refreshed(&mut member, store.as_ref(), ObjectName::UNITS, Depth::Heads)?;
        if !member.has_present_key() {
            return Err(key_arriving().into());
        }
        Ok((member, store, history))
    }

    /// Settles rotations that were made at the same time: see [`convosync_core::Epochs`].
    pub(crate) fn settle_epochs(
        &self,
        member: &mut Member,
        store: &dyn Store,
    ) -> Result<(), Trouble> {
        if !member.epochs.is_unsettled() || !member.has_present_key() {
            return Ok(());
        }
        let before = member.profile.clone();
        self.begin_epoch(member, store, Change::default())?;
        // Another process of this device may have moved the store meanwhile: the record goes along.
        if self.has_left(member, store)? {
            self.reach_store(&before)?;
        }
        Ok(())
    }

    /// Begins a new epoch while no other process of this device moves the store: where this device
    /// looks for the record of its key, the record has to be.
    fn begin_alone(
        &self,
        member: &mut Member,
        store: &dyn Store,
        change: Change,
    ) -> Result<(), Trouble> {
        let _send = self.to_send(member, store, LOCK_WAIT)?;
        let _freeze = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        self.begin_epoch(member, store, change)
    }

    /// Begins a new epoch.
    ///
    /// The keys are put first and the record last: without the record they are nothing. The new key
    /// is sealed to this device as well, so it is lost at no moment.
    fn begin_epoch(
        &self,
        member: &mut Member,
        store: &dyn Store,
        change: Change,
    ) -> Result<(), Trouble> {
        self.step("Making a new key")?;
        self.learn_everyone(member, store)?;
        let before = member.profile.clone();
        let epoch = before.account.epoch.checked_add(1).filter(|epoch| *epoch <= 99_999_999);
        let epoch = epoch.ok_or_else(|| {
            Refusal::new(
                "convosync::key::epochs",
                "the account has had as many keys as there can be",
            )
        })?;
        let mut after = before.clone();
        after.account.move_to(EpochKey { epoch, key: SecretBytes::random(&mut self.random()) });
        let known = member.epochs.recovery().or(before.account.recovery);
        after.account.recovery = change.recovery.or(known);
        let (active, revoked) = sides(member, change.revoke);
        let mut record = EpochRecord {
            epoch,
            author: before.device.id.clone(),
            made_ms: self.ports.clock.now_ms(),
            key_id: key_id(&after.account),
            active,
            revoked,
            recovery: after.account.recovery,
            confirmed: None,
        };
        record.confirmed = Some(confirm(&after.account, &record));
        let hash = member.devices.hash();
        let mut keys = Vec::new();
        for (device, entry) in record.active.iter() {
            let sealed = seal_device_key(&after, hash, (device, entry), &mut self.random());
            keys.push(sealed.map_err(|error| no_key(&entry.name, &error))?);
        }
        if after.account.recovery.is_some() {
            let sealed = seal_recovery_copy(&after, hash, &mut self.random());
            keys.push(sealed.map_err(|error| no_key("the recovery words", &error))?);
        }
        store.put_batch(&keys)?;
        let (name, sealed) = seal_epoch(&before, hash, &record, &mut self.random());
        store.put_new(&name, &sealed)?;
        let refused = self.adopt(member, &[(name, sealed)], &[after.account])?;
        match refused.into_iter().next() {
            None => Ok(()),
            Some(text) => Err(Refusal::new("convosync::key::refused", text).into()),
        }
    }
}

/// Who gets the key, and who does not.
fn sides(
    member: &Member,
    revoke: Option<(DeviceId, Revoked)>,
) -> (Devices, BTreeMap<DeviceId, Revoked>) {
    let mut revoked = member.epochs.revoked().clone();
    revoked.extend(revoke);
    let me = &member.profile.device.id;
    let mut active = Devices::of(&member.profile.device);
    for (device, entry) in member.devices.iter() {
        let stays = member.is_active(device);
        if device != me && stays && !revoked.contains_key(device) {
            active.add(device.clone(), entry.clone()).expect("each device is listed once");
        }
    }
    (active, revoked)
}

/// The saves of a device that are there, and those that what is known here goes on from.
fn accepted(history: &History, there: &[Listed], device: &DeviceId) -> Accepted {
    let mut all = Accepted::default();
    for listed in there {
        if let ObjectName::Unit { session, save } = &listed.name
            && save.device() == device
        {
            all.add(session.clone(), entry_of(save));
        }
    }
    for (session, saves) in &history.sessions {
        for seen in saves.values().filter(|seen| !seen.quarantined) {
            let own = (seen.card.save.device() == device).then(|| entry_of(&seen.card.save));
            let known = seen.card.vector.0.get(device).cloned();
            own.into_iter().chain(known).for_each(|save| all.add(session.clone(), save));
        }
    }
    all
}

fn entry_of(save: &SaveId) -> VectorEntry {
    VectorEntry { seq: save.seq(), rand: save.rand().to_owned() }
}

/// The device that a name, an id or the beginning of one stands for.
fn named(member: &Member, text: &str) -> Result<(DeviceId, DeviceEntry), Refusal> {
    let all = || member.devices.iter().map(|(device, entry)| (device.clone(), entry.clone()));
    let by_id = |(device, _): &(DeviceId, DeviceEntry)| device.as_str().starts_with(text);
    let by_name = |(_, entry): &(DeviceId, DeviceEntry)| entry.name.eq_ignore_ascii_case(text);
    let mut found: Vec<_> = all().filter(by_name).collect();
    if found.is_empty() && !text.is_empty() {
        found = all().filter(by_id).collect();
    }
    match found.as_slice() {
        [] => Err(Refusal::new(
            "convosync::device::not-found",
            format!("no device `{}`", text.escape_debug()),
        )
        .help("`convosync device list` shows every device")
        .argument("device")),
        [(device, _)] if *device == member.profile.device.id => Err(Refusal::new(
            "convosync::device::this-one",
            "this is the device that you are using",
        )
        .help("revoke it from another device of the account")
        .argument("device")),
        [one] => Ok(one.clone()),
        several => {
            let ids: Vec<_> = several.iter().map(|(device, _)| device.to_string()).collect();
            Err(Refusal::new(
                "convosync::device::ambiguous",
                format!("`{}` may be any of {}", text.escape_debug(), ids.join(", ")),
            )
            .help("give the device's id, or more of its letters")
            .argument("device"))
        }
    }
}

fn row_of(member: &Member, history: &History, device: &DeviceId) -> Option<DeviceRow> {
    device_rows(member, history).into_iter().find(|row| row.device_id == device.as_str())
}

fn key_report(member: &Member, notes: Vec<Note>) -> KeyReport {
    let active = member.devices.iter();
    let active = active.filter(|(id, _)| member.is_active(id));
    KeyReport {
        changed: true,
        epoch: member.profile.account.epoch,
        devices: active.map(|(_, entry)| entry.name.clone()).collect(),
        revoked: None,
        recovery_words: None,
        recovery_file: None,
        notes,
    }
}

fn ask_to_revoke(entry: &DeviceEntry) -> Decision {
    let details = vec![
        format!(
            "{} ({}) gets no new key: it can't read what is saved from now on,",
            entry.name,
            entry.kind.as_str()
        ),
        "and what it saves from now on does not count on the other devices.".to_owned(),
        String::new(),
        "It still has everything that it fetched, its clones, and every key until now.".to_owned(),
        "If it was lost or stolen, change the store's credentials at the provider too.".to_owned(),
    ];
    let choices = vec![
        choice("revoke", "--yes", "Revoke", "makes a new key without it", false),
        cancel("", true),
    ];
    Decision {
        question: Question::Revoke,
        title: format!("Revoke {}?", entry.name),
        details,
        choices,
    }
}

fn ask_to_export() -> Decision {
    let details = vec![
        "The recovery words of before can't be shown again. This makes new ones,".to_owned(),
        "and a new key: the old words open nothing that is saved from then on.".to_owned(),
    ];
    let choices = vec![
        choice("export", "--yes", "Make New Words", "shows the new words once", false),
        cancel("", true),
    ];
    Decision {
        question: Question::ExportKey,
        title: "Make new recovery words?".to_owned(),
        details,
        choices,
    }
}

fn key_arriving() -> Refusal {
    Refusal::new(
        "convosync::key::arriving",
        "the account has a new key, and the copy for this device has not arrived yet",
    )
    .help("try again when the store has finished synchronising")
}

fn no_key(name: &str, error: &SealError) -> Refusal {
    Refusal::new("convosync::key::receiver", format!("nothing can be sealed to {name}: {error}"))
        .help("revoke that device; nothing was changed")
}

fn not_told(trouble: Trouble) -> Note {
    let failure = trouble.failure();
    Note {
        code: failure.code,
        text: format!("The other devices do not know the name yet\n{}", failure.message),
        help: Some("the next command that reaches the store tells them".to_owned()),
    }
}
