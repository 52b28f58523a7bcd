//! Is told by the system when something comes into a folder (inotify(7)).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::rhythm::Ground;

/// What comes into a folder comes by one of these, with whatever program; and the folder may go.
const NEWS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// After these the folders that are followed are no longer those that are there.
const OTHER_FOLDERS: ReadFlags = ReadFlags::ISDIR
    .union(ReadFlags::DELETE_SELF)
    .union(ReadFlags::MOVE_SELF)
    .union(ReadFlags::UNMOUNT)
    .union(ReadFlags::IGNORED)
    .union(ReadFlags::QUEUE_OVERFLOW);

/// So many folders are followed: older kernels allow a user 8192 in all.
const MOST: usize = 6000;

/// A store has no folders below these (`v1/s/<session>`).
const DEEPEST: u32 = 3;

/// File systems whose changes on other machines nobody tells of (statfs(2)): NFS, SMB, CIFS, SMB2,
/// 9P, Ceph, AFS, Coda, and all that is FUSE.
const ELSEWHERE: [u32; 9] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x0102_1997,
    0x00c3_6400,
    0x5346_414f,
    0x7375_7245,
    0x6573_5546,
];

/// A folder to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Followed {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// With all that lies below it.
    pub(crate) below: bool,
}

/// What in a folder is of interest.
#[derive(Debug)]
enum Of {
    All,
    /// Folders that are to come into it. Others write there as they like.
    These(Vec<OsString>),
}

impl Of {
    fn is_wanted(&self, name: Option<&OsStr>) -> bool {
        match (self, name) {
            (Self::These(names), Some(name)) => names.iter().any(|wanted| wanted == name),
            (_, name) => name.is_none_or(|name| !is_unfinished(name.as_bytes())),
        }
    }
}

/// Folders that the system tells of.
#[derive(Debug)]
pub(crate) struct Folders {
    queue: OwnedFd,
    /// By the number that the system gave it.
    told: BTreeMap<i32, Of>,
    followed: Vec<Followed>,
    /// Device and number of each, while it is there.
    found: Vec<Option<(u64, u64)>>,
    stale: bool,
    /// All of them are followed.
    whole: bool,
}

impl Folders {
    /// None yet.
    ///
    /// # Errors
    ///
    /// If the system has no room for one more who is told.
    pub(crate) fn new() -> io::Result<Self> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let (told, followed, found) = Default::default();
        Ok(Self { queue, told, followed, found, stale: true, whole: false })
    }

    /// Follows these folders from now on. True: not all of them were followed before, so what is in
    /// them is to be looked at once more.
    ///
    /// # Errors
    ///
    /// If the system has no room for one more who is told.
    pub(crate) fn follow(&mut self, wanted: &[Followed]) -> io::Result<bool> {
        if self.followed != wanted {
            *self = Self { followed: wanted.to_vec(), ..Self::new()? };
        }
        let found = wanted.iter().map(|folder| identity(&folder.path)).collect();
        if !self.stale && self.found == found {
            return Ok(false);
        }
        (self.found, self.stale) = (found, false);
        self.told.clear();
        self.whole = true;
        for folder in wanted {
            self.whole &= self.add(folder);
        }
        Ok(true)
    }

    /// How one learns what happens in a folder that is followed.
    pub(crate) fn ground(&self, folder: &Path) -> Ground {
        match self.whole && !is_elsewhere(folder) {
            true => Ground::Told,
            false => Ground::HalfTold,
        }
    }

    /// Takes what was told so far. True: something came.
    pub(crate) fn take(&mut self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.queue, &mut buffer);
        let mut came = false;
        // It ends when there is no more.
        while let Ok(event) = events.next() {
            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            // Of a folder that is no longer followed nothing is wanted; too many events have none.
            let overflow = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
            let wanted = self.told.get(&event.wd()).is_some_and(|of| of.is_wanted(name));
            self.stale |= overflow || (wanted && event.events().intersects(OTHER_FOLDERS));
            came |= overflow || wanted;
        }
        came
    }

    fn add(&mut self, folder: &Followed) -> bool {
        let Some(there) = nearest(&folder.path) else { return false };
        let Ok(rest) = folder.path.strip_prefix(there) else { return false };
        match rest.components().next() {
            None => self.add_below(there, if folder.below { DEEPEST } else { 0 }),
            // Its coming is told by the folder that it comes into.
            Some(next) => self.add_one(there, Some(next.as_os_str())),
        }
    }

    fn add_below(&mut self, folder: &Path, depth: u32) -> bool {
        // First this one, then what is in it: what comes in between is told.
        let mut whole = self.add_one(folder, None);
        if depth == 0 {
            return whole;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                whole &= self.add_below(&entry.path(), depth - 1);
            }
        }
        whole
    }

    /// Is told of all that comes into a folder, or of what has that name.
    fn add_one(&mut self, folder: &Path, only: Option<&OsStr>) -> bool {
        if self.told.len() >= MOST {
            return false;
        }
        let number = match inotify::add_watch(&self.queue, folder, NEWS) {
            Ok(number) => number,
            // One that went is told by the folder that it was in.
            Err(Errno::NOENT | Errno::NOTDIR) => return true,
            Err(_) => return false,
        };
        match (only, self.told.entry(number).or_insert_with(|| Of::These(Vec::new()))) {
            (Some(name), Of::These(names)) => names.push(name.to_owned()),
            (None, of) => *of = Of::All,
            (Some(_), Of::All) => {}
        }
        true
    }
}

impl AsFd for Folders {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

/// What is being written, by ConvoSync or by a synchroniser, has a name that begins with a dot.
fn is_unfinished(name: &[u8]) -> bool {
    name.starts_with(b".")
}

fn identity(folder: &Path) -> Option<(u64, u64)> {
    fs::metadata(folder).ok().map(|facts| (facts.dev(), facts.ino()))
}

/// The folder, or the nearest above it that is there.
fn nearest(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.is_dir())
}

fn is_elsewhere(folder: &Path) -> bool {
    // The number is of 32 bits wherever it is kept.
    let kind = |facts: rustix::fs::StatFs| facts.f_type as u32;
    let there = nearest(folder).and_then(|folder| rustix::fs::statfs(folder).ok());
    there.is_none_or(|facts| ELSEWHERE.contains(&kind(facts)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, poll};

    fn all(path: &Path) -> Vec<Followed> {
        vec![Followed { path: path.to_owned(), below: true }]
    }

    /// Waits until something is told.
    fn is_told(folders: &mut Folders) -> bool {
        let mut waits = [PollFd::new(&*folders, PollFlags::IN)];
        let limit = Duration::from_secs(20).try_into().expect("it fits");
        poll(&mut waits, Some(&limit)).expect("poll works");
        folders.take()
    }

    #[test]
    fn what_comes_into_a_folder_or_below_it_is_told() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("v1/s/one")).expect("folders");
        let mut folders = Folders::new().expect("the system tells");
        assert!(folders.follow(&all(root.path())).expect("there is room"));
        assert!(!folders.follow(&all(root.path())).expect("there is room"), "they are followed");
        assert_eq!(folders.ground(root.path()), Ground::Told);
        assert!(!folders.take(), "nothing happened");
        fs::write(root.path().join("v1/s/one/save"), "x").expect("written");
        assert!(is_told(&mut folders));
        fs::rename(root.path().join("v1/s/one/save"), root.path().join("v1/s/one/other"))
            .expect("renamed");
        assert!(is_told(&mut folders));
    }

    #[test]
    fn what_is_being_written_is_no_news() {
        let root = tempfile::tempdir().expect("a folder");
        let mut folders = Folders::new().expect("the system tells");
        folders.follow(&all(root.path())).expect("there is room");
        fs::write(root.path().join(".new-1"), "x").expect("written");
        assert!(!is_told(&mut folders));
        fs::rename(root.path().join(".new-1"), root.path().join("save")).expect("renamed");
        assert!(is_told(&mut folders));
    }

    #[test]
    fn where_a_folder_is_to_come_nothing_else_is_news() {
        let root = tempfile::tempdir().expect("a folder");
        let mut folders = Folders::new().expect("the system tells");
        folders.follow(&all(&root.path().join("store/below"))).expect("there is room");
        fs::write(root.path().join("other"), "x").expect("written");
        assert!(!is_told(&mut folders));
        fs::create_dir(root.path().join("store")).expect("a folder");
        assert!(is_told(&mut folders));
    }

    #[test]
    fn a_new_folder_is_followed_and_one_that_comes_back_too() {
        let root = tempfile::tempdir().expect("a folder");
        let store = root.path().join("mounted/store");
        let mut folders = Folders::new().expect("the system tells");
        folders.follow(&all(&store)).expect("there is room");
        for part in ["mounted", "mounted/store", "mounted/store/session"] {
            fs::create_dir(root.path().join(part)).expect("a folder");
            assert!(is_told(&mut folders), "{part}");
            assert!(folders.follow(&all(&store)).expect("there is room"), "{part}");
        }
        fs::rename(root.path().join("mounted"), root.path().join("away")).expect("renamed");
        assert!(folders.follow(&all(&store)).expect("there is room"));
        folders.take();
        fs::rename(root.path().join("away"), root.path().join("mounted")).expect("renamed");
        assert!(is_told(&mut folders));
        folders.follow(&all(&store)).expect("there is room");
        folders.take();
        fs::write(store.join("session/save"), "x").expect("written");
        assert!(is_told(&mut folders));
    }

    #[test]
    fn of_a_file_system_without_events_it_is_known() {
        assert!(!is_elsewhere(Path::new("/")));
        // Nothing is followed yet.
        let folders = Folders::new().expect("the system tells");
        assert_eq!(folders.ground(Path::new("/")), Ground::HalfTold);
    }
}
