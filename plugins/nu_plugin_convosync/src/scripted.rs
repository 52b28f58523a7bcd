//! A helper that answers from a script, and an engine that has the plugin.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use convosync_wire::{Answer, Reply, Request, Verb};
use nu_plugin::PluginCommand;
use nu_plugin_test_support::PluginTest;
use nu_protocol::{Config, LabeledError, ShellError, Span, Value, record};
use tempfile::TempDir;

use crate::ConvoSyncPlugin;

/// A folder with a helper and its answers.
pub(crate) struct Script {
    folder: TempDir,
}

impl Script {
    /// A helper that has no answers yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A link, not a copy: a program that is still open for writing in another thread can't run.
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripted-helper");
        std::os::unix::fs::symlink(program, folder.path().join("convosync")).unwrap();
        fs::write(folder.path().join("version"), "convosync 0.0.1\n").unwrap();
        Self { folder }
    }

    /// Answers a verb with a reply.
    pub(crate) fn answers(self, verb: &str, reply: &Reply) -> Self {
        self.says(verb, &[Answer::Reply(Box::new(reply.clone()))])
    }

    /// Answers a verb with these lines.
    pub(crate) fn says(self, verb: &str, answers: &[Answer]) -> Self {
        let lines = answers.iter().map(|answer| serde_json::to_string(answer).unwrap() + "\n");
        fs::write(self.file(&format!("{verb}.jsonl")), lines.collect::<String>()).unwrap();
        self
    }

    /// Runs shell commands for a verb instead.
    pub(crate) fn runs(self, verb: &str, commands: &str) -> Self {
        fs::write(self.file(&format!("{verb}.sh")), commands).unwrap();
        self
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The helper.
    pub(crate) fn program(&self) -> PathBuf {
        self.file("convosync")
    }

    /// The folder, which is also the caller's directory.
    pub(crate) fn directory(&self) -> &Path {
        self.folder.path()
    }

    /// What the helper was asked, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let lines = fs::read_to_string(self.file("requests")).unwrap_or_default();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The verbs that it was asked for.
    pub(crate) fn verbs(&self) -> Vec<Verb> {
        self.requests().into_iter().map(|request| request.verb).collect()
    }

    /// An engine whose configuration names this helper.
    pub(crate) fn engine(&self) -> PluginTest {
        let mut test = self.bare_engine();
        let state = test.engine_state_mut();
        let mut config = Config::clone(state.get_config());
        let helper = Value::test_string(self.program().display().to_string());
        let options = Value::test_record(record! { "helper" => helper });
        config.plugins.insert("convosync".to_owned(), options);
        state.set_config(config);
        test
    }

    /// An engine that knows of no helper.
    pub(crate) fn bare_engine(&self) -> PluginTest {
        let mut test = PluginTest::new("convosync", ConvoSyncPlugin.into()).unwrap();
        let state = test.engine_state_mut();
        let here = self.directory().display().to_string();
        let path = ["/usr/bin", "/bin"].map(Value::test_string).to_vec();
        state.add_env_var("PWD".to_owned(), Value::test_string(&here));
        state.add_env_var("HOME".to_owned(), Value::test_string(&here));
        state.add_env_var("PATH".to_owned(), Value::test_list(path));
        test
    }

    /// The value of a line.
    pub(crate) fn eval(&self, line: &str) -> Result<Value, Box<ShellError>> {
        let data = self.engine().eval(line).map_err(Box::new)?;
        let mut value = data.into_value(Span::test_data()).map_err(Box::new)?;
        let _: Result<(), std::convert::Infallible> = value.recurse_mut(&mut |part| {
            part.set_span(Span::test_data());
            Ok(())
        });
        Ok(value)
    }

    /// The error of a line.
    #[track_caller]
    pub(crate) fn error(&self, line: &str) -> LabeledError {
        labeled(*self.eval(line).expect_err("the line was expected to fail"))
    }

    /// The part of a line that its error marks.
    #[track_caller]
    pub(crate) fn marked(&self, line: &str) -> String {
        let mut engine = self.engine();
        let error = engine.eval(line).expect_err("the line was expected to fail");
        let span = labeled(error).labels[0].span;
        String::from_utf8(engine.engine_state().get_span_contents(span).to_vec()).unwrap()
    }

    /// Checks the examples of a command.
    pub(crate) fn examples(&self, command: &impl PluginCommand) {
        let examples = command.examples();
        assert!(examples.iter().any(|example| example.result.is_some()));
        self.engine().test_examples(&examples).unwrap();
    }
}

#[track_caller]
fn labeled(error: ShellError) -> LabeledError {
    match error {
        ShellError::LabeledError(error) => *error,
        other => panic!("not one of ours: {other:?}"),
    }
}

/// Whether something comes true soon.
pub(crate) fn soon(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
