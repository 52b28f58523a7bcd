//! `convosync list --watch` on the command line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use convosync_tests::World;
use serde_json::Value;

/// A watch that is ended, whatever becomes of its test.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[test]
fn each_save_of_another_device_is_a_line_until_it_is_interrupted() {
    let (_world, desktop, laptop) = World::pair();
    desktop.ok(&["save", "Before"]);
    let mut command = laptop.command(&["list", "--watch", "--interval", "1", "--json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut watching = Watching(child);
    let mut lines = BufReader::new(watching.0.stdout.take().expect("a pipe")).lines();

    // What is saved before the first look is no news: save until something is.
    let (send, seen) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in lines.by_ref().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let mut line = None;
    for number in 0..60 {
        desktop.write("more.txt", &number.to_string());
        desktop.ok(&["save", "--no-notify", "Quietly"]);
        desktop.write("more.txt", &format!("{number} again"));
        desktop.ok(&["save", &format!("Save {number}")]);
        line = seen.recv_timeout(std::time::Duration::from_secs(2)).ok();
        if line.is_some() {
            break;
        }
    }
    let row: Value = serde_json::from_str(&line.expect("a save was told")).expect("JSON");
    assert!(row["message"].as_str().is_some_and(|text| text.starts_with("Save ")), "{row}");
    assert_eq!(row["device"], "desktop");
    assert!(row["timestamp"].is_string(), "{row}");

    let pid = watching.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    let ended = watching.0.wait().expect("it ends");
    assert_eq!(ended.code(), Some(130));
    reader.join().expect("its output has ended");
}

#[test]
fn a_watch_can_not_be_limited() {
    let (_world, desktop, _laptop) = World::pair();
    for other in ["--all", "--offline", "--deleted"] {
        assert_eq!(desktop.run(&["list", "--watch", other]).status.code(), Some(2), "{other}");
    }
    assert_eq!(desktop.run(&["list", "--interval", "3"]).status.code(), Some(2));
}
