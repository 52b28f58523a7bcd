//! How many crates each program is made of, as ARCHITECTURE.md says: one that came unseen is seen.

use std::collections::BTreeSet;
use std::fs;

use crate::run::{self, Failed};
use crate::workspace::Workspace;
use crate::zellij;

/// The block of the page.
const BLOCK: &str = "```crates\n";

/// Programs, where they are built, and for what: the same count on every machine.
const PROGRAMS: [(&str, &str, &str); 3] = [
    ("convosync", "", "x86_64-unknown-linux-gnu"),
    ("nu_plugin_convosync", "", "x86_64-unknown-linux-gnu"),
    ("zellij_convosync.wasm", zellij::PACKAGE, zellij::TARGET),
];

pub(super) fn lint(workspace: &Workspace) -> Result<(), Failed> {
    let page = workspace.root().join("ARCHITECTURE.md");
    let text = fs::read_to_string(&page).map_err(Failed::at(&page))?;
    let mut wrong = Vec::new();
    for (program, manifest, target) in PROGRAMS {
        let is = count(workspace, program, manifest, target)?;
        if told(&text, program) != Some(is) {
            wrong.push(format!("{program} {is}"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failed::new(format!("ARCHITECTURE.md has another number of crates: {}", wrong.join(", ")))
        .help("write it there; if it grew, say why the crate is worth it, or leave it out"))
}

/// The crates of others in a program.
fn count(
    workspace: &Workspace,
    program: &str,
    manifest: &str,
    target: &str,
) -> Result<usize, Failed> {
    let mut tree = run::cargo(workspace.root());
    tree.args(["tree", "--locked", "--offline", "--edges=normal", "--prefix=none"]);
    tree.args(["--format={p}", "--target", target]);
    match manifest {
        "" => tree.args(["--package", program]),
        manifest => tree.args(["--manifest-path", manifest]),
    };
    Ok(others(&run::output(&mut tree)?))
}

/// Lines such as `zstd v0.14.0`, each crate once; ours have a path behind them.
fn others(tree: &str) -> usize {
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    let crates: BTreeSet<_> = lines.filter(|line| !line.contains(" (/")).collect();
    crates.iter().filter(|line| !line.is_empty()).count()
}

/// What the page says of a program.
fn told(page: &str, program: &str) -> Option<usize> {
    let block = page.split(BLOCK).nth(1)?.split("```").next()?;
    let mut lines = block.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(name, _)| *name == program)?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_others_count_once() {
        let tree = "convosync v0.1.0 (/w/helper)\na v1.0.0\nb v1.0.0\na v1.0.0 (*)\na v2.0.0\n\n";
        assert_eq!(others(tree), 3);
    }

    #[test]
    fn a_page_without_the_number_says_none() {
        let page = "x\n```crates\nconvosync           12\nnu 3\n```\n";
        assert_eq!((told(page, "convosync"), told(page, "zellij")), (Some(12), None));
        assert_eq!(told("", "convosync"), None);
    }
}
