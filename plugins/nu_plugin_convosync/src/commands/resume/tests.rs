use super::*;
use crate::scripted::Script;
use crate::value::sample;
use convosync_wire::{Answer, Choice, Decision, Failure, PlanReport, Question};
use nu_protocol::Span;

/// Where the session is, on this machine.
fn clone_in(script: &Script) -> String {
    script.file("shop").display().to_string()
}

fn script() -> Script {
    let script = Script::new();
    let clone = clone_in(&script);
    std::fs::create_dir(&clone).unwrap();
    script.answers("resume", &Reply::Resumed(sample::resumed(&clone)))
}

fn dirty() -> Answer {
    let choice = |value: &str, recommended| Choice {
        value: value.to_owned(),
        flag: format!("--on-dirty {value}"),
        label: value.to_owned(),
        help: format!("does {value}"),
        recommended,
    };
    Answer::NeedsDecision(Decision {
        question: Question::Dirty,
        title: "Uncommitted Changes Detected".to_owned(),
        details: vec!["auth.js (modified)".to_owned()],
        choices: vec![choice("stash", true), choice("commit", false)],
    })
}

fn asked(script: &Script) -> Vec<ResumeArgs> {
    let args = |verb| match verb {
        Verb::Resume(args) => args,
        other => panic!("{other:?}"),
    };
    script.verbs().into_iter().map(args).collect()
}

#[test]
fn the_caller_is_moved_and_knows_its_session() {
    let script = script();
    let now = script
        .eval("convosync resume session-a; [$env.PWD $env.OLDPWD $env.CONVOSYNC_SESSION]")
        .unwrap();
    let here = script.directory().display().to_string();
    let want = [clone_in(&script).as_str(), &here, "session-k3vq7m2a"].map(Value::test_string);
    assert_eq!(now, Value::test_list(want.to_vec()));
}

#[test]
fn the_record_says_what_was_restored() {
    let script = script();
    let record = script.eval("convosync resume session-a").unwrap();
    let want = Shape::at(Span::test_data()).resumed(&sample::resumed(&clone_in(&script)));
    assert_eq!(record, want);
}

#[test]
fn a_directory_that_is_not_there_is_not_entered() {
    for directory in ["/nowhere/at/all", "relative", "~", "-"] {
        let reply = Reply::Resumed(sample::resumed(directory));
        let script = Script::new().answers("resume", &reply);
        let error = script.error("convosync resume session-a");
        assert_eq!(error.code.as_deref(), Some("convosync::resume::directory"), "{directory}");
    }
}

#[test]
fn every_flag_reaches_the_helper() {
    let script = script();
    script
        .eval(
            "convosync resume abc --at 3 --clone there --pull --force --run --dry-run --history \
             --layout here --zellij \
             --on-dirty commit --switch-branch \
             --on-diverged merge --on-conflict use-remote --on-live fork --on-missing conversation-only \
             --on-merge-conflict open-files",
        )
        .unwrap();
    script.eval("convosync resume abc --stay-on-branch --no-layout").unwrap();
    script.eval("convosync resume --latest").unwrap();
    let all = ResumeArgs {
        session: Some("abc".to_owned()),
        at: Some("3".to_owned()),
        clone: Some(script.directory().join("there").display().to_string()),
        into: None,
        pull: Some(true),
        force: true,
        run: true,
        dry_run: true,
        history: true,
        layout: Some(PanesInto::Here),
        no_layout: false,
        zellij: true,
        go_on: false,
        abort: false,
        answers: Answers {
            on_dirty: Some(OnDirty::Commit),
            switch_branch: Some(true),
            on_diverged: Some(OnDiverged::Merge),
            on_conflict: Some(OnConflict::UseRemote),
            on_live: Some(OnLive::Fork),
            on_missing: Some(OnMissing::ConversationOnly),
            on_merge_conflict: Some(OnMergeConflict::OpenFiles),
        },
    };
    let stay = ResumeArgs {
        session: all.session.clone(),
        no_layout: true,
        answers: Answers { switch_branch: Some(false), ..Answers::default() },
        ..ResumeArgs::default()
    };
    assert_eq!(asked(&script), [all, stay, ResumeArgs::default()]);
}

#[test]
fn every_way_out_of_two_heads_is_a_flag() {
    for way in OnConflict::ALL {
        let script = script();
        script.eval(&format!("convosync resume abc --on-conflict {way}")).unwrap();
        let on_conflict = Some(way.parse().unwrap());
        assert_eq!(asked(&script)[0].answers, Answers { on_conflict, ..Answers::default() });
    }
}

#[test]
fn a_row_names_the_session_and_a_logged_row_its_save() {
    let script = script();
    script.eval("[[session_id]; [session-l]] | convosync resume").unwrap();
    script.eval("{session_id: session-l, save: s-1} | convosync resume").unwrap();
    script.eval("{session_id: session-l, save: s-1} | convosync resume --at s-2").unwrap();
    script.eval("{session_id: session-l, save: s-1} | convosync resume session-p").unwrap();
    let named: Vec<_> = asked(&script).into_iter().map(|args| (args.session, args.at)).collect();
    let named: Vec<_> = named.iter().map(|(s, a)| (s.as_deref(), a.as_deref())).collect();
    let (listed, other) = (Some("session-l"), Some("session-p"));
    assert_eq!(
        named,
        [(listed, None), (listed, Some("s-1")), (listed, Some("s-2")), (other, None)]
    );
}

#[test]
fn without_a_terminal_a_question_ends_with_the_flags_that_answer_it() {
    let script = Script::new().says("resume", &[dirty()]);
    let error = script.error("convosync resume session-a");
    assert_eq!(error.code.as_deref(), Some("convosync::decision::dirty"));
    assert_eq!(error.msg, "Uncommitted Changes Detected");
    let help = error.help.unwrap();
    for part in ["auth.js (modified)", "--on-dirty stash  does stash", "--on-dirty commit"] {
        assert!(help.contains(part), "{help}");
    }
}

#[test]
fn a_word_that_is_no_answer_is_marked() {
    let script = script();
    let line = "convosync resume session-a --on-live sometimes";
    assert_eq!(script.marked(line), "--on-live sometimes");
    assert_eq!(script.error(line).msg, "`sometimes` is none of code-only, fork, cancel");
    let error = script.error("convosync resume --switch-branch --stay-on-branch");
    assert_eq!(error.labels.len(), 2);
    assert!(script.verbs().is_empty());
}

#[test]
fn a_session_that_is_not_found_is_marked_where_it_was_named() {
    let failure = Failure {
        code: "convosync::session::not-found".to_owned(),
        message: "no session begins with `nope`".to_owned(),
        help: Some("run `convosync list`".to_owned()),
        argument: Some("session".to_owned()),
    };
    let script = Script::new().says("resume", &[Answer::Failure(failure)]);
    assert_eq!(script.marked("convosync resume nope --latest"), "nope");
    assert_eq!(script.marked("'nope' | convosync resume"), "'nope'");
    assert_eq!(script.marked("convosync resume"), "convosync resume");
}

#[test]
fn a_plan_moves_nobody() {
    let plan = PlanReport {
        verb: "resume".to_owned(),
        steps: vec!["switch to feature/oauth".to_owned()],
        save: None,
        decisions: vec![],
        notes: vec![],
    };
    let script = Script::new().answers("resume", &Reply::Planned(plan));
    let steps = script.eval("(convosync resume a --dry-run).steps.0").unwrap();
    assert_eq!(steps, Value::test_string("switch to feature/oauth"));
    let now = script.eval("convosync resume a --dry-run; [$env.PWD $env.CONVOSYNC_SESSION?]");
    let here = Value::test_string(script.directory().display().to_string());
    assert_eq!(now.unwrap(), Value::test_list(vec![here, Value::test_nothing()]));
}
