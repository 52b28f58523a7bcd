//! A git remote that is some way off: a real `git daemon`, at the end of a long line.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use convosync_tests::Line;

/// How long the daemon may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Distant {
    daemon: Child,
    line: Line,
    name: String,
}

impl Distant {
    /// This bare repository, `one_way` from here.
    pub(crate) fn new(repository: &Path, one_way: Duration) -> Self {
        let folder = repository.parent().expect("it lies in a folder");
        let name = repository.file_name().expect("it has a name").to_str().expect("plain");
        let port = free_port();
        // By its own path: `git daemon` would be a parent that does not take it along when it goes.
        let daemon = Command::new(exec_path().join("git-daemon"))
            .args(["--export-all", "--enable=receive-pack", "--listen=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", folder.display()))
            .arg(folder)
            .stderr(Stdio::null())
            .spawn()
            .expect("git has a daemon");
        let distant = Self { daemon, line: Line::over(one_way, port), name: name.to_owned() };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "git daemon does not answer");
            sleep(Duration::from_millis(10));
        }
        distant
    }

    pub(crate) fn url(&self) -> String {
        format!("git://127.0.0.1:{}/{}", self.line.port(), self.name)
    }
}

impl Drop for Distant {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn exec_path() -> PathBuf {
    let said = Command::new("git").arg("--exec-path").output().expect("git is installed").stdout;
    PathBuf::from(String::from_utf8_lossy(&said).trim_end())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
