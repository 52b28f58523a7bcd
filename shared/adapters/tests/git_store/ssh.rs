//! The contract over ssh, to a server of our own on this machine.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use convosync_engine::ports::{StoreError, Stores};

use crate::lab::Lab;
use crate::store_contract::{sealed, unit};

/// An ssh server with one user, ourselves, and one key. Ends when dropped.
struct Server {
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `None`, with a message, where there is no ssh server to start.
fn served() -> Option<(Lab, Server)> {
    let Some(sshd) = ["/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"]
        .into_iter()
        .find(|path| Path::new(path).exists())
    else {
        eprintln!("skipped: there is no sshd (Debian: openssh-server)");
        return None;
    };
    let mut lab = Lab::new();
    let keys = lab.path("keys");
    fs::create_dir(&keys).unwrap();
    for key in ["host", "user"] {
        let file = keys.join(key);
        let mut keygen = Command::new("ssh-keygen");
        let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", key, "-f"]).arg(&file);
        assert!(made.status().unwrap().success());
    }
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let host = fs::read_to_string(keys.join("host.pub")).unwrap();
    fs::write(keys.join("known"), format!("[127.0.0.1]:{port} {host}")).unwrap();
    // A process of root has to have the place that Debian makes when the machine starts.
    if rustix::process::geteuid().is_root() && !Path::new("/run/sshd").exists() {
        let _ = fs::create_dir("/run/sshd");
    }
    let k = keys.display();
    fs::write(
        keys.join("config"),
        format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {k}/host\nPidFile none\n\
             AuthorizedKeysFile {k}/user.pub\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin yes\nMaxStartups 100\nMaxSessions 100\nAcceptEnv GIT_PROTOCOL\n"
        ),
    )
    .unwrap();
    let child = Command::new(sshd)
        .args(["-D", "-e", "-f"])
        .arg(keys.join("config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(keys.join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut server = Server { child };
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = server.child.try_wait().unwrap().is_some();
        if ended || started.elapsed() > Duration::from_secs(20) {
            let log = fs::read_to_string(keys.join("log")).unwrap();
            eprintln!("skipped: sshd does not start here: {log}");
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
    lab.git(lab.folder.path(), &["init", "-q", "--bare", "store.git"]);
    lab.git(&lab.remote(), &["config", "uploadpack.allowFilter", "true"]);
    lab.url = format!("git+ssh://127.0.0.1:{port}{}", lab.remote().display());
    let ssh = format!(
        "ssh -F /dev/null -oBatchMode=yes -oIdentitiesOnly=yes -oIdentityAgent=none -i {k}/user \
         -oUserKnownHostsFile={k}/known -oGlobalKnownHostsFile=/dev/null"
    );
    lab.env.insert("GIT_SSH_COMMAND".to_owned(), ssh);
    Some((lab, server))
}

macro_rules! over_ssh {
    ($($clause:ident,)*) => {
        $(#[test]
        fn $clause() {
            let Some((lab, _server)) = served() else { return };
            let (opener, url) = (lab.opener("desktop"), lab.url.clone());
            opener.open(&url, true).unwrap();
            crate::store_contract::$clause(&move || opener.open(&url, false).unwrap());
        })*
    };
}

// Not every clause: a connection takes longer than all the rest.
over_ssh!(
    what_is_put_is_got,
    what_was_never_put_is_missing,
    putting_the_same_again_is_no_error,
    a_taken_name_keeps_the_first,
    writers_of_different_names_do_not_meet,
    a_list_is_sorted_as_names_are,
    a_deleted_object_is_gone_and_deleting_again_is_no_error,
    a_batch_stops_at_the_failure_and_keeps_what_came_before,
    a_big_object_comes_back_whole,
    who_opens_it_again_sees_everything,
);

#[test]
fn a_key_that_is_not_known_and_a_host_that_is_not_trusted_are_denied() {
    let Some((mut lab, _server)) = served() else { return };
    let good = lab.env["GIT_SSH_COMMAND"].clone();
    let stranger = lab.path("keys/host");
    fs::set_permissions(&stranger, fs::Permissions::from_mode(0o600)).unwrap();
    for bad in [
        good.replace("keys/user ", "keys/host "),
        good.replace("/known", "/nobody") + " -oStrictHostKeyChecking=yes",
    ] {
        lab.env.insert("GIT_SSH_COMMAND".to_owned(), bad);
        let put = lab.open("laptop").put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"one"));
        assert!(matches!(put, Err(StoreError::Denied(_))), "{put:?}");
    }
}
