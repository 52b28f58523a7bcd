//! One spelling for the URLs of a remote, and none of their secrets.

use std::path::Path;

/// A remote's URL in its parts.
struct Parts<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    host: &'a str,
    port: Option<&'a str>,
    path: &'a str,
}

/// `host/path` without user, password, the scheme's own port and `.git`; a path stays a path.
pub(super) fn normalise(url: &str) -> String {
    let url = url.trim();
    match parse(url) {
        Some(parts) if parts.scheme == "file" => tidy(parts.path),
        Some(parts) => {
            let host = parts.host.to_ascii_lowercase();
            let path = tidy(parts.path);
            let path = path.trim_start_matches('/');
            match parts.port {
                Some(port) if Some(port) != own_port(parts.scheme) => {
                    format!("{host}:{port}/{path}")
                }
                _ => format!("{host}/{path}"),
            }
        }
        None => tidy(url),
    }
}

/// [`normalise`], where a relative path is one below `base` and no path goes up on its way: a clone
/// of `../q` keeps that in its remote's URL.
pub(super) fn normalise_in(base: &Path, url: &str) -> String {
    let normal = normalise(url);
    if parse(url.trim()).is_some() || normal.starts_with('~') {
        return normal;
    }
    let base = if normal.starts_with('/') { Path::new("/") } else { base };
    tidy(&climb(base, &normal))
}

/// The URL for people: an ssh user stays, everything else before the host goes, and a query too.
pub(super) fn shown(url: &str) -> String {
    let bare = super::failure::printable(url.trim());
    if is_scp(&bare) {
        return bare;
    }
    match parse(&bare) {
        Some(parts) if parts.scheme.contains("ssh") => match parts.user {
            Some(user) => {
                let name = user.split(':').next().unwrap_or_default();
                bare.replacen(&format!("{user}@"), &format!("{name}@"), 1)
            }
            None => bare,
        },
        Some(_) => {
            let end = bare.find(['?', '#']).unwrap_or(bare.len());
            without_credentials(&bare[..end])
        }
        None => bare,
    }
}

/// Any text, with what stands before the `@` of each URL in it taken out.
pub(super) fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(after.len());
        let from = after[..end].rfind('@').map_or(0, |at| at + 1);
        rest = &after[from..];
    }
    clean.push_str(rest);
    clean
}

fn parse(url: &str) -> Option<Parts<'_>> {
    if let Some((scheme, rest)) = url.split_once("://") {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if scheme.is_empty() || !scheme.bytes().all(valid) {
            return None;
        }
        let slash = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(slash);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place);
        return Some(Parts { scheme, user, host, port, path });
    }
    if !is_scp(url) {
        return None;
    }
    let (user, rest) = match url.split_once('@') {
        Some((user, rest)) if !user.contains(':') => (Some(user), rest),
        _ => (None, url),
    };
    let colon = match rest.find(']') {
        Some(end) if rest.starts_with('[') => end + 1,
        _ => rest.find(':')?,
    };
    let path = rest[colon..].strip_prefix(':')?;
    Some(Parts { scheme: "ssh", user, host: &rest[..colon], port: None, path })
}

/// `user@host:path`, as scp writes it: a colon before the first slash, no scheme, no drive letter.
fn is_scp(url: &str) -> bool {
    if url.contains("://") || url.starts_with(['/', '.', '~', '\\']) {
        return false;
    }
    let place = url.split_once('@').map_or(url, |(_, rest)| rest);
    match place.strip_prefix('[') {
        Some(rest) => rest.contains("]:"),
        None => place.find(':').is_some_and(|colon| colon > 1 && !place[..colon].contains('/')),
    }
}

fn split_port(place: &str) -> (&str, Option<&str>) {
    match place.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, Some(port).filter(|port| !port.is_empty()))
        }
        _ => (place, None),
    }
}

fn own_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "ssh" | "git+ssh" | "ssh+git" => Some("22"),
        "https" => Some("443"),
        "http" => Some("80"),
        "git" => Some("9418"),
        _ => None,
    }
}

/// A path without doubled or trailing slashes and without `.git` at its end.
fn tidy(path: &str) -> String {
    let mut tidy = String::with_capacity(path.len());
    for c in path.chars() {
        if !(c == '/' && tidy.ends_with('/')) {
            tidy.push(c);
        }
    }
    let short = tidy.trim_end_matches('/');
    let short = short.strip_suffix("/.git").or_else(|| short.strip_suffix(".git")).unwrap_or(short);
    let short = short.trim_end_matches('/');
    if short.is_empty() && tidy.starts_with('/') { "/".to_owned() } else { short.to_owned() }
}

/// `relative` below `base`, with `.` and `..` taken out by name.
fn climb(base: &Path, relative: &str) -> String {
    let mut path = base.to_owned();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all_are(normal: &str, urls: &[&str]) {
        for url in urls {
            assert_eq!(normalise(url), normal, "{url}");
        }
    }

    #[test]
    fn one_repository_has_one_spelling() {
        all_are(
            "github.com/user/p",
            &[
                "git@github.com:user/p.git",
                "github.com:user/p",
                "git@GitHub.com:/user/p/",
                "ssh://git@github.com:22/user/p",
                "ssh://github.com/user/p.git/",
                "git+ssh://git@github.com/user/p",
                "https://user:tok@github.com/user/p.git/",
                "https://github.com:443//user/p",
                "http://github.com/user/p.git",
                "git://github.com:9418/user/p.git",
                " https://x-access-token:a@b@github.com/user/p ",
            ],
        );
        all_are("host:2222/p", &["ssh://git@host:2222/p.git"]);
        all_are("[::1]/p", &["git@[::1]:p.git", "ssh://[::1]:22/p"]);
    }

    #[test]
    fn a_path_stays_a_path() {
        all_are(
            "/srv/p",
            &["/srv/p", "/srv/p.git", "/srv/p/", "/srv/p/.git", "file:///srv/p.git/"],
        );
        all_are("C:/p", &["C:/p.git"]);
        all_are("/srv/a:b", &["/srv/a:b"]);
        let base = Path::new("/home/me/p");
        assert_eq!(normalise_in(base, "../q.git"), "/home/me/q");
        assert_eq!(normalise_in(base, "/srv/q.git"), "/srv/q");
        assert_eq!(normalise_in(base, "/home/me/p/../q.git"), "/home/me/q");
        assert_eq!(normalise_in(base, "git@host:q.git"), "host/q");
    }

    #[test]
    fn people_see_no_credentials() {
        for (url, want) in [
            ("https://user:tok@github.com/user/p.git", "https://github.com/user/p.git"),
            ("https://tok@github.com/p?private_token=x#y", "https://github.com/p"),
            ("ssh://git:pw@host/p", "ssh://git@host/p"),
            ("git@github.com:user/p.git", "git@github.com:user/p.git"),
            ("/srv/p?q", "/srv/p?q"),
            ("https://h/\u{1b}[2Jp", "https://h/p"),
        ] {
            assert_eq!(shown(url), want);
        }
        assert_eq!(
            without_credentials("a https://u:p@h/x b ssh://v@h2: c@d"),
            "a https://h/x b ssh://h2: c@d"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(url in "\\PC{0,40}", scheme in "(https|ssh|file)://\\PC{0,20}") {
            for url in [url, scheme] {
                let _ = (normalise(&url), shown(&url), without_credentials(&url));
            }
        }
    }
}
