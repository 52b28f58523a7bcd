//! When a chain goes on, and when it starts anew.

use super::{BLOCK, MAX_SEGMENT};
use crate::manifest::{FileState, SegmentRef};

/// Messages after which a chain starts anew.
const MAX_MESSAGES: u64 = 1000;

/// Segments after which a chain starts anew.
const MAX_CHAIN: usize = 64;

/// Whether the file should be stored whole again instead of as a change that keeps `keep` bytes.
pub(super) fn starts_anew(old: &FileState, keep: u64, new_len: u64, messages: u64) -> bool {
    let Some(first) = old.segments.first() else { return true };
    let since = old.segments.len() - snapshot_run(&old.segments);
    messages.saturating_sub(first.messages) > MAX_MESSAGES
        || since >= MAX_CHAIN
        || old.len - keep > MAX_SEGMENT as u64
        || (new_len > BLOCK as u64 && is_wasteful(&old.segments, new_len))
}

/// Whether a chain has grown by more than half of its snapshot, packed, beyond what the growth of
/// the file explains.
///
/// A chain that only appended holds no more than a new snapshot would, and starting anew would
/// send all of it a second time.
fn is_wasteful(chain: &[SegmentRef], new_len: u64) -> bool {
    let snapshot = &chain[..snapshot_run(chain)];
    let packed = |segments: &[SegmentRef]| segments.iter().map(|s| u128::from(s.packed)).sum();
    let (all, whole): (u128, u128) = (packed(chain), packed(snapshot));
    let plain: u128 = snapshot.iter().map(|s| u128::from(s.len)).sum();
    all * plain * 2 > whole * plain.max(new_len.into()) * 3
}

/// How many segments the snapshot at the head of a chain has: all of one save, each but the last
/// one full.
fn snapshot_run(segments: &[SegmentRef]) -> usize {
    let follows = |pair: &&[SegmentRef]| {
        pair[0].len as usize == MAX_SEGMENT
            && Some(pair[1].at) == pair[0].at.checked_add(u64::from(pair[0].len))
            && pair[1].messages == pair[0].messages
    };
    1 + segments.windows(2).take_while(follows).count()
}
