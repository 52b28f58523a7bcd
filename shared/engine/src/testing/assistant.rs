//! An assistant whose conversations are in memory, with the line rules of Claude Code.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use convosync_core::{ClaudeCode, ConversationId, FilePath, Rules};

use super::Steps;
use crate::ports::{
    Assistant, AssistantError, Found, Here, InPane, LeftOut, Live, Placed, Placement, ReadSeek,
    ScratchFile, SourceFile,
};

const TRANSCRIPT: &str = "transcript.jsonl";

#[derive(Default)]
struct Desk {
    talks: BTreeMap<(ConversationId, PathBuf), Talk>,
    live: BTreeSet<ConversationId>,
    in_panes: Vec<InPane>,
    /// Counts changes: the time that files were last written.
    ticks: i64,
}

#[derive(Default)]
struct Talk {
    files: BTreeMap<FilePath, Vec<u8>>,
    modified: i64,
}

/// An assistant in memory. Clones are the same one.
#[derive(Clone, Default)]
pub struct MemoryAssistant {
    desk: Rc<RefCell<Desk>>,
    steps: Steps,
}

impl MemoryAssistant {
    /// The same conversations; each file that is placed is a step.
    #[must_use]
    pub fn stepped(&self, steps: Steps) -> Self {
        Self { steps, ..self.clone() }
    }

    /// A file of a conversation that is held in `directory`.
    #[must_use]
    pub fn read(&self, id: &ConversationId, directory: &Path, path: &str) -> Option<Vec<u8>> {
        let desk = self.desk.borrow();
        let talk = desk.talks.get(&(id.clone(), directory.to_owned()))?;
        talk.files.iter().find(|(known, _)| known.as_str() == path).map(|(_, bytes)| bytes.clone())
    }

    /// Writes a file of a conversation, as the client does.
    pub fn write(&self, id: &ConversationId, directory: &Path, path: FilePath, bytes: Vec<u8>) {
        let mut desk = self.desk.borrow_mut();
        desk.ticks += 1;
        let modified = desk.ticks;
        let talk = desk.talks.entry((id.clone(), directory.to_owned())).or_default();
        talk.files.insert(path, bytes);
        talk.modified = modified;
    }

    /// Opens a conversation in a client, or closes it.
    pub fn set_live(&self, id: &ConversationId, live: bool) {
        let mut desk = self.desk.borrow_mut();
        match live {
            true => desk.live.insert(id.clone()),
            false => desk.live.remove(id),
        };
    }

    /// Opens conversations in panes, and closes all others that are in some.
    pub fn set_in_panes(&self, in_panes: Vec<InPane>) {
        self.desk.borrow_mut().in_panes = in_panes;
    }

    /// Every file of every conversation.
    #[must_use]
    pub fn everything(&self) -> Vec<Vec<u8>> {
        let desk = self.desk.borrow();
        desk.talks.values().flat_map(|talk| talk.files.values().cloned()).collect()
    }

    /// The conversations of a directory, the newest first.
    #[must_use]
    pub fn in_directory(&self, directory: &Path) -> Vec<ConversationId> {
        let desk = self.desk.borrow();
        let mut here: Vec<_> =
            desk.talks.iter().filter(|((_, held_in), _)| held_in == directory).collect();
        here.sort_by_key(|((id, _), talk)| {
            (!desk.live.contains(id), std::cmp::Reverse(talk.modified))
        });
        here.into_iter().map(|((id, _), _)| id.clone()).collect()
    }

    fn found(&self, id: &ConversationId, directory: &Path) -> Found {
        let desk = self.desk.borrow();
        let talk = desk.talks.get(&(id.clone(), directory.to_owned()));
        Found {
            id: id.clone(),
            title: None,
            modified_ms: talk.map_or(0, |talk| talk.modified),
            live: desk.live_of(id),
            directory: directory.to_owned(),
        }
    }
}

impl Desk {
    fn live_of(&self, id: &ConversationId) -> Option<Live> {
        self.live.contains(id).then_some(Live { pid: 1, pane: None, is_caller: false })
    }
}

fn source(id: &ConversationId, directory: &Path, logical: &FilePath, bytes: &[u8]) -> SourceFile {
    let lines = logical.as_str().ends_with(".jsonl");
    let whole = match lines {
        true => bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1),
        false => bytes.len(),
    };
    SourceFile {
        logical: logical.clone(),
        path: directory.join(id.as_str()).join(logical.as_str()),
        len: whole as u64,
        lines,
        torn: (bytes.len() - whole) as u64,
    }
}

impl Assistant for MemoryAssistant {
    fn name(&self) -> &'static str {
        "claude-code"
    }

    fn rules(&self) -> &dyn Rules {
        &ClaudeCode
    }

    fn conversations(&self, here: &Here<'_>) -> Result<Vec<Found>, AssistantError> {
        let ids = self.in_directory(here.work_tree);
        Ok(ids.iter().map(|id| self.found(id, here.work_tree)).collect())
    }

    fn pick(&self, _here: &Here<'_>, text: &str) -> Result<Found, AssistantError> {
        let talks: Vec<_> = self.desk.borrow().talks.keys().cloned().collect();
        let mut named = talks.iter().filter(|(id, _)| id.as_str().starts_with(text));
        let (id, directory) =
            named.next().ok_or_else(|| AssistantError::NotFound(text.to_owned()))?;
        Ok(self.found(id, directory))
    }

    fn files(&self, id: &ConversationId) -> Result<Vec<SourceFile>, AssistantError> {
        let newest = {
            let desk = self.desk.borrow();
            let places = desk.talks.iter().filter(|((held, _), _)| held == id);
            places.max_by_key(|(_, talk)| talk.modified).map(|((_, place), _)| place.clone())
        };
        newest.map_or(Ok(Vec::new()), |directory| self.files_at(id, &directory))
    }

    fn files_at(
        &self,
        id: &ConversationId,
        directory: &Path,
    ) -> Result<Vec<SourceFile>, AssistantError> {
        let desk = self.desk.borrow();
        let Some(talk) = desk.talks.get(&(id.clone(), directory.to_owned())) else {
            return Ok(Vec::new());
        };
        let files = talk.files.iter();
        let mut files: Vec<_> =
            files.map(|(path, bytes)| source(id, directory, path, bytes)).collect();
        files.sort_by_key(|file| file.logical.as_str() != TRANSCRIPT);
        Ok(files)
    }

    fn left_out(&self, _id: &ConversationId) -> Result<Vec<LeftOut>, AssistantError> {
        Ok(Vec::new())
    }

    fn open(&self, file: &SourceFile) -> Result<Box<dyn ReadSeek>, AssistantError> {
        let desk = self.desk.borrow();
        let mut all = desk.talks.iter().flat_map(|((id, directory), talk)| {
            talk.files.iter().map(move |(path, bytes)| (id, directory, path, bytes))
        });
        let found = all.find(|(id, directory, path, _)| {
            directory.join(id.as_str()).join(path.as_str()) == file.path
        });
        let bytes = found.map(|(.., bytes)| bytes.clone());
        let gone = || AssistantError::Io {
            what: format!("could not open {}", file.path.display()),
            reason: "it is not there".to_owned(),
        };
        Ok(Box::new(Cursor::new(bytes.ok_or_else(gone)?)))
    }

    fn live(
        &self,
        id: &ConversationId,
        _env: &BTreeMap<String, String>,
    ) -> Result<Option<Live>, AssistantError> {
        Ok(self.desk.borrow().live_of(id))
    }

    fn in_panes(&self) -> Result<Vec<InPane>, AssistantError> {
        Ok(self.desk.borrow().in_panes.clone())
    }

    fn accepts(&self, _id: &ConversationId, _files: &[FilePath]) -> Result<(), AssistantError> {
        Ok(())
    }

    fn place(
        &self,
        to: &Placement<'_>,
        files: Vec<(FilePath, Box<dyn ScratchFile>)>,
    ) -> Result<Placed, AssistantError> {
        let mut files = files;
        files.sort_by_key(|(path, _)| path.as_str() == TRANSCRIPT);
        for (path, mut file) in files {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes)).map_err(
                |error| AssistantError::Io {
                    what: format!("could not place {path}"),
                    reason: error.to_string(),
                },
            )?;
            self.steps.take();
            self.write(to.id, to.directory, path, bytes);
        }
        if to.modified_ms.is_some() {
            // Times are counts here: it is older than all that were written.
            let mut desk = self.desk.borrow_mut();
            let key = (to.id.clone(), to.directory.to_owned());
            desk.talks.entry(key).and_modify(|talk| talk.modified = 0);
        }
        Ok(Placed { transcript: to.directory.join(to.id.as_str()).join(TRANSCRIPT) })
    }

    fn remove(
        &self,
        id: &ConversationId,
        directory: &Path,
        files: &[FilePath],
    ) -> Result<(), AssistantError> {
        let key = (id.clone(), directory.to_owned());
        for path in files {
            self.steps.take();
            let mut desk = self.desk.borrow_mut();
            let Some(talk) = desk.talks.get_mut(&key) else { continue };
            talk.files.remove(path);
            if talk.files.is_empty() {
                desk.talks.remove(&key);
            }
        }
        Ok(())
    }

    fn open_command(&self, id: &ConversationId) -> String {
        format!("claude --resume {id}")
    }
}
