//! `convosync watch`.

use clap::Args;

/// `convosync watch`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync watch\n  \
    convosync watch --json\n\n\
    One process watches for the whole machine; Ctrl-C ends it. A store in a folder tells by itself\n\
    that something came, a bucket or a git repository is asked once a minute. What waits here is\n\
    sent as soon as the store answers. `convosync list --watch` looks by itself, and can be narrowed\n\
    to a branch, a device or a repository.")]
pub(crate) struct Watch {
    /// Tell the plugin in this Zellij session: starts a watch in the background if there is none
    #[arg(long, value_name = "SESSION")]
    pub(crate) zellij: Option<String>,
    /// The process of that session's server, with which it ends [default: the one around this]
    #[arg(long, value_name = "PID", requires = "zellij", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) server: Option<u32>,
    /// What `--zellij` starts
    #[arg(long, hide = true, conflicts_with = "zellij")]
    pub(crate) background: bool,
}
