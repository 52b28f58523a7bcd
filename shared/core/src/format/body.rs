//! What is sealed in the body of a unit and in a part.
//!
//! ```text
//! 4    length of the manifest's CBOR (0 in a part)
//! 4    bytes that it takes here: fewer if it is a zstd frame, as many if it stands as it is
//! 4    number of segments
//! 20   for each segment: its id (16), its length (4)
//! ...  the manifest
//! ...  the segments, one after the other, in the directory's order
//! ```
//!
//! Numbers are big-endian. The directory comes first, so that a segment is found by its id
//! without reading the others.

use std::borrow::Cow;

use super::FormatError;
use super::manifest::{decode_manifest, encode_manifest};
use crate::manifest::Manifest;

/// The most bytes that the body of a unit or a part may have before it is sealed.
pub const MAX_BODY: u64 = 1 << 30;

/// A body has more bytes than [`MAX_BODY`], namely so many.
#[derive(Debug)]
pub(crate) struct TooLarge(pub(crate) u64);

/// One packed segment under its id.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed {
    /// First 16 bytes of the keyed BLAKE3 of `bytes`.
    pub id: [u8; 16],
    /// The compressed bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = data_encoding::HEXLOWER.encode(&self.id);
        write!(f, "Packed({id}, {} bytes)", self.bytes.len())
    }
}

/// What is sealed in a unit besides its card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitBody {
    /// What a resume needs.
    pub manifest: Manifest,
    /// The segments that travel inside the unit.
    pub segments: Vec<Packed>,
}

/// What is sealed in a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartBody {
    /// The segments in it.
    pub segments: Vec<Packed>,
}

impl UnitBody {
    /// The segment with this id, if it travels inside.
    #[must_use]
    pub fn segment(&self, id: &[u8; 16]) -> Option<&Packed> {
        self.segments.iter().find(|segment| segment.id == *id)
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, TooLarge> {
        let manifest = encode_manifest(&self.manifest);
        encode_body(manifest.len(), &compress(&manifest), &self.segments)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (manifest, segments) = decode_body(bytes)?;
        Ok(Self { manifest: decode_manifest(&manifest.expand()?)?, segments })
    }
}

impl PartBody {
    /// The segment with this id, if it is in here.
    #[must_use]
    pub fn segment(&self, id: &[u8; 16]) -> Option<&Packed> {
        self.segments.iter().find(|segment| segment.id == *id)
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, TooLarge> {
        encode_body(0, &[], &self.segments)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (manifest, segments) = decode_body(bytes)?;
        if manifest.len != 0 || !manifest.stored.is_empty() {
            return Err(FormatError::Malformed("a part with a manifest".to_owned()));
        }
        Ok(Self { segments })
    }
}

/// The most bytes of CBOR that a manifest may have.
const MAX_MANIFEST: usize = 32 << 20;

/// A smaller manifest stands as it is: padding would eat what compression saves.
const WORTH_COMPRESSING: usize = 1024;

/// Paths and containers repeat; hashes do not shrink. Higher levels gain next to nothing.
const LEVEL: i32 = 9;

/// Bytes before the directory, and of one line of it.
const COUNTS: usize = 12;
const LINE: usize = 20;

/// A manifest as it stands in a body.
struct StoredManifest<'a> {
    len: usize,
    stored: &'a [u8],
}

impl<'a> StoredManifest<'a> {
    fn expand(&self) -> Result<Cow<'a, [u8]>, FormatError> {
        let wrong = || FormatError::Malformed("the manifest does not unpack".to_owned());
        if self.stored.len() == self.len {
            return Ok(Cow::Borrowed(self.stored));
        }
        if self.stored.len() > self.len || self.len > MAX_MANIFEST {
            return Err(wrong());
        }
        let plain = zstd::bulk::decompress(self.stored, self.len).map_err(|_| wrong())?;
        if plain.len() == self.len { Ok(Cow::Owned(plain)) } else { Err(wrong()) }
    }
}

fn compress(manifest: &[u8]) -> Cow<'_, [u8]> {
    if manifest.len() < WORTH_COMPRESSING {
        return Cow::Borrowed(manifest);
    }
    match zstd::bulk::compress(manifest, LEVEL) {
        Ok(packed) if packed.len() < manifest.len() => Cow::Owned(packed),
        _ => Cow::Borrowed(manifest),
    }
}

fn encode_body(
    manifest_len: usize,
    manifest: &[u8],
    segments: &[Packed],
) -> Result<Vec<u8>, TooLarge> {
    let content: usize = segments.iter().map(|segment| LINE + segment.bytes.len()).sum();
    let len = COUNTS + manifest.len() + content;
    if len as u64 > MAX_BODY || manifest_len > MAX_MANIFEST {
        return Err(TooLarge(len.max(manifest_len) as u64));
    }
    let mut out = Vec::with_capacity(len);
    out.extend_from_slice(&short(manifest_len));
    out.extend_from_slice(&short(manifest.len()));
    out.extend_from_slice(&short(segments.len()));
    for segment in segments {
        out.extend_from_slice(&segment.id);
        out.extend_from_slice(&short(segment.bytes.len()));
    }
    out.extend_from_slice(manifest);
    for segment in segments {
        out.extend_from_slice(&segment.bytes);
    }
    Ok(out)
}

fn short(len: usize) -> [u8; 4] {
    u32::try_from(len).expect("MAX_BODY bounds all that is counted here").to_be_bytes()
}

fn decode_body(bytes: &[u8]) -> Result<(StoredManifest<'_>, Vec<Packed>), FormatError> {
    split_body(bytes).ok_or_else(|| FormatError::Malformed("not as long as it says".to_owned()))
}

fn split_body(bytes: &[u8]) -> Option<(StoredManifest<'_>, Vec<Packed>)> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (stored, rest) = rest.split_first_chunk::<4>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let lines = number(count)?.checked_mul(LINE)?;
    let (directory, rest) = rest.split_at_checked(lines)?;
    let (manifest, mut rest) = rest.split_at_checked(number(stored)?)?;
    let mut segments = Vec::with_capacity(directory.len() / LINE);
    for line in directory.as_chunks::<LINE>().0 {
        let (id, len) = line.split_first_chunk::<16>()?;
        let (content, after) = rest.split_at_checked(number(len.first_chunk()?)?)?;
        segments.push(Packed { id: *id, bytes: content.to_vec() });
        rest = after;
    }
    let manifest = StoredManifest { len: number(len)?, stored: manifest };
    rest.is_empty().then_some((manifest, segments))
}

fn number(bytes: &[u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}
