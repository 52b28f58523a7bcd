//! Which pane belongs where, and how they get there.

use convosync_wire::zellij::{Pane, PaneId};

/// Left, right, upper and lower edge, in thousandths of what all panes take together.
type Edges = [usize; 4];

/// The panes of a tab by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order(Vec<(PaneId, Edges)>);

impl Order {
    pub(super) fn of(panes: &[&Pane]) -> Self {
        Self(panes.iter().map(|pane| pane.id).zip(edges(panes)).collect())
    }

    /// The panes to be exchanged with their next, one after the other, until all are in their places.
    /// The next one is the next from left to right and then from top to bottom, as Zellij counts.
    ///
    /// None where the panes are not the same ones any more.
    pub(super) fn exchanges(&self, now: &[&Pane]) -> Option<Vec<PaneId>> {
        let mut places: Vec<(&Pane, Edges)> = now.iter().copied().zip(edges(now)).collect();
        places.sort_by_key(|(pane, _)| (pane.y, pane.x));
        let mut left = self.0.clone();
        let wanted: Vec<PaneId> = places.iter().filter_map(|(_, at)| take(&mut left, at)).collect();
        let is: Vec<PaneId> = places.iter().map(|(pane, _)| pane.id).collect();
        let targets: Option<Vec<usize>> =
            is.iter().map(|pane| wanted.iter().position(|want| want == pane)).collect();
        let targets = targets.filter(|_| left.is_empty())?;
        Some(sorted(targets, is))
    }
}

fn edges(panes: &[&Pane]) -> Vec<Edges> {
    let along = |start: fn(&Pane) -> usize, end: fn(&Pane) -> usize| {
        let from = panes.iter().map(|pane| start(pane)).min().unwrap_or_default();
        let to = panes.iter().map(|pane| end(pane)).max().unwrap_or_default();
        let part = move |at: usize| (at - from) * 1000 / (to - from).max(1);
        move |pane: &Pane| [part(start(pane)), part(end(pane))]
    };
    let across = along(|pane| pane.x, |pane| pane.x + pane.columns);
    let down = along(|pane| pane.y, |pane| pane.y + pane.rows);
    let edges = |pane: &&Pane| {
        let ([left, right], [top, bottom]) = (across(pane), down(pane));
        [left, right, top, bottom]
    };
    panes.iter().map(edges).collect()
}

/// The pane whose place was the nearest to this one: Zellij rounds, so none is exactly the same.
fn take(left: &mut Vec<(PaneId, Edges)>, at: &Edges) -> Option<PaneId> {
    let far = |edges: &Edges| edges.iter().zip(at).map(|(one, two)| one.abs_diff(*two)).sum();
    let nearest = (0..left.len()).min_by_key(|one| -> usize { far(&left[*one].1) })?;
    Some(left.swap_remove(nearest).0)
}

/// Sorts by exchanges of neighbours; each is told by the left one.
fn sorted(mut targets: Vec<usize>, mut panes: Vec<PaneId>) -> Vec<PaneId> {
    let mut exchanges = Vec::new();
    while let Some(at) = (1..targets.len()).find(|at| targets[at - 1] > targets[*at]) {
        exchanges.push(panes[at - 1]);
        targets.swap(at - 1, at);
        panes.swap(at - 1, at);
    }
    exchanges
}
