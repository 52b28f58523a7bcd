//! Spellings of a folder: `file:///path`, `/path`, `~/path`. Pure: nothing is looked up.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use convosync_engine::ports::StoreError;

/// The folder that a URL names. `home` stands for `~`.
pub(super) fn folder(url: &str, home: Option<&Path>) -> Result<PathBuf, StoreError> {
    let refused = |reason: &str| StoreError::BadUrl {
        url: without_credentials(url),
        reason: reason.to_owned(),
    };
    let path = spelled(url, home).map_err(refused)?;
    clean(&path).map_err(refused)
}

/// The one spelling of a folder: `file://`, then its path with everything but letters, digits and
/// `/-._~` as `%XX` (RFC 8089, RFC 3986 section 2.3).
pub(super) fn spell(path: &Path) -> String {
    let mut url = String::from("file://");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

const SUPPORTED: &str = "a store is a folder (`file:///path`, `/path` or `~/path`), a git \
                         repository (`git+ssh://host/path`, `git+https://host/path`) or a bucket \
                         (`s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`)";

fn spelled(url: &str, home: Option<&Path>) -> Result<PathBuf, &'static str> {
    if let Some(rest) = url.strip_prefix("file://") {
        return from_file_url(rest);
    }
    if let Some(rest) = url.strip_prefix("~/") {
        let home = home.filter(|home| home.is_absolute());
        return Ok(home.ok_or("there is no home directory for `~`")?.join(rest));
    }
    if url.starts_with('/') {
        return Ok(PathBuf::from(url));
    }
    Err(SUPPORTED)
}

fn from_file_url(rest: &str) -> Result<PathBuf, &'static str> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err("a `file:` URL names a folder of this machine, as in `file:///path`");
    }
    if path.contains(['?', '#']) {
        return Err("in a `file:` URL `?` is written as `%3F` and `#` as `%23`");
    }
    let bytes = decoded(path.as_bytes()).ok_or("`%` is not followed by two hex digits")?;
    Ok(PathBuf::from(OsString::from_vec(bytes)))
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(hex(digits[0])? << 4 | hex(digits[1])?);
            rest = after;
        } else {
            bytes.push(first);
        }
    }
    Some(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Without empty parts, `.` and a trailing slash. `..` is refused: what it means depends on
/// symlinks, and one store must have one spelling.
fn clean(path: &Path) -> Result<PathBuf, &'static str> {
    let mut cleaned = PathBuf::from("/");
    for part in path.as_os_str().as_bytes().split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err("the path must not contain `..`"),
            _ if part.contains(&0) => return Err("the path must not contain a NUL byte"),
            _ => cleaned.push(std::ffi::OsStr::from_bytes(part)),
        }
    }
    if cleaned == Path::new("/") {
        return Err("the root of the file system is no place for a store");
    }
    Ok(cleaned)
}

/// A URL for people: user, password, query and fragment left out.
pub(super) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_folder_survives_its_spelling(parts in prop::collection::vec(any_part(), 1..5)) {
            let mut path = PathBuf::from("/");
            path.extend(parts.into_iter().map(OsString::from_vec));
            let url = spell(&path);
            prop_assert!(url.is_ascii() && !url.contains(['?', '#', ' ']));
            prop_assert_eq!(folder(&url, None).unwrap(), path);
        }

        #[test]
        fn no_text_is_a_panic_or_a_relative_folder(text in ".*", scheme in "(file://|/|~/|)") {
            if let Ok(path) = folder(&format!("{scheme}{text}"), Some(Path::new("/home/sam"))) {
                prop_assert!(path.is_absolute());
                prop_assert!(!path.to_string_lossy().split('/').any(|part| part == ".."));
            }
        }
    }

    fn any_part() -> impl Strategy<Value = Vec<u8>> {
        let byte = any::<u8>().prop_filter("parts end there", |byte| !b"/\0".contains(byte));
        prop::collection::vec(byte, 1..12)
            .prop_filter("dots have a meaning", |part| part != b"." && part != b"..")
    }

    #[track_caller]
    fn check(url: &str, want: &str) {
        let home = Path::new("/home/sam");
        let folder = folder(url, Some(home)).expect(url);
        assert_eq!(spell(&folder), want);
        assert_eq!(
            super::folder(want, None).expect(want),
            folder,
            "the spelling is no fixed point"
        );
    }

    #[test]
    fn every_spelling_of_a_folder_becomes_one() {
        check("file:///srv/store", "file:///srv/store");
        check("file://localhost/srv/store", "file:///srv/store");
        check("file:///srv//./store/", "file:///srv/store");
        check("/srv/store/", "file:///srv/store");
        check("~/Sync/store", "file:///home/sam/Sync/store");
        check("/srv/my store", "file:///srv/my%20store");
        check("file:///srv/my%20store", "file:///srv/my%20store");
        check("/srv/100%25", "file:///srv/100%2525");
        check("/srv/größe", "file:///srv/gr%C3%B6%C3%9Fe");
        check("file:///srv/%ff", "file:///srv/%FF");
    }

    #[track_caller]
    fn refused(url: &str, shown: &str, because: &str) {
        let error = folder(url, None).expect_err(url).to_string();
        assert!(error.contains(shown) && error.contains(because), "{error}");
    }

    #[test]
    fn what_is_no_folder_is_refused_with_what_would_be_one() {
        refused("ftp://host/path", "ftp://host/path", "s3://bucket/prefix");
        refused("origin", "origin", "file:///path");
        refused("sync/store", "sync/store", "file:///path");
        refused("", "``", "file:///path");
        refused("file://server/share", "file://server/share", "this machine");
        refused("file:///srv/%2", "file:///srv/%2", "hex digits");
        refused("file:///srv/%+1", "file:///srv/%+1", "hex digits");
        refused("file:///srv/a?b", "file:///srv/a`", "%3F");
        refused("file:///srv/%00", "file:///srv/%00", "NUL");
        refused("/srv/../etc", "/srv/../etc", "`..`");
        refused("file:///srv/%2e%2e/etc", "file:///srv/", "`..`");
        refused("file:///", "file:///", "root");
        refused("~/store", "~/store", "home");
    }

    #[test]
    fn credentials_are_never_repeated() {
        for url in ["https://sam:hunter2@host/path?token=hunter2", "s3://hunter2@host#hunter2"] {
            let error = folder(url, None).expect_err(url).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
