//! Keys and devices: renaming, revoking, new keys, new recovery words.

use serde::{Deserialize, Serialize};

use crate::report::{DeviceRow, Note};
use crate::request::Secret;

/// What a device is to the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// One of it.
    #[default]
    Active,
    /// Known, and without the present key: it has to join again.
    LeftOut,
    /// Revoked.
    Revoked,
}

impl DeviceState {
    /// The state as people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::LeftOut => "left-out",
            Self::Revoked => "revoked",
        }
    }
}

/// `convosync device rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameArgs {
    /// The new name of this device.
    pub name: String,
}

/// `convosync device revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeArgs {
    /// A device by its name, its id, or the beginning of its id.
    pub device: String,
    /// The user has agreed.
    #[serde(default)]
    pub yes: bool,
}

/// `convosync key export`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExportArgs {
    /// Write the words to this new file (0600) and do not show them.
    pub recovery_file: Option<String>,
    /// The user has agreed that the words of before open nothing new.
    pub yes: bool,
}

/// `convosync key protect`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProtectArgs {
    /// The key is to need a passphrase; false: none.
    pub passphrase: bool,
    /// The new passphrase, if it was asked for already.
    pub new: Option<Secret>,
    /// A file whose first line is the new passphrase.
    pub new_file: Option<String>,
    /// The system may remember the opened key until logout.
    pub keychain: bool,
}

impl ProtectArgs {
    /// The code of the failure that wants [`ProtectArgs::new`]: nothing was changed then.
    pub const WANTS_NEW: &'static str = "convosync::key-file::no-passphrase";
}

/// What `device rename` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameReport {
    /// Whether the name is another one than before.
    pub changed: bool,
    /// The name before.
    pub previous: String,
    /// The name now.
    pub name: String,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// What has to stand wherever recovery words are shown.
pub const SHOWN_ONCE: &str = "Write these words down on paper, now: they are not shown again.\n\
     They are the only way back to your sessions when every device is lost,\n\
     and whoever has them can read all of your sessions.";

/// What a new epoch is: of `key rotate`, `device revoke` and `key export`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// Whether there is a new key.
    pub changed: bool,
    /// The number of the present key.
    pub epoch: u32,
    /// The devices that have it, by name.
    pub devices: Vec<String>,
    /// The device that was revoked.
    pub revoked: Option<DeviceRow>,
    /// The 24 new words, once, without `--recovery-file`.
    pub recovery_words: Option<String>,
    /// Where the words were written.
    pub recovery_file: Option<String>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// What `key protect` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectReport {
    /// Whether this device's keys need a passphrase now.
    pub passphrase: bool,
    /// Whether the system may remember the opened keys until logout.
    pub keychain: bool,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// `convosync device join` without recovery words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnrolArgs {
    /// The account's store.
    pub store: Option<String>,
    /// The name of this device. None: the host's name.
    pub device: Option<String>,
    /// desktop, laptop, tablet, mobile or server.
    pub kind: Option<String>,
}

/// A device that asked to join: to be approved on another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolReport {
    /// The six words to type on the other device.
    pub words: Secret,
    /// What a QR code holds: all that the other device needs.
    pub code: Secret,
    /// The store's URL.
    pub store: String,
    /// The name of this device.
    pub device: String,
    /// When the words stop to work, milliseconds since 1970.
    pub expires: i64,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// Whether the answer has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolWaiting {
    /// When the words stop to work, milliseconds since 1970.
    pub expires: i64,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// `convosync device approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproveArgs {
    /// The six words that the other device shows.
    pub words: Secret,
    /// The user has looked at the device and agreed.
    #[serde(default)]
    pub yes: bool,
}

/// What `device approve` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproveReport {
    /// The device that may join now, by name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// What else to know.
    pub notes: Vec<Note>,
}
