//! The pictures of the README are what the programs draw.

use std::fs;
use std::os::unix::fs::symlink;

use convosync_tests::{
    Device, Terminal, World, Zellij, draw_picture, helper, matches_picture, nu_terminal, text,
    zellij_plugin,
};

const ID: &str = "5c1d7a52-3f0e-4b8e-9d41-7a60c2e8b913";

/// What three devices did in one repository.
fn scene() -> (World, Device) {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/shop-api");
    let laptop = world.next_device("laptop", "code/shop-api");
    let server = world.next_device("build-server", "srv/shop-api");
    // A repository goes by the name of its origin.
    let origin = world.path().join("shop-api.git");
    symlink(world.origin(), &origin).expect("a link");
    for device in [&desktop, &laptop, &server] {
        device.git(&["remote", "set-url", "origin", &text(&origin)]);
    }
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
    let rc = prompt_file(&laptop, &format!("convosync() {{ '{}' \"$@\"; }}", text(&helper())));
    let bash = format!("bash --rcfile '{rc}'");
    let terminal = Terminal::of_size((84, 40), &laptop.work_tree, &laptop.env(), &bash);
    terminal.wait_for_calm("shop-api $");
    enter(&terminal, "convosync resume --latest --switch-branch");
    terminal.wait_for_calm("Choose [1-3]");
    matches_picture("question", &terminal.colours());
}

/// The column with the sessions beside a shell.
fn layout(plugin: &str, rc: &str) -> String {
    format!(
        "layout {{
    pane split_direction=\"vertical\" {{
        pane size=34 borderless=true {{
            plugin location=\"file:{plugin}\" {{
                role \"sidebar\"
            }}
        }}
        pane focus=true command=\"bash\" {{
            args \"--rcfile\" \"{rc}\"
        }}
    }}
    pane size=1 borderless=true {{
        plugin location=\"compact-bar\"
    }}
}}
"
    )
}

#[test]
fn the_column_in_zellij_is_in_the_picture() {
    let (_world, laptop) = scene();
    let zellij = Zellij::on(&laptop);
    let plugin = zellij_plugin();
    zellij.grant(&plugin);
    let plugin = text(&plugin);
    zellij.configure("simplified_ui true\n");
    zellij.configure(&format!(
        "load_plugins {{\n    \"file:{plugin}\" {{\n        role \"daemon\"\n    }}\n}}\n"
    ));
    let rc = prompt_file(&laptop, "");
    let session = zellij.start_sized("shop", &layout(&plugin, &rc), (112, 28));
    session.wait_for_calm("OAuth");
    enter(&session, "convosync resume --latest --switch-branch");
    session.wait_for_calm("claude --resume");
    session.wait_until("the branch in the column", |screen| {
        screen.lines().nth(1).is_some_and(|line| line.contains("shop-api feature/oauth"))
    });
    // How long ago something was is not the same at every run.
    draw_picture("sidebar", &session.colours());
}

/// What bash reads at its start: the prompt, and more.
fn prompt_file(device: &Device, more: &str) -> String {
    let rc = device.home.join("bashrc");
    let prompt = r"PS1='\[\e[32m\]shop-api\[\e[0m\] $ '";
    fs::write(&rc, format!("{prompt}\n{more}\n")).expect("a file");
    text(&rc)
}
