//! Pins, tombstones and marks: signed by the device that made them, under the account's key.

use super::Sealed;
use super::error::{OpenError, SealError};
use super::key::{Place, Purpose, derive};
use super::object::{self, Content, Kind, Trust};
use super::pad::Padding;
use super::session::segment_key;
use super::stream::Salts;
use crate::devices::Devices;
use crate::format::{
    decode_mark, decode_pin, decode_tombstone, encode_mark, encode_pin, encode_tombstone,
};
use crate::id::{DeviceId, SessionId, rand_letters};
use crate::name::ObjectName;
use crate::profile::{Account, Profile, Random, fresh};
use crate::retention::{Mark, Pin, Tombstone};

/// The most objects that one mark may name.
pub const MAX_MARKED: usize = 4096;

/// Seals a pin under a name that bears this device's turn.
///
/// # Errors
///
/// [`SealError::Name`] if the name is not of a pin of this device.
pub fn seal_pin(
    profile: &Profile,
    devices_hash: [u8; 32],
    name: &ObjectName,
    pin: &Pin,
    salts: Salts<'_>,
) -> Result<Sealed, SealError> {
    seal(profile, devices_hash, name, (Kind::Pin, &encode_pin(pin)), salts)
}

/// Opens a pin.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what the device in its name sealed under it.
pub fn open_pin(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    object: &Sealed,
) -> Result<Pin, OpenError> {
    Ok(decode_pin(&open(account, devices, name, Kind::Pin, object)?)?)
}

/// Seals a tombstone under a name that bears this device's turn.
///
/// # Errors
///
/// [`SealError::Name`] if the name is not of a tombstone of this device.
pub fn seal_tombstone(
    profile: &Profile,
    devices_hash: [u8; 32],
    name: &ObjectName,
    tombstone: &Tombstone,
    salts: Salts<'_>,
) -> Result<Sealed, SealError> {
    seal(profile, devices_hash, name, (Kind::Tombstone, &encode_tombstone(tombstone)), salts)
}

/// Opens a tombstone.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what the device in its name sealed under it.
pub fn open_tombstone(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    object: &Sealed,
) -> Result<Tombstone, OpenError> {
    Ok(decode_tombstone(&open(account, devices, name, Kind::Tombstone, object)?)?)
}

/// Seals a mark of this device under a new name.
///
/// # Errors
///
/// [`SealError::Name`] if it names more than [`MAX_MARKED`] objects, or what is never collected.
pub fn seal_mark(
    profile: &Profile,
    devices_hash: [u8; 32],
    mark: &Mark,
    random: Random<'_>,
) -> Result<(ObjectName, Sealed), SealError> {
    if mark.names.len() > MAX_MARKED || mark.names.iter().any(|name| name.session().is_none()) {
        return Err(SealError::Name);
    }
    let device = profile.device.id.clone();
    let name = ObjectName::Mark { device, rand: rand_letters(&fresh(random)) };
    let salts = Salts::Fresh(random);
    let sealed = seal(profile, devices_hash, &name, (Kind::Mark, &encode_mark(mark)), salts)?;
    Ok((name, sealed))
}

/// Opens a mark.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what the device in its name sealed under it.
pub fn open_mark(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    object: &Sealed,
) -> Result<Mark, OpenError> {
    Ok(decode_mark(&open(account, devices, name, Kind::Mark, object)?)?)
}

/// What the names of parts start with that stand in for a container of segments: the same segments
/// under another name, uploaded because the container is gone or about to go. The id in the name
/// is the keyed BLAKE3 of the container's name.
#[must_use]
pub fn stand_ins_of(account: &Account, session: &SessionId, container: &ObjectName) -> String {
    let id = stand_in_id(account, session, container);
    format!("{}{id}-", ObjectName::parts_of(session))
}

/// A new name for a part that stands in for `container`.
#[must_use]
pub fn stand_in_name(
    account: &Account,
    session: &SessionId,
    container: &ObjectName,
    random: Random<'_>,
) -> ObjectName {
    ObjectName::Part {
        session: session.clone(),
        id: stand_in_id(account, session, container),
        rand: rand_letters(&fresh(random)),
    }
}

fn stand_in_id(account: &Account, session: &SessionId, container: &ObjectName) -> String {
    let id = segment_key(account, session).id(container.to_string().as_bytes());
    data_encoding::HEXLOWER.encode(&id)
}

fn seal(
    profile: &Profile,
    devices_hash: [u8; 32],
    name: &ObjectName,
    (kind, plain): (Kind, &[u8]),
    salts: Salts<'_>,
) -> Result<Sealed, SealError> {
    if signer(kind, name) != Some(&profile.device.id) {
        return Err(SealError::Name);
    }
    let content = Content {
        kind,
        front: (plain, padding(kind)),
        body: None,
        enc: None,
        signer: Some((profile, devices_hash)),
    };
    let text = name.to_string();
    let place = Place::of(&profile.account, None, &text);
    let key = derive(&profile.account, Purpose::Objects);
    Ok(Sealed::made(object::seal(&place, &key, &content, salts)))
}

fn open(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    kind: Kind,
    object: &Sealed,
) -> Result<zeroize::Zeroizing<Vec<u8>>, OpenError> {
    let Some(device) = signer(kind, name) else { return Err(OpenError::Foreign) };
    let text = name.to_string();
    object::with_its_key(account, &object.0, |account| {
        let place = Place::of(account, None, &text);
        let parsed = object::parse(&object.0)?;
        parsed.belongs(kind, &place)?;
        parsed.is_whole()?;
        let front = parsed.open_front(&place, &derive(account, Purpose::Objects))?;
        parsed.verify(&place, &Trust::Devices(devices))?;
        let signed_as_named = parsed.head.signer.as_ref().is_some_and(|by| by.device == *device);
        if signed_as_named { Ok(front) } else { Err(OpenError::Foreign) }
    })
}

/// The device that an object of this kind must be signed by.
fn signer(kind: Kind, name: &ObjectName) -> Option<&DeviceId> {
    match (kind, name) {
        (Kind::Pin, ObjectName::Pin { turn, .. })
        | (Kind::Tombstone, ObjectName::Tombstone { turn, .. }) => Some(turn.device()),
        (Kind::Mark, ObjectName::Mark { device, .. }) => Some(device),
        _ => None,
    }
}

/// How many objects a mark names is no secret: the store sees them go.
fn padding(kind: Kind) -> Padding {
    match kind {
        Kind::Mark => Padding::Padme,
        _ => Padding::Multiple(64),
    }
}
