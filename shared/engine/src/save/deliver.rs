//! After the freeze: push the code, put the unit, tell what is true.

use convosync_core::{CodeState, Oid, SaveId};
use convosync_wire::{ConversationNote, Note, Part, SaveArgs, SaveReport};

use super::moment::Held;
use super::naming::push_remote;
use super::{Chosen, Coded};
use crate::engine::Engine;
use crate::freeze::Frozen;
use crate::member::Member;
use crate::ports::{
    Assistant, Committed, Facts, Found, GitError, Push, Relation, Store, StoreError, Underway,
};
use crate::send::{Pushing, SEND_WAIT, Sending, Which, not_sent, push_failed, rejected};
use crate::terminal::missing_variables;
use crate::trouble::Trouble;

/// A push that is at work while the save is sealed and kept here, which needs no network.
pub(super) struct OnItsWay<'e> {
    /// What the user was told of it.
    told: String,
    push: Result<Box<dyn Underway<Push> + 'e>, GitError>,
}

impl Engine<'_> {
    pub(super) fn deliver(
        &self,
        member: &mut Member,
        args: &SaveArgs,
        chosen: &Chosen<'_>,
        coded: Coded<'_>,
        mut held: Held,
    ) -> Result<SaveReport, Trouble> {
        let Coded { committed, underway, .. } = coded;
        let mut notes = std::mem::take(&mut held.notes);
        let save = held.frozen.card.save.clone();
        let committed = committed.as_ref();
        if chosen.keeps_back || (args.no_code && self.was_kept_back(member, chosen)?) {
            self.keep_back(member, &save)?;
        }
        let pushed = committed.and_then(|committed| {
            self.push_code(chosen, committed, held.frozen.card.code, underway, &mut notes)
        });
        let mut uploaded = 0;
        let proven = pushed.is_some().then_some(&save);
        self.tell("Reaching the store");
        match self.open_store(&member.profile) {
            Ok(store) => {
                let learned = self.learn_devices(member, store.as_ref()).map(drop);
                // A store that went back, or a device that was revoked: nothing is sent.
                let refused = matches!(learned, Err(Trouble::Refused(_)));
                notes.extend(learned.err().map(|trouble| self.unsent(trouble)));
                if !refused {
                    uploaded = self.send_now(member, store.as_ref(), proven, &mut notes);
                    notes.extend(self.uphold_by_the_way(member, store.as_ref()));
                }
                notes.extend(self.collect_quietly(member, store.as_ref()));
            }
            Err(trouble) => {
                // It only counts; the save is safe whether that can be written or not.
                let _ = self.not_reached(&trouble);
                notes.push(self.unsent(trouble));
            }
        }
        let report = self.told(member, args, chosen, committed, Held { notes, ..held })?;
        Ok(SaveReport { pushed, uploaded, ..report })
    }

    /// A save that could not be kept, with what was done before: `notes`, and where the commit is now
    /// if it was on its way already.
    pub(super) fn without_session(
        &self,
        trouble: Trouble,
        chosen: &Chosen<'_>,
        coded: Coded<'_>,
        mut notes: Vec<Note>,
    ) -> Trouble {
        notes.extend(chosen.onto.arrived());
        if let (Some(committed), Some(underway)) = (coded.committed.as_ref(), coded.underway) {
            let state = CodeState::Unproven;
            let there = self.push_code(chosen, committed, state, Some(underway), &mut notes);
            notes.extend(there.map(|there| pushed_alone(&there)));
        }
        trouble.after(notes)
    }

    /// Why a save waits; whatever a user cut short says for itself, it is the user who did.
    fn unsent(&self, trouble: Trouble) -> Note {
        let is_silent = matches!(trouble, Trouble::Store(StoreError::Unreachable(_)));
        if self.ports.settings.offline && is_silent {
            return Note {
                code: trouble.failure().code,
                text: "`offline` is set: the session waits on this device".to_owned(),
                help: Some("send it now: convosync sync".to_owned()),
            };
        }
        let stopped = self.ports.cancel.is_cancelled();
        not_sent(if stopped { Trouble::Cancelled } else { trouble })
    }

    /// A save that nobody waits for is sent later.
    pub(super) fn kept_here(
        &self,
        member: &Member,
        args: &SaveArgs,
        chosen: &Chosen<'_>,
        coded: &Coded<'_>,
        held: Held,
    ) -> Result<SaveReport, Trouble> {
        self.keep_back(member, &held.frozen.card.save)?;
        self.told(member, args, chosen, coded.committed.as_ref(), held)
    }

    /// What was saved, before anything of it has left this device.
    fn told(
        &self,
        member: &Member,
        args: &SaveArgs,
        chosen: &Chosen<'_>,
        committed: Option<&Committed>,
        held: Held,
    ) -> Result<SaveReport, Trouble> {
        let Held { frozen: Frozen { card }, terminal, notes } = held;
        let queue = self.ports.index.queue()?;
        let main = chosen.main().filter(|_| !args.no_conversation);
        // A save that carries the commits may have taken its place.
        let binding = self.binding(member, &chosen.scene.facts.repository.root)?;
        let tip = binding.filter(|b| b.session == chosen.session).map_or(card.save, |b| b.tip);
        // What still waits before it will never go: saves are sent in order.
        let synced = !queue.iter().any(|row| row.save == tip);
        Ok(SaveReport {
            session_id: chosen.session.to_string(),
            save: tip.to_string(),
            new_session: chosen.new_session,
            branch: committed.map(|_| chosen.scene.facts.head.name().to_owned()),
            commit: committed.map(|committed| committed.commit.to_string()),
            committed: committed
                .filter(|committed| committed.made)
                .map(|_| super::commit_message(&chosen.message)),
            modified_files: committed.map_or(0, |committed| committed.modified),
            new_files: committed.map_or(0, |committed| committed.added),
            unchanged: false,
            uncommitted: card.uncommitted,
            repository: card.repository,
            pushed: None,
            conversation_id: main.map(|(_, found)| found.id.to_string()),
            message_count: if main.is_some() { card.message_count } else { 0 },
            other_conversations: match main {
                Some(_) => chosen.scene.conversations.iter().skip(1).map(other).collect(),
                None => Vec::new(),
            },
            uploaded: 0,
            synced,
            queued: queue.len() as u64,
            local_only: member.profile.local_only,
            other_devices: member.others(),
            history: terminal.history.len() as u64,
            tabs: terminal.layout.as_ref().map_or(0, |layout| layout.tabs.len() as u64),
            panes: terminal.layout.as_ref().map_or(0, |layout| layout.panes().count() as u64),
            texts: terminal.layout.as_ref().map_or(0, |layout| {
                layout.panes().filter(|pane| pane.text.is_some()).count() as u64
            }),
            env: terminal.env.iter().map(|(name, _)| name.to_string()).collect(),
            env_missing: missing_variables(&terminal),
            previous_branch: chosen.onto.other().and(chosen.from.clone()),
            title: chosen.title.clone(),
            left_out: left_out(args),
            notes,
        })
    }

    /// Whether the code that the session has was not to be pushed.
    fn was_kept_back(&self, member: &Member, chosen: &Chosen<'_>) -> Result<bool, Trouble> {
        chosen.base.as_ref().map_or(Ok(false), |save| self.kept_back(member, save))
    }

    /// Sends what waits. Gives the bytes that went.
    fn send_now(
        &self,
        member: &Member,
        store: &dyn Store,
        proven: Option<&SaveId>,
        notes: &mut Vec<Note>,
    ) -> u64 {
        let sending =
            Sending { which: Which::All, pushing: Pushing::Never, proven, wait: SEND_WAIT };
        match self.flush(member, store, sending) {
            Ok(sent) => {
                notes.extend(sent.notes);
                sent.saves.iter().map(|save| save.bytes).sum()
            }
            // The save is safe here; that it could not be sent, or that the user did not want to
            // wait, is told.
            Err(trouble) => {
                notes.push(self.unsent(trouble));
                0
            }
        }
    }

    /// Starts the push of a commit, where there is to be one and the user does not give it up.
    pub(super) fn start_push(
        &self,
        chosen: &Chosen<'_>,
        committed: &Committed,
        bares: bool,
    ) -> Option<OnItsWay<'_>> {
        let facts = &chosen.scene.facts;
        let remote = push_remote(facts)?;
        // Without the network there is no push; `sync` makes up for it.
        if chosen.keeps_back || self.ports.settings.offline {
            return None;
        }
        let branch = facts.head.name();
        // The last moment to give up the push, and to keep what would leave in the clear.
        let with = if bares { ", with what looks like a secret" } else { "" };
        let told = format!("Pushing to {remote}/{branch}{with}");
        self.step(&told).ok()?;
        let (repo, track) = (&facts.repository, facts.upstream.is_none());
        let push = self.ports.git.start_push(repo, &remote, branch, &committed.commit, track);
        Some(OnItsWay { told, push })
    }

    /// Sees to it that the code is pushed; `Some`: the remote and branch that have the commit now, or
    /// the remote alone, which has it on another branch.
    fn push_code(
        &self,
        chosen: &Chosen<'_>,
        committed: &Committed,
        state: CodeState,
        underway: Option<OnItsWay<'_>>,
        notes: &mut Vec<Note>,
    ) -> Option<String> {
        let facts = &chosen.scene.facts;
        let remote = push_remote(facts)?;
        let branch = facts.head.name();
        let there = format!("{remote}/{branch}");
        // What the remote has on another branch is safe there, wherever this one goes.
        let known = (state == CodeState::Pushed).then(|| remote.clone());
        if known.is_some() && self.is_there(facts, &remote, branch, &committed.commit) {
            return Some(there);
        }
        // That of a commit which was just made began before the freeze, or was given up.
        let push = match (underway, committed.made) {
            (Some(OnItsWay { told, push }), _) => {
                self.tell(&told);
                push
            }
            (None, true) => return known,
            (None, false) => match self.start_push(chosen, committed, false) {
                Some(started) => started.push,
                None => return known,
            },
        };
        match push.and_then(Underway::finish) {
            Ok(Push::Done) => Some(there),
            Ok(Push::Rejected { reason, behind }) => {
                notes.push(rejected(&reason, behind, &remote, branch));
                known
            }
            // The save is safe; only the push was given up.
            Err(GitError::Cancelled) => known,
            Err(error) => {
                notes.push(push_failed(&error));
                known
            }
        }
    }

    /// Whether the remote's branch of that name has the commit, by what is known here.
    fn is_there(&self, facts: &Facts, remote: &str, branch: &str, commit: &Oid) -> bool {
        let upstream = facts.upstream.as_ref();
        if upstream.is_some_and(|up| up.remote == remote && up.branch == branch) {
            return facts.ahead == 0;
        }
        let (git, repo) = (self.ports.git, &facts.repository);
        let Ok(Some(tip)) = git.remote_branch(repo, remote, branch) else { return false };
        let relation = git.relation(repo, commit, &tip);
        matches!(relation, Ok(Relation::Same | Relation::Behind(_)))
    }
}

fn pushed_alone(there: &str) -> Note {
    Note {
        code: "convosync::save::pushed-alone".to_owned(),
        text: format!("the commit is on {there}; its session may not be saved"),
        help: Some("the same command again saves it, and commits nothing anew".to_owned()),
    }
}

fn left_out(args: &SaveArgs) -> Vec<Part> {
    let out = |part: &Part| match part {
        Part::Code => args.no_code,
        Part::Conversation => args.no_conversation,
        Part::Terminal => args.no_terminal,
    };
    Part::ALL.into_iter().filter(out).collect()
}

/// That nothing was saved, since nothing has changed.
pub(super) fn unchanged(member: &Member, chosen: &Chosen<'_>) -> SaveReport {
    let save = chosen.base.as_ref().map(ToString::to_string).unwrap_or_default();
    SaveReport {
        session_id: chosen.session.to_string(),
        save,
        branch: Some(chosen.scene.facts.head.name().to_owned()),
        commit: chosen.scene.facts.commit.as_ref().map(ToString::to_string),
        unchanged: true,
        repository: super::repository_name(&chosen.scene.facts),
        conversation_id: chosen.main().map(|(_, found)| found.id.to_string()),
        local_only: member.profile.local_only,
        ..SaveReport::default()
    }
}

fn other((_, found): &(&dyn Assistant, Found)) -> ConversationNote {
    ConversationNote {
        conversation_id: found.id.to_string(),
        title: found.title.clone(),
        modified: found.modified_ms,
        live: found.live.is_some(),
    }
}
