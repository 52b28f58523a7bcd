//! A person at a terminal, as far as questions need one.

use convosync_wire::Secret;

/// Shows text and takes lines. None stands for "stop": end of input or Ctrl-C.
pub(crate) trait Console {
    /// Shows text that is harmless already.
    fn show(&mut self, text: &str);

    /// Asks for a line.
    fn ask(&mut self, prompt: &str) -> Option<String>;

    /// Asks for a line without showing what is typed.
    fn ask_hidden(&mut self, prompt: &str) -> Option<Secret>;
}
