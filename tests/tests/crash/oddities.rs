//! Transcripts as they should not be, through the whole chain: saved on one device, resumed on the
//! other, byte for byte.

use std::fs;

use convosync_tests::{Device, World, transcript};
use serde_json::Value;

use crate::audit::audit;
use crate::scene::ID;

/// Replaces the transcript of a device.
fn put(device: &Device, bytes: &[u8]) {
    let path = device.transcript(ID);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a transcript");
}

fn turns(device: &Device, numbers: std::ops::Range<usize>) -> Vec<u8> {
    let cwd = device.work_tree.to_str().expect("plain");
    let turn = |number| transcript::turn(ID, number, cwd, "desktop");
    numbers.map(turn).collect::<String>().into_bytes()
}

#[track_caller]
fn save(device: &Device, message: &str) -> Value {
    device.write("work.txt", message);
    device.json(&["save", message])
}

#[track_caller]
fn has_note(report: &Value, code: &str) {
    let notes = report["notes"].as_array().expect("notes");
    assert!(notes.iter().any(|note| note["code"] == code), "{code} is not told: {report}");
}

/// The transcript of a device without the last line if a resume added it, and with the desktop's
/// path where it names its own.
fn as_on(desktop: &Device, laptop: &Device) -> Vec<u8> {
    let mut bytes = fs::read(laptop.transcript(ID)).expect("it was brought here");
    let start = bytes[..bytes.len().saturating_sub(1)].iter().rposition(|byte| *byte == b'\n');
    let start = start.map_or(0, |at| at + 1);
    if memory_holds(&bytes[start..], b"\"relocatedCwd\"") {
        bytes.truncate(start);
    }
    let from = format!("\"realParentDir\":\"{}\"", laptop.work_tree.display());
    let to = format!("\"realParentDir\":\"{}\"", desktop.work_tree.display());
    replaced(&bytes, from.as_bytes(), to.as_bytes())
}

fn memory_holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        // What is looked for stands early in a line, and tests are not optimised.
        let at = line.windows(from.len()).take(10_000).position(|window| window == from);
        match at {
            Some(at) => {
                out.extend_from_slice(&line[..at]);
                out.extend_from_slice(to);
                out.extend_from_slice(&line[at + from.len()..]);
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

/// What is saved on the desktop arrives on the laptop as it was.
#[track_caller]
fn arrives(desktop: &Device, laptop: &Device, bytes: &[u8], message: &str) -> Value {
    put(desktop, bytes);
    let saved = save(desktop, message);
    laptop.ok(&["resume"]);
    assert!(as_on(desktop, laptop) == bytes, "{message}: it came out otherwise");
    saved
}

#[test]
fn odd_lines_arrive_byte_for_byte() {
    let (_world, desktop, laptop) = World::pair();
    let mut bytes = turns(&desktop, 0..3);
    let odd: [(&str, &[u8]); 7] = [
        ("an unknown type", b"{\"type\":\"hologram\",\"uuid\":\"u\",\"x\":[1,{\"y\":null}]}\n"),
        ("no object", b"[1,2,3]\n42\n\"text\"\nnull\n"),
        ("no JSON", b"this is no JSON\n{\"type\":\"user\"\n"),
        ("empty lines", b"\n\n\n"),
        ("CRLF", b"{\"type\":\"system\",\"content\":\"windows\"}\r\n\r\n"),
        ("no UTF-8", b"{\"type\":\"user\",\"x\":\"\xff\xfe\xc3\x28\"}\n\x80\x81\n"),
        ("control characters", b"\x00\x01\x1b[31m\x07\n"),
    ];
    for (number, (what, lines)) in odd.into_iter().enumerate() {
        bytes.extend_from_slice(lines);
        bytes.extend(turns(&desktop, 3 + number..4 + number));
        arrives(&desktop, &laptop, &bytes, what);
    }
    let long =
        format!("{{\"type\":\"user\",\"uuid\":\"long\",\"x\":\"{}\"}}\n", "ä".repeat(1 << 20));
    bytes.extend_from_slice(long.as_bytes());
    let saved = arrives(&desktop, &laptop, &bytes, "a line of 2 MB");
    assert_eq!(saved["synced"], true, "{saved}");
}

#[test]
fn a_transcript_of_crlf_lines_alone_goes_there_and_back() {
    let (_world, desktop, laptop) = World::pair();
    let text = String::from_utf8(turns(&desktop, 0..3)).expect("UTF-8").replace('\n', "\r\n");
    arrives(&desktop, &laptop, text.as_bytes(), "CRLF");
    laptop.write("work.txt", "laptop");
    laptop.talk(ID, 1);
    laptop.ok(&["save", "back"]);
    desktop.ok(&["resume"]);
    let back = fs::read(desktop.transcript(ID)).expect("there");
    assert!(back.starts_with(text.as_bytes()), "the old file is the beginning of the new one");
}

#[test]
fn a_torn_last_line_is_told_and_stays_where_it_is() {
    let (_world, desktop, laptop) = World::pair();
    let whole = turns(&desktop, 0..2);
    let torn = [&whole[..], b"{\"type\":\"user\",\"uuid\":\"to"].concat();
    put(&desktop, &torn);
    let saved = save(&desktop, "torn");
    has_note(&saved, "convosync::conversation::torn");
    assert!(fs::read(desktop.transcript(ID)).expect("there") == torn);
    laptop.ok(&["resume"]);
    assert!(as_on(&desktop, &laptop) == whole, "the whole lines arrive");

    // The same session again where the torn line is: nothing that is only here may go.
    let resumed = desktop.json(&["resume"]);
    assert!(kept_somewhere(&desktop, b"\"uuid\":\"to"), "{resumed}");

    // The laptop goes on: now the desktop's file is replaced, and its torn line put aside.
    laptop.write("work.txt", "laptop");
    laptop.talk(ID, 1);
    laptop.ok(&["save", "went on"]);
    let resumed = desktop.json(&["resume"]);
    assert!(kept_somewhere(&desktop, b"\"uuid\":\"to"), "{resumed}");
    let here = fs::read(desktop.transcript(ID)).expect("there");
    assert!(memory_holds(&here, b"on laptop"), "the laptop's turn is here");
}

/// Whether text is in the transcript, or in a conversation that was put aside.
#[track_caller]
fn kept_somewhere(device: &Device, text: &[u8]) -> bool {
    let here = fs::read(device.transcript(ID)).expect("there");
    if memory_holds(&here, text) {
        return true;
    }
    let session = device.json(&["list", "--all"])[0]["session_id"].clone();
    let session = session.as_str().expect("an id");
    let log = device.json(&["log", session]);
    let parked: Vec<_> = log
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["parked"] == true)
        .map(|row| row["save"].as_str().expect("an id").to_owned())
        .collect();
    parked.iter().any(|save| {
        let clone = device.home.join("look");
        let _ = fs::remove_dir_all(&clone);
        let before = fs::read(device.transcript(ID)).expect("there");
        device.ok(&["resume", session, "--at", save]);
        let aside = fs::read(device.transcript(ID)).expect("there");
        fs::write(device.transcript(ID), before).expect("put back");
        memory_holds(&aside, text)
    })
}

#[test]
fn an_empty_transcript_is_no_obstacle() {
    let (_world, desktop, laptop) = World::pair();
    put(&desktop, b"");
    let saved = save(&desktop, "empty");
    assert_eq!(saved["synced"], true, "{saved}");
    laptop.ok(&["resume"]);
    // It fills later.
    arrives(&desktop, &laptop, &turns(&desktop, 0..2), "filled");
    // And is emptied: the session keeps what it had.
    put(&desktop, b"");
    let saved = save(&desktop, "emptied");
    laptop.ok(&["resume"]);
    assert!(as_on(&desktop, &laptop) == turns(&desktop, 0..2), "{saved}");
}

#[test]
fn lines_rewritten_in_the_middle_arrive_and_the_old_ones_stay_in_the_save_before() {
    let (world, desktop, laptop) = World::pair();
    let bytes = turns(&desktop, 0..20);
    arrives(&desktop, &laptop, &bytes, "before");
    let rewritten = replaced(&bytes, b"Prompt 7 on", b"Frage Nummer 7 auf");
    assert!(rewritten != bytes);
    arrives(&desktop, &laptop, &rewritten, "rewritten");
    let shorter = replaced(&rewritten, b"Answer 3 on desktop", b"Ja");
    arrives(&desktop, &laptop, &shorter, "shorter");
    let saves = audit(&world, &desktop);
    for text in ["Prompt 7 on", "Frage Nummer 7 auf", "Answer 3 on desktop"] {
        assert!(saves.holds(text), "{text} is in no save");
    }
}

#[test]
fn a_transcript_that_lost_messages_does_not_take_them_from_the_session() {
    let (_world, desktop, laptop) = World::pair();
    let bytes = turns(&desktop, 0..20);
    arrives(&desktop, &laptop, &bytes, "full");
    for (left, message) in [(15, "a quarter less"), (2, "almost nothing")] {
        put(&desktop, &turns(&desktop, 0..left));
        let saved = save(&desktop, message);
        has_note(&saved, "convosync::conversation::shrunk");
        assert_eq!(saved["message_count"], 60, "{saved}");
        laptop.ok(&["resume"]);
        assert!(as_on(&desktop, &laptop) == bytes, "{message}: messages are lost");
    }
}

#[test]
fn a_conversation_that_starts_anew_is_another_session_and_both_are_there() {
    let (_world, desktop, laptop) = World::pair();
    put(&desktop, &turns(&desktop, 0..4));
    let first = save(&desktop, "first");
    let other = "22222222-2222-4333-8444-555555555555";
    desktop.talk(other, 3);
    let second = save(&desktop, "second");
    assert_eq!(second["new_session"], true, "{second}");
    assert_eq!(second["conversation_id"], other, "{second}");
    let rows = laptop.json(&["list", "--all"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "{rows}");
    for (saved, id) in [(&first, ID), (&second, other)] {
        let session = saved["session_id"].as_str().expect("an id");
        laptop.ok(&["resume", session, "--on-diverged", "merge"]);
        assert!(laptop.transcript(id).exists(), "{id}");
    }
}

#[test]
fn a_transcript_of_30_mb_travels_in_parts() {
    let (world, desktop, laptop) = World::pair();
    let mut bytes = turns(&desktop, 0..1);
    let mut noise = Noise(7);
    while bytes.len() < 30 << 20 {
        let line = format!("{{\"type\":\"tool\",\"data\":\"{}\"}}\n", noise.letters(60_000));
        bytes.extend_from_slice(line.as_bytes());
    }
    arrives(&desktop, &laptop, &bytes, "big");
    let parts =
        world.objects().iter().filter(|path| path.to_string_lossy().contains("/v1/o/")).count();
    assert!(parts >= 2, "{parts} parts");
    let before: u64 = size(&world);
    bytes.extend(turns(&desktop, 1..2));
    arrives(&desktop, &laptop, &bytes, "a little more");
    assert!(size(&world) - before < 64 << 10, "only what is new was stored");
    audit(&world, &laptop).head();
}

fn size(world: &World) -> u64 {
    world.objects().iter().map(|path| fs::metadata(path).expect("there").len()).sum()
}

/// Letters that do not pack well (xorshift64, Marsaglia 2003).
struct Noise(u64);

impl Noise {
    fn letters(&mut self, count: usize) -> String {
        let mut letters = String::with_capacity(count);
        while letters.len() < count {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            for byte in self.0.to_le_bytes() {
                letters.push(char::from(b'0' + byte % 64));
            }
        }
        letters.replace('\\', "x")
    }
}
