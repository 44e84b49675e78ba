//! IPv4 fragmentation (RFC 791, section 3.2; RFC 1812, section 4.2.2.7).

use super::ethernet::ETHERNET_HEADER;
use super::ipv4::{HEADER, options, write_checksum};
use super::{Ip, Packet};

const MORE_FRAGMENTS: u16 = 0x2000;
/// The largest datagram that fragments can make up.
const DATAGRAM_LIMIT: usize = 65_535;
/// Set in the type of an option that every fragment must carry.
const COPIED: u8 = 0x80;

/// Cuts one IPv4 packet into fragments, one after another.
#[derive(Debug)]
pub struct Fragments<'a> {
    frame: &'a [u8],
    ip: Ip,
    mtu: usize,
    /// Data bytes already out.
    done: usize,
    /// The header of all fragments but the first: options without the copied flag are left out.
    later_header: [u8; 60],
    later_length: usize,
}

impl<'a> Fragments<'a> {
    /// Prepares to cut the packet in `frame`, read as `ip`, whose checksums must be complete, into
    /// IP packets of at most `mtu` bytes. `None` if the MTU leaves no room for data, or if this is
    /// itself a fragment that lies beyond the end of any datagram.
    #[must_use]
    pub fn new(frame: &'a [u8], ip: &Ip, mtu: usize) -> Option<Self> {
        let offset = ip.fragment.map_or(0, |fragment| fragment.offset);
        if mtu < ip.transport - ETHERNET_HEADER + 8 || offset + ip.end - ip.transport > DATAGRAM_LIMIT {
            return None;
        }
        let header = &frame[ETHERNET_HEADER..ip.transport];
        let mut later_header = [0; 60];
        later_header[..HEADER].copy_from_slice(&header[..HEADER]);
        let mut later_length = HEADER;
        for option in options(&header[HEADER..]).map_while(Result::ok).filter(|option| option[0] & COPIED != 0) {
            later_header[later_length..later_length + option.len()].copy_from_slice(option);
            later_length += option.len();
        }
        // Zero bytes, the end of options, fill up the last word.
        later_length = later_length.next_multiple_of(4);
        Some(Self { frame, ip: *ip, mtu, done: 0, later_header, later_length })
    }

    /// Number of fragments still to come.
    #[must_use]
    pub fn remaining(&self) -> usize {
        let (mut left, mut count) = (self.ip.end - self.ip.transport - self.done, 0);
        if self.done == 0 && left > 0 {
            left -= self.step(self.ip.transport - ETHERNET_HEADER, left);
            count = 1;
        }
        if left == 0 {
            return count;
        }
        // All are of one length, and the last takes what is left.
        let room = self.mtu - self.later_length;
        count + left.saturating_sub(room).div_ceil(room & !7) + 1
    }

    /// Writes the next fragment; false, with the packet untouched, when there is none left.
    pub fn write_next(&mut self, into: &mut Packet) -> bool {
        let data = &self.frame[self.ip.transport..self.ip.end];
        if self.done == data.len() {
            return false;
        }
        let (frame, later) = (self.frame, &self.later_header[..self.later_length]);
        let header = if self.done == 0 { &frame[ETHERNET_HEADER..self.ip.transport] } else { later };
        let length = self.step(header.len(), data.len() - self.done);
        let headers_end = ETHERNET_HEADER + header.len();
        into.offload = super::Offload::default();
        into.set_length(headers_end + length);
        let bytes = into.frame_mut();
        bytes[..ETHERNET_HEADER].copy_from_slice(&frame[..ETHERNET_HEADER]);
        bytes[ETHERNET_HEADER..headers_end].copy_from_slice(header);
        bytes[headers_end..].copy_from_slice(&data[self.done..self.done + length]);
        let more = self.done + length < data.len() || self.ip.fragment.is_some_and(|fragment| fragment.more);
        let offset = self.ip.fragment.map_or(0, |fragment| fragment.offset) + self.done;
        self.done += length;
        patch(&mut bytes[ETHERNET_HEADER..], header.len(), offset, more);
        true
    }

    /// Data bytes that go behind a header of this length: all that is left, or a multiple of eight.
    fn step(&self, header: usize, left: usize) -> usize {
        let room = self.mtu - header;
        if left <= room { left } else { room & !7 }
    }
}

/// Makes a copied header that of a fragment.
#[allow(clippy::cast_possible_truncation)] // an IPv4 packet's lengths and offsets fit in 16 bits
fn patch(packet: &mut [u8], header: usize, offset: usize, more: bool) {
    let total_length = packet.len() as u16;
    let field = (offset / 8) as u16 | if more { MORE_FRAGMENTS } else { 0 };
    packet[0] = 0x40 | (header / 4) as u8;
    packet[2..4].copy_from_slice(&total_length.to_be_bytes());
    packet[6..8].copy_from_slice(&field.to_be_bytes());
    write_checksum(&mut packet[..header]);
}

#[cfg(test)]
mod tests;
