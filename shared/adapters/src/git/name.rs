//! Names that may stand in a command line. They come from stores and other devices.

use convosync_engine::ports::GitError;

/// Whether git takes it for the name of a branch: the rules of git-check-ref-format(1), and none
/// that begins with `-` or is `HEAD`.
pub(super) fn is_branch(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let byte = |byte: u8| byte > b' ' && byte != 0x7f && !b"~^:?*[\\".contains(&byte);
    name.len() <= 1024
        && !name.starts_with('-')
        && !matches!(name, "HEAD" | "@")
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && name.bytes().all(byte)
        && name.split('/').all(part)
}

/// Whether it can name a remote: no URL, no path, no option.
pub(super) fn is_remote(name: &str) -> bool {
    is_branch(name) && !name.starts_with('/')
}

/// The branch, or an error that names it.
pub(super) fn branch(name: &str) -> Result<&str, GitError> {
    if is_branch(name) { Ok(name) } else { Err(refused("a branch", name)) }
}

/// The remote, or an error that names it.
pub(super) fn remote(name: &str) -> Result<&str, GitError> {
    if is_remote(name) { Ok(name) } else { Err(refused("a remote", name)) }
}

/// `refs/convosync/<place>/<id>`: no ref of ours is anywhere else.
pub(super) fn own_ref(place: &str, id: &str) -> Result<String, GitError> {
    let simple = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !id.is_empty() && id.len() <= 128 && id.bytes().all(simple) {
        Ok(format!("refs/convosync/{place}/{id}"))
    } else {
        Err(refused("a ref", id))
    }
}

fn refused(what: &'static str, name: &str) -> GitError {
    GitError::BadName { what, name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_refuses_is_refused() {
        for name in ["main", "feature/oauth", "a.b", "ü", "@a", "a@b", "x-y", "a{b"] {
            assert!(is_branch(name), "{name}");
        }
        for name in [
            "",
            "-x",
            "--upload-pack=x",
            "a b",
            "a..b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "@",
            "HEAD",
            "a@{1}",
            "a\nb",
            "a\u{7f}",
            "../../x",
        ] {
            assert!(!is_branch(name), "{name:?}");
        }
    }

    #[test]
    fn our_refs_stay_in_our_place() {
        assert_eq!(own_ref("in", "session-a_1").expect("valid"), "refs/convosync/in/session-a_1");
        for id in ["", "..", "a/b", "a.lock", "-\n", "a b"] {
            assert!(own_ref("in", id).is_err(), "{id:?}");
        }
    }
}
