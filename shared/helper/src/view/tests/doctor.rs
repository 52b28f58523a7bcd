use super::*;

#[test]
fn a_doctors_report_stands_by_areas_and_ends_with_what_it_comes_to() {
    shows(
        &fancy(),
        Reply::Examined(health()),
        "\
ConvoSync Doctor
================

Git:
  ✓ git version 2.47.3 (/usr/bin/git)
  ❌ commits can't be signed: there is no gpg
     install it, or `git config commit.gpgsign false`
     (convosync::doctor::git-signing)

Queue:
  ⚠️  2 saves to be sent, the oldest for 3 days: convosync::store::unreachable
     run `convosync sync`

1 line fails, 1 to look at. `convosync explain CODE` says more.
",
    );
    let well = DoctorReport { checks: vec![health().checks.remove(0)], notes: Vec::new() };
    shows(
        &plain(),
        Reply::Examined(well),
        "\
ConvoSync Doctor
================

Git:
  * git version 2.47.3 (/usr/bin/git)

All is well.
",
    );
}

#[test]
fn a_code_is_explained_by_cause_and_remedy() {
    shows(
        &plain(),
        Reply::Explained(explained()),
        "\
convosync::save::detached-head

HEAD is on no branch, so there is no branch to save and to push.

What to do:
  Switch to a branch first: `git switch main`.
",
    );
}
