//! What looks like a secret.

use convosync_core::{look_through, look_through_patch, may_hold_a_secret, without_secrets};

/// What was cut out is gone, and however a text comes it is judged the same.
pub fn secrets(bytes: &[u8]) {
    let whole = look_through(&mut &bytes[..], 1).expect("memory can be read");
    let mut halves = std::io::Read::chain(&bytes[..bytes.len() / 2], &bytes[bytes.len() / 2..]);
    assert_eq!(look_through(&mut halves, 1).expect("memory can be read"), whole);
    look_through_patch(&mut &bytes[..]).expect("memory can be read");
    let text = String::from_utf8_lossy(bytes);
    if let Some(left) = without_secrets(&text) {
        assert!(!may_hold_a_secret(&left), "{left:?}");
    }
}
