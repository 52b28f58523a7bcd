//! A web server on this machine that runs `git http-backend`, as any does that serves git.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

pub(crate) struct Server {
    port: u16,
    ends: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    site: Site,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the repositories in `root`; with `status`, answers only that.
    pub(crate) fn start(root: &Path, status: Option<&'static str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (ends, requests) = (Arc::default(), Arc::default());
        let (stop, count) = (Arc::clone(&ends), Arc::clone(&requests));
        let (is_old, received) = (Arc::default(), Arc::default());
        let site = Site { root: root.to_owned(), status, is_old, received };
        let served = site.clone();
        let thread = thread::spawn(move || serve(&listener, &served, &stop, &count));
        Self { port, ends, requests, site, thread: Some(thread) }
    }

    /// How many bytes of bodies were received so far.
    pub(crate) fn received(&self) -> usize {
        self.site.received.load(Ordering::Relaxed)
    }

    /// From now on it knows nothing of version 2 of git's protocol.
    pub(crate) fn speak_the_old_protocol(&self) {
        self.site.is_old.store(true, Ordering::Relaxed);
    }

    /// How many requests were made so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn url(&self, repository: &str) -> String {
        format!("git+http://127.0.0.1:{}/{repository}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it did not panic");
        }
    }
}

/// What is served, and how.
#[derive(Clone)]
struct Site {
    root: PathBuf,
    status: Option<&'static str>,
    is_old: Arc<AtomicBool>,
    received: Arc<AtomicUsize>,
}

fn serve(listener: &TcpListener, site: &Site, ends: &AtomicBool, requests: &Arc<AtomicUsize>) {
    let mut open = Vec::new();
    for stream in listener.incoming() {
        if ends.load(Ordering::Relaxed) {
            break;
        }
        let (site, requests) = (site.clone(), Arc::clone(requests));
        open.push(thread::spawn(move || {
            if let Ok(stream) = stream {
                requests.fetch_add(1, Ordering::Relaxed);
                // A client that goes away in the middle is no matter of the server.
                let _ = answer(&stream, &site);
                let _ = stream.shutdown(Shutdown::Both);
            }
        }));
    }
    for connection in open {
        connection.join().expect("it did not panic");
    }
}

fn answer(stream: &TcpStream, site: &Site) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (method, target, headers) = head(&mut reader)?;
    let body = body(&mut reader, &headers)?;
    site.received.fetch_add(body.len(), Ordering::Relaxed);
    let mut out = stream;
    if let Some(status) = site.status {
        return write!(out, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let is_old = site.is_old.load(Ordering::Relaxed);
    let protocol = if is_old { String::new() } else { header("git-protocol") };
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var("PATH").expect("there is a PATH"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", &site.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "sam")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", protocol)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("a pipe");
    let feeder = thread::spawn(move || stdin.write_all(&body));
    let mut reply = Vec::new();
    child.stdout.take().expect("a pipe").read_to_end(&mut reply)?;
    child.wait()?;
    let _ = feeder.join().expect("it did not panic");
    send(out, &reply)
}

fn head(reader: &mut impl BufRead) -> io::Result<(String, String, BTreeMap<String, String>)> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok((method, target, headers));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
}

fn body(reader: &mut impl BufRead, headers: &BTreeMap<String, String>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk)?;
            if size == 0 {
                return Ok(body);
            }
            body.extend(&chunk[..size]);
        }
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    body.resize(length, 0);
    reader.read_exact(&mut body)?;
    Ok(body)
}

/// A CGI reply (RFC 3875) as one of HTTP.
fn send(mut out: &TcpStream, reply: &[u8]) -> io::Result<()> {
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
    let (head, body) =
        (String::from_utf8_lossy(&reply[..end]), &reply[(end + 4).min(reply.len())..]);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    write!(out, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len())?;
    for line in head.lines().filter(|line| !line.starts_with("Status:")) {
        write!(out, "{line}\r\n")?;
    }
    out.write_all(b"\r\n")?;
    out.write_all(body)
}
