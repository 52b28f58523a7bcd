//! One zstd frame for each segment, coded against raw bytes that both sides have.

use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, get_error_name};

/// Level 9: what level 19 saves in bytes beyond it costs twenty times its time.
const LEVEL: i32 = 9;

/// 16 MiB: reaches from a segment's last byte back over its whole prefix.
const WINDOW_LOG: u32 = 24;

/// From this many bytes on (4 MiB), level 9's own tables forget what is far back. Below, on real
/// transcripts, long-distance matching makes segments larger by 1 % and costs a fifth of the time.
const LONG_DISTANCE: usize = 4 << 20;

/// Packs `plain`, knowing that the reader has `prefix`.
pub(super) fn compress(prefix: &[u8], plain: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut context = CCtx::try_create().ok_or("out of memory")?;
    for parameter in [
        CParameter::CompressionLevel(LEVEL),
        CParameter::WindowLog(WINDOW_LOG),
        CParameter::EnableLongDistanceMatching(prefix.len() + plain.len() > LONG_DISTANCE),
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
