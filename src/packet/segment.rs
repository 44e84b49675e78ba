//! Segmentation of super-packets (virtio 1.2, section 5.1.6; Documentation/networking/segmentation-offloads.rst),
//! byte for byte as Linux does it.

use std::net::IpAddr;

use super::checksum::Sum;
use super::ethernet::ETHERNET_HEADER;
use super::offload::{TCP_CHECKSUM, UDP_CHECKSUM};
use super::{Ip, Offload, Packet, ipv4, ipv6, protocol, transport_end};

const TCP_SEQUENCE: usize = 4;
const TCP_FLAGS: usize = 13;
/// The end of the data, or of what is to be passed on at once: true of the last segment only.
const FIN_PSH: u8 = 0x01 | 0x08;
/// The sender has slowed down, said once (RFC 3168, section 6.1.2): true of the first segment only.
const CWR: u8 = 0x80;
const UDP_LENGTH: usize = 4;

/// Cuts one super-packet into its segments, one after another. Their checksums are complete.
#[derive(Debug)]
pub struct Segments<'a> {
    frame: &'a [u8],
    ip: Ip,
    /// Where the payload begins; what is before it is copied into each segment.
    payload: usize,
    /// Payload bytes of each segment but the last.
    size: usize,
    /// How many there are.
    count: usize,
    /// How many are out.
    done: usize,
}

impl<'a> Segments<'a> {
    /// Prepares to cut `packet`, read as `ip` and checked by [`Offload::fits`]. `None` if it is no
    /// super-packet.
    #[must_use]
    pub fn new(packet: &'a Packet, ip: &Ip) -> Option<Self> {
        let size = usize::from(packet.offload.segmentation?.size);
        let payload = transport_end(ip, packet.frame())?;
        let count = (ip.end - payload).div_ceil(size).max(1);
        Some(Self { frame: packet.frame(), ip: *ip, payload, size, count, done: 0 })
    }

    /// Number of segments still to come.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.count - self.done
    }

    /// Writes the next segment; false, with the packet untouched, when there is none left.
    pub fn write_next(&mut self, into: &mut Packet) -> bool {
        if self.remaining() == 0 {
            return false;
        }
        let start = self.payload + self.done * self.size;
        let data = &self.frame[start..self.ip.end.min(start + self.size)];
        into.offload = Offload::default();
        into.set_length(self.payload + data.len());
        let segment = into.frame_mut();
        segment[..self.payload].copy_from_slice(&self.frame[..self.payload]);
        segment[self.payload..].copy_from_slice(data);
        self.patch_ip(&mut segment[ETHERNET_HEADER..]);
        match self.ip.protocol {
            protocol::TCP => self.patch_tcp(&mut segment[self.ip.transport..]),
            _ => self.patch_udp(&mut segment[self.ip.transport..]),
        }
        self.done += 1;
        true
    }

    /// Makes the copied IP header this segment's. Each IPv4 segment has an identification of its
    /// own: fragments of two must not be taken for one datagram's.
    #[allow(clippy::cast_possible_truncation)] // an IP packet's lengths fit in 16 bits; the identification wraps
    fn patch_ip(&self, packet: &mut [u8]) {
        let length = packet.len();
        match self.ip.source {
            IpAddr::V4(_) => {
                let header = &mut packet[..self.ip.transport - ETHERNET_HEADER];
                let identification = word(header, 4).wrapping_add(self.done as u16);
                put(header, 2, length as u16);
                put(header, 4, identification);
                ipv4::write_checksum(header);
            }
            IpAddr::V6(_) => put(packet, 4, (length - ipv6::HEADER) as u16),
        }
    }

    #[allow(clippy::cast_possible_truncation)] // sequence numbers wrap; lengths fit in 16 bits
    fn patch_tcp(&self, segment: &mut [u8]) {
        let field = &mut segment[TCP_SEQUENCE..TCP_SEQUENCE + 4];
        let first = u32::from_be_bytes([field[0], field[1], field[2], field[3]]);
        field.copy_from_slice(&first.wrapping_add((self.done * self.size) as u32).to_be_bytes());
        if self.remaining() > 1 {
            segment[TCP_FLAGS] &= !FIN_PSH;
        }
        if self.done > 0 {
            segment[TCP_FLAGS] &= !CWR;
        }
        let lengths = [self.ip.end - self.ip.transport, segment.len()];
        let checksum = completed(segment, TCP_CHECKSUM, lengths.map(|length| length as u16));
        put(segment, TCP_CHECKSUM, checksum);
    }

    #[allow(clippy::cast_possible_truncation)] // a length that fits in 16 bits
    fn patch_udp(&self, datagram: &mut [u8]) {
        let lengths = [word(datagram, UDP_LENGTH), datagram.len() as u16];
        put(datagram, UDP_LENGTH, lengths[1]);
        let checksum = completed(datagram, UDP_CHECKSUM, lengths);
        // Zero means "no checksum" (RFC 768).
        put(datagram, UDP_CHECKSUM, if checksum == 0 { 0xffff } else { checksum });
    }
}

/// The checksum of a segment in which the super-packet's pseudo-header sum is in place: its length
/// is exchanged for the segment's, and all is summed up.
fn completed(segment: &mut [u8], at: usize, [old, new]: [u16; 2]) -> u16 {
    let pseudo = Sum::default().word(word(segment, at)).word(!old).word(new).folded();
    put(segment, at, pseudo);
    Sum::default().bytes(segment).finish()
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests;
