//! The column of a tab: closed, and put back at its side with every other pane where it was.
//!
//! Zellij 0.45 has no way to put a pane beside all others. What it has is a layout for the whole tab:
//! one with the plugins alone keeps every terminal, and a second one, which only arranges what is
//! there, puts them where they were. It knows terminals by their numbers, not by their places, so that
//! some may come into another's place: those are exchanged until all are in their own.

mod kdl;
mod order;
mod tree;

use convosync_wire::zellij::{Pane, PaneId, PluginPane, Tab};

use crate::host::{Effect, Place};
use order::Order;
use tree::Tree;

/// How wide it is, as in `layouts/convosync.kdl`.
const COLUMNS: usize = 34;

/// The least that has to be left for the other panes.
const LEAST_BESIDE: usize = 40;

/// With more panes than these the column floats: Zellij needs room for all of them for a moment.
const MOST_PANES: usize = 8;

/// A column that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returning {
    tab: usize,
    order: Order,
    /// What floated, and where.
    floating: Vec<(PaneId, Place)>,
    /// The terminals that had the focus: one that floats is shown by that, and what floats with it.
    focus: Vec<PaneId>,
}

/// The layout that puts `column` beside the panes of a tab, and what is to be done when it is there.
///
/// None: it has to float. That is so where panes lie on a stack or around each other, where one fills
/// the tab, where there is no room, and where a plugin floats: a layout closes those.
pub(crate) fn put_back(tab: &Tab, column: &PluginPane) -> Option<(Effect, Returning)> {
    let body = body(tab);
    let is_filled = tab.panes.iter().any(|pane| pane.fullscreen);
    let is_folded = body.iter().any(|pane| pane.rows < 2);
    let closes = tab.panes.iter().any(|pane| pane.floating && pane.plugin.is_some());
    let no_room = tab.columns < COLUMNS + LEAST_BESIDE || body.len() > MOST_PANES;
    if is_filled || is_folded || closes || no_room {
        return None;
    }
    let (tree, bars) = (Tree::of(&body)?, bars(tab));
    if !tree.has_room(COLUMNS, bars.above.len() + bars.below.len()) {
        return None;
    }
    let layout = kdl::with_column(&tree, &bars, column);
    let returning = Returning {
        tab: tab.id,
        order: Order::of(&body),
        floating: floating(tab),
        focus: focused(tab),
    };
    Some((Effect::Arrange(layout), returning))
}

impl Returning {
    /// The id of the tab that it comes into.
    pub(crate) fn tab(&self) -> usize {
        self.tab
    }

    /// What is left to do now that the tab is so; none as long as the column is not there.
    pub(crate) fn arrived(&self, tab: Option<&Tab>, column: &PluginPane) -> Option<Vec<Effect>> {
        let Some(tab) = tab else { return Some(Vec::new()) };
        let mut panes = body(tab);
        let all = panes.len();
        panes.retain(|pane| pane.plugin.as_ref().is_none_or(|plugin| plugin.url != column.url));
        if panes.len() == all {
            return None;
        }
        let exchanges =
            self.order.exchanges(&panes).unwrap_or_default().into_iter().map(Effect::Exchange);
        let moved = floating(tab) != self.floating;
        let places = moved.then(|| Effect::Float(self.floating.clone()));
        let focus = self.focus.iter().copied().map(Effect::Focus);
        Some(exchanges.chain(places).chain(focus).collect())
    }
}

/// What lies in the tab, and does not float.
fn tiled(tab: &Tab) -> impl Iterator<Item = &Pane> {
    tab.panes.iter().filter(|pane| !pane.floating && !pane.suppressed)
}

/// What floats, and where.
fn floating(tab: &Tab) -> Vec<(PaneId, Place)> {
    let floating = tab.panes.iter().filter(|pane| pane.floating && !pane.suppressed);
    floating.map(|pane| (pane.id, [pane.x, pane.y, pane.columns, pane.rows])).collect()
}

/// Among what does not float, and then among what does, if that is shown.
fn focused(tab: &Tab) -> Vec<PaneId> {
    let focused = |floating: bool| {
        let mut panes = tab.panes.iter().filter(|pane| pane.focused && !pane.suppressed);
        let is_it =
            |pane: &&Pane| pane.floating == floating && matches!(pane.id, PaneId::Terminal(_));
        panes.find(is_it).map(|pane| pane.id)
    };
    focused(false).into_iter().chain(tab.floating_shown.then(|| focused(true)).flatten()).collect()
}

/// Bars: plugins as wide as the tab, above and below all else.
struct Bars<'a> {
    above: Vec<&'a Pane>,
    below: Vec<&'a Pane>,
}

fn bars(tab: &Tab) -> Bars<'_> {
    let mut bars: Vec<_> = tiled(tab).filter(|pane| is_bar(tab, pane)).collect();
    bars.sort_by_key(|pane| pane.y);
    let first = body(tab).iter().map(|pane| pane.y).min();
    let (above, below) = bars.into_iter().partition(|pane| first.is_none_or(|y| pane.y < y));
    Bars { above, below }
}

fn body(tab: &Tab) -> Vec<&Pane> {
    tiled(tab).filter(|pane| !is_bar(tab, pane)).collect()
}

fn is_bar(tab: &Tab, pane: &Pane) -> bool {
    pane.plugin.is_some() && pane.x == 0 && pane.columns == tab.columns && pane.rows <= 2
}

#[cfg(test)]
mod tests;
