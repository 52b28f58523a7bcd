//! A program in the place of Zellij, for tests.

use std::fs;
use std::path::Path;
use std::process::Command;

use convosync_engine::Cancel;
use convosync_engine::ports::{PaneEnv, Panes as _, PanesError, Screen};
use tempfile::TempDir;

use crate::zellij::ZellijPanes;

/// Answers as Zellij gives them, and counts how often it was asked.
pub(in crate::zellij) const ANSWERS: &str = r#"#!/bin/sh
cd "$ANSWERS"
echo "$4" >> asked
times=$(grep -c "^$4" asked)
busy() { [ "$times" -gt "${BUSY:-0}" ] || { eval "$1"; }; }
case "$4" in
    list-panes) busy 'echo Timeout listing panes >&2; exit 2'; cat panes.json ;;
    list-tabs) busy 'echo Timeout listing tabs >&2; exit 2'; cat tabs.json ;;
    dump-layout) busy 'exit 0'; cat "${DUMP:-layout.kdl}" ;;
esac
"#;

/// A program in the place of Zellij.
pub(in crate::zellij) struct Stand {
    pub(in crate::zellij) folder: TempDir,
    pub(in crate::zellij) env: PaneEnv,
}

impl Stand {
    pub(in crate::zellij) fn new(script: &str, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("panes.json"), include_str!("../samples/panes.json")).expect("a file");
        fs::write(at("tabs.json"), include_str!("../samples/tabs.json")).expect("a file");
        fs::write(at("layout.kdl"), include_str!("../samples/layout.kdl")).expect("a file");
        fs::write(at("short.kdl"), "layout {\n    tab {\n        pane\n    }\n}\n")
            .expect("a file");
        fs::write(at("script"), script).expect("a file");
        // What another process wrote can be run at once, whatever threads start in between.
        let installed =
            Command::new("install").args(["-m", "755"]).args([at("script"), at("zellij")]).status();
        assert!(installed.expect("there is `install`").success());
        let text = |path: &Path| path.to_str().expect("it is UTF-8").to_owned();
        let path = format!("{}:/usr/bin:/bin", text(folder.path()));
        let own = [("ZELLIJ_SESSION_NAME", "main"), ("PATH", &path)];
        let of = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut env: PaneEnv = own.iter().chain(more).map(of).collect();
        for name in ["ANSWERS", "ZELLIJ_SOCKET_DIR"] {
            env.insert(name.to_owned(), text(folder.path()));
        }
        Self { folder, env }
    }

    pub(in crate::zellij) fn panes(&self) -> ZellijPanes {
        ZellijPanes::new(self.folder.path().to_owned(), Cancel::new())
    }

    pub(in crate::zellij) fn look(&self) -> Result<Option<Screen>, PanesError> {
        self.panes().look(&self.env)
    }

    pub(in crate::zellij) fn asked(&self, what: &str) -> usize {
        let asked = fs::read_to_string(self.folder.path().join("asked")).expect("it was asked");
        asked.lines().filter(|line| *line == what).count()
    }
}
