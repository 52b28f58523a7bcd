//! Where this device's own files lie. Pure: made from an environment that is handed in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why there is no place for ConvoSync's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathsError {
    /// Neither `HOME` nor the XDG variables say where.
    #[error("HOME is not set to an absolute path")]
    NoHome,
}

/// The folders and files of ConvoSync on this device, by the XDG Base Directory Specification
/// 0.8 (<https://specifications.freedesktop.org/basedir-spec/0.8/>). All are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The user's home directory, where it is known.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME/convosync`: settings.
    pub config: PathBuf,
    /// `$XDG_DATA_HOME/convosync`: keys and saves, worth a backup.
    pub data: PathBuf,
    /// `$XDG_STATE_HOME/convosync`: what can be made again.
    pub state: PathBuf,
}

impl Paths {
    /// Reads `HOME`, `XDG_CONFIG_HOME`, `XDG_DATA_HOME` and `XDG_STATE_HOME`. What is empty or relative counts as not
    /// set, as the specification wants.
    ///
    /// # Errors
    ///
    /// [`PathsError::NoHome`] if a variable is not set and neither is `HOME`.
    pub fn from_env(env: &BTreeMap<String, String>) -> Result<Self, PathsError> {
        let home = absolute(env, "HOME");
        let base = |variable: &str, fallback: &str| {
            absolute(env, variable)
                .or_else(|| Some(home.as_ref()?.join(fallback)))
                .map(|base| base.join("convosync"))
                .ok_or(PathsError::NoHome)
        };
        Ok(Self {
            config: base("XDG_CONFIG_HOME", ".config")?,
            data: base("XDG_DATA_HOME", ".local/share")?,
            state: base("XDG_STATE_HOME", ".local/state")?,
            home,
        })
    }

    /// The user's settings.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// This device's keys.
    #[must_use]
    pub fn profile(&self) -> PathBuf {
        self.data.join("keys/profile")
    }

    /// The store of saves that wait to be sent.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.data.join("outbox")
    }

    /// The store of units and parts that were fetched or sent.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.data.join("cache")
    }

    /// The store that is used before `init`.
    #[must_use]
    pub fn embedded_store(&self) -> PathBuf {
        self.data.join("store")
    }

    /// The index over cards and queue.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.state.join("index.sqlite")
    }

    /// The folder of locks between processes.
    #[must_use]
    pub fn locks(&self) -> PathBuf {
        self.state.join("locks")
    }

    /// The folder of what an undo needs.
    #[must_use]
    pub fn undo(&self) -> PathBuf {
        self.data.join("undo")
    }

    /// The folder of the copies of git stores.
    #[must_use]
    pub fn git_stores(&self) -> PathBuf {
        self.state.join("git-stores")
    }

    /// The folder of what was learnt of servers of buckets.
    #[must_use]
    pub fn object_stores(&self) -> PathBuf {
        self.state.join("object-stores")
    }

    /// What prompts show of the work trees.
    #[must_use]
    pub fn prompts(&self) -> PathBuf {
        self.state.join("prompts.jsonl")
    }

    /// The file that shells record commands in, with their directories.
    #[must_use]
    pub fn recorded(&self) -> PathBuf {
        self.state.join("shell/recorded")
    }

    /// Why the last automatic save was not made.
    #[must_use]
    pub fn auto_sync(&self) -> PathBuf {
        self.state.join("auto-sync.json")
    }

    /// The folder of the Zellij sessions that need a watch.
    #[must_use]
    pub fn watch(&self) -> PathBuf {
        self.state.join("watch")
    }

    /// The folder of temporary files.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.state.join("scratch")
    }
}

fn absolute(env: &BTreeMap<String, String>, variable: &str) -> Option<PathBuf> {
    env.get(variable).map(PathBuf::from).filter(|path| Path::is_absolute(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(env: &[(&str, &str)]) -> Result<Paths, PathsError> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Paths::from_env(&env.iter().map(owned).collect())
    }

    #[test]
    fn home_is_enough() {
        let paths = paths(&[("HOME", "/home/sam")]).unwrap();
        assert_eq!(paths.profile(), Path::new("/home/sam/.local/share/convosync/keys/profile"));
        assert_eq!(paths.index(), Path::new("/home/sam/.local/state/convosync/index.sqlite"));
    }

    #[test]
    fn xdg_goes_before_home() {
        let env = [("HOME", "/home/sam"), ("XDG_DATA_HOME", "/d"), ("XDG_STATE_HOME", "/s")];
        let paths = paths(&env).unwrap();
        assert_eq!(paths.outbox(), Path::new("/d/convosync/outbox"));
        assert_eq!(paths.cache(), Path::new("/d/convosync/cache"));
        assert_eq!(paths.embedded_store(), Path::new("/d/convosync/store"));
        assert_eq!(paths.locks(), Path::new("/s/convosync/locks"));
        assert_eq!(paths.scratch(), Path::new("/s/convosync/scratch"));
    }

    #[test]
    fn a_relative_or_empty_variable_counts_as_not_set() {
        let env = [("HOME", "/home/sam"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "")];
        assert_eq!(paths(&env), paths(&env[..1]));
    }

    #[test]
    fn without_home_each_must_be_said() {
        assert_eq!(paths(&[]), Err(PathsError::NoHome));
        assert_eq!(paths(&[("HOME", "sam")]), Err(PathsError::NoHome));
        let env = [("XDG_DATA_HOME", "/d"), ("XDG_STATE_HOME", "/s"), ("XDG_CONFIG_HOME", "/c")];
        let paths = paths(&env).unwrap();
        assert_eq!(paths.home, None);
        assert_eq!(paths.settings(), Path::new("/c/convosync/config.toml"));
    }
}
