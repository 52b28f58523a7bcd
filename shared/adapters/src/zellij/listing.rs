//! The answers of `list-panes` and `list-tabs`.

use std::path::{Path, PathBuf};

use convosync_core::{Area, Size};
use convosync_engine::ports::{ScreenPane, ScreenTab};
use serde::Deserialize;

use super::dump::{Dump, Wanted};

/// A pane, of the fields of 0.45.1 those that are of use.
#[derive(Debug, Deserialize)]
struct Entry {
    id: u32,
    is_plugin: bool,
    is_focused: bool,
    #[serde(default)]
    is_fullscreen: bool,
    is_floating: bool,
    is_suppressed: bool,
    title: String,
    pane_x: u16,
    pane_y: u16,
    pane_rows: u16,
    pane_columns: u16,
    #[serde(default)]
    terminal_command: Option<String>,
    #[serde(default)]
    plugin_url: Option<String>,
    is_selectable: bool,
    tab_id: u64,
    #[serde(default)]
    pane_command: Option<String>,
    #[serde(default)]
    pane_cwd: Option<String>,
}

#[derive(Debug, Deserialize)]
struct TabEntry {
    position: usize,
    name: String,
    active: bool,
    tab_id: u64,
    #[serde(default)]
    are_floating_panes_visible: bool,
    #[serde(default)]
    display_area_rows: u16,
    #[serde(default)]
    display_area_columns: u16,
}

/// The tabs with their panes, those of the program itself left out.
pub(super) fn tabs(
    panes: &str,
    tabs: &str,
    mut dump: Dump,
    home: Option<&Path>,
) -> Result<Vec<ScreenTab>, String> {
    let panes: Vec<Entry> = serde_json::from_str(panes).map_err(|error| error.to_string())?;
    let mut tabs: Vec<TabEntry> = serde_json::from_str(tabs).map_err(|error| error.to_string())?;
    tabs.sort_by_key(|tab| tab.position);
    let tab = |tab: TabEntry| {
        let wanted = panes.iter().filter(|pane| pane.tab_id == tab.tab_id && is_users(pane));
        let wanted: Vec<_> = wanted.collect();
        let areas = areas(&wanted, &tab);
        let pane = |(entry, area): (&Entry, Area)| pane(entry, area, tab.position, &mut dump, home);
        let panes: Vec<_> = wanted.iter().copied().zip(areas).map(pane).collect();
        let hides_floating =
            !tab.are_floating_panes_visible && panes.iter().any(|pane| pane.floats);
        ScreenTab {
            id: tab.tab_id,
            name: tab.name,
            focused: tab.active,
            size: Size { columns: tab.display_area_columns, rows: tab.display_area_rows },
            hides_floating,
            panes,
        }
    };
    Ok(tabs.into_iter().map(tab).collect())
}

/// Bars can't be selected; the sidebar is ours, and every tab has its own.
fn is_users(pane: &Entry) -> bool {
    let url = pane.plugin_url.as_deref().unwrap_or_default();
    let file = url.rsplit('/').next().unwrap_or_default();
    let is_ours = pane.is_plugin && file.contains("convosync");
    let is_bar = pane.is_plugin && (!pane.is_selectable || BARS.contains(&url));
    !pane.is_suppressed && !is_ours && !is_bar
}

/// The plugins that are part of every tab of the layouts that come with Zellij.
const BARS: &[&str] = &["zellij:tab-bar", "zellij:status-bar", "zellij:compact-bar"];

/// Where panes are. One that fills the whole tab for a while belongs where nothing else is.
fn areas(panes: &[&Entry], tab: &TabEntry) -> Vec<Area> {
    let own = |pane: &Entry| Area {
        x: pane.pane_x,
        y: pane.pane_y,
        size: Size { columns: pane.pane_columns, rows: pane.pane_rows },
    };
    let tiled = panes.iter().filter(|pane| !pane.is_floating && !pane.is_fullscreen);
    let others: Vec<_> = tiled.map(|pane| own(pane)).collect();
    let whole = Size { columns: tab.display_area_columns, rows: tab.display_area_rows };
    let place = |pane: &&Entry| match pane.is_fullscreen && !pane.is_floating {
        true => hole(whole, &others).unwrap_or_else(|| own(pane)),
        false => own(pane),
    };
    panes.iter().map(place).collect()
}

/// The area around all cells that nothing covers, if there are any.
fn hole(whole: Size, others: &[Area]) -> Option<Area> {
    let edges = |from: fn(&Area) -> u16, length: fn(&Area) -> u16, end: u16| {
        let mut edges: Vec<u16> = others
            .iter()
            .flat_map(|area| [from(area), from(area).saturating_add(length(area))])
            .chain([0, end])
            .filter(|edge| *edge <= end)
            .collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    };
    let columns = edges(|area| area.x, |area| area.size.columns, whole.columns);
    let rows = edges(|area| area.y, |area| area.size.rows, whole.rows);
    let covered = |x: u16, y: u16| {
        let inside = |at: u16, from: u16, length: u16| at >= from && at - from < length;
        others.iter().any(|o| inside(x, o.x, o.size.columns) && inside(y, o.y, o.size.rows))
    };
    let mut free: Option<(u16, u16, u16, u16)> = None;
    for column in columns.windows(2) {
        for row in rows.windows(2) {
            if !covered(column[0], row[0]) {
                let (left, top, right, bottom) =
                    free.unwrap_or((column[0], row[0], column[1], row[1]));
                free = Some((
                    left.min(column[0]),
                    top.min(row[0]),
                    right.max(column[1]),
                    bottom.max(row[1]),
                ));
            }
        }
    }
    free.map(|(x, y, right, bottom)| Area {
        x,
        y,
        size: Size { columns: right - x, rows: bottom - y },
    })
}

fn pane(
    entry: &Entry,
    area: Area,
    tab: usize,
    dump: &mut Dump,
    home: Option<&Path>,
) -> ScreenPane {
    let command = entry.pane_command.as_deref().or(entry.terminal_command.as_deref());
    let wanted = Wanted { title: &entry.title, directory: entry.pane_cwd.as_deref(), command };
    let leaf = if entry.is_plugin { None } else { dump.take(tab, wanted) }.unwrap_or_default();
    let directory = entry.pane_cwd.as_ref().map(PathBuf::from).or(leaf.directory);
    // Where its words end is only known of a command that is one word, or that was dumped.
    let one_word = |command: &&str| !command.contains(char::is_whitespace);
    let words = leaf.words.or_else(|| command.filter(one_word).map(|one| vec![one.to_owned()]));
    ScreenPane {
        id: entry.id,
        area,
        floats: entry.is_floating,
        focused: entry.is_focused,
        name: leaf.name.filter(|_| !entry.is_plugin),
        work_tree: directory.as_deref().and_then(|directory| work_tree_of(directory, home)),
        directory,
        command: words.filter(|_| !entry.is_plugin),
        plugin: entry.plugin_url.clone().filter(|_| entry.is_plugin),
    }
}

/// The top of the work tree that a directory is in. A home directory that is one, for the user's
/// settings, is none: everything is in it.
fn work_tree_of(directory: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let below_home = directory.ancestors().take_while(|folder| Some(*folder) != home);
    let mut tops = below_home.filter(|folder| folder.join(".git").exists());
    tops.next().map(|top| top.canonicalize().unwrap_or_else(|_| top.to_owned()))
}
