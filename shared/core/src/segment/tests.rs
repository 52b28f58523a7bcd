use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::manifest::{FileState, SegmentRef};

const KEY: [u8; 32] = [7; 32];

/// A store of packed bytes by id.
#[derive(Default)]
struct Kept(BTreeMap<[u8; 16], Vec<u8>>);

/// A file as it was saved: its state, and its bytes if they are still at hand.
type Saved<'a> = (&'a FileState, Option<&'a [u8]>);

impl Kept {
    fn save(&mut self, old: Option<Saved<'_>>, new: &[u8]) -> FileState {
        self.save_at(old, new, 1)
    }

    fn save_at(&mut self, old: Option<Saved<'_>>, new: &[u8], messages: u64) -> FileState {
        let mut old_file = old.and_then(|(_, bytes)| bytes).map(Cursor::new);
        let mut hashed = Blocks::new();
        hashed.update(new);
        let (len, blocks) = hashed.finish();
        if let Some((state, _)) = old {
            let read = kept(state, &mut Cursor::new(new), len).unwrap();
            assert_eq!(kept_of(state, &mut Cursor::new(new), len, &blocks).unwrap(), read);
        }
        // Every other file is packed without knowing its hashes.
        let known = messages.is_multiple_of(2).then_some(&blocks[..]);
        let input = PackInput {
            key: &KEY,
            old: old.map(|(state, _)| state),
            old_file: old_file.as_mut().map(|file| file as &mut dyn ReadSeek),
            new_file: &mut Cursor::new(new),
            new_len: new.len() as u64,
            blocks: known,
            messages,
        };
        let state = pack::<Infallible>(input, &mut |segment, packed| {
            assert_eq!(segment.id, segment_id(&KEY, &packed));
            assert_eq!(segment.packed as usize, packed.len());
            self.0.insert(segment.id, packed);
            Ok(())
        });
        state.expect("memory holds the files")
    }

    fn rebuild(&self, state: &FileState) -> Result<Vec<u8>, RebuildError<&'static str>> {
        let mut out = Cursor::new(Vec::new());
        let mut fetch = |segment: &SegmentRef| self.0.get(&segment.id).cloned().ok_or("missing");
        rebuild(state, &mut fetch, &mut out)?;
        let mut bytes = out.into_inner();
        bytes.truncate(state.len as usize);
        Ok(bytes)
    }
}

/// Lines that compress somewhat, `from` to `to`.
fn lines(from: usize, to: usize) -> Vec<u8> {
    let line =
        |i: usize| format!("{{\"line\":{i},\"text\":\"{}\"}}\n", i * 7919 % 1013).into_bytes();
    (from..to).flat_map(line).collect()
}

/// Bytes that do not compress.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn newest(state: &FileState) -> &SegmentRef {
    state.segments.last().expect("a file that is not empty")
}

#[test]
fn an_append_is_coded_against_all_that_was_there() {
    let (old, mut kept) = (lines(0, 5000), Kept::default());
    let new = [old.clone(), lines(100, 200)].concat();
    let before = kept.save(None, &old);
    // The old bytes are not needed for that.
    let after = kept.save(Some((&before, None)), &new);
    let segment = newest(&after);
    assert_eq!((segment.at, segment.back, segment.ahead), (before.len, before.len as u32, 0));
    assert!(!segment.snapshot && segment.packed < 100, "{segment:?}");
    assert_eq!(kept.rebuild(&after).expect("intact"), new);
}

#[test]
fn a_rewritten_middle_costs_what_changed() {
    let (old, mut kept) = (lines(0, 5000), Kept::default());
    let mut new = old.clone();
    new.splice(1000..1010, noise(300, 1));
    let before = kept.save(None, &old);
    let after = kept.save(Some((&before, Some(&old))), &new);
    let segment = newest(&after);
    assert_eq!((segment.at, u64::from(segment.ahead)), (1000, before.len - 1000));
    assert!(segment.packed < 500, "{segment:?}");
    assert_eq!(kept.rebuild(&after).expect("intact"), new);
    // Without the old bytes a file of less than a MiB is new.
    let blind = kept.save(Some((&before, None)), &new);
    assert!(newest(&blind).snapshot);
    assert_eq!(kept.rebuild(&blind).expect("intact"), new);
}

#[test]
fn a_truncation_costs_next_to_nothing() {
    let (old, mut kept) = (noise(3 * BLOCK + 7, 1), Kept::default());
    let before = kept.save(None, &old);
    for len in [3 * BLOCK + 6, 3 * BLOCK, 2 * BLOCK + 1, 5] {
        let after = kept.save(Some((&before, Some(&old))), &old[..len]);
        let segment = newest(&after);
        assert_eq!((segment.at, segment.len), (len as u64, 0));
        assert!(segment.packed < 20, "{segment:?}");
        assert_eq!(kept.rebuild(&after).expect("intact"), &old[..len]);
    }
}

#[test]
fn what_did_not_change_emits_nothing() {
    let (file, mut kept) = (lines(0, 100), Kept::default());
    let state = kept.save(None, &file);
    let count = kept.0.len();
    assert_eq!(kept.save_at(Some((&state, None)), &file, 5000), state);
    assert_eq!(kept.0.len(), count);
}

#[test]
fn an_empty_file_has_no_segments() {
    let mut kept = Kept::default();
    let empty = kept.save(None, b"");
    assert_eq!(empty, FileState::default());
    assert_eq!(kept.rebuild(&empty).expect("intact"), b"");
    let full = kept.save(Some((&empty, Some(b""))), b"text");
    assert_eq!(kept.rebuild(&full).expect("intact"), b"text");
    assert_eq!(kept.save(Some((&full, Some(b"text"))), b""), empty);
}

#[test]
fn old_bytes_that_are_not_the_old_ones_do_no_harm() {
    let (old, mut kept) = (lines(0, 2000), Kept::default());
    let before = kept.save(None, &old);
    let new = [&old[..900], b"another end\n"].concat();
    for wrong in [lines(1, 2001), old[..old.len() - 1].to_vec(), Vec::new()] {
        let after = kept.save(Some((&before, Some(&wrong))), &new);
        assert_eq!(kept.rebuild(&after).expect("intact"), new);
    }
}

#[test]
fn a_chain_starts_anew_after_1000_messages_or_64_segments() {
    let mut kept = Kept::default();
    let mut file = lines(0, 10);
    let mut state = kept.save_at(None, &file, 10);
    for step in 0..64 {
        file.extend(lines(step, step + 1));
        state = kept.save_at(Some((&state, None)), &file, 10 + step as u64);
        assert_eq!(state.segments.len(), step + 2);
    }
    file.extend(lines(0, 1));
    assert_eq!(kept.save_at(Some((&state, None)), &file, 80).segments.len(), 1);
    let few = kept.save_at(None, &file, 10);
    file.extend(lines(0, 1));
    assert_eq!(kept.save_at(Some((&few, None)), &file, 1010).segments.len(), 2);
    assert_eq!(kept.save_at(Some((&few, None)), &file, 1011).segments.len(), 1);
}

#[test]
fn a_chain_that_only_appends_goes_on_and_one_of_rewrites_starts_anew() {
    let mut kept = Kept::default();
    let mut file = noise(2 * BLOCK, 1);
    let first = kept.save(None, &file);
    file.extend(noise(4 * BLOCK, 2));
    let second = kept.save(Some((&first, None)), &file);
    file.extend(noise(BLOCK, 3));
    assert_eq!(kept.save(Some((&second, None)), &file).segments.len(), 3);

    let mut file = noise(2 * BLOCK, 1);
    let mut state = first;
    let mut lengths = Vec::new();
    for seed in 4..8 {
        let before = file.clone();
        file.splice(BLOCK + BLOCK / 4.., noise(BLOCK * 3 / 4, seed));
        state = kept.save(Some((&state, Some(&before))), &file);
        assert_eq!(kept.rebuild(&state).expect("intact"), file);
        lengths.push(state.segments.len());
    }
    assert_eq!(lengths, [2, 3, 1, 2], "two rewrites of 3/8 are more than half");
}

#[test]
fn a_big_file_is_several_segments_and_a_change_far_from_its_end_a_snapshot() {
    let (mut file, mut kept) = (noise(2 * MAX_SEGMENT + 5, 1), Kept::default());
    let first = kept.save(None, &file);
    let starts: Vec<_> = first.segments.iter().map(|s| (s.at, s.back, s.snapshot)).collect();
    let full = MAX_SEGMENT as u32;
    assert_eq!(
        starts,
        [(0, 0, true), (full.into(), full, false), (2 * u64::from(full), full, false)]
    );
    file.extend(noise(10, 2));
    let second = kept.save(Some((&first, None)), &file);
    assert_eq!(second.segments.len(), 4);
    let before = file.clone();
    file[5] ^= 1;
    let third = kept.save(Some((&second, Some(&before))), &file);
    assert_eq!(third.segments.len(), 3);
    assert_eq!(kept.rebuild(&third).expect("intact"), file);
}

#[test]
fn a_missing_segment_is_the_callers_error() {
    let mut kept = Kept::default();
    let state = kept.save(None, b"text");
    kept.0.clear();
    assert!(matches!(kept.rebuild(&state), Err(RebuildError::Fetch("missing"))));
}

/// A chain of two segments, the second with bytes before and after as its dictionary.
fn two_segments() -> (Kept, FileState) {
    let (old, mut kept) = (lines(0, 60), Kept::default());
    let before = kept.save(None, &old);
    let mut new = old.clone();
    new.splice(500..520, *b"something else");
    let state = kept.save(Some((&before, Some(&old))), &new);
    assert_eq!(state.segments.len(), 2);
    (kept, state)
}

#[test]
fn a_flipped_bit_is_noticed_or_means_nothing() {
    let (mut kept, state) = two_segments();
    let whole = kept.rebuild(&state).expect("intact");
    for segment in &state.segments {
        for bit in 0..segment.packed as usize * 8 {
            let byte = |kept: &mut Kept| {
                kept.0.get_mut(&segment.id).expect("stored")[bit / 8] ^= 1 << (bit % 8);
            };
            byte(&mut kept);
            match kept.rebuild(&state) {
                Err(RebuildError::Damaged(_)) => {}
                // zstd leaves a bit of its header unused.
                Ok(bytes) => assert_eq!(bytes, whole),
                Err(error) => panic!("{error:?}"),
            }
            byte(&mut kept);
        }
    }
}

#[test]
fn a_chain_that_asks_for_too_much_is_refused() {
    type Change = fn(&mut SegmentRef);
    let changes: [Change; 9] = [
        |s| s.at += 1 << 40,
        |s| s.at = u64::MAX,
        |s| s.len = u32::MAX,
        |s| s.back = s.at as u32 + 1,
        |s| s.back = u32::MAX,
        |s| s.ahead = u32::MAX,
        |s| s.ahead += 100,
        |s| s.packed = u32::MAX,
        |s| s.len += 1,
    ];
    let (kept, state) = two_segments();
    for (number, change) in changes.into_iter().enumerate() {
        let mut hostile = state.clone();
        change(hostile.segments.last_mut().expect("two"));
        let error = kept.rebuild(&hostile).expect_err("refused");
        assert!(matches!(error, RebuildError::Damaged(_)), "{number}: {error:?}");
    }
}

#[test]
fn a_rebuilt_file_of_another_length_or_hash_is_refused() {
    let (kept, state) = two_segments();
    let check = |change: &dyn Fn(&mut FileState), want: Damage| {
        let mut wrong = state.clone();
        change(&mut wrong);
        match kept.rebuild(&wrong) {
            Err(RebuildError::Damaged(damage)) => assert_eq!(damage, want),
            other => panic!("{other:?}"),
        }
    };
    let (wanted, found) = (state.len + 1, state.len);
    check(&|state| state.len += 1, Damage::Length { wanted, found });
    check(&|state| state.blocks[0][31] ^= 1, Damage::Block(0));
    check(&|state| state.blocks.clear(), Damage::Length { wanted: found, found });
    check(&|state| state.blocks.push([0; 32]), Damage::Length { wanted: found, found });
}

#[test]
fn a_frame_that_swells_is_cut_off() {
    // 64 MiB of zeros in a few kB, said to be ten bytes.
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 19).expect("zstd packs zeros");
    let segment = SegmentRef {
        id: [0; 16],
        container: None,
        at: 0,
        len: 10,
        back: 0,
        ahead: 0,
        packed: bomb.len() as u32,
        messages: 0,
        snapshot: true,
    };
    let state = FileState { len: 10, blocks: vec![[0; 32]], segments: vec![segment] };
    let mut out = Cursor::new(Vec::new());
    let outcome = rebuild::<Infallible>(&state, &mut |_| Ok(bomb.clone()), &mut out);
    assert!(matches!(outcome, Err(RebuildError::Damaged(Damage::Packed(0)))), "{outcome:?}");
    assert!(out.into_inner().is_empty());
}

/// What may happen to a file between two saves.
#[derive(Debug, Clone)]
enum Step {
    Append(Vec<u8>),
    Tail(usize, Vec<u8>),
    Truncate(usize),
    Restart(Vec<u8>),
    Edit(usize, usize, Vec<u8>),
}

impl Step {
    fn apply(&self, file: &mut Vec<u8>) {
        let len = file.len();
        match self {
            Self::Append(new) => file.extend(new),
            Self::Tail(cut, new) => {
                file.truncate(len - cut % (len + 1));
                file.extend(new);
            }
            Self::Truncate(to) => file.truncate(to % (len + 1)),
            Self::Restart(new) => file.clone_from(new),
            Self::Edit(at, cut, new) => {
                let at = at % (len + 1);
                let end = (at + cut).min(len);
                file.splice(at..end, new.iter().copied());
            }
        }
    }
}

/// Text or noise, from nothing to more than a block.
fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![4 => 0usize..2000, 1 => 0usize..(BLOCK + BLOCK / 2)];
    (len, any::<bool>(), any::<u16>()).prop_map(|(len, text, seed)| match text {
        true => lines(seed.into(), usize::from(seed) + len / 20),
        false => noise(len, seed.into()),
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => some_bytes().prop_map(Step::Append),
        2 => (any::<usize>(), some_bytes()).prop_map(|(cut, new)| Step::Tail(cut, new)),
        2 => any::<usize>().prop_map(Step::Truncate),
        1 => some_bytes().prop_map(Step::Restart),
        2 => (any::<usize>(), 0usize..3000, some_bytes())
            .prop_map(|(at, cut, new)| Step::Edit(at, cut, new)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_history_comes_back_exactly(
        steps in prop::collection::vec((step(), any::<bool>()), 1..8),
    ) {
        let mut kept = Kept::default();
        let mut file = Vec::new();
        let mut state = kept.save(None, &file);
        for (step, at_hand) in steps {
            let before = file.clone();
            step.apply(&mut file);
            state = kept.save(Some((&state, at_hand.then_some(&before[..]))), &file);
            prop_assert_eq!(state.len, file.len() as u64);
            prop_assert!(kept.rebuild(&state).expect("intact") == file);
        }
    }

    /// Each save goes on from any earlier one, as devices do that know of each other's late.
    #[test]
    fn saves_of_several_devices_all_come_back_exactly(
        steps in prop::collection::vec((any::<prop::sample::Index>(), step(), any::<bool>()), 1..8),
    ) {
        let mut kept = Kept::default();
        let mut saves = vec![(kept.save(None, b""), Vec::new())];
        for (base, step, at_hand) in steps {
            let (state, before) = base.get(&saves).clone();
            let mut file = before.clone();
            step.apply(&mut file);
            let state = kept.save(Some((&state, at_hand.then_some(&before[..]))), &file);
            saves.push((state, file));
        }
        for (state, file) in &saves {
            prop_assert!(kept.rebuild(state).expect("intact") == *file);
        }
    }

    #[test]
    fn foreign_packed_bytes_never_panic(
        packed in prop::collection::vec(any::<u8>(), 0..200),
        magic in any::<bool>(),
    ) {
        let (mut kept, mut state) = two_segments();
        let packed = if magic { [&[0x28, 0xb5, 0x2f, 0xfd], &packed[..]].concat() } else { packed };
        let segment = &mut state.segments[1];
        segment.packed = packed.len() as u32;
        kept.0.insert(segment.id, packed);
        prop_assert!(matches!(kept.rebuild(&state), Err(RebuildError::Damaged(_))));
    }
}

/// Written by the first release. Other releases may pack otherwise, but must read this for ever.
#[test]
fn stored_segments_are_read_for_ever() {
    let packed = [
        "28b52ffd20bd75020034037b226c696e65223a302c2274657874223a2230227d0a31383238323634333334\
         35383432373335383639313637373331227d0a0ea8109841f7efa0a307106ec4a0073d4b3ac2ceef494bf065",
        "28b52ffd205dad000070736f6d657468696e6720656c736501004c448d12",
    ]
    .map(|hex| data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex"));
    let file = "\
        {\"line\":0,\"text\":\"0\"}\n{\"line\":1,\"text\":\"828\"}\n{\"line\":2,\"text\":\"643\"}\n\
        {\"line\":3,\"text\":\"458\"}\n{\"linesomething else:\"273\"}\n\
        {\"line\":5,\"text\":\"88\"}\n{\"line\":6,\"text\":\"916\"}\n{\"line\":7,\"text\":\"731\"}\n";
    let segment = |number: usize, at, len, back, ahead| SegmentRef {
        id: segment_id(&KEY, &packed[number]),
        container: None,
        at,
        len,
        back,
        ahead,
        packed: packed[number].len() as u32,
        messages: 1,
        snapshot: number == 0,
    };
    let state = FileState {
        len: file.len() as u64,
        blocks: vec![*blake3::hash(file.as_bytes()).as_bytes()],
        segments: vec![segment(0, 0, 189, 0, 0), segment(1, 100, 93, 100, 89)],
    };
    assert_eq!(
        data_encoding::HEXLOWER.encode(&state.segments[0].id),
        "843d26bf14cbcc90e51570e4dae9eb91"
    );
    let kept = Kept(state.segments.iter().map(|s| s.id).zip(packed.clone()).collect());
    assert_eq!(kept.rebuild(&state).expect("intact"), file.as_bytes());
}
