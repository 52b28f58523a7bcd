//! Servers that keep buckets: real SeaweedFS, `rclone serve s3`, Azurite. Each has its own folder
//! and ports of this machine only, and is gone when dropped, however the test ends.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use convosync_adapters::{ObjectStores, StoreOpener};
use convosync_core::Sealed;
use convosync_engine::Cancel;
use convosync_engine::ports::{Store, Stores};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::tools::tool;

/// How long a server may take to start on a busy machine; alone it is ready within a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with one empty bucket, `convosync`.
pub struct Server {
    child: Child,
    /// The way to start it again.
    command: Command,
    folder: TempDir,
    scheme: &'static str,
    env: BTreeMap<String, String>,
    /// Files that it makes outside of its folder, whatever it is told.
    strays: Vec<String>,
}

/// What each of them is started with.
struct Start {
    command: Command,
    scheme: &'static str,
    env: Vec<(&'static str, String)>,
    strays: Vec<String>,
}

impl Server {
    /// SeaweedFS: whole, and right about conditional puts.
    #[must_use]
    pub fn seaweed() -> Self {
        Self::start(seaweed)
    }

    /// `rclone serve s3`: replaces what is there, whatever a put says.
    #[must_use]
    pub fn rclone() -> Self {
        Self::start(|folder, ports| rclone(folder, ports, true))
    }

    /// The same without keys, asked as Google's servers are: their XML API is close to S3's. That
    /// is no proof of Google's own behaviour, only that `gs://` speaks.
    #[must_use]
    pub fn rclone_as_google() -> Self {
        Self::start(|folder, ports| rclone(folder, ports, false))
    }

    /// Azurite, Microsoft's own emulator of Azure Blob Storage.
    #[must_use]
    pub fn azurite() -> Self {
        Self::start(azurite)
    }

    fn start(plan: impl Fn(&Path, &[u16]) -> Start) -> Self {
        // Another process may take a port between the look and the start: then it is tried again.
        (0..3).find_map(|_| Self::try_start(&plan)).expect("the server starts")
    }

    fn try_start(plan: &impl Fn(&Path, &[u16]) -> Start) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let start = plan(folder.path(), &free_ports());
        let mut command = guarded(&start.command, folder.path());
        let child = command.spawn().expect("sh runs");
        let env = start.env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (scheme, strays) = (start.scheme, start.strays);
        let mut server = Self { child, command, folder, scheme, env, strays };
        server.is_ready().then_some(server)
    }

    fn is_ready(&mut self) -> bool {
        let start = Instant::now();
        let url = self.url("");
        while start.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return false;
            }
            if self.scheme == "az" {
                make_container(&self.env["AZURE_STORAGE_ENDPOINT"]);
            }
            if self.stores().open(&url, false).is_ok_and(|store| store.list("v1/").is_ok()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not answer:\n{}", self.log());
    }

    /// What it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The bucket, with a prefix that may be empty.
    #[must_use]
    pub fn url(&self, prefix: &str) -> String {
        format!("{}://convosync/{prefix}", self.scheme)
    }

    /// What a device's environment needs to reach it.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// What opens its bucket, as a fresh process of one device does.
    #[must_use]
    pub fn stores(&self) -> StoreOpener {
        let folder = self.folder.path().join("device");
        let objects = ObjectStores::new(self.env.clone(), Cancel::new(), folder.clone());
        StoreOpener::new(None, folder).with_objects(objects)
    }

    /// Opens the bucket.
    #[must_use]
    pub fn open(&self, prefix: &str) -> Box<dyn Store> {
        self.stores().open(&self.url(prefix), false).expect("settings are enough to open it")
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        // The guard's end of the pipe closes, and it ends the server.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts it again after [`Self::kill`], with what it had below this prefix.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart(&mut self, prefix: &str) {
        self.child = self.command.spawn().expect("sh runs");
        assert!(self.is_ready(), "it does not start again:\n{}", self.log());
        let (store, start) = (self.open(prefix), Instant::now());
        while !is_of_use(store.as_ref()) {
            assert!(start.elapsed() < PATIENCE, "it gives nothing back:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Puts a file into the bucket of an rclone server without asking it.
    ///
    /// # Panics
    ///
    /// If it can't be written.
    pub fn plant(&self, path: &str, bytes: &[u8]) {
        let path = self.bucket_folder().join(path);
        fs::create_dir_all(path.parent().expect("below the bucket")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    /// The files of the bucket of an rclone server below a folder of it.
    #[must_use]
    pub fn planted(&self, folder: &str) -> Vec<String> {
        let files = crate::tree::files(&self.bucket_folder().join(folder));
        files.iter().map(|path| path.display().to_string()).collect()
    }

    fn bucket_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("data/convosync")
    }
}

/// Whether it gives what it lists and takes something new: the parts of a server come back one by
/// one, and the one that lists is not the one that holds.
fn is_of_use(store: &dyn Store) -> bool {
    let probe = "v1/probe/22223333".parse().expect("an object name");
    let gives = store.list("v1/").is_ok_and(|listed| {
        !listed.is_empty() && listed.iter().all(|listed| store.get(&listed.name).is_ok())
    });
    gives
        && store.put_new(&probe, &Sealed::received(vec![0])).is_ok()
        && store.delete(&probe).is_ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        for stray in &self.strays {
            let _ = fs::remove_file(stray);
        }
    }
}

/// A server that ends with the test, even one that is killed: a shell waits for the end of its
/// input, which this process holds open, and takes the server with it.
fn guarded(command: &Command, folder: &Path) -> Command {
    let log = File::create(folder.join("log")).expect("a log");
    let script = "exec 3<&0; \"$@\" 3<&- </dev/null & server=$!; \
                  (read -r _ <&3; kill -9 $server) & exec 3<&-; wait $server";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", std::env::var_os("PATH").expect("there is a PATH"));
    shell.env("HOME", folder).env("TMPDIR", folder).current_dir(folder);
    shell.stdin(Stdio::piped()).stderr(log.try_clone().expect("a log")).stdout(log);
    shell
}

/// Ports that nobody listens on.
fn free_ports() -> Vec<u16> {
    let free = |_| TcpListener::bind("127.0.0.1:0").expect("a free port");
    let held: Vec<_> = (0..10).map(free).collect();
    held.iter().map(|port| port.local_addr().expect("its address").port()).collect()
}

fn s3_env(port: u16) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "testtest".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
    ]
}

fn seaweed(folder: &Path, ports: &[u16]) -> Start {
    let names = ["master", "volume", "filer", "s3", "admin"];
    let mut command = Command::new(tool("weed"));
    let data = folder.join("data");
    fs::create_dir(&data).expect("a folder");
    command.arg("mini").arg(format!("-dir={}", data.display()));
    command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-bucket=convosync", "-webdav=false"]);
    command.args(["-admin.ui=false", "-master.telemetry=false", "-s3.autoCreateBucket=false"]);
    command.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
    let mut strays = Vec::new();
    for (name, pair) in names.iter().zip(ports.chunks(2)) {
        command.arg(format!("-{name}.port={}", pair[0]));
        command.arg(format!("-{name}.port.grpc={}", pair[1]));
        strays.push(format!("/tmp/seaweedfs-{name}-grpc-{}.sock", pair[1]));
    }
    for name in ["filer", "s3"] {
        command.arg(format!("-{name}.localSocket={}", folder.join(name).display()));
    }
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "testtest");
    Start { command, scheme: "s3", env: s3_env(ports[6]), strays }
}

fn rclone(folder: &Path, ports: &[u16], with_keys: bool) -> Start {
    let data = folder.join("data");
    fs::create_dir_all(data.join("convosync")).expect("a bucket");
    let address = format!("127.0.0.1:{}", ports[0]);
    let mut command = Command::new(tool("rclone"));
    command.args(["serve", "s3", "--addr", &address]).arg(data);
    if with_keys {
        command.args(["--auth-key", "test,testtest"]);
        return Start { command, scheme: "s3", env: s3_env(ports[0]), strays: Vec::new() };
    }
    let env = vec![("STORAGE_EMULATOR_HOST", address)];
    Start { command, scheme: "gs", env, strays: Vec::new() }
}

/// The account of every Azurite, made known by Microsoft
/// (<https://learn.microsoft.com/azure/storage/common/storage-use-azurite>).
const AZURITE_ACCOUNT: &str = "devstoreaccount1";
const AZURITE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

fn azurite(folder: &Path, ports: &[u16]) -> Start {
    let port = ports[0];
    let mut command = Command::new(tool("azurite-blob"));
    command.arg("--location").arg(folder.join("data"));
    command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
    command.args(["--disableTelemetry", "--silent", "--skipApiVersionCheck"]);
    let env = vec![
        ("AZURE_STORAGE_ACCOUNT_NAME", AZURITE_ACCOUNT.to_owned()),
        ("AZURE_STORAGE_ACCOUNT_KEY", AZURITE_KEY.to_owned()),
        ("AZURE_STORAGE_ENDPOINT", format!("http://127.0.0.1:{port}/{AZURITE_ACCOUNT}")),
    ];
    Start { command, scheme: "az", env, strays: Vec::new() }
}

/// Makes the container, which nothing of ours does: one request signed with the shared key
/// (<https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>). That it can't
/// be made, or is there, is seen when it is listed.
fn make_container(endpoint: &str) {
    let host = endpoint.trim_start_matches("http://").split('/').next().expect("a host");
    let mut date = Command::new("date");
    date.args(["-u", "+%a, %d %b %Y %H:%M:%S GMT"]).env("LC_ALL", "C");
    let date = date.output().expect("date runs").stdout;
    let headers =
        format!("x-ms-date:{}\nx-ms-version:2021-08-06\n", String::from_utf8_lossy(&date).trim());
    let signed = format!(
        "PUT\n\n\n\n\n\n\n\n\n\n\n\n{headers}/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/convosync\nrestype:container"
    );
    let key = BASE64.decode(AZURITE_KEY.as_bytes()).expect("it is base64");
    let signature = BASE64.encode(&hmac(&key, signed.as_bytes()));
    let request = format!(
        "PUT /{AZURITE_ACCOUNT}/convosync?restype=container HTTP/1.1\r\nHost: {host}\r\n{}\
         Authorization: SharedKey {AZURITE_ACCOUNT}:{signature}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n",
        headers.replace('\n', "\r\n")
    );
    if let Ok(mut stream) = TcpStream::connect(host) {
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

/// HMAC-SHA-256 (RFC 2104) with a key of at most 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|at| key.get(at).copied().unwrap_or_default() ^ with).collect()
    };
    let inner = Sha256::digest([&pad(0x36), text].concat());
    Sha256::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}
