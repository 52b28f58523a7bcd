//! Which process watches for a device.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::Device;

/// The process that holds the lock of those that watch.
#[must_use]
pub fn watcher_of(device: &Device) -> Option<u32> {
    let lock = device.home.join(".local/state/convosync/locks/watch.lock");
    let number = format!(":{}", fs::metadata(lock).ok()?.ino());
    // `1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF`, as in proc(5).
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let held = locks
        .lines()
        .map(fields)
        .find(|line| line.get(5).is_some_and(|file| file.ends_with(&number)))?;
    held[4].parse().ok()
}
