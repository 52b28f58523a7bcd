//! New ids of conversations: UUIDs, since that is what the assistants name them by.

use convosync_core::ConversationId;

use crate::engine::Engine;
use crate::trouble::{Refusal, Trouble};

impl Engine<'_> {
    /// A random one (version 4).
    pub(crate) fn new_conversation_id(&self) -> Result<ConversationId, Trouble> {
        let mut bytes = [0u8; 16];
        self.ports.entropy.fill(&mut bytes);
        Ok(uuid(4, bytes)?)
    }
}

/// The one that follows from what was hashed (version 8), so that every device gives the same.
pub(crate) fn id_that_follows(from: &blake3::Hasher) -> Result<ConversationId, Refusal> {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&from.finalize().as_bytes()[..16]);
    uuid(8, bytes)
}

fn uuid(version: u8, mut bytes: [u8; 16]) -> Result<ConversationId, Refusal> {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let text =
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    text.parse().map_err(|error: convosync_core::IdError| {
        Refusal::new("convosync::conversation::id", error.to_string())
    })
}
