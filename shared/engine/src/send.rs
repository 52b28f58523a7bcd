//! Sending what was frozen: one save after the other, each step a retry away from done.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use convosync_core::{
    Card, Code, CodeState, ObjectName, SaveId, Sealed, SessionId, open_unit, stand_ins_of,
};
use convosync_wire::{Note, SyncArgs, SyncReport, SyncedSave};

use crate::backoff::{is_due, wait_ms};
use crate::bind::Binding;
use crate::engine::Engine;
use crate::freeze::{Draft, Packing};
use crate::history::Depth;
use crate::member::Member;
use crate::ports::{
    Facts, GitError, HeadState, IndexChange, Push, QueueRow, Store, StoreError, Table,
};
use crate::retention::decision_not_sent;
use crate::save::{carried_code, remote_of};
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{MISSING, Trouble, git_failure, store_failure};
use crate::word::word;

/// How long a sender waits for another one of this device.
pub(crate) const SEND_WAIT: Duration = Duration::from_secs(60);

/// Whether commits that no remote has may be pushed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushing {
    /// The user asked for it (`save`, `sync`).
    Allowed,
    /// The command only looks (`list`, `status`): what is not pushed is carried.
    Never,
}

/// Which of the queued saves are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them: the user asked for it.
    All,
    /// Those that do not have to wait for their next try.
    Due,
}

/// How a queue is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending<'a> {
    pub(crate) which: Which,
    pub(crate) pushing: Pushing,
    /// A save whose commit has just been pushed.
    pub(crate) proven: Option<&'a SaveId>,
    /// How long another process that saves or sends is waited for.
    pub(crate) wait: Duration,
}

impl Sending<'_> {
    /// On the way of a command that was asked for something else.
    pub(crate) fn by_the_way(wait: Duration) -> Self {
        Self { which: Which::Due, pushing: Pushing::Never, proven: None, wait }
    }
}

/// What was sent, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) saves: Vec<SyncedSave>,
    pub(crate) notes: Vec<Note>,
    /// Pins and deletions waited to be sent too.
    decided: bool,
}

impl Engine<'_> {
    /// `convosync sync`: sends what is queued, and tries again the pushes that failed.
    pub(crate) fn sync(&self, args: &SyncArgs) -> Result<SyncReport, Trouble> {
        let mut member = self.need_member()?;
        if args.quiet {
            return self.sync_quietly(&member);
        }
        self.step("Reaching the store")?;
        let store = match self.reach_store(&member.profile) {
            Ok(store) => store,
            Err(trouble) => {
                let _ = self.not_reached(&trouble);
                return Err(trouble);
            }
        };
        let history =
            self.refreshed(&mut member, store.as_ref(), ObjectName::UNITS, Depth::Heads)?;
        let sending =
            Sending { which: Which::All, pushing: Pushing::Allowed, proven: None, wait: SEND_WAIT };
        let sent = self.flush(&member, store.as_ref(), sending)?;
        let queued = self.ports.index.queue()?.len() as u64;
        let lock = self.to_send(&member, store.as_ref(), SEND_WAIT)?;
        let upheld = self.uphold(&member, store.as_ref())?;
        drop(lock);
        let collected = self.collect_quietly(&mut member, store.as_ref());
        let notes = history.notes.into_iter().chain(sent.notes).chain(upheld);
        let notes = notes.chain(collected).collect();
        Ok(SyncReport { sent: sent.saves, queued, notes })
    }

    /// Sends what is due, as any command does on its way that reaches the store.
    fn sync_quietly(&self, member: &Member) -> Result<SyncReport, Trouble> {
        let sent = match self.open_store(&member.profile) {
            Ok(store) => self.flush(member, store.as_ref(), Sending::by_the_way(SEND_WAIT))?,
            Err(trouble) => {
                let _ = self.not_reached(&trouble);
                return Err(trouble);
            }
        };
        let queued = self.ports.index.queue()?.len() as u64;
        Ok(SyncReport { sent: sent.saves, queued, notes: sent.notes })
    }

    /// Sends the queue; commits that no remote is proven to have are pushed or carried first.
    ///
    /// Freezes what it adds under the lock of saves, which the caller must not hold.
    pub(crate) fn flush(
        &self,
        member: &Member,
        store: &dyn Store,
        sending: Sending<'_>,
    ) -> Result<Sent, Trouble> {
        let mut sent = Sent::default();
        self.prove_code(member, store, sending, &mut sent)?;
        let lock = self.to_send(member, store, sending.wait)?;
        // Pins and deletions are small, and no save waits for them.
        sent.decided = !self.waiting_decisions()?.is_empty();
        sent.notes.extend(self.send_decisions(member, store).err().map(decision_not_sent));
        let mut held: BTreeSet<SessionId> = BTreeSet::new();
        for row in self.ports.index.queue()? {
            if held.contains(&row.session) {
                continue;
            }
            // A session's saves are sent in order.
            if sending.which == Which::Due && !is_due(&row, self.ports.clock.now_ms()) {
                held.insert(row.session);
                continue;
            }
            if sending.pushing == Pushing::Never
                && let Some(note) = self.too_dear(member, &row)?
            {
                sent.notes.push(note);
                held.insert(row.session);
                continue;
            }
            self.step(&format!("Uploading {}", row.session))?;
            match self.send(member, store, &row) {
                Ok(bytes) => sent.saves.extend(bytes.map(|bytes| SyncedSave {
                    session_id: row.session.to_string(),
                    save: row.save.to_string(),
                    bytes,
                })),
                Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
                Err(trouble) => {
                    let gone = matches!(trouble, Trouble::Store(StoreError::Unreachable(_)));
                    self.ports.index.apply(&[self.failed_try(&row, &trouble)])?;
                    // One that will never be whole again must not hold up those after it: each
                    // proves for itself that all it refers to is there.
                    if is_lost(&trouble) {
                        sent.notes.push(lost_here(trouble));
                    } else {
                        sent.notes.push(not_sent(trouble));
                        held.insert(row.session);
                    }
                    if gone {
                        break;
                    }
                }
            }
        }
        if !sent.saves.is_empty() {
            self.make_room(member)?;
        }
        drop(lock);
        self.look_again(member, store, &mut sent)?;
        Ok(sent)
    }

    /// Notes that a save could not be sent, and when it is tried again.
    fn failed_try(&self, row: &QueueRow, trouble: &Trouble) -> IndexChange {
        let mut chance = [0; 8];
        self.ports.entropy.fill(&mut chance);
        let wait = wait_ms(row.attempts.saturating_add(1), u64::from_le_bytes(chance));
        IndexChange::Attempted {
            save: row.save.clone(),
            error: trouble.code(),
            retry_ms: self.ports.clock.now_ms().saturating_add(wait),
        }
    }

    /// Notes that nothing could be sent, since the store did not answer. What was due stays so:
    /// the next command that reaches the store has found out that it is back.
    pub(crate) fn not_reached(&self, trouble: &Trouble) -> Result<(), Trouble> {
        let tried = self.ports.index.queue()?.into_iter().map(|row| IndexChange::Attempted {
            save: row.save,
            error: trouble.code(),
            retry_ms: row.retry_ms,
        });
        Ok(self.ports.index.apply(&tried.collect::<Vec<_>>())?)
    }

    /// A store that was moved while this device sent to it may have been copied before: what was
    /// sent is taken along.
    fn look_again(
        &self,
        member: &Member,
        store: &dyn Store,
        sent: &mut Sent,
    ) -> Result<(), Trouble> {
        if sent.saves.is_empty() && !sent.decided || member.profile.local_only {
            return Ok(());
        }
        match self.has_left(member, store).and_then(|moved| match moved {
            true => self.open_store(&member.profile).map(drop),
            false => Ok(()),
        }) {
            Err(Trouble::Cancelled) => Err(Trouble::Cancelled),
            Err(trouble) => {
                sent.notes.push(not_sent(trouble));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Sends one save: its parts, what it refers to, itself. `None`: it was sent before.
    fn send(
        &self,
        member: &Member,
        store: &dyn Store,
        row: &QueueRow,
    ) -> Result<Option<u64>, Trouble> {
        let name = ObjectName::Unit { session: row.session.clone(), save: row.save.clone() };
        let unit = match self.ports.outbox.get(&name) {
            Ok(unit) => unit,
            Err(StoreError::Missing(_)) => {
                self.ports.index.apply(&[IndexChange::Dequeue(row.save.clone())])?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let (account, devices) = (&member.profile.account, &member.devices);
        let (card, body) = match open_unit(account, devices, &name, &unit) {
            Ok(opened) => opened,
            Err(_) if self.sent_before(member, store, &name)? => return Ok(None),
            Err(error) => return Err(Trouble::Object { name, error }),
        };
        let needed = body.manifest.containers();
        let put = || Ok(store.put_new(&name, &unit)?);
        let mut bytes = self.with_needed(member, store, &row.session, &needed, put)?;
        bytes += unit.as_bytes().len() as u64;
        self.settle_down(member, &name, &unit, &needed, &card)?;
        Ok(Some(bytes))
    }

    /// A queued unit that can't be opened any more (damaged on this disk; sealed under the key of
    /// before a join) is done with if the store has it: the process died before it said so.
    fn sent_before(
        &self,
        member: &Member,
        store: &dyn Store,
        name: &ObjectName,
    ) -> Result<bool, Trouble> {
        let (account, devices) = (&member.profile.account, &member.devices);
        let there = store.get(name).ok().map(|sealed| open_unit(account, devices, name, &sealed));
        let Some(Ok((card, body))) = there else { return Ok(false) };
        self.ports.outbox.delete(name)?;
        self.ports.index.apply(&[IndexChange::Dequeue(card.save)])?;
        for part in body.manifest.containers() {
            if matches!(part, ObjectName::Part { .. }) {
                self.ports.outbox.delete(&part)?;
            }
        }
        Ok(true)
    }

    /// A sent save moves from the outbox to the cache, which keeps what the next save goes on
    /// from, and no more.
    fn settle_down(
        &self,
        member: &Member,
        name: &ObjectName,
        unit: &Sealed,
        needed: &BTreeSet<ObjectName>,
        card: &Card,
    ) -> Result<(), Trouble> {
        // A parked unit too: no other save's vector holds its count, which must outlive the index.
        self.keep(name, unit)?;
        if !card.parked {
            for name in needed {
                if let Ok(part) = self.ports.outbox.get(name) {
                    self.keep(name, &part)?;
                }
            }
        }
        self.ports.outbox.delete(name)?;
        self.ports.index.apply(&[IndexChange::Dequeue(card.save.clone())])?;
        for name in needed.iter().filter(|name| matches!(name, ObjectName::Part { .. })) {
            self.ports.outbox.delete(name)?;
        }
        if !card.parked {
            self.prune_cache(member, &card.session, name, needed)?;
        }
        Ok(())
    }

    /// Puts a sealed object into this device's cache; a damaged copy is replaced.
    pub(crate) fn keep(&self, name: &ObjectName, object: &Sealed) -> Result<(), Trouble> {
        match self.ports.cache.put_new(name, object) {
            Err(StoreError::Exists(_)) => {
                self.ports.cache.delete(name)?;
                Ok(self.ports.cache.put_new(name, object)?)
            }
            other => Ok(other?),
        }
    }

    /// Drops from the cache what neither the session's newest save nor a queued one refers to.
    fn prune_cache(
        &self,
        member: &Member,
        session: &SessionId,
        tip: &ObjectName,
        needed: &BTreeSet<ObjectName>,
    ) -> Result<(), Trouble> {
        if self.ports.index.queue()?.iter().any(|row| row.session == *session) {
            return Ok(());
        }
        let account = &member.profile.account;
        let stand_ins: Vec<_> =
            needed.iter().map(|name| stand_ins_of(account, session, name)).collect();
        for prefix in [ObjectName::units_of(session), ObjectName::parts_of(session)] {
            for listed in self.ports.cache.list(&prefix)? {
                let stands =
                    stand_ins.iter().any(|start| listed.name.to_string().starts_with(start));
                if listed.name != *tip && !needed.contains(&listed.name) && !stands {
                    self.ports.cache.delete(&listed.name)?;
                }
            }
        }
        Ok(())
    }

    /// For each session whose newest save of ours is not proven to be on the git remote: pushes
    /// its commit, or adds a save that carries what the remote lacks.
    fn prove_code(
        &self,
        member: &Member,
        store: &dyn Store,
        sending: Sending<'_>,
        sent: &mut Sent,
    ) -> Result<(), Trouble> {
        let Sending { pushing, proven, wait, .. } = sending;
        if self.unproven(member, pushing, proven)?.is_empty() {
            return Ok(());
        }
        // A save of another process must not come between the tip that is read and the one made.
        let _lock = self.ports.locks.acquire("freeze", wait)?;
        for binding in self.unproven(member, pushing, proven)? {
            let open = Shelf::new(self, member, Some(store)).save(&binding.session, &binding.tip);
            let Ok(open) = open else { continue };
            match self.prove(member, &binding, open, pushing, sent) {
                // One repository that git can't read must not hold up the rest.
                Err(Trouble::Git(error)) => sent.notes.push(not_proven(&binding, &error)),
                proven => proven?,
            }
        }
        Ok(())
    }

    /// Work trees whose newest save is of this device and not proven to be on the git remote.
    fn unproven(
        &self,
        member: &Member,
        pushing: Pushing,
        proven: Option<&SaveId>,
    ) -> Result<Vec<Binding>, Trouble> {
        let queue = self.ports.index.queue()?;
        let mut unproven = Vec::new();
        for binding in self.bindings(member)? {
            let card = self.known_card(member, &binding.session, &binding.tip)?;
            let Some(card) = card.filter(|card| *card.device() == member.profile.device.id) else {
                continue;
            };
            let queued = || queue.iter().any(|row| row.save == binding.tip);
            let wanted = match card.code {
                CodeState::Unproven => proven != Some(&binding.tip) && queued(),
                CodeState::Carried => pushing == Pushing::Allowed,
                CodeState::Pushed | CodeState::None => false,
            };
            if wanted {
                unproven.push(binding);
            }
        }
        if !unproven.is_empty() {
            // What follows would revive a session that was deleted.
            let history = self.known(member)?;
            unproven.retain(|binding| !history.is_deleted(&binding.session));
        }
        Ok(unproven)
    }

    /// Notes that no later command is to push what a save holds.
    pub(crate) fn keep_back(&self, member: &Member, save: &SaveId) -> Result<(), Trouble> {
        let save = save.to_string();
        let change = self.remember(member, Table::Misc, "no-push", save.as_bytes(), "1");
        Ok(self.ports.index.apply(&[change])?)
    }

    /// Whether the user said `--no-push`: then no later command pushes it either, though it may
    /// find that the user did.
    pub(crate) fn kept_back(&self, member: &Member, save: &SaveId) -> Result<bool, Trouble> {
        let save = save.to_string();
        Ok(self.remembered(member, Table::Misc, "no-push", save.as_bytes())?.is_some())
    }

    fn prove(
        &self,
        member: &Member,
        binding: &Binding,
        open: OpenSave,
        pushing: Pushing,
        sent: &mut Sent,
    ) -> Result<(), Trouble> {
        let Ok(facts) = self.facts(&binding.root) else {
            sent.notes.push(repository_gone(binding));
            return Ok(());
        };
        let Some(code) = open.manifest.code.clone() else { return Ok(()) };
        let left_out = open.manifest.left_out.code;
        if left_out && !self.ports.git.has_commit(&facts.repository, &code.commit)? {
            // It is of a save of another device, which sees to it.
            return Ok(());
        }
        let known = match remote_of(&facts, &code) {
            Some(remote) => self.ports.git.tracked(&facts.repository, remote, &code.commit)?,
            None => false,
        };
        let may_push = pushing == Pushing::Allowed && !self.kept_back(member, &open.card.save)?;
        let pushed = known || (may_push && self.pushed_now(&facts, &code, sent)?);
        match (open.card.code, pushed) {
            (CodeState::Unproven, true) | (CodeState::Carried, false) => Ok(()),
            (CodeState::Carried, true) => {
                let code = Code { bundle: None, bundle_needs: Vec::new(), ..code };
                self.follow_up(member, binding, open, code, CodeState::Pushed)
            }
            _ => self.carry_on(member, binding, open, &facts, code),
        }
    }

    /// Pushes the commit if it is still on its branch. A commit that was amended or rebased away
    /// is never pushed.
    fn pushed_now(&self, facts: &Facts, code: &Code, sent: &mut Sent) -> Result<bool, Trouble> {
        let Some(remote) = remote_of(facts, code) else { return Ok(false) };
        let repo = &facts.repository;
        let Some(branch) = self.ports.git.branch(repo, &code.branch)? else { return Ok(false) };
        let relation = self.ports.git.relation(repo, &code.commit, &branch.tip)?;
        if !matches!(relation, crate::ports::Relation::Same | crate::ports::Relation::Behind(_)) {
            return Ok(false);
        }
        self.step(&format!("Pushing to {remote}/{}", code.branch))?;
        let track =
            facts.upstream.is_none() && facts.head == HeadState::Branch(code.branch.clone());
        match self.ports.git.push(repo, remote, &code.branch, &code.commit, track) {
            Ok(Push::Done) => Ok(true),
            Ok(Push::Rejected { reason, behind }) => {
                sent.notes.push(rejected(&reason, behind, remote, &code.branch));
                Ok(false)
            }
            Err(GitError::Cancelled) => Err(Trouble::Cancelled),
            Err(error) => {
                sent.notes.push(push_failed(&error));
                Ok(false)
            }
        }
    }

    /// Adds a save of the same moment that carries the commits.
    pub(crate) fn carry_on(
        &self,
        member: &Member,
        binding: &Binding,
        open: OpenSave,
        facts: &Facts,
        code: Code,
    ) -> Result<(), Trouble> {
        let mut packing = Packing::new(self, member, open.card.session.clone());
        let remote = remote_of(facts, &code).map(str::to_owned);
        let repo = &facts.repository;
        let (code, state) =
            carried_code(self, member, repo, remote.as_deref(), code, &mut packing)?;
        self.follow_up_with(member, binding, open, code, state, packing)
    }

    fn follow_up(
        &self,
        member: &Member,
        binding: &Binding,
        open: OpenSave,
        code: Code,
        state: CodeState,
    ) -> Result<(), Trouble> {
        let packing = Packing::new(self, member, open.card.session.clone());
        self.follow_up_with(member, binding, open, code, state, packing)
    }

    fn follow_up_with(
        &self,
        member: &Member,
        binding: &Binding,
        open: OpenSave,
        code: Code,
        state: CodeState,
        packing: Packing<'_>,
    ) -> Result<(), Trouble> {
        let mut draft = Draft { code: state, ..Draft::again(open) };
        draft.manifest.code = Some(code);
        self.freeze(member, draft, packing, Some(binding.clone()))?;
        Ok(())
    }
}

/// Why a push did not go through, and what to do.
pub(crate) fn rejected(reason: &str, behind: bool, remote: &str, branch: &str) -> Note {
    let mut text = format!("Failed to push to remote\nRemote rejected: {reason}");
    let help = if behind {
        text.push_str("\n\nYour branch is behind the remote.");
        let (remote, branch) = (word(remote), word(branch));
        format!(
            "Solution:\ngit pull {remote} {branch}\n# Resolve conflicts if any\nconvosync save --retry"
        )
    } else {
        "mend what the remote complains about, then run `convosync save --retry`; where a branch is protected, `convosync save -b NAME` pushes another one".to_owned()
    };
    Note { code: "convosync::save::push-rejected".to_owned(), text, help: Some(help) }
}

pub(crate) fn push_failed(error: &GitError) -> Note {
    let failure = git_failure(error);
    Note {
        code: failure.code,
        text: format!("Failed to push to remote\n{}", failure.message),
        help: failure.help,
    }
}

/// That a save is safe here and could not be sent.
pub(crate) fn not_sent(trouble: Trouble) -> Note {
    let failure = match &trouble {
        Trouble::Store(error) => store_failure(error),
        _ => trouble.failure(),
    };
    let head = match failure.code.as_str() {
        "convosync::store::unreachable" => "Network timeout while uploading session",
        "convosync::cancelled" => "Upload stopped",
        "convosync::store::no-place" => "The session stays on this device",
        _ => "The session could not be uploaded",
    };
    let mut text = format!("{head}\n{}\n\nSession saved locally.", failure.message);
    if is_shut_out(&failure.code) {
        return Note { code: failure.code, text, help: failure.help };
    }
    text.push_str("\nWill retry when connection restored.");
    let help = Some("Retry now: convosync sync --retry".to_owned());
    Note { code: failure.code, text, help }
}

/// Whether a device can send nothing until it has joined again: to try once more is no use.
fn is_shut_out(code: &str) -> bool {
    ["convosync::device::revoked", "convosync::device::left-out", "convosync::key::disputed"]
        .contains(&code)
}

/// Whether a queued save, or something it refers to, is damaged or gone on this device.
fn is_lost(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Object { .. } | Trouble::Store(StoreError::Missing(_)))
}

fn lost_here(trouble: Trouble) -> Note {
    let failure = trouble.failure();
    let head = match failure.code == MISSING {
        true => "Something that a queued save goes on from is gone",
        false => "A queued save is damaged on this device",
    };
    Note {
        code: failure.code,
        text: format!("{head}\n{}", failure.message),
        help: Some(
            "Save again: `convosync save` makes one that is whole by itself. The one that waits is left as it is."
                .to_owned(),
        ),
    }
}

fn not_proven(binding: &Binding, error: &GitError) -> Note {
    let failure = git_failure(error);
    Note {
        code: "convosync::sync::code-missing".to_owned(),
        text: format!(
            "the commits of {} could not be sent from {}: {}",
            binding.session,
            binding.root.display(),
            failure.message
        ),
        help: Some("save again in that work tree".to_owned()),
    }
}

fn repository_gone(binding: &Binding) -> Note {
    let root: PathBuf = binding.root.clone();
    Note {
        code: "convosync::sync::repository-gone".to_owned(),
        text: format!(
            "{} is no work tree any more: its commit could not be pushed",
            root.display()
        ),
        help: None,
    }
}
