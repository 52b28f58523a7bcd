//! What looks like a secret in what a save takes along as it is: the conversation and the commit.
//!
//! It is told, by place and kind and never by its text, and nothing is held back: a conversation
//! without some of its lines is another one, and a commit is the user's.

use std::collections::BTreeMap;
use std::io::{BufReader, Seek, SeekFrom};

use convosync_core::{FilePath, SecretKind, Seen, SeenInFile, look_through_patch};
use convosync_wire::Note;

use super::{Chosen, listed};
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

/// By place and kind: the first line, and how many more.
#[derive(Debug, Default)]
pub(super) struct Secrets(BTreeMap<(Place, SecretKind), (u64, usize)>);

impl Secrets {
    pub(super) fn of_commit(&mut self, seen: Vec<SeenInFile>) {
        for SeenInFile { path, seen } in seen {
            self.add(Place::Commit(path), seen);
        }
    }

    pub(super) fn of_conversation(&mut self, seen: Vec<(FilePath, Seen)>) {
        for (file, seen) in seen {
            self.add(Place::Conversation(file.to_string()), seen);
        }
    }

    fn add(&mut self, place: Place, Seen { line, kind }: Seen) {
        let (first, more) = self.0.entry((place, kind)).or_insert((line, 0));
        if *first != line {
            *more += 1;
        }
    }

    /// What is told of them.
    pub(super) fn note(&self) -> Option<Note> {
        let mut lines: Vec<_> = self.0.iter().take(NAMED).map(line).collect();
        let more = self.0.len().saturating_sub(NAMED);
        lines.extend((more > 0).then(|| format!("and in {more} more places")));
        (!lines.is_empty()).then(|| Note {
            code: "convosync::save::secrets".to_owned(),
            text: format!("what looks like a secret goes along:\n{}", listed(&lines)),
            help: Some(
                "if it is one, withdraw it at its service: a commit goes to its remote in the \
                 clear, and each device of the account can read the conversation"
                    .to_owned(),
            ),
        })
    }
}

fn line(((place, kind), (first, more)): (&(Place, SecretKind), &(u64, usize))) -> String {
    let place = match place {
        Place::Commit(path) => format!("the commit, {path} line {first}"),
        Place::Conversation(file) => format!("the conversation, {file} line {first}"),
    };
    match more {
        0 => format!("{place}: {kind}"),
        more => format!("{place}: {kind}, and on {more} more lines"),
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
        ]);
        secrets.of_commit(vec![SeenInFile {
            path: "src/main.rs".to_owned(),
            seen: seen(3, SecretKind::PRIVATE_KEY),
        }]);
        assert_eq!(
            secrets.note().expect("a note").text,
            "what looks like a secret goes along:\n  \
             • the commit, src/main.rs line 3: a private key\n  \
             • the conversation, transcript.jsonl line 7: a password in a URL, and on 1 more lines"
        );
        for n in 0..NAMED {
            secrets.add(Place::Commit(n.to_string()), seen(1, SecretKind::LOGIN));
        }
        assert!(secrets.note().expect("a note").text.ends_with("and in 2 more places"));
    }
}
