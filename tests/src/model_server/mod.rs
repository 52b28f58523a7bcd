//! A model that says what the prompt tells it to: the part of Anthropic's Messages API that Claude
//! Code uses, on the loopback interface. See [`ModelServer`].

mod http;
mod reply;
mod script;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use http::Request;
use script::Script;

/// A request for an answer that the client sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The request as the client wrote it: `messages`, `tools`, …
    pub body: Value,
}

impl Sent {
    /// The texts of the messages of a role (`user` or `assistant`), in order.
    #[must_use]
    pub fn texts(&self, role: &str) -> Vec<String> {
        self.messages(role).map(|message| script::text_of(&message["content"])).collect()
    }

    /// The names of the tools that the model called so far, in order.
    #[must_use]
    pub fn tool_calls(&self) -> Vec<String> {
        self.messages("assistant")
            .filter_map(|message| message["content"].as_array())
            .flatten()
            .filter(|block| block["type"] == "tool_use")
            .filter_map(|block| block["name"].as_str().map(str::to_owned))
            .collect()
    }

    fn messages<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Value> {
        let messages = self.body["messages"].as_array().into_iter().flatten();
        messages.filter(move |message| message["role"] == role)
    }
}

/// A scripted model, stopped when dropped.
///
/// The last prompt that was typed (tool results do not count) holds the script, a step a line:
///
/// | line | what the model does |
/// |---|---|
/// | `@@Bash {"command":"ls"}` | calls that tool; one call an answer, in order |
/// | `@@SAY text` | says it before the next call |
/// | `@@FINAL text` | ends with it, else with a count of the messages it was sent |
/// | `[s:NAME]` | goes on with the script that [`ModelServer::script`] named so |
///
/// A sub-agent's prompt is the script of its own model.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    log: Mutex<Vec<Sent>>,
    scripts: Mutex<BTreeMap<String, String>>,
}

impl ModelServer {
    /// Starts a server on a free port.
    ///
    /// # Panics
    ///
    /// If there is no loopback interface.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let of_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &of_acceptor));
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// What goes into `ANTHROPIC_BASE_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Names a script: a prompt with `[s:NAME]` in it runs it, and reads like a person's.
    pub fn script(&self, name: &str, steps: &str) {
        lock(&self.shared.scripts).insert(name.to_owned(), steps.to_owned());
    }

    /// What was asked for so far, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.shared.log).clone()
    }

    /// The newest request that has `text` in a user's message.
    #[must_use]
    pub fn last_with(&self, text: &str) -> Option<Sent> {
        let has = |sent: &Sent| sent.texts("user").iter().any(|said| said.contains(text));
        self.sent().into_iter().rev().find(has)
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // The acceptor waits for a caller: be one.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// A test that panicked elsewhere must not hide its reason behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A client that went away or talks nonsense is its own business.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
            let _ = serve(stream, &shared);
        });
    }
}

/// Answers the one request of a connection.
fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let (request, mut stream) = http::read(stream)?;
    let path = request.path.split('?').next().unwrap_or_default();
    match (request.method.as_str(), path) {
        ("HEAD", _) => http::json(&mut stream, 200, None),
        ("GET", path) if path.ends_with("/v1/models") => {
            http::json(&mut stream, 200, Some(&json!({"data": [], "has_more": false})))
        }
        ("POST", path) if path.ends_with("/count_tokens") => {
            let tokens = (request.body.len() / 4).max(1);
            http::json(&mut stream, 200, Some(&json!({"input_tokens": tokens})))
        }
        ("POST", path) if path.ends_with("/v1/messages") => answer(&request, shared, &mut stream),
        ("POST", _) => http::json(&mut stream, 200, Some(&json!({}))),
        _ => {
            let error = json!({"type": "not_found_error", "message": "not part of the script"});
            http::json(&mut stream, 404, Some(&json!({"type": "error", "error": error})))
        }
    }
}

fn answer(request: &Request, shared: &Shared, stream: &mut TcpStream) -> std::io::Result<()> {
    let body: Value = serde_json::from_slice(&request.body)?;
    let number = {
        let mut log = lock(&shared.log);
        log.push(Sent { body: body.clone() });
        log.len()
    };
    let script = Script { named: &lock(&shared.scripts).clone() };
    let reply = reply::Reply::new(number, &body, script.next(&body));
    if body["stream"] == true {
        http::events(stream, &reply.events())
    } else {
        http::json(stream, 200, Some(&reply.whole()))
    }
}
