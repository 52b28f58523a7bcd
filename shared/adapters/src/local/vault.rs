//! This device's keys, in a file that only the user can read.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use convosync_core::{KeyFileError, Profile};
use convosync_engine::ports::{LocalError, Vault};
use zeroize::Zeroizing;

use super::failure::failed;
use crate::durable;

/// A profile takes some hundred bytes; a file of more is none, and is not read into memory.
const LARGEST: u64 = 1 << 20;

/// Starts the names of key files that are being written.
const TEMPORARY: &str = ".new-";

/// A [`Vault`] that is one file: mode 0600 in a folder of mode 0700.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The key file at `path`, an absolute path. Its folder holds nothing but secrets.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder, made if it is not there and closed to other users.
    fn private_folder(&self) -> io::Result<&Path> {
        let folder = self.path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        durable::make_folder(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        Ok(folder)
    }

    /// Beside the keys: the secrets of a device that waits to join.
    fn pending_path(&self) -> PathBuf {
        self.path.with_file_name("joining")
    }

    fn replace_at(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = self.private_folder()?;
        durable::remove_stale(folder, TEMPORARY);
        let new = folder.join(format!("{TEMPORARY}{}", durable::random_letters()?));
        let replaced = write_whole(&new, bytes).and_then(|()| fs::rename(&new, path));
        if replaced.is_err() {
            // Half a key helps nobody. The first failure is the one to tell.
            let _ = fs::remove_file(&new);
        }
        replaced.and_then(|()| durable::sync_folder(folder))
    }

    fn read(&self, file: File, len: u64) -> Result<Profile, LocalError> {
        let damaged = |reason: String| LocalError::Damaged { what: self.name(), reason };
        if len > LARGEST {
            return Err(damaged(format!("it has {len} bytes")));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        // One byte more than there is: a buffer that grows would leave copies of the keys behind.
        bytes.reserve_exact(usize::try_from(len).unwrap_or(usize::MAX).saturating_add(1));
        file.take(len)
            .read_to_end(&mut bytes)
            .map_err(|error| failed("read", &self.path, &error))?;
        Profile::decode(&bytes).map_err(|error| match error {
            KeyFileError::NewerFormat(_) => LocalError::Newer { what: self.name() },
            other => damaged(other.to_string()),
        })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

impl Vault for KeyFile {
    fn load(&self) -> Result<Option<Profile>, LocalError> {
        let refused = |error: io::Error| failed("read", &self.path, &error);
        // A symlink that leads nowhere must not look like a device without keys.
        let file = match durable::open_no_follow(&self.path, File::options().read(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        let facts = file.metadata().map_err(refused)?;
        let mode = facts.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(LocalError::Exposed { path: self.name(), mode });
        }
        self.read(file, facts.len()).map(Some)
    }

    fn store(&self, profile: &Profile) -> Result<(), LocalError> {
        self.replace_at(&self.path, &profile.encode())
            .map_err(|error| failed("write", &self.path, &error))
    }

    fn write_secret(&self, path: &Path, text: &str) -> Result<(), LocalError> {
        let written = match write_whole(path, text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                finish(path, text.as_bytes())
            }
            written => written,
        };
        written
            .and_then(|()| match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => durable::sync_folder(folder),
                _ => durable::sync_folder(Path::new(".")),
            })
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => LocalError::Exists(path.display().to_string()),
                _ => failed("write", path, &error),
            })
    }

    fn pending(&self) -> Result<Option<Zeroizing<Vec<u8>>>, LocalError> {
        let path = self.pending_path();
        read_private(&path).map_err(|error| failed("read", &path, &error))
    }

    fn set_pending(&self, secrets: Option<&[u8]>) -> Result<(), LocalError> {
        let path = self.pending_path();
        let done = match secrets {
            Some(bytes) => self.replace_at(&path, bytes),
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
        };
        done.map_err(|error| failed("write", &path, &error))
    }
}

/// Reads a private file into bytes that are wiped. None if it is not there.
fn read_private(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match durable::open_no_follow(path, File::options().read(true)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let len = file.metadata()?.len().min(LARGEST);
    let mut bytes = Zeroizing::new(Vec::new());
    bytes.reserve_exact(usize::try_from(len).unwrap_or(usize::MAX).saturating_add(1));
    file.take(len).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes a new file durably, or leaves none. What is there, a symlink too, is an error.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = durable::new_file(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// Finishes a private file that holds the beginning of these bytes. Any other stays as it is.
fn finish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let other = || io::Error::from(io::ErrorKind::AlreadyExists);
    let mut file = durable::open_no_follow(path, File::options().read(true).write(true))
        .map_err(|_| other())?;
    let facts = file.metadata()?;
    let private = facts.is_file() && facts.permissions().mode() & 0o077 == 0;
    if !private || facts.len() > bytes.len() as u64 {
        return Err(other());
    }
    let mut there = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
    (&file).take(bytes.len() as u64 + 1).read_to_end(&mut there)?;
    let rest = bytes.strip_prefix(there.as_slice()).ok_or_else(other)?;
    file.write_all(rest)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use convosync_core::{Account, Device, DeviceKind};

    use super::*;

    fn profile(name: &str) -> Profile {
        let mut random = |bytes: &mut [u8]| bytes.fill(7);
        Profile {
            account: Account::new(&mut random),
            device: Device::new(name.to_owned(), DeviceKind::Laptop, 1_000, &mut random),
            store_url: "file:///srv/store".to_owned(),
            local_only: false,
        }
    }

    fn key_file() -> (tempfile::TempDir, KeyFile) {
        let root = tempfile::tempdir().unwrap();
        let file = KeyFile::new(root.path().join("data/keys/profile"));
        (root, file)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_was_stored_is_loaded_and_replaced() {
        let (_root, keys) = key_file();
        assert_eq!(keys.load().unwrap(), None);
        keys.store(&profile("one")).unwrap();
        assert_eq!(keys.load().unwrap(), Some(profile("one")));
        keys.store(&profile("two")).unwrap();
        assert_eq!(keys.load().unwrap(), Some(profile("two")));
        let folder = keys.path.parent().unwrap();
        assert_eq!((mode(folder), mode(&keys.path), files(folder)), (0o700, 0o600, 1));
    }

    #[test]
    fn keys_that_others_can_read_are_refused() {
        let (_root, keys) = key_file();
        keys.store(&profile("one")).unwrap();
        for open in [0o640, 0o604, 0o620, 0o610] {
            set_mode(&keys.path, open);
            let exposed = keys.load().unwrap_err();
            assert!(matches!(exposed, LocalError::Exposed { mode, .. } if mode == open));
        }
        set_mode(&keys.path, 0o400);
        assert!(keys.load().unwrap().is_some());
    }

    #[test]
    fn damage_is_never_taken_for_no_keys() {
        let (_root, keys) = key_file();
        keys.store(&profile("one")).unwrap();
        let whole = fs::read(&keys.path).unwrap();
        let damaged = |bytes: &[u8]| {
            fs::write(&keys.path, bytes).unwrap();
            let error = keys.load().unwrap_err();
            assert!(matches!(error, LocalError::Damaged { .. }), "{error:?}");
        };
        damaged(b"");
        damaged(b"garbage");
        damaged(&whole[..whole.len() / 2]);
        File::options().write(true).open(&keys.path).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(keys.load(), Err(LocalError::Damaged { .. })));
        let mut newer = whole;
        newer[8] = 99;
        fs::write(&keys.path, newer).unwrap();
        assert!(matches!(keys.load(), Err(LocalError::Newer { .. })));
    }

    #[test]
    fn a_symlink_in_place_of_the_keys_is_refused_even_if_it_leads_nowhere() {
        let (root, keys) = key_file();
        keys.store(&profile("one")).unwrap();
        let moved = root.path().join("elsewhere");
        fs::rename(&keys.path, &moved).unwrap();
        symlink(&moved, &keys.path).unwrap();
        assert!(matches!(keys.load(), Err(LocalError::Io { .. })));
        fs::remove_file(&moved).unwrap();
        assert!(matches!(keys.load(), Err(LocalError::Io { .. })));
    }

    #[test]
    fn a_replacement_that_fails_leaves_what_was_there_and_no_copy_of_the_keys() {
        let (_root, keys) = key_file();
        // No file can be renamed over a folder.
        fs::create_dir_all(keys.path.join("inner")).unwrap();
        assert!(keys.store(&profile("one")).is_err());
        assert!(keys.path.join("inner").exists());
        assert_eq!(files(keys.path.parent().unwrap()), 1);
    }

    #[test]
    fn a_secret_goes_into_a_new_private_file_only() {
        let (root, keys) = key_file();
        let path = root.path().join("recovery.txt");
        keys.write_secret(&path, "abandon ability\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "abandon ability\n");
        assert_eq!(mode(&path), 0o600);
        assert!(keys.write_secret(&path, "other").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "abandon ability\n");
        let link = root.path().join("link");
        symlink(root.path().join("target"), &link).unwrap();
        assert!(keys.write_secret(&link, "other").is_err());
        assert!(!root.path().join("target").exists());
        assert!(keys.write_secret(&root.path().join("no/folder"), "other").is_err());
    }

    #[test]
    fn a_secret_that_was_begun_is_finished_and_nothing_else_is_written_into() {
        let (root, keys) = key_file();
        let path = root.path().join("recovery.txt");
        for begun in ["", "abandon ab", "abandon ability\n"] {
            fs::write(&path, begun).unwrap();
            set_mode(&path, 0o600);
            keys.write_secret(&path, "abandon ability\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "abandon ability\n");
        }
        for (other, mode) in [("abandon ability\nmore", 0o600), ("zoo", 0o600), ("", 0o644)] {
            fs::write(&path, other).unwrap();
            set_mode(&path, mode);
            assert!(keys.write_secret(&path, "abandon ability\n").is_err(), "{other:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), other);
        }
    }

    #[test]
    fn errors_name_the_file_and_no_secret() {
        let (root, keys) = key_file();
        let path = root.path().join("no/folder");
        let error = keys.write_secret(&path, "abandon ability").unwrap_err().to_string();
        assert!(error.contains("no/folder") && !error.contains("abandon"), "{error}");
    }
}
