//! What joins the two devices: a folder, a git repository, or a bucket on SeaweedFS.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::Failed;
use crate::tools::Tools;

/// Which kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    #[default]
    Folder,
    Git,
    Bucket,
}

impl Kind {
    /// Understands the value of `--store`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "folder" => Some(Self::Folder),
            "git" => Some(Self::Git),
            "s3" => Some(Self::Bucket),
            _ => None,
        }
    }
}

/// Variables and their values.
pub(super) type Environment = Vec<(&'static str, String)>;

/// A store that devices can reach while this lives.
pub(super) struct Store {
    pub(super) url: String,
    /// What a device's environment needs for it.
    pub(super) env: Environment,
    _server: Option<Server>,
}

impl Store {
    pub(super) fn set(kind: Kind, scratch: &Path, tools: &Tools) -> Result<Self, Failed> {
        let of_path = |scheme: &str, name: &str| Self {
            url: format!("{scheme}://{}", scratch.join(name).display()),
            env: Vec::new(),
            _server: None,
        };
        Ok(match kind {
            Kind::Folder => of_path("file", "store"),
            Kind::Git => of_path("git+file", "store.git"),
            Kind::Bucket => {
                let (server, env) = Server::start(scratch, tools)?;
                let url = "s3://convosync/demo".to_owned();
                Self { url, env, _server: Some(server) }
            }
        })
    }
}

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "demo"), ("AWS_SECRET_ACCESS_KEY", "demo-secret")];

/// The parts of SeaweedFS that have ports, an HTTP one and one for gRPC each.
const PARTS: [&str; 5] = ["master", "volume", "filer", "s3", "admin"];

/// SeaweedFS with an empty bucket `convosync`; ended when dropped.
struct Server {
    child: Child,
    /// It makes these whatever it is told.
    sockets: Vec<String>,
}

impl Server {
    fn start(scratch: &Path, tools: &Tools) -> Result<(Self, Environment), Failed> {
        let folder = scratch.join("seaweedfs");
        let data = folder.join("data");
        fs::create_dir_all(&data).map_err(Failed::at(&data))?;
        let ports = free_ports()?;
        let mut command = Command::new(tools.weed());
        command.arg("mini").arg(format!("-dir={}", data.display()));
        command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-bucket=convosync"]);
        command.args(["-webdav=false", "-admin.ui=false", "-master.telemetry=false"]);
        command.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
        let mut sockets = Vec::new();
        for (part, [http, grpc]) in PARTS.iter().zip(&ports) {
            command.arg(format!("-{part}.port={http}")).arg(format!("-{part}.port.grpc={grpc}"));
            sockets.push(format!("/tmp/seaweedfs-{part}-grpc-{grpc}.sock"));
        }
        for part in ["filer", "s3"] {
            command.arg(format!("-{part}.localSocket={}", folder.join(part).display()));
        }
        let log = folder.join("log");
        let out = File::create(&log).map_err(Failed::at(&log))?;
        command.env_clear().envs(KEYS).env("HOME", &folder).env("TMPDIR", &folder);
        command.current_dir(&folder).stdin(Stdio::null()).stderr(Stdio::null()).stdout(out);
        let child =
            command.spawn().map_err(|e| Failed::new(format!("SeaweedFS can't start: {e}")))?;
        let mut server = Self { child, sockets };
        server.wait(&log)?;
        let [http, _] = ports[3];
        let mut env: Environment = KEYS.map(|(name, value)| (name, value.to_owned())).into();
        env.push(("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{http}")));
        Ok((server, env))
    }

    fn wait(&mut self, log: &Path) -> Result<(), Failed> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            let said = fs::read_to_string(log).unwrap_or_default();
            if said.contains("components are running") {
                return Ok(());
            }
            if !matches!(self.child.try_wait(), Ok(None)) {
                return Err(Failed::new(format!("SeaweedFS ended:\n{said}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Failed::new("SeaweedFS did not start within 30 s"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for socket in &self.sockets {
            let _ = fs::remove_file(socket);
        }
    }
}

/// Ports that nobody listens on, a pair for each part.
fn free_ports() -> Result<Vec<[u16; 2]>, Failed> {
    let bind = || TcpListener::bind("127.0.0.1:0");
    let held: std::io::Result<Vec<_>> = PARTS.iter().map(|_| Ok([bind()?, bind()?])).collect();
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    let ports = held.and_then(|held| held.iter().map(|[a, b]| Ok([port(a)?, port(b)?])).collect());
    ports.map_err(|error| Failed::new(format!("no free port: {error}")))
}
