use proptest::prelude::*;

use super::*;

fn roots(repo: &[&str], home: Option<&str>) -> Roots {
    Roots { repo: repo.iter().map(|root| (*root).to_owned()).collect(), home: home.map(Into::into) }
}

fn here() -> Roots {
    roots(&["/home/ada/src/app"], Some("/home/ada"))
}

fn canonical(line: &str, roots: &Roots) -> String {
    String::from_utf8(ClaudeCode.canonical_line(line.as_bytes(), roots).into_owned()).expect("text")
}

fn expanded(line: &str, roots: &Roots) -> String {
    String::from_utf8(ClaudeCode.expand_line(line.as_bytes(), roots).into_owned()).expect("text")
}

/// A checkpoint with `value` between the quotes of a `realParentDir`.
fn checkpoint(value: &str) -> String {
    format!(
        r#"{{"type":"file-history-delta","messageId":"m","trackingPath":"src/main.rs","backup":{{"backupFileName":null,"version":1,"realParentDir":"{value}"}}}}"#
    )
}

#[track_caller]
fn stored_as(native: &str, stored: &str) {
    let line = checkpoint(native);
    assert_eq!(canonical(&line, &here()), checkpoint(stored));
    assert_eq!(expanded(&checkpoint(stored), &here()), line);
}

#[track_caller]
fn stays(line: &str) {
    assert_eq!(canonical(line, &here()), line);
    assert_eq!(expanded(line, &here()), line);
}

#[test]
fn directories_below_a_root_become_tokens_and_come_back() {
    stored_as("/home/ada/src/app", "//convosync/repo");
    stored_as("/home/ada/src/app/lib/ünïcode dir", "//convosync/repo/lib/ünïcode dir");
    stored_as("/home/ada", "//convosync/home");
    stored_as("/home/ada/src/app2", "//convosync/home/src/app2");
    stored_as("/home/ada/.config", "//convosync/home/.config");
}

#[test]
fn other_directories_stay() {
    for native in [
        "/home/adam",
        "/",
        "",
        "relative/path",
        "/etc",
        "home/ada/src/app",
        "C:\\\\src",
        "//convosync",
    ] {
        stays(&checkpoint(native));
    }
}

#[test]
fn what_would_not_map_back_byte_for_byte_stays() {
    for native in [
        "/home/ada/src/app/",
        "/home/ada/src/app//lib",
        "/home/ada/src/app/../other",
        "/home/ada/src/app/./lib",
        r"/home/ada/src/app\/lib",
        r"/home/ada/src/app/\u0061",
        r"\/home/ada/src/app",
        r"/home/ada/src/app/a\\b",
        r#"/home/ada/src/app/a\"b"#,
    ] {
        stays(&checkpoint(native));
    }
}

#[test]
fn a_native_value_that_looks_like_a_token_is_told_apart() {
    stored_as("//convosync/repo", "//convosync/literal//convosync/repo");
    stored_as("//convosync/", "//convosync/literal//convosync/");
    stored_as(
        "//convosync/literal//convosync/home/x",
        "//convosync/literal//convosync/literal//convosync/home/x",
    );
}

#[test]
fn a_stored_value_never_leads_out_of_its_root() {
    for stored in [
        "//convosync/repo/../../etc",
        "//convosync/repo/..",
        "//convosync/home/a/../../../etc",
        "//convosync/repo//etc",
        "//convosync/repo/",
        r"//convosync/repo/\u002e\u002e/x",
        r"//convosync/repo\/..\/x",
        "//convosync/repository",
        "//convosync/later/x",
        "//convosync/literal/etc",
    ] {
        let line = checkpoint(stored);
        assert_eq!(expanded(&line, &here()), line);
    }
}

#[test]
fn a_device_without_that_root_leaves_the_token() {
    let line = checkpoint("//convosync/repo/lib");
    assert_eq!(expanded(&line, &roots(&[], Some("/home/ada"))), line);
    let line = checkpoint("//convosync/home/lib");
    assert_eq!(expanded(&line, &roots(&["/src"], None)), line);
    // The root of the file system would swallow every path.
    assert_eq!(canonical(&checkpoint("/etc"), &roots(&["/"], Some("/"))), checkpoint("/etc"));
}

#[test]
fn an_older_root_becomes_the_token_of_the_present_one() {
    let moved = roots(&["/new/app", "/old/app", "/old/app/sub"], None);
    let line = checkpoint("/old/app/lib");
    assert_eq!(canonical(&line, &moved), checkpoint("//convosync/repo/lib"));
    assert_eq!(expanded(&canonical(&line, &moved), &moved), checkpoint("/new/app/lib"));
    let longest = checkpoint("/old/app/sub/x");
    assert_eq!(canonical(&longest, &moved), checkpoint("//convosync/repo/x"));
    // Below the present root, a line comes back as it was even if an older root is nearer.
    let nested = roots(&["/a", "/a/b"], None);
    let line = checkpoint("/a/b/c");
    assert_eq!(canonical(&line, &nested), checkpoint("//convosync/repo/b/c"));
    assert_eq!(expanded(&canonical(&line, &nested), &nested), line);
}

#[test]
fn roots_that_json_escapes_map_both_ways() {
    let odd = roots(&["/home/ada/say \"hi\"\\\u{1}"], None);
    let line = checkpoint(r#"/home/ada/say \"hi\"\\\u0001/lib"#);
    assert_eq!(canonical(&line, &odd), checkpoint("//convosync/repo/lib"));
    assert_eq!(expanded(&checkpoint("//convosync/repo/lib"), &odd), line);
}

#[test]
fn every_checkpoint_of_a_snapshot_is_mapped_and_nothing_else() {
    let line = r#"{"type": "file-history-snapshot","snapshot":{"trackedFileBackups":{"realParentDir":{"realParentDir" :	"/home/ada/src/app"},"a\"realParentDir\":\"/home/ada/src/app":{"realParentDir":"/home/ada/x","dir":"/home/ada/src/app"},"c":{"realParentDir":null,"relocatedCwd":"/home/ada"}}},"realParentDir":["/home/ada"]} "#;
    let want = line.replacen(r#":	"/home/ada/src/app""#, r#":	"//convosync/repo""#, 1).replacen(
        "/home/ada/x",
        "//convosync/home/x",
        1,
    );
    assert_eq!(canonical(line, &here()), want);
    assert_eq!(expanded(&want, &here()), line);
}

#[test]
fn a_relocated_line_is_mapped() {
    let id: ConversationId = "5f0c".parse().expect("an id");
    let line = ClaudeCode.relocated_line(&id, "/home/ada/src/app").expect("the client has one");
    let line = String::from_utf8(line).expect("text");
    assert_eq!(
        line,
        "{\"type\":\"relocated\",\"sessionId\":\"5f0c\",\"relocatedCwd\":\"/home/ada/src/app\"}\n"
    );
    let stored = canonical(line.trim_end(), &here());
    assert!(stored.ends_with(r#""relocatedCwd":"//convosync/repo"}"#), "{stored}");
    assert_eq!(expanded(&stored, &here()), line.trim_end());
    let odd = ClaudeCode.relocated_line(&id, "/a\"b\\c\n").expect("the client has one");
    let odd: serde_json::Value = serde_json::from_slice(&odd).expect("JSON");
    assert_eq!(odd["relocatedCwd"], "/a\"b\\c\n");
}

#[test]
fn lines_of_other_kinds_stay() {
    for line in [
        r#"{"type":"user","realParentDir":"/home/ada","relocatedCwd":"/home/ada"}"#,
        r#"{"type":"relocated","realParentDir":"/home/ada"}"#,
        r#"{"type":"file-history-delta","relocatedCwd":"/home/ada"}"#,
        r#"{"type":"user","text":"{\"type\":\"relocated\",\"relocatedCwd\":\"/home/ada\"}"}"#,
        r#"[{"type":"relocated","relocatedCwd":"/home/ada"}]"#,
        r#"{"type":"relocated","relocatedCwd":"/home/ada""#,
        r#"{"type":"relocated","relocatedCwd":"/home/ada"}}"#,
        r#"{"relocatedCwd":"/home/ada"}"#,
        r#""relocatedCwd":"#,
        "",
    ] {
        stays(line);
    }
    let not_text = b"{\"type\":\"relocated\",\"x\":\"\xff\",\"relocatedCwd\":\"/home/ada\"}";
    assert_eq!(*ClaudeCode.canonical_line(not_text, &here()), *not_text);
}

#[test]
fn a_carriage_return_stays_at_the_end() {
    let line = checkpoint("/home/ada/x") + "\r";
    let stored = canonical(&line, &here());
    assert_eq!(stored, checkpoint("//convosync/home/x") + "\r");
    assert_eq!(expanded(&stored, &here()), line);
}

fn summary(lines: &[&str]) -> crate::rules::Summary {
    let mut scan = ClaudeCode.scan();
    lines.iter().for_each(|line| scan.line(line.as_bytes()));
    scan.summary()
}

#[track_caller]
fn counts(lines: &[&str], messages: u64) {
    let summary = summary(lines);
    assert_eq!(summary.messages, messages, "{lines:?}");
    assert_eq!((summary.unreadable_lines, summary.unknown_lines), (0, 0), "{lines:?}");
}

#[test]
fn prompts_and_answers_count_and_nothing_else_does() {
    counts(&[r#"{"type":"user","message":{"content":"do it"}}"#], 1);
    counts(&[r#"{"type":"user","message":{"content":[{"type":"text","text":"do it"}]}}"#], 1);
    counts(&[r#"{"type":"user","message":{"content":[{"type":"image"}]}}"#], 1);
    counts(&[r#"{"type":"user","message":{"content":"half a \ud83d pair"}}"#], 1);
    counts(&[r#"{"type":"user","message":{"content":"<command-name>/init</command-name>"}}"#], 1);
    for not_typed in [
        r#"{"type":"user","message":{"content":[{"type":"tool_result","content":"ok"}]}}"#,
        r#"{"type":"user","isMeta":true,"message":{"content":"x"}}"#,
        r#"{"type":"user","isSidechain":true,"message":{"content":"x"}}"#,
        r#"{"type":"user","isCompactSummary":true,"message":{"content":"x"}}"#,
        r#"{"type":"user","message":{"content":"<local-command-stdout>x</local-command-stdout>"}}"#,
        r#"{"type":"user","message":{"content":[{"type":"text","text":"[Request interrupted by user]"}]}}"#,
        r#"{"type":"user","message":"odd"}"#,
        r#"{"type":"user"}"#,
        r#"{"type":"assistant","isSidechain":true,"message":{"id":"a"}}"#,
        r#"{"type":"system","subtype":"compact_boundary"}"#,
        r#"{"type":"progress"}"#,
        "  \r",
        "",
    ] {
        counts(&[not_typed], 0);
    }
    let (a, b) = (
        r#"{"type":"assistant","message":{"id":"a"}}"#,
        r#"{"type":"assistant","message":{"id":"b"}}"#,
    );
    counts(&[a, a, b, a], 2);
}

#[test]
fn the_first_directory_and_the_last_move_count() {
    let line = |cwd: &str| format!(r#"{{"type":"user","cwd":"{cwd}"}}"#);
    let moved = |to: &str| format!(r#"{{"type":"relocated","relocatedCwd":"{to}"}}"#);
    let lines = [r#"{"type":"mode"}"#, &line("/a"), &moved("/b"), &line("/b/c"), &moved("/d")];
    let summary = summary(&lines);
    assert_eq!(summary.started_in.as_deref(), Some("/a"));
    assert_eq!(summary.relocated.as_deref(), Some("/d"));
}

#[test]
fn the_users_title_comes_before_all_others() {
    let prompt = r#"{"type":"user","message":{"content":"first\n\tprompt \u001b[31m"}}"#;
    let later = r#"{"type":"user","message":{"content":"second"}}"#;
    let command = r#"{"type":"user","message":{"content":"<command-message>review</command-message>\n<command-name>/review</command-name>"}}"#;
    let summed = r#"{"type":"summary","summary":"summed up","leafUuid":"x"}"#;
    let ai = r#"{"type":"ai-title","aiTitle":"the client's"}"#;
    let custom = r#"{"type":"custom-title","customTitle":"mine"}"#;
    let again = r#"{"type":"custom-title","customTitle":"mine again"}"#;
    let check = |lines: &[&str], want: Option<&str>| {
        assert_eq!(summary(lines).title.as_deref(), want);
    };
    check(&[], None);
    check(&[command], Some("/review"));
    check(&[command, prompt, later], Some("first prompt [31m"));
    check(&[prompt, summed], Some("summed up"));
    check(&[ai, prompt, summed], Some("the client's"));
    check(&[custom, again, ai, prompt], Some("mine again"));
    let long = format!(r#"{{"type":"ai-title","aiTitle":"{}"}}"#, "wörd ".repeat(30));
    let title = summary(&[&long]).title.expect("a title");
    assert_eq!((title.chars().count(), title.chars().last()), (80, Some('…')));
}

#[test]
fn version_and_directory_are_the_last_ones() {
    let read = summary(&[
        r#"{"type":"user","uuid":"1","version":"2.0.1","message":{"content":"x"}}"#,
        r#"{"type":"relocated","relocatedCwd":"/one"}"#,
        r#"{"type":"system","uuid":"2","version":"2.1.0"}"#,
        r#"{"type":"api-request","version":"9"}"#,
        r#"{"type":"relocated","relocatedCwd":"/t\u0077o"}"#,
        r#"{"type":"relocated"}"#,
    ]);
    assert_eq!(read.client_version.as_deref(), Some("2.1.0"));
    assert_eq!(read.relocated.as_deref(), Some("/two"));
}

#[test]
fn lines_that_say_nothing_to_these_rules_are_counted() {
    let read = summary(&[
        r#"{"type":"invented-later","uuid":"1"}"#,
        r#"{"no":"type"}"#,
        r#"{"type":7}"#,
        "[1]",
        "7",
        "{\"type\":\"user\",\"mess",
        "\u{feff}{}",
    ]);
    assert_eq!((read.unknown_lines, read.unreadable_lines), (3, 4));
}

#[test]
fn a_node_of_the_tree_is_an_advance() {
    for (line, advance) in [
        (&br#"{"type":"user","uuid":"x"}"#[..], true),
        (br#"{"uuid":"x","text":"\ud83d"}"#, true),
        (b"{\"uuid\":\"x\",\"text\":\"\xff\"}", true),
        (b" {\"uuid\":\"x\"}\r", true),
        (br#"{"type":"last-prompt","leafUuid":"x"}"#, false),
        (br#"{"uuid":null}"#, false),
        (br#"{"message":{"uuid":"x"}}"#, false),
        (br#"["uuid"]"#, false),
        (br#"{"uuid":"x""#, false),
        (b"", false),
    ] {
        assert_eq!(ClaudeCode.is_advance(line), advance, "{}", String::from_utf8_lossy(line));
    }
}

/// Text between the quotes of a JSON string that is likely to hit a rule.
fn value() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "/home/ada",
        "/src/app",
        "/lib",
        "//convosync/",
        "repo",
        "home",
        "literal",
        "/",
        "/..",
        "/.",
        r"\/",
        r"\u002e",
        r#"\""#,
        r"\\",
        "ü",
        "x",
    ]);
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn expansion_undoes_the_canonical_form(
        values in prop::collection::vec(value(), 1..4),
        relocated in any::<bool>(),
    ) {
        let (kind, key) = match relocated {
            true => ("relocated", "relocatedCwd"),
            false => ("file-history-snapshot", "realParentDir"),
        };
        let objects: Vec<_> = values.iter().map(|value| format!(r#"{{"{key}":"{value}"}}"#)).collect();
        let line = format!(r#"{{"type":"{kind}","all":[{}]}}"#, objects.join(","));
        let stored = canonical(&line, &here());
        prop_assert_eq!(expanded(&stored, &here()), line);
        // On another device it is the same line in other places, and comes back as it was stored.
        let there = roots(&["/code/app"], Some("/users/ada"));
        if !values.iter().any(|value| value.starts_with("/code") || value.starts_with("/users")) {
            prop_assert_eq!(canonical(&expanded(&stored, &there), &there), stored);
        }
    }

    #[test]
    fn no_bytes_make_the_rules_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        key in prop::sample::select(vec!["\"realParentDir\"", "\"relocatedCwd\"", ""]),
    ) {
        let line = [b"{\"type\":\"relocated\",", key.as_bytes(), b":\"", &bytes, b"\"}"].concat();
        for line in [&line[..], &bytes[..]] {
            let stored = ClaudeCode.canonical_line(line, &here());
            prop_assert_eq!(&*ClaudeCode.expand_line(&stored, &here()), line);
            ClaudeCode.is_advance(line);
            ClaudeCode.scan().line(line);
        }
    }
}

#[test]
fn a_second_version_of_a_file_has_a_place_unless_it_is_the_transcript() {
    let beside = |path: &str| {
        let path = path.parse().expect("a path");
        ClaudeCode.beside(&path, "0123abcd").map(|beside| beside.to_string())
    };
    for (path, place) in [
        ("custom-title.json", "tool-results/beside-0123abcd/custom-title.json"),
        ("tool-results/a.txt", "tool-results/beside-0123abcd/a.txt"),
        ("subagents/agent-1.jsonl", "subagents/beside-0123abcd/agent-1.jsonl"),
        ("plans/blue-sky.md", "plans/blue-sky-0123abcd.md"),
    ] {
        assert_eq!(beside(path).as_deref(), Some(place));
    }
    assert_eq!(beside("transcript.jsonl"), None);
}

#[test]
fn a_resume_costs_what_the_last_answer_read() {
    let tokens = |lines: &[&str]| {
        let mut scan = ClaudeCode.scan();
        lines.iter().for_each(|line| scan.line(line.as_bytes()));
        scan.summary().context_tokens
    };
    let answer = |usage: &str| {
        format!(r#"{{"type":"assistant","uuid":"a","message":{{"id":"m","usage":{usage}}}}}"#)
    };
    let first = answer(
        r#"{"input_tokens":3,"cache_creation_input_tokens":200,"cache_read_input_tokens":1000,"output_tokens":7}"#,
    );
    assert_eq!(tokens(&[&first]), Some(1203));
    let last = answer(r#"{"input_tokens":9}"#);
    assert_eq!(tokens(&[&first, &last]), Some(9));
    // What the client says in the assistant's name, a sub-agent's answer and odd records say nothing.
    let aside = first.replace(r#""uuid""#, r#""isSidechain":true,"uuid""#);
    for nothing in [&answer(r#"{"input_tokens":0}"#), &answer(r#""x""#), &aside] {
        assert_eq!(tokens(&[&last, nothing]), Some(9), "{nothing}");
    }
    assert_eq!(tokens(&[&answer(r#"{"input_tokens":-5}"#)]), None);
    let compacted = r#"{"type":"system","subtype":"compact_boundary","uuid":"c"}"#;
    assert_eq!(tokens(&[&first, compacted]), None);
    assert_eq!(tokens(&[&first, compacted, &last]), Some(9));
}
