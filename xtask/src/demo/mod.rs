//! `cargo xtask demo`: a session is saved on one device and resumed on another, in real Nushell.
//!
//! Both devices are folders with a home and a clone of their own; what joins them is a bare git
//! origin and a store: a folder, a git repository, or a bucket on SeaweedFS. Nothing outside the scratch folder is read or written.

mod conversation;
mod scene;
mod scratch;
mod store;
mod verify;
mod zellij;

use crate::run::Failed;
use crate::tools;
use crate::workspace::Workspace;
use scene::Scene;
pub(crate) use scratch::Scratch;
pub(crate) use store::Kind;
use store::Store;

/// How the story is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Telling {
    /// Leaves the scratch folder for a look.
    keep: bool,
    /// In two sessions of Zellij, panes and all.
    zellij: bool,
    store: Kind,
}

impl Telling {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failed> {
        let mut telling = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let value = match argument.as_str() {
                "--keep" => {
                    telling.keep = true;
                    continue;
                }
                "--zellij" => {
                    telling.zellij = true;
                    continue;
                }
                "--store" => rest.next().map(String::as_str),
                other => other.strip_prefix("--store="),
            };
            telling.store = value.and_then(Kind::parse).ok_or_else(|| {
                Failed::new(format!("`{}` is not understood here", arguments.join(" ")))
                    .help(crate::USAGE)
            })?;
        }
        Ok(telling)
    }
}

/// Runs the story and verifies its end.
pub(crate) fn demo(workspace: &Workspace, telling: &Telling) -> Result<(), Failed> {
    let mut wanted = vec![tools::NUSHELL];
    wanted.extend((telling.store == Kind::Bucket).then_some(tools::SEAWEED));
    if telling.zellij {
        wanted.extend([tools::CLAUDE_CODE, tools::ZELLIJ]);
    }
    let tools = tools::set_up(workspace, &wanted)?;
    let programs = workspace.build()?;
    let mut scratch = Scratch::new()?;
    if telling.keep {
        scratch.keep();
        println!("everything is under {}", scratch.path().display());
    }
    let store = Store::set(telling.store, scratch.path(), &tools)?;
    let scene = Scene::set(scratch.path(), &programs, tools.nu(), store)?;
    join(&scene)?;
    if telling.zellij {
        println!("\n{}", zellij::tell(workspace, &programs, &tools, &scene)?);
        return Ok(());
    }
    tell(&scene)?;
    println!("\n{}", verify::verify(&scene)?);
    Ok(())
}

/// Two devices of one account.
fn join(scene: &Scene) -> Result<(), Failed> {
    let Scene { desktop, laptop, store } = scene;
    println!("\nOnce: an account, and a second device that joins it with the recovery words.\n");
    let init = "convosync init --device desktop --kind desktop --recovery-file ~/recovery.txt";
    desktop.types(&format!("{init} --store {}", store.url))?;
    scene.carry_recovery_words()?;
    let join =
        "open ~/recovery.txt | convosync device join --recovery --device laptop --kind laptop";
    laptop.types(&format!("{join} --store {}", store.url))
}

fn tell(scene: &Scene) -> Result<(), Failed> {
    let Scene { desktop, laptop, .. } = scene;
    println!("On the desktop, on {}, after a conversation with Claude Code:\n", scene::BRANCH);
    desktop.types(r#"convosync save "Implemented OAuth login""#)?;

    println!("On the laptop, where the clone is elsewhere and on main:\n");
    laptop.types("convosync list | where branch == feature/oauth")?;
    laptop.types("convosync resume --switch-branch")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Telling> {
        let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        Telling::parse(&words).ok()
    }

    #[test]
    fn the_kind_of_store_is_read_in_both_spellings() {
        assert_eq!(parse(""), Some(Telling::default()));
        let bucket = Telling { keep: true, zellij: true, store: Kind::Bucket };
        assert_eq!(parse("--keep --zellij --store s3"), Some(bucket));
        let git = Telling { store: Kind::Git, ..Telling::default() };
        assert_eq!(parse("--store=git"), Some(git));
        assert!(parse("--store").is_none() && parse("--store ftp").is_none());
        assert!(parse("--kep").is_none());
    }
}
