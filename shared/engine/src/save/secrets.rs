//! What looks like a secret in what a save takes along as it is: the conversation and the commit.
//!
//! It is told, by place and kind and never by its text, and nothing is held back: a conversation
//! without some of its lines is another one, and a commit is the user's. Where somebody is there, a
//! commit that would leave in the clear with it is asked about before it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Seek, SeekFrom};

use convosync_core::{FilePath, MOST_SUSPECTS, SecretKind, Seen, SeenInFile, look_through_patch};
use convosync_wire::{Decision, Note, OnSecrets, Question, SaveArgs, SaveMode};

use super::branch::Onto;
use super::naming::push_remote;
use super::plan::needs_commit;
use super::{Chosen, Scene, listed};
use crate::capture::scratch_error;
use crate::choice::choice;
use crate::count::counted;
use crate::engine::Engine;
use crate::ports::{Committed, Facts, GitError, ScratchFile};
use crate::trouble::Trouble;

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

    /// Whether somebody is there to say what becomes of them, and has not said.
    pub(super) fn is_asked(args: &SaveArgs) -> bool {
        (args.asks || args.interactive) && args.on_secrets.is_none()
    }

    /// Where they are, one by one.
    fn places(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.lines.iter().take(NAMED).map(line).collect();
        let more = self.lines.len().saturating_sub(NAMED) as u64;
        lines.extend((more > 0).then(|| format!("and in {}", counted(more, "more place"))));
        lines.extend(self.full.then(|| format!("there may be more: {MOST_SUSPECTS} are counted")));
        lines
    }

    /// What is told of them before anything is done.
    pub(super) fn warning(&self) -> Option<Note> {
        self.told(
            "would be pushed",
            "take it out first, or carry the changes sealed: `convosync save --stash`",
        )
    }

    /// What is asked of them before anything is done, if there are any.
    pub(super) fn question(&self, facts: &Facts, onto: &Onto) -> Option<Decision> {
        let places = self.places();
        if places.is_empty() {
            return None;
        }
        let choice = |value: OnSecrets, label: &str, help: &str| {
            let flag = format!("--on-secrets {}", value.as_str());
            choice(value.as_str(), &flag, label, help, value == OnSecrets::Cancel)
        };
        let mut choices = vec![choice(OnSecrets::Push, "Push It", "it is none, or may be seen")];
        if facts.commit.is_some() && *onto == Onto::Here {
            let sealed = "nothing is committed or pushed; the changes travel sealed";
            choices.push(choice(OnSecrets::Stash, "Carry Uncommitted", sealed));
        }
        choices.push(choice(OnSecrets::Cancel, "Cancel", "changes nothing: take it out first"));
        let remote = push_remote(facts).unwrap_or_default();
        let mut details =
            vec![format!("What is pushed to {remote} is there in the clear, for good:")];
        details.extend(places.iter().map(|place| format!("  • {place}")));
        Some(Decision {
            question: Question::Secrets,
            title: "What Looks Like a Secret Would Be Pushed".to_owned(),
            details,
            choices,
        })
    }

    /// What is told of them.
    pub(super) fn note(&self) -> Option<Note> {
        self.told(
            "went along",
            "if it is one, withdraw it at its service: a commit goes to its remote in the clear, and \
             each device of the account can read the conversation",
        )
    }

    fn told(&self, what: &str, help: &str) -> Option<Note> {
        let places = self.places();
        (!places.is_empty()).then(|| Note {
            code: "convosync::save::secrets".to_owned(),
            text: format!("what looks like a secret {what}:\n{}", listed(&places)),
            help: Some(help.to_owned()),
        })
    }
}

/// How the code is saved, by what was answered about something that looks like a secret in it.
///
/// # Errors
///
/// [`Trouble::Cancelled`] after a `cancel`; a refusal if another branch is to have it without a commit.
pub(super) fn as_answered(
    answer: OnSecrets,
    onto: &Onto,
    mode: SaveMode,
) -> Result<SaveMode, Trouble> {
    match answer {
        OnSecrets::Stash if *onto == Onto::Here => Ok(SaveMode::Stash),
        OnSecrets::Stash => Err(needs_commit("--on-secrets stash").into()),
        OnSecrets::Cancel => Err(Trouble::Cancelled),
        OnSecrets::Push => Ok(mode),
    }
}

/// That nothing can be foretold of the changes.
pub(super) fn not_looked_through(trouble: Trouble) -> Note {
    let failure = trouble.failure();
    Note {
        code: failure.code,
        text: format!("the changes can't be looked through for secrets: {}", failure.message),
        help: failure.help,
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
        let (git, repo) = (self.ports.git, &chosen.scene.facts.repository);
        self.seen_by(|file| git.added_lines(repo, &committed.commit, file.path()))
            .unwrap_or_default()
    }

    /// The same of the commit that a save would make and push; of one that is not pushed, none.
    pub(super) fn foreseen_secrets(
        &self,
        facts: &Facts,
        args: &SaveArgs,
        mode: SaveMode,
    ) -> Result<Secrets, Trouble> {
        let mut secrets = Secrets::default();
        let is_pushed = !args.no_code && !args.no_push && push_remote(facts).is_some();
        if mode == SaveMode::Commit && is_pushed && !facts.changes.is_empty() {
            let (git, repo) = (self.ports.git, &facts.repository);
            let seen = self.seen_by(|file| git.foresee_lines(repo, &self.excludes(), file.path()));
            secrets.of_commit(seen?);
        }
        Ok(secrets)
    }

    fn seen_by(
        &self,
        write: impl FnOnce(&dyn ScratchFile) -> Result<(), GitError>,
    ) -> Result<Vec<SeenInFile>, Trouble> {
        let mut file = self.ports.scratch.file()?;
        write(&*file)?;
        let looked = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| look_through_patch(&mut BufReader::new(file)));
        looked.map_err(|error| scratch_error(&error))
    }

    /// How the code is saved once somebody who is there has said what becomes of what looks like a
    /// secret in it.
    ///
    /// # Errors
    ///
    /// [`Trouble::Decide`] if that has to be said, [`Trouble::Cancelled`] after a `cancel`, and whatever
    /// keeps the changes from being looked through.
    pub(super) fn unless_it_bares(
        &self,
        scene: &Scene<'_>,
        onto: &Onto,
        args: &SaveArgs,
        mode: SaveMode,
    ) -> Result<SaveMode, Trouble> {
        let is_said = matches!(args.on_secrets, Some(OnSecrets::Stash | OnSecrets::Cancel));
        if !is_said && !Secrets::is_asked(args) {
            return Ok(mode);
        }
        self.step("Looking through the changes")?;
        let secrets = self.foreseen_secrets(&scene.facts, args, mode)?;
        let Some(question) = secrets.question(&scene.facts, onto) else { return Ok(mode) };
        match args.on_secrets {
            Some(answer) => as_answered(answer, onto, mode),
            None => Err(question.into()),
        }
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
