//! `cargo xtask demo`: a session is saved on one device and resumed on another, in real Nushell.
//!
//! Both devices are folders with a home and a clone of their own; what joins them is a bare git
//! origin and a folder store. Nothing outside the scratch folder is read or written.

mod conversation;
mod scene;
mod scratch;
mod verify;

use std::process::Command;
use std::time::Instant;

use crate::run::{self, Failed};
use crate::tools;
use crate::workspace::Workspace;
use scene::{Device, Scene};
pub(crate) use scratch::Scratch;

/// Runs the story and verifies its end; `keep` leaves the scratch folder for a look.
pub(crate) fn demo(workspace: &Workspace, keep: bool) -> Result<(), Failed> {
    let tools = tools::set_up(workspace, &[tools::NUSHELL])?;
    let programs = workspace.build()?;
    let mut scratch = Scratch::new()?;
    if keep {
        scratch.keep();
        println!("everything is under {}", scratch.path().display());
    }
    let scene = Scene::set(scratch.path(), &programs, tools.nu())?;
    tell(&scene)?;
    println!("\n{}", verify::verify(&scene)?);
    Ok(())
}

fn tell(scene: &Scene) -> Result<(), Failed> {
    let Scene { desktop, laptop, store, .. } = scene;
    println!("\nOnce: an account whose sealed sessions lie in a folder that both devices see.\n");
    let recovery = desktop.home.join("recovery.txt");
    let init = format!(
        "init --store {store} --device desktop --kind desktop --recovery-file ~/recovery.txt --yes"
    );
    step(desktop, &format!("convosync {init}"), &mut desktop.helper(&init))?;
    let join = format!("device join --recovery --store {store} --device laptop --kind laptop");
    let words = std::fs::File::open(&recovery).map_err(Failed::at(&recovery))?;
    let mut command = laptop.helper(&join);
    step(laptop, &format!("convosync {join} < recovery.txt"), command.stdin(words))?;

    println!(
        "On the desktop, on feature/oauth, after a conversation of {} messages:\n",
        conversation::MESSAGES
    );
    let save = r#"convosync save "Implemented OAuth login""#;
    step(desktop, save, &mut desktop.nushell(save))?;

    println!("On the laptop, where the clone is elsewhere and on main:\n");
    let list = "convosync list | where branch == feature/oauth";
    step(laptop, list, &mut laptop.nushell(list))?;
    let resume = "convosync resume --switch-branch";
    let script = format!("{resume} | print; pwd | save --raw $env.{}", scene::DIRECTORY_AFTER);
    step(laptop, resume, &mut laptop.nushell(&script))
}

/// Shows the prompt and what `command` prints, and how long it took.
fn step(device: &Device, typed: &str, command: &mut Command) -> Result<(), Failed> {
    println!("{}> {typed}", device.name);
    let start = Instant::now();
    run::run(command)?;
    println!("({:.2} s)\n", start.elapsed().as_secs_f64());
    Ok(())
}
