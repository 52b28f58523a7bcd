//! What a server does with a put of a taken name, kept on this device. Only speed depends on it:
//! lost or unreadable, it is learnt again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::{disk, durable};

const UNKNOWN: u8 = 0;
const REPLACES: u8 = 1;
const REFUSES: u8 = 2;

#[derive(Debug)]
pub(super) struct Learnt {
    file: PathBuf,
    now: AtomicU8,
}

impl Learnt {
    /// What was learnt of this server and bucket before. `place` tells them apart.
    pub(super) fn of(folder: &Path, place: &str) -> Self {
        let hash = blake3::hash(place.as_bytes()).to_hex();
        let file = folder.join(&hash[..32]);
        let now = match fs::read(&file).as_deref() {
            Ok(b"put-if-absent = true\n") => REFUSES,
            Ok(b"put-if-absent = false\n") => REPLACES,
            _ => UNKNOWN,
        };
        Self { file, now: AtomicU8::new(now) }
    }

    pub(super) fn is_known(&self) -> bool {
        self.now.load(Ordering::Relaxed) != UNKNOWN
    }

    /// Whether the server is known to refuse a put of a taken name.
    pub(super) fn refuses_taken_names(&self) -> bool {
        self.now.load(Ordering::Relaxed) == REFUSES
    }

    pub(super) fn keep(&self, refuses: bool) {
        self.now.store(if refuses { REFUSES } else { REPLACES }, Ordering::Relaxed);
        let folder = self.file.parent().expect("it lies in a folder");
        // What can't be kept is learnt again by the next command.
        let _ = durable::make_folder(folder)
            .and_then(|()| disk::write(&self.file, format!("put-if-absent = {refuses}\n")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_is_known_to_who_comes_later() {
        let folder = tempfile::tempdir().unwrap();
        let learnt = Learnt::of(&folder.path().join("new"), "a");
        assert!(!learnt.is_known() && !learnt.refuses_taken_names());
        learnt.keep(true);
        assert!(Learnt::of(&folder.path().join("new"), "a").refuses_taken_names());
        assert!(!Learnt::of(&folder.path().join("new"), "b").is_known());
    }

    #[test]
    fn what_is_unreadable_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let learnt = Learnt::of(folder.path(), "a");
        learnt.keep(false);
        fs::write(&learnt.file, "put-if-absent").unwrap();
        assert!(!Learnt::of(folder.path(), "a").is_known());
    }
}
