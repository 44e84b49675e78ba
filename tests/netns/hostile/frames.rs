//! Frames, sound ones first: what is wrong with the others is edited in.

use etherparse::PacketBuilder;

/// Bytes that no other traffic carries.
pub(super) const MARK: &[u8] = b"sent with ill intent";
pub(super) const GATEWAY: [u8; 6] = [0, 0, 0x5e, 0, 1, 0];
const PORTS: (u16, u16) = (4000, 9);
const IPV6: u16 = 0x86dd;
const ARP: u16 = 0x0806;

/// Where the IP packet begins, and where an IPv4 header's and an IPv6 header's payload does.
const IP: usize = 14;
pub(super) const BEHIND_V4: usize = IP + 20;
pub(super) const BEHIND_V6: usize = IP + 40;

/// A guest's hand: its MAC and its addresses.
#[derive(Clone, Copy)]
pub(super) struct Hand {
    pub(super) mac: [u8; 6],
    pub(super) v4: [u8; 4],
    pub(super) v6: [u8; 16],
}

impl Hand {
    /// A datagram of IPv4 with the mark in it.
    pub(super) fn udp4(&self, to: [u8; 4]) -> Vec<u8> {
        self.udp4_as(self.v4, to, 64)
    }

    pub(super) fn udp4_as(&self, from: [u8; 4], to: [u8; 4], ttl: u8) -> Vec<u8> {
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2(self.mac, GATEWAY).ipv4(from, to, ttl).udp(PORTS.0, PORTS.1);
        builder.write(&mut frame, MARK).unwrap();
        frame
    }

    pub(super) fn udp6(&self, to: [u8; 16]) -> Vec<u8> {
        self.udp6_as(self.v6, to, 64)
    }

    pub(super) fn udp6_as(&self, from: [u8; 16], to: [u8; 16], hops: u8) -> Vec<u8> {
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2(self.mac, GATEWAY).ipv6(from, to, hops).udp(PORTS.0, PORTS.1);
        builder.write(&mut frame, MARK).unwrap();
        frame
    }

    /// An IPv6 packet with anything behind its header.
    pub(super) fn ip6(&self, to: [u8; 16], next: u8, hops: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = self.ethernet(GATEWAY, IPV6);
        frame.extend([0x60, 0, 0, 0]);
        frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        frame.extend([next, hops]);
        frame.extend(self.v6);
        frame.extend(to);
        frame.extend(payload);
        frame
    }

    /// An IPv4 packet with these options, and the mark behind a UDP header.
    pub(super) fn options4(&self, to: [u8; 4], options: &[u8]) -> Vec<u8> {
        let mut frame = self.udp4(to);
        frame.splice(BEHIND_V4..BEHIND_V4, options.iter().copied());
        frame[IP] = 0x40 | u8::try_from(5 + options.len() / 4).unwrap();
        let total = u16::try_from(frame.len() - IP).unwrap();
        frame[IP + 2..IP + 4].copy_from_slice(&total.to_be_bytes());
        summed(frame)
    }

    /// ARP for IPv4 over Ethernet: a request (1) or a reply (2).
    pub(super) fn arp(&self, operation: u16, sender: ([u8; 6], [u8; 4]), target: [u8; 4]) -> Vec<u8> {
        let mut frame = self.ethernet([0xff; 6], ARP);
        frame.extend([0, 1, 8, 0, 6, 4]);
        frame.extend(operation.to_be_bytes());
        frame.extend(sender.0);
        frame.extend(sender.1);
        frame.extend([0; 6]);
        frame.extend(target);
        frame
    }

    /// ICMPv6 with its checksum.
    pub(super) fn icmp6(&self, to: [u8; 16], hops: u8, kind: u8, code: u8, body: &[u8]) -> Vec<u8> {
        let message = [&[kind, code, 0, 0], body].concat();
        let mut frame = self.ip6(to, 58, hops, &message);
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let sum = checksum(&[&self.v6[..], &to, &length, &[0, 0, 0, 58], &message].concat());
        frame[BEHIND_V6 + 2..BEHIND_V6 + 4].copy_from_slice(&sum.to_be_bytes());
        frame
    }

    fn ethernet(&self, to: [u8; 6], kind: u16) -> Vec<u8> {
        [&to[..], &self.mac, &kind.to_be_bytes()].concat()
    }
}

/// The frame with bytes replaced from a place on.
pub(super) fn edited(mut frame: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    frame[at..at + bytes.len()].copy_from_slice(bytes);
    frame
}

/// The frame with bytes of its IPv4 header replaced and the header's checksum made right.
pub(super) fn edited_header(frame: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    summed(edited(frame, IP + at, bytes))
}

/// The frame as of another kind, with this before what it carried.
pub(super) fn tagged(mut frame: Vec<u8>, tags: &[u8]) -> Vec<u8> {
    frame.splice(12..12, tags.iter().copied());
    frame
}

fn summed(mut frame: Vec<u8>) -> Vec<u8> {
    let length = (usize::from(frame[IP] & 0xf) * 4).min(frame.len() - IP);
    frame[IP + 10..IP + 12].fill(0);
    let sum = checksum(&frame[IP..IP + length]);
    frame[IP + 10..IP + 12].copy_from_slice(&sum.to_be_bytes());
    frame
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap()
}
