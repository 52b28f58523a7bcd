//! Transcripts: what an assistant wrote, and what another device says it wrote.

use std::io::Cursor;

use convosync_core::{
    ClaudeCode, Joined, Roots, Side, canonicalise, common_lines, compare, expand, join,
    read_messages,
};

/// Two halves of the bytes are two transcripts of one conversation.
pub fn transcripts(bytes: &[u8]) {
    let roots =
        Roots { repo: vec!["/home/me/app".into(), "/old".into()], home: Some("/home/me".into()) };
    let mut stored = Vec::new();
    let len = bytes.len() as u64;
    let written = canonicalise(&ClaudeCode, &roots, &mut &bytes[..], len, &mut stored);
    let written = written.expect("memory can be read and written");
    let mut local = Vec::new();
    let read = expand(&ClaudeCode, &roots, &mut &stored[..], &mut local);
    read.expect("memory can be read and written");
    assert!(local == bytes, "it came back as something else");
    assert_eq!(written.len, stored.len() as u64);

    read_messages(&ClaudeCode, &mut &bytes[..], (1, 20), 4096).expect("memory can be read");
    let (one, other) = bytes.split_at(bytes.len() / 2);
    compare(&ClaudeCode, &mut &one[..], &mut &other[..]).expect("memory can be read");
    let (mut first, mut second) = (Cursor::new(one), Cursor::new(other));
    let mut losing = Side { file: &mut first, len: one.len() as u64 };
    let mut winning = Side { file: &mut second, len: other.len() as u64 };
    let common = common_lines(&mut losing, &mut winning).expect("memory can be read");
    let common = usize::try_from(common).expect("it is in memory");
    assert!(one[..common] == other[..common], "these lines are not in common");
    let mut whole = Vec::new();
    let joined = join(&ClaudeCode, &mut losing, &mut winning, &mut whole);
    if let Joined::Whole(canonical) = joined.expect("memory can be read and written") {
        assert_eq!(canonical.len, whole.len() as u64);
    }
}
