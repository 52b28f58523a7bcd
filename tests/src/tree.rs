//! Folders as evidence: what was in them, and putting them back.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Every path below a folder with its kind, mode and a hash of its contents.
pub type Fingerprint = BTreeMap<PathBuf, String>;

/// What is below `folder`, as evidence that it did not change. Folders named `skip` are left out.
#[must_use]
pub fn fingerprint(folder: &Path, skip: &[&str]) -> Fingerprint {
    let mut found = Fingerprint::new();
    look(folder, folder, skip, &mut found);
    found
}

fn look(top: &Path, folder: &Path, skip: &[&str], found: &mut Fingerprint) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if skip.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let below = path.strip_prefix(top).expect("it lies below").to_owned();
        found.insert(below, seen(&path));
        if entry.file_type().expect("it has a type").is_dir() {
            look(top, &path, skip, found);
        }
    }
}

fn seen(path: &Path) -> String {
    let facts = fs::symlink_metadata(path).expect("it is there");
    let mut hasher = DefaultHasher::new();
    if facts.is_file() {
        fs::read(path).expect("it can be read").hash(&mut hasher);
    } else if facts.is_symlink() {
        fs::read_link(path).expect("it can be read").hash(&mut hasher);
    }
    format!("{:?} {:o} {:x}", facts.file_type(), facts.permissions().mode(), hasher.finish())
}

/// Every regular file below a folder, sorted.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    gather(folder, &mut found);
    found.sort();
    found
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().expect("it has a type");
        if kind.is_dir() {
            gather(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// Makes `to` a copy of the folder `from`, whatever was there.
pub fn copy(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).expect("it can be removed");
    }
    fs::create_dir_all(to).expect("a folder");
    let mode = fs::metadata(from).expect("it is there").permissions();
    fs::set_permissions(to, mode).expect("it is ours");
    for entry in fs::read_dir(from).expect("it can be read").flatten() {
        let (kind, target) = (entry.file_type().expect("a type"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path()).expect("a link"), target).expect("a link");
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Folders as they were at one moment; they can be put back any number of times.
pub struct Moment {
    kept: tempfile::TempDir,
    folders: Vec<PathBuf>,
}

impl Moment {
    /// Keeps a copy of these folders.
    #[must_use]
    pub fn of(folders: &[&Path]) -> Self {
        let kept = tempfile::TempDir::new().expect("a temporary folder");
        for (number, folder) in folders.iter().enumerate() {
            copy(folder, &kept.path().join(number.to_string()));
        }
        Self { kept, folders: folders.iter().map(|folder| (*folder).to_owned()).collect() }
    }

    /// Puts all of them back.
    pub fn restore(&self) {
        for (number, folder) in self.folders.iter().enumerate() {
            copy(&self.kept.path().join(number.to_string()), folder);
        }
    }
}
