//! Objects of the account: device entries, and its key under the recovery key.

use super::Sealed;
use super::error::OpenError;
use super::key::{Place, Purpose, derive, hkdf, length_prefixed};
use super::object::{self, Content, Kind, Trust};
use super::pad::Padding;
use crate::devices::DeviceEntry;
use crate::format::{decode_account, decode_entry, encode_account, encode_entry};
use crate::id::{AccountId, DeviceId, StoreId, rand_letters};
use crate::name::ObjectName;
use crate::profile::{Account, Profile, Random, SecretBytes, fresh};
use crate::recovery::RecoveryKey;
use crate::store_record::StoreRecord;

const PADDING: Padding = Padding::Multiple(64);

/// Seals this device's entry for the others, signed by itself.
#[must_use]
pub fn seal_device_entry(profile: &Profile, random: Random<'_>) -> (ObjectName, Sealed) {
    let device = &profile.device;
    let name = ObjectName::Device { device: device.id.clone(), rand: rand_letters(&fresh(random)) };
    let content = Content {
        kind: Kind::Device,
        front: (&encode_entry(&device.id, &DeviceEntry::of(device)), PADDING),
        body: None,
        // The entry is what makes the list, so there is no list yet that it could name.
        signer: Some((profile, [0; 32])),
    };
    let text = name.to_string();
    let place = Place::of(&profile.account, None, &text);
    let key = derive(&profile.account, Purpose::Objects);
    let sealed = Sealed::made(object::seal(&place, &key, &content, random));
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
        signer: None,
    };
    let sealed = Sealed::made(object::seal(&place, &key, &content, random));
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
    parsed.belongs(Kind::Recovery, &place)?;
    parsed.is_whole()?;
    let key = recovery_key(recovery, &store.store, &store.account);
    let account = decode_account(&parsed.open_front(&place, &key)?)?;
    let as_named =
        account.epoch == *epoch && account.store == store.store && account.id == store.account;
    if as_named { Ok(account) } else { Err(OpenError::Foreign) }
}

fn recovery_key(recovery: &RecoveryKey, store: &StoreId, account: &AccountId) -> SecretBytes {
    let info = length_prefixed(&[
        b"convosync recovery v1",
        store.as_str().as_bytes(),
        account.as_str().as_bytes(),
    ]);
    hkdf(recovery.secret(), b"", &info)
}
