//! Packs what changed in a file since its last save.

use std::io::{self, SeekFrom};

use super::{BLOCK, Blocks, MAX_PREFIX, MAX_SEGMENT, ReadSeek, chain, codec, segment_id};
use crate::manifest::{FileState, SegmentRef};

/// What a file was and is.
pub struct PackInput<'a> {
    /// Names segments; one for each session.
    pub key: &'a [u8; 32],
    /// The file at the save before, if it was in it.
    pub old: Option<&'a FileState>,
    /// The bytes of the file at that save, if they are at hand: changes are then cut finer. Bytes
    /// that are not those of `old` are noticed and left out of account.
    pub old_file: Option<&'a mut dyn ReadSeek>,
    /// The file now; it must not change meanwhile.
    pub new_file: &'a mut dyn ReadSeek,
    /// How many of its bytes count.
    pub new_len: u64,
    /// Messages in it now.
    pub messages: u64,
}

/// Why a file could not be packed. What was emitted before is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError<E> {
    /// A file could not be read, or was shorter than said.
    #[error("could not read what is to be saved")]
    Read(#[from] io::Error),
    /// The compressor failed: there is no memory.
    #[error("could not compress: {0}")]
    Compress(&'static str),
    /// Whoever takes the segments failed.
    #[error("could not keep a packed segment")]
    Emit(#[source] E),
}

/// Packs what changed, hands each segment to `emit`, and returns the file's new state.
///
/// A file that did not change keeps its state and emits nothing. The `container` of new segments
/// is left for the caller to say. Memory stays under 64 MiB however big the file.
///
/// # Errors
///
/// If a file can't be read or `emit` fails.
pub fn pack<E>(
    input: PackInput<'_>,
    emit: &mut dyn FnMut(SegmentRef, Vec<u8>) -> Result<(), E>,
) -> Result<FileState, PackError<E>> {
    let PackInput { key, old, mut old_file, new_file, new_len, messages } = input;
    let empty = FileState::default();
    let old = old.unwrap_or(&empty);
    let (blocks, mut keep) = hash_and_compare(new_file, new_len, old)?;
    if new_len == old.len && keep == old.len {
        return Ok(old.clone());
    }
    if let Some(file) = old_file.take() {
        if is_known(file, old, keep)? {
            keep += common(file, new_file, keep, (old.len.min(new_len) - keep).min(BLOCK as u64))?;
            old_file = Some(file);
        }
    }
    // With nothing to build on, the old chain is of no use.
    let anew =
        (keep == 0 && old_file.is_none()) || chain::starts_anew(old, keep, new_len, messages);
    let mut segments = if anew { Vec::new() } else { old.segments.clone() };
    let mut at = if anew { 0 } else { keep };
    let mut first = true;
    while at < new_len || (first && new_len > 0) {
        let ahead = match &mut old_file {
            Some(file) if first && !anew => read_ahead(*file, old, at)?,
            _ => Vec::new(),
        };
        let back = at.min((MAX_PREFIX - ahead.len()) as u64) as usize;
        let len = (new_len - at).min(MAX_SEGMENT as u64) as usize;
        let mut prefix = ahead;
        let ahead = prefix.len();
        read_at(new_file, at - back as u64, back, &mut prefix)?;
        let mut plain = Vec::new();
        read_at(new_file, at, len, &mut plain)?;
        let packed = codec::compress(&prefix, &plain).map_err(PackError::Compress)?;
        let segment = SegmentRef {
            id: segment_id(key, &packed),
            container: None,
            at,
            len: len as u32,
            back: back as u32,
            ahead: ahead as u32,
            packed: packed.len() as u32,
            messages,
            snapshot: anew && first,
        };
        segments.push(segment.clone());
        emit(segment, packed).map_err(PackError::Emit)?;
        at += len as u64;
        first = false;
    }
    if new_len == 0 {
        segments.clear();
    }
    Ok(FileState { len: new_len, blocks, segments })
}

/// Hashes the new file, and tells how many bytes it shares with the old one for certain.
fn hash_and_compare(
    file: &mut dyn ReadSeek,
    len: u64,
    old: &FileState,
) -> io::Result<(Vec<[u8; 32]>, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let mut blocks = Blocks::new();
    let mut buffer = vec![0; BLOCK.min(len as usize)];
    let mut keep = 0;
    while blocks.len() < len {
        let index = (blocks.len() / BLOCK as u64) as usize;
        let piece = &mut buffer[..(len - blocks.len()).min(BLOCK as u64) as usize];
        file.read_exact(piece)?;
        // The old file's last block is compared on its own length.
        let shared = (old.len - blocks.len().min(old.len)).min(piece.len() as u64) as usize;
        let same = keep == blocks.len() && shared > 0 && {
            let head: [u8; 32] = blake3::hash(&piece[..shared]).into();
            old.blocks.get(index) == Some(&head)
        };
        if same {
            keep += shared as u64;
        }
        blocks.update(piece);
    }
    Ok((blocks.finish().1, keep))
}

/// Whether the old file's bytes from the block of `keep` on are those of its state.
fn is_known(file: &mut dyn ReadSeek, old: &FileState, keep: u64) -> io::Result<bool> {
    let first = keep / BLOCK as u64 * BLOCK as u64;
    if old.len - first > (MAX_PREFIX + BLOCK) as u64 {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(first))?;
    let mut blocks = Blocks::new();
    let mut buffer = vec![0; BLOCK];
    let mut left = old.len - first;
    while left > 0 {
        let piece = &mut buffer[..left.min(BLOCK as u64) as usize];
        match file.read_exact(piece) {
            Ok(()) => blocks.update(piece),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
        left -= piece.len() as u64;
    }
    Ok(old.blocks.get((first / BLOCK as u64) as usize..) == Some(&blocks.finish().1[..]))
}

/// How many of `limit` bytes from `at` on are the same in both files.
fn common(old: &mut dyn ReadSeek, new: &mut dyn ReadSeek, at: u64, limit: u64) -> io::Result<u64> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    read_at(old, at, limit as usize, &mut ours)?;
    read_at(new, at, limit as usize, &mut theirs)?;
    Ok(ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count() as u64)
}

/// The bytes that the old file had from `at` on: what replaces them is often much like them.
fn read_ahead(file: &mut dyn ReadSeek, old: &FileState, at: u64) -> io::Result<Vec<u8>> {
    let mut ahead = Vec::new();
    let room = MAX_PREFIX as u64 - at.min(BLOCK as u64);
    read_at(file, at, (old.len - at).min(room) as usize, &mut ahead)?;
    Ok(ahead)
}

/// Appends exactly `len` bytes from `at` on.
pub(super) fn read_at<F: ReadSeek + ?Sized>(
    file: &mut F,
    at: u64,
    len: usize,
    into: &mut Vec<u8>,
) -> io::Result<()> {
    let start = into.len();
    into.resize(start + len, 0);
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut into[start..])
}
