//! A repository and devices around it, each with its own home and its own copies.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use convosync_adapters::{GitStores, StoreOpener};
use convosync_engine::Cancel;
use convosync_engine::ports::{Store, StoreError, Stores};
use tempfile::TempDir;

use crate::http::Server;

pub(crate) struct Lab {
    pub(crate) folder: Folder,
    pub(crate) url: String,
    /// More environment for every device.
    pub(crate) env: BTreeMap<String, String>,
}

/// A folder that goes away with the lab, unless it is another lab's.
pub(crate) enum Folder {
    Own(TempDir),
    Shared(PathBuf),
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Shared(path) => path,
        }
    }
}

impl Lab {
    /// A repository that is reached through the file system. It is made by whoever opens it first.
    pub(crate) fn new() -> Self {
        Self::of(Folder::Own(tempfile::tempdir().unwrap()))
    }

    /// The lab that another process made.
    pub(crate) fn at(folder: &Path) -> Self {
        Self::of(Folder::Shared(folder.to_owned()))
    }

    fn of(folder: Folder) -> Self {
        let url = format!("git+file://{}/store.git", folder.path().display());
        Self { folder, url, env: BTreeMap::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The repository itself.
    pub(crate) fn remote(&self) -> PathBuf {
        self.path("store.git")
    }

    pub(crate) fn env_of(&self, device: &str) -> BTreeMap<String, String> {
        let home = self.path(device);
        fs::create_dir_all(&home).unwrap();
        let mut env = BTreeMap::from([
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
            ("HOME".to_owned(), home.display().to_string()),
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
        ]);
        env.extend(self.env.clone());
        env
    }

    pub(crate) fn opener(&self, device: &str) -> StoreOpener {
        self.stoppable(device, Cancel::new())
    }

    pub(crate) fn stoppable(&self, device: &str, cancel: Cancel) -> StoreOpener {
        let env = self.env_of(device);
        let copies = self.copies(device);
        StoreOpener::new(None, self.path("embedded")).with_git(GitStores::new(env, cancel, copies))
    }

    /// Where a device keeps its copies.
    pub(crate) fn copies(&self, device: &str) -> PathBuf {
        self.path(device).join("git-stores")
    }

    pub(crate) fn init(&self) -> Result<Box<dyn Store>, StoreError> {
        self.opener("desktop").open(&self.url, true)
    }

    /// Opens the store as a command of this device would.
    pub(crate) fn open(&self, device: &str) -> Box<dyn Store> {
        self.opener(device).open(&self.url, false).unwrap()
    }

    /// Runs git in a folder.
    pub(crate) fn git(&self, folder: &Path, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(args).current_dir(folder).env_clear().envs(self.env_of("admin"));
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {told}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs git in a folder and feeds it.
    pub(crate) fn feed(&self, folder: &Path, args: &[&str], input: &[u8]) {
        let mut command = Command::new("git");
        command.args(args).current_dir(folder).env_clear().envs(self.env_of("admin"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        assert!(child.wait().unwrap().success(), "git {args:?}");
    }

    /// The names of the remote's refs.
    pub(crate) fn refs(&self) -> Vec<String> {
        let out = self.git(&self.remote(), &["for-each-ref", "--format=%(refname)"]);
        out.lines().map(str::to_owned).collect()
    }
}

/// An empty store, and how one device opens it again and again.
pub(crate) fn over_files() -> (Box<Lab>, impl Fn() -> Box<dyn Store>) {
    let lab = Box::new(Lab::new());
    lab.init().unwrap();
    let (opener, url) = (lab.opener("desktop"), lab.url.clone());
    (lab, move || opener.open(&url, false).unwrap())
}

/// An empty store behind a web server that gives out parts of a repository.
pub(crate) fn served() -> (Lab, Server) {
    let mut lab = Lab::new();
    lab.git(lab.folder.path(), &["init", "-q", "--bare", "store.git"]);
    lab.git(&lab.remote(), &["config", "uploadpack.allowFilter", "true"]);
    let server = Server::start(lab.folder.path(), None);
    lab.url = server.url("store.git");
    (lab, server)
}

pub(crate) fn over_http() -> ((Box<Lab>, Server), impl Fn() -> Box<dyn Store>) {
    let (lab, server) = served();
    let (opener, url) = (lab.opener("desktop"), lab.url.clone());
    ((Box::new(lab), server), move || opener.open(&url, false).unwrap())
}
