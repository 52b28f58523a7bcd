//! What must hold when everything works again, whatever happened before.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use convosync_core::{Membership, ObjectName, SessionId, heads};
use convosync_engine::Outcome;
use convosync_engine::ports::{Clock, Store};
use convosync_wire::{
    Answers, Decision, ListArgs, Note, Question, Reply, ResumeArgs, SessionRow, SessionState,
    SyncArgs, Verb,
};

use super::act::{Act, DEVICES, NEWCOMER, Step, TREES, Weather};
use super::contents::{Contents, contents};
use super::dice::Dice;
use super::ledger::{Acked, marks};
use super::world::{DISPUTED, World};

/// Lets everything work again, and looks.
pub(crate) fn check(world: &Rc<World>, seed: u64) {
    let mut dice = Dice::new(seed);
    everything_works(world);
    everyone_is_in(world);
    let device = *dice.pick(&world.members()).expect("one at least is left");
    let listed = all_see_the_same(world);
    let saved = opened(world);
    heads_are_bounded(world, &saved);
    one_device_settles_all(world, &listed, device);
    let listed = all_see_the_same(world);
    let saved = opened(world);
    one_head_each(world, &saved, &listed);
    nothing_is_lost(world, &saved, &listed);
    // A collection counts a day at most since the last look.
    for act in [Act::Gc, Act::Wait { minutes: 1_500 }].into_iter().cycle().take(17) {
        world.take(&Step { act, ..quiet(device, 0) });
    }
    let listed = all_see_the_same(world);
    let saved = opened(world);
    nothing_is_lost(world, &saved, &listed);
    nothing_is_readable(world);
    an_old_save_comes_back(world, &saved, &listed, &mut dice);
}

fn everything_works(world: &World) {
    for device in &world.devices {
        device.calm();
        device.set_offline(false);
        device.settle();
        device.git.set_offline(false);
        for root in &device.trees {
            device.git.end_merge(root, true);
            for id in device.assistant.in_directory(root) {
                device.assistant.set_live(&id, false);
            }
        }
    }
}

/// A device that was not given the newest key.
const LEFT_OUT: &str = "convosync::device::left-out";

/// Who was left out joins again, and who has sessions of its own does.
fn everyone_is_in(world: &World) {
    for number in world.members() {
        world.shut_out(number);
    }
    for number in 0..DEVICES {
        let device = &world.devices[number];
        let Some(profile) = device.profile() else { continue };
        let shut_out = (!profile.local_only).then(|| world.shut_out(number)).flatten();
        let disputed = shut_out.as_deref() == Some(DISPUTED);
        // Who was revoked stays out; the others are told by new words which key is honest.
        if disputed && world.is_revoked(number) {
            continue;
        }
        if disputed {
            world.new_words();
        }
        let left_out = shut_out.as_deref() == Some(LEFT_OUT);
        if profile.local_only || disputed || left_out {
            let url = world.profile().store_url;
            let join = || world.join(number, &url, &Weather::default(), Vec::new());
            let mut joined = join();
            let refused =
                matches!(&joined, Some(Outcome::Failure(failure)) if failure.code == DISPUTED);
            // The words of before may open the key that a device made while it was revoked.
            if refused || world.shut_out(number).is_some_and(|code| code == LEFT_OUT) {
                world.new_words();
                joined = join();
            }
            if !matches!(joined, Some(Outcome::Reply(_))) {
                world.wrong(format!("device {number} can't join: {joined:?}"));
            }
        }
    }
}

fn call(world: &World, device: usize, verb: &Verb) -> Option<Reply> {
    match world.devices[device].run(0, verb, None, Vec::new()) {
        Some(Outcome::Reply(reply)) => Some(*reply),
        other => {
            world.wrong(format!("all works, and {} of {device} gave {other:?}", verb.name()));
            None
        }
    }
}

/// The queue of each device empties.
fn everyone_sends(world: &World) {
    for number in world.members() {
        if let Some(Reply::Synced(report)) = call(world, number, &Verb::Sync(SyncArgs::default()))
            && report.queued > 0
        {
            world.wrong(format!("device {number} can't send its queue: {report:?}"));
        }
        let waiting = world.devices[number].outbox.list(ObjectName::UNITS).expect("in memory");
        if !waiting.is_empty() {
            world.wrong(format!("device {number} keeps {waiting:?}"));
        }
    }
}

fn everyone_uses_one_place(world: &World) {
    let url = |number: usize| world.devices[number].profile().map(|profile| profile.store_url);
    let places: BTreeSet<_> = world.members().into_iter().map(url).collect();
    if places.len() != 1 {
        world.wrong(format!("the store is in several places: {places:?}"));
    }
}

/// Everyone sends, and then lists the same: that.
fn all_see_the_same(world: &World) -> Vec<SessionRow> {
    everyone_sends(world);
    everyone_uses_one_place(world);
    let list = Verb::List(ListArgs { all: true, ..ListArgs::default() });
    let mut lists: Vec<Vec<SessionRow>> = Vec::new();
    for number in world.members() {
        if let Some(Reply::Sessions(rows)) = call(world, number, &list) {
            // That a session has two heads is told, and shown in the rows too.
            let told = |note: &&Note| {
                note.code != "convosync::session::conflict" && !world.is_of_a_rival(&note.text)
            };
            for note in rows.notes.iter().filter(told) {
                world.wrong(format!("the list of device {number} says {note:?}"));
            }
            lists.push(rows.rows.into_iter().map(shared).collect());
        }
    }
    if lists.iter().any(|list| *list != lists[0]) {
        world.wrong(format!("the lists differ: {lists:#?}"));
    }
    lists.pop().unwrap_or_default()
}

/// A row without what only one device knows: whether its code is the session's. That stands in place
/// of both states.
fn shared(mut row: SessionRow) -> SessionRow {
    if matches!(row.state, SessionState::OutOfStep | SessionState::Unpushed) {
        row.state = SessionState::Synced;
    }
    row
}

fn is_listed(listed: &[SessionRow], session: &SessionId) -> bool {
    listed.iter().any(|row| row.session_id == session.as_str())
}

/// What the store holds, and what it ever held.
fn opened(world: &World) -> Contents {
    world.names_keep_their_bytes();
    let profile = world.profile();
    let mut ever = contents(&profile, &world.ledger().ever);
    ever.wrong.clear();
    ever.check_together(world.devices[NEWCOMER].id().as_ref());
    let saved = contents(&profile, &world.store());
    let deleted = world.ledger().deleted.clone();
    // Of what was never collected all is whole. A save that nothing needs stays for the segments
    // that others have in it, when its own parts are gone.
    let there = world.store();
    let collected: BTreeSet<_> = {
        let ledger = world.ledger();
        let gone = ledger.ever.keys().filter(|name| !there.contains_key(name));
        gone.filter_map(|name| name.session().cloned()).collect()
    };
    let gone = |session: &SessionId| collected.contains(session);
    let kept = saved.saves.iter().filter(|(_, saved)| saved.accepted);
    let kept = kept.filter(|((session, save), _)| {
        !gone(session) || (saved.is_kept(session, save) && !deleted.contains_key(session))
    });
    let broken = kept.filter_map(|(_, saved)| saved.broken.clone());
    let wrong = ever.wrong.into_iter().chain(saved.wrong.clone()).chain(broken);
    for wrong in wrong.filter(|wrong| !world.is_of_a_rival(wrong)) {
        world.wrong(wrong);
    }
    saved
}

/// The heads of each session; those of equal content are one.
fn heads_of(saved: &Contents) -> BTreeMap<&SessionId, usize> {
    let live = || saved.saves.iter().filter(|(_, saved)| saved.counts());
    let sessions: BTreeSet<_> = live().map(|((session, _), _)| session).collect();
    let count = |session: &SessionId| {
        let of_session = live().filter(|((of, _), _)| of == session);
        let named = heads(of_session.map(|(_, saved)| (&saved.card.save, &saved.card.vector)));
        let cards = named.iter().map(|save| &saved.saves[&(session.clone(), (*save).clone())].card);
        cards.map(|card| card.content).collect::<BTreeSet<_>>().len()
    };
    sessions.into_iter().map(|session| (session, count(session))).collect()
}

fn heads_are_bounded(world: &World, saved: &Contents) {
    for (session, heads) in heads_of(saved) {
        if heads > DEVICES {
            world.wrong(format!("{session} has {heads} heads"));
        }
    }
}

fn one_head_each(world: &World, saved: &Contents, listed: &[SessionRow]) {
    for (session, heads) in heads_of(saved) {
        if heads != 1 && is_listed(listed, session) {
            world.wrong(format!("{session} was settled and has {heads} heads"));
        }
    }
}

fn quiet(device: usize, tree: usize) -> Step {
    Step { device, tree, act: Act::Status, weather: Weather::default() }
}

/// Goes on with whatever is recommended, and where that is to give up with what is not.
pub(crate) fn willing(decision: &Decision, answers: &mut Answers) -> bool {
    // A merge that is not recommended is one that the user has to end.
    let goes_on = |choice: &&convosync_wire::Choice| {
        choice.value != "cancel" && (choice.value != "merge" || choice.recommended)
    };
    let mut choices: Vec<_> = decision.choices.iter().filter(goes_on).collect();
    choices.sort_by_key(|choice| !choice.recommended);
    // `Keep mine` of a branch that is ahead leaves nothing to do, and is fine too.
    let first = choices.first();
    decision.question != Question::Live
        && first.is_some_and(|choice| answers.record(decision.question, choice).is_ok())
}

/// One device resumes each session: that joins its heads.
fn one_device_settles_all(world: &Rc<World>, listed: &[SessionRow], device: usize) {
    for SessionRow { session_id: session, repository, .. } in listed {
        let Some(tree) = (0..TREES).find(|tree| *repository == format!("origin/{tree}")) else {
            world.wrong(format!("{session} is of {repository}"));
            continue;
        };
        let args = ResumeArgs { session: Some(session.clone()), ..ResumeArgs::default() };
        let outcome = resumed(world, device, tree, &args);
        if !matches!(outcome, Some(Outcome::Reply(_))) {
            world.wrong(format!("device {device} can't resume {session}: {outcome:?}"));
        }
    }
}

/// Resumes, and merges by hand what it is told to.
fn resumed(world: &Rc<World>, device: usize, tree: usize, args: &ResumeArgs) -> Option<Outcome> {
    let mut outcome = None;
    for _ in 0..4 {
        outcome = world.resume_with(&quiet(device, tree), args.clone(), &mut willing);
        match &outcome {
            Some(Outcome::Failure(failure)) if failure.code == "convosync::resume::conflicts" => {
                world.devices[device].git.end_merge(world.devices[device].root(tree), true);
            }
            // What could not be told without a work tree merged in it: it says to go on.
            Some(Outcome::Failure(failure)) if failure.code == "convosync::resume::merged-code" => {
            }
            _ => break,
        }
    }
    outcome
}

fn nothing_is_lost(world: &World, saved: &Contents, listed: &[SessionRow]) {
    what_was_reported_is_there(world, saved, listed);
    only_what_is_needless_is_gone(world, saved);
    what_was_written_is_somewhere(world);
}

fn what_was_reported_is_there(world: &World, saved: &Contents, listed: &[SessionRow]) {
    let acked = world.ledger().acked.clone();
    let deleted = world.ledger().deleted.clone();
    what_was_there_is_accepted(world, saved);
    for (number, Acked { device, session, save, transcript, .. }) in acked.iter().enumerate() {
        let revoked = world.devices[*device].id().map(|id| saved.epochs.membership(&id));
        if revoked == Some(Membership::Revoked) && !saved.epochs.accepts(session, save) {
            continue;
        }
        if deleted.get(session).is_some_and(|deleted| deleted.is_about(number, save)) {
            continue;
        }
        let unit = ObjectName::Unit { session: session.clone(), save: save.clone() };
        if saved.rivals.contains(&unit) && world.ledger().has_revoked(*device) {
            continue;
        }
        if !is_listed(listed, session) {
            world.wrong(format!("{session} is not listed"));
        }
        let Some(found) = saved.saves.get(&(session.clone(), save.clone())) else {
            if !saved.goes_on_from(session, save) {
                world.wrong(format!("{save} of {session} is lost"));
            }
            continue;
        };
        let Some((id, bytes)) = transcript else { continue };
        if found.broken.is_some() && !saved.is_kept(session, save) {
            continue;
        }
        if found.files.get(&format!("{id}/transcript.jsonl")) != Some(bytes) {
            world.wrong(format!("{save} of {session} holds another transcript"));
        }
    }
}

/// What a device had saved when it was revoked still counts.
fn what_was_there_is_accepted(world: &World, saved: &Contents) {
    let Some(revoked) = world.ledger().revoked.clone() else { return };
    for (session, save) in revoked.saves {
        if !saved.epochs.accepts(&session, &save) {
            world.wrong(format!("{save} of {session} was there before and does not count"));
        }
    }
}

/// Of sessions that nobody deleted only saves that others go on from were collected, and work that
/// was put aside a month ago.
fn only_what_is_needless_is_gone(world: &World, saved: &Contents) {
    let deleted = world.ledger().deleted.clone();
    let ever = world.ledger().ever.clone();
    let ever = contents(&world.profile(), &ever);
    // The clocks of the devices are not the same.
    let month_ago = world.clock.now_ms() - 25 * 24 * 3_600_000;
    for ((session, save), was) in &ever.saves {
        let there = saved.saves.contains_key(&(session.clone(), save.clone()));
        if there || deleted.contains_key(session) || !was.accepted {
            continue;
        }
        let needless = match was.card.parked {
            true => was.card.timestamp_ms < month_ago,
            false => saved.goes_on_from(session, save),
        };
        if !needless {
            world.wrong(format!("{save} of {session} was needed and is gone"));
        }
    }
}

fn what_was_written_is_somewhere(world: &World) {
    let (ever, typed, edited) = {
        let ledger = world.ledger();
        (ledger.ever.clone(), ledger.typed.clone(), ledger.edited.clone())
    };
    let revoked = world.ledger().revoked.as_ref().map(|revoked| revoked.device);
    // What a device that was revoked has not sent stays on it.
    let there = revoked.map(|device| world.devices[device].outbox.contents());
    let ever =
        contents(&world.profile(), &ever.into_iter().chain(there.into_iter().flatten()).collect());
    let mut found = BTreeSet::new();
    for file in ever.saves.values().flat_map(|saved| saved.files.values()) {
        found.extend(marks(file));
    }
    for file in world.devices.iter().flat_map(|device| device.assistant.everything()) {
        found.extend(marks(&file));
    }
    for lost in typed.difference(&found) {
        world.wrong(format!("the line {lost} is nowhere"));
    }
    for ((device, tree), texts) in edited {
        for (path, text) in texts {
            let git = &world.devices[device].git;
            let here = git.everywhere(world.devices[device].root(tree), &path);
            if !here.contains(&text) && !world.remotes[tree].everywhere(&path).contains(&text) {
                world.wrong(format!("{path} of device {device} with `{text}` is nowhere"));
            }
        }
    }
}

/// Nothing of what users wrote can be read where only sealed bytes may be.
fn nothing_is_readable(world: &World) {
    let mut places: Vec<_> = world.places.iter().map(|place| place.inner().contents()).collect();
    for device in &world.devices {
        places.push(device.outbox.contents());
        places.push(device.cache.contents());
        for sealed in device.index.contents() {
            if is_readable(sealed.as_bytes()) {
                world.wrong(format!("the index of {} can be read", device.name));
            }
        }
    }
    for (name, bytes) in places.into_iter().flatten() {
        if is_readable(&bytes) {
            world.wrong(format!("{name} can be read"));
        }
    }
}

fn is_readable(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| window == b"canary" || window == b"mark-1")
}

/// Any save that was reported and is there can be brought back on any device, to the last byte.
fn an_old_save_comes_back(
    world: &Rc<World>,
    saved: &Contents,
    listed: &[SessionRow],
    dice: &mut Dice,
) {
    let mut acked = world.ledger().acked.clone();
    acked.retain(|Acked { session, save, .. }| {
        let found = saved.saves.get(&(session.clone(), save.clone()));
        is_listed(listed, session) && found.is_some_and(|found| found.broken.is_none())
    });
    let Some(acked) = dice.pick(&acked) else { return };
    let device = *dice.pick(&world.members()).expect("one at least is left");
    let args = ResumeArgs {
        session: Some(acked.session.to_string()),
        at: Some(acked.save.to_string()),
        ..ResumeArgs::default()
    };
    let outcome = resumed(world, device, acked.tree, &args);
    if !matches!(outcome, Some(Outcome::Reply(_))) {
        world.wrong(format!("{} can't be brought back: {outcome:?}", acked.save));
        return;
    }
    let Some((id, saved)) = &acked.transcript else { return };
    let device = &world.devices[device];
    let here = device.assistant.read(id, device.root(acked.tree), "transcript.jsonl");
    let here = here.map(|bytes| device.canonical(acked.tree, &bytes)).unwrap_or_default();
    // A line that says where the conversation is now may follow.
    if !here.starts_with(saved) {
        world.wrong(format!("{} came back with another transcript", acked.save));
    }
}
