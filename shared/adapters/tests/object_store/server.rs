//! A small S3 in this process. It keeps objects in memory, honours conditional puts, and asks a
//! plan before and after each request what should go wrong.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use convosync_adapters::{ObjectStores, StoreOpener};
use convosync_engine::Cancel;
use convosync_engine::ports::{Store, Stores};
use tempfile::TempDir;

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done and answered.
    Done,
    /// It is not done, and the connection ends without a word.
    Lost,
    /// It is done, and the connection ends without a word.
    Unanswered,
    /// It is done and answered up to the middle of the body.
    Torn,
    /// It is not done, and this is the answer: status line, further headers, body.
    Says(String, Vec<(&'static str, String)>, String),
    /// Nothing happens, for longer than anybody waits.
    Hangs,
}

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) key: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

type Plan = dyn Fn(&Asked, usize) -> Fate + Send + Sync;

/// The server; it ends with this.
pub(crate) struct Server {
    port: u16,
    ends: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // The listener looks up when someone comes.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// A server that does what it is asked.
pub(crate) fn good() -> (Arc<Server>, impl Fn() -> Box<dyn Store>) {
    served(|_, _| Fate::Done)
}

/// A server with a plan, and how to open a store on it.
pub(crate) fn served(
    plan: impl Fn(&Asked, usize) -> Fate + Send + Sync + 'static,
) -> (Arc<Server>, impl Fn() -> Box<dyn Store>) {
    let server = Arc::new(Server::start(plan));
    let opened = Arc::clone(&server);
    (server, move || opened.stores(&Cancel::new()).open(URL, false).unwrap())
}

pub(crate) const URL: &str = "s3://sessions/me";
pub(crate) const SECRET: &str = "hunter2hunter2";

impl Server {
    pub(crate) fn start(plan: impl Fn(&Asked, usize) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ends, requests) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (plan, objects): (Arc<Plan>, _) = (Arc::new(plan), Arc::new(Mutex::default()));
        let (ended, counted) = (Arc::clone(&ends), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                let (plan, objects) = (Arc::clone(&plan), Arc::clone(&objects));
                let counted = Arc::clone(&counted);
                thread::spawn(move || answer(stream, &*plan, &objects, &counted));
            }
        });
        Self { port, ends, requests, folder: TempDir::new().unwrap() }
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let pairs = [
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_S3", &endpoint),
        ];
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    pub(crate) fn stores(&self, cancel: &Cancel) -> StoreOpener {
        let folder = self.folder.path().to_owned();
        let objects = ObjectStores::new(self.env(), cancel.clone(), folder.clone());
        StoreOpener::new(None, folder).with_objects(objects)
    }
}

type Objects = Mutex<BTreeMap<String, Vec<u8>>>;

/// Status line, further headers, body.
struct Reply(&'static str, Vec<(&'static str, String)>, Vec<u8>);

fn answer(mut stream: TcpStream, plan: &Plan, objects: &Objects, counted: &AtomicUsize) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(asked) = read(&mut reader) {
        assert!(asked.header("authorization").is_some(), "a request without a signature");
        let fate = plan(&asked, counted.fetch_add(1, Ordering::Relaxed));
        let (head_only, reply) = match fate {
            Fate::Lost => return,
            Fate::Hangs => return thread::sleep(Duration::from_secs(20)),
            Fate::Says(status, headers, body) => {
                return send(&mut stream, &status, &headers, body.as_bytes(), usize::MAX, true);
            }
            _ => (asked.method == "HEAD", act(&asked, &mut objects.lock().unwrap())),
        };
        let Reply(status, mut headers, body) = reply;
        headers.push(("content-length", body.len().to_string()));
        headers.push(("last-modified", "Wed, 25 Nov 2026 10:00:00 GMT".to_owned()));
        headers.push(("etag", "\"0\"".to_owned()));
        let shown = if head_only { &[][..] } else { &body[..] };
        match fate {
            Fate::Unanswered => return,
            Fate::Torn => {
                return send(&mut stream, status, &headers, shown, shown.len() / 2, true);
            }
            _ => send(&mut stream, status, &headers, shown, usize::MAX, false),
        }
    }
}

fn send(
    stream: &mut TcpStream,
    status: &str,
    headers: &[(&'static str, String)],
    body: &[u8],
    most: usize,
    last: bool,
) {
    let mut text = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if last {
        text.push_str("connection: close\r\n");
    }
    let cut = &body[..body.len().min(most)];
    let _ = stream.write_all(format!("{text}\r\n").as_bytes()).and_then(|()| stream.write_all(cut));
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let key = path.trim_start_matches("/sessions").trim_start_matches('/').to_owned();
    Some(Asked { method, key, query: query.to_owned(), headers, body })
}

fn act(asked: &Asked, objects: &mut BTreeMap<String, Vec<u8>>) -> Reply {
    let ok = |body: Vec<u8>| Reply("200 OK", Vec::new(), body);
    match (asked.method.as_str(), objects.get(&asked.key)) {
        ("GET", _) if asked.query.contains("list-type=2") => ok(list(&asked.query, objects)),
        ("PUT", Some(_)) if asked.header("if-none-match").is_some() => {
            Reply("412 Precondition Failed", Vec::new(), Vec::new())
        }
        ("PUT", _) => {
            objects.insert(asked.key.clone(), asked.body.clone());
            ok(Vec::new())
        }
        ("DELETE", _) => {
            objects.remove(&asked.key);
            Reply("204 No Content", Vec::new(), Vec::new())
        }
        (_, None) => {
            Reply("404 Not Found", Vec::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec())
        }
        (_, Some(object)) => match asked.header("range") {
            Some(range) => part(object, range),
            None => ok(object.clone()),
        },
    }
}

fn part(object: &[u8], range: &str) -> Reply {
    let (from, to) = range.trim_start_matches("bytes=").split_once('-').unwrap();
    let from: usize = from.parse().unwrap();
    let to = to.parse().map_or(object.len(), |last: usize| object.len().min(last + 1));
    if from >= object.len() {
        return Reply("416 Range Not Satisfiable", Vec::new(), Vec::new());
    }
    let place = format!("bytes {from}-{}/{}", to - 1, object.len());
    Reply("206 Partial Content", vec![("content-range", place)], object[from..to].to_vec())
}

/// A page has three objects, so that most lists have several.
fn list(query: &str, objects: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let get = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_default().replace("%2F", "/")
    };
    let (prefix, after) = (get("prefix"), get("continuation-token"));
    let wanted = objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
    let page: Vec<_> = wanted.take(4).collect();
    let mut xml = String::from("<ListBucketResult>");
    for (key, bytes) in page.iter().take(3) {
        xml.push_str(&format!(
            "<Contents><Key>{key}</Key><Size>{}</Size><ETag>\"0\"</ETag>\
             <LastModified>2026-11-25T10:00:00.000Z</LastModified></Contents>",
            bytes.len()
        ));
    }
    if page.len() == 4 {
        let token = page[2].0;
        xml.push_str(&format!("<NextContinuationToken>{token}</NextContinuationToken>"));
    }
    xml.push_str("</ListBucketResult>");
    xml.into_bytes()
}
