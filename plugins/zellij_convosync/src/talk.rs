//! What sidebars and the daemon say to each other.

use std::collections::BTreeSet;

use convosync_wire::zellij::Watching;
use convosync_wire::{Failure, HereReport, Progress, SessionRow};
use serde::{Deserialize, Serialize};

/// A sidebar wants something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// To be told of everything from now on.
    Hello,
    /// A call of the helper. The state is told at once, as a word that it was heard.
    Call {
        /// The sidebar's own number.
        number: u64,
        /// Where the user was who wanted it: by now that may be elsewhere.
        place: Place,
        /// What to do, as JSON.
        verb: String,
        /// Whether it may change what is shown.
        changes: bool,
    },
    /// A look at the store.
    Refresh,
    /// More sessions.
    More,
    /// It was looked at: no longer new.
    Seen(String),
    /// Whatever is wrong was read.
    Dismiss,
    /// Back to the terminal that had the focus.
    Leave,
    /// A device that asks is to be let in: its words are typed into a terminal, and nowhere else.
    Approve,
}

/// The daemon tells a sidebar something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Tell {
    /// The sessions.
    Sessions(Sessions),
    /// What else there is.
    State(Box<State>),
    /// How far a call is.
    Progress {
        /// The sidebar's number.
        number: u64,
        /// What is being done.
        progress: Progress,
    },
    /// What came of a call.
    Returned {
        /// The sidebar's number.
        number: u64,
        /// The answer as JSON, or why there is none.
        answer: Result<String, Failure>,
    },
    /// The user wants to save: ask for a message.
    AskToSave,
}

/// The sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sessions {
    /// Whether they were listed at all.
    pub(crate) listed: bool,
    /// Their rows.
    pub(crate) rows: Vec<SessionRow>,
    /// Whether there may be more.
    pub(crate) more: bool,
    /// Those that came since somebody looked.
    pub(crate) fresh: BTreeSet<String>,
}

/// What there is beside the sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The tab's focused terminal.
    pub(crate) pane: Option<u32>,
    /// Where it is.
    pub(crate) directory: Option<String>,
    /// What is there.
    pub(crate) here: Option<HereReport>,
    /// What is wrong with what nobody asked for.
    pub(crate) trouble: Option<Failure>,
    /// How the watch stands.
    pub(crate) watching: Option<Watching>,
    /// Whether the store is being looked at.
    pub(crate) looking: bool,
}

impl State {
    pub(crate) fn place(&self) -> Place {
        Place { pane: self.pane, directory: self.directory.clone() }
    }
}

/// Where a sidebar's user is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The focused terminal of the tab.
    pub(crate) pane: Option<u32>,
    /// Its directory.
    pub(crate) directory: Option<String>,
}
