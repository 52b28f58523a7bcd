//! A folder held open, and what lies in it. No symlink below the root is ever followed: who can
//! write into a shared folder must not be able to point us elsewhere.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::durable::{self, settled};
use crate::faults::{Change, before};

/// An open folder.
pub(super) struct Folder(OwnedFd);

/// What a folder holds, as far as it matters here.
pub(super) enum Entry {
    Folder(String),
    File(String),
}

impl Folder {
    /// Opens the root, which may be reached through the user's own symlinks.
    pub(super) fn root(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// Opens a folder in this one; `None` if there is none of that name.
    pub(super) fn folder(&self, name: &str) -> io::Result<Option<Self>> {
        folder_in(self.0.as_fd(), name)
    }

    /// Opens a folder in this one, made durably with mode 0700 if there is none.
    pub(super) fn make_folder(&self, name: &str) -> io::Result<Self> {
        if let Some(folder) = self.folder(name)? {
            return Ok(folder);
        }
        before(Change::Grows, format_args!("make {name}"))?;
        match rustix::fs::mkdirat(&self.0, name, Mode::RWXU) {
            Ok(()) => self.sync()?,
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        self.folder(name)?.ok_or_else(|| Errno::NOTDIR.into())
    }

    /// Opens a regular file for reading; `None` if there is none of that name.
    pub(super) fn file(&self, name: &str) -> io::Result<Option<(File, u64)>> {
        // NONBLOCK: a named pipe must not hold us up.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Some(fd) = present(rustix::fs::openat(&self.0, name, flags, Mode::empty()))? else {
            return Ok(None);
        };
        let file = File::from(fd);
        let facts = file.metadata()?;
        Ok(facts.is_file().then_some((file, facts.len())))
    }

    /// Whether anything at all has that name.
    pub(super) fn is_taken(&self, name: &str) -> io::Result<bool> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes a new file with mode 0600.
    pub(super) fn new_file(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        before(Change::Grows, format_args!("create {name}"))?;
        Ok(rustix::fs::openat(&self.0, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Gives a file a name that must be free.
    pub(super) fn rename_new(&self, from: &str, to: &str) -> rustix::io::Result<()> {
        told(Change::Grows, to)?;
        // Apple's renameatx_np stands behind the same function; not tested there.
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        return rustix::fs::renameat_with(
            &self.0,
            from,
            &self.0,
            to,
            rustix::fs::RenameFlags::NOREPLACE,
        );
        #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
        Err(Errno::NOSYS)
    }

    /// Gives a file a second name that must be free.
    pub(super) fn link(&self, from: &str, to: &str) -> rustix::io::Result<()> {
        told(Change::Grows, to)?;
        rustix::fs::linkat(&self.0, from, &self.0, to, AtFlags::empty())
    }

    /// Gives a file another name, whoever has it.
    pub(super) fn rename(&self, from: &str, to: &str) -> rustix::io::Result<()> {
        told(Change::Grows, to)?;
        rustix::fs::renameat(&self.0, from, &self.0, to)
    }

    /// Removes a file; that there is none is no error.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        if cfg!(debug_assertions) && self.is_taken(name).unwrap_or_default() {
            before(Change::Frees, format_args!("remove {name}"))?;
        }
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes the entries of this folder durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        before(Change::Settles, format_args!("sync"))?;
        settled(rustix::fs::fsync(&self.0))
    }

    /// The folders and regular files in it.
    pub(super) fn entries(&self) -> io::Result<Vec<Entry>> {
        Ok(Listing::read(Dir::read_from(&self.0)?)?.entries)
    }

    /// The same, without opening it once more: that is half of what a walk costs.
    pub(super) fn listing(self) -> io::Result<Listing> {
        Listing::read(Dir::new(self.0)?)
    }

    /// Whether a file was left behind by a process that died.
    pub(super) fn is_stale(&self, name: &str) -> bool {
        let file = self.file(name).ok().flatten();
        file.and_then(|(file, _)| file.metadata().ok())
            .is_some_and(|facts| durable::is_stale(&facts))
    }
}

/// A folder that was read, still open.
pub(super) struct Listing {
    dir: Dir,
    pub(super) entries: Vec<Entry>,
}

impl Listing {
    /// Names that are no UTF-8 are none of ours.
    fn read(mut dir: Dir) -> io::Result<Self> {
        let mut entries = Vec::new();
        while let Some(entry) = dir.read() {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name == "." || name == ".." {
                continue;
            }
            match kind(dir.fd()?, entry.file_type(), name)? {
                FileType::Directory => entries.push(Entry::Folder(name.to_owned())),
                FileType::RegularFile => entries.push(Entry::File(name.to_owned())),
                _ => {}
            }
        }
        Ok(Self { dir, entries })
    }

    /// The size of a regular file; `None` if it is gone.
    pub(super) fn size(&self, name: &str) -> io::Result<Option<u64>> {
        match rustix::fs::statat(self.dir.fd()?, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(facts) => Ok(u64::try_from(facts.st_size).ok()),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens a folder in this one; `None` if there is none of that name.
    pub(super) fn folder(&self, name: &str) -> io::Result<Option<Folder>> {
        folder_in(self.dir.fd()?, name)
    }
}

/// As [`before`] a new name, in the words of this module.
fn told(change: Change, name: &str) -> rustix::io::Result<()> {
    before(change, format_args!("name {name}")).map_err(|_| Errno::NOSPC)
}

fn folder_in(of: BorrowedFd<'_>, name: &str) -> io::Result<Option<Folder>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(present(rustix::fs::openat(of, name, flags, Mode::empty()))?.map(Folder))
}

/// Some file systems leave the type out of the listing.
fn kind(of: BorrowedFd<'_>, listed: FileType, name: &str) -> io::Result<FileType> {
    if listed != FileType::Unknown {
        return Ok(listed);
    }
    match rustix::fs::statat(of, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(facts) => Ok(FileType::from_raw_mode(facts.st_mode)),
        Err(Errno::NOENT) => Ok(FileType::Unknown),
        Err(errno) => Err(errno.into()),
    }
}

/// "Not there" in its three spellings: nothing, a symlink, a file where a folder was wanted.
fn present(opened: rustix::io::Result<OwnedFd>) -> io::Result<Option<OwnedFd>> {
    match opened {
        Ok(fd) => Ok(Some(fd)),
        // ENXIO is a socket; EMLINK is FreeBSD's word for a symlink.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO | Errno::MLINK) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Room that is made before anything has arrived: most objects fit into it.
const ROOM: u64 = 1 << 20;

/// Reads at most `limit` bytes. Beyond [`ROOM`] the room grows with what arrives, not with what was
/// announced.
pub(super) fn read_up_to(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len().saturating_add(1).min(limit).min(ROOM);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
