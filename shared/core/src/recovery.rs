//! The recovery key: 24 words that open the account when every device is lost.

use bip39::{Language, Mnemonic};
use zeroize::Zeroizing;

use crate::profile::{Random, SecretBytes};

/// 32 secret bytes that people keep as 24 words of the English BIP 39 list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryKey(SecretBytes);

/// Why words are no recovery key. The words themselves are never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// There are too many or too few.
    #[error("the recovery key has 24 words, and {0} were given")]
    Count(usize),
    /// One is not on the list.
    #[error("word {0} is not one of the words of recovery keys")]
    Word(usize),
    /// All are on the list, and do not belong together.
    #[error("the words do not fit together: one of them is another word, or two are swapped")]
    Checksum,
}

impl RecoveryError {
    /// Stable name for scripts and docs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Count(_) => "convosync::recovery::count",
            Self::Word(_) => "convosync::recovery::word",
            Self::Checksum => "convosync::recovery::checksum",
        }
    }
}

impl RecoveryKey {
    /// Makes a key.
    #[must_use]
    pub fn new(random: Random<'_>) -> Self {
        Self(SecretBytes::random(random))
    }

    /// The 24 words, one space between them.
    #[must_use]
    pub fn words(&self) -> Zeroizing<String> {
        let mnemonic = Mnemonic::from_entropy(&*self.0.0).expect("32 bytes make 24 words");
        let mut words = Zeroizing::new(String::with_capacity(24 * 9));
        for word in mnemonic.words() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        words
    }

    /// Reads words as people type and paste them: in any case, on any number of lines, with
    /// commas, with numbers before them.
    ///
    /// # Errors
    ///
    /// [`RecoveryError`] says which word is wrong, by its place.
    pub fn parse(text: &str) -> Result<Self, RecoveryError> {
        let words: Vec<Zeroizing<String>> = text
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !word.is_empty())
            .map(|word| Zeroizing::new(word.to_lowercase()))
            .collect();
        if words.len() != 24 {
            return Err(RecoveryError::Count(words.len()));
        }
        let unknown = |word: &Zeroizing<String>| Language::English.find_word(word).is_none();
        if let Some(wrong) = words.iter().position(unknown) {
            return Err(RecoveryError::Word(wrong + 1));
        }
        let mut phrase = Zeroizing::new(String::with_capacity(text.len() + words.len()));
        for word in &words {
            phrase.push_str(word);
            phrase.push(' ');
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, phrase.trim_end())
            .map_err(|_| RecoveryError::Checksum)?;
        let entropy = Zeroizing::new(mnemonic.to_entropy_array().0);
        let mut secret = Zeroizing::new([0; 32]);
        secret.copy_from_slice(&entropy[..32]);
        Ok(Self(SecretBytes(secret)))
    }

    pub(crate) fn secret(&self) -> &SecretBytes {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The BIP 39 reference vector for 32 bytes of 0x7f.
    const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank year \
                         wave sausage worth useful legal winner thank year wave sausage worth title";

    fn key() -> RecoveryKey {
        RecoveryKey::new(&mut |bytes| bytes.fill(0x7f))
    }

    #[test]
    fn the_words_are_those_of_bip_39() {
        assert_eq!(key().words().as_str(), WORDS);
        assert_eq!(RecoveryKey::parse(WORDS), Ok(key()));
    }

    #[test]
    fn words_are_read_as_people_write_them() {
        let words: Vec<_> = WORDS.split(' ').collect();
        let numbered = |between: &str| {
            let lines = words.iter().zip(1..).map(|(word, n)| format!("{n}{between}{word}"));
            lines.collect::<Vec<_>>().join("\r\n")
        };
        let ways = [
            WORDS.to_uppercase(),
            format!("\n  {}\t\n", words.join("  \n ")),
            words.join(", "),
            words.join("-"),
            numbered(". "),
            numbered(")"),
            numbered("\t"),
        ];
        for way in ways {
            assert_eq!(RecoveryKey::parse(&way), Ok(key()), "{way}");
        }
    }

    #[track_caller]
    fn refused(words: &str, want: RecoveryError) {
        assert_eq!(RecoveryKey::parse(words), Err(want));
    }

    #[test]
    fn the_wrong_word_is_told_by_its_place() {
        refused("", RecoveryError::Count(0));
        refused(&WORDS.replace(" title", ""), RecoveryError::Count(23));
        refused(&format!("{WORDS} title"), RecoveryError::Count(25));
        refused(&WORDS.replacen("thank", "thanks", 1), RecoveryError::Word(3));
        refused(&WORDS.replace("title", "ti\u{301}tle"), RecoveryError::Count(25));
        refused(&WORDS.replacen("legal winner", "winner legal", 1), RecoveryError::Checksum);
        refused(&WORDS.replace("title", "useful"), RecoveryError::Checksum);
    }
}
