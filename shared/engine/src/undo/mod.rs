//! Taking a resume back: files, HEAD, refs, index, stash, conversations and the work tree's
//! session are as they were before it.
//!
//! What is here until then is kept first, in the same way, so that `--redo` brings it back. Every
//! step is written down before it is taken and can be taken again: an undo that was killed goes on
//! when it is run again.

mod choose;
mod conversation;
mod journal;
mod note;
mod told;

use std::path::Path;

use convosync_core::{ConversationBefore, Oid, UndoKind, UndoRecord, UndoStage, WorkTreeState};
use convosync_wire::{PlanReport, Reply, Request, Rows, UndoArgs, UndoReport};

use crate::account::LOCK_WAIT;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Assistant, Facts, GitError, IndexChange, Operation, Repository, Table};
use crate::save::in_progress;
use crate::trouble::{Refusal, Trouble};
use choose::{Chosen, chosen, rows};
use conversation::AsBefore;
pub(crate) use conversation::{Keeping, Talk};
pub(crate) use journal::Entry;
pub(crate) use note::{AsideNames, CodeIntent, Intent};

impl Engine<'_> {
    /// Takes back the last resume in this work tree, or lists what can be taken back.
    pub(crate) fn undo(&self, request: &Request, args: &UndoArgs) -> Result<Reply, Trouble> {
        let facts = self.facts(Path::new(&request.directory))?;
        let Some(member) = self.member()? else {
            return Err(chosen(&[], args.redo)
                .map(drop)
                .expect_err("of none there is nothing to choose")
                .into());
        };
        let root = &facts.repository.root;
        if args.list {
            let entries = self.undo_entries(&member, root)?;
            return Ok(Reply::Undoable(Rows::from(rows(&facts, &entries))));
        }
        if args.dry_run {
            let entries = self.undo_entries(&member, root)?;
            return self.plan_undo(&facts, &chosen(&entries, args.redo)?).map(Reply::Planned);
        }
        let _lock = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        self.ports.git.settled(&facts.repository)?;
        let facts = self.facts(root)?;
        let entries = self.undo_entries(&member, root)?;
        let report = match chosen(&entries, args.redo)? {
            Chosen::Back(to) => self.take_back(&member, request, &facts, to)?,
            Chosen::GoOn { cut_short, to } => {
                self.go_on_back(&member, request, &facts, cut_short, to)?
            }
        };
        Ok(Reply::Undone(report))
    }

    fn plan_undo(&self, facts: &Facts, chosen: &Chosen<'_>) -> Result<PlanReport, Trouble> {
        let (Chosen::Back(to) | Chosen::GoOn { to, .. }) = chosen;
        self.may_go_back(facts, to)?;
        let mut steps = Vec::new();
        if matches!(chosen, Chosen::GoOn { .. }) {
            steps.push("go on with what was stopped half-way".to_owned());
        }
        steps.extend(told::steps(facts, &to.record, self.ports.clock.now_ms()));
        let (decisions, notes) = (Vec::new(), told::notes(&to.record, &facts.repository));
        Ok(PlanReport { verb: "undo".to_owned(), steps, decisions, save: None, notes })
    }

    /// Whether nothing that the user began is in the way.
    fn may_go_back(&self, facts: &Facts, to: &Entry) -> Result<(), Trouble> {
        let Some(code) = &to.record.code else { return Ok(()) };
        match facts.operation {
            // The merge that it began itself goes with it.
            Some(Operation::Merge) if to.is_open() => {}
            Some(operation) => return Err(in_progress(operation).into()),
            None => {}
        }
        for (name, _) in &code.refs {
            let Some(branch) = name.strip_prefix("refs/heads/") else { continue };
            let here = self.ports.git.branch(&facts.repository, branch)?;
            if let Some(place) = here.and_then(|branch| branch.elsewhere) {
                return Err(told::held(branch, &place).into());
            }
        }
        Ok(())
    }

    /// Takes a resume back, or an undo: writes down what is here, then goes back.
    pub(crate) fn take_back(
        &self,
        member: &Member,
        request: &Request,
        facts: &Facts,
        to: &Entry,
    ) -> Result<UndoReport, Trouble> {
        self.may_go_back(facts, to)?;
        self.refuse_open(request, &to.record)?;
        self.step("Keeping what is here")?;
        let repo = &facts.repository;
        self.prune_undo(member, repo)?;
        let keeping = Keeping { member, root: &repo.root, env: &request.env };
        let talks = self.talks_before(&keeping, to)?;
        let code = self.stand_now(facts, to.record.code.as_ref())?;
        let record = UndoRecord {
            kind: match to.record.kind {
                UndoKind::Resume => UndoKind::Undo,
                UndoKind::Undo => UndoKind::Resume,
            },
            stage: UndoStage::Begun,
            made_ms: self.ports.clock.now_ms(),
            of: Some(to.number),
            code: code.clone(),
            binding: self.bound_bytes(member, &repo.root)?,
            conversations: Vec::new(),
            pieces: 0,
            ..to.record.clone()
        };
        let mut new = Entry { number: self.next_undo(member, &repo.root)?, record };
        for before in &to.record.conversations {
            let talk = self.talk_of(before)?;
            self.note_present(&keeping, &mut new, talk, before)?;
        }
        self.write_undo(member, &repo.root, &new)?;
        match self.go_back(&keeping, repo, code.as_ref(), (to, talks), &mut new) {
            Ok(()) => self.report_undone(facts, to, &new),
            // Nothing was changed, so there is nothing to go on with.
            Err(trouble @ Trouble::Git(GitError::InTheWay(_))) => {
                self.forget_undo(member, repo, &new)?;
                Err(trouble)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Ends what was stopped half-way. What is here is kept once more: it may have been changed
    /// since.
    fn go_on_back(
        &self,
        member: &Member,
        request: &Request,
        facts: &Facts,
        cut_short: &Entry,
        to: &Entry,
    ) -> Result<UndoReport, Trouble> {
        self.refuse_open(request, &to.record)?;
        let repo = &facts.repository;
        let keeping = Keeping { member, root: &repo.root, env: &request.env };
        let talks = self.talks_before(&keeping, to)?;
        let mut new = cut_short.clone();
        let code = self.stand_now(facts, to.record.code.as_ref())?;
        self.go_back(&keeping, repo, code.as_ref(), (to, talks), &mut new)?;
        let mut report = self.report_undone(facts, to, &new)?;
        report.kept.extend(code.iter().filter(|code| code.work.is_some()).map(told::kept_again));
        Ok(report)
    }

    /// Where the work tree stands, with the refs and stashes that the other record names.
    fn stand_now(
        &self,
        facts: &Facts,
        of: Option<&WorkTreeState>,
    ) -> Result<Option<WorkTreeState>, Trouble> {
        let Some(of) = of else { return Ok(None) };
        let (git, repo) = (self.ports.git, &facts.repository);
        let names = |list: &[(String, Option<Oid>)]| -> Vec<String> {
            list.iter().map(|(name, _)| name.clone()).collect()
        };
        let refs = git.refs(repo, &names(&of.refs))?;
        let stashes = git.stashed(repo, &names(&of.stashes))?;
        let also: Vec<Oid> =
            refs.iter().chain(&stashes).filter_map(|(_, commit)| commit.clone()).collect();
        let id = convosync_core::rand_letters(&self.letters());
        let theirs = of.work.as_ref().or(of.commit.as_ref());
        let state = git.stand(facts, &id, &self.excludes(), &also, theirs)?;
        Ok(Some(WorkTreeState { refs, stashes, ..state }))
    }

    /// Goes back to what was before `to`; from here on a crash leaves what the same command ends.
    fn go_back(
        &self,
        keeping: &Keeping<'_>,
        repo: &Repository,
        from: Option<&WorkTreeState>,
        (to, talks): (&Entry, Vec<AsBefore>),
        new: &mut Entry,
    ) -> Result<(), Trouble> {
        let record = &to.record;
        if let (Some(from), Some(code)) = (from, &record.code) {
            self.tell("Taking the code back");
            self.ports.git.rewind(repo, from, code, &self.excludes())?;
        }
        for (before, files) in record.conversations.iter().zip(talks) {
            self.tell("Taking the conversation back");
            files.place(self.talk_of(before)?)?;
        }
        self.bind_again(keeping.member, &repo.root, record.binding.as_deref())?;
        let taken = UndoRecord { stage: UndoStage::TakenBack, ..record.clone() };
        let taken = Entry { number: to.number, record: taken };
        self.write_undo(keeping.member, &repo.root, &taken)?;
        new.record.stage = UndoStage::Done;
        self.write_undo(keeping.member, &repo.root, new)
    }

    /// The files of every conversation before an entry, so that one which can't be had refuses before
    /// anything is changed.
    fn talks_before(&self, keeping: &Keeping<'_>, to: &Entry) -> Result<Vec<AsBefore>, Trouble> {
        let before = to.record.conversations.iter();
        before.map(|it| self.as_before(keeping, to.number, self.talk_of(it)?, it)).collect()
    }

    fn talk_of<'t>(&'t self, before: &'t ConversationBefore) -> Result<Talk<'t>, Trouble> {
        let assistant = self.assistant_named(&before.assistant)?;
        Ok(Talk { assistant, id: &before.id, directory: Path::new(&before.directory) })
    }

    /// A conversation that a running assistant writes to is not taken from under it.
    fn refuse_open(&self, request: &Request, record: &UndoRecord) -> Result<(), Trouble> {
        for ConversationBefore { assistant, id, .. } in &record.conversations {
            let assistant = self.assistant_named(assistant)?;
            if let Some(live) = assistant.live(id, &request.env)? {
                return Err(told::open(id, &live).into());
            }
        }
        Ok(())
    }

    pub(crate) fn assistant_named(&self, name: &str) -> Result<&dyn Assistant, Trouble> {
        let mut known = self.ports.assistants.iter();
        known.find(|assistant| assistant.name() == name).copied().ok_or_else(|| {
            let name = name.escape_debug();
            Refusal::new(
                "convosync::resume::assistant",
                format!("the conversation is of `{name}`, which this version does not know"),
            )
            .help("update ConvoSync on this device")
            .into()
        })
    }

    /// What the work tree is working on, as the index has it.
    pub(crate) fn bound_bytes(
        &self,
        member: &Member,
        root: &Path,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let key = crate::bind::key(&member.profile.account, root);
        let sealed = self.ports.index.get(Table::WorkTrees, &key)?;
        Ok(sealed.map(|sealed| sealed.as_bytes().to_vec()))
    }

    fn bind_again(
        &self,
        member: &Member,
        root: &Path,
        bound: Option<&[u8]>,
    ) -> Result<(), Trouble> {
        let key = crate::bind::key(&member.profile.account, root);
        let change = match bound {
            Some(bytes) => {
                let sealed = convosync_core::Sealed::received(bytes.to_vec());
                IndexChange::Put(Table::WorkTrees, key, sealed)
            }
            None => IndexChange::Remove(Table::WorkTrees, key),
        };
        Ok(self.ports.index.apply(&[change])?)
    }

    fn report_undone(
        &self,
        before: &Facts,
        to: &Entry,
        new: &Entry,
    ) -> Result<UndoReport, Trouble> {
        let facts = self.facts(&before.repository.root)?;
        let record = &to.record;
        let conversations = record.conversations.iter();
        Ok(UndoReport {
            session_id: record.session.to_string(),
            save: record.save.to_string(),
            message: record.message.clone(),
            timestamp: record.made_ms,
            redone: record.kind == UndoKind::Undo,
            previous_branch: before.head.branch().map(str::to_owned),
            branch: facts.head.branch().map(str::to_owned),
            commit: facts.commit.as_ref().map(ToString::to_string),
            commit_subject: facts.subject.clone(),
            work_tree: record.code.as_ref().map(|_| facts.repository.root.display().to_string()),
            uncommitted: facts.changes.iter().map(|change| change.path.clone()).collect(),
            conversations: conversations.map(|before| before.id.to_string()).collect(),
            kept: told::kept(before, new),
            notes: told::notes(record, &facts.repository),
        })
    }
}
