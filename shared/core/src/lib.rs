//! The rules of ConvoSync: names, formats, sealing, segments, heads and plans.
//!
//! No files, sockets, clock, randomness or environment: callers hand those in.

mod card;
mod id;
mod manifest;
mod name;
mod vector;

pub use card::{Card, CodeState};
pub use id::{
    AccountId, ConversationId, DeviceId, DeviceKind, IdError, Oid, SaveId, SessionId, StoreId,
    rand_letters,
};
pub use manifest::{
    Code, Conversation, FilePath, FileState, Manifest, PartRef, SegmentRef, Terminal,
};
pub use name::{NameError, ObjectName};
pub use vector::{Vector, VectorEntry, heads};
