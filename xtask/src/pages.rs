//! Manual pages and completions: the helper makes them, here they get to where they are looked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Failed};

/// Where each shell looks below a folder `share`. zsh looks where its `fpath` says.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/convosync"),
    ("zsh", "zsh/site-functions/_convosync"),
    ("fish", "fish/vendor_completions.d/convosync.fish"),
];

/// Where `man` looks below a folder `share`.
const MANUAL: &str = "man/man1";

/// Makes them in `target`: each file, and its place below `shares`.
pub(crate) fn made(
    helper: &Path,
    target: &Path,
    shares: &Path,
) -> Result<Vec<(PathBuf, PathBuf)>, Failed> {
    let folder = target.join("pages");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failed::at(&folder)(error));
        }
        _ => {}
    }
    let manual = folder.join(MANUAL);
    fs::create_dir_all(&manual).map_err(Failed::at(&manual))?;
    run::run(Command::new(helper).arg("man").arg(&manual))?;
    let mut files = Vec::new();
    for entry in fs::read_dir(&manual).map_err(Failed::at(&manual))? {
        let page = entry.map_err(Failed::at(&manual))?;
        files.push((page.path(), shares.join(MANUAL).join(page.file_name())));
    }
    files.sort();
    for (shell, place) in SHELLS {
        let script = run::output(Command::new(helper).args(["completions", shell]))?;
        let file = folder.join(shell);
        fs::write(&file, script + "\n").map_err(Failed::at(&file))?;
        files.push((file, shares.join(place)));
    }
    Ok(files)
}

/// Whether a place is that of a manual page.
pub(crate) fn is_page(place: &Path) -> bool {
    place.parent().is_some_and(|folder| folder.ends_with(MANUAL))
}
