//! Rules and segments on recorded conversations. They are not part of the project: set
//! `CONVOSYNC_DATA` to the folder that holds them.

#![allow(clippy::print_stdout, reason = "the figures are what these tests are run for")]

use std::convert::Infallible;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use convosync_core::{
    ClaudeCode, FileState, PackInput, ReadSeek, Roots, Rules, canonicalise, expand, pack,
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
    let roots = Roots {
        repo: vec!["/home/alice/projects/myapp".into(), "/home/alice/projects/orders-api".into()],
        home: Some("/home/alice".into()),
    };
    let mut changed = 0;
    for (file, present) in files.iter().flat_map(|file| [(file, 0), (file, 1)]) {
        let roots = Roots { repo: vec![roots.repo[present].clone()], home: roots.home.clone() };
        let native = fs::read(file).expect("a recording");
        let mut stored = Vec::new();
        let len = native.len() as u64;
        let canonical = canonicalise(&ClaudeCode, &roots, &mut &native[..], len, &mut stored);
        let canonical = canonical.expect("memory can be read and written");
        assert_eq!(canonical.len, stored.len() as u64);
        changed += usize::from(stored != native);
        let mut local = Vec::new();
        let summary = expand(&ClaudeCode, &roots, &mut &stored[..], &mut local);
        assert_eq!(summary.expect("memory can be read and written"), canonical.summary);
        assert!(local == native, "{}", file.display());
        assert!(
            !String::from_utf8_lossy(&stored)
                .contains(&format!("\"realParentDir\":\"{}", roots.repo[0]))
        );
        if present == 0 {
            let s = canonical.summary;
            println!(
                "{:>9} {:>5} msg {:>3} unreadable {:>3} unknown {:?} {:?} {}",
                stored.len(),
                s.messages,
                s.unreadable_lines,
                s.unknown_lines,
                s.client_version,
                s.title.map(|t| t.len()),
                file.strip_prefix(&data).expect("below").display()
            );
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
        let began = std::time::Instant::now();
        let input = PackInput {
            key: &[1; 32],
            old: state.as_ref(),
            old_file: Some(&mut old_file as &mut dyn ReadSeek),
            new_file: &mut Cursor::new(&now[..]),
            new_len: now.len() as u64,
            messages: scan.summary().messages,
        };
        let next = pack::<Infallible>(input, &mut |segment, packed| {
            println!(
                "  at {} len {} back {} ahead {} packed {} snapshot {}",
                segment.at,
                segment.len,
                segment.back,
                segment.ahead,
                packed.len(),
                segment.snapshot
            );
            size += packed.len();
            Ok(())
        });
        println!("  {:?}", began.elapsed());
        state = Some(next.expect("memory holds the files"));
        before = now;
        sizes.push(size);
    }
    println!("{sizes:?} = {}", sizes.iter().sum::<usize>());
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
