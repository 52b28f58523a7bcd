//! Hands events, effects and lines between Zellij and `zellij_convosync`. Decides nothing.

mod draw;
mod translate;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use convosync_wire::zellij::PERMISSIONS;
use zellij_convosync::{Effect, Event};
use zellij_tile::prelude as host;
use zellij_tile::prelude::{EventType, PermissionType, ZellijPlugin, *};

/// A file that says that they were granted: Zellij keeps `/cache` of a plugin's address beyond a session.
const GRANTED: &str = "/cache/granted";

/// What happens in the session.
const HAPPENINGS: [EventType; 5] = [
    EventType::SessionUpdate,
    EventType::TabUpdate,
    EventType::PaneUpdate,
    EventType::CwdChanged,
    EventType::CommandChanged,
];

/// The key under which a call's number comes back.
const CALL: &str = "call";

#[derive(Default)]
struct Glue {
    /// None until Zellij has said who this is.
    plugin: Option<zellij_convosync::Plugin>,
    size: (usize, usize),
}

// It defines `main` and the symbols that Zellij calls; on a native target `pipe` would be libc's.
#[cfg(target_family = "wasm")]
register_plugin!(Glue);

/// Only Zellij can start it.
#[cfg(not(target_family = "wasm"))]
fn main() {}

impl ZellijPlugin for Glue {
    #[allow(clippy::print_stderr, reason = "Zellij writes it into its log")]
    fn load(&mut self, configuration: BTreeMap<String, String>) {
        eprintln!("{}", zellij_convosync::MARK);
        subscribe(&HAPPENINGS);
        subscribe(&[
            EventType::PermissionRequestResult,
            EventType::RunCommandResult,
            EventType::Key,
            EventType::Mouse,
            EventType::Timer,
            EventType::Visible,
        ]);
        let ids = get_plugin_ids();
        let mut plugin =
            zellij_convosync::Plugin::new(ids.plugin_id, ids.zellij_pid, &configuration);
        plugin.start(std::path::Path::new(GRANTED).exists()).into_iter().for_each(perform);
        self.plugin = Some(plugin);
    }

    fn update(&mut self, event: host::Event) -> bool {
        translate::event(event).is_some_and(|event| self.take(event))
    }

    fn pipe(&mut self, message: PipeMessage) -> bool {
        translate::message(message).is_some_and(|event| self.take(event))
    }

    fn render(&mut self, rows: usize, columns: usize) {
        if self.size != (columns, rows) {
            self.size = (columns, rows);
            self.take(Event::Size(columns, rows));
        }
        if let Some(plugin) = &self.plugin {
            draw::lines(&plugin.view(columns, rows, now_ms()), columns);
        }
    }
}

impl Glue {
    /// Whether the pane has to be drawn anew.
    fn take(&mut self, event: Event) -> bool {
        let Some(plugin) = &mut self.plugin else { return false };
        let (mut redraw, mut looked) = (false, Vec::new());
        for effect in plugin.update(event, now_ms()) {
            match effect {
                Effect::Redraw => redraw = true,
                Effect::LookAtPlugins => looked.push(translate::plugins()),
                Effect::LookAtPanes(panes) => looked.push(translate::look_at(panes)),
                Effect::Look(terminals) => {
                    looked.extend(terminals.into_iter().map(translate::look))
                }
                effect => perform(effect),
            }
        }
        looked.into_iter().fold(redraw, |redraw, event| self.take(event) || redraw)
    }
}

/// Does what needs no answer now.
fn perform(effect: Effect) {
    match effect {
        Effect::RequestPermissions => request_permission(&permissions()),
        // Without the file the daemon waits for a sidebar, no more.
        Effect::RememberGrant => {
            let _ = std::fs::write(GRANTED, "");
            rename_plugin_pane(get_plugin_ids().plugin_id, "ConvoSync");
        }
        Effect::Run { call, argv, env } => {
            let argv = zellij_convosync::capped(&argv);
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            let context = BTreeMap::from([(CALL.to_owned(), call.to_string())]);
            run_command_with_env_variables_and_cwd(&argv, env, PathBuf::from("."), context);
        }
        Effect::Send { to, name, payload } => pipe_message_to_plugin(
            MessageToPlugin::new(name).with_destination_plugin_id(to).with_payload(payload),
        ),
        Effect::Answer { pipe, text } => {
            cli_pipe_output(&pipe, &text);
            unblock_cli_pipe_input(&pipe);
        }
        Effect::Open(argv) => {
            let Some((program, args)) = argv.split_first() else { return };
            open_command_pane_floating(
                CommandToRun::new_with_args(program, args.to_vec()),
                None,
                BTreeMap::new(),
            );
        }
        Effect::OpenColumn { url, configuration } => {
            let [start, width, height] = ["0", "36", "100%"].map(|size| Some(size.to_owned()));
            let place =
                FloatingPaneCoordinates::new(start.clone(), start, width, height, Some(true), None);
            open_plugin_pane_floating(&url, configuration, place, BTreeMap::new());
        }
        Effect::Arrange(layout) => arrange(layout),
        Effect::Exchange(pane) => move_pane_with_pane_id(translate::pane_id(pane)),
        Effect::Float(panes) => {
            let there = |(pane, place)| (translate::pane_id(pane), translate::place(place));
            change_floating_panes_coordinates(panes.into_iter().map(there).collect());
        }
        Effect::Close(plugin) => close_plugin_pane(plugin),
        Effect::Focus(pane) => focus_pane_with_id(translate::pane_id(pane), false, false),
        Effect::Follow(true) => subscribe(&HAPPENINGS),
        Effect::Follow(false) => unsubscribe(&HAPPENINGS),
        Effect::Wake(ms) => set_timeout(ms.max(0) as f64 / 1000.0),
        Effect::Redraw | Effect::Look(_) | Effect::LookAtPanes(_) | Effect::LookAtPlugins => {}
    }
}

/// What can't be read as a layout would end the plugin.
fn arrange(layout: String) {
    if parse_layout(&layout).is_ok() {
        let (keep_terminals, keep_plugins, this_tab) = (true, false, true);
        let layout = LayoutInfo::Stringified(layout);
        override_layout(layout, keep_terminals, keep_plugins, this_tab, BTreeMap::new());
    }
}

/// All that is asked for, as Zellij has it.
fn permissions() -> Vec<PermissionType> {
    let known = |name: &str| name.parse().expect("the names are those of this release of Zellij");
    PERMISSIONS.into_iter().map(known).collect()
}

/// Milliseconds since 1970; a clock before that counts as then.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
