//! What becomes of a server's answers, and of a server that means no good.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use convosync_core::ObjectName;
use convosync_engine::Cancel;
use convosync_engine::ports::{StoreError, Stores};

use crate::server::{Fate, SECRET, Server, URL, good, served};
use crate::store_contract::{sealed, unit};

fn name() -> ObjectName {
    unit("aaaaaaaa", 1, 1)
}

fn says(status: &str, code: &str) -> Fate {
    let body = format!("<Error><Code>{code}</Code><Message>Because of {code}.</Message></Error>");
    let headers = vec![
        ("content-length", body.len().to_string()),
        ("x-amz-bucket-region", "eu-west-1".to_owned()),
    ];
    Fate::Says(status.to_owned(), headers, body)
}

/// What a put, a get and a list say of a server that always answers so.
fn told(status: &'static str, code: &'static str) -> Vec<StoreError> {
    let (_server, open) = served(move |_, _| says(status, code));
    let store = open();
    let told = vec![
        store.put_new(&name(), &sealed(b"object")).unwrap_err(),
        store.get(&name()).map(drop).unwrap_err(),
        store.list("v1/").map(drop).unwrap_err(),
    ];
    for error in &told {
        let text = format!("{error} {error:?} {store:?}", store = store.describe());
        assert!(!text.contains(SECRET), "{text}");
    }
    told
}

#[track_caller]
fn check(status: &'static str, code: &'static str, is: fn(&StoreError) -> bool, words: &str) {
    for error in told(status, code) {
        assert!(is(&error) && error.to_string().contains(words), "{status}: {error:?}");
    }
}

#[test]
fn a_refusal_says_who_was_refused_why_and_what_to_set() {
    let denied = |error: &StoreError| matches!(error, StoreError::Denied(_));
    check("403 Forbidden", "InvalidAccessKeyId", denied, "AWS_ACCESS_KEY_ID");
    check("400 Bad Request", "ExpiredToken", denied, "Because of ExpiredToken.");
}

#[test]
fn no_room_is_told_at_once() {
    let full = |error: &StoreError| matches!(error, StoreError::Full(_));
    let start = Instant::now();
    check("507 Insufficient Storage", "InsufficientStorage", full, "Because of");
    check("403 Forbidden", "QuotaExceeded", full, "QuotaExceeded");
    assert!(start.elapsed() < Duration::from_secs(2), "it does not pass by itself");
}

#[test]
fn a_bucket_that_is_gone_or_elsewhere_is_no_empty_store() {
    let bad = |error: &StoreError| matches!(error, StoreError::BadUrl { .. });
    check("404 Not Found", "NoSuchBucket", bad, "no bucket `sessions`");
    check("301 Moved Permanently", "PermanentRedirect", bad, "AWS_REGION=eu-west-1");
}

#[test]
fn what_passes_is_tried_again_and_what_does_not_is_told() {
    let calls = AtomicUsize::new(0);
    let (server, open) = served(move |_, _| match calls.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => says("503 Slow Down", "SlowDown"),
        _ => Fate::Done,
    });
    assert!(open().list("").unwrap().is_empty());
    assert_eq!(server.requests(), 3);
    let (_server, open) = served(|_, _| says("500 Internal Server Error", "InternalError"));
    let error = open().list("").unwrap_err();
    assert!(
        matches!(&error, StoreError::Unreachable(why) if why.contains("InternalError")),
        "{error}"
    );
}

#[test]
fn a_server_that_never_answers_can_be_left() {
    let server = Server::start(|_, _| Fate::Hangs);
    let cancel = Cancel::new();
    let store = server.stores(&cancel).open(URL, false).unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            cancel.cancel();
        });
        let stopped = store.get(&name()).map(drop).unwrap_err();
        assert!(stopped.to_string().contains("cancelled"), "{stopped}");
    });
    drop(store);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn a_server_that_is_down_is_told_soon_and_by_its_address() {
    let server = Server::start(|_, _| Fate::Done);
    let mut env = server.env();
    env.insert("AWS_ENDPOINT_URL_S3".to_owned(), "http://127.0.0.1:9".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let objects =
        convosync_adapters::ObjectStores::new(env, Cancel::new(), folder.path().to_owned());
    let opener = convosync_adapters::StoreOpener::new(None, folder.path().to_owned());
    let start = Instant::now();
    let error = opener.with_objects(objects).open(URL, true).map(drop).unwrap_err();
    assert!(matches!(&error, StoreError::Unreachable(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("127.0.0.1:9") && text.contains("Connection refused"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn an_object_that_claims_to_be_huge_is_not_taken_into_memory() {
    let size = (2u64 << 30).to_string();
    let huge = move || {
        let headers = vec![
            ("content-length", size.clone()),
            ("last-modified", "Wed, 25 Nov 2026 10:00:00 GMT".to_owned()),
            ("etag", "\"0\"".to_owned()),
        ];
        Fate::Says("200 OK".to_owned(), headers, "some".to_owned())
    };
    let (_server, open) = served(move |_, _| huge());
    let error = open().get(&name()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::TooBig { size, .. } if size == 2 << 30), "{error:?}");
}

#[test]
fn a_list_without_end_ends() {
    let page = "<ListBucketResult><NextContinuationToken>again</NextContinuationToken>\
                </ListBucketResult>";
    let headers = vec![("content-length", page.len().to_string())];
    let (server, open) =
        served(move |_, _| Fate::Says("200 OK".to_owned(), headers.clone(), page.to_owned()));
    let error = open().list("").unwrap_err();
    assert!(error.to_string().contains("no end"), "{error}");
    assert!(server.requests() < 10, "the same page again is no progress");
}

#[test]
fn a_list_that_goes_in_a_circle_ends() {
    let (_server, open) = served(|_, at| {
        let next = if at.is_multiple_of(2) { "tick" } else { "tock" };
        let page = format!(
            "<ListBucketResult><NextContinuationToken>{next}</NextContinuationToken>\
             </ListBucketResult>"
        );
        Fate::Says("200 OK".to_owned(), vec![("content-length", page.len().to_string())], page)
    });
    let error = open().list("").unwrap_err();
    assert!(error.to_string().contains("no end"), "{error}");
}

#[test]
fn a_page_without_end_is_not_taken_into_memory() {
    let (_server, open) = served(|_, _| {
        let page = format!("<ListBucketResult>{}", " ".repeat(33 << 20));
        Fate::Says("200 OK".to_owned(), Vec::new(), page)
    });
    let error = open().list("").unwrap_err();
    assert!(error.to_string().contains("no end"), "{error}");
}

#[test]
fn what_the_server_does_with_a_taken_name_is_learnt_once() {
    let (server, open) = good();
    let store = server.stores(&Cancel::new()).open(URL, true).unwrap();
    assert!(!store.caps().put_if_absent, "nothing was put yet");
    store.put_new(&unit("aaaaaaaa", 2, 2), &sealed(b"object")).unwrap();
    assert!(store.caps().put_if_absent);
    let before = server.requests();
    open().put_new(&name(), &sealed(b"object")).unwrap();
    assert_eq!(server.requests() - before, 1, "a put is one request from then on");
}

#[test]
fn nothing_that_is_shown_has_a_secret() {
    let (server, open) = good();
    let objects = convosync_adapters::ObjectStores::new(
        server.env(),
        Cancel::new(),
        std::path::PathBuf::from("/nowhere"),
    );
    let shown = format!("{objects:?} {:?} {}", server.stores(&Cancel::new()), open().describe());
    assert!(!shown.contains(SECRET), "{shown}");
}
