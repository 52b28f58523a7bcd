use convosync_core::*;

use crate::fixture::*;

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

#[test]
fn nothing_readable_is_in_a_sealed_object() {
    let me = profile(2);
    let (_, _, _, unit) = unit(&me);
    let (_, _, part) = part(&me);
    let (_, entry) = seal_device_entry(&me, &mut counting(5));
    let value = seal_value(&me.account, "/home/user/project", b"feature/oauth", &mut counting(6));
    let zstd_magic = b"\x28\xb5\x2f\xfd";
    let readable = [
        &b"OAuth"[..],
        b"feature/oauth",
        b"/home/user",
        b"example.org",
        b"0123456789abcdef",
        b"11111111-2222",
        b"transcript",
        b"claude",
        b"desktop",
        b"packed bytes",
        zstd_magic,
    ];
    for sealed in [unit, part, entry, value] {
        for text in readable {
            let shown = String::from_utf8_lossy(text);
            assert!(!contains(sealed.as_bytes(), text), "`{shown}` is readable");
        }
    }
}

#[test]
fn a_label_can_not_be_guessed_from_its_sealed_value() {
    let me = profile(2);
    let label = "/home/user/project";
    let sealed = seal_value(&me.account, label, b"", &mut counting(1));
    let mut context = Vec::new();
    let parts = [b"convosync object", &[1][..], b"value", me.account.store.as_str().as_bytes()];
    let rest = [me.account.id.as_str().as_bytes(), b"", label.as_bytes(), &1u32.to_be_bytes()];
    for part in parts.into_iter().chain(rest) {
        context.extend_from_slice(&(part.len() as u32).to_be_bytes());
        context.extend_from_slice(part);
    }
    assert!(!contains(sealed.as_bytes(), blake3::hash(&context).as_bytes()));
}

#[test]
fn secrets_are_not_shown() {
    let me = profile(2);
    let recovery = RecoveryKey::new(&mut counting(9));
    let first = recovery.words().split(' ').next().map(str::to_owned).expect("24 words");
    let key = segment_key(&me.account, &session(1));
    let shown = format!("{me:?} {recovery:?} {key:?} {:?}", unit(&me).3);
    for secret in [&me.account.master, &me.device.signing, &me.device.exchange] {
        let bytes: &[u8; 32] = &secret.0;
        assert!(!shown.contains(&format!("{}, {}, {}", bytes[0], bytes[1], bytes[2])), "{shown}");
        assert!(!shown.contains(&data_encoding::HEXLOWER.encode(&bytes[..4])), "{shown}");
    }
    assert!(!shown.contains(&first), "{shown}");
    assert_eq!(shown.matches("redacted").count(), 5, "{shown}");
}

#[test]
fn words_that_are_wrong_are_not_repeated() {
    let words = RecoveryKey::new(&mut counting(9)).words().replace(' ', " hunter2 ");
    let error = RecoveryKey::parse(&words).expect_err("twice as many words");
    assert!(!format!("{error} {error:?}").contains("hunter"));
}

#[test]
fn digests_depend_on_key_label_and_content() {
    let (me, other) = (profile(2), other_account(99));
    let digest = local_digest(&me.account, "tree", b"/home/user");
    assert_eq!(digest.len(), 32);
    assert_eq!(digest, local_digest(&me.account, "tree", b"/home/user"));
    assert_ne!(digest, local_digest(&other.account, "tree", b"/home/user"));
    assert_ne!(digest, local_digest(&me.account, "repo", b"/home/user"));
    assert_ne!(digest, local_digest(&me.account, "tree/", b"home/user"));
}

#[test]
fn equal_content_has_other_ids_in_other_sessions() {
    let me = profile(2);
    let [one, two] = [1, 2].map(|n| segment_key(&me.account, &session(n)).id(b"content"));
    assert_ne!(one, two);
}
