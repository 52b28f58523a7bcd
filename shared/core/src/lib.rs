//! The rules of ConvoSync: names, formats, sealing, segments, heads and plans.
//!
//! No files, sockets, clock, randomness or environment: callers hand those in.

mod card;
mod claude;
mod id;
mod lines;
mod manifest;
mod name;
mod profile;
mod rules;
mod seal;
mod segment;
mod vector;

pub use card::{Card, CodeState};
pub use claude::ClaudeCode;
pub use id::{
    AccountId, ConversationId, DeviceId, DeviceKind, IdError, Oid, SaveId, SessionId, StoreId,
    rand_letters,
};
pub use lines::{Canonical, Standing, canonicalise, compare, expand};
pub use manifest::{Code, Conversation, FilePath, FileState, Manifest, SegmentRef, Terminal};
pub use name::{NameError, ObjectName};
pub use profile::{Account, Device, Profile, SecretBytes};
pub use rules::{Roots, Rules, Scan, Summary};
pub use seal::Sealed;
pub use segment::{
    BLOCK, Blocks, Damage, MAX_PACKED, MAX_PREFIX, MAX_SEGMENT, PackError, PackInput, ReadSeek,
    ReadWriteSeek, RebuildError, pack, rebuild, segment_id,
};
pub use vector::{Vector, VectorEntry, heads};
