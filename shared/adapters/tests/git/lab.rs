//! A place of its own for each test: home, configuration, repositories, and a git that counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use convosync_adapters::{GitCli, GitLimits};
use convosync_core::Oid;
use convosync_engine::Cancel;
use convosync_engine::ports::{Facts, Git, Repository};
use tempfile::TempDir;

/// What the user's configuration file says.
const CONFIG: &str = "[user]\n\tname = Test\n\temail = test@example.invalid\n\
    [init]\n\tdefaultBranch = main\n[commit]\n\tgpgSign = false\n[gc]\n\tauto = 0\n\
    [maintenance]\n\tauto = false\n[protocol \"file\"]\n\tallow = always\n";

pub(crate) struct Lab {
    folder: TempDir,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cancel: Cancel,
    pub(crate) git: GitCli,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with_limits(GitLimits { lock: Duration::from_millis(300), ..GitLimits::default() })
    }

    pub(crate) fn with_limits(limits: GitLimits) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("a real path");
        fs::write(top.join(".gitconfig"), CONFIG).expect("a configuration");
        let path = std::env::var("PATH").expect("a PATH");
        let bin = counting_git(&top, &path);
        let env: BTreeMap<String, String> = [
            ("PATH", format!("{}:{path}", bin.display())),
            ("HOME", top.display().to_string()),
            ("GIT_CONFIG_GLOBAL", top.join(".gitconfig").display().to_string()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_CEILING_DIRECTORIES", top.display().to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let cancel = Cancel::new();
        let git = GitCli::find(&env, cancel.clone()).expect("git is installed").with_limits(limits);
        Self { folder, env, cancel, git }
    }

    /// The same user with another environment.
    pub(crate) fn git_with(&self, more: &[(&str, &str)]) -> GitCli {
        let mut env = self.env.clone();
        env.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        GitCli::find(&env, self.cancel.clone()).expect("git is installed")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("a real path").join(name)
    }

    /// Runs git as the user would, and returns what it printed.
    #[track_caller]
    pub(crate) fn run(&self, dir: &Path, args: &[&str]) -> String {
        let output = self.command(dir, args).output().expect("git runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "git {args:?}: {output:?}");
        text.trim_end().to_owned()
    }

    /// The same, whatever the exit code.
    pub(crate) fn try_run(&self, dir: &Path, args: &[&str]) -> bool {
        self.command(dir, args).output().expect("git runs").status.success()
    }

    pub(crate) fn command(&self, dir: &Path, args: &[&str]) -> Command {
        let mut command =
            Command::new(self.env["PATH"].split(':').next().expect("bin").to_owned() + "/plain");
        command.args(args).current_dir(dir).env_clear().envs(&self.env);
        command
    }

    /// How many processes the adapter starts in `act`.
    pub(crate) fn count<T>(&self, act: impl FnOnce() -> T) -> (usize, T) {
        let log = self.path("calls");
        let _ = fs::remove_file(&log);
        let done = act();
        let calls = fs::read_to_string(&log).unwrap_or_default();
        (calls.lines().count(), done)
    }

    /// A repository without a commit.
    pub(crate) fn empty(&self, name: &str) -> PathBuf {
        let dir = self.path(name);
        fs::create_dir_all(&dir).expect("a folder");
        self.run(&dir, &["init", "-q"]);
        dir
    }

    /// A repository with one commit of one file, `a`.
    pub(crate) fn repo(&self, name: &str) -> PathBuf {
        let dir = self.empty(name);
        self.commit(&dir, "a", "one\n");
        dir
    }

    /// A repository whose `main` is on a bare `origin` beside it.
    pub(crate) fn pushed(&self, name: &str) -> PathBuf {
        let dir = self.repo(name);
        let origin = self.path(&format!("{name}-origin.git"));
        self.run(&dir, &["init", "-q", "--bare", &origin.display().to_string()]);
        self.run(&dir, &["remote", "add", "origin", &origin.display().to_string()]);
        self.run(&dir, &["push", "-q", "-u", "origin", "main"]);
        dir
    }

    pub(crate) fn cloned(&self, from: &Path, name: &str) -> PathBuf {
        let dir = self.path(name);
        let url = self.run(from, &["config", "remote.origin.url"]);
        self.run(from, &["clone", "-q", &url, &dir.display().to_string()]);
        dir
    }

    /// Writes a file and commits it.
    pub(crate) fn commit(&self, dir: &Path, name: &str, text: &str) -> Oid {
        write(dir, name, text);
        self.run(dir, &["add", "-f", "--", name]);
        self.run(dir, &["commit", "-q", "--no-verify", "-m", &format!("write {name}")]);
        self.head(dir)
    }

    pub(crate) fn head(&self, dir: &Path) -> Oid {
        self.run(dir, &["rev-parse", "HEAD"]).parse().expect("an id")
    }

    pub(crate) fn oid(&self, dir: &Path, name: &str) -> Oid {
        self.run(dir, &["rev-parse", name]).parse().expect("an id")
    }

    #[track_caller]
    pub(crate) fn facts(&self, dir: &Path) -> Facts {
        self.git.facts(dir, &[]).expect("facts")
    }

    #[track_caller]
    pub(crate) fn at(&self, dir: &Path) -> Repository {
        self.facts(dir).repository
    }

    /// The paths that differ from HEAD.
    #[track_caller]
    pub(crate) fn dirty(&self, dir: &Path) -> Vec<String> {
        self.facts(dir).changes.into_iter().map(|change| change.path).collect()
    }

    /// Work tree, index and HEAD as git tells them.
    pub(crate) fn state(&self, dir: &Path) -> String {
        let parts = [
            self.run(dir, &["status", "--porcelain=v2", "--branch", "--untracked-files=all"]),
            self.run(dir, &["ls-files", "--stage"]),
            self.run(dir, &["diff"]),
        ];
        parts.join("\n--\n")
    }
}

/// `git` writes down that it was called and becomes the real one; `plain` does not write.
fn counting_git(top: &Path, path: &str) -> PathBuf {
    let real = path
        .split(':')
        .map(|dir| Path::new(dir).join("git"))
        .find(|git| git.exists())
        .expect("git is installed");
    let bin = top.join("bin");
    fs::create_dir(&bin).expect("a folder");
    let log = top.join("calls");
    let (real, log) = (real.display(), log.display());
    script(
        &bin.join("git"),
        &format!(
            "printf '%s\\n' \"$*\" | tr '\\n' ' ' >>'{log}'; echo >>'{log}'; exec '{real}' \"$@\""
        ),
    );
    script(&bin.join("plain"), &format!("exec '{real}' \"$@\""));
    bin
}

pub(crate) fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().expect("below a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

pub(crate) fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).expect("a file")
}

/// Writes an executable shell script.
///
/// Another process writes it: a file that this one had open for writing could still be open in a
/// child that another test is just starting, and then it can't be run ("text file busy").
pub(crate) fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("below a folder")).expect("a folder");
    let write = "printf '#!/bin/sh\\n%s\\n' \"$2\" >\"$1\" && chmod 755 \"$1\"";
    let written = Command::new("/bin/sh").args(["-c", write, "sh"]).arg(path).arg(text).status();
    assert!(written.expect("sh runs").success(), "{path:?} is written");
}

pub(crate) fn hook(dir: &Path, name: &str, text: &str) {
    script(&dir.join(".git/hooks").join(name), text);
}

pub(crate) fn patterns(patterns: &[&str]) -> Vec<String> {
    patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
}
