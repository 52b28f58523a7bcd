//! The grammar of object names in a store. Stored names never change: see the frozen test.

use std::fmt;
use std::str::FromStr;

use crate::id::{DeviceId, SaveId, SessionId, is_rand, spells};
use crate::retention::Turn;

/// Why a text is no object name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no object name of ConvoSync")]
pub struct NameError(pub String);

/// The name of one object in a store.
///
/// Names hold random ids and counters only: a store learns how many sessions, saves and devices
/// there are, and nothing of what is in them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectName {
    /// `v1/store.json`: format, store id, key check. The only object that is not sealed.
    StoreRecord,
    /// `v1/dev/<device>-<rand>`: a device's signed entry.
    Device {
        /// Whose entry it is.
        device: DeviceId,
        /// 8 random letters.
        rand: String,
    },
    /// `v1/keys/<epoch8>/recovery-<rand>`: the account key under the recovery key.
    RecoveryKey {
        /// The epoch of the account key inside.
        epoch: u32,
        /// 8 random letters.
        rand: String,
    },
    /// `v1/keys/<epoch8>/<device>-<rand>`: the account key under a device's key.
    DeviceKey {
        /// The epoch of the account key inside.
        epoch: u32,
        /// Who can open it.
        device: DeviceId,
        /// 8 random letters.
        rand: String,
    },
    /// `v1/keys/<epoch8>/epoch-<rand>`: the signed record of a new epoch: its commit point.
    Epoch {
        /// The epoch that it begins.
        epoch: u32,
        /// 8 random letters.
        rand: String,
    },
    /// `v1/enrol/<id8>/ask-<rand>`: a device that wants to join.
    EnrolAsk {
        /// 8 random letters that name the enrolment.
        id: String,
        /// 8 random letters.
        rand: String,
    },
    /// `v1/enrol/<id8>/answer-<rand>`: the account's keys for that device.
    EnrolAnswer {
        /// The enrolment.
        id: String,
        /// 8 random letters.
        rand: String,
    },
    /// `v1/s/<session>/<save>`: one save, the commit point.
    Unit {
        /// The session it belongs to.
        session: SessionId,
        /// Which save it is.
        save: SaveId,
    },
    /// `v1/o/<session>/<id32>-<rand>`: a part too big to travel inside its unit.
    Part {
        /// The session it belongs to.
        session: SessionId,
        /// 32 hex digits of the keyed BLAKE3 of what it holds.
        id: String,
        /// 8 random letters: what was uploaded again never meets what is being collected.
        rand: String,
    },
    /// `v1/pin/<session>/<turn>`: that a session is kept for ever, or no longer.
    Pin {
        /// The session.
        session: SessionId,
        /// Its place among the decisions.
        turn: Turn,
    },
    /// `v1/t/<session>/<turn>`: that a session is deleted, or no longer.
    Tombstone {
        /// The session.
        session: SessionId,
        /// Its place among the decisions.
        turn: Turn,
    },
    /// `v1/g/<device>-<rand>`: what a collection may delete later.
    Mark {
        /// Who made it.
        device: DeviceId,
        /// 8 random letters.
        rand: String,
    },
    /// `v1/moved/<device>-<rand>`: where the store is now.
    Moved {
        /// The device that moved it.
        device: DeviceId,
        /// 8 random letters.
        rand: String,
    },
    /// `v1/probe/<rand>`: was put to learn whether the store works, and says nothing.
    Probe {
        /// 8 random letters.
        rand: String,
    },
}

impl ObjectName {
    /// Everything under this prefix is a unit of `session`.
    #[must_use]
    pub fn units_of(session: &SessionId) -> String {
        format!("v1/s/{session}/")
    }

    /// Everything under this prefix is a part of `session`.
    #[must_use]
    pub fn parts_of(session: &SessionId) -> String {
        format!("v1/o/{session}/")
    }

    /// Prefix of all units.
    pub const UNITS: &'static str = "v1/s/";
    /// Prefix of all parts.
    pub const PARTS: &'static str = "v1/o/";
    /// Prefix of all device entries.
    pub const DEVICES: &'static str = "v1/dev/";
    /// Prefix of all sealed account keys.
    pub const KEYS: &'static str = "v1/keys/";
    /// Prefix of all pins.
    pub const PINS: &'static str = "v1/pin/";
    /// Prefix of all tombstones.
    pub const TOMBSTONES: &'static str = "v1/t/";
    /// Prefix of all marks.
    pub const MARKS: &'static str = "v1/g/";
    /// Prefix of everything about devices that want to join.
    pub const ENROLMENTS: &'static str = "v1/enrol/";
    /// Prefix of all records of where the store is now.
    pub const MOVED: &'static str = "v1/moved/";
    /// Prefix of all objects that a probe put, and left only if it was killed.
    pub const PROBES: &'static str = "v1/probe/";

    /// The session whose unit or part the object is, if it is one.
    #[must_use]
    pub fn session(&self) -> Option<&SessionId> {
        match self {
            Self::Unit { session, .. } | Self::Part { session, .. } => Some(session),
            _ => None,
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoreRecord => f.write_str("v1/store.json"),
            Self::Device { device, rand } => write!(f, "v1/dev/{device}-{rand}"),
            Self::RecoveryKey { epoch, rand } => write!(f, "v1/keys/{epoch:08}/recovery-{rand}"),
            Self::DeviceKey { epoch, device, rand } => {
                write!(f, "v1/keys/{epoch:08}/{device}-{rand}")
            }
            Self::Epoch { epoch, rand } => write!(f, "v1/keys/{epoch:08}/epoch-{rand}"),
            Self::EnrolAsk { id, rand } => write!(f, "v1/enrol/{id}/ask-{rand}"),
            Self::EnrolAnswer { id, rand } => write!(f, "v1/enrol/{id}/answer-{rand}"),
            Self::Unit { session, save } => write!(f, "v1/s/{session}/{save}"),
            Self::Part { session, id, rand } => write!(f, "v1/o/{session}/{id}-{rand}"),
            Self::Pin { session, turn } => write!(f, "v1/pin/{session}/{turn}"),
            Self::Tombstone { session, turn } => write!(f, "v1/t/{session}/{turn}"),
            Self::Mark { device, rand } => write!(f, "v1/g/{device}-{rand}"),
            Self::Moved { device, rand } => write!(f, "v1/moved/{device}-{rand}"),
            Self::Probe { rand } => write!(f, "v1/probe/{rand}"),
        }
    }
}

impl FromStr for ObjectName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        parse(text).filter(|name| spells(name, text)).ok_or_else(|| NameError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<ObjectName> {
    let rest = text.strip_prefix("v1/")?;
    if rest == "store.json" {
        return Some(ObjectName::StoreRecord);
    }
    let (family, rest) = rest.split_once('/')?;
    match family {
        "dev" => {
            let (device, rand) = with_rand(rest)?;
            Some(ObjectName::Device { device: device.parse().ok()?, rand })
        }
        "moved" => {
            let (device, rand) = with_rand(rest)?;
            Some(ObjectName::Moved { device: device.parse().ok()?, rand })
        }
        "probe" => is_rand(rest).then(|| ObjectName::Probe { rand: rest.to_owned() }),
        "keys" => {
            let (epoch, rest) = rest.split_once('/')?;
            let epoch = epoch.parse().ok()?;
            match with_rand(rest)? {
                ("recovery", rand) => Some(ObjectName::RecoveryKey { epoch, rand }),
                ("epoch", rand) => Some(ObjectName::Epoch { epoch, rand }),
                (device, rand) => {
                    Some(ObjectName::DeviceKey { epoch, device: device.parse().ok()?, rand })
                }
            }
        }
        "enrol" => {
            let (id, rest) = rest.split_once('/')?;
            let id = is_rand(id).then(|| id.to_owned())?;
            match with_rand(rest)? {
                ("ask", rand) => Some(ObjectName::EnrolAsk { id, rand }),
                ("answer", rand) => Some(ObjectName::EnrolAnswer { id, rand }),
                _ => None,
            }
        }
        "s" => {
            let (session, save) = rest.split_once('/')?;
            Some(ObjectName::Unit { session: session.parse().ok()?, save: save.parse().ok()? })
        }
        "o" => {
            let (session, rest) = rest.split_once('/')?;
            let (id, rand) = with_rand(rest)?;
            let hex = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            hex.then_some(())?;
            Some(ObjectName::Part { session: session.parse().ok()?, id: id.to_owned(), rand })
        }
        "pin" => {
            let (session, turn) = rest.split_once('/')?;
            Some(ObjectName::Pin { session: session.parse().ok()?, turn: turn.parse().ok()? })
        }
        "t" => {
            let (session, turn) = rest.split_once('/')?;
            Some(ObjectName::Tombstone { session: session.parse().ok()?, turn: turn.parse().ok()? })
        }
        "g" => {
            let (device, rand) = with_rand(rest)?;
            Some(ObjectName::Mark { device: device.parse().ok()?, rand })
        }
        _ => None,
    }
}

fn with_rand(text: &str) -> Option<(&str, String)> {
    let (head, rand) = text.rsplit_once('-')?;
    is_rand(rand).then(|| (head, rand.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_never_change() {
        for text in [
            "v1/store.json",
            "v1/dev/abcdefgh-22223333",
            "v1/keys/00000001/recovery-22223333",
            "v1/keys/00000001/abcdefgh-22223333",
            "v1/keys/00000002/epoch-22223333",
            "v1/enrol/abcdefgh/ask-22223333",
            "v1/enrol/abcdefgh/answer-22223333",
            "v1/s/session-abcdefgh/00000003-abcdefgh-17-22223333",
            "v1/o/session-abcdefgh/00112233445566778899aabbccddeeff-22223333",
            "v1/pin/session-abcdefgh/00000001-abcdefgh-22223333",
            "v1/t/session-abcdefgh/00000002-abcdefgh-22223333",
            "v1/g/abcdefgh-22223333",
            "v1/moved/abcdefgh-22223333",
            "v1/probe/22223333",
        ] {
            let name: ObjectName = text.parse().expect(text);
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "v1",
            "v1/",
            "v2/store.json",
            "v1/store.json/",
            "v1/s/session-abcdefgh/../../../etc/passwd",
            "v1/s/session-abcdefgh/00000003-abcdefgh-17-22223333.tmp",
            "v1/s/session-abcdefgh/00000003-abcdefgh-17-22223333.sync-conflict-20260101",
            "v1/keys/1/recovery-22223333",
            "v1/keys/1/epoch-22223333",
            "v1/enrol/abcdefgh-22223333",
            "v1/enrol/abcdefgh/other-22223333",
            "v1/enrol/../ask-22223333",
            "v1/o/session-abcdefgh/00112233445566778899AABBCCDDEEFF-22223333",
            "v1/o/session-abcdefgh/0011-22223333",
            "v1/probe/abcdefgh-22223333",
            "v1/moved/22223333",
            "/v1/store.json",
            "v1/pin/session-abcdefgh/1-abcdefgh-22223333",
            "v1/t/session-abcdefgh",
            "v1/g/abcdefgh",
        ] {
            assert!(text.parse::<ObjectName>().is_err(), "`{text}` was accepted");
        }
    }
}
