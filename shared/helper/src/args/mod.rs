//! The command line: what may be typed, and what it asks for.
//!
//! Reads no environment and no file; answers that were not given stay open.

mod keeping;
mod options;
mod portable;
mod since;
mod store;
#[cfg(test)]
mod tests;
mod undo;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Parser, Subcommand, ValueEnum};
use convosync_wire::{
    Answers, ConfigArgs, DoctorArgs, ExportArgs, ListArgs, NoteArgs, ProtectArgs, RenameArgs,
    ResumeArgs, RevokeArgs, SaveArgs, ShowArgs, SyncArgs, Verb,
};

pub(crate) use keeping::{Delete, Gc, Sessions};
pub(crate) use options::{Init, Join, List, Resume, Save, Show};
pub(crate) use portable::{Export, Import};
pub(crate) use undo::Undo;
pub(crate) use watch::Watch;

use crate::shell::Shell;

/// Between two looks of `list --watch`: a bucket's provider counts each.
const WATCH_SECONDS: u64 = 10;

/// Where help lists the options that every verb has.
const GLOBAL: &str = "Everywhere";

/// Put a coding session down on one machine and pick it up on another.
///
/// A session is code, AI conversation and directory as one unit, end-to-end encrypted.
#[derive(Debug, Parser)]
#[command(
    name = "convosync",
    version,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Example:\n  \
        convosync save \"Implemented OAuth login\"     on the desktop\n  \
        convosync resume                              on the laptop\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a decision is needed, 130 cancelled."
)]
pub(crate) struct Cli {
    /// Print one JSON document instead of text
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,

    /// When to use colour
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Act as if started in this directory
    #[arg(short = 'C', global = true, help_heading = GLOBAL, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// Print long texts as they are, without a pager
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) no_pager: bool,

    /// Take the passphrase of this device's key from the first line of this file, or of a pipe
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub(crate) passphrase_file: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colour: `Auto` on a terminal unless NO_COLOR is set, `Always` into a pipe too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    // No doc comments: clap would print them below every `--help`.
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make this device ready: account and store
    Init(Init),
    /// The devices that share your sessions
    #[command(subcommand)]
    Device(Device),
    /// The account's key and its recovery words
    #[command(subcommand)]
    Key(Key),
    /// Where sealed sessions are kept, and what its provider sees
    Store(store::Store),
    /// Save this moment: code, conversation and directory
    Save(Save),
    /// Bring a saved session back here
    Resume(Box<Resume>),
    /// Take back the last resume in this work tree
    Undo(Undo),
    /// The saved sessions: this repository's first, then the newest
    List(List),
    /// Every save of one session
    #[command(after_help = "Example:\n  convosync log session-4k2m")]
    Log {
        /// A session, or the beginning of its id
        session: String,
    },
    /// Read a session: its conversation, and the code that it was written on
    Show(Show),
    /// Keep a note with a session: `show`, `log` and `resume` show it on every device
    #[command(after_help = "Example:\n  convosync note session-4k2m \"the timeout is too short\"")]
    Note {
        /// A session, or the beginning of its id
        session: String,
        /// What to note, at most 2000 letters
        text: String,
    },
    /// Where repository, session, store and devices stand
    #[command(after_help = "Example:\n  convosync status")]
    Status,
    /// Keep sessions for ever, whatever the limits
    #[command(after_help = "Example:\n  convosync pin session-4k2m")]
    Pin(Sessions),
    /// No longer keep sessions for ever
    #[command(after_help = "Example:\n  convosync unpin session-4k2m")]
    Unpin(Sessions),
    /// Delete sessions from every device; they can be brought back for a while
    Delete(Delete),
    /// Bring deleted sessions back
    #[command(after_help = "Examples:\n  \
        convosync list --deleted\n  \
        convosync undelete session-4k2m")]
    Undelete(Sessions),
    /// Remove from the store what nothing needs any more
    Gc(Gc),
    /// Send what is queued on this device
    #[command(after_help = "Example:\n  convosync sync --retry")]
    Sync {
        /// The same as `sync`: what failed before is tried again at once
        #[arg(long)]
        retry: bool,
    },
    /// Tell what other devices save, as it comes, and send what waits here
    Watch(Watch),
    /// Show and change settings
    #[command(after_help = "Examples:\n  \
        convosync config\n  \
        convosync config set retention.days 90\n  \
        convosync config set sync_branches 'main, feature/*'\n  \
        convosync config edit")]
    Config {
        #[command(subcommand)]
        change: Option<Config>,
    },
    /// Write a conversation to a file: the client's own lines, or to be read
    Export(Export),
    /// Make a session of an exported conversation, in the repository here
    Import(Import),
    /// Print the function that lets `convosync resume` move your shell
    #[command(after_help = "Examples:\n  \
        eval \"$(convosync shell-init bash)\"              in ~/.bashrc\n  \
        eval \"$(convosync shell-init zsh --history)\"     in ~/.zshrc\n  \
        convosync shell-init fish | source                in ~/.config/fish/config.fish\n\n\
        Without it `resume` prints the `cd` for you to type. Nushell needs none of it.")]
    ShellInit {
        /// The shell that loads it
        #[arg(value_enum)]
        shell: Shell,
        /// Also record commands with their directory, so that those of a work tree travel with it
        #[arg(long)]
        history: bool,
    },
    /// Look whether git, store, keys, clock and programs are well, and say what to do
    #[command(after_help = "Examples:\n  convosync doctor\n  convosync doctor --probe --json\n\n\
        Every line is ok, warn or fail. The exit code is 1 if something fails.")]
    Doctor {
        /// Also write, read, list and delete an object in the store that says nothing
        #[arg(long)]
        probe: bool,
    },
    /// Say what the code of a failure means, and what to do
    #[command(after_help = "Example:\n  convosync explain convosync::save::detached-head")]
    Explain {
        /// A code, as `--json` and Nushell show it; `convosync::` may be left out
        code: String,
    },
    /// Print what makes a shell complete commands, options and sessions
    #[command(after_help = "Examples:\n  \
        source <(convosync completions bash)\n  \
        convosync completions zsh > ~/.zfunc/_convosync\n  \
        convosync completions fish > ~/.config/fish/completions/convosync.fish\n\n\
        `cargo xtask install` puts them where the shells look. In Nushell the plugin completes.")]
    Completions {
        /// For which shell
        #[arg(value_parser = ["bash", "zsh", "fish"])]
        shell: String,
    },
    /// Write a manual page for each command into a folder
    #[command(hide = true, after_help = "Example:\n  convosync man ~/.local/share/man/man1")]
    Man {
        /// The folder, which has to be there
        folder: PathBuf,
    },
    /// Print what may be typed, as JSON: what docs/commands.md is made of
    #[command(hide = true, after_help = "Example:\n  convosync describe")]
    Describe,
    /// What an assistant calls after a turn and at its end (see `config set auto_sync`)
    #[command(hide = true)]
    Hook {
        /// The assistant
        #[arg(value_parser = ["claude-code"])]
        assistant: String,
    },
    /// What makes an automatic save, apart from whoever started it
    #[command(hide = true, name = crate::auto::WORKER)]
    AutoSave,
    /// Answer one request of a plugin: a line of JSON on standard input
    #[command(hide = true)]
    Rpc {
        /// Take this call of the plugin inside Zellij, which can't write to a program
        #[arg(long, value_name = "JSON")]
        request: Option<String>,
    },
}

/// The devices.
#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Make this device one of an account that exists
    Join(Join),
    /// Let the device in that shows six words
    #[command(
        after_help = "Examples:\n  convosync device approve\n  convosync device approve --yes < words.txt\n\n\
        The words are asked for, or read from standard input; they are never an argument."
    )]
    Approve {
        /// Ask nothing: let the device in that the words belong to
        #[arg(short, long)]
        yes: bool,
    },
    /// Give this device another name
    #[command(after_help = "Example:\n  convosync device rename travel-laptop")]
    Rename {
        /// The new name
        name: String,
    },
    /// Take a device out of the account: it can read nothing that is saved from then on
    #[command(after_help = "Example:\n  convosync device revoke old-laptop")]
    Revoke {
        /// A device: its name, its id, or the beginning of its id
        device: String,
        /// Ask nothing
        #[arg(short, long)]
        yes: bool,
    },
    /// Every device of the account
    #[command(after_help = "Example:\n  convosync device list")]
    List,
}

/// The account's key.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a new key; what was saved before stays readable
    #[command(after_help = "Example:\n  convosync key rotate")]
    Rotate,
    /// Make new recovery words, and a new key that the old words do not open
    #[command(after_help = "Example:\n  convosync key export --recovery-file words.txt\n\n\
        Recovery words are shown once and kept nowhere. Who lost them makes new ones here.")]
    Export {
        /// Write the words to this new file (mode 0600) and do not show them
        #[arg(long, value_name = "PATH")]
        recovery_file: Option<String>,
        /// Ask nothing
        #[arg(short, long)]
        yes: bool,
    },
    /// Put a passphrase on this device's key, or take it off
    #[command(
        group = ArgGroup::new("protection").required(true),
        after_help = "Examples:\n  convosync key protect --passphrase\n  \
        convosync key protect --passphrase --keychain\n  \
        convosync key protect --none\n\n\
        The passphrase is asked for. Scripts name files: --new-passphrase-file for the new one,\n\
        --passphrase-file or the variable CONVOSYNC_PASSPHRASE_FILE for the present one."
    )]
    Protect {
        /// Every command asks for a passphrase (again: for another one)
        #[arg(long, group = "protection")]
        passphrase: bool,
        /// No passphrase: whoever has the key file is this device
        #[arg(long, group = "protection")]
        none: bool,
        /// Ask once: the kernel's keyring remembers the opened key until logout
        #[arg(long, requires = "passphrase")]
        keychain: bool,
        /// Take the new passphrase from the first line of this file, or of a pipe
        #[arg(long, value_name = "FILE", requires = "passphrase")]
        new_passphrase_file: Option<String>,
    },
}

/// The settings.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// One setting's value
    #[command(after_help = "Example:\n  convosync config get retention.days")]
    Get {
        /// A setting, e.g. retention.days
        key: String,
    },
    /// Change one setting
    #[command(after_help = "Example:\n  convosync config set metered true")]
    Set {
        /// A setting, e.g. retention.days
        key: String,
        /// Its value; a list's items with commas between
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// For auto_sync: let Claude Code call ConvoSync (changes its settings.json)
        #[arg(long, conflicts_with = "no_hooks")]
        hooks: bool,
        /// For auto_sync: leave the settings of Claude Code alone
        #[arg(long)]
        no_hooks: bool,
    },
    /// Edit the file in $VISUAL or $EDITOR; it is checked before it replaces the old one
    #[command(after_help = "Example:\n  EDITOR=nano convosync config edit")]
    Edit,
}

/// What a command line comes down to.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// A verb whose arguments are all there.
    Verb(Verb),
    /// `device join`: the words are still to be read, never from the arguments.
    Join(Join),
    /// `device join` without recovery words.
    Enrol(Join),
    /// `device approve`: the words are still to be read.
    Approve {
        /// The user has agreed.
        yes: bool,
    },
    /// `list --watch`.
    Watch(ListArgs, Duration),
    /// `watch`.
    WatchMachine(Watch),
    /// `save --interactive`: a person fills in a form first.
    Form(SaveArgs),
    /// `resume` or `show` without a session: a person may pick one.
    Pick(Verb),
    /// `shell-init`: a text that depends on nothing.
    ShellInit(String),
    /// `config edit`: an editor is needed first.
    Edit,
    /// What is told of the definitions here alone.
    Definitions(Definitions),
    /// `rpc`.
    Rpc,
    /// `rpc --request`.
    Call(String),
    /// `save --auto`.
    Auto,
    /// `hook`.
    Hook,
    /// The process that saves by itself.
    AutoSave,
}

/// What is told of the definitions here alone.
#[derive(Debug)]
pub(crate) enum Definitions {
    /// `completions`, for this shell.
    Completions(String),
    /// `man`, into this folder.
    Man(PathBuf),
    /// `describe`.
    Json,
}

impl Command {
    /// What this comes down to.
    pub(crate) fn wanted(self) -> Wanted {
        Wanted::Verb(match self {
            Self::Init(init) => Verb::Init(init.into()),
            Self::Device(Device::Join(join)) if join.recovery => return Wanted::Join(join),
            Self::Device(Device::Join(join)) => return Wanted::Enrol(join),
            Self::Device(Device::Approve { yes }) => return Wanted::Approve { yes },
            Self::Device(Device::Rename { name }) => Verb::DeviceRename(RenameArgs { name }),
            Self::Device(Device::Revoke { device, yes }) => {
                Verb::DeviceRevoke(RevokeArgs { device, yes })
            }
            Self::Key(Key::Rotate) => Verb::KeyRotate,
            Self::Key(Key::Export { recovery_file, yes }) => {
                Verb::KeyExport(ExportArgs { recovery_file, yes })
            }
            Self::Key(Key::Protect { passphrase, none: _, keychain, new_passphrase_file }) => {
                Verb::KeyProtect(ProtectArgs {
                    passphrase,
                    new: None,
                    new_file: new_passphrase_file,
                    keychain,
                })
            }
            Self::Device(Device::List) => Verb::DeviceList,
            Self::Store(store) => store.into(),
            Self::Save(save) if save.interactive => return Wanted::Form(save.into()),
            Self::Save(save) if save.auto => return Wanted::Auto,
            Self::Save(save) => Verb::Save(save.into()),
            Self::Resume(resume) => return wanted_of_resume(*resume),
            Self::List(list) if list.watch => {
                let interval = Duration::from_secs(list.interval.unwrap_or(WATCH_SECONDS));
                return Wanted::Watch(list.into(), interval);
            }
            Self::Undo(undo) => Verb::Undo(undo.into()),
            Self::List(list) => Verb::List(list.into()),
            Self::Watch(watch) => return Wanted::WatchMachine(watch),
            Self::Note { session, text } => Verb::Note(NoteArgs { session, text }),
            Self::Show(show) if show.latest => Verb::Show(show.into()),
            Self::Show(show) => return wanted_of_show(show.into()),
            Self::Log { session } => Verb::Log { session },
            Self::Status => Verb::Status,
            Self::Sync { retry } => Verb::Sync(SyncArgs { retry, quiet: false }),
            Self::Pin(sessions) => Verb::Pin(sessions.into()),
            Self::Unpin(sessions) => Verb::Unpin(sessions.into()),
            Self::Delete(delete) => Verb::Delete(delete.into()),
            Self::Undelete(sessions) => Verb::Undelete(sessions.into()),
            Self::Gc(gc) => Verb::Gc(gc.into()),
            Self::Config { change: None } => Verb::Config(ConfigArgs::Show),
            Self::Config { change: Some(Config::Get { key }) } => {
                Verb::Config(ConfigArgs::Get { key })
            }
            Self::Config { change: Some(Config::Set { key, value, hooks, no_hooks }) } => {
                let hooks = match (hooks, no_hooks) {
                    (true, _) => Some(true),
                    (_, true) => Some(false),
                    _ => None,
                };
                Verb::Config(ConfigArgs::Set { key, value, hooks })
            }
            Self::Config { change: Some(Config::Edit) } => return Wanted::Edit,
            Self::Export(export) => Verb::Export(export.into()),
            Self::Import(import) => Verb::Import(import.into()),
            Self::ShellInit { shell, history } => {
                return Wanted::ShellInit(shell.code(history));
            }
            Self::Doctor { probe } => Verb::Doctor(DoctorArgs { probe }),
            Self::Explain { code } => Verb::Explain { code },
            Self::Completions { shell } => {
                return Wanted::Definitions(Definitions::Completions(shell));
            }
            Self::Man { folder } => return Wanted::Definitions(Definitions::Man(folder)),
            Self::Describe => return Wanted::Definitions(Definitions::Json),
            Self::Hook { .. } => return Wanted::Hook,
            Self::AutoSave => return Wanted::AutoSave,
            Self::Rpc { request: None } => return Wanted::Rpc,
            Self::Rpc { request: Some(line) } => return Wanted::Call(line),
        })
    }
}

/// `--list` is `convosync list`; without a session and `--latest` a person may pick.
fn wanted_of_resume(resume: Resume) -> Wanted {
    if resume.list {
        return Wanted::Verb(Verb::List(ListArgs::default()));
    }
    if resume.read_only {
        let messages = resume.messages.unwrap_or_default();
        let worktree = resume.worktree;
        let args = ShowArgs { session: resume.session, at: resume.at, messages, worktree };
        return if resume.latest { Wanted::Verb(Verb::Show(args)) } else { wanted_of_show(args) };
    }
    let ends = resume.go_on || resume.abort;
    let pick = resume.session.is_none() && !resume.latest && resume.at.is_none() && !ends;
    let args = ResumeArgs {
        session: resume.session,
        at: resume.at,
        clone: resume.clone,
        into: resume.into,
        pull: match (resume.pull, resume.no_pull) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        force: resume.force,
        run: resume.run,
        dry_run: resume.dry_run,
        history: resume.history,
        layout: resume.layout,
        no_layout: resume.no_layout,
        zellij: resume.zellij,
        go_on: resume.go_on,
        abort: resume.abort,
        answers: Answers {
            on_dirty: resume.on_dirty,
            switch_branch: match (resume.switch_branch, resume.stay_on_branch) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            on_diverged: resume.on_diverged,
            on_conflict: resume.on_conflict,
            on_live: resume.on_live,
            on_missing: resume.on_missing,
            on_merge_conflict: resume.on_merge_conflict,
        },
    };
    let verb = Verb::Resume(args);
    if pick { Wanted::Pick(verb) } else { Wanted::Verb(verb) }
}

/// Without a session a person may pick.
fn wanted_of_show(args: ShowArgs) -> Wanted {
    let pick = args.session.is_none() && args.at.is_none();
    if pick { Wanted::Pick(Verb::Show(args)) } else { Wanted::Verb(Verb::Show(args)) }
}
