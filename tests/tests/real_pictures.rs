//! The pictures of the README are what the programs draw.

use std::fs;

use convosync_tests::{Device, Terminal, World, helper, matches_picture, nu_terminal};

const ID: &str = "5c1d7a52-3f0e-4b8e-9d41-7a60c2e8b913";

/// What three devices did in one repository.
fn scene() -> (World, Device) {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/shop-api");
    let laptop = world.next_device("laptop", "code/shop-api");
    let server = world.next_device("build-server", "srv/shop-api");
    for (device, branch, turns, message) in [
        (&server, "perf/queries", 21, "Halved the queries of a cart"),
        (&laptop, "docs/readme", 4, "Wrote down how to deploy"),
        (&server, "fix/flaky-upload", 9, "Found the race in the upload queue"),
        (&desktop, "feature/oauth", 15, "Implemented OAuth login"),
    ] {
        device.git(&["switch", "-q", "-c", branch]);
        device.write(&format!("src/{}.js", branch.replace('/', "-")), message);
        device.talk(&ID.replace("5c1d", &format!("{turns:04}")), turns);
        device.ok(&["save", "--new", message]);
        device.git(&["switch", "-q", "main"]);
    }
    (world, laptop)
}

fn enter(terminal: &Terminal, line: &str) {
    terminal.type_text(line);
    terminal.press(&["Enter"]);
}

/// What stands on the screen above the prompt that waits for the next line.
fn above_the_prompt(terminal: &Terminal) -> String {
    let colours = terminal.colours();
    colours.rsplit_once('\n').map(|(above, _)| above.to_owned()).unwrap_or_default()
}

#[test]
fn the_table_of_nushell_is_in_the_picture() {
    let (_world, laptop) = scene();
    let terminal = nu_terminal(&laptop.work_tree, &laptop.env(), &helper(), ("", ""));
    terminal.resize((112, 12));
    enter(&terminal, "clear");
    terminal.wait_until("an empty screen", |screen| screen == "shop-api>");
    enter(&terminal, "convosync list | select session_id device branch message message_count");
    terminal.wait_for_calm("OAuth login");
    matches_picture("list", &above_the_prompt(&terminal));
}

#[test]
fn a_question_is_in_the_picture() {
    let (_world, laptop) = scene();
    laptop.write("README.md", "begun and not finished\n");
    let rc = laptop.home.join("bashrc");
    let helper = helper().display().to_string();
    let prompt = r"PS1='\[\e[32m\]shop-api\[\e[0m\] $ '";
    fs::write(&rc, format!("{prompt}\nconvosync() {{ '{helper}' \"$@\"; }}\n")).expect("a file");
    let bash = format!("bash --rcfile '{}'", rc.display());
    let terminal = Terminal::of_size((84, 40), &laptop.work_tree, &laptop.env(), &bash);
    terminal.wait_for_calm("shop-api $");
    enter(&terminal, "convosync resume --latest --switch-branch");
    terminal.wait_for_calm("Choose [1-3]");
    matches_picture("question", &terminal.colours());
}
