use super::*;
use crate::id::DeviceKind;

const NOW: i64 = 1_700_000_000_000;

fn counting(seed: u8) -> impl FnMut(&mut [u8]) {
    let mut next = seed;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next;
        }
    }
}

fn account(seed: u8) -> Account {
    Account::new(&mut counting(seed))
}

fn words(seed: u8) -> JoinWords {
    JoinWords::new(&mut counting(seed))
}

/// A device that asks, and what the store got.
fn asking(seed: u8) -> (Enrolment, (ObjectName, Sealed)) {
    let device = Device::new("laptop".to_owned(), DeviceKind::Laptop, NOW, &mut counting(seed));
    let record = StoreRecord::new(&account(1));
    let how = (&words(seed), device);
    let (enrolment, name, sealed) =
        Enrolment::begin(&record, how, "file:///store".to_owned(), NOW, &mut counting(seed));
    (enrolment, (name, sealed))
}

fn approved(seed: u8, ask: &(ObjectName, Sealed), account: &Account) -> (ObjectName, Sealed) {
    let record = StoreRecord::new(account);
    let approval = Approval::read(&record, &words(seed), &ask.0, &ask.1).expect("these words");
    approval.answer(account, &mut counting(9)).expect("sealed")
}

fn record() -> StoreRecord {
    StoreRecord::new(&account(1))
}

#[test]
fn six_words_let_a_device_in_and_the_bytes_never_change() {
    let (enrolment, ask) = asking(3);
    let approval = Approval::read(&record(), &words(3), &ask.0, &ask.1).expect("these words");
    assert_eq!(approval.ask.device, enrolment.device.id);
    assert_eq!((approval.ask.entry.name.as_str(), approval.ask.made_ms), ("laptop", NOW));
    let answer = approval.answer(&account(1), &mut counting(9)).expect("sealed");
    let joined = enrolment.look(&record(), std::slice::from_ref(&answer), NOW + ENROL_MS);
    assert_eq!(joined, Answered::Joined(Box::new(account(1))));
    let kept = Enrolment::decode(&enrolment.encode()).expect("ours");
    assert_eq!(kept, enrolment);
    let digest = |bytes: &[u8]| blake3::hash(bytes).to_hex()[..32].to_owned();
    let frozen =
        [digest(ask.1.as_bytes()), digest(answer.1.as_bytes()), digest(&enrolment.encode())];
    assert_eq!(
        (ask.0.to_string(), answer.0.to_string()),
        (
            "v1/enrol/argp45c3/ask-yj6huv2t".to_owned(),
            "v1/enrol/argp45c3/answer-6huv2tqb".to_owned()
        )
    );
    assert_eq!(
        frozen,
        [
            "33de996b6cd482b8fcd0c9045628fd44",
            "b3c045c38749bd4fb3515283241a4572",
            "7ed74d20717542a515cce51df12d949f"
        ]
    );
}

#[test]
fn other_words_open_nothing_and_several_that_ask_are_told_apart() {
    let (one, two) = (asking(3), asking(4));
    let read = |seed, ask: &(ObjectName, Sealed)| {
        Approval::read(&record(), &words(seed), &ask.0, &ask.1).map(|approval| approval.ask.device)
    };
    assert_eq!(read(3, &one.1), Ok(one.0.device.id.clone()));
    assert_eq!(read(4, &two.1), Ok(two.0.device.id.clone()));
    assert_eq!(read(4, &one.1), Err(OpenError::WrongKey));
    // The answer to one is none to the other, whatever the store says it is.
    let (name, sealed) = approved(3, &one.1, &account(1));
    let posing = ObjectName::EnrolAnswer { id: two.0.id.clone(), rand: "aaaaaaaa".to_owned() };
    for name in [name, posing] {
        let looked = two.0.look(&record(), &[(name, sealed.clone())], NOW);
        assert_eq!(looked, Answered::Waiting { refused: 1 });
    }
}

#[test]
fn a_store_can_not_answer_by_itself_nor_hand_out_an_account_of_its_own() {
    let (enrolment, ask) = asking(3);
    // It knows everything but the words: it guesses.
    let evil = account(66);
    let posing = Account { id: account(1).id, store: account(1).store, ..evil.clone() };
    let to = AnswerFor {
        key: &SecretBytes::random(&mut counting(5)),
        asked: &enrolment.asked,
        exchange: &DeviceEntry::of(&enrolment.device).exchange,
    };
    let name = ObjectName::EnrolAnswer { id: enrolment.id.clone(), rand: "aaaaaaaa".to_owned() };
    let sealed = seal_answer(&posing, &to, &name, &mut counting(8)).expect("sealed");
    let waiting = Answered::Waiting { refused: 1 };
    assert_eq!(enrolment.look(&record(), &[(name, sealed)], NOW), waiting);
    // It shows each side another store record: the words belong to neither.
    let read = Approval::read(&StoreRecord::new(&evil), &words(3), &ask.0, &ask.1);
    assert_eq!(read.err(), Some(OpenError::Foreign));
    let honest = approved(3, &ask, &account(1));
    assert_eq!(enrolment.look(&StoreRecord::new(&evil), &[honest], NOW), waiting);
}

#[test]
fn a_store_can_not_swap_the_device_that_asks() {
    let (enrolment, ask) = asking(3);
    let (thief, other) = asking(4);
    // The thief's ask under the name of the honest one, and its bytes with a bit flipped.
    let read = |name: &ObjectName, sealed: &Sealed| {
        Approval::read(&record(), &words(3), name, sealed).map(drop)
    };
    assert_eq!(read(&ask.0, &other.1), Err(OpenError::Foreign));
    let mut flipped = ask.1.as_bytes().to_vec();
    let at = flipped.len() - 20;
    flipped[at] ^= 1;
    assert!(read(&ask.0, &Sealed::received(flipped)).is_err());
    // The answer opens with the key of the device that asked only.
    let answer = approved(3, &ask, &account(1));
    let posing = Enrolment { device: thief.device, ..enrolment };
    assert_eq!(posing.look(&record(), &[answer], NOW), Answered::Waiting { refused: 1 });
}

#[test]
fn an_answer_to_an_earlier_ask_is_no_answer() {
    let (enrolment, ask) = asking(3);
    let replayed = approved(3, &ask, &account(1));
    let again = Enrolment { asked: [1; 32], ..enrolment };
    assert_eq!(again.look(&record(), &[replayed], NOW), Answered::Waiting { refused: 1 });
}

#[test]
fn words_are_good_for_fifteen_minutes_by_either_clock() {
    let (enrolment, ask) = asking(3);
    let answer = approved(3, &ask, &account(1));
    assert_eq!(enrolment.look(&record(), &[answer], NOW + ENROL_MS + 1), Answered::Expired);
    let approval = Approval::read(&record(), &words(3), &ask.0, &ask.1).expect("these words");
    assert!(!approval.ask.is_stale(NOW + ENROL_MS) && !approval.ask.is_stale(NOW - ENROL_MS));
    assert!(approval.ask.is_stale(NOW + ENROL_MS + 1) && approval.ask.is_stale(NOW - ENROL_MS - 1));
}
