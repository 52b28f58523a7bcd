//! The Zellij of whoever installs: which release it is, and where it looks for its files.

mod wasm;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::demo::Scratch;
use crate::installed::Installed;
use crate::run::{self, Failed};
use crate::workspace::Workspace;
pub(crate) use wasm::{PACKAGE, TARGET, add_target, fetch, lint, wasm};

/// The minor release whose plugin interface the plugin speaks.
const RELEASE: &str = "0.45.";

/// The plugin's place as it is written in the files of this repository.
const USUAL: &str = "~/.config/zellij/plugins/convosync.wasm";

/// The plugin in Zellij's folder.
const PLUGIN: &str = "plugins/convosync.wasm";

/// The layouts, in `layouts` here and in Zellij's folder.
const LAYOUTS: [&str; 2] = ["convosync.kdl", "convosync-review.kdl"];

/// The `zellij` on the user's PATH.
pub(crate) struct Zellij {
    version: String,
    config_dir: PathBuf,
}

impl Zellij {
    /// Why there is none that the plugin can be given to is told: all else works without.
    pub(crate) fn find() -> Result<Self, String> {
        let said = run::output(Command::new("zellij").arg("--version"))
            .map_err(|_| "there is no `zellij` on PATH")?;
        let version = said.split_whitespace().last().unwrap_or_default().to_owned();
        if version.starts_with(RELEASE) {
            let config_dir = config_dir().ok_or("there is no home directory")?;
            add_target().map_err(|failed| failed.told())?;
            return Ok(Self { version, config_dir });
        }
        Err(format!("the `zellij` on PATH is {version}, and the plugin is made for {RELEASE}x"))
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Builds the plugin, and gives it with layouts and configuration: each file, and its place.
    ///
    /// A configuration that is not ours is not among them.
    pub(crate) fn files(
        &self,
        workspace: &Workspace,
        installed: &Installed,
        made: &Scratch,
    ) -> Result<Vec<(PathBuf, PathBuf)>, Failed> {
        let mut files = files_in(workspace, &self.config_dir, &wasm(workspace)?, made)?;
        let config = self.config()?;
        if let Some((ours, _)) = files.pop()
            && (!config.exists() || installed.left_so(&config)?)
        {
            files.push((ours, config));
        }
        Ok(files)
    }

    /// What a configuration of the user's own lacks, as it is to be added; none where it is ours.
    pub(crate) fn tell_what_to_add(&self, files: &[(PathBuf, PathBuf)]) -> Result<(), Failed> {
        let config = self.config()?;
        if files.iter().any(|(_, place)| *place == config) {
            return Ok(());
        }
        let has = fs::read_to_string(&config).map_err(Failed::at(&config))?;
        let missing = missing(&has, &files[0].1);
        if !missing.is_empty() {
            println!("{} is your own: add to it\n{missing}", config.display());
        }
        Ok(())
    }

    fn config(&self) -> Result<PathBuf, Failed> {
        config_in(&self.config_dir)
    }
}

/// What a configuration that stays still says of the plugin, when `removed` were taken away.
pub(crate) fn tell_what_to_take_out(removed: &[PathBuf]) -> Result<(), Failed> {
    let Some(plugin) = removed.iter().find(|file| file.ends_with(PLUGIN) && !file.exists()) else {
        return Ok(());
    };
    let folder = plugin.ancestors().nth(2).expect("it lies in a folder of Zellij's");
    let config = config_in(folder)?;
    let left = left(&fs::read_to_string(&config).unwrap_or_default());
    if !left.is_empty() {
        println!("{} still speaks of the plugin: take out\n{left}", config.display());
    }
    Ok(())
}

/// The configuration of a Zellij with this folder.
fn config_in(config_dir: &Path) -> Result<PathBuf, Failed> {
    let set = env::var_os("ZELLIJ_CONFIG_FILE").filter(|file| !file.is_empty());
    let file = set.map_or_else(|| config_dir.join("config.kdl"), PathBuf::from);
    std::path::absolute(&file).map_err(Failed::at(&file))
}

/// The built plugin, the layouts, and last the configuration, each with its place in a folder of Zellij's.
///
/// Those with that place in them are `made`, and last as long.
pub(crate) fn files_in(
    workspace: &Workspace,
    config_dir: &Path,
    built: &Path,
    made: &Scratch,
) -> Result<Vec<(PathBuf, PathBuf)>, Failed> {
    let plugin = config_dir.join(PLUGIN);
    let layouts = LAYOUTS.map(|name| Path::new("layouts").join(name));
    let mut files = vec![(built.to_owned(), plugin.clone())];
    for layout in layouts {
        files.push((placed_text(workspace, &layout, &plugin, made)?, config_dir.join(&layout)));
    }
    let config = placed_text(workspace, Path::new("zellij/convosync.kdl"), &plugin, made)?;
    files.push((config, config_dir.join("config.kdl")));
    Ok(files)
}

/// A file of this repository as it is installed: with the plugin's true place in it.
fn placed_text(
    workspace: &Workspace,
    source: &Path,
    plugin: &Path,
    made: &Scratch,
) -> Result<PathBuf, Failed> {
    let path = workspace.root().join(source);
    let text = fs::read_to_string(&path).map_err(Failed::at(&path))?;
    let made = made.path().join(source);
    let folder = made.parent().expect("it lies in a folder");
    fs::create_dir_all(folder).map_err(Failed::at(folder))?;
    fs::write(&made, with_place(&text, plugin)).map_err(Failed::at(&made))?;
    Ok(made)
}

fn with_place(text: &str, plugin: &Path) -> String {
    let usual = env::home_dir().is_some_and(|home| plugin == home.join(&USUAL["~/".len()..]));
    if usual {
        return text.to_owned();
    }
    text.replace(USUAL, &escaped(plugin))
}

/// A path inside of a quoted string of KDL.
fn escaped(path: &Path) -> String {
    path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"")
}

/// The lines that a configuration lacks, each under the block that it belongs to.
fn missing(config: &str, plugin: &Path) -> String {
    let lines: Vec<_> =
        config.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
    let has = |what: &str| lines.iter().any(|line| line.contains(what));
    let mut missing = Vec::new();
    if !has("convosync.wasm") {
        let line = format!("convosync location=\"file:{USUAL}\"");
        missing.push(format!("  plugins {{ … }}       {}", with_place(&line, plugin)));
    }
    if !has("role \"daemon\"") {
        // A block of one's own takes the place of Zellij's.
        let theirs = if has("load_plugins") { "" } else { "\"zellij:link\"; " };
        missing.push(format!("  load_plugins {{ … }}  {theirs}convosync {{ role \"daemon\"; }}"));
    }
    if !has("convosync-save") {
        let bind = "bind \"Alt s\" { MessagePlugin { name \"convosync-save\"; }; }";
        missing.push(format!("  keybinds {{ shared_except \"locked\" {{ … }} }}  {bind}"));
        missing.push("  (more keys: zellij/convosync.kdl)".to_owned());
    }
    missing.join("\n")
}

/// The lines of a configuration that speak of us, with their numbers.
fn left(config: &str) -> String {
    let is_ours = |line: &str| !line.starts_with("//") && line.contains("convosync");
    let lines = config.lines().map(str::trim).zip(1..).filter(|(line, _)| is_ours(line));
    lines.map(|(line, number)| format!("{number:>5}  {line}")).collect::<Vec<_>>().join("\n")
}

/// Where Zellij 0.45 looks: `$ZELLIJ_CONFIG_DIR`; else the first that is there of `~/.config/zellij`
/// and `$XDG_CONFIG_HOME/zellij`; where neither is, the first, which Zellij finds in any case.
fn config_dir() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("ZELLIJ_CONFIG_DIR").filter(|folder| !folder.is_empty()) {
        return std::path::absolute(folder).ok();
    }
    let usual = env::home_dir()?.join(".config/zellij");
    let set = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    match set.map(|folder| folder.join("zellij")) {
        Some(other) if !usual.exists() && other.exists() => Some(other),
        _ => Some(usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = include_str!("../../../zellij/convosync.kdl");

    #[test]
    fn doctor_wants_the_release_that_is_installed_for() {
        let doctor = include_str!("../../../shared/helper/src/doctor/zellij.rs");
        assert!(doctor.contains(&format!("RELEASE: &str = {RELEASE:?};")));
    }

    #[test]
    fn our_own_configuration_lacks_nothing() {
        assert_eq!(missing(OURS, Path::new("/p/convosync.wasm")), "");
    }

    #[test]
    fn what_another_one_lacks_is_told_block_by_block() {
        let theirs = "plugins {\n    // convosync location=\"file:/p/convosync.wasm\"\n}\n";
        let told = missing(theirs, Path::new("/p/convosync.wasm"));
        assert_eq!(told.lines().count(), 4, "{told}");
        assert!(told.contains("location=\"file:/p/convosync.wasm\""), "{told}");
        let daemon = "convosync { role \"daemon\"; }";
        assert!(
            told.contains(&format!("load_plugins {{ … }}  \"zellij:link\"; {daemon}")),
            "{told}"
        );
        let told = missing("load_plugins {\n}\n", Path::new("/p/convosync.wasm"));
        assert!(told.contains(&format!("load_plugins {{ … }}  {daemon}")), "{told}");
    }

    #[test]
    fn what_is_left_of_us_is_told_with_the_numbers_of_its_lines() {
        let config = "// convosync\nplugins {\n    convosync location=\"x\"\n}\n";
        assert_eq!(left(config), "    3  convosync location=\"x\"");
        assert_eq!(left("keybinds {\n}\n"), "");
        assert!(left(OURS).contains("convosync-save"), "{}", left(OURS));
    }

    #[test]
    fn every_file_says_the_plugin_s_place_as_it_is_replaced() {
        let placed = with_place(OURS, Path::new("/a \"b\"/convosync.wasm"));
        assert!(placed.contains("\"file:/a \\\"b\\\"/convosync.wasm\""), "{placed}");
        assert!(!placed.contains(USUAL));
    }
}
