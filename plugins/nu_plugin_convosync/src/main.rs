//! The Nushell plugin's entry.

use nu_plugin::{MsgPackSerializer, serve_plugin};
use nu_plugin_convosync::ConvoSyncPlugin;

fn main() {
    serve_plugin(&ConvoSyncPlugin, MsgPackSerializer {});
}
