//! The options of the verbs that have many.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use convosync_wire::{
    CallerEnv, InitArgs, ListArgs, MessageRange, OnConflict, OnDirty, OnDiverged, OnLarge, OnLive,
    OnMergeConflict, OnMissing, OnSecrets, PanesInto, SaveArgs, SaveMode, ShowArgs, Since,
};

use super::since;

/// The kinds of device that `--kind` takes.
pub(crate) const KINDS: [&str; 5] = ["desktop", "laptop", "tablet", "mobile", "server"];

/// Takes the answers of a wire type by their typed names, and lists them in help and errors.
macro_rules! answers {
    ($answer:ty) => {
        PossibleValuesParser::new(<$answer>::ALL).try_map(|text| text.parse::<$answer>())
    };
}

/// `convosync init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    convosync init --store file:///home/me/Sync/convosync --device desktop\n  \
    convosync init --store git+ssh://git@example.org/me/sessions.git\n\n\
    A store is a folder (file:///path, ~/path), a git repository (git+ssh://host/path,\n\
    git+https://host/path, git+file:///path) or a bucket (s3://bucket/prefix,\n\
    gs://bucket/prefix, az://container/prefix). Of repositories best is a private one of its\n\
    own: who can fetch it can fetch the sealed sessions, and what is deleted stays on a\n\
    server until it cleans up. `--store origin` keeps the sealed sessions of each repository in that\n\
    repository's own origin, and asks once for each.\n\n\
    The 24 recovery words are shown once. They are the only way back to your sessions\n\
    when every device is lost; another device joins with them.")]
pub(crate) struct Init {
    /// Where the sealed sessions go: a folder, a git repository or a bucket [default: on this machine]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// The name of this device [default: the host's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,
    /// What this device is [default: what the machine says of itself]
    #[arg(long, value_name = "KIND", value_parser = KINDS)]
    pub(crate) kind: Option<String>,
    /// Write the recovery words to this new file (mode 0600) and do not show them
    #[arg(long, value_name = "PATH")]
    pub(crate) recovery_file: Option<String>,
    /// Ask nothing
    #[arg(short, long)]
    pub(crate) yes: bool,
}

impl From<Init> for InitArgs {
    fn from(init: Init) -> Self {
        Self {
            store: init.store,
            device: init.device,
            kind: init.kind,
            recovery_file: init.recovery_file,
            yes: init.yes,
            choose: false,
        }
    }
}

/// `convosync device join`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync device join --store file:///home/me/Sync/convosync\n  \
    convosync device join --recovery --device laptop < words.txt\n\n\
    Without --recovery this device shows six words (and a QR code); `convosync device\n\
    approve` on a device of the account reads them and lets this one in. With --recovery\n\
    the 24 recovery words are asked for without showing them, or read from standard\n\
    input. No words are ever an argument, where other programs could see them.")]
pub(crate) struct Join {
    /// Join with the 24 recovery words
    #[arg(long, conflicts_with_all = ["no_wait", "wait", "timeout"])]
    pub(crate) recovery: bool,
    /// Show the six words and end; `--wait` goes on
    #[arg(long, conflicts_with = "wait")]
    pub(crate) no_wait: bool,
    /// Go on waiting for the answer to words that were shown before
    #[arg(long, conflicts_with_all = ["store", "device", "kind"])]
    pub(crate) wait: bool,
    /// Wait at most so many seconds [default: until the words expire]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// The account's store [default: the one this device is set up with]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// The name of this device [default: the host's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,
    /// What this device is [default: what the machine says of itself]
    #[arg(long, value_name = "KIND", value_parser = KINDS)]
    pub(crate) kind: Option<String>,
}

/// `convosync save`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync save \"Implemented OAuth login\"\n  \
    convosync save -b feature/oauth \"WIP: OAuth\"     on a branch of its own\n  \
    convosync save --no-push -m \"WIP: OAuth\"\n  \
    convosync save --stash                            nothing is committed\n  \
    convosync save --no-code \"Only talked\"           in the middle of a rebase, too\n  \
    convosync save --retry                            after the remote said no\n\n\
    --force skips checks that protect convenience: a file over 100 MB, and branches that\n\
    `sync_branches` does not name. What protects data is never skipped: conflicts, a merge\n\
    or rebase in progress, changes that a switch would lose, files that hold secrets.")]
pub(crate) struct Save {
    /// What was done: the commit's message and the session's title
    #[arg(value_name = "MESSAGE", conflicts_with = "message")]
    pub(crate) text: Option<String>,
    /// The same, as an option
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Fill in a form: message, branch, and what to save; large conversations are asked about
    #[arg(short, long, conflicts_with = "dry_run")]
    pub(crate) interactive: bool,
    /// Commit on this branch, push it, and stay on it: one that is not there is made
    ///
    /// A new one begins at HEAD, or at the remote's branch of that name. To one that is there your
    /// changes are carried over as by `git switch`; if that can't be done, nothing is changed.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
    /// What the session is called from now on; it stands in lists beside the message
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Leave the code out: nothing is committed, pushed or brought back
    #[arg(long, conflicts_with = "branch")]
    pub(crate) no_code: bool,
    /// Leave the conversation out
    #[arg(long)]
    pub(crate) no_conversation: bool,
    /// Leave out where you are, and the panes of your terminal
    #[arg(long, conflicts_with = "env")]
    pub(crate) no_terminal: bool,
    /// In Zellij: take the text of the panes along, the last 1000 lines of each, with its colours
    #[arg(long, conflicts_with = "no_terminal")]
    pub(crate) scrollback: bool,
    /// Cut out of commands and variables what looks like a secret, and take the rest along
    #[arg(long, conflicts_with = "no_terminal")]
    pub(crate) redact: bool,
    /// Commit here, but do not push: the commit travels sealed
    #[arg(long)]
    pub(crate) no_push: bool,
    /// Other devices do not announce this save
    #[arg(long)]
    pub(crate) no_notify: bool,
    /// Tell what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do again what failed, as it was asked for; options that you pass count for more
    #[arg(long)]
    pub(crate) retry: bool,
    /// Start another session
    #[arg(long, conflicts_with = "session")]
    pub(crate) new: bool,
    /// Go on with this session (id or its beginning)
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Which conversation is the main one (id or its beginning)
    #[arg(long, value_name = "ID")]
    pub(crate) conversation: Option<String>,
    /// Save a conversation that lost messages as it is now, not the fuller one of before
    #[arg(long)]
    pub(crate) accept_shrink: bool,
    /// Take the variables along that the setting env.names names; never secrets
    #[arg(long)]
    pub(crate) env: bool,
    /// Skip checks that protect convenience, never those that protect data (see below)
    #[arg(long)]
    pub(crate) force: bool,
    /// When the conversation is large (`large.messages`, `large.size`) [default: warn]
    ///
    /// With `archive` the save has all of it, and a resume on another device begins with the last
    /// compaction, else with the newest 100 messages.
    #[arg(long, value_name = "WAY", value_parser = answers!(OnLarge))]
    pub(crate) on_large: Option<OnLarge>,
    /// With `--on-large archive`: a resume begins with this message, counted from 1
    #[arg(long, value_name = "N", requires = "on_large", value_parser = at_least_one)]
    pub(crate) from_message: Option<u64>,
    /// When what looks like a secret would be pushed [default: ask on a terminal, else tell]
    #[arg(long, value_name = "WAY", value_parser = answers!(OnSecrets))]
    pub(crate) on_secrets: Option<OnSecrets>,
    /// Carry uncommitted changes sealed; nothing is committed or pushed, no file is touched
    #[arg(long, conflicts_with = "commit")]
    pub(crate) stash: bool,
    /// Commit them, on the default branch too
    #[arg(long)]
    pub(crate) commit: bool,
    /// For hooks: a quiet save if auto_sync is on and something changed; never fails, never waits
    #[arg(long, conflicts_with_all = ["text", "message", "commit", "retry", "dry_run"])]
    pub(crate) auto: bool,
}

impl From<Save> for SaveArgs {
    fn from(save: Save) -> Self {
        Self {
            message: save.message.or(save.text),
            no_push: save.no_push,
            no_notify: save.no_notify,
            dry_run: save.dry_run,
            retry: save.retry,
            new: save.new,
            session: save.session,
            conversation: save.conversation,
            accept_shrink: save.accept_shrink,
            // The values are those of the process, which is not looked at here.
            env: save.env.then(CallerEnv::default),
            branch: save.branch,
            force: save.force,
            title: save.title,
            no_code: save.no_code,
            no_conversation: save.no_conversation,
            no_terminal: save.no_terminal,
            scrollback: save.scrollback,
            redact: save.redact,
            interactive: save.interactive,
            on_large: save.on_large,
            from_message: save.from_message,
            asks: false,
            on_secrets: save.on_secrets,
            mode: match (save.stash, save.commit) {
                (true, _) => Some(SaveMode::Stash),
                (_, true) => Some(SaveMode::Commit),
                _ => None,
            },
            remember: false,
            auto: false,
        }
    }
}

/// `convosync resume`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync resume                                pick one of the sessions\n  \
    convosync resume session-4k2m --on-dirty stash\n  \
    convosync resume session-4k2m --pull --switch-branch --run\n  \
    convosync resume --latest --dry-run\n\n\
    --force asks nothing for convenience's sake. It is the same as --on-dirty stash (commit\n\
    where there is nothing to stash onto), --switch-branch, --on-diverged merge (discard\n\
    where a merge would conflict: your commits are kept under a ref), --on-live code-only and\n\
    --on-missing conversation-only; what you pass yourself counts for more. It never chooses\n\
    between two devices' saves, resolves no conflict, and overwrites no file that git does\n\
    not track.\n\n\
    After --stay-on-branch `status` and `list` show the session as out of step until the\n\
    work tree is on its branch.\n\n\
    Off a terminal nothing is asked: what has to be decided is printed as JSON, with the\n\
    option that answers it, and the exit code is 3.")]
pub(crate) struct Resume {
    /// A session, or the beginning of its id [default: pick one on a terminal, else the newest here]
    pub(crate) session: Option<String>,
    /// List the sessions instead
    #[arg(short, long, conflicts_with = "session")]
    pub(crate) list: bool,
    /// Only read it, as `convosync show` does: nothing is changed here or anywhere
    #[arg(long, conflicts_with_all = [
        "clone", "into", "pull", "no_pull", "force", "run", "dry_run", "switch_branch",
        "stay_on_branch", "on_dirty", "on_diverged", "on_conflict", "on_live", "on_missing",
        "on_merge_conflict", "layout", "no_layout", "zellij",
    ])]
    pub(crate) read_only: bool,
    /// With --read-only: these messages, e.g. 10..20, 10.. or ..20
    #[arg(long, value_name = "RANGE", requires = "read_only")]
    pub(crate) messages: Option<MessageRange>,
    /// With --read-only: lay its code out in this new folder, beside your work tree
    #[arg(long, value_name = "DIR", requires = "read_only")]
    pub(crate) worktree: Option<String>,
    /// This save of the session, not its newest
    #[arg(long, value_name = "SAVE")]
    pub(crate) at: Option<String>,
    /// This repository's newest session, without asking
    #[arg(long, conflicts_with = "session")]
    pub(crate) latest: bool,
    /// Clone the repository into this directory, and switch to the session's branch there
    #[arg(long, value_name = "DIR")]
    pub(crate) clone: Option<String>,
    /// Come back to this work tree; it has to be a clone of the session's repository
    #[arg(long, value_name = "DIR", conflicts_with = "clone")]
    pub(crate) into: Option<String>,
    /// Go on to the newest commit of the session's branch on the git remote, if that only adds
    #[arg(long, conflicts_with = "no_pull")]
    pub(crate) pull: bool,
    /// Ask the git remote for nothing: what is here or in the session has to do
    #[arg(long)]
    pub(crate) no_pull: bool,
    /// Put aside and go on instead of asking (see below)
    #[arg(long)]
    pub(crate) force: bool,
    /// Start the assistant with the conversation afterwards
    #[arg(long)]
    pub(crate) run: bool,
    /// Tell what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take the session's commands into this shell's own history (see `convosync shell-init`)
    #[arg(long)]
    pub(crate) history: bool,
    /// In Zellij: where the session's panes open [default: new-tabs, or the tab that has them]
    #[arg(long, value_name = "WHERE", conflicts_with = "no_layout", value_parser = answers!(PanesInto))]
    pub(crate) layout: Option<PanesInto>,
    /// Leave the panes of your terminal as they are
    #[arg(long)]
    pub(crate) no_layout: bool,
    /// Outside of Zellij: start it with the session's panes
    #[arg(long, conflicts_with = "no_layout")]
    pub(crate) zellij: bool,
    /// Go on with the resume that waits here, once its conflicts are resolved
    #[arg(long = "continue", conflicts_with_all = ["session", "at", "latest", "clone", "dry_run", "abort"])]
    pub(crate) go_on: bool,
    /// Take the resume that waits here back: everything is as before it
    #[arg(long, conflicts_with_all = ["session", "at", "latest", "clone", "dry_run"])]
    pub(crate) abort: bool,
    /// When there are changes that were not saved
    #[arg(long, value_name = "WAY", value_parser = answers!(OnDirty))]
    pub(crate) on_dirty: Option<OnDirty>,
    /// Switch to the session's branch
    #[arg(long, conflicts_with = "stay_on_branch")]
    pub(crate) switch_branch: bool,
    /// Stay on the present branch
    #[arg(long)]
    pub(crate) stay_on_branch: bool,
    /// When the branch here and the session's have both moved on
    #[arg(long, value_name = "WAY", value_parser = answers!(OnDiverged))]
    pub(crate) on_diverged: Option<OnDiverged>,
    /// When two devices went on from the same save
    #[arg(long, value_name = "WAY", value_parser = answers!(OnConflict))]
    pub(crate) on_conflict: Option<OnConflict>,
    /// When an assistant has the conversation open here
    #[arg(long, value_name = "WAY", value_parser = answers!(OnLive))]
    pub(crate) on_live: Option<OnLive>,
    /// When the session's commit can't be had here
    #[arg(long, value_name = "WAY", value_parser = answers!(OnMissing))]
    pub(crate) on_missing: Option<OnMissing>,
    /// When code can't be merged without you
    #[arg(long, value_name = "WAY", value_parser = answers!(OnMergeConflict))]
    pub(crate) on_merge_conflict: Option<OnMergeConflict>,
}

/// `convosync show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync show session-4k2m\n  \
    convosync show session-4k2m --messages 10..20\n  \
    convosync show session-4k2m --worktree ../review  # and its code, beside yours\n  \
    convosync show session-4k2m --json | jq -r '.messages[].text'\n\n\
    Nothing is changed, here or anywhere. A commit behind `~` is where HEAD was at the time of\n\
    the messages, by the clone's own record; one without is that of the save which first held\n\
    them.\n\n\
    --worktree makes a work tree of the clone here (`git worktree`) that is on no branch, with\n\
    the uncommitted changes of a save by --stash; commits that are not here are fetched. Your\n\
    own files, index and branches stay as they are. `git worktree remove DIR` takes it away.\n\n\
    On a terminal long texts go through $CONVOSYNC_PAGER, $PAGER or less.")]
pub(crate) struct Show {
    /// A session, or the beginning of its id [default: pick one on a terminal, else the newest here]
    pub(crate) session: Option<String>,
    /// This repository's newest session, without asking
    #[arg(long, conflicts_with = "session")]
    pub(crate) latest: bool,
    /// This save of the session, not its newest
    #[arg(long, value_name = "SAVE")]
    pub(crate) at: Option<String>,
    /// These messages, e.g. 10..20, 10.. or ..20 [default: the newest 500]
    #[arg(long, value_name = "RANGE")]
    pub(crate) messages: Option<MessageRange>,
    /// Lay its code out in this new folder, beside your work tree
    #[arg(long, value_name = "DIR")]
    pub(crate) worktree: Option<String>,
}

impl From<Show> for ShowArgs {
    fn from(show: Show) -> Self {
        let Show { session, at, messages, worktree, latest: _ } = show;
        Self { session, at, messages: messages.unwrap_or_default(), worktree }
    }
}

fn at_least_one(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| "give a number from 1 on".to_owned())
}

/// `convosync list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync list --branch feature/oauth\n  \
    convosync list --here --since 2w\n  \
    convosync list --repo . --json\n\n\
    --since takes what has passed (90m, 12h, 3d, 2w, \"3 days\"), a day (2026-03-01), or a\n\
    time (2026-03-01T14:30, of this machine's time zone unless it names another).")]
pub(crate) struct List {
    /// Every session, not the 10 newest
    #[arg(short, long)]
    pub(crate) all: bool,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "all",
          value_parser = at_least_one)]
    pub(crate) limit: Option<u64>,
    /// Only this branch
    #[arg(short, long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
    /// Only what this device saved (name or id)
    #[arg(short, long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
    /// Only this repository (`.`: the one here; else part of its URL)
    #[arg(short, long, value_name = "REPO")]
    pub(crate) repo: Option<String>,
    /// Only what was saved in this folder of this repository, or below it
    #[arg(short = 'H', long, conflicts_with = "repo")]
    pub(crate) here: bool,
    /// Only what was saved since then: 3d, 2w, 2026-03-01
    #[arg(short, long, value_name = "WHEN", value_parser = since::parse)]
    pub(crate) since: Option<Since>,
    /// Only what is known here; the store is not asked
    #[arg(long)]
    pub(crate) offline: bool,
    /// The deleted sessions that can still be brought back
    #[arg(long)]
    pub(crate) deleted: bool,
    /// Go on looking, and print what other devices save as it comes; Ctrl-C ends it
    #[arg(short, long, conflicts_with_all = ["all", "limit", "since", "offline", "deleted"])]
    pub(crate) watch: bool,
    /// So many seconds between two looks [default: 10]
    #[arg(long, value_name = "SECONDS", requires = "watch",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) interval: Option<u64>,
}

impl From<List> for ListArgs {
    fn from(list: List) -> Self {
        Self {
            all: list.all,
            limit: list.limit,
            branch: list.branch,
            device: list.device,
            repo: list.repo,
            here: list.here,
            since: list.since,
            offline: list.offline,
            deleted: list.deleted,
            news: false,
        }
    }
}
