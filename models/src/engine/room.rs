//! Packets on their way to a capture's reader.

use loom::sync::Arc;
use loom::thread;

use super::model;
use crate::engine::shared::room::Room;
use crate::engine::shared::sync::{Sender, channel};

/// As the watcher of `src/engine/capture.rs` puts a packet in.
fn show(room: &Room, packets: &Sender<usize>, bytes: usize) {
    let has_room = room.enter(bytes);
    if has_room && packets.send(bytes).is_ok() {
        return;
    }
    if has_room {
        room.leave(bytes);
    }
    room.miss();
}

/// Two workers with more than fits, by bytes and by number, while the reader takes out: each packet is shown or
/// counted as lost, what waits never exceeds the limit, and in the end there is as much room as before.
#[test]
fn every_packet_is_shown_or_lost() {
    for (limit, capacity) in [(3, 9), (9, 1)] {
        model(move || {
            let room = Arc::new(Room::new(limit));
            let (sender, receiver) = channel(capacity);
            let workers = [2, 1].map(|bytes| {
                let (room, sender) = (Arc::clone(&room), sender.clone());
                thread::spawn(move || (0..2).for_each(|_| show(&room, &sender, bytes)))
            });
            let mut taken = Vec::new();
            let mut take = || {
                while let Some(bytes) = receiver.try_recv() {
                    room.leave(bytes);
                    taken.push(bytes);
                }
            };
            take();
            workers.into_iter().for_each(|worker| worker.join().unwrap());
            take();
            assert_eq!(taken.len() as u64 + room.lost(), 4);
            assert!(!taken.is_empty());
            assert!(room.enter(limit) && !room.enter(1), "room was lost or won");
        });
    }
}

/// What waits never exceeds the limit, whoever reads meanwhile.
#[test]
fn no_more_waits_than_fits() {
    model(|| {
        let room = Arc::new(Room::new(3));
        let (sender, receiver) = channel(9);
        let workers = [2, 2].map(|bytes| {
            let (room, sender) = (Arc::clone(&room), sender.clone());
            thread::spawn(move || show(&room, &sender, bytes))
        });
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        let waiting: usize = std::iter::from_fn(|| receiver.try_recv()).sum();
        assert!(waiting <= 3, "{waiting} bytes wait");
        assert_eq!(waiting as u64 / 2 + room.lost(), 2);
    });
}

/// A reader that goes is noticed, and what was lost until then is its own number.
#[test]
fn a_reader_that_is_gone_stays_gone() {
    model(|| {
        let room = Arc::new(Room::new(1));
        let ending = Arc::clone(&room);
        let reader = thread::spawn(move || ending.end());
        let before = room.has_ended();
        reader.join().unwrap();
        assert!(room.has_ended() && (!before || room.has_ended()));
    });
}
