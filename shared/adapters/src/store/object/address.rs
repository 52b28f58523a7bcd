//! URLs of object stores: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.
//! Pure: nothing is looked up.

use convosync_engine::ports::StoreError;

use crate::store::url;

/// Who keeps the objects, and with which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Service {
    /// Amazon S3, and what speaks as it does.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
}

impl Service {
    const ALL: [Self; 3] = [Self::S3, Self::Google, Self::Azure];

    fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Google => "gs",
            Self::Azure => "az",
        }
    }

    /// The service's own word for what holds the objects.
    pub(super) fn holder(self) -> &'static str {
        match self {
            Self::S3 | Self::Google => "bucket",
            Self::Azure => "container",
        }
    }
}

/// Where an object store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Address {
    pub(super) service: Service,
    /// The bucket, or Azure's container.
    pub(super) bucket: String,
    /// What the names of the objects start with: empty, or parts and a `/` after each.
    pub(super) prefix: String,
}

/// Whether a URL means an object store, well formed or not.
pub(in crate::store) fn is_object(url: &str) -> bool {
    Service::ALL.iter().any(|service| strip(url, *service).is_some())
}

fn strip(url: &str, service: Service) -> Option<&str> {
    url.strip_prefix(service.scheme())?.strip_prefix("://")
}

impl Address {
    /// Reads a URL. Credentials are refused: it lies in files and is shown to people.
    pub(in crate::store) fn parse(url: &str) -> Result<Self, StoreError> {
        let found = Service::ALL.into_iter().find_map(|one| Some((one, strip(url, one)?)));
        let (service, rest) = found.ok_or_else(|| bad(url, SUPPORTED))?;
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        if rest.contains(['@', '?', '#']) || bucket.contains(':') {
            return Err(bad(url, CREDENTIALS));
        }
        if !is_bucket(bucket) {
            return Err(bad(url, "a bucket has 3 to 63 letters, digits, `-`, `_` and `.`"));
        }
        let prefix = prefix_of(path).map_err(|reason| bad(url, reason))?;
        Ok(Self { service, bucket: bucket.to_owned(), prefix })
    }

    /// The one spelling of the URL.
    pub(in crate::store) fn spelled(&self) -> String {
        let path = self.prefix.trim_end_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        format!("{}://{}{slash}{path}", self.service.scheme(), self.bucket)
    }
}

const SUPPORTED: &str =
    "an object store is `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`";

const CREDENTIALS: &str = "a bucket's URL has neither user, password, port nor `?`: keys and the \
                           server's address come from the environment (AWS_…, GOOGLE_…, AZURE_…)";

fn bad(url: &str, reason: &str) -> StoreError {
    StoreError::BadUrl { url: url::without_credentials(url), reason: reason.to_owned() }
}

fn is_bucket(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    starts && (3..=63).contains(&name.len()) && name.bytes().all(plain) && !name.contains("..")
}

fn prefix_of(path: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut prefix = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if part == "." || part == ".." {
            return Err("the prefix must not contain `.` or `..`");
        }
        if !part.bytes().all(plain) {
            return Err("a prefix has letters, digits, `-`, `.`, `_`, `~` and `/`");
        }
        prefix.push_str(part);
        prefix.push('/');
    }
    match prefix.len() {
        // Names have up to 1024 bytes on every service; ours take a hundred.
        0..=512 => Ok(prefix),
        _ => Err("the prefix is longer than 512 bytes"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(url: &str, spelled: &str, prefix: &str) {
        let address = Address::parse(url).expect(url);
        assert_eq!((address.spelled().as_str(), address.prefix.as_str()), (spelled, prefix));
        assert_eq!(Address::parse(spelled).expect(spelled), address, "no fixed point");
    }

    #[test]
    fn every_spelling_becomes_one() {
        check("s3://sessions", "s3://sessions", "");
        check("s3://sessions/", "s3://sessions", "");
        check("s3://sessions//team/me/", "s3://sessions/team/me", "team/me/");
        check("gs://sessions.example.org/a", "gs://sessions.example.org/a", "a/");
        check("az://box/convosync", "az://box/convosync", "convosync/");
    }

    #[track_caller]
    fn refused(url: &str, because: &str) {
        let error = Address::parse(url).expect_err(url).to_string();
        assert!(error.contains(because), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_is_no_bucket_is_refused_with_why() {
        refused("s3://", "3 to 63");
        refused("s3:///prefix", "3 to 63");
        refused("s3://ab", "3 to 63");
        refused("s3://-abc", "3 to 63");
        refused("s3://a..bc/x", "3 to 63");
        refused("s3://bucket/a/../b", "`..`");
        refused("s3://bucket/a b", "letters");
        refused("s3://bucket/%2e%2e", "letters");
        refused(&format!("s3://bucket/{}", "a".repeat(600)), "512");
        refused("s4://bucket", "s3://bucket/prefix");
    }

    #[test]
    fn credentials_are_refused_and_never_repeated() {
        refused("s3://AKIA:hunter2@bucket/x", "environment");
        refused("s3://bucket/x?secret=hunter2", "environment");
        refused("s3://bucket:9000/x", "environment");
        refused("az://hunter2@box#hunter2", "environment");
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic_or_leaves_the_prefix(text in ".*", scheme in "(s3|gs|az)://") {
            if let Ok(address) = Address::parse(&format!("{scheme}{text}")) {
                prop_assert!(!address.prefix.split('/').any(|part| part == ".." || part == "."));
                prop_assert_eq!(Address::parse(&address.spelled()).unwrap(), address);
            }
        }
    }
}
