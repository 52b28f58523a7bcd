//! `cargo xtask demo`: a session is saved on one device and resumed on another, in real Nushell.
//!
//! Both devices are folders with a home and a clone of their own; what joins them is a bare git
//! origin and a folder store. Nothing outside the scratch folder is read or written.

mod conversation;
mod scene;
mod scratch;
mod verify;

use crate::run::Failed;
use crate::tools;
use crate::workspace::Workspace;
use scene::Scene;
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
    let Scene { desktop, laptop, store } = scene;
    println!("\nOnce: an account, and a second device that joins it with the recovery words.\n");
    let init = "convosync init --device desktop --kind desktop --recovery-file ~/recovery.txt";
    desktop.types(&format!("{init} --store {store}"))?;
    scene.carry_recovery_words()?;
    let join =
        "open ~/recovery.txt | convosync device join --recovery --device laptop --kind laptop";
    laptop.types(&format!("{join} --store {store}"))?;

    println!("On the desktop, on {}, after a conversation with Claude Code:\n", scene::BRANCH);
    desktop.types(r#"convosync save "Implemented OAuth login""#)?;

    println!("On the laptop, where the clone is elsewhere and on main:\n");
    laptop.types("convosync list | where branch == feature/oauth")?;
    laptop.types("convosync resume --switch-branch")
}
