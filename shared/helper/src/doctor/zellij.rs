//! Zellij, the plugin in it, and what its configuration says of it.

use std::fs;
use std::path::{Path, PathBuf};

use convosync_wire::Check;
use convosync_wire::zellij::{PERMISSIONS, pipe};

use super::programs::{find, says};
use crate::surroundings::Env;

/// The minor release whose plugin interface the plugin speaks.
const RELEASE: &str = "0.45.";

/// What stands in the plugin before its version.
const MARK: &[u8] = b"zellij_convosync ";

/// A plugin that is larger than this is none of ours.
const MOST_BYTES: u64 = 8 << 20;

/// Nothing to say where there is neither Zellij nor the plugin.
pub(super) fn checks(env: &Env) -> Vec<Check> {
    let Some(places) = Places::of(env) else { return Vec::new() };
    let installed = places.plugin();
    let program = find("zellij", env);
    if program.is_none() && !installed.exists() {
        return Vec::new();
    }
    let mut checks = vec![version(program.as_deref(), env), plugin(&installed)];
    if installed.exists() {
        checks.push(configuration(&places));
        checks.push(permissions(&places));
    }
    checks
}

fn check(code: &str, text: String) -> Check {
    Check::ok("zellij", code, text)
}

fn version(program: Option<&Path>, env: &Env) -> Check {
    let check = |text: String| check("convosync::doctor::zellij", text);
    let Some(program) = program else {
        return check("the plugin is there, and no zellij is in PATH".to_owned())
            .warn(format!("install Zellij {RELEASE}x"));
    };
    let said = says(program, &["--version"], env).unwrap_or_default();
    let version = said.split_whitespace().last().unwrap_or("of a version that it does not tell");
    let found = check(format!("Zellij {version} ({})", program.display()));
    if version.starts_with(RELEASE) {
        return found;
    }
    found.warn(format!("the plugin is made for Zellij {RELEASE}x; panes are saved with it alone"))
}

/// Whether the plugin is there, and of this release.
fn plugin(path: &Path) -> Check {
    let check = |text: String| check("convosync::doctor::zellij-plugin", text);
    let install = "`cargo xtask install` puts it there, of the same release as this helper";
    if !path.exists() {
        return check("the plugin with the sidebar is not installed".to_owned()).warn(install);
    }
    let ours = env!("CARGO_PKG_VERSION");
    match version_of(path) {
        Some(version) if version == ours => {
            check(format!("the plugin is {} ({version})", path.display()))
        }
        Some(version) => {
            check(format!("{} is of release {version}, this helper of {ours}", path.display()))
                .fail(install)
        }
        None => check(format!("{} is no plugin of ConvoSync", path.display())).fail(install),
    }
}

/// The version that a plugin has in it.
fn version_of(path: &Path) -> Option<String> {
    if fs::metadata(path).ok()?.len() > MOST_BYTES {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let start = bytes.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let is_version = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
    let version: Vec<u8> = bytes[start..].iter().take_while(is_version).copied().collect();
    String::from_utf8(version).ok()
}

/// Whether plugin, background part and keys stand in the configuration.
fn configuration(places: &Places) -> Check {
    let file = places.config();
    let check = |text: String| check("convosync::doctor::zellij-config", text);
    let missing = missing(&fs::read_to_string(&file).unwrap_or_default());
    let file = file.display();
    if missing.is_empty() {
        return check(format!("{file} has the plugin, its background part and its keys"));
    }
    check(format!("{file} does not have {}", missing.join(", ")))
        .warn("`cargo xtask install` says which lines to add, docs/zellij.md what each is for")
}

/// What is looked for in lines that are no comments: it may stand there in several ways.
fn missing(config: &str) -> Vec<&'static str> {
    let lines: Vec<_> =
        config.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
    let has = |what: &str| lines.iter().any(|line| line.contains(what));
    [
        ("the plugin's place", has("convosync.wasm")),
        ("its background part (role \"daemon\")", has("role \"daemon\"")),
        ("a key that saves", has(pipe::SAVE)),
    ]
    .into_iter()
    .filter_map(|(what, is_there)| (!is_there).then_some(what))
    .collect()
}

/// Whether the plugin's question was answered with yes.
fn permissions(places: &Places) -> Check {
    let check = |text: &str| check("convosync::doctor::zellij-permissions", text.to_owned());
    let answered = fs::read_to_string(places.permissions()).unwrap_or_default();
    if granted(&answered, &places.plugin()) {
        return check("the plugin may do what it asks for");
    }
    check("the plugin was not yet allowed to do what it asks for").warn(
        "open it with `zellij --layout convosync`, go to the column, and answer its question with y",
    )
}

/// Whether all that the plugin asks for stands in its block: a no leaves one with nothing in it.
fn granted(answered: &str, plugin: &Path) -> bool {
    let entry = format!("{:?} {{", plugin.display().to_string());
    let lines = answered.lines().map(str::trim).skip_while(|line| *line != entry).skip(1);
    let block: Vec<_> = lines.take_while(|line| *line != "}").collect();
    PERMISSIONS.iter().all(|name| block.contains(name))
}

/// Where Zellij 0.45 has its files, by the environment.
struct Places {
    config: PathBuf,
    config_file: Option<PathBuf>,
    cache: PathBuf,
}

impl Places {
    fn of(env: &Env) -> Option<Self> {
        let set = |name: &str| env.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let home = set("HOME")?;
        let base = |name: &str| set(name).filter(|path| path.is_absolute());
        let usual = home.join(".config/zellij");
        let other = base("XDG_CONFIG_HOME").map(|folder| folder.join("zellij"));
        let found = other.filter(|other| !usual.exists() && other.exists()).unwrap_or(usual);
        let cache = if cfg!(target_os = "macos") {
            home.join("Library/Caches/org.Zellij-Contributors.Zellij")
        } else {
            base("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache")).join("zellij")
        };
        let from_here = |name: &str| std::path::absolute(set(name)?).ok();
        let config = from_here("ZELLIJ_CONFIG_DIR").unwrap_or(found);
        Some(Self { config, config_file: from_here("ZELLIJ_CONFIG_FILE"), cache })
    }

    fn plugin(&self) -> PathBuf {
        self.config.join("plugins/convosync.wasm")
    }

    fn config(&self) -> PathBuf {
        self.config_file.clone().unwrap_or_else(|| self.config.join("config.kdl"))
    }

    fn permissions(&self) -> PathBuf {
        self.cache.join("permissions.kdl")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convosync_wire::Health;

    /// A home with these files, and without a zellij in PATH.
    fn home(files: &[(&str, &str)]) -> (tempfile::TempDir, Env) {
        let home = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in files {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let env = [("HOME", home.path().display().to_string()), ("PATH", "/none".to_owned())];
        (home, env.map(|(name, value)| (name.to_owned(), value)).into())
    }

    #[track_caller]
    fn state(checks: &[Check], code: &str) -> Health {
        let found = checks.iter().find(|check| check.code == format!("convosync::doctor::{code}"));
        found.unwrap_or_else(|| panic!("no {code} in {checks:#?}")).state
    }

    const PLUGIN: &str = ".config/zellij/plugins/convosync.wasm";
    const CONFIG: &str = ".config/zellij/config.kdl";

    #[test]
    fn where_there_is_no_zellij_nothing_is_said_of_it() {
        let (_home, env) = home(&[]);
        assert_eq!(checks(&env), []);
    }

    #[test]
    fn what_is_installed_as_it_should_be_is_well() {
        let ours = concat!("\0asm zellij_convosync ", env!("CARGO_PKG_VERSION"), "\0");
        let config = include_str!("../../../../zellij/convosync.kdl");
        let (home, env) = home(&[(PLUGIN, ours), (CONFIG, config)]);
        let cache = home.path().join(".cache/zellij");
        fs::create_dir_all(&cache).expect("a folder");
        let granted = answered(&home.path().join(PLUGIN), &PERMISSIONS);
        fs::write(cache.join("permissions.kdl"), granted).expect("a file");
        let checks = checks(&env);
        assert_eq!(state(&checks, "zellij"), Health::Warn, "no zellij is in PATH");
        for code in ["zellij-plugin", "zellij-config", "zellij-permissions"] {
            assert_eq!(state(&checks, code), Health::Ok, "{code}: {checks:#?}");
        }
    }

    /// What Zellij writes down of the answer for a plugin.
    fn answered(plugin: &Path, granted: &[&str]) -> String {
        let granted: String = granted.iter().map(|name| format!("    {name}\n")).collect();
        format!("{:?} {{\n{granted}}}\n", plugin.display().to_string())
    }

    #[test]
    fn a_no_and_a_yes_to_less_are_no_yes() {
        let (ours, other) = (Path::new("/p/convosync.wasm"), Path::new("/p/other.wasm"));
        let all = answered(ours, &PERMISSIONS);
        assert!(granted(&(answered(other, &[]) + &all), ours));
        assert!(!granted(&all, other));
        for less in [&[][..], &PERMISSIONS[1..]] {
            let text = answered(ours, less) + &answered(other, &PERMISSIONS);
            assert!(!granted(&text, ours), "{text}");
        }
        assert!(!granted("", ours));
    }

    #[test]
    fn another_release_and_an_own_configuration_are_told() {
        let config = "plugins {\n    // convosync.wasm\n}\nrole \"daemon\"\n";
        let (_home, env) = home(&[(PLUGIN, "zellij_convosync 0.0.9"), (CONFIG, config)]);
        let checks = checks(&env);
        assert_eq!(state(&checks, "zellij-plugin"), Health::Fail);
        assert_eq!(state(&checks, "zellij-config"), Health::Warn);
        assert_eq!(state(&checks, "zellij-permissions"), Health::Warn);
        let told = checks.iter().find(|check| check.code.ends_with("config")).expect("it is told");
        assert!(told.text.contains("the plugin's place, a key that saves"), "{told:?}");
    }

    #[test]
    fn a_variable_that_is_empty_is_not_set_and_a_path_is_one_from_here() {
        let (home, mut env) = home(&[]);
        for name in ["ZELLIJ_CONFIG_DIR", "ZELLIJ_CONFIG_FILE"] {
            env.insert(name.to_owned(), String::new());
        }
        let usual = Places::of(&env).expect("there is a home");
        assert_eq!(usual.plugin(), home.path().join(PLUGIN));
        assert_eq!(usual.config(), home.path().join(CONFIG));
        env.insert("ZELLIJ_CONFIG_DIR".to_owned(), "folder".to_owned());
        let own = Places::of(&env).expect("there is a home").plugin();
        assert!(own.is_absolute() && own.ends_with("folder/plugins/convosync.wasm"), "{own:?}");
    }

    #[test]
    fn a_file_that_is_no_plugin_of_ours_is_told() {
        let (_home, env) = home(&[(PLUGIN, "\0asm")]);
        assert_eq!(state(&checks(&env), "zellij-plugin"), Health::Fail);
    }
}
