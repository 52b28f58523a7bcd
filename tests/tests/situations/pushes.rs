//! A push that the other side does not take.

use convosync_tests::{Screen, World};

use super::{at_work, commit, hook, on_origin, server_hook, two_at_work, work};

#[test]
fn a_rejected_push_reads_as_error_1_and_goes_through_after_a_pull() {
    let (world, desktop, laptop) = two_at_work();
    commit(&laptop, "theirs.txt", "theirs\n");
    laptop.git(&["push", "-q"]);
    let mut screen = Screen::of("rejected-push", &world);
    screen.done(&desktop, &["save", "one"]);
    screen.then("git pull origin main");
    desktop.git(&["pull", "-q", "--no-rebase", "--no-edit", "origin", "main"]);
    screen.done(&desktop, &["save", "--retry"]);
    screen.matches();
    assert_eq!(on_origin(&world, &desktop, "main"), desktop.head());
}

#[test]
fn a_protected_branch_says_so_in_the_servers_words_and_the_commits_travel_sealed() {
    let (world, desktop, laptop) = two_at_work();
    let before = on_origin(&world, &desktop, "main");
    let words = "echo 'GH006: Protected branch update failed for refs/heads/main.' >&2; \
        printf 'open a pull request\\033[2J\\007\\n' >&2; exit 1";
    server_hook(&world, "pre-receive", words);
    let mut screen = Screen::of("protected-branch", &world);
    screen.done(&desktop, &["save", "one"]);
    screen.done(&laptop, &["resume"]);
    assert_eq!(on_origin(&world, &desktop, "main"), before);
    assert_eq!(laptop.head(), desktop.head());
    // The server takes other branches.
    let protects = "while read old new ref; do [ $ref != refs/heads/main ] || exit 1; done";
    server_hook(&world, "pre-receive", protects);
    screen.done(&desktop, &["save", "-b", "proposal", "two"]);
    screen.matches();
    assert_eq!(on_origin(&world, &desktop, "proposal"), desktop.head());
}

#[test]
fn a_pre_push_hook_is_shown_and_the_commits_travel_sealed() {
    let (world, desktop) = at_work();
    let before = on_origin(&world, &desktop, "main");
    hook(&desktop, "pre-push", "echo '3 tests failed'; echo 'see the log' >&2; exit 1");
    let mut screen = Screen::of("pre-push-hook", &world);
    screen.done(&desktop, &["save", "one"]);
    screen.matches();
    assert_eq!(on_origin(&world, &desktop, "main"), before);
}

#[test]
fn a_branch_that_was_rewritten_and_forced_is_asked_about_and_own_commits_are_kept() {
    let (world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/x"]);
    work(&desktop, "app.js", "one\n");
    desktop.ok(&["save", "one"]);
    laptop.ok(&["resume", "--switch-branch"]);
    let old = laptop.head();
    desktop.git(&["commit", "-q", "--amend", "-m", "another story"]);
    desktop.git(&["push", "-q", "--force"]);
    work(&desktop, "app.js", "two\n");
    let mut screen = Screen::of("force-pushed", &world);
    screen.done(&desktop, &["save", "two"]);
    screen.stopped(&laptop, &["resume"]);
    screen.done(&laptop, &["resume", "--on-diverged", "discard"]);
    screen.matches();
    assert_eq!(laptop.head(), desktop.head());
    let kept = laptop.git(&["for-each-ref", "--format=%(objectname)", "refs/convosync/park"]);
    assert_eq!(kept, old);
}
