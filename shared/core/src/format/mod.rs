//! Stored forms: CBOR maps with small integer keys, definite lengths and ascending keys.
//!
//! Encoding is deterministic. Decoding skips keys it does not know, so a later version can add
//! some; it never panics, and allocates no more than a small multiple of the bytes it was given.
//! Ids and paths come back through their `FromStr`, so none is ever unvalidated. A key's number
//! is never used again for something else.

mod body;
mod card;
mod device;
mod enrol;
mod epoch;
mod layout;
mod manifest;
mod moved;
mod profile;
mod retention;
mod terminal;
mod text;
mod undo;

pub use body::{MAX_BODY, Packed, PartBody, UnitBody};
pub use profile::KeyFileError;
pub(crate) use profile::{
    MAGIC as KEY_FILE_MAGIC, checked_key_file, close_key_file, open_key_file,
};

pub(crate) use body::TooLarge;
pub(crate) use card::{decode_card, encode_card};
pub(crate) use device::{decode_entry, encode_entry};
pub(crate) use enrol::{decode_ask, encode_ask};
pub(crate) use epoch::{decode_epoch, encode_epoch};
pub(crate) use moved::{decode_moved, encode_moved};
pub(crate) use profile::{decode_account, encode_account};
pub(crate) use retention::{
    decode_mark, decode_pin, decode_tombstone, encode_mark, encode_pin, encode_tombstone,
};
pub(crate) use undo::{decode_undo, encode_undo};

use minicbor::{Decode, Encode};

/// Why stored bytes could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    /// They are not what they should be.
    #[error("malformed: {0}")]
    Malformed(String),
    /// A newer version wrote something that can't be passed over.
    #[error("written by a newer version: unknown {0}")]
    Newer(&'static str),
}

impl From<minicbor::decode::Error> for FormatError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

#[cfg(fuzzing)]
pub(crate) fn layout_in(bytes: &[u8]) -> Option<crate::terminal::Layout> {
    layout::load_layout(decode(bytes).ok()?)
}

fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to memory does not fail")
}

/// Decodes all of `bytes`: a rest is an error.
fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, FormatError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode()?;
    if decoder.position() != bytes.len() {
        return Err(FormatError::Malformed("bytes after the end".to_owned()));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
