//! Tells the plugin inside Zellij something of our own accord, through `zellij pipe`.

use std::time::Duration;

use convosync_adapters::ZellijPlugins;
use convosync_engine::Cancel;
use convosync_wire::Verb;
use convosync_wire::zellij::{Address, MOST_BYTES, Push, pipe};
use serde::{Deserialize, Serialize};

use crate::surroundings::Env;

/// Names the Zellij session that a program runs in, by Zellij itself.
pub(crate) const SESSION: &str = "ZELLIJ_SESSION_NAME";

/// What tells Zellij where the sockets of its sessions are, and where it is itself.
const WHERE: [&str; 5] = ["HOME", "PATH", "TMPDIR", "XDG_RUNTIME_DIR", "ZELLIJ_SOCKET_DIR"];

/// A plugin that waits for its permissions answers nothing, and Zellij waits with it. A message
/// takes 0.1 s.
const PATIENCE: Duration = Duration::from_secs(5);

/// What somebody may wait for it who wants to go on, or to end.
const MOMENT: Duration = Duration::from_millis(500);

/// Ids in one message: each takes 32 bytes or so.
const MOST_IDS: usize = 1000;

/// What nobody can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Untold;

/// Our plugin in one Zellij session. Without its address all plugins there are told, those of others
/// too, and nothing that is not for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plugins {
    session: String,
    /// Who is meant.
    #[serde(default)]
    address: Option<Address>,
    /// The variables that lead there.
    env: Env,
}

impl Plugins {
    /// Those of the session that the environment names.
    pub(crate) fn around(address: Option<Address>, env: &Env) -> Option<Self> {
        let session = env.get(SESSION).filter(|name| !name.is_empty())?;
        Some(Self::of(session.clone(), address, env))
    }

    /// Those of this session, as whoever has this environment finds it.
    pub(crate) fn of(session: String, address: Option<Address>, env: &Env) -> Self {
        let known = |name: &&str| Some(((*name).to_owned(), env.get(*name)?.clone()));
        Self { session, address, env: WHERE.iter().filter_map(known).collect() }
    }

    /// The session's name.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// Tells them that the work tree or its session is another one after this verb. The user has
    /// their prompt back half a second later.
    pub(crate) fn tell_after(verb: &Verb, env: &Env) {
        let changes = matches!(verb, Verb::Save(_) | Verb::Resume(_) | Verb::Undo(_));
        if let Some(plugins) = Self::around(None, env).filter(|_| changes) {
            // Who did not hear it sees it at the next look.
            let _ = plugins.tell_shortly(&Push::Changed);
        }
    }

    /// Hands them a message, and waits five seconds at most until they have it. News of many sessions
    /// come in several.
    ///
    /// # Errors
    ///
    /// If it is too long, there is no Zellij, no such session, nobody takes it in time, or it was
    /// cancelled.
    pub(crate) fn tell(&self, push: &Push, cancel: &Cancel) -> Result<(), Untold> {
        self.tell_within(push, PATIENCE, cancel)
    }

    /// The same of somebody who has half a second left, whatever was cancelled.
    ///
    /// # Errors
    ///
    /// As with [`tell`](Self::tell).
    pub(crate) fn tell_shortly(&self, push: &Push) -> Result<(), Untold> {
        self.tell_within(push, MOMENT, &Cancel::new())
    }

    fn tell_within(&self, push: &Push, limit: Duration, cancel: &Cancel) -> Result<(), Untold> {
        let address = self.address.as_ref();
        let public = if address.is_none() { push.for_anyone() } else { Some(push.clone()) };
        let plugins = ZellijPlugins {
            session: &self.session,
            plugin: address.map(|to| (to.url.as_str(), to.configuration.as_str())),
            env: &self.env,
        };
        for push in public.map(pieces).unwrap_or_default() {
            let line = serde_json::to_vec(&push).map_err(|_| Untold)?;
            if line.len() > MOST_BYTES {
                return Err(Untold);
            }
            plugins.tell(pipe::PUSH, &line, limit, cancel).map_err(|_| Untold)?;
        }
        Ok(())
    }
}

/// The message in as many pieces as plugins have room for.
fn pieces(push: Push) -> Vec<Push> {
    match push {
        Push::News { sessions } => {
            let piece = |ids: &[String]| Push::News { sessions: ids.to_vec() };
            sessions.chunks(MOST_IDS).map(piece).collect()
        }
        push => vec![push],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use convosync_wire::zellij::Watching;

    #[test]
    fn the_session_is_the_one_that_zellij_names() {
        let env = |name: &str| Env::from([(SESSION.to_owned(), name.to_owned())]);
        let brisk = Plugins::of("brisk".to_owned(), None, &Env::new());
        assert_eq!(Plugins::around(None, &env("brisk")), Some(brisk));
        assert_eq!(Plugins::around(None, &env("")), None);
        assert_eq!(Plugins::around(None, &Env::new()), None);
    }

    fn address() -> Option<Address> {
        let told = [("role".to_owned(), "daemon".to_owned())];
        Address::of("file:/p.wasm", &told.into_iter().collect())
    }

    /// Plugins behind a `zellij` that does this.
    fn plugins(folder: &Path, address: Option<Address>, script: &str) -> Plugins {
        let program = folder.join("zellij");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let env = [("PATH", path.as_str()), ("SECRET", "not handed on"), ("TMPDIR", "/t")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Plugins::of("my session".to_owned(), address, &env.into_iter().collect())
    }

    /// What `zellij` gets to see when this is told.
    fn seen(address: Option<Address>, push: &Push) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let script = format!("(echo \"$@\"; cat; echo $TMPDIR$SECRET) >> {}", out.display());
        let told = plugins(folder.path(), address, &script).tell(push, &Cancel::new());
        told.expect("it was taken");
        fs::read_to_string(out).unwrap_or_default()
    }

    #[test]
    fn a_message_goes_by_standard_input_with_nothing_of_the_environment_but_the_way() {
        assert_eq!(
            seen(None, &Push::Watch(Watching::Well)),
            "--session my session pipe --name convosync-push\n\
             {\"push\":\"watch\",\"data\":{\"state\":\"well\"}}\n/t\n"
        );
    }

    #[test]
    fn what_is_not_for_everybody_goes_to_the_address_of_our_plugin_alone() {
        let progress = Push::Progress { call: 1, progress: "Pushing to origin/quiet".into() };
        let told = seen(address(), &progress);
        let to = "--plugin=file:/p.wasm --plugin-configuration=role=daemon\n";
        assert!(told.contains(to) && told.contains("origin/quiet"), "{told}");
        assert_eq!(seen(None, &progress), "");
    }

    #[test]
    fn what_would_end_the_plugin_is_not_sent() {
        let progress = "x".repeat(MOST_BYTES).as_str().into();
        let folder = tempfile::tempdir().expect("a folder");
        let plugins = plugins(folder.path(), address(), "exec cat >/dev/null");
        let told = plugins.tell(&Push::Progress { call: 1, progress }, &Cancel::new());
        assert_eq!(told, Err(Untold));
    }

    #[test]
    fn where_there_is_no_session_or_no_zellij_nobody_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let cancel = Cancel::new();
        let none = plugins(folder.path(), None, "exit 1").tell(&Push::Changed, &cancel);
        assert_eq!(none, Err(Untold));
        let path = folder.path().join("x").display().to_string();
        let env = Env::from([("PATH".to_owned(), path)]);
        let nowhere = Plugins::of("s".to_owned(), None, &env);
        assert_eq!(nowhere.tell(&Push::Changed, &cancel), Err(Untold));
    }

    #[test]
    fn who_is_cancelled_leaves_no_zellij_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("pid");
        let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000", out.display());
        let plugins = plugins(folder.path(), None, &script);
        let cancel = Cancel::new();
        std::thread::scope(|scope| {
            let told = scope.spawn(|| plugins.tell(&Push::Changed, &cancel));
            while !out.exists() && !told.is_finished() {
                std::thread::sleep(Duration::from_millis(5));
            }
            cancel.cancel();
            assert_eq!(told.join().expect("no panic"), Err(Untold));
        });
        let pid = fs::read_to_string(out).expect("it was started");
        assert!(!Path::new("/proc").join(pid.trim()).exists(), "it runs on");
    }

    #[test]
    fn news_of_many_sessions_come_in_pieces_and_none_is_lost() {
        let sessions: Vec<_> = (0..20_000).map(|at| format!("session-{at:08}")).collect();
        let pieces = pieces(Push::News { sessions: sessions.clone() });
        let size = |push: &Push| serde_json::to_vec(push).expect("JSON").len();
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| size(piece) <= MOST_BYTES));
        let came = pieces.into_iter().flat_map(|push| match push {
            Push::News { sessions } => sessions,
            other => panic!("{other:?}"),
        });
        assert_eq!(came.collect::<Vec<_>>(), sessions);
    }
}
