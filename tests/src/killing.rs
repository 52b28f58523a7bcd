//! A `git` before the real one that kills the helper at one of its calls.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::Device;

/// What becomes of the git whose helper is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It never runs: what was done before is all there is.
    Nothing,
    /// It runs beside the next helper.
    Orphan,
}

/// A program of the name `git` in a folder of its own.
pub struct KillingGit {
    folder: PathBuf,
}

impl KillingGit {
    /// One that kills the helper at its call `number`, counted from 1.
    ///
    /// # Panics
    ///
    /// If it can't be written.
    #[must_use]
    pub fn at(device: &Device, number: usize, then: Then) -> Self {
        let exits = if then == Then::Nothing { "exit 1;" } else { "" };
        let wrapper = Self::scripted(
            device,
            &format!(
                "echo . >> \"$here/calls\"\n\
                 if [ $(wc -l < \"$here/calls\") = {number} ]; then kill -9 $PPID; {exits} fi\n"
            ),
        );
        let _ = fs::remove_file(wrapper.folder.join("calls"));
        wrapper
    }

    /// One that runs these lines of `sh` before the real git. `$here` is its folder, `$PPID` the
    /// helper.
    ///
    /// # Panics
    ///
    /// If it can't be written.
    #[must_use]
    pub fn scripted(device: &Device, lines: &str) -> Self {
        let folder = device.home.join("wrapper");
        fs::create_dir_all(&folder).expect("a folder");
        let program = folder.join("git");
        let script = format!(
            "#!/bin/sh\n\
             here=$(dirname \"$0\")\n\
             PATH=${{PATH#\"$here:\"}}; export PATH\n\
             {lines}exec git \"$@\"\n"
        );
        fs::write(&program, script).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("executable");
        Self { folder }
    }

    /// The helper with this git before the real one.
    #[must_use]
    pub fn command(&self, device: &Device, args: &[&str]) -> Command {
        let mut command = device.command(args);
        let path = format!("{}:{}", self.folder.display(), device.env()["PATH"]);
        command.env("PATH", path);
        command
    }

    /// Runs the helper with it. False: nobody was killed, since there were fewer calls.
    ///
    /// # Panics
    ///
    /// If it can't be started.
    #[must_use]
    pub fn kills(&self, device: &Device, args: &[&str]) -> bool {
        let output = self.command(device, args).output().expect("the helper runs");
        output.status.code().is_none()
    }
}
