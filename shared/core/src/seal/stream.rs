//! Tink's streaming encryption `AES256_GCM_HKDF_1MB`, wire-exact.
//!
//! Source of the format: Tink's wire format page, "Streaming AEAD, AES-GCM-HKDF". A ciphertext is
//!
//! ```text
//! 1    header length, 40
//! 32   salt
//! 7    nonce prefix
//! ...  segments of 1 MiB, the first shorter by the header, each closed by a 16-byte tag
//! ```
//!
//! The segments' key is HKDF-SHA256(key, salt, info = associated data); a segment's nonce is the
//! prefix, its big-endian number in 4 bytes, and 1 for the last segment, else 0: the STREAM
//! construction of Hoang, Reyhanitabar, Rogaway and Vizár, which is `StreamBE32`.

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use super::key::{hkdf, length_prefixed};
use crate::profile::{Random, SecretBytes, fresh};

pub(crate) const SALT: usize = 32;
const PREFIX: usize = 7;
const HEADER: usize = 1 + SALT + PREFIX;
const TAG: usize = 16;
const SEGMENT: usize = 1 << 20;

/// What must be fresh for every ciphertext.
pub(crate) struct Fresh {
    pub(crate) salt: [u8; SALT],
    pub(crate) prefix: [u8; PREFIX],
}

/// Where the salts of an object's ciphertexts come from.
pub enum Salts<'a> {
    /// New random bytes: no two objects are alike.
    Fresh(Random<'a>),
    /// The key, the place and the content: sealed again, the same content gives the same bytes.
    ///
    /// For what keeps its name when it is sealed under another key: if that is cut short and done
    /// again, in another place maybe, no name has two contents. Under one key other content or
    /// another place has another salt, as in synthetic-IV encryption (Rogaway and Shrimpton), so
    /// what leaks is only that two objects of one name are the same.
    OfContent,
}

impl Salts<'_> {
    pub(crate) fn next(&mut self, key: &SecretBytes, context: &[u8], plain: &[u8]) -> Fresh {
        match self {
            Self::Fresh(random) => Fresh { salt: fresh(random), prefix: fresh(random) },
            Self::OfContent => Fresh::of_content(key, context, plain),
        }
    }
}

impl Fresh {
    fn of_content(key: &SecretBytes, context: &[u8], plain: &[u8]) -> Self {
        let key = hkdf(key, &[], &length_prefixed(&[b"convosync salt of content", context]));
        let mut once = Self { salt: [0; SALT], prefix: [0; PREFIX] };
        let mut bytes = blake3::Hasher::new_keyed(&key.0).update(plain).finalize_xof();
        bytes.fill(&mut once.salt);
        bytes.fill(&mut once.prefix);
        once
    }
}

/// Bytes of the ciphertext of `plain` bytes.
pub(crate) fn sealed_len(plain: u64) -> u64 {
    let room = (SEGMENT - TAG) as u64;
    let segments = (HEADER as u64).saturating_add(plain).div_ceil(room).max(1);
    (HEADER as u64).saturating_add(plain).saturating_add(segments.saturating_mul(TAG as u64))
}

/// Seals `plain` for whoever has `key` and knows `context`.
pub(crate) fn seal(key: &SecretBytes, context: &[u8], plain: &[u8], fresh: &Fresh) -> Vec<u8> {
    let stream = stream(key, context, &fresh.salt, &fresh.prefix);
    let mut out = Vec::with_capacity(usize::try_from(sealed_len(plain.len() as u64)).unwrap_or(0));
    out.push(HEADER as u8);
    out.extend_from_slice(&fresh.salt);
    out.extend_from_slice(&fresh.prefix);
    for (number, last, segment) in cut(plain, TAG) {
        let mut buffer = Zeroizing::new(Vec::with_capacity(segment.len() + TAG));
        buffer.extend_from_slice(segment);
        stream
            .encrypt_in_place(number, last, b"", &mut *buffer)
            .expect("a segment is far below the limit of AES-GCM");
        out.extend_from_slice(&buffer);
    }
    out
}

/// The same with a salt and a prefix of its own.
pub(crate) fn seal_fresh(
    key: &SecretBytes,
    context: &[u8],
    plain: &[u8],
    random: Random<'_>,
) -> Vec<u8> {
    seal(key, context, plain, &Salts::Fresh(random).next(key, context, plain))
}

/// Opens what [`seal`] made; nothing comes out unless all of it is authentic and complete.
pub(crate) fn open(key: &SecretBytes, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let salt = salt(sealed)?;
    let prefix = sealed[1 + SALT..HEADER].try_into().ok()?;
    let stream = stream(key, context, salt, &prefix);
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    for (number, last, segment) in cut(&sealed[HEADER..], 0) {
        let mut buffer = Zeroizing::new(segment.to_vec());
        stream.decrypt_in_place(number, last, b"", &mut *buffer).ok()?;
        plain.extend_from_slice(&buffer);
    }
    Some(plain)
}

/// The salt of a ciphertext; `None` if it is too short or has another header.
pub(crate) fn salt(sealed: &[u8]) -> Option<&[u8; SALT]> {
    if sealed.len() < HEADER + TAG || usize::from(sealed[0]) != HEADER {
        return None;
    }
    sealed[1..=SALT].try_into().ok()
}

fn stream(
    key: &SecretBytes,
    context: &[u8],
    salt: &[u8; SALT],
    prefix: &[u8; PREFIX],
) -> StreamBE32<Aes256Gcm> {
    let derived = hkdf(key, salt, context);
    StreamBE32::from_aead(Aes256Gcm::new((&*derived.0).into()), prefix.into())
}

/// Cuts into segments with their number and whether they are the last; `spare` bytes of each are
/// left for the tag. There is at least one segment, and an empty one only if there is nothing.
fn cut(bytes: &[u8], spare: usize) -> impl Iterator<Item = (u32, bool, &[u8])> {
    let (first, rest) = bytes.split_at(bytes.len().min(SEGMENT - HEADER - spare));
    let count = rest.len().div_ceil(SEGMENT - spare);
    std::iter::once(first)
        .chain(rest.chunks(SEGMENT - spare))
        .zip(0u32..)
        .map(move |(segment, number)| (number, number as usize == count, segment))
}

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use sha2::{Digest, Sha256};

    use super::*;

    fn key() -> SecretBytes {
        SecretBytes(Zeroizing::new(std::array::from_fn(|i| i as u8)))
    }

    fn plain(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 7 + (i >> 8) * 13) as u8).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.as_bytes()).expect("hex")
    }

    /// The fresh bytes that a header holds.
    fn fresh_of(header: &[u8]) -> Fresh {
        Fresh {
            salt: *salt(&[header, &[0; TAG]].concat()).expect("a header"),
            prefix: header[1 + SALT..HEADER].try_into().expect("7 bytes"),
        }
    }

    #[test]
    fn we_write_what_tink_writes_and_read_it() {
        for (len, aad, sealed) in vectors::SMALL {
            let sealed = unhex(sealed);
            let ours = seal(&key(), aad.as_bytes(), &plain(*len), &fresh_of(&sealed[..HEADER]));
            assert_eq!(ours, sealed, "{len} bytes");
            assert_eq!(*open(&key(), aad.as_bytes(), &sealed).expect("Tink's own"), plain(*len));
        }
    }

    #[test]
    fn we_cut_segments_where_tink_cuts_them() {
        for (len, aad, header, digest) in vectors::LARGE {
            let fresh = fresh_of(&unhex(header));
            let sealed = seal(&key(), aad.as_bytes(), &plain(*len), &fresh);
            assert_eq!(HEXLOWER.encode(&Sha256::digest(&sealed)), *digest, "{len} bytes");
            assert_eq!(sealed.len() as u64, sealed_len(*len as u64));
            let opened = open(&key(), aad.as_bytes(), &sealed).expect("what we sealed");
            assert!(*opened == plain(*len), "{len} bytes came back different");
        }
    }

    #[test]
    fn segments_can_not_be_dropped_swapped_or_repeated() {
        let fresh = Fresh { salt: [1; SALT], prefix: [2; PREFIX] };
        let sealed = seal(&key(), b"", &plain(3 * SEGMENT), &fresh);
        let (first, second, third) = (SEGMENT, 2 * SEGMENT, 3 * SEGMENT);
        let dropped = [&sealed[..first], &sealed[second..]].concat();
        let swapped =
            [&sealed[..first], &sealed[second..third], &sealed[first..second], &sealed[third..]]
                .concat();
        let repeated = [&sealed[..second], &sealed[first..]].concat();
        for wrong in [&sealed[..second], &dropped, &swapped, &repeated] {
            assert!(open(&key(), b"", wrong).is_none());
        }
    }

    #[test]
    fn what_is_too_short_is_refused() {
        let sealed = seal(&key(), b"", b"x", &Fresh { salt: [1; SALT], prefix: [2; PREFIX] });
        for len in 0..sealed.len() {
            assert!(open(&key(), b"", &sealed[..len]).is_none(), "{len} bytes were accepted");
        }
    }
}
