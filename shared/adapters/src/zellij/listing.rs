//! The answers of `list-panes` and `list-tabs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use convosync_core::{Area, Size};
use convosync_engine::ports::{InStack, ScreenPane, ScreenTab};
use serde::Deserialize;

use super::dump::{Dump, DumpTab, Leaf, Stack, Wanted};

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
    exited: bool,
    #[serde(default)]
    is_held: bool,
    #[serde(default)]
    pane_command: Option<String>,
    #[serde(default)]
    pane_cwd: Option<String>,
}

impl Entry {
    fn area(&self) -> Area {
        let size = Size { columns: self.pane_columns, rows: self.pane_rows };
        Area { x: self.pane_x, y: self.pane_y, size }
    }

    /// What runs in it; of a pane whose command has ended, that one.
    fn command(&self) -> Option<&str> {
        let (runs, opened_for) = (self.pane_command.as_deref(), self.terminal_command.as_deref());
        if self.pane_cwd.is_none() { opened_for.or(runs) } else { runs.or(opened_for) }
    }

    /// Whether something runs in it, whose directory Zellij can know.
    fn runs(&self) -> bool {
        !(self.is_plugin || self.exited || self.is_held)
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { title: &self.title, directory: self.pane_cwd.as_deref(), command: self.command() }
    }
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

impl TabEntry {
    fn size(&self) -> Size {
        Size { columns: self.display_area_columns, rows: self.display_area_rows }
    }
}

/// The tabs of a session, from left to right.
#[derive(Debug)]
pub(super) struct Tabs(Vec<TabEntry>);

impl Tabs {
    /// Reads the answer of `list-tabs`.
    pub(super) fn parse(tabs: &str) -> Result<Self, String> {
        let mut tabs: Vec<TabEntry> =
            serde_json::from_str(tabs).map_err(|error| error.to_string())?;
        tabs.sort_by_key(|tab| tab.position);
        Ok(Self(tabs))
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|tab| tab.tab_id)
    }

    /// The name of the one in front.
    pub(super) fn shown(&self) -> Option<&str> {
        self.0.iter().find(|tab| tab.active).map(|tab| tab.name.as_str())
    }

    /// The size of the terminal.
    pub(super) fn size(&self) -> Option<Size> {
        let shown = self.0.iter().find(|tab| tab.active).or(self.0.first());
        shown.map(TabEntry::size).filter(|size| size.columns > 0 && size.rows > 0)
    }
}

/// How many terminals show a session, from the answer of `list-clients`: one on each line below the
/// first.
pub(super) fn clients(text: &str) -> usize {
    text.lines().filter(|line| !line.trim().is_empty()).skip(1).count()
}

/// Both lists of a session.
#[derive(Debug)]
pub(super) struct Listing {
    panes: Vec<Entry>,
    tabs: Tabs,
}

impl Listing {
    /// Reads the answers of `list-panes` and `list-tabs`.
    pub(super) fn parse(panes: &str, tabs: &str) -> Result<Self, String> {
        let panes = serde_json::from_str(panes).map_err(|error| error.to_string())?;
        Ok(Self { panes, tabs: Tabs::parse(tabs)? })
    }

    /// Whether every pane is in a tab that is known, and has its directory where something runs in
    /// it. Of another user's programs Zellij never knows it.
    pub(super) fn is_whole(&self) -> bool {
        let has_tab = |pane: &Entry| self.tabs.ids().any(|id| id == pane.tab_id);
        let has_all = |pane: &Entry| has_tab(pane) && (!pane.runs() || pane.pane_cwd.is_some());
        self.panes.iter().all(has_all)
    }

    /// Whether a dump is of these tabs: there are as many, and the panes that are seen in each are in
    /// it.
    pub(super) fn is_of(&self, dump: &Dump) -> bool {
        let seen = |tab: &TabEntry| {
            let in_tab = self.panes.iter().filter(|pane| pane.tab_id == tab.tab_id);
            in_tab.filter(|pane| !pane.is_plugin && !pane.is_suppressed).count()
        };
        let known = dump.panes();
        let mut both = self.tabs.0.iter().zip(&known);
        self.tabs.0.len() == known.len() && both.all(|(tab, known)| seen(tab) <= *known)
    }

    /// The tabs with their panes, those of the program itself left out.
    pub(super) fn tabs(self, mut dump: Dump, home: Option<&Path>) -> Vec<ScreenTab> {
        let tab = |tab: TabEntry| {
            let all: Vec<_> = self.panes.iter().filter(|pane| pane.tab_id == tab.tab_id).collect();
            let panes = panes_of(&all, &tab, dump.tab(tab.position), home);
            let hides_floating =
                !tab.are_floating_panes_visible && panes.iter().any(|pane| pane.floats);
            ScreenTab {
                id: tab.tab_id,
                focused: tab.active,
                size: tab.size(),
                name: tab.name,
                hides_floating,
                panes,
            }
        };
        self.tabs.0.into_iter().map(tab).collect()
    }
}

fn panes_of(
    all: &[&Entry],
    tab: &TabEntry,
    mut dump: DumpTab,
    home: Option<&Path>,
) -> Vec<ScreenPane> {
    let entries: Vec<_> = all.iter().copied().filter(|pane| is_users(pane)).collect();
    let areas = entries.iter().map(|pane| area(pane, all, tab));
    let stacks = stacks(&entries, &dump);
    let mut panes = Vec::new();
    for (place, (entry, area)) in entries.iter().zip(areas).enumerate() {
        let stack = stacks.get(&place);
        // What is hidden and folded in no stack waits behind an editor of its text, or elsewhere.
        if entry.is_suppressed && stack.is_none() {
            continue;
        }
        let leaf = match stack {
            _ if entry.is_plugin => None,
            Some((_, leaf)) => Some(*leaf),
            None => dump.find(|place| dump.is_alone(place), entry.wanted()),
        };
        let leaf = leaf.and_then(|leaf| dump.at(leaf)).unwrap_or_default();
        panes.push(ScreenPane {
            stack: stack.map(|(stack, _)| *stack),
            ..pane(entry, area, leaf, home)
        });
    }
    panes
}

/// The panes that are stacked, by their place among all: where in which stack, and which pane of the
/// dump each of them is. Without the dump nothing is: what is hidden may be so for other reasons.
fn stacks(entries: &[&Entry], dump: &DumpTab) -> BTreeMap<usize, (InStack, usize)> {
    let mut stacked: BTreeMap<usize, (InStack, usize)> = BTreeMap::new();
    for (number, stack) in dump.stacks.iter().enumerate() {
        let free = |place: &usize| !stacked.contains_key(place);
        let members = listed(entries, stack, &free).map(|(shown, hidden)| {
            // Those that are hidden come in any order.
            let mut members = vec![(stack.unfolded, shown)];
            let mut left: Vec<usize> =
                (0..stack.leaves.len()).filter(|at| *at != stack.unfolded).collect();
            for place in hidden {
                let among = |leaf: usize| left.iter().any(|at| stack.leaves[*at] == leaf);
                let found = dump.find(among, entries[place].wanted());
                let at =
                    found.and_then(|leaf| left.iter().position(|at| stack.leaves[*at] == leaf));
                members.push((left.remove(at.unwrap_or_default()), place));
            }
            members
        });
        let members = members.or_else(|| titled(entries, stack, &free));
        for (at, place) in members.unwrap_or_default() {
            let unfolded = at == stack.unfolded;
            stacked.insert(place, (InStack { stack: number, at, unfolded }, stack.leaves[at]));
        }
    }
    stacked
}

/// A stack that shows a list of its panes: all but one are hidden, and have its area.
fn listed(
    entries: &[&Entry],
    stack: &Stack,
    free: &dyn Fn(&usize) -> bool,
) -> Option<(usize, Vec<usize>)> {
    let all = || {
        entries
            .iter()
            .enumerate()
            .filter(|(place, entry)| free(place) && !entry.is_floating && !entry.is_plugin)
    };
    all().filter(|(_, entry)| !entry.is_suppressed).find_map(|(place, shown)| {
        let hidden = all().filter(|(_, entry)| entry.is_suppressed && entry.area() == shown.area());
        let hidden: Vec<_> = hidden.map(|(place, _)| place).collect();
        (hidden.len() + 1 == stack.leaves.len()).then_some((place, hidden))
    })
}

/// A stack of frames (`pane_frames true`): all but one are folded to their title, one below the other.
fn titled(
    entries: &[&Entry],
    stack: &Stack,
    free: &dyn Fn(&usize) -> bool,
) -> Option<Vec<(usize, usize)>> {
    let tiled = |(place, entry): &(usize, &&Entry)| {
        free(place) && !entry.is_floating && !entry.is_suppressed && !entry.is_plugin
    };
    let mut places: Vec<_> =
        entries.iter().enumerate().filter(tiled).map(|(place, _)| place).collect();
    places.sort_by_key(|place| (entries[*place].pane_x, entries[*place].pane_y));
    let fits = |window: &&[usize]| {
        window.iter().enumerate().all(|(at, place)| {
            let area = entries[*place].area();
            let above = at.checked_sub(1).map(|above| entries[window[above]].area());
            let follows = above.is_none_or(|above| {
                (above.x, above.size.columns) == (area.x, area.size.columns)
                    && above.y.saturating_add(above.size.rows) == area.y
            });
            follows && (area.size.rows == 1) == (at != stack.unfolded)
        })
    };
    let window = places.windows(stack.leaves.len()).find(fits)?;
    Some(window.iter().copied().enumerate().collect())
}

/// Bars can't be selected; the sidebar is ours, and every tab has its own.
fn is_users(pane: &Entry) -> bool {
    let url = pane.plugin_url.as_deref().unwrap_or_default();
    let file = url.rsplit('/').next().unwrap_or_default();
    let is_ours = file.contains("convosync");
    let is_bar = !pane.is_selectable || BARS.contains(&url);
    !pane.is_plugin || !(is_ours || is_bar || pane.is_suppressed)
}

/// The plugins that are part of every tab of the layouts that come with Zellij.
const BARS: &[&str] = &[
    "tab-bar",
    "status-bar",
    "compact-bar",
    "zellij:tab-bar",
    "zellij:status-bar",
    "zellij:compact-bar",
];

/// Where a pane is. One that fills the whole tab for a while belongs where nothing else is.
fn area(pane: &Entry, all: &[&Entry], tab: &TabEntry) -> Area {
    if !pane.is_fullscreen || pane.is_floating {
        return pane.area();
    }
    let beside = |pane: &&&Entry| !(pane.is_floating || pane.is_fullscreen || pane.is_suppressed);
    let others: Vec<_> = all.iter().filter(beside).map(|pane| pane.area()).collect();
    let whole = tab.size();
    hole(whole, &others).unwrap_or_else(|| pane.area())
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

fn pane(entry: &Entry, area: Area, leaf: Leaf, home: Option<&Path>) -> ScreenPane {
    let directory = entry.pane_cwd.as_ref().map(PathBuf::from).or(leaf.directory);
    // Where its words end is only known of a command that is one word, or that was dumped.
    let one_word = |command: &&str| !command.contains(char::is_whitespace);
    let single = entry.command().filter(one_word).map(|one| vec![one.to_owned()]);
    let terminal = !entry.is_plugin;
    ScreenPane {
        id: entry.id,
        area,
        floats: entry.is_floating,
        stack: None,
        focused: entry.is_focused,
        name: leaf.name.filter(|_| terminal),
        work_tree: directory.as_deref().and_then(|directory| work_tree_of(directory, home)),
        directory,
        command: leaf.words.or(single).filter(|_| terminal),
        plugin: entry.plugin_url.as_deref().filter(|_| entry.is_plugin).map(whole_url),
    }
}

/// The URL of a plugin that goes by its alias: those that come with Zellij have one each, which users
/// seldom change.
fn whole_url(url: &str) -> String {
    match url {
        "filepicker" => "zellij:strider".to_owned(),
        alias if !alias.contains(':') => format!("zellij:{alias}"),
        url => url.to_owned(),
    }
}

/// The top of the work tree that a directory is in. A home directory that is one, for the user's
/// settings, is none: everything is in it.
fn work_tree_of(directory: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let below_home = directory.ancestors().take_while(|folder| Some(*folder) != home);
    let mut tops = below_home.filter(|folder| folder.join(".git").exists());
    tops.next().map(|top| top.canonicalize().unwrap_or_else(|_| top.to_owned()))
}
