//! What a front end and the helper say to each other: a line may come from another version, or from
//! whatever else writes into the pipe.

use convosync_wire::{Answer, Request, harmless, zellij};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can be read is written, and that reads as the same. Nothing that is shown acts.
pub fn wire(bytes: &[u8]) {
    twice::<Request>(bytes);
    twice::<Answer>(bytes);
    twice::<zellij::Push>(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let shown = harmless::text(text);
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
    }
}

fn twice<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    let once = serde_json::to_vec(&value).expect("it was read from JSON");
    let again = serde_json::from_slice::<T>(&once).expect("what was written can be read");
    assert!(serde_json::to_vec(&again).expect("as before") == once, "it reads as something else");
}
