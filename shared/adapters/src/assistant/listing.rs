//! Which conversations belong to a work tree.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use convosync_core::{ConversationId, Rules};
use convosync_engine::ports::{AssistantError, Found, Here, Live};

use super::ends::Ends;
use super::gather::Copy;
use super::layout::is_uuid;
use super::registry::Open;
use super::{failed, if_there, project_slug};

/// So many transcripts are looked into; older ones are found by id only.
const NEWEST: usize = 50;

/// The folders under `projects/`.
pub(crate) struct Projects {
    root: PathBuf,
}

impl Projects {
    pub(crate) fn new(config: &Path) -> Self {
        Self { root: config.join("projects") }
    }

    /// All project folders, sorted. A link is none: what it leads to is one itself, or not ours.
    pub(crate) fn all(&self) -> Result<Vec<PathBuf>, AssistantError> {
        let unread = |error| failed("read", &self.root, &error);
        let Some(listing) = if_there(fs::read_dir(&self.root)).map_err(unread)? else {
            return Ok(Vec::new());
        };
        let mut folders: Vec<PathBuf> = listing
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        folders.sort();
        Ok(folders)
    }

    /// The folder of a directory. As a link it counts only when it leads to another project.
    pub(crate) fn of(&self, directory: &Path) -> Option<PathBuf> {
        let folder = self.root.join(slug_of(directory));
        if fs::symlink_metadata(&folder).ok()?.is_dir() {
            return Some(folder);
        }
        let real = folder.canonicalize().ok()?;
        let root = self.root.canonicalize().ok()?;
        (real.is_dir() && real.parent() == Some(&root)).then_some(real)
    }

    /// Every copy of a conversation, the newest first.
    pub(crate) fn copies(&self, id: &ConversationId) -> Result<Vec<Copy>, AssistantError> {
        let folders = self.all()?;
        let mut copies: Vec<Copy> =
            folders.iter().filter_map(|folder| Copy::find(folder, id)).collect();
        copies.sort_by_key(|copy| std::cmp::Reverse(copy.modified_ms));
        Ok(copies)
    }

    /// The folders whose conversations may belong to a work tree.
    fn around(&self, here: &Here<'_>) -> Result<Vec<PathBuf>, AssistantError> {
        let mut folders: BTreeSet<PathBuf> =
            [here.directory, here.work_tree].iter().filter_map(|path| self.of(path)).collect();
        let below = format!("{}-", slug_of(here.work_tree));
        let name = |folder: &PathBuf| folder.file_name().map(OsStr::to_owned);
        folders.extend(self.all()?.into_iter().filter(|folder| {
            name(folder).is_some_and(|name| name.to_string_lossy().starts_with(&below))
        }));
        Ok(folders.into_iter().collect())
    }

    /// The newest transcripts that may belong to a work tree, newest first.
    pub(crate) fn candidates(&self, here: &Here<'_>) -> Result<Vec<Copy>, AssistantError> {
        let mut copies = Vec::new();
        for folder in self.around(here)? {
            copies.extend(transcripts(&folder)?);
        }
        copies.sort_by(|a, b| (b.modified_ms, &a.id).cmp(&(a.modified_ms, &b.id)));
        copies.truncate(NEWEST);
        Ok(copies)
    }

    /// The ids on this device that start with `text`.
    pub(crate) fn ids(&self, text: &str) -> Result<BTreeSet<ConversationId>, AssistantError> {
        let mut ids = BTreeSet::new();
        for folder in self.all()? {
            let named = transcripts(&folder)?.into_iter().map(|copy| copy.id);
            ids.extend(named.filter(|id| id.as_str().starts_with(text)));
        }
        Ok(ids)
    }
}

/// The name of the project folder of a directory.
pub(crate) fn slug_of(directory: &Path) -> String {
    project_slug(&directory.to_string_lossy())
}

/// The transcripts in a project folder. Sub-agents of old clients lie there too: they are none.
fn transcripts(folder: &Path) -> Result<Vec<Copy>, AssistantError> {
    let unread = |error| failed("read", folder, &error);
    let Some(listing) = if_there(fs::read_dir(folder)).map_err(unread)? else {
        return Ok(Vec::new());
    };
    let id = |name: &OsStr| {
        let stem = name.to_str()?.strip_suffix(".jsonl")?;
        is_uuid(stem).then(|| stem.parse().ok()).flatten()
    };
    let entries = listing.filter_map(Result::ok);
    Ok(entries.filter_map(|entry| Copy::find(folder, &id(&entry.file_name())?)).collect())
}

/// Whether `directory` lies in the work tree at `top` itself, not in another one inside it.
pub(crate) fn is_inside(top: &Path, directory: &Path) -> bool {
    directory.starts_with(top)
        && directory
            .ancestors()
            .take_while(|at| *at != top)
            .all(|at| fs::symlink_metadata(at.join(".git")).is_err())
}

/// Where a conversation is held.
enum Home {
    Here(PathBuf),
    /// In a directory outside of this work tree, or in none that can be told.
    Elsewhere(Option<PathBuf>),
}

impl Home {
    /// The recorded directory that gave the project folder its name tells, the newest one first:
    /// the folder's name alone may stand for several directories. A directory of another device
    /// tells nothing.
    fn of(copy: &Copy, ends: &Ends, here: &Here<'_>) -> Self {
        let recorded = [&ends.summary.relocated, &ends.summary.started_in, &ends.last_directory];
        let named = recorded
            .into_iter()
            .flatten()
            .map(Path::new)
            .find(|directory| slug_of(directory) == copy.slug());
        match named {
            Some(directory) if is_inside(here.work_tree, directory) => {
                Self::Here(directory.to_owned())
            }
            Some(directory) if directory.exists() => Self::Elsewhere(Some(directory.to_owned())),
            _ => [here.directory, here.work_tree]
                .into_iter()
                .find(|directory| slug_of(directory) == copy.slug())
                .map_or(Self::Elsewhere(named.map(Path::to_owned)), |directory| {
                    Self::Here(directory.to_owned())
                }),
        }
    }
}

/// Tells of a copy, if it is of this work tree.
pub(crate) fn found_here(
    copy: &Copy,
    here: &Here<'_>,
    open: &[Open],
    rules: &dyn Rules,
) -> Option<Found> {
    let ends = ends_or_none(copy, rules);
    match Home::of(copy, &ends, here) {
        Home::Here(directory) => Some(found(copy, ends, directory, open)),
        Home::Elsewhere(_) => None,
    }
}

/// One transcript that can't be read must not hide the others; whoever takes it is told.
fn ends_or_none(copy: &Copy, rules: &dyn Rules) -> Ends {
    copy.ends(rules).unwrap_or_default()
}

/// Tells of a copy wherever it is from: it was named, or is open here.
pub(crate) fn found_anyway(
    copy: &Copy,
    here: &Here<'_>,
    open: &[Open],
    rules: &dyn Rules,
) -> Found {
    let ends = ends_or_none(copy, rules);
    let directory = match Home::of(copy, &ends, here) {
        Home::Here(directory) | Home::Elsewhere(Some(directory)) => directory,
        Home::Elsewhere(None) => here.directory.to_owned(),
    };
    found(copy, ends, directory, open)
}

fn found(copy: &Copy, ends: Ends, directory: PathBuf, open: &[Open]) -> Found {
    Found {
        id: copy.id.clone(),
        title: ends.summary.title,
        modified_ms: copy.modified_ms,
        live: live_in(open, &copy.id),
        directory,
    }
}

/// Who has a conversation open, the caller before others.
pub(crate) fn live_in(open: &[Open], id: &ConversationId) -> Option<Live> {
    open.iter().find(|open| open.id == id.as_str()).map(|open| open.live.clone())
}
