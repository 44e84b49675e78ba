//! A worker: owner of one forwarder and of one queue of every port.

mod gate;
mod message;
mod outbox;
mod queues;
mod run;
mod spin;

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::unbounded;
use mio::{Poll, Waker};

use crate::clock::Clock;
use crate::forward::{Forwarder, Limits};
use crate::packet::Batch;

use super::role::{Confine, Role};
use super::transfer::Transfer;
use super::vital::Vital;
use gate::Gate;
use queues::Queues;
use run::{WAKER, Worker};
use spin::Spin;

pub(super) use message::{Link, Message};

/// Packets read from one queue before another has its turn.
const BATCH_PACKETS: usize = 64;
/// Bytes after which a batch counts as full: a few super-packets, so that bulk stays in the cache.
const BATCH_BYTES: usize = 512 << 10;

/// A running worker.
pub(super) struct Running {
    pub(super) link: Link,
    thread: JoinHandle<()>,
}

impl Running {
    /// Ends the worker and waits for it.
    pub(super) fn stop(self) {
        self.link.send(Message::Stop);
        if self.thread.join().is_err() {
            tracing::error!("a worker had panicked");
        }
    }
}

/// Starts a worker for each way to move packets, confined to its role. They look again for up to `spin`
/// before they sleep. They read nothing before [`Message::Open`].
///
/// # Errors
/// No descriptor or thread to be had.
pub(super) fn start(
    transfers: Vec<Box<dyn Transfer>>,
    spin: Duration,
    clock: &Arc<dyn Clock>,
    confine: Confine,
) -> io::Result<Vec<Running>> {
    let mut parts = Vec::with_capacity(transfers.len());
    for transfer in transfers {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (messages, inbox) = unbounded();
        parts.push((transfer, poll, inbox, Link::new(messages, waker)));
    }
    let links: Vec<Link> = parts.iter().map(|(.., link)| link.clone()).collect();
    let mut running = Vec::with_capacity(parts.len());
    for (index, (transfer, poll, inbox, link)) in parts.into_iter().enumerate() {
        let peers =
            links.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, link)| link.clone()).collect();
        let forwarder = Forwarder::new(Limits::default());
        let worker = Worker {
            poll,
            inbox,
            peers,
            forwarder: if index == 0 { forwarder.announcing() } else { forwarder },
            queues: Queues::default(),
            gate: Gate::Shut,
            transfer,
            batch: Batch::new(BATCH_PACKETS, BATCH_BYTES),
            spin: Spin::new(spin),
            clock: Arc::clone(clock),
        };
        let thread = Builder::new().name(format!("worker-{index}")).spawn(move || {
            let _vital = Vital;
            confine(Role::Worker);
            worker.run();
        })?;
        running.push(Running { link, thread });
    }
    Ok(running)
}
