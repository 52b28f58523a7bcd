//! Cuts a stream into lines with bounded memory.

use std::io::{self, Read};

use super::MAX_LINE;

/// Bytes read at once.
pub(super) const CHUNK: usize = 256 << 10;

/// Reads a chunk; fewer bytes only at the end. `read_to_end` feels its way up from a few kB each time.
pub(super) fn fill(from: &mut dyn Read, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.resize(CHUNK, 0);
    let mut read = 0;
    while read < CHUNK {
        match from.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(some) => read += some,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(read);
    Ok(())
}

/// How many bytes are the same in both, from the start.
pub(super) fn common(a: &[u8], b: &[u8]) -> usize {
    let shorter = a.len().min(b.len());
    if a[..shorter] == b[..shorter] {
        return shorter;
    }
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// A piece of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A line without its line feed; `ended`: it had one.
    Line { line: &'a [u8], ended: bool },
    /// A part, line feed included, of a line that is too long to be looked into.
    Part { bytes: &'a [u8], last: bool },
}

/// Reads lines of any length.
pub(crate) struct Lines<'a> {
    from: &'a mut dyn Read,
    buffer: Vec<u8>,
    /// What was read and not handed out yet is `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Bytes from `start` on that are known to hold no line feed.
    searched: usize,
    at_end: bool,
    /// Whether a part of the present line was handed out already.
    too_long: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(from: &'a mut dyn Read) -> Self {
        Self {
            from,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            searched: 0,
            at_end: false,
            too_long: false,
        }
    }

    /// The next piece, `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        loop {
            let rest = &self.buffer[self.start..self.end];
            if let Some(feed) = memchr::memchr(b'\n', &rest[self.searched..]) {
                return Ok(Some(self.line(self.searched + feed, true)));
            }
            self.searched = rest.len();
            if self.at_end {
                let left = self.searched > 0 || self.too_long;
                return Ok(left.then(|| self.line(self.searched, false)));
            }
            if self.searched > MAX_LINE || (self.too_long && self.searched > 0) {
                self.too_long = true;
                return Ok(Some(Piece::Part { bytes: self.take(self.searched), last: false }));
            }
            self.fill()?;
        }
    }

    /// The rest of a line: `len` bytes up to a line feed or the end of the stream.
    fn line(&mut self, len: usize, ended: bool) -> Piece<'_> {
        let with_feed = len + usize::from(ended);
        if std::mem::take(&mut self.too_long) || len > MAX_LINE {
            return Piece::Part { bytes: self.take(with_feed), last: true };
        }
        Piece::Line { line: &self.take(with_feed)[..len], ended }
    }

    fn take(&mut self, len: usize) -> &[u8] {
        let start = self.start;
        self.start += len;
        self.searched = 0;
        &self.buffer[start..self.start]
    }

    /// Reads more, for which it makes room first.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end * 2, 0);
        }
        let read = loop {
            match self.from.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += read;
        self.at_end = read == 0;
        Ok(())
    }
}
