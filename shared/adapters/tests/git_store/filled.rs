//! Repositories that hold many sessions already.

use std::fs;
use std::path::Path;

use convosync_core::{CARD_RANGE, ObjectName, card_prefix};
use convosync_engine::ports::Store;

use crate::lab::Lab;
use crate::units::{profile, unit};

/// The bytes of all files below a folder.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let size = |entry: fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => bytes_below(&entry.path()),
        false => entry.metadata().unwrap().len(),
    };
    entries.map(size).sum()
}

/// Puts the first save of so many sessions straight into the repository, in one go.
pub(crate) fn fill(lab: &Lab, sessions: u32, bytes: usize) {
    let profile = profile();
    let mut stream = Vec::new();
    for number in 0..sessions {
        let (name, sealed) = unit(&profile, number, bytes);
        let ObjectName::Unit { session, save } = name else { panic!("a unit") };
        let card = card_prefix(&sealed).unwrap();
        let whole = sealed.as_bytes();
        stream.extend(format!("commit refs/convosync/s/{session}\n").as_bytes());
        stream.extend(b"committer ConvoSync <convosync@localhost> 0 +0000\ndata 0\n");
        for (path, bytes) in
            [(format!("c/{save}"), card.as_bytes()), (format!("u/{save}.{}", whole.len()), whole)]
        {
            stream.extend(format!("M 100644 inline {path}\ndata {}\n", bytes.len()).as_bytes());
            stream.extend(bytes);
            stream.push(b'\n');
        }
        stream.push(b'\n');
    }
    lab.feed(&lab.remote(), &["fast-import", "--quiet", "--depth=0"], &stream);
}

pub(crate) fn read_all_cards(store: &dyn Store, sessions: u32) {
    let listed = store.list(ObjectName::UNITS).unwrap();
    assert_eq!(listed.len(), sessions as usize);
    for listed in listed.iter().rev() {
        let card = store.get_range(&listed.name, 0..CARD_RANGE).unwrap();
        assert!(convosync_core::card_prefix_len(&card).unwrap() <= card.len());
    }
}

pub(crate) fn a_list_fetches_cards_only(lab: &Lab, bytes: usize) -> Box<dyn Store> {
    fill(lab, 100, bytes);
    let laptop = lab.open("laptop");
    read_all_cards(&*laptop, 100);
    let fetched = bytes_below(&lab.copies("laptop"));
    assert!(fetched < 1_000_000, "{fetched} bytes for the list of 100 sessions");
    laptop
}
