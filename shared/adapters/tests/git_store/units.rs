//! Units as a store sees them: a real head and card in front, and noise for the rest.

use convosync_core::{
    Account, Card, CodeState, Device, DeviceKind, ObjectName, Profile, Salts, SaveId, Sealed,
    SessionId, UnitBody, Vector, seal_unit,
};

/// Bytes that nothing can shrink, the same in every run.
pub(crate) fn noise(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 32) as u8;
        }
    }
}

pub(crate) fn profile() -> Profile {
    let mut random = noise(1);
    Profile {
        account: Account::new(&mut random),
        device: Device::new("desktop".to_owned(), DeviceKind::Desktop, 1, &mut random),
        store_url: String::new(),
        local_only: false,
    }
}

/// The first save of a session, with so many bytes of noise after its card.
pub(crate) fn unit(profile: &Profile, number: u32, bytes: usize) -> (ObjectName, Sealed) {
    let [a, b, c, d] = number.to_be_bytes();
    let session =
        SessionId::from_random(&[a >> 3, b >> 5, b & 31, c >> 3, c & 7, d >> 4, d & 15, 0]);
    let save = SaveId::new(1, profile.device.id.clone(), u64::from(number) + 1, &[7; 8]).unwrap();
    let card = Card {
        session,
        vector: Vector::after([], &save),
        save,
        parents: Vec::new(),
        timestamp_ms: 1_700_000_000_000,
        device_name: "desktop".to_owned(),
        device_kind: DeviceKind::Desktop,
        message: format!("Implemented OAuth login, part {number}"),
        branch: Some("feature/oauth".to_owned()),
        commit: Some("0123456789abcdef0123456789abcdef01234567".parse().unwrap()),
        code: CodeState::Pushed,
        repository: "example.org/user/project".to_owned(),
        working_directory: "/home/user/project".to_owned(),
        folder: None,
        conversation: None,
        message_count: 12,
        size: 34_567,
        content: [9; 16],
        quiet: false,
        parked: false,
        note: false,
        title: None,
        terminal: true,
        uncommitted: 0,
    };
    let random = &mut noise(u64::from(number) + 2);
    let (name, sealed) =
        seal_unit(profile, [0; 32], &card, &UnitBody::default(), Salts::Fresh(random))
            .expect("a valid card");
    let mut whole = sealed.as_bytes().to_vec();
    let start = whole.len();
    whole.resize(start + bytes, 0);
    random(&mut whole[start..]);
    (name, Sealed::received(whole))
}
