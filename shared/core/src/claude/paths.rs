//! Directories in checkpoint and relocation lines: native outside, tokens in the store.

use std::borrow::Cow;

use crate::rules::Roots;

pub(super) fn canonical<'a>(line: &'a [u8], _roots: &Roots) -> Cow<'a, [u8]> {
    Cow::Borrowed(line)
}

pub(super) fn expand<'a>(line: &'a [u8], _roots: &Roots) -> Cow<'a, [u8]> {
    Cow::Borrowed(line)
}
