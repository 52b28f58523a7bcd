//! How the panes of a terminal lie: tabs, what is tiled in them, what floats over it.
//!
//! A model of our own. Which program shows the panes is no matter here, and nothing of its
//! configuration is in it. Whatever is in a pane was checked when its type was made, so a layout
//! from another device can name nothing that escapes a folder, acts on a terminal or looks like
//! something else than it is.

mod arrange;
mod command;
mod label;
mod place;
#[cfg(test)]
mod tests;

pub use arrange::{Area, arranged};
pub use command::{NoCommand, PaneCommand, PluginUrl};
pub use label::Label;
pub use place::{Base, FolderPath, Place};

use crate::id::ConversationId;
use crate::manifest::FileState;

/// Tabs that a layout has at most.
pub const MOST_TABS: usize = 64;

/// Panes that a layout has at most, in all of its tabs.
pub const MOST_PANES: usize = 256;

/// Levels of a tab: splits inside of splits, and the panes in the innermost.
pub(crate) const DEEPEST: usize = 16;

/// The panes of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout<P = Pane> {
    /// From left to right.
    pub tabs: Vec<Tab<P>>,
}

/// One tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab<P = Pane> {
    /// What it is called.
    pub name: Option<Label>,
    /// Whether the user was in it.
    pub focused: bool,
    /// Its columns and rows, which all sizes in it are parts of.
    pub size: Size,
    /// What is tiled, if anything is.
    pub tiled: Option<Tile<P>>,
    /// What floats, the lowest first.
    pub floating: Vec<Floating<P>>,
    /// Whether what floats was hidden.
    pub hides_floating: bool,
}

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// A part of a tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tile<P = Pane> {
    /// One pane.
    Pane(P),
    /// Several parts, each with its columns or rows.
    Split {
        /// How they lie.
        direction: Direction,
        /// From the left, or from the top.
        parts: Vec<(u16, Tile<P>)>,
    },
    /// Panes on top of each other, of which one is unfolded.
    Stack {
        /// From the top.
        panes: Vec<P>,
        /// The place of the unfolded one.
        unfolded: usize,
    },
}

/// How the parts of a split lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Beside each other.
    Columns,
    /// Below each other.
    Rows,
}

/// A pane over the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floating<P = Pane> {
    /// Where it is.
    pub area: Area,
    /// What is in it.
    pub pane: P,
}

/// One pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pane {
    /// What the user calls it.
    pub name: Option<Label>,
    /// Where it was, if that is known.
    pub place: Option<Place>,
    /// What ran in it.
    pub runs: Runs,
    /// Whether the user was in it, of the panes of its tab that are tiled, or that float.
    pub focused: bool,
    /// The text that was in it, with colours: a file of the save.
    pub text: Option<FileState>,
}

/// What ran in a pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Runs {
    /// A shell that waits.
    #[default]
    Shell,
    /// A program.
    Command(PaneCommand),
    /// An assistant that has this conversation open.
    Conversation(ConversationId),
    /// A plugin of the program that shows the panes.
    Plugin(PluginUrl),
}

impl<P> Layout<P> {
    /// Every pane, tab by tab.
    pub fn panes(&self) -> impl Iterator<Item = &P> {
        self.tabs.iter().flat_map(Tab::panes)
    }

    /// The same, to be changed.
    pub fn panes_mut(&mut self) -> impl Iterator<Item = &mut P> {
        self.tabs.iter_mut().flat_map(Tab::panes_mut)
    }
}

impl<P> Tab<P> {
    /// Every pane, what is tiled first.
    pub fn panes(&self) -> impl Iterator<Item = &P> {
        let mut tiled = Vec::new();
        self.tiled.iter().for_each(|tile| tile.collect(&mut tiled));
        tiled.into_iter().chain(self.floating.iter().map(|floating| &floating.pane))
    }

    /// The same, to be changed.
    pub fn panes_mut(&mut self) -> impl Iterator<Item = &mut P> {
        let mut tiled = Vec::new();
        self.tiled.iter_mut().for_each(|tile| tile.collect_mut(&mut tiled));
        tiled.into_iter().chain(self.floating.iter_mut().map(|floating| &mut floating.pane))
    }

    /// The tab with other panes; those that become none are not in it, and what is tiled beside
    /// them takes their room.
    pub fn map<Q>(self, change: &mut impl FnMut(P) -> Option<Q>) -> Tab<Q> {
        let Self { name, focused, size, tiled, floating, hides_floating } = self;
        let floats = |Floating { area, pane }, change: &mut dyn FnMut(P) -> Option<Q>| {
            Some(Floating { area, pane: change(pane)? })
        };
        Tab {
            name,
            focused,
            size,
            tiled: tiled.and_then(|tile| tile.map(change)),
            floating: floating.into_iter().filter_map(|one| floats(one, change)).collect(),
            hides_floating,
        }
    }
}

impl<P> Tile<P> {
    /// Parts as one tile: none of nothing, and of one that one.
    #[must_use]
    pub fn split(direction: Direction, mut parts: Vec<(u16, Self)>) -> Option<Self> {
        match parts.len() {
            0 | 1 => parts.pop().map(|(_, tile)| tile),
            _ => Some(Self::Split { direction, parts }),
        }
    }

    /// Panes as a stack: none of nothing, and of one that one.
    #[must_use]
    pub fn stack(mut panes: Vec<P>, unfolded: usize) -> Option<Self> {
        match panes.len() {
            0 | 1 => panes.pop().map(Self::Pane),
            count => Some(Self::Stack { panes, unfolded: unfolded.min(count - 1) }),
        }
    }

    fn collect<'a>(&'a self, into: &mut Vec<&'a P>) {
        match self {
            Self::Pane(pane) => into.push(pane),
            Self::Split { parts, .. } => parts.iter().for_each(|(_, tile)| tile.collect(into)),
            Self::Stack { panes, .. } => into.extend(panes),
        }
    }

    fn collect_mut<'a>(&'a mut self, into: &mut Vec<&'a mut P>) {
        match self {
            Self::Pane(pane) => into.push(pane),
            Self::Split { parts, .. } => {
                parts.iter_mut().for_each(|(_, tile)| tile.collect_mut(into));
            }
            Self::Stack { panes, .. } => into.extend(panes),
        }
    }

    fn map<Q>(self, change: &mut impl FnMut(P) -> Option<Q>) -> Option<Tile<Q>> {
        match self {
            Self::Pane(pane) => change(pane).map(Tile::Pane),
            Self::Split { direction, parts } => {
                let part = |(size, tile): (u16, Self)| Some((size, tile.map(change)?));
                Tile::split(direction, parts.into_iter().filter_map(part).collect())
            }
            Self::Stack { panes, unfolded } => {
                let mut at = 0;
                let mut mapped = Vec::new();
                for (place, pane) in panes.into_iter().enumerate() {
                    if place == unfolded {
                        at = mapped.len();
                    }
                    mapped.extend(change(pane));
                }
                Tile::stack(mapped, at)
            }
        }
    }
}
