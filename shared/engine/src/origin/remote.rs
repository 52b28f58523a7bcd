//! From a remote of the user's repository to the URL of a git store. Pure.

use std::path::{Component, Path, PathBuf};

/// The URL of the store that a remote can be; `None` if it can be none.
///
/// `remote`: without credentials, as [`Remote::shown`](crate::ports::Remote::shown). `root`: the
/// work tree, from where a relative path counts.
pub(super) fn store_url(root: &Path, remote: &str) -> Option<String> {
    if let Some((scheme, rest)) = remote.split_once("://") {
        return match scheme {
            "ssh" | "git+ssh" | "ssh+git" => Some(format!("git+ssh://{rest}")),
            "https" | "http" | "file" => Some(format!("git+{remote}")),
            // Git's own protocol can't be written to by anybody who may be told from others.
            _ => None,
        };
    }
    if let Some((place, path)) = scp(remote) {
        return Some(format!("git+ssh://{place}/{}", below_home(place, path)));
    }
    let whole = climb(&root.join(remote))?;
    Some(format!("git+file://{}", escaped(&whole)))
}

/// `user@host:path`, as scp writes it: a colon before the first slash.
fn scp(remote: &str) -> Option<(&str, &str)> {
    let (place, path) = remote.split_once(':')?;
    let is_path = place.is_empty() || place.contains('/') || remote.starts_with(['.', '~']);
    (!is_path && !path.is_empty()).then_some((place, path))
}

/// A relative path counts from the home of the user there. On a forge, whose user is always `git`,
/// it is the repository's name.
fn below_home(place: &str, path: &str) -> String {
    match path.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None if place.starts_with("git@") || path.starts_with("~") => path.to_owned(),
        None => format!("~/{path}"),
    }
}

/// The path without `.` and `..`, by name.
fn climb(path: &Path) -> Option<PathBuf> {
    let mut climbed = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                climbed.pop();
            }
            Component::CurDir => {}
            Component::Normal(part) if part == "~" => return None,
            part => climbed.push(part),
        }
    }
    climbed.is_absolute().then_some(climbed)
}

/// Everything but letters, digits and `/-._~` as `%XX` (RFC 3986 section 2.3).
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_remote_becomes_a_store() {
        for (remote, want) in [
            ("git@example.org:me/app.git", Some("git+ssh://git@example.org/me/app.git")),
            ("me@example.org:app.git", Some("git+ssh://me@example.org/~/app.git")),
            ("me@example.org:/srv/app.git", Some("git+ssh://me@example.org/srv/app.git")),
            ("ssh://git@example.org:2222/me/app", Some("git+ssh://git@example.org:2222/me/app")),
            ("https://example.org/me/app.git", Some("git+https://example.org/me/app.git")),
            ("file:///srv/app.git", Some("git+file:///srv/app.git")),
            ("/srv/my app.git", Some("git+file:///srv/my%20app.git")),
            ("../app.git", Some("git+file:///home/me/app.git")),
            ("git://example.org/app.git", None),
            ("~/app.git", None),
        ] {
            let got = store_url(Path::new("/home/me/tree"), remote);
            assert_eq!(got.as_deref(), want, "{remote}");
        }
    }
}
