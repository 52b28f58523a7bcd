//! Which panes are beside and which are above each other, told from where they are.

use convosync_wire::zellij::{Pane, PluginPane};

/// Panes in nested splits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// The plugin in it; none is a terminal.
    Leaf(Option<PluginPane>),
    /// From left to right.
    Columns(Vec<Part>),
    /// From top to bottom.
    Rows(Vec<Part>),
}

/// A part of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// How much of the whole it takes along the split, however deep that is: so Zellij counts.
    pub(super) percent: usize,
    /// The same in cells.
    pub(super) cells: usize,
    pub(super) tree: Tree,
}

/// Splits nest no deeper: each takes at least a cell.
const DEEPEST: usize = 64;

/// Where something begins and ends, along one direction.
type Span = (usize, usize);

/// Panes between two cuts, and where those are.
type Group<'p> = (Span, Vec<&'p Pane>);

impl Tree {
    /// None where no cut goes through between the panes, and where there are none.
    pub(super) fn of(panes: &[&Pane]) -> Option<Self> {
        let whole = [across, down].map(|span| {
            let start = panes.iter().map(|pane| span(pane).0).min().unwrap_or_default();
            (start, panes.iter().map(|pane| span(pane).1).max().unwrap_or_default())
        });
        Self::within(panes, whole, DEEPEST)
    }

    fn within(panes: &[&Pane], whole: [Span; 2], depth: usize) -> Option<Self> {
        let deeper = depth.checked_sub(1)?;
        if let [pane] = panes {
            return Some(Self::Leaf(pane.plugin.clone()));
        }
        let parts = |groups: Vec<Group<'_>>, (start, end): Span| -> Option<Vec<Part>> {
            let all = end.saturating_sub(start).max(1);
            let percent = |at: usize| ((at - start) * 200 + all) / (2 * all);
            let part = |((from, to), panes): Group<'_>| {
                let percent = percent(to).saturating_sub(percent(from)).max(1);
                let tree = Self::within(&panes, whole, deeper)?;
                Some(Part { percent, cells: to - from, tree })
            };
            groups.into_iter().map(part).collect()
        };
        let columns = cut(panes, across);
        if columns.len() > 1 {
            return parts(columns, whole[0]).map(Self::Columns);
        }
        let rows = cut(panes, down);
        (rows.len() > 1).then(|| parts(rows, whole[1]).map(Self::Rows)).flatten()
    }

    /// The plugins of all leaves.
    pub(super) fn leaves(&self) -> Vec<Option<&PluginPane>> {
        match self {
            Self::Leaf(plugin) => vec![plugin.as_ref()],
            Self::Columns(parts) | Self::Rows(parts) => {
                parts.iter().flat_map(|part| part.tree.leaves()).collect()
            }
        }
    }

    /// Whether it has room beside a column of so many cells and bars of so many rows.
    ///
    /// Zellij reckons splits that are within others with the whole tab at first, and takes what is too
    /// much from the last part.
    pub(super) fn has_room(&self, column: usize, bars: usize) -> bool {
        match self {
            Self::Columns(parts) => parts.iter().all(|part| part.is_left(column, bars)),
            tree => tree.is_left(column, bars),
        }
    }

    fn is_left(&self, column: usize, bars: usize) -> bool {
        let (parts, taken) = match self {
            Self::Leaf(_) => return true,
            Self::Columns(parts) => (parts, column),
            Self::Rows(parts) => (parts, bars),
        };
        let percent: usize = parts.iter().map(|part| part.percent).sum();
        // Each part may be a cell off.
        let taken = taken * percent / 100 + parts.len();
        parts.last().is_some_and(|last| last.cells > taken)
            && parts.iter().all(|part| part.is_left(column, bars))
    }
}

impl Part {
    fn is_left(&self, column: usize, bars: usize) -> bool {
        self.tree.is_left(column, bars)
    }
}

fn across(pane: &Pane) -> Span {
    (pane.x, pane.x + pane.columns)
}

fn down(pane: &Pane) -> Span {
    (pane.y, pane.y + pane.rows)
}

/// The groups between the cuts that touch no pane, in their order.
fn cut<'p>(panes: &[&'p Pane], span: fn(&Pane) -> Span) -> Vec<Group<'p>> {
    let mut panes = panes.to_vec();
    panes.sort_by_key(|pane| span(pane));
    let mut groups: Vec<Group<'_>> = Vec::new();
    for pane in panes {
        let (start, end) = span(pane);
        match groups.last_mut() {
            Some((whole, group)) if start < whole.1 => {
                whole.1 = whole.1.max(end);
                group.push(pane);
            }
            _ => groups.push(((start, end), vec![pane])),
        }
    }
    groups
}
