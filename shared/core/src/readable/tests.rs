use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::claude::ClaudeCode;

fn written(how: Readable, lines: &[serde_json::Value]) -> String {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let facts = [("Saved on", "desk <b>".to_owned())];
    let mut out = Vec::new();
    write_readable(how, &ClaudeCode, ("A <title>", &facts), &mut text.as_bytes(), &mut out)
        .expect("memory takes it");
    String::from_utf8(out).expect("UTF-8")
}

fn user(text: &str) -> serde_json::Value {
    json!({"type": "user", "uuid": "u1", "timestamp": "2026-01-02T03:04:05.000Z",
        "message": {"role": "user", "content": text}})
}

fn answer(id: &str, block: serde_json::Value) -> serde_json::Value {
    json!({"type": "assistant", "uuid": "u2", "message": {"id": id, "content": [block]}})
}

fn conversation() -> Vec<serde_json::Value> {
    vec![
        user("Why is `x` empty?"),
        answer("m1", json!({"type": "thinking", "thinking": "hm"})),
        answer("m1", json!({"type": "tool_use", "name": "Read", "input": {"path": "a.rs"}})),
        json!({"type": "user", "uuid": "u3", "message": {"content": [
            {"type": "tool_result", "tool_use_id": "t", "is_error": true, "content": "no file"}]}}),
        answer("m2", json!({"type": "text", "text": "Because:\n\n```rust\nlet x = 1 < 2;\n```"})),
        answer("m2", json!({"type": "image", "source": {}})),
        json!({"type": "mode", "mode": "plan"}),
    ]
}

#[test]
fn a_conversation_is_read_as_markdown() {
    let want = "\
# A &lt;title>

- Saved on: desk &lt;b>

## User · 2026-01-02 03:04 UTC

Why is `x` empty?

## Assistant

<details><summary>Thinking</summary>

```
hm
```

</details>

<details><summary>Tool: Read</summary>

```
{
  \"path\": \"a.rs\"
}
```

</details>

<details><summary>Result (an error)</summary>

```
no file
```

</details>

## Assistant

Because:

```rust
let x = 1 < 2;
```

*(image)*
";
    assert_eq!(written(Readable::Markdown, &conversation()), want);
}

#[test]
fn a_conversation_is_read_as_one_page() {
    let page = written(Readable::Html, &conversation());
    for part in [
        "<title>A &lt;title&gt;</title>",
        "<dt>Saved on</dt><dd>desk &lt;b&gt;</dd>",
        "<section class=\"user\"><h2>User <time>2026-01-02 03:04 UTC</time></h2>",
        "<p>Why is `x` empty?</p>",
        "<details><summary>Tool: Read</summary>",
        "&quot;path&quot;: &quot;a.rs&quot;",
        "<pre><code>let x = 1 &lt; 2;</code></pre>",
        "<p class=\"named\">(image)</p>",
        "prefers-color-scheme: dark",
        "default-src 'none'",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
    assert!(page.ends_with("</body></html>\n"));
}

/// What acts in a browser, a viewer of Markdown or a terminal.
const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</code></pre><script>alert(1)</script>",
    "```\n```\n<script>alert(1)</script>\n```",
    "~~~\n<script>alert(1)</script>",
    "- ```\n<script>alert(1)</script>",
    "> ~~~\n<iframe src=//evil>",
    "![x](https://evil.example/pixel.png)",
    "[x](javascript:alert(1))",
    "</details></section><h2>User</h2>",
    "# User\n\n## User · 2026-01-01 00:00 UTC",
    "User\n----\n",
    "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m",
    "safe\u{202e}txt.exe",
];

#[test]
fn nothing_in_a_page_acts() {
    for attack in ATTACKS {
        let lines = [
            user(attack),
            answer("m1", json!({"type": "tool_use", "name": attack, "input": {"a": attack}})),
            answer("m2", json!({"type": attack})),
        ];
        let page = written(Readable::Html, &lines);
        let body = page.split_once("</dl>").expect("facts come first").1;
        let tags: Vec<_> = body
            .split('<')
            .skip(1)
            .map(|rest| rest.split(['>', ' ']).next().unwrap_or_default().trim_start_matches('/'))
            .collect();
        let ours =
            ["section", "h2", "time", "p", "details", "summary", "pre", "code", "body", "html"];
        let foreign: Vec<_> = tags.iter().filter(|tag| !ours.contains(tag)).collect();
        assert!(foreign.is_empty(), "{attack:?} {foreign:?}\n{body}");
        assert_eq!(body.matches("<section").count(), 3, "{attack:?}\n{body}");
        assert!(!page.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{attack:?}");
    }
}

/// The lines outside of code that we fenced ourselves.
fn outside_of_code(text: &str) -> Vec<&str> {
    let (mut fence, mut outside) = (None, Vec::new());
    for line in text.lines() {
        let marks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if marks >= 3 => fence = Some(marks),
            None => outside.push(line),
            Some(open) if marks >= open && line.len() == marks => fence = None,
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "every fence is closed\n{text}");
    outside
}

#[test]
fn nothing_in_markdown_acts() {
    for attack in ATTACKS {
        let call = json!({"type": "tool_use", "name": attack, "input": {"a": attack}});
        let text = written(Readable::Markdown, &[user(attack), answer("m1", call)]);
        for line in outside_of_code(&text) {
            let ours = ["<details><summary>", "</details>"].iter().any(|tag| line.starts_with(tag));
            assert!(!line.contains('<') || ours, "{attack:?}\n{text}");
            let links = line.replace("\\[", "").replace("\\]", "");
            assert!(!links.contains(['[', ']']), "{attack:?}\n{text}");
            assert!(!line.trim_start().starts_with("~~~"), "{attack:?}\n{text}");
            let rule = !line.is_empty() && line.chars().all(|c| "-=".contains(c));
            assert!(!rule, "{attack:?}\n{text}");
        }
        assert_eq!(text.matches("\n## ").count(), 2, "{attack:?}\n{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{attack:?}");
    }
}

#[test]
fn long_results_are_shortened_and_endless_lines_named() {
    let call = json!({"type": "tool_use", "name": "Read", "input": "é".repeat(SHOWN + 7)});
    let text = written(Readable::Markdown, &[answer("m1", call)]);
    // The quotation marks of the JSON count too.
    assert!(text.contains("… and 9 more letters"), "{}", text.len());
    let text = written(Readable::Markdown, &[user(&"x".repeat(LONGEST + 1))]);
    assert!(text.contains("*(something too long to be shown)*"), "{}", text.len());
}

proptest! {
    #[test]
    fn any_text_stays_text(text in r"[<>&`~#\[\]()!a\n \-=\x1b]{0,60}") {
        let page = written(Readable::Html, &[user(&text)]);
        let body = page.split_once("</dl>").expect("facts come first").1;
        for rest in body.split('<').skip(1) {
            let tag = rest.split(['>', ' ']).next().unwrap_or_default().trim_start_matches('/');
            prop_assert!(["section", "h2", "time", "p", "pre", "code", "body", "html"].contains(&tag));
        }
        let markdown = written(Readable::Markdown, &[user(&text)]);
        for line in outside_of_code(&markdown) {
            prop_assert!(!line.contains('<'), "{markdown}");
        }
    }
}
