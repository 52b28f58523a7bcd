//! What the two ends of a transcript tell, however long it is: a list must not read 100 MB.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use convosync_core::{Rules, Summary};
use serde::Deserialize;

/// The start holds the first prompt and directory; state lines follow it closely.
const HEAD: u64 = 64 * 1024;
/// Where nothing was said in the head yet (a prompt may come with much context).
const LONG_HEAD: u64 = 256 * 1024;
/// The client repeats title and directory near the end.
const TAIL: u64 = 64 * 1024;
/// A tail without one whole line is taken larger, up to this.
const LONG_TAIL: u64 = 4 * 1024 * 1024;

/// What was found at the ends of a transcript.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// The rules' own reading of both ends.
    pub(crate) summary: Summary,
    /// The directory of the last line that has one.
    pub(crate) last_directory: Option<String>,
    /// The plan that the last line with one names.
    pub(crate) plan: Option<String>,
}

/// What of a line is looked at here. Other fields are passed over without being kept.
#[derive(Deserialize)]
struct Line {
    cwd: Option<String>,
    slug: Option<String>,
}

impl Ends {
    /// Reads the ends of the first `len` bytes, which are whole lines.
    pub(crate) fn read(file: &mut File, len: u64, rules: &dyn Rules) -> io::Result<Self> {
        let short = Self::read_with(file, len, rules, HEAD)?;
        if short.summary.title.is_some() || len <= HEAD + TAIL {
            return Ok(short);
        }
        Self::read_with(file, len, rules, LONG_HEAD)
    }

    fn read_with(file: &mut File, len: u64, rules: &dyn Rules, head: u64) -> io::Result<Self> {
        let mut ends = Self::default();
        let mut scan = rules.scan();
        let mut take = |line: &[u8]| {
            scan.line(line);
            ends.take(line);
        };
        if len <= head + TAIL {
            whole_lines(&range(file, 0, len)?).for_each(&mut take);
        } else {
            whole_lines(&range(file, 0, head)?).for_each(&mut take);
            whole_lines(&tail(file, len, len - head)?).for_each(&mut take);
        }
        ends.summary = scan.summary();
        Ok(ends)
    }

    fn take(&mut self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { return };
        if let Some(directory) = line.cwd {
            self.last_directory = Some(directory);
        }
        if line.slug.is_some() {
            self.plan = line.slug;
        }
    }
}

/// Bytes of a file up to its last line feed.
pub(crate) fn whole_len(file: &mut File, len: u64) -> io::Result<u64> {
    let mut end = len;
    while end > 0 {
        let start = end.saturating_sub(TAIL);
        let block = range(file, start, end - start)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The end of `len` bytes, from the start of a line on; of at most `limit` bytes.
fn tail(file: &mut File, len: u64, limit: u64) -> io::Result<Vec<u8>> {
    let mut size = TAIL;
    loop {
        let size_now = size.min(limit);
        let mut block = range(file, len - size_now, size_now)?;
        let cut = block.iter().position(|byte| *byte == b'\n').map_or(block.len(), |at| at + 1);
        if cut < block.len() || size_now == limit || size >= LONG_TAIL {
            return Ok(block.split_off(cut));
        }
        size *= 4;
    }
}

fn range(file: &mut File, start: u64, len: u64) -> io::Result<Vec<u8>> {
    // Never more than a long tail, whatever the file says of its size.
    let mut block = Vec::with_capacity(len.min(LONG_TAIL) as usize);
    file.seek(SeekFrom::Start(start))?;
    file.take(len).read_to_end(&mut block)?;
    Ok(block)
}

/// The lines that end within `block`, without their line feeds.
fn whole_lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    block.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"))
}
