use super::*;
use crate::addr::InterfaceName;

fn link(name: &str) -> Object {
    Object::Link(InterfaceName::new(name).unwrap())
}

fn second(number: u64) -> Moment {
    Moment::ORIGIN + Duration::from_secs(number)
}

/// Without jitter, so that the pauses can be told.
fn none() -> Disputes {
    Disputes::new(Jitter::NONE)
}

fn of<'a>(disputes: &'a Disputes, object: &Object) -> Option<&'a Dispute> {
    disputes.running.get(object)
}

/// A thing that was repaired at these seconds.
fn repaired(seconds: &[u64]) -> Disputes {
    let mut disputes = none();
    for number in seconds {
        disputes.repaired(link("vgw1"), second(*number));
    }
    disputes
}

#[test]
fn it_takes_five_repairs_within_a_minute() {
    for (seconds, is_dispute) in [
        (vec![], false),
        (vec![1, 2, 3, 4], false),
        (vec![1, 2, 3, 4, 5], true),
        (vec![0, 15, 30, 45, 60], true),
        (vec![0, 15, 30, 45, 61], false),
        (vec![0, 20, 40, 60, 80, 100, 120], false),
        (vec![0, 100, 101, 102, 103, 104], true),
    ] {
        assert_eq!(repaired(&seconds).running.contains_key(&link("vgw1")), is_dispute, "{seconds:?}");
    }
}

#[test]
fn only_its_beginning_is_told() {
    let mut disputes = none();
    let told: Vec<bool> = (0..7).map(|number| disputes.repaired(link("vgw1"), second(number))).collect();
    assert_eq!(told, [false, false, false, false, true, false, false]);
}

#[test]
fn pauses_double_up_to_a_minute() {
    let mut disputes = repaired(&[0, 0, 0, 0]);
    let mut now = second(0);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        disputes.repaired(link("vgw1"), now);
        let until = of(&disputes, &link("vgw1")).unwrap().until;
        pauses.push((until - now).as_secs());
        // The other one undoes it at once; it is repaired as soon as that is allowed.
        assert!(disputes.rests(&link("vgw1"), now));
        assert!(!disputes.rests(&link("vgw1"), until));
        now = until;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(of(&disputes, &link("vgw1")).unwrap().repairs, 13);
}

#[test]
fn one_thing_in_dispute_is_nothing_to_the_others() {
    let mut disputes = repaired(&[0, 0, 0, 0, 0]);
    disputes.repaired(link("vgw2"), second(0));
    assert!(disputes.rests(&link("vgw1"), second(0)));
    assert!(!disputes.rests(&link("vgw2"), second(0)));
    assert!(!disputes.rests(&link("vgw3"), second(0)));
}

#[test]
fn it_opens_once_and_ends_after_a_quiet_minute() {
    let mut disputes = repaired(&[0, 0, 0, 0, 0]);
    let open = Passed { is_open: true, over: vec![] };
    assert_eq!(disputes.next_deadline(), Some(second(1)));
    assert_eq!(disputes.pass(second(0)), Passed::default());
    assert_eq!(disputes.pass(second(1)), open);
    assert_eq!(disputes.pass(second(2)), Passed::default(), "told once");
    assert_eq!(disputes.next_deadline(), Some(second(61)));
    // Undone once more in the meantime.
    disputes.repaired(link("vgw1"), second(50));
    assert_eq!(disputes.next_deadline(), Some(second(52)));
    assert_eq!(disputes.pass(second(61)), open);
    assert_eq!(disputes.next_deadline(), Some(second(112)));
    assert_eq!(disputes.pass(second(112)), Passed { is_open: false, over: vec![link("vgw1")] });
    assert_eq!((disputes.next_deadline(), disputes.running().count()), (None, 0));
    assert!(disputes.recent.is_empty(), "nothing is remembered");
}

#[test]
fn what_was_repaired_long_ago_is_forgotten() {
    let mut disputes = repaired(&[0, 1]);
    assert_eq!(disputes.next_deadline(), None, "nobody has to wake up for it");
    disputes.pass(second(61));
    assert_eq!(disputes.recent.values().flatten().collect::<Vec<_>>(), [&second(1)]);
    disputes.pass(second(62));
    assert_eq!(disputes.recent.len(), 1, "not looked for all the time");
    disputes.pass(second(121));
    assert!(disputes.recent.is_empty());
}

#[test]
fn pauses_are_spread() {
    let mut disputes = Disputes::new(Jitter::new(7));
    let pauses = (0..50).map(|number| {
        for _ in 0..REPAIRS {
            disputes.repaired(link(&format!("vgw{number}")), second(0));
        }
        of(&disputes, &link(&format!("vgw{number}"))).unwrap().until - second(0)
    });
    let pauses: Vec<Duration> = pauses.collect();
    let (shortest, longest) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
    assert!(*shortest >= FIRST_PAUSE && *longest <= FIRST_PAUSE * 5 / 4, "{shortest:?} {longest:?}");
    assert!(*longest - *shortest > FIRST_PAUSE / 10, "{shortest:?} {longest:?}");
}
