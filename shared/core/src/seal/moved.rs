//! Where a store is now, told in the place where it was.

use super::Sealed;
use super::error::OpenError;
use super::key::{Place, Purpose, derive};
use super::object::{self, Content, Kind, Trust};
use super::pad::Padding;
use super::stream::Salts;
use crate::devices::Devices;
use crate::format::{decode_moved, encode_moved};
use crate::id::rand_letters;
use crate::moved::Moved;
use crate::name::ObjectName;
use crate::profile::{Account, Profile, Random, fresh};

/// URLs are short, and their length is nobody's business.
const PADDING: Padding = Padding::Multiple(256);

/// Seals where the store is now, signed by this device. `devices_hash`: of the list it knows.
#[must_use]
pub fn seal_moved(
    profile: &Profile,
    devices_hash: [u8; 32],
    moved: &Moved,
    random: Random<'_>,
) -> (ObjectName, Sealed) {
    let device = profile.device.id.clone();
    let name = ObjectName::Moved { device, rand: rand_letters(&fresh(random)) };
    let content = Content {
        kind: Kind::Moved,
        front: (&encode_moved(moved), PADDING),
        body: None,
        enc: None,
        signer: Some((profile, devices_hash)),
    };
    let text = name.to_string();
    let place = Place::of(&profile.account, None, &text);
    let key = derive(&profile.account, Purpose::Objects);
    let sealed = Sealed::made(object::seal(&place, &key, &content, Salts::Fresh(random)));
    (name, sealed)
}

/// Opens where the store is now.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what one of `devices` sealed under this name.
pub fn open_moved(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    object: &Sealed,
) -> Result<Moved, OpenError> {
    let ObjectName::Moved { device, .. } = name else { return Err(OpenError::Foreign) };
    let text = name.to_string();
    let front = object::with_its_key(account, &object.0, |account| {
        let place = Place::of(account, None, &text);
        let parsed = object::parse(&object.0)?;
        parsed.belongs(Kind::Moved, &place)?;
        parsed.is_whole()?;
        parsed.verify(&place, &Trust::Devices(devices))?;
        if parsed.head.signer.as_ref().is_none_or(|signer| signer.device != *device) {
            return Err(OpenError::Foreign);
        }
        parsed.open_front(&place, &derive(account, Purpose::Objects))
    })?;
    Ok(decode_moved(&front)?)
}
