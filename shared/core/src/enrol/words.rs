//! The six words: 77 bits that people read from one screen and type at another.

use diceware_wordlists::EFF_LONG_WORDLIST;
use zeroize::Zeroizing;

use crate::profile::{Random, fresh};

const COUNT: usize = 6;

/// Random numbers below this give each of the 7776 words the same chance.
const FAIR: u16 = 7776 * 8;

/// Six words of the EFF's long list.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinWords(Zeroizing<[u16; COUNT]>);

impl std::fmt::Debug for JoinWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JoinWords(redacted)")
    }
}

/// Why a text is not the six words. The words themselves are never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinWordsError {
    /// There are too many or too few.
    #[error("the other device shows {COUNT} words, and {0} were given")]
    Count(usize),
    /// One is not on the list.
    #[error("word {0} is none that a device shows")]
    Word(usize),
}

impl JoinWordsError {
    /// Stable name for scripts and docs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Count(_) => "convosync::enrol::count",
            Self::Word(_) => "convosync::enrol::word",
        }
    }
}

impl JoinWords {
    /// Six words by chance.
    #[must_use]
    pub fn new(random: Random<'_>) -> Self {
        let mut words = Zeroizing::new([0; COUNT]);
        for word in words.iter_mut() {
            *word = loop {
                let number = u16::from_be_bytes(fresh(random));
                if number < FAIR {
                    break number % 7776;
                }
            };
        }
        Self(words)
    }

    /// The words, one space between them.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        // Room for all of it: a buffer that grows would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(COUNT * 10));
        for word in self.0.iter() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(EFF_LONG_WORDLIST[usize::from(*word)]);
        }
        text
    }

    /// Reads words as people type and paste them: in any case, on any number of lines, with commas
    /// or numbers. What a QR code holds is read too: what follows its `#`.
    ///
    /// # Errors
    ///
    /// [`JoinWordsError`] says which word is wrong, by its place.
    pub fn parse(text: &str) -> Result<Self, JoinWordsError> {
        let text = text.rsplit('#').next().unwrap_or_default();
        // Four words of the list have a hyphen.
        let given: Vec<Zeroizing<String>> = text
            .split(|c: char| !c.is_ascii_alphabetic() && c != '-')
            .filter(|word| word.contains(|c: char| c.is_ascii_alphabetic()))
            .map(|word| Zeroizing::new(word.to_ascii_lowercase()))
            .collect();
        if given.len() != COUNT {
            return Err(JoinWordsError::Count(given.len()));
        }
        let mut words = Zeroizing::new([0; COUNT]);
        for (at, word) in given.iter().enumerate() {
            let found = EFF_LONG_WORDLIST.iter().position(|known| *known == word.as_str());
            let found = found.and_then(|index| u16::try_from(index).ok());
            words[at] = found.ok_or(JoinWordsError::Word(at + 1))?;
        }
        Ok(Self(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> JoinWords {
        let mut next = 0_u8;
        JoinWords::new(&mut |bytes| {
            for byte in bytes {
                next = next.wrapping_mul(5).wrapping_add(17);
                *byte = next;
            }
        })
    }

    #[test]
    fn the_list_is_that_of_the_eff() {
        assert_eq!(EFF_LONG_WORDLIST.len(), 7776);
        assert_eq!((EFF_LONG_WORDLIST[0], EFF_LONG_WORDLIST[7775]), ("abacus", "zoom"));
    }

    #[test]
    fn words_are_read_as_people_write_them() {
        let text = words().text().to_string();
        assert_eq!(text.split(' ').count(), 6);
        let list: Vec<_> = text.split(' ').collect();
        for way in [
            text.clone(),
            text.to_uppercase(),
            list.join("\n  "),
            list.join(", "),
            list.iter().zip(1..).map(|(word, n)| format!("{n}. {word}\r\n")).collect(),
            format!("convosync-join:file:///a#{}", list.join("+")),
        ] {
            assert_eq!(JoinWords::parse(&way), Ok(words()), "{way}");
        }
        assert!(JoinWords::parse("yo-yo t-shirt felt-tip drop-down zoom abacus").is_ok());
    }

    #[test]
    fn a_wrong_word_is_told_by_its_place_and_never_repeated() {
        assert_eq!(JoinWords::parse(""), Err(JoinWordsError::Count(0)));
        let wrong = JoinWords::parse("zoom zoom xyzzy zoom zoom zoom");
        assert_eq!(wrong, Err(JoinWordsError::Word(3)));
        assert!(!wrong.unwrap_err().to_string().contains("xyzzy"));
        assert_eq!(format!("{:?}", words()), "JoinWords(redacted)");
    }

    #[test]
    fn numbers_that_would_favour_some_words_are_drawn_again() {
        let mut drawn = 0;
        let words = JoinWords::new(&mut |bytes| {
            drawn += 1;
            bytes.fill(if drawn % 2 == 1 { 0xff } else { 0 });
        });
        assert_eq!(
            (words.text().as_str(), drawn),
            ("abacus abacus abacus abacus abacus abacus", 12)
        );
    }
}
