//! Puts a conversation's files where Claude Code looks for them.
//!
//! What comes from a store is not trusted: a file goes only where the table in `layout` says, and
//! no link inside the assistant's folders leads it out of them.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use convosync_core::{ConversationId, FilePath};
use convosync_engine::ports::{AssistantError, Placed, Placement, ScratchFile};
use rustix::fs::{Timespec, Timestamps, UTIME_NOW};

use super::layout::{Family, is_uuid};
use super::listing::slug_of;
use super::process::{Process, Processes};
use super::{failed, if_there};
use crate::disk;
use crate::durable::{make_folder, new_file, open_no_follow, sync_folder};

/// Our temporary files: `.convosync-<pid>-<n>.tmp`.
const TEMPORARY: &str = ".convosync-";

/// A file and where it goes.
struct Target {
    family: Family,
    root: PathBuf,
    /// Folders under the root, then the name.
    steps: Vec<String>,
    contents: Box<dyn ScratchFile>,
}

/// Whether the id and every file have a place; see the port.
pub(crate) fn accepts(id: &ConversationId, files: &[FilePath]) -> Result<(), AssistantError> {
    if !is_uuid(id.as_str()) {
        return Err(refused(id.as_str(), "Claude Code names conversations by UUIDs"));
    }
    files.iter().try_for_each(|path| family(path).map(drop))
}

pub(super) fn family(path: &FilePath) -> Result<Family, AssistantError> {
    Family::of(path.as_str())
        .ok_or_else(|| refused(path.as_str(), "not known as part of a conversation"))
}

/// Places files; see the port.
pub(crate) fn place(
    config: &Path,
    processes: &dyn Processes,
    to: &Placement<'_>,
    files: Vec<(FilePath, Box<dyn ScratchFile>)>,
) -> Result<Placed, AssistantError> {
    accepts(to.id, &[])?;
    let slug = slug_of(to.directory);
    let mut targets = plan(config, &slug, to.id, files)?;
    // Whoever sees the transcript sees all that it speaks of, and it is the newest.
    targets.sort_by_key(|target| target.family == Family::Transcript);
    let transcript = Family::Transcript.root(config).join(&slug).join(format!("{}.jsonl", to.id));
    let times = times(to.modified_ms);
    let mut writer = Writer { processes, times, seen: BTreeSet::new(), unsynced: BTreeSet::new() };
    let mut placed = transcript;
    for target in targets {
        let is_transcript = target.family == Family::Transcript;
        if is_transcript {
            writer.sync()?;
        }
        let path = writer.write(target)?;
        if is_transcript {
            placed = path;
        }
    }
    writer.sync()?;
    Ok(Placed { transcript: placed })
}

fn refused(name: &str, reason: &str) -> AssistantError {
    AssistantError::Refused { name: name.to_owned(), reason: reason.to_owned() }
}

fn plan(
    config: &Path,
    slug: &str,
    id: &ConversationId,
    files: Vec<(FilePath, Box<dyn ScratchFile>)>,
) -> Result<Vec<Target>, AssistantError> {
    files
        .into_iter()
        .map(|(logical, contents)| {
            let family = family(&logical)?;
            let steps = family.steps(logical.as_str(), slug, id);
            Ok(Target { family, root: family.root(config), steps, contents })
        })
        .collect()
}

struct Writer<'a> {
    processes: &'a dyn Processes,
    /// What every file gets; none: those of the writing.
    times: Option<Timestamps>,
    /// Folders that were swept already.
    seen: BTreeSet<PathBuf>,
    /// Folders whose new entries are not durable yet.
    unsynced: BTreeSet<PathBuf>,
}

impl Writer<'_> {
    fn write(&mut self, mut target: Target) -> Result<PathBuf, AssistantError> {
        let (name, folders) = target.steps.split_last().expect("every family ends with a name");
        let folder = make_folders(&target.root, folders)?;
        if self.seen.insert(folder.clone()) {
            sweep(&folder, self.processes);
        }
        let path = folder.join(name);
        let unwritten = |error: io::Error| failed("write", &path, &error);
        // Most files of a conversation never change, and there may be hundreds.
        if freshened(&path, &mut *target.contents, self.times.as_ref()).map_err(unwritten)? {
            return Ok(path);
        }
        let temporary = Temporary::fill(&folder, &mut *target.contents, self.times.as_ref())
            .map_err(unwritten)?;
        if target.family == Family::Plan {
            keep_other(&path).map_err(unwritten)?;
        }
        temporary.rename(&path).map_err(unwritten)?;
        self.unsynced.insert(folder);
        Ok(path)
    }

    /// Makes all that was written so far durable.
    fn sync(&mut self) -> Result<(), AssistantError> {
        for folder in std::mem::take(&mut self.unsynced) {
            sync_folder(&folder).map_err(|error| failed("write", &folder, &error))?;
        }
        Ok(())
    }
}

fn times(modified_ms: Option<i64>) -> Option<Timestamps> {
    let ms = modified_ms?;
    let nanos = ms.rem_euclid(1000) * 1_000_000;
    let at = Timespec { tv_sec: ms.div_euclid(1000), tv_nsec: nanos };
    Some(Timestamps { last_access: at, last_modification: at })
}

/// Gives a file that holds these very bytes already the time and the mode of all that is placed;
/// false if there is none.
fn freshened(
    path: &Path,
    contents: &mut dyn ScratchFile,
    times: Option<&Timestamps>,
) -> io::Result<bool> {
    // What is no plain file, or can't be opened, is replaced.
    let Ok(mut there) = open_no_follow(path, OpenOptions::new().read(true).write(true)) else {
        return Ok(false);
    };
    if !there.metadata()?.is_file() || !same_bytes(&mut there, contents)? {
        return Ok(false);
    }
    there.set_permissions(Permissions::from_mode(0o600))?;
    // By the clock of the file system, as a write does: the order of times is kept.
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let fresh = Timestamps { last_access: now, last_modification: now };
    disk::set_times(&there, times.unwrap_or(&fresh))?;
    Ok(true)
}

/// Makes the folders below `root` (0700) and gives the real path of the last one.
///
/// The roots are the user's: one may be a link to another disk. Below it, no link leads out.
fn make_folders(root: &Path, steps: &[String]) -> Result<PathBuf, AssistantError> {
    let unmade = |path: &Path, error: io::Error| failed("make the folder", path, &error);
    make_folder(root).map_err(|error| unmade(root, error))?;
    let root = root.canonicalize().map_err(|error| unmade(root, error))?;
    let mut at = root.clone();
    for step in steps {
        let next = at.join(step);
        let made = match disk::make_dir(&next) {
            Ok(()) => sync_folder(&at),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        };
        let real = made.and_then(|()| next.canonicalize()).map_err(|error| unmade(&next, error))?;
        if !real.starts_with(&root) {
            return Err(refused(&next.display().to_string(), "a link leads out of the folder"));
        }
        at = real;
    }
    Ok(at)
}

/// Removes what a placing that was killed has left. That it fails harms nobody.
fn sweep(folder: &Path, processes: &dyn Processes) {
    let Ok(listing) = fs::read_dir(folder) else { return };
    for entry in listing.filter_map(Result::ok) {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(TEMPORARY));
        let pid = rest.and_then(|rest| rest.split('-').next()?.parse().ok());
        if pid.is_some_and(|pid| processes.look(pid) == Process::Gone) {
            let _ = disk::remove_file(&entry.path());
        }
    }
}

/// A plan goes by its name: another one under that name is kept beside it, not overwritten.
fn keep_other(path: &Path) -> io::Result<()> {
    if if_there(fs::symlink_metadata(path))?.is_none() {
        return Ok(());
    }
    let stem = path.with_extension("");
    for number in 1.. {
        let kept = PathBuf::from(format!("{}.convosync-{number}.md", stem.display()));
        if fs::symlink_metadata(&kept).is_err() {
            return disk::rename(path, &kept);
        }
    }
    Ok(())
}

/// Bytes that are compared at once.
const SAME: u64 = 64 * 1024;

fn same_bytes(file: &mut File, contents: &mut dyn ScratchFile) -> io::Result<bool> {
    if file.metadata()?.len() != contents.seek(SeekFrom::End(0))? {
        return Ok(false);
    }
    contents.seek(SeekFrom::Start(0))?;
    let room = || Vec::with_capacity(SAME as usize);
    let (mut left, mut right) = (room(), room());
    loop {
        left.clear();
        right.clear();
        (&mut *file).take(SAME).read_to_end(&mut left)?;
        (&mut *contents).take(SAME).read_to_end(&mut right)?;
        if left != right || left.is_empty() {
            return Ok(left == right);
        }
    }
}

/// A file on its way: gone when dropped before it has its name.
struct Temporary {
    path: PathBuf,
    named: bool,
}

impl Temporary {
    fn fill(
        folder: &Path,
        contents: &mut dyn ScratchFile,
        times: Option<&Timestamps>,
    ) -> io::Result<Self> {
        let (this, mut file) = Self::create(folder)?;
        contents.seek(SeekFrom::Start(0))?;
        disk::fill(contents, &mut file, &this.path)?;
        if let Some(times) = times {
            disk::set_times(&file, times)?;
        }
        disk::sync(&file)?;
        Ok(this)
    }

    fn create(folder: &Path) -> io::Result<(Self, File)> {
        let mut number = 0_u32;
        loop {
            let name = format!("{TEMPORARY}{}-{number}.tmp", std::process::id());
            let path = folder.join(name);
            match new_file(&path) {
                Ok(file) => return Ok((Self { path, named: false }, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn rename(mut self, to: &Path) -> io::Result<()> {
        disk::rename(&self.path, to)?;
        self.named = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.named {
            let _ = disk::remove_file(&self.path);
        }
    }
}
