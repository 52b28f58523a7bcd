//! Rules and segments on recorded conversations. They are not part of the project: set
//! `CONVOSYNC_DATA` to the folder that holds them.

#![allow(clippy::print_stdout, reason = "the figures are what these tests are run for")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use convosync_core::{
    ClaudeCode, FileState, PackInput, ReadSeek, Roots, Rules, canonicalise, expand, look_through,
    pack,
};

/// Where the recordings are; says so when they are nowhere.
fn data() -> Option<PathBuf> {
    let data = std::env::var_os("CONVOSYNC_DATA").map(PathBuf::from);
    if data.is_none() {
        println!("skipped: CONVOSYNC_DATA is not set");
    }
    data
}

fn transcripts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of recordings") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            transcripts(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "jsonl") {
            found.push(path);
        }
    }
}

#[test]
fn every_recorded_line_comes_back_byte_for_byte() {
    let Some(data) = data() else { return };
    let mut files = Vec::new();
    transcripts(&data, &mut files);
    assert!(!files.is_empty());
    let mut changed = 0;
    for project in ["/home/alice/projects/myapp", "/home/alice/projects/orders-api"] {
        let roots = Roots { repo: vec![project.into()], home: Some("/home/alice".into()) };
        for file in &files {
            let native = fs::read(file).expect("a recording");
            let (mut stored, mut local) = (Vec::new(), Vec::new());
            let len = native.len() as u64;
            let canonical = canonicalise(&ClaudeCode, &roots, &mut &native[..], len, &mut stored);
            let canonical = canonical.expect("memory can be read and written");
            let summary = expand(&ClaudeCode, &roots, &mut &stored[..], &mut local);
            assert_eq!(summary.expect("memory can be read and written"), canonical.summary);
            assert!(local == native, "{}", file.display());
            changed += usize::from(stored != native);
        }
    }
    assert!(changed > 0, "no recording has a checkpoint");
}

/// Saves each file after the one before; returns the packed bytes of each save.
fn saves(files: &[PathBuf]) -> Vec<usize> {
    let mut state: Option<FileState> = None;
    let mut before = Vec::new();
    let mut sizes = Vec::new();
    for file in files {
        let now = fs::read(file).expect("a recording");
        let mut scan = ClaudeCode.scan();
        now.split(|byte| *byte == b'\n').for_each(|line| scan.line(line));
        let mut old_file = Cursor::new(&before[..]);
        let mut size = 0;
        let input = PackInput {
            key: &[1; 32],
            old: state.as_ref(),
            old_file: Some(&mut old_file as &mut dyn ReadSeek),
            new_file: &mut Cursor::new(&now[..]),
            new_len: now.len() as u64,
            blocks: None,
            messages: scan.summary().messages,
        };
        let next = pack::<Infallible>(input, &mut |_, packed| {
            size += packed.len();
            Ok(())
        });
        state = Some(next.expect("memory holds the files"));
        before = now;
        sizes.push(size);
    }
    println!("saves of {sizes:?} bytes, together {}", sizes.iter().sum::<usize>());
    sizes
}

fn steps(folder: &str, count: usize) -> Option<Vec<PathBuf>> {
    let folder = data()?.join("transcripts").join(folder);
    Some((1..=count).map(|step| folder.join(format!("step-{step:02}.jsonl"))).collect())
}

#[test]
fn five_saves_of_a_growing_transcript_stay_small() {
    let Some(files) = steps("growth-B", 5) else { return };
    let total: usize = saves(&files).iter().sum();
    assert!(total <= 41_340, "{total} bytes");
}

#[test]
fn a_rewritten_middle_does_not_cost_the_whole_file() {
    let Some(files) = steps("growth-C-changed-redaction", 4) else { return };
    let total: usize = saves(&files).iter().sum();
    assert!(total <= 272_550, "{total} bytes");
}

#[test]
#[ignore = "a figure of a release build: cargo test --release --test real_transcripts -- --ignored"]
fn a_warm_save_of_a_long_conversation_is_quick() {
    let Some(data) = data() else { return };
    let mut files = Vec::new();
    transcripts(&data.join("assistants/large"), &mut files);
    let file = files.iter().max_by_key(|file| fs::metadata(file).map_or(0, |data| data.len()));
    let now = fs::read(file.expect("a recording")).expect("a recording");
    let old_len = now.len() - 200_000;
    let cpu = || {
        // Fields 14 and 15, in ticks of 10 ms.
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let ticks = stat.split_whitespace().skip(13).take(2);
        ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
    };
    let save = |bytes: &[u8], old: Option<&FileState>| {
        let (roots, mut stored) = (Roots::default(), Vec::new());
        let len = bytes.len() as u64;
        let canonical = canonicalise(&ClaudeCode, &roots, &mut &bytes[..], len, &mut stored);
        let canonical = canonical.expect("memory can be read and written");
        let input = PackInput {
            key: &[1; 32],
            old,
            old_file: None,
            new_file: &mut Cursor::new(&stored[..]),
            new_len: canonical.len,
            blocks: None,
            messages: canonical.summary.messages,
        };
        pack::<Infallible>(input, &mut |_, _| Ok(())).expect("memory can be read")
    };
    let first = save(&now[..old_len], None);
    let began = cpu();
    for _ in 0..100 {
        assert_eq!(save(&now, Some(&first)).segments.len(), 2);
    }
    println!("{} ms of processor time for 100 saves", cpu() - began);
}

/// Told of a hundred that are none, nobody reads of the one that is.
#[test]
fn of_recorded_conversations_hardly_a_line_looks_like_a_secret() {
    let Some(data) = data() else { return };
    let mut files = Vec::new();
    transcripts(&data, &mut files);
    let (mut lines, mut bytes, mut kinds) = (0, 0, BTreeMap::<String, usize>::new());
    for file in &files {
        let text = fs::read(file).expect("a recording");
        lines += text.iter().filter(|byte| **byte == b'\n').count();
        bytes += text.len();
        for seen in look_through(&mut &text[..], 1).expect("memory can be read") {
            println!("{}:{} {}", file.display(), seen.line, seen.kind);
            *kinds.entry(seen.kind.to_string()).or_default() += 1;
        }
    }
    println!("{bytes} bytes in {lines} lines: {kinds:?}");
    assert!(kinds.values().sum::<usize>() * 1000 <= lines, "{kinds:?}");
}
