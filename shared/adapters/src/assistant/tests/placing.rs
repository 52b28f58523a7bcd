//! Where a conversation is put, and where it can't be put.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use convosync_engine::ports::{Assistant, AssistantError};

use super::home::{Home, ONE, TWO, contents, id, user};

const FILES: [(&str, &[u8]); 7] = [
    ("transcript.jsonl", b"{\"type\":\"user\",\"slug\":\"keen-owl\"}\n"),
    ("subagents/agent-1.jsonl", b"{}\n"),
    ("subagents/agent-1.meta.json", b"{}"),
    ("tool-results/deep/out.txt", b"out"),
    ("file-history/0011@v1", b"old"),
    ("tasks/1.json", b"{}"),
    ("plans/keen-owl.md", b"plan"),
];

#[test]
fn what_is_placed_is_what_is_found() {
    let home = Home::new();
    let transcript = home.place(ONE, &home.tree(), &FILES).expect("it is placed");
    assert_eq!(transcript, home.project(&home.tree()).join(format!("{ONE}.jsonl")));
    let claude = home.claude();
    let files = claude.files_at(&id(ONE), &home.tree()).expect("readable");
    assert_eq!(files.len(), FILES.len());
    for file in &files {
        let want = FILES.iter().find(|(name, _)| *name == file.logical.as_str());
        assert_eq!(contents(&claude, file), want.expect("it was placed").1, "{}", file.logical);
    }
}

#[test]
fn only_the_user_can_read_it_and_the_transcript_is_newest() {
    let home = Home::new();
    let transcript = home.place(ONE, &home.tree(), &FILES).expect("it is placed");
    let newest = fs::metadata(&transcript).expect("placed");
    for file in home.claude().files(&id(ONE)).expect("readable") {
        let meta = fs::metadata(&file.path).expect("placed");
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{}", file.logical);
        let (time, last) =
            ((meta.mtime(), meta.mtime_nsec()), (newest.mtime(), newest.mtime_nsec()));
        assert!(time <= last, "{}", file.logical);
        let folder = fs::metadata(file.path.parent().expect("in a folder")).expect("made");
        assert_eq!(folder.permissions().mode() & 0o777, 0o700, "{}", file.logical);
    }
}

#[test]
fn a_fork_lies_under_its_own_id_and_leaves_the_first_alone() {
    let home = Home::new();
    home.place(ONE, &home.tree(), &FILES).expect("it is placed");
    let forked = [("transcript.jsonl", &b"{}\n"[..]), ("tasks/1.json", b"[]")];
    home.place(TWO, &home.tree(), &forked).expect("it is placed");
    let claude = home.claude();
    assert_eq!(claude.files(&id(TWO)).expect("readable").len(), 2);
    assert_eq!(claude.files(&id(ONE)).expect("readable").len(), FILES.len());
}

#[test]
fn placing_again_replaces_each_file_whole() {
    let home = Home::new();
    home.place(ONE, &home.tree(), &FILES).expect("it is placed");
    let transcript = home
        .place(ONE, &home.tree(), &[("transcript.jsonl", b"{\"new\":1}\n")])
        .expect("it is placed again");
    assert_eq!(fs::read(&transcript).expect("readable"), b"{\"new\":1}\n");
    let left: Vec<String> = fs::read_dir(transcript.parent().expect("in a folder"))
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into())
        .filter(|name: &String| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(home.claude().files(&id(ONE)).expect("readable").len(), FILES.len() - 1);
}

#[test]
fn what_is_there_already_is_only_made_fresh() {
    let home = Home::new();
    let transcript = home.place(ONE, &home.tree(), &FILES).expect("it is placed");
    let before = fs::metadata(&transcript).expect("placed");
    fs::set_permissions(&transcript, fs::Permissions::from_mode(0o644)).expect("it is ours");
    let old = SystemTime::now() - Duration::from_secs(60 * 24 * 60 * 60);
    let file = fs::File::options().write(true).open(&transcript).expect("it is ours");
    file.set_modified(old).expect("it is ours");
    home.place(ONE, &home.tree(), &FILES).expect("it is placed again");
    let after = fs::metadata(&transcript).expect("placed");
    assert_eq!((after.ino(), after.mode() & 0o777), (before.ino(), 0o600));
    assert!(after.modified().expect("known") >= before.modified().expect("known"));
}

#[test]
fn another_plan_of_that_name_is_kept() {
    let home = Home::new();
    let plan = home.config().join("plans/keen-owl.md");
    let kept = |number: u32| plan.with_file_name(format!("keen-owl.convosync-{number}.md"));
    home.write(&plan, b"first");
    for text in ["second", "second", "third"] {
        home.place(ONE, &home.tree(), &[("plans/keen-owl.md", text.as_bytes())]).expect("placed");
    }
    assert_eq!(fs::read(&plan).expect("readable"), b"third");
    assert_eq!(fs::read(kept(1)).expect("kept"), b"first");
    assert_eq!(fs::read(kept(2)).expect("kept"), b"second");
    assert!(!kept(3).exists(), "equal plans need no second copy");
}

#[test]
fn an_unknown_file_is_refused_before_anything_is_placed() {
    let home = Home::new();
    for hostile in [
        "settings.json",
        "hooks/run.sh",
        "sessions/1.json",
        "projects/x/y.jsonl",
        "memory/MEMORY.md",
        "resume-head.jsonl",
        "plans/deep/er.md",
        "tasks/run.sh",
        "commands/evil.md",
    ] {
        let files = [FILES[0], (hostile, b"evil")];
        let refused = home.place(ONE, &home.tree(), &files);
        assert!(matches!(refused, Err(AssistantError::Refused { .. })), "{hostile}");
        assert!(!home.config().exists(), "{hostile}");
    }
}

#[test]
fn an_id_that_is_no_uuid_is_refused() {
    let home = Home::new();
    for name in ["memory", "settings", "agent-1", "11111111-0000-4000-8000-00000000000g"] {
        let refused = home.place(name, &home.tree(), &FILES);
        assert!(matches!(refused, Err(AssistantError::Refused { .. })), "{name}");
    }
    assert!(!home.config().exists());
}

#[test]
fn no_link_leads_out_of_the_assistants_folders() {
    let outside_is_untouched = |home: &Home, at: &Path, logical: &str| {
        let outside = home.path("outside");
        fs::create_dir_all(&outside).expect("a folder");
        fs::create_dir_all(at.parent().expect("in a folder")).expect("folders");
        symlink(&outside, at).expect("a link");
        let placed = home.place(ONE, &home.tree(), &[(logical, b"evil")]);
        assert!(matches!(placed, Err(AssistantError::Refused { .. })), "{logical}");
        assert_eq!(fs::read_dir(&outside).expect("readable").count(), 0, "{logical}");
    };
    let home = Home::new();
    outside_is_untouched(&home, &home.config().join("tasks").join(ONE), "tasks/1.json");
    let side = home.project(&home.tree()).join(ONE);
    outside_is_untouched(&home, &side.join("tool-results/deep"), "tool-results/deep/x.txt");
    outside_is_untouched(&home, &side.join("subagents"), "subagents/agent-1.jsonl");
    let home = Home::new();
    outside_is_untouched(&home, &home.project(&home.tree()), "transcript.jsonl");
}

#[test]
fn a_link_in_a_files_place_is_replaced_not_followed() {
    let home = Home::new();
    let victim = home.path("victim");
    home.write(&victim, b"mine");
    let transcript = home.project(&home.tree()).join(format!("{ONE}.jsonl"));
    fs::create_dir_all(transcript.parent().expect("in a folder")).expect("folders");
    symlink(&victim, &transcript).expect("a link");
    home.place(ONE, &home.tree(), &FILES).expect("it is placed");
    assert_eq!(fs::read(&victim).expect("readable"), b"mine");
    assert!(fs::symlink_metadata(&transcript).expect("placed").is_file());
}

#[test]
fn the_users_own_link_to_another_disk_is_kept() {
    let home = Home::new();
    let disk = home.path("disk/projects");
    fs::create_dir_all(&disk).expect("a folder");
    fs::create_dir_all(home.config()).expect("a folder");
    symlink(&disk, home.config().join("projects")).expect("a link");
    home.place(ONE, &home.tree(), &FILES).expect("it is placed");
    assert_eq!(home.listed(), "1");
}

#[test]
fn what_a_killed_placing_left_is_swept_and_what_another_writes_is_not() {
    let mut home = Home::new();
    home.running(8, "80");
    let project = home.project(&home.tree());
    for name in [".convosync-7-0.tmp", ".convosync-8-0.tmp", ".convosync-x.tmp", ".other"] {
        home.write(&project.join(name), b"x");
    }
    home.place(ONE, &home.tree(), &FILES).expect("it is placed");
    assert!(!project.join(".convosync-7-0.tmp").exists());
    for name in [".convosync-8-0.tmp", ".convosync-x.tmp", ".other"] {
        assert!(project.join(name).exists(), "{name}");
    }
}

#[test]
fn a_conversation_that_was_placed_is_listed_for_its_directory() {
    let home = Home::new();
    let foreign = user("held elsewhere", Path::new("/nonexistent/alice/app"));
    let src = home.tree().join("src");
    home.place(ONE, &home.tree(), &[("transcript.jsonl", &foreign)]).expect("placed");
    let moved = [foreign, super::home::relocated(&src)].concat();
    home.place(TWO, &src, &[("transcript.jsonl", &moved)]).expect("placed");
    let found = home.conversations();
    let of = |name: &str| found.iter().find(|found| found.id == id(name)).expect("listed");
    assert_eq!((&of(ONE).directory, &of(TWO).directory), (&home.tree(), &src));
    assert_eq!(home.claude().open_command(&id(ONE)), format!("claude --resume {ONE}"));
}
