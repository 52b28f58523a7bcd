//! What a device keeps for itself, its clock and its dice, in memory.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use convosync_core::{Passphrase, Profile, Sealed};

use super::Steps;
use crate::ports::{
    Clock, Entropy, Guard, Journal, LocalError, Locks, Protection, Scratch, ScratchFile, Vault,
};

/// Keys in memory. Clones are the same vault.
#[derive(Clone, Default)]
pub struct MemoryVault {
    profile: Rc<RefCell<Option<Profile>>>,
    secrets: Rc<RefCell<BTreeMap<PathBuf, String>>>,
    pending: Rc<RefCell<Option<Vec<u8>>>>,
    protection: Rc<Cell<Protection>>,
    steps: Steps,
}

impl MemoryVault {
    /// The same vault, each change of which is a step.
    #[must_use]
    pub fn stepped(&self, steps: Steps) -> Self {
        Self { steps, ..self.clone() }
    }
}

impl Vault for MemoryVault {
    fn load(&self) -> Result<Option<Profile>, LocalError> {
        Ok(self.profile.borrow().clone())
    }

    fn store(&self, profile: &Profile) -> Result<(), LocalError> {
        self.steps.take();
        *self.profile.borrow_mut() = Some(profile.clone());
        Ok(())
    }

    fn protection(&self) -> Result<Option<Protection>, LocalError> {
        let none = self.profile.borrow().is_none();
        Ok((!none).then(|| self.protection.get()))
    }

    fn protect(&self, new: Option<&Passphrase>, remembered: bool) -> Result<(), LocalError> {
        self.steps.take();
        self.protection.set(match new {
            Some(_) => Protection::Passphrase { remembered },
            None => Protection::None,
        });
        Ok(())
    }

    fn write_secret(&self, path: &Path, text: &str) -> Result<(), LocalError> {
        self.steps.take();
        let mut secrets = self.secrets.borrow_mut();
        let there = secrets.entry(path.to_owned()).or_default();
        if !text.starts_with(there.as_str()) {
            return Err(LocalError::Exists(path.display().to_string()));
        }
        text.clone_into(there);
        Ok(())
    }

    fn pending(&self) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, LocalError> {
        Ok(self.pending.borrow().clone().map(zeroize::Zeroizing::new))
    }

    fn set_pending(&self, secrets: Option<&[u8]>) -> Result<(), LocalError> {
        self.steps.take();
        *self.pending.borrow_mut() = secrets.map(<[u8]>::to_vec);
        Ok(())
    }
}

/// Locks between the processes of one device. Clones are the same locks; who asks for one that is
/// held does not wait.
#[derive(Clone, Default)]
pub struct MemoryLocks(Rc<RefCell<BTreeSet<String>>>);

struct Held {
    locks: MemoryLocks,
    name: String,
}

impl Guard for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.locks.0.borrow_mut().remove(&self.name);
    }
}

impl Locks for MemoryLocks {
    fn acquire(&self, name: &str, _wait: Duration) -> Result<Box<dyn Guard>, LocalError> {
        if !self.0.borrow_mut().insert(name.to_owned()) {
            return Err(LocalError::Busy { name: name.to_owned() });
        }
        Ok(Box::new(Held { locks: self.clone(), name: name.to_owned() }))
    }
}

/// Notes in memory. Clones are the same notes.
#[derive(Clone, Default)]
pub struct MemoryJournal {
    notes: Rc<RefCell<BTreeMap<String, Sealed>>>,
    steps: Steps,
}

impl MemoryJournal {
    /// The same notes, each change of which is a step.
    #[must_use]
    pub fn stepped(&self, steps: Steps) -> Self {
        Self { steps, ..self.clone() }
    }
}

impl Journal for MemoryJournal {
    fn put(&self, name: &str, note: &Sealed) -> Result<(), LocalError> {
        self.steps.take();
        self.notes.borrow_mut().insert(name.to_owned(), note.clone());
        Ok(())
    }

    fn get(&self, name: &str) -> Result<Option<Sealed>, LocalError> {
        Ok(self.notes.borrow().get(name).cloned())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, LocalError> {
        let notes = self.notes.borrow();
        Ok(notes.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }

    fn remove(&self, name: &str) -> Result<(), LocalError> {
        self.steps.take();
        self.notes.borrow_mut().remove(name);
        Ok(())
    }
}

type Bytes = Rc<RefCell<Vec<u8>>>;

/// Private files in memory, which [`MemoryGit`](super::MemoryGit) finds by their paths. Clones are
/// the same files.
#[derive(Clone, Default)]
pub struct MemoryScratch {
    files: Rc<RefCell<BTreeMap<PathBuf, Bytes>>>,
    made: Rc<Cell<u64>>,
}

impl MemoryScratch {
    pub(super) fn bytes(&self, path: &Path) -> Option<Bytes> {
        self.files.borrow().get(path).cloned()
    }
}

impl Scratch for MemoryScratch {
    fn file(&self) -> Result<Box<dyn ScratchFile>, LocalError> {
        let number = self.made.get();
        self.made.set(number + 1);
        let path = PathBuf::from(format!("/scratch/{number}"));
        let bytes = Bytes::default();
        self.files.borrow_mut().insert(path.clone(), Rc::clone(&bytes));
        Ok(Box::new(MemoryFile { bytes, at: 0, path, of: self.clone() }))
    }
}

struct MemoryFile {
    bytes: Bytes,
    at: u64,
    path: PathBuf,
    of: MemoryScratch,
}

impl MemoryFile {
    /// Does what a file does, at its place in these bytes.
    fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Cursor<&mut Vec<u8>>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut bytes = self.bytes.borrow_mut();
        let mut cursor = Cursor::new(&mut *bytes);
        cursor.set_position(self.at);
        let done = work(&mut cursor);
        self.at = cursor.position();
        done
    }
}

impl Read for MemoryFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|file| file.read(buffer))
    }
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.with(|file| file.seek(to))
    }
}

impl ScratchFile for MemoryFile {
    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        self.of.files.borrow_mut().remove(&self.path);
    }
}

/// A clock that a test turns. Clones are the same clock; [`TestClock::skewed`] is one that goes
/// wrong by some time.
#[derive(Debug, Clone, Default)]
pub struct TestClock {
    now: Arc<AtomicI64>,
    skew: Arc<AtomicI64>,
}

impl TestClock {
    /// A clock that stands at this time, in milliseconds since 1970.
    #[must_use]
    pub fn at(now_ms: i64) -> Self {
        Self { now: Arc::new(AtomicI64::new(now_ms)), skew: Arc::default() }
    }

    /// The same clock, seen by a device that is so many milliseconds ahead.
    #[must_use]
    pub fn skewed(&self, skew_ms: i64) -> Self {
        let skew = self.skew.load(Ordering::Relaxed) + skew_ms;
        Self { now: Arc::clone(&self.now), skew: Arc::new(AtomicI64::new(skew)) }
    }

    /// Sets this clock forward, or back; the one that it is skewed from stays right.
    pub fn jump(&self, ms: i64) {
        self.skew.fetch_add(ms, Ordering::Relaxed);
    }

    /// Lets time pass.
    pub fn pass(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.now.load(Ordering::Relaxed) + self.skew.load(Ordering::Relaxed)
    }
}

/// Dice that fall the same way for the same seed. Fit for tests only.
#[derive(Debug)]
pub struct TestEntropy(AtomicU64);

impl TestEntropy {
    /// Dice from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
