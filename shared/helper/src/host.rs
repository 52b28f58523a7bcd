//! What this machine says of itself: the name and kind of a device that were not chosen.

use std::path::{Path, PathBuf};

use convosync_core::DeviceKind;

use crate::surroundings::Env;

/// Where Linux lists batteries, as `BAT0` and so on (Documentation/ABI/testing/sysfs-class-power).
const POWER_SUPPLIES: &str = "/sys/class/power_supply";

/// Longest name that is taken over.
const LONGEST_NAME: usize = 63;

/// The host's name without its domain.
pub(crate) fn name() -> String {
    short_name(&rustix::system::uname().nodename().to_string_lossy())
}

/// What kind of device this is, as far as the machine shows it.
pub(crate) fn kind(env: &Env) -> DeviceKind {
    kind_of(env, Path::new(POWER_SUPPLIES))
}

/// Folders that synchronisers make in a home directory, as their own documentation names them.
const CARRIED: [&str; 7] = [
    "Sync",
    "Syncthing",
    "Dropbox",
    "Nextcloud",
    "ownCloud",
    "OneDrive",
    "Library/Mobile Documents/com~apple~CloudDocs",
];

/// A folder that something carries to the user's other machines, if one of the usual is there.
pub(crate) fn carried(home: &Path) -> Option<PathBuf> {
    CARRIED.iter().map(|name| home.join(name)).find(|folder| folder.is_dir())
}

fn short_name(host: &str) -> String {
    let first = host.split('.').next().unwrap_or_default();
    let name: String = first.chars().filter(|char| !char.is_control()).take(LONGEST_NAME).collect();
    if name.is_empty() { "this-device".into() } else { name }
}

/// Termux sets `TERMUX_VERSION`: that is a phone, which has a battery as well.
fn kind_of(env: &Env, power_supplies: &Path) -> DeviceKind {
    if env.contains_key("TERMUX_VERSION") {
        DeviceKind::Mobile
    } else if has_battery(power_supplies) {
        DeviceKind::Laptop
    } else {
        DeviceKind::Desktop
    }
}

/// Mice and keyboards have batteries too, under names of their own.
fn has_battery(power_supplies: &Path) -> bool {
    let entries = std::fs::read_dir(power_supplies).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("BAT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_a_short_name() {
        assert_eq!(short_name("tower.example.org"), "tower");
        assert_eq!(short_name(""), "this-device");
        assert_eq!(short_name("a\u{1b}b"), "ab");
        assert_eq!(short_name(&"x".repeat(200)).len(), LONGEST_NAME);
    }

    #[test]
    fn a_synchronised_folder_is_found_where_its_program_makes_it() {
        let home = tempfile::tempdir().expect("a temporary directory");
        assert_eq!(carried(home.path()), None);
        std::fs::create_dir(home.path().join("Nextcloud")).expect("a folder");
        assert_eq!(carried(home.path()), Some(home.path().join("Nextcloud")));
    }

    #[test]
    fn a_battery_makes_a_laptop_and_termux_a_phone() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let kind = |env: &Env| kind_of(env, folder.path());
        assert_eq!(kind(&Env::new()), DeviceKind::Desktop);
        std::fs::write(folder.path().join("hidpp_battery_0"), "").expect("written");
        assert_eq!(kind(&Env::new()), DeviceKind::Desktop);
        std::fs::write(folder.path().join("BAT1"), "").expect("written");
        assert_eq!(kind(&Env::new()), DeviceKind::Laptop);
        let termux = Env::from([("TERMUX_VERSION".into(), "0.118".into())]);
        assert_eq!(kind(&termux), DeviceKind::Mobile);
        assert_eq!(kind_of(&Env::new(), Path::new("/nowhere")), DeviceKind::Desktop);
    }
}
