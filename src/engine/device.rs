//! A queue of a port, as a worker drives it.

use std::io;
use std::os::fd::AsFd;

use crate::addr::Mac;
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

/// The system calls by which others than the device itself may move its packets, one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `read` gives a packet, `write` takes one.
    ReadWrite,
    /// `write` takes one.
    Write,
    /// `send` takes one.
    Send,
}

/// One queue of a tap or of an attached interface. Frames carry the offload header in front.
pub trait Device: AsFd + Send {
    /// The super-packets that it takes.
    fn super_packets(&self) -> SuperPackets;

    /// How its packets can be moved.
    fn access(&self) -> Access;

    /// What an error of such a system call means for the packet.
    fn meaning(&self, error: io::Error) -> DeviceError;

    /// The MAC of the one station behind it, where the kernel knows that.
    fn station(&self) -> Option<Mac> {
        None
    }

    /// Reads packets into the batch until it is full or nothing is left. So many packets are
    /// `expected` to be there.
    ///
    /// # Errors
    /// [`DeviceError::WouldBlock`] once nothing is left; packets read before it are in the batch.
    fn receive(&mut self, batch: &mut Batch, expected: usize) -> Result<(), DeviceError>;

    /// Writes one packet.
    ///
    /// # Errors
    /// Why it was not taken.
    fn transmit(&self, packet: &mut Packet) -> Result<(), DeviceError>;
}
