//! `init` and `join` where something about the bucket is not as it should be.

use convosync_tests::{Device, Server, World};
use serde_json::Value;

fn init(device: &Device, world: &World, url: &str, env: &[(&str, &str)]) -> (i32, Value) {
    let words = world.words().display().to_string();
    let args = ["init", "--store", url, "--recovery-file", &words, "--yes", "--json"];
    let mut command = device.command(&args);
    for (name, value) in env {
        match *value {
            "" => command.env_remove(name),
            value => command.env(name, value),
        };
    }
    let output = command.output().expect("it runs");
    let printed = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    let value = serde_json::from_slice(printed)
        .unwrap_or_else(|error| panic!("{error}: {}", convosync_tests::told(&output)));
    (output.status.code().expect("it was not killed"), value)
}

#[track_caller]
fn refuses(
    device: &Device,
    world: &World,
    url: &str,
    env: &[(&str, &str)],
    code: &str,
    words: &[&str],
) {
    let (exit, failure) = init(device, world, url, env);
    assert_eq!((exit, failure["code"].as_str()), (1, Some(code)), "{failure}");
    let text = failure.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not said: {failure}");
    }
    for secret in ["testtest", "hunter2"] {
        assert!(!text.contains(secret), "a secret is shown: {failure}");
    }
    assert!(!world.words().exists(), "nothing was begun");
}

#[test]
fn each_wrong_setting_is_named_with_what_to_set() {
    let world = World::with_bucket(Server::seaweed());
    let device = &world.bare_device("desktop", "app");
    let url = world.store_url();
    let none = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    refuses(
        device,
        &world,
        &url,
        &none,
        "convosync::store::denied",
        &["AWS_ACCESS_KEY_ID", "AWS_PROFILE"],
    );
    let half = [("AWS_SECRET_ACCESS_KEY", "")];
    refuses(
        device,
        &world,
        &url,
        &half,
        "convosync::store::denied",
        &["AWS_SECRET_ACCESS_KEY is not"],
    );
    let wrong = [("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")];
    refuses(device, &world, &url, &wrong, "convosync::store::denied", &["SignatureDoesNotMatch"]);
    let unknown = [("AWS_ACCESS_KEY_ID", "nobody")];
    refuses(device, &world, &url, &unknown, "convosync::store::denied", &["InvalidAccessKeyId"]);
    let profile = [none[0], none[1], ("AWS_PROFILE", "work")];
    refuses(device, &world, &url, &profile, "convosync::store::denied", &["no profile `work`"]);
    let words = ["no bucket `elsewhere`", "aws s3 mb s3://elsewhere"];
    refuses(device, &world, "s3://elsewhere/x", &[], "convosync::store::bad-url", &words);
    let secret = "s3://test:hunter2@convosync/x";
    refuses(device, &world, secret, &[], "convosync::store::bad-url", &["environment"]);
    let plain = [("AWS_ENDPOINT_URL", "http://objects.example.org")];
    refuses(device, &world, &url, &plain, "convosync::store::bad-url", &["AWS_ALLOW_HTTP"]);
    let closed = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
    refuses(device, &world, &url, &closed, "convosync::store::unreachable", &["127.0.0.1:9"]);
}

#[test]
fn what_init_tries_out_is_taken_away_again() {
    let world = World::with_bucket(Server::rclone());
    let device = world.bare_device("desktop", "app");
    let (exit, report) = init(&device, &world, &world.store_url(), &[]);
    assert_eq!(exit, 0, "{report}");
    let found = world.server().planted("");
    assert!(!found.is_empty() && !found.iter().any(|path| path.contains("probe")), "{found:?}");
}

#[test]
fn keys_in_a_profile_are_enough() {
    let world = World::with_bucket(Server::seaweed());
    let device = world.bare_device("laptop", "app");
    let folder = device.home.join(".aws");
    std::fs::create_dir_all(&folder).expect("a folder");
    let keys = "[work]\naws_access_key_id = test\naws_secret_access_key = testtest\n";
    std::fs::write(folder.join("credentials"), keys).expect("a file");
    let endpoint = &world.server().env()["AWS_ENDPOINT_URL"];
    let config = format!("[profile work]\nregion = us-east-1\nendpoint_url = {endpoint}\n");
    std::fs::write(folder.join("config"), config).expect("a file");
    let words = world.words().display().to_string();
    let url = world.store_url();
    let args = ["init", "--store", &url, "--recovery-file", &words, "--yes", "--json"];
    let mut command = device.command(&args);
    for name in world.server().env().keys() {
        command.env_remove(name);
    }
    let output = command.env("AWS_PROFILE", "work").output().expect("it runs");
    assert!(output.status.success(), "{}", convosync_tests::told(&output));
}
