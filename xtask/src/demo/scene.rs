//! Two devices, a bare origin and a store, before the story begins.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::conversation;
use super::store::{Environment, Store};
use crate::run::{self, Failed};
use crate::workspace::Programs;

/// Names the file that Nushell writes its directory to at its end.
const DIRECTORY_AFTER: &str = "DEMO_DIRECTORY_AFTER";

/// How wide tables are where no terminal says it.
const COLUMNS: &str = "120";

pub(super) const BRANCH: &str = "feature/oauth";

/// Where the user is when saving, under the clone: the laptop goes to the same place.
pub(super) const PLACE: &str = "src";

/// A machine with its home folder and its clone.
pub(super) struct Device {
    pub(super) name: &'static str,
    pub(super) home: PathBuf,
    pub(super) clone: PathBuf,
    /// Where commands are typed.
    directory: PathBuf,
    nu_plugin: PathBuf,
    nu: PathBuf,
    /// What the store needs in its environment.
    env: Environment,
}

pub(super) struct Scene {
    pub(super) desktop: Device,
    pub(super) laptop: Device,
    /// Reachable as long as this lives.
    pub(super) store: Store,
}

impl Scene {
    pub(super) fn set(
        scratch: &Path,
        programs: &Programs,
        nu: PathBuf,
        store: Store,
    ) -> Result<Self, Failed> {
        let device = |name: &'static str, clone: &str, place: &str| {
            let home = scratch.join(name);
            let clone = home.join(clone);
            Device {
                name,
                directory: clone.join(place),
                home,
                clone,
                nu_plugin: programs.nu_plugin.clone(),
                nu: nu.clone(),
                env: store.env.clone(),
            }
        };
        let desktop = device("desktop", "code/shop-api", PLACE);
        let laptop = device("laptop", "projects/shop-api", "");
        let origin = scratch.join("origin.git");
        for device in [&desktop, &laptop] {
            write(&device.home.join(".gitconfig"), GIT_CONFIG)?;
        }
        desktop.git_at(scratch, &["init", "--quiet", "--bare", &origin.to_string_lossy()])?;
        desktop.clone_from(&origin)?;
        desktop.first_commit()?;
        laptop.clone_from(&origin)?;
        desktop.work_with_the_assistant()?;
        Ok(Self { desktop, laptop, store })
    }

    /// What a person does with the words on paper.
    pub(super) fn carry_recovery_words(&self) -> Result<(), Failed> {
        let [from, to] =
            [&self.desktop, &self.laptop].map(|device| device.home.join("recovery.txt"));
        fs::copy(&from, to).map(drop).map_err(Failed::at(&from))
    }
}

impl Device {
    /// Shows what the user types, what real Nushell answers, and how long that took.
    ///
    /// Then the directory of that Nushell is in [`Self::directory_after`].
    pub(super) fn types(&self, line: &str) -> Result<(), Failed> {
        println!("{}> {line}", self.name);
        let start = Instant::now();
        run::run(&mut self.nushell(&format!(
            "{line} | print; $env.PWD | save --force --raw $env.{DIRECTORY_AFTER}"
        )))?;
        println!("({:.2} s)\n", start.elapsed().as_secs_f64());
        Ok(())
    }

    /// What Nushell answers to `line`, unseen.
    pub(super) fn answers(&self, line: &str) -> Result<String, Failed> {
        run::output(&mut self.nushell(line))
    }

    fn nushell(&self, script: &str) -> Command {
        let mut command = self.command(&self.nu);
        let plugins = format!("[{:?}]", self.nu_plugin.to_string_lossy());
        command.args(["--no-config-file", "--plugins", &plugins, "--commands", script]);
        command.env(DIRECTORY_AFTER, self.directory_after());
        if !std::io::stdout().is_terminal() {
            command.env("COLUMNS", COLUMNS);
        }
        command
    }

    /// The file that [`DIRECTORY_AFTER`] names.
    pub(super) fn directory_after(&self) -> PathBuf {
        self.home.join("directory-after")
    }

    /// What git prints.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<String, Failed> {
        self.git_at(&self.clone, arguments)
    }

    /// The conversation's transcript as Claude Code on this device names it.
    pub(super) fn transcript(&self) -> PathBuf {
        let slug: String = self
            .clone
            .to_string_lossy()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        self.home
            .join(".claude")
            .join("projects")
            .join(slug)
            .join(format!("{}.jsonl", conversation::ID))
    }

    fn git_at(&self, folder: &Path, arguments: &[&str]) -> Result<String, Failed> {
        run::output(self.command(Path::new("git")).current_dir(folder).args(arguments))
    }

    /// A program that sees this device alone: nothing of the caller's environment but PATH.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(std::env::var_os("TERM").map(|term| ("TERM", term)))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("HOME", &self.home)
            .env("LANG", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        command
    }

    fn clone_from(&self, origin: &Path) -> Result<(), Failed> {
        let (origin, clone) = (origin.to_string_lossy(), self.clone.to_string_lossy());
        self.git_at(&self.home, &["clone", "--quiet", &origin, &clone]).map(drop)
    }

    fn first_commit(&self) -> Result<(), Failed> {
        write(&self.clone.join("src").join("login.rs"), conversation::LOGIN_BEFORE)?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", "Password login"])?;
        self.git(&["push", "--quiet", "--set-upstream", "origin", "main"]).map(drop)
    }

    /// What the conversation did: files changed, nothing committed yet.
    fn work_with_the_assistant(&self) -> Result<(), Failed> {
        self.git(&["switch", "--quiet", "--create", BRANCH])?;
        write(&self.clone.join("src").join("login.rs"), conversation::LOGIN_AFTER)?;
        write(&self.clone.join("src").join("oauth.rs"), conversation::OAUTH)?;
        write(
            &self.transcript(),
            &conversation::transcript(&self.clone.to_string_lossy(), BRANCH),
        )?;
        let history = self.home.join(".claude").join("file-history").join(conversation::ID);
        write(&history.join(conversation::LOGIN_BACKUP), conversation::LOGIN_BEFORE)
    }
}

const GIT_CONFIG: &str =
    "[user]\n\tname = ConvoSync demo\n\temail = demo@example.com\n[init]\n\tdefaultBranch = main\n";

fn write(path: &Path, text: &str) -> Result<(), Failed> {
    let folder = path.parent().expect("files are written into folders");
    fs::create_dir_all(folder).map_err(Failed::at(folder))?;
    fs::write(path, text).map_err(Failed::at(path))
}
