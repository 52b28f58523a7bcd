//! `convosync import`: a session out of a file.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use convosync_core::{
    CodeState, Conversation, FileState, Manifest, PackInput, Roots, SessionId, Summary,
    canonicalise, pack, segment_key, spans,
};
use convosync_wire::{ImportArgs, ImportReport, Note, Request};
use flate2::bufread::MultiGzDecoder;

use crate::account::LOCK_WAIT;
use crate::capture::{TRANSCRIPT, pack_trouble, scratch_error};
use crate::engine::Engine;
use crate::freeze::{Draft, Packing};
use crate::member::Member;
use crate::ports::{Assistant, Facts, ScratchFile};
use crate::save::{fits, repository_name};
use crate::send::{SEND_WAIT, Sending, not_sent};
use crate::trouble::{Refusal, Trouble};

/// The longest conversation that is taken in, unpacked: ten times the longest that is known.
const LONGEST: u64 = 1 << 30;

/// A packed file may become so many times longer; transcripts become ten times longer.
const SWELLS: u64 = 200;

/// Up to here it may swell as it likes.
const SMALL: u64 = 16 << 20;

/// What starts a gzip file (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A conversation that was read from a file.
struct Taken {
    file: Box<dyn ScratchFile>,
    len: u64,
    summary: Summary,
}

impl Engine<'_> {
    /// Makes a new session of the conversation in `from`, in the repository here, under a new
    /// conversation id: nothing that is here already is touched, and `resume` brings it into the
    /// client.
    ///
    /// # Errors
    ///
    /// If it is no conversation of a client that is known, or too long: nothing was made then.
    pub fn import(
        &self,
        request: &Request,
        args: &ImportArgs,
        from: &mut dyn Read,
    ) -> Result<ImportReport, Trouble> {
        self.mend_index()?;
        let facts = self.facts(Path::new(&request.directory))?;
        let Some(&assistant) = self.ports.assistants.first() else {
            return Err(no_client().into());
        };
        self.step("Reading the conversation")?;
        let taken = self.taken(assistant, from)?;
        let message = message(args, &taken.summary)?;
        let lock = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        let member = self.member_or_local()?;
        let (messages, size) = (taken.summary.messages, taken.len);
        let (draft, packing) = self.imported(&member, assistant, &facts, message, taken)?;
        let conversation = draft.manifest.conversations[0].id.to_string();
        let card = self.freeze(&member, draft, packing, None)?.card;
        drop(lock);
        let notes = self.sent_on(&member);
        let queue = self.ports.index.queue()?;
        Ok(ImportReport {
            session_id: card.session.to_string(),
            save: card.save.to_string(),
            message: card.message,
            conversation_id: conversation,
            message_count: messages,
            size,
            repository: card.repository,
            synced: !queue.iter().any(|row| row.save == card.save),
            notes,
        })
    }

    /// The conversation in its stored form, if it is one.
    fn taken(&self, assistant: &dyn Assistant, from: &mut dyn Read) -> Result<Taken, Trouble> {
        let mut local = self.ports.scratch.file()?;
        let len = unpacked(from, &mut local)?;
        let rules = assistant.rules();
        let mut pass = |roots: &Roots, out: &mut dyn Write| {
            local.rewind()?;
            canonicalise(rules, roots, &mut local, len, out)
        };
        let read = pass(&Roots::default(), &mut io::sink()).map_err(|e| scratch_error(&e))?;
        check(&read.summary)?;
        // Its own directory becomes that of wherever it is resumed.
        let repo = read.summary.started_in.clone().filter(|path| path.len() > 1).into_iter();
        let roots = Roots { repo: repo.collect(), home: None };
        let mut file = self.ports.scratch.file()?;
        let canonical = pass(&roots, &mut file)
            .and_then(|canonical| file.rewind().map(|()| canonical))
            .map_err(|error| scratch_error(&error))?;
        Ok(Taken { file, len: canonical.len, summary: canonical.summary })
    }

    /// The new session's first save: a conversation without code.
    fn imported<'e>(
        &'e self,
        member: &'e Member,
        assistant: &dyn Assistant,
        facts: &Facts,
        message: String,
        mut taken: Taken,
    ) -> Result<(Draft, Packing<'e>), Trouble> {
        let session = SessionId::from_random(&self.letters());
        let mut packing = Packing::new(self, member, session.clone());
        let state = packed(member, &session, &mut taken, &mut packing)?;
        let path = TRANSCRIPT.parse().expect("the transcript's path is one");
        let conversation = Conversation {
            assistant: assistant.name().to_owned(),
            id: self.new_conversation_id()?,
            title: taken.summary.title,
            message_count: taken.summary.messages,
            client_version: taken.summary.client_version,
            directory: String::new(),
            files: vec![(path, state)],
            spans: spans(&[], &taken.summary.turns, None, &[]),
            archived: None,
        };
        let draft = Draft {
            session,
            parents: Vec::new(),
            message,
            code: CodeState::None,
            branch: None,
            commit: None,
            repository: repository_name(facts),
            working_directory: facts.repository.root.display().to_string(),
            quiet: false,
            parked: false,
            note: false,
            title: None,
            manifest: Manifest { conversations: vec![conversation], ..Manifest::default() },
        };
        Ok((draft, packing))
    }

    /// Sends what is queued; what could not be sent is told.
    fn sent_on(&self, member: &Member) -> Vec<Note> {
        let sent = self
            .open_store(&member.profile)
            .and_then(|store| self.flush(member, store.as_ref(), Sending::by_the_way(SEND_WAIT)));
        match sent {
            Ok(sent) => sent.notes,
            Err(trouble) => vec![not_sent(trouble)],
        }
    }
}

fn packed(
    member: &Member,
    session: &SessionId,
    taken: &mut Taken,
    packing: &mut Packing<'_>,
) -> Result<FileState, Trouble> {
    let key = segment_key(&member.profile.account, session);
    let input = PackInput {
        key: key.as_bytes(),
        old: None,
        old_file: None,
        new_file: &mut taken.file,
        new_len: taken.len,
        blocks: None,
        messages: taken.summary.messages,
    };
    pack(input, &mut |segment, bytes| packing.take(&segment, bytes))
        .map_err(|error| pack_trouble("the conversation", error))
}

/// Copies a file, unpacked if it is packed; its length then.
fn unpacked(from: &mut dyn Read, to: &mut dyn Write) -> Result<u64, Trouble> {
    let mut file = BufReader::with_capacity(256 << 10, Source { from, read: 0 });
    let packed = file.fill_buf().map_err(|error| not_read(&error))?.starts_with(&GZIP);
    if !packed {
        return copied(&mut file, to, |_, _| true);
    }
    let mut plain = MultiGzDecoder::new(file);
    let read = |plain: &MultiGzDecoder<BufReader<Source<'_>>>| plain.get_ref().get_ref().read;
    copied(&mut plain, to, |plain, len| len <= SMALL || len / SWELLS <= read(plain))
}

/// What was read of a file so far.
struct Source<'a> {
    from: &'a mut dyn Read,
    read: u64,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Copies all of it while it stays within bounds.
fn copied<R: Read>(
    from: &mut R,
    to: &mut dyn Write,
    fair: impl Fn(&R, u64) -> bool,
) -> Result<u64, Trouble> {
    let mut buffer = vec![0; 256 << 10];
    let mut len = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(len),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(not_read(&error).into()),
        };
        len += read as u64;
        if len > LONGEST || !fair(from, len) {
            return Err(too_long().into());
        }
        to.write_all(&buffer[..read]).map_err(|error| scratch_error(&error))?;
    }
}

/// Whether it is a conversation.
fn check(summary: &Summary) -> Result<(), Refusal> {
    let what = match summary {
        Summary { unreadable_lines: 1.., .. } => "it has lines that are no JSON objects",
        Summary { messages: 0, .. } => "no message of Claude Code is in it",
        _ => return Ok(()),
    };
    Err(Refusal::new(
        "convosync::import::no-conversation",
        format!("this is no conversation: {what}"),
    )
    .help("`convosync export SESSION --output FILE.jsonl` makes a file that can be imported")
    .argument("file"))
}

fn message(args: &ImportArgs, summary: &Summary) -> Result<String, Refusal> {
    let given = args.message.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let message = given.or(summary.title.as_deref()).unwrap_or("Imported conversation");
    fits(message).map(str::to_owned)
}

fn too_long() -> Refusal {
    let text = format!(
        "the file is longer than a conversation can be ({} MiB), or swells like none does",
        LONGEST >> 20
    );
    Refusal::new("convosync::import::too-long", text).argument("file")
}

fn not_read(error: &io::Error) -> Refusal {
    Refusal::new("convosync::import::unreadable", format!("the file can't be read: {error}"))
        .argument("file")
}

fn no_client() -> Refusal {
    Refusal::new("convosync::import::no-client", "there is no place for Claude Code's files here")
        .help("set HOME to your home directory")
}
