use std::thread::Builder;

use super::*;

const NOW: Duration = Duration::ZERO;

fn happened(events: &Events, name: &str) {
    events.record(NOW, Cause::Daemon, Happening::new("gateway", name, Deed::Added));
}

fn names(view: &EventsView) -> Vec<&str> {
    view.events.iter().map(|event| event.happening.name.as_str()).collect()
}

#[test]
fn events_are_read_on_from_where_one_was() {
    let events = Events::default();
    assert_eq!(events.read(Since::Last(5), 10, NOW), EventsView::default());
    ["a", "b", "c"].into_iter().for_each(|name| happened(&events, name));
    let first = events.read(Since::After(0), 2, NOW);
    assert_eq!((names(&first), first.newest, first.lost), (vec!["a", "b"], 3, 0));
    assert_eq!(first.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(names(&events.read(Since::After(2), 10, NOW)), ["c"]);
    assert_eq!(names(&events.read(Since::After(3), 10, NOW)), [""; 0]);
    assert_eq!(names(&events.read(Since::Last(2), 10, NOW)), ["b", "c"]);
    assert_eq!(names(&events.read(Since::Last(9), 10, NOW)), ["a", "b", "c"]);
    assert_eq!(names(&events.read(Since::After(4), 10, NOW)), ["a", "b", "c"], "the number is an earlier daemon's");
}

#[test]
fn memory_is_bounded_and_what_is_lost_is_told() {
    let events = Events::default();
    (0..KEPT + 3).for_each(|number| happened(&events, &number.to_string()));
    let view = events.read(Since::After(1), 1, NOW);
    assert_eq!((names(&view), view.lost), (vec!["3"], 2));
    assert_eq!(events.read(Since::After(3), 1, NOW).lost, 0);
    assert_eq!(events.read(Since::After(0), usize::MAX, NOW).events.len(), KEPT);
    happened(&events, &"ä".repeat(TEXT));
    let view = events.read(Since::Last(1), 1, NOW);
    assert_eq!(view.events[0].happening.name, "ä".repeat(TEXT / 2));
}

/// The waiter cannot be seen to wait; but it may wait for ever, and is answered all the same.
fn answered_while(event: impl FnOnce(&Events)) -> EventsView {
    let events = Events::default();
    let waiting = events.clone();
    let waiter = Builder::new().spawn(move || waiting.read(Since::After(0), 10, Duration::MAX)).unwrap();
    event(&events);
    waiter.join().unwrap()
}

#[test]
fn who_waits_hears_of_an_event_and_of_the_end() {
    assert_eq!(names(&answered_while(|events| happened(events, "a"))), ["a"]);
    assert_eq!(answered_while(Events::close), EventsView::default());
}
