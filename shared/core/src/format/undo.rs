//! What can be taken back, as stored on the device.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::text::Text;
use super::{FormatError, decode, encode};
use crate::id::{ConversationId, Oid, SaveId, SessionId};
use crate::manifest::FilePath;
use crate::undo::{
    ConversationBefore, FileBefore, PlacedFile, UndoKind, UndoRecord, UndoStage, WorkTreeState,
};

#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    kind: u8,
    #[n(1)]
    stage: u8,
    #[n(2)]
    made_ms: i64,
    #[n(3)]
    session: Text<SessionId>,
    #[n(4)]
    save: Text<SaveId>,
    #[n(5)]
    message: String,
    #[n(6)]
    pinned: bool,
    #[n(7)]
    cloned: bool,
    #[n(8)]
    of: Option<u64>,
    #[n(9)]
    code: Option<StoredCode>,
    #[n(10)]
    binding: Option<ByteVec>,
    #[n(11)]
    conversations: Vec<StoredConversation>,
    #[n(12)]
    pieces: u32,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredCode {
    #[n(0)]
    id: String,
    #[n(1)]
    branch: Option<String>,
    #[n(2)]
    commit: Option<Text<Oid>>,
    #[n(3)]
    work: Option<Text<Oid>>,
    #[n(4)]
    refs: Vec<NamedCommit>,
    #[n(5)]
    stashes: Vec<NamedCommit>,
}

#[derive(Encode, Decode)]
struct NamedCommit {
    #[n(0)]
    name: String,
    #[n(1)]
    commit: Option<Text<Oid>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredConversation {
    #[n(0)]
    assistant: String,
    #[n(1)]
    id: Text<ConversationId>,
    #[n(2)]
    directory: String,
    #[n(3)]
    modified_ms: Option<i64>,
    #[n(4)]
    files: Vec<StoredFile>,
}

/// No hash: there was no file. No pieces: the beginning of what was put in its place.
#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredFile {
    #[n(0)]
    path: Text<FilePath>,
    #[n(1)]
    len: u64,
    #[n(2)]
    hash: Option<ByteArray<32>>,
    #[n(3)]
    first: u32,
    #[n(4)]
    pieces: Option<u32>,
    /// What followed the beginning.
    #[n(5)]
    rest: Option<ByteVec>,
}

pub(crate) fn encode_undo(record: &UndoRecord) -> Vec<u8> {
    encode(&Stored {
        kind: match record.kind {
            UndoKind::Resume => 0,
            UndoKind::Undo => 1,
        },
        stage: match record.stage {
            UndoStage::Begun => 0,
            UndoStage::Waits => 1,
            UndoStage::Done => 2,
            UndoStage::TakenBack => 3,
        },
        made_ms: record.made_ms,
        session: Text(record.session.clone()),
        save: Text(record.save.clone()),
        message: record.message.clone(),
        pinned: record.pinned,
        cloned: record.cloned,
        of: record.of,
        code: record.code.as_ref().map(store_code),
        binding: record.binding.clone().map(ByteVec::from),
        conversations: record.conversations.iter().map(store_conversation).collect(),
        pieces: record.pieces,
    })
}

pub(crate) fn decode_undo(bytes: &[u8]) -> Result<UndoRecord, FormatError> {
    let stored: Stored = decode(bytes)?;
    Ok(UndoRecord {
        kind: match stored.kind {
            0 => UndoKind::Resume,
            1 => UndoKind::Undo,
            _ => return Err(FormatError::Newer("kind of what can be taken back")),
        },
        stage: match stored.stage {
            0 => UndoStage::Begun,
            1 => UndoStage::Waits,
            2 => UndoStage::Done,
            3 => UndoStage::TakenBack,
            _ => return Err(FormatError::Newer("stage of what can be taken back")),
        },
        made_ms: stored.made_ms,
        session: stored.session.0,
        save: stored.save.0,
        message: stored.message,
        pinned: stored.pinned,
        cloned: stored.cloned,
        of: stored.of,
        code: stored.code.map(load_code),
        binding: stored.binding.map(Vec::from),
        conversations: stored.conversations.into_iter().map(load_conversation).collect(),
        pieces: stored.pieces,
    })
}

fn store_code(code: &WorkTreeState) -> StoredCode {
    StoredCode {
        id: code.id.clone(),
        branch: code.branch.clone(),
        commit: code.commit.clone().map(Text),
        work: code.work.clone().map(Text),
        refs: named(&code.refs),
        stashes: named(&code.stashes),
    }
}

fn load_code(stored: StoredCode) -> WorkTreeState {
    WorkTreeState {
        id: stored.id,
        branch: stored.branch,
        commit: stored.commit.map(|text| text.0),
        work: stored.work.map(|text| text.0),
        refs: unnamed(stored.refs),
        stashes: unnamed(stored.stashes),
    }
}

fn named(commits: &[(String, Option<Oid>)]) -> Vec<NamedCommit> {
    let named = |(name, commit): &(String, Option<Oid>)| NamedCommit {
        name: name.clone(),
        commit: commit.clone().map(Text),
    };
    commits.iter().map(named).collect()
}

fn unnamed(stored: Vec<NamedCommit>) -> Vec<(String, Option<Oid>)> {
    stored.into_iter().map(|named| (named.name, named.commit.map(|text| text.0))).collect()
}

fn store_conversation(conversation: &ConversationBefore) -> StoredConversation {
    StoredConversation {
        assistant: conversation.assistant.clone(),
        id: Text(conversation.id.clone()),
        directory: conversation.directory.clone(),
        modified_ms: conversation.modified_ms,
        files: conversation.files.iter().map(store_file).collect(),
    }
}

fn load_conversation(stored: StoredConversation) -> ConversationBefore {
    ConversationBefore {
        assistant: stored.assistant,
        id: stored.id.0,
        directory: stored.directory,
        modified_ms: stored.modified_ms,
        files: stored.files.into_iter().map(load_file).collect(),
    }
}

fn store_file(file: &PlacedFile) -> StoredFile {
    let path = Text(file.path.clone());
    let absent = StoredFile { path, len: 0, hash: None, first: 0, pieces: None, rest: None };
    match file.before.clone() {
        FileBefore::Absent => absent,
        FileBefore::Beginning { len, hash, rest } => {
            let rest = Some(rest).filter(|rest| !rest.is_empty()).map(ByteVec::from);
            StoredFile { len, hash: Some(hash.into()), rest, ..absent }
        }
        FileBefore::Kept { len, hash, first, pieces } => {
            StoredFile { len, hash: Some(hash.into()), first, pieces: Some(pieces), ..absent }
        }
    }
}

fn load_file(stored: StoredFile) -> PlacedFile {
    let StoredFile { path, len, hash, first, pieces, rest } = stored;
    let rest = rest.map(Vec::from).unwrap_or_default();
    let before = match (hash.map(<[u8; 32]>::from), pieces) {
        (None, _) => FileBefore::Absent,
        (Some(hash), None) => FileBefore::Beginning { len, hash, rest },
        (Some(hash), Some(pieces)) => FileBefore::Kept { len, hash, first, pieces },
    };
    PlacedFile { path: path.0, before }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{frozen, id};
    use super::*;

    /// One with everything in it: each kind of ref, of stash and of file.
    fn full() -> UndoRecord {
        let commit: Oid = id("0123456789abcdef0123456789abcdef01234567");
        let file = |path: &str, before| PlacedFile { path: id(path), before };
        let beginning = FileBefore::Beginning { len: 7, hash: [1; 32], rest: Vec::new() };
        UndoRecord {
            kind: UndoKind::Resume,
            stage: UndoStage::Done,
            made_ms: 1_700_000_000_123,
            session: id("session-abcdefgh"),
            save: id("00000002-aaaaaaaa-17-22223333"),
            message: "login".to_owned(),
            pinned: true,
            cloned: false,
            of: Some(3),
            code: Some(WorkTreeState {
                id: "zzzzzzzz".to_owned(),
                branch: Some("main".to_owned()),
                commit: Some(commit.clone()),
                work: Some(id("fedcba9876543210fedcba9876543210fedcba98")),
                refs: vec![
                    ("refs/heads/x".to_owned(), Some(commit.clone())),
                    ("refs/heads/y".to_owned(), None),
                ],
                stashes: vec![("before".to_owned(), Some(commit)), ("after".to_owned(), None)],
            }),
            binding: Some(vec![1, 2, 3]),
            conversations: vec![ConversationBefore {
                assistant: "claude-code".to_owned(),
                id: id("11111111-2222-4333-8444-555555555555"),
                directory: "/home/user/project".to_owned(),
                modified_ms: Some(-1),
                files: vec![
                    file("transcript.jsonl", beginning),
                    file("a", FileBefore::Absent),
                    file("b", FileBefore::Kept { len: 9, hash: [2; 32], first: 4, pieces: 2 }),
                ],
            }],
            pieces: 6,
        }
    }

    const FULL: &str = "\
        ad00000102021b0000018bcfe5687b037073657373696f6e2d616263646566676804781d3030303030303032\
        2d61616161616161612d31372d323232323333333305656c6f67696e06f507f4080309a600687a7a7a7a7a7a\
        7a7a01646d61696e027828303132333435363738396162636465663031323334353637383961626364656630\
        3132333435363703782866656463626139383736353433323130666564636261393837363534333231306665\
        6463626139380482826c726566732f68656164732f7878283031323334353637383961626364656630313233\
        3435363738396162636465663031323334353637816c726566732f68656164732f79058282666265666f7265\
        7828303132333435363738396162636465663031323334353637383961626364656630313233343536378165\
        61667465720a430102030b81a5006b636c617564652d636f646501782431313131313131312d323232322d34\
        3333332d383434342d35353535353535353535353502722f686f6d652f757365722f70726f6a656374032004\
        83a400707472616e7363726970742e6a736f6e6c010702582001010101010101010101010101010101010101\
        010101010101010101010101010300a300616101000300a50061620109025820020202020202020202020202\
        0202020202020202020202020202020202020202030404020c06";

    /// One with nothing in it that may be left out.
    fn bare() -> UndoRecord {
        UndoRecord {
            kind: UndoKind::Undo,
            stage: UndoStage::Begun,
            pinned: false,
            cloned: true,
            of: None,
            code: None,
            binding: None,
            conversations: Vec::new(),
            pieces: 0,
            ..full()
        }
    }

    const BARE: &str = "\
        aa00010100021b0000018bcfe5687b037073657373696f6e2d616263646566676804781d3030303030303032\
        2d61616161616161612d31372d323232323333333305656c6f67696e06f407f50b800c00";

    /// A file of which a few bytes are not the beginning of what was put in its place.
    const FOLLOWED: &str = "\
        aa00010100021b0000018bcfe5687b037073657373696f6e2d616263646566676804781d3030303030303032\
        2d61616161616161612d31372d323232323333333305656c6f67696e06f407f50b81a5006b636c617564652d\
        636f646501782431313131313131312d323232322d343333332d383434342d35353535353535353535353502\
        722f686f6d652f757365722f70726f6a65637403200481a500707472616e7363726970742e6a736f6e6c0107\
        0258200101010101010101010101010101010101010101010101010101010101010101030005430707070c00";

    #[test]
    fn what_can_be_taken_back_is_stored_as_ever() {
        frozen(&full(), encode_undo(&full()), FULL, decode_undo);
        frozen(&bare(), encode_undo(&bare()), BARE, decode_undo);
    }

    #[test]
    fn what_followed_a_beginning_is_stored_with_it() {
        let mut record = bare();
        record.conversations = full().conversations;
        let rest = vec![7; 3];
        record.conversations[0].files[0].before =
            FileBefore::Beginning { len: 7, hash: [1; 32], rest };
        record.conversations[0].files.truncate(1);
        frozen(&record, encode_undo(&record), FOLLOWED, decode_undo);
    }

    #[test]
    fn every_stage_has_a_number_that_stays() {
        use UndoStage::{Begun, Done, TakenBack, Waits};
        for (number, stage) in (0..).zip([Begun, Waits, Done, TakenBack]) {
            let stored = encode_undo(&UndoRecord { stage, ..bare() });
            assert_eq!((stored[3], stored[4]), (1, number), "{stage:?}");
            assert_eq!(decode_undo(&stored).expect("readable").stage, stage);
        }
        let newer = [&encode_undo(&bare())[..4], &[9], &encode_undo(&bare())[5..]].concat();
        assert_eq!(decode_undo(&newer), Err(FormatError::Newer("stage of what can be taken back")));
    }
}
