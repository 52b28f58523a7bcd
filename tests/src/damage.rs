//! What can happen to a file in a folder that others write too.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// One way in which a file can be spoilt.
pub struct Damage {
    /// In words, for a failing test.
    pub what: String,
    spoil: Box<dyn Fn(&Path)>,
}

impl Damage {
    /// A way that is named.
    pub fn new(what: impl Into<String>, spoil: impl Fn(&Path) + 'static) -> Self {
        Self { what: what.into(), spoil: Box::new(spoil) }
    }

    /// Does it to a file.
    pub fn spoil(&self, file: &Path) {
        (self.spoil)(file);
    }

    /// Whether a store lists no object of that name afterwards.
    #[must_use]
    pub fn hides(&self) -> bool {
        self.what.contains("place") || self.what == "gone"
    }
}

/// Every way for an object as it is now: bytes flipped and cut in each section of a sealed object
/// (magic, kind, epoch, context, hash, ciphertext, end), other kinds of file in its place, nothing.
#[must_use]
pub fn damages(object: &Path) -> Vec<Damage> {
    let len = fs::metadata(object).expect("it is there").len();
    let flips = [0, 9, 13, 20, 90, 400, len / 2, len - 1].into_iter().filter(|at| *at < len);
    let cuts = [0, 1, 100, 350, len - 1].into_iter().filter(|keep| *keep < len);
    let flips = flips.map(|at| Damage::new(format!("byte {at} flipped"), move |f| flip(f, at)));
    let cuts = cuts.map(|keep| Damage::new(format!("cut to {keep} bytes"), move |f| cut(f, keep)));
    let others = [
        Damage::new("a byte added", add),
        Damage::new("a folder in its place", folder),
        Damage::new("a link in its place", link),
        Damage::new("a pipe in its place", pipe),
        Damage::new("gone", |file| fs::remove_file(file).expect("it was there")),
    ];
    flips.chain(cuts).chain(others).collect()
}

fn flip(file: &Path, at: u64) {
    let mut bytes = fs::read(file).expect("it can be read");
    bytes[usize::try_from(at).expect("small")] ^= 0x40;
    fs::write(file, bytes).expect("it can be written");
}

fn cut(file: &Path, len: u64) {
    File::options().write(true).open(file).expect("it is there").set_len(len).expect("cut");
}

fn add(file: &Path) {
    let mut bytes = fs::read(file).expect("it can be read");
    bytes.push(0);
    fs::write(file, bytes).expect("it can be written");
}

fn folder(file: &Path) {
    fs::remove_file(file).expect("it was there");
    fs::create_dir(file).expect("a folder");
}

fn link(file: &Path) {
    let moved = file.with_extension("moved");
    fs::rename(file, &moved).expect("it was there");
    symlink(moved, file).expect("a link");
}

fn pipe(file: &Path) {
    fs::remove_file(file).expect("it was there");
    let made = Command::new("mkfifo").arg(file).status().expect("mkfifo runs");
    assert!(made.success());
}
