//! The rules of ConvoSync: names, formats, sealing, segments, heads and plans.
//!
//! No files, sockets, clock, randomness or environment: callers hand those in.

mod card;
mod claude;
mod context;
mod devices;
mod enrol;
mod epoch;
mod format;
#[cfg(fuzzing)]
pub mod fuzzed;
mod id;
mod lines;
mod manifest;
mod messages;
mod moved;
mod name;
mod passphrase;
mod profile;
mod readable;
mod recovery;
mod retention;
mod rules;
mod seal;
mod secret;
mod segment;
mod store_record;
mod terminal;
mod time;
mod undo;
mod vector;

pub use card::{Card, CardError, CodeState};
pub use claude::ClaudeCode;
pub use context::{HeadMove, MAX_SPANS, SavedCode, Span, Spoken, Turns, common_spans, spans};
pub use devices::{DeviceEntry, Devices, KeyChanged};
pub use enrol::{Answered, Approval, Ask, ENROL_MS, Enrolment, JoinWords, JoinWordsError};
pub use epoch::{Accepted, EpochRecord, Epochs, Membership, Revoked, Verdict};
pub use format::{KeyFileError, MAX_BODY, Packed, PartBody, UnitBody};
pub use id::{
    AccountId, ConversationId, DeviceId, DeviceKind, IdError, Oid, SaveId, SessionId, StoreId,
    rand_letters,
};
pub use lines::{
    Begin, Canonical, Joined, Missing, Side, Standing, begins_in, can_begin_at, canonicalise,
    common_lines, compare, copy_from, expand, join, missing, newest, opening, put_before,
};
pub use manifest::{
    Archived, Code, Conversation, FilePath, FileState, LeftOut, Manifest, SegmentRef, Work,
    content_digest,
};
pub use messages::{Message, Reading, read_messages};
pub use moved::Moved;
pub use name::{NameError, ObjectName};
pub use passphrase::{KeyLock, Passphrase};
pub use profile::{Account, Device, EpochKey, Profile, Random, SecretBytes};
pub use readable::{Readable, write_readable};
pub use recovery::{RecoveryError, RecoveryKey};
pub use retention::{DeletedBy, Deletion, Mark, Pin, Tombstone, Turn, is_pinned};
pub use rules::{Merging, Node, Opening, Roots, Rules, Said, SaidPart, Scan, Summary, Who};
pub use seal::{
    CARD_RANGE, MAX_CARD, MAX_MARKED, OpenError, Overview, OverviewRow, Salts, SealError, Sealed,
    SegmentKey, Stand, card_prefix, card_prefix_len, local_digest, open_card, open_card_trusted,
    open_device_entry, open_device_key, open_epoch, open_epoch_unsigned, open_mark, open_moved,
    open_overview, open_part, open_pin, open_recovery, open_tombstone, open_unit, open_value,
    part_name, recovery_public, seal_device_entry, seal_device_key, seal_epoch, seal_mark,
    seal_moved, seal_overview, seal_part, seal_pin, seal_recovery, seal_recovery_copy,
    seal_tombstone, seal_unit, seal_value, sealed_epoch, segment_key, stand_in_name, stand_ins_of,
};
pub use secret::{
    MOST_SUSPECTS, REDACTED, SecretKind, Seen, SeenInFile, Suspect, look_through,
    look_through_patch, may_hold_a_secret, suspects, without_secrets,
};
pub use segment::{
    BLOCK, Blocks, Damage, MAX_PACKED, MAX_PREFIX, MAX_SEGMENT, PackError, PackInput, ReadSeek,
    ReadWriteSeek, RebuildError, kept, kept_of, pack, rebuild, segment_id,
};
pub use store_record::{StoreRecord, confirm, key_check, key_id};
pub use terminal::{
    Area, Base, Direction, EnvName, EnvValue, Floating, FolderPath, HeldBack, LAST_LINES, Label,
    Layout, MOST_COMMANDS, MOST_PANES, MOST_TABS, NoCommand, Pane, PaneCommand, Place, PluginUrl,
    Ran, Runs, SecretCommand, Size, Tab, Terminal, Tile, Withheld, arranged, harmless_command,
    harmless_screen, history_of,
};
pub use undo::{
    ConversationBefore, FileBefore, PlacedFile, UndoKind, UndoRecord, UndoStage, WorkTreeState,
};
pub use vector::{Vector, VectorEntry, heads};
