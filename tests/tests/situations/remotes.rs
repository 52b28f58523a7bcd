//! Which remote, and what it answers.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use convosync_tests::{Device, Screen, World};

use super::{at_work, commit, on_origin, script, text, two_at_work, work};

#[test]
fn without_a_remote_the_way_out_is_named_and_the_commits_travel_sealed() {
    let (world, desktop, laptop) = two_at_work();
    desktop.git(&["remote", "remove", "origin"]);
    let mut screen = Screen::of("no-remote", &world);
    screen.stopped(&desktop, &["save", "one"]);
    screen.done(&desktop, &["save", "--no-push", "one"]);
    let session = desktop.json(&["list"])[0]["session_id"].as_str().expect("an id").to_owned();
    screen.done(&laptop, &["resume", &session]);
    screen.matches();
    assert_eq!(laptop.head(), desktop.head());
}

/// A bare repository beside the origin, as a remote of the device.
fn second(world: &World, device: &Device, name: &str) {
    let place = text(&world.path().join(format!("{name}.git")));
    device.git_in(world.path(), &["clone", "-q", "--bare", &text(&world.origin()), &place]);
    device.git(&["remote", "add", name, &place]);
}

#[test]
fn of_several_remotes_the_one_is_taken_that_git_would_push_to_or_that_is_set() {
    let (world, desktop) = at_work();
    for name in ["fork", "backup", "review"] {
        second(&world, &desktop, name);
    }
    let mut screen = Screen::of("several-remotes", &world);
    let tell = |screen: &mut Screen, setting: &[&str]| {
        if !setting.is_empty() {
            screen.then(&format!("git config {}", setting.join(" ")));
            desktop.git(&[&["config"], setting].concat());
        }
        screen.done(&desktop, &["save", "--dry-run", "one"]);
    };
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    tell(&mut screen, &[]);
    tell(&mut screen, &["remote.pushDefault", "fork"]);
    tell(&mut screen, &["branch.feature/x.pushRemote", "review"]);
    tell(&mut screen, &["convosync.remote", "backup"]);
    screen.done(&desktop, &["save", "one"]);
    let at = |name: &str| {
        let place = world.path().join(format!("{name}.git"));
        desktop.git_in(&place, &["for-each-ref", "--format=%(objectname)", "refs/heads/feature/x"])
    };
    assert_eq!((at("backup"), at("fork"), at("review")), (desktop.head(), "".into(), "".into()));
    assert_eq!(on_origin(&world, &desktop, "feature/x"), "");

    // What is set and not there is no reason to publish it elsewhere.
    desktop.git(&["config", "convosync.remote", "gone"]);
    work(&desktop, "app.js", "two\n");
    screen.then("git config convosync.remote gone");
    screen.stopped(&desktop, &["save", "two"]);
    screen.matches();
}

#[test]
fn a_clone_that_knows_the_remote_by_another_name_brings_the_session_back() {
    let (world, desktop, laptop) = two_at_work();
    second(&world, &desktop, "fork");
    desktop.git(&["config", "remote.pushDefault", "fork"]);
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    desktop.ok(&["save", "one"]);
    // The save is called after the fork; here that is one remote of two.
    laptop.git(&["remote", "add", "mine", &text(&world.path().join("fork.git"))]);
    let here = laptop.json(&["list", "--repo", "."]);
    assert_eq!(here.as_array().map(Vec::len), Some(1), "one of the repository here: {here}");
    let mut screen = Screen::of("remote-of-another-name", &world);
    screen.done(&laptop, &["resume", "--switch-branch"]);
    screen.matches();
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn a_branch_without_an_upstream_gets_the_one_of_its_name() {
    let (world, desktop) = at_work();
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    let mut screen = Screen::of("no-upstream", &world);
    screen.done(&desktop, &["save", "one"]);
    screen.matches();
    assert_eq!(desktop.git(&["rev-parse", "--abbrev-ref", "@{u}"]), "origin/feature/x");
}

#[test]
fn a_remote_that_does_not_answer_stops_no_save_and_no_resume() {
    let (world, desktop, laptop) = two_at_work();
    let away = world.path().join("away.git");
    fs::rename(world.origin(), &away).expect("moved");
    let mut screen = Screen::of("unreachable", &world);
    screen.done(&desktop, &["save", "one"]);
    screen.done(&laptop, &["resume"]);
    assert_eq!(laptop.head(), desktop.head(), "the commits travelled sealed");
    fs::rename(away, world.origin()).expect("moved");
    screen.then("the remote is back");
    screen.done(&desktop, &["sync", "--retry"]);
    screen.matches();
    assert_eq!(on_origin(&world, &desktop, "main"), desktop.head());
}

/// A server that asks every caller for a password.
fn asking() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
                Content-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn a_remote_that_wants_a_password_asks_nobody_and_the_save_is_kept() {
    let (world, mut desktop) = at_work();
    let asked = desktop.home.join("asked");
    let ask = desktop.home.join("ask");
    script(&ask, &format!("touch '{}'; sleep 600", asked.display()));
    for name in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        desktop.more.insert(name.to_owned(), text(&ask));
    }
    desktop.more.insert("DISPLAY".to_owned(), ":0".to_owned());
    desktop.git(&["config", "core.askPass", &text(&ask)]);
    let mut screen = Screen::of("password", &world);
    let url = format!("http://127.0.0.1:{}/p.git", asking());
    desktop.git(&["remote", "set-url", "origin", &url]);
    screen.done(&desktop, &["save", "over https"]);

    // An ssh that would ask: it is told not to.
    let bin = desktop.home.join("bin");
    let refuse = "case \"$*\" in *BatchMode=yes*) \
        echo 'me@host: Permission denied (publickey,password).' >&2; exit 255;; esac; sleep 600";
    script(&bin.join("ssh"), refuse);
    let path = format!("{}:{}", bin.display(), desktop.env()["PATH"]);
    desktop.more.insert("PATH".to_owned(), path);
    desktop.git(&["remote", "set-url", "origin", "ssh://me@host.example/p.git"]);
    work(&desktop, "app.js", "two\n");
    screen.done(&desktop, &["save", "over ssh"]);
    screen.matches();
    assert!(!asked.exists(), "nobody was asked");
}

#[test]
fn the_default_branch_was_renamed_and_the_session_is_on_the_new_name() {
    let (world, desktop, laptop) = two_at_work();
    desktop.git(&["branch", "-q", "-m", "main", "trunk"]);
    desktop.git(&["push", "-q", "-u", "origin", "trunk"]);
    desktop.git_in(&world.origin(), &["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    desktop.git(&["push", "-q", "origin", "--delete", "main"]);
    let mut screen = Screen::of("renamed-default-branch", &world);
    screen.done(&desktop, &["save", "one"]);
    screen.stopped(&laptop, &["resume"]);
    screen.done(&laptop, &["resume", "--switch-branch"]);
    screen.matches();
    assert_eq!(laptop.git(&["rev-parse", "--abbrev-ref", "@{u}"]), "origin/trunk");
    assert_eq!(laptop.git(&["branch", "--format=%(refname:short)"]), "main\ntrunk");
}

#[test]
fn a_branch_that_is_gone_on_the_remote_is_pushed_and_brought_back_anew() {
    let (world, desktop, laptop) = two_at_work();
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    desktop.ok(&["save", "one"]);
    laptop.ok(&["resume", "--switch-branch"]);
    desktop.git_in(&world.origin(), &["branch", "-q", "-D", "feature/x"]);
    let mut screen = Screen::of("deleted-on-the-remote", &world);
    laptop.git(&["switch", "-q", "main"]);
    laptop.git(&["branch", "-q", "-D", "feature/x"]);
    screen.then("the branch is deleted on the remote, and on the laptop");
    screen.done(&laptop, &["resume", "--switch-branch"]);
    assert_eq!(laptop.head(), desktop.head());
    commit(&desktop, "more.js", "more\n");
    screen.done(&desktop, &["save", "two"]);
    screen.matches();
    assert_eq!(on_origin(&world, &desktop, "feature/x"), desktop.head());
}
