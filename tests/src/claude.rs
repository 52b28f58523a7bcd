//! The real Claude Code in a home of its own, talking to a scripted model.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::{ModelServer, Terminal, tool};

/// Fits the form of a key and opens nothing.
const KEY: &str = "sk-ant-scripted-0000000000000000000000000000";

/// Claude Code on one device.
pub struct Claude {
    program: PathBuf,
    home: PathBuf,
    url: String,
}

/// What a call with `-p` gave.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The conversation.
    pub id: String,
    /// The last text.
    pub text: String,
}

impl Claude {
    /// The client for a home directory, which is made; its first-start questions are answered.
    ///
    /// # Panics
    ///
    /// If the client is not there (see [`tool`]) or the home can't be made.
    #[must_use]
    pub fn new(home: &Path, model: &ModelServer) -> Self {
        fs::create_dir_all(home.join(".claude")).expect("a home");
        fs::create_dir_all(home.join("tmp")).expect("a home");
        let settings = json!({"skipDangerousModePermissionPrompt": true});
        fs::write(home.join(".claude/settings.json"), settings.to_string()).expect("settings");
        let state = json!({
            "hasCompletedOnboarding": true, "theme": "dark",
            "customApiKeyResponses": {"approved": [&KEY[KEY.len() - 20..]], "rejected": []},
        });
        fs::write(home.join(".claude.json"), state.to_string()).expect("a state file");
        Self { program: tool("claude"), home: home.to_owned(), url: model.url() }
    }

    /// The folder with its conversations.
    #[must_use]
    pub fn config_dir(&self) -> PathBuf {
        self.home.join(".claude")
    }

    /// All variables that it runs with.
    #[must_use]
    pub fn env(&self) -> BTreeMap<String, String> {
        let home = self.home.to_string_lossy();
        let path = std::env::var("PATH").expect("programs are found by PATH");
        [
            ("HOME", &*home),
            ("PATH", &path),
            ("LANG", "C.UTF-8"),
            ("ANTHROPIC_BASE_URL", &self.url),
            ("ANTHROPIC_API_KEY", KEY),
            // Tests may run as root.
            ("IS_SANDBOX", "1"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("CLAUDE_CODE_TMPDIR", &format!("{home}/tmp")),
            ("DISABLE_AUTOUPDATER", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Runs `claude -p` with more arguments in a directory.
    ///
    /// # Panics
    ///
    /// If it fails; the message shows what it printed.
    #[track_caller]
    pub fn print(&self, directory: &Path, args: &[&str], prompt: &str) -> Answer {
        let output = Command::new(&self.program)
            .args(["--dangerously-skip-permissions", "--output-format", "json"])
            .args(args)
            .args(["-p", prompt])
            .current_dir(directory)
            .env_clear()
            .envs(self.env())
            .output()
            .expect("the client starts");
        let printed = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let answer: Value = serde_json::from_str(&printed).unwrap_or_default();
        match (answer["session_id"].as_str(), answer["result"].as_str()) {
            (Some(id), Some(text)) if output.status.success() => {
                Answer { id: id.to_owned(), text: text.to_owned() }
            }
            _ => panic!("claude -p: {}\n{printed}\n{errors}", output.status),
        }
    }

    /// Starts the client with more arguments in a terminal.
    #[must_use]
    pub fn in_terminal(&self, directory: &Path, args: &str) -> Terminal {
        let program = self.program.display();
        let command = format!("exec '{program}' --dangerously-skip-permissions {args}");
        Terminal::start(directory, &self.env(), &command)
    }

    /// Says yes to the one-time question whether the directory of a terminal is trusted.
    ///
    /// # Panics
    ///
    /// If it is not asked.
    #[track_caller]
    pub fn accept_trust(terminal: &Terminal) {
        terminal.wait_for_calm("❯ No, exit");
        terminal.press(&["Down"]);
        terminal.wait_for_calm("❯ Yes, I trust");
        terminal.press(&["Enter"]);
    }
}
