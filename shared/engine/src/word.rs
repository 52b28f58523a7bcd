//! Words of commands that people are told to type.

use std::borrow::Cow;

/// The text as one word for a POSIX shell and for Nushell: a branch may be named `$(rm -rf ~)`.
///
/// Nushell has no escape inside single quotes; what holds one is cut there, so the command fails
/// instead of doing something else.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_./@+,=%:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let upto = text.split('\'').next().unwrap_or_default();
    Cow::Owned(format!("'{upto}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_whatever_it_holds() {
        for (name, want) in [
            ("feature/oauth", "feature/oauth"),
            ("fix-#1", "'fix-#1'"),
            ("$(touch${IFS}x)", "'$(touch${IFS}x)'"),
            ("a;b", "'a;b'"),
            ("it's;evil", "'it'"),
            ("", "''"),
        ] {
            assert_eq!(word(name), want);
        }
    }
}
