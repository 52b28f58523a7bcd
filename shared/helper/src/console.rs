//! A person at a terminal, as far as questions need one.

use convosync_wire::Secret;

use crate::ask::Key;

/// Shows text and takes lines. None stands for "stop": end of input or Ctrl-C.
pub(crate) trait Console {
    /// Shows text that is harmless already.
    fn show(&mut self, text: &str);

    /// Asks for a line.
    fn ask(&mut self, prompt: &str) -> Option<String>;

    /// Asks for text without showing what is typed, from the first prompt to the last line.
    /// `more` gets the text so far and gives the prompt for another line; an empty one is the last.
    fn ask_hidden(&mut self, prompt: &str, more: &dyn Fn(&str) -> Option<String>)
    -> Option<Secret>;
}

/// A whole screen, and single keys.
pub(crate) trait Screen {
    /// Columns and rows.
    fn size(&self) -> (usize, usize);

    /// Shows this and nothing else.
    fn draw(&mut self, text: &str);

    /// Waits for keys; none where only the size has changed. None stands for "stop": end of input
    /// or Ctrl-C.
    fn keys(&mut self) -> Option<Vec<Key>>;
}
