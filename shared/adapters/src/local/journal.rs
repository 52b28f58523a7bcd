//! Sealed notes in files of one folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use convosync_core::Sealed;
use convosync_engine::ports::{Journal, LocalError};

use super::failure::failed;
use crate::{disk, durable};

/// Starts the names of files that are being written.
const TEMPORARY: &str = ".new-";

/// Notes in the files of a folder, one each.
#[derive(Debug)]
pub struct FolderJournal {
    folder: PathBuf,
}

impl FolderJournal {
    /// Notes in `folder`, which is made (0700) with the first one.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        debug_assert!(name.bytes().all(plain), "{name}");
        self.folder.join(name)
    }
}

impl Journal for FolderJournal {
    fn put(&self, name: &str, note: &Sealed) -> Result<(), LocalError> {
        let path = self.file(name);
        durable::make_folder(&self.folder)
            .map_err(|error| failed("make the folder", &self.folder, &error))?;
        durable::replace(&path, TEMPORARY, None, note.as_bytes())
            .map_err(|error| failed("write", &path, &error))
    }

    fn get(&self, name: &str) -> Result<Option<Sealed>, LocalError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(Sealed::received(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, LocalError> {
        durable::remove_stale(&self.folder, TEMPORARY);
        let unread = |folder: &Path, error: &std::io::Error| failed("read", folder, error);
        let listing = match fs::read_dir(&self.folder) {
            Ok(listing) => listing,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unread(&self.folder, &error)),
        };
        let mut names = Vec::new();
        for entry in listing {
            let entry = entry.map_err(|error| unread(&self.folder, &error))?;
            let name = entry.file_name().into_string();
            names.extend(name.into_iter().filter(|name| name.starts_with(prefix)));
        }
        names.sort();
        Ok(names)
    }

    fn remove(&self, name: &str) -> Result<(), LocalError> {
        let path = self.file(name);
        match disk::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("remove", &path, &error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_note_is_private_and_replaced_whole() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("state/undo");
        let journal = FolderJournal::new(folder.clone());
        let read = |name| journal.get(name).unwrap().map(|note| note.as_bytes().to_vec());
        assert_eq!((read("a-1"), journal.names("a-").unwrap()), (None, Vec::new()));
        for bytes in [vec![1; 4096], vec![2]] {
            journal.put("a-1", &Sealed::received(bytes.clone())).unwrap();
            assert_eq!(read("a-1"), Some(bytes));
        }
        let mode = fs::metadata(folder.join("a-1")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        journal.put("b-1", &Sealed::received(vec![3])).unwrap();
        assert_eq!(journal.names("a-").unwrap(), ["a-1"]);
        journal.remove("a-1").unwrap();
        journal.remove("a-1").unwrap();
        assert_eq!(read("a-1"), None);
    }
}
