//! A conversation as Claude Code 2.1.328 writes it: made up here, in the client's real line format.
//!
//! One line a content block, joined by `message.id`; every node names its parent; file checkpoints
//! are lines of their own. The client's caches and prompt snapshots are left out: it resumes
//! without them.

use std::fmt::Write as _;

pub(super) const ID: &str = "5c1d7a52-3f0e-4b8e-9d41-7a60c2e8b913";

/// Prompts, and answers with a `message.id` of their own.
pub(super) const MESSAGES: usize = 15;

/// Where the client keeps `login.rs` as it was: a hash of its path, then the version.
pub(super) const LOGIN_BACKUP: &str = "9b2f6c01d4e8a357@v1";

pub(super) const LOGIN_BEFORE: &str = "\
pub fn login(user: &str, password: &str) -> bool {
    crate::users::verify(user, password)
}
";

pub(super) const LOGIN_AFTER: &str = "\
mod oauth;

pub fn login(request: &Request) -> Result<Session, LoginError> {
    match oauth::exchange(request.code(), request.verifier()) {
        Err(oauth::Error::ProviderDown) => Err(LoginError::TryLater),
        token => Ok(Session::signed(token?)),
    }
}
";

pub(super) const OAUTH: &str = "\
/// Exchanges the code for a token; the verifier proves that it was asked for here.
pub fn exchange(code: &str, verifier: &str) -> Result<Token, Error> {
    provider()?.token(code, verifier)
}
";

/// The whole transcript of work in `clone` on `branch`.
pub(super) fn transcript(clone: &str, branch: &str) -> String {
    let mut t = Transcript::new(clone, branch);
    t.prompt("Add OAuth login: authorization code flow with PKCE");
    t.answer(&[Block::Text("I'll look at how login works now."), read("src/login.rs")]);
    t.result(LOGIN_BEFORE);
    t.answer(&[write("src/oauth.rs", OAUTH)]);
    t.result("File created successfully");
    t.answer(&[write("src/login.rs", LOGIN_AFTER)]);
    t.backup("src/login.rs", LOGIN_BACKUP);
    t.result("The file has been updated");
    t.answer(&[Block::Text("Login now goes through `oauth::exchange`.")]);
    t.prompt("Keep the session in a signed cookie");
    t.answer(&[run("grep -rn Session src")]);
    t.result("src/login.rs:3:pub fn login(request: &Request) -> Result<Session, LoginError> {");
    t.answer(&[Block::Text("`Session::signed` does that already; nothing else stores it.")]);
    t.prompt("What happens when the provider is down?");
    t.answer(&[read("src/oauth.rs")]);
    t.result(OAUTH);
    t.answer(&[Block::Text(
        "`ProviderDown` becomes `TryLater`, so the user keeps the old session.",
    )]);
    t.prompt("Run the tests");
    t.answer(&[run("cargo test --quiet")]);
    t.result("test result: ok. 12 passed; 0 failed");
    t.answer(&[run("git status --short")]);
    t.result(" M src/login.rs\n?? src/oauth.rs");
    t.answer(&[Block::Text("All green. Two files changed, ready to be saved.")]);
    t.lines
}

/// What an answer consists of.
enum Block {
    Text(&'static str),
    Tool { name: &'static str, input: Vec<(&'static str, &'static str)> },
}

fn read(path: &'static str) -> Block {
    Block::Tool { name: "Read", input: vec![("file_path", path)] }
}

fn write(path: &'static str, content: &'static str) -> Block {
    Block::Tool { name: "Write", input: vec![("file_path", path), ("content", content)] }
}

fn run(command: &'static str) -> Block {
    Block::Tool { name: "Bash", input: vec![("command", command)] }
}

struct Transcript {
    lines: String,
    clone: String,
    branch: String,
    /// The last node; none before the first.
    parent: Option<String>,
    /// The node of the last prompt, to which file checkpoints belong.
    prompt: String,
    /// Made so far: nodes, answers, and tool calls are numbered by it.
    count: u32,
}

impl Transcript {
    fn new(clone: &str, branch: &str) -> Self {
        let (lines, prompt) = (String::new(), String::new());
        let mut new = Self {
            lines,
            clone: clone.into(),
            branch: branch.into(),
            parent: None,
            prompt,
            count: 0,
        };
        new.line(&format!(r#"{{"type":"mode","mode":"normal","sessionId":"{ID}"}}"#));
        new.line(&format!(
            r#"{{"type":"permission-mode","permissionMode":"default","sessionId":"{ID}"}}"#
        ));
        new
    }

    fn prompt(&mut self, text: &str) {
        self.prompt = self.uuid();
        let snapshot = format!(
            r#"{{"type":"file-history-snapshot","messageId":"{id}","snapshot":{{"messageId":"{id}","trackedFileBackups":{{}},"timestamp":"{time}"}},"isSnapshotUpdate":false}}"#,
            id = self.prompt,
            time = self.time(),
        );
        self.line(&snapshot);
        let message = format!(
            r#""message":{{"role":"user","content":{}}},"permissionMode":"default""#,
            json(text)
        );
        self.node("user", &message);
    }

    /// One line a block, as the client writes them.
    fn answer(&mut self, blocks: &[Block]) {
        let id = format!("msg_demo{:020}", self.count);
        for block in blocks {
            let (content, stop) = match block {
                Block::Text(text) => {
                    (format!(r#"{{"type":"text","text":{}}}"#, json(text)), "end_turn")
                }
                Block::Tool { name, input } => (self.tool_use(name, input), "tool_use"),
            };
            let message = format!(
                r#""message":{{"id":"{id}","type":"message","role":"assistant","model":"claude-opus-5-5","content":[{content}],"stop_reason":"{stop}","stop_sequence":null,"usage":{{"input_tokens":1500,"output_tokens":60}}}},"requestId":"req_{id}""#
            );
            self.node("assistant", &message);
        }
    }

    fn tool_use(&self, name: &str, input: &[(&str, &str)]) -> String {
        let field = |(key, value): &(&str, &str)| match *key {
            "file_path" => format!(r#""{key}":{}"#, json(&format!("{}/{value}", self.clone))),
            _ => format!(r#""{key}":{}"#, json(value)),
        };
        let input: Vec<_> = input.iter().map(field).collect();
        format!(
            r#"{{"type":"tool_use","id":"{}","name":"{name}","input":{{{}}}}}"#,
            self.call(self.count),
            input.join(",")
        )
    }

    /// What the tool of the last line said.
    fn result(&mut self, text: &str) {
        let call = self.call(self.count - 1);
        let (text, source) = (json(text), self.parent.clone().expect("a result follows a call"));
        let message = format!(
            r#""message":{{"role":"user","content":[{{"tool_use_id":"{call}","type":"tool_result","content":{text}}}]}},"toolUseResult":{{"stdout":{text},"stderr":"","interrupted":false}},"sourceToolAssistantUUID":"{source}""#
        );
        self.node("user", &message);
    }

    /// The client kept `path` as it was before the last call.
    fn backup(&mut self, path: &str, file: &str) {
        let folder = path
            .rsplit_once('/')
            .map_or(self.clone.clone(), |(dir, _)| format!("{}/{dir}", self.clone));
        let line = format!(
            r#"{{"type":"file-history-delta","messageId":"{message}","snapshotMessageId":"{snapshot}","trackingPath":"{path}","backup":{{"backupFileName":"{file}","version":1,"backupTime":"{time}","realParentDir":{folder}}},"timestamp":"{time}"}}"#,
            message = self.parent.clone().expect("a checkpoint follows a call"),
            snapshot = self.prompt,
            folder = json(&folder),
            time = self.time(),
        );
        self.line(&line);
    }

    /// A line of the tree: it hangs on the one before.
    fn node(&mut self, kind: &str, message: &str) {
        let uuid = self.uuid();
        let parent =
            self.parent.as_ref().map_or("null".to_owned(), |parent| format!("\"{parent}\""));
        let line = format!(
            r#"{{"parentUuid":{parent},"isSidechain":false,"type":"{kind}",{message},"uuid":"{uuid}","timestamp":"{time}","userType":"external","entrypoint":"cli","cwd":{clone},"sessionId":"{ID}","version":"2.1.328","gitBranch":{branch}}}"#,
            time = self.time(),
            clone = json(&self.clone),
            branch = json(&self.branch),
        );
        self.line(&line);
        self.parent = Some(uuid);
        self.count += 1;
    }

    fn line(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push('\n');
    }

    /// The id of the next node.
    fn uuid(&self) -> String {
        format!("d3000000-0000-4000-8000-{:012}", self.count + 1)
    }

    fn call(&self, number: u32) -> String {
        format!("toolu_demo{number:06}")
    }

    fn time(&self) -> String {
        format!("2026-11-20T09:{:02}:00.000Z", self.count)
    }
}

/// `text` as a JSON string.
fn json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c < ' ' => {
                write!(quoted, "\\u{:04x}", u32::from(c)).expect("a string takes every text")
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_has_as_many_messages_as_it_says() {
        let transcript = transcript("/clone", "main");
        let after = |line: &str, key: &str| {
            line.split_once(key).map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
        };
        let prompts =
            transcript.lines().filter(|l| l.contains(r#""role":"user","content":""#)).count();
        let answers: BTreeSet<_> =
            transcript.lines().filter_map(|l| after(l, r#""message":{"id":""#)).collect();
        assert_eq!(prompts + answers.len(), MESSAGES);
    }

    #[test]
    fn every_node_hangs_on_the_one_before() {
        let transcript = transcript("/clone", "main");
        let mut last = None;
        for line in transcript.lines().filter(|line| line.starts_with(r#"{"parentUuid""#)) {
            let uuid = line.split_once(r#","uuid":""#).unwrap().1.split('"').next().unwrap();
            let parent = last.map_or("null".to_owned(), |last| format!("\"{last}\""));
            assert!(line.starts_with(&format!(r#"{{"parentUuid":{parent},"#)), "{line}");
            last = Some(uuid.to_owned());
        }
    }

    #[test]
    fn text_is_quoted() {
        assert_eq!(json("a \"b\"\\\n\u{1}"), r#""a \"b\"\\\n\u0001""#);
    }
}
