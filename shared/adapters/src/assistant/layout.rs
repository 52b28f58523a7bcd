//! Which files are a conversation's, and where each lies under Claude Code's folder.
//!
//! One table for both directions: what is gathered is what may be placed.

use std::path::{Path, PathBuf};

use convosync_core::ConversationId;

/// The transcript's logical path.
pub(crate) const TRANSCRIPT: &str = "transcript.jsonl";

/// What a logical path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `projects/<slug>/<id>.jsonl`.
    Transcript,
    /// Under `projects/<slug>/<id>/`, by its whole logical path.
    Side,
    /// Under `file-history/<id>/`.
    FileHistory,
    /// Under `tasks/<id>/`.
    Tasks,
    /// `plans/<words>.md`, by the name that the transcript says.
    Plan,
}

impl Family {
    /// The family of a logical path; `None`: no file of a conversation.
    pub(crate) fn of(logical: &str) -> Option<Self> {
        if is_private(logical) {
            return None;
        }
        let (top, rest) = logical.split_once('/').unwrap_or(("", logical));
        match top {
            "" if rest == TRANSCRIPT => Some(Self::Transcript),
            "" if rest == "custom-title.json" => Some(Self::Side),
            "subagents" if rest.ends_with(".jsonl") || rest.ends_with(".json") => Some(Self::Side),
            "tool-results" => Some(Self::Side),
            "file-history" => Some(Self::FileHistory),
            "tasks" if rest.ends_with(".json") => Some(Self::Tasks),
            "plans" if rest.strip_suffix(".md").is_some_and(is_plan) => Some(Self::Plan),
            _ => None,
        }
    }

    /// The folder that holds the family of all conversations.
    pub(crate) fn root(self, config: &Path) -> PathBuf {
        config.join(match self {
            Self::Transcript | Self::Side => "projects",
            Self::FileHistory => "file-history",
            Self::Tasks => "tasks",
            Self::Plan => "plans",
        })
    }

    /// The way from the root to a file: folders, then its name.
    pub(crate) fn steps(self, logical: &str, slug: &str, id: &ConversationId) -> Vec<String> {
        let rest = || logical.split('/').skip(1).map(str::to_owned);
        match self {
            Self::Transcript => vec![slug.to_owned(), format!("{id}.jsonl")],
            Self::Side => [slug.to_owned(), id.to_string()]
                .into_iter()
                .chain(logical.split('/').map(str::to_owned))
                .collect(),
            Self::FileHistory | Self::Tasks => {
                std::iter::once(id.to_string()).chain(rest()).collect()
            }
            Self::Plan => rest().collect(),
        }
    }
}

/// Whether a file of a conversation consists of lines that the rules apply to.
pub(crate) fn has_lines(logical: &str) -> bool {
    logical == TRANSCRIPT || (logical.starts_with("subagents/") && logical.ends_with(".jsonl"))
}

/// Locks, keys and caches: they hold for one process on one device.
pub(crate) fn is_private(logical: &str) -> bool {
    let name = logical.rsplit('/').next().unwrap_or(logical);
    name.starts_with('.')
        || name == "resume-head.jsonl"
        || [".lock", ".key", ".tmp"].iter().any(|end| name.ends_with(end))
}

/// Whether text is the name of a plan: words joined by `-`.
pub(crate) fn is_plan(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether text is a UUID in lower or upper case: the client opens no other transcript.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_conversations_own_files_have_a_family() {
        for (logical, family) in [
            ("transcript.jsonl", Family::Transcript),
            ("custom-title.json", Family::Side),
            ("subagents/agent-1.jsonl", Family::Side),
            ("subagents/agent-1.meta.json", Family::Side),
            ("tool-results/x.txt", Family::Side),
            ("tool-results/deep/x.txt", Family::Side),
            ("file-history/0011@v1", Family::FileHistory),
            ("tasks/1.json", Family::Tasks),
            ("plans/keen-owl.md", Family::Plan),
        ] {
            assert_eq!(Family::of(logical), Some(family), "{logical}");
        }
        for logical in [
            "resume-head.jsonl",
            "settings.json",
            "memory/x.md",
            "sessions/1.json",
            "projects/x/y.jsonl",
            "subagents/run.sh",
            "tasks/.lock",
            "tasks/x.lock",
            "plans/x/y.md",
            "plans/CLAUDE.md.txt",
            "plans/.md",
            "tool-results/secret.key",
            "transcript.jsonl/x",
            "",
        ] {
            assert_eq!(Family::of(logical), None, "{logical}");
        }
    }

    #[test]
    fn a_conversation_is_named_by_a_uuid() {
        assert!(is_uuid("0c49e996-0082-4d04-97b7-07eb95ea970a"));
        for wrong in ["memory", "agent-ab9353f6374f22dba", "0c49e996-0082-4d04-97b7-07eb95ea970"] {
            assert!(!is_uuid(wrong), "{wrong}");
        }
    }
}
