//! The files that Zellij reads: layouts, and the text of panes.

use std::path::{Path, PathBuf};

use convosync_core::Tab;
use convosync_engine::ports::{NewPane, PanesError};

use super::call::failure;
use super::{Around, kdl};
use crate::{disk, durable};

/// Starts their names, as those of all that is swept from the folder when it is old.
const OURS: &str = "scratch-panes-";

/// Private files that are removed when nobody reads them any more.
pub(super) struct Files<'a> {
    folder: &'a Path,
    written: Vec<PathBuf>,
}

impl<'a> Files<'a> {
    pub(super) fn in_folder(folder: &'a Path) -> Self {
        Self { folder, written: Vec::new() }
    }

    /// Writes tabs as a layout, and the texts of their panes beside it. Gives its path.
    pub(super) fn layout(
        &mut self,
        tabs: &[Tab<NewPane>],
        around: &Around,
    ) -> Result<String, PanesError> {
        let mut failed = None;
        let mut keep = |text: &str| match self.file("txt", &for_terminal(text)) {
            Ok(path) => Some(path),
            Err(error) => {
                failed = Some(error);
                None
            }
        };
        let layout = kdl::layout(tabs, around.frame.as_ref(), around.size, &mut keep);
        match failed {
            Some(error) => Err(error),
            None => self.file("kdl", &layout),
        }
    }

    fn file(&mut self, ending: &str, text: &str) -> Result<String, PanesError> {
        let unwritten = |error: std::io::Error| failure("write a layout", &error.to_string());
        durable::make_folder(self.folder).map_err(unwritten)?;
        let letters = durable::random_letters().map_err(unwritten)?;
        let path = self.folder.join(format!("{OURS}{letters}.{ending}"));
        let mut file = durable::new_file(&path).map_err(unwritten)?;
        self.written.push(path.clone());
        disk::write_all(&mut file, &path, text.as_bytes()).map_err(unwritten)?;
        let text = path.into_os_string().into_string();
        text.map_err(|_| failure("write a layout", "its path is no UTF-8"))
    }

    /// Leaves them for a Zellij that reads them later; they are swept a day after.
    pub(super) fn leave(mut self) {
        self.written.clear();
    }
}

impl Drop for Files<'_> {
    fn drop(&mut self) {
        for path in &self.written {
            // What stays is removed a day later.
            let _ = disk::remove_file(path);
        }
    }
}

/// Each line from the first column on, and no colour left over for what comes after.
fn for_terminal(text: &str) -> String {
    let mut lines: String = text.lines().map(|line| format!("{line}\r\n")).collect();
    lines.push_str("\u{1b}[0m");
    lines
}
