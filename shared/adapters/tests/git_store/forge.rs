//! What remotes answer, and what is left alone.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use convosync_engine::Cancel;
use convosync_engine::ports::{Store, StoreError, Stores};

use crate::http::Server;
use crate::lab::Lab;
use crate::store_contract::{sealed, unit};

#[track_caller]
fn denied(opened: Result<Box<dyn Store>, StoreError>, words: &[&str]) {
    let Err(StoreError::Denied(text)) = opened else {
        panic!("not denied: {:?}", opened.map(|store| store.describe()))
    };
    for word in words {
        assert!(text.contains(word), "no `{word}` in: {text}");
    }
}

#[test]
fn making_a_store_makes_the_repository_and_leaves_nothing_in_it() {
    let lab = Lab::new();
    assert!(matches!(lab.open("desktop").list(""), Err(StoreError::Unreachable(_))));
    assert!(!lab.remote().exists());
    let store = lab.init().unwrap();
    assert!(lab.refs().is_empty(), "{:?}", lab.refs());
    assert!(store.list("").unwrap().is_empty());
    assert_eq!(store.describe(), lab.url);
    let mode = fs::metadata(lab.copies("desktop")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_server_that_takes_no_other_refs_is_told_at_init_with_what_to_do() {
    let lab = Lab::new();
    lab.init().unwrap();
    let hook = lab.remote().join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho heads and tags only >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    denied(lab.init(), &["heads and tags only", "hook declined", "private repository", "a folder"]);
    let put = lab.open("laptop").put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"x"));
    assert!(matches!(put, Err(StoreError::Denied(_))), "{put:?}");

    fs::remove_file(&hook).unwrap();
    lab.git(&lab.remote(), &["config", "receive.hideRefs", "refs/convosync"]);
    denied(lab.init(), &["hidden ref", "private repository"]);
    lab.git(&lab.remote(), &["config", "--unset", "receive.hideRefs"]);
    lab.git(&lab.remote(), &["config", "uploadpack.hideRefs", "refs/convosync"]);
    denied(lab.init(), &["does not show", "private repository"]);
    lab.git(&lab.remote(), &["config", "--unset", "uploadpack.hideRefs"]);
    lab.init().unwrap();
}

#[test]
fn a_server_that_wants_to_know_who_asks_denies_and_one_that_is_down_is_unreachable() {
    let mut lab = Lab::new();
    for status in ["401 Unauthorized", "403 Forbidden", "404 Not Found"] {
        let server = Server::start(lab.folder.path(), Some(status));
        lab.url = server.url("store.git");
        denied(lab.init(), &[]);
        let list = lab.open("laptop").list("");
        assert!(matches!(list, Err(StoreError::Denied(_))), "{status}: {list:?}");
    }
    // Its server is gone, and nobody else has the port.
    let list = lab.open("laptop").list("");
    assert!(matches!(list, Err(StoreError::Unreachable(_))), "{list:?}");
    let server = Server::start(lab.folder.path(), Some("503 Service Unavailable"));
    lab.url = server.url("store.git");
    let list = lab.open("laptop").list("");
    assert!(matches!(list, Err(StoreError::Unreachable(_))), "{list:?}");
}

#[test]
fn a_server_that_never_answers_can_be_left() {
    let mut lab = Lab::new();
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    lab.url = format!("git+http://{}/store.git", silent.local_addr().unwrap());
    let cancel = Cancel::new();
    let store = lab.stoppable("laptop", cancel.clone()).open(&lab.url, false).unwrap();
    let (asked, started) = (thread::spawn(move || store.list("")), Instant::now());
    let _connection = silent.accept().unwrap();
    cancel.cancel();
    let list = asked.join().unwrap();
    assert!(matches!(list, Err(StoreError::Unreachable(_))), "{list:?}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn a_repository_with_other_object_ids_is_told_at_init() {
    let lab = Lab::new();
    let args = ["init", "-q", "--bare", "--object-format=sha256", "store.git"];
    lab.git(lab.folder.path(), &args);
    denied(lab.init(), &["hash algorithm", "private repository"]);
}

#[test]
fn a_repository_that_is_gone_is_no_empty_store() {
    let lab = Lab::new();
    let store = lab.init().unwrap();
    store.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"one")).unwrap();
    fs::remove_dir_all(lab.remote()).unwrap();
    let laptop = lab.open("desktop");
    assert!(matches!(laptop.list(""), Err(StoreError::Unreachable(_))));
    let put = laptop.put_new(&unit("aaaaaaaa", 2, 2), &sealed(b"two"));
    assert!(matches!(put, Err(StoreError::Unreachable(_))), "{put:?}");
    assert!(!lab.remote().exists());
}

#[test]
fn the_users_hooks_and_settings_have_no_say() {
    let lab = Lab::new();
    lab.init().unwrap();
    let hooks = lab.path("hooks");
    fs::create_dir(&hooks).unwrap();
    for name in ["pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"] {
        let hook = hooks.join(name);
        fs::write(&hook, format!("#!/bin/sh\necho {name} >> {}/ran\nexit 1\n", hooks.display()))
            .unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let config = format!(
        "[core]\n\thooksPath = {}\n[push]\n\tfollowTags = true\n\tgpgSign = true\n\
         \tpushOption = ci.skip\n\tnegotiate = true\n[fetch]\n\tprune = false\n[protocol]\n\tversion = 0\n\
         [safe]\n\tbareRepository = explicit\n[commit]\n\tgpgSign = true\n\
         [init]\n\tdefaultObjectFormat = sha256\n[tag]\n\tgpgSign = true\n",
        hooks.display()
    );
    fs::create_dir_all(lab.path("laptop")).unwrap();
    fs::write(lab.path("laptop/.gitconfig"), config).unwrap();
    let store = lab.opener("laptop").open(&lab.url, true).unwrap();
    store.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"one")).unwrap();
    assert_eq!(store.list("").unwrap().len(), 1);
    store.delete(&unit("aaaaaaaa", 1, 1)).unwrap();
    assert!(!hooks.join("ran").exists(), "{:?}", fs::read_to_string(hooks.join("ran")));
}

#[test]
fn a_plain_clone_does_not_fetch_the_store() {
    let lab = Lab::new();
    let store = lab.init().unwrap();
    store.put_new(&unit("aaaaaaaa", 1, 1), &sealed(&[7; 500_000])).unwrap();
    let url = format!("file://{}", lab.remote().display());
    lab.git(lab.folder.path(), &["clone", "-q", &url, "clone"]);
    let clone = lab.path("clone");
    let refs = lab.git(&clone, &["for-each-ref"]);
    assert!(!refs.contains("convosync"), "{refs}");
    let objects = lab.git(&clone, &["count-objects", "-v"]);
    assert!(objects.contains("count: 0\n") && objects.contains("in-pack: 0\n"), "{objects}");
}

#[test]
fn a_store_learns_no_name_no_time_and_no_address() {
    let lab = Lab::new();
    let store = lab.init().unwrap();
    store.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"one")).unwrap();
    let commit = lab.git(&lab.remote(), &["cat-file", "-p", "refs/convosync/s/session-aaaaaaaa"]);
    let who = "ConvoSync <convosync@localhost> 0 +0000";
    let mut lines = commit.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("tree ")));
    assert_eq!(lines.next(), Some(format!("author {who}").as_str()));
    assert_eq!(lines.next(), Some(format!("committer {who}").as_str()));
    assert_eq!(lines.next(), None, "no parent, no message");
}

#[test]
fn a_password_in_a_url_is_refused_and_never_repeated() {
    let lab = Lab::new();
    let url = "git+https://sam:hunter2@host/store";
    for error in [
        lab.opener("desktop").normalise(url).map(|_| ()).unwrap_err(),
        lab.opener("desktop").open(url, true).map(|_| ()).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(matches!(error, StoreError::BadUrl { .. }), "{text}");
        assert!(text.contains("credential helper") && !text.contains("hunter2"), "{text}");
    }
}
