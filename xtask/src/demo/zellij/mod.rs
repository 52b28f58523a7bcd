//! `cargo xtask demo --zellij`: three panes on the desktop are saved by a key and come back on the
//! laptop, where the clone is elsewhere, by Enter.

mod stage;
mod tmux;

use super::Scene;
use super::scene::{BRANCH, PLACE};
use super::verify::check;
use crate::run::Failed;
use crate::tools::Tools;
use crate::workspace::{Programs, Workspace};
use crate::zellij;
use stage::{Found, Stage};

/// What the desktop's third pane runs.
const COMMAND: [&str; 3] = ["tail", "-f", "login.rs"];

/// Runs the story, and gives its closing line.
pub(super) fn tell(
    workspace: &Workspace,
    programs: &Programs,
    tools: &Tools,
    scene: &Scene,
) -> Result<String, Failed> {
    let Scene { desktop, laptop, .. } = scene;
    let plugin = zellij::wasm(workspace)?;
    let found = Found { zellij: tools.zellij(), claude: tools.claude(), plugin };
    let before = Stage::set(workspace, programs, &found, desktop, &three_panes(scene))?;
    before.terminal.wait_for(&["Running the tests", "cargo test", "All green"])?;
    before.terminal.wait_for(&["not saved yet"])?;
    println!("On the desktop, Alt s in any pane saves all three:\n");
    before.terminal.press(&["M-s"])?;
    before.terminal.wait_for(&["What was done?"])?;
    before.terminal.type_text("Implemented OAuth login")?;
    before.terminal.press(&["Enter"])?;
    let saved = before.terminal.wait_for(&["saved: ready on", "saved now", "saved just now"])?;

    println!("On the laptop, Enter on the session brings them back:\n");
    let after =
        Stage::set(workspace, programs, &found, laptop, "    tab {\n        pane\n    }\n")?;
    after.terminal.wait_for(&["Implemented OAuth"])?;
    after.go_to_the_column("M-c")?;
    after.terminal.press(&["Enter"])?;
    after.terminal.wait_for(&["Switch", "switch"])?;
    after.terminal.press(&["Enter"])?;
    after.terminal.wait_for(&["Waiting to run"])?;
    // The new tab has a column of its own, which asks first.
    let resumed = after.terminal.wait_for(&["origin feature/oauth"])?;
    println!("{}", tmux::side_by_side([("desktop", &saved), ("laptop", &resumed)]));
    verify(scene, &before, &after)
}

/// The tab on the desktop: the conversation, a shell in the sources, and a command.
fn three_panes(scene: &Scene) -> String {
    let clone = scene.desktop.clone.display();
    let [resume, id] = stage::resume_conversation();
    let [command, follow, file] = COMMAND;
    format!(
        "    tab name=\"oauth\" cwd=\"{clone}\" {{
        pane split_direction=\"vertical\" {{
            pane command=\"claude\" name=\"conversation\" {{
                args \"{resume}\" \"{id}\"
            }}
            pane size=\"40%\" {{
                pane cwd=\"{clone}/{PLACE}\" focus=true
                pane cwd=\"{clone}/{PLACE}\" command=\"{command}\" {{
                    args \"{follow}\" \"{file}\"
                }}
            }}
        }}
    }}
"
    )
}

fn verify(scene: &Scene, before: &Stage<'_>, after: &Stage<'_>) -> Result<String, Failed> {
    let branch = scene.laptop.git(&["branch", "--show-current"])?;
    check(branch == BRANCH, || format!("the laptop is on branch `{branch}`"))?;
    let here = "[$pane.pane_x $pane.pane_y $pane.pane_columns $pane.pane_rows] | str join ' '";
    let of_tab = |stage: &Stage<'_>| {
        stage.terminals(&format!("if $pane.tab_name == oauth {{ {here} }} else {{ '' }}"))
    };
    let (there, here) = (of_tab(before)?, of_tab(after)?);
    let panes = |lines: &[String]| lines.iter().filter(|line| !line.is_empty()).count();
    check(panes(&there) == 3 && panes(&here) == 3, || {
        format!("the desktop has the panes {there:?}, the laptop {here:?}")
    })?;
    let clone = scene.laptop.clone.join(PLACE).display().to_string();
    let directories = after.terminals("$pane.pane_cwd? | default ''")?;
    check(directories.contains(&clone), || format!("no pane is in {clone}: {directories:?}"))?;
    Ok("verified: three panes on both, directories of the laptop, commands wait for Enter"
        .to_owned())
}
