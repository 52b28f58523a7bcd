//! The way to a service: TLS, proxies and limits come from the request's environment, and an
//! answer that is an error becomes a [`Refused`] with the server's own words.

use std::collections::BTreeMap;
use std::time::Duration;
use std::{fmt, fs};

use async_trait::async_trait;
use futures_util::StreamExt;
use object_store::client::{
    ClientConfigKey, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest,
    HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, HeaderValue};
use reqwest::{Certificate, NoProxy, Proxy};

use super::service::set;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How much of an error is read.
const WORDS: usize = 16 << 10;

/// How much of a page of a list is read: a thousand names of at most a kilobyte, many times over.
const PAGE: usize = 32 << 20;

/// A server's answer that is an error.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    /// The service's name for it, e.g. `NoSuchBucket`, where it gives one.
    pub(super) code: String,
    /// The service's words.
    pub(super) words: String,
    /// The region where S3 says the bucket is.
    pub(super) region: Option<String>,
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.words.as_str()) {
            ("", "") => write!(f, "status {}", self.status),
            ("", words) => write!(f, "{words} (status {})", self.status),
            (code, "") => write!(f, "{code} (status {})", self.status),
            (code, words) => write!(f, "{code}: {words}"),
        }
    }
}

/// The server gives the whole where a range was asked for.
#[derive(Debug)]
pub(super) struct NoRanges;

impl std::error::Error for NoRanges {}

impl fmt::Display for NoRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it gives no ranges")
    }
}

/// Makes clients from an environment. Shows nothing of it: proxies may have passwords.
#[derive(Clone)]
pub(super) struct Connector {
    env: BTreeMap<String, String>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    pub(super) fn new(env: &BTreeMap<String, String>) -> Self {
        Self { env: env.clone() }
    }

    fn var(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| set(&self.env, name))
    }

    fn client(&self, allow_http: bool) -> Result<reqwest::Client, String> {
        // One process has one provider: a second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("convosync/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .https_only(!allow_http)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_certs_merge(self.certificates()?);
        for proxy in self.proxies()? {
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|_| "the connection can't be set up".to_owned())
    }

    /// Certificates that the user trusts beside the system's.
    fn certificates(&self) -> Result<Vec<Certificate>, String> {
        let Some(path) = self.var(&["AWS_CA_BUNDLE", "SSL_CERT_FILE"]) else {
            return Ok(Vec::new());
        };
        let unusable = |why: String| format!("the certificates in {path} can't be used: {why}");
        let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
        Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))
    }

    fn proxies(&self) -> Result<Vec<Proxy>, String> {
        let exempt = self.var(&["NO_PROXY", "no_proxy"]).and_then(NoProxy::from_string);
        let https = self.var(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]);
        // HTTP_PROXY in capitals can be set by a web client of a CGI program: as curl, not read.
        let http = self.var(&["http_proxy", "ALL_PROXY", "all_proxy"]);
        let proxies = [https.map(Proxy::https), http.map(Proxy::http)];
        let readable = |proxy: reqwest::Result<Proxy>| match proxy {
            Ok(proxy) => Ok(proxy.no_proxy(exempt.clone())),
            Err(_) => Err("the proxy's URL can't be read".to_owned()),
        };
        proxies.into_iter().flatten().map(readable).collect()
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allow = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = self.client(allow.as_deref() == Some("true")).map_err(|why| {
            object_store::Error::Generic { store: "HTTP", source: Box::new(Unusable(why)) }
        })?;
        Ok(HttpClient::new(Client(client)))
    }
}

/// Why there is no way to the service; names no secret.
#[derive(Debug)]
pub(super) struct Unusable(pub(super) String);

impl std::error::Error for Unusable {}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug)]
struct Client(reqwest::Client);

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_list = is_list(request.uri().query().unwrap_or_default());
        let start = start_of(request.headers().get("range"));
        let response = HttpService::call(&self.0, request).await?;
        let total = total_of(response.headers().get("content-range"));
        match response.status().as_u16() {
            200 if start.is_some() => Err(HttpError::new(HttpErrorKind::Unknown, NoRanges)),
            206 if start.is_some() && start >= total && total.is_some() => behind_the_end(),
            200..=299 if is_list => bounded(response).await,
            200..=299 => Ok(response),
            _ => refused(response).await,
        }
    }
}

/// Where a range starts: `bytes=5-9`.
fn start_of(range: Option<&HeaderValue>) -> Option<u64> {
    range?.to_str().ok()?.strip_prefix("bytes=")?.split('-').next()?.parse().ok()
}

/// How long the whole is: `bytes 5-9/10`.
fn total_of(range: Option<&HeaderValue>) -> Option<u64> {
    range?.to_str().ok()?.rsplit('/').next()?.parse().ok()
}

/// What RFC 9110 section 15.5.17 has a status of its own for, and Azurite has not.
fn behind_the_end() -> Result<HttpResponse, HttpError> {
    let (code, words) = (String::new(), String::new());
    let refused = Refused { status: 416, code, words, region: None };
    Err(HttpError::new(HttpErrorKind::Unknown, refused))
}

fn is_list(query: &str) -> bool {
    query.split('&').any(|pair| pair == "list-type=2" || pair == "comp=list")
}

/// The whole of a page, if it is no more than a page.
async fn bounded(response: HttpResponse) -> Result<HttpResponse, HttpError> {
    let (parts, body) = response.into_parts();
    let bytes = read(body, PAGE + 1).await?;
    if bytes.len() > PAGE {
        let why = Unusable("it answers with a list that has no end".to_owned());
        return Err(HttpError::new(HttpErrorKind::Decode, why));
    }
    Ok(HttpResponse::from_parts(parts, bytes.into()))
}

/// At most `limit` bytes of it.
async fn read(body: HttpResponseBody, limit: usize) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    let mut chunks = body.bytes_stream();
    while bytes.len() < limit
        && let Some(chunk) = chunks.next().await
    {
        let chunk = chunk?;
        bytes.extend_from_slice(&chunk[..chunk.len().min(limit - bytes.len())]);
    }
    Ok(bytes)
}

/// An answer that `object_store` has to see, because it means something for an object; or what
/// the server says, to be tried again where that may help.
async fn refused(response: HttpResponse) -> Result<HttpResponse, HttpError> {
    let (parts, body) = response.into_parts();
    let header = |name: &str| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let (region, named) = (header("x-amz-bucket-region"), header("x-ms-error-code"));
    // What broke off while it was read says no less than an empty one.
    let bytes = read(body, WORDS).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let refused = Refused {
        status: parts.status.as_u16(),
        code: element(&text, "Code").or(named).unwrap_or_default(),
        words: element(&text, "Message").unwrap_or_default(),
        region,
    };
    let of_object = matches!(refused.status, 304 | 404 | 409 | 412);
    if of_object && !refused.is_no_bucket() {
        return Ok(HttpResponse::from_parts(parts, bytes.into()));
    }
    Err(HttpError::new(refused.kind(), refused))
}

impl Refused {
    /// Whether what should hold the objects is not there.
    pub(super) fn is_no_bucket(&self) -> bool {
        let codes = ["NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"];
        codes.contains(&self.code.as_str())
    }

    /// `Request` is what `object_store` tries again, `Unknown` what it does not.
    fn kind(&self) -> HttpErrorKind {
        match self.status {
            // Insufficient Storage (RFC 4918 section 11.5) does not pass by itself.
            507 => HttpErrorKind::Unknown,
            408 | 429 | 500..=599 => HttpErrorKind::Request,
            _ => HttpErrorKind::Unknown,
        }
    }
}

/// The first line of an XML element without attributes, made harmless.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    let line = inner.trim().lines().next().unwrap_or_default();
    let plain = line.replace("&apos;", "'").replace("&#39;", "'").replace("&quot;", "\"");
    Some(plain.chars().filter(|c| !c.is_control()).take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_read_and_bounded() {
        let xml =
            "<?xml?><Error><Code>AccessDenied</Code><Message>Not yours\u{1b}[31m\nx</Message>";
        assert_eq!(element(xml, "Code").unwrap(), "AccessDenied");
        assert_eq!(element(xml, "Message").unwrap(), "Not yours[31m");
        assert_eq!(element(xml, "Region"), None);
        let long = format!("<Message>{}</Message>", "é".repeat(5000));
        assert_eq!(element(&long, "Message").unwrap().chars().count(), 300);
    }

    #[test]
    fn lists_are_known_by_their_query() {
        assert!(is_list("list-type=2&prefix=v1%2F") && is_list("restype=container&comp=list"));
        assert!(!is_list("") && !is_list("versionId=list-type"));
    }

    #[test]
    fn ranges_are_read() {
        let header = |text: &'static str| Some(HeaderValue::from_static(text));
        assert_eq!(start_of(header("bytes=5-9").as_ref()), Some(5));
        assert_eq!(start_of(header("bytes=5-").as_ref()), Some(5));
        assert_eq!(start_of(header("bytes=-5").as_ref()), None);
        assert_eq!(total_of(header("bytes 5-9/10").as_ref()), Some(10));
        assert_eq!(total_of(header("bytes 5-9/*").as_ref()), None);
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let env = BTreeMap::from([("HTTPS_PROXY".into(), "http://sam:hunter2@[".into())]);
        let connector = Connector::new(&env);
        assert!(!format!("{connector:?}").contains("hunter2"));
        let error = connector.client(false).unwrap_err();
        assert!(error.contains("proxy") && !error.contains("hunter2"), "{error}");
    }
}
