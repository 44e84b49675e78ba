//! ARP for IPv4 over Ethernet (RFC 826).

use std::net::Ipv4Addr;

use crate::addr::Mac;

use super::ethernet::{ARP, ETHERNET_HEADER, Stations};
use super::{Offload, Packet};

const LENGTH: usize = 28;
/// Ethernet, IPv4, and the lengths of their addresses.
const PREAMBLE: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// What an ARP message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArpOperation {
    /// Asks for the target's MAC.
    Request,
    /// Tells the sender's MAC.
    Reply,
}

/// An ARP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArpMessage {
    /// Request or reply.
    pub operation: ArpOperation,
    /// The sender's MAC.
    pub sender_mac: Mac,
    /// The sender's address; 0.0.0.0 in a probe (RFC 5227).
    pub sender: Ipv4Addr,
    /// The target's MAC; means nothing in a request.
    pub target_mac: Mac,
    /// The target's address.
    pub target: Ipv4Addr,
}

impl ArpMessage {
    /// Reads the message behind an Ethernet header; `None` if it is cut short, or not a request or
    /// reply for IPv4 over Ethernet.
    #[must_use]
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let message = frame.get(ETHERNET_HEADER..)?.first_chunk::<LENGTH>()?;
        let mac = |at: usize| {
            let mut octets = [0; 6];
            octets.copy_from_slice(&message[at..at + 6]);
            Mac(octets)
        };
        let address = |at: usize| Ipv4Addr::new(message[at], message[at + 1], message[at + 2], message[at + 3]);
        let operation = match message[6..8] {
            [0, 1] => ArpOperation::Request,
            [0, 2] => ArpOperation::Reply,
            _ => return None,
        };
        (message[..6] == PREAMBLE).then(|| Self {
            operation,
            sender_mac: mac(8),
            sender: address(14),
            target_mac: mac(18),
            target: address(24),
        })
    }

    /// Writes the message as a frame.
    pub fn write(&self, packet: &mut Packet, stations: Stations) {
        packet.offload = Offload::default();
        packet.set_length(ETHERNET_HEADER + LENGTH);
        let frame = packet.frame_mut();
        stations.write_header(frame, ARP);
        let message = &mut frame[ETHERNET_HEADER..];
        message[..6].copy_from_slice(&PREAMBLE);
        let operation = match self.operation {
            ArpOperation::Request => 1,
            ArpOperation::Reply => 2,
        };
        message[6..8].copy_from_slice(&[0, operation]);
        message[8..14].copy_from_slice(&self.sender_mac.0);
        message[14..18].copy_from_slice(&self.sender.octets());
        message[18..24].copy_from_slice(&self.target_mac.0);
        message[24..28].copy_from_slice(&self.target.octets());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATIONS: Stations = Stations { destination: Mac::BROADCAST, source: Mac::GATEWAY };

    fn request() -> ArpMessage {
        ArpMessage {
            operation: ArpOperation::Request,
            sender_mac: Mac::GATEWAY,
            sender: Ipv4Addr::new(10, 1, 0, 5),
            target_mac: Mac::ZERO,
            target: Ipv4Addr::new(10, 1, 0, 1),
        }
    }

    #[test]
    fn messages_round_trip() {
        for operation in [ArpOperation::Request, ArpOperation::Reply] {
            let message = ArpMessage { operation, ..request() };
            let mut packet = Packet::new();
            message.write(&mut packet, STATIONS);
            assert_eq!(packet.length(), 42);
            assert_eq!(ArpMessage::parse(packet.frame()), Some(message));
        }
    }

    #[test]
    fn other_messages_are_refused() {
        let mut packet = Packet::new();
        request().write(&mut packet, STATIONS);
        for length in 0..42 {
            assert_eq!(ArpMessage::parse(&packet.frame()[..length]), None, "{length} bytes");
        }
        // Hardware type, protocol, lengths; operations 0, RARP's 3 and 258.
        for (at, value) in [(14, 1), (15, 6), (16, 0x86), (17, 1), (18, 5), (19, 16), (21, 0), (21, 3), (20, 1)] {
            let mut frame = packet.frame().to_vec();
            frame[at] = value;
            assert_eq!(ArpMessage::parse(&frame), None, "byte {at} = {value}");
        }
    }
}
