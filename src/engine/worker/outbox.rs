//! What leaves together.

use arrayvec::ArrayVec;

use crate::addr::PortId;
use crate::engine::device::{Device, DeviceError};
use crate::engine::transfer::{Departure, Transfer};
use crate::forward::{DropReason, Forwarder, Origin};
use crate::packet::{Coalescer, Packet};

use super::BATCH_PACKETS;

/// Packets that are on their way out. Datagrams that follow each other are joined here, after each
/// was judged and counted by itself, so that nobody sees a difference but the processor.
#[derive(Default)]
pub(super) struct Outbox<'a> {
    departures: ArrayVec<Departure<'a>, BATCH_PACKETS>,
    accounts: ArrayVec<Account, BATCH_PACKETS>,
    coalescer: Coalescer,
}

/// A packet that the forwarder wants to know the outcome of.
struct Account {
    egress: PortId,
    origin: Origin,
    bytes: usize,
    /// The departure that it is part of.
    departure: usize,
}

impl<'a> Outbox<'a> {
    /// Takes a packet that leaves by a device; not more of them than a batch holds.
    pub(super) fn push(&mut self, egress: PortId, origin: Origin, device: &'a dyn Device, packet: &'a mut Packet) {
        let bytes = packet.length();
        let joined = match device.super_packets().udp {
            true => self.coalescer.join(&mut self.departures, egress, packet),
            false => None,
        };
        let departure = joined.unwrap_or_else(|| {
            self.departures.push(Departure::new(device, packet));
            self.departures.len() - 1
        });
        self.accounts.push(Account { egress, origin, bytes, departure });
    }

    /// Sends what is in it and tells the forwarder the outcome of each packet.
    pub(super) fn send(&mut self, transfer: &mut dyn Transfer, forwarder: &mut Forwarder) {
        if self.departures.is_empty() {
            return;
        }
        self.coalescer.finish(&mut self.departures);
        transfer.transmit(&mut self.departures);
        let mut unseen = if forwarder.is_watched() { 0 } else { usize::MAX };
        for Account { egress, origin, bytes, departure } in self.accounts.drain(..) {
            let Departure { packet, outcome, .. } = &self.departures[departure];
            let reason = match outcome {
                Ok(()) => {
                    forwarder.sent(origin, egress, bytes);
                    if departure >= unseen {
                        // What was joined is seen as the port sees it.
                        unseen = departure + 1;
                        forwarder.show_sent(egress, packet);
                    }
                    continue;
                }
                Err(DeviceError::WouldBlock) => DropReason::FullRing,
                Err(DeviceError::Down) => DropReason::DevReady,
                Err(DeviceError::Refused(error)) => {
                    tracing::debug!(?egress, %error, "the kernel refused a packet");
                    DropReason::TxRefused
                }
            };
            forwarder.undelivered(origin, reason, packet);
        }
        self.departures.clear();
    }
}
