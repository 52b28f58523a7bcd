//! From where panes are to how they are split: what a program tells of its panes is their areas.

use super::{Direction, Size, Tile};

/// A rectangle of cells; the first column and row are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Its first column.
    pub x: u16,
    /// Its first row.
    pub y: u16,
    /// Its columns and rows.
    pub size: Size,
}

impl Area {
    fn right(self) -> u16 {
        self.x.saturating_add(self.size.columns)
    }

    fn bottom(self) -> u16 {
        self.y.saturating_add(self.size.rows)
    }

    /// First cell and the one after the last, in a direction.
    fn extent(self, direction: Direction) -> (u16, u16) {
        match direction {
            Direction::Columns => (self.x, self.right()),
            Direction::Rows => (self.y, self.bottom()),
        }
    }

    fn is_in_line_with(self, other: Self) -> bool {
        (self.x, self.size.columns) == (other.x, other.size.columns)
    }
}

/// Rows of a folded pane of a stack: its title alone. No other pane is so low.
const FOLDED: u16 = 1;

/// The splits that panes in these areas come from; none if there are none.
///
/// Where a cut from edge to edge can be made both ways, the one from top to bottom is. Gaps, where
/// something was that is left out, belong to nobody. Areas that no cuts lead to (they overlap, or
/// turn around a middle) lie below each other, by their places.
#[must_use]
pub fn arranged<P>(panes: Vec<(Area, P)>) -> Option<Tile<P>> {
    let panes = match cut(panes, Direction::Columns) {
        Cut::Into(columns) => return split(Direction::Columns, columns),
        Cut::Not(panes) => panes,
    };
    match cut(panes, Direction::Rows) {
        Cut::Into(rows) => split(Direction::Rows, stacked(rows)),
        Cut::Not(panes) if panes.len() < 2 => {
            panes.into_iter().next().map(|(_, pane)| Tile::Pane(pane))
        }
        Cut::Not(mut panes) => {
            panes.sort_by_key(|(area, _)| (area.y, area.x));
            let parts = panes.into_iter().map(|(area, pane)| (area.size.rows, Tile::Pane(pane)));
            Tile::split(Direction::Rows, parts.collect())
        }
    }
}

/// Panes that belong together, with how far they reach.
type Group<P> = (u16, Vec<(Area, P)>);

enum Cut<P> {
    Into(Vec<Part<P>>),
    Not(Vec<(Area, P)>),
}

/// A part of a split before it is one.
enum Part<P> {
    Group(Group<P>),
    Stack { rows: u16, panes: Vec<P>, unfolded: usize },
}

/// Parts that nothing reaches across, if there are several.
fn cut<P>(mut panes: Vec<(Area, P)>, direction: Direction) -> Cut<P> {
    panes.sort_by_key(|(area, _)| area.extent(direction));
    let mut groups: Vec<(u16, u16, Vec<(Area, P)>)> = Vec::new();
    for (area, pane) in panes {
        let (from, to) = area.extent(direction);
        match groups.last_mut() {
            Some((_, end, group)) if from < *end => {
                *end = to.max(*end);
                group.push((area, pane));
            }
            _ => groups.push((from, to, vec![(area, pane)])),
        }
    }
    match groups.len() {
        0 | 1 => Cut::Not(groups.pop().map(|(_, _, group)| group).unwrap_or_default()),
        _ => Cut::Into(
            groups.into_iter().map(|(from, to, group)| Part::Group((to - from, group))).collect(),
        ),
    }
}

fn split<P>(direction: Direction, parts: Vec<Part<P>>) -> Option<Tile<P>> {
    let part = |part| match part {
        Part::Group((size, group)) => Some((size, arranged(group)?)),
        Part::Stack { rows, panes, unfolded } => Some((rows, Tile::stack(panes, unfolded)?)),
    };
    Tile::split(direction, parts.into_iter().filter_map(part).collect())
}

/// Takes folded panes and the unfolded one together: the one below them, which is where a new pane
/// of a stack is, else the one above.
fn stacked<P>(rows: Vec<Part<P>>) -> Vec<Part<P>> {
    let mut parts: Vec<Part<P>> = Vec::new();
    let mut folded: Vec<(Area, P)> = Vec::new();
    for part in rows {
        let Part::Group((size, mut group)) = part else { continue };
        let alone = group.len() == 1;
        let (area, below) = (group[0].0, folded.last().map(|(area, _)| *area));
        let follows = below.is_none_or(|below| below.is_in_line_with(area));
        if !follows {
            end(&mut parts, &mut folded);
        }
        if alone && size == FOLDED {
            folded.append(&mut group);
        } else if alone && follows && !folded.is_empty() {
            let rows = folded.len() as u16 * FOLDED + size;
            let unfolded = folded.len();
            let panes = folded.drain(..).chain(group).map(|(_, pane)| pane).collect();
            parts.push(Part::Stack { rows, panes, unfolded });
        } else {
            end(&mut parts, &mut folded);
            parts.push(Part::Group((size, group)));
        }
    }
    end(&mut parts, &mut folded);
    parts
}

/// Folded panes with none below them belong to the part above.
fn end<P>(parts: &mut Vec<Part<P>>, folded: &mut Vec<(Area, P)>) {
    let Some(&(area, _)) = folded.first() else { return };
    let more = folded.len() as u16 * FOLDED;
    let titles = folded.drain(..);
    match parts.pop() {
        Some(Part::Stack { rows, mut panes, unfolded }) => {
            panes.extend(titles.map(|(_, pane)| pane));
            parts.push(Part::Stack { rows: rows + more, panes, unfolded });
        }
        Some(Part::Group((size, group)))
            if group.len() == 1 && group[0].0.is_in_line_with(area) =>
        {
            let panes = group.into_iter().chain(titles).map(|(_, pane)| pane).collect();
            parts.push(Part::Stack { rows: size + more, panes, unfolded: 0 });
        }
        other => {
            parts.extend(other);
            parts.extend(titles.map(|title| Part::Group((FOLDED, vec![title]))));
        }
    }
}
