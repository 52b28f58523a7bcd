//! Values that stay on this device: sealed too, so that its index holds nothing readable.
//!
//! Under the first key of the ring: a new epoch leaves the index as it is.

use zeroize::Zeroizing;

use super::Sealed;
use super::error::OpenError;
use super::key::{Place, Purpose, derive, length_prefixed};
use super::object::{self, Content, Kind};
use super::pad::Padding;
use super::stream::Salts;
use crate::profile::{Account, Random};

/// What labels are digested under: the head holds a plain hash of the context, from which a label
/// (a path, say) could be guessed.
const LABELS: &str = "convosync label of a value";

/// Seals a value under a label; it opens under the same label only.
#[must_use]
pub fn seal_value(account: &Account, label: &str, plain: &[u8], random: Random<'_>) -> Sealed {
    let account = &account.first();
    let name = local_digest(account, LABELS, label.as_bytes());
    let place = Place::of(account, None, &name);
    let content = Content {
        kind: Kind::Value,
        front: (plain, Padding::Multiple(64)),
        body: None,
        enc: None,
        signer: None,
    };
    let key = derive(account, Purpose::Values);
    Sealed::made(object::seal(&place, &key, &content, Salts::Fresh(random)))
}

/// Opens a value.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what was sealed under this label.
pub fn open_value(
    account: &Account,
    label: &str,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let account = &account.first();
    let name = local_digest(account, LABELS, label.as_bytes());
    let place = Place::of(account, None, &name);
    let parsed = object::parse(&sealed.0)?;
    parsed.belongs(Kind::Value, &place)?;
    parsed.is_whole()?;
    parsed.open_front(&place, &derive(account, Purpose::Values))
}

/// 32 hex digits that stand for `bytes` in the index: the same for the same bytes and label, and
/// not to be told or guessed without the account's key.
#[must_use]
pub fn local_digest(account: &Account, label: &str, bytes: &[u8]) -> String {
    let key = derive(&account.first(), Purpose::Digests);
    let mut hasher = blake3::Hasher::new_keyed(&key.0);
    hasher.update(&length_prefixed(&[label.as_bytes()]));
    hasher.update(bytes);
    data_encoding::HEXLOWER.encode(&hasher.finalize().as_bytes()[..16])
}
