//! Doors for hostile bytes, in builds that look for what breaks on them (`cargo xtask fuzz`) alone.

use crate::format::{self, PartBody, UnitBody};
use crate::terminal::Layout;

/// So many forms are stored.
pub const FORMS: u8 = 12;

/// Reads bytes as the stored form of a number. What can be read is written, and that reads as the
/// same.
pub fn stored(form: u8, bytes: &[u8]) {
    macro_rules! twice {
        ($decode:expr, $encode:expr) => {
            if let Ok(value) = $decode(bytes) {
                let once = $encode(&value);
                let again = $decode(&once).expect("what was written can be read");
                assert!($encode(&again)[..] == once[..], "it reads as something else");
            }
        };
    }
    match form % FORMS {
        0 => twice!(format::decode_card, format::encode_card),
        1 => twice!(UnitBody::decode, |body: &UnitBody| body.encode().expect("it fitted before")),
        2 => twice!(PartBody::decode, |body: &PartBody| body.encode().expect("it fitted before")),
        3 => {
            twice!(format::decode_entry, |(device, entry): &_| format::encode_entry(device, entry))
        }
        4 => twice!(format::decode_epoch, format::encode_epoch),
        5 => twice!(format::decode_moved, format::encode_moved),
        6 => twice!(format::decode_pin, format::encode_pin),
        7 => twice!(format::decode_tombstone, format::encode_tombstone),
        8 => twice!(format::decode_mark, format::encode_mark),
        9 => twice!(format::decode_undo, format::encode_undo),
        10 => twice!(format::decode_ask, format::encode_ask),
        _ => twice!(format::decode_account, format::encode_account),
    }
}

/// The layout in stored bytes, as a save has it.
#[must_use]
pub fn layout(bytes: &[u8]) -> Option<Layout> {
    format::layout_in(bytes)
}
