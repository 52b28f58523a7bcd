//! `convosync rpc`: one request of a plugin in, answers out, a line of JSON each.
//!
//! Takes everything from the request: the environment of this process is not looked at, except for
//! [`called`].

pub(crate) mod called;

use std::cell::RefCell;
use std::io::{self, BufRead, Write};

use convosync_wire::{Answer, Failure, PROTOCOL, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::outcome::{Outcome, Run, run_caught};

/// Longest request: an environment is at most a few hundred kB.
const LONGEST_REQUEST: u64 = 1024 * 1024;

/// Reads the request, which is one line.
///
/// # Errors
///
/// What to answer when it is too long, no JSON, or of another version of the protocol.
pub(crate) fn read(input: impl BufRead) -> Result<Request, Failure> {
    let mut line = Vec::new();
    let read = input.take(LONGEST_REQUEST + 1).read_until(b'\n', &mut line);
    read.map_err(|error| bad_request(format!("the request could not be read: {error}")))?;
    if line.len() as u64 > LONGEST_REQUEST {
        return Err(bad_request("the request is longer than 1 MiB".into()));
    }
    parse(&line)
}

/// The version comes first: the rest of another version may look otherwise.
fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, Failure> {
    if line.trim_ascii().is_empty() {
        return Err(bad_request("there is no request on standard input".into()));
    }
    let value: Value = serde_json::from_slice(line)
        .map_err(|error| bad_request(format!("the request is no JSON: {}", place(&error))))?;
    let Some(protocol) = value.get("protocol").and_then(Value::as_u64) else {
        return Err(bad_request("the request names no protocol version".into()));
    };
    if protocol != u64::from(PROTOCOL) {
        return Err(other_version(protocol, value.get("version").and_then(Value::as_str)));
    }
    serde_json::from_value(value)
        .map_err(|error| bad_request(format!("the request is not understood: {}", kind(&error))))
}

/// Where JSON ended to be JSON; the text itself may hold secrets and is not repeated.
fn place(error: &serde_json::Error) -> String {
    format!("column {}", error.column())
}

/// What serde misses, without values of the request, which follow a `:` or stand in quotes.
fn kind(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let known =
        ["missing field `", "unknown variant `"].iter().any(|start| text.starts_with(start));
    let end = text.find(", expected").unwrap_or(text.len());
    if known { text[..end].to_owned() } else { "a field has the wrong type".into() }
}

fn bad_request(message: String) -> Failure {
    Failure {
        code: "convosync::rpc::request".into(),
        message,
        help: Some("`convosync rpc` is for plugins; see `convosync --help` for people".into()),
        argument: None,
    }
}

fn other_version(protocol: u64, version: Option<&str>) -> Failure {
    let ours = env!("CARGO_PKG_VERSION");
    let theirs = version.unwrap_or("unknown");
    let older = if protocol < u64::from(PROTOCOL) { "the plugin" } else { "the helper" };
    Failure {
        code: "convosync::rpc::version".into(),
        message: format!(
            "the plugin ({theirs}) speaks protocol {protocol}, \
             the convosync helper ({ours}) protocol {PROTOCOL}"
        ),
        help: Some(format!("{older} is older: install both from the same release of ConvoSync")),
        argument: None,
    }
}

/// Runs a request and writes its answers, the last of which is final.
///
/// # Errors
///
/// If the final answer could not be written: nobody listens any more.
pub(crate) fn answer(
    request: Result<Request, Failure>,
    output: &mut dyn Write,
    run: &Run<'_>,
) -> io::Result<()> {
    let output = RefCell::new(output);
    let outcome = match request {
        Err(failure) => Outcome::Failure(failure),
        Ok(request) => run_caught(run, &request, &|progress| {
            // A caller that is gone closes our standard input too, which cancels.
            let _ = write(&output, &Answer::Progress(progress.clone()));
        }),
    };
    write(
        &output,
        &match outcome {
            Outcome::Reply(reply) => Answer::Reply(reply),
            Outcome::Decision(decision) => Answer::NeedsDecision(decision),
            Outcome::Failure(failure) => Answer::Failure(failure),
        },
    )
}

fn write(output: &RefCell<&mut dyn Write>, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let mut output = output.borrow_mut();
    output.write_all(&line)?;
    output.flush()
}

#[cfg(test)]
mod tests;
