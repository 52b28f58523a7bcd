//! Programs that no registry brings ready for a machine: built from their sources, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Tool, lock, replace};
use crate::run::{self, Failed};
use crate::workspace::Workspace;

/// How a program is built.
#[derive(Clone, Copy)]
pub(super) struct Build {
    /// How long, as it is told before it begins.
    pub(super) takes: &'static str,
    /// What `cargo install` is told besides.
    pub(super) arguments: &'static [&'static str],
    /// Of the release profile: cargo's own names, and values.
    pub(super) profile: &'static [(&'static str, &'static str)],
    /// Whether it links the system's OpenSSL.
    pub(super) openssl: bool,
}

/// Built from source, so only `lint` asks for it.
const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    from: super::Registry::Crate(&Build {
        takes: "some minutes",
        arguments: &[],
        profile: &[],
        openssl: false,
    }),
    asked: "--version",
};

/// The `cargo-deny` on PATH if it is the pinned release, else our own, which is built on first use.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Result<PathBuf, Failed> {
    let folder = super::folder(workspace);
    let _lock = lock(&folder)?;
    CARGO_DENY.provided(&folder)
}

impl Build {
    /// Builds `tool` to `home`, in one step.
    ///
    /// What is compiled is kept beside it until all of it is, so a build that was stopped goes on.
    pub(super) fn make(&self, tool: &Tool, home: &Path, program: &Path) -> Result<(), Failed> {
        if self.openssl {
            openssl_is_there(tool.name)?;
        }
        eprintln!("building {} {}: {}, once", tool.name, tool.version, self.takes);
        let compiled = home.with_added_extension("build");
        replace(home, |fresh| {
            run::run(&mut self.command(tool, fresh, &compiled))?;
            super::says_version(&fresh.join(program), tool.asked, tool.version)
        })?;
        fs::remove_dir_all(&compiled).map_err(Failed::at(&compiled))
    }

    fn command(&self, tool: &Tool, root: &Path, compiled: &Path) -> Command {
        let mut cargo = run::cargo(root);
        cargo.args(["install", "--locked", "--no-track", "--root"]).arg(root);
        cargo.arg(format!("{}@{}", tool.name, tool.version)).args(self.arguments);
        cargo.env("CARGO_TARGET_DIR", compiled);
        cargo.envs(self.profile.iter().map(|(n, v)| (format!("CARGO_PROFILE_RELEASE_{n}"), v)));
        cargo
    }
}

/// Whether the OpenSSL that `tool` links will be found; said before minutes of compiling are lost.
///
/// On macOS the build finds that of Homebrew and MacPorts by itself.
fn openssl_is_there(tool: &str) -> Result<(), Failed> {
    if !cfg!(target_os = "linux") || std::env::var_os("OPENSSL_DIR").is_some() {
        return Ok(());
    }
    let help = "on Debian and Ubuntu: `apt-get install pkg-config libssl-dev`, on Fedora `dnf \
                install pkgconf openssl-devel`; then run this again";
    let asked = |argument: &[&str]| run::output(Command::new("pkg-config").args(argument));
    asked(&["--version"]).map_err(|_| {
        Failed::new(format!("pkg-config is missing, which the build of {tool} needs")).help(help)
    })?;
    asked(&["--exists", "openssl"]).map(drop).map_err(|_| {
        Failed::new(format!("OpenSSL's headers are missing, which the build of {tool} needs"))
            .help(help)
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::tools::{Registry, ZELLIJ};

    #[test]
    fn a_build_goes_to_a_root_of_its_own_and_compiles_beside_it() {
        let Registry::Crate(build) = ZELLIJ.from else { panic!("Zellij is built from source") };
        let command = build.command(&ZELLIJ, Path::new("/t/z.new"), Path::new("/t/z.build"));
        let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        assert!(arguments.join(" ").contains("--root /t/z.new zellij@"), "{arguments:?}");
        let compiled = (OsStr::new("CARGO_TARGET_DIR"), Some(OsStr::new("/t/z.build")));
        assert!(command.get_envs().any(|variable| variable == compiled));
    }
}
