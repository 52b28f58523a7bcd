//! `convosync watch`: one process for the whole machine, alone and for Zellij.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use convosync_tests::{Device, World, text, told, watcher_of};
use serde_json::Value;

/// Longer than anything takes, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(60);

/// A process that is ended, whatever becomes of its test.
struct Running(Child);

impl Running {
    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill runs").success());
    }

    fn end(&mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// What stands for a Zellij server: a process, and a `zellij` that writes down what it is told.
struct FakeZellij {
    server: Running,
    log: PathBuf,
}

impl FakeZellij {
    /// Puts the program before all others of the device.
    fn on(device: &mut Device) -> Self {
        let folder = device.home.join("fake-zellij");
        fs::create_dir_all(&folder).expect("a folder");
        let log = folder.join("log");
        let program = folder.join("zellij");
        let script = format!(
            "#!/bin/sh\nread line\n(echo \"$2 $line\") >> {0}\n\
             (echo \"$@\") >> {0}.args\n",
            log.display()
        );
        fs::write(&program, script).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        let path = std::env::var("PATH").expect("there is a PATH");
        device.more.insert("PATH".into(), format!("{}:{path}", folder.display()));
        Self { server: Self::server(), log }
    }

    fn server() -> Running {
        Running(Command::new("sleep").arg("1000").spawn().expect("it starts"))
    }

    /// What the plugin of a session was told, in order.
    fn told(&self, session: &str) -> Vec<Value> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines = log.lines().filter_map(|line| line.strip_prefix(session)?.strip_prefix(' '));
        lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// How often it was told of news.
    fn news(&self, session: &str) -> usize {
        self.told(session).iter().filter(|push| push["push"] == "news").count()
    }

    /// Waits until it was told something like this.
    #[track_caller]
    fn is_told(&self, session: &str, what: impl Fn(&Value) -> bool) {
        wait_for(&format!("{session} was told {:#?}", self.told(session)), || {
            self.told(session).iter().any(&what)
        });
    }
}

#[track_caller]
fn wait_for(what: &str, is: impl Fn() -> bool) {
    let until = Instant::now() + LIMIT;
    while !is() {
        assert!(Instant::now() < until, "it never was: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts `convosync watch` in a terminal's place, and gives its lines once it has looked.
fn watching(device: &Device) -> (Running, Receiver<Value>) {
    let child = device.command(&["watch", "--json"]).stdout(Stdio::piped()).spawn();
    let mut running = Running(child.expect("it starts"));
    let lines = BufReader::new(running.0.stdout.take().expect("a pipe")).lines();
    let (send, seen) = channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = send.send(serde_json::from_str(&line).expect("JSON"));
        }
    });
    (running, seen)
}

/// Saves until the watcher has told of one: what was saved before its first look is no news.
#[track_caller]
fn until_told(desktop: &Device, seen: &Receiver<Value>) -> Value {
    for number in 0..60 {
        desktop.write("more.txt", &number.to_string());
        desktop.ok(&["save", &format!("Save {number}")]);
        if let Ok(row) = seen.recv_timeout(Duration::from_secs(2)) {
            return row;
        }
    }
    panic!("nothing was told");
}

/// Lets a session be told of news.
fn need(laptop: &Device, session: &str, server: &Running) -> Value {
    let server = server.0.id().to_string();
    laptop.json(&["watch", "--zellij", session, "--server", &server])
}

/// A background watch that is ended, whatever becomes of its test.
struct Background<'a>(&'a Device);

impl Drop for Background<'_> {
    fn drop(&mut self) {
        if let Some(pid) = watcher_of(self.0) {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}

#[test]
fn a_watch_tells_what_others_save_and_not_what_they_save_quietly() {
    let (_world, desktop, laptop) = World::pair();
    let (mut watch, seen) = watching(&laptop);
    let row = until_told(&desktop, &seen);
    assert_eq!(row["device"], "desktop");
    desktop.write("more.txt", "quiet");
    desktop.ok(&["save", "--no-notify", "Quietly"]);
    laptop.write("own.txt", "own");
    laptop.ok(&["save", "Own", "--new"]);
    desktop.write("more.txt", "loud");
    desktop.ok(&["save", "Loudly"]);
    let row = seen.recv_timeout(LIMIT).expect("the loud one is told");
    assert_eq!(row["message"], "Loudly", "neither the quiet one nor an own one");
    watch.signal("-INT");
    assert_eq!(watch.end(), Some(130));
}

#[test]
fn one_process_watches_and_a_second_says_so_and_one_that_was_killed_is_in_nobodys_way() {
    let (_world, desktop, laptop) = World::pair();
    let (mut first, seen) = watching(&laptop);
    until_told(&desktop, &seen);
    let second = laptop.run(&["watch"]);
    assert!(second.status.success(), "{}", told(&second));
    let said = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(said.contains("watched already") && said.contains("list --watch"), "{said}");
    assert_eq!(laptop.json(&["watch"])["watch"], "found");

    first.signal("-KILL");
    first.end();
    let (_third, seen) = watching(&laptop);
    assert_eq!(until_told(&desktop, &seen)["device"], "desktop");
}

#[test]
fn what_waits_is_sent_as_soon_as_the_store_is_back() {
    let (world, desktop, laptop) = World::pair();
    let (_watch, seen) = watching(&laptop);
    until_told(&desktop, &seen);
    let (store, away) = (world.store(), world.path().join("away"));
    fs::rename(&store, &away).expect("the store goes");
    laptop.write("mine.txt", "offline");
    laptop.ok(&["save", "Without a store", "--new"]);
    assert_eq!(laptop.json(&["list", "--offline"])[0]["state"], "queued");
    fs::rename(&away, &store).expect("the store comes back");
    wait_for("the save is in the store", || {
        desktop.ok(&["list", "--all"]).contains("Without a store")
    });
    let row = until_told(&desktop, &seen);
    assert_eq!(row["device"], "desktop", "and the news go on");
}

#[test]
fn zellij_sessions_are_told_by_one_watch_that_ends_with_the_last_of_them() {
    let (_world, desktop, mut laptop) = World::pair();
    let mut zellij = FakeZellij::on(&mut laptop);
    let mut other = FakeZellij::server();
    let _ends = Background(&laptop);
    assert_eq!(need(&laptop, "one", &zellij.server)["watch"], "started");
    zellij.is_told("one", |push| push["data"]["state"] == "well");
    let pid = watcher_of(&laptop).expect("a process watches");
    assert_eq!(need(&laptop, "two", &other)["watch"], "found");
    zellij.is_told("two", |push| push["data"]["state"] == "well");
    assert_eq!(watcher_of(&laptop), Some(pid));
    need(&laptop, "one", &zellij.server);
    wait_for("who asks again is told again", || {
        let well = |push: &&Value| push["data"]["state"] == "well";
        zellij.told("one").iter().filter(well).count() == 2
    });

    desktop.write("more.txt", "news");
    desktop.ok(&["save", "For both"]);
    for session in ["one", "two"] {
        zellij.is_told(session, |push| push["push"] == "news");
        zellij.is_told(session, |push| push["push"] == "changed");
    }

    zellij.server.signal("-KILL");
    zellij.server.end();
    let before = (zellij.news("one"), zellij.news("two"));
    desktop.write("more.txt", "again");
    desktop.ok(&["save", "For the other"]);
    wait_for("the other is told", || zellij.news("two") > before.1);
    assert_eq!((watcher_of(&laptop), zellij.news("one")), (Some(pid), before.0));

    other.signal("-KILL");
    other.end();
    wait_for("the watch has ended", || watcher_of(&laptop).is_none());
    let left = laptop.home.join(".local/state/convosync/watch");
    assert_eq!(fs::read_dir(left).expect("a folder").count(), 0);
}

#[test]
fn a_watch_in_a_terminal_tells_zellij_too_and_another_goes_on_after_it() {
    let (_world, desktop, mut laptop) = World::pair();
    let zellij = FakeZellij::on(&mut laptop);
    let (mut watch, seen) = watching(&laptop);
    until_told(&desktop, &seen);
    let _ends = Background(&laptop);
    assert_eq!(need(&laptop, "mine", &zellij.server)["watch"], "found");
    zellij.is_told("mine", |push| push["data"]["state"] == "well");
    let first = watcher_of(&laptop);
    watch.signal("-INT");
    assert_eq!(watch.end(), Some(130));
    wait_for("another watches", || watcher_of(&laptop).is_some_and(|pid| Some(pid) != first));
    let before = zellij.news("mine");
    wait_for("it is heard of", || {
        desktop.write("more.txt", &format!("{:?}", Instant::now()));
        desktop.ok(&["save", "After it"]);
        zellij.news("mine") > before
    });
}

#[test]
fn another_watch_goes_on_for_zellij_when_nobody_reads_the_first_any_more() {
    let (_world, _desktop, mut laptop) = World::pair();
    let zellij = FakeZellij::on(&mut laptop);
    let child = laptop.command(&["watch", "--json"]).stdout(Stdio::piped()).spawn();
    let mut watch = Running(child.expect("it starts"));
    let first = watch.0.id();
    wait_for("it watches", || watcher_of(&laptop) == Some(first));
    let _ends = Background(&laptop);
    assert_eq!(need(&laptop, "mine", &zellij.server)["watch"], "found");
    drop(watch.0.stdout.take());
    assert_eq!(watch.end(), Some(0));
    wait_for("another watches", || watcher_of(&laptop).is_some_and(|pid| pid != first));
}

#[test]
fn a_plugin_is_told_why_and_everybody_else_in_its_session_only_that() {
    let (world, _desktop, mut laptop) = World::pair();
    let zellij = FakeZellij::on(&mut laptop);
    let other = FakeZellij::server();
    let _ends = Background(&laptop);
    fs::rename(world.store(), world.path().join("away")).expect("the store goes");
    let server = zellij.server.0.id().to_string();
    let address = ["--plugin=file:/p.wasm", "--plugin-configuration=role=daemon"];
    let line = ["watch", "--zellij", "one", "--server", &server, address[0], address[1]];
    laptop.json(&line);
    need(&laptop, "two", &other);
    for session in ["one", "two"] {
        zellij.is_told(session, |push| push["data"]["state"] == "troubled");
    }
    let why = |session: &str| {
        let told = zellij.told(session);
        let push = told.iter().find(|push| push["data"]["state"] == "troubled");
        push.expect("it was told")["data"]["failure"]["message"].clone()
    };
    assert_eq!(why("two"), "the watch can't look for what others save");
    assert_ne!(why("one"), why("two"));
    let calls = fs::read_to_string(zellij.log.with_extension("args")).expect("it was called");
    let addressed = |line: &&str| line.contains(&address.join(" "));
    assert!(
        calls
            .lines()
            .filter(|line| line.starts_with("--session one "))
            .all(|line| addressed(&line))
    );
    assert!(
        !calls
            .lines()
            .filter(|line| line.starts_with("--session two "))
            .any(|line| addressed(&line))
    );
}

#[test]
fn a_watch_that_ends_as_soon_as_it_is_started_is_no_watch() {
    let (_world, _desktop, mut laptop) = World::pair();
    let zellij = FakeZellij::on(&mut laptop);
    let locks = laptop.home.join(".local/state/convosync/locks");
    let _ = fs::remove_dir_all(&locks);
    fs::write(&locks, "no folder").expect("written");
    let server = zellij.server.0.id().to_string();
    let (code, failure) = laptop.fails(&["watch", "--zellij", "one", "--server", &server]);
    assert_eq!((code, &failure["code"]), (1, &"convosync::watch::start".into()));
}

#[test]
fn a_killed_watch_is_started_again_and_knows_whom_it_is_for() {
    let (_world, desktop, mut laptop) = World::pair();
    let zellij = FakeZellij::on(&mut laptop);
    let other = FakeZellij::server();
    let _ends = Background(&laptop);
    need(&laptop, "one", &zellij.server);
    need(&laptop, "two", &other);
    let pid = watcher_of(&laptop).expect("a process watches");
    assert!(
        Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("run").success()
    );
    wait_for("it is dead", || watcher_of(&laptop).is_none());
    assert_eq!(need(&laptop, "one", &zellij.server)["watch"], "started");
    wait_for("both are told", || {
        desktop.write("more.txt", &format!("{:?}", Instant::now()));
        desktop.ok(&["save", "Once more"]);
        zellij.news("one") > 0 && zellij.news("two") > 0
    });
}

#[test]
fn a_watch_that_can_not_look_says_so_to_zellij_and_goes_on_when_it_can() {
    let (world, _desktop, mut laptop) = World::pair();
    let zellij = FakeZellij::on(&mut laptop);
    let _ends = Background(&laptop);
    let (store, away) = (world.store(), world.path().join("away"));
    fs::rename(&store, &away).expect("the store goes");
    need(&laptop, "one", &zellij.server);
    zellij.is_told("one", |push| {
        push["data"]["state"] == "troubled"
            && push["data"]["failure"]["code"] == "convosync::store::unreachable"
    });
    fs::rename(&away, &store).expect("the store comes back");
    zellij.is_told("one", |push| push["data"]["state"] == "well");
    let troubled = |push: &&Value| push["data"]["state"] == "troubled";
    assert_eq!(zellij.told("one").iter().filter(troubled).count(), 1, "it is said once");
}

/// Puts a passphrase on a device's key; the file that holds it.
fn protect(device: &Device) -> String {
    let file = device.home.join("passphrase");
    fs::write(&file, "correct horse\n").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let file = text(&file);
    device.ok(&["key", "protect", "--passphrase", "--new-passphrase-file", &file]);
    file
}

#[test]
fn a_watch_opens_a_locked_key_with_the_file_that_is_named_and_says_so_without_one() {
    let (_world, desktop, mut laptop) = World::pair();
    let file = protect(&laptop);
    let (code, failure) = laptop.fails(&["watch"]);
    assert_eq!((code, &failure["code"]), (1, &"convosync::key-file::locked".into()));
    let zellij = FakeZellij::on(&mut laptop);
    {
        let _ends = Background(&laptop);
        need(&laptop, "one", &zellij.server);
        zellij.is_told("one", |push| {
            push["data"]["failure"]["code"] == "convosync::key-file::locked"
        });
    }
    wait_for("the watch is dead", || watcher_of(&laptop).is_none());
    {
        let _ends = Background(&laptop);
        let server = zellij.server.0.id().to_string();
        let named = ["--passphrase-file", &file, "watch", "--zellij", "one", "--server", &server];
        laptop.json(&named);
        zellij.is_told("one", |push| push["data"]["state"] == "well");
    }
    wait_for("the watch is dead", || watcher_of(&laptop).is_none());
    laptop.more.insert("CONVOSYNC_PASSPHRASE_FILE".into(), file);
    let (_watch, seen) = watching(&laptop);
    assert_eq!(until_told(&desktop, &seen)["device"], "desktop");
}

#[test]
fn a_command_in_zellij_tells_the_plugin_what_it_changed_and_one_that_looks_tells_nothing() {
    let (_world, _desktop, mut laptop) = World::pair();
    let zellij = FakeZellij::on(&mut laptop);
    laptop.more.insert("ZELLIJ_SESSION_NAME".into(), "mine".into());
    laptop.ok(&["list"]);
    laptop.ok(&["status"]);
    assert_eq!(zellij.told("mine"), [Value::Null; 0]);
    laptop.write("own.txt", "own");
    laptop.ok(&["save", "Own"]);
    zellij.is_told("mine", |push| push["push"] == "changed");
}

#[test]
fn a_zellij_that_does_not_run_gets_no_watch() {
    let (_world, _desktop, laptop) = World::pair();
    let (code, failure) = laptop.fails(&["watch", "--zellij", "x", "--server", "4194304"]);
    assert_eq!((code, &failure["code"]), (1, &"convosync::watch::no-server".into()));
    assert_eq!(watcher_of(&laptop), None);
}

#[test]
fn a_watch_sleeps_while_nothing_happens() {
    let (_world, desktop, laptop) = World::pair();
    let (watch, seen) = watching(&laptop);
    until_told(&desktop, &seen);
    let pid = watch.0.id();
    // The looks that follow the last event take as long as the machine lets them. Who asks once a second
    // never has such an interval.
    wait_for("who only waits sleeps for 3 s", || {
        let before = wake_ups(pid);
        std::thread::sleep(Duration::from_secs(3));
        wake_ups(pid) - before <= 2
    });
}

/// How often the threads of a process gave up the processor by themselves.
fn wake_ups(pid: u32) -> u64 {
    let tasks = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"));
    let of = |task: std::io::Result<fs::DirEntry>| -> Option<u64> {
        let status = fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse().ok()
    };
    tasks.expect("it runs").filter_map(of).sum()
}

#[test]
fn nobody_reads_a_watch_any_more_and_it_ends() {
    let (_world, _desktop, laptop) = World::pair();
    let child = laptop.command(&["watch"]).stdout(Stdio::piped()).spawn();
    let mut watch = Running(child.expect("it starts"));
    drop(watch.0.stdout.take());
    assert_eq!(watch.end(), Some(0));
}
