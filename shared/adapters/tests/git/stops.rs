//! Locks, time limits, cancels and gits that outlive us.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use convosync_adapters::GitLimits;
use convosync_engine::ports::{Git, GitError, Push, Underway};

use crate::lab::{Lab, hook, script, write};

/// Processes whose command line names this folder, after a moment in which a killed one may go.
fn left_behind(folder: &Path) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let left = running(folder);
        if left.is_empty() || Instant::now() > until {
            return left;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn running(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&folder))
        .collect()
}

fn short() -> GitLimits {
    let second = Duration::from_secs(1);
    GitLimits { read: second * 20, network: second, hooks: second, lock: second * 5 }
}

#[test]
fn a_lock_is_waited_for_then_named_and_never_removed() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    write(&dir, "b", "x");
    let repo = lab.at(&dir);
    let lock = dir.join(".git/index.lock");
    fs::write(&lock, "").expect("a lock");
    let before = Instant::now();
    for done in [
        lab.git.commit_all(&repo, "m", &[]).map(drop),
        lab.git.park(&repo, "x", "m", &[]).map(drop),
        lab.git.switch(&repo, "new", &lab.head(&dir)),
    ] {
        let Err(GitError::Locked { path }) = done else { panic!("{done:?}") };
        assert_eq!(path, lock.display().to_string());
    }
    assert!(before.elapsed() >= Duration::from_millis(900));
    assert!(lock.exists());
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(120));
            fs::remove_file(&lock).expect("its git has ended");
        });
        assert!(lab.git.commit_all(&repo, "m", &[]).expect("a commit").made);
    });
}

#[test]
fn a_git_that_outlives_a_killed_helper_is_waited_for() {
    let lab = Lab::with_limits(GitLimits { lock: Duration::from_secs(20), ..GitLimits::default() });
    let dir = lab.repo("p");
    let repo = lab.at(&dir);
    let (begun, go) = (lab.path("begun"), lab.path("go"));
    let text = format!(
        "test -e '{go}' && exit 0; touch '{begun}'; until test -e '{go}'; do sleep 0.02; done",
        begun = begun.display(),
        go = go.display(),
    );
    hook(&dir, "pre-commit", &text);
    write(&dir, "b", "x");
    // The orphan: a commit of everything that holds the index while its hook runs.
    lab.run(&dir, &["add", "-A"]);
    let mut orphan =
        lab.command(&dir, &["commit", "-q", "-a", "-m", "orphan"]).spawn().expect("git");
    while !begun.exists() {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(dir.join(".git/index.lock").exists(), "it is locked");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(150));
            fs::write(&go, "").expect("a file");
        });
        let done = lab.git.commit_all(&repo, "m", &[]).expect("after the other");
        assert!(!done.made, "the orphan made the commit");
        assert_eq!(done.commit, lab.head(&dir));
    });
    orphan.wait().expect("it ended");
    assert_eq!(lab.facts(&dir).subject.as_deref(), Some("orphan"));
}

#[test]
fn a_hook_that_hangs_is_stopped_and_the_index_put_back() {
    let lab = Lab::with_limits(short());
    let dir = lab.repo("p");
    let sleeper = lab.path("bin/sleeper");
    script(&sleeper, "sleep 60");
    hook(&dir, "pre-commit", &format!("'{}' & wait", sleeper.display()));
    write(&dir, "b", "x");
    let before = lab.state(&dir);
    let failed = lab.git.commit_all(&lab.at(&dir), "m", &[]);
    assert!(
        matches!(&failed, Err(GitError::Timeout { what, seconds: 1 }) if what == "commit"),
        "{failed:?}"
    );
    assert_eq!(lab.state(&dir), before);
    assert!(!dir.join(".git/index.lock").exists());
    assert_eq!(left_behind(&lab.path("")), [""; 0]);
}

#[test]
fn a_remote_that_hangs_leaves_no_process() {
    let lab = Lab::with_limits(short());
    let dir = lab.pushed("p");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port"); // accepts and never answers
    let port = listener.local_addr().expect("an address").port();
    script(
        &lab.path("bin/ssh"),
        &format!("trap '' TERM; sleep 60; : '{}'", lab.path("").display()),
    );
    let repo = lab.at(&dir);
    for url in [format!("http://127.0.0.1:{port}/x"), "ssh://host/x".to_owned()] {
        lab.run(&dir, &["config", "remote.origin.url", &url]);
        let before = Instant::now();
        let fetched = lab.git.fetch(&repo, "origin", "main");
        assert!(matches!(fetched, Err(GitError::Timeout { .. })), "{url}: {fetched:?}");
        assert!(before.elapsed() < Duration::from_secs(10));
        assert_eq!(left_behind(&lab.path("")), [""; 0], "{url}");
    }
}

#[test]
fn a_cancel_stops_at_once() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    hook(&dir, "pre-commit", "sleep 60");
    write(&dir, "b", "x");
    let repo = lab.at(&dir);
    let before = lab.state(&dir);
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            lab.cancel.cancel();
        });
        let done = lab.git.commit_all(&repo, "m", &[]);
        assert!(matches!(done, Err(GitError::Cancelled)), "{done:?}");
    });
    assert!(started.elapsed() < Duration::from_secs(8));
    assert_eq!(lab.state(&dir), before, "the index was put back");
    assert!(matches!(lab.git.facts(&dir, &[]), Err(GitError::Cancelled)));
}

#[test]
fn a_cancelled_merge_is_aborted() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    let theirs = lab.commit(&dir, "b", "x");
    lab.run(&dir, &["switch", "-q", "main"]);
    lab.commit(&dir, "c", "x");
    hook(&dir, "commit-msg", "sleep 60");
    let repo = lab.at(&dir);
    let before = lab.state(&dir);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            lab.cancel.cancel();
        });
        assert!(matches!(lab.git.merge(&repo, &theirs), Err(GitError::Cancelled)));
    });
    assert_eq!(lab.state(&dir), before);
}

#[test]
fn what_a_hook_leaves_running_is_not_waited_for() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let alive = lab.path("alive");
    fs::write(&alive, "").expect("a file");
    // It holds the pipes open until its file is gone.
    hook(
        &dir,
        "post-commit",
        &format!("while test -e '{}'; do sleep 0.1; done &", alive.display()),
    );
    write(&dir, "b", "x");
    assert!(lab.git.commit_all(&lab.at(&dir), "m", &[]).expect("a commit").made);
    fs::remove_file(alive).expect("the hook's process ends");
}

#[test]
fn a_flood_of_errors_is_bounded() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    hook(&dir, "pre-commit", "yes 'no no no' | head -c 3000000 >&2; echo last >&2; exit 1");
    write(&dir, "b", "x");
    let refused = lab.git.commit_all(&lab.at(&dir), "m", &[]);
    let Err(GitError::Hook { output, .. }) = refused else { panic!("{refused:?}") };
    assert!(output.len() < 10_000);
}

#[test]
fn a_push_and_a_fetch_go_on_while_nobody_waits_for_them() {
    let lab = Lab::new();
    let (dir, origin) = (lab.pushed("p"), lab.path("p-origin.git"));
    let other = lab.cloned(&dir, "q");
    let tip = lab.commit(&dir, "b", "x");
    let repo = lab.at(&dir);
    let pushing = lab.git.start_push(&repo, "origin", "main", &tip, false).expect("a push");
    until(|| lab.oid(&origin, "main") == tip);
    assert_eq!(pushing.finish().expect("its end"), Push::Done);
    let there = lab.at(&other);
    let fetching = lab.git.start_fetch(&there, "origin", "main").expect("a fetch");
    until(|| lab.oid(&other, "refs/remotes/origin/main") == tip);
    fetching.finish().expect("its end");
    assert!(lab.git.tracked(&there, "origin", &tip).expect("asked"));
}

#[test]
fn a_push_that_is_given_up_is_stopped_with_its_hook() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let before = lab.head(&dir);
    let pushing = hanging(&lab, &dir);
    drop(pushing);
    assert_eq!(left_behind(&lab.path("")), [""; 0]);
    assert_eq!(lab.oid(&lab.path("p-origin.git"), "main"), before);
}

#[test]
fn a_cancel_stops_a_push_that_nobody_waits_for_yet() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let pushing = hanging(&lab, &dir);
    lab.cancel.cancel();
    assert_eq!(left_behind(&lab.path("")), [""; 0]);
    assert!(matches!(pushing.finish(), Err(GitError::Cancelled)));
}

/// A push of a new commit whose hook has begun, and does not end.
fn hanging<'a>(lab: &'a Lab, dir: &Path) -> Box<dyn Underway<Push> + 'a> {
    let tip = lab.commit(dir, "b", "x");
    let (sleeper, begun) = (lab.path("bin/sleeper"), lab.path("begun"));
    script(&sleeper, "sleep 60");
    let text = format!("touch '{}'; '{}' & wait", begun.display(), sleeper.display());
    hook(dir, "pre-push", &text);
    let pushing = lab.git.start_push(&lab.at(dir), "origin", "main", &tip, false).expect("a push");
    until(|| begun.exists());
    pushing
}

fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "it never came");
        thread::sleep(Duration::from_millis(5));
    }
}
