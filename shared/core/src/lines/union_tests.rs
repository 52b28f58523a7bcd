use std::collections::BTreeSet;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::claude::ClaudeCode;

fn side<'a>(file: &'a mut Cursor<Vec<u8>>) -> Side<'a> {
    let len = file.get_ref().len() as u64;
    Side { file, len }
}

fn joined(losing: &str, winning: &str) -> Option<String> {
    let (mut losing, mut winning) = (cursor(losing), cursor(winning));
    let mut out = Vec::new();
    match join(&ClaudeCode, &mut side(&mut losing), &mut side(&mut winning), &mut out) {
        Ok(Joined::Whole(canonical)) => {
            let mut blocks = crate::segment::Blocks::new();
            blocks.update(&out);
            assert_eq!((canonical.len, canonical.blocks), blocks.finish());
            Some(String::from_utf8(out).expect("text"))
        }
        Ok(Joined::Apart) => None,
        Err(error) => panic!("memory can be read and written: {error}"),
    }
}

fn cursor(text: &str) -> Cursor<Vec<u8>> {
    Cursor::new(text.as_bytes().to_vec())
}

fn what_is_missing(local: &str, incoming: &str) -> Missing {
    let (mut local, mut incoming) = (cursor(local), cursor(incoming));
    missing(&ClaudeCode, &mut side(&mut local), &mut side(&mut incoming)).expect("memory is read")
}

fn node(id: u32, text: &str) -> String {
    format!("{{\"type\":\"user\",\"uuid\":\"{id}\",\"text\":\"{text}\"}}\n")
}

fn state(value: u32) -> String {
    format!("{{\"type\":\"mode\",\"mode\":\"{value}\"}}\n")
}

#[test]
fn the_winning_tail_stands_last_and_whole() {
    let start = node(1, "start") + &state(1);
    let left = start.clone() + &node(2, "left") + &state(2);
    let right = start.clone() + &node(3, "right") + &state(2);
    let both = joined(&left, &right).expect("nothing differs");
    assert_eq!(both, start.clone() + &node(2, "left") + &node(3, "right") + &state(2));
    let other = joined(&right, &left).expect("nothing differs");
    assert_eq!(other, start + &node(3, "right") + &node(2, "left") + &state(2));
}

#[test]
fn a_file_that_only_went_on_is_the_result() {
    let short = node(1, "start");
    let long = short.clone() + &node(2, "more") + "no JSON\n";
    assert_eq!(joined(&short, &long), Some(long.clone()));
    assert_eq!(joined(&long, &short), Some(long.clone()));
    assert_eq!(joined(&long, &long), Some(long.clone()));
    assert_eq!(joined("", &long), Some(long));
}

#[test]
fn the_same_node_with_other_bytes_keeps_two_files() {
    let start = node(1, "start");
    assert_eq!(joined(&(start.clone() + &node(2, "one")), &(start + &node(2, "other"))), None);
}

#[test]
fn a_last_line_without_its_feed_gets_one() {
    let (left, right) = (node(1, "left"), node(2, "right"));
    let both = joined(left.trim_end(), right.trim_end()).expect("nothing differs");
    assert_eq!(both, left + &right);
}

#[test]
fn lines_too_long_to_be_looked_into_are_kept() {
    let long = |letter: &str| letter.repeat(MAX_LINE + 1) + "\n";
    let start = node(1, "start");
    let left = start.clone() + &long("a") + &long("b");
    let right = start.clone() + &long("b") + &long("c");
    let both = joined(&left, &right).expect("nothing differs");
    assert!(both == start + &long("a") + &long("b") + &long("c"));
}

#[test]
fn what_a_file_lacks_is_told_wherever_it_stands() {
    let start = node(1, "start");
    let local = start.clone() + &node(2, "two") + &state(1);
    let incoming = start.clone() + &node(3, "three") + &state(1) + &node(2, "two");
    assert_eq!(what_is_missing(&local, &incoming), Missing::Nothing);
    assert_eq!(what_is_missing(&(local.clone() + &state(2)), &incoming), Missing::State);
    assert_eq!(what_is_missing(&(local + &node(4, "four")), &incoming), Missing::Messages);
    assert_eq!(what_is_missing(&start, &incoming), Missing::Nothing);
}

#[test]
fn the_newest_message_of_a_part_is_found() {
    let at = |time: &str| format!("{{\"uuid\":\"{time}\",\"timestamp\":\"{time}\"}}\n");
    let (early, late) = (at("2026-01-01T00:00:00.000Z"), at("2026-01-02T00:00:00.000Z"));
    let text = late.clone() + &early + "{\"type\":\"mode\",\"timestamp\":\"2027\"}\n";
    let mut file = cursor(&text);
    let all = newest(&ClaudeCode, &mut side(&mut file), 0).expect("memory is read");
    assert_eq!(all.as_deref(), Some("2026-01-02T00:00:00.000Z"));
    let rest = newest(&ClaudeCode, &mut side(&mut file), late.len() as u64).expect("it is read");
    assert_eq!(rest.as_deref(), Some("2026-01-01T00:00:00.000Z"));
}

fn lines_of(text: &str) -> BTreeSet<&str> {
    text.lines().collect()
}

/// A transcript's tail: state, and nodes of which each is the same wherever it is. A client writes
/// a node once: one that stands twice in one tail would count as missing in a file that has it once.
fn tail(max: usize) -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => (0u32..40).prop_map(|id| (true, node(id, "same"))),
        1 => (0u32..4).prop_map(|number| (false, state(number))),
    ];
    prop::collection::vec(line, 0..max).prop_map(|lines| {
        let mut nodes = BTreeSet::new();
        let lines =
            lines.into_iter().filter(|(is_node, line)| !is_node || nodes.insert(line.clone()));
        lines.map(|(_, line)| line).collect()
    })
}

/// Nodes that no other tail has.
fn own(name: &'static str) -> impl Strategy<Value = String> {
    (0usize..6).prop_map(move |count| {
        (0..count)
            .map(|at| node(at as u32, name).replace("\":\"", &format!("\":\"{name}")))
            .collect()
    })
}

proptest! {
    #[test]
    fn no_line_of_either_side_is_lost(start in tail(8), left in tail(12), right in tail(12)) {
        let (left, right) = (start.clone() + &left, start.clone() + &right);
        let both = joined(&left, &right).expect("the same id has the same bytes");
        let want: BTreeSet<_> = lines_of(&left).union(&lines_of(&right)).copied().collect();
        prop_assert_eq!(lines_of(&both), want);
        prop_assert!(both.starts_with(&start));
        prop_assert_eq!(what_is_missing(&left, &both), Missing::Nothing);
        prop_assert_eq!(what_is_missing(&right, &both), Missing::Nothing);
        // What the client goes by, the last lines, are the winning ones.
        let (mut one, mut other) = (cursor(&left), cursor(&right));
        let common = common_lines(&mut side(&mut one), &mut side(&mut other)).expect("read");
        prop_assert!(both.ends_with(&right[common as usize..]));
    }

    #[test]
    fn to_join_again_with_either_side_adds_nothing(
        start in tail(8), left in tail(12), right in tail(12),
    ) {
        let (left, right) = (start.clone() + &left, start + &right);
        let both = joined(&left, &right).expect("the same id has the same bytes");
        prop_assert_eq!(joined(&both, &both), Some(both.clone()));
        // State that one side says twice, or that wins over what it has won already, may be said
        // once more.
        for (losing, winning) in [(&left, &both), (&both, &right)] {
            let again = joined(losing, winning).expect("the same id has the same bytes");
            prop_assert_eq!(lines_of(&again), lines_of(&both));
        }
    }

    #[test]
    fn of_three_it_makes_no_difference_which_two_are_joined_first(
        start in tail(8), one in own("a"), two in own("b"), three in own("c"),
    ) {
        let [one, two, three] = [one, two, three].map(|own| start.clone() + &own);
        let first = joined(&joined(&one, &two).expect("joined"), &three);
        let last = joined(&one, &joined(&two, &three).expect("joined"));
        prop_assert_eq!(first, last);
    }
}
