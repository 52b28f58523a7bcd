use super::*;
use crate::secret::{may_hold_a_secret, names_a_secret};

fn name(text: &str) -> EnvName {
    text.parse().expect(text)
}

fn text(text: &str) -> EnvValue {
    EnvValue::Text(text.to_owned())
}

fn ran(command: &str) -> Ran {
    Ran { command: command.to_owned(), time_ms: None, exit: None, directory: None }
}

#[test]
fn a_name_is_one_word_in_every_shell() {
    for good in ["A", "_x", "APP_MODE2"] {
        assert_eq!(name(good).as_str(), good);
    }
    let long = "A".repeat(129);
    for bad in ["", "2A", "A B", "A=B", "A;reboot", "A$(x)", "Ä", "A\n", "A-B", long.as_str()] {
        assert!(bad.parse::<EnvName>().is_err(), "{bad:?}");
    }
}

#[test]
fn what_programs_act_on_never_travels() {
    for protected in [
        "PATH",
        "Path",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "DYLD_INSERT_LIBRARIES",
        "NU_LIB_DIRS",
        "NU_PLUGIN_DIRS",
        "PROMPT_COMMAND",
        "PROMPT_COMMAND_RIGHT",
        "TRANSIENT_PROMPT_COMMAND",
        "ENV_CONVERSIONS",
        "config",
        "GIT_SSH_COMMAND",
        "GIT_DIR",
        "GIT_EXTERNAL_DIFF",
        "EDITOR",
        "VISUAL",
        "SUDO_EDITOR",
        "PAGER",
        "LESSOPEN",
        "BROWSER",
        "SHELL",
        "BASH_ENV",
        "ENV",
        "PS1",
        "IFS",
        "CDPATH",
        "ZDOTDIR",
        "fish_function_path",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PERL5OPT",
        "RUBYOPT",
        "NODE_OPTIONS",
        "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS",
        "CARGO_HOME",
        "RUSTC_WRAPPER",
        "CC",
        "MAKEFLAGS",
        "HTTPS_PROXY",
        "https_proxy",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
        "KUBECONFIG",
        "DOCKER_HOST",
        "XDG_CONFIG_HOME",
        "HOME",
        "PWD",
        "OLDPWD",
        "SSH_AUTH_SOCK",
        "CONVOSYNC_HANDOVER",
        "CLAUDE_CONFIG_DIR",
        "ANTHROPIC_BASE_URL",
        "AWS_CONFIG_FILE",
        "AWS_ENDPOINT_URL",
        "MANPATH",
        "TERMINFO",
        "VIMINIT",
        "STARSHIP_CONFIG",
    ] {
        let verdict = text("x").may_travel(&name(protected));
        assert_eq!(verdict, Err(Withheld::Protected), "{protected}");
    }
}

#[test]
fn names_that_speak_of_secrets_never_travel() {
    for secret in [
        "GITHUB_TOKEN",
        "CLIENT_SECRET",
        "DB_PASSWORD",
        "DB_PWD",
        "OPENAI_API_KEY",
        "APIKEY",
        "STRIPE_KEY",
        "PRIVATE",
        "AUTH_HEADER",
        "SESSION_COOKIE",
        "npm_config_token2",
        "SIGNING_KEYS",
    ] {
        assert!(text("x").may_travel(&name(secret)).is_err(), "{secret}");
    }
    for plain in ["APP_MODE", "KEYBOARD_LAYOUT", "AWS_PROFILE", "RUST_LOG", "PORT", "STAGE"] {
        assert_eq!(text("x").may_travel(&name(plain)), Ok(()), "{plain}");
    }
    assert!(!names_a_secret("compass_mode"));
}

#[test]
fn values_that_look_like_secrets_never_travel() {
    for secret in [
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "sk-ant-api03-abcdefgh-abcdefgh",
        "AKIAIOSFODNN7EXAMPLE0000",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "postgres://app:hunter2@db.example.org/app",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "eyJhbGciOiJIUzI1NiJ9.e30.xyzxyzxyzxyzxyz",
    ] {
        assert_eq!(text(secret).may_travel(&name("STAGE")), Err(Withheld::Secret), "{secret}");
    }
    for plain in [
        "debug",
        "/home/sam/Projects/MyApp2/src/components",
        "https://api.example.org/v2/users?limit=10",
        "info,convosync_engine=trace,hyper=warn",
        "2026-11-26T01:00:00+01:00",
        "a fairly long sentence with 3 numbers, 14 words and 159 letters",
    ] {
        assert_eq!(text(plain).may_travel(&name("STAGE")), Ok(()), "{plain}");
    }
}

#[test]
fn a_secret_inside_of_a_record_holds_all_of_it_back() {
    let field = |name: &str, value: &str| EnvValue::Record(vec![(name.to_owned(), text(value))]);
    assert_eq!(field("mode", "x").may_travel(&name("APP")), Ok(()));
    assert_eq!(field("password", "x").may_travel(&name("APP")), Err(Withheld::Secret));
    let deep = EnvValue::List(vec![field("url", "https://me:pw@example.org")]);
    assert_eq!(deep.may_travel(&name("APP")), Err(Withheld::Secret));
}

#[test]
fn what_is_too_deep_too_big_or_acts_on_a_terminal_stays() {
    let mut deep = text("x");
    for _ in 0..8 {
        deep = EnvValue::List(vec![deep]);
    }
    let many = EnvValue::List(vec![EnvValue::Int(1); 2000]);
    for (value, why) in [
        (deep, Withheld::TooBig),
        (many, Withheld::TooBig),
        (text(&"long ".repeat(4000)), Withheld::TooBig),
        (text("a\u{1b}[2J"), Withheld::Control),
        (text("a\0b"), Withheld::Control),
        (EnvValue::Float(f64::NAN), Withheld::NoForm),
    ] {
        assert_eq!(value.may_travel(&name("APP")), Err(why));
    }
}

#[test]
fn what_a_value_is_stays_out_of_logs() {
    let shown = format!(
        "{:?}",
        Terminal { env: vec![(name("APP"), text("hunter2"))], ..Terminal::default() }
    );
    assert!(shown.contains("APP") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_newest_commands_travel_in_their_order_and_each_once_in_a_row() {
    let all: Vec<Ran> = (0..300).flat_map(|n| vec![ran(&format!("echo {n}")); 2]).collect();
    let (history, held_back) = history_of(all, false);
    assert_eq!(history.len(), MOST_COMMANDS);
    assert_eq!(history[0].command, "echo 100");
    assert_eq!(history[199].command, "echo 299");
    assert_eq!(held_back, HeldBack::default());
}

/// Commands of which some may hold a secret, and the programs that are told of those.
fn with_secrets() -> Vec<Ran> {
    vec![
        ran("cargo test"),
        ran("export GITHUB_TOKEN=abc"),
        ran("$env.API_KEY = 'abc'"),
        ran("curl -H 'Authorization: Bearer abc' https://example.org"),
        ran("PASSWORD=hunter2 make"),
        ran("psql postgres://me:pw@localhost/db"),
        ran(&"x".repeat(5000)),
        ran("  "),
        ran("git push"),
    ]
}

#[test]
fn commands_with_secrets_and_endless_ones_stay_and_are_named() {
    let (history, held_back) = history_of(with_secrets(), false);
    let commands: Vec<_> = history.iter().map(|ran| ran.command.as_str()).collect();
    assert_eq!(commands, ["cargo test", "git push"]);
    assert_eq!((held_back.long, &held_back.redacted[..]), (1, &[][..]));
    let told: Vec<_> = held_back.secret.iter().map(|s| (s.back, s.program.as_deref())).collect();
    assert_eq!(
        told,
        [(3, Some("psql")), (4, None), (5, Some("curl")), (6, None), (7, Some("export"))]
    );
    assert_eq!(held_back.secret[0].kinds[0].to_string(), "a password in a URL");
    assert!(!format!("{held_back:?}").contains("hunter2"));
}

#[test]
fn commands_travel_without_their_secrets_if_that_is_asked_for() {
    let (history, held_back) = history_of(with_secrets(), true);
    let commands: Vec<_> = history.iter().map(|ran| ran.command.as_str()).collect();
    assert_eq!(
        commands,
        [
            "cargo test",
            "export GITHUB_TOKEN=[redacted]",
            "$env.API_KEY = [redacted]",
            "curl -H 'Authorization: [redacted]' https://example.org",
            "PASSWORD=[redacted] make",
            "psql postgres://me:[redacted]@localhost/db",
            "git push",
        ]
    );
    assert_eq!((held_back.secret.len(), held_back.redacted.len()), (0, 5));
}

#[test]
fn a_value_without_its_secret_travels_and_is_known_again() {
    let value = text("postgres://app:hunter2@db.example.org/app");
    let cut = value.without_secrets();
    assert_eq!(cut, text("postgres://app:[redacted]@db.example.org/app"));
    assert_eq!(cut.may_travel(&name("DATABASE_URL")), Ok(()));
    assert!(cut.is_redacted() && !value.is_redacted());
    let deep = EnvValue::Record(vec![("url".to_owned(), EnvValue::List(vec![value]))]);
    assert!(deep.without_secrets().is_redacted());
    assert_eq!(deep.secrets().len(), 1);
}

#[test]
fn commands_that_only_speak_of_secrets_travel() {
    for plain in [
        "echo $GITHUB_TOKEN",
        "gh auth status",
        "convosync key protect --passphrase",
        "kubectl get secret -n app",
        "login --token $TOKEN --verbose",
        "cargo test secret_sharing",
        "git show 9f86d08",
        "vim src/auth.rs",
        "rg 'token' src",
    ] {
        assert!(!may_hold_a_secret(plain), "{plain}");
    }
}

#[test]
fn a_command_that_is_not_what_it_looks_like_goes_into_no_history() {
    assert!(harmless_command("for i in 1 2\n  echo $i"));
    for hostile in
        ["", " \n", "ls\u{1b}[2K\rrm -rf /", "ls\u{7}", "a\0b", "ls \u{202e}fr", "l\u{200b}s"]
    {
        assert!(!harmless_command(hostile), "{hostile:?}");
    }
    assert!(!harmless_command(&"x".repeat(5000)));
}
