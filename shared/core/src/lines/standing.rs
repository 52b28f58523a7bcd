//! How a local file of lines stands to one that comes in.

use std::io::{self, Read};

use super::MAX_LINE;
use super::reader::{Lines, Piece, common, fill};
use crate::rules::Rules;

/// How a local file stands to an incoming one, both in canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Byte for byte the same.
    Same,
    /// The local file is the beginning of the incoming one: nothing is lost by taking that.
    LocalBehind,
    /// The incoming file is the beginning of the local one.
    LocalAhead {
        /// Whether a local line that the incoming file lacks adds to the conversation.
        advance: bool,
    },
    /// From some byte on they differ.
    Diverged {
        /// Whether a local line from there on adds to the conversation.
        advance: bool,
    },
}

/// Compares two files of lines in canonical form, in one pass and with bounded memory.
///
/// Lines too long to be looked into count as adding to the conversation: better asked than lost.
///
/// # Errors
///
/// If one can't be read.
pub fn compare(
    rules: &dyn Rules,
    local: &mut dyn Read,
    incoming: &mut dyn Read,
) -> io::Result<Standing> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // The local line that the comparison stands in.
    let mut line = Vec::new();
    loop {
        fill(local, &mut ours)?;
        fill(incoming, &mut theirs)?;
        let same = common(&ours, &theirs);
        remember(&mut line, &ours[..same]);
        if same < ours.len().max(theirs.len()) {
            let ahead = same == theirs.len();
            if same == ours.len() {
                return Ok(Standing::LocalBehind);
            }
            let mut tail = &ours[same..];
            if ahead && tail.first() == Some(&b'\n') {
                // The other file has this line too, only not its line feed.
                line.clear();
                tail = &tail[1..];
            }
            let advance = advances(rules, &mut line.as_slice().chain(tail).chain(local))?;
            return Ok(match ahead {
                true => Standing::LocalAhead { advance },
                false => Standing::Diverged { advance },
            });
        }
        if ours.is_empty() {
            return Ok(Standing::Same);
        }
    }
}

/// Whether a line of these adds to the conversation.
fn advances(rules: &dyn Rules, tail: &mut dyn Read) -> io::Result<bool> {
    let mut lines = Lines::new(tail);
    while let Some(piece) = lines.next()? {
        match piece {
            Piece::Line { line, .. } if !rules.is_advance(line) => {}
            _ => return Ok(true),
        }
    }
    Ok(false)
}

/// Keeps what follows the last line feed. Of a line that is too long to be looked into only so
/// much is kept that it is still too long.
fn remember(line: &mut Vec<u8>, bytes: &[u8]) {
    match memchr::memrchr(b'\n', bytes) {
        Some(feed) => {
            line.clear();
            line.extend_from_slice(&bytes[feed + 1..]);
        }
        None if line.len() <= MAX_LINE => line.extend_from_slice(bytes),
        None => {}
    }
}
