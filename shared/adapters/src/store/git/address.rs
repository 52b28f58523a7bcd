//! URLs of git stores: `git+ssh://`, `git+https://`, `git+http://` on this machine, `git+file://`.
//! Pure: nothing is looked up.

use std::path::{Path, PathBuf};

use convosync_engine::ports::StoreError;

use crate::store::url;

/// What makes a URL one of a git store.
const PREFIX: &str = "git+";

/// Where a git store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Address {
    /// What git gets.
    remote: String,
    /// The way there, as git calls it.
    protocol: &'static str,
    /// The URL for people.
    shown: String,
    /// The repository itself, if it is on this machine.
    folder: Option<PathBuf>,
}

/// Whether a URL means a git store, well formed or not.
pub(in crate::store) fn is_git(url: &str) -> bool {
    url.starts_with(PREFIX)
}

impl Address {
    /// Reads a URL. `home` stands for `~`, as in folders.
    ///
    /// A password is refused: it would be seen in the list of processes and lie in files. Git
    /// takes it from its credential helpers.
    pub(in crate::store) fn parse(url: &str, home: Option<&Path>) -> Result<Self, StoreError> {
        let plain = url.strip_prefix(PREFIX).unwrap_or_default();
        if plain.starts_with("file:") {
            return url::folder(plain, home).map(Self::of_folder);
        }
        Self::of_host(plain).map_err(|reason| StoreError::BadUrl {
            url: url::without_credentials(url),
            reason: reason.to_owned(),
        })
    }

    fn of_folder(folder: PathBuf) -> Self {
        let remote = url::spell(&folder);
        Self { shown: format!("{PREFIX}{remote}"), remote, protocol: "file", folder: Some(folder) }
    }

    fn of_host(plain: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = plain.split_once("://").ok_or(SUPPORTED)?;
        let protocol = ["ssh", "https", "http"].into_iter().find(|known| *known == scheme);
        let protocol = protocol.ok_or(SUPPORTED)?;
        let (authority, path) = rest.split_once('/').ok_or("it names no repository")?;
        let path = path_of(path)?;
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user_of(user)?), place),
            None => (None, authority),
        };
        let place = place_of(place, protocol)?;
        if protocol == "http" && !is_this_machine(&place) {
            return Err("`http` is for this machine only: use `git+https://`");
        }
        let with_user = |user: Option<&str>| match user {
            Some(user) => format!("{protocol}://{user}@{place}/{path}"),
            None => format!("{protocol}://{place}/{path}"),
        };
        // With ssh the user is part of the place, on the web it may be a token.
        let shown = with_user(user.filter(|_| protocol == "ssh"));
        let remote = with_user(user);
        Ok(Self { remote, protocol, shown: format!("{PREFIX}{shown}"), folder: None })
    }

    /// The one spelling of the URL.
    pub(in crate::store) fn spelled(&self) -> String {
        format!("{PREFIX}{}", self.remote)
    }

    /// The URL for git.
    pub(super) fn remote(&self) -> &str {
        &self.remote
    }

    pub(super) fn protocol(&self) -> &'static str {
        self.protocol
    }

    /// The URL without credentials.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The repository, if it is on this machine.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

const SUPPORTED: &str = "a git store is `git+ssh://host/path`, `git+https://host/path` or \
                         `git+file:///path`";

fn user_of(user: &str) -> Result<&str, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%+".contains(&byte);
    if user.contains(':') {
        return Err("a password does not belong in a URL: git takes it from a credential helper");
    }
    if user.is_empty() || user.starts_with('-') || !user.bytes().all(plain) {
        return Err("the user before `@` can't be read");
    }
    Ok(user)
}

/// Host and port: in lower case, without the scheme's own port.
fn place_of(place: &str, protocol: &str) -> Result<String, &'static str> {
    let cut = place.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match place[cut..].find(':') {
        Some(colon) => (&place[..cut + colon], Some(&place[cut + colon + 1..])),
        None => (place, None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let literal = |inner: &str| inner.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
    let fine = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(literal),
        None => !host.is_empty() && !host.starts_with('-') && host.bytes().all(plain),
    };
    if !fine {
        return Err("it names no host");
    }
    let host = host.to_ascii_lowercase();
    let own = match protocol {
        "ssh" => "22",
        "https" => "443",
        _ => "80",
    };
    match port {
        None => Ok(host),
        Some(port) if port == own || port.is_empty() => Ok(host),
        Some(port) if port.parse::<u16>().is_ok_and(|number| number.to_string() == port) => {
            Ok(format!("{host}:{port}"))
        }
        Some(_) => Err("the port is no number"),
    }
}

fn is_this_machine(place: &str) -> bool {
    let host = match place.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => place,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// The path without empty parts and a trailing slash.
fn path_of(path: &str) -> Result<String, &'static str> {
    if path.contains(['?', '#']) {
        return Err("a git URL has no `?` and no `#`");
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'\\<>^`{|}".contains(&byte);
    if !path.bytes().all(plain) {
        return Err("in the path everything but letters, digits and `/-._~` is written as `%XX`");
    }
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err("the path must not contain `..`");
    }
    if parts.is_empty() { Err("it names no repository") } else { Ok(parts.join("/")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(url: &str, spelled: &str, shown: &str) {
        let address = Address::parse(url, None).expect(url);
        assert_eq!((address.spelled().as_str(), address.shown()), (spelled, shown));
        assert_eq!(Address::parse(spelled, None).expect(spelled), address, "no fixed point");
    }

    #[test]
    fn every_spelling_becomes_one_and_is_shown_without_a_token() {
        let same = |url: &str| check(url, url, url);
        same("git+ssh://git@host/me/store.git");
        same("git+ssh://host:2222/~/store");
        same("git+https://host/me/store");
        same("git+http://127.0.0.1:8080/store");
        same("git+file:///srv/store.git");
        let ssh = "git+ssh://git@host/a/b";
        check("git+ssh://git@HOST:22//a/./b/", ssh, ssh);
        check("git+https://tok3n@host:443/a", "git+https://tok3n@host/a", "git+https://host/a");
        check("git+ssh://[::1]:22/a", "git+ssh://[::1]/a", "git+ssh://[::1]/a");
        let local = "git+file:///srv/my%20store";
        check("git+file://localhost/srv/my%20store/", local, local);
    }

    #[test]
    fn what_is_no_git_store_is_refused_with_the_reason() {
        for (url, because) in [
            ("git+https://me:hunter2@host/a", "password"),
            ("git+http://host/a", "https"),
            ("git+ftp://host/a", "git+ssh"),
            ("git+git@host:a", "git+ssh"),
            ("git+ssh://host", "no repository"),
            ("git+ssh://host/", "no repository"),
            ("git+ssh:///a", "no host"),
            ("git+ssh://-oProxyCommand=x/a", "no host"),
            ("git+ssh://-x@host/a", "user"),
            ("git+ssh://host:x/a", "port"),
            ("git+ssh://host/a/../b", "`..`"),
            ("git+ssh://host/a b", "%XX"),
            ("git+https://host/a?token=hunter2", "`?`"),
            ("git+file://host/a", "this machine"),
        ] {
            let error = Address::parse(url, None).expect_err(url).to_string();
            assert!(error.contains(because) && !error.contains("hunter2"), "{url}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic_or_an_option(text in "\\PC{0,40}", scheme in "git\\+(ssh|https|file|)(://|:|)") {
            if let Ok(address) = Address::parse(&format!("{scheme}{text}"), None) {
                prop_assert!(!address.remote().contains("://-"));
                let again = Address::parse(&address.spelled(), None);
                prop_assert_eq!(again.expect("a spelling is a URL"), address);
            }
        }
    }
}
