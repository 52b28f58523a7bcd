//! Capturing a conversation: from the assistant's files to segments.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use convosync_core::{
    Archived, Begin, Canonical, Conversation, ConversationId, FilePath, FileState, Joined, Merging,
    Missing, ObjectName, PackError, PackInput, RebuildError, Roots, Seen, SessionId, Side, Summary,
    Turns, begins_in, can_begin_at, canonicalise, join, kept, kept_of, look_through, missing,
    opening, pack, put_before, rebuild, segment_key,
};
use convosync_wire::Note;

use crate::conversation_id::id_that_follows;
use crate::engine::Engine;
use crate::freeze::{Packing, conversation_of};
use crate::member::Member;
use crate::ports::{
    Assistant, AssistantError, Found, LocalError, ReadSeek, ScratchFile, SourceFile,
};
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};

/// The transcript's logical path in every adapter.
pub(crate) const TRANSCRIPT: &str = "transcript.jsonl";

/// What a conversation is captured from, and against.
pub(crate) struct Capture<'c> {
    pub(crate) member: &'c Member,
    pub(crate) assistant: &'c dyn Assistant,
    pub(crate) found: &'c Found,
    pub(crate) files: &'c [SourceFile],
    pub(crate) roots: &'c Roots,
    pub(crate) work_tree: &'c Path,
    /// The save that this one goes on from.
    pub(crate) base: Option<&'c OpenSave>,
    /// Take the files as they are, even if they lost messages, and drop what is gone: what is put
    /// aside is put aside.
    pub(crate) exact: bool,
    /// Take a transcript that lost messages as it is.
    pub(crate) shrinks: bool,
    /// What of the transcript a resume leaves in the store.
    pub(crate) archive: Archive,
}

/// What of a transcript a resume leaves in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Archive {
    /// What it left there before.
    AsBefore,
    /// Nothing.
    Nothing,
    /// What comes before the place to begin with.
    Before(Begin),
}

/// A conversation as it will be saved.
pub(crate) struct Captured {
    pub(crate) conversation: Conversation,
    /// What was said in a transcript that lost messages, where it can't be joined with those.
    pub(crate) apart: Option<Conversation>,
    /// When and on which branch its messages were written; none of a transcript that lost messages.
    pub(crate) turns: Turns,
    /// What the first answer after a resume reads, as far as the transcript says.
    pub(crate) tokens: Option<u64>,
    pub(crate) notes: Vec<Note>,
    /// What looks like a secret in what is new since the save before, by file.
    pub(crate) secrets: Vec<(FilePath, Seen)>,
}

impl Engine<'_> {
    pub(crate) fn capture(
        &self,
        what: &Capture<'_>,
        shelf: &mut Shelf<'_>,
        packing: &mut Packing<'_>,
    ) -> Result<Captured, Trouble> {
        let before = what.base.and_then(|base| conversation_of(&base.manifest, &what.found.id));
        let kept_apart = before.and_then(|before| before.archived);
        let mut files: Vec<(FilePath, FileState)> = Vec::new();
        let mut notes = Vec::new();
        let mut told = Summary::default();
        let mut cut = None;
        let mut archived = None;
        let mut secrets = Vec::new();
        for source in what.files {
            let old = before.and_then(|c| c.files.iter().find(|(path, _)| *path == source.logical));
            let old = old.map(|(_, state)| state);
            let is_transcript = source.logical.as_str() == TRANSCRIPT;
            let archived_before = kept_apart.filter(|_| is_transcript);
            let taken = self.capture_file(what, source, old, archived_before, shelf, packing)?;
            secrets.extend(taken.seen.into_iter().map(|seen| (source.logical.clone(), seen)));
            if is_transcript {
                let session = packing.session();
                notes.extend(transcript_notes(source, taken.fuller.then_some(session)));
                told = taken.summary;
                cut = taken.cut;
                archived = taken.archived;
                if let (true, Some(before)) = (taken.fuller, before) {
                    told.title = before.title.clone().or(told.title);
                }
            }
            files.push((source.logical.clone(), taken.state));
        }
        if !what.exact {
            keep_what_is_gone(&mut files, before.map(|c| c.files.as_slice()).unwrap_or_default());
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let directory = relative(what.work_tree, &what.found.directory);
        let tokens = told.context_tokens;
        let conversation = Conversation {
            assistant: what.assistant.name().to_owned(),
            id: what.found.id.clone(),
            title: told.title,
            message_count: told.messages,
            client_version: told.client_version,
            directory,
            files,
            spans: before.map(|before| before.spans.clone()).unwrap_or_default(),
            archived,
        };
        let apart = cut.map(|cut| cut.beside(&conversation));
        notes.extend(apart.as_ref().map(told_apart));
        Ok(Captured { conversation, apart, turns: told.turns, tokens, notes, secrets })
    }

    fn capture_file(
        &self,
        what: &Capture<'_>,
        source: &SourceFile,
        old: Option<&FileState>,
        archived: Option<Archived>,
        shelf: &mut Shelf<'_>,
        packing: &mut Packing<'_>,
    ) -> Result<Taken, Trouble> {
        let mut now = self.canonical(what.assistant, source, what.roots)?;
        if let (Some(old), Some(_), false) = (old, archived, what.exact) {
            now = self.with_beginning(what, source, old, now, shelf)?;
        }
        if let Some(old) = old
            && !(what.exact || what.shrinks)
            && shrunk(old, &now)
        {
            let taken = self.fuller(what, source, old, &mut now, shelf, packing)?;
            return Ok(Taken { archived, ..taken });
        }
        let archived = self.archived(what, source, &mut now, archived)?;
        let (state, seen) = self.packed(what, source, old, &mut now, shelf, packing)?;
        Ok(Taken { state, summary: now.summary, fuller: false, cut: None, archived, seen })
    }

    /// A transcript that was restored without its archived beginning, with it again.
    fn with_beginning(
        &self,
        what: &Capture<'_>,
        source: &SourceFile,
        old: &FileState,
        mut now: Now,
        shelf: &mut Shelf<'_>,
    ) -> Result<Now, Trouble> {
        let Some(base) = what.base else { return Ok(now) };
        // What can't be read here can't be put before it; then it is one that lost messages.
        let Ok(mut before) = self.rebuilt(shelf, &base.name, old) else { return Ok(now) };
        let rules = what.assistant.rules();
        let failed = |error: std::io::Error| read_error(source, &error);
        let mut whole = Side { file: &mut before, len: old.len };
        let mut part = Side { file: &mut now.file, len: now.len };
        let at = begins_in(rules, &mut whole, &mut part).map_err(failed)?;
        let Some(at) = at.filter(|at| *at > 0) else { return Ok(now) };
        let mut file = self.ports.scratch.file()?;
        let joined = put_before(rules, &mut whole, at, &mut part, &mut file).map_err(failed)?;
        let Canonical { len, blocks, summary } = joined;
        Ok(Now { file: Box::new(file), len, blocks: Some(blocks), summary })
    }

    /// What of a transcript a resume will leave in the store.
    fn archived(
        &self,
        what: &Capture<'_>,
        source: &SourceFile,
        now: &mut Now,
        before: Option<Archived>,
    ) -> Result<Option<Archived>, Trouble> {
        let failed = |error: std::io::Error| read_error(source, &error);
        if what.exact || source.logical.as_str() != TRANSCRIPT {
            return Ok(None);
        }
        let rules = what.assistant.rules();
        let mut side = Side { file: &mut now.file, len: now.len };
        match what.archive {
            Archive::Nothing => Ok(None),
            Archive::Before(begin) => opening(rules, &mut side, begin).map_err(failed),
            // A transcript that was written anew has other lines there.
            Archive::AsBefore => match before {
                Some(before) if can_begin_at(rules, &mut side, before.bytes).map_err(failed)? => {
                    Ok(Some(before))
                }
                _ => Ok(None),
            },
        }
    }

    /// Packs a file as what it adds to the one of the save before, and looks through that.
    fn packed(
        &self,
        what: &Capture<'_>,
        source: &SourceFile,
        mut old: Option<&FileState>,
        now: &mut Now,
        shelf: &mut Shelf<'_>,
        packing: &mut Packing<'_>,
    ) -> Result<(FileState, Vec<Seen>), Trouble> {
        let mut old_file = None;
        let mut new_from = 0;
        if let (Some(before), Some(base)) = (old, what.base) {
            let keep = match &now.blocks {
                Some(blocks) => kept_of(before, &mut now.file, now.len, blocks),
                None => kept(before, &mut now.file, now.len),
            };
            let keep = keep.map_err(|error| read_error(source, &error))?;
            new_from = keep;
            if keep < before.len {
                // A chain that can't be read here only costs bytes: the file starts anew.
                match self.rebuilt(shelf, &base.name, before) {
                    Ok(file) => old_file = Some(file),
                    Err(_) => old = None,
                }
            }
        }
        let key = segment_key(&what.member.profile.account, packing.session());
        let input = PackInput {
            key: key.as_bytes(),
            old,
            old_file: old_file.as_mut().map(|file| file as &mut dyn convosync_core::ReadSeek),
            new_file: &mut now.file,
            new_len: now.len,
            blocks: now.blocks.as_deref(),
            messages: now.summary.messages,
        };
        let state = pack(input, &mut |segment, bytes| packing.take(&segment, bytes))
            .map_err(|error| pack_trouble(&source.path.display().to_string(), error))?;
        let seen = match what.exact {
            // It stays on this device.
            true => Vec::new(),
            false => look(now, new_from).map_err(|error| read_error(source, &error))?,
        };
        Ok((state, seen))
    }

    /// What is saved of a transcript that lost messages: all that was saved before, and what has
    /// been said in the cut one since; as one where the lines can be joined, else beside it.
    fn fuller(
        &self,
        what: &Capture<'_>,
        source: &SourceFile,
        old: &FileState,
        now: &mut Now,
        shelf: &mut Shelf<'_>,
        packing: &mut Packing<'_>,
    ) -> Result<Taken, Trouble> {
        let mut taken = Taken {
            state: old.clone(),
            summary: now.summary.clone(),
            fuller: true,
            cut: None,
            archived: None,
            seen: Vec::new(),
        };
        taken.summary.messages = messages_of(old);
        taken.summary.turns = Turns::default();
        let Some(base) = what.base else { return Ok(taken) };
        // What can't be read here can't be joined; the chain that is there stays.
        if let Ok(mut before) = self.rebuilt(shelf, &base.name, old) {
            let rules = what.assistant.rules();
            let failed = |error: std::io::Error| read_error(source, &error);
            let mut losing = Side { file: &mut before, len: old.len };
            let mut winning = Side { file: &mut now.file, len: now.len };
            if missing(rules, &mut winning, &mut losing).map_err(failed)? != Missing::Messages {
                return Ok(taken);
            }
            let mut file = self.ports.scratch.file()?;
            let joined = match rules.merging() {
                Merging::Union => join(rules, &mut losing, &mut winning, &mut file),
                Merging::Apart => Ok(Joined::Apart),
            };
            if let Joined::Whole(Canonical { len, blocks, summary }) = joined.map_err(failed)? {
                let mut whole = Now { file: Box::new(file), len, blocks: Some(blocks), summary };
                (taken.state, taken.seen) =
                    self.packed(what, source, Some(old), &mut whole, shelf, packing)?;
                taken.summary = whole.summary;
                return Ok(taken);
            }
        }
        let id = id_of_cut(&what.found.id, old)?;
        let known = conversation_of(&base.manifest, &id).and_then(transcript_of);
        let (state, seen) = self.packed(what, source, known, now, shelf, packing)?;
        taken.seen = seen;
        taken.cut = Some(Cut { id, state, summary: now.summary.clone() });
        Ok(taken)
    }

    /// What a file tells, without its canonical bytes. Paths make no difference to what is counted.
    pub(crate) fn summary_of(
        &self,
        assistant: &dyn Assistant,
        source: &SourceFile,
    ) -> Result<Summary, Trouble> {
        let mut file = assistant.open(source)?;
        if !source.lines {
            return Ok(Summary::default());
        }
        let (rules, roots) = (assistant.rules(), Roots::default());
        canonicalise(rules, &roots, &mut file, source.len, &mut std::io::sink())
            .map(|canonical| canonical.summary)
            .map_err(|error| read_error(source, &error))
    }

    /// The canonical bytes of a file, ready to be read from their start.
    pub(crate) fn canonical(
        &self,
        assistant: &dyn Assistant,
        source: &SourceFile,
        roots: &Roots,
    ) -> Result<Now, Trouble> {
        let mut file = assistant.open(source)?;
        if !source.lines {
            let summary = Summary::default();
            return Ok(Now { file, len: source.len, blocks: None, summary });
        }
        let mut scratch = self.ports.scratch.file()?;
        let rules = assistant.rules();
        let canonical = canonicalise(rules, roots, &mut file, source.len, &mut scratch)
            .and_then(|canonical| scratch.seek(SeekFrom::Start(0)).map(|_| canonical))
            .map_err(|error| read_error(source, &error))?;
        let Canonical { len, blocks, summary } = canonical;
        Ok(Now { file: Box::new(scratch), len, blocks: Some(blocks), summary })
    }

    /// The canonical bytes of a saved file, ready to be read from their start.
    pub(crate) fn rebuilt(
        &self,
        shelf: &mut Shelf<'_>,
        unit: &ObjectName,
        state: &FileState,
    ) -> Result<Box<dyn ScratchFile>, Trouble> {
        let mut scratch = self.ports.scratch.file()?;
        rebuild(state, &mut |segment| shelf.segment(unit, segment), &mut scratch)
            .map_err(|error| rebuild_trouble(unit, error))?;
        scratch.seek(SeekFrom::Start(0)).map_err(|error| scratch_error(&error))?;
        Ok(scratch)
    }
}

/// What looks like a secret from this byte on, with the line that it is on. The lines before are
/// only counted if there is one.
fn look(now: &mut Now, from: u64) -> std::io::Result<Vec<Seen>> {
    now.file.seek(SeekFrom::Start(from))?;
    let mut seen = look_through(&mut (&mut now.file).take(now.len.saturating_sub(from)), 1)?;
    if !seen.is_empty() {
        now.file.seek(SeekFrom::Start(0))?;
        let before = lines_in(&mut (&mut now.file).take(from))?;
        seen.iter_mut().for_each(|seen| seen.line += before);
    }
    Ok(seen)
}

fn lines_in(text: &mut dyn Read) -> std::io::Result<u64> {
    let mut piece = vec![0; 64 << 10];
    let mut lines = 0;
    loop {
        let len = text.read(&mut piece)?;
        if len == 0 {
            return Ok(lines);
        }
        lines += piece[..len].iter().filter(|byte| **byte == b'\n').count() as u64;
    }
}

/// A file in canonical form.
pub(crate) struct Now {
    pub(crate) file: Box<dyn ReadSeek>,
    pub(crate) len: u64,
    /// BLAKE3 of each MiB, if it was hashed.
    pub(crate) blocks: Option<Vec<[u8; 32]>>,
    pub(crate) summary: Summary,
}

/// A file as it goes into the save.
struct Taken {
    state: FileState,
    summary: Summary,
    /// The file here lost messages, so this is the fuller one of the save before.
    fuller: bool,
    /// The one here, if it says what the fuller one does not.
    cut: Option<Cut>,
    archived: Option<Archived>,
    seen: Vec<Seen>,
}

/// A transcript that lost messages, as a conversation of its own.
struct Cut {
    id: ConversationId,
    state: FileState,
    summary: Summary,
}

impl Cut {
    /// With all that lies beside the transcript: its lines may speak of it.
    fn beside(self, fuller: &Conversation) -> Conversation {
        let mut files = fuller.files.clone();
        for (_, state) in files.iter_mut().filter(|(path, _)| path.as_str() == TRANSCRIPT) {
            *state = self.state.clone();
        }
        Conversation {
            id: self.id,
            title: self.summary.title,
            message_count: self.summary.messages,
            client_version: self.summary.client_version,
            files,
            spans: Vec::new(),
            archived: None,
            ..fuller.clone()
        }
    }
}

/// It follows from the fuller one: as long as that stays as it is, the next save goes on with the
/// same conversation.
fn id_of_cut(id: &ConversationId, fuller: &FileState) -> Result<ConversationId, Refusal> {
    let mut hash = blake3::Hasher::new_derive_key("convosync v1 conversation that lost messages");
    hash.update(id.as_str().as_bytes());
    hash.update(&fuller.len.to_le_bytes());
    hash.update(fuller.blocks.as_flattened());
    id_that_follows(&hash)
}

/// Its transcript, if it has one.
pub(crate) fn transcript_of(conversation: &Conversation) -> Option<&FileState> {
    let mut files = conversation.files.iter();
    files.find(|(path, _)| path.as_str() == TRANSCRIPT).map(|(_, state)| state)
}

fn told_apart(conversation: &Conversation) -> Note {
    Note {
        code: "convosync::conversation::apart".to_owned(),
        text: format!(
            "what was said here since can't become one with it; it travels beside it as {} ({} messages)",
            conversation.id, conversation.message_count
        ),
        help: None,
    }
}

/// Whether a transcript lost messages: the assistant's own sweep cuts old ones to stubs. The store
/// then keeps the fuller one.
fn shrunk(old: &FileState, now: &Now) -> bool {
    now.len < old.len && now.summary.messages < messages_of(old)
}

fn messages_of(file: &FileState) -> u64 {
    file.segments.last().map_or(0, |segment| segment.messages)
}

/// `fuller`: the session that keeps a fuller transcript than the one here.
fn transcript_notes(source: &SourceFile, fuller: Option<&SessionId>) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(session) = fuller {
        notes.push(Note {
            code: "convosync::conversation::shrunk".to_owned(),
            text: "the conversation on this device lost messages since its last save; the session keeps the fuller one".to_owned(),
            help: Some(format!(
                "bring it back here: convosync resume {session}\n# or save it as it is now: convosync save --accept-shrink"
            )),
        });
    }
    if source.torn > 0 {
        notes.push(Note {
            code: "convosync::conversation::torn".to_owned(),
            text: "the last line of the conversation was not whole yet and was left out".to_owned(),
            help: None,
        });
    }
    notes
}

/// Files that were saved and are no longer here stay in the session, apart from what the
/// assistant itself takes away as work goes on.
fn keep_what_is_gone(files: &mut Vec<(FilePath, FileState)>, before: &[(FilePath, FileState)]) {
    for (path, state) in before {
        let passing = path.as_str().starts_with("tasks/");
        if !passing && !files.iter().any(|(known, _)| known == path) {
            files.push((path.clone(), state.clone()));
        }
    }
}

/// `path` below `top`, `/`-separated; empty for the top itself and for what is not below it.
pub(crate) fn relative(top: &Path, path: &Path) -> String {
    let below = path.strip_prefix(top).unwrap_or(Path::new(""));
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// What was read is copied on the way: that there is no room for it is no fault of the file.
fn read_error(source: &SourceFile, error: &std::io::Error) -> Trouble {
    if is_full(error) {
        return scratch_error(error);
    }
    AssistantError::Io {
        what: format!("could not read {}", source.path.display()),
        reason: error.to_string(),
    }
    .into()
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// A private file could not be used.
pub(crate) fn scratch_error(error: &std::io::Error) -> Trouble {
    if is_full(error) {
        return LocalError::Full("writing a temporary file".to_owned()).into();
    }
    LocalError::Io { what: "could not use a temporary file".to_owned(), reason: error.to_string() }
        .into()
}

/// Why something could not be packed.
pub(crate) fn pack_trouble(what: &str, error: PackError<Trouble>) -> Trouble {
    match error {
        PackError::Emit(trouble) => trouble,
        PackError::Read(error) => packing_failed(what, &error.to_string()),
        other => packing_failed(what, &other.to_string()),
    }
}

fn packing_failed(what: &str, reason: &str) -> Trouble {
    LocalError::Io { what: format!("could not pack {what}"), reason: reason.to_owned() }.into()
}

fn rebuild_trouble(unit: &ObjectName, error: RebuildError<Trouble>) -> Trouble {
    match error {
        RebuildError::Fetch(trouble) => trouble,
        RebuildError::Write(error) => scratch_error(&error),
        damaged => Refusal::new("convosync::save::damaged", format!("{damaged} ({unit})")).into(),
    }
}
