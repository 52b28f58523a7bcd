use std::fmt::Debug;

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::manifest::{decode_manifest, encode_manifest};
use super::*;
use crate::card::{Card, CodeState};
use crate::context::Span;
use crate::devices::DeviceEntry;
use crate::id::{DeviceKind, SaveId};
use crate::manifest::{
    Archived, Code, Conversation, FileState, LeftOut, Manifest, SegmentRef, Work, content_digest,
};
use crate::terminal::Terminal;
use crate::vector::Vector;

pub(super) fn id<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect(text)
}

fn card() -> Card {
    let first: SaveId = id("00000001-bbbbbbbb-4-bbbbbbbb");
    let save: SaveId = id("00000002-aaaaaaaa-17-22223333");
    Card {
        session: id("session-abcdefgh"),
        vector: Vector::after([&Vector::after([], &first)], &save),
        save,
        parents: vec![first],
        timestamp_ms: 1_700_000_000_123,
        device_name: "desk".to_owned(),
        device_kind: DeviceKind::Laptop,
        message: "Implemented OAuth login".to_owned(),
        branch: Some("feature/oauth".to_owned()),
        commit: Some(id("0123456789abcdef0123456789abcdef01234567")),
        code: CodeState::Carried,
        repository: "example.org/user/project".to_owned(),
        working_directory: "/home/user/project".to_owned(),
        folder: None,
        conversation: None,
        message_count: 12,
        size: 345_678,
        content: [9; 16],
        quiet: false,
        parked: true,
        note: false,
        title: None,
        terminal: true,
        uncommitted: 0,
    }
}

fn segment(container: Option<&str>) -> SegmentRef {
    SegmentRef {
        id: [7; 16],
        container: container.map(id),
        at: 1_000_000,
        len: 2000,
        back: 3000,
        ahead: 40,
        packed: 500,
        messages: 6,
        snapshot: container.is_none(),
    }
}

fn manifest() -> Manifest {
    let unit = "v1/s/session-abcdefgh/00000001-bbbbbbbb-4-bbbbbbbb";
    let file = FileState {
        len: 1_002_000,
        blocks: vec![[1; 32], [2; 32]],
        segments: vec![segment(None), segment(Some(unit))],
    };
    Manifest {
        code: Some(Code {
            remotes: vec!["example.org/user/project".to_owned()],
            root_commit: Some(id("0123456789abcdef0123456789abcdef01234567")),
            branch: "feature/oauth".to_owned(),
            commit: id("89abcdef0123456789abcdef0123456789abcdef"),
            subject: "a subject".to_owned(),
            bundle: Some(FileState { len: 5, ..FileState::default() }),
            bundle_needs: vec![id("0123456789abcdef0123456789abcdef01234567")],
            excluded: vec![".env".to_owned()],
            clone_url: Some("git@example.org:user/project.git".to_owned()),
            modified: Vec::new(),
            work: Vec::new(),
        }),
        conversations: vec![Conversation {
            assistant: "claude-code".to_owned(),
            id: id("11111111-2222-4333-8444-555555555555"),
            title: None,
            message_count: 12,
            client_version: Some("2.1.0".to_owned()),
            directory: "src".to_owned(),
            files: vec![(id("transcript.jsonl"), file)],
            spans: Vec::new(),
            archived: None,
        }],
        terminal: Some(Terminal { shell: Some("nu".to_owned()), ..Terminal::default() }),
        left_out: LeftOut::default(),
    }
}

fn entry() -> DeviceEntry {
    DeviceEntry {
        name: "desk".to_owned(),
        kind: DeviceKind::Server,
        verifying: [1; 32],
        exchange: [2; 32],
        joined_ms: -1,
        revision: 0,
    }
}

const CARD: &str = "\
    b2007073657373696f6e2d616263646566676801781d30303030303030322d61616161616161612d31372d32\
    323232333333330281781c30303030303030312d62626262626262622d342d62626262626262620382836861\
    61616161616161116832323232333333338368626262626262626204686262626262626262041b0000018bcf\
    e5687b05646465736b06010777496d706c656d656e746564204f41757468206c6f67696e086d666561747572\
    652f6f6175746809782830313233343536373839616263646566303132333435363738396162636465663031\
    3233343536370a030b78186578616d706c652e6f72672f757365722f70726f6a6563740c722f686f6d652f75\
    7365722f70726f6a6563740e0c0f1a0005464e10500909090909090909090909090909090911f412f5";
const MANIFEST: &str = "\
    a300a9008178186578616d706c652e6f72672f757365722f70726f6a65637401782830313233343536373839\
    616263646566303132333435363738396162636465663031323334353637026d666561747572652f6f617574\
    6803782838396162636465663031323334353637383961626364656630313233343536373839616263646566\
    046961207375626a65637405a300050140028006817828303132333435363738396162636465663031323334\
    353637383961626364656630313233343536370781642e656e76087820676974406578616d706c652e6f7267\
    3a757365722f70726f6a6563742e6769740181a6006b636c617564652d636f64650178243131313131313131\
    2d323232322d343333332d383434342d353535353535353535353535030c0465322e312e3005637372630681\
    82707472616e7363726970742e6a736f6e6ca3001a000f4a1001584001010101010101010101010101010101\
    0101010101010101010101010101010102020202020202020202020202020202020202020202020202020202\
    020202020282a8005007070707070707070707070707070707021a000f4240031907d004190bb80518280619\
    01f4070608f5a900500707070707070707070707070707070701783276312f732f73657373696f6e2d616263\
    64656667682f30303030303030312d62626262626262622d342d6262626262626262021a000f4240031907d0\
    04190bb8051828061901f4070608f402a2006001626e75";
const CONTEXT: &str = "\
    a300a8008178186578616d706c652e6f72672f757365722f70726f6a656374026d666561747572652f6f61\
    75746803782838396162636465663031323334353637383961626364656630313233343536373839616263\
    646566046961207375626a65637406800781642e656e76087820676974406578616d706c652e6f72673a75\
    7365722f70726f6a6563742e6769740c816b7372632f617574682e6a730181a7006b636c617564652d636f\
    646501782431313131313131312d323232322d343333332d383434342d353535353535353535353535030c\
    0465322e312e30056373726306800c82a40001010202646d61696e04f4a50003010c026d66656174757265\
    2f6f6175746803782838396162636465663031323334353637383961626364656630313233343536373839\
    61626364656604f502a2006001626e75";
/// [`with_work`].
const CARD_OF_WORK: &str = "\
    b3007073657373696f6e2d616263646566676801781d30303030303030322d61616161616161612d31372d32\
    323232333333330281781c30303030303030312d62626262626262622d342d62626262626262620382836861\
    61616161616161116832323232333333338368626262626262626204686262626262626262041b0000018bcf\
    e5687b05646465736b06010777496d706c656d656e746564204f41757468206c6f67696e086d666561747572\
    652f6f6175746809782830313233343536373839616263646566303132333435363738396162636465663031\
    3233343536370a030b78186578616d706c652e6f72672f757365722f70726f6a6563740c722f686f6d652f75\
    7365722f70726f6a6563740e0c0f1a0005464e10500909090909090909090909090909090911f412f51703";
const MANIFEST_OF_WORK: &str = "\
    a300aa008178186578616d706c652e6f72672f757365722f70726f6a65637401782830313233343536373839\
    616263646566303132333435363738396162636465663031323334353637026d666561747572652f6f617574\
    6803782838396162636465663031323334353637383961626364656630313233343536373839616263646566\
    046961207375626a65637405a300050140028006817828303132333435363738396162636465663031323334\
    353637383961626364656630313233343536370781642e656e76087820676974406578616d706c652e6f7267\
    3a757365722f70726f6a6563742e6769740981a4007828666564636261393837363534333231306665646362\
    6139383736353433323130666564636261393801782838396162636465663031323334353637383961626364\
    656630313233343536373839616263646566020303a30007014002800181a6006b636c617564652d636f6465\
    01782431313131313131312d323232322d343333332d383434342d353535353535353535353535030c046532\
    2e312e300563737263068182707472616e7363726970742e6a736f6e6ca3001a000f4a100158400101010101\
    0101010101010101010101010101010101010101010101010101010202020202020202020202020202020202\
    0202020202020202020202020202020282a8005007070707070707070707070707070707021a000f42400319\
    07d004190bb8051828061901f4070608f5a900500707070707070707070707070707070701783276312f732f\
    73657373696f6e2d61626364656667682f30303030303030312d62626262626262622d342d62626262626262\
    62021a000f4240031907d004190bb8051828061901f4070608f402a2006001626e75";
const ENTRY: &str = "\
    a60068616161616161616101646465736b020403582001010101010101010101010101010101010101010101\
    0101010101010101010104582002020202020202020202020202020202020202020202020202020202020202\
    020520";

/// [`many_files`], in a body without segments.
const COMPRESSED: &str = "\
    00005e12000001fb0000000028b52ffd60125d8d0f0006164e367049da06f1ffdfe9ef8cfb30ed5785f70b6e\
    62d4c87c62df1011fbb6dd4cad8663ac6a77f7a69d2994cbeb707cf55544aad488596f19430041004100d4d6\
    6c8c03057a8b9b2c52960944d5a2a1291e5816590fbe322cc28e07c581a9498aaead74bef48e0ded61135e60\
    5d10cf8573f6385c968321100f918619b4cd49b84909de80030baec14d5a02c5189f069785e5ea0131a472e4\
    08ea01335d795aa2d38ee38500c584ff6fa194f2a1bb3bec02dac39435414c65116462e0226c4f12c14e74be\
    f48e7e6da5f3a577ec6b2b9d2fbd271e4ab0e3f3708011abca19e7273f2d71ed49a8008069261e8369302c13\
    023016141a860232b0e01a9406819388501e1459447a0a1c04e5da4ae74bef78afad74bef48ef6da4ae74bef\
    58afad74bef48ef4da4ae74bef38afad74bef48e7f6da5f3a57794d7d674a821c8262928a993650ea08324e9\
    12401060301084002150081084e086608521382178fe59b53ab59a7ab55a5dd5a4d5d5d4ead5d4eaea5593ae\
    5653af565357abadbab45a9d9a5a9d5aad7ed5d2ea6a6aea6a6af5ea554b57ab5157aba9aba9575d5aad9e5a\
    ad4eada6be6a69f56a6a75353575f5aaa5aba9a9abd5d4abd5ab2eada64ead564fad564fd6b85c1b729361f2\
    29f29e3fa120d294f2f9548ca28d5bf515d4fcbc9adfb0740ef0cb07a844f96522ad0a";

#[track_caller]
pub(super) fn frozen<T: PartialEq + Debug>(
    value: &T,
    bytes: Vec<u8>,
    hex: &str,
    decode: fn(&[u8]) -> Result<T, FormatError>,
) {
    assert_eq!(HEXLOWER.encode(&bytes), hex);
    assert_eq!(decode(&bytes).as_ref(), Ok(value));
}

#[test]
fn the_stored_card_never_changes() {
    frozen(&card(), encode_card(&card()), CARD, decode_card);
    // The folder came later: a card without one is stored as before.
    let below = Card { folder: Some("packages/api".to_owned()), ..card() };
    let stored = CARD.replacen("b2", "b3", 1) + "136c7061636b616765732f617069";
    frozen(&below, encode_card(&below), &stored, decode_card);
}

/// The same with the mark that came later, at its end: one more key in the map.
#[test]
fn a_stored_note_never_changes() {
    let note = Card { note: true, ..card() };
    let hex = format!("b3{}14f5", &CARD[2..]);
    frozen(&note, encode_card(&note), &hex, decode_card);
}

#[test]
fn the_stored_manifest_never_changes() {
    frozen(&manifest(), encode_manifest(&manifest()), MANIFEST, decode_manifest);
}

/// What came later: the context of messages, and the names of files that were committed.
fn with_context() -> Manifest {
    let mut manifest = manifest();
    let span = |first, last, branch: &str, exact: bool| Span {
        first,
        last,
        branch: Some(branch.to_owned()),
        commit: exact.then(|| id("89abcdef0123456789abcdef0123456789abcdef")),
        exact,
    };
    let code = manifest.code.as_mut().expect("it has code");
    (code.bundle, code.bundle_needs, code.root_commit) = (None, Vec::new(), None);
    code.modified = vec!["src/auth.js".to_owned()];
    let talk = &mut manifest.conversations[0];
    talk.files = Vec::new();
    talk.spans = vec![span(1, 2, "main", false), span(3, 12, "feature/oauth", true)];
    manifest
}

#[test]
fn the_stored_context_never_changes() {
    frozen(&with_context(), encode_manifest(&with_context()), CONTEXT, decode_manifest);
}

#[test]
fn a_context_that_contradicts_itself_is_none() {
    let mut wrong = with_context();
    wrong.conversations[0].spans.reverse();
    let read = decode_manifest(&encode_manifest(&wrong)).expect("the rest is right");
    assert!(read.conversations[0].spans.is_empty());
    assert_eq!(read.conversations[0].title, wrong.conversations[0].title);
}

/// The same save with uncommitted work.
fn with_work() -> (Card, Manifest) {
    let card = Card { uncommitted: 3, ..card() };
    let mut manifest = manifest();
    let code = manifest.code.as_mut().expect("there is code");
    code.work = vec![Work {
        commit: id("fedcba9876543210fedcba9876543210fedcba98"),
        base: code.commit.clone(),
        changes: 3,
        bundle: FileState { len: 7, ..FileState::default() },
    }];
    (card, manifest)
}

#[test]
fn the_digest_of_a_save_covers_its_work_and_is_the_old_one_without() {
    let (mut other, (_, with)) = (with_work().1, with_work());
    other.code.as_mut().expect("there is code").work[0].commit =
        id("0123456789abcdef0123456789abcdef01234567");
    let digests = [&manifest(), &with, &other].map(content_digest);
    assert_eq!(HEXLOWER.encode(&digests[0]), "ed29657bf4565f2a724ca607dc0cb41a");
    assert!(digests[0] != digests[1] && digests[1] != digests[2]);
}

#[test]
fn stored_work_never_changes_and_adds_one_key_at_the_end_of_its_map() {
    let (card, manifest) = with_work();
    frozen(&card, encode_card(&card), CARD_OF_WORK, decode_card);
    frozen(&manifest, encode_manifest(&manifest), MANIFEST_OF_WORK, decode_manifest);
}

#[test]
fn what_was_left_out_named_and_archived_never_changes() {
    let card = Card { title: Some("Login".to_owned()), terminal: false, ..card() };
    let more = "15654c6f67696e16f5";
    frozen(&card, encode_card(&card), &(CARD.replacen("b2", "b4", 1) + more), decode_card);
    for (left_out, bits) in [
        (LeftOut { code: true, conversation: false }, 1),
        (LeftOut { code: false, conversation: true }, 2),
        (LeftOut { code: true, conversation: true }, 3),
    ] {
        let manifest = Manifest { left_out, ..Manifest::default() };
        frozen(&manifest, encode_manifest(&manifest), &format!("a20180030{bits}"), decode_manifest);
    }
    let archived = Some(Archived { bytes: 1_000, messages: 24 });
    let conversation =
        Conversation { files: Vec::new(), archived, ..manifest().conversations.remove(0) };
    let manifest = Manifest { conversations: vec![conversation], ..Manifest::default() };
    let hex = "a10181a7006b636c617564652d636f64650178243131313131313131\
        2d323232322d343333332d383434342d353535353535353535353535030c0465322e312e30\
        05637372630680\
        07a2001903e8011818";
    frozen(&manifest, encode_manifest(&manifest), hex, decode_manifest);
}

#[test]
fn the_stored_device_entry_never_changes() {
    let stored = (id("aaaaaaaa"), entry());
    frozen(&stored, encode_entry(&stored.0, &stored.1), ENTRY, decode_entry);
}

#[test]
fn a_body_starts_with_its_directory() {
    let body = PartBody {
        segments: vec![
            Packed { id: [1; 16], bytes: b"one".to_vec() },
            Packed { id: [2; 16], bytes: Vec::new() },
        ],
    };
    let bytes = body.encode().expect("small");
    let hex = "000000000000000000000002\
               01010101010101010101010101010101\
               00000003\
               02020202020202020202020202020202\
               00000000\
               6f6e65";
    assert_eq!(HEXLOWER.encode(&bytes), hex);
    assert_eq!(PartBody::decode(&bytes), Ok(body));
}

#[test]
fn empty_ones_come_back_too() {
    let body = UnitBody::default();
    assert_eq!(UnitBody::decode(&body.encode().expect("small")), Ok(body));
    let body = PartBody::default();
    assert_eq!(PartBody::decode(&body.encode().expect("small")), Ok(body));
}

/// A manifest that is worth compressing.
fn many_files() -> Manifest {
    let mut many = manifest();
    let file = many.conversations[0].files[0].1.clone();
    many.conversations[0].files =
        (0..100).map(|n| (id(&format!("file-history/{n:03}@v1")), file.clone())).collect();
    many
}

#[test]
fn a_long_manifest_is_compressed_in_its_body() {
    let body = UnitBody { manifest: many_files(), segments: Vec::new() };
    let bytes = body.encode().expect("small");
    assert!(bytes.len() * 10 < encode_manifest(&body.manifest).len(), "{} bytes", bytes.len());
    assert_eq!(UnitBody::decode(&bytes), Ok(body));
}

#[test]
fn a_compressed_manifest_of_old_is_read() {
    // Another version of zstd may write other bytes, so only reading is frozen.
    let bytes = HEXLOWER.decode(COMPRESSED.as_bytes()).expect("hex");
    let mut manifest = many_files();
    // The sample is older than this key.
    manifest.code.iter_mut().for_each(|code| code.clone_url = None);
    let body = UnitBody { manifest, segments: Vec::new() };
    assert_eq!(UnitBody::decode(&bytes), Ok(body));
}

#[test]
fn a_manifest_never_unpacks_to_more_than_it_says() {
    let mut bytes =
        UnitBody { manifest: many_files(), segments: Vec::new() }.encode().expect("small");
    let stored = u32::from_be_bytes(bytes[4..8].try_into().expect("4 bytes"));
    let real = u32::from_be_bytes(bytes[..4].try_into().expect("4 bytes"));
    for len in [0, stored, stored + 1, real - 1, real + 1, u32::MAX] {
        bytes[..4].copy_from_slice(&len.to_be_bytes());
        assert!(UnitBody::decode(&bytes).is_err(), "{len} bytes were accepted");
    }
}

/// Adds a key that no version knows to a map of up to 22 keys.
fn with_unknown_key(map: &[u8]) -> Vec<u8> {
    // 0x18 0xc8 is the key 200; its value nests, as a later version's might.
    [&[map[0] + 1], &map[1..], b"\x18\xc8\x82\xa1\x00\x01\x9f\x61x\xff"].concat()
}

#[test]
fn keys_of_later_versions_are_passed_over() {
    assert_eq!(decode_card(&with_unknown_key(&encode_card(&card()))), Ok(card()));
    assert_eq!(decode_manifest(&with_unknown_key(&encode_manifest(&manifest()))), Ok(manifest()));
    let newer = with_unknown_key(&encode_entry(&id("aaaaaaaa"), &entry()));
    assert_eq!(decode_entry(&newer), Ok((id("aaaaaaaa"), entry())));
}

#[test]
fn a_value_of_a_later_version_is_told_from_damage() {
    let bytes = encode_card(&card());
    // Key 10, the state of the code.
    let at = bytes.windows(2).position(|pair| pair == [10, 3]).expect("it is carried");
    let mut newer = bytes;
    newer[at + 1] = 23;
    assert_eq!(decode_card(&newer), Err(FormatError::Newer("state of the code")));
}

#[track_caller]
fn refused(from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let bytes = [encode_card(&card()), encode_manifest(&manifest())].map(|bytes| {
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes());
        at.map(|at| [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat())
    });
    assert!(bytes.iter().any(Option::is_some), "`{from}` is in neither");
    let [card, manifest] = bytes;
    assert!(card.is_none_or(|bytes| decode_card(&bytes).is_err()), "`{to}` was accepted");
    assert!(manifest.is_none_or(|bytes| decode_manifest(&bytes).is_err()), "`{to}` was accepted");
}

#[test]
fn ids_and_paths_are_checked_when_they_are_read() {
    refused("session-abcdefgh", "session-../../..");
    refused("00000001-bbbbbbbb-4-bbbbbbbb", "00000001-bbbbbbbb-0-bbbbbbbb");
    refused("0123456789abcdef0123456789abcdef01234567", "--upload-pack=touch-something-bad0123456");
    refused("11111111-2222-4333-8444-555555555555", "../../11-2222-4333-8444-555555555555");
    refused("transcript.jsonl", "../../.ssh/keys0");
    refused("transcript.jsonl", "/etc/cron.d/evil");
    refused("v1/s/session-abcdefgh/00000001-b", "v1/s/session-abcdefgh/../../..-b");
}

#[test]
fn a_segment_is_in_a_unit_or_a_part_and_nowhere_else() {
    let mut wrong = manifest();
    wrong.conversations[0].files[0].1.segments = vec![segment(Some("v1/dev/aaaaaaaa-22223333"))];
    assert!(decode_manifest(&encode_manifest(&wrong)).is_err());
}

#[test]
fn a_list_that_claims_to_be_endless_is_refused_at_once() {
    // Key 1 of a manifest: an array of 2^63 conversations, a byte string of 2^62 block hashes.
    for hostile in [&b"\xa1\x01\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"[..], b"\xa1\x01\x9f\x9f\x9f"] {
        assert!(decode_manifest(hostile).is_err());
    }
    // A directory of 2^32 - 1 segments.
    assert!(PartBody::decode(b"\0\0\0\0\0\0\0\0\xff\xff\xff\xff").is_err());
    // Unknown values nested without end.
    assert!(decode_card(&[&b"\xa1\x18\xc8"[..], &[0x81; 100_000]].concat()).is_err());
}

#[test]
fn a_card_or_manifest_that_was_cut_is_refused() {
    let (card, manifest) = (encode_card(&card()), encode_manifest(&manifest()));
    for len in 0..card.len() {
        assert!(decode_card(&card[..len]).is_err(), "{len} bytes of a card were accepted");
    }
    for len in 0..manifest.len() {
        assert!(decode_manifest(&manifest[..len]).is_err(), "{len} bytes were accepted");
    }
    assert!(decode_card(&[&card[..], b"\0"].concat()).is_err(), "a byte more was accepted");
}

fn changed(bytes: &[u8], changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (index, byte) in changes {
        let at = index.index(bytes.len());
        bytes[at] = *byte;
    }
    bytes
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes: Vec<u8>) {
        let _ = decode_card(&bytes);
        let _ = decode_manifest(&bytes);
        let _ = decode_entry(&bytes);
        let _ = decode_account(&bytes);
        let _ = UnitBody::decode(&bytes);
        let _ = PartBody::decode(&bytes);
    }

    #[test]
    fn changed_bytes_never_panic_and_what_is_read_is_valid(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let body = UnitBody {
            manifest: manifest(),
            segments: vec![Packed { id: [1; 16], bytes: vec![5; 100] }],
        };
        let _ = UnitBody::decode(&changed(&body.encode().expect("small"), &changes));
        if let Ok(read) = decode_card(&changed(&encode_card(&card()), &changes)) {
            prop_assert_eq!(decode_card(&encode_card(&read)), Ok(read));
        }
        if let Ok(read) = decode_manifest(&changed(&encode_manifest(&manifest()), &changes)) {
            prop_assert_eq!(decode_manifest(&encode_manifest(&read)), Ok(read));
        }
    }

    #[test]
    fn texts_and_numbers_of_a_card_come_back(
        message in ".*", directory in ".*", branch in prop::option::of(".*"),
        folder in prop::option::of(".*"),
        timestamp_ms: i64, message_count: u64, size: u64, content: [u8; 16], quiet: bool,
    ) {
        let card = Card {
            message, working_directory: directory, branch, folder, timestamp_ms, message_count,
            size, content, quiet, ..card()
        };
        prop_assert_eq!(decode_card(&encode_card(&card)), Ok(card));
    }
}
