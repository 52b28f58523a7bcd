//! Private temporary files on the disk of the user's data, not in `/tmp`: they may be big, and
//! they hold conversations.

use std::fs::{self, DirEntry, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use convosync_engine::ports::{LocalError, Scratch, ScratchFile};

use super::failure::failed;
use crate::{disk, durable, faults};

/// Starts the names of our files; nothing else in the folder is touched.
const OURS: &str = "scratch-";

/// Makes private files in one folder.
#[derive(Debug)]
pub struct ScratchDir {
    folder: PathBuf,
}

impl ScratchDir {
    /// Files in `folder`, which is made with mode 0700. Removes what processes that died left
    /// behind more than a day ago.
    ///
    /// # Errors
    ///
    /// If the folder can't be made, or can't be closed to other users.
    pub fn open(folder: PathBuf) -> Result<Self, LocalError> {
        durable::make_folder(&folder)
            .and_then(|()| disk::set_permissions(&folder, fs::Permissions::from_mode(0o700)))
            .map_err(|error| failed("make the folder", &folder, &error))?;
        // Best effort: leftovers only take room.
        if let Ok(entries) = fs::read_dir(&folder) {
            for entry in entries.flatten() {
                let _ = remove_if_left_behind(&entry);
            }
        }
        Ok(Self { folder })
    }
}

impl Scratch for ScratchDir {
    fn file(&self) -> Result<Box<dyn ScratchFile>, LocalError> {
        let made = durable::random_letters().and_then(|letters| {
            let path = self.folder.join(format!("{OURS}{letters}"));
            let file = durable::new_file(&path)?;
            Private { file, path }.held()
        });
        let file = made.map_err(|error| failed("make a file in", &self.folder, &error))?;
        Ok(Box::new(file))
    }
}

/// An open file, locked for as long as its process lives and removed when dropped.
struct Private {
    file: File,
    path: PathBuf,
}

impl Private {
    /// The lock tells other processes that the file is in use, whatever its age.
    fn held(self) -> io::Result<Self> {
        self.file.lock()?;
        Ok(self)
    }

    /// Git and others write beside the file and rename over it; then that is the file.
    fn follow(&mut self) -> io::Result<()> {
        let (ours, there) = (self.file.metadata()?, fs::symlink_metadata(&self.path)?);
        if there.is_file() && (ours.dev(), ours.ino()) != (there.dev(), there.ino()) {
            let file = open_again(&self.path)?;
            file.lock()?;
            self.file = file;
        }
        Ok(())
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // What stays is removed a day later.
        let _ = disk::remove_file(&self.path);
    }
}

impl Read for Private {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Write for Private {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        faults::room()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Private {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.follow()?;
        self.file.seek(to)
    }
}

impl ScratchFile for Private {
    fn path(&self) -> &Path {
        &self.path
    }
}

fn open_again(path: &Path) -> io::Result<File> {
    durable::open_no_follow(path, File::options().read(true).write(true))
}

fn remove_if_left_behind(entry: &DirEntry) -> Option<()> {
    entry.file_name().to_str().filter(|name| name.starts_with(OURS))?;
    entry.metadata().ok().filter(durable::is_stale)?;
    open_again(&entry.path()).ok()?.try_lock().ok()?;
    disk::remove_file(&entry.path()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let name = |entry: io::Result<DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
        names.sort();
        names
    }

    fn age(path: &Path, days: u64) {
        let then = SystemTime::now() - Duration::from_secs(days * 86_400 + 60);
        File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    }

    #[test]
    fn a_file_is_private_and_gone_when_dropped() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("state/scratch");
        let scratch = ScratchDir::open(folder.clone()).unwrap();
        let mut file = scratch.file().unwrap();
        assert_eq!((mode(&folder), mode(file.path())), (0o700, 0o600));
        file.write_all(b"hello").unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        drop(file);
        assert!(names(&folder).is_empty());
    }

    #[test]
    fn what_another_program_renames_over_it_is_read() {
        let root = tempfile::tempdir().unwrap();
        let scratch = ScratchDir::open(root.path().to_owned()).unwrap();
        let mut file = scratch.file().unwrap();
        let lock = file.path().with_extension("lock");
        fs::write(&lock, "a bundle").unwrap();
        fs::rename(&lock, file.path()).unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "a bundle");
        drop(file);
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn only_old_files_of_dead_processes_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let scratch = ScratchDir::open(root.path().to_owned()).unwrap();
        let open = scratch.file().unwrap();
        for name in ["scratch-leftover", "scratch-fresh", "foreign"] {
            fs::write(root.path().join(name), "x").unwrap();
        }
        age(open.path(), 3);
        age(&root.path().join("scratch-leftover"), 3);
        age(&root.path().join("foreign"), 3);
        ScratchDir::open(root.path().to_owned()).unwrap();
        assert!(open.path().exists(), "an open file was removed");
        assert_eq!(names(root.path()).len(), 3, "{:?}", names(root.path()));
        assert!(!root.path().join("scratch-leftover").exists());
    }
}
