//! What looks like a secret in what a save takes along as it is: the conversation and the commit.
//!
//! It is told, by place and kind and never by its text, and nothing is held back: a conversation
//! without some of its lines is another one, and a commit is the user's.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Seek, SeekFrom};

use convosync_core::{FilePath, MOST_SUSPECTS, SecretKind, Seen, SeenInFile, look_through_patch};
use convosync_wire::Note;

use super::{Chosen, listed};
use crate::count::counted;
use crate::engine::Engine;
use crate::ports::Committed;

/// So many places are named one by one.
const NAMED: usize = 10;

/// Where something was seen: the commit's files first, since those leave in the clear.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Commit(String),
    Conversation(String),
}

#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// By place and kind: the lines.
    lines: BTreeMap<(Place, SecretKind), BTreeSet<u64>>,
    /// There were as many as are counted.
    full: bool,
}

impl Secrets {
    pub(super) fn of_commit(&mut self, seen: Vec<SeenInFile>) {
        self.full |= seen.len() >= MOST_SUSPECTS;
        for SeenInFile { path, seen } in seen {
            self.add(Place::Commit(path), seen);
        }
    }

    pub(super) fn of_conversation(&mut self, seen: Vec<(FilePath, Seen)>) {
        self.full |= seen.len() >= MOST_SUSPECTS;
        for (file, seen) in seen {
            self.add(Place::Conversation(file.to_string()), seen);
        }
    }

    fn add(&mut self, place: Place, Seen { line, kind }: Seen) {
        self.lines.entry((place, kind)).or_default().insert(line);
    }

    /// Whether the commit has any, which leaves in the clear.
    pub(super) fn in_the_commit(&self) -> bool {
        self.lines.keys().any(|(place, _)| matches!(place, Place::Commit(_)))
    }

    /// What is told of them.
    pub(super) fn note(&self) -> Option<Note> {
        let mut lines: Vec<_> = self.lines.iter().take(NAMED).map(line).collect();
        let more = self.lines.len().saturating_sub(NAMED) as u64;
        lines.extend((more > 0).then(|| format!("and in {}", counted(more, "more place"))));
        lines.extend(self.full.then(|| format!("there may be more: {MOST_SUSPECTS} are counted")));
        (!lines.is_empty()).then(|| Note {
            code: "convosync::save::secrets".to_owned(),
            text: format!("what looks like a secret went along:\n{}", listed(&lines)),
            help: Some(
                "if it is one, withdraw it at its service: a commit goes to its remote in the \
                 clear, and each device of the account can read the conversation"
                    .to_owned(),
            ),
        })
    }
}

fn line(((place, kind), lines): (&(Place, SecretKind), &BTreeSet<u64>)) -> String {
    let first = lines.first().copied().unwrap_or_default();
    let place = match place {
        Place::Commit(path) => format!("the commit, {path} line {first}"),
        Place::Conversation(file) => format!("the conversation, {file} line {first}"),
    };
    match lines.len().saturating_sub(1) as u64 {
        0 => format!("{place}: {kind}"),
        more => format!("{place}: {kind}, and on {}", counted(more, "more line")),
    }
}

impl Engine<'_> {
    /// What looks like a secret in the lines that a commit adds. The commit is made: what can't be
    /// read of it is no reason to stop.
    pub(super) fn seen_in(&self, chosen: &Chosen<'_>, committed: &Committed) -> Vec<SeenInFile> {
        let Ok(mut file) = self.ports.scratch.file() else { return Vec::new() };
        let repo = &chosen.scene.facts.repository;
        if self.ports.git.added_lines(repo, &committed.commit, file.path()).is_err()
            || file.seek(SeekFrom::Start(0)).is_err()
        {
            return Vec::new();
        }
        look_through_patch(&mut BufReader::new(file)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_once_for_each_kind_and_the_commit_first() {
        let seen = |line, kind| Seen { line, kind };
        let mut secrets = Secrets::default();
        assert_eq!(secrets.note(), None);
        secrets.of_conversation(vec![
            ("transcript.jsonl".parse().expect("a path"), seen(7, SecretKind::LOGIN)),
            ("transcript.jsonl".parse().expect("a path"), seen(9, SecretKind::LOGIN)),
            // Twice on one line is one line.
            ("transcript.jsonl".parse().expect("a path"), seen(9, SecretKind::LOGIN)),
        ]);
        assert!(!secrets.in_the_commit());
        secrets.of_commit(vec![SeenInFile {
            path: "src/main.rs".to_owned(),
            seen: seen(3, SecretKind::PRIVATE_KEY),
        }]);
        assert_eq!(
            secrets.note().expect("a note").text,
            "what looks like a secret went along:\n  \
             • the commit, src/main.rs line 3: a private key\n  \
             • the conversation, transcript.jsonl line 7: a password in a URL, and on 1 more line"
        );
        assert!(secrets.in_the_commit());
        for n in 0..NAMED {
            secrets.add(Place::Commit(n.to_string()), seen(1, SecretKind::LOGIN));
        }
        assert!(secrets.note().expect("a note").text.ends_with("and in 2 more places"));
        let at = SeenInFile { path: "0".to_owned(), seen: seen(1, SecretKind::LOGIN) };
        secrets.of_commit(vec![at; MOST_SUSPECTS]);
        let text = secrets.note().expect("a note").text;
        assert!(text.ends_with("there may be more: 1000 are counted"), "{text}");
    }
}
