//! Files as chains of segments: "keep `n` bytes, then new bytes".
//!
//! One operation covers an append, a rewritten tail and a truncation. Nothing here knows what the
//! bytes mean, seals them or stores them.

mod blocks;
mod chain;
mod codec;
mod pack;
mod rebuild;

use std::io::{Read, Seek, Write};

pub use blocks::{BLOCK, Blocks};
pub use pack::{PackError, PackInput, kept, kept_of, pack};
pub use rebuild::{Damage, RebuildError, rebuild};

/// New bytes that one segment holds at most: 8 MiB.
pub const MAX_SEGMENT: usize = 8 << 20;

/// Bytes of the old file that one segment may be coded against, `back` and `ahead` together: 8 MiB.
pub const MAX_PREFIX: usize = 8 << 20;

/// Packed bytes that a segment has at most: zstd's own bound for 8 MiB of input.
pub const MAX_PACKED: usize = MAX_SEGMENT + (MAX_SEGMENT >> 8) + 64;

/// What is read from the middle of.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// What is written, and read back while it is written.
pub trait ReadWriteSeek: Read + Write + Seek {}
impl<T: Read + Write + Seek + ?Sized> ReadWriteSeek for T {}

/// The id of packed bytes: the first 16 bytes of their BLAKE3, keyed with the session's segment
/// key, so that a store cannot tell known contents by their id.
#[must_use]
pub fn segment_id(key: &[u8; 32], packed: &[u8]) -> [u8; 16] {
    let digest = blake3::keyed_hash(key, packed);
    let mut id = [0; 16];
    id.copy_from_slice(&digest.as_bytes()[..16]);
    id
}

#[cfg(test)]
mod tests;
