//! `convosync -C DIR rpc --request JSON`: one call of the plugin inside Zellij, which can start a
//! program and read its output, but not write to it. Directory and environment are the process's.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use convosync_engine::Cancel;
use convosync_wire::zellij::{Call, MOST_BYTES, Push, Returned};
use convosync_wire::{Answer, Failure, Note, Progress, Reply, Request, SessionRow};
use serde::Serialize;

use super::parse;
use crate::caller;
use crate::outcome::{Outcome, Run, run_caught};
use crate::push::Plugins;
use crate::surroundings::Env;

/// Between two lines of progress: each starts a program.
const PAUSE: Duration = Duration::from_millis(400);

/// Longest text of a row, a note or a failure, in letters: a column shows its beginning.
const LONGEST_TEXT: usize = 2000;

/// What notes may take of an answer.
const NOTES: usize = MOST_BYTES / 8;

/// What there has to be for the rest of the line, beside rows and notes.
const REST: usize = 8 * 1024;

/// Runs a call and makes the one line that answers it.
pub(crate) fn answer(line: &str, directory: &str, env: &Env, run: &Run<'_>) -> String {
    let returned = match parse::<Call>(line.as_bytes()) {
        Ok(call) => returned(call, directory, env, run),
        Err(failure) => Returned { call: 0, answer: Answer::Failure(failure), left: 0 },
    };
    written(returned)
}

fn returned(call: Call, directory: &str, env: &Env, run: &Run<'_>) -> Returned {
    let Call { call, skip, plugin, verb, .. } = call;
    let request = caller::request(verb, directory, env);
    // Without an address all plugins would read what is being done.
    let plugin = plugin.and_then(|address| Plugins::around(Some(address), env));
    let (answer, left) = match outcome(call, &request, plugin.as_ref(), run) {
        Outcome::Reply(reply) => {
            let mut reply = *reply;
            let left = fit(&mut reply, skip);
            (Answer::Reply(Box::new(reply)), left)
        }
        Outcome::Decision(decision) => (Answer::NeedsDecision(decision), 0),
        Outcome::Failure(failure) => (Answer::Failure(shortened(failure)), 0),
    };
    Returned { call, answer, left }
}

/// Runs it, and tells the plugin in between what is being done. The work does not wait for who looks
/// on, and what still tells when it is done is ended.
fn outcome(call: u64, request: &Request, plugin: Option<&Plugins>, run: &Run<'_>) -> Outcome {
    let Some(plugin) = plugin else { return run_caught(run, request, &|_| {}) };
    let (tell, told) = channel();
    let done = Cancel::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            tell_all(told, |progress| {
                // What can't be told is not worth a word.
                let _ = plugin.tell(&Push::Progress { call, progress }, &done);
            });
        });
        let outcome = run_caught(run, request, &|progress| drop(tell.send(progress.clone())));
        drop(tell);
        done.cancel();
        outcome
    })
}

/// Tells what comes, and where it comes faster than it can be told, the latest of it.
fn tell_all(progress: Receiver<Progress>, tell: impl Fn(Progress)) {
    let mut next = progress.recv().ok();
    while let Some(now) = next {
        let until = Instant::now() + PAUSE;
        tell(now);
        next = latest(&progress, until);
    }
}

/// The latest that comes until then, or else the first that comes after. None: it is all done.
fn latest(progress: &Receiver<Progress>, until: Instant) -> Option<Progress> {
    let mut latest = None;
    loop {
        match progress.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(progress) => latest = Some(progress),
            Err(RecvTimeoutError::Timeout) => return latest.or_else(|| progress.recv().ok()),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

/// What does not fit after all is said, in place of what would end the plugin.
fn written(returned: Returned) -> String {
    let call = returned.call;
    let line = serde_json::to_string(&returned).unwrap_or_default();
    if !line.is_empty() && line.len() < MOST_BYTES {
        return line;
    }
    let answer = Answer::Failure(Failure {
        code: "convosync::rpc::too-long".into(),
        message: "the answer is longer than a plugin of Zellij can take".into(),
        help: Some("run the same command in a shell".into()),
        argument: None,
    });
    serde_json::to_string(&Returned { call, answer, left: 0 }).unwrap_or_default()
}

/// Makes it fit: shortens texts, leaves out rows that the plugin has, and those at the end that there
/// is no room for. Returns how many of the latter there are.
fn fit(reply: &mut Reply, skip: u64) -> u64 {
    shorten_notes(reply.notes_mut());
    match reply {
        Reply::Sessions(listed) => {
            listed.rows.iter_mut().for_each(shorten_row);
            cut(&mut listed.rows, skip)
        }
        Reply::Log(listed) => {
            listed.rows.iter_mut().for_each(|row| shorten_row(&mut row.row));
            cut(&mut listed.rows, skip)
        }
        Reply::Devices(listed) => cut(&mut listed.rows, skip),
        Reply::Shown(report) => {
            // The newest messages count; the plugin shows the code that they were written on.
            report.messages.clear();
            cut(&mut report.timeline, skip)
        }
        _ => 0,
    }
}

fn cut<T: Serialize>(rows: &mut Vec<T>, skip: u64) -> u64 {
    let had = usize::try_from(skip).unwrap_or(usize::MAX).min(rows.len());
    rows.drain(..had);
    let mut room = MOST_BYTES - NOTES - REST;
    let fits = |row: &T| {
        let size = serde_json::to_vec(row).map_or(usize::MAX, |line| line.len() + 1);
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    };
    let kept = rows.iter().map(fits).take_while(|fits| *fits).count();
    let left = rows.len() - kept;
    rows.truncate(kept);
    left as u64
}

fn shorten_notes(notes: &mut Vec<Note>) {
    let mut room = NOTES;
    notes.retain_mut(|note| {
        shorten(&mut note.text);
        note.help.iter_mut().for_each(shorten);
        let size = serde_json::to_vec(note).map_or(usize::MAX, |line| line.len());
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
}

fn shortened(mut failure: Failure) -> Failure {
    shorten(&mut failure.message);
    failure.help.iter_mut().for_each(shorten);
    failure
}

/// Whoever writes into the store chooses them: one of them must not keep all others away.
fn shorten_row(row: &mut SessionRow) {
    let always = [
        &mut row.device,
        &mut row.device_kind,
        &mut row.message,
        &mut row.repository,
        &mut row.working_directory,
    ];
    let sometimes = [&mut row.branch, &mut row.commit, &mut row.conversation_id, &mut row.title];
    always.into_iter().chain(sometimes.into_iter().flatten()).for_each(shorten);
}

/// Cuts a text between letters.
fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(end);
        text.push('…');
    }
}

/// The answer where the directory can't be used.
pub(crate) fn refused(line: &str, failure: Failure) -> String {
    let call = parse::<Call>(line.as_bytes()).map_or(0, |call| call.call);
    written(Returned { call, answer: Answer::Failure(failure), left: 0 })
}

#[cfg(test)]
mod tests;
