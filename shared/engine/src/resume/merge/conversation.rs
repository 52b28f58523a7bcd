//! The conversations of several heads: what only one has is kept, and what several have becomes
//! one where its lines can be joined.

use std::collections::BTreeMap;

use convosync_core::{
    Conversation, ConversationId, FilePath, FileState, Joined, Merging, PackInput, Rules, Side,
    Span, Summary, common_lines, common_spans, join, newest, pack, segment_key, spans,
};
use convosync_wire::Note;

use super::super::conversation::has_lines;
use crate::capture::{TRANSCRIPT, pack_trouble, scratch_error, transcript_of};
use crate::conversation_id::id_that_follows;
use crate::engine::Engine;
use crate::freeze::{Packing, conversation_of};
use crate::member::Member;
use crate::ports::ScratchFile;
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};

/// A conversation as one of the heads has it.
#[derive(Clone, Copy)]
struct Version<'h> {
    head: &'h OpenSave,
    conversation: &'h Conversation,
}

/// A file as one of the heads has it, on this disk.
struct Copy {
    file: Box<dyn ScratchFile>,
    len: u64,
}

impl Copy {
    fn side(&mut self) -> Side<'_> {
        Side { file: &mut self.file, len: self.len }
    }
}

/// A file that was made of several.
struct Made {
    copy: Copy,
    summary: Summary,
}

/// What is being put together.
struct Table<'t, 's, 'p> {
    member: &'t Member,
    shelf: &'t mut Shelf<'s>,
    packing: &'t mut Packing<'p>,
    notes: Vec<Note>,
}

impl Engine<'_> {
    /// All conversations, the newest head's main one first.
    pub(super) fn conversations_of_all(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        heads: &[OpenSave],
        packing: &mut Packing<'_>,
    ) -> Result<(Vec<Conversation>, Vec<Note>), Trouble> {
        let mut table = Table { member, shelf, packing, notes: Vec::new() };
        let (mut all, mut aside) = (Vec::new(), Vec::new());
        for id in ids(heads) {
            let versions: Vec<_> = heads
                .iter()
                .filter_map(|head| {
                    let conversation = conversation_of(&head.manifest, id)?;
                    Some(Version { head, conversation })
                })
                .collect();
            let (one, apart) = self.one_of(&mut table, &versions)?;
            all.extend(one);
            aside.extend(apart);
        }
        aside.retain(|apart: &Conversation| all.iter().all(|known| known.id != apart.id));
        aside.sort_by(|a, b| a.id.cmp(&b.id));
        aside.dedup_by(|a, b| a.id == b.id);
        all.extend(aside);
        Ok((all, table.notes))
    }

    /// One conversation of its versions, and those that could not go into it.
    fn one_of(
        &self,
        table: &mut Table<'_, '_, '_>,
        versions: &[Version<'_>],
    ) -> Result<(Option<Conversation>, Vec<Conversation>), Trouble> {
        let Some(last) = versions.last() else { return Ok((None, Vec::new())) };
        let same = |version: &Version<'_>| equal(version.conversation, last.conversation);
        if versions.iter().all(same) {
            return Ok((Some(last.conversation.clone()), Vec::new()));
        }
        let name = &last.conversation.assistant;
        let assistant = self.ports.assistants.iter().find(|known| known.name() == name);
        let Some(rules) = assistant.map(|assistant| assistant.rules()) else {
            return Ok(self.kept_apart(table, versions));
        };
        let ranked = self.ranked(table, rules, versions)?;
        if rules.merging() == Merging::Apart {
            return Ok(self.kept_apart(table, &ranked));
        }
        match self.joined(table, rules, &ranked)? {
            Some(one) => Ok((Some(one), Vec::new())),
            None => Ok(self.kept_apart(table, &ranked)),
        }
    }

    /// The last one under its own id, the others under new ones that follow from what they hold.
    fn kept_apart(
        &self,
        table: &mut Table<'_, '_, '_>,
        versions: &[Version<'_>],
    ) -> (Option<Conversation>, Vec<Conversation>) {
        let Some((last, others)) = versions.split_last() else { return (None, Vec::new()) };
        let mut apart = Vec::new();
        for version in others {
            let other = version.conversation;
            if equal(other, last.conversation) {
                continue;
            }
            let Ok(id) = id_apart(other) else { continue };
            table.notes.push(told_apart(other, &id, version.head));
            apart.push(Conversation { id, ..other.clone() });
        }
        (Some(last.conversation.clone()), apart)
    }

    /// The versions by their newest message on top of what all have, then by save: the last one
    /// wins.
    fn ranked<'v>(
        &self,
        table: &mut Table<'_, '_, '_>,
        rules: &dyn Rules,
        versions: &[Version<'v>],
    ) -> Result<Vec<Version<'v>>, Trouble> {
        let mut copies = Vec::new();
        for version in versions {
            let Some(state) = transcript_of(version.conversation) else { continue };
            copies.push((*version, self.copy(table, version.head, state)?));
        }
        let read = |error: std::io::Error| scratch_error(&error);
        let mut common = u64::MAX;
        if let Some(((_, first), rest)) = copies.split_first_mut() {
            for (_, other) in rest {
                common =
                    common.min(common_lines(&mut first.side(), &mut other.side()).map_err(read)?);
            }
        }
        let mut ranked = Vec::new();
        for (version, mut copy) in copies {
            let at = common.min(copy.len);
            let time = newest(rules, &mut copy.side(), at).map_err(read)?;
            ranked.push((time, version.head.card.save.clone(), version));
        }
        ranked.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        // One without a transcript has nothing to say.
        let silent = versions.iter().filter(|v| transcript_of(v.conversation).is_none());
        Ok(silent.copied().chain(ranked.into_iter().map(|(_, _, version)| version)).collect())
    }

    /// `None`: the transcripts can't become one.
    fn joined(
        &self,
        table: &mut Table<'_, '_, '_>,
        rules: &dyn Rules,
        ranked: &[Version<'_>],
    ) -> Result<Option<Conversation>, Trouble> {
        let Some(last) = ranked.last() else { return Ok(None) };
        let mut files: Vec<(FilePath, FileState)> = Vec::new();
        let mut told: Option<Summary> = None;
        // The transcript first: if it can't be joined, nothing else is.
        let mut paths: Vec<_> = by_path(ranked).into_iter().collect();
        paths.sort_by_key(|(path, _)| path.as_str() != TRANSCRIPT);
        for (path, states) in paths {
            let distinct = distinct(&states);
            if let [(_, only)] = distinct.as_slice() {
                files.push((path.clone(), (*only).clone()));
                continue;
            }
            if has_lines(path) {
                match self.joined_file(table, rules, &distinct)? {
                    Some((state, summary)) => {
                        if path.as_str() == TRANSCRIPT {
                            told = Some(summary);
                        }
                        files.push((path.clone(), state));
                        continue;
                    }
                    None if path.as_str() == TRANSCRIPT => return Ok(None),
                    None => {}
                }
            }
            files.extend(beside(rules, path, &distinct));
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        files.dedup_by(|a, b| a.0 == b.0);
        let mut one = Conversation { files, ..last.conversation.clone() };
        if let Some(told) = told {
            let known = ranked.iter().map(|version| version.conversation.spans.as_slice());
            let known = known.map(<[Span]>::to_vec);
            let common = known.reduce(|one, other| common_spans(&one, &other)).unwrap_or_default();
            // Of what came after, the code is told by the saves that were joined.
            one.spans = spans(&common, &told.turns, None, &[]);
            one.message_count = told.messages;
            one.title = told.title.or(one.title);
            one.client_version = told.client_version.or(one.client_version);
        }
        Ok(Some(one))
    }

    /// One file of lines made of several, the last one winning, packed as what it adds to the first.
    fn joined_file(
        &self,
        table: &mut Table<'_, '_, '_>,
        rules: &dyn Rules,
        states: &[(&OpenSave, &FileState)],
    ) -> Result<Option<(FileState, Summary)>, Trouble> {
        let Some(((first_head, first_state), rest)) = states.split_first() else {
            return Ok(None);
        };
        let mut first = self.copy(table, first_head, first_state)?;
        let mut made: Option<Made> = None;
        for (head, state) in rest {
            let mut winning = self.copy(table, head, state)?;
            let mut file = self.ports.scratch.file()?;
            let losing = made.as_mut().map_or(&mut first, |made| &mut made.copy);
            let joined = join(rules, &mut losing.side(), &mut winning.side(), &mut file)
                .map_err(|error| scratch_error(&error))?;
            let Joined::Whole(canonical) = joined else { return Ok(None) };
            let copy = Copy { file, len: canonical.len };
            made = Some(Made { copy, summary: canonical.summary });
        }
        let Some(Made { mut copy, summary }) = made else { return Ok(None) };
        let key = segment_key(&table.member.profile.account, table.packing.session());
        let input = PackInput {
            key: key.as_bytes(),
            old: Some(first_state),
            old_file: Some(&mut first.file),
            new_file: &mut copy.file,
            new_len: copy.len,
            blocks: None,
            messages: summary.messages,
        };
        let state = pack(input, &mut |segment, bytes| table.packing.take(&segment, bytes))
            .map_err(|error| pack_trouble("the joined conversation", error))?;
        Ok(Some((state, summary)))
    }

    fn copy(
        &self,
        table: &mut Table<'_, '_, '_>,
        head: &OpenSave,
        state: &FileState,
    ) -> Result<Copy, Trouble> {
        let file = self.rebuilt(table.shelf, &head.name, state)?;
        Ok(Copy { file, len: state.len })
    }
}

/// Every conversation once: the newest head's main one, then by id.
fn ids(heads: &[OpenSave]) -> Vec<&ConversationId> {
    let mains = heads.iter().rev().filter_map(|head| head.manifest.conversations.first());
    let main = mains.map(|conversation| &conversation.id).next();
    let mut ids: Vec<_> =
        heads.iter().flat_map(|head| head.manifest.conversations.iter().map(|c| &c.id)).collect();
    ids.sort_by_key(|id| (Some(*id) != main, *id));
    ids.dedup();
    ids
}

/// Whether two conversations hold the same files.
fn equal(one: &Conversation, other: &Conversation) -> bool {
    let mut pairs = one.files.iter().zip(&other.files);
    one.files.len() == other.files.len() && pairs.all(|(a, b)| a.0 == b.0 && same(&a.1, &b.1))
}

fn same(one: &FileState, other: &FileState) -> bool {
    one.len == other.len && one.blocks == other.blocks
}

type States<'v> = Vec<(&'v OpenSave, &'v FileState)>;

fn by_path<'v>(ranked: &[Version<'v>]) -> BTreeMap<&'v FilePath, States<'v>> {
    let mut paths: BTreeMap<&FilePath, States<'_>> = BTreeMap::new();
    for version in ranked {
        for (path, state) in &version.conversation.files {
            paths.entry(path).or_default().push((version.head, state));
        }
    }
    paths
}

/// Each content once, where it stands last.
fn distinct<'v>(states: &[(&'v OpenSave, &'v FileState)]) -> States<'v> {
    let later = |at: usize| states[at + 1..].iter().any(|(_, state)| same(state, states[at].1));
    (0..states.len()).filter(|at| !later(*at)).map(|at| states[at]).collect()
}

/// The winning version of a file in its place, the others beside it. One that has no such place
/// stays in the save that has it.
fn beside(
    rules: &dyn Rules,
    path: &FilePath,
    states: &[(&OpenSave, &FileState)],
) -> Vec<(FilePath, FileState)> {
    let Some(((_, winning), others)) = states.split_last() else { return Vec::new() };
    let aside = others
        .iter()
        .filter_map(|(_, state)| Some((rules.beside(path, &mark(state))?, (*state).clone())));
    aside.chain([(path.clone(), (*winning).clone())]).collect()
}

/// Eight letters that follow from what a file holds.
fn mark(state: &FileState) -> String {
    let mut hash = blake3::Hasher::new_derive_key("convosync v1 file kept beside");
    digest(&mut hash, "", state);
    hash.finalize().to_hex()[..8].to_owned()
}

fn digest(hash: &mut blake3::Hasher, path: &str, state: &FileState) {
    hash.update(&(path.len() as u64).to_le_bytes());
    hash.update(path.as_bytes());
    hash.update(&state.len.to_le_bytes());
    hash.update(state.blocks.as_flattened());
}

/// The id of a conversation that could not become one with another of its id: it follows from the
/// old id and all that it holds, so that every device gives it the same.
fn id_apart(conversation: &Conversation) -> Result<ConversationId, Refusal> {
    let mut hash = blake3::Hasher::new_derive_key("convosync v1 conversation kept apart");
    hash.update(conversation.id.as_str().as_bytes());
    for (path, state) in &conversation.files {
        digest(&mut hash, path.as_str(), state);
    }
    id_that_follows(&hash)
}

fn told_apart(conversation: &Conversation, id: &ConversationId, head: &OpenSave) -> Note {
    let card = &head.card;
    Note {
        code: "convosync::resume::kept-apart".to_owned(),
        text: format!(
            "the conversation {} of {} can't become one with the other; it travels as {id}",
            conversation.id, card.device_name
        ),
        help: Some(format!("convosync resume {} --at {}", card.session, card.save)),
    }
}
