//! The real Zellij, as the other tests drive it.

use convosync_tests::{World, Zellij};

const TWO_TABS: &str = "layout {
    tab name=\"code\" {
        pane split_direction=\"vertical\" {
            pane
            pane command=\"sleep\" {
                args \"1000\"
            }
        }
    }
    tab name=\"logs\" {
        pane cwd=\"/\"
    }
}
";

#[test]
fn panes_are_listed_with_place_directory_and_command() {
    let world = World::new();
    let device = world.first_device("desktop", "projects/app");
    let zellij = Zellij::on(&device);
    let session = zellij.start("work", TWO_TABS);
    let panes = session.wait_for_panes("three terminals", |panes| {
        panes.iter().filter(|pane| pane.is_terminal() && !pane.directory().is_empty()).count() == 3
    });
    let at = |tab: &'static str| {
        panes.iter().filter(move |pane| pane.is_terminal() && pane.tab() == tab)
    };
    assert_eq!(at("logs").map(|pane| pane.directory()).collect::<Vec<_>>(), ["/"]);
    let tree = device.work_tree.display().to_string();
    assert!(at("code").all(|pane| pane.directory() == tree), "{panes:#?}");
    assert!(at("code").any(|pane| pane.command().starts_with("sleep")), "{panes:#?}");
    assert_eq!(zellij.sessions(), ["work"]);
}

#[test]
fn nothing_of_it_is_left_behind() {
    let world = World::new();
    let device = world.first_device("desktop", "projects/app");
    let zellij = Zellij::on(&device);
    let sockets = zellij.env()["ZELLIJ_SOCKET_DIR"].clone();
    let session = zellij.start("work", TWO_TABS);
    let server = session.server();
    drop(session);
    // A busy server is not always listed, so it is not asked.
    let runs = std::path::Path::new("/proc").join(server.to_string()).exists();
    assert!(runs, "a terminal that closes ends no session");
    assert_eq!(zellij.listening(), ["work"]);
    drop(zellij);
    assert!(!std::path::Path::new(&sockets).exists());
    let all = std::fs::read_dir("/proc").expect("Linux has it").flatten();
    let left = all.filter(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&sockets)
    });
    assert_eq!(left.count(), 0);
}
