//! Messages to workers that sleep, and tables that pass from hand to hand.

use loom::sync::Arc;
use loom::thread;

use super::model;
use crate::engine::shared::link::Link;
use crate::engine::shared::sync::{Receiver, Waker, channel};

fn pair<M>() -> (Link<M>, Receiver<M>, Arc<Waker>) {
    let (messages, inbox) = channel(9);
    let waker = Arc::new(Waker::default());
    (Link::new(messages, Arc::clone(&waker)), inbox, waker)
}

/// As the loop of `src/engine/worker/run.rs`: sleeps, and when it is woken takes all that there is, until it is
/// told to end.
fn work<M>(inbox: &Receiver<M>, waker: &Waker, mut take: impl FnMut(M) -> bool) {
    loop {
        waker.poll();
        while let Some(message) = inbox.try_recv() {
            if !take(message) {
                return;
            }
        }
    }
}

/// The conductor and another worker send while the worker sleeps, wakes up or takes messages: none is left lying,
/// and each sender's come in order.
#[test]
fn no_message_is_left_to_a_sleeping_worker() {
    model(|| {
        let (link, inbox, waker) = pair();
        let peer = link.clone();
        let peer = thread::spawn(move || peer.send((1, 0)));
        let worker = thread::spawn(move || {
            let mut taken = Vec::new();
            work(&inbox, &waker, |message| {
                taken.push(message);
                taken.len() < 3
            });
            taken
        });
        link.send((0, 0));
        link.send((0, 1));
        peer.join().unwrap();
        let mut taken = worker.join().unwrap();
        taken.retain(|(sender, _)| *sender == 0);
        assert_eq!(taken, [(0, 0), (0, 1)]);
    });
}

/// Stopping: the worker ends however busy its peers keep it, and what they send to one that has ended harms nobody.
#[test]
fn a_worker_that_is_told_to_end_does() {
    model(|| {
        let (link, inbox, waker) = pair();
        let peer = link.clone();
        let peer = thread::spawn(move || peer.send(true));
        let worker = thread::spawn(move || work(&inbox, &waker, |goes_on| goes_on));
        link.send(false);
        worker.join().unwrap();
        peer.join().unwrap();
    });
}

enum Message {
    Publish(std::sync::Arc<u32>),
    Barrier(Arc<Waker>),
}

/// A table is replaced: when the worker has answered the barrier it has the new one, and the last hand on the old
/// one is the conductor's, so that freeing it never holds up packets.
#[test]
fn the_old_table_is_freed_by_the_conductor() {
    model(|| {
        let (link, inbox, waker) = pair();
        let old = std::sync::Arc::new(1);
        let mut table = std::sync::Arc::clone(&old);
        let worker = thread::spawn(move || {
            let mut barriers = 0;
            work(&inbox, &waker, |message| {
                match message {
                    Message::Publish(new) => table = new,
                    Message::Barrier(done) => {
                        barriers += 1;
                        done.wake().unwrap();
                    }
                }
                barriers < 1
            });
            *table
        });
        link.send(Message::Publish(std::sync::Arc::new(2)));
        let done = Arc::new(Waker::default());
        link.send(Message::Barrier(Arc::clone(&done)));
        done.poll();
        assert_eq!(std::sync::Arc::strong_count(&old), 1);
        assert_eq!(worker.join().unwrap(), 2);
    });
}
