//! Cuts a stream into lines with bounded memory.

use std::io::{self, Read};

use super::MAX_LINE;

/// Bytes read at once.
pub(super) const CHUNK: usize = 256 << 10;

/// A piece of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A line without its line feed; `ended`: it had one.
    Line { line: &'a [u8], ended: bool },
    /// A part, line feed included, of a line that is too long to be looked into.
    Part { bytes: &'a [u8], last: bool },
}

/// Reads lines of any length.
pub(super) struct Lines<'a> {
    from: &'a mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    /// Bytes from `start` on that are known to hold no line feed.
    searched: usize,
    at_end: bool,
    too_long: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(from: &'a mut dyn Read) -> Self {
        Self { from, buffer: Vec::new(), start: 0, searched: 0, at_end: false, too_long: false }
    }

    /// The next piece, `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        loop {
            let rest = &self.buffer[self.start..];
            if let Some(feed) = memchr::memchr(b'\n', &rest[self.searched..]) {
                let end = self.searched + feed;
                return Ok(Some(self.take(end, true)));
            }
            self.searched = rest.len();
            if self.too_long && self.searched > 0 && !self.at_end || self.searched > MAX_LINE {
                self.too_long = true;
                return Ok(Some(self.part(self.searched, false)));
            }
            if self.at_end {
                return Ok(
                    (self.searched > 0 || self.too_long).then(|| self.take(self.searched, false))
                );
            }
            self.fill()?;
        }
    }

    /// Hands out `len` bytes up to a line feed or the end of the stream.
    fn take(&mut self, len: usize, ended: bool) -> Piece<'_> {
        if self.too_long || len > MAX_LINE {
            self.too_long = false;
            return self.part(len + usize::from(ended), true);
        }
        let start = self.start;
        self.start += len + usize::from(ended);
        self.searched = 0;
        Piece::Line { line: &self.buffer[start..start + len], ended }
    }

    fn part(&mut self, len: usize, last: bool) -> Piece<'_> {
        let start = self.start;
        self.start += len;
        self.searched = 0;
        Piece::Part { bytes: &self.buffer[start..start + len], last }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let old = self.buffer.len();
        self.buffer.resize(old + CHUNK, 0);
        let read = loop {
            match self.from.read(&mut self.buffer[old..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.buffer.truncate(old + *read.as_ref().unwrap_or(&0));
        self.at_end = read? == 0;
        Ok(())
    }
}
