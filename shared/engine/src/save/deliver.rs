//! After the freeze: push the code, put the unit, tell what is true.

use convosync_core::{CodeState, SaveId};
use convosync_wire::{ConversationNote, Note, SaveArgs, SaveReport};

use super::Chosen;
use super::moment::{Held, branch};
use super::naming::push_remote;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Assistant, Committed, Found, GitError, Push, Store, Table};
use crate::send::{Pushing, SEND_WAIT, Sending, Which, not_sent, push_failed, rejected};
use crate::terminal::missing_variables;
use crate::trouble::Trouble;

impl Engine<'_> {
    pub(super) fn deliver(
        &self,
        member: &mut Member,
        args: &SaveArgs,
        chosen: &Chosen<'_>,
        committed: &Committed,
        held: Held,
    ) -> Result<SaveReport, Trouble> {
        let mut notes = held.notes;
        let save = held.frozen.card.save.clone();
        if args.no_push {
            let change =
                self.remember(member, Table::Misc, "no-push", save.to_string().as_bytes(), "1");
            self.ports.index.apply(&[change])?;
        }
        let pushed = self.push_code(args, chosen, committed, held.frozen.card.code, &mut notes);
        let mut uploaded = 0;
        let proven = pushed.is_some().then_some(&save);
        match self.open_store(&member.profile) {
            Ok(store) => {
                let learned = self.learn_devices(member, store.as_ref()).map(drop);
                // A store that went back, or a device that was revoked: nothing is sent.
                let refused = matches!(learned, Err(Trouble::Refused(_)));
                notes.extend(learned.err().map(not_sent));
                if !refused {
                    uploaded = self.send_now(member, store.as_ref(), proven, &mut notes);
                }
                if !refused {
                    notes.extend(self.uphold_by_the_way(member, store.as_ref()));
                }
                notes.extend(self.collect_quietly(member, store.as_ref()));
            }
            Err(trouble) => {
                // It only counts; the save is safe whether that can be written or not.
                let _ = self.not_reached(&trouble);
                notes.push(not_sent(trouble));
            }
        }
        let queue = self.ports.index.queue()?;
        let main = chosen.main();
        let card = held.frozen.card;
        // A save that carries the commits may have taken its place.
        let binding = self.binding(member, &chosen.scene.facts.repository.root)?;
        let tip = binding.filter(|b| b.session == chosen.session).map_or(save, |b| b.tip);
        // What still waits before it will never go: saves are sent in order.
        let synced = !queue.iter().any(|row| row.save == tip);
        Ok(SaveReport {
            session_id: chosen.session.to_string(),
            save: tip.to_string(),
            new_session: chosen.new_session,
            branch: Some(branch(&chosen.scene.facts)),
            commit: Some(committed.commit.to_string()),
            committed: committed.made.then(|| super::commit_message(&chosen.message)),
            modified_files: committed.modified,
            new_files: committed.added,
            pushed,
            conversation_id: main.map(|(_, found)| found.id.to_string()),
            message_count: if main.is_some() { card.message_count } else { 0 },
            other_conversations: chosen.scene.conversations.iter().skip(1).map(other).collect(),
            uploaded,
            synced,
            queued: queue.len() as u64,
            local_only: member.profile.local_only,
            other_devices: member.others(),
            history: held.terminal.history.len() as u64,
            env: held.terminal.env.iter().map(|(name, _)| name.to_string()).collect(),
            env_missing: missing_variables(&held.terminal),
            notes,
        })
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
                notes.push(not_sent(trouble));
                0
            }
        }
    }

    /// Pushes; `Some`: the remote and branch that have the commit now.
    fn push_code(
        &self,
        args: &SaveArgs,
        chosen: &Chosen<'_>,
        committed: &Committed,
        state: CodeState,
        notes: &mut Vec<Note>,
    ) -> Option<String> {
        let facts = &chosen.scene.facts;
        let remote = push_remote(facts)?;
        let branch = branch(facts);
        let there = format!("{remote}/{branch}");
        if state == CodeState::Pushed {
            return Some(there);
        }
        // Without the network there is no push; `sync` makes up for it.
        if args.no_push || self.ports.settings.offline {
            return None;
        }
        if self.step(&format!("Pushing to {there}")).is_err() {
            return None;
        }
        let track = facts.upstream.is_none();
        let repo = &facts.repository;
        match self.ports.git.push(repo, &remote, &branch, &committed.commit, track) {
            Ok(Push::Done) => Some(there),
            Ok(Push::Rejected { reason, behind }) => {
                notes.push(rejected(&reason, behind, &remote, &branch));
                None
            }
            // The save is safe; only the push was given up.
            Err(GitError::Cancelled) => None,
            Err(error) => {
                notes.push(push_failed(&error));
                None
            }
        }
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
