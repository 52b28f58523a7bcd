//! A line to a server of this machine that can be long, and cut after so many bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Carries bytes both ways, until it is cut.
pub struct Line {
    port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    server: u16,
    /// How long a byte is on its way.
    one_way: Duration,
    /// Bytes that still go through.
    left: AtomicI64,
    carried: AtomicU64,
    ends: AtomicBool,
}

impl Line {
    /// A line to this port.
    ///
    /// # Panics
    ///
    /// If this machine has no port left.
    #[must_use]
    pub fn to(server: u16) -> Self {
        Self::over(Duration::ZERO, server)
    }

    /// A line to this port on which a byte is so long on its way.
    ///
    /// # Panics
    ///
    /// As [`Self::to`].
    #[must_use]
    pub fn over(one_way: Duration, server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::new(State {
            server,
            one_way,
            left: AtomicI64::new(i64::MAX),
            carried: AtomicU64::new(0),
            ends: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&state);
        let thread = Some(thread::spawn(move || accept(&listener, &of_thread)));
        Self { port, state, thread }
    }

    /// Where it begins.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes that went through since it was asked last, both ways.
    #[must_use]
    pub fn carried(&self) -> u64 {
        self.state.carried.swap(0, Ordering::SeqCst)
    }

    /// Cuts it after so many more bytes: connections break off, and new ones do.
    pub fn cut_after(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// Makes it whole again.
    pub fn mend(&self) {
        self.state.left.store(i64::MAX, Ordering::SeqCst);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.state.ends.store(true, Ordering::SeqCst);
        self.cut_after(0);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for client in listener.incoming() {
        if state.ends.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        if state.left.load(Ordering::SeqCst) <= 0 {
            continue; // It is dropped, and so broken off.
        }
        if let Ok(server) = TcpStream::connect(("127.0.0.1", state.server)) {
            carry(&client, &server, state);
            carry(&server, &client, state);
        }
    }
}

/// Carries one way, on threads that end with either side.
fn carry(from: &TcpStream, to: &TcpStream, state: &Arc<State>) {
    let (Ok(mut source), Ok(from)) = (from.try_clone(), from.try_clone()) else { return };
    let Ok(mut to) = to.try_clone() else { return };
    let state = Arc::clone(state);
    let (sender, arriving) = channel();
    let one_way = state.one_way;
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let read = source.read(&mut buffer).unwrap_or(0);
            let sent = sender.send((Instant::now() + one_way, buffer[..read].to_vec()));
            if read == 0 || sent.is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (at, bytes) in arriving {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            let read = bytes.len();
            let left = state.left.fetch_sub(read as i64, Ordering::SeqCst);
            let through = usize::try_from(left).unwrap_or(0).min(read);
            state.carried.fetch_add(through as u64, Ordering::SeqCst);
            let written = to.write_all(&bytes[..through]);
            if read == 0 && left > 0 {
                // That side has said all; the other one may still answer.
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            if through < read || written.is_err() || left <= 0 {
                let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
                return;
            }
        }
    });
}
