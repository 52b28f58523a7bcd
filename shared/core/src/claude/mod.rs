//! Claude Code's transcripts: the rules of `projects/<slug>/<id>.jsonl`, as its releases 1.0 to
//! 2.1 write and read them.

mod line;
mod paths;
mod said;
mod scan;

use std::borrow::Cow;

use crate::id::ConversationId;
use crate::manifest::FilePath;
use crate::rules::{Merging, Node, Opening, Roots, Rules, Said, Scan};

/// The rules of Claude Code.
///
/// Two kinds of lines hold directories that the client compares with the real ones: the
/// checkpoints for `/rewind` (`realParentDir`) and the record of a move (`relocatedCwd`). Their
/// values become tokens; all else stays, byte for byte, since the client needs no other path right.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClaudeCode;

impl Rules for ClaudeCode {
    fn canonical_line<'a>(&self, line: &'a [u8], roots: &Roots) -> Cow<'a, [u8]> {
        paths::canonical(line, roots)
    }

    fn expand_line<'a>(&self, line: &'a [u8], roots: &Roots) -> Cow<'a, [u8]> {
        paths::expand(line, roots)
    }

    fn is_advance(&self, line: &[u8]) -> bool {
        line::is_node(line)
    }

    fn relocated_line(&self, id: &ConversationId, directory: &str) -> Option<Vec<u8>> {
        let directory = serde_json::Value::from(directory);
        let line = format!(
            "{{\"type\":\"relocated\",\"sessionId\":\"{id}\",\"relocatedCwd\":{directory}}}\n"
        );
        Some(line.into_bytes())
    }

    fn node<'a>(&self, line: &'a [u8]) -> Option<Node<'a>> {
        line::node(line)
    }

    /// The client makes a tree of the lines by `uuid` and `parentUuid`, in whatever order they
    /// stand, and goes on from the leaf that the last `last-prompt` line names, else from the last
    /// node (2.1.328).
    fn merging(&self) -> Merging {
        Merging::Union
    }

    /// In a folder of its own: the client looks for sub-agents and tasks one level deep. A file of
    /// the conversation's own folder goes to the results of tools, of which the client opens what
    /// the transcript names.
    fn beside(&self, path: &FilePath, mark: &str) -> Option<FilePath> {
        let path = match path.as_str().split_once('/') {
            None if path.as_str() == "transcript.jsonl" => return None,
            None => format!("tool-results/beside-{mark}/{path}"),
            Some((top, rest)) => match rest.strip_suffix(".md").filter(|_| top == "plans") {
                Some(plan) => format!("plans/{plan}-{mark}.md"),
                None => format!("{top}/beside-{mark}/{rest}"),
            },
        };
        path.parse().ok()
    }

    fn said(&self, line: &[u8]) -> Option<Said> {
        said::said(line)
    }

    fn opening(&self, line: &[u8]) -> Option<Opening> {
        scan::opening(line)
    }

    fn scan(&self) -> Box<dyn Scan> {
        Box::new(scan::Reading::default())
    }
}

#[cfg(test)]
mod tests;
