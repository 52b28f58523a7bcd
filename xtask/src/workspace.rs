//! Where the sources are and where cargo puts what it builds.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::run::{self, Failed};

/// This clone, and the target folder that its cargo uses.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

/// The packages whose programs are installed.
const PROGRAMS: [&str; 2] = ["convosync", "nu_plugin_convosync"];

/// What a user runs.
pub(crate) struct Programs {
    pub(crate) helper: PathBuf,
    pub(crate) nu_plugin: PathBuf,
}

impl Workspace {
    /// Finds the target folder by where this program runs from, so that every way to set it counts.
    pub(crate) fn find() -> Result<Self, Failed> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root");
        let program = std::env::current_exe()
            .map_err(|e| Failed::new(format!("this program can't be found: {e}")))?;
        let target =
            program.ancestors().nth(2).expect("cargo runs programs from <target>/<profile>");
        Ok(Self { root: root.to_owned(), target: target.to_owned() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The folder of every member, in the order of the manifest.
    pub(crate) fn members(&self) -> Result<Vec<PathBuf>, Failed> {
        let path = self.root.join("Cargo.toml");
        let manifest = std::fs::read_to_string(&path).map_err(Failed::at(&path))?;
        Ok(members(&manifest).map(|member| self.root.join(member)).collect())
    }

    /// Builds helper and plugin for development.
    pub(crate) fn build(&self) -> Result<Programs, Failed> {
        run::run(run::cargo(&self.root).args(["build", "--locked"]).args(packages()))?;
        Ok(self.programs("debug"))
    }

    /// Builds helper and plugin as they are installed.
    pub(crate) fn build_release(&self) -> Result<Programs, Failed> {
        run::run(run::cargo(&self.root).args(["build", "--release", "--locked"]).args(packages()))?;
        Ok(self.programs("release"))
    }

    /// Helper and plugin as the last build of `profile` left them.
    pub(crate) fn programs(&self, profile: &str) -> Programs {
        let program = |name: &str| {
            self.target.join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
        };
        let [helper, nu_plugin] = PROGRAMS.map(program);
        Programs { helper, nu_plugin }
    }
}

fn packages() -> impl Iterator<Item = impl AsRef<OsStr>> {
    PROGRAMS.into_iter().flat_map(|name| ["--package", name])
}

/// The quoted names in `members = […]`.
fn members(manifest: &str) -> impl Iterator<Item = &str> {
    let list = manifest.split_once("members = [").map_or("", |(_, rest)| rest);
    let list = list.split_once(']').map_or(list, |(list, _)| list);
    list.split('"').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_from_the_manifest() {
        let manifest =
            "[workspace]\nmembers = [\n    \"shared/core\",\n    \"xtask\",\n]\nx = [\"no\"]\n";
        assert_eq!(members(manifest).collect::<Vec<_>>(), ["shared/core", "xtask"]);
    }
}
