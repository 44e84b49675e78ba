//! The worker's loop.

use std::sync::Arc;
use std::time::Duration;
use std::{io, iter};

use arrayvec::ArrayVec;
use crossbeam_channel::Receiver;
use mio::{Events, Poll, Token};

use crate::addr::PortId;
use crate::clock::Clock;
use crate::engine::device::Device;
use crate::engine::transfer::Transfer;
use crate::forward::{DropReason, Emission, Forwarder, Learned, PortConfig};
use crate::packet::Batch;

use super::BATCH_PACKETS;
use super::gate::{self, Gate};
use super::message::{Link, Message, PortReport};
use super::outbox::Outbox;
use super::queues::Queues;
use super::spin::Spin;

/// Reserved for the message waker; port n has token n.
pub(super) const WAKER: Token = Token(usize::MAX);

pub(super) struct Worker {
    pub(super) poll: Poll,
    pub(super) inbox: Receiver<Message>,
    pub(super) peers: Vec<Link>,
    pub(super) forwarder: Forwarder,
    pub(super) queues: Queues,
    pub(super) gate: Gate,
    pub(super) transfer: Box<dyn Transfer>,
    pub(super) batch: Batch,
    pub(super) spin: Spin,
    pub(super) clock: Arc<dyn Clock>,
}

impl Worker {
    pub(super) fn run(mut self) {
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
                    self.forwarder.at(self.clock.now());
                    if !self.take_messages() {
                        return;
                    }
                } else if let Ok(port) = u32::try_from(event.token().0) {
                    self.queues.mark_ready(PortId(port));
                }
            }
            self.serve_all();
            self.forwarder.tick(self.clock.now());
            send_emissions(&mut self.forwarder, &self.queues, &mut *self.transfer);
            self.share_learned();
        }
    }

    /// How long to sleep: not at all while a port may have more.
    fn patience(&self) -> Option<Duration> {
        let now = self.clock.now();
        if matches!(self.gate, Gate::Greeting(_)) {
            return Some(gate::LOOK);
        }
        if self.gate == Gate::Open && (self.queues.ready() > 0 || self.spin.go_on(now)) {
            return Some(Duration::ZERO);
        }
        let deadline = self.forwarder.next_deadline()?;
        // poll() counts in milliseconds; rounding up keeps it from waking early and spinning.
        Some((deadline - now) + Duration::from_millis(1))
    }

    /// A batch from each port that may have one, and that is read by now.
    fn serve_all(&mut self) {
        if let Gate::Greeting(_) = self.gate {
            self.gate.pass(self.forwarder.is_asking(), self.clock.now());
        }
        if self.gate == Gate::Shut {
            return;
        }
        for _ in 0..self.queues.ready() {
            let turn = self.queues.turn();
            if self.gate != Gate::Open && turn.is_some_and(|port| self.forwarder.is_gateway(port)) {
                self.queues.pass();
            } else {
                self.serve();
            }
        }
    }

    /// Asks for the guests for whom packets may wait already.
    fn greet(&mut self) {
        let now = self.clock.now();
        let ports: Vec<PortId> = self.queues.ports().map(|(port, _)| port).collect();
        for port in ports {
            let station = self.queues.device(port).and_then(Device::station);
            self.forwarder.greet(port, station, now);
            send_emissions(&mut self.forwarder, &self.queues, &mut *self.transfer);
        }
        self.gate = Gate::greeting(now);
    }

    /// One batch from the port whose turn it is.
    fn serve(&mut self) {
        let Some(ingress) = self.queues.receive(&mut *self.transfer, &mut self.batch) else { return };
        if self.batch.is_empty() {
            return;
        }
        let now = self.clock.now();
        self.spin.busy(now);
        self.forwarder.at(now);
        let is_watched = self.forwarder.is_watched();
        let mut outbox = Outbox::default();
        for packet in self.batch.packets_mut() {
            if let Some(fault) = packet.fault {
                self.forwarder.malformed(ingress, packet, fault);
                continue;
            }
            if is_watched {
                self.forwarder.stage(ingress, packet);
            }
            let verdict = self.forwarder.process(ingress, packet, now);
            if is_watched {
                self.forwarder.show_received(ingress);
            }
            if let Some((egress, origin)) = verdict.outgoing(ingress) {
                match self.queues.device(egress) {
                    Some(device) => outbox.push(egress, origin, device, packet),
                    None => self.forwarder.undelivered(origin, DropReason::DevReady, packet),
                }
            }
            if self.forwarder.has_emissions() {
                // They keep their place: before the next packet, which may be the same flow's.
                outbox.send(&mut *self.transfer, &mut self.forwarder);
                send_emissions(&mut self.forwarder, &self.queues, &mut *self.transfer);
            }
        }
        outbox.send(&mut *self.transfer, &mut self.forwarder);
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
                Message::Attach(config, device) => {
                    let PortConfig { id, name, .. } = config;
                    if let Err(error) = self.queues.open(self.poll.registry(), id, device) {
                        tracing::error!(port = %name, %error, "cannot watch the port's queue");
                    }
                    self.forwarder.set_port(config);
                }
                Message::Configure(config) => self.forwarder.set_port(config),
                Message::Close(port) => self.queues.close(self.poll.registry(), port),
                Message::Detach(port) => {
                    self.forwarder.take_leave(port);
                    send_emissions(&mut self.forwarder, &self.queues, &mut *self.transfer);
                    self.queues.close(self.poll.registry(), port);
                    self.forwarder.remove_port(port);
                }
                Message::Publish(instance) => self.forwarder.publish(instance),
                Message::Withdraw(instance) => self.forwarder.withdraw(instance),
                Message::Learned(Learned { port, address, mac }) => {
                    self.forwarder.learn(port, address, mac, self.clock.now());
                }
                Message::Barrier(done) => drop(done.send(())),
                Message::Report(reply) => drop(reply.send(self.report())),
                Message::Trace(entries, reply) => {
                    drop(reply.send(self.forwarder.trace(&entries, self.clock.now())));
                }

                Message::Watch(watch) => self.forwarder.watch(watch),
                Message::LastDrops(worker, since, reply) => {
                    let _ = reply.send((worker, self.forwarder.last_drops(since)));
                }
                Message::Open if self.gate == Gate::Shut => self.greet(),
                Message::Open => {}
                Message::Stop => return false,
            }
        }
        true
    }

    fn report(&self) -> Vec<PortReport> {
        let report = |(port, lost)| {
            let counters = self.forwarder.counters(port)?.clone();
            let learned = self.forwarder.neighbours(port).find_map(|neighbour| neighbour.mac);
            Some(PortReport { port, counters, learned, lost })
        };
        self.queues.ports().filter_map(report).collect()
    }
}

/// Sends what the forwarder wants to send of its own accord or with delay.
fn send_emissions(forwarder: &mut Forwarder, queues: &Queues, transfer: &mut dyn Transfer) {
    let mut emissions: ArrayVec<Emission, BATCH_PACKETS> = ArrayVec::new();
    while forwarder.has_emissions() {
        emissions.extend(iter::from_fn(|| forwarder.take_emission()).take(BATCH_PACKETS));
        let mut outbox = Outbox::default();
        for Emission { port, origin, packet } in &mut emissions {
            match queues.device(*port) {
                Some(device) => outbox.push(*port, *origin, device, packet),
                None => forwarder.undelivered(*origin, DropReason::DevReady, packet),
            }
        }
        outbox.send(transfer, forwarder);
        drop(outbox);
        emissions.drain(..).for_each(|emission| forwarder.recycle(emission.packet));
    }
}
