//! A store that is a folder: on this machine, on a network share, or kept equal by a file
//! synchroniser. It needs nothing of the file system but that a rename is atomic.

use std::collections::BTreeSet;
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use convosync_core::{MAX_BODY, ObjectName, Sealed};
use convosync_engine::ports::{Caps, Listed, Store, StoreError, starts_one_by_one};
use rustix::io::Errno;

use super::beneath::{Entry, Folder, Listing, read_up_to};
use super::place::{DEEPEST, Place, may_hold};
use crate::{disk, durable};

/// Objects are held in memory, so a hostile file must not be read however big it is. Room for the
/// biggest body, its padding (Padmé adds at most an eighth), its seal and a card.
pub(super) const LARGEST: u64 = MAX_BODY + MAX_BODY / 4;

/// From so many folders in one on a walk is shared.
const MANY: usize = 256;

/// A disk answers no faster to more at once.
const MOST_THREADS: usize = 8;

/// Holds sealed objects as files below one folder.
///
/// An object `v1/s/<session>/<save>` is the file of that path below the root: mode 0600, in
/// folders of mode 0700. What is no object name is left alone, and no symlink below the root is
/// followed. Cheap to make: the root is opened at each call, so one that is mounted again works.
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
    /// Folders that this store has cleared of old temporary files.
    swept: Mutex<BTreeSet<String>>,
}

impl FolderStore {
    /// The store in `root`, an absolute path. Reads and makes nothing yet.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root, swept: Mutex::default() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn open_root(&self) -> Result<Folder, StoreError> {
        Folder::root(&self.root).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.gone(),
            _ => failed("open", &self.root.display(), &error),
        })
    }

    fn gone(&self) -> StoreError {
        StoreError::Unreachable(format!("{} is not there", self.root.display()))
    }

    /// The folder of an object; `None` if it was never made. A root that is gone is an error:
    /// an unmounted share must not look like a store that lost its objects.
    fn find(&self, place: &Place) -> Result<Option<Folder>, StoreError> {
        let mut folder = self.open_root()?;
        for part in place.folders() {
            let inner = folder.folder(part).map_err(|error| failed("open", &part, &error))?;
            let Some(inner) = inner else { return Ok(None) };
            folder = inner;
        }
        Ok(Some(folder))
    }

    /// The folder at a path below the root, of names as objects have them.
    fn go_to(&self, path: &str) -> Result<Option<Folder>, StoreError> {
        let mut folder = self.open_root()?;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if part.starts_with('.') {
                return Ok(None);
            }
            let inner = folder.folder(part).map_err(|error| failed("list", &path, &error))?;
            let Some(inner) = inner else { return Ok(None) };
            folder = inner;
        }
        Ok(Some(folder))
    }

    fn find_or_make(&self, place: &Place) -> Result<Folder, StoreError> {
        place.folders().try_fold(self.open_root()?, |folder, part| {
            folder.make_folder(part).map_err(|error| failed("make the folder", &part, &error))
        })
    }

    /// Adds what lies in `folder`, whose path below the root is `path`, to `found`.
    fn walk(
        &self,
        folder: Folder,
        path: &str,
        prefix: &str,
        found: &mut Vec<Listed>,
    ) -> Result<(), StoreError> {
        let unreadable = |error: io::Error| failed("list", &path, &error);
        let listing = folder.listing().map_err(unreadable)?;
        let mut folders = Vec::new();
        for entry in &listing.entries {
            match entry {
                Entry::File(file) => {
                    let Some(name) = named(path, file, prefix) else { continue };
                    // Removed since the folder was read: as if it had been removed before.
                    let Some(size) = listing.size(file).map_err(unreadable)? else { continue };
                    found.push(Listed { name, size });
                }
                Entry::Folder(inner) => folders.push(inner.as_str()),
            }
        }
        self.walk_all(&listing, path, &folders, prefix, found)
    }

    /// Walks through folders in a folder; through many of them on all processors.
    fn walk_all(
        &self,
        listing: &Listing,
        path: &str,
        folders: &[&str],
        prefix: &str,
        found: &mut Vec<Listed>,
    ) -> Result<(), StoreError> {
        if folders.len() < MANY {
            return self.walk_each(listing, path, folders, prefix, found);
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let walked = std::thread::scope(|scope| {
            let walk = |folders| {
                let mut found = Vec::new();
                self.walk_each(listing, path, folders, prefix, &mut found).map(|()| found)
            };
            let shares = folders.chunks(folders.len().div_ceil(threads));
            let shares: Vec<_> = shares.map(|share| scope.spawn(move || walk(share))).collect();
            let joined = |share: std::thread::ScopedJoinHandle<'_, _>| {
                share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            shares.into_iter().map(joined).collect::<Result<Vec<_>, _>>()
        });
        found.extend(walked?.into_iter().flatten());
        Ok(())
    }

    fn walk_each(
        &self,
        listing: &Listing,
        path: &str,
        folders: &[&str],
        prefix: &str,
        found: &mut Vec<Listed>,
    ) -> Result<(), StoreError> {
        for inner in folders {
            let path = join(path, inner);
            if path.split('/').count() > DEEPEST || !may_hold(&path, prefix) {
                continue;
            }
            let folder = listing.folder(inner).map_err(|error| failed("list", &path, &error))?;
            if let Some(folder) = folder {
                self.walk(folder, &path, prefix, found)?;
            }
        }
        Ok(())
    }

    /// Removes temporary files that a dead process left beside the object, once for each folder.
    /// Best effort: they only take room.
    fn sweep(&self, folder: &Folder, path: &str) {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if !swept.insert(path.to_owned()) {
            return;
        }
        for entry in folder.entries().unwrap_or_default() {
            let Entry::File(file) = entry else { continue };
            if is_temporary(&file) && folder.is_stale(&file) {
                let _ = folder.remove(&file);
            }
        }
    }
}

impl Store for FolderStore {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        let size = object.as_bytes().len() as u64;
        if size > LARGEST {
            return Err(StoreError::TooBig { name: name.clone(), size });
        }
        let place = Place::of(name);
        let folder = self.find_or_make(&place)?;
        self.sweep(&folder, place.folder());
        let written = put(&folder, place.file(), object.as_bytes(), &Way::ALL)
            .map_err(|error| failed("write", name, &error))?;
        match written {
            Written::Whole => Ok(()),
            Written::Taken => Err(StoreError::Exists(name.clone())),
        }
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(name, object)| self.put_new(name, object))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        let place = Place::of(name);
        let folder = self.find(&place)?.ok_or_else(|| StoreError::Missing(name.clone()))?;
        let unreadable = |error: io::Error| failed("read", name, &error);
        let (file, size) = folder
            .file(place.file())
            .map_err(unreadable)?
            .ok_or_else(|| StoreError::Missing(name.clone()))?;
        if size > LARGEST {
            return Err(StoreError::TooBig { name: name.clone(), size });
        }
        Ok(Sealed::received(read_up_to(&file, LARGEST).map_err(unreadable)?))
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let place = Place::of(name);
        let folder = self.find(&place)?.ok_or_else(|| StoreError::Missing(name.clone()))?;
        let unreadable = |error: io::Error| failed("read", name, &error);
        let (file, size) = folder
            .file(place.file())
            .map_err(unreadable)?
            .ok_or_else(|| StoreError::Missing(name.clone()))?;
        let wanted = range.end.min(size).saturating_sub(range.start);
        if wanted > LARGEST {
            return Err(StoreError::TooBig { name: name.clone(), size: wanted });
        }
        if wanted == 0 {
            return Ok(Vec::new());
        }
        (&file).seek(SeekFrom::Start(range.start)).map_err(unreadable)?;
        read_up_to(&file, wanted).map_err(unreadable)
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut found = Vec::new();
        // Folders that the prefix names are gone into without reading those around them.
        let whole = prefix.rsplit_once('/').map_or("", |(folders, _)| folders);
        if let Some(folder) = self.go_to(whole)? {
            self.walk(folder, whole, prefix, &mut found)?;
        }
        found.sort();
        Ok(found)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        let place = Place::of(name);
        let Some(folder) = self.find(&place)? else { return Ok(()) };
        folder
            .remove(place.file())
            .and_then(|()| folder.sync())
            .map_err(|error| failed("remove", name, &error))
    }

    fn caps(&self) -> Caps {
        Caps { put_if_absent: true, ranges: true }
    }

    fn describe(&self) -> String {
        self.root.display().to_string()
    }
}

/// How a put ended.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    /// The object is there, durably; it may have been there before.
    Whole,
    /// The name holds something else.
    Taken,
}

/// How a finished temporary file gets its name, best first.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// The kernel refuses a taken name. Not on old kernels, NFS, many FUSE file systems.
    RenameNew,
    /// So does `link`. Not on Android, exFAT, some SMB.
    Link,
    /// Replaces a taken name, so two writers could meet. Names end with 40 random bits and one
    /// device, so only a retry of the same bytes ever meets.
    Rename,
}

impl Way {
    const ALL: [Self; 3] = [Self::RenameNew, Self::Link, Self::Rename];
}

fn put(folder: &Folder, file: &str, bytes: &[u8], ways: &[Way]) -> io::Result<Written> {
    if folder.is_taken(file)? {
        return compare(folder, file, bytes);
    }
    let temporary = Temporary::write(folder, bytes)?;
    match publish(folder, &temporary.name, file, ways) {
        Ok(()) => folder.sync().map(|()| Written::Whole),
        Err(Errno::EXIST) => compare(folder, file, bytes),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether the taken name holds these bytes. A writer that died may have left them not durable
/// yet, so they are synced again.
fn compare(folder: &Folder, file: &str, bytes: &[u8]) -> io::Result<Written> {
    let size = bytes.len() as u64;
    match folder.file(file)? {
        Some((there, len)) if len == size && read_up_to(&there, size + 1)? == bytes => {
            settled(&there)?;
            folder.sync()?;
            Ok(Written::Whole)
        }
        _ => Ok(Written::Taken),
    }
}

fn settled(file: &std::fs::File) -> io::Result<()> {
    durable::settled(rustix::fs::fsync(file))
}

/// Goes down the ways until one is known here; the answer of that one counts.
fn publish(folder: &Folder, from: &str, to: &str, ways: &[Way]) -> rustix::io::Result<()> {
    let mut answer = Err(Errno::NOSYS);
    for way in ways {
        answer = match way {
            Way::RenameNew => folder.rename_new(from, to),
            Way::Link => folder.link(from, to),
            Way::Rename if folder.is_taken(to).unwrap_or(true) => Err(Errno::EXIST),
            Way::Rename => folder.rename(from, to),
        };
        if !matches!(answer, Err(errno) if is_unknown(errno)) {
            break;
        }
    }
    answer
}

/// Whether a file system answers so when it does not know a way. A true lack of permission is
/// answered to every way, so it is still told at the end.
fn is_unknown(errno: Errno) -> bool {
    [
        Errno::NOSYS,
        Errno::INVAL,
        Errno::PERM,
        Errno::ACCESS,
        Errno::NOTSUP,
        Errno::OPNOTSUPP,
        Errno::MLINK,
    ]
    .contains(&errno)
}

/// A file that is not an object yet, removed when dropped. After a rename that name is gone
/// already; after a link it must go.
struct Temporary<'a> {
    folder: &'a Folder,
    name: String,
}

impl<'a> Temporary<'a> {
    fn write(folder: &'a Folder, bytes: &[u8]) -> io::Result<Self> {
        let name = format!("{TEMPORARY}{}", durable::random_letters()?);
        let mut file = folder.new_file(&name)?;
        let temporary = Self { folder, name };
        disk::write_all(&mut file, Path::new(&temporary.name), bytes)?;
        disk::sync(&file)?;
        Ok(temporary)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // What stays is removed a day later.
        let _ = self.folder.remove(&self.name);
    }
}

/// Starts the names of files that are being written. The dot hides them, and keeps them from
/// being object names.
const TEMPORARY: &str = ".convosync-tmp-";

fn is_temporary(file: &str) -> bool {
    file.strip_prefix(TEMPORARY).is_some_and(|rest| rest.len() == 8)
}

fn named(path: &str, file: &str, prefix: &str) -> Option<ObjectName> {
    let text = join(path, file);
    text.starts_with(prefix).then(|| text.parse().ok())?
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// What the engine would do differently about a failure of the file system.
pub(super) fn failed(what: &str, which: &dyn std::fmt::Display, error: &io::Error) -> StoreError {
    let reason = format!("can't {what} {which}: {error}");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(reason),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::Denied(reason)
        }
        _ => StoreError::Unreachable(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds_its_promise(ways: &[Way]) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::root(root.path()).unwrap();
        assert_eq!(put(&folder, "object", b"first", ways).unwrap(), Written::Whole);
        assert_eq!(put(&folder, "object", b"first", ways).unwrap(), Written::Whole);
        assert_eq!(put(&folder, "object", b"other", ways).unwrap(), Written::Taken);
        assert_eq!(std::fs::read(root.path().join("object")).unwrap(), b"first");
        let left = std::fs::read_dir(root.path()).unwrap().count();
        assert_eq!(left, 1, "a temporary file stayed behind: {ways:?}");
    }

    #[test]
    fn every_way_alone_keeps_the_first() {
        for way in Way::ALL {
            holds_its_promise(&[way]);
        }
        holds_its_promise(&Way::ALL);
    }

    fn race(ways: &[Way]) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path();
        let winners = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16u8)
                .map(|racer| {
                    scope.spawn(move || {
                        let folder = Folder::root(path).unwrap();
                        put(&folder, "object", &[racer; 4096], ways).unwrap() == Written::Whole
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(winners, 1, "{ways:?}");
    }

    #[test]
    fn the_ways_that_refuse_a_taken_name_have_one_winner() {
        for _ in 0..5 {
            race(&[Way::RenameNew]);
            race(&[Way::Link]);
        }
    }

    #[test]
    fn a_way_that_is_unknown_here_gives_way_to_the_next() {
        for errno in [Errno::NOSYS, Errno::INVAL, Errno::PERM, Errno::ACCESS, Errno::OPNOTSUPP] {
            assert!(is_unknown(errno), "{errno}");
        }
        for errno in [Errno::EXIST, Errno::NOSPC, Errno::DQUOT, Errno::IO, Errno::ROFS] {
            assert!(!is_unknown(errno), "{errno}");
        }
    }

    #[test]
    fn a_failure_of_the_disk_is_named_for_what_it_is() {
        let told = |errno: Errno| failed("write", &"x", &errno.into());
        assert!(matches!(told(Errno::NOSPC), StoreError::Full(_)));
        assert!(matches!(told(Errno::DQUOT), StoreError::Full(_)));
        assert!(matches!(told(Errno::ACCESS), StoreError::Denied(_)));
        assert!(matches!(told(Errno::ROFS), StoreError::Denied(_)));
        assert!(matches!(told(Errno::STALE), StoreError::Unreachable(_)));
        assert!(matches!(told(Errno::IO), StoreError::Unreachable(_)));
    }
}
