//! Folders and files that only the user can read and that survive a power cut.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::{disk, faults};

/// Makes a folder and its missing parents with mode 0700, each of them durable.
///
/// Folders that are there keep their mode: the user may share them on purpose.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    match disk::make_dir(path) {
        Ok(()) => parent.map_or(Ok(()), sync_folder),
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    settled(rustix::fs::fsync(File::open(path)?))
}

/// Some file systems (FUSE, SMB) can't sync a folder and say so; they have nothing to wait for.
pub(crate) fn settled(synced: rustix::io::Result<()>) -> io::Result<()> {
    match synced {
        Err(Errno::INVAL | Errno::NOTSUP | Errno::BADF | Errno::NOSYS) => Ok(()),
        other => Ok(other?),
    }
}

/// Makes a new file with mode 0600; what is there, a symlink too, is an error.
pub(crate) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    disk::create(options.read(true).write(true).create_new(true).mode(0o600), path)
}

/// Replaces a file, or makes it, in one step: it holds the old bytes or the new ones whenever this
/// stops. They are written under a name that begins with `beside`, with mode 0600 or what is given.
pub(crate) fn replace(
    path: &Path,
    beside: &str,
    permissions: Option<Permissions>,
    bytes: &[u8],
) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let new = folder.join(format!("{beside}{}", random_letters()?));
    let mut file = new_file(&new)?;
    let replaced = disk::write_all(&mut file, &new, bytes)
        .and_then(|()| permissions.map_or(Ok(()), |given| file.set_permissions(given)))
        .and_then(|()| disk::sync(&file))
        .and_then(|()| disk::rename(&new, path));
    if replaced.is_err() {
        // Half of it helps nobody, and nobody else has its name. The first failure is told.
        let _ = disk::remove_file(&new);
    }
    replaced.and_then(|()| sync_folder(folder))
}

/// Opens a file that is there. A symlink in its place is an error, and a named pipe holds nobody up.
pub(crate) fn open_no_follow(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits())
        .expect("open flags fit the type that the system takes");
    options.custom_flags(flags).open(path)
}

/// A write takes seconds; a temporary file that is older was left by a process that died.
pub(crate) const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether a file was last written so long ago. A clock that can't tell says no.
pub(crate) fn is_stale(facts: &Metadata) -> bool {
    let age = facts.modified().ok().and_then(|then| faults::now().duration_since(then).ok());
    facts.is_file() && age.is_some_and(|age| age > STALE)
}

/// Removes stale files whose names start with `prefix`. Best effort: they only take room.
pub(crate) fn remove_stale(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
        if ours && entry.metadata().is_ok_and(|facts| is_stale(&facts)) {
            let _ = disk::remove_file(&entry.path());
        }
    }
}

/// Random letters for a name that nobody else uses.
pub(crate) fn random_letters() -> io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(convosync_core::rand_letters(&random))
}
