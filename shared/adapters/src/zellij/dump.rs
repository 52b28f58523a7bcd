//! What `dump-layout` tells of panes and `list-panes` does not: where the words of a command end,
//! where a command that waits would run, which names are the user's, and what is stacked.

use std::path::{Path, PathBuf};

use kdl::{KdlDocument, KdlNode};

/// The tabs of a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dump {
    tabs: Vec<DumpTab>,
}

/// The terminal panes of a tab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DumpTab {
    /// None once somebody took it.
    leaves: Vec<Option<Leaf>>,
    pub(super) stacks: Vec<Stack>,
}

/// Panes on top of each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stack {
    /// Where they are among all panes.
    pub(super) leaves: Vec<usize>,
    /// The place of the unfolded one.
    pub(super) unfolded: usize,
}

/// A terminal pane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) name: Option<String>,
    pub(super) directory: Option<PathBuf>,
    pub(super) words: Option<Vec<String>>,
}

/// A pane as `list-panes` tells of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) title: &'a str,
    pub(super) directory: Option<&'a str>,
    pub(super) command: Option<&'a str>,
}

impl Dump {
    /// What can't be read tells nothing.
    pub(super) fn parse(text: &str) -> Self {
        let Some(layout) = layout_of(text) else { return Self::default() };
        let top = layout.get("cwd").and_then(first_text).map(PathBuf::from).unwrap_or_default();
        let tabs = layout.nodes().iter().filter(|node| node.name().value() == "tab");
        let tabs = tabs.map(|tab| {
            let mut known = DumpTab::default();
            known.collect(tab, &top);
            known
        });
        Self { tabs: tabs.collect() }
    }

    /// How many terminal panes each tab has.
    pub(super) fn panes(&self) -> Vec<usize> {
        self.tabs.iter().map(|tab| tab.leaves.len()).collect()
    }

    /// The tab at this place.
    pub(super) fn tab(&mut self, position: usize) -> DumpTab {
        self.tabs.get_mut(position).map(std::mem::take).unwrap_or_default()
    }
}

impl DumpTab {
    fn collect(&mut self, node: &KdlNode, top: &Path) {
        let children = node.children().map(KdlDocument::nodes).unwrap_or_default();
        let inside = |child: &&KdlNode| matches!(child.name().value(), "pane" | "floating_panes");
        let panes: Vec<_> = children.iter().filter(inside).collect();
        let from = self.leaves.len();
        for pane in &panes {
            self.collect(pane, top);
        }
        if panes.is_empty() && node.name().value() == "pane" && !has(node, "plugin") {
            self.leaves.push(Some(leaf(node, top)));
        } else if is(node, "stacked") {
            // A plugin in a stack shifts what is counted: then it is none that is known.
            let leaves: Vec<_> = (from..self.leaves.len()).collect();
            if !leaves.is_empty() && leaves.len() == panes.len() {
                let unfolded = panes.iter().position(|pane| is(pane, "expanded"));
                self.stacks.push(Stack { leaves, unfolded: unfolded.unwrap_or_default() });
            }
        }
    }

    /// Takes the pane at this place.
    pub(super) fn at(&mut self, place: usize) -> Option<Leaf> {
        self.leaves.get_mut(place)?.take()
    }

    /// Finds the pane among these places that fits best, if one does.
    pub(super) fn find(
        &self,
        mut among: impl FnMut(usize) -> bool,
        wanted: Wanted<'_>,
    ) -> Option<usize> {
        let places = self.leaves.iter().enumerate().filter(|(place, _)| among(*place));
        let fits = places.filter_map(|(place, leaf)| Some((leaf.as_ref()?.fits(wanted)?, place)));
        // Of equal ones the first.
        let best = fits.max_by_key(|(fit, place)| (*fit, std::cmp::Reverse(*place)))?;
        Some(best.1)
    }

    /// Whether a pane is in no stack.
    pub(super) fn is_alone(&self, place: usize) -> bool {
        !self.stacks.iter().any(|stack| stack.leaves.contains(&place))
    }
}

impl Leaf {
    /// How well it fits: command, name, directory. None: it is another one.
    fn fits(&self, wanted: Wanted<'_>) -> Option<(bool, bool, bool)> {
        let joined = self.words.as_ref().map(|words| words.join(" "));
        let same = joined.as_deref() == wanted.command;
        let directory = self.directory.as_ref().and_then(|directory| directory.to_str());
        let in_place = directory == wanted.directory;
        let named = self.name.as_deref() == Some(wanted.title);
        // A shell that waits has a command in one of the two only.
        let other = (joined.is_some() && !same)
            || (self.name.is_some() && !named)
            || (wanted.directory.is_some() && directory.is_some() && !in_place);
        (!other).then_some((same, named, in_place))
    }
}

/// The children of the node `layout`.
pub(super) fn layout_of(text: &str) -> Option<KdlDocument> {
    text.parse::<KdlDocument>().ok()?.get("layout")?.children().cloned()
}

fn leaf(node: &KdlNode, top: &Path) -> Leaf {
    let text = |name: &str| node.get(name).and_then(|entry| entry.value().as_string());
    let arguments = node.children().and_then(|children| children.get("args"));
    let arguments = arguments.map(KdlNode::entries).unwrap_or_default().iter();
    let arguments = arguments.filter_map(|entry| entry.value().as_string());
    let words = text("command")
        .map(|program| std::iter::once(program).chain(arguments).map(str::to_owned).collect());
    let directory = text("cwd").map(|below| top.join(below));
    Leaf {
        name: text("name").map(str::to_owned),
        directory: directory.filter(|directory| directory.is_absolute()),
        words,
    }
}

/// Whether a node has a child of this name.
pub(super) fn has(node: &KdlNode, name: &str) -> bool {
    node.children().is_some_and(|children| children.get(name).is_some())
}

fn is(node: &KdlNode, name: &str) -> bool {
    node.get(name).and_then(|entry| entry.value().as_bool()).unwrap_or_default()
}

fn first_text(node: &KdlNode) -> Option<&str> {
    node.entries().first()?.value().as_string()
}
