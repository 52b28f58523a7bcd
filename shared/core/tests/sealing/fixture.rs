//! One small account, its device, and a save of it.

use convosync_core::{
    Account, Card, CodeState, Conversation, Device, DeviceEntry, DeviceKind, Devices, FileState,
    Manifest, Moved, ObjectName, Packed, PartBody, Profile, Salts, SaveId, Sealed, SegmentRef,
    SessionId, Terminal, UnitBody, Vector, part_name, seal_moved, seal_part, seal_unit,
    segment_key,
};

/// Bytes that look random and are the same in every run.
pub(crate) fn counting(seed: u8) -> impl FnMut(&mut [u8]) {
    let mut next = seed;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next;
        }
    }
}

pub(crate) fn profile(seed: u8) -> Profile {
    let account = Account::new(&mut counting(1));
    Profile { account, ..other_account(seed) }
}

pub(crate) fn other_account(seed: u8) -> Profile {
    let random = &mut counting(seed);
    Profile {
        account: Account::new(random),
        device: Device::new("desktop".to_owned(), DeviceKind::Desktop, 1_700_000_000_000, random),
        store_url: "file:///store".to_owned(),
        local_only: false,
    }
}

pub(crate) fn devices(profiles: &[&Profile]) -> Devices {
    let mut devices = Devices::default();
    for profile in profiles {
        let device = &profile.device;
        devices.add(device.id.clone(), DeviceEntry::of(device)).expect("each is there once");
    }
    devices
}

pub(crate) fn session(seed: u8) -> SessionId {
    SessionId::from_random(&[seed; 8])
}

pub(crate) fn card(profile: &Profile, session: SessionId) -> Card {
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
        folder: None,
        conversation: Some("11111111-2222-4333-8444-555555555555".parse().expect("an id")),
        message_count: 12,
        size: 34_567,
        content: [9; 16],
        quiet: false,
        parked: false,
        note: false,
        title: None,
        terminal: true,
        uncommitted: 0,
    }
}

pub(crate) fn body(profile: &Profile, session: &SessionId) -> UnitBody {
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
        spans: Vec::new(),
        archived: None,
    };
    let terminal = Terminal {
        directory: "src".to_owned(),
        shell: Some("nu".to_owned()),
        ..Terminal::default()
    };
    UnitBody {
        manifest: Manifest {
            conversations: vec![conversation],
            terminal: Some(terminal),
            ..Manifest::default()
        },
        segments: vec![Packed { id, bytes: packed }],
    }
}

pub(crate) fn unit(profile: &Profile) -> (Card, UnitBody, ObjectName, Sealed) {
    let card = card(profile, session(1));
    let body = body(profile, &card.session);
    let hash = devices(&[profile]).hash();
    let (name, sealed) = seal_unit(profile, hash, &card, &body, Salts::Fresh(&mut counting(3)))
        .expect("a valid card");
    (card, body, name, sealed)
}

/// A sealed part with its name and content.
pub(crate) fn part(profile: &Profile) -> (PartBody, ObjectName, Sealed) {
    let part = PartBody { segments: body(profile, &session(1)).segments };
    let name = part_name(&session(1), &part.segments[0].id, &mut counting(5));
    let hash = devices(&[profile]).hash();
    let sealed =
        seal_part(profile, hash, &name, &part, Salts::Fresh(&mut counting(6))).expect("small");
    (part, name, sealed)
}

/// Where a store went.
pub(crate) fn address() -> Moved {
    Moved { url: "file:///new/store".to_owned(), number: 1, moved_ms: 1_700_000_000_000 }
}

/// The same, sealed, with its name.
pub(crate) fn moved(profile: &Profile) -> (ObjectName, Sealed) {
    seal_moved(profile, devices(&[profile]).hash(), &address(), &mut counting(5))
}
