//! The key file: this device's profile.
//!
//! ```text
//! 8    magic "CONVOKEY"
//! 1    version, 1
//! ...  the profile, CBOR
//! 16   first bytes of the BLAKE3 of all before
//! ```
//!
//! The checksum tells damage (a torn write, a bad disk) from a file that is whole and wrong.
//!
//! Version 2 is the same behind a passphrase: see `passphrase`.

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::card::{kind_number, kind_of};
use super::text::Text;
use super::{FormatError, decode};
use crate::id::{AccountId, DeviceId, StoreId};
use crate::passphrase;
use crate::profile::{Account, Device, EpochKey, Profile, SecretBytes};

pub(crate) const MAGIC: &[u8; 8] = b"CONVOKEY";
const VERSION: u8 = 1;
const CHECKSUM: usize = 16;

/// Why a key file can't be used. None of these is ever "there is no key".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It does not start as a key file does.
    #[error("this is no key file of ConvoSync")]
    NotOurs,
    /// A newer version of ConvoSync wrote it.
    #[error("the key file is of format {0}, which this version does not know")]
    NewerFormat(u8),
    /// Bytes are missing or changed.
    #[error("the key file is damaged")]
    Damaged,
    /// It is whole, and its content makes no sense.
    #[error("the key file is whole, but its content is not valid")]
    Content,
    /// It needs a passphrase.
    #[error("this device's key is locked with a passphrase")]
    Locked,
    /// The passphrase is not the file's.
    #[error("that is not the passphrase of this device's key")]
    WrongPassphrase,
}

impl KeyFileError {
    /// Stable name for scripts and docs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOurs => "convosync::key-file::not-ours",
            Self::NewerFormat(_) => "convosync::key-file::newer-format",
            Self::Damaged => "convosync::key-file::damaged",
            Self::Content => "convosync::key-file::content",
            Self::Locked => "convosync::key-file::locked",
            Self::WrongPassphrase => "convosync::key-file::wrong-passphrase",
        }
    }

    /// What the user can do next.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NewerFormat(_) => "update ConvoSync on this device",
            Self::Locked => {
                "run it in a terminal, or name a file that holds the passphrase: \
                 `--passphrase-file FILE`; nothing was changed, and what is queued stays queued"
            }
            Self::WrongPassphrase => {
                "try again; if it is lost, the recovery words are the way back: move the key file \
                 away and run `convosync device join --recovery`"
            }
            _ => {
                "move the file away and run `convosync device join --recovery`; \
                 saves that were not sent need this key, so keep the file"
            }
        }
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredAccount {
    #[n(0)]
    id: Text<AccountId>,
    #[n(1)]
    store: Text<StoreId>,
    #[n(2)]
    epoch: u32,
    #[cbor(n(3), with = "secret")]
    master: SecretBytes,
    /// Absent in accounts that were never rotated.
    #[n(4)]
    others: Option<Vec<StoredKey>>,
    #[cbor(n(5), with = "minicbor::bytes")]
    recovery: Option<[u8; 32]>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredKey {
    #[n(0)]
    epoch: u32,
    #[cbor(n(1), with = "secret")]
    key: SecretBytes,
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredDevice {
    #[n(0)]
    id: Text<DeviceId>,
    #[n(1)]
    name: String,
    #[n(2)]
    kind: u8,
    #[cbor(n(3), with = "secret")]
    signing: SecretBytes,
    #[cbor(n(4), with = "secret")]
    exchange: SecretBytes,
    #[n(5)]
    joined_ms: i64,
    /// Absent until the device is renamed.
    #[n(6)]
    revision: Option<u32>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredProfile {
    #[n(0)]
    account: StoredAccount,
    #[n(1)]
    device: StoredDevice,
    #[n(2)]
    store_url: String,
    #[n(3)]
    local_only: bool,
}

/// Secrets go from the buffer straight into bytes that are wiped.
pub(super) mod secret {
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};
    use zeroize::Zeroizing;

    use crate::profile::SecretBytes;

    pub(crate) fn encode<C, W: Write>(
        secret: &SecretBytes,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(&*secret.0)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<SecretBytes, DecodeError> {
        let mut secret = Zeroizing::new([0; 32]);
        let bytes = d.bytes()?;
        if bytes.len() != secret.len() {
            return Err(DecodeError::message("a secret key has 32 bytes"));
        }
        secret.copy_from_slice(bytes);
        Ok(SecretBytes(secret))
    }
}

impl Profile {
    /// The content of the key file. Whoever reads it is this device.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Room for all of it: a buffer that grows would leave copies of the keys behind.
        let texts = self.store_url.len() + self.device.name.len();
        let room = 1024 + texts + keys_len(&self.account);
        let mut out = Zeroizing::new(Vec::with_capacity(room));
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        write(&store(self), &mut out);
        close_key_file(&mut out);
        out
    }

    /// Reads the content of a key file.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] says which of the ways to be wrong it is.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyFileError> {
        let (version, _) = open_key_file(bytes)?;
        if version != VERSION {
            return Err(KeyFileError::Locked);
        }
        let content = &checked_key_file(bytes)?[MAGIC.len() + 1..];
        decode(content).and_then(load).map_err(|error| match error {
            FormatError::Newer(_) => KeyFileError::NewerFormat(VERSION),
            FormatError::Malformed(_) => KeyFileError::Content,
        })
    }
}

/// The version of a key file that this ConvoSync knows, and what follows it.
pub(crate) fn open_key_file(bytes: &[u8]) -> Result<(u8, &[u8]), KeyFileError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| {
        if MAGIC.starts_with(bytes) { KeyFileError::Damaged } else { KeyFileError::NotOurs }
    })?;
    let (version, rest) = rest.split_first().ok_or(KeyFileError::Damaged)?;
    match *version {
        VERSION | passphrase::VERSION => Ok((*version, rest)),
        0 => Err(KeyFileError::Damaged),
        newer => Err(KeyFileError::NewerFormat(newer)),
    }
}

/// A key file without its checksum, which is right.
pub(crate) fn checked_key_file(bytes: &[u8]) -> Result<&[u8], KeyFileError> {
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(KeyFileError::Damaged)?;
    let whole = blake3::hash(content).as_bytes()[..CHECKSUM] == checksum[..];
    // Short of magic and version there is nothing that could be right.
    (whole && content.len() > MAGIC.len()).then_some(content).ok_or(KeyFileError::Damaged)
}

/// Puts the checksum at the end of a key file.
pub(crate) fn close_key_file(out: &mut Vec<u8>) {
    let checksum = blake3::hash(out);
    out.extend_from_slice(&checksum.as_bytes()[..CHECKSUM]);
}

/// The account as it is sealed under the recovery key.
pub(crate) fn encode_account(account: &Account) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(256 + keys_len(account)));
    write(&store_account(account), &mut out);
    out
}

pub(crate) fn decode_account(bytes: &[u8]) -> Result<Account, FormatError> {
    decode(bytes).map(load_account)
}

/// Room for the other keys: 32 bytes and a few for their epochs and CBOR's heads.
fn keys_len(account: &Account) -> usize {
    48 * account.others.len()
}

pub(super) fn write<T: Encode<()>>(value: &T, out: &mut Vec<u8>) {
    minicbor::encode(value, out).expect("writing to memory does not fail");
}

fn store_account(account: &Account) -> StoredAccount {
    StoredAccount {
        id: Text(account.id.clone()),
        store: Text(account.store.clone()),
        epoch: account.epoch,
        master: account.master.clone(),
        others: Some(account.others.iter().map(store_key).collect())
            .filter(|others: &Vec<_>| !others.is_empty()),
        recovery: account.recovery,
    }
}

fn store_key(key: &EpochKey) -> StoredKey {
    StoredKey { epoch: key.epoch, key: key.key.clone() }
}

fn load_account(stored: StoredAccount) -> Account {
    let mut account = Account {
        id: stored.id.0,
        store: stored.store.0,
        epoch: stored.epoch,
        master: stored.master,
        others: Vec::new(),
        recovery: stored.recovery,
    };
    for key in stored.others.unwrap_or_default() {
        account.learn(EpochKey { epoch: key.epoch, key: key.key });
    }
    account
}

pub(super) fn store_device(device: &Device) -> StoredDevice {
    StoredDevice {
        id: Text(device.id.clone()),
        name: device.name.clone(),
        kind: kind_number(device.kind),
        signing: device.signing.clone(),
        exchange: device.exchange.clone(),
        joined_ms: device.joined_ms,
        revision: Some(device.revision).filter(|revision| *revision > 0),
    }
}

pub(super) fn load_device(stored: StoredDevice) -> Result<Device, FormatError> {
    Ok(Device {
        id: stored.id.0,
        name: stored.name,
        kind: kind_of(stored.kind)?,
        signing: stored.signing,
        exchange: stored.exchange,
        joined_ms: stored.joined_ms,
        revision: stored.revision.unwrap_or(0),
    })
}

fn store(profile: &Profile) -> StoredProfile {
    let device = &profile.device;
    StoredProfile {
        account: store_account(&profile.account),
        device: store_device(device),
        store_url: profile.store_url.clone(),
        local_only: profile.local_only,
    }
}

fn load(stored: StoredProfile) -> Result<Profile, FormatError> {
    Ok(Profile {
        account: load_account(stored.account),
        device: load_device(stored.device)?,
        store_url: stored.store_url,
        local_only: stored.local_only,
    })
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::id::DeviceKind;

    fn secret(byte: u8) -> SecretBytes {
        SecretBytes(Zeroizing::new([byte; 32]))
    }

    fn profile() -> Profile {
        Profile {
            account: Account {
                id: "abcdefghijklmnopqrstuvwxyz".parse().expect("an account id"),
                store: "zyxwvutsrqponmlkjihgfedcba".parse().expect("a store id"),
                epoch: 1,
                master: secret(1),
                others: Vec::new(),
                recovery: None,
            },
            device: Device {
                id: "abcdefgh".parse().expect("a device id"),
                name: "desk".to_owned(),
                kind: DeviceKind::Desktop,
                signing: secret(2),
                exchange: secret(3),
                joined_ms: 1_700_000_000_000,
                revision: 0,
            },
            store_url: "file:///store".to_owned(),
            local_only: true,
        }
    }

    const KEY_FILE: &str = "\
        434f4e564f4b455901a400a400781a6162636465666768696a6b6c6d6e6f707172737475767778797a01\
        781a7a797877767574737271706f6e6d6c6b6a6968676665646362610201035820010101010101010101\
        010101010101010101010101010101010101010101010101a60068616263646566676801646465736b02\
        000358200202020202020202020202020202020202020202020202020202020202020202045820030303\
        0303030303030303030303030303030303030303030303030303030303051b0000018bcfe56800026d66\
        696c653a2f2f2f73746f726503f5fe48bc8f5d213c264f3f7c706222cc78";

    const RING_FILE: &str = "\
        434f4e564f4b455901a400a600781a6162636465666768696a6b6c6d6e6f707172737475767778797a01\
        781a7a797877767574737271706f6e6d6c6b6a6968676665646362610202035820090909090909090909\
        09090909090909090909090909090909090909090909090482a200010158200101010101010101010101\
        010101010101010101010101010101010101010101a20002015820080808080808080808080808080808\
        080808080808080808080808080808080805582007070707070707070707070707070707070707070707\
        0707070707070707070701a70068616263646566676801646465736b0200035820020202020202020202\
        020202020202020202020202020202020202020202020204582003030303030303030303030303030303\
        03030303030303030303030303030303051b0000018bcfe568000603026d66696c653a2f2f2f73746f72\
        6503f5ef4b9108a6730c5738aa116529ae10c5";

    #[test]
    fn the_key_file_never_changes() {
        assert_eq!(HEXLOWER.encode(&profile().encode()), KEY_FILE);
        assert_eq!(Profile::decode(&profile().encode()), Ok(profile()));
    }

    #[test]
    fn a_damaged_key_file_is_never_taken_for_another() {
        let file = profile().encode();
        for at in 0..file.len() {
            assert!(Profile::decode(&file[..at]).is_err(), "{at} bytes were accepted");
            let mut flipped = file.to_vec();
            flipped[at] ^= 1;
            assert!(Profile::decode(&flipped).is_err(), "byte {at} was not checked");
        }
    }

    #[test]
    fn each_way_to_be_wrong_has_its_name() {
        let file = profile().encode();
        let check = |bytes: &[u8], want| assert_eq!(Profile::decode(bytes), Err(want));
        check(b"-----BEGIN OPENSSH PRIVATE KEY-----", KeyFileError::NotOurs);
        check(b"", KeyFileError::Damaged);
        check(&file[..20], KeyFileError::Damaged);
        check(b"CONVOKEY\x02...", KeyFileError::Locked);
        check(b"CONVOKEY\x03...", KeyFileError::NewerFormat(3));
        let mut other = [&MAGIC[..], &[VERSION], b"\xa0"].concat();
        other.extend_from_slice(&blake3::hash(&other).as_bytes()[..CHECKSUM]);
        check(&other, KeyFileError::Content);
    }

    #[test]
    fn the_buffer_never_grows() {
        let file = profile().encode();
        assert!(file.len() < 1024, "growing would leave copies of the keys behind");
        let mut long = profile();
        for epoch in 2..500 {
            long.account.move_to(EpochKey { epoch, key: secret(epoch.to_be_bytes()[3]) });
        }
        let room = 1024 + 32 + keys_len(&long.account);
        assert!(long.encode().len() < room, "growing would leave copies of the keys behind");
        assert_eq!(Profile::decode(&long.encode()), Ok(long));
    }

    #[test]
    fn a_ring_of_keys_is_kept_beside_the_present_one() {
        let mut ring = profile();
        ring.account.move_to(EpochKey { epoch: 2, key: secret(9) });
        ring.account.learn(EpochKey { epoch: 2, key: secret(8) });
        ring.account.recovery = Some([7; 32]);
        ring.device.revision = 3;
        let file = ring.encode();
        assert_eq!(Profile::decode(&file), Ok(ring.clone()));
        assert_eq!(HEXLOWER.encode(&file), RING_FILE);
        assert_eq!(ring.account.first().master, secret(1));
        let epochs: Vec<_> = ring.account.keys().map(|key| key.epoch).collect();
        assert_eq!(epochs, [2, 1, 2]);
    }
}
