//! Saving: ask outside, decide inside, commit, push and freeze, put, tell.

mod about;
mod again;
mod branch;
mod code;
mod deliver;
mod large;
mod lineage;
mod moment;
mod naming;
mod plan;
mod secrets;

use std::path::{Path, PathBuf};

use convosync_core::{SaveId, SessionId, Summary, Vector};
use convosync_wire::{
    Decision, Note, PlanReport, PlannedConversation, Request, SaveArgs, SaveMode, SavePlan,
    SaveReport,
};

use crate::account::LOCK_WAIT;
use crate::capture::{Archive, TRANSCRIPT};
use crate::count::counted;
use crate::engine::Engine;
use crate::member::Member;
use crate::panes::Taken;
use crate::ports::{Assistant, ChangeKind, Committed, Facts, Found, GitError, Here, SourceFile};
use crate::trouble::{Refusal, Trouble};

use branch::Onto;
use code::TakenWork;
use deliver::{OnItsWay, unchanged};
use large::Weight;
use lineage::GoesOn;
use moment::{home_of, parents};
use naming::push_remote;
use plan::{
    Target, check, commit_message, is_consistent, is_wanted, mode, save_mode, target, title,
};
use secrets::Secrets;

pub(crate) use moment::{carried_code, placeholder};
pub(crate) use naming::{is_called, names_of, remote_of, repository_name, repository_shown};
pub(crate) use plan::{conflicted, in_progress, listed};

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
    onto: Onto,
    /// The branch before.
    from: Option<String>,
    mode: SaveMode,
    /// Commits that no remote has travel with the save, and nothing is pushed.
    keeps_back: bool,
    /// No remote is asked what it has.
    asks_nobody: bool,
    message: String,
    title: Option<String>,
    archive: Archive,
    session: SessionId,
    new_session: bool,
    parents: Vec<(SaveId, Vector)>,
    base: Option<SaveId>,
}

impl Chosen<'_> {
    /// Whether nobody has saved here before, and no conversation was held here: whoever only
    /// passes through a repository gets no session.
    fn is_nobodys(&self) -> bool {
        self.new_session && self.scene.conversations.is_empty()
    }

    fn main(&self) -> Option<&(&dyn Assistant, Found)> {
        self.scene.conversations.first()
    }
}

/// What became of the code.
#[derive(Default)]
struct Coded<'e> {
    /// The commit that it is in, made now or before; none if the user left it out.
    committed: Option<Committed>,
    /// The work that is on top of it, on its way into the save.
    work: Option<TakenWork>,
    /// What looks like a secret in a commit that was made.
    secrets: Secrets,
    /// Such a commit on its way to its remote.
    underway: Option<OnItsWay<'e>>,
}

impl Engine<'_> {
    /// Saves this moment as one unit.
    ///
    /// What can be refused is refused before the commit. The push is at work while the save is frozen. Once frozen the save is safe on this device; a push or a put that fails leaves
    /// it queued, and is told, not an error.
    pub(crate) fn save(&self, request: &Request, args: &SaveArgs) -> Result<SaveReport, Trouble> {
        let lock = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        let mut member = self.member_or_local()?;
        self.sweep_parts()?;
        let args = &*self.as_asked(Some(&member), request, args)?;
        let mut chosen = self.choose(&member, request, args)?;
        let root = chosen.scene.facts.repository.root.clone();
        if args.auto && chosen.is_nobodys() {
            return Ok(unchanged(&member, &chosen));
        }
        if !args.auto {
            self.begin(&member, &root, &chosen.message, args)?;
        }
        let (mut coded, notes) = self.code(args, &mut chosen)?;
        self.let_go(&chosen, &mut coded);
        self.step("Saving the session on this device")?;
        let frozen = match self.freeze_chosen(&member, request, args, &chosen, &mut coded) {
            Ok(frozen) => frozen,
            Err(trouble) => {
                drop(lock);
                return Err(self.without_session(trouble, &chosen, coded, notes));
            }
        };
        let Some(mut frozen) = frozen else { return Ok(unchanged(&member, &chosen)) };
        frozen.notes.splice(0..0, notes);
        if args.auto {
            return self.kept_here(&member, args, &chosen, &coded, frozen);
        }
        let ended = self.end(&member, &root, args);
        drop(lock);
        if let Err(trouble) = ended {
            return Err(self.without_session(trouble, &chosen, coded, frozen.notes));
        }
        self.deliver(&mut member, args, &chosen, coded, frozen)
    }

    /// Brings the code into a commit on its branch.
    fn code(
        &self,
        args: &SaveArgs,
        chosen: &mut Chosen<'_>,
    ) -> Result<(Coded<'_>, Vec<Note>), Trouble> {
        if args.no_code {
            return Ok((Coded::default(), Vec::new()));
        }
        let large = large::note(&chosen.scene.facts);
        if chosen.mode == SaveMode::Stash {
            let (committed, work) = self.take_work(&chosen.scene.facts)?;
            let coded = Coded { committed: Some(committed), work, ..Coded::default() };
            return Ok((coded, large.into_iter().collect()));
        }
        let kept = self.step_onto(&mut chosen.scene, &chosen.onto)?;
        self.step("Committing changes")?;
        let committed = self.ports.git.commit_all(
            &chosen.scene.facts.repository,
            &commit_message(&chosen.message),
            &self.excludes(),
        );
        let committed = committed.map_err(|error| {
            Trouble::from(error).after(kept.iter().cloned().chain(chosen.onto.arrived()).collect())
        })?;
        let coded = Coded { committed: Some(committed), ..Coded::default() };
        Ok((coded, kept.into_iter().chain(large).collect()))
    }

    /// Lets a commit that was made go to its remote, while the rest of the save is made.
    fn let_go<'e>(&'e self, chosen: &Chosen<'_>, coded: &mut Coded<'e>) {
        if let Some(committed) = coded.committed.as_ref().filter(|committed| committed.made) {
            coded.secrets.of_commit(self.seen_in(chosen, committed));
            let bares = coded.secrets.in_the_commit();
            coded.underway = self.start_push(chosen, committed, bares);
        }
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
        let (onto, mode) = self.checked(&scene, args)?;
        let mode = mode.ok_or_else(|| save_mode(&scene.facts))?;
        let mode = self.unless_it_bares(&scene, &onto, args, mode)?;
        let message = self.message(member, &scene, args, mode)?;
        let archive = match args.interactive || args.on_large.is_some() {
            true => self.archive(&scene, args)?,
            // What it weighs is told once it was read anyway.
            false => Archive::AsBefore,
        };
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
        let (session, new_session, goes_on) = match target {
            Target::New => (SessionId::from_random(&self.letters()), true, GoesOn::FromAll),
            Target::Continue { session, from: Some(from) } => (session, false, GoesOn::From(from)),
            Target::Continue { session, from: None } => {
                let (main, root) = (scene.conversations.first(), &scene.facts.repository.root);
                let main = main.filter(|_| !args.no_conversation);
                let from = self.gone_on_from(member, &history, &session, main, root)?;
                (session, false, from)
            }
        };
        let base = match &goes_on {
            GoesOn::From(save) => Some(save.clone()),
            GoesOn::FromAll | GoesOn::Beside => None,
        };
        let parents = match goes_on {
            GoesOn::Beside => Vec::new(),
            _ => parents(&history, &session, base.as_ref(), member),
        };
        let base = base.or_else(|| parents.first().map(|(save, _)| save.clone()));
        let saves = history.sessions.get(&session);
        let before = base.as_ref().and_then(|save| saves?.get(save));
        let title = title(args, before.and_then(|seen| seen.card.title.as_deref()))?;
        let from = scene.facts.head.branch().map(str::to_owned);
        Ok(Chosen {
            scene,
            onto,
            from,
            mode,
            keeps_back: args.no_push || mode == SaveMode::Stash,
            asks_nobody: args.auto,
            message,
            title,
            archive,
            session,
            new_session,
            parents,
            base,
        })
    }

    /// What becomes of the conversation if it is large.
    fn archive(&self, scene: &Scene<'_>, args: &SaveArgs) -> Result<Archive, Trouble> {
        let main = scene.conversations.first().filter(|_| !args.no_conversation);
        let Some((assistant, found)) = main else { return Ok(Archive::AsBefore) };
        let weight = self.weight(*assistant, found)?;
        large::decide(&weight, &self.ports.settings.large, args)
    }

    /// Reads how large a conversation is here.
    fn weight(&self, assistant: &dyn Assistant, found: &Found) -> Result<Weight, Trouble> {
        let files = self.files_of(assistant, found)?;
        let transcript = files.iter().find(|file| file.logical.as_str() == TRANSCRIPT);
        let Some(transcript) = transcript else {
            return Ok(Weight { messages: 0, bytes: 0, tokens: None });
        };
        let Summary { messages, context_tokens, .. } = self.summary_of(assistant, transcript)?;
        Ok(Weight { messages, bytes: transcript.len, tokens: context_tokens })
    }

    fn files_of(
        &self,
        assistant: &dyn Assistant,
        found: &Found,
    ) -> Result<Vec<SourceFile>, Trouble> {
        let files = assistant.files_at(&found.id, &found.directory)?;
        // Copied by hand, a transcript may lie where no directory that it names would put it.
        Ok(if files.is_empty() { assistant.files(&found.id)? } else { files })
    }

    /// Whether the save may be done, on which branch, and how it takes what no commit holds; of that
    /// none: the user has to say.
    fn checked(
        &self,
        scene: &Scene<'_>,
        args: &SaveArgs,
    ) -> Result<(Onto, Option<SaveMode>), Trouble> {
        is_consistent(args, !scene.conversations.is_empty())?;
        let facts = &scene.facts;
        let mode = mode(facts, args, &self.ports.settings, &repository_name(facts));
        check(facts, args, mode)?;
        let onto = self.onto(&scene.facts, args)?;
        if !(args.no_code || args.force) {
            let branch = onto.other().or(scene.facts.head.branch()).unwrap_or_default();
            is_wanted(branch, &self.ports.settings)?;
            large::refuse(&scene.facts)?;
        }
        Ok((onto, mode))
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

    /// The user's message, or what a save is called that nobody named.
    fn message(
        &self,
        member: &Member,
        scene: &Scene<'_>,
        args: &SaveArgs,
        mode: SaveMode,
    ) -> Result<String, Trouble> {
        let given = args.message.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if let Some(message) = given {
            return fits(message).map(str::to_owned).map_err(Into::into);
        }
        if args.auto {
            let last = self.last_message(member, &scene.facts.repository.root)?;
            return Ok(plan::saved_by_itself(last, &scene.facts));
        }
        if mode == SaveMode::Stash {
            return Ok(plan::work_in_progress(&scene.facts));
        }
        Err(Refusal::new("convosync::save::no-message", "a message is needed")
            .help("say what was done: `convosync save \"Implemented OAuth login\"`")
            .argument("message")
            .into())
    }

    /// Tells what a save would do. Changes nothing.
    pub(crate) fn plan_save(
        &self,
        request: &Request,
        args: &SaveArgs,
    ) -> Result<PlanReport, Trouble> {
        let member = self.member()?;
        let args = &*self.as_asked(member.as_ref(), request, args)?;
        let scene = self.scene(request, args.conversation.as_deref())?;
        let (onto, mode) = self.checked(&scene, args)?;
        let ask = mode.is_none().then(|| save_mode(&scene.facts));
        // As the recommended answer has it.
        let mode = mode.unwrap_or(SaveMode::Commit);
        let (secrets, unread) = match self.foreseen_secrets(&scene.facts, args, mode) {
            Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
            Err(trouble) => (Secrets::default(), Some(secrets::not_looked_through(trouble))),
            Ok(secrets) => (secrets, None),
        };
        let question = secrets.question(&scene.facts, &onto);
        let answer = args.on_secrets.filter(|_| question.is_some());
        let mode = match answer.map_or(Ok(mode), |it| secrets::as_answered(it, &onto, mode)) {
            Err(Trouble::Cancelled) => return Ok(stopped(question)),
            mode => mode?,
        };
        let mut steps = code_steps(&scene.facts, &onto, args, mode);
        steps.push(match scene.conversations.first() {
            _ if args.no_conversation => "leave the conversation out".to_owned(),
            Some((assistant, found)) => {
                format!("save the {} conversation {}", assistant.name(), found.id)
            }
            None => "save no conversation: none was found here".to_owned(),
        });
        let mut notes = Vec::new();
        if args.no_terminal {
            steps.push("leave out where you are".to_owned());
        } else {
            let (terminal, told) = self.terminal_now(request, args, &scene.facts);
            steps.extend(crate::terminal::told(&terminal));
            notes = told;
            let ids: Vec<_> = scene.conversations.iter().map(|(_, found)| &found.id).collect();
            match self.panes_now(request, &scene.facts, &ids) {
                Ok(taken) => {
                    steps.extend(taken.iter().map(|taken| taken.told(self.wants_texts(args))));
                    notes.extend(taken.iter().flat_map(Taken::notes).cloned());
                }
                Err(note) => notes.push(note),
            }
        }
        let store = member.map(|member| member.profile.store_url);
        let store = store.unwrap_or_else(|| self.ports.stores.embedded_url());
        steps.push(format!("put the sealed session into {store}"));
        let kept_back = if args.no_code { &[][..] } else { &scene.facts.kept_back };
        notes.splice(0..0, about::kept_back(kept_back));
        let asked = question.filter(|_| Secrets::is_asked(args));
        notes.extend(unread);
        notes.extend(secrets.warning().filter(|_| asked.is_none() && mode == SaveMode::Commit));
        let (save, decisions) = self.foreseen(&scene, &onto, args)?;
        let decisions = ask.into_iter().chain(asked).chain(decisions).collect();
        Ok(PlanReport { verb: "save".to_owned(), steps, decisions, save: Some(save), notes })
    }

    /// What a save would take in, and what it would ask.
    fn foreseen(
        &self,
        scene: &Scene<'_>,
        onto: &Onto,
        args: &SaveArgs,
    ) -> Result<(SavePlan, Vec<Decision>), Trouble> {
        let facts = &scene.facts;
        let limits = &self.ports.settings.large;
        let mut decisions = Vec::new();
        let conversation = match scene.conversations.first() {
            None => None,
            Some((assistant, found)) => {
                let weight = self.weight(*assistant, found)?;
                if !args.no_conversation
                    && let Err(Trouble::Decide(decision)) = large::decide(&weight, limits, args)
                {
                    decisions.push(*decision);
                }
                Some(PlannedConversation {
                    assistant: assistant.name().to_owned(),
                    conversation_id: found.id.to_string(),
                    title: found.title.clone(),
                    message_count: weight.messages,
                    size: weight.bytes,
                    resume_tokens: weight.tokens,
                    large: limits.is(weight.messages, weight.bytes),
                })
            }
        };
        let new = facts.changes.iter().filter(|change| change.kind == ChangeKind::New).count();
        let plan = SavePlan {
            branch: onto.other().or(facts.head.branch()).map(str::to_owned),
            modified_files: (facts.changes.len() - new) as u64,
            new_files: new as u64,
            conversation,
            directory: scene.directory.display().to_string(),
        };
        Ok((plan, decisions))
    }
}

/// The plan of a save that stops at what looks like a secret.
fn stopped(question: Option<Decision>) -> PlanReport {
    PlanReport {
        verb: "save".to_owned(),
        steps: vec!["save nothing: what looks like a secret would be pushed".to_owned()],
        decisions: question.into_iter().collect(),
        save: None,
        notes: Vec::new(),
    }
}

/// What a save would do to the code.
fn code_steps(facts: &Facts, onto: &Onto, args: &SaveArgs, mode: SaveMode) -> Vec<String> {
    if args.no_code {
        return vec!["leave the code out: nothing is committed or pushed".to_owned()];
    }
    let branch = onto.other().unwrap_or(facts.head.name());
    let mut steps: Vec<String> = onto.told().into_iter().collect();
    let files = counted(facts.changes.len() as u64, "changed file");
    steps.push(match (facts.changes.is_empty(), &args.message) {
        (true, _) => "nothing to commit".to_owned(),
        (false, _) if mode == SaveMode::Stash => {
            format!("seal {files} into the session; commit nothing")
        }
        (false, message) => format!(
            "commit {files} on {branch}: \"{}\"",
            commit_message(message.as_deref().unwrap_or("<message>"))
        ),
    });
    steps.push(match (args.no_push || mode == SaveMode::Stash, push_remote(facts)) {
        (false, Some(remote)) => format!("push to {remote}/{branch}"),
        _ => "seal the commits that no remote has into the session".to_owned(),
    });
    steps
}
