//! The sessions of Zellij on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use convosync_engine::ports::PaneEnv;

/// Sessions by name, and whether they run: those that ended can be brought to life again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sessions(BTreeMap<String, bool>);

impl Sessions {
    /// Reads `list-sessions --no-formatting`: `NAME [Created 1h ago] (EXITED - attach to resurrect)`.
    pub(super) fn parse(text: &str) -> Self {
        let session = |line: &str| {
            let (name, rest) = line.split_once(" [Created ")?;
            Some((name.to_owned(), !rest.contains("(EXITED")))
        };
        Self(text.lines().filter_map(session).collect())
    }

    pub(super) fn is_running(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|runs| *runs)
    }

    /// The name, or one like it that no session has: one that ended is the user's to bring back.
    pub(super) fn free(&self, name: &str) -> String {
        let more = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(more);
        names.find(|name| !self.0.contains_key(name)).expect("numbers do not end")
    }
}

/// Whether a session's server listens. It is not asked: a server that is asked before its session is
/// ready ends (0.45.1).
pub(super) fn is_listening(env: &PaneEnv, name: &str) -> bool {
    // One folder for each version of what clients and servers say.
    let versions = fs::read_dir(sockets(env)).into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join(name).exists())
}

/// Where the sockets of Zellij are.
fn sockets(env: &PaneEnv) -> PathBuf {
    let folder = |name: &str| env.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let of_user = || {
        let temporary = folder("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"));
        temporary.join(format!("zellij-{}", rustix::process::getuid().as_raw()))
    };
    let runtime = || folder("XDG_RUNTIME_DIR").map(|path| path.join("zellij"));
    folder("ZELLIJ_SOCKET_DIR").or_else(runtime).unwrap_or_else(of_user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_listens_where_zellij_puts_its_sockets() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("it is UTF-8").to_owned();
        let own = format!("zellij-{}", rustix::process::getuid().as_raw());
        let places =
            [("ZELLIJ_SOCKET_DIR", ""), ("XDG_RUNTIME_DIR", "zellij"), ("TMPDIR", own.as_str())];
        for (number, (variable, below)) in places.into_iter().enumerate() {
            let (env, name) = ([(variable.to_owned(), path.clone())].into(), number.to_string());
            assert!(!is_listening(&env, &name), "{variable}");
            let version = folder.path().join(below).join("contract_version_1");
            fs::create_dir_all(&version).expect("a folder");
            fs::write(version.join(&name), "").expect("a file in the place of a socket");
            assert!(is_listening(&env, &name), "{variable}");
        }
    }

    #[test]
    fn sessions_that_ended_keep_their_names() {
        let text = "shop [Created 5s ago] (current)\n\
                    a b [Created 2h 3m ago] (EXITED - attach to resurrect)\nnoise\n";
        let sessions = Sessions::parse(text);
        assert!(sessions.is_running("shop") && !sessions.is_running("a b"));
        assert_eq!(sessions.free("a b"), "a b-2");
        assert_eq!(sessions.free("new"), "new");
    }
}
