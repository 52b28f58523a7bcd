//! Two files of lines that went on from the same beginning, as one that has every line of both.
//!
//! The common lines, then what the losing file has on top, then what the winning one has: whoever
//! reads the result from its end finds the winning file. A line that both have on top, byte for
//! byte, is left out of the losing part.

use std::io::{self, BufWriter, Read, SeekFrom, Take, Write};
use std::ops::Range;

use super::canonical::{Canonical, Hashing};
use super::reader::{CHUNK, Lines, Piece, common, fill};
use crate::rules::{Rules, Scan, Summary};
use crate::segment::{Blocks, ReadSeek};

/// Lines on top of the common ones that are looked at; with more, the files stay two. It bounds
/// memory (32 bytes a line), and no conversation comes near.
const MAX_LINES: usize = 1 << 20;

/// A file in canonical form.
pub struct Side<'a> {
    /// Its bytes.
    pub file: &'a mut dyn ReadSeek,
    /// How many of them count.
    pub len: u64,
}

impl Side<'_> {
    pub(super) fn part(&mut self, range: Range<u64>) -> io::Result<Take<&mut dyn ReadSeek>> {
        self.file.seek(SeekFrom::Start(range.start))?;
        Ok(Read::take(&mut *self.file, range.end.saturating_sub(range.start)))
    }
}

/// What came out of [`join`].
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// One file was written.
    Whole(Canonical),
    /// Both have a node of the same id with different bytes, or too many lines to compare: they
    /// stay two files, and what was written is of no use.
    Apart,
}

/// What of a file another one lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Every line is there.
    Nothing,
    /// Lines that add nothing to the conversation.
    State,
    /// Lines that do, or too many to tell.
    Messages,
}

/// How many bytes the files begin with in common, whole lines of all of them.
///
/// # Errors
///
/// If one can't be read.
pub fn common_lines(one: &mut Side<'_>, other: &mut Side<'_>) -> io::Result<u64> {
    let (mut ours, mut theirs) = (one.part(0..one.len)?, other.part(0..other.len)?);
    let (mut here, mut there) = (Vec::new(), Vec::new());
    let (mut at, mut whole) = (0u64, 0u64);
    loop {
        fill(&mut ours, &mut here)?;
        fill(&mut theirs, &mut there)?;
        let same = common(&here, &there);
        if let Some(feed) = memchr::memrchr(b'\n', &here[..same]) {
            whole = at + feed as u64 + 1;
        }
        at += same as u64;
        if same == 0 || same < here.len().max(there.len()) {
            return Ok(whole);
        }
    }
}

/// When the newest node from byte `at` on was written, by what the lines say.
///
/// # Errors
///
/// If the file can't be read.
pub fn newest(rules: &dyn Rules, side: &mut Side<'_>, at: u64) -> io::Result<Option<String>> {
    let mut reader = side.part(at..side.len)?;
    let mut lines = Lines::new(&mut reader);
    let mut newest: Option<String> = None;
    while let Some(piece) = lines.next()? {
        let Piece::Line { line, .. } = piece else { continue };
        let time = rules.node(line).and_then(|node| node.time);
        if let Some(time) = time.filter(|time| newest.as_deref() < Some(time.as_ref())) {
            newest = Some(time.into_owned());
        }
    }
    Ok(newest)
}

/// Writes one file that has every line of both, in canonical form.
///
/// It begins with the lines that both begin with, and ends with all that the winning one has on
/// top of them. So it is the winning file where the losing one has nothing else, and joining it
/// again with either adds nothing but, perhaps, a line of state once more. Each line ends with a line feed, the last one too. Memory
/// does not depend on the files' size.
///
/// # Errors
///
/// If a file can't be read or written.
pub fn join(
    rules: &dyn Rules,
    losing: &mut Side<'_>,
    winning: &mut Side<'_>,
    writer: &mut dyn Write,
) -> io::Result<Joined> {
    let common = common_lines(losing, winning)?;
    let Some(index) = Index::of(rules, winning, common)? else { return Ok(Joined::Apart) };
    let Some(kept) = only_in(rules, losing, common, &index)? else { return Ok(Joined::Apart) };
    let mut out = Hashing { blocks: Blocks::new(), writer };
    let mut pen = Pen::new(rules, &mut out);
    pen.write(&mut winning.part(0..common)?)?;
    for range in kept {
        pen.write(&mut losing.part(range)?)?;
    }
    pen.write(&mut winning.part(common..winning.len)?)?;
    let summary = pen.finish()?;
    let (len, blocks) = out.blocks.finish();
    Ok(Joined::Whole(Canonical { len, blocks, summary }))
}

/// What `local` has and `incoming` has not, wherever the lines stand.
///
/// # Errors
///
/// If a file can't be read.
pub fn missing(
    rules: &dyn Rules,
    local: &mut Side<'_>,
    incoming: &mut Side<'_>,
) -> io::Result<Missing> {
    let common = common_lines(local, incoming)?;
    let Some(index) = Index::of(rules, incoming, common)? else { return Ok(Missing::Messages) };
    let mut missing = Missing::Nothing;
    each_line(local, common, &mut |line| {
        if missing != Missing::Messages && !index.has(&line.digest) {
            let adds = line.bytes.is_none_or(|bytes| rules.is_advance(bytes));
            missing = if adds { Missing::Messages } else { Missing::State };
        }
    })?;
    Ok(missing)
}

/// The parts of a file from `from` on that the index lacks, in order; `None`: a node is in both
/// with different bytes.
fn only_in(
    rules: &dyn Rules,
    side: &mut Side<'_>,
    from: u64,
    index: &Index,
) -> io::Result<Option<Vec<Range<u64>>>> {
    let mut kept: Vec<Range<u64>> = Vec::new();
    let mut differs = false;
    each_line(side, from, &mut |line| {
        if index.has(&line.digest) {
            return;
        }
        let node = line.bytes.and_then(|bytes| rules.node(bytes));
        differs |= node.is_some_and(|node| index.has_node(&node.id));
        match kept.last_mut().filter(|last| last.end == line.range.start) {
            Some(last) => last.end = line.range.end,
            None => kept.push(line.range),
        }
    })?;
    Ok((!differs).then_some(kept))
}

/// A line of a file.
pub(super) struct Whole<'a> {
    /// Where it stands, its line feed included.
    pub(super) range: Range<u64>,
    /// Of its bytes without the line feed.
    digest: Digest,
    /// Its bytes; none of a line that is too long to be looked into.
    pub(super) bytes: Option<&'a [u8]>,
}

type Digest = [u8; 16];

/// Hands each line from `from` on to `take`.
pub(super) fn each_line(
    side: &mut Side<'_>,
    from: u64,
    take: &mut dyn FnMut(Whole<'_>),
) -> io::Result<()> {
    let mut reader = side.part(from..side.len)?;
    let mut lines = Lines::new(&mut reader);
    let (mut start, mut at) = (from, from);
    let mut long = blake3::Hasher::new();
    while let Some(piece) = lines.next()? {
        match piece {
            Piece::Line { line, ended } => {
                at += line.len() as u64 + u64::from(ended);
                take(Whole { range: start..at, digest: digest(line), bytes: Some(line) });
                start = at;
            }
            Piece::Part { bytes, last } => {
                at += bytes.len() as u64;
                long.update(bytes.strip_suffix(b"\n").unwrap_or(bytes));
                if last {
                    let digest = shortened(&long.finalize());
                    long.reset();
                    take(Whole { range: start..at, digest, bytes: None });
                    start = at;
                }
            }
        }
    }
    Ok(())
}

fn digest(line: &[u8]) -> Digest {
    shortened(&blake3::hash(line))
}

fn shortened(hash: &blake3::Hash) -> Digest {
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

/// The lines of a file from some byte on, by digests.
struct Index {
    lines: Vec<Digest>,
    nodes: Vec<Digest>,
}

impl Index {
    /// `None`: there are too many.
    fn of(rules: &dyn Rules, side: &mut Side<'_>, from: u64) -> io::Result<Option<Self>> {
        let mut index = Self { lines: Vec::new(), nodes: Vec::new() };
        let mut too_many = false;
        each_line(side, from, &mut |line| {
            too_many |= index.lines.len() >= MAX_LINES;
            if too_many {
                return;
            }
            index.lines.push(line.digest);
            let node = line.bytes.and_then(|bytes| rules.node(bytes));
            index.nodes.extend(node.map(|node| digest(node.id.as_bytes())));
        })?;
        index.lines.sort_unstable();
        index.nodes.sort_unstable();
        Ok((!too_many).then_some(index))
    }

    fn has(&self, line: &Digest) -> bool {
        self.lines.binary_search(line).is_ok()
    }

    fn has_node(&self, id: &str) -> bool {
        self.nodes.binary_search(&digest(id.as_bytes())).is_ok()
    }
}

/// Writes lines, and reads what they tell on the way.
pub(super) struct Pen<W: Write> {
    to: W,
    scan: Box<dyn Scan>,
    /// Lines that were too long to be looked into.
    long: u64,
}

impl<W: Write> Pen<BufWriter<W>> {
    pub(super) fn new(rules: &dyn Rules, to: W) -> Self {
        Self { to: BufWriter::with_capacity(CHUNK, to), scan: rules.scan(), long: 0 }
    }
}

impl<W: Write> Pen<W> {
    /// Writes all of a stream; its last line is ended if it was not.
    pub(super) fn write(&mut self, from: &mut dyn Read) -> io::Result<()> {
        let mut lines = Lines::new(from);
        while let Some(piece) = lines.next()? {
            let ended = match piece {
                Piece::Line { line, .. } => {
                    self.scan.line(line);
                    self.to.write_all(line)?;
                    false
                }
                Piece::Part { bytes, last } => {
                    self.to.write_all(bytes)?;
                    self.long += u64::from(last);
                    !last || bytes.ends_with(b"\n")
                }
            };
            if !ended {
                self.to.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Summary> {
        self.to.flush()?;
        let mut summary = self.scan.summary();
        summary.unreadable_lines += self.long;
        Ok(summary)
    }
}
