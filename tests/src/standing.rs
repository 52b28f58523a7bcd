//! What is true of a device, for tests that prove that nothing has changed.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::device::{Device, told};
use crate::tree;

impl Device {
    /// All that a command could change here, as text: HEAD, refs, index, stash, files, transcripts,
    /// what waits to be sent. What was fetched is left out.
    #[must_use]
    pub fn standing(&self) -> String {
        let git = |args: &[&str]| {
            let mut command = self.git_command(args);
            let output = command.env("GIT_OPTIONAL_LOCKS", "0").output().expect("git runs");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let refs = git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let own = |line: &&str| {
            !line.starts_with("refs/remotes/") && !line.starts_with("refs/convosync/in/")
        };
        let index = self.work_tree.join(git(&["rev-parse", "--git-path", "index"]).trim());
        let mut parts = vec![
            git(&["rev-parse", "HEAD"]),
            git(&["symbolic-ref", "HEAD"]),
            refs.lines().filter(own).collect::<Vec<_>>().join("\n"),
            git(&["stash", "list", "--format=%H %gs"]),
            format!("index {:x}", digest(&fs::read(index).unwrap_or_default())),
        ];
        for folder in [&self.work_tree, &self.home.join(".claude"), &self.data().join("outbox")] {
            let mut files = Vec::new();
            contents(folder, &mut files);
            files.sort();
            parts.extend(files);
        }
        parts.join("\n")
    }

    /// All that an undo promises to bring back, part by part: HEAD, refs, stash, index, files with
    /// their modes, conversations. What was fetched and what an undo keeps itself is left out.
    #[must_use]
    pub fn picture(&self) -> Vec<String> {
        let git = |args: &[&str]| {
            let mut command = self.git_command(args);
            let output = command.env("GIT_OPTIONAL_LOCKS", "0").output().expect("git runs");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let refs = git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let besides = ["refs/remotes/", "refs/convosync/in/", "refs/convosync/undo/"];
        let own = |line: &&str| !besides.iter().any(|place| line.starts_with(place));
        let conversations = self.home.join(".claude/projects");
        let transcripts = tree::files(&conversations);
        let read = |path: &std::path::PathBuf| {
            format!("{} {:x}", path.display(), digest(&fs::read(path).expect("a file")))
        };
        vec![
            git(&["symbolic-ref", "-q", "HEAD"]) + &git(&["rev-parse", "-q", "--verify", "HEAD"]),
            refs.lines().filter(own).collect::<Vec<_>>().join("\n"),
            git(&["stash", "list", "--format=%H %gs"]),
            git(&["ls-files", "--stage", "-v"]),
            git(&["status", "--porcelain=v2", "--untracked-files=all", "--ignored"]),
            format!("{:#?}", tree::fingerprint(&self.work_tree, &[".git"])),
            transcripts.iter().map(read).collect::<Vec<_>>().join("\n"),
        ]
    }

    /// Runs the helper off a terminal, which has to ask and to change nothing: the decision.
    ///
    /// # Panics
    ///
    /// If it does not end with 3 and JSON on standard output, or if anything has changed.
    #[track_caller]
    pub fn asks(&self, args: &[&str]) -> Value {
        let before = self.standing();
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(3), "{args:?}\n{}", told(&output));
        assert_eq!(self.standing(), before, "{args:?} has changed something");
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}", told(&output)))
    }

    /// Runs the helper, which has to fail with this code and to change nothing; the failure.
    ///
    /// # Panics
    ///
    /// If it ends otherwise, or if anything has changed.
    #[track_caller]
    pub fn refuses(&self, args: &[&str], code: &str) -> Value {
        let before = self.standing();
        let (exit, failure) = self.fails(args);
        assert_eq!(failure["code"], code, "{args:?} {failure}");
        assert_eq!(exit, if code.ends_with("::cancelled") { 130 } else { 1 }, "{failure}");
        assert_eq!(self.standing(), before, "{args:?} has changed something");
        failure
    }

    /// Runs a command that a report printed, as the user would in the work tree.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn shell(&self, command: &str) -> Output {
        let helper = crate::helper();
        let folder = helper.parent().expect("a program lies in a folder").display();
        let path = format!("{folder}:{}", self.env()["PATH"]);
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env_clear().envs(self.env()).env("PATH", path);
        let output = shell.current_dir(&self.work_tree).output().expect("sh runs");
        assert!(output.status.success(), "{command}\n{}", told(&output));
        output
    }

    /// Runs the helper, which has to succeed, and gives the git commands that it started; what git
    /// starts itself does not count.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn git_calls(&self, args: &[&str]) -> Vec<String> {
        let path = &self.env()["PATH"];
        let found = path.split(':').map(|folder| Path::new(folder).join("git"));
        let real = found.into_iter().find(|git| git.exists()).expect("git is installed");
        let folder = self.home.join("counting");
        let (git, log) = (folder.join("git"), folder.join("calls"));
        fs::create_dir_all(&folder).expect("a folder");
        // The real git finds its own parts where it is, not here.
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\nexec '{}' \"$@\"\n",
            log.display(),
            real.display()
        );
        fs::write(&git, script).expect("a script");
        fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).expect("it can run");
        let path = format!("{}:{path}", folder.display());
        let output = self.command(args).env("PATH", path).output().expect("the helper runs");
        assert!(output.status.success(), "{args:?}\n{}", told(&output));
        let calls = fs::read_to_string(&log).expect("calls were written down");
        fs::remove_file(log).expect("it was there");
        calls.lines().map(str::to_owned).collect()
    }

    /// A process that has a conversation of this work tree open, as Claude Code writes it down.
    ///
    /// # Panics
    ///
    /// If it can't be started.
    #[must_use]
    pub fn opens(&self, id: &str) -> Holder {
        let child = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn();
        let holder = Holder(child.expect("a process"));
        let pid = holder.pid();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
        let fields = stat.rsplit_once(')').expect("a name in brackets").1;
        let started = fields.split_whitespace().nth(19).expect("the start, field 22");
        let entry = json!({
            "pid": pid, "sessionId": id, "cwd": self.work_tree, "procStart": started,
            "kind": "interactive", "entrypoint": "cli", "tmux": "t1:@0.%0",
        });
        let folder = self.home.join(".claude/sessions");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("{pid}.json")), entry.to_string()).expect("an entry");
        holder
    }
}

/// A process that is ended when dropped.
pub struct Holder(Child);

impl Holder {
    /// Its id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The flags of a decision's choices, in their order.
#[must_use]
pub fn flags(decision: &Value) -> Vec<&str> {
    let choices = decision["choices"].as_array().expect("choices");
    choices.iter().map(|choice| choice["flag"].as_str().expect("a flag")).collect()
}

/// Every file below a folder with a digest of what is in it, `.git` left out.
fn contents(folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() && entry.file_name() != ".git" {
            contents(&path, found);
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            found.push(format!("{} {:x}", path.display(), digest(&bytes)));
        }
    }
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
