//! Which files are a conversation's.

use std::fs;
use std::os::unix::fs::symlink;

use convosync_engine::ports::{Assistant, SourceFile};

use super::home::{Home, ONE, TWO, contents, id, user};

fn names(files: &[SourceFile]) -> Vec<&str> {
    files.iter().map(|file| file.logical.as_str()).collect()
}

/// A conversation with one file of each kind, and what lies around it.
fn full_home() -> Home {
    let home = Home::new();
    let tree = home.tree();
    let plan = b"{\"type\":\"user\",\"slug\":\"keen-owl\"}\n";
    home.transcript(&tree, ONE, 100, &[user("x", &tree), plan.to_vec()].concat());
    let side = home.project(&tree).join(ONE);
    let config = home.config();
    for (path, text) in [
        (side.join("subagents/agent-1.jsonl"), "{}\n{\"torn"),
        (side.join("subagents/agent-1.meta.json"), "{\"a\":1}"),
        (side.join("tool-results/out.txt"), "no line feed"),
        (side.join("tool-results/deep/er.txt"), "x"),
        (side.join("custom-title.json"), "{}"),
        (side.join("resume-head.jsonl"), "cache"),
        (config.join("file-history").join(ONE).join("0011@v1"), "old"),
        (config.join("file-history").join(TWO).join("0022@v1"), "another's"),
        (config.join("tasks").join(ONE).join("1.json"), "{}"),
        (config.join("tasks").join(ONE).join(".lock"), ""),
        (config.join("plans/keen-owl.md"), "plan"),
        (config.join("plans/other-owl.md"), "another's"),
        (config.join("sessions/1.0a.key"), "secret"),
        (home.project(&tree).join("memory/MEMORY.md"), "the project's"),
    ] {
        home.write(&path, text.as_bytes());
    }
    home
}

#[test]
fn a_conversation_has_these_files_and_no_others() {
    let home = full_home();
    let files = home.claude().files(&id(ONE)).expect("readable");
    let want = [
        "transcript.jsonl",
        "custom-title.json",
        "file-history/0011@v1",
        "plans/keen-owl.md",
        "subagents/agent-1.jsonl",
        "subagents/agent-1.meta.json",
        "tasks/1.json",
        "tool-results/deep/er.txt",
        "tool-results/out.txt",
    ];
    assert_eq!(names(&files), want);
    assert_eq!(home.claude().left_out(&id(ONE)).expect("readable"), []);
    let lines: Vec<bool> = files.iter().map(|file| file.lines).collect();
    assert_eq!(lines, [true, false, false, false, true, false, false, false, false]);
}

#[test]
fn only_files_of_lines_lose_a_torn_end() {
    let home = full_home();
    let claude = home.claude();
    let files = claude.files(&id(ONE)).expect("readable");
    let agent = &files[4];
    assert_eq!((agent.torn, contents(&claude, agent)), (6, b"{}\n".to_vec()));
    let result = &files[8];
    assert_eq!((result.torn, contents(&claude, result)), (0, b"no line feed".to_vec()));
}

#[test]
fn every_byte_up_to_the_last_line_feed_counts() {
    let home = Home::new();
    let claude = home.claude();
    let long = vec![b'x'; 1 << 20];
    for (bytes, whole) in [
        (&b""[..], 0),
        (b"torn", 0),
        (b"\n", 1),
        (b"{}\r\n{}\r\n", 8),
        (b"\xff\xfe\n\x00torn", 3),
        (&[&long[..], b"\n", &long[..]].concat(), (1 << 20) + 1),
        (&[&long[..], b"\n"].concat(), (1 << 20) + 1),
    ] {
        home.transcript(&home.tree(), ONE, 100, bytes);
        let files = claude.files(&id(ONE)).expect("readable");
        assert_eq!((files[0].len, files[0].torn), (whole, bytes.len() as u64 - whole));
        assert_eq!(contents(&claude, &files[0]), bytes[..usize::try_from(whole).expect("small")]);
    }
}

#[test]
fn links_and_unknown_things_stay_and_are_told() {
    let home = full_home();
    let side = home.project(&home.tree()).join(ONE);
    let outside = home.path("outside");
    home.write(&outside.join("secret.txt"), b"secret");
    symlink(outside.join("secret.txt"), side.join("tool-results/link.txt")).expect("a link");
    symlink(&outside, side.join("tool-results/linked")).expect("a link");
    fs::remove_dir_all(home.config().join("tasks").join(ONE)).expect("it was there");
    symlink(&outside, home.config().join("tasks").join(ONE)).expect("a link");
    fs::remove_file(home.config().join("plans/keen-owl.md")).expect("it was there");
    symlink(outside.join("secret.txt"), home.config().join("plans/keen-owl.md")).expect("a link");
    home.write(&side.join("novelty/x.bin"), b"x");
    home.write(&side.join("tool-results/a:b.txt"), b"x");
    let left = home.claude().left_out(&id(ONE)).expect("readable");
    let told: Vec<(String, &str)> = left
        .iter()
        .map(|left| (left.path.file_name().expect("named").to_string_lossy().into(), left.reason))
        .collect();
    let want = [
        ("keen-owl.md", "a link"),
        ("x.bin", "not known as part of a conversation"),
        ("a:b.txt", "its name can't travel"),
        ("link.txt", "a link"),
        ("linked", "a link"),
        (ONE, "no folder of its own"),
    ];
    assert_eq!(told, want.map(|(name, reason)| (name.to_owned(), reason)));
    let claude = home.claude();
    for file in claude.files(&id(ONE)).expect("readable") {
        assert_ne!(contents(&claude, &file), b"secret", "{}", file.logical);
    }
}

#[test]
fn a_link_that_takes_a_files_place_is_not_opened() {
    let home = full_home();
    let claude = home.claude();
    let files = claude.files(&id(ONE)).expect("readable");
    let result = files.last().expect("there are files");
    fs::remove_file(&result.path).expect("it was there");
    symlink("/etc/passwd", &result.path).expect("a link");
    assert!(claude.open(result).is_err());
}

#[test]
fn of_several_copies_the_newest_counts_or_that_of_the_directory() {
    let home = Home::new();
    let (tree, src) = (home.tree(), home.tree().join("src"));
    home.transcript(&tree, ONE, 100, b"old\n");
    home.transcript(&src, ONE, 200, b"newer\n");
    let claude = home.claude();
    assert_eq!(claude.files(&id(ONE)).expect("readable")[0].len, 6);
    assert_eq!(claude.files_at(&id(ONE), &tree).expect("readable")[0].len, 4);
    assert!(claude.files_at(&id(ONE), &home.path("work")).expect("readable").is_empty());
    assert!(claude.files(&id(TWO)).expect("readable").is_empty());
}

#[test]
fn a_plan_is_found_behind_long_lines_and_named_by_words_only() {
    let home = full_home();
    let tree = home.tree();
    let mut lines = user("x", &tree);
    lines.extend(user(&"x".repeat(1 << 20), &tree));
    lines.extend(b"{\"type\":\"user\",\"slug\":\"keen-owl\"}\n");
    home.transcript(&tree, ONE, 100, &lines);
    let has_plan = |home: &Home| {
        let files = home.claude().files(&id(ONE)).expect("readable");
        names(&files).contains(&"plans/keen-owl.md")
    };
    assert!(has_plan(&home));
    lines.extend(b"{\"type\":\"user\",\"slug\":\"../settings\"}\n");
    home.transcript(&tree, ONE, 100, &lines);
    assert!(!has_plan(&home));
}
