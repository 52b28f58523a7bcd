//! The record of what `install` wrote, so that it replaces and takes away its own files and no other.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::run::Failed;

/// One line for every state of a file that was written: `<fingerprint> <path>`.
///
/// A state is recorded before it is written, so a file is known whenever the process ends.
pub(crate) struct Installed {
    record: PathBuf,
    states: Vec<(Fingerprint, PathBuf)>,
}

/// What became of a file that was to be taken away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    Removed,
    Gone,
    /// It was changed since, so it stays.
    Changed,
}

impl Installed {
    /// Reads the record under `prefix`; an empty one where there is none.
    pub(crate) fn read(prefix: &Path) -> Result<Self, Failed> {
        let record = prefix.join("share").join("convosync.installed");
        let text = match fs::read_to_string(&record) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failed::at(&record)(error)),
        };
        let states = text.lines().filter_map(state).collect();
        Ok(Self { record, states })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Every file, each once.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = self.states.iter().map(|(_, path)| path.clone()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// Copies `source` to `place` in one step; whoever runs the old file goes on with it.
    ///
    /// Changes nothing if [`Self::may_place`] fails.
    pub(crate) fn place(&mut self, source: &Path, place: &Path) -> Result<(), Failed> {
        let wanted = self.may_place(source, place)?;
        self.states.push((wanted, place.to_owned()));
        self.write()?;
        copy(source, place)?;
        self.states.retain(|(_, path)| path != place);
        self.states.push((wanted, place.to_owned()));
        self.write()
    }

    /// Fails if a file is at `place` that `install` did not leave so; else what [`Self::place`] would
    /// leave there.
    pub(crate) fn may_place(&self, source: &Path, place: &Path) -> Result<Fingerprint, Failed> {
        let wanted = Fingerprint::of(source).map_err(Failed::at(source))?;
        if self.present(place)?.is_some_and(|there| there != wanted && !self.wrote(there, place)) {
            return Err(Failed::new(format!(
                "{} is not what `cargo xtask install` left there",
                place.display()
            ))
            .help("move it away and run this again, or choose another folder with --prefix"));
        }
        Ok(wanted)
    }

    /// Whether the file at `place` is as [`Self::place`] left it.
    pub(crate) fn left_so(&self, place: &Path) -> Result<bool, Failed> {
        Ok(self.present(place)?.is_some_and(|there| self.wrote(there, place)))
    }

    /// Takes `place` away if it is still what was written.
    pub(crate) fn remove(&mut self, place: &Path) -> Result<Removal, Failed> {
        let removal = match self.present(place)? {
            None => Removal::Gone,
            Some(there) if self.wrote(there, place) => {
                fs::remove_file(place).map_err(Failed::at(place))?;
                Removal::Removed
            }
            Some(_) => Removal::Changed,
        };
        self.states.retain(|(_, path)| path != place);
        self.write()?;
        Ok(removal)
    }

    fn present(&self, place: &Path) -> Result<Option<Fingerprint>, Failed> {
        match Fingerprint::of(place) {
            Ok(there) => Ok(Some(there)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failed::at(place)(error)),
        }
    }

    fn wrote(&self, state: Fingerprint, place: &Path) -> bool {
        self.states.iter().any(|(known, path)| *known == state && path == place)
    }

    /// An empty record is no file.
    fn write(&self) -> Result<(), Failed> {
        let folder = self.record.parent().expect("the record lies in a folder");
        if self.states.is_empty() {
            return match fs::remove_file(&self.record) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(Failed::at(&self.record)(error))
                }
                _ => Ok(()),
            };
        }
        let mut text = String::new();
        for (Fingerprint(state), path) in &self.states {
            writeln!(text, "{state:016x} {}", path.display()).expect("a string takes every text");
        }
        fs::create_dir_all(folder).map_err(Failed::at(folder))?;
        let fresh = self.record.with_added_extension("new");
        fs::write(&fresh, text).map_err(Failed::at(&fresh))?;
        fs::rename(&fresh, &self.record).map_err(Failed::at(&self.record))
    }
}

fn state(line: &str) -> Option<(Fingerprint, PathBuf)> {
    let (state, path) = line.split_once(' ')?;
    Some((Fingerprint(u64::from_str_radix(state, 16).ok()?), path.into()))
}

fn copy(source: &Path, place: &Path) -> Result<(), Failed> {
    let folder = place.parent().expect("a file is placed in a folder");
    fs::create_dir_all(folder).map_err(Failed::at(folder))?;
    let fresh = place.with_added_extension("new");
    fs::copy(source, &fresh).map_err(Failed::at(&fresh))?;
    fs::rename(&fresh, place).map_err(Failed::at(place))
}

/// 64-bit FNV-1a of a file's bytes: tells a changed file, guards against nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    fn of(path: &Path) -> std::io::Result<Self> {
        let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        Ok(Self(fs::read(path)?.iter().fold(0xcbf2_9ce4_8422_2325, fold)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::Scratch;

    /// A prefix, and a source whose content is `text`.
    fn given(text: &str) -> (Scratch, PathBuf, PathBuf) {
        let scratch = Scratch::new().unwrap();
        let (source, place) = (scratch.path().join("source"), scratch.path().join("bin/program"));
        fs::write(&source, text).unwrap();
        (scratch, source, place)
    }

    fn installed(scratch: &Scratch) -> Installed {
        Installed::read(scratch.path()).unwrap()
    }

    #[test]
    fn installing_twice_is_as_once_and_a_new_version_replaces_the_old() {
        let (scratch, source, place) = given("one");
        let other = scratch.path().join("bin/other");
        for text in ["one", "one", "two"] {
            fs::write(&source, text).unwrap();
            for place in [&place, &other] {
                installed(&scratch).place(&source, place).unwrap();
            }
        }
        assert_eq!(fs::read_to_string(&place).unwrap(), "two");
        assert_eq!(installed(&scratch).states.len(), 2);
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let (scratch, source, place) = given("one");
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, "theirs").unwrap();
        installed(&scratch).place(&source, &place).unwrap_err();
        assert_eq!(fs::read_to_string(&place).unwrap(), "theirs");
        assert!(installed(&scratch).is_empty());
    }

    #[test]
    fn a_file_that_was_changed_since_is_neither_replaced_nor_removed() {
        let (scratch, source, place) = given("one");
        installed(&scratch).place(&source, &place).unwrap();
        fs::write(&place, "edited").unwrap();
        fs::write(&source, "two").unwrap();
        installed(&scratch).place(&source, &place).unwrap_err();
        assert_eq!(installed(&scratch).remove(&place).unwrap(), Removal::Changed);
        assert_eq!(fs::read_to_string(&place).unwrap(), "edited");
    }

    #[test]
    fn removing_leaves_no_trace_of_what_was_placed() {
        let (scratch, source, place) = given("one");
        installed(&scratch).place(&source, &place).unwrap();
        assert_eq!(installed(&scratch).remove(&place).unwrap(), Removal::Removed);
        assert_eq!(installed(&scratch).remove(&place).unwrap(), Removal::Gone);
        assert!(!place.exists());
        assert!(!installed(&scratch).record.exists());
    }

    #[test]
    fn a_process_that_ended_between_record_and_copy_does_no_harm() {
        let (scratch, source, place) = given("one");
        installed(&scratch).place(&source, &place).unwrap();
        fs::write(&source, "two").unwrap();
        let mut interrupted = installed(&scratch);
        interrupted.states.push((Fingerprint::of(&source).unwrap(), place.clone()));
        interrupted.write().unwrap();
        installed(&scratch).place(&source, &place).unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "two");
        assert_eq!(installed(&scratch).remove(&place).unwrap(), Removal::Removed);
    }
}
