//! Several heads as one save: code by git, conversations line by line, nothing of any head left
//! out.
//!
//! What comes out depends on the heads alone, so that devices that join the same ones make equal
//! saves. Nothing is frozen before every question is answered.

mod code;
mod conversation;

use convosync_core::{Code, CodeState, Manifest, ObjectName, Work};
use convosync_wire::{Answers, Note};

use super::Ready;
use super::find::is_damage;
use crate::engine::Engine;
use crate::freeze::{Draft, Packing, at_home, settle};
use crate::member::Member;
use crate::ports::Store;
use crate::save::{carried_code, placeholder, remote_of};
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};

use code::CodeOfAll;
pub(super) use code::{ByHand, HOW_TO_GO_ON};

/// A save of all heads that is not frozen yet.
pub(super) struct Union<'e> {
    draft: Draft,
    packing: Packing<'e>,
    /// What the heads were, in the user's words.
    told: String,
}

impl Engine<'_> {
    /// Makes of all heads what will be saved and brought back, if that is what the user wants: the
    /// save that is ready becomes the one of all heads.
    ///
    /// `None`: there is nothing to join, or the code has to be merged by hand first, which is noted
    /// in [`Ready::by_hand`].
    pub(super) fn united<'e>(
        &'e self,
        member: &'e Member,
        shelf: &mut Shelf<'_>,
        store: Option<&dyn Store>,
        ready: &mut Ready,
        answers: &Answers,
    ) -> Result<Option<Union<'e>>, Trouble> {
        if !ready.unites {
            return Ok(None);
        }
        self.joined_heads(member, shelf, store, ready, answers).map_err(cannot_join)
    }

    fn joined_heads<'e>(
        &'e self,
        member: &'e Member,
        shelf: &mut Shelf<'_>,
        store: Option<&dyn Store>,
        ready: &mut Ready,
        answers: &Answers,
    ) -> Result<Option<Union<'e>>, Trouble> {
        // What an earlier try left, which ended with a question.
        self.sweep_parts()?;
        let heads = self.opened_heads(shelf, store, ready)?;
        let Some(newest) = heads.last() else { return Ok(None) };
        let session = newest.card.session.clone();
        let mut packing = Packing::new(self, member, session.clone());
        let (mut code, state) = match self.code_of_all(shelf, ready, &heads, answers)? {
            CodeOfAll::None => (None, CodeState::None),
            CodeOfAll::Saved(code, state) => (Some(*code), state),
            CodeOfAll::Made(code) => {
                let repo = &ready.facts.repository;
                let remote = remote_of(&ready.facts, &code).map(str::to_owned);
                let (code, state) =
                    carried_code(self, member, repo, remote.as_deref(), *code, &mut packing)?;
                (Some(code), state)
            }
            CodeOfAll::ByHand(by_hand) => {
                ready.open.manifest.code = by_hand.from.clone();
                ready.open.manifest.left_out.code = false;
                ready.by_hand = Some(*by_hand);
                return Ok(None);
            }
        };
        if let Some(code) = &mut code {
            code.work = work_of_all(&heads, code);
        }
        self.step("Joining the conversations")?;
        let (conversations, notes) =
            self.conversations_of_all(member, shelf, &heads, &mut packing)?;
        ready.notes.extend(notes);
        let terminal = newest.manifest.terminal.clone();
        let mut manifest = Manifest { code, conversations, terminal, ..Manifest::default() };
        settle(&mut manifest, &packing);
        let unit = ObjectName::Unit { session, save: placeholder(member)? };
        shelf.adopt(&unit, packing.waiting());
        let told = told(&heads, &manifest);
        let draft = draft(&heads, newest, manifest.clone(), state);
        ready.open = OpenSave { card: newest.card.clone(), manifest, name: unit };
        Ok(Some(Union { draft, packing, told }))
    }

    /// Freezes the save of all heads. From here on the session has one head, and whatever happens
    /// to the rest of the resume, the next one goes on from it.
    pub(super) fn freeze_union(
        &self,
        member: &Member,
        ready: &mut Ready,
        union: Union<'_>,
    ) -> Result<(), Trouble> {
        let Union { draft, packing, told } = union;
        let manifest = draft.manifest.clone();
        let card = self.freeze(member, draft, packing, None)?.card;
        let name = ObjectName::Unit { session: card.session.clone(), save: card.save.clone() };
        ready.open = OpenSave { card, manifest: at_home(manifest, &name), name };
        ready.joins = Vec::new();
        ready.notes.push(Note {
            code: "convosync::resume::merged".to_owned(),
            text: told,
            help: None,
        });
        Ok(())
    }

    /// Every head, opened and fetched; the newest one last.
    fn opened_heads(
        &self,
        shelf: &mut Shelf<'_>,
        store: Option<&dyn Store>,
        ready: &Ready,
    ) -> Result<Vec<OpenSave>, Trouble> {
        let session = &ready.open.card.session;
        let mut heads = Vec::new();
        for (save, _) in &ready.joins {
            let open = shelf.save(session, save)?;
            self.bring_here(shelf, store, &open)?;
            let OpenSave { card, manifest, name } = open;
            heads.push(OpenSave { card, manifest: at_home(manifest, &name), name });
        }
        heads.sort_by_key(|head| (head.card.timestamp_ms, head.card.save.clone()));
        Ok(heads)
    }
}

/// The uncommitted work of all heads that are on the branch, each piece once: what is on top of the
/// joined commit first, then the newest.
fn work_of_all(heads: &[OpenSave], joined: &Code) -> Vec<Work> {
    let codes = heads.iter().rev().filter_map(|head| head.manifest.code.as_ref());
    let same = codes.filter(|code| code.branch == joined.branch);
    let mut all: Vec<Work> = Vec::new();
    for work in same.flat_map(|code| &code.work) {
        if all.iter().all(|known| known.commit != work.commit) {
            all.push(work.clone());
        }
    }
    all.sort_by_key(|work| work.base != joined.commit);
    all
}

/// What the save of all heads will say; what can only be said once is as in the newest.
fn draft(heads: &[OpenSave], newest: &OpenSave, manifest: Manifest, state: CodeState) -> Draft {
    let (card, code) = (&newest.card, manifest.code.as_ref());
    Draft {
        session: card.session.clone(),
        parents: heads.iter().map(|h| (h.card.save.clone(), h.card.vector.clone())).collect(),
        message: message(heads),
        code: state,
        branch: code.map(|code| code.branch.clone()),
        commit: code.map(|code| code.commit.clone()),
        repository: card.repository.clone(),
        working_directory: card.working_directory.clone(),
        quiet: true,
        parked: false,
        note: false,
        title: heads.iter().rev().find_map(|head| head.card.title.clone()),
        manifest,
    }
}

/// A head that is damaged, or not all there yet, can't be joined; that says nothing against the
/// others.
fn cannot_join(trouble: Trouble) -> Trouble {
    if !is_damage(&trouble) {
        return trouble;
    }
    Refusal::new(
        "convosync::resume::merge-unreadable",
        format!("the heads can't be joined: {}", trouble.failure().message),
    )
    .help("choose `--on-conflict keep-local` or `--on-conflict use-remote`; nothing was changed, and what can't be read stays where it is")
    .into()
}

/// Letters of a head's message that the message of all of them repeats.
const REPEATED: usize = 60;

fn message(heads: &[OpenSave]) -> String {
    let said = heads.iter().map(|head| {
        let line = head.card.message.lines().next().unwrap_or_default();
        line.chars().take(REPEATED).collect::<String>()
    });
    format!("Merge: {}", said.collect::<Vec<_>>().join(" + "))
}

fn told(heads: &[OpenSave], manifest: &Manifest) -> String {
    let saves: Vec<_> = heads.iter().map(|head| head.card.device_name.as_str()).collect();
    let messages = manifest.conversations.first().map_or(0, |talk| talk.message_count);
    format!("joined what was saved on {}: {messages} messages in all", saves.join(" and on "))
}
