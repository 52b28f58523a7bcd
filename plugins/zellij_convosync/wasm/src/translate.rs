//! Zellij's events in our words.

use std::collections::BTreeMap;

use convosync_wire::zellij as wire;
use zellij_convosync::{Event, Key, Place};
use zellij_tile::prelude as host;
use zellij_tile::prelude::*;

use crate::CALL;

/// What an event of Zellij is to us; most are nothing.
pub(crate) fn event(event: host::Event) -> Option<Event> {
    Some(match event {
        host::Event::PermissionRequestResult(PermissionStatus::Granted) => Event::Granted,
        host::Event::PermissionRequestResult(PermissionStatus::Denied) => Event::Denied,
        host::Event::SessionUpdate(sessions, _) => {
            session(sessions.into_iter().find(|session| session.is_current_session)?)
        }
        host::Event::TabUpdate(tabs) => Event::Tabs(in_order(&tabs)),
        host::Event::PaneUpdate(manifest) => Event::Panes(panes(manifest)),
        host::Event::CwdChanged(host::PaneId::Terminal(pane), path, _) => {
            Event::Directory(pane, path.to_string_lossy().into_owned())
        }
        host::Event::CommandChanged(host::PaneId::Terminal(pane), command, foreground, _) => {
            Event::Command { pane, command, foreground }
        }
        host::Event::RunCommandResult(exit, output, errors, context) => {
            Event::Ended { call: context.get(CALL)?.parse().ok()?, exit, output, errors }
        }
        host::Event::Key(pressed) => Event::Key(key(&pressed)?),
        host::Event::Mouse(Mouse::LeftClick(line, column)) => {
            Event::Click(usize::try_from(line).ok()?, column)
        }
        host::Event::Mouse(Mouse::ScrollDown(_)) => Event::Scroll(1),
        host::Event::Mouse(Mouse::ScrollUp(_)) => Event::Scroll(-1),
        host::Event::Timer(_) => Event::Woken,
        host::Event::Visible(visible) => Event::Visible(visible),
        _ => return None,
    })
}

fn session(session: SessionInfo) -> Event {
    Event::Session {
        name: session.name,
        tabs: in_order(&session.tabs),
        panes: panes(session.panes),
    }
}

/// Asks Zellij for the plugins of this session, which its events leave out. None of them are known
/// while Zellij has not written down the session.
pub(crate) fn plugins() -> Event {
    let sessions = get_session_list().map(|listed| listed.live_sessions).unwrap_or_default();
    let session = sessions.into_iter().find(|session| session.is_current_session);
    let plugin = |(id, info): (u32, PluginInfo)| {
        (id, wire::PluginPane { url: info.location, configuration: info.configuration })
    };
    let plugins = session.map(|session| session.plugins).unwrap_or_default();
    Event::Plugins(plugins.into_iter().map(plugin).collect())
}

fn in_order(tabs: &[TabInfo]) -> Vec<wire::Tab> {
    let mut tabs: Vec<wire::Tab> = tabs.iter().map(tab).collect();
    tabs.sort_by_key(|tab| tab.position);
    tabs
}

fn tab(tab: &TabInfo) -> wire::Tab {
    wire::Tab {
        id: tab.tab_id,
        position: tab.position,
        name: tab.name.clone(),
        active: tab.active,
        columns: tab.display_area_columns,
        rows: tab.display_area_rows,
        floating_shown: tab.are_floating_panes_visible,
        panes: Vec::new(),
    }
}

fn panes(manifest: PaneManifest) -> BTreeMap<usize, Vec<wire::Pane>> {
    let of_tab = |(position, panes): (usize, Vec<PaneInfo>)| {
        (position, panes.into_iter().map(pane).collect())
    };
    manifest.panes.into_iter().map(of_tab).collect()
}

fn pane(pane: PaneInfo) -> wire::Pane {
    let configuration = BTreeMap::new();
    wire::Pane {
        id: match pane.is_plugin {
            true => wire::PaneId::Plugin(pane.id),
            false => wire::PaneId::Terminal(pane.id),
        },
        x: pane.pane_x,
        y: pane.pane_y,
        columns: pane.pane_columns,
        rows: pane.pane_rows,
        floating: pane.is_floating,
        suppressed: pane.is_suppressed,
        fullscreen: pane.is_fullscreen,
        focused: pane.is_focused,
        selectable: pane.is_selectable,
        title: pane.title,
        opened_for: pane.terminal_command,
        exited: pane.exited,
        exit_status: pane.exit_status,
        held: pane.is_held,
        plugin: pane.plugin_url.map(|url| wire::PluginPane { url, configuration }),
        ..wire::Pane::default()
    }
}

fn key(pressed: &KeyWithModifier) -> Option<Key> {
    let control = pressed.key_modifiers.contains(&KeyModifier::Ctrl);
    let other = pressed.key_modifiers.iter().any(|modifier| *modifier != KeyModifier::Shift);
    Some(match pressed.bare_key {
        BareKey::Char('u') if control => Key::Clear,
        _ if other => return None,
        BareKey::Char(letter) => Key::Char(letter),
        BareKey::Enter => Key::Enter,
        BareKey::Esc => Key::Esc,
        BareKey::Backspace => Key::Backspace,
        BareKey::Up => Key::Up,
        BareKey::Down => Key::Down,
        BareKey::PageUp => Key::PageUp,
        BareKey::PageDown => Key::PageDown,
        BareKey::Home => Key::Home,
        BareKey::End => Key::End,
        BareKey::Tab => Key::Tab,
        _ => return None,
    })
}

/// A pipe or a message. The last message of a pipe says nothing.
pub(crate) fn message(message: PipeMessage) -> Option<Event> {
    let name = message.name;
    Some(match message.source {
        PipeSource::Plugin(from) => {
            Event::Message { from, name, payload: message.payload.unwrap_or_default() }
        }
        PipeSource::Cli(id) => Event::Pipe { id: Some(id), name, payload: message.payload? },
        PipeSource::Keybind => {
            Event::Pipe { id: None, name, payload: message.payload.unwrap_or_default() }
        }
    })
}

/// Asks Zellij about a terminal. Only after the permissions were granted: before, Zellij gives no
/// answer, and what waits for it ends the plugin.
pub(crate) fn look(terminal: u32) -> Event {
    let pane = host::PaneId::Terminal(terminal);
    Event::Looked {
        pane: terminal,
        directory: get_pane_cwd(pane).ok().map(|path| path.to_string_lossy().into_owned()),
        command: get_pane_running_command(pane).unwrap_or_default(),
        pid: get_pane_pid(pane).ok(),
    }
}

/// Asks Zellij where panes are, after the permissions were granted.
pub(crate) fn look_at(panes: Vec<wire::PaneId>) -> Event {
    let look = |id| (id, get_pane_info(pane_id(id)).map(pane));
    Event::PanesLooked(panes.into_iter().map(look).collect())
}

/// Our id of a pane as Zellij's.
pub(crate) fn pane_id(pane: wire::PaneId) -> host::PaneId {
    match pane {
        wire::PaneId::Terminal(id) => host::PaneId::Terminal(id),
        wire::PaneId::Plugin(id) => host::PaneId::Plugin(id),
    }
}

/// Where a pane floats.
pub(crate) fn place(place: Place) -> FloatingPaneCoordinates {
    let [x, y, width, height] = place.map(|cells| Some(cells.to_string()));
    FloatingPaneCoordinates::new(x, y, width, height, None, None).unwrap_or_default()
}
