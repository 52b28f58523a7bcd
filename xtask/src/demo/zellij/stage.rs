//! Zellij on a device of the story: its files, its server, and a terminal that shows it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::tmux::{self, Terminal};
use crate::demo::Scratch;
use crate::demo::conversation;
use crate::demo::scene::Device;
use crate::run::{self, Failed};
use crate::workspace::{Programs, Workspace};
use crate::zellij;

/// Opens nothing: what is asked of the model is not part of the story.
const KEY: &str = "sk-ant-demo-00000000000000000000000000000000";

/// What the plugin asks for; the demo answers in the user's place.
const PERMISSIONS: [&str; 6] = [
    "ReadApplicationState",
    "ChangeApplicationState",
    "RunCommands",
    "OpenTerminalsOrPlugins",
    "ReadCliPipes",
    "MessageAndLaunchOtherPlugins",
];

/// A Zellij session, ended when dropped.
pub(super) struct Stage<'d> {
    device: &'d Device,
    pub(super) terminal: Terminal,
    zellij: PathBuf,
    sockets: PathBuf,
}

/// The programs that the panes find.
pub(super) struct Found {
    pub(super) zellij: PathBuf,
    pub(super) claude: PathBuf,
    pub(super) plugin: PathBuf,
}

impl<'d> Stage<'d> {
    /// Starts Zellij with a layout that `tab` is put into, in the device's directory.
    pub(super) fn set(
        workspace: &Workspace,
        programs: &Programs,
        found: &Found,
        device: &'d Device,
        tab: &str,
    ) -> Result<Self, Failed> {
        let bin = device.home.join("bin");
        link(&bin, "convosync", &programs.helper)?;
        link(&bin, "zellij", &found.zellij)?;
        link(&bin, "claude", &found.claude)?;
        let config = device.home.join(".config/zellij");
        let plugin = config.join("plugins/convosync.wasm");
        let made = Scratch::new()?;
        for (source, place) in zellij::files_in(workspace, &config, &found.plugin, &made)? {
            let folder = place.parent().expect("it lies in a folder");
            fs::create_dir_all(folder).map_err(Failed::at(folder))?;
            fs::copy(&source, &place).map_err(Failed::at(&place))?;
        }
        quiet(&config.join("config.kdl"))?;
        grant(&device.home, &plugin)?;
        claude_was_started_before(device)?;
        write(&device.home.join(".bashrc"), "PS1='$ '\n")?;
        let layout = config.join("layouts/convosync.kdl");
        let text = fs::read_to_string(&layout).map_err(Failed::at(&layout))?;
        write(&layout, &with_tab(&text, tab))?;
        Self::start(device, found, &layout)
    }

    fn start(device: &'d Device, found: &Found, layout: &Path) -> Result<Self, Failed> {
        let sockets =
            tmux::socket_folder(device.home.parent().unwrap_or(&device.home), device.name);
        fs::create_dir_all(&sockets).map_err(Failed::at(&sockets))?;
        let mut command = zellij_of(device, &found.zellij, &sockets);
        command.args(["--session", device.name, "--new-session-with-layout"]).arg(layout);
        let terminal = Terminal::start(sockets.join("tmux"), &command)?;
        Ok(Self { device, terminal, zellij: found.zellij.clone(), sockets })
    }

    /// What `zellij action` prints.
    pub(super) fn action(&self, arguments: &[&str]) -> Result<String, Failed> {
        let mut command = zellij_of(self.device, &self.zellij, &self.sockets);
        command.args(["--session", self.device.name, "action"]).args(arguments);
        run::output(&mut command)
    }

    /// Presses a key that leads into the column, and waits until that has the focus: the next key would go
    /// to the shell.
    pub(super) fn go_to_the_column(&self, key: &str) -> Result<(), Failed> {
        self.terminal.press(&[key])?;
        for _ in 0..60 {
            if self.panes("where is_plugin and is_focused | length")?.trim() != "0" {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        Err(Failed::new("the column did not get the focus").help(self.terminal.screen()?))
    }

    /// The terminals, by Nushell's `columns` of what `list-panes` tells; one line for each.
    pub(super) fn terminals(&self, wanted: &str) -> Result<Vec<String>, Failed> {
        let rows = "where is_plugin == false and is_suppressed == false";
        let told = self.panes(&format!("{rows} | each {{|pane| {wanted} }} | to text"))?;
        Ok(told.lines().map(str::to_owned).collect())
    }

    /// What Nushell makes of the table that `list-panes` tells.
    fn panes(&self, then: &str) -> Result<String, Failed> {
        let file = self.device.home.join("panes.json");
        write(&file, &self.action(&["list-panes", "--all", "--json"])?)?;
        self.device.answers(&format!("open ~/panes.json | {then}"))
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        let mut kill = zellij_of(self.device, &self.zellij, &self.sockets);
        kill.args(["kill-all-sessions", "--yes"]);
        let _ = run::finished(&mut kill);
    }
}

fn zellij_of(device: &Device, zellij: &Path, sockets: &Path) -> Command {
    let mut command = device.command(zellij);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [device.home.join("bin")].into_iter().chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    command
        .env("ZELLIJ_SOCKET_DIR", sockets)
        .env("TMPDIR", sockets)
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/bash")
        .env("ANTHROPIC_API_KEY", KEY)
        .env("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("IS_SANDBOX", "1");
    command
}

/// The layout with another tab than the one that it begins with.
fn with_tab(layout: &str, tab: &str) -> String {
    let start = layout.rfind("    tab {").expect("the layout begins with a tab");
    format!("{}{tab}}}\n", &layout[..start])
}

/// Nothing over the panes that the story does not wait for.
fn quiet(config: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(config).map_err(Failed::at(config))?;
    let quiet = "show_startup_tips false\nshow_release_notes false\nsession_serialization false\n";
    write(config, &(text + quiet))
}

fn grant(home: &Path, plugin: &Path) -> Result<(), Failed> {
    let granted = PERMISSIONS.map(|name| format!("    {name}\n")).concat();
    let text = format!("\"{}\" {{\n{granted}}}\n", plugin.display());
    write(&home.join(".cache/zellij/permissions.kdl"), &text)
}

/// Its questions at a first start are answered, and the clone is trusted.
fn claude_was_started_before(device: &Device) -> Result<(), Failed> {
    let approved = &KEY[KEY.len() - 20..];
    let state = format!(
        "{{\"hasCompletedOnboarding\":true,\"theme\":\"dark\",\
         \"customApiKeyResponses\":{{\"approved\":[\"{approved}\"],\"rejected\":[]}},\
         \"projects\":{{\"{}\":{{\"hasTrustDialogAccepted\":true}}}}}}",
        device.clone.display()
    );
    write(&device.home.join(".claude.json"), &state)
}

/// The command that goes on with the conversation.
pub(super) fn resume_conversation() -> [&'static str; 2] {
    ["--resume", conversation::ID]
}

fn link(bin: &Path, name: &str, program: &Path) -> Result<(), Failed> {
    fs::create_dir_all(bin).map_err(Failed::at(bin))?;
    let place = bin.join(name);
    #[cfg(unix)]
    std::os::unix::fs::symlink(program, &place).map_err(Failed::at(&place))?;
    #[cfg(not(unix))]
    fs::copy(program, &place).map_err(Failed::at(&place))?;
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failed> {
    let folder = path.parent().expect("files are written into folders");
    fs::create_dir_all(folder).map_err(Failed::at(folder))?;
    fs::write(path, text).map_err(Failed::at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_is_what_the_plugin_asks_for() {
        let source = include_str!("../../../../shared/wire/src/zellij.rs");
        let (_, list) = source.split_once("PERMISSIONS: [&str; 6] = [").expect("it is listed");
        let (list, _) = list.split_once("];").expect("the list ends");
        assert_eq!(list.split('"').skip(1).step_by(2).collect::<Vec<_>>(), PERMISSIONS);
    }

    #[test]
    fn the_layout_takes_another_tab() {
        let layout = include_str!("../../../../layouts/convosync.kdl");
        let with = with_tab(layout, "    tab name=\"work\"\n");
        assert!(with.contains("new_tab_template") && with.ends_with("    tab name=\"work\"\n}\n"));
    }
}
