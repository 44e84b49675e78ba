//! Joining datagrams that leave one after the other into a super-packet, as the kernel's generic
//! receive offload does (net/ipv4/udp_offload.c).
//!
//! Each was looked up, edited and counted by itself; what follows, above all the way through the
//! receiving IP stack, is then done once for all of them. The super-packet says what it consists of, so the receiver gets the
//! datagrams as they were sent: joining is never seen from outside but in IPv4 identifications,
//! which mean nothing in packets that must not be fragmented (RFC 6864, 4.1).

use std::ops::Range;

use arrayvec::ArrayVec;

use crate::addr::PortId;

use super::checksum::Sum;
use super::ethernet::ETHERNET_HEADER;
use super::ipv4::write_checksum;
use super::offload::{UDP_CHECKSUM, UDP_HEADER};
use super::{Checksum, Packet, SegmentKind, Segmentation, protocol};

#[cfg(test)]
mod tests;

const IPV4: usize = 20;
const IPV6: usize = 40;

/// Most datagrams in one: `UDP_MAX_SEGMENTS` of older kernels (include/linux/udp.h).
const MOST: usize = 64;

/// Flows that are followed at a time. Packets of more flows than that, taking turns, stay as they
/// are.
const FLOWS: usize = 8;

/// Joins datagrams that leave by the same port and belong to one flow, if their sizes are equal. The
/// order within each flow stays.
///
/// Only datagrams whose checksum is still open ([`Checksum::Partial`]) are joined: they never left
/// this machine, so there is no checksum whose evidence would be lost.
#[derive(Debug, Default)]
pub struct Coalescer {
    trains: ArrayVec<Train, FLOWS>,
}

impl Coalescer {
    /// Joins a sound IP packet with one of those that are `departing`, whose number comes back. If
    /// it stays by itself, the caller puts it behind them.
    #[inline]
    pub fn join<P: AsMut<Packet>>(&mut self, departing: &mut [P], egress: PortId, packet: &Packet) -> Option<usize> {
        let Some(datagram) = Datagram::of(packet) else {
            if !is_tcp(packet.frame()) {
                // It may be of any flow here, and what comes later must stay behind it.
                let of_egress = self.trains.iter_mut().filter(|train| train.egress == egress);
                of_egress.for_each(|train| train.is_closed = true);
            }
            return None;
        };
        let is_of_flow =
            |train: &&mut Train| train.egress == egress && datagram.is_of_flow(departing[train.head].as_mut(), packet);
        // The latest of the flow: joining an earlier one would change the order.
        if let Some(train) = self.trains.iter_mut().rev().find(is_of_flow)
            && train.couple(&datagram, departing[train.head].as_mut(), packet)
        {
            return Some(train.head);
        }
        if self.trains.is_full() {
            let oldest = self.trains.remove(0);
            oldest.depart(departing[oldest.head].as_mut());
        }
        self.trains.push(Train { egress, head: departing.len(), datagram, joined: 1, is_closed: false });
        None
    }

    /// Writes the headers of what was joined. The next packets are others.
    pub fn finish<P: AsMut<Packet>>(&mut self, departing: &mut [P]) {
        for train in self.trains.drain(..) {
            train.depart(departing[train.head].as_mut());
        }
    }
}

/// A packet that may be joined with others.
#[derive(Debug, Clone, Copy)]
struct Datagram {
    /// Where its UDP header begins, from the frame's first byte.
    transport: usize,
    /// Bytes of payload; never zero.
    payload: usize,
}

impl Datagram {
    /// Reads a packet that has no extras: no VLAN tag, IP options, fragments or padding.
    #[inline]
    fn of(packet: &Packet) -> Option<Self> {
        let frame = packet.frame();
        let header = frame.get(ETHERNET_HEADER..)?;
        let transport = ETHERNET_HEADER
            + match (frame[12], frame[13], header.first()?) {
                (0x08, 0x00, 0x45) if is_plain_v4(header.first_chunk()?) => IPV4,
                (0x86, 0xdd, first) if first >> 4 == 6 && is_plain_v6(header.first_chunk()?) => IPV6,
                _ => return None,
            };
        let udp = frame.get(transport..)?;
        let length = usize::from(u16::from_be_bytes([*udp.get(4)?, *udp.get(5)?]));
        let payload = length.checked_sub(UDP_HEADER).filter(|payload| *payload > 0)?;
        let is_open = matches!(packet.offload.checksum, Checksum::Partial { start, offset }
            if usize::from(start) == transport && usize::from(offset) == UDP_CHECKSUM);
        let is_single = is_open && packet.offload.segmentation.is_none() && packet.fault.is_none();
        (is_single && length == udp.len()).then_some(Self { transport, payload })
    }

    /// True if a packet belongs to the flow of another, both being datagrams of this family.
    #[inline]
    fn is_of_flow(&self, head: &Packet, packet: &Packet) -> bool {
        let addresses = match self.transport - ETHERNET_HEADER {
            IPV4 => ETHERNET_HEADER + 12,
            _ => ETHERNET_HEADER + 8,
        };
        // The ports come right behind the addresses.
        let flow = addresses..self.transport + 4;
        head.frame()[12..14] == packet.frame()[12..14] && head.frame().get(flow.clone()) == packet.frame().get(flow)
    }

    /// True if two packets of a flow have the same headers, lengths and checksums aside.
    #[inline]
    fn is_like(&self, head: &Packet, packet: &Packet) -> bool {
        let same = |range: Range<usize>| head.frame().get(range.clone()) == packet.frame().get(range);
        let ip = ETHERNET_HEADER;
        match self.transport - ip {
            // Stations and type of service; flags, time to live and protocol.
            IPV4 => same(0..ip + 2) && same(ip + 6..ip + 10),
            // Stations, traffic class and flow label; next header and hop limit.
            _ => same(0..ip + 4) && same(ip + 6..ip + 8),
        }
    }
}

/// True for a TCP packet right behind its IP header, fragment or not.
fn is_tcp(frame: &[u8]) -> bool {
    let protocol_at = match frame.get(12..14) {
        Some([0x08, 0x00]) => ETHERNET_HEADER + 9,
        Some([0x86, 0xdd]) => ETHERNET_HEADER + 6,
        _ => return false,
    };
    frame.get(protocol_at) == Some(&protocol::TCP)
}

/// An IPv4 header, without options, of a UDP packet that must not be fragmented.
#[inline]
fn is_plain_v4(header: &[u8; IPV4]) -> bool {
    header[9] == protocol::UDP && header[6..8] == [0x40, 0]
}

/// An IPv6 header with UDP right behind it.
#[inline]
fn is_plain_v6(header: &[u8; IPV6]) -> bool {
    header[6] == protocol::UDP
}

/// Datagrams that were joined.
#[derive(Debug)]
struct Train {
    /// The port that they leave by.
    egress: PortId,
    /// Number of the packet that holds them, among those that are departing.
    head: usize,
    /// What that packet was at first.
    datagram: Datagram,
    joined: usize,
    /// True once nothing more may be joined: a shorter datagram can only be the last.
    is_closed: bool,
}

impl Train {
    /// Joins one more datagram if there is room for it.
    fn couple(&mut self, next: &Datagram, head: &mut Packet, packet: &Packet) -> bool {
        let length = head.length();
        let fits = length - ETHERNET_HEADER + next.payload <= usize::from(u16::MAX);
        let is_like = next.is_like(head, packet) && next.payload <= self.datagram.payload;
        if self.is_closed || self.joined == MOST || !is_like || !fits {
            return false;
        }
        head.set_length(length + next.payload);
        head.frame_mut()[length..].copy_from_slice(&packet.frame()[next.transport + UDP_HEADER..]);
        self.joined += 1;
        self.is_closed = next.payload < self.datagram.payload;
        true
    }

    /// Writes the headers of a super-packet, if anything was joined.
    fn depart(&self, packet: &mut Packet) {
        if self.joined == 1 {
            return;
        }
        let Datagram { transport, payload } = self.datagram;
        let frame = packet.frame_mut();
        // All fit, see `couple`.
        let field = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        let before = field(UDP_HEADER + payload);
        let after = field(frame.len() - transport);
        if transport == ETHERNET_HEADER + IPV4 {
            let total = field(frame.len() - ETHERNET_HEADER);
            let header = &mut frame[ETHERNET_HEADER..transport];
            header[2..4].copy_from_slice(&total.to_be_bytes());
            write_checksum(header);
        } else {
            frame[ETHERNET_HEADER + 4..ETHERNET_HEADER + 6].copy_from_slice(&after.to_be_bytes());
        }
        let udp = &mut frame[transport..transport + UDP_HEADER];
        udp[4..6].copy_from_slice(&after.to_be_bytes());
        // The sum of the pseudo-header, which holds the length.
        let pseudo = Sum::default().word(u16::from_be_bytes([udp[6], udp[7]])).word(!before).word(after);
        udp[6..8].copy_from_slice(&pseudo.folded().to_be_bytes());
        packet.offload.segmentation = Some(Segmentation {
            kind: SegmentKind::Udp,
            size: field(payload),
            header_length: field(transport + UDP_HEADER),
            ecn: false,
        });
    }
}
