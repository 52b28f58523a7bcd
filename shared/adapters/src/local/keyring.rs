//! Opened keys that the system remembers until logout: the Linux kernel's keyring of the login
//! session (`man 7 session-keyring`). Never on a disk, and gone when the session ends.

use convosync_core::SecretBytes;

/// Writes a key, reads it, takes it away. The kernel may lack keyrings or refuse them, as in
/// containers.
pub(super) fn probe() -> Result<(), String> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| error.to_string())?;
    let (name, key) = (format!("probe-{}", std::process::id()), SecretBytes(bytes));
    remember(&name, &key)?;
    let found = recall(&name);
    forget(&name);
    match found == Some(key) {
        true => Ok(()),
        false => Err("what was written does not come back".to_owned()),
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use convosync_core::SecretBytes;
    use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
    use zeroize::Zeroizing;

    fn ring() -> Result<KeyRing, KeyError> {
        KeyRing::from_special_id(KeyRingIdentifier::Session, false)
    }

    fn description(name: &str) -> String {
        format!("convosync:{name}")
    }

    /// Keeps a key until logout.
    pub(in super::super) fn remember(name: &str, key: &SecretBytes) -> Result<(), String> {
        ring()
            .and_then(|ring| ring.add_key(&description(name), &key.0[..]))
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// A key that is kept. What is no key counts as none.
    pub(in super::super) fn recall(name: &str) -> Option<SecretBytes> {
        let kept = ring().and_then(|ring| ring.search(&description(name))).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        (kept.read(&mut *key) == Ok(key.len())).then_some(SecretBytes(key))
    }

    /// Forgets a key, if it is kept.
    pub(in super::super) fn forget(name: &str) {
        // One that can't be taken away opens nothing any more, and goes at logout.
        let _ =
            ring().and_then(|ring| ring.search(&description(name))).and_then(|key| key.revoke());
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use convosync_core::SecretBytes;

    pub(in super::super) fn remember(_: &str, _: &SecretBytes) -> Result<(), String> {
        Err("only Linux has one that is used".to_owned())
    }

    pub(in super::super) fn recall(_: &str) -> Option<SecretBytes> {
        None
    }

    pub(in super::super) fn forget(_: &str) {}
}

pub(super) use kernel::{forget, recall, remember};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_remembered_until_it_is_forgotten() {
        if let Err(reason) = probe() {
            eprintln!("skipped: {reason}");
            return;
        }
        let key = SecretBytes(zeroize::Zeroizing::new([7; 32]));
        let name = format!("test-{}", std::process::id());
        assert_eq!(recall(&name), None);
        remember(&name, &key).expect("as the probe did");
        assert_eq!(recall(&name), Some(key));
        forget(&name);
        assert_eq!(recall(&name), None);
    }
}
