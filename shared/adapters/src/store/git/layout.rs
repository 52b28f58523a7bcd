//! Which ref holds an object, and under which path. Pure. Frozen: other devices read it.
//!
//! ```text
//! refs/convosync/s/<session>   c/<save>          head and card of a unit, cut from it
//!                              u/<save>.<size>   the whole unit
//!                              o/<part>.<size>   a part
//! refs/convosync/meta          m/<name>.<size>   any other object, `v1/` cut off, `/` as `+`
//! ```
//!
//! The size stands in the name because a tree does not tell it and the blob itself is often not
//! there. An object of more than [`PIECE`] bytes is a folder of that name whose files, in order,
//! are its pieces.

use std::collections::BTreeMap;
use std::str::FromStr;

use convosync_core::{ObjectName, Oid, SessionId};

/// Bytes of a blob at most: GitHub refuses 100 MB and warns from 50 MB on
/// (<https://docs.github.com/en/repositories/working-with-files/managing-large-files>).
pub(super) const PIECE: usize = 32 << 20;

/// All refs of a store are below it.
pub(super) const REFS: &str = "refs/convosync/";

/// One ref of a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// `refs/convosync/meta`.
    Meta,
    /// `refs/convosync/s/<session>`.
    Session(SessionId),
}

impl Place {
    pub(super) fn of(name: &ObjectName) -> Self {
        name.session().map_or(Self::Meta, |session| Self::Session(session.clone()))
    }

    /// The place that a ref is; `None` if it is none of ours.
    pub(super) fn of_ref(text: &str) -> Option<Self> {
        match text.strip_prefix(REFS)? {
            "meta" => Some(Self::Meta),
            rest => rest.strip_prefix("s/")?.parse().ok().map(Self::Session),
        }
    }

    pub(super) fn ref_name(&self) -> String {
        match self {
            Self::Meta => format!("{REFS}meta"),
            Self::Session(session) => format!("{REFS}s/{session}"),
        }
    }

    /// Whether it can hold an object whose name starts with `prefix`.
    pub(super) fn may_hold(&self, prefix: &str) -> bool {
        let meets = |start: &str| prefix.starts_with(start) || start.starts_with(prefix);
        match self {
            Self::Meta => {
                let of_sessions = [ObjectName::UNITS, ObjectName::PARTS];
                meets(VERSION) && !of_sessions.iter().any(|start| prefix.starts_with(start))
            }
            Self::Session(session) => {
                meets(&ObjectName::units_of(session)) || meets(&ObjectName::parts_of(session))
            }
        }
    }

    /// The folders of its tree that hold something.
    pub(super) fn folders(&self) -> &'static [&'static str] {
        match self {
            Self::Meta => &["m"],
            Self::Session(_) => &["u", "o", "c"],
        }
    }
}

/// The path of an object of this size.
pub(super) fn path(name: &ObjectName, size: u64) -> String {
    let text = name.to_string();
    let last = text.rsplit('/').next().unwrap_or_default();
    match name {
        ObjectName::Unit { .. } => format!("u/{last}.{size}"),
        ObjectName::Part { .. } => format!("o/{last}.{size}"),
        _ => format!("m/{}.{size}", text[VERSION.len()..].replace('/', "+")),
    }
}

/// The path of a unit's card.
pub(super) fn card_path(name: &ObjectName) -> Option<String> {
    match name {
        ObjectName::Unit { save, .. } => Some(format!("c/{save}")),
        _ => None,
    }
}

const VERSION: &str = "v1/";

/// The object that a file is, and its bytes; `None` if it is none of ours.
fn object(place: &Place, folder: &str, file: &str) -> Option<(ObjectName, u64)> {
    let (last, digits) = file.rsplit_once('.')?;
    let size: u64 = digits.parse().ok()?;
    let text = match (place, folder) {
        (Place::Session(session), "u") => format!("{}{last}", ObjectName::units_of(session)),
        (Place::Session(session), "o") => format!("{}{last}", ObjectName::parts_of(session)),
        (Place::Meta, "m") => format!("{VERSION}{}", last.replace('+', "/")),
        _ => return None,
    };
    let name = ObjectName::from_str(&text).ok()?;
    // One spelling only: no leading zeros, and nothing that belongs elsewhere.
    (path(&name, size) == format!("{folder}/{file}") && Place::of(&name) == *place)
        .then_some((name, size))
}

/// A file or folder of a git tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TreeEntry {
    pub(super) name: String,
    pub(super) oid: Oid,
    pub(super) is_folder: bool,
}

/// Reads a tree object: `<mode> <name> NUL <20 bytes>` again and again (gitformat-pack(5) has no
/// page of it; see `git cat-file tree`). `None` if it is not whole. Names that are no UTF-8 and
/// what is neither file nor folder are left out.
pub(super) fn read_tree(bytes: &[u8]) -> Option<Vec<TreeEntry>> {
    const OID: usize = 20;
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (head, after) = rest.split_at(end);
        let (raw, after) = after[1..].split_at_checked(OID)?;
        rest = after;
        let space = head.iter().position(|byte| *byte == b' ')?;
        let (mode, name) = (&head[..space], &head[space + 1..]);
        let is_folder = mode == b"40000";
        if !is_folder && !mode.starts_with(b"100") {
            continue;
        }
        let Ok(name) = std::str::from_utf8(name) else { continue };
        let digits: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
        entries.push(TreeEntry { name: name.to_owned(), oid: digits.parse().ok()?, is_folder });
    }
    Some(entries)
}

/// An object in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) size: u64,
    /// Its blob, or the tree of its pieces.
    pub(super) oid: Oid,
    pub(super) in_pieces: bool,
    /// The blob of its card.
    pub(super) card: Option<Oid>,
}

/// What a tip holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) commit: Oid,
    /// Its whole tree, with what is none of ours.
    pub(super) tree: Oid,
    pub(super) objects: BTreeMap<ObjectName, Stored>,
    /// Something else is in there too: perhaps of a ConvoSync that knows more than this one.
    pub(super) has_more: bool,
}

impl Tip {
    /// Takes in one folder of the tree.
    pub(super) fn add(&mut self, place: &Place, folder: &str, entries: Vec<TreeEntry>) {
        for entry in entries {
            if folder == "c" {
                self.add_card(place, entry);
            } else if let Some((name, size)) = object(place, folder, &entry.name) {
                let (oid, in_pieces) = (entry.oid, entry.is_folder);
                self.objects.entry(name).or_insert(Stored { size, oid, in_pieces, card: None });
            } else {
                self.has_more = true;
            }
        }
    }

    /// Cards come after the units.
    fn add_card(&mut self, place: &Place, entry: TreeEntry) {
        let unit = match (place, entry.name.parse()) {
            (Place::Session(session), Ok(save)) if !entry.is_folder => {
                self.objects.get_mut(&ObjectName::Unit { session: session.clone(), save })
            }
            _ => None,
        };
        match unit {
            Some(unit) => unit.card = Some(entry.oid),
            None => self.has_more = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ObjectName {
        text.parse().expect(text)
    }

    #[test]
    fn the_paths_never_change() {
        let part = "00112233445566778899aabbccddeeff-22223333";
        for (text, place, at) in [
            ("v1/store.json", "refs/convosync/meta", "m/store.json.7"),
            ("v1/dev/abcdefgh-22223333", "refs/convosync/meta", "m/dev+abcdefgh-22223333.7"),
            (
                "v1/keys/00000001/recovery-22223333",
                "refs/convosync/meta",
                "m/keys+00000001+recovery-22223333.7",
            ),
            (
                "v1/s/session-abcdefgh/00000003-abcdefgh-17-22223333",
                "refs/convosync/s/session-abcdefgh",
                "u/00000003-abcdefgh-17-22223333.7",
            ),
            (
                &format!("v1/o/session-abcdefgh/{part}"),
                "refs/convosync/s/session-abcdefgh",
                &format!("o/{part}.7"),
            ),
        ] {
            let name = name(text);
            let place_of = Place::of(&name);
            assert_eq!((place_of.ref_name().as_str(), path(&name, 7).as_str()), (place, at));
            assert_eq!(Place::of_ref(place), Some(place_of.clone()));
            let (folder, file) = at.split_once('/').expect("a folder");
            assert_eq!(object(&place_of, folder, file), Some((name, 7)));
        }
        let unit = name("v1/s/session-abcdefgh/00000003-abcdefgh-17-22223333");
        assert_eq!(card_path(&unit).as_deref(), Some("c/00000003-abcdefgh-17-22223333"));
    }

    #[test]
    fn what_is_none_of_ours_is_left_out() {
        let session = Place::of_ref("refs/convosync/s/session-abcdefgh").expect("a session");
        for (place, folder, file) in [
            (&session, "u", "00000003-abcdefgh-17-22223333"),
            (&session, "u", "00000003-abcdefgh-17-22223333.07"),
            (&session, "u", "00000003-abcdefgh-17-22223333.-1"),
            (&session, "u", "../../etc.7"),
            (&session, "m", "store.json.7"),
            (&Place::Meta, "m", "s+session-abcdefgh+00000003-abcdefgh-17-22223333.7"),
            (&Place::Meta, "m", "dev/abcdefgh-22223333.7"),
        ] {
            assert_eq!(object(place, folder, file), None, "{folder}/{file}");
        }
        for text in ["refs/heads/main", "refs/convosync/s/x", "refs/convosync/park/abc"] {
            assert_eq!(Place::of_ref(text), None, "{text}");
        }
    }

    #[test]
    fn a_prefix_asks_only_the_places_that_may_hold_it() {
        let session = Place::of_ref("refs/convosync/s/session-abcdefgh").expect("a session");
        for prefix in ["", "v1/", "v1/s/", "v1/o/session-ab", "v1/s/session-abcdefgh/0000"] {
            assert!(session.may_hold(prefix), "{prefix}");
        }
        for prefix in ["v1/s/session-b", "v1/dev/", "v2/", "../"] {
            assert!(!session.may_hold(prefix), "{prefix}");
        }
        for (prefix, may) in [("", true), ("v1/k", true), ("v1/pin/", true), ("v1/s/", false)] {
            assert_eq!(Place::Meta.may_hold(prefix), may, "{prefix}");
        }
    }

    #[test]
    fn half_a_tree_is_no_tree() {
        let mut tree = b"100644 a\0".to_vec();
        tree.extend([7; 20]);
        tree.extend(b"40000 b\0");
        tree.extend([8; 20]);
        let entries = read_tree(&tree).expect("a tree");
        assert_eq!(entries[0].oid.to_string(), "07".repeat(20));
        assert_eq!((entries[1].name.as_str(), entries[1].is_folder), ("b", true));
        for cut in [1, 8, 12, 28, 30, tree.len() - 1] {
            assert_eq!(read_tree(&tree[..cut]), None, "{cut}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = read_tree(&bytes);
        }
    }
}
