//! The conversation half of a resume.

use std::io::{self, Read, Seek, SeekFrom, Take, Write};
use std::path::{Component, Path, PathBuf};

use convosync_core::{
    CodeState, Conversation, ConversationId, FilePath, FileState, Manifest, Missing, Roots, Rules,
    Side, Standing, Summary, begins_in, can_begin_at, common_lines, compare, copy_from, expand,
    kept, missing,
};
use convosync_wire::{Note, OnLive, Request, ResumeArgs};

use super::{Ready, plan};
use crate::capture::{Archive, Capture, Now, TRANSCRIPT, relative, scratch_error, transcript_of};
use crate::engine::Engine;
use crate::freeze::{Draft, Packing, at_home};
use crate::member::Member;
use crate::ports::{Assistant, Found, Placement, ScratchFile, SourceFile};
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};
use crate::undo::{Entry, Keeping, Talk};

/// What will be done to the conversation.
pub(super) struct ConversationPlan<'a> {
    assistant: &'a dyn Assistant,
    conversation: Conversation,
    directory: PathBuf,
    local: Vec<SourceFile>,
    roots: Roots,
    action: Action,
    staged: Staged,
    /// Messages that stay in the store, since they are archived.
    begins: Option<u64>,
}

/// A file in its local form.
pub(super) type StagedFile = (FilePath, Box<dyn ScratchFile>);

/// A file of the save in canonical form.
pub(super) struct SavedFile {
    file: Box<dyn ScratchFile>,
    len: u64,
}

impl SavedFile {
    /// Its bytes from the start.
    fn read(&mut self) -> Result<Take<&mut Box<dyn ScratchFile>>, Trouble> {
        self.file.seek(SeekFrom::Start(0)).map_err(|error| scratch_error(&error))?;
        Ok(Read::take(&mut self.file, self.len))
    }
}

/// Files in their local form.
#[derive(Default)]
pub(super) struct Staged {
    files: Vec<StagedFile>,
    /// The directory that the transcript says it is held in.
    directory: Option<String>,
}

enum Action {
    /// Put the saved files in place, under this id.
    Write { id: ConversationId, lost: Lost },
    /// The local conversation has all of the saved one; `further`: and messages beyond it.
    Keep { further: bool },
    /// The user wants the code alone.
    Leave,
}

/// What the files here have that the saved ones lack. It is put aside before it is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    Nothing,
    /// State that the client writes whenever it starts or ends, so at every change of devices: put
    /// aside without a word.
    State,
    Messages,
}

/// What was done to the conversation.
pub(super) struct Restored {
    pub(super) id: ConversationId,
    pub(super) assistant: String,
    pub(super) messages: u64,
    /// Whether its files were put in place.
    pub(super) written: bool,
    pub(super) in_step: bool,
    pub(super) open_with: String,
    pub(super) notes: Vec<Note>,
}

impl ConversationPlan<'_> {
    /// The conversation whose files are not written anew, so that their times stay.
    pub(super) fn kept(&self) -> Option<(&dyn Assistant, &ConversationId)> {
        let is_written = matches!(self.action, Action::Write { .. });
        (!is_written).then_some((self.assistant, &self.conversation.id))
    }

    /// The command that opens it, unless something else has it open.
    pub(super) fn starts(&self) -> Option<String> {
        match &self.action {
            Action::Leave => None,
            Action::Write { id, .. } => Some(self.assistant.open_command(id)),
            Action::Keep { .. } => Some(self.assistant.open_command(&self.conversation.id)),
        }
    }

    /// The plan in the user's words.
    pub(super) fn told(&self) -> String {
        let (assistant, messages) = (&self.conversation.assistant, self.conversation.message_count);
        match &self.action {
            Action::Write { id, lost } => {
                let aside = *lost == Lost::Messages;
                let before = if aside { ", after putting the one here aside" } else { "" };
                format!("restore the {assistant} conversation {id} ({messages} messages){before}")
            }
            Action::Keep { further: true } => {
                format!("leave the {assistant} conversation: the one here is further")
            }
            Action::Keep { further: false } => {
                format!("leave the {assistant} conversation: it is here already")
            }
            Action::Leave => format!("leave the {assistant} conversation alone"),
        }
    }
}

impl Engine<'_> {
    pub(super) fn plan_conversation(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        open: &OpenSave,
        work_tree: &Path,
        request: &Request,
        args: &ResumeArgs,
    ) -> Result<Option<ConversationPlan<'_>>, Trouble> {
        let Some(conversation) = open.manifest.wanted_conversations().first().cloned() else {
            return Ok(None);
        };
        let assistant = self.assistant_named(&conversation.assistant)?;
        let id = &conversation.id;
        let paths: Vec<_> = conversation.files.iter().map(|(path, _)| path.clone()).collect();
        assistant.accepts(id, &paths)?;
        let directory = below(work_tree, &conversation.directory);
        let roots = self.roots(member, id, work_tree)?;
        let local = assistant.files_at(id, &directory)?;
        let mut saved = self.saved_transcript(shelf, open, &conversation)?;
        let begins = self.without_archived(assistant, &conversation, &local, &mut saved, &roots)?;
        let address = assistant.rules().relocated_line(id, &directory.to_string_lossy());
        let here = local.iter().find(|file| file.logical.as_str() == TRANSCRIPT);
        let standing = self.standing(assistant, here, address, saved.as_mut(), &roots)?;
        let holder = assistant.live(id, &request.env)?;
        let torn = local.iter().any(|file| file.torn > 0);
        let action = match (standing, holder) {
            (Some(Standing::LocalAhead { advance }), _) if args.at.is_none() || !advance => {
                Action::Keep { further: advance }
            }
            (Some(Standing::Same), holder)
                if holder.is_some() || all_here(&conversation, &local) =>
            {
                Action::Keep { further: false }
            }
            (_, Some(holder)) => match plan::live(&holder, &args.answers)? {
                OnLive::Fork => {
                    Action::Write { id: self.new_conversation_id()?, lost: Lost::Nothing }
                }
                _ => Action::Leave,
            },
            (_, None) if torn => Action::Write { id: id.clone(), lost: Lost::Messages },
            (standing, None) => {
                let lost = match lost(standing) {
                    Lost::Nothing => self.lost_beside(assistant, &conversation, &local, &roots)?,
                    lost => lost,
                };
                Action::Write { id: id.clone(), lost }
            }
        };
        let staged = match &action {
            // What is here already is looked at all the same: a copy that is damaged on this disk is
            // found, and healed, while there is another.
            Action::Write { .. } | Action::Keep { further: false } => {
                self.staged(shelf, open, assistant, &conversation, saved, &roots)?
            }
            Action::Keep { further: true } | Action::Leave => Staged::default(),
        };
        Ok(Some(ConversationPlan {
            assistant,
            conversation,
            directory,
            local,
            roots,
            action,
            staged,
            begins,
        }))
    }

    /// Leaves out of the saved transcript what is archived of it, unless that is here: nothing here
    /// gets shorter. Gives the messages that were left out.
    fn without_archived(
        &self,
        assistant: &dyn Assistant,
        conversation: &Conversation,
        local: &[SourceFile],
        saved: &mut Option<SavedFile>,
        roots: &Roots,
    ) -> Result<Option<u64>, Trouble> {
        let (Some(archived), Some(whole)) = (conversation.archived, saved.as_mut()) else {
            return Ok(None);
        };
        let failed = |error: std::io::Error| scratch_error(&error);
        let rules = assistant.rules();
        let mut side = Side { file: &mut whole.file, len: whole.len };
        let mut at = archived.bytes;
        if !can_begin_at(rules, &mut side, at).map_err(failed)? {
            return Ok(None);
        }
        let here = local.iter().find(|file| file.logical.as_str() == TRANSCRIPT);
        if let Some(here) = here {
            let mut now = self.canonical(assistant, here, roots)?;
            let mut ours = Side { file: &mut now.file, len: now.len };
            let begins_alike = common_lines(&mut ours, &mut side).map_err(failed)? > 0;
            let begins = match begins_alike {
                true => Some(0),
                false => begins_in(rules, &mut side, &mut ours).map_err(failed)?,
            };
            at = at.min(begins.unwrap_or(at));
        }
        if at == 0 {
            return Ok(None);
        }
        let mut file = self.ports.scratch.file()?;
        let len = copy_from(&mut side, at, &mut file).map_err(failed)?;
        *saved = Some(SavedFile { file, len });
        Ok((at == archived.bytes).then_some(archived.messages))
    }

    /// Every file in its local form, proven whole, before anything is changed.
    pub(super) fn staged(
        &self,
        shelf: &mut Shelf<'_>,
        open: &OpenSave,
        assistant: &dyn Assistant,
        conversation: &Conversation,
        mut transcript: Option<SavedFile>,
        roots: &Roots,
    ) -> Result<Staged, Trouble> {
        let mut staged = Staged::default();
        for (path, state) in &conversation.files {
            let taken = if path.as_str() == TRANSCRIPT { transcript.take() } else { None };
            let mut saved = match taken {
                Some(saved) => saved,
                None => self.saved_file(shelf, open, state)?,
            };
            let mut limited = saved.read()?;
            let mut out = self.ports.scratch.file()?;
            let written = if has_lines(path) {
                expand(assistant.rules(), roots, &mut limited, &mut out)
            } else {
                std::io::copy(&mut limited, &mut out).map(|_| Summary::default())
            };
            let summary = written.map_err(|error| scratch_error(&error))?;
            if path.as_str() == TRANSCRIPT {
                staged.directory = summary.relocated.or(summary.started_in);
            }
            staged.files.push((path.clone(), out));
        }
        Ok(staged)
    }

    fn saved_transcript(
        &self,
        shelf: &mut Shelf<'_>,
        open: &OpenSave,
        conversation: &Conversation,
    ) -> Result<Option<SavedFile>, Trouble> {
        transcript_of(conversation).map(|state| self.saved_file(shelf, open, state)).transpose()
    }

    fn saved_file(
        &self,
        shelf: &mut Shelf<'_>,
        open: &OpenSave,
        state: &FileState,
    ) -> Result<SavedFile, Trouble> {
        Ok(SavedFile { file: self.rebuilt(shelf, &open.name, state)?, len: state.len })
    }

    /// How the conversation here stands to the saved one; `None`: there is none here.
    ///
    /// `address`: the line that a resume ends a transcript with. It says where that lies on this
    /// device, and is nothing of the user's.
    fn standing(
        &self,
        assistant: &dyn Assistant,
        here: Option<&SourceFile>,
        address: Option<Vec<u8>>,
        saved: Option<&mut SavedFile>,
        roots: &Roots,
    ) -> Result<Option<Standing>, Trouble> {
        let (Some(here), Some(saved)) = (here, saved) else { return Ok(None) };
        let (rules, failed) = (assistant.rules(), |error: io::Error| scratch_error(&error));
        let mut now = self.canonical(assistant, here, roots)?;
        let mut stands = |now: &mut Now| {
            now.file.seek(SeekFrom::Start(0)).map_err(failed)?;
            let mut ours = Read::take(&mut now.file, now.len);
            compare(rules, &mut ours, &mut saved.read()?).map_err(failed)
        };
        let mut standing = stands(&mut now)?;
        if !matches!(standing, Standing::Same | Standing::LocalBehind)
            && let Some(address) = address
            && cut_off(&mut now, &canonical_line(rules, roots, &address)).map_err(failed)?
        {
            standing = stands(&mut now)?;
        }
        let Standing::Diverged { advance: true } = standing else { return Ok(Some(standing)) };
        // After a merge, and where an assistant cut its file, the lines here may all be there.
        let mut ours = Side { file: &mut now.file, len: now.len };
        let mut theirs = Side { file: &mut saved.file, len: saved.len };
        let missing = missing(assistant.rules(), &mut ours, &mut theirs)
            .map_err(|error| scratch_error(&error))?;
        Ok(Some(match missing {
            Missing::Nothing => Standing::LocalBehind,
            Missing::State => Standing::Diverged { advance: false },
            Missing::Messages => standing,
        }))
    }

    /// What of the files beside the transcript is only here: a sub-agent's, a tool's output, a task
    /// that went on without a line of the transcript.
    fn lost_beside(
        &self,
        assistant: &dyn Assistant,
        saved: &Conversation,
        local: &[SourceFile],
        roots: &Roots,
    ) -> Result<Lost, Trouble> {
        for (path, state) in saved.files.iter().filter(|(path, _)| path.as_str() != TRANSCRIPT) {
            let Some(here) = local.iter().find(|file| file.logical == *path) else { continue };
            let mut now = self.canonical(assistant, here, roots)?;
            let same =
                kept(state, &mut now.file, now.len).map_err(|error| scratch_error(&error))?;
            if same < now.len {
                return Ok(Lost::State);
            }
        }
        Ok(Lost::Nothing)
    }

    /// Proves that the conversation here is still what the plan was made for: git's hooks may have
    /// taken minutes, and a client may have been started meanwhile.
    pub(super) fn still_as_planned(
        &self,
        talk: Option<&ConversationPlan<'_>>,
        request: &Request,
    ) -> Result<(), Trouble> {
        let Some(talk) = talk else { return Ok(()) };
        let id = &talk.conversation.id;
        if !matches!(&talk.action, Action::Write { id: to, .. } if to == id) {
            return Ok(());
        }
        let opened = talk.assistant.live(id, &request.env)?.is_some();
        if !opened && talk.assistant.files_at(id, &talk.directory)? == talk.local {
            return Ok(());
        }
        Err(Refusal::new(
            "convosync::resume::changed",
            "the conversation went on here while the code was brought back; it was left alone",
        )
        .help("close it, then run the same command again")
        .into())
    }

    /// Saves the conversation here as work that was put aside, if some of it is about to be
    /// replaced.
    pub(super) fn park_conversation(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        ready: &Ready,
        talk: Option<&ConversationPlan<'_>>,
    ) -> Result<Option<Note>, Trouble> {
        let Some(talk) = talk else { return Ok(None) };
        let lost = match talk.action {
            Action::Write { lost, .. } if lost != Lost::Nothing => lost,
            _ => return Ok(None),
        };
        self.tell("Putting the conversation here aside");
        let card = &ready.open.card;
        let base = OpenSave {
            card: card.clone(),
            manifest: at_home(ready.open.manifest.clone(), &ready.open.name),
            name: ready.open.name.clone(),
        };
        let found = Found {
            id: talk.conversation.id.clone(),
            title: None,
            modified_ms: 0,
            live: None,
            directory: talk.directory.clone(),
        };
        let root = &ready.facts.repository.root;
        let files: Vec<_> = talk.local.iter().map(with_torn_end).collect();
        let mut packing = Packing::new(self, member, card.session.clone());
        let capture = Capture {
            member,
            assistant: talk.assistant,
            found: &found,
            files: &files,
            roots: &talk.roots,
            work_tree: root,
            base: Some(&base),
            exact: true,
            shrinks: true,
            archive: Archive::AsBefore,
        };
        let captured = self.capture(&capture, shelf, &mut packing)?;
        let messages = captured.conversation.message_count;
        let draft = Draft {
            session: card.session.clone(),
            parents: Vec::new(),
            message: format!("Put aside when {} was resumed", card.save),
            code: CodeState::None,
            branch: None,
            commit: None,
            repository: card.repository.clone(),
            working_directory: talk.directory.display().to_string(),
            quiet: true,
            parked: true,
            note: false,
            title: None,
            manifest: Manifest {
                conversations: vec![captured.conversation],
                ..Manifest::default()
            },
        };
        let frozen = self.freeze(member, draft, packing, None)?;
        Ok((lost == Lost::Messages).then(|| Note {
            code: "convosync::resume::parked-conversation".to_owned(),
            text: format!(
                "the conversation that was here ({messages} messages) was put aside as {}",
                frozen.card.save
            ),
            help: Some(format!("convosync resume {} --at {}", card.session, frozen.card.save)),
        }))
    }

    pub(super) fn apply_conversation(
        &self,
        keeping: &Keeping<'_>,
        entry: &mut Entry,
        talk: Option<ConversationPlan<'_>>,
    ) -> Result<Option<Restored>, Trouble> {
        let Some(talk) = talk else { return Ok(None) };
        let ConversationPlan { assistant, conversation, directory, action, staged, begins, .. } =
            talk;
        let restored = |id: ConversationId, written, in_step, notes| Restored {
            open_with: assistant.open_command(&id),
            id,
            assistant: conversation.assistant.clone(),
            messages: conversation.message_count,
            written,
            in_step,
            notes,
        };
        let id = match action {
            Action::Write { id, .. } => id,
            Action::Keep { further } => {
                let notes = further.then(self::further).into_iter().collect();
                return Ok(Some(restored(conversation.id.clone(), false, true, notes)));
            }
            Action::Leave => {
                return Ok(Some(restored(conversation.id.clone(), false, false, vec![left()])));
            }
        };
        let work_tree = keeping.root;
        let directory = still_below(work_tree, &directory);
        let mut files = ready_to_place(assistant, &id, &directory, staged)?;
        self.tell("Restoring the conversation");
        let talk = Talk { assistant, id: &id, directory: &directory };
        self.note_coming(keeping, entry, talk, &mut files)?;
        assistant.place(&Placement { id: &id, directory: &directory, modified_ms: None }, files)?;
        let notes = begins.map(|left| later(left, conversation.message_count));
        Ok(Some(restored(id, true, true, notes.into_iter().collect())))
    }
}

/// Cuts the last line off, if it is this one in its canonical form.
fn cut_off(now: &mut Now, line: &[u8]) -> io::Result<bool> {
    let Some(len) = now.len.checked_sub(line.len() as u64) else { return Ok(false) };
    let before = len.min(1);
    now.file.seek(SeekFrom::Start(len - before))?;
    let mut end = Vec::new();
    Read::take(&mut now.file, line.len() as u64 + before).read_to_end(&mut end)?;
    let is_it = end.strip_prefix(&b"\n"[..]).unwrap_or(&end) == line;
    if is_it {
        now.len = len;
    }
    Ok(is_it)
}

fn canonical_line(rules: &dyn Rules, roots: &Roots, line: &[u8]) -> Vec<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut canonical = rules.canonical_line(line, roots).into_owned();
    canonical.push(b'\n');
    canonical
}

/// Tells the client where its conversation is now, unless the transcript says so already.
pub(super) fn ready_to_place(
    assistant: &dyn Assistant,
    id: &ConversationId,
    directory: &Path,
    staged: Staged,
) -> Result<Vec<StagedFile>, Trouble> {
    let Staged { mut files, directory: recorded } = staged;
    let here = directory.to_string_lossy();
    let moved = recorded.as_deref() != Some(&*here);
    let line = assistant.rules().relocated_line(id, &here).filter(|_| moved);
    for (path, file) in &mut files {
        let written = match &line {
            Some(line) if path.as_str() == TRANSCRIPT => {
                end_line(file.as_mut()).and_then(|()| file.write_all(line))
            }
            _ => Ok(()),
        };
        written
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .map_err(|error| scratch_error(&error))?;
    }
    Ok(files)
}

/// What is only here and would be lost by taking the saved one.
fn lost(standing: Option<Standing>) -> Lost {
    match standing {
        None | Some(Standing::Same | Standing::LocalBehind) => Lost::Nothing,
        Some(Standing::LocalAhead { advance } | Standing::Diverged { advance }) => match advance {
            true => Lost::Messages,
            false => Lost::State,
        },
    }
}

/// Whether every saved file is here, besides the same transcript: what a message refers to is
/// never changed after it.
fn all_here(saved: &Conversation, local: &[SourceFile]) -> bool {
    let is_here = |(path, state): &(FilePath, FileState)| {
        let mut here = local.iter().filter(|file| file.logical == *path);
        here.any(|file| file.lines || file.len == state.len)
    };
    saved.files.iter().all(is_here)
}

/// Ends the last line of a file, and stands at its end then.
fn end_line(file: &mut dyn ScratchFile) -> std::io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

/// A file with its torn last line: what is put aside is put aside whole.
fn with_torn_end(file: &SourceFile) -> SourceFile {
    SourceFile { len: file.len + file.torn, torn: 0, ..file.clone() }
}

/// Files that the assistant's line rules apply to.
pub(super) fn has_lines(path: &FilePath) -> bool {
    let path = path.as_str();
    path == TRANSCRIPT || (path.starts_with("subagents/") && path.ends_with(".jsonl"))
}

/// `directory` below the work tree, if it stays there; else its top.
pub(super) fn below(work_tree: &Path, directory: &str) -> PathBuf {
    let plain = Path::new(directory)
        .components()
        .all(|part| matches!(part, Component::Normal(name) if name != ".git"));
    let joined = work_tree.join(directory);
    // A link in the repository must not lead out of it.
    let inside = joined.canonicalize().map_or(true, |real| real.starts_with(work_tree));
    if plain && inside && !directory.is_empty() { joined } else { work_tree.to_path_buf() }
}

/// The same after the code was brought here, which may have put a link in its place.
pub(super) fn still_below(work_tree: &Path, directory: &Path) -> PathBuf {
    let now = below(work_tree, &relative(work_tree, directory));
    if now.is_dir() { now } else { work_tree.to_path_buf() }
}

/// That the conversation begins later here than in the session.
fn later(left: u64, messages: u64) -> Note {
    Note {
        code: "convosync::resume::archived".to_owned(),
        text: format!(
            "the conversation begins with message {} of {messages} here; what is before it is archived in the session",
            left.saturating_add(1)
        ),
        help: Some("`convosync export SESSION` has all of it".to_owned()),
    }
}

fn further() -> Note {
    Note {
        code: "convosync::resume::conversation-ahead".to_owned(),
        text: "the conversation here has all of the session's and more; it was left as it is"
            .to_owned(),
        help: None,
    }
}

fn left() -> Note {
    Note {
        code: "convosync::resume::conversation-left".to_owned(),
        text: "the conversation is open in another process and was left alone".to_owned(),
        help: Some("close it and resume again to bring the saved one back".to_owned()),
    }
}
