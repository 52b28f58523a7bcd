//! The conversation half of a resume.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use convosync_core::{
    CodeState, Conversation, ConversationId, FilePath, Manifest, Roots, Standing, Summary, compare,
    expand,
};
use convosync_wire::{Note, OnLive, Request, ResumeArgs};

use super::{Ready, plan};
use crate::capture::{Capture, TRANSCRIPT, relative, scratch_error};
use crate::engine::Engine;
use crate::freeze::{Draft, Packing, at_home};
use crate::member::Member;
use crate::ports::{Assistant, Found, Placement, ScratchFile, SourceFile};
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};

/// What will be done to the conversation.
pub(super) struct ConversationPlan<'a> {
    assistant: &'a dyn Assistant,
    conversation: Conversation,
    directory: PathBuf,
    local: Vec<SourceFile>,
    roots: Roots,
    action: Action,
    staged: Staged,
}

/// A file in its local form.
type StagedFile = (FilePath, Box<dyn ScratchFile>);

/// Files in their local form.
#[derive(Default)]
struct Staged {
    files: Vec<StagedFile>,
    /// The directory that the transcript says it was moved to last.
    relocated: Option<String>,
}

enum Action {
    /// Put the saved files in place, under this id; `park`: the local ones are saved first.
    Write { id: ConversationId, park: bool },
    /// The local conversation has all of the saved one, and more.
    Keep,
    /// The user wants the code alone.
    Leave,
}

/// What was done to the conversation.
pub(super) struct Restored {
    pub(super) id: ConversationId,
    pub(super) assistant: String,
    pub(super) messages: u64,
    pub(super) in_step: bool,
    pub(super) open_with: String,
    pub(super) notes: Vec<Note>,
}

impl ConversationPlan<'_> {
    /// The plan in the user's words.
    pub(super) fn told(&self) -> String {
        let (assistant, messages) = (&self.conversation.assistant, self.conversation.message_count);
        match &self.action {
            Action::Write { id, park } => {
                let before = if *park { ", after putting the one here aside" } else { "" };
                format!("restore the {assistant} conversation {id} ({messages} messages){before}")
            }
            Action::Keep => format!("leave the {assistant} conversation: the one here is further"),
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
        let Some(conversation) = open.manifest.conversations.first().cloned() else {
            return Ok(None);
        };
        let assistant = self.assistant(&conversation)?;
        let id = &conversation.id;
        let paths: Vec<_> = conversation.files.iter().map(|(path, _)| path.clone()).collect();
        assistant.accepts(id, &paths)?;
        let directory = below(work_tree, &conversation.directory);
        let roots = self.roots(member, id, work_tree)?;
        let local = assistant.files_at(id, &directory)?;
        let standing = self.standing(shelf, open, assistant, &conversation, &local, &roots)?;
        let holder = assistant.live(id, &request.env)?;
        let action = match (standing, holder) {
            (Some(Standing::LocalAhead { advance }), _) if args.at.is_none() || !advance => {
                Action::Keep
            }
            (Some(Standing::Same), Some(_)) => Action::Keep,
            (_, Some(holder)) => match plan::live(&holder, &args.answers)? {
                OnLive::Fork => Action::Write { id: self.new_conversation_id()?, park: false },
                _ => Action::Leave,
            },
            (standing, None) => Action::Write { id: id.clone(), park: replaces(standing) },
        };
        let staged = match &action {
            Action::Write { .. } => self.staged(shelf, open, assistant, &conversation, &roots)?,
            Action::Keep | Action::Leave => Staged::default(),
        };
        Ok(Some(ConversationPlan {
            assistant,
            conversation,
            directory,
            local,
            roots,
            action,
            staged,
        }))
    }

    fn assistant(&self, conversation: &Conversation) -> Result<&dyn Assistant, Trouble> {
        let mut known = self.ports.assistants.iter();
        known.find(|a| a.name() == conversation.assistant).copied().ok_or_else(|| {
            let name = conversation.assistant.escape_debug();
            Refusal::new(
                "convosync::resume::assistant",
                format!("the conversation is of `{name}`, which this version does not know"),
            )
            .help("update ConvoSync on this device")
            .into()
        })
    }

    /// Every file in its local form, proven whole, before anything is changed.
    fn staged(
        &self,
        shelf: &mut Shelf<'_>,
        open: &OpenSave,
        assistant: &dyn Assistant,
        conversation: &Conversation,
        roots: &Roots,
    ) -> Result<Staged, Trouble> {
        let mut staged = Staged::default();
        for (path, state) in &conversation.files {
            let mut saved = self.rebuilt(shelf, &open.name, state)?;
            let mut limited = std::io::Read::take(&mut saved, state.len);
            let mut out = self.ports.scratch.file()?;
            let written = if has_lines(path) {
                expand(assistant.rules(), roots, &mut limited, &mut out)
            } else {
                std::io::copy(&mut limited, &mut out).map(|_| Summary::default())
            };
            let summary = written.map_err(|error| scratch_error(&error))?;
            if path.as_str() == TRANSCRIPT {
                staged.relocated = summary.relocated;
            }
            staged.files.push((path.clone(), out));
        }
        Ok(staged)
    }

    /// How the conversation here stands to the saved one; `None`: there is none here.
    fn standing(
        &self,
        shelf: &mut Shelf<'_>,
        open: &OpenSave,
        assistant: &dyn Assistant,
        saved: &Conversation,
        local: &[SourceFile],
        roots: &Roots,
    ) -> Result<Option<Standing>, Trouble> {
        let here = local.iter().find(|file| file.logical.as_str() == TRANSCRIPT);
        let there = saved.files.iter().find(|(path, _)| path.as_str() == TRANSCRIPT);
        let (Some(here), Some((_, there))) = (here, there) else { return Ok(None) };
        let mut now = self.canonical(assistant, here, roots)?;
        let mut incoming = self.rebuilt(shelf, &open.name, there)?;
        let mut ours = std::io::Read::take(&mut now.file, now.len);
        let mut theirs = std::io::Read::take(&mut incoming, there.len);
        compare(assistant.rules(), &mut ours, &mut theirs)
            .map(Some)
            .map_err(|error| scratch_error(&error))
    }

    /// Saves the conversation here as work that was put aside, if it is about to be replaced.
    pub(super) fn park_conversation(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        ready: &Ready,
        talk: Option<&ConversationPlan<'_>>,
    ) -> Result<Option<Note>, Trouble> {
        let Some(talk) = talk else { return Ok(None) };
        let Action::Write { park: true, .. } = talk.action else { return Ok(None) };
        self.step("Putting the conversation here aside")?;
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
        let mut packing = Packing::new(self, member, card.session.clone());
        let capture = Capture {
            member,
            assistant: talk.assistant,
            found: &found,
            files: &talk.local,
            roots: &talk.roots,
            work_tree: root,
            base: Some(&base),
            exact: true,
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
            manifest: Manifest {
                code: None,
                conversations: vec![captured.conversation],
                terminal: None,
            },
        };
        let frozen = self.freeze(member, draft, packing, None)?;
        Ok(Some(Note {
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
        work_tree: &Path,
        talk: Option<ConversationPlan<'_>>,
    ) -> Result<Option<Restored>, Trouble> {
        let Some(talk) = talk else { return Ok(None) };
        let ConversationPlan { assistant, conversation, directory, action, staged, .. } = talk;
        let restored = |id: ConversationId, in_step, notes| Restored {
            open_with: assistant.open_command(&id),
            id,
            assistant: conversation.assistant.clone(),
            messages: conversation.message_count,
            in_step,
            notes,
        };
        let id = match action {
            Action::Write { id, .. } => id,
            Action::Keep => {
                return Ok(Some(restored(conversation.id.clone(), true, vec![further()])));
            }
            Action::Leave => {
                return Ok(Some(restored(conversation.id.clone(), false, vec![left()])));
            }
        };
        // The code that was just brought here may have put a link in its place.
        let directory = below(work_tree, &relative(work_tree, &directory));
        let directory = if directory.is_dir() { directory } else { work_tree.to_path_buf() };
        let files = ready_to_place(assistant, &id, &directory, staged)?;
        self.step("Restoring the conversation")?;
        assistant.place(&Placement { id: &id, directory: &directory }, files)?;
        Ok(Some(restored(id, true, Vec::new())))
    }

    /// A random UUID (version 4), as the assistants name conversations.
    fn new_conversation_id(&self) -> Result<ConversationId, Trouble> {
        let mut bytes = [0u8; 16];
        self.ports.entropy.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        );
        text.parse().map_err(|error: convosync_core::IdError| {
            Refusal::new("convosync::conversation::id", error.to_string()).into()
        })
    }
}

/// Tells the client where its conversation is now, unless the transcript says so already.
fn ready_to_place(
    assistant: &dyn Assistant,
    id: &ConversationId,
    directory: &Path,
    staged: Staged,
) -> Result<Vec<StagedFile>, Trouble> {
    let Staged { mut files, relocated } = staged;
    let here = directory.to_string_lossy();
    let moved = relocated.as_deref() != Some(&*here);
    let line = assistant.rules().relocated_line(id, &here).filter(|_| moved);
    for (path, file) in &mut files {
        let written = match &line {
            Some(line) if path.as_str() == TRANSCRIPT => file.write_all(line),
            _ => Ok(()),
        };
        written
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .map_err(|error| scratch_error(&error))?;
    }
    Ok(files)
}

/// Whether taking the saved one would lose something that is only here.
fn replaces(standing: Option<Standing>) -> bool {
    matches!(standing, Some(Standing::LocalAhead { .. } | Standing::Diverged { .. }))
}

/// Files that the assistant's line rules apply to.
fn has_lines(path: &FilePath) -> bool {
    let path = path.as_str();
    path == TRANSCRIPT || (path.starts_with("subagents/") && path.ends_with(".jsonl"))
}

/// `directory` below the work tree, if it stays there; else its top.
fn below(work_tree: &Path, directory: &str) -> PathBuf {
    let plain = Path::new(directory)
        .components()
        .all(|part| matches!(part, Component::Normal(name) if name != ".git"));
    let joined = work_tree.join(directory);
    // A link in the repository must not lead out of it.
    let inside = joined.canonicalize().map_or(true, |real| real.starts_with(work_tree));
    if plain && inside && !directory.is_empty() { joined } else { work_tree.to_path_buf() }
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
