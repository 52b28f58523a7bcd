//! Where the helper is.

use std::path::{Path, PathBuf};

/// The helper's file name without the platform's suffix.
const NAME: &str = "convosync";

/// Where to look, in this order.
#[derive(Debug, Default)]
pub(crate) struct Places<'a> {
    /// `$env.config.plugins.convosync.helper`. If the user named one, no other is taken.
    pub(crate) configured: Option<&'a Path>,
    /// The folder of the plugin's own binary.
    pub(crate) beside: Option<&'a Path>,
    /// The caller's `PATH`, joined.
    pub(crate) path: Option<&'a str>,
}

impl Places<'_> {
    /// The first helper that can be run.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        if let Some(configured) = self.configured {
            return runnable(configured.to_owned());
        }
        let beside = self.beside.into_iter().map(Path::to_owned);
        // A relative entry would run whatever the present directory holds.
        let on_path =
            std::env::split_paths(self.path.unwrap_or_default()).filter(|dir| dir.is_absolute());
        let file = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
        beside.chain(on_path).find_map(|dir| runnable(dir.join(&file)))
    }
}

fn runnable(file: PathBuf) -> Option<PathBuf> {
    (file.is_absolute() && is_executable(&file)).then_some(file)
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn helper_in(root: &Path, dir: &str, mode: u32) -> PathBuf {
        let dir = root.join(dir);
        fs::create_dir_all(&dir).unwrap();
        let file = dir.join(NAME);
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_users_choice_comes_first_then_beside_the_plugin_then_the_path() {
        let root = tempfile::tempdir().unwrap();
        let chosen = helper_in(root.path(), "chosen", 0o755);
        let beside = helper_in(root.path(), "beside", 0o755);
        let on_path = helper_in(root.path(), "path", 0o755);
        let joined = format!("/nowhere:{}", on_path.parent().unwrap().display());

        let mut places =
            Places { configured: Some(&chosen), beside: beside.parent(), path: Some(&joined) };
        assert_eq!(places.find().as_ref(), Some(&chosen));
        places.configured = None;
        assert_eq!(places.find().as_ref(), Some(&beside));
        places.beside = None;
        assert_eq!(places.find().as_ref(), Some(&on_path));
    }

    #[test]
    fn a_choice_that_is_not_there_is_not_replaced_by_another() {
        let root = tempfile::tempdir().unwrap();
        let beside = helper_in(root.path(), "beside", 0o755);
        let missing = root.path().join("missing");
        let places = Places { configured: Some(&missing), beside: beside.parent(), path: None };
        assert_eq!(places.find(), None);
    }

    #[test]
    fn what_can_not_be_run_and_relative_folders_are_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let plain = helper_in(root.path(), "plain", 0o644);
        fs::create_dir_all(root.path().join("folder").join(NAME)).unwrap();
        let joined = format!(
            ".::{}:{}",
            plain.parent().unwrap().display(),
            root.path().join("folder").display()
        );
        assert_eq!(Places { path: Some(&joined), ..Places::default() }.find(), None);
    }
}
