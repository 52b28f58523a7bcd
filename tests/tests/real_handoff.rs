//! The whole way with the real Claude Code: saved and resumed by the helper, gone on with by the
//! client.

use std::fs;
use std::time::{Duration, Instant};

use convosync_tests::{Answer, Claude, Device, ModelServer, Terminal, World};
use serde_json::{Value, json};

/// A device and the client on it.
struct Side {
    device: Device,
    claude: Claude,
}

impl Side {
    fn new(device: Device, model: &ModelServer) -> Self {
        let claude = Claude::new(&device.home, model);
        Self { device, claude }
    }

    /// Runs `claude -p`.
    #[track_caller]
    fn say(&self, args: &[&str], prompt: &str) -> Answer {
        self.claude.print(&self.device.work_tree, args, prompt)
    }

    fn path(&self, name: &str) -> String {
        self.device.work_tree.join(name).display().to_string()
    }

    fn transcript(&self, id: &str) -> String {
        fs::read_to_string(self.device.transcript(id)).expect("the transcript is here")
    }

    /// Waits until an answer is in a transcript: the client writes what it shows a little later.
    #[track_caller]
    fn wait_until_written(&self, answer: &str) {
        let any = self.device.transcript("any");
        let project = any.parent().expect("a transcript lies in a folder");
        for _ in 0..300 {
            let files = fs::read_dir(project).into_iter().flatten().flatten();
            let mut transcripts =
                files.filter(|file| file.path().extension().is_some_and(|end| end == "jsonl"));
            if transcripts
                .any(|file| fs::read_to_string(file.path()).is_ok_and(|text| text.contains(answer)))
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("`{answer}` was never written");
    }

    /// The transcript once the client has written all that it shows.
    fn settled(&self, id: &str) -> String {
        let mut before = self.transcript(id);
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.transcript(id);
            if now == before {
                return now;
            }
            before = now;
        }
    }
}

fn sides(model: &ModelServer) -> (World, Side, Side) {
    let (world, desktop, laptop) = World::pair();
    (world, Side::new(desktop, model), Side::new(laptop, model))
}

/// Nothing was asked, nothing was put aside, nothing has to be told.
#[track_caller]
fn check_quiet(resumed: &Value) {
    assert_eq!(resumed["parked"], json!([]), "{resumed}");
    assert_eq!(resumed["notes"], json!([]), "{resumed}");
    assert_eq!(resumed["in_step"], true, "{resumed}");
}

#[test]
fn a_conversation_goes_to_and_fro_and_the_model_is_sent_all_of_it() {
    let model = ModelServer::start();
    let (_world, a, b) = sides(&model);
    a.device.write("login.rs", "fn login() {}\n");
    let file = a.path("login.rs");
    let agent = format!("Look around\n@@Bash {}\n@@FINAL seen", json!({"command": "ls"}));
    model.script(
        "oauth",
        &[
            format!("@@Read {}", json!({"file_path": file})),
            format!(
                "@@Edit {}",
                json!({"file_path": file, "old_string": "{}", "new_string": "{ oauth() }"})
            ),
            format!("@@Bash {}", json!({"command": "seq 1 30000", "description": "x"})),
            format!(
                "@@Agent {}",
                json!({"description": "look", "prompt": agent, "subagent_type": "general-purpose",
                       "run_in_background": false})
            ),
            "@@FINAL login is done".to_owned(),
        ]
        .join("\n"),
    );
    let id = a.say(&[], "Implement the login TURN-0 [s:oauth]").id;

    let (mut from, mut to) = (&a, &b);
    for trip in 0..4 {
        let saved = from.device.json(&["save", &format!("Trip {trip}")]);
        let size = fs::metadata(from.device.transcript(&id)).expect("a transcript").len();
        println!("trip {trip}: {} bytes uploaded of {size}", saved["uploaded"]);
        assert_eq!(saved["conversation_id"], id, "{saved}");
        assert_eq!(saved["new_session"], trip == 0, "{saved}");

        let before = fs::read_to_string(to.device.transcript(&id)).unwrap_or_default();
        let resumed = to.device.json(&["resume"]);
        check_quiet(&resumed);
        assert_eq!(resumed["message_count"], saved["message_count"], "{resumed}");
        assert!(to.transcript(&id).starts_with(&before), "what comes back only appends");
        assert_eq!(to.device.read("login.rs"), "fn login() { oauth() }\n");

        let placed = to.transcript(&id);
        let turn = format!("TURN-{}", trip + 1);
        assert_eq!(to.say(&["--resume", &id], &format!("Go on {turn}")).id, id);
        assert!(to.transcript(&id).starts_with(&placed), "a turn only appends");
        let sent = model.last_with(&turn).expect("the client asked the model");
        assert_eq!(sent.tool_calls(), ["Read", "Edit", "Bash", "Agent"]);
        assert!(sent.texts("assistant").iter().any(|said| said.contains("login is done")));
        for earlier in 0..=trip {
            let turn = format!("TURN-{earlier}");
            assert!(sent.texts("user").iter().any(|said| said.contains(&turn)), "{turn}");
        }
        (from, to) = (to, from);
    }
}

/// Starts the client in a terminal and says yes to its question about a new directory.
fn open(side: &Side, args: &str) -> Terminal {
    let terminal = side.claude.in_terminal(&side.device.work_tree, args);
    Claude::accept_trust(&terminal);
    terminal
}

/// Types a prompt or a command of the client, and waits for what it brings about.
#[track_caller]
fn enter(terminal: &Terminal, text: &str, answer: &str) {
    terminal.wait_for_calm("bypass permissions on");
    terminal.type_text(text);
    terminal.wait_for_calm(text);
    terminal.press(&["Enter"]);
    terminal.wait_for(answer);
}

/// Types a prompt that is known by `mark`, and waits for the answer to it.
#[track_caller]
fn ask(side: &Side, terminal: &Terminal, model: &ModelServer, mark: &str) {
    let answer = format!("heard of {mark}");
    model.script(mark, &format!("@@FINAL {answer}"));
    enter(terminal, &format!("Think of {mark} [s:{mark}]"), &answer);
    side.wait_until_written(&answer);
}

#[test]
fn an_archived_conversation_is_gone_on_with_from_where_it_begins_and_is_whole_in_the_store() {
    let model = ModelServer::start();
    let (_world, a, b) = sides(&model);
    let id = a.say(&[], "The login ONE-1").id;
    for prompt in ["The logout TWO-2", "The tests THREE-3"] {
        a.say(&["--resume", &id], prompt);
    }
    let whole = a.transcript(&id);
    a.device.ok(&["config", "set", "large.messages", "1"]);
    let archive = ["save", "--on-large", "archive", "--from-message", "5", "archived"];
    let saved = a.device.json(&archive);
    assert_eq!(saved["message_count"], 6, "{saved}");
    let session = saved["session_id"].as_str().expect("an id");

    // The client takes the shorter transcript for the conversation, and the model is sent no more.
    b.device.json(&["resume"]);
    let short = b.transcript(&id);
    assert!(short.contains("THREE-3") && !short.contains("TWO-2"), "{short}");
    assert_eq!(b.say(&["--resume", &id], "The manual FOUR-4").id, id);
    let sent = model.last_with("FOUR-4").expect("the client asked the model").texts("user");
    let said = |words: &str| sent.iter().any(|text| text.contains(words));
    assert!(said("THREE-3") && !said("TWO-2") && !said("ONE-1"), "{sent:?}");
    assert!(b.transcript(&id).starts_with(&short), "a turn only appends");
    b.device.json(&["save", "went on"]);

    // In the store it is whole, and where the beginning is it stays.
    let exported = b.device.ok(&["export", session, "--format", "jsonl"]);
    let prompts = ["ONE-1", "TWO-2", "THREE-3", "FOUR-4"];
    let of = |line: &&str| line.contains("\"type\":\"user\"");
    for words in prompts {
        let lines = exported.lines().filter(of).filter(|line| line.contains(words));
        assert_eq!(lines.count(), 1, "{words}");
    }
    a.device.json(&["resume"]);
    assert!(a.transcript(&id).starts_with(&whole), "what was here is its beginning");
    assert_eq!(a.say(&["--resume", &id], "The end FIVE-5").id, id);
    let sent = model.last_with("FIVE-5").expect("the client asked the model").texts("user");
    for words in prompts {
        assert!(sent.iter().any(|text| text.contains(words)), "{words}: {sent:?}");
    }
}

#[test]
fn the_picker_lists_what_was_brought_back_and_rewind_restores_its_files() {
    let model = ModelServer::start();
    let (_world, a, b) = sides(&model);
    a.device.write("greeting.txt", "hello\n");
    let read = json!({"file_path": a.path("greeting.txt")});
    let edit = json!({"file_path": a.path("greeting.txt"),
        "old_string": "hello", "new_string": "goodbye"});
    model.script("edit", &format!("@@Read {read}\n@@Edit {edit}\n@@FINAL greeting changed"));
    let terminal = open(&a, "");
    enter(&terminal, "Change the greeting ALPHA-7 [s:edit]", "greeting changed");
    a.wait_until_written("greeting changed");
    let saved = a.device.json(&["save", "Changed the greeting"]);
    let id = saved["conversation_id"].as_str().expect("it is open").to_owned();
    let before = a.transcript(&id);
    enter(&terminal, "/exit", "Resume this session with");
    terminal.wait_for_end();
    assert!(a.transcript(&id).len() > before.len(), "the client notes its state at its end");

    check_quiet(&b.device.json(&["resume"]));
    assert_eq!(b.device.read("greeting.txt"), "goodbye\n");
    let terminal = open(&b, "--resume");
    terminal.wait_for_calm("ALPHA-7");
    terminal.press(&["Enter"]);
    terminal.wait_for_calm("greeting changed");
    terminal.type_text("/rewind");
    terminal.press(&["Enter"]);
    terminal.wait_for_calm("❯ (current)");
    terminal.press(&["Up"]);
    terminal.wait_for_calm("❯ Change the greeting");
    terminal.press(&["Enter"]);
    terminal.wait_for_calm("❯ 1. Restore code and conversation");
    terminal.press(&["Enter"]);
    terminal.wait_until("the restored file", |_| b.device.read("greeting.txt") == "hello\n");
    // The prompt that was taken back waits to be changed; a rewind is saved with the next one.
    terminal.wait_for_calm("bypass permissions on");
    terminal.press(&["C-u"]);
    ask(&b, &terminal, &model, "BETA-8");
    drop(terminal);
    let terminal = b.claude.in_terminal(&b.device.work_tree, &format!("--resume {id}"));
    terminal.wait_for("BETA-8");
    assert!(!terminal.screen().contains("trust"), "the directory is trusted once and for all");
    drop(terminal);

    b.device.json(&["save", "Took it back"]);
    let resumed = a.device.json(&["resume"]);
    check_quiet(&resumed);
    assert!(a.transcript(&id).starts_with(&before), "what comes back only appends");
    assert_eq!(a.device.read("greeting.txt"), "hello\n");
    a.say(&["--resume", &id], "Go on GAMMA-9");
    let sent = model.last_with("GAMMA-9").expect("the client asked the model").texts("user");
    let said = |text: &str| sent.iter().any(|said| said.contains(text));
    assert!(said("BETA-8") && !said("ALPHA-7"), "{sent:?}");
}

#[test]
fn a_save_from_inside_takes_the_conversation_that_calls_as_far_as_it_is() {
    let model = ModelServer::start();
    let (_world, a, b) = sides(&model);
    a.device.write("notes", "one\n");
    let other = a.say(&[], "Another conversation").id;
    let save = format!(
        "touch '{}'; '{}' save 'From inside' --json > ~/saved.json",
        a.device.transcript(&other).display(),
        convosync_tests::helper().display(),
    );
    let save = json!({"command": save, "description": "save"});
    model.script("save", &format!("@@Bash {save}\n@@FINAL it is saved OMEGA-1"));
    let id = a.say(&[], "Save this ALPHA-1 [s:save]").id;
    let saved = fs::read(a.device.home.join("saved.json")).expect("the save was made");
    let saved: Value = serde_json::from_slice(&saved).expect("a report");
    assert_eq!(saved["conversation_id"], id, "{saved}");
    assert_eq!(saved["other_conversations"][0]["conversation_id"], other, "{saved}");

    check_quiet(&b.device.json(&["resume"]));
    assert!(b.transcript(&id).contains("From inside") && !b.transcript(&id).contains("OMEGA-1"));
    b.say(&["--resume", &id], "Go on BETA-2");
    let sent = model.last_with("BETA-2").expect("the client asked the model");
    assert_eq!(sent.tool_calls(), ["Bash"]);
    assert!(sent.body.to_string().contains("Tool call interrupted"), "{}", sent.body);
    b.device.json(&["save", "Went on"]);

    // What was said after the save is only here: it is put aside, and comes back when asked for.
    let whole = a.transcript(&id);
    let resumed = a.device.json(&["resume"]);
    assert_eq!(resumed["parked"].as_array().map(Vec::len), Some(1), "{resumed}");
    assert!(a.transcript(&id).contains("BETA-2") && !a.transcript(&id).contains("OMEGA-1"));
    let help = resumed["parked"][0]["help"].as_str().expect("the way back");
    let back: Vec<&str> = help.split(' ').skip(1).collect();
    a.device.json(&back);
    assert_eq!(a.transcript(&id), whole);
}

#[test]
fn an_open_conversation_is_saved_and_never_replaced_unasked() {
    let model = ModelServer::start();
    let (_world, a, b) = sides(&model);
    a.device.write("notes", "one\n");
    let terminal = open(&a, "");
    ask(&a, &terminal, &model, "ALPHA-1");
    let status = a.device.json(&["status"]);
    let id = status["conversation_id"].as_str().expect("it is open").to_owned();
    let whole = a.settled(&id);
    let half = format!("{whole}{{\"type\":\"user\",\"half");
    fs::write(a.device.transcript(&id), half).expect("it can be written");
    let saved = a.device.json(&["save", "While it is open"]);
    assert_eq!((&saved["synced"], &saved["message_count"]), (&json!(true), &json!(2)), "{saved}");
    assert_eq!(saved["notes"][0]["code"], "convosync::conversation::torn", "{saved}");
    fs::write(a.device.transcript(&id), &whole).expect("it can be written");

    check_quiet(&b.device.json(&["resume"]));
    b.device.write("notes", "two\n");
    b.say(&["--resume", &id], "Go on BETA-2");
    b.device.json(&["save", "Went on"]);

    let (code, question) = a.device.fails(&["resume"]);
    assert_eq!((code, &question["question"]), (3, &json!("live")), "{question}");
    assert!(question.to_string().contains(&format!("Process {}", terminal.pid())), "{question}");
    assert_eq!(a.device.read("notes"), "one\n");

    let resumed = a.device.json(&["resume", "--on-live", "code-only"]);
    assert_eq!(resumed["conversation_restored"], false, "{resumed}");
    assert_eq!(a.device.read("notes"), "two\n");
    assert_eq!(a.transcript(&id), whole);

    let forked = a.device.json(&["resume", "--on-live", "fork"]);
    let fork = forked["conversation_id"].as_str().expect("a conversation").to_owned();
    assert_ne!(fork, id);
    assert_eq!(a.transcript(&id), whole);
    assert_eq!(a.say(&["--resume", &fork], "And on GAMMA-3").id, fork);
    let sent = model.last_with("GAMMA-3").expect("the client asked the model").texts("user");
    let said = |text: &str| sent.iter().any(|said| said.contains(text));
    assert!(said("ALPHA-1") && said("BETA-2"), "{sent:?}");
    // The one in the terminal goes on as if nothing had been.
    ask(&a, &terminal, &model, "DELTA-4");
}

#[test]
fn names_compactions_and_new_beginnings_are_carried() {
    let model = ModelServer::start();
    let (_world, a, b) = sides(&model);
    a.device.write("notes", "one\n");
    let terminal = open(&a, "");
    ask(&a, &terminal, &model, "ALPHA-1");
    enter(&terminal, "/rename Keen owl", "renamed");
    let first = a.device.json(&["save", "Named"]);
    enter(&terminal, "/compact", "Compacted");
    ask(&a, &terminal, &model, "BETA-2");
    let second = a.device.json(&["save", "Compacted"]);
    assert_eq!(second["session_id"], first["session_id"], "{second}");
    enter(&terminal, "/clear", "/clear");
    terminal.wait_until("an empty screen", |screen| !screen.contains("BETA-2"));
    ask(&a, &terminal, &model, "GAMMA-3");
    let third = a.device.json(&["save", "Anew"]);
    assert_eq!(third["new_session"], true, "{third}");

    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (session, id) = (text(&first["session_id"]), text(&first["conversation_id"]));
    check_quiet(&b.device.json(&["resume", &session]));
    let carried = b.transcript(&id);
    assert!(carried.contains("Keen owl") && carried.contains("compact_boundary"));
    b.say(&["--resume", &id], "And on DELTA-4");
    let sent = model.last_with("DELTA-4").expect("the client asked the model").texts("user");
    let said = |text: &str| sent.iter().any(|said| said.contains(text));
    assert!(said("BETA-2") && !said("ALPHA-1") && !said("GAMMA-3"), "{sent:?}");

    let id = text(&third["conversation_id"]);
    check_quiet(&b.device.json(&["resume", &text(&third["session_id"])]));
    b.say(&["--resume", &id], "And on EPSILON-5");
    let sent = model.last_with("EPSILON-5").expect("the client asked the model").texts("user");
    assert!(sent.iter().any(|said| said.contains("GAMMA-3")), "{sent:?}");
}

#[test]
fn after_a_merge_the_client_goes_on_from_the_newest_words_and_has_all_others() {
    let model = ModelServer::start();
    let (_world, a, b) = sides(&model);
    a.device.write("notes", "one\n");
    let id = a.say(&[], "Begin ALPHA-1").id;
    a.device.json(&["save", "Begun"]);
    b.device.json(&["resume"]);
    b.say(&["--resume", &id], "Go on BETA-2");
    a.say(&["--resume", &id], "Go on GAMMA-3");
    // The one with the older words saves last.
    a.device.json(&["save", "On a"]);
    b.device.json(&["save", "On b"]);

    let (code, question) = b.device.fails(&["resume"]);
    assert_eq!((code, &question["question"]), (3, &json!("conflict")), "{question}");
    let merged = b.device.json(&["resume", "--on-conflict", "merge"]);
    assert_eq!(merged["parked"], json!([]), "{merged}");
    check_quiet(&a.device.json(&["resume"]));
    for (side, next) in [(&b, "DELTA-4"), (&a, "EPSILON-5")] {
        for words in ["ALPHA-1", "BETA-2", "GAMMA-3"] {
            assert!(side.transcript(&id).contains(words), "{words}");
        }
        side.say(&["--resume", &id], &format!("Go on {next}"));
        let sent = model.last_with(next).expect("the client asked the model").texts("user");
        let said = |text: &str| sent.iter().any(|said| said.contains(text));
        assert!(said("ALPHA-1") && said("GAMMA-3") && !said("BETA-2"), "{sent:?}");
    }
}

/// Nothing is asserted of the times: they are there to be looked at.
#[test]
fn a_conversation_of_megabytes_goes_there_and_back() {
    const ID: &str = "11111111-2222-4333-8444-555555555555";
    let (_world, a, b) = World::pair();
    let timed = |what: &str, device: &Device, args: &[&str]| {
        let start = Instant::now();
        let report = device.json(args);
        println!("{what}: {} ms, {} bytes up", start.elapsed().as_millis(), report["uploaded"]);
    };
    let read = |device: &Device| fs::read_to_string(device.transcript(ID)).expect("it is here");
    a.talk(ID, 1700);
    println!("{} bytes", read(&a).len());
    timed("first save", &a, &["save", "First"]);
    timed("resume where nothing is", &b, &["resume"]);
    b.talk(ID, 100);
    timed("save of some more", &b, &["save", "More"]);
    timed("save of nothing new", &b, &["save", "Again"]);
    let before = read(&a);
    timed("resume over the same, shorter", &a, &["resume"]);
    timed("resume over the same", &a, &["resume"]);
    assert!(read(&a).starts_with(&before));
    assert_eq!(read(&a).matches("\"type\":\"assistant\"").count(), 3600);
}
