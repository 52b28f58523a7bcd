//! The program on a terminal: what it asks, what it hides, how it is stopped.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with a terminal of its own on all three streams.
struct OnTerminal {
    child: Child,
    keys: File,
    slave: OwnedFd,
    screen: Receiver<Vec<u8>>,
    shown: String,
}

impl OnTerminal {
    fn start(home: &Path, args: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let open = || {
            let path = name.to_str().expect("a name of ASCII");
            File::options().read(true).write(true).open(path).expect("its other end")
        };
        let stream = || Stdio::from(open());
        let child = Command::new(env!("CARGO_BIN_EXE_convosync"))
            .args(args)
            .env_clear()
            .envs([("LANG", "C.UTF-8"), ("TERM", "xterm"), ("PATH", "/usr/bin:/bin")])
            .env("HOME", home)
            .current_dir(home)
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .expect("the program starts");
        let slave = OwnedFd::from(open());
        let keys = File::from(master);
        let mut output = keys.try_clone().expect("a second handle");
        let (send, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, slave, screen, shown: String::new() }
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.shown.contains(text) {
            let left = end.saturating_duration_since(Instant::now());
            let bytes = self.screen.recv_timeout(left);
            let bytes = bytes.unwrap_or_else(|_| panic!("no `{text}` in {:?}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    fn types(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).expect("the terminal takes it");
    }

    /// Ctrl-C, as the terminal sends it to the program.
    fn interrupts(&self) {
        let id = i32::try_from(self.child.id()).expect("an id of the system");
        kill_process(Pid::from_raw(id).expect("a child"), Signal::INT).expect("it runs");
    }

    /// Whether what is typed is shown.
    fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.slave).expect("a terminal").local_modes;
        modes.contains(LocalModes::ECHO)
    }

    fn ends(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end: {:?}", self.shown);
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        // A test that failed must not leave the program waiting.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn recovery_words_are_typed_unseen() {
    let home = home();
    let mut program = OnTerminal::start(home.path(), &["device", "join", "--recovery"]);
    program.sees("Recovery words (not shown): ");
    let end = Instant::now() + PATIENCE;
    while program.echoes() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!program.echoes());
    // Pasted at once, as from a note: no line may be lost or shown.
    program.types("1. secretword 2. abandon\n3. secretword\n\n");
    program.sees("2 of 24 so far: ");
    program.sees("3 of 24 so far: ");
    program.sees("❌");
    assert_ne!(program.ends(), Some(0));
    assert!(program.echoes(), "the terminal is left as it was");
    assert!(!program.shown.contains("secretword"), "{}", program.shown);
}

#[test]
fn an_interrupted_question_leaves_the_terminal_as_it_was() {
    let home = home();
    let mut program = OnTerminal::start(home.path(), &["device", "join", "--recovery"]);
    program.sees("Recovery words (not shown): ");
    program.interrupts();
    program.sees("Cancelled: nothing was changed.");
    assert_eq!(program.ends(), Some(130));
    assert!(program.echoes());
}

#[test]
fn init_asks_where_sessions_go_and_can_be_left() {
    let home = home();
    let mut program = OnTerminal::start(home.path(), &["init"]);
    program.sees("Choose [1-5], Enter for 1, 'q' to cancel: ");
    program.types("\u{4}");
    program.sees("Cancelled: nothing was changed.");
    assert_eq!(program.ends(), Some(130));
    assert!(!home.path().join(".local/share/convosync/keys").exists(), "a key was made");
}

/// A home whose device has a key. Set up off a terminal.
fn set_up() -> tempfile::TempDir {
    let home = home();
    let store = format!("file://{}", home.path().join("store").display());
    let words = home.path().join("words");
    let words = words.to_str().expect("UTF-8");
    let made = Command::new(env!("CARGO_BIN_EXE_convosync"))
        .args(["init", "--store", &store, "--yes", "--recovery-file", words])
        .env_clear()
        .envs([("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/bin")])
        .env("HOME", home.path())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    home
}

#[test]
fn a_passphrase_is_set_typed_unseen_and_asked_for_again() {
    let home = set_up();
    let mut program = OnTerminal::start(home.path(), &["key", "protect", "--passphrase"]);
    program.sees("New passphrase (not shown): ");
    program.types("correct horse\n");
    program.sees("The same once more: ");
    program.types("correct horse\n");
    program.sees("needs the passphrase from now on");
    assert_eq!(program.ends(), Some(0));
    assert!(!program.shown.contains("horse"), "{}", program.shown);

    let mut program = OnTerminal::start(home.path(), &["list", "--offline"]);
    program.sees("Passphrase of this device's key (not shown): ");
    program.types("battery\n");
    program.sees("That is not it.");
    program.types("correct horse\n");
    program.sees("No session");
    assert_eq!(program.ends(), Some(0));
    assert!(program.echoes(), "the terminal is left as it was");
    assert!(!program.shown.contains("horse"), "{}", program.shown);
}

#[test]
fn a_wrong_passphrase_may_be_tried_three_times_and_asking_can_be_stopped() {
    let home = set_up();
    let mut program = OnTerminal::start(home.path(), &["key", "protect", "--passphrase"]);
    for prompt in ["New passphrase", "The same"] {
        program.sees(prompt);
        program.types("correct horse\n");
    }
    assert_eq!(program.ends(), Some(0));

    let mut program = OnTerminal::start(home.path(), &["device", "list"]);
    program.types("one\ntwo\nthree\n");
    program.sees("not the passphrase of this device's key");
    assert_eq!(program.ends(), Some(1));
    assert_eq!(program.shown.matches("Passphrase of this device's key").count(), 3);

    let mut program = OnTerminal::start(home.path(), &["status"]);
    program.sees("Passphrase of this device's key (not shown): ");
    program.interrupts();
    program.sees("Cancelled: nothing was changed.");
    assert_eq!(program.ends(), Some(130));
}

#[test]
fn two_passphrases_that_differ_change_nothing() {
    let home = set_up();
    let mut program = OnTerminal::start(home.path(), &["key", "protect", "--passphrase"]);
    program.sees("New passphrase");
    program.types("correct horse\n");
    program.sees("The same once more");
    program.types("correct hose\n");
    program.sees("not the same");
    assert_eq!(program.ends(), Some(1));
    let mut program = OnTerminal::start(home.path(), &["device", "list"]);
    assert_eq!(program.ends(), Some(0));
}
