//! Git objects of our copy: reading tips and blobs, and building a new tip.

use std::collections::{BTreeMap, BTreeSet};

use convosync_core::{ObjectName, Oid, Sealed, card_prefix};
use convosync_engine::ports::StoreError;

use super::failure::{self, Trouble};
use super::layout::{self, PIECE, Place, Stored, Tip, TreeEntry, read_tree};
use super::mirror::{Mirror, REMOTE};
use crate::durable;

/// Tips that are read in one call: what it prints must fit into memory.
const TIPS_AT_ONCE: usize = 200;

/// What `git cat-file --batch` says to one line.
enum Answer {
    Found { oid: Oid, bytes: Vec<u8> },
    Missing,
}

/// Asks for objects, in this order.
fn ask(mirror: &Mirror, lines: &[String]) -> Result<Vec<Answer>, Trouble> {
    let mut input = lines.join("\n");
    input.push('\n');
    let call = mirror.read("cat-file")?.arg("--batch").input(input);
    let out = call.ok().map_err(failure::local)?;
    let mut rest = out.as_slice();
    let answers: Option<Vec<_>> = lines.iter().map(|_| answer(&mut rest)).collect();
    answers.ok_or_else(|| Trouble::Mirror("git cat-file printed something else".to_owned()))
}

/// `<oid> <type> <size> LF <bytes> LF`, or `<what was asked> missing LF`.
fn answer(rest: &mut &[u8]) -> Option<Answer> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&rest[..end]).ok()?;
    *rest = &rest[end + 1..];
    let mut words = head.rsplit(' ');
    let last = words.next()?;
    if last == "missing" {
        return Some(Answer::Missing);
    }
    let size: usize = last.parse().ok()?;
    let (_kind, oid) = (words.next()?, words.next()?);
    let (bytes, after) = rest.split_at_checked(size)?;
    *rest = after.strip_prefix(b"\n")?;
    Some(Answer::Found { oid: oid.parse().ok()?, bytes: bytes.to_vec() })
}

/// Reads what tips hold.
pub(super) fn tips(mirror: &Mirror, wanted: &[(Place, Oid)]) -> Result<Vec<Tip>, Trouble> {
    let mut tips = Vec::with_capacity(wanted.len());
    for some in wanted.chunks(TIPS_AT_ONCE) {
        let mut lines = Vec::new();
        for (place, commit) in some {
            lines.push(format!("{commit}^{{tree}}"));
            lines.extend(place.folders().iter().map(|folder| format!("{commit}:{folder}")));
        }
        let mut answers = ask(mirror, &lines)?.into_iter();
        for (place, commit) in some {
            tips.push(tip(place, commit, &mut answers)?);
        }
    }
    Ok(tips)
}

fn tip(
    place: &Place,
    commit: &Oid,
    answers: &mut dyn Iterator<Item = Answer>,
) -> Result<Tip, Trouble> {
    let broken = || Trouble::Mirror(format!("{} can't be read", place.ref_name()));
    let Some(Answer::Found { oid: tree, bytes }) = answers.next() else { return Err(broken()) };
    let top = read_tree(&bytes).ok_or_else(broken)?;
    let has_more = top.iter().any(|entry| !place.folders().contains(&entry.name.as_str()));
    let mut tip = Tip { commit: commit.clone(), tree, objects: BTreeMap::new(), has_more };
    for folder in place.folders() {
        let there = top.iter().any(|entry| entry.name == *folder && entry.is_folder);
        match answers.next() {
            Some(Answer::Found { bytes, .. }) if there => {
                tip.add(place, folder, read_tree(&bytes).ok_or_else(broken)?);
            }
            // The tree names a folder that is not there: never a shorter list.
            Some(Answer::Missing) | None if there => return Err(broken()),
            _ => {}
        }
    }
    Ok(tip)
}

/// The bytes of blobs; those that are not there are fetched.
pub(super) fn blobs(mirror: &Mirror, wanted: &[Oid]) -> Result<Vec<Vec<u8>>, Trouble> {
    let lines: Vec<_> = wanted.iter().map(ToString::to_string).collect();
    let mut found = ask(mirror, &lines)?;
    let missing: Vec<_> = absent(wanted, &found).collect();
    if !missing.is_empty() {
        fetch_blobs(mirror, &missing)?;
        found = ask(mirror, &lines)?;
    }
    let whole = found.into_iter().map(|answer| match answer {
        Answer::Found { bytes, .. } => Ok(bytes),
        Answer::Missing => Err(Trouble::Mirror("what was fetched is not there".to_owned())),
    });
    whole.collect()
}

fn absent<'a>(wanted: &'a [Oid], found: &'a [Answer]) -> impl Iterator<Item = &'a Oid> {
    let pairs = wanted.iter().zip(found);
    pairs.filter(|(_, answer)| matches!(answer, Answer::Missing)).map(|(oid, _)| oid)
}

/// As git itself fetches what a clone with a filter lacks.
fn fetch_blobs(mirror: &Mirror, wanted: &[&Oid]) -> Result<(), Trouble> {
    let mut input = String::new();
    for oid in wanted {
        input.push_str(&format!("{oid}\n"));
    }
    let call = mirror.network("fetch")?.config("fetch.negotiationAlgorithm=noop");
    let args = ["--progress", "--no-write-fetch-head", "--no-recurse-submodules"];
    let call = call.args(args).args(["--filter=blob:none", "--refmap=", "--stdin", REMOTE]);
    call.input(input).ok().map(|_| ()).map_err(|error| failure::remote(error).into())
}

/// The blobs of an object, in order.
pub(super) fn pieces(mirror: &Mirror, stored: &Stored) -> Result<Vec<Oid>, Trouble> {
    if !stored.in_pieces {
        return Ok(vec![stored.oid.clone()]);
    }
    let broken = || Trouble::Mirror(format!("the pieces {} can't be read", stored.oid));
    let answers = ask(mirror, &[stored.oid.to_string()])?;
    let Some(Answer::Found { bytes, .. }) = answers.into_iter().next() else {
        return Err(broken());
    };
    let mut entries: Vec<TreeEntry> = read_tree(&bytes).ok_or_else(broken)?;
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries.into_iter().map(|entry| entry.oid).collect())
}

/// Whether an object has these bytes: by git's own hash, so that nothing is fetched.
pub(super) fn is_same(mirror: &Mirror, stored: &Stored, object: &Sealed) -> Result<bool, Trouble> {
    let bytes = object.as_bytes();
    if stored.size != bytes.len() as u64 {
        return Ok(false);
    }
    let there = pieces(mirror, stored)?;
    let mut ours = Vec::new();
    for piece in cut(bytes) {
        let call = mirror.read("hash-object")?.args(["-t", "blob", "--stdin"]).input(piece);
        let out = call.ok().map_err(failure::local)?;
        ours.extend(String::from_utf8_lossy(&out).trim().parse::<Oid>());
    }
    Ok(there == ours)
}

/// The pieces of an object: itself, unless it is big. An empty object is one empty piece.
fn cut(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = bytes.is_empty().then_some(bytes);
    whole.into_iter().chain(bytes.chunks(PIECE))
}

/// What a new tip has that the old one has not, and the other way round.
pub(super) enum Change<'a> {
    Add(&'a [&'a (ObjectName, Sealed)]),
    Remove(&'a ObjectName, u64),
    /// One small file, to see whether a store takes it.
    Probe,
}

/// Builds a commit without parents over the tree of `base`, and returns it.
///
/// Its date is always the same and it names nobody: a store learns from it nothing that the names
/// of the objects do not tell. Nothing refers to it yet.
pub(super) fn build(
    mirror: &Mirror,
    base: Option<&Tip>,
    change: &Change<'_>,
) -> Result<Oid, Trouble> {
    let letters = durable::random_letters().map_err(|error| {
        StoreError::Unreachable(format!("the system gives no random numbers: {error}"))
    })?;
    let mut stream = Stream::begin(&letters);
    if let Some(base) = base {
        stream.line(&format!("M 040000 {} ", base.tree));
    }
    match change {
        Change::Add(objects) => objects.iter().for_each(|(name, object)| stream.add(name, object)),
        Change::Remove(name, size) => stream.remove(name, *size),
        Change::Probe => stream.file("probe", letters.as_bytes()),
    }
    let args = ["--quiet", "--force", "--done", "--depth=0"];
    let call = mirror.write("fast-import")?.args(args).input(stream.end(&letters));
    let out = call.ok().map_err(failure::local)?;
    let text = String::from_utf8_lossy(&out);
    text.trim().parse().map_err(|_| Trouble::Mirror("git fast-import printed no id".to_owned()))
}

/// What git-fast-import(1) reads.
struct Stream(Vec<u8>);

impl Stream {
    /// It wants a ref to build on: one that nobody else uses and that is gone at the end.
    fn begin(letters: &str) -> Self {
        let mut stream = Self(Vec::new());
        stream.line(&format!("commit refs/new/{letters}"));
        stream.line("mark :1");
        stream.line("committer ConvoSync <convosync@localhost> 0 +0000");
        stream.line("data 0");
        stream
    }

    fn end(mut self, letters: &str) -> Vec<u8> {
        self.line("");
        self.line("get-mark :1");
        self.line(&format!("reset refs/new/{letters}"));
        self.line("from 0000000000000000000000000000000000000000");
        self.line("");
        self.line("done");
        self.0
    }

    fn line(&mut self, text: &str) {
        self.0.extend(text.as_bytes());
        self.0.push(b'\n');
    }

    fn file(&mut self, path: &str, bytes: &[u8]) {
        self.line(&format!("M 100644 inline {path}"));
        self.line(&format!("data {}", bytes.len()));
        self.0.extend(bytes);
        self.0.push(b'\n');
    }

    fn add(&mut self, name: &ObjectName, object: &Sealed) {
        let bytes = object.as_bytes();
        let path = layout::path(name, bytes.len() as u64);
        if bytes.len() <= PIECE {
            self.file(&path, bytes);
        } else {
            for (number, piece) in bytes.chunks(PIECE).enumerate() {
                self.file(&format!("{path}/{number:04}"), piece);
            }
        }
        // What is no unit inside has no card; who reads it will tell.
        if let (Some(path), Ok(card)) = (layout::card_path(name), card_prefix(object)) {
            self.file(&path, card.as_bytes());
        }
    }

    fn remove(&mut self, name: &ObjectName, size: u64) {
        self.line(&format!("D {}", layout::path(name, size)));
        if let Some(card) = layout::card_path(name) {
            self.line(&format!("D {card}"));
        }
    }
}

/// The cards that are worth reading together with the one that is asked for: of every session the
/// newest, which a list asks for next; of an older save all of its session, for a log.
pub(super) fn cards_along(
    tips: &BTreeMap<Place, std::sync::Arc<Tip>>,
    name: &ObjectName,
) -> Vec<(ObjectName, Oid)> {
    let of = |tip: &Tip| -> Vec<(ObjectName, Oid)> {
        let cards = tip.objects.iter().rev();
        cards.filter_map(|(name, stored)| Some((name.clone(), stored.card.clone()?))).collect()
    };
    let own = tips.get(&Place::of(name)).map(|tip| of(tip)).unwrap_or_default();
    if own.first().is_none_or(|(newest, _)| newest != name) {
        return own;
    }
    let mut seen = BTreeSet::new();
    tips.values()
        .filter_map(|tip| of(tip).into_iter().next())
        .filter(|(name, _)| seen.insert(name.clone()))
        .collect()
}
