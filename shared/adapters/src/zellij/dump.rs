//! What `dump-layout` tells of panes and `list-panes` does not: where the words of a command end,
//! where a command that waits would run, and which names are the user's.

use std::path::PathBuf;

use kdl::{KdlDocument, KdlNode};

/// The terminal panes of each tab.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dump {
    tabs: Vec<Vec<Option<Leaf>>>,
}

/// A terminal pane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) name: Option<String>,
    pub(super) directory: Option<PathBuf>,
    pub(super) words: Option<Vec<String>>,
}

impl Leaf {
    /// The command as `list-panes` tells it.
    fn joined(&self) -> Option<String> {
        self.words.as_ref().map(|words| words.join(" "))
    }
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
            let mut leaves = Vec::new();
            collect(tab, &top, &mut leaves);
            leaves.into_iter().map(Some).collect()
        });
        Self { tabs: tabs.collect() }
    }

    /// Takes the pane of a tab that fits best; none if none does.
    pub(super) fn take(&mut self, tab: usize, wanted: Wanted<'_>) -> Option<Leaf> {
        let leaves = self.tabs.get_mut(tab)?;
        let fits = |leaf: &Leaf| {
            let joined = leaf.joined();
            let same = joined.as_deref() == wanted.command;
            // A shell that waits has no command in one of the two.
            if !same && joined.is_some() {
                return None;
            }
            let directory = leaf.directory.as_ref().and_then(|directory| directory.to_str());
            let in_place = directory == wanted.directory;
            let named = leaf.name.as_deref() == Some(wanted.title);
            // Where a name or a directory is known and is another one, so is the pane.
            let other = (leaf.name.is_some() && !named)
                || (wanted.directory.is_some() && directory.is_some() && !in_place);
            (!other).then_some((same, named, in_place))
        };
        let best = leaves.iter_mut().filter_map(|slot| Some((fits(slot.as_ref()?)?, slot)));
        // Of equal ones the first.
        let best = best.rev().max_by_key(|(fit, _)| *fit)?;
        best.1.take()
    }
}

/// The children of the node `layout`.
pub(super) fn layout_of(text: &str) -> Option<KdlDocument> {
    text.parse::<KdlDocument>().ok()?.get("layout")?.children().cloned()
}

fn collect(node: &KdlNode, top: &std::path::Path, leaves: &mut Vec<Leaf>) {
    let children = node.children().map(KdlDocument::nodes).unwrap_or_default();
    let inside = |child: &&KdlNode| matches!(child.name().value(), "pane" | "floating_panes");
    let mut panes = children.iter().filter(inside).peekable();
    if panes.peek().is_some() {
        panes.for_each(|pane| collect(pane, top, leaves));
    } else if node.name().value() == "pane" && !has(node, "plugin") {
        leaves.push(leaf(node, top));
    }
}

fn leaf(node: &KdlNode, top: &std::path::Path) -> Leaf {
    let text = |name: &str| node.get(name).and_then(|entry| entry.value().as_string());
    let arguments = node.children().and_then(|children| children.get("args"));
    let arguments = arguments.map(KdlNode::entries).unwrap_or_default().iter();
    let arguments = arguments.filter_map(|entry| entry.value().as_string());
    let words = text("command")
        .map(|program| std::iter::once(program).chain(arguments).map(str::to_owned).collect());
    let directory = match text("cwd") {
        Some(below) => top.join(below),
        None => top.to_owned(),
    };
    Leaf {
        name: text("name").map(str::to_owned),
        directory: directory.is_absolute().then_some(directory),
        words,
    }
}

/// Whether a node has a child of this name.
pub(super) fn has(node: &KdlNode, name: &str) -> bool {
    node.children().is_some_and(|children| children.get(name).is_some())
}

fn first_text(node: &KdlNode) -> Option<&str> {
    node.entries().first()?.value().as_string()
}
