//! What the plugin inside Zellij, the helper and `convosync watch` say to each other.
//!
//! The plugin starts the helper as `convosync -C DIR rpc --request JSON`, with a [`Call`] as JSON, and
//! reads one line: [`Returned`]. The helper and a watch speak by `zellij pipe --name NAME`, to the
//! [`Address`] that the plugin has handed over. Without one all plugins of the session get it, those of
//! others too, so it says nothing that they may not know ([`Push::for_anyone`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Failure, Progress};
use crate::request::Verb;

/// Names of the pipes of `zellij pipe --name`, and of messages that key bindings send.
pub mod pipe {
    /// Asks for a [`Snapshot`](super::Snapshot), which is answered as one line of JSON. With several
    /// clients in the session more than one line may come: the first one counts. Where no plugin
    /// of ours runs, nothing is answered, and the exit code is 0 all the same; where a
    /// plugin waits for its permissions, nothing comes at all: wait a second, no longer.
    pub const SNAPSHOT: &str = "convosync-snapshot";
    /// Brings one [`Push`](super::Push) as JSON, at most [`MOST_BYTES`](super::MOST_BYTES).
    pub const PUSH: &str = "convosync-push";
    /// Asks for a message and saves, from a key binding (`MessagePlugin`).
    pub const SAVE: &str = "convosync-save";
    /// Goes to the sidebar of this tab, from a key binding.
    pub const FOCUS: &str = "convosync-focus";
    /// Closes the sidebar of this tab, or puts one at its side, from a key binding.
    pub const COLUMN: &str = "convosync-column";
    /// Between sidebars and the daemon; nobody else's.
    pub const ASK: &str = "convosync-ask";
    /// Between the daemon and sidebars; nobody else's.
    pub const TELL: &str = "convosync-tell";
}

/// What a plugin is told to be by its configuration in a layout or in `load_plugins`.
pub mod configuration {
    /// The key of the role.
    pub const ROLE: &str = "role";
    /// The role of the one that keeps the state and calls the helper.
    pub const DAEMON: &str = "daemon";
    /// The role of those that draw, one in each tab; also where no role is said.
    pub const SIDEBAR: &str = "sidebar";
    /// The key of what a sidebar's right edge is; it is nothing if it is not there.
    pub const EDGE: &str = "edge";
    /// A line from top to bottom.
    pub const LINE: &str = "line";
    /// The key of the helper's path; `convosync` on the server's `PATH` if it is not there.
    pub const HELPER: &str = "helper";
}

/// What the plugin asks its user for, by the names that Zellij 0.45 writes down when it is granted: to read
/// and change tabs and panes, to run the helper, to open its own column, to hear pipes, and to send to its
/// own other panes.
pub const PERMISSIONS: [&str; 6] = [
    "ReadApplicationState",
    "ChangeApplicationState",
    "RunCommands",
    "OpenTerminalsOrPlugins",
    "ReadCliPipes",
    "MessageAndLaunchOtherPlugins",
];

/// Longest message to or from the plugin, in bytes. Zellij 0.45 hands replies over as an array of
/// numbers in 16 MiB of memory: 300 kB arrive, 1 MB ends the plugin (both were run).
pub const MOST_BYTES: usize = 256 * 1024;

/// One call of the helper by the plugin. It is an argument, so it never holds a secret; environment
/// and directory are those of the process.
///
/// A resume and a save act in the Zellij session and beside the pane that `ZELLIJ_SESSION_NAME` and
/// `ZELLIJ_PANE_ID` name, as from a shell in that pane; the plugin sets both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// [`PROTOCOL`](crate::PROTOCOL) of the plugin.
    pub protocol: u32,
    /// Version of the plugin, to be named when it does not match the helper's.
    pub version: String,
    /// The plugin's number of this call; [`Push::Progress`] names it.
    pub call: u64,
    /// So many rows of the answer the plugin has already: those that come after are wanted.
    #[serde(default)]
    pub skip: u64,
    /// Who is told what is being done; nobody, if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Address>,
    /// What to do.
    pub verb: Verb,
}

/// By what Zellij finds one plugin, and no other.
///
/// Zellij starts one where none with this address runs, so only the part that is loaded with the
/// session, and ends with it, hands its own over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Where it was loaded from, as `zellij pipe --plugin` takes it.
    pub url: String,
    /// What it was told, as `zellij pipe --plugin-configuration` takes it.
    pub configuration: String,
}

impl Address {
    /// The one of a plugin that was loaded from the file `url` and told this. None: Zellij would read
    /// something else in it, and start that. It knows no way to write a comma in a value, and decodes
    /// and expands paths once more.
    #[must_use]
    pub fn of(url: &str, told: &BTreeMap<String, String>) -> Option<Self> {
        let plain = |(key, value): (&String, &String)| {
            !key.is_empty() && !key.contains(['=', ',']) && !value.contains(',')
        };
        let whole = url.starts_with("file:/") && !url.contains(['%', '?', '#', '$', '~', '\\']);
        if !whole || told.is_empty() || !told.iter().all(plain) {
            return None;
        }
        let told: Vec<_> = told.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Some(Self { url: url.to_owned(), configuration: told.join(",") })
    }
}

/// The only line that the helper writes for a [`Call`]: at most [`MOST_BYTES`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    /// The number of the call.
    pub call: u64,
    /// What came of it; never [`Answer::Progress`].
    pub answer: Answer,
    /// Rows that there was no room for. They come with a further call that skips more.
    #[serde(default)]
    pub left: u64,
}

/// What the helper or a watch tells the plugin of its own accord.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "push", content = "data", rename_all = "kebab-case")]
pub enum Push {
    /// What is being done for a call of the plugin.
    Progress {
        /// The number of the call.
        call: u64,
        /// What is being done.
        progress: Progress,
    },
    /// Other devices saved in these, the oldest first. What they saved tells a list.
    News {
        /// The sessions' ids.
        sessions: Vec<String>,
    },
    /// What a list or a status says may have changed: a save was made or sent, a session was deleted,
    /// or a command in this Zellij session has put a work tree elsewhere. It is looked at again,
    /// without asking the store.
    Changed,
    /// How a watch stands.
    Watch(Watching),
}

impl Push {
    /// What every plugin of a session may read of it, whoever wrote it: no branch, no message, no
    /// place. None: nothing.
    #[must_use]
    pub fn for_anyone(&self) -> Option<Self> {
        match self {
            Self::Progress { .. } => None,
            Self::Watch(Watching::Troubled(failure)) => {
                Some(Self::Watch(Watching::Troubled(Failure {
                    code: failure.code.clone(),
                    message: "the watch can't look for what others save".to_owned(),
                    help: Some("`convosync list` in a terminal says why".to_owned()),
                    argument: None,
                })))
            }
            Self::News { .. } | Self::Changed | Self::Watch(_) => Some(self.clone()),
        }
    }
}

/// How a watch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "failure", rename_all = "kebab-case")]
pub enum Watching {
    /// It looks.
    Well,
    /// It looks again later; this is what stopped it last.
    Troubled(Failure),
    /// It has ended, on purpose.
    Ended,
}

/// The terminal as the plugin knows it, of one Zellij session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The Zellij session's name.
    pub session: String,
    /// Its tabs, from left to right.
    pub tabs: Vec<Tab>,
}

/// A tab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tab {
    /// Zellij's id, which stays when tabs are moved.
    pub id: usize,
    /// Its place, counted from 0.
    pub position: usize,
    /// Its name.
    pub name: String,
    /// Whether it is the one that is shown.
    pub active: bool,
    /// Columns of all that it shows.
    pub columns: usize,
    /// Rows of all that it shows.
    pub rows: usize,
    /// Whether its floating panes are shown.
    pub floating_shown: bool,
    /// Its panes, in Zellij's order.
    pub panes: Vec<Pane>,
}

/// A pane. Zellij tells a plugin nothing of splits or stacks: places and sizes say what is beside what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pane {
    /// What it is, by Zellij's id.
    pub id: PaneId,
    /// Columns from the left edge of the screen, frame included.
    pub x: usize,
    /// Rows from the upper edge of the screen, frame included.
    pub y: usize,
    /// Columns, frame included.
    pub columns: usize,
    /// Rows, frame included.
    pub rows: usize,
    /// Whether it floats over the others.
    pub floating: bool,
    /// Whether it runs without being shown.
    pub suppressed: bool,
    /// Whether it fills the tab.
    pub fullscreen: bool,
    /// Whether it has the focus among those that float, or among those that do not.
    pub focused: bool,
    /// Whether the focus can go there: bars can't have it.
    pub selectable: bool,
    /// What stands in its frame.
    pub title: String,
    /// Where its foremost program is, absolute; none where Zellij can't tell.
    pub directory: Option<String>,
    /// Its foremost program and the arguments; empty where Zellij can't tell.
    pub command: Vec<String>,
    /// The process that was started in it, a shell as a rule.
    pub pid: Option<i32>,
    /// What a command pane was opened for, as one line.
    pub opened_for: Option<String>,
    /// Whether its program has ended.
    pub exited: bool,
    /// How it ended.
    pub exit_status: Option<i32>,
    /// Whether it waits for a key before its program is run, or run again.
    pub held: bool,
    /// The plugin in it.
    pub plugin: Option<PluginPane>,
}

/// What a pane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaneId {
    /// A terminal.
    Terminal(u32),
    /// A plugin.
    Plugin(u32),
}

impl Default for PaneId {
    fn default() -> Self {
        Self::Terminal(0)
    }
}

/// The plugin in a pane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginPane {
    /// Where it was loaded from, e.g. `zellij:compact-bar`.
    pub url: String,
    /// What it was told.
    pub configuration: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn comes_back<T>(value: &T, line: &str)
    where
        T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        assert_eq!(serde_json::to_string(value).expect("it is JSON"), line);
        assert_eq!(&serde_json::from_str::<T>(line).expect("it is read"), value);
    }

    #[test]
    fn what_is_pushed_reads_as_it_was_written() {
        comes_back(&Push::Changed, r#"{"push":"changed"}"#);
        comes_back(
            &Push::Progress { call: 7, progress: "Pushing".into() },
            r#"{"push":"progress","data":{"call":7,"progress":{"text":"Pushing"}}}"#,
        );
        comes_back(&Push::Watch(Watching::Well), r#"{"push":"watch","data":{"state":"well"}}"#);
        comes_back(
            &Push::News { sessions: vec!["session-a".into()] },
            r#"{"push":"news","data":{"sessions":["session-a"]}}"#,
        );
    }

    #[test]
    fn what_everybody_is_told_names_nothing_of_the_users() {
        let progress = Push::Progress { call: 1, progress: "Pushing to origin/secret".into() };
        assert_eq!(progress.for_anyone(), None);
        let failure = Failure {
            code: "convosync::store::unreachable".into(),
            message: "the store in /secret does not answer".into(),
            help: Some("mount /secret".into()),
            argument: Some("secret".into()),
        };
        let told = Push::Watch(Watching::Troubled(failure)).for_anyone();
        let line = serde_json::to_string(&told).expect("it is JSON");
        assert!(
            line.contains("convosync::store::unreachable") && !line.contains("secret"),
            "{line}"
        );
        for push in [Push::Changed, Push::Watch(Watching::Well)] {
            assert_eq!(push.for_anyone(), Some(push));
        }
    }

    #[test]
    fn an_address_is_only_what_zellij_reads_as_it_was_meant() {
        let told = |told: &[(&str, &str)]| -> BTreeMap<String, String> {
            told.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let address = Address::of("file:/p.wasm", &told(&[("role", "daemon"), ("helper", "/a=b")]));
        let configuration = address.expect("it can be said").configuration;
        assert_eq!(configuration, "helper=/a=b,role=daemon");
        assert_eq!(Address::of("file:/p.wasm", &told(&[("helper", "/a,b")])), None);
        assert_eq!(Address::of("file:/p.wasm", &told(&[("a=b", "c")])), None);
        assert_eq!(Address::of("file:/p.wasm", &told(&[])), None);
        for url in ["", "convosync", "zellij:strider", "file:/a%20b.wasm", "file:/a#b.wasm"] {
            assert_eq!(Address::of(url, &told(&[("role", "daemon")])), None, "{url}");
        }
    }

    #[test]
    fn a_call_reads_as_it_was_written() {
        let (protocol, version, verb) = (1, "0.1.0".to_owned(), Verb::Status);
        let call = Call { protocol, version, call: 3, skip: 0, plugin: None, verb };
        comes_back(
            &call,
            r#"{"protocol":1,"version":"0.1.0","call":3,"skip":0,"verb":{"verb":"status"}}"#,
        );
    }

    #[test]
    fn a_snapshot_reads_as_it_was_written() {
        let pane = Pane { id: PaneId::Terminal(3), title: "vi \"x\"".into(), ..Pane::default() };
        let tab = Tab { name: "größe".into(), panes: vec![pane], ..Tab::default() };
        let snapshot = Snapshot { session: "s".into(), tabs: vec![tab] };
        let line = serde_json::to_string(&snapshot).expect("it is JSON");
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(serde_json::from_str::<Snapshot>(&line).expect("it is read"), snapshot);
    }
}
