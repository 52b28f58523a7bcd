//! How output looks here: decided from the environment by pure rules.

use std::collections::BTreeMap;

use crate::args::Color;
use crate::view::Look;

/// The variables of the environment that are text.
pub(crate) type Env = BTreeMap<String, String>;

/// What is known of one output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Output {
    /// Whether it is a terminal.
    pub(crate) terminal: bool,
    /// Its columns, if it says.
    pub(crate) columns: Option<usize>,
}

/// Columns where nothing says how many: the classic terminal.
const USUAL_COLUMNS: usize = 80;

/// How to write to an output.
pub(crate) fn look(output: Output, color: Color, env: &Env, directory: &str, now_ms: i64) -> Look {
    let dumb = env.get("TERM").is_some_and(|term| term == "dumb");
    Look {
        unicode: output.terminal && !dumb && utf8(env) && !linux_console(env),
        color: match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => wants_color(output.terminal && !dumb, env),
        },
        width: output.columns.unwrap_or(USUAL_COLUMNS),
        folds: output.terminal,
        now_ms,
        home: value(env, "HOME").map(ToOwned::to_owned),
        directory: directory.to_owned(),
        shell_follows: false,
    }
}

/// `NO_COLOR` (<https://no-color.org>) comes before `CLICOLOR_FORCE` and `CLICOLOR`
/// (<https://bixense.com/clicolors>), and all of them before the terminal.
fn wants_color(terminal: bool, env: &Env) -> bool {
    if value(env, "NO_COLOR").is_some() {
        return false;
    }
    if value(env, "CLICOLOR_FORCE").is_some_and(|force| force != "0") {
        return true;
    }
    terminal && value(env, "CLICOLOR") != Some("0")
}

/// Whether the locale is one of UTF-8, by the precedence of POSIX.
fn utf8(env: &Env) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| value(env, name));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The console of the kernel has 512 glyphs and no emoji.
fn linux_console(env: &Env) -> bool {
    env.get("TERM").is_some_and(|term| term == "linux")
}

/// A variable that is set to something.
fn value<'a>(env: &'a Env, name: &str) -> Option<&'a str> {
    env.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINAL: Output = Output { terminal: true, columns: Some(120) };
    const PIPE: Output = Output { terminal: false, columns: None };

    fn look_with(output: Output, color: Color, vars: &[(&str, &str)]) -> Look {
        let env = vars.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        look(output, color, &env, "/w", 0)
    }

    #[track_caller]
    fn unicode(output: Output, vars: &[(&str, &str)], want: bool) {
        assert_eq!(look_with(output, Color::Auto, vars).unicode, want, "{vars:?}");
    }

    #[test]
    fn signs_beyond_ascii_only_where_they_can_be_shown() {
        unicode(TERMINAL, &[("LANG", "de_DE.UTF-8")], true);
        unicode(TERMINAL, &[("LANG", "C.utf8")], true);
        unicode(TERMINAL, &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")], false);
        unicode(TERMINAL, &[("LC_ALL", ""), ("LANG", "de_DE.UTF-8")], true);
        unicode(TERMINAL, &[], false);
        unicode(TERMINAL, &[("LANG", "C.UTF-8"), ("TERM", "linux")], false);
        unicode(TERMINAL, &[("LANG", "C.UTF-8"), ("TERM", "dumb")], false);
        unicode(PIPE, &[("LANG", "de_DE.UTF-8")], false);
    }

    #[test]
    fn colour_follows_the_option_then_no_color_then_the_terminal() {
        let color = |output, when, vars: &[_]| look_with(output, when, vars).color;
        assert!(color(TERMINAL, Color::Auto, &[]));
        assert!(!color(PIPE, Color::Auto, &[]));
        assert!(!color(TERMINAL, Color::Auto, &[("NO_COLOR", "1")]));
        assert!(color(TERMINAL, Color::Auto, &[("NO_COLOR", "")]));
        assert!(!color(TERMINAL, Color::Auto, &[("CLICOLOR", "0")]));
        assert!(color(TERMINAL, Color::Auto, &[("CLICOLOR", "1")]));
        assert!(!color(PIPE, Color::Auto, &[("CLICOLOR", "1")]));
        assert!(color(PIPE, Color::Auto, &[("CLICOLOR_FORCE", "1")]));
        assert!(!color(PIPE, Color::Auto, &[("CLICOLOR_FORCE", "0")]));
        assert!(!color(PIPE, Color::Auto, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
        assert!(!color(TERMINAL, Color::Auto, &[("TERM", "dumb")]));
        assert!(color(PIPE, Color::Always, &[("NO_COLOR", "1")]));
        assert!(!color(TERMINAL, Color::Never, &[]));
    }

    #[test]
    fn width_is_the_terminals_or_eighty() {
        assert_eq!(look_with(TERMINAL, Color::Auto, &[]).width, 120);
        assert_eq!(look_with(PIPE, Color::Auto, &[]).width, 80);
    }
}
