//! How the helper is called, and what its end means.

use std::collections::BTreeMap;

use convosync_wire::zellij::{Address, MOST_BYTES};
use convosync_wire::{Failure, PROTOCOL, Verb};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer;
use crate::text::first_line;

/// The helper's name on the server's `PATH`.
pub(crate) const NAME: &str = "convosync";

/// Runs a program with no more of its output and of its errors than so many bytes each, and ends as it
/// does. The program gets none of the descriptors that this needs: what it leaves running would keep
/// them.
const CAPPED: &str = r#"most=$1; shift; exec 4>&1
code=$({ { { "$@" 3>&- 4>&- 6>&-; echo $? >&3; } 2>&6 | head -c "$most" >&4; } 6>&1 | head -c "$most" >&2; } 3>&1)
exit "$code""#;

/// A program that can say too much, as it is started: Zellij hands over all that it says, and much of
/// it ends the plugin.
#[must_use]
pub fn capped(argv: &[String]) -> Vec<String> {
    let most = (MOST_BYTES + 1).to_string();
    let shell = ["/bin/sh", "-c", CAPPED, "sh", &most].map(ToOwned::to_owned);
    shell.into_iter().chain(argv.iter().cloned()).collect()
}

/// [`convosync_wire::zellij::Call`] with a verb that is written already: sidebars hand theirs over so.
#[derive(Serialize)]
struct Call<'a> {
    protocol: u32,
    version: &'static str,
    call: u64,
    skip: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<&'a Address>,
    verb: &'a RawValue,
}

/// A verb as JSON.
pub(crate) fn written(verb: &Verb) -> String {
    serde_json::to_string(verb).unwrap_or_default()
}

/// A call as JSON; empty if the verb is no JSON, which the helper refuses.
pub(crate) fn call(number: u64, skip: u64, plugin: Option<&Address>, verb: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let Ok(verb) = serde_json::from_str::<&RawValue>(verb) else { return String::new() };
    let call = Call { protocol: PROTOCOL, version, call: number, skip, plugin, verb };
    serde_json::to_string(&call).unwrap_or_default()
}

/// Program and arguments of a call. Zellij changes a directory that begins like one of its mounts
/// (`/tmp`, `/data`, `/cache`, `/host`), so it is an argument of the helper's.
pub(crate) fn argv(program: &str, directory: Option<&str>, call: String) -> Vec<String> {
    let mut argv = vec![program.to_owned()];
    argv.extend(directory.into_iter().flat_map(|path| ["-C".to_owned(), path.to_owned()]));
    argv.extend(["rpc", "--request"].map(ToOwned::to_owned));
    argv.push(call);
    argv
}

/// Program and arguments of `convosync watch` for this session of this server, which tells the plugin
/// with this address.
pub(crate) fn watch_argv(
    program: &str,
    session: &str,
    server: u32,
    plugin: Option<&Address>,
) -> Vec<String> {
    let server = server.to_string();
    let mut argv = [program, "--json", "watch", "--zellij", session, "--server", &server]
        .map(ToOwned::to_owned)
        .to_vec();
    if let Some(Address { url, configuration }) = plugin {
        argv.push(format!("--plugin={url}"));
        argv.push(format!("--plugin-configuration={configuration}"));
    }
    argv
}

/// What a shell in that pane has, by which the helper knows where it is.
pub(crate) fn env(session: &str, pane: Option<u32>) -> BTreeMap<String, String> {
    let mut env = BTreeMap::from([
        ("ZELLIJ".to_owned(), "0".to_owned()),
        ("ZELLIJ_SESSION_NAME".to_owned(), session.to_owned()),
    ]);
    env.extend(pane.map(|pane| ("ZELLIJ_PANE_ID".to_owned(), pane.to_string())));
    env
}

/// What a call came to: the answer as JSON, and rows that there was no room for.
///
/// # Errors
///
/// If there is no helper, or it is none that is understood.
pub(crate) fn returned(
    program: &str,
    exit: Option<i32>,
    output: &[u8],
    errors: &[u8],
) -> Result<(String, u64), Failure> {
    if output.len() > MOST_BYTES {
        let most = MOST_BYTES / 1024;
        return Err(protocol(format!("the helper answered more than {most} kB at once")));
    }
    let text = String::from_utf8_lossy(output);
    if let Some(line) = text.lines().rev().find(|line| !line.trim().is_empty()) {
        return answer::line(line);
    }
    Err(unanswered(program, exit, &String::from_utf8_lossy(errors)))
}

/// Why a command of the helper did not work: with `--json` it says so on a line of its error output.
pub(crate) fn failed(program: &str, exit: Option<i32>, errors: &str) -> Failure {
    let told = errors.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    told.unwrap_or_else(|| unanswered(program, exit, errors))
}

/// Why a program ended without a word. A shell says with exit code 127 that there is none, and with
/// 126 that it could not start it.
pub(crate) fn unanswered(program: &str, exit: Option<i32>, errors: &str) -> Failure {
    if exit == Some(127) {
        return Failure {
            code: "convosync::helper::not-found".to_owned(),
            message: format!("Zellij finds no `{}` to ask", first_line(program)),
            help: Some(
                "put it on the PATH that Zellij was started with, or say `helper \"/path/to/convosync\"` where the plugin is loaded; then press r"
                    .to_owned(),
            ),
            argument: None,
        };
    }
    if exit == Some(126) {
        return Failure {
            code: "convosync::helper::start".to_owned(),
            message: format!("`{}` can't be started: {}", first_line(program), first_line(errors)),
            help: Some("check that the file is whole and may be run".to_owned()),
            argument: None,
        };
    }
    if is_zellijs_own(exit, errors) {
        return Failure {
            code: "convosync::helper::start".to_owned(),
            message: format!(
                "Zellij can't start `{}`: {}",
                first_line(program),
                first_line(errors)
            ),
            help: Some(
                "check that there is a `/bin/sh`, which the plugin starts it with".to_owned(),
            ),
            argument: None,
        };
    }
    if exit == Some(2) {
        return protocol(format!("the helper does not understand: {}", first_line(errors)));
    }
    let reason = first_line(errors);
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Failure {
        code: "convosync::helper::stopped".to_owned(),
        message: format!("the helper ended without an answer{reason}"),
        help: Some("run `convosync status` in a terminal to see why".to_owned()),
        argument: None,
    }
}

/// Whether nothing ran: of what it can't start Zellij tells the error, and exit code 2 (0.45.1).
fn is_zellijs_own(exit: Option<i32>, errors: &str) -> bool {
    let errors = errors.trim_end();
    exit == Some(2)
        && errors.contains(" (os error ")
        && errors.ends_with(')')
        && !errors.starts_with("error:")
}

/// Plugin and helper do not understand each other.
pub(crate) fn protocol(message: String) -> Failure {
    Failure {
        code: "convosync::helper::protocol".to_owned(),
        message,
        help: Some("install plugin and helper from the same release".to_owned()),
        argument: None,
    }
}

/// A reply of another verb.
pub(crate) fn unexpected() -> Failure {
    protocol("the helper answered something else than what was asked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fails(exit: Option<i32>, output: &[u8], errors: &str, code: &str) {
        let failure =
            returned("convosync", exit, output, errors.as_bytes()).expect_err("no answer");
        assert_eq!(failure.code, format!("convosync::helper::{code}"), "{failure:?}");
        assert!(failure.help.is_some());
    }

    #[test]
    fn each_way_to_fail_has_a_name_of_its_own() {
        fails(Some(127), b"", "sh: 2: convosync: not found", "not-found");
        fails(Some(126), b"", "sh: 2: convosync: Permission denied", "start");
        fails(Some(2), b"", "error: unexpected argument '--request' found", "protocol");
        fails(Some(2), b"", "No such file or directory (os error 2)", "start");
        fails(Some(2), b"", "Argument list too long (os error 7)", "start");
        fails(Some(2), b"", "error: no such option (os error 2)", "protocol");
        fails(Some(101), b"", "thread 'main' panicked", "stopped");
        fails(None, b"", "", "stopped");
        fails(Some(0), b"hello\n", "", "protocol");
        fails(Some(0), b"\xff\xfe\n", "", "protocol");
        fails(Some(0), &vec![b'x'; MOST_BYTES + 1], "", "protocol");
    }

    /// Exit code, length of output and errors.
    fn ran(script: &str) -> (Option<i32>, usize, String) {
        let argv = capped(&["sh", "-c", script].map(ToOwned::to_owned));
        let output =
            std::process::Command::new(&argv[0]).args(&argv[1..]).output().expect("a shell");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), output.stdout.len(), errors)
    }

    #[test]
    fn a_program_is_heard_as_far_as_it_can_be_taken_in_and_ends_as_it_does() {
        assert_eq!(ran("echo four; echo why >&2; exit 7"), (Some(7), 5, "why\n".to_owned()));
        let (_, heard, _) = ran("head -c 3000000 /dev/zero");
        assert_eq!(heard, MOST_BYTES + 1);
        let (code, _, errors) = ran("head -c 3000000 /dev/zero >&2; exit 3");
        assert!(errors.len() <= MOST_BYTES + 1, "{code:?}");
        let argv = capped(&["/no/such/program".to_owned()]);
        let status = std::process::Command::new(&argv[0]).args(&argv[1..]).output();
        assert_eq!(status.expect("a shell").status.code(), Some(127));
    }

    #[test]
    fn an_answer_is_the_last_line() {
        let line = r#"{"call":3,"answer":{"answer":"failure"},"left":2}"#;
        let output = format!("a hook said this\n{line}\n\n");
        let answer = (r#"{"answer":"failure"}"#.to_owned(), 2);
        assert_eq!(returned("c", Some(0), output.as_bytes(), b""), Ok(answer));
    }

    #[test]
    fn a_directory_is_an_argument_whatever_its_name() {
        let argv = argv("convosync", Some("/tmp/x y"), call(3, 0, None, &written(&Verb::Here)));
        assert_eq!(argv[..5], ["convosync", "-C", "/tmp/x y", "rpc", "--request"]);
        let call: convosync_wire::zellij::Call = serde_json::from_str(&argv[5]).expect("JSON");
        assert_eq!((call.call, call.verb), (3, Verb::Here));
    }
}
