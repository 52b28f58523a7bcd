//! Records of what was done.

use convosync_wire::{
    AccountReport, CommandRow, ConversationNote, ExportReport, ImportReport, MissingVariable,
    PanesReport, PlanReport, ResumeReport, SaveReport, StatusReport, SyncReport, Variable,
    WaitingSave,
};
use nu_protocol::{Value, record};

use super::Shape;
use crate::variables::to_nushell;

impl Shape {
    /// The record of `init` and `device join`.
    pub(crate) fn account(self, report: &AccountReport) -> Value {
        self.record(record! {
            "changed" => self.flag(report.changed),
            "store" => self.line(&report.store),
            "local_only" => self.flag(report.local_only),
            "device" => self.device(&report.device),
            "recovery_words" => self.maybe(report.recovery_words.as_ref()),
            "recovery_file" => self.maybe(report.recovery_file.as_ref()),
            "adopted_saves" => self.count(report.adopted_saves),
            "visible" => self.visible(report.visible.as_ref()),
            "join_with" => self.maybe(report.join_with.as_ref()),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `save`.
    pub(crate) fn saved(self, report: &SaveReport) -> Value {
        self.record(record! {
            "session_id" => self.line(&report.session_id),
            "save" => self.line(&report.save),
            "new_session" => self.flag(report.new_session),
            "branch" => self.maybe(report.branch.as_ref()),
            "commit" => self.commit(report.commit.as_ref()),
            "committed" => self.maybe(report.committed.as_ref()),
            "modified_files" => self.count(report.modified_files),
            "new_files" => self.count(report.new_files),
            "unchanged" => self.flag(report.unchanged),
            "uncommitted" => self.count(report.uncommitted),
            "repository" => self.line(&report.repository),
            "pushed" => self.maybe(report.pushed.as_ref()),
            "conversation_id" => self.maybe(report.conversation_id.as_ref()),
            "message_count" => self.count(report.message_count),
            "other_conversations" => self.conversations(&report.other_conversations),
            "uploaded" => self.size(report.uploaded),
            "synced" => self.flag(report.synced),
            "queued" => self.count(report.queued),
            "local_only" => self.flag(report.local_only),
            "other_devices" => self.texts(&report.other_devices),
            "history" => self.count(report.history),
            "tabs" => self.count(report.tabs),
            "panes" => self.count(report.panes),
            "texts" => self.count(report.texts),
            "env" => self.texts(&report.env),
            "env_missing" => self.missing(&report.env_missing),
            "previous_branch" => self.maybe(report.previous_branch.as_ref()),
            "title" => self.maybe(report.title.as_ref()),
            "left_out" => self.list(&report.left_out, |part| self.line(part.as_str())),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `resume`.
    pub(crate) fn resumed(self, report: &ResumeReport) -> Value {
        self.record(record! {
            "session_id" => self.line(&report.session_id),
            "save" => self.line(&report.save),
            "timestamp" => self.date(report.timestamp),
            "device" => self.line(&report.device),
            "message" => self.text(&report.message),
            "working_directory" => self.line(&report.working_directory),
            "previous_branch" => self.maybe(report.previous_branch.as_ref()),
            "branch" => self.maybe(report.branch.as_ref()),
            "commit" => self.commit(report.commit.as_ref()),
            "commit_subject" => self.maybe(report.commit_subject.as_ref()),
            "uncommitted" => self.count(report.uncommitted),
            "switched_branch" => self.flag(report.switched_branch),
            "fetched" => self.flag(report.fetched),
            "pulled" => self.count(report.pulled),
            "in_step" => self.flag(report.in_step),
            "holds" => self.list(&report.holds, |part| self.line(part.as_str())),
            "ahead" => self.flag(report.ahead),
            "conversation_id" => self.maybe(report.conversation_id.as_ref()),
            "conversation_restored" => self.flag(report.conversation_restored),
            "assistant" => self.maybe(report.assistant.as_ref()),
            "message_count" => self.count(report.message_count),
            "timeline" => self.timeline(&report.timeline),
            "session_notes" => self.session_notes(&report.session_notes),
            "open_with" => self.maybe(report.open_with.as_ref()),
            "history" => self.list(&report.history, |row| self.command(row)),
            "panes" => self.panes(report.panes.as_ref()),
            "env" => self.variables(&report.env),
            "env_missing" => self.missing(&report.env_missing),
            "parked" => self.notes(&report.parked),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `--dry-run`.
    pub(crate) fn plan(self, report: &PlanReport) -> Value {
        self.record(record! {
            "verb" => self.line(&report.verb),
            "steps" => self.texts(&report.steps),
            "decisions" => self.list(&report.decisions, |decision| self.decision(decision)),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `status`.
    pub(crate) fn status(self, report: &StatusReport) -> Value {
        let session = report.session.as_ref();
        self.record(record! {
            "repository" => self.maybe(report.repository.as_ref()),
            "branch" => self.maybe(report.branch.as_ref()),
            "commit" => self.commit(report.commit.as_ref()),
            "commit_subject" => self.maybe(report.commit_subject.as_ref()),
            "uncommitted" => self.texts(&report.uncommitted),
            "waits" => self.waits(report.waits.as_ref()),
            "ahead" => self.count(report.ahead),
            "behind" => self.count(report.behind),
            "conversation" => self.conversation_here(report),
            "session" => session.map_or_else(|| self.nothing(), |row| self.session(row)),
            "sessions" => self.sessions(&report.sessions),
            "session_count" => self.count(report.session_count),
            "store" => self.store(report),
            "retention" => self.retention(&report.retention),
            "queued" => self.count(report.queued),
            "waiting" => self.waiting(&report.waiting),
            "devices" => self.devices_in_short(&report.devices),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `export`.
    pub(crate) fn exported(self, report: &ExportReport) -> Value {
        self.record(record! {
            "session_id" => self.line(&report.session_id),
            "save" => self.line(&report.save),
            "conversation_id" => self.line(&report.conversation_id),
            "message_count" => self.count(report.message_count),
            "format" => self.line(report.format.as_str()),
            "size" => self.size(report.bytes),
            "file" => self.maybe(report.output.as_ref()),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `import`.
    pub(crate) fn imported(self, report: &ImportReport) -> Value {
        self.record(record! {
            "session_id" => self.line(&report.session_id),
            "save" => self.line(&report.save),
            "message" => self.line(&report.message),
            "conversation_id" => self.line(&report.conversation_id),
            "message_count" => self.count(report.message_count),
            "size" => self.size(report.size),
            "repository" => self.line(&report.repository),
            "synced" => self.flag(report.synced),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `sync`.
    pub(crate) fn synced(self, report: &SyncReport) -> Value {
        let sent = self.list(&report.sent, |sent| {
            self.record(record! {
                "session_id" => self.line(&sent.session_id),
                "save" => self.line(&sent.save),
                "size" => self.size(sent.bytes),
            })
        });
        self.record(record! {
            "sent" => sent,
            "queued" => self.count(report.queued),
            "notes" => self.notes(&report.notes),
        })
    }

    fn command(self, row: &CommandRow) -> Value {
        self.record(record! {
            "timestamp" => row.timestamp.map_or_else(|| self.nothing(), |time| self.date(time)),
            "command" => self.text(&row.command),
            "exit_code" => row.exit_code.map_or_else(|| self.nothing(), |code| Value::int(code, self.span)),
            "directory" => self.maybe(row.directory.as_ref()),
        })
    }

    fn panes(self, report: Option<&PanesReport>) -> Value {
        let Some(report) = report else { return self.nothing() };
        self.record(record! {
            "way" => self.line(report.way.as_str()),
            "tabs" => self.count(report.tabs),
            "panes" => self.count(report.panes),
            "open_with" => self.maybe(report.open_with.as_ref()),
        })
    }

    fn variables(self, variables: &[Variable]) -> Value {
        let fields = variables.iter();
        let fields = fields.map(|v| (v.name.clone(), to_nushell(&v.value, self.span)));
        self.record(fields.collect())
    }

    fn missing(self, variables: &[MissingVariable]) -> Value {
        self.list(variables, |variable| {
            self.record(record! {
                "name" => self.line(&variable.name),
                "why" => self.line(variable.why.as_str()),
            })
        })
    }

    fn waiting(self, saves: &[WaitingSave]) -> Value {
        self.list(saves, |save| {
            self.record(record! {
                "session_id" => self.line(&save.session_id),
                "save" => self.line(&save.save),
                "since" => self.date(save.since),
                "attempts" => self.count(save.attempts),
                "why" => self.maybe(save.why.as_ref()),
                "next_try" => save.next_try.map_or_else(|| self.nothing(), |at| self.date(at)),
            })
        })
    }

    fn conversations(self, notes: &[ConversationNote]) -> Value {
        self.list(notes, |note| {
            self.record(record! {
                "conversation_id" => self.line(&note.conversation_id),
                "title" => self.maybe(note.title.as_ref()),
                "modified" => self.date(note.modified),
                "live" => self.flag(note.live),
            })
        })
    }

    fn conversation_here(self, report: &StatusReport) -> Value {
        let Some(id) = &report.conversation_id else { return self.nothing() };
        self.record(record! {
            "conversation_id" => self.line(id),
            "message_count" => self.count(report.message_count),
            "live" => self.flag(report.conversation_live),
        })
    }

    fn store(self, report: &StatusReport) -> Value {
        self.record(record! {
            "url" => self.line(&report.store),
            "local_only" => self.flag(report.local_only),
            "reachable" => self.flag(report.store_reachable),
            "size" => report.store_bytes.map_or_else(|| self.nothing(), |bytes| self.size(bytes)),
        })
    }
}
