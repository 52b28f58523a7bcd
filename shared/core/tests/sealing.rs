//! Sealed objects: they come back as they were, and nothing else is accepted.

use convosync_core::{
    Account, Card, CodeState, Conversation, Device, DeviceEntry, DeviceKind, Devices, FileState,
    Manifest, ObjectName, OpenError, Packed, PartBody, Profile, SaveId, SealError, Sealed,
    SegmentRef, SessionId, Terminal, UnitBody, Vector, card_prefix, card_prefix_len, open_card,
    open_card_trusted, open_device_entry, open_part, open_unit, part_name, seal_device_entry,
    seal_part, seal_unit, segment_key,
};

/// Bytes that look random and are the same in every run.
fn counting(seed: u8) -> impl FnMut(&mut [u8]) {
    let mut next = seed;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next;
        }
    }
}

fn profile(seed: u8) -> Profile {
    let account = Account::new(&mut counting(1));
    Profile { account, ..other_account(seed) }
}

fn other_account(seed: u8) -> Profile {
    let random = &mut counting(seed);
    Profile {
        account: Account::new(random),
        device: Device::new("desktop".to_owned(), DeviceKind::Desktop, 1_700_000_000_000, random),
        store_url: "file:///store".to_owned(),
        local_only: false,
    }
}

fn devices(profiles: &[&Profile]) -> Devices {
    let mut devices = Devices::default();
    for profile in profiles {
        let device = &profile.device;
        devices.add(device.id.clone(), DeviceEntry::of(device)).expect("each is there once");
    }
    devices
}

fn session(seed: u8) -> SessionId {
    SessionId::from_random(&[seed; 8])
}

fn card(profile: &Profile, session: SessionId) -> Card {
    let save = SaveId::new(1, profile.device.id.clone(), 1, &[7; 8]).expect("a save id");
    Card {
        session,
        vector: Vector::after([], &save),
        save,
        parents: Vec::new(),
        timestamp_ms: 1_700_000_000_000,
        device_name: "desktop".to_owned(),
        device_kind: DeviceKind::Desktop,
        message: "Implemented OAuth login".to_owned(),
        branch: Some("feature/oauth".to_owned()),
        commit: Some("0123456789abcdef0123456789abcdef01234567".parse().expect("an oid")),
        code: CodeState::Pushed,
        repository: "example.org/user/project".to_owned(),
        working_directory: "/home/user/project".to_owned(),
        conversation: Some("11111111-2222-4333-8444-555555555555".parse().expect("an id")),
        message_count: 12,
        size: 34_567,
        content: [9; 16],
        quiet: false,
        parked: false,
    }
}

fn body(profile: &Profile, session: &SessionId) -> UnitBody {
    let packed = b"\x28\xb5\x2f\xfd packed bytes of a conversation".to_vec();
    let id = segment_key(&profile.account, session).id(&packed);
    let segment = SegmentRef {
        id,
        container: None,
        at: 0,
        len: 34_567,
        back: 0,
        ahead: 0,
        packed: packed.len() as u32,
        messages: 12,
        snapshot: true,
    };
    let file = FileState { len: 34_567, blocks: vec![[3; 32]], segments: vec![segment] };
    let conversation = Conversation {
        assistant: "claude-code".to_owned(),
        id: "11111111-2222-4333-8444-555555555555".parse().expect("an id"),
        title: Some("OAuth".to_owned()),
        message_count: 12,
        client_version: None,
        directory: String::new(),
        files: vec![("transcript.jsonl".parse().expect("a path"), file)],
    };
    let terminal = Terminal { directory: "src".to_owned(), shell: Some("nu".to_owned()) };
    UnitBody {
        manifest: Manifest {
            code: None,
            conversations: vec![conversation],
            terminal: Some(terminal),
        },
        segments: vec![Packed { id, bytes: packed }],
    }
}

fn unit(profile: &Profile) -> (Card, UnitBody, ObjectName, Sealed) {
    let card = card(profile, session(1));
    let body = body(profile, &card.session);
    let hash = devices(&[profile]).hash();
    let (name, sealed) =
        seal_unit(profile, hash, &card, &body, &mut counting(3)).expect("a valid card");
    (card, body, name, sealed)
}

#[test]
fn a_unit_comes_back_as_it_was() {
    let me = profile(2);
    let (card, body, name, sealed) = unit(&me);
    let known = devices(&[&me]);
    assert_eq!(open_unit(&me.account, &known, &name, &sealed), Ok((card, body)));
}

#[test]
fn a_card_opens_from_the_prefix_alone() {
    let me = profile(2);
    let (card, _, name, sealed) = unit(&me);
    let prefix = card_prefix(&sealed).expect("a unit");
    assert!(prefix.as_bytes().len() < sealed.as_bytes().len());
    assert_eq!(card_prefix_len(prefix.as_bytes()), Ok(prefix.as_bytes().len()));
    assert_eq!(open_card(&me.account, &devices(&[&me]), &name, &prefix), Ok(card.clone()));
    assert_eq!(open_card_trusted(&me.account, &name, &prefix), Ok(card));
}

#[test]
fn a_part_comes_back_as_it_was() {
    let me = profile(2);
    let known = devices(&[&me]);
    let part = PartBody { segments: body(&me, &session(1)).segments };
    let name = part_name(&session(1), &part.segments[0].id, &mut counting(5));
    let sealed = seal_part(&me, known.hash(), &name, &part, &mut counting(6)).expect("small");
    assert_eq!(open_part(&me.account, &known, &name, &sealed), Ok(part));
}

#[test]
fn a_device_entry_comes_back_as_it_was() {
    let me = profile(2);
    let (name, sealed) = seal_device_entry(&me, &mut counting(5));
    let (id, entry) = open_device_entry(&me.account, &name, &sealed).expect("its own entry");
    assert_eq!((id, entry), (me.device.id.clone(), DeviceEntry::of(&me.device)));
}

#[test]
fn a_card_that_contradicts_itself_is_not_sealed() {
    let me = profile(2);
    let valid = card(&me, session(1));
    let seal = |card: &Card| {
        seal_unit(&me, [0; 32], card, &UnitBody::default(), &mut counting(1)).map(|_| ())
    };
    let late = SaveId::new(2, me.device.id.clone(), 1, &[7; 8]).expect("a save id");
    assert!(matches!(seal(&Card { save: late, ..valid.clone() }), Err(SealError::Card(_))));
    let empty = Card { vector: Vector::default(), ..valid.clone() };
    assert!(matches!(seal(&empty), Err(SealError::Card(_))));
    let foreign = card(&profile(77), session(1));
    assert!(matches!(seal(&foreign), Err(SealError::OtherDevice { .. })));
    let long = Card { message: "x".repeat(300_000), ..valid };
    assert!(matches!(seal(&long), Err(SealError::CardTooLarge(_))));
}

#[test]
fn an_unknown_device_is_named() {
    let me = profile(2);
    let (_, _, name, sealed) = unit(&me);
    let opened = open_unit(&me.account, &Devices::default(), &name, &sealed);
    assert_eq!(opened, Err(OpenError::UnknownDevice(me.device.id)));
}
