//! A store and keys as an early version left them: the frozen samples of the formats, laid out as a
//! store, opened by the helper of today.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use convosync_core::{Account, Device as OwnDevice, DeviceKind, Profile};
use convosync_tests::{Device, World, told};
use data_encoding::HEXLOWER_PERMISSIVE;

use crate::scene::work;

/// The objects of that account, by their names; see `shared/core/tests/sealing/frozen.rs`.
const OBJECTS: [(&str, &str); 5] = [
    (
        "v1/s/session-bbbbbbbb/00000001-xefkdarg-1-hhhhhhhh",
        include_str!("../../../shared/core/tests/sealing/frozen/unit.hex"),
    ),
    (
        "v1/o/session-bbbbbbbb/fa49ff843180af83aedf234f4f46c3a7-kdargp45",
        include_str!("../../../shared/core/tests/sealing/frozen/part.hex"),
    ),
    (
        "v1/dev/xefkdarg-kdargp45",
        include_str!("../../../shared/core/tests/sealing/frozen/device.hex"),
    ),
    (
        "v1/keys/00000001/recovery-kdargp45",
        include_str!("../../../shared/core/tests/sealing/frozen/recovery.hex"),
    ),
    (
        "v1/pin/session-bbbbbbbb/00000002-xefkdarg-cccccccc",
        include_str!("../../../shared/core/tests/sealing/frozen/pin.hex"),
    ),
];
const RECORD: &str = r#"{"format":1,"store":"uv2tqbw7mnslizoxefkdargp45","account":"w7mnslizoxefkdargp45c3yj6h","epoch":1,"key_check":"b0bf9615f1710cd0a509108b5513601a"}"#;
const WORDS: &str = "dinner desert betray install decorate idle sunny work pulp myself timber infant \
                     trash rare believe fragile letter monkey physical reward taste diet ticket catch";

/// Bytes that look random and are the same in every run, as those samples were made of.
fn counting(seed: u8) -> impl FnMut(&mut [u8]) {
    let mut next = seed;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next;
        }
    }
}

fn lay_out(store: &Path) {
    let put = |name: &str, bytes: &[u8]| {
        let path = store.join(name);
        fs::create_dir_all(path.parent().expect("below the store")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    for (name, hex) in OBJECTS {
        let hex: String = hex.split_whitespace().collect();
        put(name, &HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).expect("it is hex"));
    }
    put("v1/store.json", format!("{RECORD}\n").as_bytes());
}

/// Gives a device the keys that the samples were sealed with.
fn hand_keys(world: &World, device: &Device) {
    let random = &mut counting(2);
    let _ = Account::new(random);
    let own = OwnDevice::new("desktop".into(), DeviceKind::Desktop, 1_700_000_000_000, random);
    let account = Account::new(&mut counting(1));
    let store_url = world.store_url();
    let profile = Profile { account, device: own, store_url, local_only: false };
    let folder = device.data().join("keys");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("profile"), profile.encode()).expect("a file");
    let only_ours = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    only_ours(&folder, 0o700);
    only_ours(&folder.join("profile"), 0o600);
}

#[test]
fn a_store_of_the_first_format_is_listed_gone_on_with_and_joined() {
    let world = World::new();
    lay_out(&world.store());
    let desktop = world.bare_device("desktop", "app");
    hand_keys(&world, &desktop);
    let rows = desktop.json(&["list", "--all"]);
    assert_eq!(rows[0]["message"], "Implemented OAuth login", "{rows}");
    assert_eq!((&rows[0]["pinned"], &rows[0]["branch"]), (&true.into(), &"feature/oauth".into()));
    let log = desktop.json(&["log", "session-bbbbbbbb"]);
    assert_eq!(log.as_array().map(Vec::len), Some(1), "{log}");
    // What it holds of a conversation is no more than a few bytes: that is told, not brought back.
    let before = desktop.picture();
    let (code, failure) = desktop.fails(&["resume", "session-bbbbbbbb"]);
    assert_eq!(code, 1, "{failure}");
    assert_eq!(desktop.picture(), before, "{failure}");
    desktop.ok(&["unpin", "session-bbbbbbbb"]);
    desktop.ok(&["gc"]);
    desktop.write("README.md", "hello\n");
    work(&desktop, 1);
    let saved = desktop.json(&["save", "today"]);
    assert_eq!(saved["synced"], true, "{saved}");

    let laptop = world.bare_device("laptop", "app");
    let store = world.store_url();
    let join = ["device", "join", "--recovery", "--store", &store, "--device", "laptop"];
    let joined = laptop.with_input(&join, WORDS);
    assert!(joined.status.success(), "{}", told(&joined));
    let rows = laptop.json(&["list", "--all"]);
    let messages: Vec<_> =
        rows.as_array().expect("rows").iter().map(|row| &row["message"]).collect();
    assert_eq!(messages, ["today", "Implemented OAuth login"], "{rows}");
    laptop.ok(&["resume", saved["session_id"].as_str().expect("an id")]);
    assert_eq!(laptop.head(), desktop.head());
    desktop.ok(&["key", "rotate"]);
    laptop.ok(&["list"]);
}
