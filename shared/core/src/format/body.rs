//! What is sealed in the body of a unit and in a part.
//!
//! ```text
//! 4    length of the manifest (0 in a part)
//! 4    number of segments
//! 20   for each segment: its id (16), its length (4)
//! ...  the manifest, CBOR
//! ...  the segments, one after the other, in the directory's order
//! ```
//!
//! Numbers are big-endian. The directory comes first, so that a segment is found by its id
//! without reading the others.

use super::FormatError;
use super::manifest::{decode_manifest, encode_manifest};
use crate::manifest::Manifest;

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

    pub(crate) fn encode(&self) -> Vec<u8> {
        encode_body(&encode_manifest(&self.manifest), &self.segments)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (manifest, segments) = decode_body(bytes)?;
        Ok(Self { manifest: decode_manifest(manifest)?, segments })
    }
}

impl PartBody {
    /// The segment with this id, if it is in here.
    #[must_use]
    pub fn segment(&self, id: &[u8; 16]) -> Option<&Packed> {
        self.segments.iter().find(|segment| segment.id == *id)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        encode_body(&[], &self.segments)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (manifest, segments) = decode_body(bytes)?;
        if !manifest.is_empty() {
            return Err(FormatError::Malformed("a part with a manifest".to_owned()));
        }
        Ok(Self { segments })
    }
}

/// Bytes before the directory, and of one line of it.
const COUNTS: usize = 8;
const LINE: usize = 20;

fn encode_body(manifest: &[u8], segments: &[Packed]) -> Vec<u8> {
    let content: usize = segments.iter().map(|segment| LINE + segment.bytes.len()).sum();
    let mut out = Vec::with_capacity(COUNTS + manifest.len() + content);
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
    out
}

fn short(len: usize) -> [u8; 4] {
    u32::try_from(len).expect("sealing refuses bodies of 4 GiB").to_be_bytes()
}

fn decode_body(bytes: &[u8]) -> Result<(&[u8], Vec<Packed>), FormatError> {
    split_body(bytes).ok_or_else(|| FormatError::Malformed("not as long as it says".to_owned()))
}

fn split_body(bytes: &[u8]) -> Option<(&[u8], Vec<Packed>)> {
    let (manifest, rest) = bytes.split_first_chunk::<4>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let lines = number(count)?.checked_mul(LINE)?;
    let (directory, rest) = rest.split_at_checked(lines)?;
    let (manifest, mut rest) = rest.split_at_checked(number(manifest)?)?;
    let mut segments = Vec::with_capacity(directory.len() / LINE);
    for line in directory.as_chunks::<LINE>().0 {
        let (id, len) = line.split_first_chunk::<16>()?;
        let (content, after) = rest.split_at_checked(number(len.first_chunk()?)?)?;
        segments.push(Packed { id: *id, bytes: content.to_vec() });
        rest = after;
    }
    rest.is_empty().then_some((manifest, segments))
}

fn number(bytes: &[u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}
