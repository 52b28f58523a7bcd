//! Padding: the size of a sealed object tells little about the size of what is in it.
//!
//! Padded bytes are an 8-byte big-endian length, the content, and zeros.

use zeroize::Zeroizing;

/// How far a content is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// To a multiple of this many bytes.
    Multiple(u64),
    /// To at least 1 KiB and then by Padmé (Nikitin et al., "Reducing Metadata Leakage from
    /// Encrypted Files and Communication with PURBs", 2019): at most 12 % more.
    Padme,
}

const LENGTH: usize = 8;
const FLOOR: u64 = 1024;

impl Padding {
    /// The padded size of `len` bytes (their length included).
    pub(crate) fn target(self, len: u64) -> u64 {
        match self {
            Self::Multiple(unit) => len.div_ceil(unit).saturating_mul(unit),
            Self::Padme => padme(len.max(FLOOR)),
        }
    }

    pub(crate) fn pad(self, content: &[u8]) -> Zeroizing<Vec<u8>> {
        let target = self.target((LENGTH + content.len()) as u64);
        let target = usize::try_from(target).expect("what is in memory fits in memory");
        let mut out = Zeroizing::new(Vec::with_capacity(target));
        out.extend_from_slice(&(content.len() as u64).to_be_bytes());
        out.extend_from_slice(content);
        out.resize(target, 0);
        out
    }
}

/// The content of padded bytes; `None` if their length is wrong or the padding is not zeros.
pub(crate) fn unpad(mut padded: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let (len, rest) = padded.split_first_chunk::<LENGTH>()?;
    let len = usize::try_from(u64::from_be_bytes(*len)).ok()?;
    let (_, zeros) = rest.split_at_checked(len)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    padded.truncate(LENGTH + len);
    padded.drain(..LENGTH);
    Some(padded)
}

/// Keeps as many leading bits of a length as its exponent needs bits, and rounds up.
fn padme(len: u64) -> u64 {
    let exponent = len.ilog2();
    let kept = if exponent == 0 { 0 } else { exponent.ilog2() + 1 };
    let mask = (1u64 << exponent.saturating_sub(kept)) - 1;
    len.saturating_add(mask) & !mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padme_never_costs_more_than_twelve_percent() {
        for len in
            (1..70_000).chain((0..40).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]))
        {
            let len = std::cmp::max(len, FLOOR);
            let padded = Padding::Padme.target(len);
            assert!(padded >= len && (padded - len) * 100 <= len * 12, "{len} became {padded}");
        }
    }

    #[test]
    fn the_padded_sizes_never_change() {
        for (len, padded) in
            [(0, 1024), (1024, 1024), (1025, 1088), (9, 1024), (1_000_000, 1_015_808)]
        {
            assert_eq!(Padding::Padme.target(len), padded);
        }
        assert_eq!(Padding::Multiple(512).target(513), 1024);
    }

    #[test]
    fn unpad_gives_back_what_was_padded_and_refuses_the_rest() {
        let padded = Padding::Multiple(64).pad(b"content");
        assert_eq!(padded.len(), 64);
        let mut dirty = padded.clone();
        dirty[63] = 1;
        let cut = padded[..14].to_vec();
        assert_eq!(unpad(padded).as_deref(), Some(&b"content".to_vec()));
        for wrong in [dirty.to_vec(), cut, vec![0xff; 64], Vec::new()] {
            assert_eq!(unpad(Zeroizing::new(wrong)), None);
        }
    }
}
