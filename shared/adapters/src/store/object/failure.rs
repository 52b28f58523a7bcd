//! What a service's answer means for a store.

use std::error::Error as _;

use convosync_core::ObjectName;
use convosync_engine::ports::StoreError;

use super::address::Address;
use super::http::{NoRanges, Refused};
use super::service::{Unset, credentials_of, how_to_make};

/// A service's answer that is no success.
#[derive(Debug)]
pub(super) enum Answer {
    /// There is no such object.
    Absent,
    /// The name is taken.
    Taken,
    /// The object is there and ends before the range.
    BehindTheEnd,
    /// The service does not know this kind of put, or gives no ranges.
    Unknown,
    /// Anything else.
    Failed(StoreError),
}

impl Answer {
    /// For a call that does not expect any of the others.
    pub(super) fn of(self, name: &ObjectName) -> StoreError {
        match self {
            Self::Absent => StoreError::Missing(name.clone()),
            Self::Failed(error) => error,
            Self::Taken | Self::BehindTheEnd | Self::Unknown => {
                StoreError::Unreachable("it answers what was not asked".to_owned())
            }
        }
    }
}

impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Where a store is, as its failures name it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) address: Address,
    /// The server, where it is not the service's own.
    pub(super) endpoint: Option<String>,
}

impl Place {
    /// For people.
    pub(super) fn shown(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("{} at {endpoint}", self.address.spelled()),
            None => self.address.spelled(),
        }
    }

    /// Settings that are missing or wrong.
    pub(super) fn unset(&self, unset: Unset) -> StoreError {
        match unset {
            Unset::Credentials(why) => self.denied(&why),
            Unset::Setting(why) => StoreError::BadUrl { url: self.address.spelled(), reason: why },
        }
    }

    fn denied(&self, why: &str) -> StoreError {
        let advice = credentials_of(self.address.service);
        StoreError::Denied(format!("{}: {why}\n{advice}", self.shown()))
    }

    fn unreachable(&self, why: &str) -> StoreError {
        StoreError::Unreachable(format!("{}: {why}", self.shown()))
    }

    /// What an error of `object_store` means.
    pub(super) fn answer(&self, error: &object_store::Error) -> Answer {
        use object_store::Error;
        if let Some(refused) = cause::<Refused>(error) {
            return self.refused(refused);
        }
        match error {
            Error::NotFound { .. } => Answer::Absent,
            Error::AlreadyExists { .. } | Error::Precondition { .. } => Answer::Taken,
            Error::NotImplemented { .. } | Error::NotSupported { .. } => Answer::Unknown,
            _ if cause::<NoRanges>(error).is_some() => Answer::Unknown,
            // Its text may quote the response, which is the server's; settings were read before.
            _ => Answer::Failed(self.unreachable(&innermost(error))),
        }
    }

    fn refused(&self, refused: &Refused) -> Answer {
        Answer::Failed(match refused.status {
            416 => return Answer::BehindTheEnd,
            // A server that does not know a header may say so.
            501 => return Answer::Unknown,
            _ if refused.is_no_bucket() => self.no_bucket(),
            301 | 307 | 308 => self.elsewhere(refused),
            _ if refused.is_full() => StoreError::Full(format!("{}: {refused}", self.shown())),
            408 | 429 | 500..=599 => self.unreachable(&refused.to_string()),
            _ => self.denied(&refused.to_string()),
        })
    }

    fn no_bucket(&self) -> StoreError {
        let (holder, name) = (self.address.service.holder(), &self.address.bucket);
        let at = self.endpoint.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
        let reason = format!("there is no {holder} `{name}`{at}; {}", how_to_make(&self.address));
        StoreError::BadUrl { url: self.address.spelled(), reason }
    }

    fn elsewhere(&self, refused: &Refused) -> StoreError {
        let reason = match &refused.region {
            Some(region) => format!("its bucket is in another region: set AWS_REGION={region}"),
            None => "the server sends elsewhere: check AWS_REGION and the endpoint".to_owned(),
        };
        StoreError::BadUrl { url: self.address.spelled(), reason }
    }
}

impl Refused {
    /// Whether there is no room, or none for so much.
    fn is_full(&self) -> bool {
        let codes = ["Quota", "StorageFull", "InsufficientStorage", "EntityTooLarge"];
        matches!(self.status, 413 | 507) || codes.iter().any(|code| self.code.contains(code))
    }
}

/// The first cause of this type.
pub(super) fn cause<E: std::error::Error + 'static>(error: &object_store::Error) -> Option<&E> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

/// What it all comes from, e.g. `Connection refused`: the words around it hold whole URLs.
fn innermost(error: &object_store::Error) -> String {
    let Some(mut cause) = error.source() else { return error.to_string() };
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let words: String = cause.to_string().chars().filter(|c| !c.is_control()).take(300).collect();
    // Only a URL has a query, and a query may hold a signature.
    words.split('?').next().unwrap_or_default().trim_end_matches(" (os error 111)").to_owned()
}

#[cfg(test)]
mod tests {
    use object_store::client::{HttpError, HttpErrorKind};

    use super::*;

    fn place() -> Place {
        let address = Address::parse("s3://sessions/me").unwrap();
        Place { address, endpoint: Some("http://127.0.0.1:8333".to_owned()) }
    }

    fn answer(status: u16, code: &str) -> Answer {
        let refused = Refused {
            status,
            code: code.to_owned(),
            words: "some words".to_owned(),
            region: Some("eu-west-1".to_owned()),
        };
        let error = HttpError::new(HttpErrorKind::Unknown, refused);
        place().answer(&object_store::Error::Generic { store: "S3", source: Box::new(error) })
    }

    #[track_caller]
    fn told(status: u16, code: &str) -> StoreError {
        match answer(status, code) {
            Answer::Failed(error) => error,
            other => panic!("{status} {code}: {other:?}"),
        }
    }

    #[test]
    fn every_answer_is_named_for_what_it_is() {
        for (status, code) in
            [(403, "AccessDenied"), (401, ""), (400, "AuthorizationHeaderMalformed")]
        {
            assert!(matches!(told(status, code), StoreError::Denied(_)), "{status}");
        }
        for (status, code) in
            [(507, ""), (413, ""), (403, "QuotaExceeded"), (500, "XMinioStorageFull")]
        {
            assert!(matches!(told(status, code), StoreError::Full(_)), "{status}");
        }
        for status in [408, 429, 500, 503] {
            assert!(matches!(told(status, "SlowDown"), StoreError::Unreachable(_)), "{status}");
        }
        assert!(matches!(answer(416, ""), Answer::BehindTheEnd));
        assert!(matches!(answer(501, ""), Answer::Unknown));
    }

    #[test]
    fn who_is_denied_learns_what_to_set() {
        let error = told(403, "InvalidAccessKeyId").to_string();
        assert!(error.contains("s3://sessions/me at http://127.0.0.1:8333"), "{error}");
        assert!(error.contains("InvalidAccessKeyId: some words"), "{error}");
        assert!(error.contains("AWS_SECRET_ACCESS_KEY"), "{error}");
    }

    #[test]
    fn a_bucket_that_is_not_there_comes_with_how_to_make_it() {
        for code in ["NoSuchBucket", "ContainerNotFound"] {
            let error = told(404, code).to_string();
            assert!(error.contains("no bucket `sessions`"), "{error}");
            assert!(error.contains("aws s3 mb s3://sessions"), "{error}");
        }
    }

    #[test]
    fn another_region_is_named() {
        let error = told(301, "PermanentRedirect").to_string();
        assert!(error.contains("AWS_REGION=eu-west-1"), "{error}");
    }

    #[test]
    fn a_query_is_never_repeated() {
        let cause = crate::store::object::http::Unusable("https://host/x?sig=hunter2".to_owned());
        let error = object_store::Error::Generic { store: "S3", source: Box::new(cause) };
        let Answer::Failed(error) = place().answer(&error) else { panic!("it fails") };
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
