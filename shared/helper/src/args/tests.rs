use clap::CommandFactory;
use convosync_wire::{
    InitArgs, OnConflict, OnDirty, OnDiverged, OnLive, OnMergeConflict, OnMissing, PanesInto,
    SaveArgs,
};

use super::*;

fn parse(line: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once(&"convosync").chain(line))
}

#[track_caller]
fn verb(line: &[&str]) -> Verb {
    match parse(line).expect("these arguments are right").command.wanted() {
        Wanted::Verb(verb) => verb,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(line: &[&str], part: &str) {
    let error = parse(line).expect_err("these arguments are wrong");
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn each_verb_is_what_was_typed() {
    let message = |text: &str| SaveArgs { message: Some(text.into()), ..SaveArgs::default() };
    assert_eq!(verb(&["save", "OAuth"]), Verb::Save(message("OAuth")));
    assert_eq!(verb(&["save", "-m", "OAuth"]), Verb::Save(message("OAuth")));
    assert_eq!(
        verb(&["save", "--message", "x", "--no-push", "--no-notify", "--dry-run", "--new"]),
        Verb::Save(SaveArgs {
            no_push: true,
            no_notify: true,
            dry_run: true,
            new: true,
            ..message("x")
        })
    );
    assert_eq!(
        verb(&["save", "--retry", "--session", "s", "--conversation", "c"]),
        Verb::Save(SaveArgs {
            retry: true,
            session: Some("s".into()),
            conversation: Some("c".into()),
            ..SaveArgs::default()
        })
    );
    assert_eq!(verb(&["log", "session-4k"]), Verb::Log { session: "session-4k".into() });
    assert_eq!(verb(&["status"]), Verb::Status);
    assert_eq!(verb(&["device", "list"]), Verb::DeviceList);
    assert_eq!(verb(&["sync"]), Verb::Sync(SyncArgs { retry: false, quiet: false }));
    assert_eq!(verb(&["sync", "--retry"]), Verb::Sync(SyncArgs { retry: true, quiet: false }));
    assert_eq!(
        verb(&[
            "init",
            "--store",
            "file:///s",
            "--device",
            "d",
            "--kind",
            "laptop",
            "--recovery-file",
            "/w",
            "--yes"
        ]),
        Verb::Init(InitArgs {
            store: Some("file:///s".into()),
            device: Some("d".into()),
            kind: Some("laptop".into()),
            recovery_file: Some("/w".into()),
            yes: true,
            choose: false,
        })
    );
    assert_eq!(
        verb(&[
            "list",
            "--limit",
            "3",
            "--branch",
            "b",
            "--device",
            "d",
            "--repo",
            ".",
            "--offline",
            "--deleted"
        ]),
        Verb::List(ListArgs {
            here: false,
            since: None,
            all: false,
            limit: Some(3),
            branch: Some("b".into()),
            device: Some("d".into()),
            repo: Some(".".into()),
            offline: true,
            deleted: true,
            news: false,
        })
    );
    assert_eq!(verb(&["list", "--all"]), Verb::List(ListArgs { all: true, ..ListArgs::default() }));
}

#[test]
fn resume_takes_every_answer_beforehand() {
    let line = [
        "resume",
        "session-4k",
        "--at",
        "save-1",
        "--clone",
        "/c",
        "--pull",
        "--force",
        "--run",
        "--dry-run",
        "--on-dirty",
        "commit",
        "--stay-on-branch",
        "--on-diverged",
        "discard",
        "--on-conflict",
        "use-remote",
        "--on-live",
        "code-only",
        "--on-missing",
        "conversation-only",
        "--on-merge-conflict",
        "open-files",
        "--layout",
        "session",
        "--zellij",
    ];
    assert_eq!(
        verb(&line),
        Verb::Resume(ResumeArgs {
            session: Some("session-4k".into()),
            at: Some("save-1".into()),
            clone: Some("/c".into()),
            dry_run: true,
            into: None,
            pull: Some(true),
            force: true,
            run: true,
            history: false,
            layout: Some(PanesInto::Session),
            no_layout: false,
            zellij: true,
            go_on: false,
            abort: false,
            answers: Answers {
                on_dirty: Some(OnDirty::Commit),
                switch_branch: Some(false),
                on_diverged: Some(OnDiverged::Discard),
                on_conflict: Some(OnConflict::UseRemote),
                on_live: Some(OnLive::CodeOnly),
                on_missing: Some(OnMissing::ConversationOnly),
                on_merge_conflict: Some(OnMergeConflict::OpenFiles),
            },
        })
    );
}

#[test]
fn a_person_picks_only_when_nothing_says_which() {
    let wanted = |line: &[&str]| parse(line).expect("right").command.wanted();
    let Wanted::Pick(Verb::Resume(args)) = wanted(&["resume", "--switch-branch"]) else {
        panic!("not picked")
    };
    assert_eq!(args.answers.switch_branch, Some(true));
    assert!(matches!(wanted(&["resume", "--latest"]), Wanted::Verb(Verb::Resume(_))));
    assert!(matches!(wanted(&["resume", "-l"]), Wanted::Verb(Verb::List(_))));
    assert!(matches!(wanted(&["show"]), Wanted::Pick(Verb::Show(_))));
    assert!(matches!(wanted(&["resume", "--read-only"]), Wanted::Pick(Verb::Show(_))));
    let read = ["resume", "session-4k", "--read-only", "--messages", "10..20"];
    let Wanted::Verb(Verb::Show(args)) = wanted(&read) else { panic!("not shown") };
    assert_eq!((args.messages.first, args.messages.last), (Some(10), Some(20)));
    assert!(parse(&["resume", "--read-only", "--force"]).is_err());
    assert!(parse(&["show", "--messages", "0..1"]).is_err());
    assert!(matches!(wanted(&["resume", "--continue"]), Wanted::Verb(Verb::Resume(_))));
    assert!(matches!(wanted(&["resume", "--abort"]), Wanted::Verb(Verb::Resume(_))));
    assert!(matches!(wanted(&["rpc"]), Wanted::Rpc));
    assert!(matches!(wanted(&["device", "join", "--recovery"]), Wanted::Join(_)));
}

#[test]
fn global_options_stand_anywhere() {
    for line in [["-C", "/x", "--json", "status"], ["status", "--json", "-C", "/x"]] {
        let cli = parse(&line).expect("right");
        assert!(cli.json);
        assert_eq!(cli.directory.as_deref(), Some(std::path::Path::new("/x")));
        assert_eq!(cli.color, Color::Auto);
    }
    assert_eq!(parse(&["status", "--color", "never"]).expect("right").color, Color::Never);
}

#[test]
fn wrong_usage_is_refused_by_name() {
    refused(&["frobnicate"], "frobnicate");
    refused(&["save", "a", "-m", "b"], "cannot be used with");
    refused(&["save", "--new", "--session", "s"], "cannot be used with");
    refused(&["resume", "s", "--latest"], "cannot be used with");
    refused(&["resume", "s", "--list"], "cannot be used with");
    refused(&["resume", "--switch-branch", "--stay-on-branch"], "cannot be used with");
    refused(&["resume", "--on-dirty", "burn"], "stash, commit, cancel");
    refused(&["init", "--kind", "toaster"], "desktop, laptop, tablet, mobile, server");
    refused(&["list", "--limit", "many"], "many");
    refused(&["list", "--limit", "3", "--all"], "cannot be used with");
    refused(&["log"], "SESSION");
    refused(&["device", "join", "--recovery", "--wait"], "cannot be used with");
    refused(&["device", "join", "--recovery", "abandon", "ability"], "unexpected argument");
    refused(&["status", "--color", "pink"], "pink");
}

#[test]
fn every_help_text_has_an_example() {
    let root = Cli::command();
    for command in root.get_subcommands().filter(|command| !command.is_hide_set()) {
        let leaves: Vec<_> = match command.has_subcommands() {
            true => command.get_subcommands().collect(),
            false => vec![command],
        };
        for leaf in leaves {
            let text = leaf.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(text.contains("Example"), "{} has no example", leaf.get_name());
            assert!(text.contains("convosync "), "{} shows no command", leaf.get_name());
        }
    }
}
