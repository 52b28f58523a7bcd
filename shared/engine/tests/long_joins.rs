//! Joining with six words, on devices that die. Each word that is tried costs half a second.

mod world;

use convosync_wire::Verb;

use world::{World, approve, approved_by, ask, enrol, messages};

#[test]
fn joining_and_approving_can_be_tried_again_wherever_one_of_them_died() {
    for side in 0..3 {
        for death in 0.. {
            let world = World::new();
            let (desk, _lap) = world.pair();
            let tab = world.device("tab", 3);
            let mut finished = false;
            if side == 0 {
                finished = tab.run(&enrol(), Some(death)).is_some();
            } else {
                let words = ask(&tab);
                let dies = if side == 1 { Some(death) } else { None };
                finished |= desk.run(&approve(&words), dies).is_some() && side == 1;
                if side == 2 {
                    finished = tab.run(&Verb::DeviceEnrolled, Some(death)).is_some();
                }
            }
            // Whoever is not one of the account by then begins anew.
            let _ = tab.run(&Verb::DeviceEnrolled, None);
            if !tab.is_set_up() {
                approved_by(&desk, &tab);
            }
            tab.save("by who joined");
            let there = messages(&desk);
            assert!(there.contains(&"by who joined".to_owned()), "{side} at {death}: {there:?}");
            if finished {
                break;
            }
        }
    }
}
