//! Units, cards and all other stored forms, after and before they are opened.

use convosync_core::{Profile, StoreRecord, card_prefix_len, fuzzed};

/// The first byte says which form.
pub fn units(bytes: &[u8]) {
    let Some((form, bytes)) = bytes.split_first() else { return };
    fuzzed::stored(*form, bytes);
    let _ = card_prefix_len(bytes);
    let _ = StoreRecord::decode(bytes);
    let _ = Profile::decode(bytes);
}
