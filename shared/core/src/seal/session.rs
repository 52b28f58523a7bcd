//! Units and parts: the objects of a session.

use super::error::{OpenError, SealError};
use super::key::{Place, Purpose, derive};
use super::object::{self, Content, Kind, Parsed, Trust};
use super::pad::Padding;
use super::stream::Salts;
use super::{MAX_CARD, Sealed, stream};
use crate::card::Card;
use crate::devices::Devices;
use crate::format::{PartBody, UnitBody, decode_card, encode_card};
use crate::id::{SaveId, SessionId, rand_letters};
use crate::name::ObjectName;
use crate::profile::{Account, Profile, Random, SecretBytes, fresh};
use crate::segment::segment_id;

/// Cards are padded to a multiple of this.
const CARD_PADDING: Padding = Padding::Multiple(512);

/// Gives segments their ids. One key a session: equal content in two sessions does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentKey(SecretBytes);

impl SegmentKey {
    /// The id of packed bytes, see [`segment_id`].
    #[must_use]
    pub fn id(&self, packed: &[u8]) -> [u8; 16] {
        segment_id(self.as_bytes(), packed)
    }

    /// The key, as packing and rebuilding take it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0.0
    }
}

/// The key that gives the segments of `session` their ids: the same in every epoch, so that what
/// was packed before a new one is still found by its id.
#[must_use]
pub fn segment_key(account: &Account, session: &SessionId) -> SegmentKey {
    SegmentKey(derive(&account.first(), Purpose::SegmentIds(session)))
}

/// Seals a save. The name is the one that its card gives it.
///
/// # Errors
///
/// [`SealError`] if it would be refused when it is opened.
pub fn seal_unit(
    profile: &Profile,
    devices_hash: [u8; 32],
    card: &Card,
    body: &UnitBody,
    salts: Salts<'_>,
) -> Result<(ObjectName, Sealed), SealError> {
    card.check()?;
    if *card.device() != profile.device.id {
        let (save, ours) = (card.device().clone(), profile.device.id.clone());
        return Err(SealError::OtherDevice { save, ours });
    }
    let front = encode_card(card);
    if front.len() > MAX_CARD {
        return Err(SealError::CardTooLarge(front.len()));
    }
    let name = ObjectName::Unit { session: card.session.clone(), save: card.save.clone() };
    let content = Content {
        kind: Kind::Unit,
        front: (&front, CARD_PADDING),
        body: Some(&body.encode()?),
        enc: None,
        signer: Some((profile, devices_hash)),
    };
    let sealed = seal_in(&profile.account, &card.session, &name, &content, salts);
    Ok((name, sealed))
}

/// Seals a part under a name that [`part_name`] made.
///
/// # Errors
///
/// [`SealError::Name`] if the name is of no part, [`SealError::BodyTooLarge`].
pub fn seal_part(
    profile: &Profile,
    devices_hash: [u8; 32],
    name: &ObjectName,
    body: &PartBody,
    salts: Salts<'_>,
) -> Result<Sealed, SealError> {
    let ObjectName::Part { session, .. } = name else { return Err(SealError::Name) };
    let content = Content {
        kind: Kind::Part,
        front: (&body.encode()?, Padding::Padme),
        body: None,
        enc: None,
        signer: Some((profile, devices_hash)),
    };
    Ok(seal_in(&profile.account, session, name, &content, salts))
}

/// The name of a part that holds the segment with this id.
#[must_use]
pub fn part_name(session: &SessionId, segment: &[u8; 16], random: Random<'_>) -> ObjectName {
    ObjectName::Part {
        session: session.clone(),
        id: data_encoding::HEXLOWER.encode(segment),
        rand: rand_letters(&fresh(random)),
    }
}

/// How many bytes from the start of a unit hold its head and its card.
///
/// # Errors
///
/// [`OpenError`] if the bytes do not start a unit, or are too few to say.
pub fn card_prefix_len(first_bytes: &[u8]) -> Result<usize, OpenError> {
    let parsed = object::parse(first_bytes)?;
    let most = stream::sealed_len(CARD_PADDING.target(MAX_CARD as u64 + 8));
    match parsed.head.kind {
        Kind::Unit if parsed.head.front.len <= most => {
            let len = usize::try_from(parsed.head.front.len).map_err(|_| OpenError::Damaged)?;
            Ok(parsed.len + len)
        }
        Kind::Unit => Err(OpenError::Damaged),
        _ => Err(OpenError::Foreign),
    }
}

/// Cuts a unit to its head and card.
///
/// # Errors
///
/// As [`card_prefix_len`], and [`OpenError::Truncated`] if the card is not all there.
pub fn card_prefix(unit: &Sealed) -> Result<Sealed, OpenError> {
    let len = card_prefix_len(&unit.0)?;
    let prefix = unit.0.get(..len).ok_or(OpenError::Truncated)?;
    Ok(Sealed::made(prefix.to_vec()))
}

/// Opens the card of a unit from its first bytes; what follows the card is not looked at.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what a known device sealed under this name.
pub fn open_card(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    prefix: &Sealed,
) -> Result<Card, OpenError> {
    read_card(account, Some(devices), name, prefix)
}

/// Opens a card without looking at the signature: of a unit that [`open_card`] accepted before.
///
/// # Errors
///
/// As [`open_card`], but for the signature.
pub fn open_card_trusted(
    account: &Account,
    name: &ObjectName,
    prefix: &Sealed,
) -> Result<Card, OpenError> {
    read_card(account, None, name, prefix)
}

/// Opens a whole unit.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what a known device sealed under this name.
pub fn open_unit(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    unit: &Sealed,
) -> Result<(Card, UnitBody), OpenError> {
    object::with_its_key(account, &unit.0, |account| {
        let (card, parsed) = read_card_with(account, Some(devices), name, unit)?;
        parsed.is_whole()?;
        let text = name.to_string();
        let place = Place::of(account, Some(&card.session), &text);
        let key = derive(account, Purpose::Session(&card.session));
        let body = parsed.open_body(&place, &key)?;
        Ok((card, UnitBody::decode(&body)?))
    })
}

/// Opens a part.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what a known device sealed under this name.
pub fn open_part(
    account: &Account,
    devices: &Devices,
    name: &ObjectName,
    part: &Sealed,
) -> Result<PartBody, OpenError> {
    let ObjectName::Part { session, .. } = name else { return Err(OpenError::Foreign) };
    let text = name.to_string();
    let front = object::with_its_key(account, &part.0, |account| {
        let place = Place::of(account, Some(session), &text);
        let parsed = object::parse(&part.0)?;
        parsed.belongs(Kind::Part, &place)?;
        parsed.is_whole()?;
        let front = parsed.open_front(&place, &derive(account, Purpose::Session(session)))?;
        parsed.verify(&place, &Trust::Devices(devices))?;
        Ok(front)
    })?;
    Ok(PartBody::decode(&front)?)
}

fn read_card(
    account: &Account,
    devices: Option<&Devices>,
    name: &ObjectName,
    unit: &Sealed,
) -> Result<Card, OpenError> {
    object::with_its_key(account, &unit.0, |account| {
        read_card_with(account, devices, name, unit).map(|(card, _)| card)
    })
}

fn read_card_with<'a>(
    account: &Account,
    devices: Option<&Devices>,
    name: &ObjectName,
    unit: &'a Sealed,
) -> Result<(Card, Parsed<'a>), OpenError> {
    let ObjectName::Unit { session, save } = name else { return Err(OpenError::Foreign) };
    let text = name.to_string();
    let place = Place::of(account, Some(session), &text);
    let parsed = object::parse(&unit.0)?;
    parsed.belongs(Kind::Unit, &place)?;
    let front = parsed.open_front(&place, &derive(account, Purpose::Session(session)))?;
    if let Some(devices) = devices {
        parsed.verify(&place, &Trust::Devices(devices))?;
    }
    let card = decode_card(&front)?;
    is_named(&card, session, save, &parsed)?;
    card.check()?;
    Ok((card, parsed))
}

/// A device signs for its own saves only, and under the names that their cards give.
fn is_named(
    card: &Card,
    session: &SessionId,
    save: &SaveId,
    parsed: &Parsed<'_>,
) -> Result<(), OpenError> {
    let signed_by_saver =
        parsed.head.signer.as_ref().is_some_and(|signer| signer.device == *save.device());
    if card.session == *session && card.save == *save && signed_by_saver {
        Ok(())
    } else {
        Err(OpenError::Foreign)
    }
}

fn seal_in(
    account: &Account,
    session: &SessionId,
    name: &ObjectName,
    content: &Content<'_>,
    salts: Salts<'_>,
) -> Sealed {
    let text = name.to_string();
    let place = Place::of(account, Some(session), &text);
    let key = derive(account, Purpose::Session(session));
    Sealed::made(object::seal(&place, &key, content, salts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{CardError, CodeState};
    use crate::devices::DeviceEntry;
    use crate::id::{DeviceKind, Oid};
    use crate::profile::Device;
    use crate::vector::Vector;

    fn profile() -> Profile {
        let mut random = |bytes: &mut [u8]| bytes.fill(3);
        Profile {
            account: Account::new(&mut random),
            device: Device::new("desk".to_owned(), DeviceKind::Desktop, 0, &mut random),
            store_url: String::new(),
            local_only: true,
        }
    }

    fn card(device: &Device) -> Card {
        let save = SaveId::new(1, device.id.clone(), 1, &[1; 8]).expect("a save id");
        Card {
            session: SessionId::from_random(&[1; 8]),
            vector: Vector::after([], &save),
            save,
            parents: Vec::new(),
            timestamp_ms: 0,
            device_name: "desk".to_owned(),
            device_kind: DeviceKind::Desktop,
            message: String::new(),
            branch: None,
            commit: None::<Oid>,
            code: CodeState::None,
            repository: String::new(),
            working_directory: String::new(),
            folder: None,
            conversation: None,
            message_count: 0,
            size: 0,
            content: [0; 16],
            quiet: false,
            parked: false,
            note: false,
            title: None,
            terminal: true,
            uncommitted: 0,
        }
    }

    /// Seals and signs whatever it is told, as a device of the account that is broken could, under
    /// the name that `named` gives.
    fn opened(profile: &Profile, named: &Card, card: &Card) -> Result<Card, OpenError> {
        let name = ObjectName::Unit { session: named.session.clone(), save: named.save.clone() };
        let content = Content {
            kind: Kind::Unit,
            front: (&encode_card(card), CARD_PADDING),
            body: Some(&UnitBody::default().encode().expect("empty")),
            enc: None,
            signer: Some((profile, [0; 32])),
        };
        let sealed = seal_in(
            &profile.account,
            &named.session,
            &name,
            &content,
            Salts::Fresh(&mut |bytes| bytes.fill(9)),
        );
        let mut devices = Devices::default();
        let entry = DeviceEntry::of(&profile.device);
        devices.add(profile.device.id.clone(), entry).expect("the first");
        open_card(&profile.account, &devices, &name, &sealed)
    }

    #[test]
    fn a_card_that_contradicts_itself_is_not_opened() {
        let me = profile();
        let valid = card(&me.device);
        assert_eq!(opened(&me, &valid, &valid), Ok(valid.clone()));
        let empty = Card { vector: Vector::default(), ..valid.clone() };
        assert_eq!(opened(&me, &empty, &empty), Err(CardError::Vector.into()));
        let parent = valid.save.clone();
        let orphan = Card { parents: vec![parent], ..valid };
        assert_eq!(opened(&me, &orphan, &orphan), Err(CardError::Generation.into()));
    }

    #[test]
    fn a_card_under_a_name_that_is_not_its_own_is_not_opened() {
        let me = profile();
        let valid = card(&me.device);
        let session = Card { session: SessionId::from_random(&[2; 8]), ..valid.clone() };
        assert_eq!(opened(&me, &valid, &session), Err(OpenError::Foreign));
        let save = SaveId::new(1, me.device.id.clone(), 2, &[1; 8]).expect("a save id");
        let save = Card { vector: Vector::after([], &save), save, ..valid.clone() };
        assert_eq!(opened(&me, &valid, &save), Err(OpenError::Foreign));
    }

    #[test]
    fn a_device_that_signs_for_the_save_of_another_is_not_believed() {
        let me = profile();
        let other = Device::new(String::new(), DeviceKind::Laptop, 0, &mut |bytes| bytes.fill(4));
        let theirs = card(&other);
        assert_eq!(opened(&me, &theirs, &theirs), Err(OpenError::Foreign));
    }
}
