//! The real Claude Code: what the assistant adapter finds, carries and puts back is what the
//! client goes on with.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;

use convosync_adapters::{ClaudeCodeFiles, ScratchDir, SystemProcesses};
use convosync_core::{ClaudeCode, ConversationId, Roots, Rules, canonicalise, expand};
use convosync_engine::ports::{Assistant, Found, Here, Placement, Scratch, SourceFile};
use convosync_tests::{Claude, ModelServer, text};
use serde_json::json;
use tempfile::TempDir;

/// A machine with a home, a work tree and the client.
struct Device {
    _folder: TempDir,
    tree: PathBuf,
    claude: Claude,
    files: ClaudeCodeFiles,
    scratch: ScratchDir,
}

impl Device {
    fn new(model: &ModelServer, tree: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it is there");
        let tree = root.join(tree);
        fs::create_dir_all(&tree).expect("a work tree");
        let git = Command::new("git").args(["init", "-q"]).current_dir(&tree).status();
        assert!(git.expect("git is installed").success());
        let claude = Claude::new(&root.join("home"), model);
        let files = ClaudeCodeFiles::new(claude.config_dir(), Box::new(SystemProcesses));
        let scratch = ScratchDir::open(root.join("scratch")).expect("a scratch folder");
        Self { _folder: folder, tree, claude, files, scratch }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.tree.join(name), text).expect("a file of the work tree");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.tree.join(name)).expect("a file of the work tree")
    }

    fn roots(&self) -> Roots {
        Roots { repo: vec![text(&self.tree)], home: None }
    }

    fn conversations(&self) -> Vec<Found> {
        let env = BTreeMap::new();
        let here = Here { work_tree: &self.tree, directory: &self.tree, env: &env };
        self.files.conversations(&here).expect("the client's folder can be read")
    }

    fn sources(&self, id: &ConversationId) -> Vec<SourceFile> {
        self.files.files_at(id, &self.tree).expect("the client's folder can be read")
    }

    fn transcript(&self, id: &ConversationId) -> Vec<u8> {
        fs::read(&self.sources(id)[0].path).expect("it was just listed")
    }

    /// The files of a conversation in the form in which they travel.
    fn canonical(&self, id: &ConversationId) -> Vec<(SourceFile, Vec<u8>)> {
        let form = |file: SourceFile| {
            let mut bytes = Vec::new();
            let opened = self.files.open(&file).expect("it was just listed");
            opened.take(file.len).read_to_end(&mut bytes).expect("it can be read");
            if file.lines {
                let mut stored = Vec::new();
                let (len, roots) = (file.len, self.roots());
                canonicalise(&ClaudeCode, &roots, &mut &bytes[..], len, &mut stored)
                    .expect("memory can be read and written");
                bytes = stored;
            }
            (file, bytes)
        };
        self.sources(id).into_iter().map(form).collect()
    }

    /// Takes a conversation over from another device, as a resume does.
    fn take_over(&self, from: &Self, id: &ConversationId) {
        let mut files = Vec::new();
        for (file, stored) in from.canonical(id) {
            let mut local = stored.clone();
            if file.lines {
                local = Vec::new();
                let roots = self.roots();
                expand(&ClaudeCode, &roots, &mut &stored[..], &mut local)
                    .expect("memory can be read and written");
            }
            if file.logical.as_str() == "transcript.jsonl" {
                local.extend(ClaudeCode.relocated_line(id, &text(&self.tree)).expect("it has one"));
            }
            let mut scratch = self.scratch.file().expect("a scratch file");
            scratch.write_all(&local).expect("room on the disk");
            files.push((file.logical, scratch));
        }
        let to = Placement { id, directory: &self.tree, modified_ms: None };
        self.files.place(&to, files).expect("it is placed");
    }
}

fn names(files: &[SourceFile]) -> Vec<&str> {
    files.iter().map(|file| file.logical.as_str()).collect()
}

#[test]
fn a_conversation_goes_on_elsewhere_with_all_that_was_said_and_done() {
    let model = ModelServer::start();
    let (a, b) = (Device::new(&model, "desk/app"), Device::new(&model, "lap/code/my app"));
    a.write("login.rs", "fn login() {}\n");
    let file = text(&a.tree.join("login.rs"));
    let agent = format!("Look around\n@@Bash {}\n@@FINAL seen", json!({"command": "ls"}));
    model.script(
        "oauth",
        &[
            format!("@@Read {}", json!({"file_path": file})),
            format!(
                "@@Edit {}",
                json!({"file_path": file, "old_string": "{}", "new_string": "{ oauth() }"})
            ),
            format!("@@Bash {}", json!({"command": "env > env; seq 1 30000", "description": "x"})),
            format!(
                "@@Agent {}",
                json!({"description": "look", "prompt": agent, "subagent_type": "general-purpose",
                       "run_in_background": false})
            ),
            "@@FINAL login is done".to_owned(),
        ]
        .join("\n"),
    );
    let first = a.claude.print(&a.tree, &[], "Implement the login BETA-1 [s:oauth]");
    assert_eq!(first.text, "login is done");
    assert_eq!(a.read("login.rs"), "fn login() { oauth() }\n");

    let id: ConversationId = first.id.parse().expect("the client's ids are ids");
    let found = a.conversations();
    assert_eq!((&found[0].id, &found[0].directory), (&id, &a.tree));
    assert!(found[0].title.as_deref().is_some_and(|title| title.contains("BETA-1")), "{found:?}");
    assert_eq!(found[0].live, None, "the client has ended");
    let env = a.read("env");
    assert!(env.lines().any(|line| line == format!("CLAUDE_CODE_SESSION_ID={id}")), "{env}");
    assert!(env.lines().any(|line| line.starts_with("CLAUDE_PID=")), "{env}");
    let sources = a.sources(&id);
    let has = |start: &str, end: &str| {
        names(&sources).iter().any(|name| name.starts_with(start) && name.ends_with(end))
    };
    assert!(has("subagents/agent-", ".jsonl"), "{:?}", names(&sources));
    assert!(has("subagents/agent-", ".meta.json"), "{:?}", names(&sources));
    assert!(has("tool-results/", ".txt"), "{:?}", names(&sources));
    assert_eq!(a.files.left_out(&id).expect("readable"), []);

    b.take_over(&a, &id);
    let placed = b.transcript(&id);
    let second = b.claude.print(&b.tree, &["--resume", id.as_str()], "Go on GAMMA-2");
    assert_eq!(second.id, id.as_str());
    let sent = model.last_with("GAMMA-2").expect("the client asked the model");
    assert!(sent.texts("user").iter().any(|said| said.contains("BETA-1")));
    assert!(sent.texts("assistant").iter().any(|said| said.contains("login is done")));
    assert_eq!(sent.tool_calls(), ["Read", "Edit", "Bash", "Agent"]);
    assert!(b.transcript(&id).starts_with(&placed), "a turn only appends");

    let before = a.canonical(&id).remove(0).1;
    a.take_over(&b, &id);
    assert!(a.canonical(&id).remove(0).1.starts_with(&before), "what comes back only appends");
    a.claude.print(&a.tree, &["--continue"], "And on DELTA-3");
    let sent = model.last_with("DELTA-3").expect("the client asked the model");
    assert!(sent.texts("user").iter().any(|said| said.contains("GAMMA-2")));
}

#[test]
fn the_client_names_its_folders_as_we_do() {
    let model = ModelServer::start();
    let long = format!("{0}/{0}/{0}", "long-name".repeat(12));
    for tree in ["a b_c.d/Ünï-e\u{301}/🦀", &long] {
        let device = Device::new(&model, tree);
        let answer = device.claude.print(&device.tree, &[], "hello");
        let id = answer.id.parse().expect("the client's ids are ids");
        assert_eq!(names(&device.sources(&id)), ["transcript.jsonl"], "{tree}");
    }
}

#[test]
fn an_open_conversation_is_seen_as_live_until_its_client_ends() {
    let model = ModelServer::start();
    let device = Device::new(&model, "app");
    let terminal = device.claude.in_terminal(&device.tree, "");
    Claude::accept_trust(&terminal);
    terminal.wait_for("bypass permissions on");
    terminal.type_text("hello there");
    terminal.press(&["Enter"]);
    terminal.wait_for("answer to");
    let found = device.conversations();
    let live = found[0].live.clone().expect("it is open");
    assert_eq!((live.pid, live.is_caller), (terminal.pid(), false));
    let inside = BTreeMap::from([("CLAUDE_CODE_SESSION_ID".to_owned(), found[0].id.to_string())]);
    let live = device.files.live(&found[0].id, &inside).expect("readable").expect("it is open");
    assert!(live.is_caller);
    drop(terminal);
    assert_eq!(device.conversations()[0].live, None);
}
