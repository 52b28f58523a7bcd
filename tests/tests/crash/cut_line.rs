//! A network that is cut after any number of bytes: of a push, of what goes into a git store, of what
//! comes from there. What was saved waits here, and the same command ends the work over a whole line.

#[path = "../../../shared/adapters/tests/git_store/http.rs"]
#[expect(dead_code, reason = "the adapters' own tests use the rest of it")]
mod http;

use std::fs;

use convosync_tests::{Device, Line, World};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::scene::{ID, has_one_head, is_saved, work};

/// Where the line is cut: these parts of what a command carries.
const PARTS: [u64; 6] = [0, 10, 30, 50, 75, 97];

/// Both devices push and pull, and have their store, over a line to a web server of git.
struct Net {
    world: World,
    desktop: Device,
    laptop: Device,
    line: Line,
    _server: http::Server,
}

impl Net {
    fn new() -> Self {
        let (world, desktop, laptop) = World::pair();
        let git = |folder: &str, args: &[&str]| {
            let folder = world.path().join(folder);
            desktop
                .git_in(world.path(), &["init", "-q", "--bare", folder.to_str().expect("plain")]);
            desktop.git_in(&folder, args);
        };
        for key in ["uploadpack.allowFilter", "http.receivepack"] {
            git("net.git", &["config", key, "true"]);
        }
        desktop.git_in(&world.origin(), &["config", "http.receivepack", "true"]);
        let server = http::Server::start(world.path(), None);
        let address = server.url("");
        let port = address.trim_end_matches('/').rsplit(':').next().expect("a port");
        let port = port.parse().expect("a number");
        let line = Line::to(port);
        let store = format!("git+http://127.0.0.1:{}/net.git", line.port());
        desktop.ok(&["store", "move", &store]);
        laptop.ok(&["sync"]);
        let origin = format!("http://127.0.0.1:{}/origin.git", line.port());
        for device in [&desktop, &laptop] {
            device.git(&["remote", "set-url", "origin", &origin]);
        }
        Self { world, desktop, laptop, line, _server: server }
    }
}

/// Work whose code and conversation no compressor makes small.
fn much_work(device: &Device, step: usize) {
    work(device, step);
    device.write("noise", &noise(step));
    let transcript = device.transcript(ID);
    let said = fs::read_to_string(&transcript).expect("a transcript");
    let at = said.rfind("Answer ").expect("somebody answered");
    fs::write(transcript, format!("{}{} {}", &said[..at], noise(step + 1000), &said[at..]))
        .expect("a transcript");
}

fn noise(step: usize) -> String {
    (0..600).map(|line| BASE64.encode(&Sha256::digest(format!("{step} {line}")))).collect()
}

#[test]
fn a_push_that_is_cut_anywhere_leaves_a_save_that_is_sent_over_a_whole_line() {
    let net = Net::new();
    let line = &net.line;
    for step in 0..2 {
        much_work(&net.desktop, step);
        let _ = line.carried();
        net.desktop.ok(&["save", &format!("step {step}")]);
    }
    let all = line.carried();
    let mut waited = 0;
    for (step, part) in (2..).zip(PARTS) {
        much_work(&net.desktop, step);
        line.cut_after(all * part / 100);
        let saved = net.desktop.json(&["save", &format!("step {step}")]);
        println!("cut after {part} %: {saved}");
        assert_eq!(saved["new_session"], false, "{saved}");
        waited += u32::from(saved["synced"] == false || saved["pushed"] == false);
        line.mend();
        assert_eq!(net.desktop.json(&["sync", "--retry"])["queued"], 0);
        is_saved(&net.desktop, step);
    }
    assert!(waited >= 3, "only {waited} lines were cut in time");
    net.laptop.ok(&["resume"]);
    assert_eq!(net.laptop.head(), net.desktop.head());
    drop(net.world);
}

#[test]
fn a_resume_whose_line_is_cut_anywhere_changes_nothing_or_goes_on_over_a_whole_one() {
    let net = Net::new();
    let line = &net.line;
    work(&net.desktop, 0);
    net.desktop.ok(&["save", "step 0"]);
    net.laptop.ok(&["resume"]);
    let _ = line.carried();
    let mut all = 0;
    let mut cut = 0;
    for (step, part) in (1..).zip([100].into_iter().chain(PARTS)) {
        much_work(&net.desktop, step);
        net.desktop.ok(&["save", &format!("step {step}")]);
        let _ = line.carried();
        if part == 100 {
            net.laptop.ok(&["resume"]);
            all = line.carried();
            continue;
        }
        let before = net.laptop.picture();
        line.cut_after(all * part / 100);
        let output = net.laptop.run(&["resume", "--json"]);
        println!("cut after {part} %: {}", convosync_tests::told(&output));
        line.mend();
        match output.status.code() {
            // What came in time, or the save that was known before, is brought back whole.
            Some(0) => {
                let resumed: serde_json::Value =
                    serde_json::from_slice(&output.stdout).expect("JSON");
                cut += u32::from(resumed["message"] != format!("step {step}"));
            }
            Some(1 | 3) => {
                cut += 1;
                assert_eq!(net.laptop.picture(), before, "{part} %");
            }
            _ => panic!("{}", convosync_tests::told(&output)),
        }
        net.laptop.ok(&["resume"]);
        assert_eq!(net.laptop.head(), net.desktop.head(), "{part} %");
        has_one_head(&net.laptop);
    }
    assert!(cut >= 3, "only {cut} lines were cut in time");
}
