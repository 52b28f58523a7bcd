//! Looking: list, log, status, devices. They change nothing but what is queued, which is sent.

use std::path::Path;
use std::time::Duration;

use convosync_core::{Card, ObjectName};
use convosync_wire::{
    DeviceRow, ListArgs, LogRow, Note, Request, RetentionState, Rows, SessionRow, StatusReport,
    WaitingResume, WaitingSave,
};

use crate::backoff::is_due;
use crate::capture::relative;
use crate::cards::{device_rows, log_rows, session_row};
use crate::engine::Engine;
use crate::glance::Wanted;
use crate::history::{Depth, History, Seen};
use crate::member::Member;
use crate::ports::{Facts, GitError, QueueRow, Store};
use crate::save::{Scene, names_of, repository_name};
use crate::send::Sending;
use crate::trouble::Trouble;

/// Sessions that a list shows unless asked for more.
const RECENT: usize = 10;

/// What this device and, if it answers, the store know.
pub(crate) struct View {
    pub(crate) member: Member,
    pub(crate) store: Option<Box<dyn Store>>,
    pub(crate) history: History,
}

/// A store that answers, or not.
struct Reach {
    member: Member,
    store: Option<Box<dyn Store>>,
    notes: Vec<Note>,
}

impl Engine<'_> {
    /// Every session by its newest head, this repository's first, newest first.
    pub(crate) fn list(
        &self,
        request: &Request,
        args: &ListArgs,
    ) -> Result<Rows<SessionRow>, Trouble> {
        let Some(member) = self.member()? else { return Ok(Vec::new().into()) };
        let mut reach = self.reach_as(member, args.offline)?;
        let glance = self.glance(&mut reach.member, reach.store.as_deref())?;
        let only_here = args.here || args.repo.as_deref() == Some(".");
        // News come by their time: whoever watches need not be anywhere.
        let here = match args.news && !only_here {
            true => Vec::new(),
            false => self.names_here(request)?,
        };
        let folder = args.here.then(|| self.folder_here(request)).transpose()?;
        let by_card = args.branch.is_some() || args.device.is_some() || folder.is_some();
        let by_card = by_card || args.news;
        let me = reach.member.profile.device.id.clone();
        let is_wanted = |card: &Card| {
            let announced = *card.device() != me && !card.quiet;
            (announced || !args.news)
                && matches(card, args)
                && folder.as_ref().is_none_or(|folder| is_below(card, folder))
        };
        let wanted = Wanted {
            here: &here,
            deleted: args.deleted,
            repository: &|repository| match only_here {
                true => here.iter().any(|name| name == repository),
                false => args.repo.as_ref().is_none_or(|part| repository.contains(part)),
            },
            since: args.since.map_or(i64::MIN, |since| since.at(self.ports.clock.now_ms())),
            card: by_card.then_some(&is_wanted),
            limit: match (args.limit, args.all) {
                (Some(limit), _) => usize::try_from(limit).unwrap_or(usize::MAX),
                (None, true) => usize::MAX,
                (None, false) => RECENT,
            },
        };
        let Ok(rows) = glance.page(&wanted) else {
            // A newer version made the overview.
            self.drop_overview(&reach.member)?;
            return self.list(request, args);
        };
        let history = glance.history;
        let mut notes = history.notes.clone();
        notes.extend(reach.notes);
        notes.extend(rows.iter().filter_map(|seen| two_heads(&history, seen)));
        let tips: Vec<&Card> = rows.iter().map(|seen| &seen.card).collect();
        let away = self.out_of_step(&reach.member, &tips)?;
        let mut rows: Vec<_> = rows.iter().map(|seen| session_row(&history, seen)).collect();
        away.iter().for_each(|away| away.mark(&mut rows));
        Ok(Rows { rows, notes })
    }

    /// Every save of a session, newest first.
    pub(crate) fn log(&self, session: &str) -> Result<Rows<LogRow>, Trouble> {
        let view = self.need_view(Depth::All)?;
        let session = view.history.resolve(session)?;
        Ok(Rows { rows: log_rows(&view.history, &session), notes: view.history.notes })
    }

    /// The devices of the account.
    pub(crate) fn devices(&self) -> Result<Rows<DeviceRow>, Trouble> {
        let view = self.need_view(Depth::Heads)?;
        let rows = device_rows(&view.member, &view.history);
        Ok(Rows { rows, notes: view.history.notes })
    }

    /// Where everything stands.
    pub(crate) fn status(&self, request: &Request) -> Result<StatusReport, Trouble> {
        let scene = match self.scene(request, None) {
            Ok(scene) => Some(scene),
            Err(Trouble::Git(GitError::NotARepository(_) | GitError::NoWorkTree(_))) => None,
            Err(trouble) => return Err(trouble),
        };
        let mut report = self.status_here(scene.as_ref())?;
        let Some(member) = self.member()? else {
            report.store = self.ports.stores.embedded_url();
            report.local_only = true;
            report.store_reachable = true;
            report.notes.push(not_set_up());
            return Ok(report);
        };
        let view = self.view_of(member, Depth::Heads)?;
        self.status_of_store(&view, &mut report)?;
        if let Some(scene) = &scene {
            let root = &scene.facts.repository.root;
            report.waits = self.waits_here(&view.member, &scene.facts)?;
            let binding = self
                .binding(&view.member, root)?
                .filter(|binding| binding.continues && !view.history.is_deleted(&binding.session));
            if let Some(binding) = binding {
                let heads = view.history.heads(&binding.session);
                let newest = crate::history::newest_of(&heads);
                report.session = newest.map(|seen| session_row(&view.history, seen));
                let tip: Vec<&Card> = newest.iter().map(|seen| &seen.card).collect();
                for away in self.out_of_step(&view.member, &tip)? {
                    away.mark(report.session.as_mut_slice());
                    away.mark(&mut report.sessions);
                    report.notes.push(away.note());
                }
            }
        }
        Ok(report)
    }

    /// The resume that waits in a work tree.
    fn waits_here(&self, member: &Member, facts: &Facts) -> Result<Option<WaitingResume>, Trouble> {
        let waiting = self.waiting_resume(member, &facts.repository)?;
        Ok(waiting.map(|entry| WaitingResume {
            session_id: entry.record.session.to_string(),
            message: entry.record.message,
            timestamp: entry.record.made_ms,
            conflicts: facts.unmerged(),
        }))
    }

    /// The half of a status that is read from the work tree.
    fn status_here(&self, scene: Option<&Scene<'_>>) -> Result<StatusReport, Trouble> {
        let mut report = StatusReport {
            repository: None,
            branch: None,
            commit: None,
            commit_subject: None,
            conversation_id: None,
            message_count: 0,
            conversation_live: false,
            session: None,
            uncommitted: Vec::new(),
            waits: None,
            ahead: 0,
            behind: 0,
            sessions: Vec::new(),
            session_count: 0,
            store: String::new(),
            local_only: false,
            store_reachable: false,
            store_bytes: None,
            retention: RetentionState::default(),
            queued: 0,
            waiting: Vec::new(),
            devices: Vec::new(),
            notes: Vec::new(),
        };
        let Some(scene) = scene else { return Ok(report) };
        let facts = &scene.facts;
        report.repository = Some(repository_name(facts));
        report.branch = Some(facts.head.name().to_owned());
        report.commit = facts.commit.as_ref().map(ToString::to_string);
        report.commit_subject = facts.subject.clone();
        report.uncommitted = facts.changes.iter().map(|change| change.path.clone()).collect();
        (report.ahead, report.behind) = (facts.ahead, facts.behind);
        if let Some((assistant, found)) = scene.conversations.first() {
            report.conversation_id = Some(found.id.to_string());
            report.conversation_live = found.live.is_some();
            let files = assistant.files_at(&found.id, &found.directory)?;
            if let Some(transcript) = files.first() {
                report.message_count = self.summary_of(*assistant, transcript)?.messages;
            }
        }
        Ok(report)
    }

    fn status_of_store(&self, view: &View, report: &mut StatusReport) -> Result<(), Trouble> {
        let (member, history) = (&view.member, &view.history);
        let me = &member.profile.device.id;
        let newest = history.newest();
        report.session_count = newest.len() as u64;
        report.sessions = newest
            .iter()
            .filter(|seen| seen.card.device() != me)
            .take(RECENT)
            .map(|seen| session_row(history, seen))
            .collect();
        report.store = member.profile.store_url.clone();
        report.local_only = member.profile.local_only;
        report.store_reachable = view.store.is_some();
        let queue = self.ports.index.queue()?;
        report.queued = queue.len() as u64;
        report.waiting = queue.iter().map(|row| waiting(row, self.ports.clock.now_ms())).collect();
        report.devices = device_rows(member, history);
        report.notes.extend(history.notes.clone());
        report.notes.extend(newest.iter().filter_map(|seen| two_heads(history, seen)));
        let listed = view.store.as_ref().map(|store| store.list("v1/")).transpose()?;
        report.store_bytes =
            listed.as_ref().map(|listed| listed.iter().map(|object| object.size).sum());
        report.retention = self.retention_state(history, listed.as_deref());
        Ok(())
    }

    /// As [`Engine::view_of`], of this device, which has to be set up.
    pub(crate) fn need_view(&self, depth: Depth) -> Result<View, Trouble> {
        let member = self.need_member()?;
        self.view_of(member, depth)
    }

    /// Reads the store, or what this device knows if it does not answer; sends what is queued.
    fn view_of(&self, member: Member, depth: Depth) -> Result<View, Trouble> {
        let Reach { mut member, store, notes } = self.reach_as(member, false)?;
        let mut history = match &store {
            Some(store) => self.refreshed(&mut member, store.as_ref(), ObjectName::UNITS, depth)?,
            None => self.known(&member)?,
        };
        history.notes.extend(notes);
        Ok(View { member, store, history })
    }

    /// Opens the store if it answers, and sends what is queued.
    fn reach_as(&self, mut member: Member, offline: bool) -> Result<Reach, Trouble> {
        let mut failed: Vec<Note> = Vec::new();
        let store = match offline {
            true => None,
            false => match self.answering(self.open_store(&member.profile)) {
                // To look at what this device knows does no harm, whoever the store belongs to.
                Err(trouble @ Trouble::Object { .. }) => {
                    let told = trouble.failure();
                    failed.push(Note { code: told.code, text: told.message, help: told.help });
                    None
                }
                store => store?,
            },
        };
        if let Some(store) = &store
            && (!self.ports.index.queue()?.is_empty() || !self.waiting_decisions()?.is_empty())
        {
            // A device that was revoked sends nothing any more.
            self.learn_devices(&mut member, store.as_ref())?;
            match self.flush(&member, store.as_ref(), Sending::by_the_way(Duration::ZERO)) {
                Ok(sent) => failed.extend(sent.notes),
                // Another process is sending.
                Err(Trouble::Local(crate::ports::LocalError::Busy { .. })) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        let silent = store.is_none() && !offline && failed.is_empty();
        let notes = silent.then(crate::resume::offline).into_iter().chain(failed).collect();
        Ok(Reach { member, store, notes })
    }

    /// How far below the top of its work tree the caller's directory is.
    fn folder_here(&self, request: &Request) -> Result<String, Trouble> {
        let directory = Path::new(&request.directory);
        let facts = self.ports.git.facts(directory, &[])?;
        Ok(relative(&facts.repository.root, directory))
    }

    /// What the repository here may be called, if there is one.
    fn names_here(&self, request: &Request) -> Result<Vec<String>, Trouble> {
        match self.ports.git.identity(Path::new(&request.directory)) {
            Ok(identity) => Ok(names_of(&identity)),
            Err(GitError::Cancelled) => Err(Trouble::Cancelled),
            // A list does not depend on the repository here.
            Err(_) => Ok(Vec::new()),
        }
    }
}

fn matches(card: &Card, args: &ListArgs) -> bool {
    let branch = args.branch.as_ref().is_none_or(|branch| card.branch.as_ref() == Some(branch));
    let device = args.device.as_ref().is_none_or(|device| {
        card.device_name.eq_ignore_ascii_case(device) || card.device().as_str() == device
    });
    branch && device
}

/// Whether a save was made in this folder of its work tree, or below it.
fn is_below(card: &Card, folder: &str) -> bool {
    let there = card.folder.as_deref().unwrap_or_default();
    folder.is_empty() || Path::new(there).starts_with(folder)
}

/// That several devices went on from the same save, and what to do about it.
fn two_heads(history: &History, seen: &Seen) -> Option<Note> {
    let session = &seen.card.session;
    let heads = history.heads(session);
    if heads.len() < 2 {
        return None;
    }
    let devices: Vec<_> = heads.iter().map(|head| head.card.device_name.as_str()).collect();
    Some(Note {
        code: "convosync::session::conflict".to_owned(),
        text: format!("{session} went on in two ways: saved on {}", devices.join(" and on ")),
        help: Some(format!(
            "convosync resume {session} --on-conflict merge\n# or use-remote, keep-local: nothing is dropped"
        )),
    })
}

fn waiting(row: &QueueRow, now_ms: i64) -> WaitingSave {
    WaitingSave {
        session_id: row.session.to_string(),
        save: row.save.to_string(),
        since: row.created_ms,
        attempts: row.attempts.into(),
        why: row.error.clone(),
        next_try: (!is_due(row, now_ms)).then_some(row.retry_ms),
    }
}

fn not_set_up() -> Note {
    Note {
        code: "convosync::account::none".to_owned(),
        text: "this device is not set up yet".to_owned(),
        help: Some("`convosync save` keeps sessions on this machine; `convosync init --store URL` shares them".to_owned()),
    }
}
