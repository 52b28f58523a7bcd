//! What goes to standard output and standard error.

use std::io::{self, Write as _};

/// Whether what was written could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// Writes to standard output. A reader that went away, as `head` does, is no failure.
pub(crate) fn put(text: &str) -> io::Result<Reader> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        result => result.map(|()| Reader::There),
    }
}

/// Writes to standard error, if there is one.
pub(crate) fn eput(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
