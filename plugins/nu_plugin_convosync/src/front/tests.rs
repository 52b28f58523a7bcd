use convosync_wire::Failure;
use nu_plugin_test_support::PluginTest;
use nu_protocol::{Config, ShellError, record};
use std::fs;

use super::*;
use crate::scripted::Script;
use crate::value::sample;

fn script() -> Script {
    Script::new().answers("list", &Reply::Sessions(sample::sessions().into()))
}

#[track_caller]
fn code(mut engine: PluginTest, line: &str) -> String {
    match engine.eval(line).expect_err("the line was expected to fail") {
        ShellError::LabeledError(error) => error.code.expect("every error has a code"),
        other => panic!("not one of ours: {other:?}"),
    }
}

fn configured(script: &Script, config: Value) -> PluginTest {
    let mut engine = script.bare_engine();
    let state = engine.engine_state_mut();
    let mut whole = Config::clone(state.get_config());
    whole.plugins.insert("convosync".to_owned(), config);
    state.set_config(whole);
    engine
}

#[test]
fn a_request_says_who_asks_and_from_where() {
    let script = script();
    let mut engine = script.engine();
    let state = engine.engine_state_mut();
    state.add_env_var("CLAUDECODE".to_owned(), Value::test_string("1"));
    state.add_env_var("API_TOKEN".to_owned(), Value::test_string("hush"));
    engine.eval("convosync list").unwrap();
    let request = script.requests().remove(0);
    assert_eq!(request.protocol, PROTOCOL);
    assert_eq!(request.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(request.shell.as_deref(), Some("nu"));
    assert_eq!(request.directory, script.directory().display().to_string());
    let names: Vec<_> = request.env.keys().map(String::as_str).collect();
    assert_eq!(names, ["CLAUDECODE", "HOME", "PATH"]);
    assert_eq!(request.env["PATH"], "/usr/bin:/bin");
}

#[test]
fn the_helper_runs_in_the_callers_environment_but_not_in_its_directory() {
    let script = script().runs(
        "status",
        r#"pwd >"$folder/pwd"; echo "$FOO,$PATH,${CARGO_MANIFEST_DIR-none}" >"$folder/env"; cat "$folder/list.jsonl""#,
    );
    let mut engine = script.engine();
    engine.engine_state_mut().add_env_var("FOO".to_owned(), Value::test_int(7));
    // The answer is one of another verb.
    assert_eq!(code(engine, "convosync status"), "convosync::helper::protocol");
    assert_eq!(fs::read_to_string(script.file("pwd")).unwrap(), "/\n");
    assert_eq!(fs::read_to_string(script.file("env")).unwrap(), "7,/usr/bin:/bin,none\n");
}

#[test]
fn without_a_helper_the_error_says_where_one_is_looked_for() {
    let script = script();
    let mut engine = script.bare_engine();
    let nowhere = Value::test_list(vec![Value::test_string("/nowhere")]);
    engine.engine_state_mut().add_env_var("PATH".to_owned(), nowhere);
    assert_eq!(code(engine, "convosync list"), "convosync::helper::not-found");

    let missing = record! { "helper" => Value::test_string("~/missing") };
    let engine = configured(&script, Value::test_record(missing));
    assert_eq!(code(engine, "convosync list"), "convosync::helper::not-found");
}

#[test]
fn the_helper_is_found_by_the_callers_path_and_below_its_home() {
    let script = script();
    let mut engine = script.bare_engine();
    let here = Value::test_string(script.directory().display().to_string());
    let path = ["/usr/bin", "/bin"].map(Value::test_string);
    let path = Value::test_list([vec![here], path.to_vec()].concat());
    engine.engine_state_mut().add_env_var("PATH".to_owned(), path);
    engine.eval("convosync list").unwrap();

    let below_home = record! { "helper" => Value::test_string("~/convosync") };
    configured(&script, Value::test_record(below_home)).eval("convosync list").unwrap();
    assert_eq!(script.requests().len(), 2);
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    let script = script();
    let number = record! { "helper" => Value::test_int(1) };
    for config in [Value::test_record(number), Value::test_string("/bin/convosync")] {
        assert_eq!(
            code(configured(&script, config), "convosync list"),
            "convosync::config::nushell"
        );
    }
    let empty = Value::test_record(record! {});
    let mut engine = configured(&script, empty);
    let here = Value::test_string(script.directory().display().to_string());
    engine.engine_state_mut().add_env_var("PATH".to_owned(), Value::test_list(vec![here]));
    // Found on PATH; without `cat` there it has nothing to say.
    assert_eq!(code(engine, "convosync list"), "convosync::helper::stopped");
}

#[test]
fn a_helper_of_another_version_is_named() {
    let script = Script::new().runs("list", "echo 'Usage: convosync list'");
    let error = script.error("convosync list");
    assert_eq!(error.code.as_deref(), Some("convosync::helper::protocol"));
    let help = error.help.unwrap();
    for part in [env!("CARGO_PKG_VERSION"), "convosync 0.0.1", "Usage: convosync list"] {
        assert!(help.contains(part), "{help}");
    }

    let failure = Failure {
        code: "convosync::rpc::version".to_owned(),
        message: "the plugin speaks protocol 1, the helper protocol 2".to_owned(),
        help: Some("the plugin is older".to_owned()),
        argument: None,
    };
    let script = Script::new().says("list", &[Answer::Failure(failure)]);
    assert_eq!(script.error("convosync list").code.as_deref(), Some("convosync::rpc::version"));
}
