use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Cursor;

use super::*;
use crate::manifest::{FileState, SegmentRef};

const KEY: [u8; 32] = [7; 32];

/// A store of packed bytes by id.
#[derive(Default)]
struct Kept(BTreeMap<[u8; 16], Vec<u8>>);

impl Kept {
    /// Saves `new` after `old`, and returns the state with the bytes that were emitted.
    fn save(&mut self, old: Option<(&FileState, Option<&[u8]>)>, new: &[u8]) -> (FileState, usize) {
        let mut emitted = 0;
        let mut old_file = old.and_then(|(_, bytes)| bytes).map(Cursor::new);
        let input = PackInput {
            key: &KEY,
            old: old.map(|(state, _)| state),
            old_file: old_file.as_mut().map(|file| file as &mut dyn ReadSeek),
            new_file: &mut Cursor::new(new),
            new_len: new.len() as u64,
            messages: 1,
        };
        let state = pack::<Infallible>(input, &mut |segment, packed| {
            assert_eq!(segment.id, segment_id(&KEY, &packed));
            emitted += packed.len();
            self.0.insert(segment.id, packed);
            Ok(())
        });
        (state.expect("memory holds the files"), emitted)
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

#[test]
fn append_rewrite_and_truncation_come_back_exactly() {
    let text = |from: usize, to: usize| -> Vec<u8> {
        (from..to).flat_map(|i| format!("line {i} {}\n", i * 7919 % 1013).into_bytes()).collect()
    };
    let first = text(0, 5000);
    let appended = [first.clone(), text(9000, 9100)].concat();
    let rewritten = [&appended[..appended.len() - 700], b"another end\n"].concat();
    let shorter = rewritten[..60_000].to_vec();
    let mut kept = Kept::default();
    let (mut state, _) = kept.save(None, &first);
    let mut old = first;
    for new in [appended, rewritten, shorter, Vec::new(), b"anew".to_vec()] {
        for known in [None, Some(&old[..])] {
            let (next, emitted) = kept.save(Some((&state, known)), &new);
            assert_eq!(kept.rebuild(&next).expect("intact"), new);
            assert!(known.is_none() || emitted < 2000, "{emitted} bytes for a small change");
            if known.is_some() {
                state = next;
            }
        }
        old = new;
    }
}
