//! Rebuilds a file from its chain and proves it.

use std::io::{self, SeekFrom};

use super::pack::read_at;
use super::{BLOCK, Blocks, MAX_PACKED, MAX_PREFIX, MAX_SEGMENT, ReadWriteSeek, codec};
use crate::manifest::{FileState, SegmentRef};

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A segment asks for more than one may, or for bytes that are not there.
    #[error("segment {0} of its chain makes no sense")]
    Segment(usize),
    /// The packed bytes of a segment are not what was packed.
    #[error("segment {0} of its chain can't be unpacked")]
    Packed(usize),
    /// The file came out with another length.
    #[error("it has {found} bytes instead of {wanted}")]
    Length {
        /// As it should be.
        wanted: u64,
        /// As it is.
        found: u64,
    },
    /// A block (counted in MiB from 0) does not have the hash it should have.
    #[error("its MiB {0} is not what was saved")]
    Block(usize),
}

/// Why a file could not be rebuilt. What was written is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError<E> {
    /// What the store gave back is not what was saved.
    #[error("a saved file is damaged: {0}")]
    Damaged(#[from] Damage),
    /// A segment could not be had.
    #[error("could not get a segment")]
    Fetch(#[source] E),
    /// The new file could not be written or read back.
    #[error("could not write the rebuilt file")]
    Write(#[from] io::Error),
}

/// Replays the chain of `state` into `out` and proves the result; only the first `state.len`
/// bytes of `out` count then.
///
/// Trusts nothing: a chain that asks for too much, or packed bytes that hold another length, are
/// errors. Memory stays under 64 MiB whatever the chain says.
///
/// # Errors
///
/// [`RebuildError::Damaged`] if the outcome is not, byte for byte, what was saved.
pub fn rebuild<E>(
    state: &FileState,
    fetch: &mut dyn FnMut(&SegmentRef) -> Result<Vec<u8>, E>,
    out: &mut dyn ReadWriteSeek,
) -> Result<(), RebuildError<E>> {
    let mut len = 0;
    for (index, segment) in state.segments.iter().enumerate() {
        check(segment, len).ok_or(Damage::Segment(index))?;
        let packed = fetch(segment).map_err(RebuildError::Fetch)?;
        if packed.len() != segment.packed as usize {
            return Err(Damage::Packed(index).into());
        }
        let prefix = prefix(segment, out)?;
        let plain = codec::decompress(&prefix, &packed, segment.len as usize)
            .map_err(|_| Damage::Packed(index))?;
        out.seek(SeekFrom::Start(segment.at))?;
        out.write_all(&plain)?;
        len = segment.at + u64::from(segment.len);
    }
    verify(state, len, out)
}

/// Whether a segment keeps to the limits and to the `len` bytes that are there.
fn check(segment: &SegmentRef, len: u64) -> Option<()> {
    let (back, ahead) = (u64::from(segment.back), u64::from(segment.ahead));
    let fits = segment.len as usize <= MAX_SEGMENT
        && segment.packed as usize <= MAX_PACKED
        && back + ahead <= MAX_PREFIX as u64
        && back <= segment.at
        && segment.at <= len
        && ahead <= len - segment.at;
    fits.then_some(())
}

fn prefix(segment: &SegmentRef, out: &mut dyn ReadWriteSeek) -> io::Result<Vec<u8>> {
    let mut prefix = Vec::new();
    read_at(out, segment.at, segment.ahead as usize, &mut prefix)?;
    read_at(out, segment.at - u64::from(segment.back), segment.back as usize, &mut prefix)?;
    Ok(prefix)
}

fn verify<E>(
    state: &FileState,
    len: u64,
    out: &mut dyn ReadWriteSeek,
) -> Result<(), RebuildError<E>> {
    if len != state.len || state.blocks.len() as u64 != len.div_ceil(BLOCK as u64) {
        return Err(Damage::Length { wanted: state.len, found: len }.into());
    }
    out.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; BLOCK];
    for (index, wanted) in state.blocks.iter().enumerate() {
        let piece = (len - index as u64 * BLOCK as u64).min(BLOCK as u64) as usize;
        out.read_exact(&mut buffer[..piece])?;
        let mut block = Blocks::new();
        block.update(&buffer[..piece]);
        if block.finish().1 != [*wanted] {
            return Err(Damage::Block(index).into());
        }
    }
    Ok(())
}
