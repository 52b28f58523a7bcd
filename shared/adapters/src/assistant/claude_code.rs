//! Claude Code's files behind the engine's port.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use convosync_core::{ClaudeCode, ConversationId, FilePath, Rules};
use convosync_engine::ports::{
    Assistant, AssistantError, Found, Here, InPane, LeftOut, Live, Placed, Placement, ReadSeek,
    ScratchFile, SourceFile,
};

use super::failed;
use super::gather::{Copy, Gathered};
use super::listing::{Projects, found_anyway, found_here, is_inside, live_in};
use super::place::{accepts, place};
use super::process::Processes;
use super::registry::{Caller, Open, open_now};
use super::remove::remove;

/// The conversations of Claude Code on this device.
///
/// Formats and places as measured with version 2.1.328. Only the 50 newest transcripts of a work
/// tree are listed; older ones are found by id.
pub struct ClaudeCodeFiles {
    config: PathBuf,
    processes: Box<dyn Processes>,
    rules: ClaudeCode,
}

impl ClaudeCodeFiles {
    /// `config_dir`: what `CLAUDE_CONFIG_DIR` says, else `.claude` in the home directory; it need
    /// not exist.
    #[must_use]
    pub fn new(config_dir: PathBuf, processes: Box<dyn Processes>) -> Self {
        Self { config: config_dir, processes, rules: ClaudeCode }
    }

    fn projects(&self) -> Projects {
        Projects::new(&self.config)
    }

    fn open_now(&self, caller: Option<&Caller<'_>>) -> Result<Vec<Open>, AssistantError> {
        open_now(&self.config, &*self.processes, caller)
    }

    fn gather(&self, copy: Option<&Copy>) -> Result<Gathered, AssistantError> {
        copy.map_or_else(
            || Ok(Gathered::default()),
            |copy| Gathered::of(copy, &self.config, &self.rules),
        )
    }

    /// The copy that counts for a directory: its own, else the newest.
    fn copy_for(&self, id: &str, directory: &Path) -> Result<Option<Copy>, AssistantError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        let projects = self.projects();
        let own = projects.of(directory).and_then(|folder| Copy::find(&folder, &id));
        Ok(match own {
            Some(copy) => Some(copy),
            None => projects.copies(&id)?.into_iter().next(),
        })
    }

    /// The conversation that the call comes from inside of, and those that are open here.
    fn current(
        &self,
        here: &Here<'_>,
        caller: Option<&Caller<'_>>,
        open: &[Open],
    ) -> Result<Vec<Found>, AssistantError> {
        let mut current = Vec::new();
        let mut others = Vec::new();
        if let Some(copy) =
            caller.map_or(Ok(None), |caller| self.copy_for(caller.id, here.directory))?
        {
            let mut found = found_anyway(&copy, here, open, &self.rules);
            found.live = found.live.or_else(|| caller.and_then(Caller::live));
            current.push(found);
        }
        for open_here in open.iter().filter(|open| is_inside(here.work_tree, &open.directory)) {
            if let Some(copy) = self.copy_for(&open_here.id, &open_here.directory)? {
                others.push(found_anyway(&copy, here, open, &self.rules));
            }
        }
        others.sort_by_key(|found| std::cmp::Reverse(found.modified_ms));
        current.extend(others);
        Ok(current)
    }
}

/// Each conversation once, where it comes first.
fn once_each(found: &mut Vec<Found>) {
    let mut seen = BTreeSet::new();
    found.retain(|found| seen.insert(found.id.clone()));
}

/// The pane that an open conversation is in: Zellij sets both variables in each of its panes
/// (<https://zellij.dev/documentation/integration>).
fn in_pane(open: &Open, processes: &dyn Processes) -> Option<InPane> {
    let session = processes.variable(open.live.pid, "ZELLIJ_SESSION_NAME")?;
    let pane = processes.variable(open.live.pid, "ZELLIJ_PANE_ID")?.parse().ok()?;
    Some(InPane { id: open.id.parse().ok()?, session, pane })
}

impl Assistant for ClaudeCodeFiles {
    fn name(&self) -> &'static str {
        "claude-code"
    }

    fn rules(&self) -> &dyn Rules {
        &self.rules
    }

    fn conversations(&self, here: &Here<'_>) -> Result<Vec<Found>, AssistantError> {
        let caller = Caller::of(here.env, &*self.processes);
        let open = self.open_now(caller.as_ref())?;
        let mut all = self.current(here, caller.as_ref(), &open)?;
        for copy in self.projects().candidates(here)? {
            all.extend(found_here(&copy, here, &open, &self.rules));
        }
        once_each(&mut all);
        Ok(all)
    }

    fn pick(&self, here: &Here<'_>, text: &str) -> Result<Found, AssistantError> {
        let mut own = self.conversations(here)?;
        own.retain(|found| found.id.as_str().starts_with(text));
        if own.len() == 1 && !text.is_empty() {
            return Ok(own.remove(0));
        }
        let ids = self.projects().ids(text)?;
        let id = match (ids.iter().find(|id| id.as_str() == text), ids.len()) {
            (Some(id), _) => id,
            (None, 1) => ids.first().expect("one id is there"),
            (None, 0) => return Err(AssistantError::NotFound(text.to_owned())),
            (None, count) => {
                return Err(AssistantError::Ambiguous { text: text.to_owned(), count });
            }
        };
        let copy = self
            .copy_for(id.as_str(), here.directory)?
            .ok_or_else(|| AssistantError::NotFound(text.to_owned()))?;
        let caller = Caller::of(here.env, &*self.processes);
        Ok(found_anyway(&copy, here, &self.open_now(caller.as_ref())?, &self.rules))
    }

    fn files(&self, id: &ConversationId) -> Result<Vec<SourceFile>, AssistantError> {
        Ok(self.gather(self.projects().copies(id)?.first())?.files)
    }

    fn files_at(
        &self,
        id: &ConversationId,
        directory: &Path,
    ) -> Result<Vec<SourceFile>, AssistantError> {
        let folder = self.projects().of(directory);
        let copy = folder.and_then(|folder| Copy::find(&folder, id));
        Ok(self.gather(copy.as_ref())?.files)
    }

    fn left_out(&self, id: &ConversationId) -> Result<Vec<LeftOut>, AssistantError> {
        Ok(self.gather(self.projects().copies(id)?.first())?.left_out)
    }

    fn open(&self, file: &SourceFile) -> Result<Box<dyn ReadSeek>, AssistantError> {
        let unread = |error| failed("read", &file.path, &error);
        // Since it was listed, a link or a pipe may have taken its place.
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
        let flags = i32::try_from(flags).expect("the flags of open are small");
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(&file.path);
        let opened = opened.map_err(unread)?;
        if opened.metadata().map_err(unread)?.is_file() {
            Ok(Box::new(opened))
        } else {
            Err(unread(std::io::Error::other("no plain file")))
        }
    }

    fn live(
        &self,
        id: &ConversationId,
        env: &BTreeMap<String, String>,
    ) -> Result<Option<Live>, AssistantError> {
        let caller = Caller::of(env, &*self.processes);
        let open = self.open_now(caller.as_ref())?;
        let inside = caller.filter(|caller| caller.id == id.as_str());
        Ok(live_in(&open, id).or_else(|| inside.and_then(|caller| caller.live())))
    }

    fn in_panes(&self) -> Result<Vec<InPane>, AssistantError> {
        let open = self.open_now(None)?;
        Ok(open.iter().filter_map(|open| in_pane(open, &*self.processes)).collect())
    }

    fn accepts(&self, id: &ConversationId, files: &[FilePath]) -> Result<(), AssistantError> {
        accepts(id, files)
    }

    fn place(
        &self,
        to: &Placement<'_>,
        files: Vec<(FilePath, Box<dyn ScratchFile>)>,
    ) -> Result<Placed, AssistantError> {
        place(&self.config, &*self.processes, to, files)
    }

    fn remove(
        &self,
        id: &ConversationId,
        directory: &Path,
        files: &[FilePath],
    ) -> Result<(), AssistantError> {
        remove(&self.config, id, directory, files)
    }

    fn open_command(&self, id: &ConversationId) -> String {
        format!("claude --resume {id}")
    }
}
