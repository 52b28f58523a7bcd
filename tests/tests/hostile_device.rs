//! A device of the account that lies: what it signs is well sealed, and does no harm.

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::symlink;

use convosync_adapters::FolderStore;
use convosync_core::{
    Card, CodeState, Devices, FileState, ObjectName, PackInput, Packed, Profile, Salts, SaveId,
    SessionId, UnitBody, Vector, VectorEntry, open_unit, pack, seal_unit, segment_key,
};
use convosync_engine::ports::Store;
use convosync_tests::tree::{self, Fingerprint};
use convosync_tests::{Device, World, told};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";
/// Files of this name are made by what must never be run.
const PWNED: &str = "pwned";

/// The desktop has turned: it has the account's keys and makes saves by hand.
struct Scene {
    world: World,
    desktop: Device,
    laptop: Device,
    profile: Profile,
    store: FolderStore,
    honest: (Card, UnitBody),
    count: u64,
}

impl Scene {
    fn new() -> Self {
        let (world, desktop, laptop) = World::pair();
        desktop.talk(ID, 2);
        desktop.write("auth.js", "login\n");
        let outside = world.path().join("outside");
        fs::create_dir(&outside).expect("a folder");
        symlink(&outside, desktop.work_tree.join("out")).expect("a link");
        desktop.json(&["save", "An honest save"]);
        let key_file = fs::read(desktop.data().join("keys/profile")).expect("a key file");
        let profile = Profile::decode(&key_file).expect("whole");
        let store = FolderStore::new(world.store());
        let listed = store.list(ObjectName::UNITS).expect("listed").remove(0);
        let sealed = store.get(&listed.name).expect("there");
        let devices = Devices::of(&profile.device);
        let honest = open_unit(&profile.account, &devices, &listed.name, &sealed).expect("ours");
        Self { world, desktop, laptop, profile, store, honest, count: 1 }
    }

    /// Puts a save into a session of its own; gives the session.
    fn put(&mut self, change: impl FnOnce(&mut Card, &mut UnitBody)) -> String {
        self.count += 1;
        let (mut card, mut body) = self.honest.clone();
        card.session = SessionId::from_random(&self.letters(b's'));
        card.save = self.save_id(1);
        card.vector = Vector::after([], &card.save);
        card.content = [u8::try_from(self.count).expect("few attacks"); 16];
        change(&mut card, &mut body);
        let hash = Devices::of(&self.profile.device).hash();
        let mut next = 0_u8;
        let mut random = |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_mul(5).wrapping_add(17);
                *byte = next;
            }
        };
        let (name, sealed) =
            seal_unit(&self.profile, hash, &card, &body, Salts::Fresh(&mut random))
                .expect("well formed");
        self.store.put_new(&name, &sealed).expect("room");
        card.session.to_string()
    }

    fn letters(&self, first: u8) -> [u8; 8] {
        let mut letters = [first; 8];
        letters[1] = u8::try_from(self.count % 32).expect("small");
        letters[2] = u8::try_from(self.count / 32).expect("small");
        letters
    }

    fn save_id(&self, generation: u32) -> SaveId {
        let device = self.profile.device.id.clone();
        SaveId::new(generation, device, 1000 + self.count, &self.letters(b'r')).expect("valid")
    }

    /// All that no resume may ever touch.
    fn outside(&self) -> Fingerprint {
        let own = [".claude", ".local", ".git", "app"];
        let mut all = tree::fingerprint(&self.laptop.home, &own);
        all.extend(tree::fingerprint(&self.world.path().join("outside"), &[]));
        all
    }

    fn nothing_was_run(&self, what: &str) {
        let made = tree::files(self.world.path());
        let made: Vec<_> = made.iter().filter(|file| file.ends_with(PWNED)).collect();
        assert!(made.is_empty(), "{what}: {made:?}");
    }

    /// What a person sees of all that is there is text and nothing else.
    fn looks_harmless(&self, what: &str, session: &str) {
        for verb in [&["list", "--all"][..], &["log", session], &["status"]] {
            let output = self.laptop.run(verb);
            assert!(output.status.success(), "{what}: {}", told(&output));
            harmless(what, &output.stdout);
            harmless(what, &output.stderr);
        }
    }

    /// Resumes; whatever comes of it, nothing outside is touched and nothing is run.
    fn resume(&self, what: &str, session: &str, flags: &[&str]) -> (i32, String) {
        let before = self.outside();
        let output = self.laptop.run(&[&["resume", session], flags].concat());
        assert_eq!(self.outside(), before, "{what}: something outside was touched");
        self.nothing_was_run(what);
        harmless(what, &output.stderr);
        let code = output.status.code().unwrap_or_else(|| panic!("{what}: killed"));
        assert_ne!(code, 70, "{what}: {}", told(&output));
        (code, told(&output))
    }

    /// Resumes, which has to be refused before anything here changes.
    #[track_caller]
    fn is_refused(&self, what: &str, session: &str, flags: &[&str]) -> Value {
        let before = self.laptop.evidence();
        self.resume(what, session, flags);
        let (code, failure) = self.laptop.fails(&[&["resume", session], flags].concat());
        assert_eq!(code, 1, "{what}: {failure}");
        assert_eq!(self.laptop.evidence(), before, "{what}: something here changed");
        let stable = failure["code"].as_str().is_some_and(|code| code.starts_with("convosync::"));
        assert!(stable, "{what}: {failure}");
        failure
    }
}

/// No control but the line feed, no bidi control.
#[track_caller]
fn harmless(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let evil = |c: char| {
        (c.is_control() && c != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!text.contains(evil), "{what}: {text:?}");
}

#[test]
fn files_that_are_no_part_of_a_conversation_are_not_placed() {
    let mut scene = Scene::new();
    for path in [
        "settings.json",
        "projects/x/y.jsonl",
        "subagents/run.sh",
        "plans/x/y.md",
        "tasks/x.lock",
        "commands/evil.md",
        "hooks/evil",
        "CLAUDE.md",
    ] {
        let session = scene.put(|_, body| {
            let files = &mut body.manifest.conversations[0].files;
            let state = files[0].1.clone();
            files.push((path.parse().expect("it fits the grammar"), state));
        });
        let failure = scene.is_refused(path, &session, &[]);
        assert_eq!(failure["code"], "convosync::conversation::refused", "{path}: {failure}");
    }
}

#[test]
fn a_conversation_by_another_name_than_the_client_gives_is_not_placed() {
    let mut scene = Scene::new();
    // What would be an option of the assistant is no id: a save can't hold it at all.
    for id in ["--dangerously-skip-permissions", "-p"] {
        assert!(id.parse::<convosync_core::ConversationId>().is_err(), "{id}");
    }
    for id in ["memory", "dangerously-skip-permissions", "settings", "A", &"x".repeat(128)] {
        let session = scene.put(|card, body| {
            let id: convosync_core::ConversationId = id.parse().expect("it fits the grammar");
            card.conversation = Some(id.clone());
            body.manifest.conversations[0].id = id;
        });
        let failure = scene.is_refused(id, &session, &[]);
        assert_eq!(failure["code"], "convosync::conversation::refused", "{id}: {failure}");
    }
    let session = scene.put(|_, body| {
        body.manifest.conversations[0].assistant = "\u{1b}[31m$(touch pwned)".to_owned();
    });
    let failure = scene.is_refused("assistant", &session, &[]);
    assert_eq!(failure["code"], "convosync::resume::assistant", "{failure}");
}

#[test]
fn directories_stay_inside_the_work_tree() {
    let mut scene = Scene::new();
    // `out` is a link of the session's own commit, which is not here before the resume.
    for place in [
        "out",
        "out/..",
        "../../..",
        "/etc",
        ".git/hooks",
        "x/.git",
        "a\0b",
        "..",
        "$(touch pwned)",
    ] {
        let session = scene.put(|_, body| {
            body.manifest.conversations[0].directory = place.to_owned();
            let terminal = body.manifest.terminal.as_mut().expect("it was saved");
            terminal.directory = place.to_owned();
        });
        let (code, said) = scene.resume(place, &session, &["--json"]);
        assert_eq!(code, 0, "{place}: {said}");
        let work_tree = scene.laptop.work_tree.to_str().expect("UTF-8");
        assert!(said.contains(&format!("\"working_directory\":\"{work_tree}\"")), "{said}");
        let projects = scene.laptop.home.join(".claude/projects");
        let slugs: Vec<_> = fs::read_dir(projects).expect("placed").flatten().collect();
        assert_eq!(slugs.len(), 1, "{place}: {slugs:?}");
        assert!(scene.laptop.transcript(ID).exists(), "{place}");
        let transcript = fs::read_to_string(scene.laptop.transcript(ID)).expect("placed");
        assert!(!transcript.contains("/outside"), "{place}");
    }
}

#[test]
fn names_of_branches_are_names_and_nothing_else() {
    let mut scene = Scene::new();
    for branch in [
        "-f",
        "--upload-pack=touch pwned",
        "--exec=touch pwned",
        "../../heads/x",
        "a b",
        "HEAD",
        "",
        "@{-1}",
        "a..b",
        "x.lock",
        "refs/heads/\u{1b}[31mred\u{7}",
        "two\nlines",
    ] {
        let session = scene.put(|card, body| {
            card.branch = Some(branch.to_owned());
            body.manifest.code.as_mut().expect("it was saved").branch = branch.to_owned();
        });
        let failure = scene.is_refused(branch, &session, &["--switch-branch"]);
        assert_eq!(failure["code"], "convosync::git::name", "{branch}: {failure}");
        scene.looks_harmless(branch, &session);
    }
    // Git takes these: they are branches like others, and quoted where a command names them.
    let session = scene.put(|_, body| {
        let code = body.manifest.code.as_mut().expect("it was saved");
        (code.branch, code.commit) =
            ("$(touch pwned)".replace(' ', "${IFS}"), "1".repeat(40).parse().expect("an id"));
    });
    let (_, decision) = scene.laptop.fails(&["resume", &session]);
    assert!(decision.to_string().contains("git pull origin '$(touch${IFS}pwned)'"), "{decision}");
    scene.laptop.git(&["fetch", "-q"]);
    for branch in
        ["$(touch${IFS}pwned)", "`touch-pwned`", "a;touch-pwned", "\u{202e}evil", "'\"&|<>"]
    {
        let session = scene.put(|card, body| {
            card.branch = Some(branch.to_owned());
            body.manifest.code.as_mut().expect("it was saved").branch = branch.to_owned();
        });
        let (code, said) = scene.resume(branch, &session, &["--switch-branch"]);
        assert_eq!(code, 0, "{branch}: {said}");
        assert_eq!(scene.laptop.git(&["branch", "--show-current"]), branch);
        scene.looks_harmless(branch, &session);
    }
}

#[test]
fn a_url_to_clone_from_runs_nothing() {
    let mut scene = Scene::new();
    for url in [
        "ext::sh -c touch% pwned",
        "ext::touch pwned",
        "--upload-pack=touch pwned",
        "-u touch pwned",
        "ssh://-oProxyCommand=touch pwned/x",
        "fd::17/foo",
        "nosuchhelper::x",
        "file:///etc/passwd",
        "\u{1b}]0;owned\u{7}",
        "",
    ] {
        let session = scene.put(|_, body| {
            let code = body.manifest.code.as_mut().expect("it was saved");
            code.clone_url = Some(url.to_owned());
        });
        let failure = scene.is_refused(url, &session, &["--clone", "../../clone"]);
        assert!(failure["message"].is_string(), "{url}: {failure}");
    }
}

#[test]
fn commits_that_are_not_here_are_asked_about_and_other_objects_are_none() {
    let mut scene = Scene::new();
    let blob = scene.desktop.git(&["rev-parse", "HEAD:README.md"]);
    let tree = scene.desktop.git(&["rev-parse", "HEAD^{tree}"]);
    scene.laptop.git(&["fetch", "-q"]);
    for commit in ["1".repeat(40), "0".repeat(40), "f".repeat(64), blob, tree] {
        let session = scene.put(|_, body| {
            let code = body.manifest.code.as_mut().expect("it was saved");
            code.commit = commit.parse().expect("an id");
        });
        let before = scene.laptop.evidence();
        let (code, decision) = scene.laptop.fails(&["resume", &session]);
        assert_eq!((code, &decision["question"]), (3, &"commit-missing".into()), "{decision}");
        assert_eq!(scene.laptop.evidence(), before, "{commit}");
    }
}

/// A file as a save holds it, in segments of the unit itself.
fn packed(scene: &Scene, session: &SessionId, bytes: &[u8]) -> (FileState, Vec<Packed>) {
    let key = segment_key(&scene.profile.account, session);
    let mut segments = Vec::new();
    let input = PackInput {
        key: key.as_bytes(),
        old: None,
        old_file: None,
        new_file: &mut Cursor::new(bytes),
        new_len: bytes.len() as u64,
        blocks: None,
        messages: 0,
    };
    let state = pack::<()>(input, &mut |segment, bytes| {
        segments.push(Packed { id: segment.id, bytes });
        Ok(())
    });
    (state.expect("it packs"), segments)
}

#[test]
fn a_bundle_brings_commits_and_no_refs() {
    let mut scene = Scene::new();
    let desktop = &scene.desktop;
    let base = desktop.head();
    desktop.git(&["switch", "-q", "-c", "evil"]);
    desktop.write("evil.js", "evil\n");
    desktop.git(&["add", "-A"]);
    desktop.git(&["commit", "-q", "-m", "evil"]);
    let evil = desktop.head();
    for reference in ["refs/tags/evil", "refs/convosync/park/evil", "refs/stash"] {
        desktop.git(&["update-ref", reference, &evil]);
    }
    let file = scene.world.path().join("bundle");
    let path = file.to_str().expect("UTF-8");
    let refs = ["evil", "refs/tags/evil", "refs/convosync/park/evil", "refs/stash"];
    desktop.git(&[&["bundle", "create", "-q", path], &refs[..], &[&format!("^{base}")]].concat());
    let whole = fs::read(&file).expect("a bundle");
    let bundles: [(&str, Vec<u8>); 4] = [
        ("no bundle", b"#!/bin/sh\ntouch pwned\n".to_vec()),
        ("cut", whole[..whole.len() - 30].to_vec()),
        ("empty", b"# v2 git bundle\n\n".to_vec()),
        ("whole", whole),
    ];
    for (what, bytes) in bundles {
        let session = SessionId::from_random(&scene.letters(b'b'));
        let (state, segments) = packed(&scene, &session, &bytes);
        let evil = evil.clone();
        let session = scene.put(|card, body| {
            card.session = session;
            card.code = CodeState::Carried;
            let code = body.manifest.code.as_mut().expect("it was saved");
            (code.commit, code.bundle) = (evil.parse().expect("an id"), Some(state));
            body.segments.extend(segments);
        });
        if what != "whole" {
            scene.is_refused(what, &session, &[]);
            continue;
        }
        let (code, said) = scene.resume(what, &session, &[]);
        assert_eq!(code, 0, "{said}");
        assert_eq!(scene.laptop.head(), evil);
        let refs = scene.laptop.git(&["for-each-ref", "--format=%(refname)"]);
        let foreign = |name: &&str| {
            !name.starts_with("refs/heads/main")
                && !name.starts_with("refs/remotes/")
                && !name.starts_with("refs/convosync/in/")
        };
        assert_eq!(refs.lines().filter(foreign).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

#[test]
fn texts_that_speak_to_a_terminal_reach_it_as_text() {
    let mut scene = Scene::new();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}gnp.exe\u{2066}\r\u{9b}31m\u{8}\nsecond line";
    let session = scene.put(|card, body| {
        for text in [
            &mut card.message,
            &mut card.device_name,
            &mut card.repository,
            &mut card.working_directory,
        ] {
            *text = evil.to_owned();
        }
        body.manifest.conversations[0].title = Some(evil.to_owned());
        let code = body.manifest.code.as_mut().expect("it was saved");
        (code.subject, code.excluded) = (evil.to_owned(), vec![evil.to_owned()]);
        body.manifest.terminal.as_mut().expect("it was saved").shell = Some(evil.to_owned());
    });
    scene.looks_harmless("texts", &session);
    let output = scene.laptop.run(&["resume", &session]);
    assert!(output.status.success(), "{}", told(&output));
    harmless("resume", &output.stdout);
    // The machine-readable form keeps it, escaped.
    let rows = scene.laptop.json(&["list", "--all"]);
    let rows = rows.as_array().expect("rows");
    assert!(rows.iter().any(|row| row["message"] == evil), "{rows:?}");
}

#[test]
fn numbers_from_elsewhere_break_nothing() {
    let mut scene = Scene::new();
    for (time, count) in [(i64::MIN, u64::MAX), (i64::MAX, u64::MAX), (-1, 0)] {
        let session = scene.put(|card, body| {
            (card.timestamp_ms, card.message_count, card.size) = (time, count, count);
            body.manifest.conversations[0].message_count = count;
        });
        scene.looks_harmless("numbers", &session);
        scene.laptop.json(&["list", "--all"]);
        scene.laptop.json(&["log", &session]);
        let (code, said) = scene.resume("numbers", &session, &[]);
        assert_eq!(code, 0, "{said}");
    }
    scene.laptop.talk(ID, 1);
    let saved = scene.laptop.json(&["save", "On top"]);
    assert_eq!(saved["synced"], true, "{saved}");
}

/// What is wrong with a file's state.
type Lie = (&'static str, fn(&mut FileState));

#[test]
fn sizes_that_are_a_lie_are_refused_and_a_save_on_top_still_works() {
    let mut scene = Scene::new();
    let lies: [Lie; 5] = [
        ("longer", |file| file.len = u64::MAX),
        ("shorter", |file| file.len = 1),
        ("no blocks", |file| file.blocks.clear()),
        ("far away", |file| file.segments[0].at = u64::MAX),
        ("huge", |file| file.segments[0].len = u32::MAX),
    ];
    for (what, lie) in lies {
        let session = scene.put(|_, body| lie(&mut body.manifest.conversations[0].files[0].1));
        let failure = scene.is_refused(what, &session, &[]);
        assert_eq!(failure["code"], "convosync::save::damaged", "{what}: {failure}");
    }
    // Conversations that are only carried along are not rebuilt, but counted.
    let session = scene.put(|_, body| {
        for digit in ["2", "3"] {
            let mut other = body.manifest.conversations[0].clone();
            other.id = ID.replace('1', digit).parse().expect("an id");
            other.files[0].1.len = u64::MAX;
            body.manifest.conversations.push(other);
        }
    });
    scene.resume("carried along", &session, &[]);
    scene.laptop.talk(ID, 1);
    let saved = scene.laptop.json(&["save", "On top"]);
    assert_eq!(saved["session_id"], session.as_str(), "{saved}");
}

#[test]
fn a_vector_that_claims_our_own_saves_does_not_use_up_our_counts() {
    let mut scene = Scene::new();
    let profile = fs::read(scene.laptop.data().join("keys/profile")).expect("a key file");
    let me = Profile::decode(&profile).expect("whole").device.id;
    scene.put(|card, _| {
        card.vector.0.insert(me, VectorEntry { seq: u64::MAX, rand: "aaaaaaaa".to_owned() });
    });
    scene.laptop.json(&["resume"]);
    // A lost index makes the device look for its greatest count.
    fs::remove_dir_all(scene.laptop.home.join(".local/state/convosync")).expect("it was there");
    scene.laptop.json(&["list"]);
    scene.laptop.talk(ID, 1);
    let saved = scene.laptop.json(&["save", "--new", "Still counting"]);
    assert_eq!(saved["synced"], true, "{saved}");
    let rows = scene.desktop.json(&["list", "--all"]);
    assert!(rows.to_string().contains("Still counting"), "{rows}");
}

#[test]
fn the_last_generation_ends_a_session_and_no_other() {
    let mut scene = Scene::new();
    let last = SaveId::MAX_GENERATION;
    let (parent, save) = (scene.save_id(last - 1), scene.save_id(last));
    let session = scene.put(|card, _| {
        card.parents = vec![parent];
        card.vector = Vector::after([&card.vector.clone()], &save);
        card.save = save;
    });
    let (code, said) = scene.resume("last", &session, &[]);
    assert_eq!(code, 0, "{said}");
    scene.laptop.talk(ID, 1);
    let (_, failure) = scene.laptop.fails(&["save", "One too many"]);
    assert_eq!(failure["code"], "convosync::save::generation", "{failure}");
    assert!(failure["help"].as_str().is_some_and(|help| help.contains("--new")), "{failure}");
    scene.laptop.json(&["save", "--new", "Somewhere else"]);
}

#[test]
fn a_card_as_long_as_there_can_be_is_listed_and_cut_for_people() {
    let mut scene = Scene::new();
    let session = scene.put(|card, _| card.message = "long ".repeat(50_000));
    scene.looks_harmless("long", &session);
    let output = scene.laptop.run(&["list", "--all"]);
    assert!(output.stdout.len() < 20_000, "{} bytes for two rows", output.stdout.len());
    let (code, said) = scene.resume("long", &session, &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_message_that_no_list_should_carry_is_refused_before_the_commit() {
    let (_world, desktop, _laptop) = World::pair();
    desktop.talk(ID, 1);
    desktop.write("new.js", "x\n");
    let before = desktop.evidence();
    let (code, failure) = desktop.fails(&["save", &"long ".repeat(20_000)]);
    assert_eq!((code, &failure["code"]), (1, &"convosync::save::message-too-long".into()));
    assert_eq!(desktop.evidence(), before);
    assert!(desktop.work_tree.join("new.js").exists());
}
