//! `cargo xtask install` and `uninstall`: helper, plugins, Nushell module, and what Zellij reads, for the
//! user's own Nushell and Zellij.
//!
//! Sessions and keys belong to the user: neither task touches them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::demo::Scratch;
use crate::installed::{Installed, Removal};
use crate::pages;
use crate::run::{self, Failed};
use crate::workspace::Workspace;
use crate::zellij::{self, Zellij};

/// The minor release whose plugin protocol the plugin speaks.
const NUSHELL: &str = "0.115.";

/// The plugin's name, as `plugin rm` takes it.
const PLUGIN: &str = "convosync";

/// Builds for release, and puts everything under `prefix`.
///
/// Whether every file may go to its place is found out before the first one is written.
pub(crate) fn install(workspace: &Workspace, prefix: Option<PathBuf>) -> Result<(), Failed> {
    let shares = shares(prefix.as_deref());
    let prefix = chosen(prefix)?;
    let bin = prefix.join("bin");
    let nushell = Nushell::find();
    let built = workspace.build_release()?;
    let built_helper = built.helper.clone();
    let mut files = vec![placed(built.helper, &bin), placed(built.nu_plugin, &bin)];
    if let Ok(nushell) = &nushell {
        let module = workspace.root().join("nushell").join("convosync.nu");
        files.push(placed(module, &nushell.autoload_folder()?));
    }
    let pages = pages::made(&built_helper, workspace.target(), &shares)?;
    files.extend(pages);
    let mut installed = Installed::read(&prefix)?;
    let (zellij, made) = (Zellij::find(), Scratch::new()?);
    let of_zellij = match &zellij {
        Ok(zellij) => zellij.files(workspace, &installed, &made)?,
        Err(_) => Vec::new(),
    };
    files.extend(of_zellij.iter().cloned());
    for (source, place) in &files {
        installed.may_place(source, place)?;
    }
    for (source, place) in &files {
        installed.place(source, place)?;
    }
    for (_, place) in files.iter().filter(|(_, place)| !pages::is_page(place)) {
        println!("installed {}", place.display());
    }
    println!("installed manual pages and completions under {}", shares.display());
    register(nushell, &files[1].1)?;
    tell_of_zellij(zellij, &of_zellij)?;
    if !on_path(&bin) {
        println!("{} is not on PATH: add it to use `convosync` outside Nushell", bin.display());
    }
    Ok(())
}

/// A file, and where it goes in `folder`.
fn placed(source: PathBuf, folder: &Path) -> (PathBuf, PathBuf) {
    let place = folder.join(source.file_name().expect("what is placed has a name"));
    (source, place)
}

fn register(nushell: Result<Nushell, String>, plugin: &Path) -> Result<(), Failed> {
    match nushell {
        Ok(nushell) => {
            let before = nushell.registered()?;
            nushell.add(plugin)?;
            println!(
                "registered {PLUGIN} with Nushell {}: it is there in every new shell",
                nushell.version
            );
            if !before.as_os_str().is_empty() && before != plugin {
                println!("it takes the place of {}", before.display());
            }
        }
        Err(why) => println!(
            "not registered with Nushell: {why}\nwith Nushell {NUSHELL}x on PATH, run this again"
        ),
    }
    Ok(())
}

fn tell_of_zellij(
    zellij: Result<Zellij, String>,
    files: &[(PathBuf, PathBuf)],
) -> Result<(), Failed> {
    match zellij {
        Ok(zellij) => {
            zellij.tell_what_to_add(files)?;
            let version = zellij.version();
            println!("with Zellij {version}: `zellij --layout convosync` (see docs/zellij.md)");
        }
        Err(why) => println!("nothing is installed for Zellij: {why}"),
    }
    Ok(())
}

/// Takes away exactly what [`install`] put under `prefix`.
pub(crate) fn uninstall(prefix: Option<PathBuf>) -> Result<(), Failed> {
    let prefix = chosen(prefix)?;
    let mut installed = Installed::read(&prefix)?;
    if installed.is_empty() {
        println!("nothing is installed under {}", prefix.display());
        return Ok(());
    }
    let files = installed.files();
    unregister(&files)?;
    let mut pages = 0;
    for file in &files {
        match installed.remove(file)? {
            Removal::Removed if pages::is_page(file) => pages += 1,
            Removal::Removed => println!("removed {}", file.display()),
            Removal::Gone => {}
            Removal::Changed => {
                println!("kept {}: it was changed since it was installed", file.display())
            }
        }
    }
    if pages > 0 {
        println!("removed {pages} manual pages");
    }
    zellij::tell_what_to_take_out(&files)?;
    for folder in kept_folders().into_iter().filter(|folder| folder.exists()) {
        println!("kept {}: your sessions and keys", folder.display());
    }
    Ok(())
}

/// Takes the plugin out of Nushell's registry if the registered one is ours.
fn unregister(files: &[PathBuf]) -> Result<(), Failed> {
    let Ok(nushell) = Nushell::find() else { return Ok(()) };
    if files.contains(&nushell.registered()?) {
        nushell.remove()?;
        println!("unregistered {PLUGIN} from Nushell");
    }
    Ok(())
}

/// Where `cargo install` would put programs: `$CARGO_INSTALL_ROOT`, else `$CARGO_HOME` (rustup's
/// cargo sets it), else `~/.local`.
fn chosen(prefix: Option<PathBuf>) -> Result<PathBuf, Failed> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let prefix = prefix
        .or_else(|| set("CARGO_INSTALL_ROOT"))
        .or_else(|| set("CARGO_HOME"))
        .or_else(|| Some(env::home_dir()?.join(".local")))
        .ok_or_else(|| {
            Failed::new("there is no home directory").help("choose a folder with --prefix")
        })?;
    std::path::absolute(&prefix).map_err(Failed::at(&prefix))
}

/// Where manual pages and completions go: below the prefix that was asked for, else where shells
/// and `man` look for those of a user.
fn shares(prefix: Option<&Path>) -> PathBuf {
    let data = || {
        let set = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        set.unwrap_or_else(|| env::home_dir().unwrap_or_default().join(".local/share"))
    };
    prefix.map_or_else(data, |prefix| {
        std::path::absolute(prefix).unwrap_or_else(|_| prefix.to_owned()).join("share")
    })
}

/// Where the helper keeps its state, if it has any.
fn kept_folders() -> Vec<PathBuf> {
    let home = env::home_dir().unwrap_or_default();
    let folder = |variable: &str, default: &str| {
        let base = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        base.unwrap_or_else(|| home.join(default)).join("convosync")
    };
    vec![folder("XDG_DATA_HOME", ".local/share"), folder("XDG_STATE_HOME", ".local/state")]
}

fn on_path(folder: &Path) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|entry| entry == folder))
}

/// The `nu` on the user's PATH.
struct Nushell {
    version: String,
}

impl Nushell {
    fn find() -> Result<Self, String> {
        let version = run::output(Command::new("nu").arg("--version"))
            .map_err(|_| "there is no `nu` on PATH")?;
        if version.starts_with(NUSHELL) {
            return Ok(Self { version });
        }
        Err(format!(
            "the `nu` on PATH is {version}, and a plugin works with one minor release only"
        ))
    }

    /// Where Nushell loads modules of its user from.
    fn autoload_folder(&self) -> Result<PathBuf, Failed> {
        self.say("$nu.user-autoload-dirs | first", None).map(PathBuf::from)
    }

    /// Registers the plugin, again if it was there: its commands may have changed.
    fn add(&self, plugin: &Path) -> Result<(), Failed> {
        self.say("plugin add $env.CONVOSYNC_PLUGIN", Some(plugin)).map(drop)
    }

    /// The file of the registered plugin; empty if there is none.
    fn registered(&self) -> Result<PathBuf, Failed> {
        let ask =
            format!("plugin list | where name == {PLUGIN} | get filename | append '' | first");
        self.say(&ask, None).map(PathBuf::from)
    }

    fn remove(&self) -> Result<(), Failed> {
        self.say(&format!("plugin rm {PLUGIN}"), None).map(drop)
    }

    fn say(&self, commands: &str, plugin: Option<&Path>) -> Result<String, Failed> {
        let mut nu = Command::new("nu");
        nu.args(["--commands", commands]).envs(plugin.map(|path| ("CONVOSYNC_PLUGIN", path)));
        run::output(&mut nu)
    }
}
