use std::io::{self, Read};

use proptest::prelude::*;

use super::text::names_a_secret;
use super::*;

/// A key that no service gave out: these characters of a fixed series.
fn made(start: &str, alphabet: &str, len: usize) -> String {
    let alphabet = alphabet.as_bytes();
    let mut state = 7_u64;
    let rest = (0..len).map(|_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(alphabet[usize::try_from(state >> 33).expect("31 bits") % alphabet.len()])
    });
    start.chars().chain(rest).collect()
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";

fn pem() -> String {
    format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n", made("b3Blbn", ALNUM, 64))
}

fn web_token() -> String {
    format!("{}.{}.{}", made("eyJhbGciOi", ALNUM, 20), made("", ALNUM, 30), made("", ALNUM, 43))
}

/// One of each, with what it looks like.
fn one_of_each() -> Vec<(String, &'static str)> {
    vec![
        (made("ghp_", ALNUM, 36), "a GitHub token"),
        (made("github_pat_", ALNUM, 82), "a GitHub token"),
        (made("glpat-", ALNUM, 20), "a GitLab token"),
        (made("AKIA", BASE32, 16), "an AWS access key"),
        (made("AIza", ALNUM, 35), "a Google API key"),
        (made("sk-ant-api03-", ALNUM, 95), "an Anthropic key"),
        (made("sk-proj-", ALNUM, 64), "an OpenAI key"),
        (made("sk_live_", ALNUM, 24), "a Stripe key"),
        (made("xoxb-", ALNUM, 40), "a Slack token"),
        (made("npm_", ALNUM, 36), "an npm token"),
        (made("pypi-AgEIcHlwaS5vcmc", ALNUM, 60), "a PyPI token"),
        (made("AGE-SECRET-KEY-1", BASE32, 58), "an age key"),
        (made("dop_v1_", HEX, 64), "a DigitalOcean token"),
        (web_token(), "a JSON web token"),
        (pem(), "a private key"),
        (format!("DB_PASSWORD={}", made("", ALNUM, 24)), "a value that is named like a secret"),
        ("postgres://app:hunter2secret@db.example.org/app".to_owned(), "a password in a URL"),
    ]
}

fn seen(text: &str) -> Vec<(u64, String)> {
    let seen = look_through(&mut text.as_bytes(), 1).expect("it is in memory");
    seen.into_iter().map(|seen| (seen.line, seen.kind.to_string())).collect()
}

#[test]
fn a_secret_is_named_by_its_line_and_kind_in_text_and_in_json() {
    for (secret, kind) in one_of_each() {
        let want = vec![(2, kind.to_owned())];
        let text = format!("nothing here\nthe key: {secret}, and so on.\n");
        let lines = text.lines().take_while(|line| !line.contains(kind)).count();
        let found = seen(&text);
        let kinds: Vec<_> = found.iter().map(|(_, kind)| kind.as_str()).collect();
        assert_eq!(kinds, [kind], "{secret} in {lines} lines");
        let json =
            format!("{{}}\n{}\n", serde_json::json!({ "text": format!("run\n{secret}\tnow") }));
        assert_eq!(seen(&json), want, "{json}");
        let twice = serde_json::json!({ "line": json }).to_string();
        assert_eq!(seen(&twice).len(), 1, "{twice}");
    }
}

#[test]
fn what_only_speaks_of_secrets_or_stands_for_one_is_none() {
    for plain in [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-ant-...",
        "-----BEGIN RSA PRIVATE KEY-----\\n...\\n",
        "grep -r 'BEGIN OPENSSH PRIVATE KEY' .",
        "postgres://user:password@localhost/db",
        "password = getTokenFromV2Endpoint3(request)",
        "\"token\": process.env.GITHUB_TOKEN_V2_PROD",
        "api_key: String, secret: Option<SecretBytes32>",
        "\"signature\":\"EqQBCkgIARABGAIiQL2x7K9vWZ0q3M5fJc8RtYbUeHnXaPsDgLk4\"",
        "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "token 550e8400-e29b-41d4-a716-446655440000",
        "\"next_page_token\": \"\"",
        "password: hunter2",
    ] {
        assert_eq!(seen(plain), [], "{plain}");
    }
}

#[test]
fn a_text_in_any_pieces_is_judged_the_same() {
    struct Pieces<'t>(&'t [u8], usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(into.len()).min(self.0.len());
            let (piece, rest) = self.0.split_at(len);
            into[..len].copy_from_slice(piece);
            self.0 = rest;
            Ok(len)
        }
    }
    let all: Vec<_> = one_of_each().into_iter().map(|(secret, _)| secret).collect();
    let text = all.join("\n");
    let json = serde_json::json!({ "text": text }).to_string();
    for text in [text, json] {
        let whole = look_through(&mut text.as_bytes(), 1).expect("read");
        assert_eq!(whole.len(), all.len());
        for size in [1, 2, 3, 7, 64] {
            let pieces = look_through(&mut Pieces(text.as_bytes(), size), 1).expect("read");
            assert_eq!(pieces, whole, "{size}");
        }
    }
}

#[test]
fn a_line_without_end_takes_no_room_and_hides_nothing_after_it() {
    let picture = made("", ALNUM, 9000);
    let text = format!("{{\"data\":\"{picture}\",\"key\":\"{}\"}}", made("ghp_", ALNUM, 36));
    assert_eq!(seen(&text), [(1, "a GitHub token".to_owned())]);
    let many = "ghp_16C7e42F292c6912E7710c838347Ae178B4a ".repeat(MOST_SUSPECTS + 5);
    assert_eq!(seen(&many).len(), MOST_SUSPECTS);
}

#[test]
fn of_a_patch_only_what_it_adds_is_told_with_the_line_that_it_has_now() {
    let key = made("ghp_", ALNUM, 36);
    let patch = format!(
        "diff --git a.txt a.txt\n--- a.txt\n+++ a.txt\n@@ -3 +3 @@ fn x\n-old {key}\n+new {key}\n\
         @@ -9,0 +10,3 @@\n+one\n+++ {key}\n+x\n\\ No newline at end of file\n\
         diff --git b b\n--- /dev/null\n+++ \"b\\303\\244\"\n@@ -0,0 +1 @@\n+{key}"
    );
    let seen = look_through_patch(&mut patch.as_bytes()).expect("it is in memory");
    let told: Vec<_> = seen.iter().map(|at| (at.path.as_str(), at.seen.line)).collect();
    assert_eq!(told, [("a.txt", 3), ("a.txt", 11), ("b\\303\\244", 1)]);
    let long = format!("+++ c\n@@ -0,0 +1,2 @@\n+{} {key}\n+{key}\n", made("", ALNUM, 200_000));
    assert_eq!(look_through_patch(&mut long.as_bytes()).expect("read").len(), 2);
}

#[test]
fn what_is_full_of_one_kind_hides_neither_another_kind_nor_another_file() {
    let (key, many) = (made("ghp_", ALNUM, 36), MOST_SUSPECTS + 5);
    let noise = format!("+{key}\n").repeat(many);
    let login = "+postgres://app:hunter2secret@db/app\n";
    let patch = format!(
        "+++ a\n@@ -0,0 +1,{} @@\n{noise}{login}+++ b\n@@ -0,0 +1,2 @@\n+{key}\n+{key}\n",
        many + 1
    );
    let seen = look_through_patch(&mut patch.as_bytes()).expect("it is in memory");
    let (counted, rest) = seen.split_at(MOST_SUSPECTS);
    assert!(counted.iter().all(|at| at.path == "a"));
    let told: Vec<_> = rest.iter().map(|at| (at.path.as_str(), at.seen.kind.to_string())).collect();
    let of = |kind: &str| kind.to_owned();
    assert_eq!(told, [("a", of("a password in a URL")), ("b", of("a GitHub token"))]);
}

#[test]
fn what_is_cut_out_is_the_secret_and_no_more() {
    for (command, left) in [
        ("export GITHUB_TOKEN=abc; make", "export GITHUB_TOKEN=[redacted]; make"),
        ("$env.API_KEY = 'a b c'", "$env.API_KEY = [redacted]"),
        (
            "curl -H 'Authorization: Bearer abc' https://example.org",
            "curl -H 'Authorization: [redacted]' https://example.org",
        ),
        ("mysql --password hunter2 shop", "mysql --password [redacted] shop"),
        ("psql postgres://me:pw@localhost/db", "psql postgres://me:[redacted]@localhost/db"),
        (
            "curl -d '{\"password\":\"a b\",\"x\":1}' u",
            "curl -d '{\"password\":\"[redacted]\",\"x\":1}' u",
        ),
        ("echo ghp_16C7e42F292c6912E7710c838347Ae178B4a|cat", "echo [redacted]|cat"),
        (
            "curl -d '{\"user\":\"me\",\"password\":\"pw\"}'",
            "curl -d '{\"user\":\"me\",\"password\":\"[redacted]\"}'",
        ),
        ("curl 'https://h/x?a=1&token=abc&b=2'", "curl 'https://h/x?a=1&token=[redacted]&b=2'"),
        ("mysql --secure-auth --password hunter2 x", "mysql --secure-auth --password [redacted] x"),
        ("mysql --secure-auth '--password' pw x", "mysql --secure-auth '--password' [redacted] x"),
        // Where one has no certain end, all that follows is cut.
        ("mysql --password pa\\ ss shop", "mysql --password [redacted]"),
        ("mysql --password pa\\;ss shop", "mysql --password [redacted]"),
        ("TOKEN=ab\"cd ef\" make", "TOKEN=[redacted]"),
        ("TOKEN=\"ab\"'c d' make", "TOKEN=\"[redacted]"),
        ("mysql --password 'ab'\\''c d' x", "mysql --password [redacted]"),
        ("mysql --password \"a\\\" b\" x", "mysql --password [redacted]"),
        ("mysql --password \"ab\"cd x", "mysql --password [redacted]"),
        ("cargo test", "cargo test"),
    ] {
        assert_eq!(without_secrets(command).as_deref(), Some(left), "{command}");
    }
}

#[test]
fn kinds_are_told_and_names_speak() {
    let told: Vec<_> = suspects("psql postgres://me:pw@localhost/db --token abc")
        .into_iter()
        .map(|suspect| suspect.kind.to_string())
        .collect();
    assert_eq!(told, ["a password in a URL", "a value that is named like a secret"]);
    assert!(names_a_secret("DB_PASSWORD") && !names_a_secret("MODE"));
}

proptest! {
    #[test]
    fn what_was_cut_is_clean_whatever_it_was(
        text in r#"[ -~\n]{0,80}(TOKEN|--password|Authorization|https://a)[=: "']{0,3}[ -~]{0,60}"#
    ) {
        if let Some(left) = without_secrets(&text) {
            prop_assert!(!may_hold_a_secret(&left), "{left}");
        }
    }

    #[test]
    fn nothing_makes_it_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        look_through(&mut bytes.as_slice(), 1).expect("it is in memory");
        look_through_patch(&mut bytes.as_slice()).expect("it is in memory");
        let _ = suspects(&String::from_utf8_lossy(&bytes));
    }
}
