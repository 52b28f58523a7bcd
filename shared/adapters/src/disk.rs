//! Changes of the disk: all that this crate makes goes through here, so that a test can let each of
//! them be the last one (`faults`); but for SQLite's own, and for those below an open folder, which
//! `store/beneath.rs` makes and counts. What is not there can't be removed, and counts for nothing.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::Timestamps;

use crate::faults::{Change, before};

/// Bytes that are copied at a time.
const STEP: usize = 256 << 10;

/// Opens a file that is made if it is not there, or has to be.
pub(crate) fn create(options: &OpenOptions, path: &Path) -> io::Result<File> {
    before(Change::Grows, format_args!("create {}", path.display()))?;
    options.open(path)
}

/// The same of a file that is there in most cases, and whose contents do not matter: a lock.
pub(crate) fn open_or_create(options: &OpenOptions, path: &Path) -> io::Result<File> {
    if cfg!(debug_assertions) && !path.exists() {
        before(Change::Grows, format_args!("create {}", path.display()))?;
    }
    options.open(path)
}

/// Writes the rest of a file.
pub(crate) fn write_all(file: &mut impl Write, path: &Path, bytes: &[u8]) -> io::Result<()> {
    before(Change::Grows, format_args!("write {}", path.display()))?;
    file.write_all(bytes)
}

/// Fills a file from another one.
pub(crate) fn fill(from: &mut (impl Read + ?Sized), to: &mut File, path: &Path) -> io::Result<()> {
    before(Change::Grows, format_args!("fill {}", path.display()))?;
    // By itself it goes in steps of 8 KiB.
    io::copy(&mut BufReader::with_capacity(STEP, from), to).map(drop)
}

/// Makes a file with these bytes, whatever was there.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    before(Change::Grows, format_args!("write {}", path.display()))?;
    fs::write(path, bytes)
}

/// Copies a file.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if cfg!(debug_assertions) && from.exists() {
        before(Change::Grows, format_args!("copy to {}", to.display()))?;
    }
    fs::copy(from, to).map(drop)
}

/// Makes what was written durable.
pub(crate) fn sync(file: &File) -> io::Result<()> {
    before(Change::Settles, format_args!("sync"))?;
    file.sync_all()
}

/// Gives a file another name.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    before(Change::Grows, format_args!("rename to {}", to.display()))?;
    fs::rename(from, to)
}

/// Gives a file a second name.
pub(crate) fn hard_link(from: &Path, to: &Path) -> io::Result<()> {
    before(Change::Grows, format_args!("link {}", to.display()))?;
    fs::hard_link(from, to)
}

/// Makes a folder with mode 0700.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    if !(cfg!(debug_assertions) && path.exists()) {
        before(Change::Grows, format_args!("make {}", path.display()))?;
    }
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes a folder and its missing parents.
pub(crate) fn create_dir_all(path: &Path) -> io::Result<()> {
    before(Change::Grows, format_args!("make {}", path.display()))?;
    fs::create_dir_all(path)
}

/// Closes a file or folder to others, or opens it.
pub(crate) fn set_permissions(path: &Path, permissions: Permissions) -> io::Result<()> {
    before(Change::Frees, format_args!("set the mode of {}", path.display()))?;
    fs::set_permissions(path, permissions)
}

/// Sets when a file was written last.
pub(crate) fn set_modified(file: &File, time: SystemTime) -> io::Result<()> {
    before(Change::Frees, format_args!("set a time"))?;
    file.set_modified(time)
}

/// Sets both times of a file.
pub(crate) fn set_times(file: &File, times: &Timestamps) -> io::Result<()> {
    before(Change::Frees, format_args!("set the times"))?;
    Ok(rustix::fs::futimens(file, times)?)
}

/// Removes a file.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    removal(path)?;
    fs::remove_file(path)
}

/// Removes an empty folder.
pub(crate) fn remove_dir(path: &Path) -> io::Result<()> {
    removal(path)?;
    fs::remove_dir(path)
}

/// Removes a folder and what is in it.
pub(crate) fn remove_dir_all(path: &Path) -> io::Result<()> {
    removal(path)?;
    fs::remove_dir_all(path)
}

fn removal(path: &Path) -> io::Result<()> {
    if cfg!(debug_assertions) && path.symlink_metadata().is_ok() {
        before(Change::Frees, format_args!("remove {}", path.display()))?;
    }
    Ok(())
}
