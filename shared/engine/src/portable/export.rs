//! `convosync export`: a conversation out of its session.

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use convosync_core::{
    Conversation, FileState, ObjectName, Readable, Roots, Rules, SessionId, Summary, expand,
    write_readable,
};
use convosync_wire::{ExportFormat, ExportReport, ExportSessionArgs, Note, Request, ResumeArgs};
use flate2::{Compression, write::GzEncoder};

use crate::capture::{scratch_error, transcript_of};
use crate::engine::Engine;
use crate::history::{Depth, newest_of};
use crate::member::Member;
use crate::ports::{LocalError, ScratchFile, Store, Table};
use crate::shelf::{OpenSave, Shelf};
use crate::show::went_on_twice;
use crate::trouble::{Refusal, Trouble};

impl Engine<'_> {
    /// Writes the conversation of a save into `out`. Changes nothing else.
    ///
    /// As lines it is, byte for byte, what its client would have on this device. All of it is
    /// rebuilt and proven before the first byte is written.
    ///
    /// # Errors
    ///
    /// As those of a resume: a damaged save is an error that names the newest whole one. If `out`
    /// fails, part of it is written.
    pub fn export(
        &self,
        request: &Request,
        args: &ExportSessionArgs,
        out: &mut dyn Write,
    ) -> Result<ExportReport, Trouble> {
        self.mend_index()?;
        let mut member = self.need_member()?;
        self.step("Looking for the session")?;
        let store = self.answering(self.open_store(&member.profile))?;
        let (wanted, notes) = self.wanted_save(&mut member, store.as_deref(), args)?;
        let (found, open) = self.found_save(&mut member, store.as_deref(), request, &wanted)?;
        let mut notes: Vec<Note> = notes.into_iter().chain(found.notes).collect();
        let conversation = open.manifest.conversations.first().cloned();
        let conversation = conversation.ok_or_else(|| without_conversation(&open))?;
        let rules = self.assistant_named(&conversation.assistant)?.rules();
        self.step("Rebuilding the conversation")?;
        let mut shelf = Shelf::new(self, &member, store.as_deref());
        let rebuilt = transcript(&conversation, &open)
            .and_then(|state| Ok((self.rebuilt(&mut shelf, &open.name, state)?, state.len)));
        let (mut file, len) = match rebuilt {
            Ok(rebuilt) => rebuilt,
            Err(trouble) => {
                let card = &open.card;
                return Err(self.name_intact(&mut member, store.as_deref(), card, trouble));
            }
        };
        let roots = self.roots_here(&member, &conversation, &open.card.session, request)?;
        notes.extend(what_stays(&conversation));
        let format = args.format();
        let mut counted = Counted { out, bytes: 0 };
        let mut canonical = (&mut file).take(len);
        let summary = match readable(format) {
            Some(how) => {
                let (local, summary) = self.local(rules, &roots, &mut canonical)?;
                read_out(how, rules, &open, &summary, local, &mut counted)?;
                summary
            }
            None => lines_out(format, rules, &roots, &mut canonical, &mut counted)?,
        };
        Ok(ExportReport {
            session_id: open.card.session.to_string(),
            save: open.card.save.to_string(),
            conversation_id: conversation.id.to_string(),
            message_count: summary.messages,
            format,
            bytes: counted.bytes,
            output: args.output.clone(),
            notes,
        })
    }

    /// The save that is meant: of a session that went on in two ways, the newest.
    fn wanted_save(
        &self,
        member: &mut Member,
        store: Option<&dyn Store>,
        args: &ExportSessionArgs,
    ) -> Result<(ResumeArgs, Option<Note>), Trouble> {
        let mut wanted = ResumeArgs {
            session: Some(args.session.clone()),
            at: args.at.clone(),
            ..ResumeArgs::default()
        };
        if wanted.at.is_some() {
            return Ok((wanted, None));
        }
        let history = match store {
            Some(store) => self.refreshed(member, store, ObjectName::UNITS, Depth::Heads)?,
            None => self.known(member)?,
        };
        let session = history.resolve(&args.session)?;
        let heads = history.heads(&session);
        let newest = newest_of(&heads).filter(|_| heads.len() > 1);
        wanted.at = newest.map(|seen| seen.card.save.to_string());
        Ok((wanted, newest.map(|seen| went_on_twice(&session, &seen.card.device_name))))
    }

    /// The directories that the conversation has on this device, or would have if it were resumed
    /// here. Nothing is remembered of that.
    fn roots_here(
        &self,
        member: &Member,
        conversation: &Conversation,
        session: &SessionId,
        request: &Request,
    ) -> Result<Roots, Trouble> {
        let id = conversation.id.as_str().as_bytes();
        let before = self.remembered(member, Table::Conversations, "roots", id)?;
        let mut repo: Vec<String> =
            before.as_deref().unwrap_or_default().lines().map(str::to_owned).collect();
        let bindings = self.bindings(member)?.into_iter();
        let mut bound = bindings.filter(|binding| binding.session == *session).map(|b| b.root);
        let here = || -> PathBuf {
            let directory = Path::new(&request.directory);
            self.facts(directory).map_or_else(|_| directory.into(), |facts| facts.repository.root)
        };
        if repo.is_empty() {
            let root = bound.next_back().unwrap_or_else(here);
            repo.push(root.display().to_string());
        }
        let home = self.ports.host.home.as_ref().map(|home| home.display().to_string());
        Ok(Roots { repo, home })
    }

    /// The lines in their local form, ready to be read.
    fn local(
        &self,
        rules: &dyn Rules,
        roots: &Roots,
        canonical: &mut dyn io::Read,
    ) -> Result<(Box<dyn ScratchFile>, Summary), Trouble> {
        let mut local = self.ports.scratch.file()?;
        let summary = expand(rules, roots, canonical, &mut local)
            .and_then(|summary| local.rewind().map(|()| summary))
            .map_err(|error| scratch_error(&error))?;
        Ok((local, summary))
    }
}

fn readable(format: ExportFormat) -> Option<Readable> {
    match format {
        ExportFormat::Jsonl | ExportFormat::JsonlGz => None,
        ExportFormat::Markdown => Some(Readable::Markdown),
        ExportFormat::Html => Some(Readable::Html),
    }
}

/// Writes the client's own lines.
fn lines_out(
    format: ExportFormat,
    rules: &dyn Rules,
    roots: &Roots,
    canonical: &mut dyn io::Read,
    out: &mut Counted<'_>,
) -> Result<Summary, Trouble> {
    if format != ExportFormat::JsonlGz {
        return expand(rules, roots, canonical, out).map_err(|error| not_written(&error));
    }
    let mut packed = GzEncoder::new(out, Compression::best());
    expand(rules, roots, canonical, &mut packed)
        .and_then(|summary| packed.finish().map(|_| summary))
        .map_err(|error| not_written(&error))
}

/// Writes for people.
fn read_out(
    how: Readable,
    rules: &dyn Rules,
    open: &OpenSave,
    summary: &Summary,
    mut local: Box<dyn ScratchFile>,
    out: &mut Counted<'_>,
) -> Result<(), Trouble> {
    let card = &open.card;
    let mut facts = vec![
        ("Session", card.session.to_string()),
        ("Save", card.save.to_string()),
        ("Saved on", card.device_name.clone()),
        ("Repository", card.repository.clone()),
    ];
    facts.extend(card.branch.clone().map(|branch| ("Branch", branch)));
    facts.extend(card.commit.as_ref().map(|commit| ("Commit", commit.to_string())));
    facts.push(("Messages", summary.messages.to_string()));
    let title = summary.title.as_deref().unwrap_or(&card.message);
    write_readable(how, rules, (title, &facts), &mut local, out)
        .map_err(|error| not_written(&error))
}

/// Counts what is written.
struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn transcript<'c>(
    conversation: &'c Conversation,
    open: &OpenSave,
) -> Result<&'c FileState, Trouble> {
    transcript_of(conversation).ok_or_else(|| without_conversation(open).into())
}

fn without_conversation(open: &OpenSave) -> Refusal {
    let text = format!("{} holds no conversation", open.card.save);
    let help = format!(
        "`convosync log {}` shows its saves: take another with `--at SAVE`",
        open.card.session
    );
    Refusal::new("convosync::export::no-conversation", text).help(help)
}

/// What of a session is not in its transcript.
fn what_stays(conversation: &Conversation) -> Option<Note> {
    let beside = conversation.files.len().saturating_sub(1);
    let files = if beside == 1 { "1 file" } else { &format!("{beside} files") };
    (beside > 0).then(|| Note {
        code: "convosync::export::side-files".to_owned(),
        text: format!(
            "{files} beside the transcript stayed in the session (sub-agents, big results of tools, checkpoints)"
        ),
        help: Some("`convosync resume` brings them too".to_owned()),
    })
}

fn not_written(error: &io::Error) -> Trouble {
    let what = "could not write the conversation".to_owned();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LocalError::Full(what).into(),
        _ => LocalError::Io { what, reason: error.to_string() }.into(),
    }
}
