//! Sessions as files: out of one account, into another, and to be read.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use convosync_tests::{Device, World, told};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// A device with a saved session, and the session's id.
fn saved() -> (World, Device, String) {
    let world = World::new();
    let device = world.first_device("desktop", "projects/myapp");
    device.talk(ID, 4);
    let saved = device.json(&["save", "Implemented OAuth login"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    (world, device, session)
}

fn transcript(device: &Device, id: &str) -> Vec<u8> {
    fs::read(device.transcript(id)).expect("a transcript")
}

#[test]
fn lines_are_exported_as_the_client_has_them() {
    let (_world, device, session) = saved();
    let output = device.run(&["export", &session]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(output.stdout == transcript(&device, ID), "{}", told(&output));

    let report = device.json(&["export", &session, "--output", "login.jsonl.gz"]);
    assert_eq!((&report["format"], &report["message_count"]), (&"jsonl.gz".into(), &12.into()));
    let file = device.work_tree.join("login.jsonl.gz");
    let mode = fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "conversations are private");
    let mut plain = Vec::new();
    let packed = fs::File::open(file).expect("it is there");
    GzDecoder::new(packed).read_to_end(&mut plain).expect("gzip");
    assert!(plain == transcript(&device, ID));
}

#[test]
fn what_was_exported_is_a_session_of_another_account_on_another_machine() {
    let (_world, device, session) = saved();
    let file = device.home.join("login.jsonl.gz").display().to_string();
    device.ok(&["export", &session, "-o", &file]);

    let elsewhere = World::new();
    let other = elsewhere.first_device("server", "code/app");
    let imported = other.json(&["import", &file]);
    assert_eq!(imported["message_count"], 12, "{imported}");
    assert_eq!(imported["message"], "Prompt 0 on desktop", "{imported}");
    assert_eq!(imported["synced"], true, "{imported}");
    let id = imported["conversation_id"].as_str().expect("an id");
    assert_ne!(id, ID, "what is here under that id stays");
    assert!(!other.transcript(id).exists(), "only `resume` touches the client");

    let session = imported["session_id"].as_str().expect("an id");
    let resumed = other.json(&["resume", session]);
    assert_eq!(resumed["conversation_restored"], true, "{resumed}");
    assert_eq!(resumed["message_count"], 12, "{resumed}");
    let there = String::from_utf8(transcript(&device, ID)).expect("text");
    let here = String::from_utf8(transcript(&other, id)).expect("text");
    let moved = there.replace(
        &format!("\"realParentDir\":\"{}\"", device.work_tree.display()),
        &format!("\"realParentDir\":\"{}\"", other.work_tree.display()),
    );
    assert!(here.starts_with(&moved), "the same lines, with checkpoints of this clone\n{here}");

    other.write("auth.js", "login\n");
    let saved = other.json(&["save", "Went on with it"]);
    assert_eq!(saved["session_id"], session, "{saved}");
}

#[test]
fn pages_are_there_to_be_read() {
    let (_world, device, session) = saved();
    let markdown = device.ok(&["export", &session, "--format", "markdown"]);
    assert!(markdown.starts_with("# Prompt 0 on desktop\n"), "{markdown}");
    assert!(markdown.contains("\n## User · 2026-01-02 03:00 UTC\n\nPrompt 0 on desktop\n"));
    assert!(markdown.contains("<details><summary>Tool: Read</summary>"), "{markdown}");
    let report = device.json(&["export", &session, "-o", "login.html"]);
    assert_eq!(report["format"], "html", "{report}");
    assert!(device.read("login.html").contains("<p>Answer 3 on desktop</p>"));
}

#[test]
fn a_file_that_is_there_is_left_alone_and_nothing_half_written_stays() {
    let (_world, device, session) = saved();
    device.write("notes.md", "mine\n");
    device.refuses(&["export", &session, "-o", "notes.md"], "convosync::export::exists");
    assert_eq!(device.read("notes.md"), "mine\n");
    device.refuses(&["export", "session-zzzz", "-o", "a.md"], "convosync::session::not-found");
    device.refuses(&["export", &session, "-o", "no/such/a.md"], "convosync::export::not-written");
}

#[test]
fn an_older_save_is_exported_and_a_damaged_one_names_the_newest_whole_one() {
    let (world, device, session) = saved();
    let first = transcript(&device, ID);
    let old = device.json(&["log", &session])[0]["save"].as_str().expect("an id").to_owned();
    device.talk(ID, 2);
    device.write("auth.js", "login\n");
    device.ok(&["save", "Went on"]);
    let output = device.run(&["export", &session, "--at", &old]);
    assert!(output.stdout == first, "{}", told(&output));

    let other = world.next_device("laptop", "code/app");
    let newest = world.objects_of("v1/s/").pop().expect("there are saves");
    let mut bytes = fs::read(&newest).expect("an object");
    *bytes.last_mut().expect("bytes") ^= 1;
    fs::write(&newest, bytes).expect("an object");
    let failure = other.refuses(&["export", &session], "convosync::save::damaged");
    assert!(failure["help"].as_str().is_some_and(|help| help.contains(&old)), "{failure}");
}

#[test]
fn what_is_no_conversation_is_refused() {
    let world = World::new();
    let device = world.first_device("desktop", "projects/myapp");
    let codex = "{\"timestamp\":\"x\",\"type\":\"response_item\",\"payload\":{}}\n";
    let cut = GzEncoder::new(Vec::new(), Compression::best()).finish().expect("memory");
    let files: [(&str, &[u8], &str); 6] = [
        ("text.jsonl", b"not JSON\n", "convosync::import::no-conversation"),
        ("empty.jsonl", b"", "convosync::import::no-conversation"),
        ("array.jsonl", b"[1]\n", "convosync::import::no-conversation"),
        ("codex.jsonl", codex.as_bytes(), "convosync::import::no-conversation"),
        ("cut.gz", &cut[..cut.len() - 5], "convosync::import::unreadable"),
        ("noise.gz", b"\x1f\x8b no gzip at all", "convosync::import::unreadable"),
    ];
    for (name, bytes, code) in files {
        fs::write(device.home.join(name), bytes).expect("a file");
        let path = device.home.join(name).display().to_string();
        device.refuses(&["import", &path], code);
    }
    device.refuses(&["import", "nowhere.jsonl"], "convosync::import::unreadable");
    device.refuses(&["import", "."], "convosync::import::unreadable");
    assert!(device.json(&["list"]).as_array().is_some_and(Vec::is_empty));
}

#[test]
fn a_file_that_swells_is_stopped() {
    let world = World::new();
    let device = world.first_device("desktop", "projects/myapp");
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![b' '; 1 << 20]).expect("memory");
    }
    let path = device.home.join("bomb.jsonl.gz");
    fs::write(&path, bomb.finish().expect("memory")).expect("a file");
    let path = path.display().to_string();
    device.refuses(&["import", &path], "convosync::import::too-long");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (_world, device, session) = saved();
    device.talk_noise(ID, 400_000);
    device.write("auth.js", "login\n");
    device.ok(&["save", "Went on"]);
    let mut child = device
        .command(&["export", &session])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the helper starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", told(&output));
}
