//! Histories that dice found, and that went wrong once.

use convosync_engine::testing::{Call, Fault};

use super::act::{Act, NEWCOMER, Step, Weather, Which};
use super::{KNOBS, SAVE, calmly, happens};

fn in_weather(device: usize, act: Act, weather: Weather) -> Step {
    Step { weather, ..calmly(device, act) }
}

fn with_faults(device: usize, act: Act, faults: &[(Call, Fault)]) -> Step {
    in_weather(device, act, Weather { faults: faults.to_vec(), ..Weather::default() })
}

const NEWEST: Which = Which::Newest;

/// The device that rotates has not seen the others before, and reads the entry of one wrong.
#[test]
fn a_new_key_leaves_out_no_device_whose_entry_was_read_wrong() {
    let faults = [(Call::Get, Fault::Short(183)), (Call::Get, Fault::LostAnswer)];
    for faults in [&faults[..1], &faults[1..], &faults[..]] {
        let steps = [with_faults(1, Act::Rotate, faults)];
        assert_eq!(happens(&steps, 1, KNOBS), [""; 0], "{faults:?}");
    }
}

/// The address of the new place arrives late, and meanwhile one who has not seen it revokes.
#[test]
fn a_key_that_was_made_where_the_store_had_been_is_taken_along() {
    for act in [Act::Revoke { device: 1 }, Act::Rotate] {
        let moves = with_faults(1, Act::Move { place: 1 }, &[(Call::Put, Fault::Late(26))]);
        assert_eq!(happens(&[moves, calmly(2, act)], 162, KNOBS), [""; 0]);
    }
}

/// A newcomer of whom nobody has heard yet makes a key and dies; so another device leaves it out of its
/// own. Which of the two holds is settled by new words, and the newcomer is told that it is out.
#[test]
fn who_was_passed_by_while_it_made_a_key_joins_again() {
    let late = [
        (Call::Put, Fault::Late(40)),
        (Call::Get, Fault::Short(211)),
        (Call::Put, Fault::Late(36)),
    ];
    let meanwhile = vec![
        (15, calmly(2, Act::Sync)),
        (12, calmly(1, Act::Resume { which: NEWEST, answers: 11_290_642_290_772_454_471 })),
        (1, calmly(0, Act::Edit { file: 1 })),
    ];
    let dies = Weather { death: Some(48), meanwhile, ..Weather::default() };
    let steps = [
        with_faults(NEWCOMER, Act::Join, &late),
        in_weather(NEWCOMER, Act::Rotate, dies),
        calmly(0, Act::Rotate),
    ];
    assert_eq!(happens(&steps, 1_002_706, KNOBS), [""; 0]);
}

/// It joins where the store had been, since the address arrives late, and makes a key there.
#[test]
fn a_key_of_a_newcomer_to_where_the_store_had_been_is_taken_along() {
    let moves = with_faults(2, Act::Move { place: 2 }, &[(Call::Put, Fault::Late(24))]);
    let steps = [moves, calmly(NEWCOMER, Act::Join), calmly(NEWCOMER, Act::Rotate)];
    assert_eq!(happens(&steps, 1_152_541, KNOBS), [""; 0]);
}

/// While the index is mended after a death, another process of the device saves.
#[test]
fn a_count_is_not_used_again_when_two_processes_mend_at_once() {
    let dies = |at, meanwhile| Weather { death: Some(at), meanwhile, ..Weather::default() };
    for death in 0..12 {
        for at in 0..6 {
            let other = vec![(at, calmly(0, SAVE))];
            let steps = [
                calmly(0, SAVE),
                in_weather(0, SAVE, dies(10, Vec::new())),
                in_weather(0, SAVE, dies(death, other)),
                calmly(0, SAVE),
            ];
            assert_eq!(happens(&steps, 1, KNOBS), [""; 0], "before {at}, dies before {death}");
        }
    }
}

/// Without a work tree git could not tell that the code merges; in one it did.
#[test]
fn code_that_merges_in_a_work_tree_after_all_holds_up_nothing() {
    let elsewhere = (4, calmly(2, Act::Talk { lines: 2, noise: 0 }));
    let steps = [
        calmly(0, SAVE),
        calmly(1, Act::Resume { which: NEWEST, answers: 2_474_103_190_821_731_876 }),
        calmly(2, Act::Resume { which: NEWEST, answers: 10_697_262_601_006_168_937 }),
        calmly(2, Act::Edit { file: 2 }),
        calmly(2, SAVE),
        calmly(1, Act::Edit { file: 2 }),
        in_weather(1, SAVE, Weather { death: Some(44), ..Weather::default() }),
        with_faults(
            0,
            Act::Resume {
                which: Which::Session(18_399_360_097_984_673_292),
                answers: 9_608_409_521_828_982_707,
            },
            &[(Call::Get, Fault::Short(480))],
        ),
        calmly(1, Act::Edit { file: 1 }),
        in_weather(1, SAVE, Weather { meanwhile: vec![elsewhere], ..Weather::default() }),
    ];
    assert_eq!(happens(&steps, 52_928, KNOBS), [""; 0]);
}

/// The store comes back to where it was first, by a device that had not followed it yet.
#[test]
fn a_store_that_comes_back_is_found_by_all() {
    let to = |device, place| calmly(device, Act::Move { place });
    assert_eq!(happens(&[to(0, 1), to(0, 2), to(2, 0)], 1089, KNOBS), [""; 0]);
}

/// A device saves by itself, joins, and loses its index.
#[test]
fn who_joins_counts_on() {
    let steps = [
        calmly(0, SAVE),
        calmly(NEWCOMER, SAVE),
        calmly(NEWCOMER, Act::Join),
        calmly(NEWCOMER, Act::Forget),
        calmly(NEWCOMER, SAVE),
        calmly(0, Act::Sync),
    ];
    assert_eq!(happens(&steps, 2474, KNOBS), [""; 0]);
}

/// A device with saves of its own joins where the account was, is killed, and joins where it is now:
/// its saves have the same bytes in both places, which whoever copies what came late compares.
#[test]
fn who_is_killed_while_it_joins_seals_the_same_bytes_again() {
    for death in 20..32 {
        let joins =
            in_weather(NEWCOMER, Act::Join, Weather { death: Some(death), ..Weather::default() });
        let steps = [calmly(NEWCOMER, SAVE), calmly(1, Act::Move { place: 2 }), joins];
        assert_eq!(happens(&steps, 200_748, KNOBS), [""; 0], "killed at {death}");
    }
}

/// Whoever moves the store sees the record of a new key, and not yet the key that was put before it.
#[test]
fn a_key_that_arrives_after_its_record_is_taken_along_to_where_the_store_went() {
    for late in [22, 38, 60] {
        let rotates = with_faults(0, Act::Rotate, &[(Call::Put, Fault::Late(late))]);
        let steps = [rotates, calmly(2, Act::Move { place: 1 })];
        assert_eq!(happens(&steps, 414_015, KNOBS), [""; 0], "{late} calls late");
    }
}

/// A save follows the store to where another device moved it; before it sends, another process of its
/// own device takes the store back to where it was.
#[test]
fn a_save_is_not_sent_to_where_the_store_was_in_between() {
    for moment in (0..60).step_by(3) {
        let back = (moment, calmly(0, Act::Move { place: 0 }));
        let steps = [
            calmly(0, SAVE),
            calmly(1, Act::Move { place: 1 }),
            calmly(0, Act::Talk { lines: 1, noise: 0 }),
            in_weather(0, SAVE, Weather { meanwhile: vec![back], ..Weather::default() }),
        ];
        assert_eq!(happens(&steps, 7, KNOBS), [""; 0], "at {moment}");
    }
}

/// A device is left out of a new key while it joins, and joins again where the store went meanwhile:
/// what it saved in between comes along.
#[test]
fn who_joins_again_elsewhere_takes_its_saves_along() {
    let meanwhile = |at, step| Weather { meanwhile: vec![(at, step)], ..Weather::default() };
    let steps = [
        calmly(NEWCOMER, SAVE),
        in_weather(NEWCOMER, Act::Join, meanwhile(2, calmly(0, Act::Move { place: 2 }))),
        calmly(2, Act::Revoke { device: 1 }),
        calmly(0, Act::Move { place: 1 }),
        calmly(NEWCOMER, SAVE),
    ];
    assert_eq!(happens(&steps, 609_395, KNOBS), [""; 0]);
}
