//! `convosync watch`.

use clap::Args;
use convosync_wire::zellij::Address;

/// `convosync watch`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync watch\n  \
    convosync watch --json\n\n\
    One process watches for the whole machine; Ctrl-C ends it. A store in a folder tells by itself\n\
    that something came, a bucket or a git repository is asked once a minute. What waits here is\n\
    sent when the store answers again, at the latest 15 minutes later. `convosync list --watch` looks\n\
    by itself, and can be narrowed to a branch, a device or a repository.")]
pub(crate) struct Watch {
    /// Tell the plugin in this Zellij session: starts a watch in the background if there is none
    #[arg(long, value_name = "SESSION")]
    pub(crate) zellij: Option<String>,
    /// The process of that session's server, with which it ends [default: the one around this]
    #[arg(long, value_name = "PID", requires = "zellij", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) server: Option<u32>,
    /// The address of our plugin there: it alone is told [default: all are, and of little]
    #[arg(long, value_name = "URL", requires_all = ["zellij", "plugin_configuration"])]
    pub(crate) plugin: Option<String>,
    /// What that plugin was told, as `zellij pipe` takes it
    #[arg(long, value_name = "KEY=VALUE", requires = "plugin")]
    pub(crate) plugin_configuration: Option<String>,
    /// What `--zellij` starts
    #[arg(long, hide = true, conflicts_with = "zellij")]
    pub(crate) background: bool,
}

impl Watch {
    /// Who is told in the Zellij session.
    pub(crate) fn address(&self) -> Option<Address> {
        let (url, configuration) = (self.plugin.clone()?, self.plugin_configuration.clone()?);
        Some(Address { url, configuration })
    }
}
