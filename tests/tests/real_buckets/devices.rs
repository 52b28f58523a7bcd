//! Devices of one account with a bucket as the store, through the real program.

use std::process::Stdio;

use convosync_tests::{Device, Server, World, handed_over, told};

const ID: &str = "11111111-2222-4333-8444-555555555555";

#[test]
fn a_session_goes_to_another_device_and_comes_back_through_seaweed() {
    let (world, desktop, laptop) = World::with_bucket(Server::seaweed()).with_pair();
    desktop.talk(ID, 5);
    desktop.keep_big_result(ID);
    handed_over(&world, ID, &desktop, &laptop);
    let status = desktop.json(&["status"]);
    assert!(!status.to_string().contains("testtest"), "{status}");
}

#[test]
fn what_is_saved_while_the_server_is_down_is_sent_when_it_is_back() {
    let (mut world, desktop, laptop) = World::with_bucket(Server::seaweed()).with_pair();
    desktop.talk(ID, 3);
    desktop.json(&["save", "before"]);
    world.server_mut().kill();
    desktop.talk(ID, 3);
    desktop.write("work.txt", "offline\n");
    let saved = desktop.json(&["save", "offline"]);
    assert_eq!(saved["synced"], false, "{saved}");
    world.server_mut().restart("store");
    desktop.ok(&["sync", "--retry"]);
    let rows = laptop.json(&["list"]);
    assert_eq!(rows[0]["message"], "offline", "{rows}");
}

/// Sixteen devices go on from one save at the same moment: each has its head, and each is whole.
fn sixteen_heads(server: Server) {
    let world = World::with_bucket(server);
    let first = world.first_device("device-0", "code/app");
    first.talk(ID, 2);
    first.ok(&["save", "start"]);
    let mut devices = vec![first];
    for number in 1..16 {
        let device = world.next_device(&format!("device-{number}"), "code/app");
        device.ok(&["resume"]);
        devices.push(device);
    }
    for (number, device) in devices.iter().enumerate() {
        device.talk(ID, 1 + number);
    }
    let all: Vec<_> = devices.iter().map(|device| (device, saving(device))).collect();
    for (device, child) in all {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}\n{}", device.name, told(&output));
    }
    for device in &devices {
        device.ok(&["sync", "--retry"]);
    }
    let watcher = world.next_device("watcher", "code/app");
    let rows = watcher.json(&["list", "--all"]);
    assert_eq!(rows[0]["state"], "conflict", "{rows}");
    let session = rows[0]["session_id"].as_str().expect("an id");
    let log = watcher.json(&["log", session]).to_string();
    for device in &devices {
        assert!(log.contains(&format!("on {}", device.name)), "{} is lost: {log}", device.name);
    }
    let heads = format!("v1/s/{session}/00000002-");
    let heads = world.server().open("store").list(&heads).expect("it lists");
    assert_eq!(heads.len(), 16, "{heads:?}");
    for head in heads {
        let name = head.name.to_string();
        let save = name.rsplit('/').next().expect("a save");
        let resume = ["resume", session, "--at", save, "--on-diverged", "discard", "--json"];
        let output = watcher.run(&[&resume[..], &["--on-dirty", "stash"]].concat());
        assert!(output.status.success(), "{save} is not whole\n{}", told(&output));
    }
}

fn saving(device: &Device) -> std::process::Child {
    let message = format!("on {}", device.name);
    let mut command = device.command(&["save", &message, "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

#[test]
fn sixteen_saves_at_once_are_sixteen_heads_on_seaweed() {
    sixteen_heads(Server::seaweed());
}

#[test]
fn sixteen_saves_at_once_are_sixteen_heads_where_conditions_are_ignored() {
    sixteen_heads(Server::rclone());
}
