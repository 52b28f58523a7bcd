//! What Zellij tells the plugin, and what it is told to do.

use std::collections::BTreeMap;

use convosync_wire::zellij::{Pane, PaneId, PluginPane, Tab};

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The user has granted the permissions.
    Granted,
    /// The user has not.
    Denied,
    /// The session, its tabs from left to right, and the panes of each.
    Session {
        /// The session's name.
        name: String,
        /// The tabs without their panes.
        tabs: Vec<Tab>,
        /// The panes by the position of their tab, without what [`Event::Looked`] tells.
        panes: BTreeMap<usize, Vec<Pane>>,
    },
    /// The session's plugins by their ids: what [`Effect::LookAtPlugins`] asked for.
    Plugins(BTreeMap<u32, PluginPane>),
    /// The tabs, without their panes.
    Tabs(Vec<Tab>),
    /// The panes by the position of their tab.
    Panes(BTreeMap<usize, Vec<Pane>>),
    /// A terminal is in another directory.
    Directory(u32, String),
    /// Where these panes are now, and which are gone: what [`Effect::LookAtPanes`] asked for.
    PanesLooked(Vec<(PaneId, Option<Pane>)>),
    /// Another program is foremost in a terminal.
    Command {
        /// The terminal.
        pane: u32,
        /// The program and its arguments.
        command: Vec<String>,
        /// Whether it runs in the shell; else it is the shell itself.
        foreground: bool,
    },
    /// What [`Effect::Look`] asked for.
    Looked {
        /// The terminal.
        pane: u32,
        /// Where it is.
        directory: Option<String>,
        /// What is foremost in it.
        command: Vec<String>,
        /// Its process.
        pid: Option<i32>,
    },
    /// What [`Effect::Run`] started has ended.
    Ended {
        /// The number of the call.
        call: u64,
        /// Its exit code.
        exit: Option<i32>,
        /// Its output.
        output: Vec<u8>,
        /// Its error output.
        errors: Vec<u8>,
    },
    /// A message of another plugin, or of this one.
    Message {
        /// The plugin.
        from: u32,
        /// Its name.
        name: String,
        /// What it says.
        payload: String,
    },
    /// A pipe from outside, or from a key binding.
    Pipe {
        /// Who waits for an answer, if somebody does.
        id: Option<String>,
        /// Its name.
        name: String,
        /// What it says.
        payload: String,
    },
    /// A key was pressed in the pane.
    Key(Key),
    /// The mouse was pressed on this line and column of the pane, from 0.
    Click(usize, usize),
    /// The wheel was turned, so many lines down.
    Scroll(isize),
    /// The pane has so many columns and rows.
    Size(usize, usize),
    /// The pane is seen, or no longer.
    Visible(bool),
    /// A time that [`Effect::Wake`] named has come.
    Woken,
}

/// A key that is not part of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Empties what was typed (Ctrl u).
    Clear,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first.
    Home,
    /// To the last.
    End,
    /// Tab.
    Tab,
}

/// Column, row, columns and rows of a pane.
pub type Place = [usize; 4];

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the user for the permissions, unless they were granted to this address before.
    RequestPermissions,
    /// Remember, beyond this session, that they were granted.
    RememberGrant,
    /// Draw the pane anew.
    Redraw,
    /// Ask Zellij for the directory, program and process of these terminals; [`Event::Looked`] each.
    Look(Vec<u32>),
    /// Ask Zellij where these panes are; [`Event::PanesLooked`]. What it tells by itself is now and
    /// then of a moment ago.
    LookAtPanes(Vec<PaneId>),
    /// Have Zellij tell from now on what happens in the session ([`Event::Session`], tabs, panes,
    /// directories and commands), or nothing of it. At first it does.
    Follow(bool),
    /// Ask Zellij for the session's plugins and what each was told; [`Event::Plugins`].
    LookAtPlugins,
    /// Start a program; [`Event::Ended`].
    Run {
        /// The number that comes back.
        call: u64,
        /// Program and arguments. It is started where Zellij was: a directory is an argument.
        argv: Vec<String>,
        /// Variables beside those of Zellij.
        env: BTreeMap<String, String>,
    },
    /// Say something to a plugin of this session.
    Send {
        /// The plugin.
        to: u32,
        /// The message's name.
        name: &'static str,
        /// What.
        payload: String,
    },
    /// Answer a pipe.
    Answer {
        /// Which.
        pipe: String,
        /// With this text.
        text: String,
    },
    /// Run a program in a terminal that floats over the tab.
    Open(Vec<String>),
    /// Open a sidebar that floats over the left edge of the tab.
    OpenColumn {
        /// The plugin's address.
        url: String,
        /// What it is told.
        configuration: BTreeMap<String, String>,
    },
    /// Arrange the tab that is shown by this layout. Every terminal stays; plugins that the layout
    /// does not have are closed.
    Arrange(String),
    /// Let this pane and the next one, from left to right and then down, exchange their places.
    Exchange(PaneId),
    /// Put these floating panes there.
    Float(Vec<(PaneId, Place)>),
    /// Close the pane of a plugin.
    Close(u32),
    /// Move the focus to a pane.
    Focus(PaneId),
    /// Send [`Event::Woken`] in so many milliseconds.
    Wake(i64),
}
