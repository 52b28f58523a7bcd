//! This device's keys, in a file that only the user can read.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use convosync_core::{KeyFileError, KeyLock, Passphrase, Profile, SecretBytes};
use convosync_engine::ports::{Entropy as _, LocalError, Protection, Vault};
use zeroize::Zeroizing;

use super::failure::failed;
use super::keyring;
use super::system::SystemEntropy;
use crate::{disk, durable};

/// A profile takes some hundred bytes; a file of more is none, and is not read into memory.
const LARGEST: u64 = 1 << 20;

/// Starts the names of key files that are being written.
const TEMPORARY: &str = ".new-";

/// A [`Vault`] that is one file: mode 0600 in a folder of mode 0700.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
    passphrase: Option<Passphrase>,
    asks_system: bool,
    /// The lock that was opened, with its key: making that takes half a second.
    opened: RefCell<Option<(KeyLock, SecretBytes)>>,
}

impl KeyFile {
    /// The key file at `path`, an absolute path. Its folder holds nothing but secrets.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, passphrase: None, asks_system: true, opened: RefCell::default() }
    }

    /// Opens it with this passphrase, if it needs one.
    #[must_use]
    pub fn with_passphrase(self, passphrase: Option<Passphrase>) -> Self {
        Self { passphrase, ..self }
    }

    /// Opens it with nothing but the passphrase, even if the system remembers the key.
    #[must_use]
    pub fn asking_each_time(self, each_time: bool) -> Self {
        Self { asks_system: !each_time, ..self }
    }

    /// The folder, made if it is not there and closed to other users.
    fn private_folder(&self) -> io::Result<&Path> {
        let folder = self.path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        durable::make_folder(folder)?;
        disk::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        Ok(folder)
    }

    /// Beside the keys: the secrets of a device that waits to join.
    fn pending_path(&self) -> PathBuf {
        self.path.with_file_name("joining")
    }

    fn replace_at(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = self.private_folder()?;
        durable::remove_stale(folder, TEMPORARY);
        durable::replace(path, TEMPORARY, None, bytes)
    }

    /// The bytes of the file. None if it is not there.
    fn bytes(&self) -> Result<Option<Zeroizing<Vec<u8>>>, LocalError> {
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
        if facts.len() > LARGEST {
            let reason = format!("it has {} bytes", facts.len());
            return Err(LocalError::Damaged { what: self.name(), reason });
        }
        whole(file, facts.len()).map(Some).map_err(refused)
    }

    /// The lock of the file that is there. None: there is none, or no file.
    fn lock(&self, bytes: Option<&[u8]>) -> Result<Option<KeyLock>, LocalError> {
        bytes.map_or(Ok(None), KeyLock::of).map_err(|error| self.refused(error))
    }

    /// Opens a locked file, and knows its key from then on.
    fn unlocked(&self, lock: &KeyLock, bytes: &[u8]) -> Result<(Profile, SecretBytes), LocalError> {
        let (key, typed) = self.key_of(lock)?;
        match Profile::decode_locked(bytes, &key) {
            // The system's key may be of another file that has the name.
            Err(KeyFileError::WrongPassphrase) if !typed => {
                Err(LocalError::Locked(KeyFileError::Locked))
            }
            Err(error) => Err(self.refused(error)),
            Ok(profile) => {
                if typed && lock.is_remembered() {
                    // Then it is asked for again.
                    let _ = keyring::remember(&lock.name(), &key);
                }
                *self.opened.borrow_mut() = Some((lock.clone(), key.clone()));
                Ok((profile, key))
            }
        }
    }

    /// A key that may open the lock, and whether it was made of what somebody typed.
    fn key_of(&self, lock: &KeyLock) -> Result<(SecretBytes, bool), LocalError> {
        if let Some((_, key)) = self.opened.borrow().as_ref().filter(|(known, _)| known == lock) {
            return Ok((key.clone(), false));
        }
        if let Some(passphrase) = &self.passphrase {
            return Ok((lock.key(passphrase), true));
        }
        let asks = self.asks_system && lock.is_remembered();
        let kept = asks.then(|| keyring::recall(&lock.name())).flatten();
        kept.map(|key| (key, false)).ok_or(LocalError::Locked(KeyFileError::Locked))
    }

    fn refused(&self, error: KeyFileError) -> LocalError {
        match error {
            KeyFileError::NewerFormat(_) => LocalError::Newer { what: self.name() },
            KeyFileError::Locked | KeyFileError::WrongPassphrase => LocalError::Locked(error),
            other => LocalError::Damaged { what: self.name(), reason: other.to_string() },
        }
    }

    /// Writes the profile as the key file, locked or not.
    fn write(
        &self,
        profile: &Profile,
        locked: Option<(&KeyLock, &SecretBytes)>,
    ) -> Result<(), LocalError> {
        let bytes = match locked {
            Some((lock, key)) => Zeroizing::new(profile.encode_locked(lock, key, &mut random)),
            None => profile.encode(),
        };
        self.replace_at(&self.path, &bytes).map_err(|error| failed("write", &self.path, &error))
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

impl Vault for KeyFile {
    fn load(&self) -> Result<Option<Profile>, LocalError> {
        let Some(bytes) = self.bytes()? else { return Ok(None) };
        match self.lock(Some(&bytes))? {
            Some(lock) => self.unlocked(&lock, &bytes).map(|(profile, _)| Some(profile)),
            None => Profile::decode(&bytes).map(Some).map_err(|error| self.refused(error)),
        }
    }

    fn store(&self, profile: &Profile) -> Result<(), LocalError> {
        let bytes = self.bytes()?;
        match (self.lock(bytes.as_ref().map(|bytes| bytes.as_slice()))?, &bytes) {
            // What protects the keys stays on whoever writes them.
            (Some(lock), Some(bytes)) => {
                let (_, key) = self.unlocked(&lock, bytes)?;
                self.write(profile, Some((&lock, &key)))
            }
            _ => self.write(profile, None),
        }
    }

    fn protection(&self) -> Result<Option<Protection>, LocalError> {
        let Some(bytes) = self.bytes()? else { return Ok(None) };
        Ok(Some(match self.lock(Some(&bytes))? {
            Some(lock) => Protection::Passphrase { remembered: lock.is_remembered() },
            None => Protection::None,
        }))
    }

    fn protect(&self, new: Option<&Passphrase>, remember: bool) -> Result<(), LocalError> {
        let bytes = self.bytes()?;
        let before = self.lock(bytes.as_ref().map(|bytes| bytes.as_slice()))?;
        let gone = || failed("read", &self.path, &io::ErrorKind::NotFound.into());
        let profile = self.load()?.ok_or_else(gone)?;
        if remember {
            keyring::probe().map_err(LocalError::NoKeyring)?;
        }
        match new {
            None => self.write(&profile, None)?,
            Some(passphrase) => {
                let lock = KeyLock::new(remember, &mut random);
                let key = lock.key(passphrase);
                self.write(&profile, Some((&lock, &key)))?;
                if remember {
                    // Then it is asked for once.
                    let _ = keyring::remember(&lock.name(), &key);
                }
                *self.opened.borrow_mut() = Some((lock, key));
            }
        }
        if let Some(before) = before.filter(KeyLock::is_remembered) {
            keyring::forget(&before.name());
        }
        Ok(())
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
            None => match disk::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
        };
        done.map_err(|error| failed("write", &path, &error))
    }
}

/// Bytes fit for salts.
fn random(bytes: &mut [u8]) {
    SystemEntropy.fill(bytes);
}

/// Reads `len` bytes that are wiped.
fn whole(file: File, len: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    // One byte more than there is: a buffer that grows would leave copies of the keys behind.
    bytes.reserve_exact(usize::try_from(len).unwrap_or(usize::MAX).saturating_add(1));
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a private file into bytes that are wiped. None if it is not there.
fn read_private(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match durable::open_no_follow(path, File::options().read(true)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let len = file.metadata()?.len().min(LARGEST);
    whole(file, len).map(Some)
}

/// Writes a new file durably, or leaves none. What is there, a symlink too, is an error.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = durable::new_file(path)?;
    let written = disk::write_all(&mut file, path, bytes).and_then(|()| disk::sync(&file));
    if written.is_err() {
        let _ = disk::remove_file(path);
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
    disk::write_all(&mut file, path, rest)?;
    disk::sync(&file)
}

#[cfg(test)]
mod tests;
