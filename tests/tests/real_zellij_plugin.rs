//! The plugin as it is installed for the real Zellij.

use convosync_tests::{World, Zellij};

#[test]
fn what_is_installed_is_what_doctor_wants() {
    let world = World::new();
    let mut desktop = world.first_device("desktop", "projects/app");
    let zellij = Zellij::on(&desktop);
    zellij.install_plugin();
    zellij.grant(&zellij.plugin());
    desktop.more.insert("PATH".into(), zellij.env()["PATH"].clone());
    let report = desktop.json(&["doctor"]);
    let checks = report.as_array().expect("checks");
    let of_zellij: Vec<_> = checks.iter().filter(|check| check["area"] == "zellij").collect();
    assert_eq!(of_zellij.len(), 4, "{report}");
    assert!(of_zellij.iter().all(|check| check["state"] == "ok"), "{of_zellij:#?}");
}
