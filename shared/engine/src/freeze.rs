//! Freezing: from here on a save is safe on this device, whatever happens to the network.

use std::collections::BTreeMap;

use convosync_core::{
    Card, CodeState, ConversationId, FileState, Manifest, ObjectName, Oid, Packed, PartBody, Salts,
    SaveId, SegmentRef, SessionId, UnitBody, Vector, content_digest, part_name, seal_part,
    seal_unit,
};

use crate::bind::Binding;
use crate::engine::Engine;
use crate::knob;
use crate::member::Member;
use crate::ports::{IndexChange, LocalError, QueueRow, StoreError, StoredCard, Table};
use crate::shelf::OpenSave;
use crate::trouble::{Refusal, Trouble};

/// Collects packed segments on their way into a unit.
pub(crate) struct Packing<'e> {
    engine: &'e Engine<'e>,
    member: &'e Member,
    session: SessionId,
    waiting: Vec<Packed>,
    bytes: usize,
    parts: BTreeMap<[u8; 16], ObjectName>,
}

impl<'e> Packing<'e> {
    pub(crate) fn new(engine: &'e Engine<'e>, member: &'e Member, session: SessionId) -> Self {
        Self { engine, member, session, waiting: Vec::new(), bytes: 0, parts: BTreeMap::new() }
    }

    /// The session that the segments are of.
    pub(crate) fn session(&self) -> &SessionId {
        &self.session
    }

    /// Takes a segment; parts are put into the outbox as they fill, so that memory stays bounded.
    pub(crate) fn take(&mut self, segment: &SegmentRef, bytes: Vec<u8>) -> Result<(), Trouble> {
        self.bytes += bytes.len();
        self.waiting.push(Packed { id: segment.id, bytes });
        if self.bytes > knob::inline() {
            self.flush()?;
        }
        Ok(())
    }

    /// What waits to go into the unit itself.
    pub(crate) fn waiting(&self) -> &[Packed] {
        &self.waiting
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        let segments = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let Some(first) = segments.first() else { return Ok(()) };
        let name = part_name(&self.session, &first.id, &mut self.engine.random());
        for packed in &segments {
            self.parts.insert(packed.id, name.clone());
        }
        let (profile, hash) = (&self.member.profile, self.member.devices.hash());
        let body = PartBody { segments };
        let sealed =
            seal_part(profile, hash, &name, &body, Salts::Fresh(&mut self.engine.random()))
                .map_err(|error| Refusal::new("convosync::save::too-big", error.to_string()))?;
        self.engine.ports.outbox.put_new(&name, &sealed).map_err(not_kept)?;
        Ok(())
    }

    /// Names the part that each segment went into.
    pub(crate) fn settle(&self, file: &mut FileState) {
        for segment in &mut file.segments {
            if segment.container.is_none() {
                segment.container = self.parts.get(&segment.id).cloned();
            }
        }
    }
}

/// What a save will say, before it has a name.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) session: SessionId,
    pub(crate) parents: Vec<(SaveId, Vector)>,
    pub(crate) message: String,
    pub(crate) code: CodeState,
    pub(crate) branch: Option<String>,
    pub(crate) commit: Option<Oid>,
    pub(crate) repository: String,
    pub(crate) working_directory: String,
    pub(crate) quiet: bool,
    pub(crate) parked: bool,
    /// As in [`Card::note`].
    pub(crate) note: bool,
    pub(crate) title: Option<String>,
    pub(crate) manifest: Manifest,
}

impl Draft {
    /// The same moment as a save that there is, on top of it alone.
    pub(crate) fn again(open: OpenSave) -> Self {
        let OpenSave { card, manifest, name } = open;
        Self {
            session: card.session,
            parents: vec![(card.save, card.vector)],
            message: card.message,
            code: card.code,
            branch: card.branch,
            commit: card.commit,
            repository: card.repository,
            working_directory: card.working_directory,
            quiet: true,
            parked: false,
            note: false,
            title: card.title,
            manifest: at_home(manifest, &name),
        }
    }
}

/// A save that was frozen.
pub(crate) struct Frozen {
    pub(crate) card: Card,
}

impl Engine<'_> {
    /// Freezes a save: its unit in the outbox is the commit point; the index follows.
    ///
    /// After a crash before it, nothing was saved and nothing is lost; after it, the next command
    /// finds the unit and indexes it. Called with the `freeze` lock held: it counts saves.
    pub(crate) fn freeze(
        &self,
        member: &Member,
        draft: Draft,
        packing: Packing<'_>,
        bind: Option<Binding>,
    ) -> Result<Frozen, Trouble> {
        let seq = self.next_seq(member)?;
        let generation =
            1 + draft.parents.iter().map(|(save, _)| save.generation()).max().unwrap_or(0);
        let device = &member.profile.device;
        let save = SaveId::new(generation, device.id.clone(), seq, &self.letters())
            .map_err(|_| too_many_generations(&draft.session))?;
        let card = self.card(member, &draft, save);
        let mut manifest = draft.manifest;
        settle(&mut manifest, &packing);
        let body = UnitBody { manifest, segments: packing.waiting };
        let (profile, hash) = (&member.profile, member.devices.hash());
        let (name, sealed) =
            seal_unit(profile, hash, &card, &body, Salts::Fresh(&mut self.random()))
                .map_err(|error| Refusal::new("convosync::save::too-big", error.to_string()))?;
        let size = sealed.as_bytes().len() as u64;
        self.ports.outbox.put_new(&name, &sealed).map_err(not_kept)?;
        let mut changes = self.indexed(&card, &sealed, size)?;
        changes.push(self.remember(member, Table::Misc, "seq", b"", &seq.to_string()));
        if let Some(binding) = bind {
            changes.push(self.bind(member, &Binding { tip: card.save.clone(), ..binding }));
        }
        self.ports.index.apply(&changes)?;
        Ok(Frozen { card })
    }

    /// The index rows of a save that lies in the outbox.
    pub(crate) fn indexed(
        &self,
        card: &Card,
        unit: &convosync_core::Sealed,
        size: u64,
    ) -> Result<Vec<IndexChange>, Trouble> {
        let name = ObjectName::Unit { session: card.session.clone(), save: card.save.clone() };
        let prefix =
            convosync_core::card_prefix(unit).map_err(|error| Trouble::Object { name, error })?;
        let (session, save) = (card.session.clone(), card.save.clone());
        let stored =
            StoredCard { session: session.clone(), save: save.clone(), card: prefix, size };
        let row = QueueRow {
            session,
            save,
            created_ms: self.ports.clock.now_ms(),
            attempts: 0,
            error: None,
            retry_ms: 0,
        };
        Ok(vec![IndexChange::PutCard(stored), IndexChange::Enqueue(row)])
    }

    fn card(&self, member: &Member, draft: &Draft, save: SaveId) -> Card {
        let main = draft.manifest.wanted_conversations().first();
        let vector = Vector::after(draft.parents.iter().map(|(_, vector)| vector), &save);
        Card {
            session: draft.session.clone(),
            parents: draft.parents.iter().map(|(save, _)| save.clone()).collect(),
            vector,
            save,
            timestamp_ms: self.ports.clock.now_ms(),
            device_name: member.profile.device.name.clone(),
            device_kind: member.profile.device.kind,
            message: draft.message.clone(),
            branch: draft.branch.clone(),
            commit: draft.commit.clone(),
            code: draft.code,
            repository: draft.repository.clone(),
            working_directory: draft.working_directory.clone(),
            folder: draft.manifest.terminal.as_ref().map(|terminal| terminal.directory.clone()),
            conversation: main.map(|conversation| conversation.id.clone()),
            message_count: main.map_or(0, |conversation| conversation.message_count),
            size: size_of(&draft.manifest),
            content: content_digest(&draft.manifest),
            quiet: draft.quiet,
            parked: draft.parked || draft.note,
            note: draft.note,
            title: draft.title.clone(),
            terminal: draft.manifest.terminal.is_some(),
            uncommitted: uncommitted(&draft.manifest),
        }
    }

    fn next_seq(&self, member: &Member) -> Result<u64, Trouble> {
        let last = self.remembered(member, Table::Misc, "seq", b"")?;
        Ok(1 + last.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0))
    }
}

/// No session gets there by honest saves.
fn too_many_generations(session: &SessionId) -> Refusal {
    Refusal::new(
        "convosync::save::generation",
        format!("{session} has a save with the last generation that there can be"),
    )
    .help("it was not made by this version of ConvoSync; start another session with `--new`")
}

/// The outbox is this device's own disk: what it lacks is no matter of a store.
fn not_kept(error: StoreError) -> Trouble {
    match error {
        StoreError::Full(reason) => LocalError::Full(reason).into(),
        other => other.into(),
    }
}

/// Names the part that each segment of a manifest went into.
pub(crate) fn settle(manifest: &mut Manifest, packing: &Packing<'_>) {
    for file in manifest.files_mut() {
        packing.settle(file);
    }
}

/// Changes of all work that travels along.
fn uncommitted(manifest: &Manifest) -> u64 {
    let work = manifest.code.iter().flat_map(|code| &code.work);
    work.fold(0, |sum, work| sum.saturating_add(work.changes))
}

/// Canonical bytes of all conversations that a resume brings back.
fn size_of(manifest: &Manifest) -> u64 {
    let files = manifest.wanted_conversations().iter().flat_map(|c| c.files.iter());
    files.fold(0, |sum, (_, file)| sum.saturating_add(file.len))
}

/// Names the unit itself where a manifest says "in here": the manifest of a later save may then
/// take the segments over.
pub(crate) fn at_home(mut manifest: Manifest, unit: &ObjectName) -> Manifest {
    for segment in manifest.files_mut().flat_map(|file| &mut file.segments) {
        segment.container.get_or_insert_with(|| unit.clone());
    }
    manifest
}

/// The conversation of a manifest by its id.
pub(crate) fn conversation_of<'m>(
    manifest: &'m Manifest,
    id: &ConversationId,
) -> Option<&'m convosync_core::Conversation> {
    manifest.conversations.iter().find(|conversation| conversation.id == *id)
}
