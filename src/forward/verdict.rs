//! The forwarder's answer to a frame.

use crate::addr::PortId;

/// What becomes of a frame. The buffer holds what is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Send the edited frame out by this port.
    Forward(PortId),
    /// The frame was for us; the buffer now holds our answer for the port it came from.
    Answer,
    /// Taken into the forwarder: it waits for a neighbour's MAC, or goes out in fragments. What
    /// becomes of it comes out of the forwarder's emissions.
    Taken,
    /// Dropped; the buffer now holds an ICMP error for the port it came from.
    Reject(DropReason),
    /// Dropped in silence.
    Drop(DropReason),
}

/// Why a packet was dropped. Names follow the kernel's `SKB_DROP_REASON_*` where it has the same
/// case (include/net/dropreason-core.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Fewer bytes than the headers say.
    PktTooSmall,
}
