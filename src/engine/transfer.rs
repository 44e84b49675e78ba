//! How a worker moves packets between its memory and its queues.

use crate::packet::{Batch, Packet};

use super::device::{Device, DeviceError};

/// A packet on its way out.
pub struct Departure<'a> {
    /// The queue that it leaves by.
    pub device: &'a dyn Device,
    /// The packet.
    pub packet: &'a mut Packet,
    /// Whether it was taken; good until it was tried.
    pub outcome: Result<(), DeviceError>,
}

impl<'a> Departure<'a> {
    /// A packet that is about to leave.
    pub fn new(device: &'a dyn Device, packet: &'a mut Packet) -> Self {
        Self { device, packet, outcome: Ok(()) }
    }

    /// Sends it by a system call of its own.
    pub fn depart(&mut self) {
        self.outcome = self.device.transmit(self.packet);
    }
}

impl AsMut<Packet> for Departure<'_> {
    fn as_mut(&mut self) -> &mut Packet {
        self.packet
    }
}

/// A way to move packets; each worker has its own. The one below makes a system call for each
/// packet, others move many with one.
pub trait Transfer: Send {
    /// As [`Device::receive`].
    ///
    /// # Errors
    /// As [`Device::receive`].
    fn receive(&mut self, device: &mut dyn Device, batch: &mut Batch, expected: usize) -> Result<(), DeviceError> {
        device.receive(batch, expected)
    }

    /// Sends packets in their order and notes the outcome of each.
    fn transmit(&mut self, departures: &mut [Departure<'_>]) {
        departures.iter_mut().for_each(Departure::depart);
    }
}

/// One system call for each packet: what works everywhere, and the fastest way for large ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Direct;

impl Transfer for Direct {}

impl std::fmt::Debug for Departure<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Departure({:?}, {:?})", self.packet, self.outcome)
    }
}
