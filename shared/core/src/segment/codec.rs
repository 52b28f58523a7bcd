//! One zstd frame for each segment, coded against raw bytes that both sides have.

use std::ops::RangeInclusive;

use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, get_error_name};

/// Level 9: what level 19 saves in bytes beyond it costs twenty times its time.
const LEVEL: i32 = 9;

/// 16 MiB: reaches from a segment's last byte back over its whole prefix.
const WINDOW_LOG: u32 = 24;

/// How many positions are remembered, as a logarithm. Level 9 has room for all that there are, in up
/// to 16 MiB, and the pages of that were most of a small save's time. With less, and one step more of
/// searching, segments of real transcripts are smaller by half of a percent, in a third of the time.
const HASH_LOG: RangeInclusive<u32> = 18..=20;
const SEARCH_LOG: u32 = 5;

/// From this many bytes on (4 MiB), level 9's own tables forget what is far back. Below, on real
/// transcripts, long-distance matching makes segments larger by 1 % and costs a fifth of the time.
const LONG_DISTANCE: usize = 4 << 20;

/// Packs `plain`, knowing that the reader has `prefix`.
pub(super) fn compress(prefix: &[u8], plain: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut context = CCtx::try_create().ok_or("out of memory")?;
    let all = prefix.len() + plain.len();
    for parameter in [
        CParameter::CompressionLevel(LEVEL),
        CParameter::WindowLog(WINDOW_LOG),
        CParameter::HashLog(hash_log(all)),
        CParameter::SearchLog(SEARCH_LOG),
        CParameter::EnableLongDistanceMatching(all > LONG_DISTANCE),
        CParameter::ChecksumFlag(false),
        CParameter::DictIdFlag(false),
    ] {
        context.set_parameter(parameter).map_err(get_error_name)?;
    }
    context.ref_prefix(prefix).map_err(get_error_name)?;
    let mut packed = Vec::with_capacity(zstd_safe::compress_bound(plain.len()));
    context.compress2(&mut packed, plain).map_err(get_error_name)?;
    packed.shrink_to_fit();
    Ok(packed)
}

/// The logarithm of how many positions are remembered of that many bytes.
fn hash_log(bytes: usize) -> u32 {
    let bits = bytes.next_power_of_two().trailing_zeros();
    bits.saturating_sub(2).clamp(*HASH_LOG.start(), *HASH_LOG.end())
}

/// Unpacks exactly `len` bytes; never writes more, whatever the frame says.
pub(super) fn decompress(
    prefix: &[u8],
    packed: &[u8],
    len: usize,
) -> Result<Vec<u8>, &'static str> {
    let mut context = DCtx::try_create().ok_or("out of memory")?;
    context.ref_prefix(prefix).map_err(get_error_name)?;
    let mut plain = Vec::with_capacity(len);
    context.decompress(&mut plain, packed).map_err(get_error_name)?;
    if plain.len() == len { Ok(plain) } else { Err("shorter than it should be") }
}
