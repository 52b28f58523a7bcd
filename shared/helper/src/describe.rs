//! What may be typed, told to shells, to `man` and to the documentation: all from the definitions
//! of the command line.

use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use clap_complete::env::Shells;
use serde_json::{Value, json};

use crate::args::{Cli, Definitions};
use crate::complete;
use crate::exit::Exit;
use crate::output::{eput, put};

const NAME: &str = "convosync";

/// Prints or writes what is wanted.
pub(crate) fn told(what: &Definitions) -> Exit {
    let text = match what {
        Definitions::Completions(shell) => registration(shell),
        Definitions::Man(folder) => pages(folder),
        Definitions::Json => Ok(format!("{:#}\n", described(&definition()))),
    };
    match text.and_then(|text| put(&text)) {
        Ok(_) => Exit::Done,
        Err(error) => {
            eput(&format!("error: {error}\n"));
            Exit::Failed
        }
    }
}

/// The definitions with all that clap adds to them.
fn definition() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The script with which a shell asks this program what fits.
fn registration(shell: &str) -> std::io::Result<String> {
    let shells = Shells::builtins();
    let shell = shells.completer(shell).ok_or(std::io::ErrorKind::Unsupported)?;
    let mut script = Vec::new();
    shell.write_registration(complete::VARIABLE, NAME, NAME, NAME, &mut script)?;
    String::from_utf8(script).map_err(std::io::Error::other)
}

/// Writes `convosync.1`, `convosync-save.1` and so on.
fn pages(folder: &Path) -> std::io::Result<String> {
    clap_mangen::generate_to(Cli::command(), folder)?;
    Ok(String::new())
}

/// A command, its arguments and the commands below it; what is hidden is left out.
fn described(command: &Command) -> Value {
    let shown = |arg: &&Arg| !arg.is_hide_set() && !arg.is_global_set() && arg.get_id() != "help";
    let below = command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help");
    json!({
        "name": command.get_name(),
        "about": command.get_about().map(ToString::to_string),
        "after": command.get_after_help().map(ToString::to_string),
        "arguments": command.get_arguments().filter(shown).map(argument).collect::<Vec<_>>(),
        "global": command.get_arguments().filter(|arg| arg.is_global_set()).map(argument).collect::<Vec<_>>(),
        "commands": below.map(described).collect::<Vec<_>>(),
    })
}

fn argument(arg: &Arg) -> Value {
    let takes =
        !matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Version | ArgAction::Help);
    let names = arg.get_value_names().unwrap_or_default();
    let words = arg.get_possible_values();
    json!({
        "long": arg.get_long(),
        "short": arg.get_short().map(String::from),
        "value": names.first().filter(|_| takes).map(ToString::to_string),
        "required": arg.is_required_set(),
        "many": matches!(arg.get_action(), ArgAction::Append),
        "words": words.iter().filter(|_| takes).map(|word| word.get_name()).collect::<Vec<_>>(),
        "about": arg.get_help().map(ToString::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_gets_a_script_that_asks_this_program() {
        for shell in ["bash", "zsh", "fish"] {
            let script = registration(shell).expect("a shell that is known");
            assert!(
                script.contains(NAME) && script.contains(complete::VARIABLE),
                "{shell}: {script}"
            );
        }
        assert!(registration("tcsh").is_err());
    }

    #[test]
    fn every_command_has_a_page_with_its_options() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        pages(folder.path()).expect("written");
        let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
        assert!(page("convosync.1").contains("convosync\\-save(1)"), "{}", page("convosync.1"));
        assert!(page("convosync-list.1").contains("\\-\\-since"), "{}", page("convosync-list.1"));
        assert!(page("convosync-device-join.1").contains("recovery"));
    }

    #[test]
    fn what_is_hidden_is_not_described() {
        let all = described(&definition());
        let names: Vec<_> = all["commands"].as_array().expect("commands").iter().collect();
        let named = |name: &str| names.iter().any(|command| command["name"] == name);
        assert!(named("save") && named("doctor") && !named("rpc") && !named("man"), "{names:?}");
    }
}
