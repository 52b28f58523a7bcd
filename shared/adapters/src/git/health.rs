//! What a save will need of git: who commits, what signs, which hooks run.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use convosync_engine::ports::GitError;

use super::GitCli;

/// The hooks that a save or a resume makes git run.
const HOOKS: [&str; 8] = [
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-push",
    "post-checkout",
    "post-merge",
    "reference-transaction",
];

/// What was found of git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHealth {
    /// `git version 2.47.3`.
    pub version: String,
    /// The program.
    pub program: PathBuf,
    /// Whether it is too old for ConvoSync.
    pub too_old: bool,
    /// Whether it neither foresees conflicts nor joins what two devices made of one session.
    pub cannot_join: bool,
    /// `Name <mail>`, if git knows whom a commit is by.
    pub identity: Option<String>,
    /// What signs commits, if they are signed.
    pub signing: Option<Signing>,
    /// The hooks that are there.
    pub hooks: Vec<Hook>,
}

/// What signs commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The program as configured, or git's own choice.
    pub program: String,
    /// Whether it is in PATH.
    pub found: bool,
}

/// A hook of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Why it can't run, if it can't.
    pub trouble: Option<HookTrouble>,
}

/// Why a hook can't run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookTrouble {
    /// Git passes over what is not executable.
    NotExecutable,
    /// What its first line names is not there: git stops at it.
    NoInterpreter(String),
}

impl GitCli {
    /// Looks at git as a save in this directory would find it. Runs no hook and signs nothing.
    ///
    /// # Errors
    ///
    /// [`GitError::NoGit`] if git does not start.
    pub fn health(&self, directory: &Path) -> Result<GitHealth, GitError> {
        let version = self.read(Path::new("/"), "version").run()?.text().trim().to_owned();
        Ok(GitHealth {
            too_old: super::is_older(&version, super::OLDEST),
            cannot_join: super::is_older(&version, super::OLDEST_THAT_JOINS),
            version,
            program: self.program.clone(),
            identity: self.said_of(directory, "var", &["GIT_COMMITTER_IDENT"]).map(without_time),
            signing: self.signing(directory),
            hooks: self.hooks(directory),
        })
    }

    fn signing(&self, directory: &Path) -> Option<Signing> {
        let config = |args: &[&str]| self.said_of(directory, "config", args);
        if config(&["--type=bool", "commit.gpgsign"])? != "true" {
            return None;
        }
        let format = config(&["gpg.format"]).unwrap_or_else(|| "openpgp".to_owned());
        let program = config(&[&format!("gpg.{format}.program")])
            .or_else(|| config(&["gpg.program"]).filter(|_| format == "openpgp"))
            .unwrap_or_else(|| match format.as_str() {
                "ssh" => "ssh-keygen".to_owned(),
                "x509" => "gpgsm".to_owned(),
                _ => "gpg".to_owned(),
            });
        let found = self.in_path(&program);
        Some(Signing { program, found })
    }

    fn hooks(&self, directory: &Path) -> Vec<Hook> {
        let asked = ["--path-format=absolute", "--git-path", "hooks"];
        let Some(folder) = self.said_of(directory, "rev-parse", &asked) else { return Vec::new() };
        let there = HOOKS.iter().map(|name| (*name, Path::new(&folder).join(name)));
        there
            .filter(|(_, path)| path.is_file())
            .map(|(name, path)| Hook { trouble: self.trouble_of(&path), name, path })
            .collect()
    }

    fn trouble_of(&self, hook: &Path) -> Option<HookTrouble> {
        let mode = hook.metadata().ok()?.permissions().mode();
        if mode & 0o111 == 0 {
            return Some(HookTrouble::NotExecutable);
        }
        let interpreter = interpreter(&first_line(hook)?)?;
        (!self.in_path(&interpreter)).then_some(HookTrouble::NoInterpreter(interpreter))
    }

    fn in_path(&self, program: &str) -> bool {
        which::which_in(program, self.environment.get("PATH"), "/").is_ok()
    }

    /// What git prints, if it prints something and is content.
    fn said_of(&self, directory: &Path, what: &'static str, args: &[&str]) -> Option<String> {
        let output = self.read(directory, what).args(args).run().ok()?;
        let said = output.text().trim().to_owned();
        (output.success() && !said.is_empty()).then_some(said)
    }
}

/// `Name <mail> 1700000000 +0100` without its end.
fn without_time(identity: String) -> String {
    match identity.rfind('>') {
        Some(end) => identity[..=end].to_owned(),
        None => identity,
    }
}

/// The first line of a script; none of a program.
fn first_line(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut start = Vec::new();
    std::fs::File::open(path).ok()?.take(256).read_to_end(&mut start).ok()?;
    let line = start.split(|byte| *byte == b'\n').next()?;
    String::from_utf8(line.to_vec()).ok()
}

/// What `#!/usr/bin/env python3` and `#!/bin/sh -e` name.
fn interpreter(line: &str) -> Option<String> {
    let mut words = line.strip_prefix("#!")?.split_whitespace();
    let first = words.next()?;
    let named = match first.rsplit('/').next() {
        Some("env") => words.find(|word| !word.starts_with('-') && !word.contains('='))?,
        _ => first,
    };
    Some(named.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_is_read_as_the_kernel_and_env_read_it() {
        let check = |line: &str, want: Option<&str>| {
            assert_eq!(interpreter(line).as_deref(), want, "{line}");
        };
        check("#!/bin/sh", Some("/bin/sh"));
        check("#! /bin/bash -e", Some("/bin/bash"));
        check("#!/usr/bin/env python3", Some("python3"));
        check("#!/usr/bin/env -S node --x", Some("node"));
        check("echo hello", None);
        check("#!", None);
    }

    #[test]
    fn an_identity_is_told_without_its_time() {
        let told = without_time("Sam <sam@example.org> 1700000000 +0100".to_owned());
        assert_eq!(told, "Sam <sam@example.org>");
    }
}
