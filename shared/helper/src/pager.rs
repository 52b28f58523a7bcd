//! Long texts on a terminal go through the user's pager.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::surroundings::Env;

/// What `less` does unless the user says otherwise: keep colours, leave short texts alone, and
/// leave them on the screen; as git has it.
const LESS: &str = "FRX";

/// Shows the text in the pager. False: there is none, or the user wants none.
pub(crate) fn show(text: &str, env: &Env) -> bool {
    let Some((program, args)) = chosen(env) else { return false };
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped());
    if !env.contains_key("LESS") {
        command.env("LESS", LESS);
    }
    let Ok(mut pager) = command.spawn() else { return false };
    if let Some(mut input) = pager.stdin.take() {
        // Whoever has read enough leaves the rest.
        let _ = input.write_all(text.as_bytes());
    }
    // It was shown, however the pager ended.
    let _ = pager.wait();
    true
}

/// The program and its arguments, separated by spaces. `cat` is none, and so is an empty name.
fn chosen(env: &Env) -> Option<(&str, Vec<&str>)> {
    let set = ["CONVOSYNC_PAGER", "PAGER"].iter().find_map(|name| env.get(*name));
    let mut words = set.map_or("less", String::as_str).split_whitespace();
    let program = words.next().filter(|program| *program != "cat")?;
    Some((program, words.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pager_is_the_users() {
        let env = |pairs: &[(&str, &str)]| -> Env {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(chosen(&env(&[])), Some(("less", vec![])));
        assert_eq!(chosen(&env(&[("PAGER", "most -w")])), Some(("most", vec!["-w"])));
        let ours = env(&[("PAGER", "most"), ("CONVOSYNC_PAGER", "bat")]);
        assert_eq!(chosen(&ours), Some(("bat", vec![])));
        assert_eq!(chosen(&env(&[("PAGER", "cat")])), None);
        assert_eq!(chosen(&env(&[("PAGER", "")])), None);
    }
}
