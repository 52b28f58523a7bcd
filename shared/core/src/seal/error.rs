//! Why an object could not be sealed or opened.

use crate::card::CardError;
use crate::format::{FormatError, TooLarge};
use crate::id::DeviceId;

/// Why an object was refused. Nothing of it is used then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It does not start as an object of ConvoSync does.
    #[error("this is no object of ConvoSync")]
    NotOurs,
    /// A newer version of ConvoSync wrote it.
    #[error("it was written by a newer version of ConvoSync")]
    NewerFormat,
    /// It is shorter than it says. It may still be arriving.
    #[error("it is incomplete")]
    Truncated,
    /// It is not as it was written.
    #[error("it is damaged")]
    Damaged,
    /// It was written for another place: another name, session, account or store.
    #[error("it does not belong here: it was written for another name, session, account or store")]
    Foreign,
    /// It is of another epoch of the account's key.
    #[error("it is sealed under the account's key number {object}; this device has number {ours}")]
    Epoch {
        /// Its epoch.
        object: u32,
        /// The epoch of the key that was tried.
        ours: u32,
    },
    /// It is sealed under another key.
    #[error("it is sealed under another key than this device's")]
    WrongKey,
    /// It says that a device signed it which is not known (yet).
    #[error("it was signed by device `{0}`, which is not known here")]
    UnknownDevice(DeviceId),
    /// The device that it names did not sign it.
    #[error("device `{0}` did not sign it")]
    Signature(DeviceId),
    /// Its card contradicts itself.
    #[error("its card is not valid")]
    Card(#[from] CardError),
}

impl OpenError {
    /// Stable name for scripts and docs. Never reuse one.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOurs => "convosync::object::not-ours",
            Self::NewerFormat => "convosync::object::newer-format",
            Self::Truncated => "convosync::object::truncated",
            Self::Damaged => "convosync::object::damaged",
            Self::Foreign => "convosync::object::foreign",
            Self::Epoch { .. } => "convosync::object::epoch",
            Self::WrongKey => "convosync::object::wrong-key",
            Self::UnknownDevice(_) => "convosync::object::unknown-device",
            Self::Signature(_) => "convosync::object::signature",
            Self::Card(CardError::Generation) => "convosync::object::generation",
            Self::Card(CardError::Vector) => "convosync::object::vector",
        }
    }

    /// What the user can do next, if we know.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NewerFormat => Some("update ConvoSync on this device"),
            Self::Truncated => Some("try again when the store has finished synchronising"),
            Self::WrongKey | Self::Epoch { .. } => {
                Some("join this device to the store's account: `convosync device join --recovery`")
            }
            Self::NotOurs | Self::Damaged | Self::Foreign | Self::Signature(_) | Self::Card(_) => {
                Some("an older save may be intact: see `convosync log`")
            }
            Self::UnknownDevice(_) => None,
        }
    }
}

impl From<FormatError> for OpenError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Newer(_) => Self::NewerFormat,
            FormatError::Malformed(_) => Self::Damaged,
        }
    }
}

/// Why something was not sealed: it would be refused when it is opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The card contradicts itself.
    #[error("the card is not valid")]
    Card(#[from] CardError),
    /// The card is of a save by another device.
    #[error("the save is of device `{save}`, and this is device `{ours}`")]
    OtherDevice {
        /// The device that the save names.
        save: DeviceId,
        /// This device.
        ours: DeviceId,
    },
    /// The card has more than [`crate::MAX_CARD`] bytes.
    #[error("the card has {0} bytes, which is too many: is the message very long?")]
    CardTooLarge(usize),
    /// The body has more than [`crate::MAX_BODY`] bytes.
    #[error("{0} bytes are too many for one object")]
    BodyTooLarge(u64),
    /// The name is of no object of this kind.
    #[error("the name is of another kind of object")]
    Name,
    /// The one that it is for has no key that anything can be sealed to.
    #[error("there is no key to seal it to")]
    Receiver,
}

impl From<TooLarge> for SealError {
    fn from(body: TooLarge) -> Self {
        Self::BodyTooLarge(body.0)
    }
}

impl SealError {
    /// Stable name for scripts and docs. Never reuse one.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Card(_) => "convosync::seal::card",
            Self::OtherDevice { .. } => "convosync::seal::other-device",
            Self::CardTooLarge(_) => "convosync::seal::card-too-large",
            Self::BodyTooLarge(_) => "convosync::seal::body-too-large",
            Self::Name => "convosync::seal::name",
            Self::Receiver => "convosync::seal::receiver",
        }
    }
}
