//! What a transcript tells when read from its first line.

use crate::rules::{Scan, Summary};

/// A reading that is under way.
#[derive(Debug, Default)]
pub(super) struct Reading {
    summary: Summary,
}

impl Scan for Reading {
    fn line(&mut self, line: &[u8]) {
        self.summary.unreadable_lines += u64::from(super::line::parse(line).is_none());
    }

    fn summary(&self) -> Summary {
        self.summary.clone()
    }
}
