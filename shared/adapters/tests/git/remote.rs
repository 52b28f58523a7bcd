use std::fs;
use std::net::TcpListener;

use convosync_engine::ports::{Git, GitError, Push};

use crate::lab::{Lab, hook, read, script, write};

#[test]
fn a_push_reaches_the_branch_and_sets_its_upstream() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    lab.run(&dir, &["switch", "-q", "-c", "feature/x"]);
    let tip = lab.commit(&dir, "b", "x");
    let repo = lab.at(&dir);
    let push = |track| lab.git.push(&repo, "origin", "feature/x", &tip, track).expect("a push");
    assert_eq!(push(false), Push::Done);
    assert_eq!(lab.facts(&dir).upstream, None);
    assert_eq!(lab.count(|| assert_eq!(push(true), Push::Done)).0, 2);
    let facts = lab.facts(&dir);
    assert_eq!(facts.upstream.map(|u| u.branch).as_deref(), Some("feature/x"));
    assert_eq!((facts.ahead, facts.behind), (0, 0));
    assert_eq!(lab.oid(&lab.path("p-origin.git"), "refs/heads/feature/x"), tip);
    assert_eq!(lab.count(|| push(false)).0, 1);
    assert!(lab.git.tracked(&repo, "origin", &tip).expect("asked"));
}

#[test]
fn an_upstream_is_set_where_its_ref_is_not_tracked() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    lab.run(&dir, &["config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main"]);
    lab.run(&dir, &["switch", "-q", "-c", "x"]);
    let tip = lab.head(&dir);
    lab.git.push(&lab.at(&dir), "origin", "x", &tip, true).expect("a push");
    assert_eq!(lab.facts(&dir).upstream.map(|u| u.branch).as_deref(), Some("x"));
}

#[test]
fn a_push_is_never_forced() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let base = lab.head(&dir);
    let theirs = lab.commit(&dir, "b", "x");
    lab.run(&dir, &["push", "-q"]);
    lab.run(&dir, &["config", "remote.origin.push", "+refs/heads/*:refs/heads/*"]);
    lab.run(&dir, &["reset", "-q", "--hard", base.as_str()]);
    let ours = lab.commit(&dir, "c", "x");
    let pushed = lab.git.push(&lab.at(&dir), "origin", "main", &ours, false).expect("asked");
    let want =
        Push::Rejected { reason: "main -> main (non-fast-forward)".to_owned(), behind: true };
    assert_eq!(pushed, want);
    assert_eq!(lab.oid(&lab.path("p-origin.git"), "main"), theirs);
    let stranger = lab.cloned(&dir, "q");
    lab.run(&stranger, &["reset", "-q", "--hard", base.as_str()]);
    lab.run(&stranger, &["update-ref", "-d", "refs/remotes/origin/main"]);
    let more = lab.commit(&stranger, "d", "x");
    let pushed = lab.git.push(&lab.at(&stranger), "origin", "main", &more, false).expect("asked");
    assert!(matches!(pushed, Push::Rejected { behind: true, .. }), "{pushed:?}");
}

#[test]
fn hooks_on_either_side_are_told_apart() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let tip = lab.commit(&dir, "b", "x");
    let repo = lab.at(&dir);
    hook(&dir, "pre-push", "echo to out; echo not today >&2; exit 1");
    let refused = lab.git.push(&repo, "origin", "main", &tip, false);
    let Err(GitError::Hook { hook: name, output }) = refused else { panic!("{refused:?}") };
    assert!(name == "pre-push" && output.contains("not today"), "{output}");
    fs::remove_file(dir.join(".git/hooks/pre-push")).expect("removed");
    let origin = lab.path("p-origin.git");
    script(&origin.join("hooks/pre-receive"), "echo no secrets; exit 1");
    let Push::Rejected { reason, behind } =
        lab.git.push(&repo, "origin", "main", &tip, false).expect("asked")
    else {
        panic!("not rejected");
    };
    assert_eq!(reason, "main -> main (pre-receive hook declined)\nremote: no secrets");
    assert!(!behind);
}

#[test]
fn a_remote_that_is_not_there_is_unreachable() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let repo = lab.at(&dir);
    let head = lab.head(&dir);
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port() // closed again: nobody listens
    };
    let gone = lab.path("gone.git").display().to_string();
    for url in [gone, format!("http://127.0.0.1:{port}/x"), format!("ssh://127.0.0.1:{port}/x")] {
        lab.run(&dir, &["config", "remote.origin.url", &url]);
        let pushed = lab.git.push(&repo, "origin", "main", &head, false);
        assert!(matches!(pushed, Err(GitError::Unreachable(_))), "{url}: {pushed:?}");
        let fetched = lab.git.fetch(&repo, "origin", "main");
        assert!(matches!(fetched, Err(GitError::Unreachable(_))), "{url}: {fetched:?}");
        let asked = lab.git.advertised(&repo, "origin");
        assert!(matches!(asked, Err(GitError::Unreachable(_))), "{url}: {asked:?}");
        let cloned = lab.git.clone(&url, &lab.path("copy"));
        assert!(matches!(cloned, Err(GitError::Unreachable(_))), "{url}: {cloned:?}");
        assert!(!lab.path("copy").exists());
    }
}

#[test]
fn a_remote_that_wants_a_password_is_told_at_once() {
    use std::io::{BufRead, BufReader, Write};
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let lines = BufReader::new(&stream).lines().map_while(Result::ok);
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
            Content-Length: 0\r\nConnection: close\r\n\r\n";
        (&stream).write_all(answer.as_bytes()).expect("answered");
    });
    lab.run(&dir, &["config", "remote.origin.url", &format!("http://127.0.0.1:{port}/x")]);
    let touched = lab.path("asked");
    script(&lab.path("bin/ask"), &format!("touch {}; sleep 60", touched.display()));
    let ask = lab.path("bin/ask").display().to_string();
    lab.run(&dir, &["config", "core.askPass", &ask]);
    let git = lab.git_with(&[("SSH_ASKPASS", &ask), ("GIT_ASKPASS", &ask), ("DISPLAY", ":0")]);
    let fetched = git.fetch(&lab.at(&dir), "origin", "main");
    assert!(matches!(fetched, Err(GitError::Credentials(_))), "{fetched:?}");
    assert!(!touched.exists(), "nobody was asked");
    server.join().expect("the server ended");
}

#[test]
fn ssh_is_told_not_to_ask_unless_the_user_chose_theirs() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    lab.run(&dir, &["config", "remote.origin.url", "ssh://host/x"]);
    let seen = lab.path("seen");
    let record = |name: &str| {
        let text =
            format!("echo {name} \"$@\" $SSH_ASKPASS_REQUIRE >'{}'; exit 255", seen.display());
        script(&lab.path(&format!("bin/{name}")), &text);
    };
    record("ssh");
    record("mine");
    let repo = lab.at(&dir);
    let fetch = |git: &convosync_adapters::GitCli| {
        let _ = git.fetch(&repo, "origin", "main");
        fs::read_to_string(&seen).expect("ssh was started")
    };
    let said = fetch(&lab.git);
    assert!(said.starts_with("ssh ") && said.contains("BatchMode=yes"), "{said}");
    let said = fetch(&lab.git_with(&[("GIT_SSH_COMMAND", "mine")]));
    assert!(said.starts_with("mine ") && !said.contains("BatchMode"), "{said}");
    assert!(said.contains("force"), "{said}");
    lab.run(&dir, &["config", "core.sshCommand", "mine"]);
    let said = fetch(&lab.git_with(&[]));
    assert!(said.starts_with("mine "), "{said}");
}

#[test]
fn a_fetch_brings_the_branch_and_leaves_the_rest() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let other = lab.cloned(&dir, "q");
    let tip = lab.commit(&dir, "b", "x");
    lab.run(&dir, &["push", "-q", "origin", "main", "main:refs/heads/x"]);
    lab.run(&other, &["config", "fetch.prune", "true"]);
    lab.run(
        &other,
        &["config", "remote.origin.fetch", "+refs/heads/none:refs/remotes/origin/none"],
    );
    let repo = lab.at(&other);
    let local = lab.head(&other);
    assert_eq!(lab.count(|| lab.git.fetch(&repo, "origin", "main").expect("fetched")).0, 1);
    assert_eq!(lab.oid(&other, "refs/remotes/origin/main"), tip);
    assert_eq!(lab.head(&other), local);
    assert!(!other.join(".git/FETCH_HEAD").exists());
    lab.git.fetch(&repo, "origin", "nowhere").expect("a branch that is not there is no error");
    lab.git.fetch_all(&repo, "origin").expect("every branch");
    assert_eq!(lab.oid(&other, "refs/remotes/origin/x"), tip);
    for (remote, branch) in [("--upload-pack=x", "main"), ("origin", "-x"), ("ext::sh", "main")] {
        assert!(lab.git.fetch(&repo, remote, branch).is_err(), "{remote} {branch}");
    }
}

#[test]
fn a_commit_is_fetched_by_its_id_and_kept() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let other = lab.cloned(&dir, "q");
    let tip = lab.commit(&dir, "b", "x");
    lab.run(&dir, &["push", "-q", "origin", "main:refs/pull/1/head"]);
    let repo = lab.at(&other);
    lab.git.fetch_commit(&repo, "origin", &tip).expect("fetched");
    assert_eq!(lab.oid(&other, &format!("refs/convosync/in/{tip}")), tip);
    assert!(lab.git.has_commit(&repo, &tip).expect("asked"));
    let absent = "1".repeat(40).parse().expect("an id");
    lab.git.fetch_commit(&repo, "origin", &absent).expect("a commit that is not there is no error");
    // A server that gives none by its id.
    let unpushed = lab.commit(&dir, "c", "x");
    lab.run(&other, &["config", "protocol.version", "0"]);
    lab.git.fetch_commit(&repo, "origin", &unpushed).expect("nor one that is not given");
    assert!(!lab.git.has_commit(&repo, &unpushed).expect("asked"));
}

#[test]
fn a_remote_tells_its_commits_and_its_default_branch() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let first = lab.head(&dir);
    let second = lab.commit(&dir, "b", "x");
    lab.run(&dir, &["tag", "-a", "v1", "-m", "v1", second.as_str()]);
    lab.run(&dir, &["push", "-q", "origin", "v1", "main:refs/pull/1/head"]);
    let repo = lab.at(&dir);
    let asked = lab.git.advertised(&repo, "origin").expect("asked");
    assert!(asked.oids.contains(&first) && asked.oids.contains(&second), "{asked:?}");
    assert_eq!(asked.default_branch.as_deref(), Some("main"));
    let empty = lab.path("empty.git");
    lab.run(&dir, &["init", "-q", "--bare", &empty.display().to_string()]);
    lab.run(&dir, &["remote", "add", "none", &empty.display().to_string()]);
    let asked = lab.git.advertised(&repo, "none").expect("asked");
    assert_eq!(asked.oids, []);
}

#[test]
fn a_clone_is_made_and_runs_nothing() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let origin = lab.path("p-origin.git").display().to_string();
    let copy = lab.path("new/copy");
    lab.git.clone(&origin, &copy).expect("cloned");
    assert_eq!((read(&copy, "a").as_str(), lab.head(&copy)), ("one\n", lab.head(&dir)));
    write(&dir, "full/x", "x");
    assert!(lab.git.clone(&origin, &dir.join("full")).is_err(), "it is not empty");
    lab.run(&dir, &["config", "--global", "protocol.ext.allow", "always"]);
    let touched = lab.path("touched");
    for evil in [
        format!("ext::sh -c touch% {}", touched.display()),
        format!("--upload-pack=touch {};", touched.display()),
        "fd::7".to_owned(),
        String::new(),
        "a\nb".to_owned(),
    ] {
        assert!(lab.git.clone(&evil, &lab.path("evil")).is_err(), "{evil}");
    }
    assert!(!touched.exists() && !lab.path("evil").exists());
}
