//! Where a store went, as stored.

use minicbor::{Decode, Encode};

use super::{FormatError, decode, encode};
use crate::moved::Moved;

#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    url: String,
    #[n(1)]
    number: u64,
    #[n(2)]
    moved_ms: i64,
}

pub(crate) fn encode_moved(moved: &Moved) -> Vec<u8> {
    let Moved { url, number, moved_ms } = moved.clone();
    encode(&Stored { url, number, moved_ms })
}

pub(crate) fn decode_moved(bytes: &[u8]) -> Result<Moved, FormatError> {
    let Stored { url, number, moved_ms } = decode(bytes)?;
    Ok(Moved { url, number, moved_ms })
}
