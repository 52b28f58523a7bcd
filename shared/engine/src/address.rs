//! URLs for people.

/// The URL without what only its user should see: a password, a token, a query.
///
/// With ssh the user is part of the place and stays.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once('@') {
        Some((user, host)) if scheme.ends_with("ssh") => {
            format!("{}@{host}", user.split(':').next().unwrap_or_default())
        }
        Some((_, host)) => host.to_owned(),
        None => authority.to_owned(),
    };
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out_and_the_place_stays() {
        for (url, want) in [
            ("git+https://tok3n@host/a", "git+https://host/a"),
            ("git+ssh://git@host:2222/a", "git+ssh://git@host:2222/a"),
            ("git+ssh://git:pw@host/a", "git+ssh://git@host/a"),
            ("s3://key:secret@bucket/p?token=x", "s3://bucket/p"),
            ("file:///srv/store", "file:///srv/store"),
            ("origin", "origin"),
        ] {
            assert_eq!(shown(url), want);
        }
    }
}
