//! Resuming: read heads, open the save, stage it, decide; then code, conversation and directory,
//! each after what is in its place was put aside; tell.

mod apart;
mod beside;
mod code;
mod conversation;
mod dialog;
mod find;
mod gather;
mod go_on;
mod merge;
mod panes;
mod plan;
mod work;

use convosync_core::{Card, LeftOut, ObjectName, SaveId, Vector};
use convosync_wire::{
    Answers, Decision, Note, PlanReport, Request, ResumeArgs, ResumeReport, SessionNote,
};

use std::path::{Path, PathBuf};

use crate::account::LOCK_WAIT;
use crate::bind::Binding;
use crate::cards::holds;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Facts, Store};
use crate::save::must_be_text;
use crate::send::{SEND_WAIT, Sending, Which, not_sent};
use crate::shelf::{OpenSave, Shelf};
use crate::show::timeline;
use crate::terminal::{commands, to_fill_in};
use crate::trouble::{Refusal, Trouble};
use crate::undo::{Intent, Keeping};
use beside::Beside;
use code::CodePlan;
use conversation::{ConversationPlan, Restored};
use find::FoundSave;
use gather::Arriving;
use merge::ByHand;
use panes::Back;

/// A save that was found and opened, and where it goes.
struct Ready {
    open: OpenSave,
    /// Whether it is its session's head: the next save then goes on with the session.
    is_head: bool,
    /// The heads that it is to be joined with.
    joins: Vec<(SaveId, Vector)>,
    /// Whether all of them become one save that has what each of them has.
    unites: bool,
    /// The merge of their code that the user has to end first.
    by_hand: Option<ByHand>,
    /// Whether commits were fetched on the way.
    fetched: bool,
    /// As in [`ResumeArgs::pull`].
    pull: Option<bool>,
    facts: Facts,
    session_notes: Vec<SessionNote>,
    notes: Vec<Note>,
}

impl Engine<'_> {
    /// Brings a saved session back here.
    ///
    /// Every question is asked before anything is touched. The target's own work is put aside
    /// before it is replaced, and the report says how to get it back. Each step can be done again:
    /// the same command after a crash goes on where it stopped.
    pub(crate) fn resume(
        &self,
        request: &Request,
        args: &ResumeArgs,
    ) -> Result<ResumeReport, Trouble> {
        let mut args = args.clone();
        loop {
            match self.resume_decided(request, &args) {
                // Each question is answered once, so this ends.
                Err(Trouble::Decide(question))
                    if args.force && plan::force(&mut args, &question) => {}
                ended => return ended,
            }
        }
    }

    fn resume_decided(
        &self,
        request: &Request,
        args: &ResumeArgs,
    ) -> Result<ResumeReport, Trouble> {
        let lock = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        let mut member = self.need_member()?;
        let args = &self.gone_on(&member, request, args)?;
        self.step("Looking for the session")?;
        let store = self.open_store(&member.profile);
        let store = self.answering(store)?;
        let (mut found, open) = self.found_save(&mut member, store.as_deref(), request, args)?;
        let here = found.here.take();
        let facts = self.target(&member, request, args, here, &open)?;
        let mut ready = self.ready(store.is_some(), args, found, open, facts)?;
        self.refuse_waiting(&member, &ready.facts)?;
        let answers = answers(args);
        let mut shelf = Shelf::new(self, &member, store.as_deref());
        let work_tree = ready.facts.repository.root.clone();
        let mut plan = || {
            let arriving = self.start_code(&ready)?;
            self.bring_here(&mut shelf, store.as_deref(), &ready.open)?;
            let union = self.united(&member, &mut shelf, store.as_deref(), &mut ready, &answers)?;
            let plan_talk = |shelf: &mut Shelf<'_>, open: &OpenSave| {
                self.plan_conversation(&member, shelf, open, &work_tree, request, args)
            };
            // While git fetches. What there is to ask of the code is asked first all the same.
            let meanwhile = arriving.as_ref().is_some_and(Arriving::is_on_its_way);
            let early = meanwhile.then(|| plan_talk(&mut shelf, &ready.open));
            let code = self.plan_code(&member, &mut shelf, &mut ready, arriving, &answers)?;
            let talk = match (&ready.by_hand, early) {
                (Some(_), _) => None,
                // The fetch may have taken minutes.
                (None, Some(Ok(talk))) if self.still_as_planned(talk.as_ref(), request).is_ok() => {
                    talk
                }
                (None, _) => plan_talk(&mut shelf, &ready.open)?,
            };
            let beside = match &ready.by_hand {
                Some(_) => Vec::new(),
                None => {
                    let (beside, notes) =
                        self.plan_beside(&member, &mut shelf, &ready.open, &work_tree)?;
                    ready.notes.extend(notes);
                    beside
                }
            };
            Ok((union, code, talk, beside))
        };
        let (union, code, talk, beside) = match plan() {
            Ok(planned) => planned,
            Err(trouble) => {
                let card = &ready.open.card;
                return Err(self.name_intact(&mut member, store.as_deref(), card, trouble));
            }
        };
        // From here on things change. What joins heads is sent like a save.
        let which = if ready.joins.is_empty() { Which::Due } else { Which::All };
        let noted = self.note_resume(&member, &intent(&ready, &code, args))?;
        if let Some(by_hand) = &ready.by_hand {
            return Err(self.stop_for_merge(&member, &ready, by_hand, &code, noted));
        }
        let (mut entry, aside) = noted;
        if let Some(union) = union {
            self.freeze_union(&member, &mut ready, union)?;
        }
        let mut done = match self.apply_code(&ready, &code, &aside) {
            Ok(done) => done,
            Err(trouble) => {
                self.note_untouched(&member, &ready.facts, &entry, &aside)?;
                return Err(trouble);
            }
        };
        let keeping = Keeping { member: &member, root: &work_tree, env: &request.env };
        let restored = self
            .still_as_planned(talk.as_ref(), request)
            .and_then(|()| self.park_conversation(&member, &mut shelf, &ready, talk.as_ref()))
            .map(|parked| done.parked.extend(parked))
            .and_then(|()| self.apply_beside(&keeping, &mut entry, talk.as_ref(), beside))
            .map(|placed| done.notes.extend(placed))
            .and_then(|()| self.apply_conversation(&keeping, &mut entry, talk))
            .and_then(|restored| {
                let elsewhere = !done.in_step && !done.ahead && done.pulled == 0;
                self.bound(&member, &mut ready, restored.as_ref(), elsewhere).map(|()| restored)
            })
            .and_then(|restored| {
                self.note_resumed(&member, &ready.facts.repository, entry).map(|()| restored)
            });
        let restored = match restored {
            Ok(restored) => restored,
            Err(trouble) => return Err(trouble.after(done.parked)),
        };
        let directory = directory_of(&ready.open, &work_tree);
        let mut terminal = ready.open.manifest.terminal.take().unwrap_or_default();
        drop(lock);
        if let Some(store) = &store {
            // The session is back; what could not be sent on the way is told, and stays queued.
            match self.flush(
                &member,
                store.as_ref(),
                Sending { which, ..Sending::by_the_way(SEND_WAIT) },
            ) {
                Ok(sent) => ready.notes.extend(sent.notes),
                Err(trouble) => ready.notes.push(not_sent(trouble)),
            }
        }
        let unit = ready.open.name.clone();
        let session = ready.open.card.session.clone();
        let main = ready.open.manifest.wanted_conversations().first().map(|talk| talk.id.clone());
        let mut report = report(ready, done, restored, directory, args);
        let (history, left_out) = commands(&terminal, args.history);
        report.history = history;
        report.notes.extend(left_out);
        (report.env, report.env_missing) = self.let_in(&terminal);
        report.notes.extend(to_fill_in(&report.env_missing, &terminal));
        let back = Back {
            request,
            member: &member,
            session: &session,
            unit: &unit,
            work_tree: &work_tree,
            layout: terminal.layout.take(),
            main: main.as_ref(),
        };
        self.open_panes(args, &back, &mut shelf, &mut report);
        Ok(report)
    }

    /// What a resume would do. Changes nothing, fetches no commits, makes no clone.
    pub(crate) fn plan_resume(
        &self,
        request: &Request,
        args: &ResumeArgs,
    ) -> Result<PlanReport, Trouble> {
        let mut member = self.need_member()?;
        let store = self.open_store(&member.profile);
        let store = self.answering(store)?;
        let mut assumed = Assumed { args: args.clone(), decisions: Vec::new() };
        assumed.args.answers = answers(args);
        let found =
            assumed.on(|args| self.found_save(&mut member, store.as_deref(), request, args))?;
        let Some((mut found, open)) = found else {
            return Ok(assumed.told(Vec::new(), Vec::new()));
        };
        if let Some(directory) = &args.clone
            && !find::is_clone(&Path::new(&request.directory).join(directory))
        {
            let steps = told_of_clone(&open, directory)?;
            return Ok(assumed.told(steps, found.notes));
        }
        let here = found.here.take();
        let facts = assumed.on(|args| self.target(&member, request, args, here.clone(), &open))?;
        let Some(facts) = facts else { return Ok(assumed.told(Vec::new(), found.notes)) };
        let mut ready = self.ready(store.is_some(), args, found, open, facts)?;
        let mut shelf = Shelf::new(self, &member, store.as_deref());
        let root = ready.facts.repository.root.clone();
        if ready.unites {
            // What comes of it is only known when all of them are here.
            let steps = vec![
                format!("join {} saves: their commits, and their conversations", ready.joins.len()),
                format!("bring what comes of it to {}", root.display()),
            ];
            return Ok(assumed.told(steps, ready.notes));
        }
        let code =
            assumed.on(|args| self.foresee_code(&member, &mut shelf, &mut ready, &args.answers))?;
        let mut steps: Vec<String> = code.iter().flat_map(CodePlan::told).collect();
        if let Some(by_hand) = &ready.by_hand {
            steps.extend(by_hand.told());
            return Ok(assumed.told(steps, ready.notes));
        }
        let talk = assumed.on(|args| {
            self.plan_conversation(&member, &mut shelf, &ready.open, &root, request, args)
        })?;
        let talk = talk.flatten();
        steps.extend(talk.as_ref().map(ConversationPlan::told));
        let starts = talk.as_ref().and_then(ConversationPlan::starts);
        let (beside, notes) = self.plan_beside(&member, &mut shelf, &ready.open, &root)?;
        steps.extend(beside.iter().map(Beside::told));
        ready.notes.extend(notes);
        steps.push(format!("go to {}", directory_of(&ready.open, &root).display()));
        steps.extend(starts.filter(|_| args.run).map(|command| format!("start `{command}` there")));
        steps.extend(self.told_of_env(&ready.open));
        let (panes, notes) = self.foresee_panes(request, args, &ready.open, &root);
        steps.extend(panes);
        ready.notes.extend(notes);
        Ok(assumed.told(steps, ready.notes))
    }

    /// That the caller is to set variables, if it is.
    fn told_of_env(&self, open: &OpenSave) -> Option<String> {
        let (set, _) = self.let_in(open.manifest.terminal.as_ref()?);
        let names: Vec<_> = set.iter().map(|variable| variable.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("set {}", names.join(", ")))
    }

    /// A store that does not answer is none: what this device keeps may do. One that is not ours
    /// is an error.
    pub(crate) fn answering(
        &self,
        store: Result<Box<dyn Store>, Trouble>,
    ) -> Result<Option<Box<dyn Store>>, Trouble> {
        match store {
            Ok(store) => Ok(Some(store)),
            Err(Trouble::Store(_)) => Ok(None),
            Err(Trouble::Refused(refusal)) if refusal.code == "convosync::store::no-record" => {
                Ok(None)
            }
            // It was moved to where this device can't go: what is known here does no harm.
            Err(Trouble::Refused(refusal)) if refusal.code == crate::relocate::NOT_HERE => {
                let Refusal { code, message, help, .. } = refusal;
                self.also_tell(Note { code: code.to_owned(), text: message, help });
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Gets everything that a save refers to into this device's cache: nothing is begun that
    /// can't be ended.
    fn bring_here(
        &self,
        shelf: &mut Shelf<'_>,
        store: Option<&dyn Store>,
        open: &OpenSave,
    ) -> Result<(), Trouble> {
        let needed = open.manifest.containers();
        let is_near = |name: &ObjectName| {
            let near = |place: &dyn Store| place.get_range(name, 0..1).is_ok();
            near(self.ports.outbox) || near(self.ports.cache)
        };
        let all = needed.iter().chain([&open.name]);
        let away: Vec<_> = all.filter(|name| !is_near(name)).collect();
        for (number, name) in away.iter().enumerate() {
            self.step_of("Downloading the session", number, away.len())?;
            let (name, sealed) = match shelf.sealed(name) {
                Ok(sealed) => ((*name).clone(), sealed),
                Err(error) => shelf.stand_in(name).ok_or_else(|| arriving(open, error))?,
            };
            if store.is_some() {
                self.keep(&name, &sealed)?;
            }
        }
        Ok(())
    }

    fn bound(
        &self,
        member: &Member,
        ready: &mut Ready,
        restored: Option<&Restored>,
        elsewhere: bool,
    ) -> Result<(), Trouble> {
        if !ready.joins.is_empty() {
            let OpenSave { card, manifest, name } = &ready.open;
            let (card, manifest, name) = (card.clone(), manifest.clone(), name.clone());
            let parents = std::mem::take(&mut ready.joins);
            let open = OpenSave { card, manifest, name };
            ready.open.card = self.join_heads(member, open, parents)?;
        }
        let card = &ready.open.card;
        let binding = Binding {
            session: card.session.clone(),
            tip: card.save.clone(),
            conversation: restored.map(|r| r.id.clone()).or_else(|| card.conversation.clone()),
            continues: ready.is_head,
            elsewhere,
            root: ready.facts.repository.root.clone(),
        };
        let change = self.bind(member, &binding);
        Ok(self.ports.index.apply(&[change])?)
    }

    /// The save that is chosen, opened.
    pub(crate) fn found_save(
        &self,
        member: &mut Member,
        store: Option<&dyn Store>,
        request: &Request,
        args: &ResumeArgs,
    ) -> Result<(FoundSave, OpenSave), Trouble> {
        let found = self.find(member, store, request, args)?;
        let mut shelf = Shelf::new(self, member, store);
        let card = &found.card;
        match shelf.save(&card.session, &card.save) {
            Ok(open) => Ok((found, open)),
            Err(trouble) => Err(self.name_intact(member, store, &found.card, trouble)),
        }
    }

    /// The save with the repository that it goes into.
    fn ready(
        &self,
        is_online: bool,
        args: &ResumeArgs,
        found: FoundSave,
        open: OpenSave,
        mut facts: Facts,
    ) -> Result<Ready, Trouble> {
        if args.session.is_none() {
            let card = &open.card;
            self.step(&format!("Resuming {}: \"{}\"", card.session, card.message))?;
        }
        let FoundSave { is_head, joins, unites, session_notes, mut notes, .. } = found;
        if self.ports.git.settled(&facts.repository)? {
            facts = self.facts(&facts.repository.root)?;
        }
        must_be_text(&facts)?;
        if !is_online {
            notes.push(offline());
        }
        notes.extend(left_out(open.manifest.left_out));
        let (by_hand, fetched, pull) = (None, false, args.pull);
        Ok(Ready {
            open,
            is_head,
            joins,
            unites,
            by_hand,
            fetched,
            pull,
            facts,
            session_notes,
            notes,
        })
    }
}

/// A plan that goes on past each question with the answer that is recommended.
struct Assumed {
    args: ResumeArgs,
    decisions: Vec<Decision>,
}

impl Assumed {
    /// Tries with what is assumed so far; `None`: a question has no answer but to cancel.
    fn on<T>(
        &mut self,
        mut attempt: impl FnMut(&ResumeArgs) -> Result<T, Trouble>,
    ) -> Result<Option<T>, Trouble> {
        loop {
            match attempt(&self.args) {
                Ok(done) => return Ok(Some(done)),
                Err(Trouble::Decide(decision))
                    if self.args.force && plan::force(&mut self.args, &decision) => {}
                Err(Trouble::Decide(decision)) => {
                    let taken = plan::assume(&mut self.args, &decision);
                    self.decisions.push(*decision);
                    if !taken {
                        return Ok(None);
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    fn told(self, steps: Vec<String>, notes: Vec<Note>) -> PlanReport {
        PlanReport {
            verb: "resume".to_owned(),
            steps,
            decisions: self.decisions,
            save: None,
            notes,
        }
    }
}

/// What a resume is about to change.
fn intent<'a>(ready: &'a Ready, code: &'a CodePlan, args: &ResumeArgs) -> Intent<'a> {
    let card = &ready.open.card;
    Intent {
        facts: &ready.facts,
        session: &card.session,
        save: &card.save,
        message: &card.message,
        pinned: args.at.is_some(),
        cloned: args.clone.is_some(),
        code: code.intent(ready.by_hand.is_some()),
    }
}

/// Who asks for a clone wants the session's branch in it.
fn answers(args: &ResumeArgs) -> Answers {
    let mut answers = args.answers.clone();
    if args.clone.is_some() {
        answers.switch_branch.get_or_insert(true);
    }
    answers
}

fn told_of_clone(open: &OpenSave, directory: &str) -> Result<Vec<String>, Refusal> {
    let mut steps = vec![format!("clone {} into {directory}", find::clone_url(open)?)];
    let code = open.manifest.wanted_code();
    steps.extend(code.map(|code| format!("switch to branch {}", code.branch)));
    steps.extend(open.manifest.wanted_conversations().first().map(|conversation| {
        let (assistant, count) = (&conversation.assistant, conversation.message_count);
        format!("restore the {assistant} conversation {} ({count} messages)", conversation.id)
    }));
    Ok(steps)
}

/// That the save brings back less than a session.
fn left_out(left_out: LeftOut) -> Option<Note> {
    let what = match left_out {
        LeftOut { code: true, conversation: true } => "code and conversation",
        LeftOut { code: true, .. } => "the code",
        LeftOut { conversation: true, .. } => "the conversation",
        _ => return None,
    };
    Some(Note {
        code: "convosync::resume::left-out".to_owned(),
        text: format!("this save was made without {what}: of that nothing was changed here"),
        help: Some("`convosync log SESSION` shows what each save holds; `--at SAVE` brings an older one back".to_owned()),
    })
}

pub(crate) fn offline() -> Note {
    Note {
        code: "convosync::store::unreachable".to_owned(),
        text: "the store does not answer; this is what this device knows".to_owned(),
        help: None,
    }
}

fn arriving(open: &OpenSave, error: crate::ports::StoreError) -> Trouble {
    match error {
        crate::ports::StoreError::Missing(name) => Refusal::new(
            find::ARRIVING,
            format!("{} is not all there yet: {name} is missing", open.card.save),
        )
        .help("a synchronised folder may still be behind: try again in a while, or take an older save with `--at`")
        .into(),
        other => other.into(),
    }
}

/// Where the user was, if that is here; else the top of the work tree.
fn directory_of(open: &OpenSave, work_tree: &Path) -> PathBuf {
    let below = open.manifest.terminal.as_ref().map_or("", |terminal| &terminal.directory);
    let plain = Path::new(below)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(name) if name != ".git"));
    let wanted = work_tree.join(below);
    match wanted.canonicalize() {
        Ok(real) if plain && real.starts_with(work_tree) && real.is_dir() => real,
        _ => work_tree.to_path_buf(),
    }
}

fn report(
    ready: Ready,
    done: code::Done,
    restored: Option<Restored>,
    directory: PathBuf,
    args: &ResumeArgs,
) -> ResumeReport {
    let card: Card = ready.open.card;
    let holds = holds(&card);
    let mut notes = ready.notes;
    notes.extend(done.notes);
    let main = ready.open.manifest.conversations.first();
    let timeline = main.map(|talk| timeline(&talk.spans)).unwrap_or_default();
    let mut report = ResumeReport {
        session_id: card.session.to_string(),
        save: SaveId::to_string(&card.save),
        device: card.device_name,
        timestamp: card.timestamp_ms,
        message: card.message,
        working_directory: directory.display().to_string(),
        previous_branch: done.previous_branch,
        branch: done.branch,
        commit: done.commit,
        commit_subject: done.subject,
        switched_branch: done.switched,
        uncommitted: done.uncommitted,
        fetched: done.fetched,
        pulled: done.pulled,
        in_step: done.in_step,
        holds,
        ahead: done.ahead,
        conversation_id: None,
        conversation_restored: false,
        assistant: None,
        message_count: 0,
        timeline,
        session_notes: ready.session_notes,
        open_with: None,
        run: Vec::new(),
        history: Vec::new(),
        env: Vec::new(),
        env_missing: Vec::new(),
        panes: None,
        parked: done.parked,
        notes,
    };
    if let Some(restored) = restored {
        report.in_step &= restored.in_step;
        report.ahead &= restored.in_step;
        report.conversation_id = Some(restored.id.to_string());
        report.conversation_restored = restored.written;
        report.assistant = Some(restored.assistant);
        report.message_count = restored.messages;
        if args.run && restored.in_step {
            // It is made of plain words.
            report.run = restored.open_with.split(' ').map(str::to_owned).collect();
        }
        report.open_with = Some(restored.open_with);
        report.notes.extend(restored.notes);
    }
    report
}
