//! What others need for the same saves.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

/// Bytes of `gzip -9`.
pub(crate) fn gzip(bytes: &[u8]) -> u64 {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).expect("memory takes it");
    packed.finish().expect("memory takes it").len() as u64
}

/// The whole file at every save.
pub(crate) fn whole_files(steps: &[Vec<u8>]) -> u64 {
    steps.iter().map(|step| gzip(step)).sum()
}

/// The specification's deltas: what follows the lines that both files start with.
pub(crate) fn gzip_deltas(steps: &[Vec<u8>]) -> u64 {
    let mut before: &[u8] = &[];
    let mut sum = 0;
    for step in steps {
        let same = before.iter().zip(step).take_while(|(a, b)| a == b).count();
        let same = step[..same].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        sum += gzip(&step[same..]);
        before = step;
    }
    sum
}

/// `zstd -19 --patch-from`, each file against the one before; `None` without zstd.
pub(crate) fn patches(steps: &[Vec<u8>]) -> Option<u64> {
    let dir = TempDir::new().expect("a folder");
    let mut sum = 0;
    for (at, step) in steps.iter().enumerate() {
        let (new, out) = (dir.path().join(format!("{at}")), dir.path().join("patch"));
        fs::write(&new, step).expect("a file");
        let mut command = quiet("zstd");
        command.args(["-19", "-f", "-q", "--long=27"]);
        if at > 0 {
            let old = dir.path().join(format!("{}", at - 1));
            command.arg(format!("--patch-from={}", old.display()));
        }
        let status = command.arg(&new).arg("-o").arg(&out).status().ok()?;
        assert!(status.success(), "zstd {status}");
        sum += fs::metadata(&out).expect("a patch").len();
    }
    Some(sum)
}

/// A git repository with one commit a save, packed as well as git can.
pub(crate) fn git_packs(steps: &[Vec<u8>]) -> u64 {
    let dir = TempDir::new().expect("a folder");
    let git = |args: &[&str]| {
        let mut command = quiet("git");
        command.current_dir(dir.path()).args([
            "-c",
            "user.name=b",
            "-c",
            "user.email=b@example.org",
        ]);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let status = command.args(args).status().expect("git runs");
        assert!(status.success(), "git {args:?}");
    };
    git(&["init", "-q"]);
    for step in steps {
        fs::write(dir.path().join("transcript.jsonl"), step).expect("a file");
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "save"]);
    }
    git(&["gc", "-q", "--aggressive", "--prune=now"]);
    size_of(&dir.path().join(".git/objects/pack"))
}

/// A restic repository with one backup a save, less an empty one; `None` without restic.
pub(crate) fn restic(steps: &[Vec<u8>]) -> Option<u64> {
    let dir = TempDir::new().expect("a folder");
    let (repo, file) = (dir.path().join("repo"), dir.path().join("transcript.jsonl"));
    let restic = |args: &[&str]| {
        let mut command = quiet("restic");
        command.env("RESTIC_PASSWORD", "bench").env("RESTIC_CACHE_DIR", dir.path().join("cache"));
        command.arg("-q").arg("-r").arg(&repo).args(args).status().ok()
    };
    assert!(restic(&["init", "--repository-version", "2"])?.success(), "restic init");
    let empty = size_of(&repo);
    for step in steps {
        fs::write(&file, step).expect("a file");
        let path = file.to_str().expect("plain");
        assert!(restic(&["backup", "--compression", "max", path])?.success(), "restic backup");
    }
    Some(size_of(&repo) - empty)
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Bytes of all files below a folder.
pub(crate) fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size_of(&entry.path()),
            _ => entry.metadata().map_or(0, |data| data.len()),
        })
        .sum()
}
