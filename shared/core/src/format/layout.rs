//! The panes of a terminal as stored.
//!
//! A tile is an array of its kind and what it holds. Bounds are kept while reading: a save may come
//! from a device that kept none. What can't be is left out, since nothing else depends on it.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::manifest::{StoredFile, load_file, store_file};
use super::terminal::length;
use crate::terminal::{
    Area, Base, DEEPEST, Direction, Floating, Label, Layout, MOST_PANES, MOST_TABS, Pane,
    PaneCommand, Place, PluginUrl, Runs, Size, Tab, Tile,
};

/// The version that is written; what only adds fields keeps it. A layout of another one is none.
const VERSION: u8 = 1;

#[derive(Encode)]
#[cbor(map)]
pub(super) struct StoredLayout {
    #[n(0)]
    version: u8,
    #[n(1)]
    tabs: Option<AtMost<StoredTab, MOST_TABS>>,
}

impl<'b, C> Decode<'b, C> for StoredLayout {
    /// What another version calls tabs may be anything.
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let keys = d.map()?.ok_or_else(|| DecodeError::message("no definite length"))?;
        let mut layout = Self { version: 0, tabs: None };
        for _ in 0..keys {
            match d.u64()? {
                0 => layout.version = d.u8()?,
                1 if layout.version == VERSION => layout.tabs = d.decode()?,
                _ => d.skip()?,
            }
        }
        Ok(layout)
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredTab {
    #[n(0)]
    name: Option<String>,
    #[n(1)]
    focused: bool,
    #[n(2)]
    columns: u16,
    #[n(3)]
    rows: u16,
    #[n(4)]
    tiled: Option<StoredTile>,
    #[n(5)]
    floating: Option<AtMost<StoredFloating, MOST_PANES>>,
    #[n(6)]
    hides_floating: bool,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredFloating {
    #[n(0)]
    x: u16,
    #[n(1)]
    y: u16,
    #[n(2)]
    columns: u16,
    #[n(3)]
    rows: u16,
    #[n(4)]
    pane: StoredPane,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredPane {
    #[n(0)]
    name: Option<String>,
    #[n(1)]
    base: Option<u8>,
    #[n(2)]
    path: Option<String>,
    #[n(3)]
    command: Option<Vec<String>>,
    #[n(4)]
    conversation: Option<String>,
    #[n(5)]
    plugin: Option<String>,
    #[n(6)]
    focused: bool,
    #[n(7)]
    text: Option<StoredFile>,
}

/// Items of which more than so many are passed over.
struct AtMost<T, const MOST: usize>(Vec<T>);

impl<C, T: Encode<C>, const MOST: usize> Encode<C> for AtMost<T, MOST> {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        self.0.encode(e, ctx)
    }
}

impl<'b, C, T: Decode<'b, C>, const MOST: usize> Decode<'b, C> for AtMost<T, MOST> {
    /// Grows with what is there, not with what is announced.
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        let mut items = Vec::new();
        for _ in 0..length(d)? {
            match items.len() < MOST {
                true => items.push(d.decode_with(ctx)?),
                false => d.skip()?,
            }
        }
        Ok(Self(items))
    }
}

/// A tile; none of a kind that only a newer version knows.
struct StoredTile(Option<Tile<StoredPane>>);

/// Numbers of the kinds of tiles: never reorder.
mod kind {
    pub(super) const PANE: u8 = 0;
    pub(super) const COLUMNS: u8 = 1;
    pub(super) const ROWS: u8 = 2;
    pub(super) const STACK: u8 = 3;
}

impl<C> Encode<C> for StoredTile {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        match &self.0 {
            Some(tile) => write(tile, e),
            None => e.array(0)?.ok(),
        }
    }
}

fn write<W: Write>(
    tile: &Tile<StoredPane>,
    e: &mut Encoder<W>,
) -> Result<(), EncodeError<W::Error>> {
    match tile {
        Tile::Pane(pane) => e.array(2)?.u8(kind::PANE)?.encode(pane)?.ok(),
        Tile::Split { direction, parts } => {
            let kind = match direction {
                Direction::Columns => kind::COLUMNS,
                Direction::Rows => kind::ROWS,
            };
            e.array(2)?.u8(kind)?.array(parts.len() as u64)?;
            parts.iter().try_for_each(|(size, tile)| {
                e.array(2)?.u16(*size)?;
                write(tile, e)
            })
        }
        Tile::Stack { panes, unfolded } => {
            e.array(3)?.u8(kind::STACK)?.u64(*unfolded as u64)?.array(panes.len() as u64)?;
            panes.iter().try_for_each(|pane| e.encode(pane)?.ok())
        }
    }
}

impl<'b, C> Decode<'b, C> for StoredTile {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        read(d, DEEPEST, &mut MOST_PANES.clone()).map(Self)
    }
}

/// A tile of so many levels at most, with room for so many panes; what is beyond is passed over.
fn read(
    d: &mut Decoder<'_>,
    levels: usize,
    room: &mut usize,
) -> Result<Option<Tile<StoredPane>>, DecodeError> {
    let Some(levels) = levels.checked_sub(1).filter(|_| *room > 0) else {
        return d.skip().map(|()| None);
    };
    let items = length(d)?;
    if items == 0 {
        return Ok(None);
    }
    let kind = d.u8()?;
    let (tile, known) = match (kind, items) {
        (kind::PANE, 2..) => {
            *room -= 1;
            (Some(Tile::Pane(d.decode()?)), 2)
        }
        (kind::COLUMNS, 2..) => (Tile::split(Direction::Columns, parts(d, levels, room)?), 2),
        (kind::ROWS, 2..) => (Tile::split(Direction::Rows, parts(d, levels, room)?), 2),
        (kind::STACK, 3..) => {
            let unfolded = usize::try_from(d.u64()?).unwrap_or(usize::MAX);
            let AtMost(panes) = d.decode::<AtMost<StoredPane, MOST_PANES>>()?;
            *room = room.saturating_sub(panes.len());
            (Tile::stack(panes, unfolded), 3)
        }
        _ => (None, 1),
    };
    for _ in known..items {
        d.skip()?;
    }
    Ok(tile)
}

/// Grows with what is there, not with what is announced.
fn parts(
    d: &mut Decoder<'_>,
    levels: usize,
    room: &mut usize,
) -> Result<Vec<(u16, Tile<StoredPane>)>, DecodeError> {
    let mut parts = Vec::new();
    for _ in 0..length(d)? {
        if length(d)? != 2 {
            return Err(DecodeError::message("no part of a split"));
        }
        let size = d.u16()?;
        parts.extend(read(d, levels, room)?.map(|tile| (size, tile)));
    }
    Ok(parts)
}

pub(super) fn store_layout(layout: &Layout) -> StoredLayout {
    let tabs = layout.tabs.iter().cloned().map(store_tab).collect();
    StoredLayout { version: VERSION, tabs: Some(AtMost(tabs)) }
}

fn store_tab(tab: Tab) -> StoredTab {
    let Tab { name, focused, size, tiled, floating, hides_floating } =
        tab.map(&mut |pane| Some(store_pane(pane)));
    let floating: Vec<_> = floating.into_iter().map(store_floating).collect();
    StoredTab {
        name: name.map(|name| name.to_string()),
        focused,
        columns: size.columns,
        rows: size.rows,
        tiled: tiled.map(|tile| StoredTile(Some(tile))),
        floating: (!floating.is_empty()).then_some(AtMost(floating)),
        hides_floating,
    }
}

fn store_floating(Floating { area, pane }: Floating<StoredPane>) -> StoredFloating {
    let Area { x, y, size: Size { columns, rows } } = area;
    StoredFloating { x, y, columns, rows, pane }
}

fn store_pane(pane: Pane) -> StoredPane {
    let mut stored = StoredPane {
        name: pane.name.map(|name| name.to_string()),
        base: pane.place.as_ref().map(|place| number(place.base)),
        path: pane.place.map(|place| place.path.to_string()).filter(|path| !path.is_empty()),
        command: None,
        conversation: None,
        plugin: None,
        focused: pane.focused,
        text: pane.text.as_ref().map(store_file),
    };
    match pane.runs {
        Runs::Shell => {}
        Runs::Command(command) => {
            let program = command.program().to_owned();
            stored.command =
                Some([program].into_iter().chain(command.arguments().iter().cloned()).collect());
        }
        Runs::Conversation(id) => stored.conversation = Some(id.to_string()),
        Runs::Plugin(url) => stored.plugin = Some(url.as_str().to_owned()),
    }
    stored
}

/// The bases in the order of their stored numbers: never reorder.
const BASES: [Base; 3] = [Base::Repository, Base::Home, Base::Root];

fn number(base: Base) -> u8 {
    match base {
        Base::Repository => 0,
        Base::Home => 1,
        Base::Root => 2,
    }
}

pub(super) fn load_layout(stored: StoredLayout) -> Option<Layout> {
    if stored.version != VERSION {
        return None;
    }
    let mut room = MOST_PANES;
    let tabs = stored.tabs.map(|AtMost(tabs)| tabs).unwrap_or_default().into_iter();
    let tabs = tabs.map(|tab| load_tab(tab, &mut room)).filter(|tab| tab.panes().next().is_some());
    let tabs: Vec<_> = tabs.collect();
    (!tabs.is_empty()).then_some(Layout { tabs })
}

fn load_tab(stored: StoredTab, room: &mut usize) -> Tab {
    let floating = stored.floating.map(|AtMost(floating)| floating).unwrap_or_default();
    let floating = floating.into_iter().map(|floating| {
        let StoredFloating { x, y, columns, rows, pane } = floating;
        Floating { area: Area { x, y, size: Size { columns, rows } }, pane }
    });
    let tab = Tab {
        name: stored.name.as_deref().and_then(Label::of),
        focused: stored.focused,
        size: Size { columns: stored.columns, rows: stored.rows },
        tiled: stored.tiled.and_then(|tile| tile.0),
        floating: floating.collect(),
        hides_floating: stored.hides_floating,
    };
    tab.map(&mut |pane| {
        *room = room.checked_sub(1)?;
        Some(load_pane(pane))
    })
}

fn load_pane(stored: StoredPane) -> Pane {
    let base = stored.base.and_then(|base| BASES.get(usize::from(base)).copied());
    let place = base.and_then(|base| {
        Some(Place { base, path: stored.path.as_deref().unwrap_or_default().parse().ok()? })
    });
    let conversation = stored.conversation.and_then(|id| id.parse().ok());
    let command = stored.command.and_then(|words| PaneCommand::new(words).ok());
    let plugin = stored.plugin.as_deref().and_then(PluginUrl::of);
    let runs = match (conversation, plugin, command) {
        (Some(id), ..) => Runs::Conversation(id),
        (_, Some(url), _) => Runs::Plugin(url),
        (_, _, Some(command)) => Runs::Command(command),
        _ => Runs::Shell,
    };
    Pane {
        name: stored.name.as_deref().and_then(Label::of),
        place,
        runs,
        focused: stored.focused,
        text: stored.text.and_then(|file| load_file(file).ok()),
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use minicbor::Encoder;

    use super::super::manifest::{decode_manifest, encode_manifest};
    use super::*;
    use crate::manifest::{FileState, Manifest};
    use crate::terminal::{Terminal, arranged};

    fn pane(name: &str) -> Pane {
        Pane { name: Label::of(name), ..Pane::default() }
    }

    fn in_folder(base: Base, path: &str) -> Option<Place> {
        Some(Place { base, path: path.parse().expect("a path") })
    }

    fn layout() -> Layout {
        let words = ["npm", "run", "a \"b\""].map(str::to_owned).to_vec();
        let command = PaneCommand::new(words).expect("it is one");
        let id = "3f0e8c5a-0000-4000-8000-000000000001".parse().expect("an id");
        let beside = vec![
            (
                40,
                Tile::Pane(Pane {
                    place: in_folder(Base::Repository, ""),
                    runs: Runs::Conversation(id),
                    focused: true,
                    text: Some(FileState { len: 3, ..FileState::default() }),
                    ..pane("")
                }),
            ),
            (
                20,
                Tile::Split {
                    direction: Direction::Rows,
                    parts: vec![
                        (
                            10,
                            Tile::Pane(Pane {
                                place: in_folder(Base::Home, "x y"),
                                runs: Runs::Command(command),
                                ..pane("server")
                            }),
                        ),
                        (12, Tile::Stack { panes: vec![pane("one"), pane("two")], unfolded: 1 }),
                    ],
                },
            ),
        ];
        let area = Area { x: 1, y: 2, size: Size { columns: 30, rows: 9 } };
        let plugin = PluginUrl::of("zellij:strider").expect("a URL");
        let floating = Pane {
            runs: Runs::Plugin(plugin),
            place: in_folder(Base::Root, "var/log"),
            ..pane("files")
        };
        Layout {
            tabs: vec![Tab {
                name: Label::of("work"),
                focused: true,
                size: Size { columns: 60, rows: 22 },
                tiled: Tile::split(Direction::Columns, beside),
                floating: vec![Floating { area, pane: floating }],
                hides_floating: true,
            }],
        }
    }

    fn manifest(layout: Layout) -> Manifest {
        let terminal = Terminal { layout: Some(layout), ..Terminal::default() };
        Manifest { terminal: Some(terminal), ..Manifest::default() }
    }

    const LAYOUT: &str = "\
        a2018002a2006005a200010181a70064776f726b01f502183c0316048201828218288200a4010004782433\
        663065386335612d303030302d343030302d383030302d30303030303030303030303106f507a300030140\
        02808214820282820a8200a50066736572766572010102637820790383636e706d6372756e656120226222\
        06f4820c83030182a200636f6e6506f4a2006374776f06f40581a50001010202181e030904a5006566696c\
        6573010202677661722f6c6f67056e7a656c6c696a3a7374726964657206f406f5";

    #[test]
    fn the_stored_layout_never_changes() {
        let bytes = encode_manifest(&manifest(layout()));
        assert_eq!(HEXLOWER.encode(&bytes), LAYOUT);
        let mut read = decode_manifest(&bytes).expect("it is read");
        assert_eq!(read, manifest(layout()));
        // What collections keep, and resumes fetch, is found by these.
        assert_eq!((read.files().count(), read.files_mut().count()), (1, 1));
    }

    /// The layout of a terminal whose layout was written like this.
    fn stored(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Result<Option<Layout>, ()> {
        let mut bytes = b"\xa2\x01\x80\x02\xa2\x00\x60\x05".to_vec();
        write(&mut Encoder::new(&mut bytes));
        decode_manifest(&bytes)
            .map(|manifest| manifest.terminal.expect("it has one").layout)
            .map_err(drop)
    }

    fn one_tab(tile: &[u8]) -> Result<Option<Layout>, ()> {
        let tab = [b"\xa2\x00\x01\x01\x81\xa5\x01\xf4\x02\x01\x03\x01\x06\xf4\x04", tile].concat();
        stored(|e| e.writer_mut().extend(tab))
    }

    const PANE: &[u8] = b"\x82\x00\xa1\x06\xf4";

    #[test]
    fn a_layout_of_a_later_version_is_none_and_the_rest_of_the_terminal_is_there() {
        assert_eq!(stored(|e| e.writer_mut().extend(b"\xa2\x00\x02\x01\xf4")), Ok(None));
        assert_eq!(stored(|e| e.writer_mut().extend(b"\xa1\x00\x02")), Ok(None));
        assert!(one_tab(PANE).expect("it is read").is_some());
        assert_eq!(one_tab(b"\x82\x18\x63\x01"), Ok(None), "a tile that only others know");
        let beside = [b"\x82\x01\x82\x82\x05\x82\x18\x63\x01\x82\x05", PANE].concat();
        let known = one_tab(&beside).expect("it is read").expect("it has a pane");
        assert!(matches!(known.tabs[0].tiled, Some(Tile::Pane(_))));
    }

    /// Splits like a spiral, each inside of the one before.
    fn spiral(turns: u16) -> Vec<(Area, Tile)> {
        let area = |x, y, columns, rows| Area { x, y, size: Size { columns, rows } };
        let inwards = (0..turns).map(|at| {
            let (x, y) = (at.div_ceil(2), at / 2);
            match at % 2 {
                0 => area(x, y, 1, 99 - y),
                _ => area(x, y, 99 - x, 1),
            }
        });
        let inner = area(turns.div_ceil(2), turns / 2, 9, 9);
        let panes = inwards.chain([inner]).enumerate();
        panes.map(|(at, area)| (area, Tile::Pane(pane(&format!("pane {at}"))))).collect()
    }

    #[test]
    fn however_deep_panes_are_split_all_of_them_come_back() {
        for turns in [3, 14, 15, 16, 40] {
            let tab = Tab {
                name: None,
                focused: true,
                size: Size { columns: 99, rows: 99 },
                tiled: arranged(spiral(turns)),
                floating: Vec::new(),
                hides_floating: false,
            };
            let manifest = manifest(Layout { tabs: vec![tab] });
            let decoded = decode_manifest(&encode_manifest(&manifest));
            assert_eq!(decoded.as_ref(), Ok(&manifest), "{turns}");
            let panes =
                decoded.ok().and_then(|it| it.terminal?.layout).map(|it| it.panes().count());
            assert_eq!(panes, Some(usize::from(turns) + 1));
        }
    }

    #[test]
    fn a_hostile_layout_is_read_within_bounds_or_not_at_all() {
        let deep = [b"\x82\x01\x81\x82\x05".repeat(5000), PANE.to_vec()].concat();
        assert_eq!(one_tab(&deep), Ok(None));
        assert_eq!(one_tab(b"\x82\x01\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), Err(()));
        assert_eq!(one_tab(b"\x83\x03\x00\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), Err(()));
        let many = [b"\x83\x03\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x99\x03\xe8".to_vec()]
            .into_iter()
            .chain(std::iter::repeat_n(PANE[2..].to_vec(), 1000))
            .collect::<Vec<_>>()
            .concat();
        let many = one_tab(&many).expect("it is read").expect("it has panes");
        assert_eq!(many.panes().count(), MOST_PANES);
    }

    #[test]
    fn what_a_hostile_pane_says_is_left_out_where_it_can_not_be() {
        let pane = |e: &mut Encoder<&mut Vec<u8>>| -> Result<(), EncodeError<_>> {
            e.map(2)?.u8(0)?.u8(1)?.u8(1)?.array(1)?;
            e.map(5)?.u8(1)?.bool(false)?.u8(2)?.u8(1)?.u8(3)?.u8(1)?.u8(6)?.bool(false)?;
            e.u8(4)?.array(2)?.u8(0)?.map(6)?;
            e.u8(0)?.str("a\u{1b}]0;b\u{7}\n\u{202e}c")?;
            e.u8(1)?.u8(0)?.u8(2)?.str("../../etc")?;
            e.u8(3)?.array(2)?.str("ls")?.str("\u{1b}[2J")?;
            e.u8(5)?.str("zellij:a\"b")?.u8(6)?.bool(false)?.ok()
        };
        let layout = stored(|e| pane(e).expect("written")).expect("it is read").expect("a pane");
        let pane = layout.panes().next().expect("one pane");
        assert_eq!(pane.name.as_ref().map(Label::as_str), Some("a]0;bc"));
        assert_eq!(
            (&pane.place, &pane.runs),
            (&None, &Runs::Plugin(PluginUrl::of("zellij:a\"b").expect("a URL")))
        );
    }
}
