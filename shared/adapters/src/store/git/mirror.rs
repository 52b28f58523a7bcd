//! Our own copy of the refs of a store: a bare repository in a folder of ours, with the cards and
//! without the big objects. It holds nothing that can't be fetched again.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, StoreError};

use super::address::Address;
use super::failure::{self, Trouble};
use crate::git::{Call, GitCli, Kind};
use crate::{disk, durable};

/// The only remote of a copy.
pub(super) const REMOTE: &str = "store";

/// Blobs from so many bytes on are not fetched with a ref: most cards are smaller.
pub(super) const FILTER: &str = "--filter=blob:limit=4k";

/// The repository, and how git is called in it.
#[derive(Debug)]
pub(super) struct Mirror {
    git: GitCli,
    folder: PathBuf,
    address: Address,
    ssh: OnceLock<Option<&'static str>>,
}

impl Mirror {
    /// The copy in `folder`. Makes nothing yet.
    pub(super) fn new(git: GitCli, folder: PathBuf, address: Address) -> Self {
        Self { git, folder, address, ssh: OnceLock::new() }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// A call that only reads our copy; what is not there is missing, and not fetched by the way
    /// (since git 2.45; before, it is).
    pub(super) fn read(&self, what: &'static str) -> Result<Call<'_>, Trouble> {
        Ok(self.call(Kind::Read, what)?.env("GIT_NO_LAZY_FETCH", "1"))
    }

    /// A call that writes to our copy.
    pub(super) fn write(&self, what: &'static str) -> Result<Call<'_>, Trouble> {
        Ok(self.call(Kind::Write, what)?.env("GIT_NO_LAZY_FETCH", "1"))
    }

    /// A call that talks to the remote.
    pub(super) fn network(&self, what: &'static str) -> Result<Call<'_>, Trouble> {
        let mut call = self
            .call(Kind::Network, what)?
            .config("protocol.version=2")
            // Else a request of more than 1 MiB is asked for twice.
            .config("http.postBuffer=67108864");
        if let Some(ssh) = self.ssh()? {
            call = call.env("GIT_SSH_COMMAND", ssh);
        }
        Ok(call)
    }

    fn ssh(&self) -> Result<Option<&'static str>, Trouble> {
        if self.address.protocol() != "ssh" {
            return Ok(None);
        }
        if let Some(known) = self.ssh.get() {
            return Ok(*known);
        }
        let ssh = self.git.quiet_ssh(&self.folder).map_err(failure::local)?;
        Ok(*self.ssh.get_or_init(|| ssh))
    }

    fn call(&self, kind: Kind, what: &'static str) -> Result<Call<'_>, Trouble> {
        self.make()?;
        let call = Call::new(&self.git, kind, &self.folder, what);
        // The user's own hooks and automatic housekeeping have no business in here.
        let quiet = ["core.hooksPath=/dev/null", "gc.auto=0", "maintenance.auto=false"];
        let call = quiet.into_iter().fold(call, Call::config);
        Ok(call.env("GIT_DIR", self.folder.as_os_str()))
    }

    /// Makes the repository if it is not there: under another name first, so that what has its
    /// name is whole.
    fn make(&self) -> Result<(), Trouble> {
        if self.folder.join("HEAD").is_file() {
            return Ok(());
        }
        let parent = self.folder.parent().unwrap_or(Path::new("/"));
        durable::make_folder(parent).map_err(|error| unusable(parent, &error))?;
        let letters = durable::random_letters().map_err(|error| unusable(parent, &error))?;
        let new = self.beside(&format!("new-{letters}"));
        init(&self.git, &new).map_err(failure::local)?;
        let made = self.configure(&new).and_then(|()| disk::rename(&new, &self.folder));
        let Err(error) = made else { return Ok(()) };
        let _ = disk::remove_dir_all(&new);
        // Another process was faster.
        if self.folder.join("HEAD").is_file() {
            Ok(())
        } else {
            Err(unusable(&self.folder, &error))
        }
    }

    fn configure(&self, folder: &Path) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        disk::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        let mut config = File::options().append(true).open(folder.join("config"))?;
        // The remote is written as git does for a clone with a filter. Sealed bytes neither shrink
        // nor resemble each other; and what a power cut takes is fetched again.
        write!(
            config,
            "[core]\n\trepositoryformatversion = 1\n\tcompression = 0\n\tfsync = none\n\
             \tfilesRefLockTimeout = 10000\n\tpackedRefsTimeout = 10000\n\
             [pack]\n\twindow = 0\n\tcompression = 0\n\
             [fetch]\n\twriteCommitGraph = false\n\tnegotiationAlgorithm = consecutive\n\
             [extensions]\n\tpartialClone = {REMOTE}\n\
             [remote \"{REMOTE}\"]\n\turl = \"{url}\"\n\tpromisor = true\n\
             \tpartialclonefilter = blob:limit=4k\n\ttagOpt = --no-tags\n\
             \tfetch = +refs/convosync/s/*:refs/convosync/s/*\n\
             \tfetch = +refs/convosync/meta*:refs/convosync/meta*\n",
            url = self.address.remote(),
        )
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.folder.as_os_str().to_owned();
        name.push(".");
        name.push(ending);
        name.into()
    }

    /// Throws the copy away; the next call makes a new one.
    pub(super) fn discard(&self) -> Result<(), Trouble> {
        let _lock = self.lock()?;
        let letters = durable::random_letters().map_err(|error| unusable(&self.folder, &error))?;
        let old = self.beside(&format!("old-{letters}"));
        match disk::rename(&self.folder, &old) {
            Ok(()) => {
                let _ = disk::remove_dir_all(&old);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(unusable(&self.folder, &error)),
        }
    }

    /// Waits until no other process moves the refs of the copy. Sending needs no lock.
    pub(super) fn lock(&self) -> Result<File, Trouble> {
        let path = self.beside("lock");
        let parent = path.parent().unwrap_or(Path::new("/"));
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = durable::make_folder(parent)
            .and_then(|()| disk::open_or_create(&options, &path))
            .map_err(|error| unusable(&path, &error))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
                Err(TryLockError::WouldBlock) if self.git.cancel().is_cancelled() => {
                    return Err(StoreError::Unreachable("cancelled".to_owned()).into());
                }
                // Its holder's git has time limits of its own.
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Makes git think that `parent` is the parent of `child`, for one push: so it leaves out what
    /// the old tip has. Of a commit without parents it would send every object of the session, and
    /// fetch first what is not here (measured with git 2.47). Nothing of it goes to the remote.
    pub(super) fn grafts(&self, child: &Oid, parent: &Oid) -> Result<Grafts, Trouble> {
        let letters = durable::random_letters().map_err(|error| unusable(&self.folder, &error))?;
        let path = self.folder.join(format!("{GRAFTS}{letters}"));
        let line = format!("{child} {parent}\n");
        let written = durable::new_file(&path)
            .and_then(|mut file| disk::write_all(&mut file, &path, line.as_bytes()));
        written.map_err(|error| unusable(&path, &error))?;
        Ok(Grafts { path })
    }

    /// Packs what many calls left lying about. Best effort: it only takes room and time.
    pub(super) fn tidy(&self) {
        let count =
            |folder: &str| fs::read_dir(self.folder.join(folder)).map_or(0, Iterator::count);
        // As `git gc --auto` guesses: one of 256 folders tells of all. Four files make a pack.
        if count("objects/17") > 27 || count("objects/pack") > 4 * 50 {
            let gc = self.write("gc").map(|call| call.args(["--quiet", "--prune=1.hour.ago"]));
            let _ = gc.map(Call::run);
        }
    }
}

/// Makes a bare repository at a path that is free, whatever the user's templates, hooks and
/// defaults are.
pub(super) fn init(git: &GitCli, repository: &Path) -> Result<(), GitError> {
    let parent = repository.parent().unwrap_or(Path::new("/"));
    let call = Call::new(git, Kind::Write, parent, "init").config("core.hooksPath=/dev/null");
    let args = ["-q", "--bare", "--template=", "--object-format=sha1", "--initial-branch=main"];
    call.args(args).arg(repository).ok().map(|_| ())
}

/// Starts the names of files for [`Mirror::grafts`].
const GRAFTS: &str = "grafts-";

/// A file in the form of gitrepository-layout(5), `info/grafts`. Removed when dropped.
pub(super) struct Grafts {
    pub(super) path: PathBuf,
}

impl Drop for Grafts {
    fn drop(&mut self) {
        // What stays is removed a day later.
        let _ = disk::remove_file(&self.path);
    }
}

fn unusable(path: &Path, error: &io::Error) -> Trouble {
    let text = format!("can't use {} for the copy of a git store: {error}", path.display());
    StoreError::Unreachable(text).into()
}
