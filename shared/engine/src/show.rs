//! `convosync show`: a session to be read. Nothing is changed, here or anywhere, but that a new
//! directory may be asked for that has its code.

use std::io::Read as _;
use std::path::Path;

use convosync_core::{
    Card, Conversation, Message, ObjectName, Reading, SavedCode, SessionId, Span, Who,
    read_messages, spans,
};
use convosync_wire::{
    LogRow, MessageRange, MessageRow, Note, Request, ShowArgs, ShowReport, Standing, TimelineRow,
};

use crate::capture::{scratch_error, transcript_of};
use crate::cards::{log_row, session_notes};
use crate::engine::Engine;
use crate::history::{Depth, History, newest_of};
use crate::look::View;
use crate::member::Member;
use crate::ports::{GitError, Store};
use crate::retention::deleted;
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};

/// Bytes of text that are shown at once.
const ROOM: usize = 8 << 20;

impl Engine<'_> {
    /// Shows a save: its conversation, and the code that each message was written on.
    ///
    /// # Errors
    ///
    /// As those of a resume: a damaged save is an error that names the newest whole one.
    pub(crate) fn show(&self, request: &Request, args: &ShowArgs) -> Result<ShowReport, Trouble> {
        let View { mut member, store, history } = self.need_view(Depth::Heads)?;
        let session = match &args.session {
            Some(text) => history.resolve(text)?,
            None => self.newest_session_here(&history, request)?,
        };
        if history.is_deleted(&session) {
            return Err(deleted(&session).into());
        }
        let mut notes = history.notes.clone();
        let history = match &store {
            Some(store) => {
                let units = ObjectName::units_of(&session);
                self.refreshed(&mut member, store.as_ref(), &units, Depth::All)?
            }
            None => history,
        };
        let (card, row) = chosen(&history, &session, args, &mut notes)?;
        let open = match Shelf::new(self, &member, store.as_deref()).save(&session, &card.save) {
            Ok(open) => open,
            Err(trouble) => {
                return Err(self.name_intact(&mut member, store.as_deref(), &card, trouble));
            }
        };
        let here = self.code_here(&member, request, &open)?;
        let mut report = outline(row, &open, here, notes);
        report.session_notes = session_notes(&history, &session);
        if let Some(conversation) = open.manifest.conversations.first() {
            let read = self.read(&member, store.as_deref(), &open, conversation, args.messages);
            let (reading, spans) = match read {
                Ok(read) => read,
                Err(trouble) => {
                    return Err(self.name_intact(&mut member, store.as_deref(), &card, trouble));
                }
            };
            tell(&mut report, conversation, reading, &spans);
        }
        if let Some(directory) = &args.worktree {
            let laid = self.lay_apart(&member, store.as_deref(), request, open, directory)?;
            report.worktree = Some(laid.directory);
            report.notes.extend(laid.notes);
        }
        Ok(report)
    }

    /// The messages that were asked for, and the context of all.
    fn read(
        &self,
        member: &Member,
        store: Option<&dyn Store>,
        open: &OpenSave,
        conversation: &Conversation,
        range: MessageRange,
    ) -> Result<(Reading, Vec<Span>), Trouble> {
        let Some(state) = transcript_of(conversation) else {
            return Ok((Reading::default(), conversation.spans.clone()));
        };
        self.step("Rebuilding the conversation")?;
        let rules = self.assistant_named(&conversation.assistant)?.rules();
        let mut shelf = Shelf::new(self, member, store);
        let file = self.rebuilt(&mut shelf, &open.name, state)?;
        let range = page(range, conversation.message_count);
        let reading = read_messages(rules, &mut file.take(state.len), range, ROOM)
            .map_err(|error| scratch_error(&error))?;
        // An older save has no context: its own commit is all that is known.
        let spans = match conversation.spans.is_empty() {
            true => spans(&[], &reading.turns, saved_code(open), &[]),
            false => conversation.spans.clone(),
        };
        Ok((reading, spans))
    }

    /// The code here, if here is a clone of the session's repository.
    fn code_here(
        &self,
        member: &Member,
        request: &Request,
        open: &OpenSave,
    ) -> Result<Option<Standing>, Trouble> {
        let facts = match self.facts(Path::new(&request.directory)) {
            Ok(facts) => facts,
            Err(GitError::Cancelled) => return Err(Trouble::Cancelled),
            // To read a session takes no repository.
            Err(_) => return Ok(None),
        };
        match self.same_repository(member, &facts, open) {
            Ok(true) => Ok(self.standing_of(&facts, &open.card)?),
            Ok(false) | Err(Trouble::Git(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}

/// The save that is meant: of a session that went on in two ways, the newest.
fn chosen(
    history: &History,
    session: &SessionId,
    args: &ShowArgs,
    notes: &mut Vec<Note>,
) -> Result<(Card, LogRow), Trouble> {
    let heads = history.heads(session);
    let save = match &args.at {
        Some(text) => Some(history.resolve_save(session, text)?),
        None => newest_of(&heads).map(|seen| seen.card.save.clone()),
    };
    let saves = history.sessions.get(session);
    let seen = save.as_ref().and_then(|save| saves?.get(save));
    let seen = seen.ok_or_else(|| nothing_to_show(session))?;
    if args.at.is_none() && heads.len() > 1 {
        notes.push(went_on_twice(session, &seen.card.device_name));
    }
    Ok((seen.card.clone(), log_row(history, seen)))
}

fn nothing_to_show(session: &SessionId) -> Refusal {
    Refusal::new(
        "convosync::session::only-parked",
        format!("{session} holds only work that was put aside"),
    )
    .help(format!("`convosync log {session}` lists it; show it with `--at SAVE`"))
}

pub(crate) fn went_on_twice(session: &SessionId, device: &str) -> Note {
    Note {
        code: "convosync::session::conflict".to_owned(),
        text: format!("{session} went on in two ways: this is the newer one, saved on {device}"),
        help: Some(format!("`convosync log {session}` shows both: `--at SAVE` takes the other")),
    }
}

/// The first and the last message that are shown.
fn page(range: MessageRange, count: u64) -> (u64, u64) {
    let last = range.last.unwrap_or(u64::MAX).min(count.max(1));
    let newest = last.saturating_sub(ShowArgs::PAGE - 1).max(1);
    match (range.first, range.last) {
        // From its beginning on, as far as there is room.
        (Some(first), None) => (first, last.min(first.saturating_add(ShowArgs::PAGE - 1))),
        (Some(first), Some(_)) => (first.max(newest), last),
        (None, _) => (newest, last),
    }
}

pub(crate) fn saved_code(open: &OpenSave) -> Option<SavedCode<'_>> {
    let code = open.manifest.code.as_ref()?;
    Some(SavedCode { branch: &code.branch, commit: &code.commit })
}

/// All but the messages.
fn outline(row: LogRow, open: &OpenSave, here: Option<Standing>, notes: Vec<Note>) -> ShowReport {
    let code = open.manifest.code.as_ref();
    let main = open.manifest.conversations.first();
    let mut report = ShowReport {
        save: row,
        conversation_title: main.and_then(|talk| talk.title.clone()),
        assistant: main.map(|talk| talk.assistant.clone()),
        client_version: main.and_then(|talk| talk.client_version.clone()),
        initial_commit: None,
        branch_history: Vec::new(),
        modified_files: code.map(|code| code.modified.clone()).unwrap_or_default(),
        timeline: Vec::new(),
        here,
        worktree: None,
        session_notes: Vec::new(),
        messages: Vec::new(),
        notes,
    };
    report.notes.extend(open.manifest.conversations.iter().skip(1).map(beside));
    report.notes.extend(main.is_none().then(without_conversation));
    report
}

fn beside(conversation: &Conversation) -> Note {
    Note {
        code: "convosync::show::beside".to_owned(),
        text: format!(
            "another conversation travels beside it: {} ({} messages)",
            conversation.id, conversation.message_count
        ),
        help: None,
    }
}

fn without_conversation() -> Note {
    Note {
        code: "convosync::show::no-conversation".to_owned(),
        text: "this save holds no conversation".to_owned(),
        help: None,
    }
}

/// Puts the messages and their context into the report.
fn tell(report: &mut ShowReport, conversation: &Conversation, reading: Reading, spans: &[Span]) {
    report.timeline = timeline(spans);
    let first = spans.first().filter(|span| span.first == 1);
    report.initial_commit = first.and_then(|span| span.commit.as_ref()).map(ToString::to_string);
    for branch in spans.iter().filter_map(|span| span.branch.as_ref()) {
        if !report.branch_history.contains(branch) {
            report.branch_history.push(branch.clone());
        }
    }
    let mut number = 0;
    let rows = reading.messages.into_iter().map(|message| {
        number = message.number.unwrap_or(number);
        row(message, spans.iter().find(|span| span.first <= number && number <= span.last))
    });
    report.messages = rows.collect();
    let mut numbers = report.messages.iter().filter_map(|message| message.number);
    let (first, last) = (numbers.next(), numbers.next_back());
    report.notes.extend(more(conversation, first, last.or(first)));
}

/// That there are messages before or after those that are shown.
fn more(conversation: &Conversation, first: Option<u64>, last: Option<u64>) -> Option<Note> {
    let count = conversation.message_count;
    let text = match (first, last) {
        (Some(1), Some(last)) if last >= count => return None,
        (Some(first), Some(last)) if first == last => format!("message {first} of {count}"),
        (Some(first), Some(last)) => format!("messages {first} to {last} of {count}"),
        _ if count == 0 => return None,
        _ => format!("none of those messages is there: there are {count}"),
    };
    let code = "convosync::show::page".to_owned();
    Some(Note { code, text, help: Some("others: `--messages FROM..TO`".to_owned()) })
}

pub(crate) fn timeline(spans: &[Span]) -> Vec<TimelineRow> {
    let row = |span: &Span| TimelineRow {
        first: span.first,
        last: span.last,
        branch: span.branch.clone(),
        commit: span.commit.as_ref().map(ToString::to_string),
        exact: span.exact,
    };
    spans.iter().map(row).collect()
}

fn row(message: Message, span: Option<&Span>) -> MessageRow {
    let role = match message.who {
        Who::User => "user",
        Who::Assistant => "assistant",
        Who::System | Who::Tool => "system",
    };
    let commit = span.and_then(|span| span.commit.as_ref());
    MessageRow {
        number: message.number,
        role: role.to_owned(),
        time: message.time_ms,
        branch: span.and_then(|span| span.branch.clone()),
        commit: commit.map(ToString::to_string),
        exact: span.is_some_and(|span| span.exact),
        text: message.text,
        tools: message.tools,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_newest_messages_or_those_that_were_asked_for() {
        let all = MessageRange::default();
        let range = |first, last| MessageRange { first, last };
        for (asked, count, want) in [
            (all, 15, (1, 15)),
            (all, 1500, (1001, 1500)),
            (all, 0, (1, 1)),
            (range(Some(10), Some(20)), 1500, (10, 20)),
            (range(Some(10), None), 1500, (10, 509)),
            (range(None, Some(20)), 1500, (1, 20)),
            (range(Some(10), Some(9000)), 15, (10, 15)),
            (range(Some(1), Some(1500)), 1500, (1001, 1500)),
        ] {
            assert_eq!(page(asked, count), want, "{asked:?} of {count}");
        }
    }
}
