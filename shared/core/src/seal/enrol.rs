//! What a device asks that wants to join, and the answer: see [`crate::Enrolment`].

use super::Sealed;
use super::account::{open_addressed, seal_addressed};
use super::error::{OpenError, SealError};
use super::key::{Place, hkdf, length_prefixed};
use super::object::{self, Content, Kind};
use super::pad::Padding;
use super::stream::Salts;
use crate::enrol::Ask;
use crate::format::{decode_ask, encode_ask};
use crate::name::ObjectName;
use crate::profile::{Account, Random, SecretBytes};
use crate::store_record::StoreRecord;

/// An ask is of no epoch: who asks does not know any.
const NO_EPOCH: u32 = 0;

const PADDING: Padding = Padding::Multiple(512);

/// Whom an answer is for.
pub(crate) struct AnswerFor<'a> {
    /// K.
    pub(crate) key: &'a SecretBytes,
    /// BLAKE3 of the ask that is answered.
    pub(crate) asked: &'a [u8; 32],
    /// The X25519 key of the device that asked.
    pub(crate) exchange: &'a [u8; 32],
}

pub(crate) fn seal_ask(
    record: &StoreRecord,
    key: &SecretBytes,
    name: &ObjectName,
    ask: &Ask,
    random: Random<'_>,
) -> Sealed {
    let text = name.to_string();
    let content = Content {
        kind: Kind::EnrolAsk,
        front: (&encode_ask(ask), PADDING),
        body: None,
        enc: None,
        signer: None,
    };
    Sealed::made(object::seal(
        &place(record, NO_EPOCH, &text),
        &ask_key(key),
        &content,
        Salts::Fresh(random),
    ))
}

pub(crate) fn open_ask(
    record: &StoreRecord,
    key: &SecretBytes,
    name: &ObjectName,
    sealed: &Sealed,
) -> Result<Ask, OpenError> {
    let text = name.to_string();
    let place = place(record, NO_EPOCH, &text);
    let parsed = object::parse(&sealed.0)?;
    parsed.belongs(Kind::EnrolAsk, &place)?;
    parsed.is_whole()?;
    Ok(decode_ask(&parsed.open_front(&place, &ask_key(key))?)?)
}

pub(crate) fn seal_answer(
    account: &Account,
    to: &AnswerFor<'_>,
    name: &ObjectName,
    random: Random<'_>,
) -> Result<Sealed, SealError> {
    let (psk, id) = (answer_key(to.key), psk_id(name, to.asked));
    let what = (Kind::EnrolAnswer, name);
    seal_addressed(account, what, to.exchange, Some((&psk, &id)), None, random)
}

pub(crate) fn open_answer(
    record: &StoreRecord,
    (key, asked): (&SecretBytes, &[u8; 32]),
    exchange: &SecretBytes,
    name: &ObjectName,
    sealed: &Sealed,
) -> Result<Account, OpenError> {
    let text = name.to_string();
    let parsed = object::parse(&sealed.0)?;
    let place = place(record, parsed.head.epoch, &text);
    parsed.belongs(Kind::EnrolAnswer, &place)?;
    parsed.is_whole()?;
    let (psk, id) = (answer_key(key), psk_id(name, asked));
    let account = open_addressed(&parsed, &place, exchange, Some((&psk, &id)))?;
    let as_named = account.store == record.store
        && account.id == record.account
        && account.epoch == parsed.head.epoch;
    if as_named { Ok(account) } else { Err(OpenError::Foreign) }
}

fn place<'a>(record: &'a StoreRecord, epoch: u32, name: &'a str) -> Place<'a> {
    Place { store: &record.store, account: &record.account, epoch, session: None, name }
}

fn ask_key(key: &SecretBytes) -> SecretBytes {
    hkdf(key, b"", &length_prefixed(&[b"convosync enrol ask v1"]))
}

fn answer_key(key: &SecretBytes) -> SecretBytes {
    hkdf(key, b"", &length_prefixed(&[b"convosync enrol answer v1"]))
}

/// Names the pre-shared key, and with it the very ask that is answered.
fn psk_id(name: &ObjectName, asked: &[u8; 32]) -> Vec<u8> {
    let id = match name {
        ObjectName::EnrolAnswer { id, .. } => id.as_str(),
        _ => "",
    };
    length_prefixed(&[id.as_bytes(), asked])
}
