//! Secrets in the lines that a patch adds, as git writes it without context.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read};

use super::SecretKind;
use super::stream::{Look, MOST_SUSPECTS, Seen};

/// More of a line at once is taken in parts.
const PART: u64 = 64 << 10;

/// What was seen in a file, at the line that it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenInFile {
    /// As git names it.
    pub path: String,
    /// What, and where.
    pub seen: Seen,
}

/// Looks through the lines that a patch of git adds (`--no-prefix -U0`). What it can't make out it
/// passes over.
///
/// # Errors
///
/// If it can't be read.
pub fn look_through_patch(patch: &mut dyn BufRead) -> io::Result<Vec<SeenInFile>> {
    let mut reader = Reader::default();
    let mut part = Vec::new();
    let mut begins = true;
    loop {
        part.clear();
        if Read::take(&mut *patch, PART).read_until(b'\n', &mut part)? == 0 {
            break;
        }
        reader.take(&part, begins);
        begins = part.ends_with(b"\n");
    }
    reader.end_hunk();
    Ok(reader.seen)
}

#[derive(Default)]
struct Reader {
    path: String,
    /// Those that were seen in this file.
    kinds: BTreeSet<SecretKind>,
    hunk: Option<Hunk>,
    seen: Vec<SeenInFile>,
}

/// The part of a file that is being read.
struct Hunk {
    look: Look,
    /// Lines that are still to come.
    removed: u64,
    added: u64,
    /// The line that is being read is one that is added.
    adds: bool,
}

impl Reader {
    fn take(&mut self, part: &[u8], begins: bool) {
        let ends = u64::from(part.ends_with(b"\n"));
        let Some(hunk) = self.hunk.as_mut().filter(|hunk| hunk.removed + hunk.added > 0) else {
            if begins {
                self.head(part);
            }
            return;
        };
        let text = match (begins, part.first()) {
            (true, Some(b'+')) => {
                hunk.adds = true;
                &part[1..]
            }
            (true, _) => {
                hunk.adds = false;
                part
            }
            (false, _) => part,
        };
        if hunk.adds {
            hunk.look.take(text);
            hunk.added = hunk.added.saturating_sub(ends);
        } else if !begins || part.first() == Some(&b'-') {
            hunk.removed = hunk.removed.saturating_sub(ends);
        }
    }

    fn head(&mut self, line: &[u8]) {
        if let Some(path) = line.strip_prefix(b"+++ ") {
            self.end_hunk();
            let path = String::from_utf8_lossy(path);
            self.path = path.trim_end().trim_matches('"').to_owned();
            self.kinds.clear();
        } else if line.starts_with(b"@@ ") {
            self.end_hunk();
            self.hunk = Hunk::that_begins(line);
        }
    }

    fn end_hunk(&mut self) {
        let Some(hunk) = self.hunk.take() else { return };
        for seen in hunk.look.end() {
            // However many one file has, it hides no other.
            if self.kinds.insert(seen.kind) || self.seen.len() < MOST_SUSPECTS {
                self.seen.push(SeenInFile { path: self.path.clone(), seen });
            }
        }
    }
}

impl Hunk {
    /// `@@ -3,0 +4,2 @@`: where two lines stand now that were not there; a count of 1 is left out.
    fn that_begins(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line.get(..line.len().min(80))?).ok()?;
        let mut places = line.split(' ').skip(1);
        let mut place = |sign| {
            let place = places.next()?.strip_prefix(sign)?;
            let (line, count) = place.split_once(',').unwrap_or((place, "1"));
            Some((line.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
        };
        let (_, removed) = place('-')?;
        let (line, added) = place('+')?;
        Some(Self { look: Look::new(line), removed, added, adds: false })
    }
}
