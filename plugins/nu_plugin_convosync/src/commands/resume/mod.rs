//! `convosync resume`

mod arrive;
mod settle;
mod takeover;

use convosync_wire::{
    Answers, ListArgs, OnConflict, OnDirty, OnDiverged, OnLive, OnMergeConflict, OnMissing,
    PanesInto, Reply, ResumeArgs, Verb,
};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{Completion, Example, LabeledError, Signature, SyntaxShape, Type, Value};

use super::show;
use crate::ConvoSyncPlugin;
use crate::argument::{Named, choice, path, refuse_both, session, text_flag, word_flag};
use crate::ask::Dialog;
use crate::complete::{Offer, offers};
use crate::failure::{cancelled, wrong};
use crate::front::{Front, tell};
use crate::value::Shape;

/// Brings a saved session back.
pub(crate) struct Resume;

impl SimplePluginCommand for Resume {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync resume"
    }

    fn description(&self) -> &str {
        "Bring a saved session back here: code, conversation, directory."
    }

    fn extra_description(&self) -> &str {
        "Moves this shell to the session's directory and sets $env.CONVOSYNC_SESSION. Your own work \
         here is put aside first, and `parked` says how to get it back. Without a session you pick \
         one; with --latest, or where there is no terminal, it is this repository's newest.

What has to be decided is asked on a terminal. Elsewhere nothing is changed, and the error's code \
(convosync::decision::…) and help say which flag decides it.

--force asks nothing for convenience's sake: it is the same as --on-dirty stash (commit where there \
is nothing to stash onto), --switch-branch, --on-diverged merge (discard where a merge would \
conflict: your commits are kept under a ref), --on-live code-only and --on-missing conversation-only; \
what you pass yourself counts for more. It never chooses between two devices' saves, resolves no \
conflict, and overwrites no file that git does not track.

After --stay-on-branch `status` and `list` show the session as out of step until the work tree is \
on its branch."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["restore", "continue", "checkout", "pick up"]
    }

    fn signature(&self) -> Signature {
        let words = |words: &'static [&'static str]| Completion::new_list(words);
        super::signature(self.name())
            .optional(
                "session",
                SyntaxShape::String,
                "session id or a unique prefix (or pipe a row of `list` or `log` in)",
            )
            .param(text_flag(
                "at",
                "this save of the session, not its newest (id or unique prefix)",
            ))
            .switch("list", "list the sessions instead", Some('l'))
            .switch("read-only", "only read it, as `convosync show` does: nothing is changed", None)
            .param(show::messages_flag())
            .named("worktree", SyntaxShape::Filepath, show::WORKTREE, None)
            .switch("latest", "this repository's newest session, without asking", None)
            .named(
                "clone",
                SyntaxShape::Filepath,
                "make a clone in this directory if there is none",
                None,
            )
            .named(
                "into",
                SyntaxShape::Filepath,
                "come back to this work tree; it has to be a clone of the session's repository",
                None,
            )
            .switch("pull", "go on to the remote's newest commit, if that only adds", None)
            .switch("no-pull", "ask the git remote for nothing", None)
            .switch("force", "put aside and go on instead of asking (see above)", None)
            .switch("run", "start the assistant with the conversation afterwards", None)
            .switch("dry-run", "tell what would be done", None)
            .switch("history", "put the session's commands into Nushell's own history", None)
            .param(word_flag(
                "layout",
                words(PanesInto::ALL),
                "in Zellij: where the session's panes open (default: new-tabs, or the tab that has them)",
            ))
            .switch("no-layout", "leave the panes of your terminal as they are", None)
            .switch("zellij", "outside of Zellij: start it with the session's panes", None)
            .switch("continue", "go on with the resume that waits here, conflicts resolved", None)
            .switch("abort", "take the resume that waits here back", None)
            .param(word_flag("on-dirty", words(OnDirty::ALL), "when files here are changed"))
            .switch("switch-branch", "switch to the session's branch", None)
            .switch("stay-on-branch", "stay on the branch here", None)
            .param(word_flag(
                "on-diverged",
                words(OnDiverged::ALL),
                "when the branch here has commits of its own",
            ))
            .param(word_flag(
                "on-conflict",
                words(OnConflict::ALL),
                "when two devices went on from the same save",
            ))
            .param(word_flag(
                "on-live",
                words(OnLive::ALL),
                "when an assistant has the conversation open",
            ))
            .param(word_flag(
                "on-missing",
                words(OnMissing::ALL),
                "when the session's commit can't be had",
            ))
            .param(word_flag(
                "on-merge-conflict",
                words(OnMergeConflict::ALL),
                "when code can't be merged without you",
            ))
            .input_output_types(super::piped_sessions(&Type::Any))
    }

    fn examples(&self) -> Vec<Example<'_>> {
        [
            ("convosync resume", "Pick a session and go on with it"),
            ("convosync resume --latest", "Go on with this repository's newest session"),
            ("convosync resume session-k3vq", "Go on with a session, by the beginning of its id"),
            (
                "convosync list | where branch == feature/oauth | first | convosync resume",
                "Go on with the newest session of a branch",
            ),
            (
                "convosync resume session-k3vq --on-dirty stash --switch-branch",
                "Decide beforehand, as a script must",
            ),
            (
                "convosync resume session-k3vq --clone ~/projects/shop",
                "Where there is no clone yet",
            ),
        ]
        .map(|(example, description)| Example { example, description, result: None })
        .into()
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        if call.has_flag("list")? {
            let front = Front::new(engine, call, &[])?;
            return listed(&front);
        }
        let named = session(call, input)?;
        let front = Front::new(engine, call, &["session"])?.piped_from(input.span());
        if call.has_flag("read-only")? {
            let mut args = show::args(call, &front, named)?;
            if args.session.is_none() && args.at.is_none() && !call.has_flag("latest")? {
                args.session = pick(&front)?;
            }
            return show::shown(&front, args);
        }
        only_to_read(call, "messages")?;
        only_to_read(call, "worktree")?;
        let mut args = args(call, &front, named)?;
        refuse_both(call, "continue", "abort")?;
        refuse_both(call, "layout", "no-layout")?;
        refuse_both(call, "zellij", "no-layout")?;
        let ends = args.go_on || args.abort;
        let named = args.session.is_some() || args.at.is_some();
        if !named && !call.has_flag("latest")? && !ends {
            args.session = pick(&front)?;
        }
        let shape = Shape::at(call.head);
        let wants_history = args.history;
        match settle::settle(&front, args)? {
            Reply::Resumed(mut report) => {
                if wants_history {
                    report.notes.extend(takeover::import_history(engine, &report, call.head));
                }
                tell(&report.parked);
                tell(&report.notes);
                takeover::set_env(engine, &report, call.head)?;
                arrive::arrive(engine, &report, call.head)?;
                arrive::start(&front, &report)?;
                Ok(shape.resumed(&report))
            }
            Reply::Undone(report) => {
                tell(&report.kept);
                tell(&report.notes);
                Ok(shape.undone(&report))
            }
            Reply::Planned(report) => Ok(shape.plan(&report)),
            _ => Err(front.unexpected()),
        }
    }

    offers! {
        ArgType::Positional(0) => Offer::Sessions,
    }
}

fn args(
    call: &EvaluatedCall,
    front: &Front<'_>,
    named: Option<Named>,
) -> Result<ResumeArgs, LabeledError> {
    let (session, logged) = named.map_or((None, None), |named| (Some(named.session), named.save));
    let caller = front.caller();
    Ok(ResumeArgs {
        session,
        at: call.get_flag("at")?.or(logged),
        clone: path(call, "clone", caller.directory(), caller.home())?,
        into: path(call, "into", caller.directory(), caller.home())?,
        pull: one_of(call, "pull", "no-pull")?,
        force: call.has_flag("force")?,
        run: call.has_flag("run")?,
        dry_run: call.has_flag("dry-run")?,
        history: call.has_flag("history")?,
        layout: choice(call, "layout")?,
        no_layout: call.has_flag("no-layout")?,
        zellij: call.has_flag("zellij")?,
        go_on: call.has_flag("continue")?,
        abort: call.has_flag("abort")?,
        answers: answers(call)?,
    })
}

/// Refuses a flag that goes with `--read-only` alone.
fn only_to_read(call: &EvaluatedCall, flag: &str) -> Result<(), LabeledError> {
    match call.get_flag_span(flag) {
        Some(span) => Err(wrong(
            format!("--{flag} goes with --read-only"),
            "add --read-only, or leave it out",
            span,
        )),
        None => Ok(()),
    }
}

/// Which of two switches that contradict each other is set: the first is true.
fn one_of(call: &EvaluatedCall, yes: &str, no: &str) -> Result<Option<bool>, LabeledError> {
    refuse_both(call, yes, no)?;
    let (is, is_not) = (call.has_flag(yes)?, call.has_flag(no)?);
    Ok((is || is_not).then_some(is))
}

fn answers(call: &EvaluatedCall) -> Result<Answers, LabeledError> {
    Ok(Answers {
        on_dirty: choice(call, "on-dirty")?,
        switch_branch: one_of(call, "switch-branch", "stay-on-branch")?,
        on_diverged: choice(call, "on-diverged")?,
        on_conflict: choice(call, "on-conflict")?,
        on_live: choice(call, "on-live")?,
        on_missing: choice(call, "on-missing")?,
        on_merge_conflict: choice(call, "on-merge-conflict")?,
    })
}

/// The same as `convosync list`.
fn listed(front: &Front<'_>) -> Result<Value, LabeledError> {
    match front.reply(Verb::List(ListArgs::default()))? {
        Reply::Sessions(listed) => {
            tell(&listed.notes);
            Ok(Shape::at(front.head()).sessions(&listed.rows))
        }
        _ => Err(front.unexpected()),
    }
}

/// Lets the user pick. None where nobody can be asked, or there is nothing to pick from: the
/// helper then takes this repository's newest, or says what is missing.
fn pick(front: &Front<'_>) -> Result<Option<String>, LabeledError> {
    let Some(dialog) = Dialog::open(front.engine(), front.head()) else { return Ok(None) };
    let every = ListArgs { all: true, ..ListArgs::default() };
    let Reply::Sessions(listed) = front.reply(Verb::List(every))? else {
        return Err(front.unexpected());
    };
    let mut rows = listed.rows;
    rows.sort_by_key(|row| std::cmp::Reverse(row.timestamp));
    if rows.is_empty() {
        return Ok(None);
    }
    match dialog.session(&rows)? {
        Some(row) => Ok(Some(row.session_id.clone())),
        None => Err(cancelled(front.head())),
    }
}

#[cfg(test)]
mod tests;
