//! The files of conversations before others were put in their place, and how they come back.

use std::collections::BTreeMap;
use std::io::{Read, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use convosync_core::{
    ConversationBefore, ConversationId, FileBefore, FilePath, PlacedFile, UndoRecord,
};

use super::journal::Entry;
use crate::capture::{TRANSCRIPT, scratch_error};
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Assistant, Here, Placement, ScratchFile, SourceFile};
use crate::trouble::{Refusal, Trouble};

/// Bytes of one piece of a file that is kept.
const PIECE: usize = 1 << 20;

/// Bytes of a file of more than a piece that a record holds itself, when what comes begins with all the
/// others: a line or two that say where the conversation was, or when the client ended. A small file is
/// kept whole instead: then it comes back whatever happens to the one that is there.
const REST: u64 = 4 << 10;

/// A file that is about to be put in place.
pub(crate) type Coming = (FilePath, Box<dyn ScratchFile>);

/// Which conversation, and for which directory.
#[derive(Clone, Copy)]
pub(crate) struct Talk<'a> {
    pub(crate) assistant: &'a dyn Assistant,
    pub(crate) id: &'a ConversationId,
    pub(crate) directory: &'a Path,
}

/// Where what is kept goes.
pub(crate) struct Keeping<'a> {
    pub(crate) member: &'a Member,
    pub(crate) root: &'a Path,
    pub(crate) env: &'a BTreeMap<String, String>,
}

/// A file as it was read, and the digest of its bytes.
type Held = (Box<dyn ScratchFile>, [u8; 32]);

/// The files of a conversation as they were.
pub(crate) struct AsBefore {
    absent: Vec<FilePath>,
    coming: Vec<Coming>,
    modified_ms: Option<i64>,
}

impl AsBefore {
    /// Puts them back.
    pub(crate) fn place(self, talk: Talk<'_>) -> Result<(), Trouble> {
        let Talk { assistant, id, directory } = talk;
        assistant.remove(id, directory, &self.absent)?;
        if !self.coming.is_empty() {
            let to = Placement { id, directory, modified_ms: self.modified_ms };
            assistant.place(&to, self.coming)?;
        }
        Ok(())
    }
}

impl Engine<'_> {
    /// Writes down what is at the places of files that are about to be put there.
    pub(crate) fn note_coming(
        &self,
        keeping: &Keeping<'_>,
        entry: &mut Entry,
        talk: Talk<'_>,
        coming: &mut [Coming],
    ) -> Result<(), Trouble> {
        let here = talk.assistant.files_at(talk.id, talk.directory)?;
        let known = known(&entry.record, talk);
        let mut files = Vec::new();
        for (path, file) in coming {
            // A resume that goes on after it was stopped put some of them there itself.
            if known.iter().any(|known| known.path == *path) {
                continue;
            }
            let before = match here.iter().find(|source| source.logical == *path) {
                None => FileBefore::Absent,
                Some(source) => match self.beginning(talk.assistant, source, file.as_mut())? {
                    Some(beginning) => beginning,
                    None => self.keep_file(keeping, entry, talk.assistant, source)?,
                },
            };
            files.push(PlacedFile { path: path.clone(), before });
        }
        self.note_files(keeping, entry, talk, &here, files)
    }

    /// Writes down what the files of another record hold now.
    pub(crate) fn note_present(
        &self,
        keeping: &Keeping<'_>,
        entry: &mut Entry,
        talk: Talk<'_>,
        of: &ConversationBefore,
    ) -> Result<(), Trouble> {
        let here = talk.assistant.files_at(talk.id, talk.directory)?;
        let mut files = Vec::new();
        for PlacedFile { path, .. } in &of.files {
            let before = match here.iter().find(|source| source.logical == *path) {
                None => FileBefore::Absent,
                Some(source) => self.keep_file(keeping, entry, talk.assistant, source)?,
            };
            files.push(PlacedFile { path: path.clone(), before });
        }
        self.note_files(keeping, entry, talk, &here, files)
    }

    fn note_files(
        &self,
        keeping: &Keeping<'_>,
        entry: &mut Entry,
        talk: Talk<'_>,
        here: &[SourceFile],
        files: Vec<PlacedFile>,
    ) -> Result<(), Trouble> {
        if files.is_empty() {
            return Ok(());
        }
        let is_here = here.iter().any(|file| file.logical.as_str() == TRANSCRIPT);
        let around = Here { work_tree: keeping.root, directory: keeping.root, env: keeping.env };
        let found = is_here.then(|| talk.assistant.pick(&around, talk.id.as_str()));
        let modified_ms = found.transpose()?.map(|found| found.modified_ms);
        entry.record.conversations.push(ConversationBefore {
            assistant: talk.assistant.name().to_owned(),
            id: talk.id.clone(),
            directory: talk.directory.display().to_string(),
            modified_ms,
            files,
        });
        self.write_undo(keeping.member, keeping.root, entry)
    }

    /// The file, if what comes begins with all of it but a few bytes: then only those are kept.
    fn beginning(
        &self,
        assistant: &dyn Assistant,
        source: &SourceFile,
        coming: &mut dyn ScratchFile,
    ) -> Result<Option<FileBefore>, Trouble> {
        let mut here = assistant.open(source)?;
        coming.seek(SeekFrom::Start(0)).map_err(|error| scratch_error(&error))?;
        let mut hash = blake3::Hasher::new();
        let whole = source.len + source.torn;
        let most = if whole > PIECE as u64 { REST } else { 0 };
        let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
        let (mut len, mut rest) = (0, Vec::new());
        loop {
            let read = len + rest.len() as u64;
            let some = filled(&mut here, &mut left, whole - read)?;
            if some == 0 {
                break;
            }
            let other = filled(coming, &mut right, some as u64)?;
            let same = match rest.is_empty() {
                true => common(&left[..some], &right[..other]),
                false => 0,
            };
            if whole - len - same as u64 > most && same < some {
                return Ok(None);
            }
            len += same as u64;
            rest.extend_from_slice(&left[same..some]);
            hash.update(&left[..some]);
        }
        let is_whole = len + rest.len() as u64 == whole;
        let hash = *hash.finalize().as_bytes();
        Ok(is_whole.then_some(FileBefore::Beginning { len, hash, rest }))
    }

    fn keep_file(
        &self,
        keeping: &Keeping<'_>,
        entry: &mut Entry,
        assistant: &dyn Assistant,
        source: &SourceFile,
    ) -> Result<FileBefore, Trouble> {
        let mut here = assistant.open(source)?;
        let (mut hash, mut buffer) = (blake3::Hasher::new(), vec![0; PIECE]);
        let (first, mut len, mut pieces) = (entry.record.pieces, 0, 0);
        loop {
            let some = filled(&mut here, &mut buffer, source.len + source.torn - len)?;
            if some == 0 {
                break;
            }
            let bytes = &buffer[..some];
            self.keep_piece(keeping.member, keeping.root, entry.number, first + pieces, bytes)?;
            hash.update(bytes);
            len += some as u64;
            pieces += 1;
        }
        entry.record.pieces = first + pieces;
        Ok(FileBefore::Kept { len, hash: *hash.finalize().as_bytes(), first, pieces })
    }

    /// Makes the files of a conversation as they were, and changes nothing.
    ///
    /// # Errors
    ///
    /// A refusal if one can't be had any more.
    pub(crate) fn as_before(
        &self,
        keeping: &Keeping<'_>,
        number: u64,
        talk: Talk<'_>,
        before: &ConversationBefore,
    ) -> Result<AsBefore, Trouble> {
        let here = talk.assistant.files_at(talk.id, talk.directory)?;
        let (mut absent, mut coming) = (Vec::new(), Vec::new());
        for PlacedFile { path, before } in &before.files {
            let source = here.iter().find(|source| source.logical == *path);
            match before {
                FileBefore::Absent => absent.push(path.clone()),
                FileBefore::Beginning { len, hash, rest } => {
                    let file = self.cut(talk, path, source, (*len, rest), hash)?;
                    coming.push((path.clone(), file));
                }
                FileBefore::Kept { hash, first, pieces, .. } => {
                    let pieces = *first..first.saturating_add(*pieces);
                    let file = self.unkept(keeping, number, pieces)?;
                    let file = file.filter(|(_, now)| now == hash).map(|(file, _)| file);
                    coming.push((path.clone(), file.ok_or_else(|| lost(talk, path))?));
                }
            }
        }
        Ok(AsBefore { absent, coming, modified_ms: before.modified_ms })
    }

    /// The beginning of the file that is there with what followed it, if it is what it was.
    fn cut(
        &self,
        talk: Talk<'_>,
        path: &FilePath,
        source: Option<&SourceFile>,
        (len, rest): (u64, &[u8]),
        wanted: &[u8; 32],
    ) -> Result<Box<dyn ScratchFile>, Trouble> {
        let source = source.ok_or_else(|| lost(talk, path))?;
        let mut here = talk.assistant.open(source)?;
        let mut out = self.ports.scratch.file()?;
        let (mut hash, mut buffer, mut read) = (blake3::Hasher::new(), vec![0; PIECE], 0);
        while read < len {
            let some = filled(&mut here, &mut buffer, len - read)?;
            if some == 0 {
                return Err(lost(talk, path));
            }
            hash.update(&buffer[..some]);
            out.write_all(&buffer[..some]).map_err(|error| scratch_error(&error))?;
            read += some as u64;
        }
        hash.update(rest);
        out.write_all(rest).map_err(|error| scratch_error(&error))?;
        if hash.finalize().as_bytes() == wanted { Ok(out) } else { Err(lost(talk, path)) }
    }

    /// A file made of the pieces that are kept, and its hash; none: a piece is missing.
    fn unkept(
        &self,
        keeping: &Keeping<'_>,
        number: u64,
        pieces: Range<u32>,
    ) -> Result<Option<Held>, Trouble> {
        let (mut out, mut hash) = (self.ports.scratch.file()?, blake3::Hasher::new());
        for piece in pieces {
            let bytes = self.kept_piece(keeping.member, keeping.root, number, piece)?;
            let Some(bytes) = bytes else { return Ok(None) };
            hash.update(&bytes);
            out.write_all(&bytes).map_err(|error| scratch_error(&error))?;
        }
        Ok(Some((out, *hash.finalize().as_bytes())))
    }
}

/// How many bytes from the start are the same in both.
fn common(a: &[u8], b: &[u8]) -> usize {
    match a == b {
        true => a.len(),
        false => a.iter().zip(b).take_while(|(a, b)| a == b).count(),
    }
}

/// The files of a conversation that a record has already.
fn known(record: &UndoRecord, talk: Talk<'_>) -> Vec<PlacedFile> {
    let directory = talk.directory.display().to_string();
    let same = record
        .conversations
        .iter()
        .filter(|known| known.id == *talk.id && known.directory == directory);
    same.flat_map(|known| known.files.iter().cloned()).collect()
}

/// Reads until the buffer is full, or so many bytes were read, or there are no more.
fn filled<R: Read + ?Sized>(from: &mut R, buffer: &mut [u8], most: u64) -> Result<usize, Trouble> {
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(buffer.len());
    let mut read = 0;
    while read < most {
        match from.read(&mut buffer[read..most]).map_err(|error| scratch_error(&error))? {
            0 => break,
            some => read += some,
        }
    }
    Ok(read)
}

fn lost(talk: Talk<'_>, path: &FilePath) -> Trouble {
    Refusal::new(
        "convosync::undo::conversation",
        format!("what {path} of the conversation {} held before is not here any more", talk.id),
    )
    .help("the file was cut or replaced since; `convosync log` names the saves that have it")
    .into()
}
