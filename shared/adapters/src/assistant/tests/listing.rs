//! Which conversations belong to a work tree, and who has them open.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use convosync_engine::ports::{Assistant, AssistantError, Live};

use super::home::{Home, ONE, THREE, TWO, id, relocated, user};

#[test]
fn nothing_is_listed_where_the_client_was_never_used() {
    assert!(Home::new().conversations().is_empty());
}

#[test]
fn the_newest_comes_first_with_its_title_and_directory() {
    let home = Home::new();
    let tree = home.tree();
    home.transcript(&tree, ONE, 100, &user("first\nprompt", &tree));
    home.transcript(&tree, TWO, 300, &user("second", &tree));
    home.transcript(&tree.join("src"), THREE, 200, &user("third", &tree.join("src")));
    let found = home.conversations();
    let ids: Vec<&str> = found.iter().map(|found| found.id.as_str()).collect();
    assert_eq!(ids, [TWO, THREE, ONE]);
    assert_eq!(found[0].title.as_deref(), Some("second"));
    assert_eq!((found[0].modified_ms, &found[0].live), (300_000, &None));
    assert_eq!((&found[0].directory, &found[1].directory), (&tree, &tree.join("src")));
}

#[test]
fn what_shares_a_slug_belongs_to_the_directory_it_was_held_in() {
    let home = Home::new();
    let tree = home.tree();
    let twin = home.path("work-app");
    fs::create_dir_all(&twin).expect("a folder");
    assert_eq!(home.project(&tree), home.project(&twin));
    home.transcript(&tree, ONE, 100, &user("ours", &tree));
    home.transcript(&tree, TWO, 200, &user("theirs", &twin));
    home.transcript(&tree, THREE, 300, &[user("moved", &twin), relocated(&tree)].concat());
    assert_eq!(home.listed(), "31");
}

#[test]
fn a_neighbour_with_a_longer_name_is_no_sub_directory() {
    let home = Home::new();
    let neighbour = home.path("work/app-two");
    fs::create_dir_all(&neighbour).expect("a folder");
    home.transcript(&neighbour, ONE, 100, &user("theirs", &neighbour));
    assert_eq!(home.listed(), "");
}

#[test]
fn a_work_tree_inside_keeps_its_own_conversations() {
    let home = Home::new();
    let inner = home.tree().join("vendor");
    home.write(&inner.join(".git"), b"gitdir: elsewhere");
    home.transcript(&inner, ONE, 100, &user("inner", &inner));
    assert_eq!(home.listed(), "");
}

#[test]
fn what_came_from_another_device_belongs_where_it_lies() {
    let home = Home::new();
    let foreign = Path::new("/nonexistent/alice/app");
    home.transcript(&home.tree(), ONE, 100, &user("carried here", foreign));
    assert_eq!(home.conversations()[0].directory, home.tree());
}

#[test]
fn a_bash_cd_does_not_move_a_conversation() {
    let home = Home::new();
    let tree = home.tree();
    let lines = [user("start", &tree), user("after cd", &tree.join("src"))].concat();
    home.transcript(&tree, ONE, 100, &lines);
    assert_eq!(home.conversations()[0].directory, tree);
}

#[test]
fn sub_agents_and_what_is_no_uuid_are_no_conversations() {
    let home = Home::new();
    let project = home.project(&home.tree());
    let line = user("x", &home.tree());
    home.write(&project.join("agent-ab9353f6.jsonl"), &line);
    home.write(&project.join("notes.jsonl"), &line);
    home.write(&project.join(ONE).join("subagents/agent-1.jsonl"), &line);
    fs::create_dir_all(project.join(format!("{TWO}.jsonl"))).expect("a folder");
    symlink("/etc/passwd", project.join(format!("{THREE}.jsonl"))).expect("a link");
    assert_eq!(home.listed(), "");
}

#[test]
fn odd_transcripts_are_listed_all_the_same() {
    let home = Home::new();
    let tree = home.tree();
    home.transcript(&tree, ONE, 300, b"");
    home.transcript(&tree, TWO, 200, b"\xff\xfe\x00 not text\r\n{\"type\":\"user\"");
    home.transcript(&tree, THREE, 100, b"[[[[\n\n\n{\"cwd\":7}\n{\"type\":42}\n");
    assert_eq!(home.listed(), "123");
}

#[test]
fn a_long_transcript_is_read_at_its_ends_only() {
    let home = Home::new();
    let tree = home.tree();
    let title = |lines: &[u8]| {
        home.transcript(&tree, ONE, 100, lines);
        home.conversations()[0].title.clone()
    };
    let renamed = b"{\"type\":\"custom-title\",\"customTitle\":\"renamed\"}\n";
    let mut lines = user("first prompt", &tree);
    lines.extend(user(&"x".repeat(3 << 20), &tree));
    lines.extend(renamed);
    lines.extend(user("short", &tree).repeat(2000));
    assert_eq!(title(&lines).as_deref(), Some("first prompt"), "the middle is not read");
    lines.extend(renamed);
    lines.extend(user(&"z".repeat(1 << 20), &tree));
    lines.extend(b"{\"torn");
    assert_eq!(title(&lines).as_deref(), Some("renamed"), "a long last line is looked behind");
}

#[test]
fn an_open_conversation_comes_before_newer_ones() {
    let mut home = Home::new();
    let tree = home.tree();
    for (name, second) in [(ONE, 100), (TWO, 200), (THREE, 300)] {
        home.transcript(&tree, name, second, &user("x", &tree));
    }
    home.running(7, "70");
    home.entry(7, "70", ONE, &tree);
    home.running(8, "80");
    home.entry(8, "80", TWO, &tree.join("src"));
    assert_eq!(home.listed(), "213", "two are open: the newer one first");
    let live = home.conversations()[1].live.clone();
    assert_eq!(live, Some(Live { pid: 7, pane: Some("t1:@0.%7".into()), is_caller: false }));
}

#[test]
fn an_entry_whose_process_is_gone_or_another_is_stale() {
    let mut home = Home::new();
    let tree = home.tree();
    home.transcript(&tree, ONE, 100, &user("x", &tree));
    home.transcript(&tree, TWO, 200, &user("x", &tree));
    home.entry(7, "70", ONE, &tree);
    home.running(8, "81");
    home.entry(8, "80", ONE, &tree);
    home.write(&home.config().join("sessions/9.json"), b"{\"pid\":9,");
    assert_eq!(home.listed(), "21");
    assert_eq!(home.claude().live(&id(ONE), &home.env).expect("readable"), None);
    home.running(8, "80");
    let live = home.claude().live(&id(ONE), &home.env).expect("readable");
    assert_eq!(live.map(|live| live.pid), Some(8));
}

#[test]
fn the_conversation_that_calls_comes_first() {
    let mut home = Home::new();
    let tree = home.tree();
    home.transcript(&tree, ONE, 100, &user("caller", &tree));
    home.transcript(&tree, TWO, 200, &user("x", &tree));
    home.env.insert("CLAUDE_CODE_SESSION_ID".into(), ONE.into());
    assert_eq!(home.listed(), "12");
    home.env.insert("CLAUDE_PID".into(), "7".into());
    assert_eq!(home.listed(), "21", "the variables outlived the client");
    home.running(7, "70");
    let live = Some(Live { pid: 7, pane: None, is_caller: true });
    assert_eq!((home.listed().as_str(), &home.conversations()[0].live), ("12", &live));
    home.env.insert("CLAUDE_CODE_SESSION_ID".into(), THREE.into());
    assert_eq!(home.listed(), "21", "it has no transcript yet");
}

#[test]
fn a_conversation_can_call_from_outside_its_project() {
    let mut home = Home::new();
    let other = home.path("elsewhere");
    fs::create_dir_all(&other).expect("a folder");
    home.transcript(&home.tree(), ONE, 200, &user("x", &home.tree()));
    home.transcript(&other, TWO, 100, &user("x", &other));
    home.env.insert("CLAUDE_CODE_SESSION_ID".into(), TWO.into());
    assert_eq!((home.listed().as_str(), &home.conversations()[0].directory), ("21", &other));
}

#[test]
fn one_transcript_that_cannot_be_read_hides_no_other() {
    let home = Home::new();
    let tree = home.tree();
    home.transcript(&tree, ONE, 100, &user("x", &tree));
    home.transcript(&tree, TWO, 200, &user("x", &tree));
    let path = home.project(&tree).join(format!("{TWO}.jsonl"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o000)).expect("ours");
    assert_eq!(home.listed(), "21");
}

#[test]
fn a_second_window_on_the_callers_conversation_is_not_the_caller() {
    let mut home = Home::new();
    home.transcript(&home.tree(), ONE, 100, &user("x", &home.tree()));
    for pid in [7, 8] {
        home.running(pid, "1");
        home.entry(pid, "1", ONE, &home.tree());
    }
    home.env.insert("CLAUDE_CODE_SESSION_ID".into(), ONE.into());
    home.env.insert("CLAUDE_PID".into(), "8".into());
    let live = home.claude().live(&id(ONE), &home.env).expect("readable").expect("open");
    assert_eq!((live.pid, live.is_caller), (8, true));
    home.env.clear();
    let live = home.claude().live(&id(ONE), &home.env).expect("readable").expect("open");
    assert_eq!((live.pid, live.is_caller), (7, false));
}

#[test]
fn a_prefix_picks_one_wherever_it_lies_and_this_work_tree_first() {
    let home = Home::new();
    let tree = home.tree();
    let other = home.path("elsewhere");
    fs::create_dir_all(&other).expect("a folder");
    let near = ONE.replace("00001", "00009");
    home.transcript(&tree, ONE, 100, &user("x", &tree));
    home.transcript(&other, &near, 100, &user("x", &other));
    home.transcript(&other, TWO, 100, &user("x", &other));
    let pick = |text: &str| home.with_here(|here| home.claude().pick(here, text));
    assert_eq!(pick("1111").expect("ours").id, id(ONE));
    let elsewhere = pick("2").expect("unique");
    assert_eq!((&elsewhere.id, &elsewhere.directory), (&id(TWO), &other));
    let files = home.claude().files_at(&id(TWO), &elsewhere.directory).expect("readable");
    assert_eq!(files.len(), 1, "its directory leads to its files");
    assert_eq!(pick(&near).expect("whole").id, id(&near));
    home.transcript(&tree, &near, 100, &user("x", &tree));
    assert!(matches!(pick("1111"), Err(AssistantError::Ambiguous { count: 2, .. })));
    assert!(matches!(pick(""), Err(AssistantError::Ambiguous { count: 3, .. })));
    for unknown in ["9", "../../etc", "agent-"] {
        assert!(matches!(pick(unknown), Err(AssistantError::NotFound(_))), "{unknown}");
    }
}
