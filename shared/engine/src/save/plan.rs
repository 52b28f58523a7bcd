//! Deciding a save: may it be done, and which session does it go on with? Pure.

use convosync_core::{ConversationId, SaveId, SessionId};
use convosync_wire::{Decision, Question, SaveArgs, SaveMode};

use crate::bind::Binding;
use crate::choice::{cancel, choice};
use crate::ports::{Facts, HeadState, Operation};
use crate::settings::{Settings, is_synced};
use crate::trouble::Refusal;

/// What a save may not be made from, and why.
///
/// # Errors
///
/// Something begun and not ended, a detached HEAD, conflicts, no remote (unless nothing is to be
/// pushed), nothing to save.
pub(crate) fn check(facts: &Facts, args: &SaveArgs, mode: Option<SaveMode>) -> Result<(), Refusal> {
    // Where the code stays as it is, its state is no matter.
    if args.no_code {
        return Ok(());
    }
    // A rebase detaches HEAD: what to do about it is to end the rebase.
    if let Some(operation) = facts.operation {
        return Err(in_progress(operation));
    }
    if facts.head == HeadState::Detached && args.branch.is_none() {
        return Err(detached(facts));
    }
    if let Some(conflicted) = conflicted(facts) {
        return Err(Refusal::new(
            "convosync::save::conflicts",
            format!("there are unresolved conflicts in:\n{conflicted}"),
        )
        .help("resolve them, `git add` them, and save again"));
    }
    if facts.remotes.is_empty() && !args.no_push && mode == Some(SaveMode::Commit) {
        return Err(Refusal::new("convosync::save::no-remote", "no git remote configured")
            .help("add one with `git remote add origin <url>`, or use `--no-push`: the commit then travels sealed with the session"));
    }
    if let Some(named) = unknown_remote(facts).filter(|_| !args.no_push) {
        return Err(Refusal::new(
            "convosync::save::unknown-remote",
            format!("this branch is pushed to {}, which is no remote here", named.escape_debug()),
        )
        .help("name one of `git remote` for it: `git config convosync.remote NAME`; `--no-push` saves without"));
    }
    if facts.commit.is_none() && facts.changes.is_empty() {
        return Err(Refusal::new(
            "convosync::save::empty",
            "there is no commit and no file to save yet",
        )
        .help("write something first"));
    }
    Ok(())
}

/// The remote that the configuration names for the branch, if there is none of that name: to push
/// to another one instead could publish what was not meant to be.
fn unknown_remote(facts: &Facts) -> Option<&str> {
    let named = facts.pushes_to.as_deref()?;
    facts.remotes.iter().all(|remote| remote.name != named).then_some(named)
}

/// How a save takes uncommitted changes: as this call says, else as the settings say of the
/// repository or of all. `None`: the user has to say, since they are on the default branch.
pub(crate) fn mode(
    facts: &Facts,
    args: &SaveArgs,
    settings: &Settings,
    repository: &str,
) -> Option<SaveMode> {
    if args.auto {
        return Some(SaveMode::Stash);
    }
    let set = settings.save_modes.get(repository).copied().or(settings.save_mode);
    match args.mode.or(set) {
        Some(mode) => Some(mode),
        // Nothing to be asked about, or nobody who starts from it.
        None if facts.changes.is_empty() || facts.remotes.is_empty() => Some(SaveMode::Commit),
        None => (!is_onto_default_branch(facts, args)).then_some(SaveMode::Commit),
    }
}

/// Whether the save is to be on the branch that clones start on; where nobody says which, by its
/// usual names.
fn is_onto_default_branch(facts: &Facts, args: &SaveArgs) -> bool {
    let here = match &facts.head {
        HeadState::Branch(branch) => Some(branch.as_str()),
        HeadState::Unborn(_) | HeadState::Detached => None,
    };
    let Some(branch) = args.branch.as_deref().or(here) else { return false };
    match facts.default_branch.as_deref() {
        Some(name) => name == branch,
        None => matches!(branch, "main" | "master"),
    }
}

/// Whether changes on the default branch are to be committed.
pub(crate) fn save_mode(facts: &Facts) -> Decision {
    let branch = facts.head.branch().unwrap_or_default();
    let count = facts.changes.len();
    let changes = if count == 1 { "1 file has".to_owned() } else { format!("{count} files have") };
    let commit = choice(
        "commit",
        "--commit",
        &format!("Commit on {branch}"),
        "commits and pushes them",
        true,
    );
    let stash = choice(
        "stash",
        "--stash",
        "Carry Uncommitted",
        "they travel sealed with the session; nothing is committed or pushed",
        false,
    );
    Decision {
        question: Question::SaveMode,
        title: "Save on the Default Branch".to_owned(),
        details: vec![
            format!("{changes} uncommitted changes, and {branch} is what others start from."),
            "What is chosen here is kept for this repository; an option is for one save."
                .to_owned(),
        ],
        choices: vec![commit, stash, cancel("", false)],
    }
}

/// What a save is called that nobody named, as `git stash` calls it.
pub(crate) fn work_in_progress(facts: &Facts) -> String {
    let branch = facts.head.name();
    match &facts.subject {
        Some(subject) => format!("WIP on {branch}: {subject}"),
        None => format!("WIP on {branch}"),
    }
}

/// What a save is called that nobody asked for: after the last one that somebody named.
pub(crate) fn saved_by_itself(last: Option<String>, facts: &Facts) -> String {
    const MARK: &str = " (auto-saved)";
    let named = last.unwrap_or_else(|| work_in_progress(facts));
    let first = named.lines().next().unwrap_or_default();
    format!("{}{MARK}", first.strip_suffix(MARK).unwrap_or(first))
}

/// The files with conflicts, a line each; none if there are none.
pub(crate) fn conflicted(facts: &Facts) -> Option<String> {
    let paths = facts.unmerged();
    (!paths.is_empty()).then(|| listed(&paths))
}

/// Paths in a message, a line each.
pub(crate) fn listed(paths: &[String]) -> String {
    let lines: Vec<_> = paths.iter().map(|path| format!("  • {path}")).collect();
    lines.join("\n")
}

/// That the branch is one that the user wants to be saved.
///
/// # Errors
///
/// If `sync_branches` is set and names others only.
pub(crate) fn is_wanted(branch: &str, settings: &Settings) -> Result<(), Refusal> {
    if is_synced(settings, branch) {
        return Ok(());
    }
    Err(Refusal::new(
        "convosync::save::branch-not-synced",
        format!("`sync_branches` does not name {}", branch.escape_debug()),
    )
    .help(
        "add it, or a pattern that fits it: `convosync config edit`; `--force` saves it this once",
    ))
}

/// That the options do not contradict each other, and leave something to be saved. `talked`: there
/// is a conversation.
///
/// # Errors
///
/// If they do not.
pub(crate) fn is_consistent(args: &SaveArgs, talked: bool) -> Result<(), Refusal> {
    if args.no_code && args.no_terminal && (args.no_conversation || !talked) {
        return Err(Refusal::new("convosync::save::nothing", "nothing is left to be saved")
            .help("leave out at most two of code, conversation and terminal")
            .argument("--no-terminal"));
    }
    if args.no_terminal && args.env.is_some() {
        return Err(Refusal::new(
            "convosync::save::env-without-terminal",
            "--env and --no-terminal contradict each other",
        )
        .help("variables are part of the terminal")
        .argument("--env"));
    }
    if args.no_code && args.branch.is_some() {
        return Err(Refusal::new(
            "convosync::save::branch-without-code",
            "--branch and --no-code contradict each other",
        )
        .help("without code nothing is committed on any branch")
        .argument("--branch"));
    }
    if args.branch.is_some() && args.mode == Some(SaveMode::Stash) {
        return Err(needs_commit("--stash"));
    }
    Ok(())
}

/// That changes which are carried uncommitted are on no branch.
pub(crate) fn needs_commit(option: &str) -> Refusal {
    Refusal::new(
        "convosync::save::branch-without-commit",
        format!("--branch and {option} contradict each other"),
    )
    .help("what is carried uncommitted is on no branch")
    .argument("--branch")
}

/// Bytes of a title at most: it is part of the card that every `list` reads.
const LONGEST_TITLE: usize = 200;

/// What the session is called: what the user says now, else what it was called before.
///
/// # Errors
///
/// If that is no short line of text.
pub(crate) fn title(args: &SaveArgs, before: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(title) = args.title.as_deref().map(str::trim) else {
        return Ok(before.map(str::to_owned));
    };
    if title.len() > LONGEST_TITLE || title.contains(char::is_control) {
        return Err(Refusal::new(
            "convosync::save::title",
            format!("a title is one line of at most {LONGEST_TITLE} bytes"),
        )
        .argument("--title"));
    }
    Ok((!title.is_empty()).then(|| title.to_owned()))
}

fn detached(facts: &Facts) -> Refusal {
    let at = facts.commit.as_ref().map_or("a commit", |commit| commit.short());
    Refusal::new(
        "convosync::save::detached-head",
        format!("cannot sync from detached HEAD state\nYou're at commit {at} (not on a branch)"),
    )
    .help(match facts.has_jj {
        // There it is so by design, and the commit that is worked on is none of git's.
        true => "jj keeps HEAD on no branch: save on a bookmark, `convosync save -b NAME`; jj takes the commit over when it runs next",
        false => "switch to a branch first, e.g. `git switch main`, or save on another one: `convosync save -b NAME`",
    })
}

/// Why nothing can be done while an operation is in progress.
pub(crate) fn in_progress(operation: Operation) -> Refusal {
    let (what, go_on, give_up) = match operation {
        Operation::Merge => ("merge", "git merge --continue", "git merge --abort"),
        Operation::Rebase => ("rebase", "git rebase --continue", "git rebase --abort"),
        Operation::Am => ("git am", "git am --continue", "git am --abort"),
        Operation::CherryPick => {
            ("cherry-pick", "git cherry-pick --continue", "git cherry-pick --abort")
        }
        Operation::Revert => ("revert", "git revert --continue", "git revert --abort"),
        Operation::Bisect => ("bisect", "git bisect log", "git bisect reset"),
    };
    Refusal::new("convosync::git::in-progress", format!("a {what} is in progress"))
        .help(format!("end it first: `{go_on}` or `{give_up}`"))
}

/// Which session a save belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A new one.
    New,
    /// One that goes on from a save.
    Continue {
        /// The session.
        session: SessionId,
        /// The save it goes on from; none: that has to be found out.
        from: Option<SaveId>,
    },
}

/// Chooses the session: what the user names; else the work tree's own, as long as its main
/// conversation is the same; else the one that has this conversation (its index was lost, or the
/// clone is another); else a new one.
pub(crate) fn target(
    args: &SaveArgs,
    named: Option<SessionId>,
    binding: Option<&Binding>,
    conversation: Option<&ConversationId>,
    home_of_conversation: Option<SessionId>,
) -> Target {
    if args.new {
        return Target::New;
    }
    if let Some(session) = named {
        let from = binding.filter(|b| b.session == session && b.continues).map(|b| b.tip.clone());
        return Target::Continue { session, from };
    }
    if let Some(binding) = binding {
        let same = binding.conversation.is_none()
            || conversation.is_none()
            || binding.conversation.as_ref() == conversation;
        return if binding.continues && same {
            Target::Continue { session: binding.session.clone(), from: Some(binding.tip.clone()) }
        } else {
            Target::New
        };
    }
    match home_of_conversation {
        Some(session) => Target::Continue { session, from: None },
        None => Target::New,
    }
}

/// The message of the commit.
pub(crate) fn commit_message(message: &str) -> String {
    format!("{message} [ConvoSync]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn binding(conversation: Option<&str>, continues: bool) -> Binding {
        Binding {
            session: "session-aaaaaaaa".parse().unwrap(),
            tip: "00000002-aaaaaaaa-2-aaaaaaaa".parse().unwrap(),
            conversation: conversation.map(|id| id.parse().unwrap()),
            continues,
            elsewhere: false,
            root: PathBuf::from("/w"),
        }
    }

    fn choose(args: &SaveArgs, binding: Option<&Binding>, conversation: Option<&str>) -> Target {
        let conversation = conversation.map(|id| id.parse().unwrap());
        target(args, None, binding, conversation.as_ref(), None)
    }

    fn continued() -> Target {
        Target::Continue {
            session: "session-aaaaaaaa".parse().unwrap(),
            from: Some("00000002-aaaaaaaa-2-aaaaaaaa".parse().unwrap()),
        }
    }

    #[test]
    fn a_save_goes_on_in_the_same_work_tree_with_the_same_conversation() {
        let args = SaveArgs::default();
        assert_eq!(choose(&args, Some(&binding(Some("c1"), true)), Some("c1")), continued());
        assert_eq!(choose(&args, Some(&binding(None, true)), Some("c1")), continued());
        assert_eq!(choose(&args, Some(&binding(Some("c1"), true)), None), continued());
    }

    #[test]
    fn another_conversation_new_or_an_old_save_start_another_session() {
        let args = SaveArgs::default();
        assert_eq!(choose(&args, Some(&binding(Some("c1"), true)), Some("c2")), Target::New);
        assert_eq!(choose(&args, Some(&binding(Some("c1"), false)), Some("c1")), Target::New);
        assert_eq!(choose(&args, None, Some("c1")), Target::New);
        let new = SaveArgs { new: true, ..SaveArgs::default() };
        assert_eq!(choose(&new, Some(&binding(Some("c1"), true)), Some("c1")), Target::New);
    }
}
