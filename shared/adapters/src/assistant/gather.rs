//! The files of one conversation as they lie on this device. Reads, follows no link.

use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use convosync_core::{ConversationId, FilePath, Rules};
use convosync_engine::ports::{AssistantError, LeftOut, SourceFile};

use super::ends::{Ends, whole_len};
use super::layout::{Family, TRANSCRIPT, has_lines, is_plan, is_private};
use super::{failed, if_there};

/// Folders in folders: Claude Code uses one level, this leaves room.
const DEPTH: usize = 6;

/// One transcript of a conversation; a conversation may lie in several project folders.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    /// The project folder.
    pub(crate) folder: PathBuf,
    pub(crate) id: ConversationId,
    pub(crate) modified_ms: i64,
    pub(crate) len: u64,
}

impl Copy {
    /// The transcript of `id` in a project folder, if a file is there.
    pub(crate) fn find(folder: &Path, id: &ConversationId) -> Option<Self> {
        let meta = fs::symlink_metadata(folder.join(format!("{id}.jsonl"))).ok()?;
        meta.is_file().then(|| Self {
            folder: folder.to_owned(),
            id: id.clone(),
            modified_ms: modified_ms(&meta),
            len: meta.len(),
        })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.jsonl", self.id))
    }

    /// The name of the project folder.
    pub(crate) fn slug(&self) -> &str {
        self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    pub(crate) fn ends(&self, rules: &dyn Rules) -> Result<Ends, AssistantError> {
        let path = self.path();
        let read = || {
            let mut file = File::open(&path)?;
            let len = whole_len(&mut file, self.len)?;
            Ends::read(&mut file, len, rules)
        };
        read().map_err(|error| failed("read", &path, &error))
    }
}

fn modified_ms(meta: &Metadata) -> i64 {
    let since = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

/// All that was found for a conversation.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The transcript first, then by logical path.
    pub(crate) files: Vec<SourceFile>,
    pub(crate) left_out: Vec<LeftOut>,
}

impl Gathered {
    /// Finds the files of a copy.
    pub(crate) fn of(
        copy: &Copy,
        config: &Path,
        rules: &dyn Rules,
    ) -> Result<Self, AssistantError> {
        let mut all = Self::default();
        all.file(TRANSCRIPT.to_owned(), copy.path())?;
        let id = copy.id.as_str();
        all.walk(&copy.folder.join(id), "", DEPTH)?;
        all.walk(&config.join("file-history").join(id), "file-history/", DEPTH)?;
        all.walk(&config.join("tasks").join(id), "tasks/", DEPTH)?;
        if let Some(plan) = copy.ends(rules)?.plan.filter(|plan| is_plan(plan)) {
            let path = Family::Plan.root(config).join(format!("{plan}.md"));
            all.entry(format!("plans/{plan}.md"), path, 0)?;
        }
        all.files.sort_by(|a, b| order(a).cmp(&order(b)));
        all.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(all)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), AssistantError> {
        let unread = |error| failed("read", folder, &error);
        // The folder itself may be a link, too.
        match if_there(fs::symlink_metadata(folder)).map_err(unread)? {
            None => return Ok(()),
            Some(meta) if meta.is_dir() => {}
            Some(_) => {
                self.leave_out(folder.to_owned(), "no folder of its own");
                return Ok(());
            }
        }
        for entry in fs::read_dir(folder).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            match entry.file_name().to_str() {
                Some(name) => self.entry(format!("{prefix}{name}"), entry.path(), depth)?,
                None => self.leave_out(entry.path(), "its name is no text"),
            }
        }
        Ok(())
    }

    /// Takes what lies at `path`, whatever it is; that it is gone by now is no error.
    fn entry(
        &mut self,
        logical: String,
        path: PathBuf,
        depth: usize,
    ) -> Result<(), AssistantError> {
        if is_private(&logical) {
            return Ok(());
        }
        let meta =
            if_there(fs::symlink_metadata(&path)).map_err(|error| failed("read", &path, &error))?;
        let Some(meta) = meta else { return Ok(()) };
        if meta.is_dir() && depth > 0 {
            return self.walk(&path, &format!("{logical}/"), depth - 1);
        }
        if meta.is_symlink() {
            self.leave_out(path, "a link");
        } else if !meta.is_file() {
            self.leave_out(path, "no plain file");
        } else if Family::of(&logical).is_none() {
            self.leave_out(path, "not known as part of a conversation");
        } else {
            self.file(logical, path)?;
        }
        Ok(())
    }

    fn file(&mut self, logical: String, path: PathBuf) -> Result<(), AssistantError> {
        let Ok(name) = logical.parse::<FilePath>() else {
            self.leave_out(path, "its name can't travel");
            return Ok(());
        };
        let lines = has_lines(&logical);
        let measure = || {
            let mut file = File::open(&path)?;
            let size = file.metadata()?.len();
            let len = if lines { whole_len(&mut file, size)? } else { size };
            Ok((len, size - len))
        };
        let measured = if_there(measure()).map_err(|error| failed("read", &path, &error))?;
        if let Some((len, torn)) = measured {
            self.files.push(SourceFile { logical: name, path, len, lines, torn });
        }
        Ok(())
    }

    fn leave_out(&mut self, path: PathBuf, reason: &'static str) {
        self.left_out.push(LeftOut { path, reason });
    }
}

fn order(file: &SourceFile) -> (bool, &FilePath) {
    (file.logical.as_str() != TRANSCRIPT, &file.logical)
}
