//! Layouts as Zellij reads them: KDL 1, written by a library, one node on each line, every text
//! quoted.

use convosync_core::{Area, Direction, Floating, PaneCommand, Size, Tab, Tile};
use convosync_engine::ports::{NewPane, NewRuns};
use kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};

use super::dump::{has, layout_of};

/// What is around the panes of a tab: bars and a sidebar, with a place in the middle.
///
/// A tab from a layout of its own gets nothing of what the session's other tabs have, so it has to
/// be in there.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    nodes: Vec<KdlNode>,
}

impl Frame {
    /// The frame of new tabs as a layout tells it; none if it tells of none.
    pub(super) fn of(layout: &str) -> Option<Self> {
        let layout = layout_of(layout)?;
        let template = ["new_tab_template", "default_tab_template"]
            .iter()
            .find_map(|name| layout.get(name)?.children())
            .unwrap_or(&layout);
        let of_tab = |node: &&KdlNode| matches!(node.name().value(), "pane" | "children");
        let nodes: Vec<_> = template.nodes().iter().filter(of_tab).cloned().collect();
        let frame = Self { nodes };
        frame.clone().around(KdlNode::new("pane"), &mut false).is_some().then_some(frame)
    }

    /// The frame with something in its place. Other terminals of it are left out: what was in the
    /// session's panes is what comes back.
    fn around(self, inside: KdlNode, found: &mut bool) -> Option<Vec<KdlNode>> {
        let nodes = self.nodes.into_iter();
        let filled: Vec<_> = nodes.filter_map(|node| fill(node, &inside, found)).collect();
        found.then_some(filled)
    }
}

fn fill(mut node: KdlNode, inside: &KdlNode, found: &mut bool) -> Option<KdlNode> {
    if has(&node, "plugin") {
        return Some(node);
    }
    let in_it = |child: &KdlNode| matches!(child.name().value(), "pane" | "children");
    let splits = node.children().is_some_and(|children| children.nodes().iter().any(in_it));
    if !splits {
        let first = !std::mem::replace(found, true);
        let size = node.get("size").cloned();
        return first.then(|| with(inside.clone(), size));
    }
    let children = node.ensure_children();
    let filled = std::mem::take(children.nodes_mut()).into_iter();
    *children.nodes_mut() = filled.filter_map(|child| fill(child, inside, found)).collect();
    let empty = children.nodes().is_empty();
    (!empty).then_some(node)
}

fn with(mut node: KdlNode, entry: Option<KdlEntry>) -> KdlNode {
    node.entries_mut().extend(entry);
    node
}

/// The layout of tabs. `here`: the size of the terminal that they open in, if it is known. `keep` puts the text of a pane where Zellij reads it from, and gives the path.
pub(super) fn layout(
    tabs: &[Tab<NewPane>],
    frame: Option<&Frame>,
    here: Option<Size>,
    keep: &mut dyn FnMut(&str) -> Option<String>,
) -> String {
    let mut writer = Writer { here, keep };
    let mut layout = KdlNode::new("layout");
    let nodes = tabs.iter().map(|one| writer.tab(one, frame)).collect();
    *layout.ensure_children().nodes_mut() = nodes;
    let mut document = KdlDocument::new();
    document.nodes_mut().push(layout);
    document.to_string()
}

struct Writer<'a> {
    here: Option<Size>,
    keep: &'a mut dyn FnMut(&str) -> Option<String>,
}

impl Writer<'_> {
    fn tab(&mut self, tab: &Tab<NewPane>, frame: Option<&Frame>) -> KdlNode {
        let mut node = KdlNode::new("tab");
        if let Some(name) = &tab.name {
            put(&mut node, "name", name.as_str());
        }
        switch(&mut node, "focus", tab.focused);
        switch(&mut node, "hide_floating_panes", tab.hides_floating);
        let tiled = match &tab.tiled {
            Some(tile) => self.tile(tile),
            None => KdlNode::new("pane"),
        };
        let framed = frame.and_then(|frame| frame.clone().around(tiled.clone(), &mut false));
        let mut nodes = framed.unwrap_or_else(|| vec![tiled]);
        if !tab.floating.is_empty() {
            let mut floating = KdlNode::new("floating_panes");
            let panes = tab.floating.iter().map(|one| self.floating(one, tab.size)).collect();
            *floating.ensure_children().nodes_mut() = panes;
            nodes.push(floating);
        }
        *node.ensure_children().nodes_mut() = nodes;
        node
    }

    fn tile(&mut self, tile: &Tile<NewPane>) -> KdlNode {
        match tile {
            Tile::Pane(pane) => self.pane(pane),
            Tile::Split { direction, parts } => {
                let mut node = KdlNode::new("pane");
                if *direction == Direction::Columns {
                    put(&mut node, "split_direction", "vertical");
                }
                let sizes: Vec<_> = parts.iter().map(|(size, _)| *size).collect();
                let sizes = percents(&sizes);
                let nodes = parts.iter().enumerate().map(|(at, (_, tile))| {
                    let mut node = self.tile(tile);
                    if let Some(sizes) = &sizes {
                        put(&mut node, "size", format!("{}%", sizes[at]));
                    }
                    node
                });
                *node.ensure_children().nodes_mut() = nodes.collect();
                node
            }
            Tile::Stack { panes, unfolded } => {
                let mut node = KdlNode::new("pane");
                switch(&mut node, "stacked", true);
                let nodes = panes.iter().enumerate().map(|(at, pane)| {
                    let mut node = self.pane(pane);
                    switch(&mut node, "expanded", at == *unfolded);
                    node
                });
                *node.ensure_children().nodes_mut() = nodes.collect();
                node
            }
        }
    }

    fn floating(&mut self, floating: &Floating<NewPane>, size: Size) -> KdlNode {
        let mut node = self.pane(&floating.pane);
        let Area { x, y, size: Size { columns, rows } } = floating.area;
        let here = self.here.map_or((None, None), |here| (Some(here.columns), Some(here.rows)));
        for (name, part, whole, here, least) in [
            ("x", x, size.columns, here.0, 0),
            ("y", y, size.rows, here.1, 0),
            ("width", columns, size.columns, here.0, 1),
            ("height", rows, size.rows, here.1, 1),
        ] {
            match here {
                Some(here) => {
                    let cells = scaled(part, whole, u64::from(here)).max(least);
                    put(&mut node, name, i64::try_from(cells).unwrap_or_default());
                }
                None => {
                    let percent = scaled(part, whole, 100).clamp(least, 100);
                    put(&mut node, name, format!("{percent}%"));
                }
            }
        }
        node
    }

    fn pane(&mut self, pane: &NewPane) -> KdlNode {
        let mut node = KdlNode::new("pane");
        if let Some(name) = &pane.name {
            put(&mut node, "name", name.as_str());
        }
        switch(&mut node, "focus", pane.focused);
        match &pane.runs {
            NewRuns::Plugin(name) => {
                let mut plugin = KdlNode::new("plugin");
                put(&mut plugin, "location", format!("zellij:{name}"));
                node.ensure_children().nodes_mut().push(plugin);
                return node;
            }
            NewRuns::Shell => {}
            NewRuns::Waiting(command) => {
                switch(&mut node, "start_suspended", true);
                self.command(&mut node, command);
            }
            NewRuns::Running(command) => self.command(&mut node, command),
        }
        if let Some(directory) = pane.directory.to_str() {
            put(&mut node, "cwd", unexpanded(directory));
        }
        if let Some(path) = pane.text.as_deref().and_then(|text| (self.keep)(text)) {
            put(&mut node, "contents_file", path);
        }
        node
    }

    fn command(&mut self, node: &mut KdlNode, command: &PaneCommand) {
        put(node, "command", unexpanded(command.program()));
        if !command.arguments().is_empty() {
            let mut arguments = KdlNode::new("args");
            let entry = |argument: &String| KdlEntry::new(argument.as_str());
            arguments.entries_mut().extend(command.arguments().iter().map(entry));
            node.ensure_children().nodes_mut().push(arguments);
        }
    }
}

/// Zellij puts variables into `command` and `cwd` (shellexpand): a dollar sign is written twice. The
/// tilde that it would take for the home directory is never first in what is written here.
fn unexpanded(text: &str) -> String {
    text.replace('$', "$$")
}

fn put(node: &mut KdlNode, name: &str, value: impl Into<KdlValue>) {
    node.entries_mut().push(KdlEntry::new_prop(name, value));
}

fn switch(node: &mut KdlNode, name: &str, on: bool) {
    if on {
        put(node, name, true);
    }
}

/// Sizes as whole percents that add up to 100, which is all that Zellij takes; none where they are
/// even, as Zellij makes them by itself.
fn percents(sizes: &[u16]) -> Option<Vec<u64>> {
    let (least, most) = (sizes.iter().min()?, sizes.iter().max()?);
    if most - least <= 1 || sizes.len() > 100 {
        return None;
    }
    let sum: u64 = sizes.iter().map(|size| u64::from(*size)).sum();
    let share = |size: u16| u64::from(size) * 100;
    let mut percents: Vec<u64> = sizes.iter().map(|size| (share(*size) / sum).max(1)).collect();
    // What rounding leaves goes where it is missed most.
    let mut by_rest: Vec<usize> = (0..sizes.len()).collect();
    by_rest.sort_by_key(|at| std::cmp::Reverse(share(sizes[*at]) % sum));
    let given: u64 = percents.iter().sum();
    for at in by_rest.iter().cycle().take(100_usize.saturating_sub(given as usize)) {
        percents[*at] += 1;
    }
    for _ in 100..given {
        let widest = percents.iter_mut().max().expect("there are sizes");
        *widest -= 1;
    }
    Some(percents)
}

/// A part of a whole as a part of another one, to the nearest.
fn scaled(part: u16, whole: u16, other: u64) -> u64 {
    let whole = u64::from(whole.max(1));
    (u64::from(part) * other + whole / 2) / whole
}
