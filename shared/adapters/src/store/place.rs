//! Where an object lies below the root of a folder: its name, cut at the slashes.

use convosync_core::ObjectName;

/// The folders and the file of an object.
///
/// Made from an [`ObjectName`] only, whose grammar has neither `..` nor empty parts.
pub(super) struct Place {
    text: String,
    cut: usize,
}

impl Place {
    pub(super) fn of(name: &ObjectName) -> Self {
        let text = name.to_string();
        let cut = text.rfind('/').expect("every object name starts with `v1/`");
        Self { text, cut }
    }

    /// The folder, as in a name: `v1/s/session-abcdefgh`.
    pub(super) fn folder(&self) -> &str {
        &self.text[..self.cut]
    }

    /// The folders from the root downwards.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.folder().split('/')
    }

    /// The file.
    pub(super) fn file(&self) -> &str {
        &self.text[self.cut + 1..]
    }
}

/// Folders below the root that hold objects lie at most this deep (`v1/s/<session>`).
pub(super) const DEEPEST: usize = 3;

/// Whether names that start with `prefix` can lie in `folder` or below.
pub(super) fn may_hold(folder: &str, prefix: &str) -> bool {
    let folder = format!("{folder}/");
    folder.starts_with(prefix) || prefix.starts_with(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_object_lies_deeper_than_is_looked() {
        for name in [
            "v1/store.json",
            "v1/dev/abcdefgh-22223333",
            "v1/keys/00000001/recovery-22223333",
            "v1/s/session-abcdefgh/00000003-abcdefgh-17-22223333",
            "v1/o/session-abcdefgh/00112233445566778899aabbccddeeff-22223333",
        ] {
            let place = Place::of(&name.parse().expect(name));
            assert!(place.folders().count() <= DEEPEST, "{name}");
            assert_eq!(format!("{}/{}", place.folder(), place.file()), name);
        }
    }

    #[test]
    fn a_prefix_may_end_in_the_middle_of_a_part() {
        assert!(may_hold("v1", ""));
        assert!(may_hold("v1/s", "v1/s/session-ab"));
        assert!(may_hold("v1/s/session-abcdefgh", "v1/s/session-ab"));
        assert!(!may_hold("v1/o", "v1/s/session-ab"));
        assert!(!may_hold("v1/s/session-bbbbbbbb", "v1/s/session-ab"));
    }
}
