//! A worker: owner of one forwarder and of one queue of every port.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::addr::{InstanceId, Mac, PortId};
use crate::clock::{Clock, Moment};
use crate::forward::{DropReason, Emission, Forwarder, Learned, Limits, Origin, PortConfig, PortCounters};
use crate::packet::{Batch, Packet};
use crate::routing::Instance;

use super::device::{Device, DeviceError};
use super::vital::Vital;

/// Packets read from one queue before another has its turn.
const BATCH_PACKETS: usize = 64;
/// Bytes after which a batch counts as full: a few super-packets, so that bulk stays in the cache.
const BATCH_BYTES: usize = 512 << 10;
/// Reserved for the message waker; port n has token n.
const WAKER: Token = Token(usize::MAX);

/// What a worker is told.
pub(super) enum Message {
    /// A port and this worker's queue of it; replaces a queue the port may have had.
    Attach(PortConfig, Box<dyn Device>),
    /// A port's new configuration.
    Configure(PortConfig),
    /// A port's queue is closed; the port awaits another.
    Close(PortId),
    /// A port is gone; its queue is closed.
    Detach(PortId),
    /// A new or changed instance.
    Publish(Arc<Instance>),
    /// An instance is gone.
    Withdraw(InstanceId),
    /// Another worker has learned a neighbour.
    Learned(Learned),
    /// Answer when everything before this is done.
    Barrier(Sender<()>),
    /// Say what you have counted.
    Report(Sender<Vec<PortReport>>),
    /// End.
    Stop,
}

/// What a worker knows of a port.
pub(super) struct PortReport {
    pub(super) port: PortId,
    pub(super) counters: PortCounters,
    /// A guest's MAC, if one was learned.
    pub(super) learned: Option<Mac>,
    /// The device said that its interface is down or gone, and nothing else since.
    pub(super) lost: bool,
}

/// The way to a worker: messages are taken up at once, in order.
#[derive(Clone)]
pub(super) struct Link {
    messages: Sender<Message>,
    waker: Arc<Waker>,
}

impl Link {
    /// Sends a message; a worker that has ended needs none.
    pub(super) fn send(&self, message: Message) {
        if self.messages.send(message).is_ok() {
            // Failure would mean that the worker's poll is gone, and the worker with it.
            let _ = self.waker.wake();
        }
    }
}

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

/// Starts `count` workers.
///
/// # Errors
/// No descriptor or thread to be had.
pub(super) fn start(count: usize, clock: &Arc<dyn Clock>) -> io::Result<Vec<Running>> {
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (messages, inbox) = unbounded();
        parts.push((poll, inbox, Link { messages, waker }));
    }
    let links: Vec<Link> = parts.iter().map(|(_, _, link)| link.clone()).collect();
    let mut running = Vec::with_capacity(count);
    for (index, (poll, inbox, link)) in parts.into_iter().enumerate() {
        let peers =
            links.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, link)| link.clone()).collect();
        let worker = Worker {
            poll,
            inbox,
            peers,
            forwarder: Forwarder::new(Limits::default()),
            queues: Vec::new(),
            ready: VecDeque::new(),
            batch: Batch::new(BATCH_PACKETS, BATCH_BYTES),
            clock: Arc::clone(clock),
        };
        let thread = Builder::new().name(format!("worker-{index}")).spawn(move || {
            let _vital = Vital;
            worker.run();
        })?;
        running.push(Running { link, thread });
    }
    Ok(running)
}

/// A port's queue.
struct Queue {
    device: Box<dyn Device>,
    /// True while the queue stands in the ready list.
    ready: bool,
    /// True since the device said that its interface is down or gone.
    lost: bool,
}

struct Worker {
    poll: Poll,
    inbox: Receiver<Message>,
    peers: Vec<Link>,
    forwarder: Forwarder,
    /// By port id.
    queues: Vec<Option<Queue>>,
    /// Ports that may have more to read, served in turn, so that none starves the others.
    ready: VecDeque<PortId>,
    batch: Batch,
    clock: Arc<dyn Clock>,
}

impl Worker {
    fn run(mut self) {
        let mut events = Events::with_capacity(256);
        loop {
            if let Err(error) = self.poll.poll(&mut events, self.patience())
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "poll failed");
                return;
            }
            for event in &events {
                if event.token() == WAKER {
                    if !self.take_messages() {
                        return;
                    }
                } else if let Ok(port) = u32::try_from(event.token().0) {
                    self.mark_ready(PortId(port));
                }
            }
            for _ in 0..self.ready.len() {
                if let Some(port) = self.ready.pop_front() {
                    self.serve(port);
                }
            }
            self.forwarder.tick(self.clock.now());
            self.send_emissions();
            self.share_learned();
        }
    }

    /// How long to sleep: not at all while a port may have more.
    fn patience(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let deadline = self.forwarder.next_deadline()?;
        // poll() counts in milliseconds; rounding up keeps it from waking early and spinning.
        Some((deadline - self.clock.now()) + Duration::from_millis(1))
    }

    fn mark_ready(&mut self, port: PortId) {
        if let Some(Some(queue)) = self.queues.get_mut(port.index())
            && !queue.ready
        {
            queue.ready = true;
            self.ready.push_back(port);
        }
    }

    /// One batch from one port.
    fn serve(&mut self, port: PortId) {
        let now = self.clock.now();
        let Some(Some(queue)) = self.queues.get_mut(port.index()) else { return };
        self.batch.clear();
        let (more, is_lost) = match queue.device.receive(&mut self.batch) {
            Ok(()) => (true, false),
            Err(DeviceError::WouldBlock) => (false, false),
            Err(DeviceError::Down) => (false, true),
            Err(DeviceError::Refused(error)) => {
                tracing::debug!(?port, %error, "the kernel refused to hand over a packet");
                (true, false)
            }
        };
        queue.ready = more;
        queue.lost = is_lost || queue.lost && self.batch.is_empty();
        if more {
            self.ready.push_back(port);
        }
        for packet in self.batch.packets_mut() {
            forward(&mut self.forwarder, &mut self.queues, port, packet, now);
        }
        self.send_emissions();
    }

    /// Sends what the forwarder wants to send of its own accord or with delay.
    fn send_emissions(&mut self) {
        while let Some(Emission { port, origin, mut packet }) = self.forwarder.take_emission() {
            transmit(&mut self.forwarder, &mut self.queues, port, origin, &mut packet);
            self.forwarder.recycle(packet);
        }
    }

    fn share_learned(&mut self) {
        while let Some(learned) = self.forwarder.take_learned() {
            for peer in &self.peers {
                peer.send(Message::Learned(learned));
            }
        }
    }

    /// Takes up all waiting messages; false if it is time to end.
    fn take_messages(&mut self) -> bool {
        while let Ok(message) = self.inbox.try_recv() {
            match message {
                Message::Attach(config, device) => self.attach(config, device),
                Message::Configure(config) => self.forwarder.set_port(config),
                Message::Close(port) => self.close(port),
                Message::Detach(port) => {
                    self.close(port);
                    self.forwarder.remove_port(port);
                }
                Message::Publish(instance) => self.forwarder.publish(instance),
                Message::Withdraw(instance) => self.forwarder.withdraw(instance),
                Message::Learned(Learned { port, address, mac }) => {
                    self.forwarder.learn(port, address, mac, self.clock.now());
                }
                Message::Barrier(done) => drop(done.send(())),
                Message::Report(reply) => drop(reply.send(self.report())),
                Message::Stop => return false,
            }
        }
        true
    }

    fn attach(&mut self, config: PortConfig, device: Box<dyn Device>) {
        let port = config.id;
        self.close(port);
        let token = Token(port.index());
        let descriptor = device.as_fd().as_raw_fd();
        if let Err(error) = self.poll.registry().register(&mut SourceFd(&descriptor), token, Interest::READABLE) {
            tracing::error!(port = %config.name, %error, "cannot watch the port's queue");
        }
        self.forwarder.set_port(config);
        if self.queues.len() <= port.index() {
            self.queues.resize_with(port.index() + 1, || None);
        }
        self.queues[port.index()] = Some(Queue { device, ready: false, lost: false });
        // What came before the registration gives no edge.
        self.mark_ready(port);
    }

    fn close(&mut self, port: PortId) {
        if let Some(queue) = self.queues.get_mut(port.index()).and_then(Option::take) {
            let descriptor = queue.device.as_fd().as_raw_fd();
            // It was registered unless that failed, and then there is nothing to undo.
            let _ = self.poll.registry().deregister(&mut SourceFd(&descriptor));
        }
    }

    fn report(&self) -> Vec<PortReport> {
        let report = |(index, queue): (usize, &Option<Queue>)| {
            let lost = queue.as_ref()?.lost;
            let port = PortId(u32::try_from(index).ok()?);
            let counters = self.forwarder.counters(port)?.clone();
            let learned = self.forwarder.neighbours(port).find_map(|neighbour| neighbour.mac);
            Some(PortReport { port, counters, learned, lost })
        };
        self.queues.iter().enumerate().filter_map(report).collect()
    }
}

/// One packet's way: asked of the forwarder, done here, told to the forwarder.
fn forward(forwarder: &mut Forwarder, queues: &mut [Option<Queue>], port: PortId, packet: &mut Packet, now: Moment) {
    if let Some(fault) = packet.fault {
        forwarder.malformed(port, packet.length(), fault);
        return;
    }
    if let Some((egress, origin)) = forwarder.process(port, packet, now).outgoing(port) {
        transmit(forwarder, queues, egress, origin, packet);
    }
}

/// Writes a packet to a port's queue and tells the forwarder the outcome.
fn transmit(
    forwarder: &mut Forwarder,
    queues: &mut [Option<Queue>],
    egress: PortId,
    origin: Origin,
    packet: &mut Packet,
) {
    let bytes = packet.length();
    let outcome = match queues.get_mut(egress.index()) {
        Some(Some(queue)) => queue.device.transmit(packet),
        _ => Err(DeviceError::Down),
    };
    match outcome {
        Ok(()) => forwarder.sent(origin, egress, bytes),
        Err(DeviceError::WouldBlock) => forwarder.undelivered(origin, DropReason::FullRing),
        Err(DeviceError::Down) => forwarder.undelivered(origin, DropReason::DevReady),
        Err(DeviceError::Refused(error)) => {
            tracing::debug!(?egress, %error, "the kernel refused a packet");
            forwarder.undelivered(origin, DropReason::TxRefused);
        }
    }
}
