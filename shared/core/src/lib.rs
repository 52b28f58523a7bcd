//! The rules of ConvoSync: names, formats, sealing, segments, heads and plans.
//!
//! No files, sockets, clock, randomness or environment: callers hand those in.

mod card;
mod id;
mod manifest;
mod name;
mod profile;
mod rules;
mod seal;
mod vector;

pub use card::{Card, CodeState};
pub use id::{
    AccountId, ConversationId, DeviceId, DeviceKind, IdError, Oid, SaveId, SessionId, StoreId,
    rand_letters,
};
pub use manifest::{Code, Conversation, FilePath, FileState, Manifest, SegmentRef, Terminal};
pub use name::{NameError, ObjectName};
pub use profile::{Account, Device, Profile, SecretBytes};
pub use rules::{Roots, Rules, Scan, Summary};
pub use seal::Sealed;
pub use vector::{Vector, VectorEntry, heads};
