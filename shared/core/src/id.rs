//! Ids as newtypes: what has been parsed once needs no second look.

use std::fmt;
use std::str::FromStr;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}")]
pub struct IdError {
    /// What was wanted, in the user's words.
    pub what: &'static str,
    /// The text that was given.
    pub text: String,
}

/// Letters of RFC 4648 base32 in lower case: they survive file systems that fold case.
pub(crate) const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

fn is_base32(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| BASE32.contains(&byte))
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first `N` letters of the base32 form of random bytes.
fn letters<const N: usize>(random: &[u8; N]) -> String {
    random.iter().map(|byte| char::from(BASE32[usize::from(byte & 31)])).collect()
}

/// Whether `text` is 8 random letters, as names end with.
pub(crate) fn is_rand(text: &str) -> bool {
    is_base32(text, 8)
}

/// 8 random letters, as names end with.
#[must_use]
pub fn rand_letters(random: &[u8; 8]) -> String {
    letters(random)
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { what: $what, text: text.to_owned() })
                }
            }
        }
    };
}

text_id!(
    /// A line of work: `session-` and 8 base32 letters.
    SessionId,
    "session id",
    |text| text.strip_prefix("session-").is_some_and(|rest| is_base32(rest, 8))
);

text_id!(
    /// One device of an account: 8 base32 letters.
    DeviceId,
    "device id",
    |text| is_base32(text, 8)
);

text_id!(
    /// The devices that trust each other: 26 base32 letters.
    AccountId,
    "account id",
    |text| is_base32(text, 26)
);

text_id!(
    /// One store, kept when it moves: 26 base32 letters.
    StoreId,
    "store id",
    |text| is_base32(text, 26)
);

text_id!(
    /// A conversation as its assistant names it: letters, digits, `-` and `_`, at most 128.
    ///
    /// It becomes part of a file name on the device that resumes, hence the narrow alphabet, and an
    /// argument of the assistant, where a dash in front would make an option of it.
    ConversationId,
    "conversation id",
    |text| {
        (1..=128).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    }
);

text_id!(
    /// A git object id: 40 (SHA-1) or 64 (SHA-256) hex digits in lower case.
    Oid,
    "commit id",
    |text| is_hex(text, 40) || is_hex(text, 64)
);

impl SessionId {
    /// Makes an id from 8 random bytes.
    #[must_use]
    pub fn from_random(random: &[u8; 8]) -> Self {
        Self(format!("session-{}", letters(random)))
    }
}

impl DeviceId {
    /// Makes an id from 8 random bytes.
    #[must_use]
    pub fn from_random(random: &[u8; 8]) -> Self {
        Self(letters(random))
    }
}

impl AccountId {
    /// Makes an id from 26 random bytes.
    #[must_use]
    pub fn from_random(random: &[u8; 26]) -> Self {
        Self(letters(random))
    }
}

impl StoreId {
    /// Makes an id from 26 random bytes.
    #[must_use]
    pub fn from_random(random: &[u8; 26]) -> Self {
        Self(letters(random))
    }
}

impl Oid {
    /// The first 7 digits, as git shows them.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

/// What a device is, as the user said at set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceKind {
    /// A desktop computer.
    Desktop,
    /// A laptop computer.
    Laptop,
    /// A tablet.
    Tablet,
    /// A phone.
    Mobile,
    /// A machine without a screen of its own.
    Server,
}

impl DeviceKind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Self; 5] =
        [Self::Desktop, Self::Laptop, Self::Tablet, Self::Mobile, Self::Server];

    /// The kind as people write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Laptop => "laptop",
            Self::Tablet => "tablet",
            Self::Mobile => "mobile",
            Self::Server => "server",
        }
    }
}

impl FromStr for DeviceKind {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| IdError { what: "device kind", text: text.to_owned() })
    }
}

/// Whether something is written just so; nothing is written for it.
pub(crate) fn spells(what: &dyn fmt::Display, text: &str) -> bool {
    struct Expected<'t>(&'t str);

    impl fmt::Write for Expected<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut left = Expected(text);
    fmt::Write::write_fmt(&mut left, format_args!("{what}")).is_ok() && left.0.is_empty()
}

/// One save of a session: `<gen8>-<device>-<seq>-<rand>`.
///
/// The generation is `max(parents) + 1` (1 without parents), `seq` counts the saves of one device
/// over all its sessions, and the 8 random letters tell apart two devices that share an id by
/// accident (a cloned machine). Ordering is by generation first, so the greatest is a head.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaveId {
    generation: u32,
    device: DeviceId,
    seq: u64,
    rand: String,
}

impl SaveId {
    /// The greatest generation that a name can hold (8 decimal digits).
    pub const MAX_GENERATION: u32 = 99_999_999;

    /// Names a save.
    ///
    /// # Errors
    ///
    /// If the generation is 0 or has more than 8 digits, or `seq` is 0.
    pub fn new(
        generation: u32,
        device: DeviceId,
        seq: u64,
        random: &[u8; 8],
    ) -> Result<Self, IdError> {
        if generation == 0 || generation > Self::MAX_GENERATION || seq == 0 {
            return Err(IdError { what: "save id", text: format!("{generation}-{device}-{seq}") });
        }
        Ok(Self { generation, device, seq, rand: letters(random) })
    }

    /// `max(parents) + 1`.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The device that made the save.
    #[must_use]
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// The device's own count, from 1.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The 8 random letters.
    #[must_use]
    pub fn rand(&self) -> &str {
        &self.rand
    }

    /// Whether `text` is how this save is spelled.
    pub(crate) fn spells(&self, text: &str) -> bool {
        spells(self, text)
    }
}

impl fmt::Display for SaveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}-{}-{}-{}", self.generation, self.device, self.seq, self.rand)
    }
}

impl FromStr for SaveId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError { what: "save id", text: text.to_owned() };
        let mut parts = text.split('-');
        let (Some(generation), Some(device), Some(seq), Some(rand), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let save = Self {
            generation: generation.parse().map_err(|_| wrong())?,
            device: device.parse().map_err(|_| wrong())?,
            seq: seq.parse().map_err(|_| wrong())?,
            rand: rand.to_owned(),
        };
        // One save has one spelling: leading zeros, signs and the like are refused.
        let canonical =
            save.generation > 0 && save.seq > 0 && is_base32(rand, 8) && save.spells(text);
        if canonical { Ok(save) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused<T: FromStr<Err = IdError> + fmt::Debug>(text: &str) {
        assert!(text.parse::<T>().is_err(), "`{text}` was accepted");
    }

    #[test]
    fn a_save_id_has_one_spelling() {
        let text = "00000012-abcdefgh-7-zzzzzz22";
        let save: SaveId = text.parse().expect("a save id");
        assert_eq!((save.generation(), save.seq(), save.rand()), (12, 7, "zzzzzz22"));
        assert_eq!(save.to_string(), text);
        for wrong in [
            "12-abcdefgh-7-zzzzzz22",
            "00000012-abcdefgh-07-zzzzzz22",
            "00000012-abcdefgh-+7-zzzzzz22",
            "00000000-abcdefgh-7-zzzzzz22",
            "00000012-abcdefgh-0-zzzzzz22",
            "00000012-abcdefgh-7-zzzzzz2",
            "00000012-abcdefgh-7-zzzzzz22-x",
            "00000012-ABCDEFGH-7-zzzzzz22",
            "",
        ] {
            refused::<SaveId>(wrong);
        }
    }

    #[test]
    fn ids_refuse_what_could_become_a_path() {
        for wrong in ["session-", "session-abcdefg1", "session-../../..", "session-abcdefghi"] {
            refused::<SessionId>(wrong);
        }
        for wrong in
            ["", "..", "a/b", "a.b", "a b", "ü", "a\0", "-p", "--dangerously-skip-permissions"]
        {
            refused::<ConversationId>(wrong);
        }
        for wrong in ["HEAD", "--upload-pack=x", "ABCDEF0123456789abcdef0123456789abcdef01", "abc"]
        {
            refused::<Oid>(wrong);
        }
    }

    #[test]
    fn later_generations_sort_later() {
        let early: SaveId = "00000009-zzzzzzzz-900-zzzzzzzz".parse().expect("a save id");
        let late: SaveId = "00000010-aaaaaaaa-1-aaaaaaaa".parse().expect("a save id");
        assert!(early < late);
    }

    #[test]
    fn random_bytes_make_valid_ids() {
        let session = SessionId::from_random(&[0, 31, 32, 255, 7, 8, 9, 10]);
        assert_eq!(session.as_str(), "session-a7a7hijk");
        assert_eq!(session.as_str().parse(), Ok(session.clone()));
    }
}
