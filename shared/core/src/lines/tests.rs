use std::io::{self, Read};

use proptest::prelude::*;

use super::reader::{Lines, Piece};
use super::*;
use crate::claude::ClaudeCode;
use crate::rules::{Roots, Summary};
use crate::segment::Blocks;

/// Gives out a few bytes at a time, as pipes do.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.1.min(buffer.len());
        self.0.read(&mut buffer[..len])
    }
}

fn here() -> Roots {
    Roots { repo: vec!["/home/ada/app".into()], home: Some("/home/ada".into()) }
}

fn stored(native: &[u8]) -> (Canonical, Vec<u8>) {
    let mut out = Vec::new();
    let len = native.len() as u64;
    let canonical = canonicalise(&ClaudeCode, &here(), &mut Trickle(native, 999), len, &mut out);
    (canonical.expect("memory can be read and written"), out)
}

fn local(stored: &[u8]) -> (Summary, Vec<u8>) {
    let mut out = Vec::new();
    let summary = expand(&ClaudeCode, &here(), &mut Trickle(stored, 999), &mut out);
    (summary.expect("memory can be read and written"), out)
}

fn relocated(directory: &str) -> String {
    format!(r#"{{"type":"relocated","relocatedCwd":"{directory}"}}"#)
}

#[test]
fn a_file_is_mapped_line_by_line_and_hashed() {
    let native =
        [relocated("/home/ada/app/x"), "no JSON".into(), relocated("/home/ada"), String::new()];
    let native = native.join("\n");
    let (canonical, bytes) = stored(native.as_bytes());
    let want = [
        relocated("//convosync/repo/x"),
        "no JSON".into(),
        relocated("//convosync/home"),
        String::new(),
    ];
    assert_eq!(String::from_utf8(bytes.clone()).expect("text"), want.join("\n"));
    let mut blocks = Blocks::new();
    blocks.update(&bytes);
    assert_eq!((canonical.len, canonical.blocks), blocks.finish());
    // Both speak of this device's directories.
    assert_eq!(canonical.summary.relocated.as_deref(), Some("/home/ada"));
    assert_eq!(canonical.summary.unreadable_lines, 1);
    assert_eq!(local(&bytes), (canonical.summary, native.into_bytes()));
}

#[test]
fn only_the_bytes_that_count_are_taken() {
    let native = b"one\ntwo\nthree";
    let mut out = Vec::new();
    let mut take = |len| canonicalise(&ClaudeCode, &here(), &mut &native[..], len, &mut out);
    assert_eq!(take(8).expect("there are 13").len, 8);
    let error = take(14).expect_err("there are 13");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(out.starts_with(b"one\ntwo\none\n"));
}

#[test]
fn a_line_that_is_too_long_passes_as_it_is() {
    let long = relocated(&format!("/home/ada/{}", "x".repeat(MAX_LINE)));
    for end in ["", "\n", "\nno JSON\n"] {
        let native = [&long, "\n", &long, end].concat();
        let (canonical, bytes) = stored(native.as_bytes());
        assert!(bytes == native.as_bytes());
        assert_eq!(canonical.summary.unreadable_lines, 2 + u64::from(end.len() > 1));
        assert!(local(&bytes).1 == native.as_bytes());
    }
}

#[test]
fn a_line_that_would_become_too_long_stays() {
    let value = |len: usize| format!("//convosync/{}", "x".repeat(len));
    let frame = relocated(&value(0)).len();
    for spare in [0, 100] {
        let native = relocated(&value(MAX_LINE - frame - spare));
        let (_, bytes) = stored(native.as_bytes());
        assert_eq!(bytes.len() > native.len(), spare > 0);
        assert!(local(&bytes).1 == native.as_bytes());
    }
}

#[track_caller]
fn stands(local: &str, incoming: &str, want: Standing) {
    for size in [1, 3, 1 << 20] {
        let found = compare(
            &ClaudeCode,
            &mut Trickle(local.as_bytes(), size),
            &mut Trickle(incoming.as_bytes(), size),
        );
        assert_eq!(found.expect("memory can be read"), want, "{local:?} {incoming:?}");
    }
}

const NODE: &str = "{\"uuid\":\"1\"}\n";
const OTHER: &str = "{\"uuid\":\"2\"}\n";
const STATE: &str = "{\"type\":\"mode\"}\n";

#[test]
fn a_file_stands_to_another_in_one_of_four_ways() {
    let both = |a: &str, b: &str| [a, b].concat();
    stands("", "", Standing::Same);
    stands(NODE, NODE, Standing::Same);
    stands("", NODE, Standing::LocalBehind);
    stands(NODE, &both(NODE, STATE), Standing::LocalBehind);
    stands("{\"uuid\"", NODE, Standing::LocalBehind);
    stands(&both(NODE, STATE), NODE, Standing::LocalAhead { advance: false });
    stands(&both(NODE, OTHER), NODE, Standing::LocalAhead { advance: true });
    stands(&both(NODE, "{\"uuid\":\"to"), NODE, Standing::LocalAhead { advance: false });
    stands(&both(NODE, STATE), &both(NODE, OTHER), Standing::Diverged { advance: false });
    stands(&both(NODE, OTHER), &both(NODE, STATE), Standing::Diverged { advance: true });
    let (left, right) = (both(&both(STATE, OTHER), NODE), both(&both(STATE, NODE), NODE));
    stands(&left, &right, Standing::Diverged { advance: true });
}

#[test]
fn a_line_feed_alone_is_no_advance() {
    stands(NODE, NODE.trim_end(), Standing::LocalAhead { advance: false });
    stands(&[NODE, STATE].concat(), NODE.trim_end(), Standing::LocalAhead { advance: false });
    stands(&[NODE, OTHER].concat(), NODE.trim_end(), Standing::LocalAhead { advance: true });
    // Here the incoming file lacks the line.
    stands(NODE, "{\"uuid\"", Standing::LocalAhead { advance: true });
}

#[test]
fn a_difference_beyond_the_first_chunk_is_found_with_its_whole_line() {
    let long = |end: &str| {
        format!("{STATE}{{\"uuid\":\"1\",\"text\":\"{}{end}\"}}\n", "x".repeat(700_000))
    };
    let found = |a: &str, b: &str| {
        compare(&ClaudeCode, &mut a.as_bytes(), &mut b.as_bytes()).expect("memory can be read")
    };
    assert_eq!(found(&long("a"), &long("a")), Standing::Same);
    assert_eq!(found(&long("a"), &long("b")), Standing::Diverged { advance: true });
    let not_text = "x".repeat(MAX_LINE + 1);
    assert_eq!(found(&not_text, &not_text[1..]), Standing::LocalAhead { advance: true });
}

proptest! {
    #[test]
    fn pieces_put_together_are_the_stream(
        bytes in prop::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\n')], 0..300),
        size in 1usize..40,
    ) {
        let mut trickle = Trickle(&bytes, size);
        let mut lines = Lines::new(&mut trickle);
        let mut whole = Vec::new();
        while let Some(piece) = lines.next().expect("memory can be read") {
            let Piece::Line { line, ended } = piece else { panic!("a short line") };
            prop_assert!(!line.contains(&b'\n'));
            whole.extend_from_slice(line);
            whole.extend(ended.then_some(b'\n'));
        }
        prop_assert_eq!(whole, bytes);
    }

    #[test]
    fn any_file_comes_back_byte_for_byte(
        lines in prop::collection::vec(prop_oneof![
            Just(relocated("/home/ada/app/x").into_bytes()),
            Just(relocated("//convosync/home").into_bytes()),
            Just(relocated("/home/ada/app").into_bytes()),
            Just(b"\r".to_vec()),
            prop::collection::vec(any::<u8>(), 0..20),
        ], 0..8),
    ) {
        let native = lines.join(&b'\n');
        let (canonical, bytes) = stored(&native);
        let (summary, back) = local(&bytes);
        prop_assert_eq!(back, native);
        prop_assert_eq!(summary, canonical.summary);
    }
}
