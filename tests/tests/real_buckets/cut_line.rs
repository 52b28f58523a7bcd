//! A bucket behind a line that is cut after any number of bytes.

use convosync_tests::{Line, Server, World};

const ID: &str = "11111111-2222-4333-8444-555555555555";

#[test]
fn a_put_that_is_cut_anywhere_leaves_a_save_that_is_sent_over_a_whole_line() {
    let (world, mut desktop, laptop) = World::with_bucket(Server::rclone()).with_pair();
    let endpoint = &desktop.more["AWS_ENDPOINT_URL"];
    let port = endpoint.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let line = Line::to(port);
    let endpoint = format!("http://127.0.0.1:{}", line.port());
    desktop.more.insert("AWS_ENDPOINT_URL".to_owned(), endpoint);
    desktop.talk_noise(ID, 40_000);
    desktop.ok(&["save", "step 0"]);
    let (all, mut waited) = (60_000, 0);
    for (step, part) in (1..).zip([0, 5, 40, 80]) {
        desktop.write("work.txt", &format!("step {step}\n"));
        desktop.talk(ID, 1);
        desktop.keep_big_result(ID);
        line.cut_after(all * part / 100);
        let saved = desktop.json(&["save", &format!("step {step}")]);
        println!("cut after {part} %: {saved}");
        waited += u32::from(saved["synced"] == false);
        line.mend();
        assert_eq!(desktop.json(&["sync", "--retry"])["queued"], 0);
        assert_eq!(laptop.json(&["list"])[0]["message"], format!("step {step}"));
    }
    assert!(waited >= 2, "only {waited} lines were cut in time");
    laptop.ok(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());
    drop(world);
}
