//! The shell that calls: the functions that it loads, and what it is handed after a resume.
//!
//! A program can't change the directory of the shell that started it. The function of
//! `convosync shell-init` makes an empty file and names it in [`HANDOVER`]; the helper writes fields
//! into it, each ended by a NUL, three for each thing to do. The function reads them: nothing in
//! them is ever run as code, so nothing has to be quoted.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use clap::ValueEnum;
use convosync_wire::ResumeReport;

/// The variable that names the file for what the shell is to do.
pub(crate) const HANDOVER: &str = "CONVOSYNC_HANDOVER";

/// The variable that names the shell that calls: `SHELL` is the one of the login.
pub(crate) const SHELL: &str = "CONVOSYNC_SHELL";

/// A shell that can load a function of ours. Nushell needs none: its plugin moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    // No doc comments: clap would print them below `--help`.
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// What the shell loads when it starts.
    pub(crate) fn code(self, history: bool) -> String {
        let (function, recorder) = match self {
            Self::Bash => (include_str!("bash.sh"), include_str!("bash-history.sh")),
            Self::Zsh => (include_str!("zsh.zsh"), include_str!("zsh-history.zsh")),
            Self::Fish => (include_str!("fish.fish"), include_str!("fish-history.fish")),
        };
        if history { format!("{function}\n{recorder}") } else { function.to_owned() }
    }
}

/// What the shell is to do after a resume: set variables, take commands into its history, and go to
/// the session's directory, last.
fn orders(report: &ResumeReport, history: bool) -> Vec<u8> {
    let mut orders = Vec::new();
    let mut order = |what: &str, name: &str, value: &str| {
        // None holds a NUL: the engine lets no control characters in, and no path has one.
        if ![what, name, value].iter().any(|field| field.contains('\0')) {
            orders.extend_from_slice(format!("{what}\0{name}\0{value}\0").as_bytes());
        }
    };
    for variable in &report.env {
        if let Some(text) = variable.value.as_text() {
            order("env", &variable.name, &text);
        }
    }
    for row in report.history.iter().filter(|_| history) {
        order("history", "-", &row.command);
    }
    order("cd", "-", &report.working_directory);
    orders
}

/// Tells the shell what to do, in the file that its function made.
///
/// # Errors
///
/// If that is no file of the user's own, or can't be written.
pub(crate) fn hand_over(path: &Path, report: &ResumeReport, history: bool) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
    // Never made, never followed: a name in a folder that others write to may be anybody's.
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is no file of yours"));
    }
    file.write_all(&orders(report, history))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use convosync_wire::{CommandRow, EnvValue, Variable};

    use super::*;
    use crate::view::testing;

    fn report() -> ResumeReport {
        let variable = |name: &str, value| Variable { name: name.to_owned(), value };
        let command = "echo $(reboot)\n'x".to_owned();
        ResumeReport {
            env: vec![
                variable("APP", EnvValue::Text("a b; $(reboot)".to_owned())),
                variable("LIST", EnvValue::List(Vec::new())),
                variable("PORT", EnvValue::Int(80)),
            ],
            history: vec![CommandRow {
                command,
                timestamp: None,
                exit_code: None,
                directory: None,
            }],
            ..testing::resumed()
        }
    }

    #[test]
    fn a_shell_is_told_in_fields_that_need_no_quotes() {
        let orders = String::from_utf8(orders(&report(), true)).expect("UTF-8");
        let want = "env\0APP\0a b; $(reboot)\0env\0PORT\080\0\
                    history\0-\0echo $(reboot)\n'x\0cd\0-\0/home/me/projects/myapp\0";
        assert_eq!(orders, want);
    }

    #[test]
    fn without_the_option_the_history_stays_as_it_is() {
        assert!(!String::from_utf8(orders(&report(), false)).expect("UTF-8").contains("history"));
    }

    #[test]
    fn what_holds_a_nul_is_told_to_no_shell() {
        let report = ResumeReport { working_directory: "/a\0env\0PATH\0/x".into(), ..report() };
        assert!(!String::from_utf8(orders(&report, false)).expect("UTF-8").contains("PATH"));
    }

    #[test]
    fn a_handover_goes_into_a_file_that_is_there_and_through_no_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        assert!(hand_over(&file, &report(), false).is_err(), "it is not made");
        fs::write(&file, "").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        assert!(hand_over(&link, &report(), false).is_err(), "a link is not followed");
        assert_eq!(fs::read(&file).expect("it is there"), b"");
        hand_over(&file, &report(), false).expect("a file of ours");
        assert_eq!(fs::read(&file).expect("it is there"), orders(&report(), false));
    }
}
