//! What is said to plugins, by `zellij pipe`.

use std::time::Duration;

use convosync_engine::Cancel;
use convosync_engine::ports::{PaneEnv, PanesError};

use super::call::Zellij;

/// Plugins of one Zellij session. Whether any run is not known.
#[derive(Debug, Clone, Copy)]
pub struct ZellijPlugins<'a> {
    /// The session's name.
    pub session: &'a str,
    /// The address of the only one that is meant, and its configuration (`role=daemon`). Zellij
    /// starts it if it does not run. None: all of them, whoever wrote them.
    pub plugin: Option<(&'a str, &'a str)>,
    /// Where Zellij is, and the sockets of its sessions.
    pub env: &'a PaneEnv,
}

impl ZellijPlugins<'_> {
    /// Hands them a line through the pipe of this name, and waits until they have it. It goes by
    /// standard input: everybody on the machine can read arguments. When this returns, nothing that it
    /// started runs any more.
    ///
    /// # Errors
    ///
    /// If there is no Zellij, no such session, nobody takes it in time, or it was cancelled.
    pub fn tell(
        &self,
        pipe: &str,
        line: &[u8],
        limit: Duration,
        cancel: &Cancel,
    ) -> Result<(), PanesError> {
        let line = [line, b"\n"].concat();
        let plugin = self.plugin.map(|(url, configuration)| {
            [format!("--plugin={url}"), format!("--plugin-configuration={configuration}")]
        });
        let mut args = vec!["pipe", "--name", pipe];
        args.extend(plugin.iter().flatten().map(String::as_str));
        Zellij::find(self.env, cancel)?
            .about(self.session)
            .heard("tell the plugins of Zellij", &args, &line, limit)
            .map(drop)
    }
}
