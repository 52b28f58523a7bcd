//! Packs what changed in a file since its last save.

use std::io::{self, SeekFrom};

use super::{BLOCK, Blocks, MAX_PREFIX, MAX_SEGMENT, ReadSeek, chain, codec, segment_id};
use crate::manifest::{FileState, SegmentRef};

/// Bytes before a change that it is coded against; within a snapshot there is no such limit. Twice as
/// many make the segments of real transcripts smaller by 1 to 2 %, and a tenth of a save's time went into
/// taking in the second half.
const BACK: u64 = 1 << 20;

/// What a file was and is.
pub struct PackInput<'a> {
    /// Names segments; one for each session.
    pub key: &'a [u8; 32],
    /// The file at the save before, if it was in it.
    pub old: Option<&'a FileState>,
    /// The bytes of the file at that save, if they are at hand: changes are then cut to the byte
    /// instead of to the MiB. Bytes that are not those of `old` are noticed and not used.
    pub old_file: Option<&'a mut dyn ReadSeek>,
    /// The file now; it must not change meanwhile.
    pub new_file: &'a mut dyn ReadSeek,
    /// How many of its bytes count.
    pub new_len: u64,
    /// BLAKE3 of each MiB of them, where the caller has just hashed them anyway.
    pub blocks: Option<&'a [[u8; 32]]>,
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
    /// The compressor failed, which is for want of memory.
    #[error("could not compress what is to be saved: {0}")]
    Compress(&'static str),
    /// Whoever takes the segments failed.
    #[error("could not keep a packed segment")]
    Emit(#[source] E),
}

/// Packs what changed, hands each segment to `emit`, and returns the file's new state.
///
/// A file that did not change keeps its state and emits nothing; an empty file has no segments.
/// The `container` of new segments is left for the caller to fill in. Memory stays under 64 MiB
/// however big the file.
///
/// # Errors
///
/// If a file can't be read or `emit` fails.
pub fn pack<E>(
    input: PackInput<'_>,
    emit: &mut dyn FnMut(SegmentRef, Vec<u8>) -> Result<(), E>,
) -> Result<FileState, PackError<E>> {
    let PackInput { key, old, old_file, new_file, new_len, blocks, messages } = input;
    let nothing = FileState::default();
    let old = old.unwrap_or(&nothing);
    let (blocks, keep) = match blocks {
        Some(blocks) => (blocks.to_vec(), kept_of(old, new_file, new_len, blocks)?),
        None => hash_and_compare(new_file, new_len, old)?,
    };
    if new_len == old.len && keep == old.len {
        return Ok(old.clone());
    }
    let change = Change::find(old, old_file, new_file, new_len, keep)?;
    let snapshot = change.is_all_new() || chain::starts_anew(old, change.at, new_len, messages);
    let (mut segments, Change { mut at, mut ahead }) =
        if snapshot { (Vec::new(), Change::default()) } else { (old.segments.clone(), change) };
    if new_len == 0 {
        return Ok(nothing);
    }
    let reach = if snapshot { MAX_PREFIX as u64 } else { BACK };
    let mut packer =
        Packer { key, file: new_file, len: new_len, reach, messages, plain: Vec::new() };
    loop {
        let starts = snapshot && at == 0;
        let (segment, packed) = packer.segment(at, std::mem::take(&mut ahead), starts)?;
        at += u64::from(segment.len);
        segments.push(segment.clone());
        emit(segment, packed).map_err(PackError::Emit)?;
        if at == new_len {
            return Ok(FileState { len: new_len, blocks, segments });
        }
    }
}

/// Makes the segments of one save of one file.
struct Packer<'a> {
    key: &'a [u8; 32],
    file: &'a mut dyn ReadSeek,
    len: u64,
    /// How far back a segment is coded against what is before it.
    reach: u64,
    messages: u64,
    plain: Vec<u8>,
}

impl Packer<'_> {
    /// The segment from `at` on, coded against `ahead` and what is before it.
    fn segment<E>(
        &mut self,
        at: u64,
        ahead: Vec<u8>,
        snapshot: bool,
    ) -> Result<(SegmentRef, Vec<u8>), PackError<E>> {
        let len = (self.len - at).min(MAX_SEGMENT as u64) as u32;
        let (ahead, mut prefix) = (length(&ahead), ahead);
        let back = at.min(self.reach).min(MAX_PREFIX as u64 - u64::from(ahead)) as u32;
        read_at(self.file, at - u64::from(back), back as usize, &mut prefix)?;
        self.plain.clear();
        read_at(self.file, at, len as usize, &mut self.plain)?;
        let packed = codec::compress(&prefix, &self.plain).map_err(PackError::Compress)?;
        let segment = SegmentRef {
            id: segment_id(self.key, &packed),
            container: None,
            at,
            len,
            back,
            ahead,
            packed: length(&packed),
            messages: self.messages,
            snapshot,
        };
        Ok((segment, packed))
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("what a segment is made of is limited to MiBs")
}

/// How many bytes of the file at the save before are, for certain, the beginning of the new file:
/// all of them if it was only appended to. Whole MiB otherwise.
///
/// # Errors
///
/// If the file can't be read or has fewer than `new_len` bytes.
pub fn kept(old: &FileState, new_file: &mut dyn ReadSeek, new_len: u64) -> io::Result<u64> {
    hash_and_compare(new_file, new_len.min(old.len), old).map(|(_, keep)| keep)
}

/// The same, where the hash of each MiB of the new file is known: at most one MiB is read.
///
/// # Errors
///
/// As [`kept`].
pub fn kept_of(
    old: &FileState,
    new_file: &mut dyn ReadSeek,
    new_len: u64,
    blocks: &[[u8; 32]],
) -> io::Result<u64> {
    let (mut keep, mut at) = (0, 0);
    for (index, hash) in blocks.iter().enumerate() {
        let piece = new_len.saturating_sub(at).min(BLOCK as u64);
        let shared = old.len.saturating_sub(at).min(piece);
        // The old file's last block is compared on its own length.
        let head = match shared < piece {
            true => hash_at(new_file, at, shared as usize)?,
            false => *hash,
        };
        if shared == 0 || old.blocks.get(index) != Some(&head) {
            break;
        }
        keep += shared;
        at += piece;
    }
    Ok(keep)
}

fn hash_at(file: &mut dyn ReadSeek, at: u64, len: usize) -> io::Result<[u8; 32]> {
    let mut bytes = Vec::new();
    read_at(file, at, len, &mut bytes)?;
    Ok(blake3::hash(&bytes).into())
}

/// Hashes the new file, and tells how many bytes it shares with the old one for certain.
fn hash_and_compare(
    file: &mut dyn ReadSeek,
    len: u64,
    old: &FileState,
) -> io::Result<(Vec<[u8; 32]>, u64)> {
    let mut buffer = vec![0; len.min(BLOCK as u64) as usize];
    let (mut blocks, mut at, mut keep) = (Vec::new(), 0, 0);
    file.seek(SeekFrom::Start(0))?;
    while at < len {
        let piece = &mut buffer[..(len - at).min(BLOCK as u64) as usize];
        file.read_exact(piece)?;
        let hash = blake3::hash(piece);
        let shared = old.len.saturating_sub(at).min(piece.len() as u64) as usize;
        if keep == at && shared > 0 {
            // The old file's last block is compared on its own length.
            let head = if shared < piece.len() { blake3::hash(&piece[..shared]) } else { hash };
            if old.blocks.get(blocks.len()) == Some(head.as_bytes()) {
                keep += shared as u64;
            }
        }
        blocks.push(hash.into());
        at += piece.len() as u64;
    }
    Ok((blocks, keep))
}

/// Where the new bytes start, and old ones that they are likely to be like.
#[derive(Default)]
struct Change {
    at: u64,
    ahead: Vec<u8>,
}

impl Change {
    /// Finds the change to the byte if the old file is at hand; `keep` is what is known without.
    fn find(
        old: &FileState,
        old_file: Option<&mut dyn ReadSeek>,
        new_file: &mut dyn ReadSeek,
        new_len: u64,
        keep: u64,
    ) -> io::Result<Self> {
        let known = Self { at: keep, ahead: Vec::new() };
        let Some(old_file) = old_file.filter(|_| keep < old.len) else { return Ok(known) };
        if !is_true_from(old_file, old, keep)? {
            return Ok(known);
        }
        let shorter = old.len.min(new_len);
        let at = keep + common(old_file, new_file, keep, (shorter - keep).min(BLOCK as u64))?;
        let room = MAX_PREFIX as u64 - at.min(BACK);
        let mut ahead = Vec::new();
        // A truncation adds nothing that could be like anything.
        let wanted = if at == new_len { 0 } else { (old.len - at).min(room) };
        read_at(old_file, at, wanted as usize, &mut ahead)?;
        Ok(Self { at, ahead })
    }

    /// Whether nothing of the old file is of use.
    fn is_all_new(&self) -> bool {
        self.at == 0 && self.ahead.is_empty()
    }
}

/// Whether the bytes at hand are those of the old file from the block that `from` is in.
fn is_true_from(file: &mut dyn ReadSeek, old: &FileState, from: u64) -> io::Result<bool> {
    let first = from / BLOCK as u64;
    let mut left = old.len - first * BLOCK as u64;
    if left > (MAX_SEGMENT + BLOCK) as u64 {
        // So far from the end, the chain starts anew anyway.
        return Ok(false);
    }
    file.seek(SeekFrom::Start(first * BLOCK as u64))?;
    let mut blocks = Blocks::new();
    let mut buffer = vec![0; BLOCK];
    while left > 0 {
        let piece = &mut buffer[..left.min(BLOCK as u64) as usize];
        match file.read_exact(piece) {
            Ok(()) => blocks.update(piece),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
        left -= piece.len() as u64;
    }
    Ok(old.blocks.get(first as usize..) == Some(&blocks.finish().1))
}

/// How many of `limit` bytes from `at` on are the same in both files.
fn common(old: &mut dyn ReadSeek, new: &mut dyn ReadSeek, at: u64, limit: u64) -> io::Result<u64> {
    let (mut before, mut now) = (Vec::new(), Vec::new());
    read_at(old, at, limit as usize, &mut before)?;
    read_at(new, at, limit as usize, &mut now)?;
    Ok(before.iter().zip(&now).take_while(|(a, b)| a == b).count() as u64)
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
