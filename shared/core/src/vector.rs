//! Vectors and heads: which save knows of which.

use std::collections::BTreeMap;

use crate::id::{DeviceId, SaveId};

/// How far a save's ancestry reaches on one device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VectorEntry {
    /// The device's count at its newest save in the ancestry.
    pub seq: u64,
    /// That save's random letters: two logs under one device id are told apart by them.
    pub rand: String,
}

/// The ancestry of a save, itself included: device -> newest save.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vector(pub BTreeMap<DeviceId, VectorEntry>);

impl Vector {
    /// Whether `save` is in this ancestry.
    ///
    /// At an equal count the random letters must be equal too; an older save of a device is
    /// covered by its newer one, since a device's saves in a session are one line.
    #[must_use]
    pub fn covers(&self, save: &SaveId) -> bool {
        self.0.get(save.device()).is_some_and(|entry| {
            entry.seq > save.seq() || (entry.seq == save.seq() && entry.rand == save.rand())
        })
    }

    /// Takes in another ancestry: of each device the newest save.
    pub fn join(&mut self, other: &Vector) {
        for (device, entry) in &other.0 {
            let newest = self.0.entry(device.clone()).or_insert_with(|| entry.clone());
            if *newest < *entry {
                *newest = entry.clone();
            }
        }
    }

    /// The ancestry of a save with these parents' ancestries.
    #[must_use]
    pub fn after<'a>(parents: impl IntoIterator<Item = &'a Vector>, save: &SaveId) -> Vector {
        let mut joined = Vector::default();
        for parent in parents {
            joined.join(parent);
        }
        let own = VectorEntry { seq: save.seq(), rand: save.rand().to_owned() };
        joined.0.insert(save.device().clone(), own);
        joined
    }
}

/// The saves that no other save's vector covers, greatest first.
#[must_use]
pub fn heads<'a>(saves: impl IntoIterator<Item = (&'a SaveId, &'a Vector)>) -> Vec<&'a SaveId> {
    let saves: Vec<_> = saves.into_iter().collect();
    // What covers a save is a vector that reaches further on its device, or just as far in
    // another save; so one pass over all vectors tells for every save.
    let mut furthest: BTreeMap<&DeviceId, u64> = BTreeMap::new();
    let mut named: BTreeMap<(&DeviceId, &VectorEntry), usize> = BTreeMap::new();
    for (device, entry) in saves.iter().flat_map(|(_, vector)| &vector.0) {
        let seq = furthest.entry(device).or_default();
        *seq = entry.seq.max(*seq);
        *named.entry((device, entry)).or_default() += 1;
    }
    let mut heads: Vec<&SaveId> = saves
        .iter()
        .filter(|(save, vector)| {
            let own = VectorEntry { seq: save.seq(), rand: save.rand().to_owned() };
            let further = furthest.get(save.device()).is_some_and(|seq| *seq > save.seq());
            let mentions = named.get(&(save.device(), &own)).copied().unwrap_or(0);
            !further && mentions <= usize::from(vector.covers(save))
        })
        .map(|(save, _)| *save)
        .collect();
    heads.sort_by(|a, b| b.cmp(a));
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn save(text: &str) -> SaveId {
        text.parse().expect("a save id")
    }

    #[test]
    fn a_line_has_one_head_and_a_fork_two() {
        let first = save("00000001-aaaaaaaa-1-aaaaaaaa");
        let vector1 = Vector::after([], &first);
        let left = save("00000002-aaaaaaaa-2-aaaaaaaa");
        let vector2 = Vector::after([&vector1], &left);
        let right = save("00000002-bbbbbbbb-1-bbbbbbbb");
        let vector3 = Vector::after([&vector1], &right);
        let line = [(&first, &vector1), (&left, &vector2)];
        assert_eq!(heads(line), [&left]);
        assert_eq!(heads(line.into_iter().chain([(&right, &vector3)])), [&right, &left]);
        let merged = save("00000003-aaaaaaaa-3-aaaaaaaa");
        let vector4 = Vector::after([&vector2, &vector3], &merged);
        let all = line.into_iter().chain([(&right, &vector3), (&merged, &vector4)]);
        assert_eq!(heads(all), [&merged]);
    }

    #[test]
    fn a_cloned_device_with_the_same_count_is_not_covered() {
        let one = save("00000001-aaaaaaaa-1-aaaaaaaa");
        let clone = save("00000001-aaaaaaaa-1-bbbbbbbb");
        let (vector1, vector2) = (Vector::after([], &one), Vector::after([], &clone));
        assert_eq!(heads([(&one, &vector1), (&clone, &vector2)]).len(), 2);
    }
}

#[cfg(test)]
mod any_history {
    use proptest::prelude::*;

    use super::*;

    /// The definition, word for word.
    fn slow<'a>(saves: &[(&'a SaveId, &'a Vector)]) -> Vec<&'a SaveId> {
        let covered = |save: &SaveId| {
            saves.iter().any(|(other, vector)| *other != save && vector.covers(save))
        };
        let mut heads: Vec<_> =
            saves.iter().map(|(save, _)| *save).filter(|save| !covered(save)).collect();
        heads.sort_by(|a, b| b.cmp(a));
        heads
    }

    proptest! {
        #[test]
        fn heads_are_what_no_other_save_covers(
            steps in prop::collection::vec((0usize..3, prop::collection::vec(0usize..12, 0..3)), 1..12),
        ) {
            let mut made: Vec<(SaveId, Vector)> = Vec::new();
            for (device, parents) in steps {
                let parents: Vec<_> =
                    parents.into_iter().filter_map(|index| made.get(index).cloned()).collect();
                let generation = 1 + parents.iter().map(|(p, _)| p.generation()).max().unwrap_or(0);
                let device: DeviceId = ["aaaaaaaa", "bbbbbbbb", "cccccccc"][device].parse().unwrap();
                let seq = 1 + made.iter().filter(|(s, _)| *s.device() == device).count() as u64;
                let save = SaveId::new(generation, device, seq, &[made.len() as u8; 8]).unwrap();
                let vector = Vector::after(parents.iter().map(|(_, vector)| vector), &save);
                made.push((save, vector));
            }
            let all: Vec<_> = made.iter().map(|(save, vector)| (save, vector)).collect();
            prop_assert_eq!(heads(all.iter().copied()), slow(&all));
        }
    }
}
