//! Builds the ports from the caller's environment and runs the engine over them.
//!
//! The only place that knows which adapter stands behind which port. Nothing is opened before a
//! verb runs.

use std::io::Write;
use std::path::{Path, PathBuf};

use convosync_adapters::{
    ClaudeCodeFiles, FileLocks, FolderJournal, GitCli, GitStores, KeyFile, ObjectStores, Paths,
    PathsError, ScratchDir, SettingsFile, SqliteIndex, StoreOpener, SystemClock, SystemEntropy,
    SystemProcesses, UserShells, ZellijPanes,
};
use convosync_core::Passphrase;
use convosync_engine::ports::{Assistant, Entropy as _, Store, Stores as _};
use convosync_engine::{Engine, Host, Outcome, Outlook, Ports, Refusal, Settings, Trouble};
use convosync_wire::{
    ConfigArgs, ExportArgs, ExportSessionArgs, Failure, InitArgs, Note, Progress, ProtectArgs,
    Reply, Request, SaveArgs, SaveMode, Verb,
};

use crate::auto;
use crate::config::{config, refusal};
use crate::doctor::examined;
use crate::explain::explain;
use crate::files;
use crate::hooks::{self, Wish};
use crate::host;
use crate::interrupt::Interrupt;
use crate::prompts;
use crate::surroundings::Env;
use crate::unlock;

/// Runs a request. Of the environment only what the request carries is looked at.
pub(crate) fn run(
    request: &Request,
    progress: &dyn Fn(&Progress),
    interrupt: &Interrupt,
) -> Outcome {
    if let Verb::Config(args) = &request.verb {
        return configured(request, args)
            .unwrap_or_else(|refusal| Outcome::Failure(Trouble::from(refusal).failure()));
    }
    if let Verb::Explain { code } = &request.verb {
        return match explain(code) {
            Ok(report) => Outcome::Reply(Box::new(Reply::Explained(report))),
            Err(refusal) => Outcome::Failure(Trouble::from(refusal).failure()),
        };
    }
    if let Verb::Doctor(_) = &request.verb {
        let engine = || wired(request, progress, interrupt, |engine, request| engine.run(request));
        return match Paths::from_env(&request.env) {
            Ok(paths) => examined(request, &paths, engine),
            Err(error) => Outcome::Failure(no_home(error)),
        };
    }
    let request = &match with_new_passphrase(request) {
        Ok(request) => request,
        Err(failure) => return Outcome::Failure(failure),
    };
    let outcome = wired(request, progress, interrupt, |engine, request| {
        files::run(engine, request).unwrap_or_else(|| engine.run(request))
    });
    match outcome {
        Ok(Outcome::Reply(mut reply)) => {
            remember_mode(request, &mut reply);
            if let Reply::Status(report) = &mut *reply {
                report.notes.extend(auto::note(&request.env));
            }
            Outcome::Reply(reply)
        }
        Ok(outcome) => outcome,
        Err(trouble) => Outcome::Failure(trouble.failure()),
    }
}

/// The keys of this device, as long as somebody looks: a passphrase is half a second of work.
#[derive(Debug, Default)]
pub(crate) struct Keys(Option<KeyFile>);

/// Runs a look of a watcher, and tells what that goes by.
pub(crate) fn looked(
    request: &Request,
    keys: &mut Keys,
    interrupt: &Interrupt,
) -> (Outcome, Option<Outlook>) {
    let look = |engine: &Engine<'_>, request: &Request| {
        // In this order: what the look learns of counts.
        let outcome = engine.run(request);
        (outcome, engine.outlook().ok())
    };
    wired_with(keys, request, &|_| {}, interrupt, look)
        .unwrap_or_else(|trouble| (Outcome::Failure(trouble.failure()), None))
}

/// The folder that the store of this URL is, if it is one.
pub(crate) fn store_folder(url: &str, paths: &Paths) -> Option<PathBuf> {
    StoreOpener::new(paths.home.clone(), paths.embedded_store()).folder(url)
}

/// Keeps how a repository's changes are saved, once it was asked and a save was made so.
fn remember_mode(request: &Request, reply: &mut Reply) {
    let (Verb::Save(SaveArgs { mode: Some(mode), remember: true, .. }), Reply::Saved(report)) =
        (&request.verb, reply)
    else {
        return;
    };
    let kept = Paths::from_env(&request.env).map_err(no_place).and_then(|paths| {
        let file = SettingsFile::new(paths.settings());
        file.remember_mode(&report.repository, *mode).map_err(refusal)
    });
    report.notes.push(match kept {
        Ok(_) => mode_kept(*mode),
        // The save is made; all that is lost is the answer, and that is told.
        Err(Refusal { code, message, help, .. }) => {
            Note { code: code.to_owned(), text: message, help }
        }
    });
}

fn mode_kept(mode: SaveMode) -> Note {
    let (does, other) = match mode {
        SaveMode::Commit => ("commit", "--stash"),
        SaveMode::Stash => ("carry changes uncommitted", "--commit"),
    };
    Note {
        code: "convosync::save::mode-kept".to_owned(),
        text: format!("from now on saves of this repository {does}"),
        help: Some(format!(
            "`{other}` for one save, `convosync config edit` (save.repositories) for all"
        )),
    }
}

/// Runs an export whose output is the conversation itself.
pub(crate) fn export(
    request: &Request,
    args: &ExportSessionArgs,
    progress: &dyn Fn(&Progress),
    interrupt: &Interrupt,
    out: &mut dyn Write,
) -> Outcome {
    let act = |engine: &Engine<'_>, request: &Request| files::to_output(engine, request, args, out);
    wired(request, progress, interrupt, act)
        .unwrap_or_else(|trouble| Outcome::Failure(trouble.failure()))
}

/// Tells the engine that the reply to a request has reached the user.
pub(crate) fn shown(request: &Request, reply: &Reply) {
    // Only recovery words are kept until then. If that fails they are shown once more.
    if words_in(reply).is_some() {
        let _ = wired(request, &|_| {}, &Interrupt::default(), |engine, _| engine.shown(reply));
    }
}

/// The recovery words of a reply, which are shown once.
pub(crate) fn words_in(reply: &Reply) -> Option<&str> {
    match reply {
        Reply::Initialised(report) => report.recovery_words.as_deref(),
        Reply::Key(report) => report.recovery_words.as_deref(),
        _ => None,
    }
}

/// Bytes that nobody can foresee.
pub(crate) fn random() -> [u8; 8] {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    bytes
}

fn wired<T>(
    request: &Request,
    progress: &dyn Fn(&Progress),
    interrupt: &Interrupt,
    act: impl FnOnce(&Engine<'_>, &Request) -> T,
) -> Result<T, Trouble> {
    wired_with(&mut Keys::default(), request, progress, interrupt, act)
}

fn wired_with<T>(
    keys: &mut Keys,
    request: &Request,
    progress: &dyn Fn(&Progress),
    interrupt: &Interrupt,
    act: impl FnOnce(&Engine<'_>, &Request) -> T,
) -> Result<T, Trouble> {
    let env = &request.env;
    let paths = Paths::from_env(env).map_err(no_place)?;
    let cancel = interrupt.cancel();
    let settings = SettingsFile::new(paths.settings()).load().map_err(refusal)?;
    let passphrase = request.passphrase.as_ref().map(|typed| Passphrase::on_line(&typed.0));
    let vault = keys.0.take().unwrap_or_else(|| KeyFile::new(paths.profile()));
    let vault = vault
        .with_passphrase(passphrase)
        .asking_each_time(asks_each_time(&settings, &request.verb));
    let vault = &*keys.0.insert(vault);
    let claude = claude_folder(env, paths.home.as_deref())
        .map(|folder| ClaudeCodeFiles::new(folder, Box::new(SystemProcesses)));
    let assistants: Vec<&dyn Assistant> = claude.iter().map(|claude| claude as _).collect();
    let git_stores = GitStores::new(env.clone(), cancel.clone(), paths.git_stores());
    let objects = ObjectStores::new(env.clone(), cancel.clone(), paths.object_stores());
    let ports = Ports {
        stores: &StoreOpener::new(paths.home.clone(), paths.embedded_store())
            .with_git(git_stores)
            .with_objects(objects),
        vault,
        index: &SqliteIndex::open(paths.index())?,
        journal: &FolderJournal::new(paths.undo()),
        outbox: &*own_store(paths.outbox())?,
        cache: &*own_store(paths.cache())?,
        locks: &FileLocks::new(paths.locks()),
        scratch: &ScratchDir::open(paths.scratch())?,
        clock: &SystemClock,
        entropy: &SystemEntropy,
        git: &GitCli::find(env, cancel.clone())?,
        assistants: &assistants,
        shells: &UserShells::new(paths.recorded()),
        panes: &ZellijPanes::new(paths.scratch(), cancel.clone()),
        host: Host {
            name: host::name(),
            kind: host::kind(env),
            carried: carried(&request.verb, paths.home.as_deref()),
            home: real(paths.home.clone()),
        },
        settings,
        cancel,
    };
    let engine = Engine::new(&ports, progress);
    let done = act(&engine, &anchored(request));
    prompts::update(&engine, &request.verb, &paths.prompts());
    Ok(done)
}

/// The folder that a synchroniser carries. Only `init` offers it, and to look for it costs.
fn carried(verb: &Verb, home: Option<&Path>) -> Option<PathBuf> {
    matches!(verb, Verb::Init(_)).then(|| home.and_then(host::carried)).flatten()
}

/// Whether the passphrase has to be typed: who takes it off or changes it has to know it.
fn asks_each_time(settings: &Settings, verb: &Verb) -> bool {
    matches!(verb, Verb::KeyProtect(_)) || settings.asks_each_time(verb)
}

/// The request with the new passphrase that a file holds, if it names one.
fn with_new_passphrase(request: &Request) -> Result<Request, Failure> {
    let mut request = request.clone();
    if let Verb::KeyProtect(ProtectArgs { new, new_file: Some(path), .. }) = &mut request.verb {
        let path = Path::new(&request.directory).join(&*path);
        let argument = Some("--new-passphrase-file".to_owned());
        let line = unlock::first_line(&path).map_err(|failure| Failure { argument, ..failure })?;
        *new = Some(line);
    }
    Ok(request)
}

/// Answers what is asked of the settings.
fn configured(request: &Request, args: &ConfigArgs) -> Result<Outcome, Refusal> {
    let paths = Paths::from_env(&request.env).map_err(no_place)?;
    let file = SettingsFile::new(paths.settings());
    let mut called = None;
    if let ConfigArgs::Set { key, value, hooks } = args
        && key == "auto_sync"
    {
        let when = file.check(key, value).map_err(refusal)?.auto_sync;
        let claude = claude_folder(&request.env, paths.home.as_deref());
        match hooks::wanted(&request.env, claude, when, *hooks) {
            Wish::Ask(decision) => return Ok(Outcome::Decision(*decision)),
            Wish::Done(note) => called = note,
        }
    }
    let mut report = config(&file, args)?;
    report.notes.extend(called);
    Ok(Outcome::Reply(Box::new(Reply::Config(report))))
}

/// That there is no place for files of ours.
pub(crate) fn no_home(error: PathsError) -> Failure {
    Trouble::from(no_place(error)).failure()
}

fn no_place(error: PathsError) -> Refusal {
    Refusal::new("convosync::local::no-home", error.to_string())
        .help("set HOME to your home directory")
}

/// Where Claude Code keeps its files: `CLAUDE_CONFIG_DIR`, else `~/.claude`.
fn claude_folder(env: &Env, home: Option<&Path>) -> Option<PathBuf> {
    let chosen = env.get("CLAUDE_CONFIG_DIR").filter(|folder| !folder.is_empty());
    chosen.map(PathBuf::from).or_else(|| Some(home?.join(".claude")))
}

/// A store of this device's own in a folder, made if it is not there.
fn own_store(folder: PathBuf) -> Result<Box<dyn Store>, Trouble> {
    let opener = StoreOpener::new(None, folder);
    Ok(opener.open(&opener.embedded_url(), true)?)
}

/// The directory without links, as paths of a work tree are; as it is if it is not there.
fn real(home: Option<PathBuf>) -> Option<PathBuf> {
    home.map(|home| home.canonicalize().unwrap_or(home))
}

/// The request with the path in it counted from the caller's directory, not from ours.
fn anchored(request: &Request) -> Request {
    let mut request = request.clone();
    if let Verb::Init(InitArgs { recovery_file: Some(path), .. })
    | Verb::KeyExport(ExportArgs { recovery_file: Some(path), .. }) = &mut request.verb
    {
        let whole = Path::new(&request.directory).join(&*path);
        *path = whole.to_string_lossy().into_owned();
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller;

    #[test]
    fn claude_code_is_looked_for_where_it_looks_itself() {
        let env = |folder: &str| Env::from([("CLAUDE_CONFIG_DIR".into(), folder.into())]);
        let home = Some(Path::new("/home/me"));
        assert_eq!(claude_folder(&env("/c"), home), Some("/c".into()));
        assert_eq!(claude_folder(&env(""), home), Some("/home/me/.claude".into()));
        assert_eq!(claude_folder(&Env::new(), home), Some("/home/me/.claude".into()));
        assert_eq!(claude_folder(&Env::new(), None), None);
    }

    #[test]
    fn a_recovery_file_is_named_from_the_callers_directory() {
        let path = |text: &str| {
            let args = InitArgs { recovery_file: Some(text.into()), ..InitArgs::default() };
            let request = caller::request(Verb::Init(args), "/code/tree", &Env::new());
            match anchored(&request).verb {
                Verb::Init(args) => args.recovery_file.expect("it stays"),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(path("words.txt"), "/code/tree/words.txt");
        assert_eq!(path("/words.txt"), "/words.txt");
    }

    #[test]
    fn without_a_home_the_failure_says_what_to_set() {
        let request = caller::request(Verb::Status, "/", &Env::new());
        let outcome = run(&request, &|_| {}, &Interrupt::default());
        let Outcome::Failure(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.code, "convosync::local::no-home");
        assert!(failure.help.expect("help").contains("HOME"));
    }
}
