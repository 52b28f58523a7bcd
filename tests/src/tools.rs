//! Where the programs are that `cargo xtask test` fetches.

use std::path::{Path, PathBuf};

/// A program of `$CONVOSYNC_TOOLS/bin`, by default in the workspace's `target/tools`.
///
/// # Panics
///
/// If it is not there: a test that silently did not run would prove nothing.
#[must_use]
pub fn tool(name: &str) -> PathBuf {
    let folder = std::env::var_os("CONVOSYNC_TOOLS").map_or_else(
        || {
            let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
            workspace.expect("tests/ lies in the workspace").join("target/tools")
        },
        PathBuf::from,
    );
    let program = folder.join("bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: run `cargo xtask test`, which fetches it",
        program.display()
    );
    program
}

/// The Zellij plugin that is tested: where `$CONVOSYNC_ZELLIJ_PLUGIN` says, else as `cargo xtask wasm`
/// leaves it.
///
/// # Panics
///
/// If it is not there.
#[must_use]
pub fn zellij_plugin() -> PathBuf {
    let path = built("CONVOSYNC_ZELLIJ_PLUGIN", "../wasm32-wasip1/release/convosync.wasm");
    // Zellij remembers permissions by the path without `..`.
    path.canonicalize().expect("it is there")
}

/// A program that this workspace builds: where `variable` says, else beside the tests.
///
/// # Panics
///
/// If it is not there: `cargo xtask test` builds it first.
#[must_use]
pub(crate) fn built(variable: &str, name: &str) -> PathBuf {
    let beside = || {
        let test = std::env::current_exe().expect("a test knows where it is");
        let folder =
            test.parent().and_then(std::path::Path::parent).expect("target/<profile>/deps");
        folder.join(name)
    };
    let path = std::env::var_os(variable).map_or_else(beside, PathBuf::from);
    assert!(path.exists(), "{} is not built: run `cargo xtask test`", path.display());
    path
}
