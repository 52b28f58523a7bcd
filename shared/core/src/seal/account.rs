//! Objects of the account: device entries, and its key under the recovery key.

use x25519_dalek::{PublicKey, StaticSecret};

use super::Sealed;
use super::error::{OpenError, SealError};
use super::hpke::{self, Psk};
use super::key::{Place, Purpose, derive, hkdf, length_prefixed};
use super::object::{self, Content, Kind, Parsed, Trust};
use super::pad::Padding;
use super::stream::Salts;
use crate::devices::{DeviceEntry, Devices};
use crate::epoch::EpochRecord;
use crate::format::{
    decode_account, decode_entry, decode_epoch, encode_account, encode_entry, encode_epoch,
};
use crate::id::{AccountId, DeviceId, StoreId, rand_letters};
use crate::name::ObjectName;
use crate::profile::{Account, Profile, Random, SecretBytes, fresh};
use crate::recovery::RecoveryKey;
use crate::store_record::StoreRecord;

const PADDING: Padding = Padding::Multiple(64);

/// The role in the context that HPKE's info is.
const ADDRESSED: &str = "hpke info";

/// Seals this device's entry for the others, signed by itself.
#[must_use]
pub fn seal_device_entry(profile: &Profile, random: Random<'_>) -> (ObjectName, Sealed) {
    let device = &profile.device;
    let name = ObjectName::Device { device: device.id.clone(), rand: rand_letters(&fresh(random)) };
    let content = Content {
        kind: Kind::Device,
        front: (&encode_entry(&device.id, &DeviceEntry::of(device)), PADDING),
        body: None,
        enc: None,
        // The entry is what makes the list, so there is no list yet that it could name.
        signer: Some((profile, [0; 32])),
    };
    let text = name.to_string();
    let place = Place::of(&profile.account, None, &text);
    let key = derive(&profile.account, Purpose::Objects);
    let sealed = Sealed::made(object::seal(&place, &key, &content, Salts::Fresh(random)));
    (name, sealed)
}

/// Opens a device's entry. That it is signed by its own key proves only that it is whole; that it
/// is sealed under the account's key proves that a device of the account made it.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what the device sealed under this name.
pub fn open_device_entry(
    account: &Account,
    name: &ObjectName,
    entry: &Sealed,
) -> Result<(DeviceId, DeviceEntry), OpenError> {
    object::with_its_key(account, &entry.0, |account| open_entry_with(account, name, entry))
}

fn open_entry_with(
    account: &Account,
    name: &ObjectName,
    entry: &Sealed,
) -> Result<(DeviceId, DeviceEntry), OpenError> {
    let ObjectName::Device { device, .. } = name else { return Err(OpenError::Foreign) };
    let text = name.to_string();
    let place = Place::of(account, None, &text);
    let parsed = object::parse(&entry.0)?;
    parsed.belongs(Kind::Device, &place)?;
    parsed.is_whole()?;
    let front = parsed.open_front(&place, &derive(account, Purpose::Objects))?;
    let (id, entry) = decode_entry(&front)?;
    parsed.verify(&place, &Trust::Key(entry.verifying))?;
    let signed_by_itself = parsed.head.signer.as_ref().is_some_and(|signer| signer.device == id);
    if id == *device && signed_by_itself { Ok((id, entry)) } else { Err(OpenError::Foreign) }
}

/// Seals the account's key under the recovery key.
#[must_use]
pub fn seal_recovery(
    account: &Account,
    recovery: &RecoveryKey,
    random: Random<'_>,
) -> (ObjectName, Sealed) {
    let name = ObjectName::RecoveryKey { epoch: account.epoch, rand: rand_letters(&fresh(random)) };
    let text = name.to_string();
    let place = Place::of(account, None, &text);
    let key = recovery_key(recovery, &account.store, &account.id);
    let content = Content {
        kind: Kind::Recovery,
        front: (&encode_account(account), PADDING),
        body: None,
        enc: None,
        signer: None,
    };
    let sealed = Sealed::made(object::seal(&place, &key, &content, Salts::Fresh(random)));
    (name, sealed)
}

/// Opens the account's key with the recovery key.
///
/// # Errors
///
/// [`OpenError::WrongKey`] if the recovery key is another store's, and as for every object.
pub fn open_recovery(
    store: &StoreRecord,
    name: &ObjectName,
    object: &Sealed,
    recovery: &RecoveryKey,
) -> Result<Account, OpenError> {
    let ObjectName::RecoveryKey { epoch, .. } = name else { return Err(OpenError::Foreign) };
    let text = name.to_string();
    let place = Place {
        store: &store.store,
        account: &store.account,
        epoch: *epoch,
        session: None,
        name: &text,
    };
    let parsed = object::parse(&object.0)?;
    let exchange = recovery_exchange(recovery, &store.store, &store.account);
    let mut account = if parsed.head.kind == Kind::RecoveryKey {
        parsed.belongs(Kind::RecoveryKey, &place)?;
        parsed.is_whole()?;
        open_addressed(&parsed, &place, &exchange, None)?
    } else {
        parsed.belongs(Kind::Recovery, &place)?;
        parsed.is_whole()?;
        let key = recovery_key(recovery, &store.store, &store.account);
        decode_account(&parsed.open_front(&place, &key)?)?
    };
    // Of accounts from before there were epochs it is learned here.
    account.recovery.get_or_insert_with(|| public(&exchange));
    let as_named =
        account.epoch == *epoch && account.store == store.store && account.id == store.account;
    if as_named { Ok(account) } else { Err(OpenError::Foreign) }
}

/// Seals the account's present key, and the ring, to a device, signed by this one.
///
/// # Errors
///
/// [`SealError::Receiver`] if the device's key is none.
pub fn seal_device_key(
    profile: &Profile,
    devices_hash: [u8; 32],
    to: (&DeviceId, &DeviceEntry),
    random: Random<'_>,
) -> Result<(ObjectName, Sealed), SealError> {
    let rand = rand_letters(&fresh(random));
    let (device, entry) = to;
    let epoch = profile.account.epoch;
    let name = ObjectName::DeviceKey { epoch, device: device.clone(), rand };
    let signer = Some((profile, devices_hash));
    let sealed = seal_addressed(
        &profile.account,
        (Kind::DeviceKey, &name),
        &entry.exchange,
        None,
        signer,
        random,
    )?;
    Ok((name, sealed))
}

/// Opens the account's keys that were sealed to this device. Whose they are is not proven yet: a
/// key counts once the record of its epoch names it.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what was sealed to this device under this name.
pub fn open_device_key(
    profile: &Profile,
    name: &ObjectName,
    object: &Sealed,
) -> Result<Account, OpenError> {
    let ObjectName::DeviceKey { epoch, device, .. } = name else { return Err(OpenError::Foreign) };
    let text = name.to_string();
    let known = &profile.account;
    let place = Place {
        store: &known.store,
        account: &known.id,
        epoch: *epoch,
        session: None,
        name: &text,
    };
    let parsed = object::parse(&object.0)?;
    parsed.belongs(Kind::DeviceKey, &place)?;
    parsed.is_whole()?;
    let account = open_addressed(&parsed, &place, &profile.device.exchange, None)?;
    let as_named = *device == profile.device.id
        && account.epoch == *epoch
        && account.store == known.store
        && account.id == known.id;
    if as_named { Ok(account) } else { Err(OpenError::Foreign) }
}

/// Seals the account's present key, and the ring, to its recovery key, signed by this device.
///
/// # Errors
///
/// [`SealError::Receiver`] if the account has no recovery key that is known here.
pub fn seal_recovery_copy(
    profile: &Profile,
    devices_hash: [u8; 32],
    random: Random<'_>,
) -> Result<(ObjectName, Sealed), SealError> {
    let to = profile.account.recovery.ok_or(SealError::Receiver)?;
    let rand = rand_letters(&fresh(random));
    let name = ObjectName::RecoveryKey { epoch: profile.account.epoch, rand };
    let signer = Some((profile, devices_hash));
    let what = (Kind::RecoveryKey, &name);
    let sealed = seal_addressed(&profile.account, what, &to, None, signer, random)?;
    Ok((name, sealed))
}

/// The public half of a recovery key: later keys of the account are sealed to it, without the words.
#[must_use]
pub fn recovery_public(account: &Account, recovery: &RecoveryKey) -> [u8; 32] {
    public(&recovery_exchange(recovery, &account.store, &account.id))
}

/// Seals the account to one receiver.
pub(super) fn seal_addressed(
    account: &Account,
    (kind, name): (Kind, &ObjectName),
    to: &[u8; 32],
    psk: Psk<'_>,
    signer: Option<(&Profile, [u8; 32])>,
    random: Random<'_>,
) -> Result<Sealed, SealError> {
    let text = name.to_string();
    let place = Place::of(account, None, &text);
    let info = place.context(ADDRESSED, object::VERSION);
    let (enc, key) = hpke::encapsulate(to, &info, psk, random).ok_or(SealError::Receiver)?;
    let content = Content {
        kind,
        front: (&encode_account(account), PADDING),
        body: None,
        enc: Some(enc),
        signer,
    };
    Ok(Sealed::made(object::seal(&place, &key, &content, Salts::Fresh(random))))
}

/// Opens an account that was sealed to the public half of `secret`.
pub(super) fn open_addressed(
    parsed: &Parsed<'_>,
    place: &Place<'_>,
    secret: &SecretBytes,
    psk: Psk<'_>,
) -> Result<Account, OpenError> {
    let enc = parsed.head.enc.as_ref().ok_or(OpenError::Foreign)?;
    let info = place.context(ADDRESSED, object::VERSION);
    let key = hpke::decapsulate(secret, enc, &info, psk).ok_or(OpenError::Damaged)?;
    Ok(decode_account(&parsed.open_front(place, &key)?)?)
}

/// Seals the record of a new epoch under the key of the one before, which every device that was of
/// the account then can open: the ones that are left out too. Signed by this device.
#[must_use]
pub fn seal_epoch(
    before: &Profile,
    devices_hash: [u8; 32],
    record: &EpochRecord,
    random: Random<'_>,
) -> (ObjectName, Sealed) {
    let name = ObjectName::Epoch { epoch: record.epoch, rand: rand_letters(&fresh(random)) };
    let content = Content {
        kind: Kind::Epoch,
        front: (&encode_epoch(record), Padding::Padme),
        body: None,
        enc: None,
        signer: Some((before, devices_hash)),
    };
    let text = name.to_string();
    let place = Place::of(&before.account, None, &text);
    let key = derive(&before.account, Purpose::Objects);
    let sealed = Sealed::made(object::seal(&place, &key, &content, Salts::Fresh(random)));
    (name, sealed)
}

/// Opens the record of an epoch. Whether its author may begin one is for [`crate::Epochs`] to say.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what a known device sealed under this name with the key of
/// the epoch before.
pub fn open_epoch(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    record: &Sealed,
) -> Result<EpochRecord, OpenError> {
    open_record(account, Some(devices), name, record)
}

/// The same for somebody who knows no device yet: the signature is not looked at, so the record is
/// worth something only if [`crate::confirm`] proves it by a key that is believed.
///
/// # Errors
///
/// [`OpenError`] if it is not what somebody sealed under this name with the key of the epoch before.
pub fn open_epoch_unsigned(
    account: &Account,
    name: &ObjectName,
    record: &Sealed,
) -> Result<EpochRecord, OpenError> {
    open_record(account, None, name, record)
}

fn open_record(
    account: &Account,
    devices: Option<&Devices>,
    name: &ObjectName,
    record: &Sealed,
) -> Result<EpochRecord, OpenError> {
    let ObjectName::Epoch { epoch, .. } = name else { return Err(OpenError::Foreign) };
    let text = name.to_string();
    let opened = object::with_its_key(account, &record.0, |account| {
        let place = Place::of(account, None, &text);
        let parsed = object::parse(&record.0)?;
        parsed.belongs(Kind::Epoch, &place)?;
        parsed.is_whole()?;
        let front = parsed.open_front(&place, &derive(account, Purpose::Objects))?;
        if let Some(devices) = devices {
            parsed.verify(&place, &Trust::Devices(devices))?;
        }
        let record = decode_epoch(&front)?;
        let signer = parsed.head.signer.as_ref().map(|signer| &signer.device);
        let follows = account.epoch.checked_add(1) == Some(*epoch);
        let as_named = record.epoch == *epoch && signer == Some(&record.author);
        if follows && as_named { Ok(record) } else { Err(OpenError::Foreign) }
    })?;
    Ok(opened)
}

/// The epoch of the key that an object is sealed under, as its head says: nothing proves it before
/// the object is opened.
///
/// # Errors
///
/// [`OpenError`] if the bytes are no object.
pub fn sealed_epoch(object: &Sealed) -> Result<u32, OpenError> {
    Ok(object::parse(&object.0)?.head.epoch)
}

/// The X25519 secret key that the recovery key gives.
fn recovery_exchange(recovery: &RecoveryKey, store: &StoreId, account: &AccountId) -> SecretBytes {
    let info = length_prefixed(&[
        b"convosync recovery exchange v1",
        store.as_str().as_bytes(),
        account.as_str().as_bytes(),
    ]);
    hkdf(recovery.secret(), b"", &info)
}

fn public(secret: &SecretBytes) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(*secret.0)).to_bytes()
}

fn recovery_key(recovery: &RecoveryKey, store: &StoreId, account: &AccountId) -> SecretBytes {
    let info = length_prefixed(&[
        b"convosync recovery v1",
        store.as_str().as_bytes(),
        account.as_str().as_bytes(),
    ]);
    hkdf(recovery.secret(), b"", &info)
}
