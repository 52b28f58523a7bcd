//! The layout that all sealed objects share: a plain head, then one or two ciphertexts.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::error::OpenError;
use super::key::{Place, hkdf, length_prefixed};
use super::pad::{Padding, unpad};
use super::stream::{self, Salts};
use crate::devices::Devices;
use crate::id::DeviceId;
use crate::profile::{Account, Profile, SecretBytes};

/// Not text, and spoilt by anything that turns line feeds into something else.
pub(super) const MAGIC: [u8; 8] = *b"\x89CVSYNC\n";
pub(super) const VERSION: u8 = 1;
const SIGNATURE: usize = 64;
const CHECKSUM: usize = 8;

/// What an object is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Unit = 1,
    Part = 2,
    Device = 3,
    Recovery = 4,
    Value = 5,
    DeviceKey = 6,
    RecoveryKey = 7,
    Epoch = 8,
    EnrolAsk = 9,
    EnrolAnswer = 10,
    Pin = 16,
    Tombstone = 17,
    Mark = 18,
    Moved = 24,
}

impl Kind {
    const ALL: [Self; 14] = [
        Self::Unit,
        Self::Part,
        Self::Device,
        Self::Recovery,
        Self::Value,
        Self::DeviceKey,
        Self::RecoveryKey,
        Self::Epoch,
        Self::EnrolAsk,
        Self::EnrolAnswer,
        Self::Pin,
        Self::Tombstone,
        Self::Mark,
        Self::Moved,
    ];

    /// Names the first ciphertext in its context.
    fn role(self) -> &'static str {
        match self {
            Self::Unit => "card",
            Self::Part => "part",
            Self::Device => "device",
            Self::Recovery => "recovery",
            Self::Value => "value",
            Self::DeviceKey => "device key",
            Self::RecoveryKey => "recovery exchange",
            Self::Epoch => "epoch",
            Self::EnrolAsk => "enrol ask",
            Self::EnrolAnswer => "enrol answer",
            Self::Pin => "pin",
            Self::Tombstone => "tombstone",
            Self::Mark => "mark",
            Self::Moved => "moved",
        }
    }

    fn is_signed(self) -> bool {
        !matches!(self, Self::Recovery | Self::Value | Self::EnrolAsk | Self::EnrolAnswer)
    }

    /// Whether its key was encapsulated to one receiver.
    fn is_addressed(self) -> bool {
        matches!(self, Self::DeviceKey | Self::RecoveryKey | Self::EnrolAnswer)
    }

    fn has_body(self) -> bool {
        self == Self::Unit
    }
}

/// Names the second ciphertext of a unit in its context.
const BODY: &str = "body";

/// What the head says of one ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    commitment: [u8; 32],
    hash: [u8; 32],
    pub(super) len: u64,
}

/// Who signed, and which devices it knew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signer {
    pub(super) device: DeviceId,
    pub(super) devices_hash: [u8; 32],
}

/// The head without its signature and checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) epoch: u32,
    context: [u8; 32],
    pub(super) front: Piece,
    /// What the receiver needs for the key.
    pub(super) enc: Option<[u8; 32]>,
    pub(super) signer: Option<Signer>,
    pub(super) body: Option<Piece>,
}

/// A head that was read, with what follows it.
pub(super) struct Parsed<'a> {
    pub(super) head: Head,
    signature: Option<[u8; SIGNATURE]>,
    /// The head's bytes that are signed.
    signed: &'a [u8],
    /// The bytes after the head.
    rest: &'a [u8],
    /// Bytes of the head with signature and checksum.
    pub(super) len: usize,
}

/// What goes into an object.
pub(super) struct Content<'a> {
    pub(super) kind: Kind,
    pub(super) front: (&'a [u8], Padding),
    pub(super) body: Option<&'a [u8]>,
    pub(super) enc: Option<[u8; 32]>,
    pub(super) signer: Option<(&'a Profile, [u8; 32])>,
}

/// Seals an object under `key` for its place.
pub(super) fn seal(
    place: &Place<'_>,
    key: &SecretBytes,
    content: &Content<'_>,
    mut salts: Salts<'_>,
) -> Vec<u8> {
    let context = place.context(content.kind.role(), VERSION);
    let (plain, padding) = content.front;
    let (front, front_bytes) = seal_piece(key, &context, &padding.pad(plain), &mut salts);
    let body = content.body.map(|body| {
        let context = place.context(BODY, VERSION);
        seal_piece(key, &context, &Padding::Padme.pad(body), &mut salts)
    });
    let head = Head {
        kind: content.kind,
        epoch: place.epoch,
        context: *blake3::hash(&context).as_bytes(),
        front,
        enc: content.enc,
        signer: content.signer.map(|(profile, devices_hash)| Signer {
            device: profile.device.id.clone(),
            devices_hash,
        }),
        body: body.as_ref().map(|(piece, _)| piece.clone()),
    };
    let mut out = head.encode();
    if let Some((profile, _)) = content.signer {
        let signing = SigningKey::from_bytes(&profile.device.signing.0);
        let signature = signing.sign(&signed_message(&context, &out));
        out.extend_from_slice(&signature.to_bytes());
    }
    out.extend_from_slice(&checksum(&out));
    out.extend_from_slice(&front_bytes);
    out.extend_from_slice(&body.map(|(_, bytes)| bytes).unwrap_or_default());
    out
}

fn seal_piece(
    key: &SecretBytes,
    context: &[u8],
    plain: &[u8],
    salts: &mut Salts<'_>,
) -> (Piece, Vec<u8>) {
    let once = salts.next(key, context, plain);
    let sealed = stream::seal(key, context, plain, &once);
    let piece = Piece {
        commitment: *commitment(key, &once.salt, context).0,
        hash: *blake3::hash(&sealed).as_bytes(),
        len: sealed.len() as u64,
    };
    (piece, sealed)
}

/// Binds a ciphertext to one key: AES-GCM alone lets one ciphertext open under two.
fn commitment(key: &SecretBytes, salt: &[u8], context: &[u8]) -> SecretBytes {
    hkdf(key, salt, &length_prefixed(&[b"convosync key commitment", context]))
}

fn signed_message(context: &[u8], head: &[u8]) -> Vec<u8> {
    length_prefixed(&[b"convosync object signature", context, head])
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    *blake3::hash(bytes).as_bytes().first_chunk().expect("32 bytes hold 8")
}

impl Piece {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.commitment);
        out.extend_from_slice(&self.hash);
        out.extend_from_slice(&self.len.to_be_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, OpenError> {
        Ok(Self {
            commitment: from.take()?,
            hash: from.take()?,
            len: u64::from_be_bytes(from.take()?),
        })
    }

    /// The ciphertext at the start of `bytes`, and what follows it.
    fn cut<'a>(&self, bytes: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), OpenError> {
        let len = usize::try_from(self.len).map_err(|_| OpenError::Truncated)?;
        bytes.split_at_checked(len).ok_or(OpenError::Truncated)
    }

    fn open(
        &self,
        key: &SecretBytes,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let salt = stream::salt(sealed).ok_or(OpenError::Damaged)?;
        let expected = blake3::Hash::from_bytes(*commitment(key, salt, context).0);
        // `blake3::Hash` compares in constant time.
        if expected != blake3::Hash::from_bytes(self.commitment) {
            return Err(OpenError::WrongKey);
        }
        let padded = stream::open(key, context, sealed).ok_or(OpenError::Damaged)?;
        unpad(padded).ok_or(OpenError::Damaged)
    }

    fn is_intact(&self, sealed: &[u8]) -> Result<(), OpenError> {
        if blake3::hash(sealed).as_bytes() == &self.hash { Ok(()) } else { Err(OpenError::Damaged) }
    }
}

impl Head {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        out.push(self.kind as u8);
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.context);
        self.front.encode(&mut out);
        if let Some(enc) = &self.enc {
            out.extend_from_slice(enc);
        }
        if let Some(signer) = &self.signer {
            out.extend_from_slice(signer.device.as_str().as_bytes());
            out.extend_from_slice(&signer.devices_hash);
        }
        if let Some(body) = &self.body {
            body.encode(&mut out);
        }
        out
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, OpenError> {
        from.magic()?;
        match from.take()? {
            [VERSION] => {}
            [0] => return Err(OpenError::Damaged),
            [_] => return Err(OpenError::NewerFormat),
        }
        let [number] = from.take()?;
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == number);
        let kind = kind.ok_or(OpenError::NewerFormat)?;
        Ok(Self {
            kind,
            epoch: u32::from_be_bytes(from.take()?),
            context: from.take()?,
            front: Piece::read(from)?,
            enc: kind.is_addressed().then(|| from.take()).transpose()?,
            signer: kind.is_signed().then(|| Signer::read(from)).transpose()?,
            body: kind.has_body().then(|| Piece::read(from)).transpose()?,
        })
    }
}

impl Signer {
    fn read(from: &mut Reader<'_>) -> Result<Self, OpenError> {
        let device: [u8; 8] = from.take()?;
        let device = std::str::from_utf8(&device).ok().and_then(|text| text.parse().ok());
        Ok(Self { device: device.ok_or(OpenError::Damaged)?, devices_hash: from.take()? })
    }
}

/// Reads the head of an object, or of its first bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed<'_>, OpenError> {
    let mut reader = Reader { all: bytes, rest: bytes };
    let head = Head::read(&mut reader)?;
    let signed = reader.done();
    let signature = head.kind.is_signed().then(|| reader.take()).transpose()?;
    let checked = reader.done();
    if checksum(checked) != reader.take::<CHECKSUM>()? {
        return Err(OpenError::Damaged);
    }
    Ok(Parsed { head, signature, signed, rest: reader.rest, len: reader.done().len() })
}

/// Tries every key that the ring has for the object's epoch: two rotations at the same time give
/// two. Without one, `open` tells what is wrong.
pub(super) fn with_its_key<T>(
    account: &Account,
    object: &[u8],
    open: impl Fn(&Account) -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    let epoch = parse(object)?.head.epoch;
    if epoch == account.epoch && account.others.iter().all(|key| key.epoch != epoch) {
        return open(account);
    }
    let mut tried = None;
    for account in account.of_epoch(epoch) {
        match open(&account) {
            Err(OpenError::WrongKey) => tried = Some(OpenError::WrongKey),
            opened => return opened,
        }
    }
    tried.map_or_else(|| open(account), Err)
}

/// Whose signature an object must bear.
pub(super) enum Trust<'a> {
    /// One of these devices'.
    Devices(&'a Devices),
    /// This key's.
    Key([u8; 32]),
}

impl<'a> Parsed<'a> {
    /// Checks that the object is of this kind, for this place and of this epoch.
    pub(super) fn belongs(&self, kind: Kind, place: &Place<'_>) -> Result<(), OpenError> {
        if self.head.kind != kind {
            return Err(OpenError::Foreign);
        }
        let written_for = Place { epoch: self.head.epoch, ..*place }.context(kind.role(), VERSION);
        if blake3::hash(&written_for).as_bytes() != &self.head.context {
            return Err(OpenError::Foreign);
        }
        if self.head.epoch != place.epoch {
            return Err(OpenError::Epoch { object: self.head.epoch, ours: place.epoch });
        }
        Ok(())
    }

    /// Opens the first ciphertext. Call [`Parsed::belongs`] before.
    pub(super) fn open_front(
        &self,
        place: &Place<'_>,
        key: &SecretBytes,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (sealed, _) = self.head.front.cut(self.rest)?;
        self.head.front.is_intact(sealed)?;
        self.head.front.open(key, &place.context(self.head.kind.role(), VERSION), sealed)
    }

    /// Opens the second ciphertext. Call [`Parsed::verify`] before: the head binds it.
    pub(super) fn open_body(
        &self,
        place: &Place<'_>,
        key: &SecretBytes,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let body = self.head.body.as_ref().ok_or(OpenError::Foreign)?;
        let (sealed, _) = body.cut(self.head.front.cut(self.rest)?.1)?;
        body.is_intact(sealed)?;
        body.open(key, &place.context(BODY, VERSION), sealed)
    }

    /// Checks that the object ends where it says.
    pub(super) fn is_whole(&self) -> Result<(), OpenError> {
        let mut rest = self.head.front.cut(self.rest)?.1;
        if let Some(body) = &self.head.body {
            rest = body.cut(rest)?.1;
        }
        if rest.is_empty() { Ok(()) } else { Err(OpenError::Damaged) }
    }

    /// Checks the signature.
    pub(super) fn verify(&self, place: &Place<'_>, trust: &Trust<'_>) -> Result<(), OpenError> {
        let (Some(signer), Some(signature)) = (&self.head.signer, &self.signature) else {
            return Err(OpenError::Damaged);
        };
        let key = match trust {
            Trust::Key(key) => *key,
            Trust::Devices(devices) => {
                let unknown = || OpenError::UnknownDevice(signer.device.clone());
                devices.get(&signer.device).ok_or_else(unknown)?.verifying
            }
        };
        let message = signed_message(&place.context(self.head.kind.role(), VERSION), self.signed);
        VerifyingKey::from_bytes(&key)
            .and_then(|key| key.verify_strict(&message, &Signature::from_bytes(signature)))
            .map_err(|_| OpenError::Signature(signer.device.clone()))
    }
}

/// Reads fixed sizes off the front.
struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], OpenError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(OpenError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn magic(&mut self) -> Result<(), OpenError> {
        if MAGIC.starts_with(self.rest) && self.rest.len() < MAGIC.len() {
            return Err(OpenError::Truncated);
        }
        self.rest = self.rest.strip_prefix(&MAGIC).ok_or(OpenError::NotOurs)?;
        Ok(())
    }

    /// What was read so far.
    fn done(&self) -> &'a [u8] {
        &self.all[..self.all.len() - self.rest.len()]
    }
}
