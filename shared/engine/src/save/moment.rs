//! The moment that a save holds: code, conversation, terminal.

use convosync_core::{
    Code, CodeState, Conversation, ConversationId, FileState, LeftOut, Manifest, Oid, Roots,
    SaveId, SavedCode, SessionId, Terminal, Vector, content_digest, spans,
};
use convosync_wire::{Note, OnLarge, Request, SaveArgs};

use super::code::pointers_note;
use super::large::{self, Weight};
use super::naming::{clone_url, is_called, push_remote, remotes, repository_name};
use super::{Chosen, Coded, EXCLUDES, about};
use crate::bind::Binding;
use crate::capture::{Capture, Captured, transcript_of};
use crate::engine::Engine;
use crate::freeze::{Draft, Frozen, Packing, at_home, conversation_of};
use crate::history::{History, Seen};
use crate::member::Member;
use crate::panes::ids_of;
use crate::ports::{Assistant, Committed, Facts, Found, Repository, Table};
use crate::shelf::{OpenSave, Shelf};
use crate::show::saved_code;
use crate::trouble::{MISSING, Refusal, Trouble};

/// A frozen save and what there is to tell of it.
pub(super) struct Held {
    pub(super) frozen: Frozen,
    pub(super) terminal: Terminal,
    pub(super) notes: Vec<Note>,
}

impl Engine<'_> {
    pub(super) fn freeze_chosen(
        &self,
        member: &Member,
        request: &Request,
        args: &SaveArgs,
        chosen: &Chosen<'_>,
        coded: &mut Coded<'_>,
    ) -> Result<Option<Held>, Trouble> {
        let mut shelf = Shelf::near(self, member);
        let base = self.base(&mut shelf, chosen)?;
        let mut packing = Packing::new(self, member, chosen.session.clone());
        let mut notes = Vec::new();
        if let Some(committed) = coded.committed.as_ref() {
            notes.extend(about::kept_back(&committed.excluded));
            notes.extend(about::case_clashes(&committed.clashes));
            notes.extend(about::submodules(&committed.submodules));
        }
        let mut secrets = std::mem::take(&mut coded.secrets);
        let mut conversations = Vec::new();
        if args.no_conversation {
            // What the session has stays in it.
        } else if let Some((assistant, found)) = chosen.main() {
            let mut captured = self.capture_main(
                member,
                *assistant,
                found,
                chosen,
                base.as_ref(),
                args.accept_shrink,
                &mut shelf,
                &mut packing,
            )?;
            self.put_in_context(&mut captured, chosen, coded.committed.as_ref(), base.as_ref());
            notes.extend(captured.notes);
            secrets.of_conversation(captured.secrets);
            notes.extend(self.told_of_size(&captured.conversation, captured.tokens, args));
            conversations.push(captured.conversation);
            conversations.extend(captured.apart);
        } else {
            notes.push(no_conversation(base.as_ref(), args));
        }
        conversations.extend(others_of(base.as_ref(), &conversations));
        let (mut code, state) = match coded.committed.as_ref() {
            Some(committed) => {
                let (code, state) = self.code_of(member, chosen, committed, &mut packing)?;
                (Some(code), state)
            }
            None => code_before(base.as_ref()),
        };
        if let (Some(taken), Some(code)) = (&mut coded.work, &mut code) {
            notes.extend(pointers_note(&taken.work));
            code.work.push(self.packed_work(member, taken, base.as_ref(), &mut packing)?);
        }
        let facts = &chosen.scene.facts;
        let (terminal, told) = match args.no_terminal {
            true => (None, Vec::new()),
            false => {
                let (terminal, told) = self.terminal_now(request, args, facts);
                (Some(terminal), told)
            }
        };
        notes.extend(told);
        notes.extend(secrets.note());
        let left_out = LeftOut { code: args.no_code, conversation: args.no_conversation };
        let working_directory = match &terminal {
            Some(_) => &chosen.scene.directory,
            None => &facts.repository.root,
        };
        let mut manifest = Manifest { code, conversations, terminal: terminal.clone(), left_out };
        let same = |base: &OpenSave| base.card.content == content_digest(&manifest);
        if args.auto && base.as_ref().is_some_and(same) {
            return Ok(None);
        }
        // Last, since it takes longest of all that can be known without it.
        let layout = match terminal.is_some() {
            true => self.panes_now(request, facts, &ids_of(&manifest.conversations)),
            false => Ok(None),
        };
        let layout = layout.unwrap_or_else(|note| {
            notes.push(note);
            None
        });
        if let (Some(taken), Some(terminal)) = (layout, &mut manifest.terminal) {
            let layout = self.with_texts(member, request, args, taken, &mut packing, &mut notes)?;
            terminal.layout = Some(layout);
        }
        let terminal = manifest.terminal.clone();
        let draft = Draft {
            session: chosen.session.clone(),
            parents: chosen.parents.clone(),
            message: chosen.message.clone(),
            code: state,
            branch: branch(facts, coded.committed.as_ref(), base.as_ref()),
            commit: coded.committed.as_ref().map(|committed| committed.commit.clone()),
            repository: repository_name(facts),
            working_directory: working_directory.display().to_string(),
            quiet: args.no_notify || args.auto,
            parked: false,
            note: false,
            title: chosen.title.clone(),
            manifest,
        };
        let binding = Binding {
            session: chosen.session.clone(),
            tip: placeholder(member)?,
            conversation: chosen.main().map(|(_, found)| found.id.clone()),
            continues: true,
            elsewhere: false,
            root: facts.repository.root.clone(),
        };
        let frozen = self.freeze(member, draft, packing, Some(binding))?;
        Ok(Some(Held { frozen, terminal: terminal.unwrap_or_default(), notes }))
    }

    /// The save that this one goes on from, without the files whose containers are damaged or
    /// gone: of those nothing is taken over, and what is here of them is saved whole.
    fn base(
        &self,
        shelf: &mut Shelf<'_>,
        chosen: &Chosen<'_>,
    ) -> Result<Option<OpenSave>, Trouble> {
        let Some(save) = chosen.base.as_ref() else { return Ok(None) };
        let Ok(mut open) = shelf.save(&chosen.session, save) else { return Ok(None) };
        let gone = self.lacks_something(save)?;
        let lost = shelf.lost(&open.manifest, gone);
        for conversation in &mut open.manifest.conversations {
            let is_there = |file: &FileState| {
                let mut named = file.segments.iter().filter_map(|s| s.container.as_ref());
                named.all(|name| !lost.contains(name))
            };
            conversation.files.retain(|(_, file)| is_there(file));
        }
        open.manifest.conversations.retain(|conversation| !conversation.files.is_empty());
        let manifest = at_home(open.manifest, &open.name);
        Ok(Some(OpenSave { manifest, ..open }))
    }

    /// Tells of the messages that are new since the save before on which code they were written.
    fn put_in_context(
        &self,
        captured: &mut Captured,
        chosen: &Chosen<'_>,
        committed: Option<&Committed>,
        base: Option<&OpenSave>,
    ) {
        let Captured { conversation, turns, .. } = captured;
        let known = conversation.spans.last().map_or(0, |span| span.last);
        // A fuller transcript than the one here has the context that it had.
        if turns.count() != conversation.message_count || known == turns.count() {
            return;
        }
        let facts = &chosen.scene.facts;
        // Without a record of HEAD, or with one that can't be read, less is known.
        let moves = self.ports.git.head_moves(&facts.repository).unwrap_or_default();
        let before = base.filter(|_| conversation.spans.is_empty());
        let before = before
            .and_then(|open| Some((open, conversation_of(&open.manifest, &conversation.id)?)));
        if let Some((open, before)) = before {
            // Saved by an older version: its own commit is all that is known.
            let turns = turns.up_to(before.message_count);
            conversation.spans = spans(&[], &turns, saved_code(open), &[]);
        }
        let branch = facts.head.name();
        let save = committed.map(|done| SavedCode { branch, commit: &done.commit });
        conversation.spans = spans(&conversation.spans, turns, save, &moves);
    }

    /// Whether a save could not be sent because something that it refers to was nowhere to be had.
    fn lacks_something(&self, save: &SaveId) -> Result<bool, Trouble> {
        let mut queue = self.ports.index.queue()?.into_iter();
        let row = queue.find(|row| row.save == *save);
        Ok(row.and_then(|row| row.error).is_some_and(|error| error == MISSING))
    }

    #[expect(clippy::too_many_arguments, reason = "what a capture is made of, each once")]
    fn capture_main(
        &self,
        member: &Member,
        assistant: &dyn Assistant,
        found: &Found,
        chosen: &Chosen<'_>,
        base: Option<&OpenSave>,
        shrinks: bool,
        shelf: &mut Shelf<'_>,
        packing: &mut Packing<'_>,
    ) -> Result<Captured, Trouble> {
        self.step("Reading the conversation")?;
        let root = &chosen.scene.facts.repository.root;
        let roots = self.roots(member, &found.id, root)?;
        let files = self.files_of(assistant, found)?;
        let capture = Capture {
            member,
            assistant,
            found,
            files: &files,
            roots: &roots,
            work_tree: root,
            base,
            exact: false,
            shrinks,
            archive: chosen.archive,
        };
        self.capture(&capture, shelf, packing)
    }

    /// That a conversation is large, or begins later after a resume.
    fn told_of_size(
        &self,
        talk: &Conversation,
        tokens: Option<u64>,
        args: &SaveArgs,
    ) -> Option<Note> {
        if let Some(archived) = talk.archived {
            return args.on_large.map(|_| large::archived(archived, talk.message_count));
        }
        let bytes = transcript_of(talk).map_or(0, |transcript| transcript.len);
        let limits = &self.ports.settings.large;
        let weight = Weight { messages: talk.message_count, bytes, tokens };
        let is_large = limits.is(weight.messages, weight.bytes);
        if is_large && args.on_large == Some(OnLarge::Archive) {
            return Some(large::not_archived(talk.message_count));
        }
        (is_large && args.on_large.is_none()).then(|| large::warning(&weight, limits))
    }

    /// The roots that a conversation has or had on this device; the present one is remembered.
    pub(crate) fn roots(
        &self,
        member: &Member,
        conversation: &ConversationId,
        root: &std::path::Path,
    ) -> Result<Roots, Trouble> {
        let id = conversation.as_str().as_bytes();
        let before = self.remembered(member, Table::Conversations, "roots", id)?;
        let mut repo = vec![root.display().to_string()];
        for old in before.as_deref().unwrap_or_default().lines() {
            if !repo.iter().any(|known| known == old) {
                repo.push(old.to_owned());
            }
        }
        let text = repo.join("\n");
        if before.as_deref() != Some(text.as_str()) {
            let change = self.remember(member, Table::Conversations, "roots", id, &text);
            self.ports.index.apply(&[change])?;
        }
        let home = self.ports.host.home.as_ref().map(|home| home.display().to_string());
        Ok(Roots { repo, home })
    }

    fn code_of(
        &self,
        member: &Member,
        chosen: &Chosen<'_>,
        committed: &Committed,
        packing: &mut Packing<'_>,
    ) -> Result<(Code, CodeState), Trouble> {
        let facts = &chosen.scene.facts;
        let remote = push_remote(facts);
        let code = Code {
            remotes: remotes(facts),
            clone_url: clone_url(facts),
            root_commit: self.root_commit(member, &facts.repository)?,
            branch: facts.head.name().to_owned(),
            commit: committed.commit.clone(),
            subject: subject(facts, committed, &chosen.message),
            bundle: None,
            bundle_needs: Vec::new(),
            excluded: committed.excluded.clone(),
            modified: modified(facts, committed),
            work: Vec::new(),
        };
        if let Some(remote) = &remote
            && !committed.made
            && self.ports.git.tracked(&facts.repository, remote, &committed.commit)?
        {
            return Ok((code, CodeState::Pushed));
        }
        if !chosen.keeps_back {
            return Ok((code, CodeState::Unproven));
        }
        let repo = &facts.repository;
        if let (true, Some(remote)) = (chosen.asks_nobody, &remote) {
            let known = self.ports.git.tracking_tips(repo, remote)?;
            return bundled_code(self, member, repo, &known, code, packing);
        }
        carried_code(self, member, repo, remote.as_deref(), code, packing)
    }

    /// The root commit, asked once per clone: in a long history git takes its time.
    pub(crate) fn root_commit(
        &self,
        member: &Member,
        repo: &Repository,
    ) -> Result<Option<Oid>, Trouble> {
        let key = repo.common_dir.as_os_str().as_encoded_bytes();
        if let Some(known) = self.remembered(member, Table::Repositories, "root", key)?
            && let Ok(oid) = known.parse()
        {
            return Ok(Some(oid));
        }
        let root = self.ports.git.root_commit(repo)?;
        if let Some(oid) = &root {
            let change = self.remember(member, Table::Repositories, "root", key, oid.as_str());
            self.ports.index.apply(&[change])?;
        }
        Ok(root)
    }
}

/// Puts what the remote lacks of a commit into the save.
///
/// What it has is asked of the remote itself; only when it does not answer do the remote-tracking
/// refs have to do: the next device fetches before it unpacks.
pub(crate) fn carried_code(
    engine: &Engine<'_>,
    member: &Member,
    repo: &Repository,
    remote: Option<&str>,
    code: Code,
    packing: &mut Packing<'_>,
) -> Result<(Code, CodeState), Trouble> {
    let known = match remote {
        Some(remote) => match engine.ports.git.advertised(repo, remote) {
            Ok(advertised) => advertised.oids,
            Err(_) => engine.ports.git.tracking_tips(repo, remote)?,
        },
        None => Vec::new(),
    };
    bundled_code(engine, member, repo, &known, code, packing)
}

/// Puts what these commits lack of the save's commit into the save.
fn bundled_code(
    engine: &Engine<'_>,
    member: &Member,
    repo: &Repository,
    known: &[Oid],
    mut code: Code,
    packing: &mut Packing<'_>,
) -> Result<(Code, CodeState), Trouble> {
    let mut file = engine.ports.scratch.file()?;
    let bundled = engine.ports.git.bundle(repo, &code.commit, known, file.path())?;
    let Some(needs) = bundled else { return Ok((code, CodeState::Pushed)) };
    code.bundle = Some(engine.packed_bundle(member, &mut *file, "the commits", packing)?);
    code.bundle_needs = needs;
    Ok((code, CodeState::Carried))
}

/// The saves that a new one is made on top of: the one it goes on from with the heads that hold the
/// same; and, where this device has saved on past it (an old save was brought back), every head: a
/// device's saves in a session stay one line.
pub(super) fn parents(
    history: &History,
    session: &SessionId,
    from: Option<&SaveId>,
    member: &Member,
) -> Vec<(SaveId, Vector)> {
    let Some(saves) = history.sessions.get(session) else { return Vec::new() };
    let mine = history.last_of(session, &member.profile.device.id);
    let base = from.and_then(|save| saves.get(save)).map(Box::as_ref);
    let is_past = |base: &Seen| mine.is_none_or(|mine| base.card.vector.covers(&mine.card.save));
    let line = base.filter(|base| is_past(base));
    let heads = history.every_head(session).into_iter();
    let heads = heads
        .filter(|head| base.is_none_or(|base| base.card.save != head.card.save))
        .filter(|head| line.is_none_or(|base| base.card.content == head.card.content));
    let parents = base.into_iter().chain(heads);
    parents.map(|seen| (seen.card.save.clone(), seen.card.vector.clone())).collect()
}

/// The session that holds a conversation of this repository.
pub(super) fn home_of(
    history: &History,
    conversation: &ConversationId,
    facts: &Facts,
) -> Option<SessionId> {
    let rows = history.newest();
    let mut rows = rows.into_iter();
    let home = rows.find(|seen| {
        seen.card.conversation.as_ref() == Some(conversation)
            && is_called(facts, &seen.card.repository)
    })?;
    Some(home.card.session.clone())
}

/// What the session has of the code, where a save leaves it out: it stays as safe as it was.
fn code_before(base: Option<&OpenSave>) -> (Option<Code>, CodeState) {
    match base.and_then(|base| Some((base, base.manifest.code.clone()?))) {
        Some((base, code)) => (Some(code), base.card.code),
        None => (None, CodeState::None),
    }
}

/// Conversations of the save before that were not captured anew: they stay in the session.
fn others_of(base: Option<&OpenSave>, captured: &[Conversation]) -> Vec<Conversation> {
    let all = base.map(|base| base.manifest.conversations.clone()).unwrap_or_default();
    all.into_iter().filter(|old| captured.iter().all(|new| new.id != old.id)).collect()
}

fn no_conversation(base: Option<&OpenSave>, args: &SaveArgs) -> Note {
    let kept = base.is_some_and(|base| !base.manifest.conversations.is_empty());
    let text = if kept {
        "no conversation was found here; the session keeps the one it has"
    } else if args.no_code || args.no_terminal {
        "no conversation was found here; the rest was saved"
    } else {
        "no conversation was found here; code and directory were saved"
    };
    Note {
        code: "convosync::conversation::none".to_owned(),
        text: text.to_owned(),
        help: Some(
            "start `claude` in this work tree, or name one with `--conversation ID`".to_owned(),
        ),
    }
}

impl Engine<'_> {
    /// Patterns of files that a save leaves where they are: ours, then the user's.
    pub(crate) fn excludes(&self) -> Vec<String> {
        let ours = EXCLUDES.iter().map(|&pattern| pattern.to_owned());
        ours.chain(self.ports.settings.exclude_patterns.iter().cloned()).collect()
    }
}

/// The branch that was worked on. A save that leaves the code out has one too: a session is looked
/// for by it.
fn branch(facts: &Facts, committed: Option<&Committed>, base: Option<&OpenSave>) -> Option<String> {
    let here = committed.map(|_| facts.head.name()).or(facts.head.branch());
    here.or(base.and_then(|base| base.card.branch.as_deref())).map(str::to_owned)
}

/// The files that went into the commit, as far as a save tells their names.
fn modified(facts: &Facts, committed: &Committed) -> Vec<String> {
    let changes = facts.changes.iter().filter(|_| committed.made);
    changes.map(|change| change.path.clone()).take(Code::MOST_MODIFIED).collect()
}

fn subject(facts: &Facts, committed: &Committed, message: &str) -> String {
    if committed.made {
        let first = message.lines().next().unwrap_or_default();
        return super::commit_message(first);
    }
    facts.subject.clone().unwrap_or_default()
}

/// The save's own name is only known in the freeze, which puts it in.
pub(crate) fn placeholder(member: &Member) -> Result<SaveId, Refusal> {
    SaveId::new(1, member.profile.device.id.clone(), 1, &[0; 8])
        .map_err(|error| Refusal::new("convosync::save::id", error.to_string()))
}
