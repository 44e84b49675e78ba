//! Events, who posts them and who waits for them.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use super::model;
use crate::engine::shared::bulletin::{Bulletin, Since};

/// Two readers wait for an event, and each is woken by it.
#[test]
fn whoever_waits_is_woken_by_an_event() {
    model(|| {
        let bulletin = Arc::new(Bulletin::new(4));
        let readers = [0, 1].map(|_| {
            let bulletin = Arc::clone(&bulletin);
            thread::spawn(move || bulletin.read(Since::After(0), 9, Duration::MAX).items)
        });
        bulletin.post(|number| number);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), [1]);
        }
    });
}

/// The end wakes everybody, also those who come later and while an event is posted; an event that was posted
/// before the end is not withheld from who asks after it.
#[test]
fn the_end_wakes_everybody() {
    model(|| {
        let bulletin = Arc::new(Bulletin::new(4));
        let reader = Arc::clone(&bulletin);
        let reader = thread::spawn(move || {
            let first = reader.read(Since::After(0), 9, Duration::MAX).items;
            let second = reader.read(Since::After(first.len() as u64), 9, Duration::MAX).items;
            first.len() + second.len()
        });
        let poster = Arc::clone(&bulletin);
        let poster = thread::spawn(move || poster.post(|number| number));
        bulletin.close();
        poster.join().unwrap();
        assert!(reader.join().unwrap() <= 1);
        assert_eq!(bulletin.read(Since::After(0), 9, Duration::MAX).items, [1]);
    });
}

/// A reader that follows two posters through a ring of one place: it sees the numbers rise, and what it has not
/// seen it is told of.
#[test]
fn what_is_read_and_what_is_lost_is_everything() {
    model(|| {
        let bulletin = Arc::new(Bulletin::new(1));
        let posters = [0, 1].map(|_| {
            let bulletin = Arc::clone(&bulletin);
            thread::spawn(move || bulletin.post(|number| number))
        });
        let (mut seen, mut lost) = (0, 0);
        while seen + lost < 2 {
            let extract = bulletin.read(Since::After(seen + lost), 9, Duration::MAX);
            lost += extract.lost;
            for number in extract.items {
                assert_eq!(number, seen + lost + 1);
                seen += 1;
            }
        }
        posters.into_iter().for_each(|poster| poster.join().unwrap());
        assert_eq!(bulletin.read(Since::Last(1), 9, Duration::ZERO).newest, 2);
    });
}
