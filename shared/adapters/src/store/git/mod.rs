//! A store that is a git repository somewhere: a forge, an ssh account, a folder.
//!
//! Each session is one ref whose tip is one commit without parents, so a fetch brings what is
//! there and no past, and a repository with many saves has few refs. Everything happens in a bare
//! repository of our own; the user's repositories and hooks are never touched. Nothing is checked
//! out, and a plain `git clone` does not fetch these refs.

mod address;
mod failure;
mod layout;
mod mirror;
mod objects;
mod open;
mod remote;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use convosync_core::{CARD_RANGE, ObjectName, Oid, Sealed};
use convosync_engine::ports::{Caps, Listed, Store, StoreError, starts_one_by_one};

use super::folder::LARGEST;
use failure::Trouble;
use layout::{Place, Stored, Tip};
use mirror::Mirror;
use objects::Change;
use remote::Pushed;

pub(super) use address::{Address, is_git};
pub use open::GitStores;

/// How long what the remote said is taken for true: within one command it is asked once.
const FRESH: Duration = Duration::from_secs(3);

/// Pushes that are tried while other devices are faster. Each round has a winner, so this many
/// devices would have to send to one session at the same moment.
const TRIES: u32 = 40;

/// Bytes that go in one push at most, unless one object has more.
const PUSH: usize = 64 << 20;

/// Holds sealed objects in refs `refs/convosync/…` of a git remote.
///
/// A list may be three seconds old. Deleting is no erasure: the object leaves the tip, and the
/// server keeps it until its own housekeeping, on a forge perhaps for ever; that it is sealed is
/// what protects it. Who can fetch the repository can fetch the sealed objects.
#[derive(Debug)]
pub(super) struct GitStore {
    mirror: Mirror,
    known: Mutex<Known>,
}

/// What this store has learnt.
#[derive(Debug, Default)]
struct Known {
    /// When the remote was asked, if it was.
    asked: Option<Instant>,
    /// The tips; not yet looked at if there are none.
    tips: Option<BTreeMap<Place, Oid>>,
    read: BTreeMap<Place, Arc<Tip>>,
    cards: BTreeMap<ObjectName, Vec<u8>>,
}

/// Who has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Our copy will do: a wrong guess is found out later.
    Mirror,
    /// The remote, a moment ago at most.
    Remote,
}

impl GitStore {
    fn new(mirror: Mirror) -> Self {
        Self { mirror, known: Mutex::default() }
    }

    /// Runs `work`. If our copy turns out to be broken, it is thrown away and fetched again, once.
    fn attempt<T>(&self, work: impl Fn(&mut Known) -> Result<T, Trouble>) -> Result<T, StoreError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match work(&mut known) {
            Err(Trouble::Mirror(_)) => {
                *known = Known::default();
                self.mirror.discard()?;
                Ok(work(&mut known)?)
            }
            other => Ok(other?),
        }
    }

    fn look(&self, known: &mut Known, source: Source) -> Result<(), Trouble> {
        let is_fresh = known.asked.is_some_and(|asked| asked.elapsed() < FRESH);
        match source {
            Source::Remote if !is_fresh => self.refresh(known),
            Source::Mirror if known.tips.is_none() => {
                known.tips = Some(remote::refs(&self.mirror)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn refresh(&self, known: &mut Known) -> Result<(), Trouble> {
        let tips = remote::fetch(&self.mirror)?;
        known.read.retain(|place, tip| tips.get(place) == Some(&tip.commit));
        known.tips = Some(tips);
        known.asked = Some(Instant::now());
        Ok(())
    }

    /// Reads the tips of these places that were not read yet.
    fn read(&self, known: &mut Known, wanted: impl Fn(&Place) -> bool) -> Result<(), Trouble> {
        let tips = known.tips.iter().flatten();
        let unread: Vec<_> = tips
            .filter(|(place, _)| wanted(place) && !known.read.contains_key(place))
            .map(|(place, commit)| (place.clone(), commit.clone()))
            .collect();
        if unread.is_empty() {
            return Ok(());
        }
        let read = objects::tips(&self.mirror, &unread)?;
        known
            .read
            .extend(unread.into_iter().map(|(place, _)| place).zip(read.into_iter().map(Arc::new)));
        Ok(())
    }

    fn tip(&self, known: &mut Known, place: &Place) -> Result<Option<Arc<Tip>>, Trouble> {
        self.read(known, |other| other == place)?;
        Ok(known.read.get(place).cloned())
    }

    /// The object. Of sessions our copy may know it, for what has a name keeps its bytes; whose
    /// store it is, only the remote can say.
    fn find(&self, known: &mut Known, name: &ObjectName) -> Result<Stored, Trouble> {
        let place = Place::of(name);
        let sources: &[Source] = match place {
            Place::Meta => &[Source::Remote],
            Place::Session(_) => &[Source::Mirror, Source::Remote],
        };
        for source in sources {
            self.look(known, *source)?;
            let tip = self.tip(known, &place)?;
            if let Some(stored) = tip.and_then(|tip| tip.objects.get(name).cloned()) {
                return Ok(stored);
            }
        }
        Err(StoreError::Missing(name.clone()).into())
    }

    fn bytes(&self, known: &mut Known, name: &ObjectName) -> Result<Vec<u8>, Trouble> {
        let stored = self.find(known, name)?;
        self.contents(name, &stored)
    }

    fn contents(&self, name: &ObjectName, stored: &Stored) -> Result<Vec<u8>, Trouble> {
        if stored.size > LARGEST {
            let (name, size) = (name.clone(), stored.size);
            return Err(StoreError::TooBig { name, size }.into());
        }
        let mut bytes = Vec::new();
        for piece in objects::pieces(&self.mirror, stored)? {
            bytes.extend(self.blob(&Place::of(name), &piece)?);
            if bytes.len() as u64 > LARGEST {
                let (name, size) = (name.clone(), bytes.len() as u64);
                return Err(StoreError::TooBig { name, size }.into());
            }
        }
        Ok(bytes)
    }

    fn blob(&self, place: &Place, oid: &Oid) -> Result<Vec<u8>, Trouble> {
        let wanted = std::slice::from_ref(oid);
        let blobs = match objects::blobs(&self.mirror, wanted) {
            Err(error) if failure::is_only_refs(&error) => {
                remote::fetch_whole(&self.mirror, place)?;
                objects::blobs(&self.mirror, wanted)
            }
            other => other,
        };
        Ok(blobs?.into_iter().flatten().collect())
    }

    /// The card of a unit that has one.
    fn card(&self, known: &mut Known, name: &ObjectName) -> Result<Option<Vec<u8>>, Trouble> {
        if let Some(card) = known.cards.get(name) {
            return Ok(Some(card.clone()));
        }
        let Some(own) = self.find(known, name)?.card else { return Ok(None) };
        // After a list every tip is read already; else these are only the tips that were needed.
        let mut wanted = objects::cards_along(&known.read, name);
        wanted.retain(|(name, _)| !known.cards.contains_key(name));
        let oids: Vec<_> = wanted.iter().map(|(_, oid)| oid.clone()).collect();
        match objects::blobs(&self.mirror, &oids) {
            Ok(cards) => known.cards.extend(wanted.into_iter().map(|(name, _)| name).zip(cards)),
            // One that can't be had must not hide the others.
            Err(_) => {
                let card = self.blob(&Place::of(name), &own)?;
                known.cards.insert(name.clone(), card);
            }
        }
        Ok(known.cards.get(name).cloned())
    }

    fn range(
        &self,
        known: &mut Known,
        name: &ObjectName,
        range: &Range<u64>,
    ) -> Result<Vec<u8>, Trouble> {
        if range.start == 0
            && let Some(card) = self.card(known, name)?
            && range.end <= CARD_RANGE.max(card.len() as u64)
        {
            return Ok(slice(&card, range));
        }
        self.bytes(known, name).map(|bytes| slice(&bytes, range))
    }

    /// Sends objects of one place, all of them or none.
    fn send(&self, known: &mut Known, objects: &[(ObjectName, Sealed)]) -> Result<(), Trouble> {
        let Some((first, _)) = objects.first() else { return Ok(()) };
        let place = Place::of(first);
        self.look(known, Source::Mirror)?;
        self.moving(known, &place, |store, known| {
            let base = store.tip(known, &place)?;
            let news = store.news(known, &place, objects)?;
            let (new, taken) = match news {
                News::Unsure => return Ok(Move::Refresh),
                News::Sure { new, taken } => (new, taken),
            };
            let commit = match new[..] {
                [] => None,
                _ => Some(objects::build(&store.mirror, base.as_deref(), &Change::Add(&new))?),
            };
            let then = taken.map(|name| StoreError::Exists(name.clone()).into());
            Ok(match commit {
                Some(commit) => Move::To { commit: Some(commit), then },
                None => Move::Stay { then },
            })
        })
    }

    /// Which of the objects the tip lacks, up to the first whose name is taken.
    fn news<'a>(
        &self,
        known: &mut Known,
        place: &Place,
        objects: &'a [(ObjectName, Sealed)],
    ) -> Result<News<'a>, Trouble> {
        let is_fresh = known.asked.is_some_and(|asked| asked.elapsed() < FRESH);
        let tip = self.tip(known, place)?;
        let mut new: Vec<&'a (ObjectName, Sealed)> = Vec::new();
        for entry in objects {
            let (name, object) = entry;
            if let Some((_, other)) = new.iter().find(|(other, _)| other == name) {
                if other == object {
                    continue;
                }
                return Ok(News::Sure { new, taken: Some(name) });
            }
            match tip.as_ref().and_then(|tip| tip.objects.get(name)) {
                None => new.push(entry),
                Some(_) if !is_fresh => return Ok(News::Unsure),
                Some(stored) if objects::is_same(&self.mirror, stored, object)? => {}
                Some(_) => return Ok(News::Sure { new, taken: Some(name) }),
            }
        }
        Ok(News::Sure { new, taken: None })
    }

    fn remove(&self, known: &mut Known, name: &ObjectName) -> Result<(), Trouble> {
        let place = Place::of(name);
        self.look(known, Source::Remote)?;
        self.moving(known, &place, |store, known| {
            let tip = store.tip(known, &place)?;
            let Some(tip) = tip.filter(|tip| tip.objects.contains_key(name)) else {
                return Ok(Move::Stay { then: None });
            };
            let size = tip.objects[name].size;
            let commit = match tip.objects.len() {
                1 if !tip.has_more => None,
                _ => Some(objects::build(&store.mirror, Some(&tip), &Change::Remove(name, size))?),
            };
            Ok(Move::To { commit, then: None })
        })
    }

    /// Moves the tip of a place to what `next` makes of it, again and again until nobody else
    /// moved it meanwhile.
    fn moving<F>(&self, known: &mut Known, place: &Place, next: F) -> Result<(), Trouble>
    where
        F: Fn(&Self, &mut Known) -> Result<Move, Trouble>,
    {
        let name = place.ref_name();
        for tries in 0..TRIES {
            let old = known.tips.as_ref().and_then(|tips| tips.get(place)).cloned();
            let (commit, then) = match next(self, known)? {
                Move::Stay { then } => return then.map_or(Ok(()), Err),
                Move::Refresh => {
                    self.refresh(known)?;
                    continue;
                }
                Move::To { commit, then } => (commit, then),
            };
            match remote::push(&self.mirror, &name, old.as_ref(), commit.as_ref())? {
                Pushed::Done => {
                    known.moved(place, commit);
                    self.mirror.tidy();
                    return then.map_or(Ok(()), Err);
                }
                Pushed::Refused(error) => self.after_refusal(known, place, old, error, tries)?,
            }
        }
        let text = "other devices send to the same session all the time";
        Err(StoreError::Unreachable(text.to_owned()).into())
    }

    /// Looks what the remote has now. If that is what we thought, it refused for another reason;
    /// which is believed the second time only, for two pushes at once can both be told so.
    fn after_refusal(
        &self,
        known: &mut Known,
        place: &Place,
        old: Option<Oid>,
        error: StoreError,
        tries: u32,
    ) -> Result<(), Trouble> {
        std::thread::sleep(pause(tries));
        self.refresh(known)?;
        let now = known.tips.as_ref().and_then(|tips| tips.get(place));
        if now == old.as_ref() && tries > 0 { Err(error.into()) } else { Ok(()) }
    }
}

impl Known {
    /// What a push of ours has changed.
    fn moved(&mut self, place: &Place, commit: Option<Oid>) {
        self.read.remove(place);
        let tips = self.tips.get_or_insert_default();
        match commit {
            Some(commit) => tips.insert(place.clone(), commit),
            None => tips.remove(place),
        };
    }
}

/// What is to be done with a tip.
enum Move {
    /// It is as it should be.
    Stay { then: Option<Trouble> },
    /// The remote has to be asked first.
    Refresh,
    /// It goes there; `None` removes it.
    To { commit: Option<Oid>, then: Option<Trouble> },
}

/// What of some objects is new to a tip.
enum News<'a> {
    /// One of the names is there, as far as our copy knows.
    Unsure,
    Sure {
        new: Vec<&'a (ObjectName, Sealed)>,
        taken: Option<&'a ObjectName>,
    },
}

/// Longer each time, and never the same on two devices.
fn pause(tries: u32) -> Duration {
    let most = 50_u64 << tries.min(5);
    let mut random = [0; 8];
    let share = getrandom::fill(&mut random).map_or(0, |()| u64::from_le_bytes(random) % most);
    Duration::from_millis(most / 2 + share)
}

/// The part of the bytes that a range means, cut at the end.
fn slice(bytes: &[u8], range: &Range<u64>) -> Vec<u8> {
    let at = |place: u64| usize::try_from(place).map_or(bytes.len(), |at| at.min(bytes.len()));
    let (start, end) = (at(range.start), at(range.end));
    bytes.get(start..end).unwrap_or_default().to_vec()
}

/// Cuts a batch where the place changes, and where a push would become too big.
fn pushes(objects: &[(ObjectName, Sealed)]) -> Vec<&[(ObjectName, Sealed)]> {
    let (mut cuts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, (name, object)) in objects.iter().enumerate() {
        bytes += object.as_bytes().len();
        let same = Place::of(name) == Place::of(&objects[start].0);
        if at > start && (!same || bytes > PUSH) {
            cuts.push(&objects[start..at]);
            (start, bytes) = (at, object.as_bytes().len());
        }
    }
    cuts.push(&objects[start..]);
    cuts
}

impl Store for GitStore {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        self.put_batch(&[(name.clone(), object.clone())])
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        for (name, object) in objects {
            let size = object.as_bytes().len() as u64;
            if size > LARGEST {
                return Err(StoreError::TooBig { name: name.clone(), size });
            }
        }
        pushes(objects)
            .into_iter()
            .try_for_each(|some| self.attempt(|known| self.send(known, some)))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        self.attempt(|known| self.bytes(known, name)).map(Sealed::received)
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.attempt(|known| self.range(known, name, &range))
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.attempt(|known| {
            self.look(known, Source::Remote)?;
            self.read(known, |place| place.may_hold(prefix))?;
            let tips = known.read.iter().filter(|(place, _)| place.may_hold(prefix));
            let objects = tips.flat_map(|(_, tip)| &tip.objects);
            let mut found: Vec<_> = objects
                .filter(|(name, _)| name.to_string().starts_with(prefix))
                .map(|(name, stored)| Listed { name: name.clone(), size: stored.size })
                .collect();
            found.sort();
            Ok(found)
        })
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.attempt(|known| self.remove(known, name))
    }

    fn caps(&self) -> Caps {
        // Only the start of a unit, its card, is fetched without the rest.
        Caps { put_if_absent: true, ranges: false }
    }

    fn describe(&self) -> String {
        self.mirror.address().shown().to_owned()
    }
}
