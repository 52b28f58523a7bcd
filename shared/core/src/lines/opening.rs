//! Where a transcript begins: later than what was saved, if its beginning was archived.

use std::io::{self, SeekFrom, Write};

use super::canonical::{Canonical, Hashing};
use super::reader::{CHUNK, Lines, Piece};
use super::union::{Pen, Side, each_line};
use crate::manifest::Archived;
use crate::rules::{Opening, Rules};
use crate::segment::Blocks;

/// Where a restored transcript is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the last compaction; without one, with the prompt that leaves about so many messages.
    Compaction {
        /// So many.
        or_newest: u64,
    },
    /// With this message, counted from 1; if that is an answer, with the prompt before it.
    Message(u64),
}

/// What a transcript that begins there leaves in the store; `None`: nothing.
///
/// # Errors
///
/// If the file can't be read.
pub fn opening(
    rules: &dyn Rules,
    side: &mut Side<'_>,
    begin: Begin,
) -> io::Result<Option<Archived>> {
    let wanted = match begin {
        Begin::Message(number) => number,
        Begin::Compaction { or_newest } => {
            let found = last_opening(rules, side, Opening::Compaction, u64::MAX)?;
            match found {
                Some(found) => return Ok(Some(found)),
                None => messages(rules, side)?.saturating_sub(or_newest).saturating_add(1),
            }
        }
    };
    last_opening(rules, side, Opening::Prompt, wanted)
}

/// The last line of a kind that begins message `up_to` or an earlier one.
fn last_opening(
    rules: &dyn Rules,
    side: &mut Side<'_>,
    kind: Opening,
    up_to: u64,
) -> io::Result<Option<Archived>> {
    let mut scan = rules.scan();
    let mut found = None;
    each_line(side, 0, &mut |line| {
        let Some(bytes) = line.bytes else { return };
        let before = scan.messages();
        if before < up_to && rules.opening(bytes) == Some(kind) {
            found = Some(Archived { bytes: line.range.start, messages: before });
        }
        scan.line(bytes);
    })?;
    // Lines before all that was said are none of it.
    Ok(found.filter(|archived| archived.messages > 0))
}

fn messages(rules: &dyn Rules, side: &mut Side<'_>) -> io::Result<u64> {
    let mut scan = rules.scan();
    each_line(side, 0, &mut |line| line.bytes.into_iter().for_each(|bytes| scan.line(bytes)))?;
    Ok(scan.messages())
}

/// The byte at which `whole` has the line that `part` begins with. `None`: it has none, or that line
/// is no node, so that it may be there more than once.
///
/// # Errors
///
/// If a file can't be read.
pub fn begins_in(
    rules: &dyn Rules,
    whole: &mut Side<'_>,
    part: &mut Side<'_>,
) -> io::Result<Option<u64>> {
    let Some(first) = line_at(part, 0)?.filter(|line| rules.node(line).is_some()) else {
        return Ok(None);
    };
    let mut at = None;
    each_line(whole, 0, &mut |line| {
        if at.is_none() && line.bytes == Some(first.as_slice()) {
            at = Some(line.range.start);
        }
    })?;
    Ok(at)
}

/// Whether a transcript can begin at this byte.
///
/// # Errors
///
/// If the file can't be read.
pub fn can_begin_at(rules: &dyn Rules, side: &mut Side<'_>, at: u64) -> io::Result<bool> {
    if at >= side.len {
        return Ok(false);
    }
    if let Some(before) = at.checked_sub(1) {
        side.file.seek(SeekFrom::Start(before))?;
        let mut byte = [0];
        side.file.read_exact(&mut byte)?;
        if byte != *b"\n" {
            return Ok(false);
        }
    }
    let line = line_at(side, at)?;
    Ok(line.is_some_and(|line| rules.opening(&line).is_some()))
}

/// Writes `whole` up to byte `at`, then all of `part`: what was archived, with what went on from it.
///
/// # Errors
///
/// If a file can't be read or written.
pub fn put_before(
    rules: &dyn Rules,
    whole: &mut Side<'_>,
    at: u64,
    part: &mut Side<'_>,
    writer: &mut dyn Write,
) -> io::Result<Canonical> {
    let mut out = Hashing { blocks: Blocks::new(), writer };
    let mut pen = Pen::new(rules, &mut out);
    pen.write(&mut whole.part(0..at)?)?;
    pen.write(&mut part.part(0..part.len)?)?;
    let summary = pen.finish()?;
    let (len, blocks) = out.blocks.finish();
    Ok(Canonical { len, blocks, summary })
}

/// The line from a byte on, without its line feed; `None` at the end, and of a line that is too long
/// to be looked into.
fn line_at(side: &mut Side<'_>, at: u64) -> io::Result<Option<Vec<u8>>> {
    let mut reader = side.part(at..side.len)?;
    let mut lines = Lines::new(&mut reader);
    Ok(match lines.next()? {
        Some(Piece::Line { line, .. }) => Some(line.to_vec()),
        _ => None,
    })
}

/// A copy of `side` from byte `at` on.
///
/// # Errors
///
/// If a file can't be read or written.
pub fn copy_from(side: &mut Side<'_>, at: u64, writer: &mut dyn Write) -> io::Result<u64> {
    let mut rest = io::BufReader::with_capacity(CHUNK, side.part(at..side.len)?);
    io::copy(&mut rest, writer)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::claude::ClaudeCode;

    fn prompt(id: u32) -> String {
        format!(
            "{{\"type\":\"user\",\"uuid\":\"p{id}\",\"message\":{{\"content\":\"say {id}\"}}}}\n"
        )
    }

    fn answer(id: u32) -> String {
        format!("{{\"type\":\"assistant\",\"uuid\":\"a{id}\",\"message\":{{\"id\":\"m{id}\"}}}}\n")
    }

    const STATE: &str = "{\"type\":\"mode\",\"mode\":\"plan\"}\n";
    const COMPACTED: &str =
        "{\"type\":\"system\",\"subtype\":\"compact_boundary\",\"uuid\":\"c\"}\n";

    /// Four turns with state between them.
    fn text() -> String {
        (1..=4).map(|id| prompt(id) + STATE + &answer(id)).collect()
    }

    fn at(text: &str, begin: Begin) -> Option<(String, u64)> {
        let mut file = Cursor::new(text.as_bytes().to_vec());
        let mut side = Side { len: text.len() as u64, file: &mut file };
        let archived = opening(&ClaudeCode, &mut side, begin).expect("memory is read")?;
        assert!(can_begin_at(&ClaudeCode, &mut side, archived.bytes).expect("memory is read"));
        Some((text[archived.bytes as usize..].to_owned(), archived.messages))
    }

    #[test]
    fn it_begins_with_the_message_or_the_prompt_before_it() {
        let text = text();
        let turn = |id: u32| prompt(id) + STATE + &answer(id);
        for number in [5, 6] {
            let rest = turn(3) + &turn(4);
            assert_eq!(at(&text, Begin::Message(number)), Some((rest, 4)), "{number}");
        }
        assert_eq!(at(&text, Begin::Message(u64::MAX)), Some((turn(4), 6)));
        for number in [0, 1, 2] {
            assert_eq!(at(&text, Begin::Message(number)), None, "{number} leaves nothing out");
        }
        let newest = Begin::Compaction { or_newest: 3 };
        assert_eq!(at(&text, newest), Some((turn(3) + &turn(4), 4)));
        assert_eq!(at(&text, Begin::Compaction { or_newest: 100 }), None);
        let compacted = text.clone() + COMPACTED + &turn(5) + COMPACTED + &turn(6);
        assert_eq!(at(&compacted, newest), Some((COMPACTED.to_owned() + &turn(6), 10)));
    }

    #[test]
    fn what_was_archived_is_found_again_and_put_before() {
        let text = text();
        let (short, _) = at(&text, Begin::Message(5)).expect("something is archived");
        let part = short + &prompt(9);
        let (mut whole, mut part_file) =
            (Cursor::new(text.clone().into_bytes()), Cursor::new(part.clone().into_bytes()));
        let mut whole = Side { len: text.len() as u64, file: &mut whole };
        let mut side = Side { len: part.len() as u64, file: &mut part_file };
        let at = begins_in(&ClaudeCode, &mut whole, &mut side).expect("memory is read");
        let at = at.expect("its first line is there");
        let mut out = Vec::new();
        let joined = put_before(&ClaudeCode, &mut whole, at, &mut side, &mut out);
        let joined = joined.expect("memory is read");
        assert_eq!(String::from_utf8(out).expect("text"), text + &prompt(9));
        assert_eq!(joined.summary.messages, 9);
    }

    #[test]
    fn a_beginning_that_may_be_anywhere_is_none() {
        let text = text();
        for part in [STATE, "", "no JSON\n", &prompt(7)] {
            let mut whole = Cursor::new(text.clone().into_bytes());
            let mut file = Cursor::new(part.as_bytes().to_vec());
            let mut whole = Side { len: text.len() as u64, file: &mut whole };
            let mut side = Side { len: part.len() as u64, file: &mut file };
            let at = begins_in(&ClaudeCode, &mut whole, &mut side).expect("memory is read");
            assert_eq!(at, None, "{part}");
        }
    }

    #[test]
    fn a_transcript_does_not_begin_with_state_or_in_a_line() {
        let text = text();
        let mut file = Cursor::new(text.clone().into_bytes());
        let mut side = Side { len: text.len() as u64, file: &mut file };
        let good: Vec<u64> = (0..=text.len() as u64 + 1)
            .filter(|at| can_begin_at(&ClaudeCode, &mut side, *at).expect("memory is read"))
            .collect();
        assert_eq!(good.len(), 4);
    }
}
