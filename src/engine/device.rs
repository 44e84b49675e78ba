//! A queue of a port, as a worker drives it.

use std::io;
use std::os::fd::AsFd;

use crate::packet::{Batch, Packet, SuperPackets};

/// Why a device did not take a packet or give one.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Nothing to read, or no room to write; a wake-up follows.
    #[error("would block")]
    WouldBlock,
    /// The interface is down or gone.
    #[error("the interface is down")]
    Down,
    /// The kernel refused this packet (for example an offload header that it finds inconsistent).
    #[error("refused: {0}")]
    Refused(io::Error),
}

/// One queue of a tap or of an attached interface. Frames carry the offload header in front.
pub trait Device: AsFd + Send {
    /// The super-packets that it takes.
    fn super_packets(&self) -> SuperPackets;

    /// Reads packets into the batch until it is full or nothing is left.
    ///
    /// # Errors
    /// [`DeviceError::WouldBlock`] once nothing is left; packets read before it are in the batch.
    fn receive(&mut self, batch: &mut Batch) -> Result<(), DeviceError>;

    /// Writes one packet.
    ///
    /// # Errors
    /// Why it was not taken.
    fn transmit(&mut self, packet: &mut Packet) -> Result<(), DeviceError>;
}
