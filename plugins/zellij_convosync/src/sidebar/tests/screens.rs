use convosync_wire::Question;
use convosync_wire::zellij::Returned;

use super::*;

#[track_caller]
fn check(bar: &Sidebar, width: usize, height: usize, want: &str) {
    let got = shown(bar, width, height).join("\n");
    let want = want.trim_start_matches('\n').trim_end();
    assert_eq!(got.trim_end(), want, "\n{got}\n");
}

/// Answers the call that runs.
pub(super) fn answered(bar: &mut Sidebar, answer: convosync_wire::Answer) {
    let number = bar.working.as_ref().expect("something was asked").number;
    let line = Returned { call: number, answer, left: 0 };
    let line = serde_json::to_string(&line).expect("JSON");
    let (answer, _) = answer::line(&line).expect("an answer");
    bar.told(Tell::Returned { number, answer: Ok(answer) }, NOW);
}

fn replied(bar: &mut Sidebar, reply: convosync_wire::Reply) {
    answered(bar, convosync_wire::Answer::Reply(Box::new(reply)));
}

#[test]
fn a_column_has_three_lines_for_each_session() {
    check(&bar(), 33, 26, include_str!("screens/column.txt"));
}

#[test]
fn a_line_at_the_edge_is_as_high_as_the_pane() {
    let mut edged = bar();
    edged.edge = true;
    let without = shown(&bar(), 33, 26);
    let with: Vec<String> = edged.view(34, 26, NOW).iter().map(Line::text).collect();
    assert_eq!(with.len(), 26);
    for (line, want) in with.iter().zip(without.iter().chain(std::iter::repeat(&String::new()))) {
        let line = line.strip_suffix('│').expect("a line at the edge").trim_end();
        assert_eq!(line, want.trim_end_matches('█').trim_end());
    }
}

#[test]
fn a_low_pane_has_one_line_for_each_session() {
    check(&bar(), 33, 10, include_str!("screens/low.txt"));
}

#[test]
fn a_narrow_pane_keeps_ages_and_signs() {
    check(&bar(), 20, 14, include_str!("screens/narrow.txt"));
}

#[test]
fn a_wide_pane_shows_more_of_each_line() {
    check(&bar(), 80, 18, include_str!("screens/wide.txt"));
}

#[test]
fn nothing_saved_says_what_to_do() {
    let mut bar = bar();
    bar.told(Tell::Sessions(Sessions { listed: true, ..Sessions::default() }), NOW);
    check(&bar, 33, 16, include_str!("screens/empty.txt"));
}

#[test]
fn a_message_is_asked_for_below_the_list() {
    let mut bar = bar();
    press(&mut bar, "sFixed the login, and what came with it ");
    check(&bar, 33, 18, include_str!("screens/prompt.txt"));
}

#[test]
fn a_filter_leaves_what_fits() {
    let mut bar = bar();
    press(&mut bar, "/nightly");
    check(&bar, 33, 16, include_str!("screens/filter.txt"));
}

#[test]
fn a_question_has_its_choices_and_what_they_do() {
    let mut bar = bar();
    press(&mut bar, "\n");
    answered(&mut bar, convosync_wire::Answer::NeedsDecision(sample::decision(Question::Dirty)));
    check(&bar, 33, 20, include_str!("screens/dialog.txt"));
    check(&bar, 20, 10, include_str!("screens/dialog-small.txt"));
}

#[test]
fn a_failure_says_what_to_do_and_its_code() {
    let mut bar = bar();
    press(&mut bar, "s\n");
    answered(
        &mut bar,
        convosync_wire::Answer::Failure(Failure {
            code: "convosync::save::detached-head".into(),
            message: "HEAD is detached: there is no branch to commit on".into(),
            help: Some("run `git switch -c NAME`, then save again".into()),
            argument: None,
        }),
    );
    check(&bar, 33, 14, include_str!("screens/failure.txt"));
}

#[test]
fn details_have_the_code_along_the_way() {
    let mut bar = bar();
    press(&mut bar, "i");
    replied(&mut bar, convosync_wire::Reply::Shown(Box::new(sample::shown())));
    check(&bar, 33, 28, include_str!("screens/details.txt"));
}

#[test]
fn a_resume_says_where_everything_is() {
    let mut bar = bar();
    press(&mut bar, "\n");
    let mut report = sample::resumed();
    report.notes.push(sample::note());
    replied(&mut bar, convosync_wire::Reply::Resumed(report));
    check(&bar, 33, 24, include_str!("screens/resumed.txt"));
}

#[test]
fn the_keys_are_explained() {
    let mut bar = bar();
    press(&mut bar, "?");
    check(&bar, 33, 26, include_str!("screens/help.txt"));
}

#[test]
fn before_the_permissions_it_is_said_what_they_are_for() {
    let lines = permissions(false, 33, 20);
    let got: Vec<String> = lines.iter().map(|line| line.text().trim_end().to_owned()).collect();
    let got = got.join("\n");
    let want = include_str!("screens/permissions.txt").trim_end();
    assert_eq!(got.trim_end(), want, "\n{got}\n");
}
