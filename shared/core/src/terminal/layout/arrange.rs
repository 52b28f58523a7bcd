//! From where panes are to how they are split: what a program tells of its panes is their areas.

use super::{DEEPEST, Direction, Size, Tile};

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
    /// The smallest area around both.
    #[must_use]
    pub fn around(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let columns = self.right().max(other.right()) - x;
        let rows = self.bottom().max(other.bottom()) - y;
        Self { x, y, size: Size { columns, rows } }
    }

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
}

/// The splits that tiles in these areas come from; none if there are none.
///
/// Where a cut from edge to edge can be made both ways, the one from top to bottom is. Gaps, where
/// something was that is left out, belong to nobody. Areas that no cuts lead to (they overlap, turn
/// around a middle, or lie deeper than can be stored) lie below each other, by their places.
#[must_use]
pub fn arranged<P>(tiles: Vec<(Area, Tile<P>)>) -> Option<Tile<P>> {
    within(DEEPEST, tiles)
}

/// As [`arranged`], in so many levels, the panes themselves being one.
fn within<P>(levels: usize, mut tiles: Vec<(Area, Tile<P>)>) -> Option<Tile<P>> {
    for direction in [Direction::Columns, Direction::Rows].into_iter().filter(|_| levels > 2) {
        let mut groups = cut(tiles, direction);
        if groups.len() > 1 {
            let part = |(size, group)| Some((size, within(levels - 1, group)?));
            return Tile::split(direction, groups.into_iter().filter_map(part).collect());
        }
        tiles = groups.pop().map(|(_, group)| group).unwrap_or_default();
    }
    tiles.sort_by_key(|(area, _)| (area.y, area.x));
    let parts = tiles.into_iter().map(|(area, tile)| (area.size.rows, tile));
    Tile::split(Direction::Rows, parts.collect())
}

/// Tiles that belong together, with how far they reach.
type Group<P> = (u16, Vec<(Area, Tile<P>)>);

/// Groups that nothing reaches across.
fn cut<P>(mut tiles: Vec<(Area, Tile<P>)>, direction: Direction) -> Vec<Group<P>> {
    tiles.sort_by_key(|(area, _)| area.extent(direction));
    let mut groups: Vec<Group<P>> = Vec::new();
    let (mut first, mut end) = (0, 0);
    for (area, tile) in tiles {
        let (from, to) = area.extent(direction);
        match groups.last_mut() {
            Some((reach, group)) if from < end => {
                end = end.max(to);
                *reach = end - first;
                group.push((area, tile));
            }
            _ => {
                (first, end) = (from, to);
                groups.push((to - from, vec![(area, tile)]));
            }
        }
    }
    groups
}
