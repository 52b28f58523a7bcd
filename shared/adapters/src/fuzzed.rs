//! Doors for hostile texts, in builds that look for what breaks on them (`cargo xtask fuzz`) alone.

use convosync_core::{Layout, Pane, Runs, Size};
use convosync_engine::ports::{NewPane, NewRuns};

use crate::{git, settings, zellij};

/// Reads a text as the user's settings.
pub fn settings(text: &str) {
    settings::read(text);
}

/// A saved layout as Zellij would be handed it. None of its commands starts by itself.
#[must_use]
pub fn kdl(layout: &Layout, here: Option<Size>) -> String {
    let mut opened = |pane: Pane| {
        let runs = match pane.runs {
            Runs::Command(command) => NewRuns::Waiting(command),
            Runs::Plugin(url) => NewRuns::Plugin(url.as_str().to_owned()),
            Runs::Shell | Runs::Conversation(_) => NewRuns::Shell,
        };
        let path = pane.place.map(|place| place.path.to_string()).unwrap_or_default();
        let directory = std::path::Path::new("/home/me").join(path);
        Some(NewPane { name: pane.name, directory, runs, focused: pane.focused, text: None })
    };
    let tabs: Vec<_> = layout.tabs.iter().cloned().map(|tab| tab.map(&mut opened)).collect();
    zellij::written(&tabs, here)
}

/// What a text would be to git: a branch, a remote, a URL and what is shown of it.
#[must_use]
pub fn git_names(text: &str) -> GitNames {
    git::names(text)
}

/// What git is called with where a save names it.
#[derive(Debug)]
pub struct GitNames {
    /// It may be a branch.
    pub branch: bool,
    /// It may be a remote.
    pub remote: bool,
    /// As a URL that is compared.
    pub normal: String,
    /// As a URL that people see.
    pub shown: String,
}
