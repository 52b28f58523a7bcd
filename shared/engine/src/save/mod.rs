//! Saving: ask outside, decide inside, commit, freeze, push, put, tell.

mod about;
mod deliver;
mod moment;
mod naming;
mod plan;

use std::path::{Path, PathBuf};
use std::time::Duration;

use convosync_core::{SaveId, SessionId, Vector};
use convosync_wire::{PlanReport, Request, SaveArgs, SaveReport};

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Assistant, Facts, Found, GitError, Here, IndexChange, Table};
use crate::trouble::{Refusal, Trouble};

use moment::{home_of, parents};
use naming::push_remote;
use plan::{Target, check, commit_message, is_wanted, target};

pub(crate) use moment::{branch, carried_code, placeholder};
pub(crate) use naming::{is_called, names_of, remote_of, repository_name, repository_shown};
pub(crate) use plan::{conflicted, in_progress, listed};

/// How long a save waits for another one of this device.
const LOCK_WAIT: Duration = Duration::from_secs(60);

/// Patterns of files that are never committed by a save, in `.gitignore` syntax: files that hold
/// secrets by custom. Templates of them are wanted.
pub const EXCLUDES: &[&str] = &[
    ".env",
    ".env.*",
    "!.env.example",
    "!.env.sample",
    "!.env.template",
    "credentials.json",
    "*.key",
    "*.pem",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "id_rsa",
    "id_ecdsa",
    "id_ed25519",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
];

/// The longest message, in bytes: it is part of the card that every `list` reads.
const LONGEST_MESSAGE: usize = 16 * 1024;

pub(crate) fn fits(message: &str) -> Result<&str, Refusal> {
    if message.len() <= LONGEST_MESSAGE {
        return Ok(message);
    }
    let text =
        format!("the message has {} bytes, and at most {LONGEST_MESSAGE} fit", message.len());
    Err(Refusal::new("convosync::save::message-too-long", text)
        .help(
            "say what was done in a few lines; details belong into the commit or the conversation",
        )
        .argument("message"))
}

/// Sessions name the work tree's path, which has to be text for that.
pub(crate) fn must_be_text(facts: &Facts) -> Result<(), Refusal> {
    if facts.repository.root.to_str().is_some() {
        return Ok(());
    }
    Err(Refusal::new("convosync::path::not-utf8", "the repository's path is no UTF-8")
        .help("move the clone to a path of plain letters"))
}

/// What was asked outside before anything was decided.
pub(crate) struct Scene<'a> {
    pub(crate) facts: Facts,
    pub(crate) directory: PathBuf,
    pub(crate) conversations: Vec<(&'a dyn Assistant, Found)>,
}

/// What a save is made of once all is decided.
struct Chosen<'a> {
    scene: Scene<'a>,
    message: String,
    session: SessionId,
    new_session: bool,
    parents: Vec<(SaveId, Vector)>,
    base: Option<SaveId>,
}

impl Chosen<'_> {
    fn main(&self) -> Option<&(&dyn Assistant, Found)> {
        self.scene.conversations.first()
    }
}

impl Engine<'_> {
    /// Saves this moment as one unit.
    ///
    /// Everything that can fail by reading happens before the commit. Once frozen the save is safe
    /// on this device; a push or a put that fails leaves it queued, and is told, not an error.
    pub(crate) fn save(&self, request: &Request, args: &SaveArgs) -> Result<SaveReport, Trouble> {
        let lock = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        let mut member = self.member_or_local()?;
        self.sweep_parts()?;
        let chosen = self.choose(&member, request, args)?;
        let root = chosen.scene.facts.repository.root.clone();
        self.begin(&member, &root, &chosen.message)?;
        self.step("Committing changes")?;
        let committed = self.ports.git.commit_all(
            &chosen.scene.facts.repository,
            &commit_message(&chosen.message),
            &self.excludes(),
        )?;
        self.step("Saving the session on this device")?;
        let frozen = self.freeze_chosen(&member, request, args, &chosen, &committed)?;
        self.end(&member, &root)?;
        drop(lock);
        self.deliver(&mut member, args, &chosen, &committed, frozen)
    }

    /// Looks at the repository, the conversations and the session, changes nothing.
    fn choose<'s>(
        &'s self,
        member: &Member,
        request: &Request,
        args: &SaveArgs,
    ) -> Result<Chosen<'s>, Trouble> {
        self.env_is_named(args)?;
        let scene = self.scene(request, args.conversation.as_deref())?;
        check(&scene.facts, args)?;
        is_wanted(&scene.facts, &self.ports.settings)?;
        let message = self.message(member, &scene, args)?;
        let history = self.known(member)?;
        // What was deleted is not gone on with.
        let binding = self
            .binding(member, &scene.facts.repository.root)?
            .filter(|binding| !history.is_deleted(&binding.session));
        let conversation = scene.conversations.first().map(|(_, found)| &found.id);
        let named = match &args.session {
            Some(text) => Some(history.resolve(text).map_err(|r| r.argument("--session"))?),
            None => None,
        };
        let home = conversation.and_then(|id| home_of(&history, id, &scene.facts));
        let target = target(args, named, binding.as_ref(), conversation, home);
        let (session, new_session, base) = match target {
            Target::New => (SessionId::from_random(&self.letters()), true, None),
            Target::Continue { session, from } => (session, false, from),
        };
        let parents = parents(&history, &session, base.as_ref(), member);
        let base = base.or_else(|| parents.first().map(|(save, _)| save.clone()));
        Ok(Chosen { scene, message, session, new_session, parents, base })
    }

    pub(crate) fn scene(
        &self,
        request: &Request,
        conversation: Option<&str>,
    ) -> Result<Scene<'_>, Trouble> {
        let directory = PathBuf::from(&request.directory);
        let facts = self.facts(&directory)?;
        let root = facts.repository.root.clone();
        must_be_text(&facts)?;
        let here = Here { work_tree: &root, directory: &directory, env: &request.env };
        let mut conversations: Vec<(&dyn Assistant, Found)> = Vec::new();
        for assistant in self.ports.assistants {
            let found = match conversation {
                Some(text) => vec![assistant.pick(&here, text)?],
                None => assistant.conversations(&here)?,
            };
            conversations.extend(found.into_iter().map(|found| (*assistant, found)));
        }
        Ok(Scene { facts, directory, conversations })
    }

    /// What is true of a work tree; files that are never saved are no changes.
    pub(crate) fn facts(&self, directory: &Path) -> Result<Facts, GitError> {
        self.ports.git.facts(directory, &self.excludes())
    }

    /// The user's message; with `--retry` the one of the save that was begun here.
    fn message(
        &self,
        member: &Member,
        scene: &Scene<'_>,
        args: &SaveArgs,
    ) -> Result<String, Trouble> {
        let given = args.message.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if let Some(message) = given {
            return fits(message).map(str::to_owned).map_err(Into::into);
        }
        if args.retry {
            let root = scene.facts.repository.root.as_os_str().as_encoded_bytes();
            if let Some(message) = self.remembered(member, Table::Intents, "intent", root)? {
                return Ok(message);
            }
            if let Some(last) = self.last_message(member, scene)? {
                return Ok(last);
            }
        }
        Err(Refusal::new("convosync::save::no-message", "a message is needed")
            .help("say what was done: `convosync save \"Implemented OAuth login\"`")
            .argument("message")
            .into())
    }

    /// The message of this work tree's newest save: what `--retry` tries again when the save
    /// itself went through and only its push or its upload did not.
    fn last_message(&self, member: &Member, scene: &Scene<'_>) -> Result<Option<String>, Trouble> {
        let Some(binding) = self.binding(member, &scene.facts.repository.root)? else {
            return Ok(None);
        };
        let card = self.known_card(member, &binding.session, &binding.tip)?;
        Ok(card.map(|card| card.message))
    }

    /// Records what is being saved, for `--retry` after whatever happens.
    fn begin(&self, member: &Member, root: &Path, message: &str) -> Result<(), Trouble> {
        let root = root.as_os_str().as_encoded_bytes();
        let intent = self.remember(member, Table::Intents, "intent", root, message);
        Ok(self.ports.index.apply(&[intent])?)
    }

    fn end(&self, member: &Member, root: &Path) -> Result<(), Trouble> {
        let root = root.as_os_str().as_encoded_bytes();
        let key = convosync_core::local_digest(&member.profile.account, "intent", root);
        let done = IndexChange::Remove(Table::Intents, key);
        Ok(self.ports.index.apply(&[done])?)
    }

    /// Tells what a save would do. Changes nothing.
    pub(crate) fn plan_save(
        &self,
        request: &Request,
        args: &SaveArgs,
    ) -> Result<PlanReport, Trouble> {
        let scene = self.scene(request, args.conversation.as_deref())?;
        check(&scene.facts, args)?;
        is_wanted(&scene.facts, &self.ports.settings)?;
        let facts = &scene.facts;
        let branch = branch(facts);
        let mut steps = Vec::new();
        match (facts.changes.len(), &args.message) {
            (0, _) => steps.push("nothing to commit".to_owned()),
            (n, message) => steps.push(format!(
                "commit {n} changed files on {branch}: \"{}\"",
                commit_message(message.as_deref().unwrap_or("<message>"))
            )),
        }
        match (args.no_push, push_remote(facts)) {
            (false, Some(remote)) => steps.push(format!("push to {remote}/{branch}")),
            _ => steps.push("seal the commits that no remote has into the session".to_owned()),
        }
        match scene.conversations.first() {
            Some((assistant, found)) => {
                steps.push(format!("save the {} conversation {}", assistant.name(), found.id));
            }
            None => steps.push("save no conversation: none was found here".to_owned()),
        }
        let (terminal, told) = self.terminal_now(request, args, facts);
        steps.extend(crate::terminal::told(&terminal));
        let profile = self.member()?.map(|member| member.profile);
        let store = profile.map_or_else(|| self.ports.stores.embedded_url(), |p| p.store_url);
        steps.push(format!("put the sealed session into {store}"));
        let mut notes = about::kept_back(&facts.kept_back);
        notes.extend(told);
        Ok(PlanReport { verb: "save".to_owned(), steps, decisions: Vec::new(), notes })
    }
}
