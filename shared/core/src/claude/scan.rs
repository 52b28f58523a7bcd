//! What a transcript tells when read from its first line.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::line::{self, Line, Loose};
use crate::context::Spoken;
use crate::rules::{Opening, Scan, Summary};

/// Letters of a title at most.
const TITLE: usize = 80;

/// Letters of a version at most.
const VERSION: usize = 64;

/// Line types that Claude Code 1.0 to 2.1 writes; others came later.
const KNOWN: &[&str] = &[
    // Nodes of the conversation's tree.
    "user",
    "assistant",
    "system",
    "attachment",
    "progress",
    // State of which the last line counts.
    "derived-from",
    "summary",
    "custom-title",
    "ended-by-model",
    "ai-title",
    "tag",
    "relocated",
    "agent-name",
    "agent-color",
    "agent-setting",
    "pr-link",
    "artifact-autoreact-ledger",
    "bridge-session",
    "history-suppression",
    "attribution-snapshot",
    "mode",
    "permission-mode",
    "isolation-latch",
    "session-owner",
    "dev-mods",
    "atis-latch",
    "tools-used",
    "worktree-state",
    "cost-state",
    "queue-operation",
    "observer-ref",
    "repl-mode",
    // State that accumulates.
    "content-replacement",
    "data-flow-records",
    "data-flow-incomplete",
    "fork-context-ref",
    "frame-link",
    "artifact-comment-monitor",
    "memory-mode",
    // State that a compaction makes obsolete.
    "file-history-snapshot",
    "file-history-delta",
    "last-prompt",
    "continued-in",
    "resume-head-vouch",
    "api-request",
    "api-request-shape",
    "api-request-blob",
];

/// What the client itself writes as if the user had sent it.
const NOT_TYPED: &[&str] = &[
    "<local-command-stdout>",
    "<local-command-stderr>",
    "<local-command-caveat>",
    "<bash-stdout>",
    "<bash-stderr>",
    "<task-notification>",
    "[Request interrupted by user",
];

/// A reading that is under way.
#[derive(Debug, Default)]
pub(super) struct Reading {
    summary: Summary,
    /// Digests of the message ids seen: ids may be long, and there may be many.
    answers: BTreeSet<[u8; 8]>,
    custom_title: Option<String>,
    ai_title: Option<String>,
    old_summary: Option<String>,
    first_prompt: Option<String>,
    first_command: Option<String>,
    /// The last message's branch: one text for all messages in a row that have it.
    branch: Option<Arc<str>>,
}

impl Scan for Reading {
    fn line(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            return;
        }
        match line::parse(line) {
            Some(line) => self.take(&line),
            None => self.summary.unreadable_lines += 1,
        }
    }

    fn summary(&self) -> Summary {
        let titles = [
            &self.custom_title,
            &self.ai_title,
            &self.old_summary,
            &self.first_prompt,
            &self.first_command,
        ];
        let title = titles.into_iter().flatten().next().cloned();
        Summary { title, ..self.summary.clone() }
    }

    fn messages(&self) -> u64 {
        self.summary.messages
    }
}

impl Reading {
    fn take(&mut self, line: &Line<'_>) {
        if self.summary.started_in.is_none() {
            self.summary.started_in = line.cwd.text().map(Cow::into_owned);
        }
        let kind = line.kind.text().unwrap_or_default();
        match kind.as_ref() {
            "user" => self.user(line),
            "assistant" if !line.is_sidechain.is_true() => self.answer(line),
            "system" if is_boundary(line) => self.summary.context_tokens = None,
            "custom-title" => self.custom_title = titled(line.custom_title),
            "ai-title" => self.ai_title = titled(line.ai_title),
            "summary" => self.old_summary = titled(line.summary),
            "relocated" => {
                let directory = line.relocated_cwd.text().map(Cow::into_owned);
                self.summary.relocated = directory.or(self.summary.relocated.take());
            }
            kind if KNOWN.contains(&kind) => {}
            _ => self.summary.unknown_lines += 1,
        }
        if let (Some(_), Some(version)) = (line.uuid.text(), line.version.text()) {
            self.version(&version);
        }
    }

    fn user(&mut self, line: &Line<'_>) {
        let Some(text) = typed(line) else { return };
        self.count(line);
        let (first, text) = match text.starts_with('<') {
            false => (&mut self.first_prompt, Some(text.as_ref())),
            true => (&mut self.first_command, command(&text)),
        };
        if first.is_none() {
            *first = text.and_then(|text| one_line(text, TITLE));
        }
    }

    fn answer(&mut self, line: &Line<'_>) {
        let message = line.message();
        self.summary.context_tokens = message.tokens_read().or(self.summary.context_tokens);
        let new = match message.id.text() {
            Some(id) => {
                let digest = blake3::hash(id.as_bytes());
                self.answers
                    .insert(*digest.as_bytes().first_chunk().expect("a digest has 32 bytes"))
            }
            None => true,
        };
        if new {
            self.count(line);
        }
    }

    /// One more message.
    fn count(&mut self, line: &Line<'_>) {
        self.summary.messages += 1;
        let branch = line.branch();
        if branch.as_deref() != self.branch.as_deref() {
            self.branch = branch.map(|name| name.as_ref().into());
        }
        let turn = Spoken { time_ms: line.time_ms(), branch: self.branch.clone() };
        self.summary.turns.push(turn);
    }

    /// Clients are not downgraded in mid-conversation, so the last version is the newest.
    fn version(&mut self, version: &str) {
        if self.summary.client_version.as_deref() != Some(version) {
            self.summary.client_version = one_line(version, VERSION);
        }
    }
}

/// What the user typed, if a line of type `user` is a prompt.
fn typed<'a>(line: &Line<'a>) -> Option<Cow<'a, str>> {
    let not_said = [line.is_meta, line.is_compact_summary, line.is_sidechain];
    if not_said.into_iter().any(Loose::is_true) {
        return None;
    }
    let content = line.message().content();
    let text = content.text.text().unwrap_or_default();
    let typed = content.other || content.text.is_text();
    let is_prompt =
        typed && !content.tool_result && !NOT_TYPED.iter().any(|mark| text.starts_with(mark));
    is_prompt.then_some(text)
}

/// The client leaves such a line where it compacted the conversation, and reads nothing before the
/// last one (2.1.328).
fn is_boundary(line: &Line<'_>) -> bool {
    line.subtype.text().is_some_and(|subtype| subtype == "compact_boundary")
}

/// See [`Rules::opening`](crate::rules::Rules::opening).
pub(super) fn opening(line: &[u8]) -> Option<Opening> {
    let line = line::parse(line).filter(|line| line.uuid.is_text())?;
    match line.kind.text()?.as_ref() {
        "system" if is_boundary(&line) => Some(Opening::Compaction),
        "user" if typed(&line).is_some() => Some(Opening::Prompt),
        _ => None,
    }
}

/// The command in `<command-name>/x</command-name>…`, or the line in `<bash-input>x</bash-input>`.
fn command(text: &str) -> Option<&str> {
    ["<command-name>", "<bash-input>"].into_iter().find_map(|mark| {
        let (_, rest) = text.split_once(mark)?;
        rest.split('<').next()
    })
}

fn titled(text: Loose<'_>) -> Option<String> {
    one_line(&text.text()?, TITLE)
}

/// The text on one line, without what could move a terminal's cursor or turn its text around;
/// `None` when nothing is left.
fn one_line(text: &str, max: usize) -> Option<String> {
    let mut out = String::new();
    let mut left = max;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut word = word.chars().filter(|c| !is_invisible(*c)).peekable();
        if word.peek().is_none() {
            continue;
        }
        if left < max {
            out.push(' ');
            left = left.saturating_sub(1);
        }
        for letter in word {
            if left == 0 {
                return Some(shortened(out));
            }
            out.push(letter);
            left -= 1;
        }
    }
    (!out.is_empty()).then_some(out)
}

/// The text with an ellipsis for its last letter.
fn shortened(mut text: String) -> String {
    text.pop();
    let kept = text.trim_end().len();
    text.truncate(kept);
    text.push('…');
    text
}

/// Marks that have no width, or that change the direction of what follows.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
