//! Keys for one receiver: HPKE (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
//! AES-256-GCM, of which only the secret export is used: what it gives seals an object as any
//! other key does.

use std::convert::Infallible;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, PskBundle, Serializable as _};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::profile::{Random, SecretBytes};

/// The exporter context of RFC 9180, section 5.3.
const EXPORT: &[u8] = b"convosync object key";

/// A secret that both sides have besides (`mode_psk`), and its name.
pub(crate) type Psk<'a> = Option<(&'a SecretBytes, &'a [u8])>;

/// A fresh key that only the holder of `to` can have, and what it needs for that. None: `to` is no
/// public key that anybody can hold (a point of small order).
pub(super) fn encapsulate(
    to: &[u8; 32],
    info: &[u8],
    psk: Psk<'_>,
    random: Random<'_>,
) -> Option<([u8; 32], SecretBytes)> {
    let mode = match psk {
        None => OpModeS::Base,
        Some((secret, id)) => OpModeS::Psk(PskBundle::new(&*secret.0, id).ok()?),
    };
    let to = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(to).ok()?;
    let (enc, context) = hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &mode,
        &to,
        info,
        &mut Source(random),
    )
    .ok()?;
    let mut key = Zeroizing::new([0; 32]);
    context.export(EXPORT, &mut *key).ok()?;
    Some((enc.to_bytes().into(), SecretBytes(key)))
}

/// The key that was encapsulated to the public half of `secret`. None: `enc` is no public key. With
/// another secret, info or psk it is another key, which opens nothing.
pub(super) fn decapsulate(
    secret: &SecretBytes,
    enc: &[u8; 32],
    info: &[u8],
    psk: Psk<'_>,
) -> Option<SecretBytes> {
    let mode = match psk {
        None => OpModeR::Base,
        Some((secret, id)) => OpModeR::Psk(PskBundle::new(&*secret.0, id).ok()?),
    };
    let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&*secret.0).ok()?;
    let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc).ok()?;
    let context =
        hpke::setup_receiver::<AesGcm256, HkdfSha256, X25519HkdfSha256>(&mode, &secret, &enc, info)
            .ok()?;
    let mut key = Zeroizing::new([0; 32]);
    context.export(EXPORT, &mut *key).ok()?;
    Some(SecretBytes(key))
}

/// The caller's randomness as the crate takes it.
struct Source<'a>(Random<'a>);

impl TryRng for Source<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        (self.0)(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Source<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> SecretBytes {
        SecretBytes(Zeroizing::new([byte; 32]))
    }

    fn public(secret: &SecretBytes) -> [u8; 32] {
        x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(*secret.0)).to_bytes()
    }

    #[test]
    fn only_the_receiver_with_the_same_context_and_psk_has_the_key() {
        let (mine, other, word) = (secret(1), secret(2), secret(3));
        let psk = Some((&word, &b"id"[..]));
        let (enc, key) =
            encapsulate(&public(&mine), b"info", psk, &mut |bytes| bytes.fill(9)).expect("a key");
        assert_eq!(decapsulate(&mine, &enc, b"info", psk), Some(key.clone()));
        for wrong in [
            decapsulate(&other, &enc, b"info", psk),
            decapsulate(&mine, &enc, b"else", psk),
            decapsulate(&mine, &enc, b"info", None),
            decapsulate(&mine, &enc, b"info", Some((&other, b"id"))),
            decapsulate(&mine, &enc, b"info", Some((&word, b"other"))),
        ] {
            assert_ne!(wrong, Some(key.clone()));
        }
    }

    #[test]
    fn a_point_of_small_order_is_refused() {
        assert_eq!(encapsulate(&[0; 32], b"", None, &mut |bytes| bytes.fill(9)), None);
        assert_eq!(decapsulate(&secret(1), &[0; 32], b"", None), None);
    }

    /// RFC 9180, test vector of DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM in mode
    /// base is checked by the crate itself; this one pins the way we call it.
    #[test]
    fn the_keys_never_change() {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let (enc, key) =
            encapsulate(&public(&secret(1)), b"info", None, &mut |bytes| bytes.fill(9))
                .expect("a key");
        assert_eq!(hex(&enc), "de8923a675d02180cdd7d0097ba404b9e1e2930d5665cba58d1765006361793b");
        assert_eq!(
            hex(&*key.0),
            "95c2147bf935f1a47d5e0c43a0d23a1246d47c2a19a90be50dd9530e6d056508"
        );
    }
}
