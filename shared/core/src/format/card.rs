//! The card as stored.

use minicbor::{Decode, Encode};

use super::text::{Text, texts, values};
use super::{FormatError, decode, encode};
use crate::card::{Card, CodeState};
use crate::id::{ConversationId, DeviceId, DeviceKind, Oid, SaveId, SessionId};
use crate::vector::{Vector, VectorEntry};

#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    session: Text<SessionId>,
    #[n(1)]
    save: Text<SaveId>,
    #[n(2)]
    parents: Vec<Text<SaveId>>,
    #[n(3)]
    vector: Vec<Known>,
    #[n(4)]
    timestamp_ms: i64,
    #[n(5)]
    device_name: String,
    #[n(6)]
    device_kind: u8,
    #[n(7)]
    message: String,
    #[n(8)]
    branch: Option<String>,
    #[n(9)]
    commit: Option<Text<Oid>>,
    #[n(10)]
    code: u8,
    #[n(11)]
    repository: String,
    #[n(12)]
    working_directory: String,
    #[n(13)]
    conversation: Option<Text<ConversationId>>,
    #[n(14)]
    message_count: u64,
    #[n(15)]
    size: u64,
    #[cbor(n(16), with = "minicbor::bytes")]
    content: [u8; 16],
    #[n(17)]
    quiet: bool,
    #[n(18)]
    parked: bool,
    #[n(19)]
    folder: Option<String>,
    #[n(20)]
    note: Option<bool>,
    #[n(21)]
    title: Option<String>,
    /// Only written where it is true.
    #[n(22)]
    without_terminal: Option<bool>,
    #[n(23)]
    uncommitted: Option<u64>,
}

/// One device of a vector.
#[derive(Encode, Decode)]
pub(super) struct Known {
    #[n(0)]
    device: Text<DeviceId>,
    #[n(1)]
    seq: u64,
    #[n(2)]
    rand: Text<Letters>,
}

/// 8 random letters.
struct Letters(String);

impl std::fmt::Display for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Letters {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if crate::id::is_rand(text) { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

pub(crate) fn encode_card(card: &Card) -> Vec<u8> {
    encode(&Stored {
        session: Text(card.session.clone()),
        save: Text(card.save.clone()),
        parents: texts(&card.parents),
        vector: store_vector(&card.vector),
        timestamp_ms: card.timestamp_ms,
        device_name: card.device_name.clone(),
        device_kind: kind_number(card.device_kind),
        message: card.message.clone(),
        branch: card.branch.clone(),
        commit: card.commit.clone().map(Text),
        code: code_number(card.code),
        repository: card.repository.clone(),
        working_directory: card.working_directory.clone(),
        conversation: card.conversation.clone().map(Text),
        message_count: card.message_count,
        size: card.size,
        content: card.content,
        quiet: card.quiet,
        parked: card.parked,
        note: card.note.then_some(true),
        folder: card.folder.clone(),
        title: card.title.clone(),
        without_terminal: (!card.terminal).then_some(true),
        uncommitted: (card.uncommitted > 0).then_some(card.uncommitted),
    })
}

/// Reads a card. Whether it is consistent is [`Card::check`]'s to say.
pub(crate) fn decode_card(bytes: &[u8]) -> Result<Card, FormatError> {
    let stored: Stored = decode(bytes)?;
    Ok(Card {
        session: stored.session.0,
        save: stored.save.0,
        parents: values(stored.parents),
        vector: load_vector(stored.vector)?,
        timestamp_ms: stored.timestamp_ms,
        device_name: stored.device_name,
        device_kind: kind_of(stored.device_kind)?,
        message: stored.message,
        branch: stored.branch,
        commit: stored.commit.map(|text| text.0),
        code: code_of(stored.code)?,
        repository: stored.repository,
        working_directory: stored.working_directory,
        conversation: stored.conversation.map(|text| text.0),
        message_count: stored.message_count,
        size: stored.size,
        content: stored.content,
        quiet: stored.quiet,
        parked: stored.parked,
        note: stored.note.unwrap_or(false),
        folder: stored.folder,
        title: stored.title,
        terminal: stored.without_terminal != Some(true),
        uncommitted: stored.uncommitted.unwrap_or(0),
    })
}

pub(super) fn store_vector(vector: &Vector) -> Vec<Known> {
    let entries = vector.0.iter();
    entries
        .map(|(device, entry)| Known {
            device: Text(device.clone()),
            seq: entry.seq,
            rand: Text(Letters(entry.rand.clone())),
        })
        .collect()
}

pub(super) fn load_vector(stored: Vec<Known>) -> Result<Vector, FormatError> {
    let mut vector = Vector::default();
    for known in stored {
        let entry = VectorEntry { seq: known.seq, rand: known.rand.0.0 };
        if vector.0.insert(known.device.0, entry).is_some() {
            return Err(FormatError::Malformed("a device is twice in the vector".to_owned()));
        }
    }
    Ok(vector)
}

/// The stored number of a kind of device.
pub(super) fn kind_number(kind: DeviceKind) -> u8 {
    match kind {
        DeviceKind::Desktop => 0,
        DeviceKind::Laptop => 1,
        DeviceKind::Tablet => 2,
        DeviceKind::Mobile => 3,
        DeviceKind::Server => 4,
    }
}

/// The kind of device that a stored number stands for.
pub(super) fn kind_of(number: u8) -> Result<DeviceKind, FormatError> {
    let found = DeviceKind::ALL.into_iter().find(|kind| kind_number(*kind) == number);
    found.ok_or(FormatError::Newer("device kind"))
}

fn code_number(code: CodeState) -> u8 {
    match code {
        CodeState::None => 0,
        CodeState::Pushed => 1,
        CodeState::Unproven => 2,
        CodeState::Carried => 3,
    }
}

fn code_of(number: u8) -> Result<CodeState, FormatError> {
    match number {
        0 => Ok(CodeState::None),
        1 => Ok(CodeState::Pushed),
        2 => Ok(CodeState::Unproven),
        3 => Ok(CodeState::Carried),
        _ => Err(FormatError::Newer("state of the code")),
    }
}
