//! Layouts of another device's panes, and the KDL that Zellij is handed for them.

use convosync_adapters::fuzzed as written;
use convosync_core::fuzzed as read;
use convosync_core::{Layout, Runs, Size};
use kdl::{KdlDocument, KdlNode};

/// All that we ever write; what is not here would be somebody else's.
const NODES: [&str; 6] = ["layout", "tab", "pane", "floating_panes", "plugin", "args"];
const PROPERTIES: [&str; 16] = [
    "name",
    "focus",
    "hide_floating_panes",
    "split_direction",
    "size",
    "stacked",
    "expanded",
    "x",
    "y",
    "width",
    "height",
    "start_suspended",
    "cwd",
    "contents_file",
    "command",
    "location",
];

/// Whatever a layout says, its KDL has as many commands as it has, each waits, and nothing else is
/// in there.
pub fn layouts(bytes: &[u8]) {
    let Some((first, stored)) = bytes.split_first() else { return };
    let Some(layout) = read::layout(stored) else { return };
    let here = (first % 2 == 0).then(|| Size { columns: u16::from(*first) * 2, rows: 50 });
    let text = written::kdl(&layout, here);
    let document: KdlDocument = text.parse().expect("it is KDL");
    let mut found = Vec::new();
    document.nodes().iter().for_each(|node| look(node, &mut found));
    assert_eq!(found, commands(&layout), "{text}");
}

fn commands(layout: &Layout) -> Vec<String> {
    let panes = layout.panes();
    let commands = panes.filter_map(|pane| match &pane.runs {
        Runs::Command(command) => Some(command.program().replace('$', "$$")),
        _ => None,
    });
    commands.collect()
}

fn look(node: &KdlNode, found: &mut Vec<String>) {
    assert!(NODES.contains(&node.name().value()), "{node}");
    for entry in node.entries() {
        let name = entry.name().map(kdl::KdlIdentifier::value);
        assert!(name.map_or(node.name().value() == "args", |name| PROPERTIES.contains(&name)));
    }
    if let Some(command) = node.get("command") {
        assert_eq!(node.get("start_suspended").and_then(|on| on.value().as_bool()), Some(true));
        found.push(command.value().as_string().expect("a text").to_owned());
    }
    node.children().into_iter().flat_map(KdlDocument::nodes).for_each(|child| look(child, found));
}
