//! Finding what to resume, and where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use convosync_core::{Card, ObjectName, SaveId, SessionId, Vector};
use convosync_wire::{Failure, Note, OnConflict, Request, ResumeArgs, SessionNote};

use super::plan;
use crate::cards::session_notes;
use crate::engine::Engine;
use crate::freeze::{Draft, Packing};
use crate::gc::collected;
use crate::history::{Depth, History, Seen, newest_of};
use crate::member::Member;
use crate::ports::{Facts, GitError, Store, StoreError};
use crate::retention::deleted;
use crate::save::{is_called, repository_name, repository_shown};
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};

/// The save that will be brought back.
pub(crate) struct FoundSave {
    pub(crate) card: Card,
    pub(crate) is_head: bool,
    /// The heads that it is to be joined with: nothing is dropped.
    pub(crate) joins: Vec<(SaveId, Vector)>,
    /// Whether all of them are to be one save that has what each of them has.
    pub(crate) unites: bool,
    /// The repository here, if it had to be asked for: in a big one that takes its time.
    pub(crate) here: Option<Facts>,
    /// What was written about the session.
    pub(crate) session_notes: Vec<SessionNote>,
    pub(crate) notes: Vec<Note>,
}

impl Engine<'_> {
    pub(super) fn find(
        &self,
        member: &mut Member,
        store: Option<&dyn Store>,
        request: &Request,
        args: &ResumeArgs,
    ) -> Result<FoundSave, Trouble> {
        let depth = if args.at.is_some() { Depth::All } else { Depth::Heads };
        let history = match store {
            Some(store) => self.refreshed(member, store, ObjectName::UNITS, depth)?,
            None => self.known(member)?,
        };
        let mut here = None;
        let session = match &args.session {
            Some(text) => history.resolve(text)?,
            None => {
                here = self.facts_at(request)?;
                newest_here(&history, here.as_ref())?.session.clone()
            }
        };
        if history.is_deleted(&session) {
            return Err(deleted(&session).into());
        }
        let heads = history.heads(&session);
        let notes = history.notes.clone();
        let session_notes = session_notes(&history, &session);
        if let Some(text) = &args.at {
            let save = history.resolve_save(&session, text);
            let save =
                save.map_err(|refusal| self.no_such_save(member, store, &session, refusal, text))?;
            let is_head = heads.len() == 1 && heads.iter().any(|seen| seen.card.save == save);
            let seen = history.sessions.get(&session).and_then(|saves| saves.get(&save));
            let card = seen.map(|seen| seen.card.clone()).ok_or_else(|| not_found(&save))?;
            if card.note {
                return Err(only_a_note(&session, &save).into());
            }
            let (joins, unites) = (Vec::new(), false);
            return Ok(FoundSave { card, is_head, joins, unites, here, session_notes, notes });
        }
        if let Some(bad) = history.unreadable_head(&session) {
            let why = bad.why.clone();
            let intact = self.newest_whole(member, store, &session, &bad.save);
            return Err(damaged(&session, &bad.save, intact.as_ref(), why).into());
        }
        let (card, joins) = match heads.as_slice() {
            [] => return Err(only_parked(&session.to_string()).into()),
            [head] => (head.card.clone(), Vec::new()),
            several => {
                let chosen = self.choose_head(member, several, args)?;
                // Those that show as one are joined too: none of them may come back as a head.
                let every = history.every_head(&session).into_iter();
                let joins = every.map(|seen| (seen.card.save.clone(), seen.card.vector.clone()));
                (chosen, joins.collect())
            }
        };
        let unites = !joins.is_empty() && args.answers.on_conflict == Some(OnConflict::Merge);
        Ok(FoundSave { card, is_head: true, joins, unites, here, session_notes, notes })
    }

    /// The newest session of the repository here.
    pub(crate) fn newest_session_here(
        &self,
        history: &History,
        request: &Request,
    ) -> Result<SessionId, Trouble> {
        let here = self.facts_at(request)?;
        Ok(newest_here(history, here.as_ref())?.session.clone())
    }

    /// What is true of the repository here, if there is one.
    fn facts_at(&self, request: &Request) -> Result<Option<Facts>, Trouble> {
        match self.facts(Path::new(&request.directory)) {
            Ok(facts) => Ok(Some(facts)),
            Err(GitError::NotARepository(_) | GitError::NoWorkTree(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks which of several heads to go on with.
    fn choose_head(
        &self,
        member: &Member,
        heads: &[&Seen],
        args: &ResumeArgs,
    ) -> Result<Card, Trouble> {
        let cards: Vec<&Card> = heads.iter().map(|seen| &seen.card).collect();
        let me = &member.profile.device.id;
        let mine = cards.iter().copied().find(|card| card.device() == me);
        let now = self.ports.clock.now_ms();
        let age = |card: &Card| crate::age::ago(now.saturating_sub(card.timestamp_ms));
        let answer = plan::conflict(&cards, mine, &args.answers, &age)?;
        let remote: Vec<&Seen> =
            heads.iter().copied().filter(|seen| Some(&seen.card) != mine).collect();
        let chosen = match (answer, mine) {
            (OnConflict::KeepLocal, Some(mine)) => mine.clone(),
            (OnConflict::Merge, _) => newest_of(heads).map_or(cards[0], |seen| &seen.card).clone(),
            _ => newest_of(&remote).map_or_else(|| cards[0].clone(), |seen| seen.card.clone()),
        };
        Ok(chosen)
    }

    /// Makes one save of the chosen head whose parents are all of them. What it refers to is in
    /// this device's cache by now.
    pub(super) fn join_heads(
        &self,
        member: &Member,
        open: OpenSave,
        parents: Vec<(SaveId, Vector)>,
    ) -> Result<Card, Trouble> {
        let packing = Packing::new(self, member, open.card.session.clone());
        let draft = Draft { parents, ..Draft::again(open) };
        Ok(self.freeze(member, draft, packing, None)?.card)
    }

    /// The work tree that the save goes into: the one here if it is of the same repository, else a
    /// clone that this device knows, else a new one if the user asks for it.
    pub(super) fn target(
        &self,
        member: &Member,
        request: &Request,
        args: &ResumeArgs,
        here: Option<Facts>,
        open: &OpenSave,
    ) -> Result<Facts, Trouble> {
        if let Some(directory) = &args.clone {
            return self.make_clone(member, request, directory, open);
        }
        if let Some(directory) = &args.into {
            return self.chosen_tree(member, request, directory, open);
        }
        let here = match here {
            Some(facts) => Some(facts),
            None => self.facts_at(request)?,
        };
        if let Some(facts) = here.as_ref()
            && self.same_repository(member, facts, open)?
        {
            return Ok(facts.clone());
        }
        let mut clones = self.known_clones(member, open)?;
        match clones.len() {
            0 => Err(elsewhere(here.as_ref(), open).into()),
            1 => Ok(clones.remove(0)),
            _ => Err(super::dialog::which_clone(&clones, &open.card).into()),
        }
    }

    /// The clone that a session's code is read in: the one here, else the likeliest of those that
    /// are known. All of it is only added to, so it does not matter which.
    pub(super) fn clone_to_read_in(
        &self,
        member: &Member,
        request: &Request,
        open: &OpenSave,
    ) -> Result<Facts, Trouble> {
        let here = self.facts_at(request)?;
        if let Some(facts) = &here
            && self.same_repository(member, facts, open)?
        {
            return Ok(facts.clone());
        }
        let mut clones = self.known_clones(member, open)?.into_iter();
        clones.next().ok_or_else(|| elsewhere(here.as_ref(), open).into())
    }

    /// The work tree that the user names.
    fn chosen_tree(
        &self,
        member: &Member,
        request: &Request,
        directory: &str,
        open: &OpenSave,
    ) -> Result<Facts, Trouble> {
        let facts = match self.facts(&Path::new(&request.directory).join(directory)) {
            Ok(facts) => facts,
            Err(GitError::NotARepository(_) | GitError::NoWorkTree(_)) => {
                return Err(no_work_tree(directory).into());
            }
            Err(error) => return Err(error.into()),
        };
        match self.same_repository(member, &facts, open)? {
            true => Ok(facts),
            false => Err(elsewhere(Some(&facts), open).argument("--into").into()),
        }
    }

    /// Same normalised remote URL, or same root commit.
    pub(crate) fn same_repository(
        &self,
        member: &Member,
        facts: &Facts,
        open: &OpenSave,
    ) -> Result<bool, Trouble> {
        let Some(code) = &open.manifest.code else {
            return Ok(repository_name(facts) == open.card.repository);
        };
        if facts.remotes.iter().any(|remote| code.remotes.contains(&remote.normalised)) {
            return Ok(true);
        }
        let root = self.root_commit(member, &facts.repository)?;
        Ok(root.is_some() && root == code.root_commit)
    }

    /// The clones of the session's repository that this device has worked in and that are still
    /// there, those that were on this very session first, then by path.
    fn known_clones(&self, member: &Member, open: &OpenSave) -> Result<Vec<Facts>, Trouble> {
        let mut clones = Vec::new();
        let mut roots: BTreeSet<PathBuf> = BTreeSet::new();
        let mut bindings = self.bindings(member)?;
        bindings.sort_by_cached_key(|binding| {
            (binding.session != open.card.session, binding.root.clone())
        });
        for binding in bindings {
            if !roots.insert(binding.root.clone()) {
                continue;
            }
            // A clone that is gone, or that git can't read, is none.
            match self.facts(&binding.root) {
                Ok(facts) if self.same_repository(member, &facts, open).unwrap_or(false) => {
                    clones.push(facts);
                }
                Err(GitError::Cancelled) => return Err(Trouble::Cancelled),
                _ => {}
            }
        }
        Ok(clones)
    }

    fn make_clone(
        &self,
        member: &Member,
        request: &Request,
        directory: &str,
        open: &OpenSave,
    ) -> Result<Facts, Trouble> {
        let directory = Path::new(&request.directory).join(directory);
        let url = clone_url(open)?;
        if is_clone(&directory) {
            // A resume that was stopped after the clone goes on.
            let facts = self.facts(&directory)?;
            if self.same_repository(member, &facts, open)? {
                return Ok(facts);
            }
        }
        self.step(&format!("Cloning {url}"))?;
        self.ports.git.clone(&url, &directory)?;
        Ok(self.facts(&directory)?)
    }
}

/// Where a clone can be had.
pub(super) fn clone_url(open: &OpenSave) -> Result<String, Refusal> {
    let url = open.manifest.code.as_ref().and_then(|code| code.clone_url.clone());
    url.ok_or_else(|| {
        Refusal::new(
            "convosync::resume::no-remote",
            "the session's repository has no remote to clone from",
        )
        .help("bring a clone here by other means and resume inside it")
        .argument("--clone")
    })
}

/// Whether there is a clone already.
pub(super) fn is_clone(directory: &Path) -> bool {
    directory.join(".git").exists()
}

impl Engine<'_> {
    /// When a save turns out to be damaged: names the newest one that is whole.
    pub(crate) fn name_intact(
        &self,
        member: &mut Member,
        store: Option<&dyn Store>,
        card: &Card,
        trouble: Trouble,
    ) -> Trouble {
        if !is_damage(&trouble) {
            return trouble;
        }
        let (session, save) = (&card.session, &card.save);
        let intact = self.newest_whole(member, store, session, save);
        let why = trouble.failure();
        if damaged_code(&why.code) == ARRIVING
            && let Some(store) = store
            && let Ok(Some(why)) = self.why_gone(member, store, session, save)
        {
            return collected(session, save, why, intact.as_ref()).into();
        }
        damaged(session, save, intact.as_ref(), why).into()
    }

    fn why_gone(
        &self,
        member: &mut Member,
        store: &dyn Store,
        session: &SessionId,
        save: &SaveId,
    ) -> Result<Option<&'static str>, Trouble> {
        let units = ObjectName::units_of(session);
        let history = self.refreshed(member, store, &units, Depth::All)?;
        self.why_missing(member, store, &history, session, save)
    }

    /// That there is no save of that name, or no more.
    fn no_such_save(
        &self,
        member: &mut Member,
        store: Option<&dyn Store>,
        session: &SessionId,
        refusal: Refusal,
        text: &str,
    ) -> Refusal {
        let unknown = refusal.code == "convosync::save::not-found";
        let gone =
            store.filter(|_| unknown).map(|store| self.was_collected(member, store, session, text));
        match gone {
            Some(Ok(Some(save))) => {
                let intact = self.newest_whole(member, store, session, &save);
                let why = "it was collected: no newer save needs it";
                collected(session, &save, why, intact.as_ref()).argument("--at")
            }
            _ => refusal,
        }
    }

    /// The newest save of a session that can be brought back whole, other than `save`.
    fn newest_whole(
        &self,
        member: &mut Member,
        store: Option<&dyn Store>,
        session: &SessionId,
        save: &SaveId,
    ) -> Option<SaveId> {
        let units = ObjectName::units_of(session);
        let history = match store {
            Some(store) => self.refreshed(member, store, &units, Depth::All),
            None => self.known(member),
        };
        let saves = history.ok()?.sessions.remove(session)?;
        let mut shelf = Shelf::new(self, member, store);
        let mut others =
            saves.into_iter().rev().filter(|(id, seen)| id != save && !seen.card.parked);
        others.find(|(id, _)| shelf.is_whole(session, id)).map(|(id, _)| id)
    }
}

/// The code of a save of which something has not come yet.
pub(super) const ARRIVING: &str = "convosync::save::arriving";

/// The code of a save of which something can't be opened.
const DAMAGED: &str = "convosync::save::damaged";

pub(super) fn is_damage(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Object { .. } => true,
        Trouble::Store(error) => {
            matches!(error, StoreError::Missing(_) | StoreError::TooBig { .. })
        }
        Trouble::Refused(refusal) => {
            matches!(refusal.code, DAMAGED | ARRIVING)
        }
        _ => false,
    }
}

fn damaged(session: &SessionId, save: &SaveId, intact: Option<&SaveId>, why: Failure) -> Refusal {
    let help = match intact {
        Some(intact) => format!(
            "the newest save that is whole is {intact}: `convosync resume {session} --at {intact}`"
        ),
        None => "no save of this session is whole here; where the conversation still is, save it anew: `convosync save --new MESSAGE`".to_owned(),
    };
    Refusal {
        code: damaged_code(&why.code),
        message: format!("{save} of {session} can't be brought back: {}", why.message),
        help: Some(help),
        argument: None,
    }
}

fn damaged_code(code: &str) -> &'static str {
    match code {
        "convosync::store::missing" | ARRIVING | "convosync::object::unknown-device" => ARRIVING,
        _ => DAMAGED,
    }
}

fn not_found(save: &SaveId) -> Refusal {
    Refusal::new("convosync::save::not-found", format!("no save `{save}`")).argument("--at")
}

fn only_a_note(session: &SessionId, save: &SaveId) -> Refusal {
    Refusal::new("convosync::resume::note", format!("{save} is a note, and brings nothing back"))
        .help(format!("`convosync show {session}` shows it; name a save, or leave out `--at`"))
        .argument("--at")
}

fn only_parked(session: &str) -> Refusal {
    Refusal::new(
        "convosync::session::only-parked",
        format!("{session} holds only work that was put aside"),
    )
    .help(format!("`convosync log {session}` shows it; bring it back with `--at SAVE`"))
}

/// The newest head of the repository here.
fn newest_here<'h>(history: &'h History, here: Option<&Facts>) -> Result<&'h Card, Refusal> {
    let Some(facts) = here else {
        return Err(Refusal::new(
            "convosync::resume::which",
            "this is no repository, so it is not clear which session is meant",
        )
        .help("name one: `convosync list`, then `convosync resume SESSION` (with `--clone DIR` if there is no clone here)")
        .argument("session"));
    };
    let mut newest = history.newest().into_iter();
    let newest = newest.find(|seen| is_called(facts, &seen.card.repository));
    newest.map(|seen| &seen.card).ok_or_else(|| {
        let name = repository_name(facts);
        Refusal::new("convosync::resume::none-here", format!("no session of {name} was saved yet"))
            .help("`convosync list --all` shows the sessions of every repository")
            .argument("session")
    })
}

fn no_work_tree(directory: &str) -> Refusal {
    let directory = directory.escape_debug();
    Refusal::new("convosync::resume::no-work-tree", format!("{directory} is in no git work tree"))
        .help("name a clone of the session's repository; `--clone DIR` makes one")
        .argument("--into")
}

/// That here is another project, or no clone.
fn elsewhere(here: Option<&Facts>, open: &OpenSave) -> Refusal {
    let url = open.manifest.code.as_ref().and_then(|code| code.clone_url.as_ref());
    let theirs = url.unwrap_or(&open.card.repository);
    let clones = format!("`convosync resume {} --clone DIR`", open.card.session);
    match here {
        Some(facts) => Refusal::new(
            "convosync::resume::other-repository",
            format!(
                "cannot resume session\n\nSession repository: {}\nCurrent repository: {}\n\nThese are different projects!",
                theirs,
                repository_shown(facts)
            ),
        )
        .help(format!("go to a clone of the session's repository, or make one: {clones}")),
        None => Refusal::new(
            "convosync::resume::no-clone",
            format!("there is no clone of {theirs} here"),
        )
        .help(format!("{clones} makes one")),
    }
}
