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
            Some(tile) => self.tile(tile, Room::ALL),
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

    fn tile(&mut self, tile: &Tile<NewPane>, room: Room) -> KdlNode {
        match tile {
            Tile::Pane(pane) => self.pane(pane),
            Tile::Split { direction, parts } => {
                let mut node = KdlNode::new("pane");
                if *direction == Direction::Columns {
                    put(&mut node, "split_direction", "vertical");
                }
                let sizes: Vec<_> = parts.iter().map(|(size, _)| *size).collect();
                let shares = shares(&sizes, room.along(*direction));
                let nodes = parts.iter().zip(shares).map(|((_, tile), share)| {
                    let mut node = self.tile(tile, room.with(*direction, share.percent));
                    if share.is_written {
                        put(&mut node, "size", format!("{}%", share.percent));
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

/// What a tile has of the panes' room, in percent: Zellij counts all sizes from the whole, however
/// deep they are.
#[derive(Debug, Clone, Copy)]
struct Room {
    columns: f64,
    rows: f64,
}

impl Room {
    const ALL: Self = Self { columns: 100.0, rows: 100.0 };

    fn along(self, direction: Direction) -> f64 {
        match direction {
            Direction::Columns => self.columns,
            Direction::Rows => self.rows,
        }
    }

    fn with(self, direction: Direction, percent: f64) -> Self {
        match direction {
            Direction::Columns => Self { columns: percent, ..self },
            Direction::Rows => Self { rows: percent, ..self },
        }
    }
}

/// What a part of a split has of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Share {
    percent: f64,
    /// Whether it has to be said: parts of which it is not share evenly what is left.
    is_written: bool,
}

/// Sizes as whole percents, which is all that Zellij takes. Even ones are not said, and of others the
/// greatest is not: it takes what rounding leaves.
fn shares(sizes: &[u16], room: f64) -> Vec<Share> {
    let (least, most) = (sizes.iter().min(), sizes.iter().max());
    let even = least.zip(most).is_none_or(|(least, most)| most - least <= 1);
    let greatest = (0..sizes.len()).rev().max_by_key(|at| sizes[*at]).filter(|_| !even);
    let sum: f64 = sizes.iter().map(|size| f64::from(*size)).sum();
    let part = |(at, size): (usize, &u16)| match greatest {
        None => Share { percent: room / sizes.len() as f64, is_written: false },
        Some(greatest) => {
            let percent = (room * f64::from(*size) / sum).round().max(1.0);
            Share { percent, is_written: at != greatest }
        }
    };
    let mut shares: Vec<_> = sizes.iter().enumerate().map(part).collect();
    if let Some(greatest) = greatest {
        let others = shares.iter().filter(|share| share.is_written);
        shares[greatest].percent = room - others.map(|share| share.percent).sum::<f64>();
        if shares[greatest].percent < 1.0 {
            // More parts than percents: Zellij makes them even.
            return vec![
                Share { percent: room / sizes.len() as f64, is_written: false };
                sizes.len()
            ];
        }
    }
    shares
}

/// A part of a whole as a part of another one, to the nearest.
fn scaled(part: u16, whole: u16, other: u64) -> u64 {
    let whole = u64::from(whole.max(1));
    (u64::from(part) * other + whole / 2) / whole
}
