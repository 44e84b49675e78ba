//! The forwarder's answer to a frame.

use crate::addr::PortId;

use super::DropReason;

/// What becomes of a frame. The buffer holds what is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Send the edited frame out by this port.
    Forward(PortId),
    /// The frame was for us; the buffer now holds our answer for the port it came from.
    Answer,
    /// The frame was for us and needs no answer, such as an ARP reply.
    Consumed,
    /// Taken into the forwarder: it waits for a neighbour's MAC, or goes out in pieces. What
    /// becomes of it comes out of the forwarder's emissions. The buffer is free.
    Taken,
    /// Dropped; the buffer now holds an ICMP error for the port it came from.
    Reject(DropReason),
    /// Dropped in silence.
    Drop(DropReason),
}

/// Whose account a frame on its way out settles, once its fate is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A packet that this port received: it counts there as sent, or as dropped.
    Transit(PortId),
    /// Our answer to a packet that this port received: that one counts there as answered, or as
    /// dropped.
    Answer(PortId),
    /// Nobody's: ARP requests, ICMP errors (the packet they are about has been counted as dropped),
    /// and the pieces of a packet (segments, fragments) but the last, which settles for all.
    Own,
}

impl Verdict {
    /// What to send: the port and whose account it is on. `None` if nothing is to be sent now.
    #[must_use]
    pub fn outgoing(self, ingress: PortId) -> Option<(PortId, Origin)> {
        match self {
            Self::Forward(egress) => Some((egress, Origin::Transit(ingress))),
            Self::Answer => Some((ingress, Origin::Answer(ingress))),
            Self::Reject(_) => Some((ingress, Origin::Own)),
            Self::Consumed | Self::Taken | Self::Drop(_) => None,
        }
    }
}
