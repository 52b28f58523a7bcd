//! The stored form of a file of lines, and back.

use std::borrow::Cow;
use std::io::{self, BufWriter, Read, Write};

use super::MAX_LINE;
use super::reader::{CHUNK, Lines, Piece};
use crate::rules::{Roots, Rules, Scan, Summary};
use crate::segment::Blocks;

/// What came out of [`canonicalise`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// Canonical bytes written.
    pub len: u64,
    /// BLAKE3 of each MiB of them, as in [`FileState::blocks`](crate::FileState::blocks).
    pub blocks: Vec<[u8; 32]>,
    /// What the file tells.
    pub summary: Summary,
}

/// Writes the stored form of the first `len` bytes of `reader`.
///
/// Lines over 16 MiB pass as they are and count as unreadable. Memory does not depend on the
/// file's size.
///
/// # Errors
///
/// If it can't be read or written, or ends before `len` bytes.
pub fn canonicalise(
    rules: &dyn Rules,
    roots: &Roots,
    reader: &mut dyn Read,
    len: u64,
    writer: &mut dyn Write,
) -> io::Result<Canonical> {
    let mut limited = reader.take(len);
    let mut out = Hashing { blocks: Blocks::new(), writer };
    let summary = pass(rules, &mut limited, &mut out, &|line, scan| {
        scan.line(line);
        // What `expand` would not look into again must not be changed here.
        Some(rules.canonical_line(line, roots)).filter(|line| line.len() <= MAX_LINE)
    })?;
    if limited.limit() > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let (len, blocks) = out.blocks.finish();
    Ok(Canonical { len, blocks, summary })
}

/// Writes the local form of stored bytes.
///
/// The summary speaks of local forms: its `relocated` is a directory of this device if the last
/// line that names one could be expanded.
///
/// # Errors
///
/// If it can't be read or written.
pub fn expand(
    rules: &dyn Rules,
    roots: &Roots,
    reader: &mut dyn Read,
    writer: &mut dyn Write,
) -> io::Result<Summary> {
    pass(rules, reader, writer, &|line, scan| {
        let local = rules.expand_line(line, roots);
        scan.line(&local);
        Some(local)
    })
}

/// What becomes of a line; `None`: it stays as it is.
type Change<'a> = &'a dyn for<'l> Fn(&'l [u8], &mut dyn Scan) -> Option<Cow<'l, [u8]>>;

fn pass(
    rules: &dyn Rules,
    reader: &mut dyn Read,
    writer: &mut dyn Write,
    change: Change<'_>,
) -> io::Result<Summary> {
    let mut lines = Lines::new(reader);
    let mut writer = BufWriter::with_capacity(CHUNK, writer);
    let mut scan = rules.scan();
    let mut too_long = 0;
    while let Some(piece) = lines.next()? {
        match piece {
            Piece::Line { line, ended } => {
                let changed = change(line, scan.as_mut());
                writer.write_all(changed.as_deref().unwrap_or(line))?;
                if ended {
                    writer.write_all(b"\n")?;
                }
            }
            Piece::Part { bytes, last } => {
                writer.write_all(bytes)?;
                too_long += u64::from(last);
            }
        }
    }
    writer.flush()?;
    let mut summary = scan.summary();
    summary.unreadable_lines += too_long;
    Ok(summary)
}

/// Hashes what passes.
pub(super) struct Hashing<'a> {
    pub(super) blocks: Blocks,
    pub(super) writer: &'a mut dyn Write,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.blocks.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
