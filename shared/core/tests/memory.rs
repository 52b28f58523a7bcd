//! Memory stays under 64 MiB however big the file. Alone in its process, whose peak is measured.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "the figures are what this test is run for")]

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{BufWriter, Seek, Write};
use std::path::Path;

use convosync_core::{
    ClaudeCode, FileState, Joined, PackInput, ReadSeek, Roots, SegmentRef, Side, Standing,
    canonicalise, compare, expand, join, pack, rebuild,
};

/// The most that the process ever had in memory.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux has it");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Processor time of the process so far, in milliseconds (fields 14 and 15, in ticks of 10 ms).
fn cpu_ms() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let (_, fields) = stat.rsplit_once(')').expect("the name is in brackets");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>());
    ticks.map(|ticks| ticks.expect("a number") * 10).sum()
}

/// A transcript of about `len` bytes: prompts, answers, long results, checkpoints.
fn transcript(path: &Path, len: u64) -> u64 {
    let mut out = BufWriter::new(File::create(path).expect("a folder of our own"));
    let mut written = 0;
    for turn in 0u64.. {
        if written >= len {
            break;
        }
        let digest = blake3::hash(&turn.to_le_bytes()).to_hex();
        let words: String =
            (0..200).map(|i| format!("{} {} ", &digest[i % 56..][..8], i)).collect();
        let lines = format!(
            "{{\"type\":\"user\",\"uuid\":\"{turn}\",\"message\":{{\"content\":\"please {digest}\"}}}}\n\
             {{\"type\":\"assistant\",\"uuid\":\"a{turn}\",\"message\":{{\"id\":\"msg_{digest}\",\"content\":[]}}}}\n\
             {{\"type\":\"user\",\"uuid\":\"r{turn}\",\"message\":{{\"content\":[{{\"type\":\"tool_result\",\"content\":\"{words}\"}}]}}}}\n\
             {{\"type\":\"file-history-delta\",\"backup\":{{\"realParentDir\":\"/home/ada/app/{turn}\"}}}}\n"
        );
        out.write_all(lines.as_bytes()).expect("room on the disk");
        written += lines.len() as u64;
    }
    out.flush().expect("room on the disk");
    written
}

/// All of a file.
fn side(file: &mut File) -> Side<'_> {
    Side { len: file.metadata().expect("a file").len(), file }
}

/// Saves a file, each segment to a file of its own in `folder`.
fn save(folder: &Path, file: &mut File, old: Option<(&FileState, &mut File)>) -> FileState {
    let new_len = file.metadata().expect("a file").len();
    let (old, old_file) = match old {
        Some((state, file)) => (Some(state), Some(file as &mut dyn ReadSeek)),
        None => (None, None),
    };
    let mut bytes = 0;
    let input = PackInput {
        key: &[1; 32],
        old,
        old_file,
        new_file: file,
        new_len,
        blocks: None,
        messages: 1,
    };
    let state = pack::<Infallible>(input, &mut |segment, packed| {
        bytes += packed.len();
        fs::write(folder.join(format!("{:?}", segment.id)), packed).expect("room on the disk");
        Ok(())
    });
    println!("{bytes} bytes packed");
    state.expect("readable")
}

#[test]
#[ignore = "writes 500 MB; run it alone: cargo test -p convosync-core --test memory -- --ignored"]
fn a_file_of_100_mb_is_saved_and_resumed_in_64_mib() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let at = |name: &str| folder.path().join(name);
    let roots = Roots { repo: vec!["/home/ada/app".into()], home: None };
    let len = transcript(&at("native"), 100 << 20);
    let timed = |what: &str, began: u64| {
        println!("{what}: {} ms, peak {} MiB", cpu_ms() - began, peak_kib() >> 10);
    };

    let began = cpu_ms();
    let mut stored =
        File::options().read(true).write(true).create_new(true).open(at("stored")).expect("new");
    let mut native = File::open(at("native")).expect("written above");
    let canonical =
        canonicalise(&ClaudeCode, &roots, &mut native, len, &mut stored).expect("readable");
    timed("canonicalise", began);

    let began = cpu_ms();
    let first = save(folder.path(), &mut stored, None);
    timed("first save", began);

    // The worst second save: 8 MiB on both sides of the change.
    let began = cpu_ms();
    fs::copy(at("stored"), at("changed")).expect("room on the disk");
    let mut changed = File::options().read(true).write(true).open(at("changed")).expect("copied");
    let change = canonical.len - (7 << 20);
    changed.seek(std::io::SeekFrom::Start(change)).expect("a file");
    changed.write_all(b"changed").expect("a file");
    let second = save(folder.path(), &mut changed, Some((&first, &mut stored)));
    timed("second save", began);
    assert_eq!(second.segments.len(), first.segments.len() + 1);

    let began = cpu_ms();
    let mut out =
        File::options().read(true).write(true).create_new(true).open(at("out")).expect("new");
    let mut fetch = |segment: &SegmentRef| fs::read(at(&format!("{:?}", segment.id)));
    rebuild(&second, &mut fetch, &mut out).expect("intact");
    timed("rebuild", began);

    let began = cpu_ms();
    out.rewind().expect("a file");
    let mut local = File::create(at("local")).expect("new");
    let summary = expand(&ClaudeCode, &roots, &mut out, &mut local).expect("readable");
    timed("expand", began);
    assert!(summary.messages > 10_000);

    let began = cpu_ms();
    out.rewind().expect("a file");
    stored.rewind().expect("a file");
    let standing = compare(&ClaudeCode, &mut stored, &mut out).expect("readable");
    timed("compare", began);
    assert_eq!(standing, Standing::Diverged { advance: true });

    // Two files without a line in common at their beginning, so that all lines are compared.
    let began = cpu_ms();
    let mut other =
        File::options().read(true).write(true).create_new(true).open(at("other")).expect("new");
    other.write_all(b"{\"type\":\"user\",\"uuid\":\"first\"}\n").expect("room on the disk");
    stored.rewind().expect("a file");
    std::io::copy(&mut stored, &mut other).expect("room on the disk");
    let mut joined = File::create(at("joined")).expect("new");
    let done = join(&ClaudeCode, &mut side(&mut other), &mut side(&mut stored), &mut joined);
    timed("join", began);
    assert!(matches!(done, Ok(Joined::Whole(whole)) if whole.len > canonical.len));
    assert!(peak_kib() < 64 << 10, "{} KiB", peak_kib());
}
