//! The tab as a layout of Zellij: KDL 1, one node on each line, every text quoted.

use std::fmt::Write as _;

use convosync_wire::zellij::{Pane, PluginPane};

use super::tree::{Part, Tree};
use super::{Bars, COLUMNS};

/// A layout that Zellij arranges the present tab by.
///
/// Its tab has the plugins alone, so that no terminal is opened for it; the terminals that are there
/// come to their places by the second part, which arranges what is there and opens nothing.
pub(super) fn with_column(tree: &Tree, bars: &Bars<'_>, column: &PluginPane) -> String {
    let leaves = tree.leaves();
    let others = leaves.iter().copied().flatten();
    let mut out = Lines::default();
    out.open("layout");
    out.open("tab");
    bars.above.iter().for_each(|bar| out.bar(bar));
    out.plugin("pane borderless=true", column);
    others.for_each(|plugin| out.plugin("pane", plugin));
    bars.below.iter().for_each(|bar| out.bar(bar));
    out.close();
    let panes = leaves.len() + bars.above.len() + bars.below.len() + 1;
    out.open("swap_tiled_layout name=\"convosync\"");
    out.open(&format!("tab exact_panes={panes}"));
    bars.above.iter().for_each(|bar| out.bar(bar));
    out.open("pane split_direction=\"vertical\"");
    out.plugin(&format!("pane size={COLUMNS} borderless=true"), column);
    match tree {
        // Zellij takes the column's cells off only for those that are beside it in one split.
        Tree::Columns(parts) => out.parts(parts),
        tree => out.tree(tree, ""),
    }
    out.close();
    bars.below.iter().for_each(|bar| out.bar(bar));
    out.close();
    out.close();
    out.close();
    out.text
}

#[derive(Default)]
struct Lines {
    text: String,
    depth: usize,
}

impl Lines {
    fn line(&mut self, text: &str) {
        let indent = "    ".repeat(self.depth);
        writeln!(self.text, "{indent}{text}").expect("a string takes every text");
    }

    fn open(&mut self, node: &str) {
        self.line(&format!("{node} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    fn bar(&mut self, bar: &Pane) {
        if let Some(plugin) = &bar.plugin {
            self.plugin(&format!("pane size={} borderless=true", bar.rows), plugin);
        }
    }

    fn plugin(&mut self, pane: &str, plugin: &PluginPane) {
        self.open(pane);
        self.open(&format!("plugin location={}", quoted(&plugin.url)));
        for (key, value) in &plugin.configuration {
            self.line(&format!("{} {}", quoted(key), quoted(value)));
        }
        self.close();
        self.close();
    }

    fn tree(&mut self, tree: &Tree, size: &str) {
        match tree {
            Tree::Leaf(Some(plugin)) => self.plugin(&format!("pane{size}"), plugin),
            Tree::Leaf(None) => self.line(&format!("pane{size}")),
            Tree::Columns(parts) => self.split("vertical", parts, size),
            Tree::Rows(parts) => self.split("horizontal", parts, size),
        }
    }

    fn split(&mut self, direction: &str, parts: &[Part], size: &str) {
        self.open(&format!("pane{size} split_direction=\"{direction}\""));
        self.parts(parts);
        self.close();
    }

    /// The last part takes what is left.
    fn parts(&mut self, parts: &[Part]) {
        for (at, Part { percent, tree, .. }) in parts.iter().enumerate() {
            let is_last = at + 1 == parts.len();
            let size = if is_last { String::new() } else { format!(" size=\"{percent}%\"") };
            self.tree(tree, &size);
        }
    }
}

/// A string of KDL 1: titles and addresses are others' text.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
