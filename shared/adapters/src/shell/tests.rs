use std::collections::BTreeMap;
use std::fs;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

/// A user with a home and a work tree.
struct User {
    home: TempDir,
    env: BTreeMap<String, String>,
}

impl User {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let env = BTreeMap::from([("HOME".to_owned(), home.path().display().to_string())]);
        Self { home, env }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("below the home")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn history(&self, shell: &str, everywhere: bool) -> Vec<Ran> {
        self.tried(shell, everywhere).expect("it can be read")
    }

    fn tried(&self, shell: &str, everywhere: bool) -> Result<Vec<Ran>, ShellError> {
        UserShells::new(self.path("recorded")).history(&HistoryOf {
            shell: Some(shell),
            env: &self.env,
            work_tree: Path::new("/code/app"),
            everywhere,
            most: 4,
        })
    }

    fn database(&self) -> Connection {
        let connection = Connection::open(self.path("history.sqlite3")).expect("a database");
        // As reedline makes it.
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE history (id integer primary key \
                 autoincrement, command_line text not null, start_timestamp integer, session_id \
                 integer, hostname text, cwd text, duration_ms integer, exit_status integer, \
                 more_info text) strict;",
            )
            .expect("a table");
        connection
    }
}

fn commands(history: &[Ran]) -> Vec<&str> {
    history.iter().map(|ran| ran.command.as_str()).collect()
}

fn record(seconds: i64, directory: &str, command: &str) -> String {
    format!("\0\0{seconds}\00\0{directory}\0{command}")
}

#[test]
fn what_was_recorded_in_the_work_tree_comes_back_with_time_place_and_exit_code() {
    let user = User::new();
    user.write("recorded.1", record(1, "/code/app", "older"));
    let more = [
        record(2, "/code/application", "a neighbour"),
        record(3, "/code/app/src", "cargo test\n--all"),
        record(4, "/code/app/../other", "elsewhere"),
        "\x00\x005\x00".to_owned(),
        "\x00\x006\x00127\x00/code/app\x00lss".to_owned(),
        "\x00\x00x\x000\x00/code/app\x00no time".to_owned(),
    ];
    user.write("recorded", more.concat());
    let history = user.history("bash", false);
    assert_eq!(commands(&history), ["older", "cargo test\n--all", "lss"]);
    let last = &history[2];
    assert_eq!(
        (last.time_ms, last.exit, last.directory.as_deref()),
        (Some(6000), Some(127), Some(""))
    );
    assert_eq!(history[1].directory.as_deref(), Some("src"));
}

#[test]
fn histories_that_do_not_say_where_are_only_read_if_that_is_wanted() {
    let user = User::new();
    user.write(".bash_history", "one\ntwo\nthree\n");
    user.write("recorded", record(1, "/code/app", "two"));
    assert_eq!(commands(&user.history("bash", false)), ["two"]);
    assert_eq!(commands(&user.history("bash", true)), ["one", "three", "two"]);
    assert_eq!(commands(&user.history("fish", true)), ["two"]);
    assert_eq!(commands(&user.history("unknown", true)), ["two"]);
}

#[test]
fn the_newest_are_given_if_there_are_too_many() {
    let user = User::new();
    user.write(".bash_history", "1\n2\n3\n4\n5\n6\n");
    assert_eq!(commands(&user.history("bash", true)), ["3", "4", "5", "6"]);
}

#[test]
fn bash_times_go_before_commands_of_any_number_of_lines() {
    let user = User::new();
    user.write(".bash_history", "old\n#1700000000\nfor i in 1\ndo x\n#1700000001\n# no time\n");
    let history = user.history("bash", true);
    assert_eq!(commands(&history), ["old", "for i in 1\ndo x", "# no time"]);
    assert_eq!(history[1].time_ms, Some(1_700_000_000_000));
}

#[test]
fn zsh_lines_go_on_after_a_backslash_and_bytes_are_turned_back() {
    let user = User::new();
    // `ä` is C3 A4 in UTF-8; zsh writes A4 as 83 84.
    user.write(".zsh_history", b"plain\n: 1700000000:3;echo \xc3\x83\x84 \\\nnext\n: x\n");
    let history = user.history("zsh", true);
    assert_eq!(commands(&history), ["plain", "echo ä \nnext", ": x"]);
    assert_eq!(history[1].time_ms, Some(1_700_000_000_000));
}

#[test]
fn fish_escapes_are_undone() {
    let user = User::new();
    let text = "- cmd: echo a\\\\nb\\nc\n  when: 1700000000\n  paths:\n    - a\n- cmd: ls\n";
    user.write(".local/share/fish/fish_history", text);
    let history = user.history("fish", true);
    assert_eq!(commands(&history), ["echo a\\nb\nc", "ls"]);
    assert_eq!(history[0].time_ms, Some(1_700_000_000_000));
}

#[test]
fn a_history_that_the_shell_names_goes_before_the_usual_one() {
    let mut user = User::new();
    user.write("h.txt", "ls<\\n>pwd\n");
    user.env.insert(HISTORY.to_owned(), user.path("h.txt").display().to_string());
    assert_eq!(commands(&user.history("nu", true)), ["ls\npwd"]);
    user.env.insert(HISTORY.to_owned(), String::new());
    user.write(".bash_history", "secret\n");
    assert!(user.history("bash", true).is_empty());
}

#[test]
fn nushells_database_is_asked_for_the_work_tree_and_never_written_to() {
    let mut user = User::new();
    let connection = user.database();
    for (command, cwd, exit) in [
        ("in the tree", Some("/code/app"), Some(0)),
        ("a neighbour", Some("/code/app2"), Some(0)),
        ("below", Some("/code/app/src"), Some(1)),
        ("elsewhere", Some("/work"), Some(0)),
        ("nowhere", None, Some(0)),
        ("convosync save", Some("/code/app"), None),
    ] {
        connection
            .execute(
                "INSERT INTO history (command_line, start_timestamp, cwd, exit_status) \
                 VALUES (?1, 1700000000123, ?2, ?3)",
                rusqlite::params![command, cwd, exit],
            )
            .expect("a row");
    }
    user.env.insert(HISTORY.to_owned(), user.path("history.sqlite3").display().to_string());
    // The shell holds it open and is writing.
    connection.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    let history = user.history("nu", false);
    assert_eq!(commands(&history), ["in the tree", "below"]);
    let below = &history[1];
    assert_eq!(below.directory.as_deref(), Some("src"));
    assert_eq!((below.time_ms, below.exit), (Some(1_700_000_000_123), Some(1)));
    assert_eq!(commands(&user.history("nu", true)), ["in the tree", "below", "nowhere"]);
}

#[test]
fn a_database_that_is_none_is_told_and_one_that_is_not_there_is_empty() {
    let mut user = User::new();
    user.env.insert(HISTORY.to_owned(), user.path("history.sqlite3").display().to_string());
    assert!(user.history("nu", true).is_empty());
    user.write("history.sqlite3", "no database at all, but long enough to look like one");
    let error = user.tried("nu", false).expect_err("it is none");
    assert!(error.to_string().contains("history.sqlite3"), "{error}");
}

#[test]
fn of_an_endless_file_only_the_end_is_read() {
    let user = User::new();
    let mut lines = b"first ".repeat(1 << 19);
    lines.extend(b"\nlast\n");
    user.write(".bash_history", lines);
    assert_eq!(commands(&user.history("bash", true)), ["last"]);
}
