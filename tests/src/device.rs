//! Devices of one account: each with its own home, clone and conversation, around one origin and
//! one store.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::servers::Server;
use crate::tree::{self, Fingerprint};

/// An origin, a store, and room for devices. Gone when dropped.
pub struct World {
    place: Place,
    kind: StoreKind,
    server: Option<Server>,
}

/// The folder of a world.
enum Place {
    /// Goes with the world.
    Own(TempDir),
    /// Stays.
    Anothers(PathBuf),
}

/// What the store of a world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StoreKind {
    Folder,
    Git,
    Bucket,
}

impl World {
    /// An empty origin and no store yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with(StoreKind::Folder)
    }

    /// The same, whose store will be a git repository.
    #[must_use]
    pub fn with_git_store() -> Self {
        Self::with(StoreKind::Git)
    }

    /// The same, whose store will be in this server's bucket.
    #[must_use]
    pub fn with_bucket(server: Server) -> Self {
        Self { server: Some(server), ..Self::with(StoreKind::Bucket) }
    }

    fn with(kind: StoreKind) -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let world = Self { place: Place::Own(dir), kind, server: None };
        let origin = world.origin();
        git(world.path(), &["init", "-q", "--bare", "-b", "main", &text(&origin)]);
        world
    }

    /// The world with a folder store that another process has made in `folder`; it stays when
    /// this is dropped.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { place: Place::Anothers(folder), kind: StoreKind::Folder, server: None }
    }

    /// The folder that all of it lies in.
    #[must_use]
    pub fn path(&self) -> &Path {
        match &self.place {
            Place::Own(dir) => dir.path(),
            Place::Anothers(folder) => folder,
        }
    }

    /// The bare repository that every clone pushes to.
    #[must_use]
    pub fn origin(&self) -> PathBuf {
        self.path().join("origin.git")
    }

    /// The server that has the bucket.
    ///
    /// # Panics
    ///
    /// If the store is no bucket.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("the store is a bucket")
    }

    /// The same, to stop and start it.
    ///
    /// # Panics
    ///
    /// If the store is no bucket.
    pub fn server_mut(&mut self) -> &mut Server {
        self.server.as_mut().expect("the store is a bucket")
    }

    /// The folder or the repository that is the store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        match self.kind {
            StoreKind::Folder => self.path().join("store"),
            StoreKind::Git => self.path().join("store.git"),
            StoreKind::Bucket => panic!("a bucket is no folder"),
        }
    }

    /// The store's URL.
    #[must_use]
    pub fn store_url(&self) -> String {
        let scheme = match self.kind {
            StoreKind::Folder => "file",
            StoreKind::Git => "git+file",
            StoreKind::Bucket => return self.server().url("store"),
        };
        format!("{scheme}://{}", text(&self.store()))
    }

    /// Where the recovery words of the account are.
    #[must_use]
    pub fn words(&self) -> PathBuf {
        self.path().join("words")
    }

    /// A device without a clone: it only joins.
    ///
    /// # Panics
    ///
    /// If its home can't be made.
    #[must_use]
    pub fn visitor(&self, name: &str) -> Device {
        let home = self.path().join(name);
        fs::create_dir_all(&home).expect("a home");
        let home = home.canonicalize().expect("a home");
        Device { name: name.to_owned(), work_tree: home.clone(), home, more: BTreeMap::new() }
    }

    /// A device without an account, with a clone at `clone` below its home.
    #[must_use]
    pub fn bare_device(&self, name: &str, clone: &str) -> Device {
        let home = self.path().join(name);
        fs::create_dir_all(&home).expect("a home");
        let home = home.canonicalize().expect("a home");
        let more = self.server.as_ref().map(|server| server.env().clone()).unwrap_or_default();
        let device = Device { name: name.to_owned(), work_tree: home.join(clone), home, more };
        device.git_in(&device.home, &["config", "--global", "user.name", name]);
        device.git_in(&device.home, &["config", "--global", "user.email", "dev@example.org"]);
        device.git_in(&device.home, &["config", "--global", "init.defaultBranch", "main"]);
        device.git_in(&device.home, &["config", "--global", "protocol.file.allow", "always"]);
        // The tests' branch is the default one, and nobody is there to be asked.
        device.set_up("[save]\nmode = \"commit\"\n");
        let (origin, tree) = (text(&self.origin()), text(&device.work_tree));
        device.git_in(&device.home, &["clone", "-q", &origin, &tree]);
        device
    }

    /// The first device: makes the account, and a first commit on `main` in the origin.
    #[must_use]
    pub fn first_device(&self, name: &str, clone: &str) -> Device {
        let device = self.bare_device(name, clone);
        device.write("README.md", "hello\n");
        device.git(&["add", "README.md"]);
        device.git(&["commit", "-q", "-m", "start"]);
        device.git(&["push", "-q", "-u", "origin", "main"]);
        let (store, words) = (self.store_url(), text(&self.words()));
        device.ok(&[
            "init",
            "--store",
            &store,
            "--device",
            name,
            "--recovery-file",
            &words,
            "--yes",
        ]);
        device
    }

    /// A further device, joined with the recovery words.
    #[must_use]
    pub fn next_device(&self, name: &str, clone: &str) -> Device {
        let device = self.bare_device(name, clone);
        let joined = self.join(&device);
        assert!(joined.status.success(), "{}", told(&joined));
        device
    }

    /// Runs `device join` with the words from standard input.
    #[must_use]
    pub fn join(&self, device: &Device) -> Output {
        let words = fs::read_to_string(self.words()).expect("the words were written");
        let store = self.store_url();
        device.with_input(
            &["device", "join", "--recovery", "--store", &store, "--device", &device.name],
            &words,
        )
    }

    /// Two devices of one account.
    #[must_use]
    pub fn pair() -> (Self, Device, Device) {
        Self::new().with_pair()
    }

    /// This world with two devices of one account.
    #[must_use]
    pub fn with_pair(self) -> (Self, Device, Device) {
        let desktop = self.first_device("desktop", "projects/myapp");
        let laptop = self.next_device("laptop", "code/app");
        (self, desktop, laptop)
    }

    /// Two devices of one account. The first saved `feature/oauth` with these files and this
    /// conversation, one commit ahead of `main`; the last is its session.
    ///
    /// # Panics
    ///
    /// If it can't be saved.
    #[must_use]
    pub fn pair_with_a_session(
        conversation: &str,
        files: &[(&str, &str)],
    ) -> (Self, Device, Device, String) {
        let (world, desktop, laptop) = Self::pair();
        desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
        files.iter().for_each(|(path, contents)| desktop.write(path, contents));
        desktop.talk(conversation, 2);
        let saved = desktop.json(&["save", "login"]);
        let session = saved["session_id"].as_str().expect("an id").to_owned();
        (world, desktop, laptop, session)
    }

    /// Every file of the store, sorted.
    #[must_use]
    pub fn objects(&self) -> Vec<PathBuf> {
        tree::files(&self.store())
    }

    /// The store's files below a prefix such as `v1/s/`, sorted.
    #[must_use]
    pub fn objects_of(&self, prefix: &str) -> Vec<PathBuf> {
        tree::files(&self.store().join(prefix))
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// One device.
pub struct Device {
    /// Its name.
    pub name: String,
    /// Its home directory, symlinks resolved.
    pub home: PathBuf,
    /// Its clone.
    pub work_tree: PathBuf,
    /// What its environment has besides.
    pub more: BTreeMap<String, String>,
}

impl Device {
    /// Writes its file of settings.
    pub fn set_up(&self, settings: &str) {
        let folder = self.home.join(".config/convosync");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config.toml"), settings).expect("a file");
    }

    /// The whole environment that its commands see.
    #[must_use]
    pub fn env(&self) -> BTreeMap<String, String> {
        let path = std::env::var("PATH").expect("there is a PATH");
        let own = [
            ("HOME".to_owned(), text(&self.home)),
            ("PATH".to_owned(), path),
            ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
        ];
        own.into_iter().chain(self.more.clone()).collect()
    }

    /// The helper, ready to run in the work tree.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(helper());
        command.args(args).env_clear().envs(self.env()).current_dir(&self.work_tree);
        command.stdin(Stdio::null());
        command
    }

    /// Runs the helper.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the helper runs")
    }

    /// Runs the helper with something on its standard input.
    #[must_use]
    pub fn with_input(&self, args: &[&str], input: &str) -> Output {
        use std::io::Write;
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the helper starts");
        // A helper that does not read it has closed its end: that is no matter here.
        let written = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("the helper ends");
        assert!(written.is_ok() || !output.status.success(), "{}", told(&output));
        output
    }

    /// Runs the helper, which has to succeed, and gives what it printed.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}\n{}", told(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs the helper with `--json`, which has to succeed.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let printed = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    }

    /// Runs the helper with `--json`, which has to fail, and gives exit code and failure.
    #[track_caller]
    pub fn fails(&self, args: &[&str]) -> (i32, Value) {
        let output = self.run(&[args, &["--json"]].concat());
        let code = output.status.code().expect("it was not killed");
        assert_ne!(code, 0, "{args:?}\n{}", told(&output));
        // Decisions go to standard output, failures to standard error.
        let printed = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        let value = serde_json::from_slice(printed)
            .unwrap_or_else(|error| panic!("{error}: {}", told(&output)));
        (code, value)
    }

    /// Runs git in the work tree.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.work_tree, args)
    }

    /// Runs git with this device's configuration.
    #[track_caller]
    pub fn git_in(&self, directory: &Path, args: &[&str]) -> String {
        let mut command = self.git_command(args);
        let output = command.current_dir(directory).output().expect("git runs");
        assert!(output.status.success(), "git {args:?}\n{}", told(&output));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Git with this device's configuration, ready to run in the work tree.
    #[must_use]
    pub fn git_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(args).env_clear().envs(self.env()).current_dir(&self.work_tree);
        command.stdin(Stdio::null());
        command
    }

    /// HEAD's commit.
    #[must_use]
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Writes a file of the work tree.
    pub fn write(&self, path: &str, contents: &str) {
        let path = self.work_tree.join(path);
        fs::create_dir_all(path.parent().expect("below the work tree")).expect("a folder");
        fs::write(path, contents).expect("a file");
    }

    /// Reads a file of the work tree.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.work_tree.join(path)).expect("a file")
    }

    /// Where Claude Code keeps the transcript of a conversation of this work tree.
    #[must_use]
    pub fn transcript(&self, id: &str) -> PathBuf {
        let slug: String = text(&self.work_tree)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        self.home.join(".claude/projects").join(slug).join(format!("{id}.jsonl"))
    }

    /// Goes on with a conversation: `turns` prompts and answers in Claude Code's own format.
    pub fn talk(&self, id: &str, turns: usize) {
        let path = self.transcript(id);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let before = fs::read_to_string(&path).unwrap_or_default();
        let start = before.lines().count();
        let mut lines = before;
        let cwd = text(&self.work_tree);
        for turn in start..start + turns {
            lines.push_str(&crate::transcript::turn(id, turn, &cwd, &self.name));
        }
        fs::write(path, lines).expect("a transcript");
    }

    /// Work tree, branches and conversations, as evidence that none of them changed.
    #[must_use]
    pub fn evidence(&self) -> (Fingerprint, Fingerprint, String) {
        let refs = ["refs/heads", "refs/tags", "refs/stash", "refs/convosync"];
        let refs = [&["for-each-ref", "--format=%(refname) %(objectname)"], &refs[..]].concat();
        (
            tree::fingerprint(&self.work_tree, &[".git"]),
            tree::fingerprint(&self.home.join(".claude"), &[]),
            format!("{}\n{}", self.git(&refs), self.git(&["rev-parse", "HEAD"])),
        )
    }

    /// Adds one turn whose answer no compressor makes smaller.
    pub fn talk_noise(&self, id: &str, bytes: usize) {
        self.talk(id, 1);
        let path = self.transcript(id);
        let mut lines = fs::read_to_string(&path).expect("a transcript");
        let turn = lines.lines().count();
        let answer = crate::transcript::turn(id, turn, &text(&self.work_tree), &self.name);
        let noise = crate::transcript::noise(bytes);
        lines.push_str(&answer.replace(&format!("Answer {turn} on {}", self.name), &noise));
        fs::write(path, lines).expect("a transcript");
    }

    /// Gives a conversation a tool's result that is too big to travel inside a unit.
    pub fn keep_big_result(&self, id: &str) {
        let folder = self.transcript(id).with_extension("").join("tool-results");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("big.bin"), crate::transcript::random(9 << 19)).expect("a file");
    }

    /// The device's own folder of ConvoSync.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.home.join(".local/share/convosync")
    }

    /// The device's index.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.home.join(".local/state/convosync/index.sqlite")
    }
}

/// The helper that is tested.
#[must_use]
pub fn helper() -> PathBuf {
    crate::tools::built("CONVOSYNC_HELPER", "convosync")
}

/// The Nushell plugin that is tested.
#[must_use]
pub fn nu_plugin() -> PathBuf {
    crate::tools::built("CONVOSYNC_NU_PLUGIN", "nu_plugin_convosync")
}

/// What a command said, for a failing test.
#[must_use]
pub fn told(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn git(directory: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(args).current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "git {args:?}\n{}", told(&output));
}

/// A path as an argument.
///
/// # Panics
///
/// If it is not text: those of tests are.
#[must_use]
pub fn text(path: &Path) -> String {
    path.to_str().expect("tests have plain paths").to_owned()
}
