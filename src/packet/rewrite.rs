//! The edits that forwarding makes to a packet.

use std::net::IpAddr;

use super::checksum::updated;
use super::ethernet::ETHERNET_HEADER;
use super::{Checksum, Ip, Packet, protocol};

/// Lowers the TTL or hop limit by one, and the IPv4 header checksum with it.
///
/// # Panics
/// If `ip` was not read from this frame, or its hop limit is zero.
#[inline]
pub fn decrement_hop_limit(frame: &mut [u8], ip: &Ip) {
    let hop_limit = ip.hop_limit - 1;
    match ip.source {
        IpAddr::V4(_) => {
            let header = &mut frame[ETHERNET_HEADER..ETHERNET_HEADER + 20];
            let old = u16::from_be_bytes([ip.hop_limit, header[9]]);
            let new = u16::from_be_bytes([hop_limit, header[9]]);
            let checksum = updated(u16::from_be_bytes([header[10], header[11]]), old, new);
            header[8] = hop_limit;
            header[10..12].copy_from_slice(&checksum.to_be_bytes());
        }
        IpAddr::V6(_) => frame[ETHERNET_HEADER + 7] = hop_limit,
    }
}

/// Completes a transport checksum of which only the pseudo-header sum is in place, as the last one
/// out would. Nothing to do for other packets.
///
/// # Panics
/// If the offload header does not fit the frame.
pub fn complete_checksum(packet: &mut Packet, ip: &Ip) {
    let Checksum::Partial { start, offset } = packet.offload.checksum else { return };
    let (start, at) = (usize::from(start), usize::from(start) + usize::from(offset));
    let frame = packet.frame_mut();
    let mut checksum = super::checksum::Sum::default().bytes(&frame[start..ip.end]).finish();
    if checksum == 0 && ip.protocol == protocol::UDP {
        // Zero means "no checksum" (RFC 768).
        checksum = 0xffff;
    }
    frame[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    packet.offload.checksum = Checksum::None;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::sample::{Sample, left_open, parsed, verified};

    #[test]
    fn hop_limits_fall_and_checksums_follow() {
        for (from, to) in [("10.1.0.5", "10.2.0.9"), ("fd00:1::5", "fd00:2::9")] {
            for hop_limit in 1..=255 {
                let mut sample = Sample::new(from, to);
                sample.hop_limit = hop_limit;
                let mut frame = sample.udp(b"data");
                let ip = parsed(&frame);
                decrement_hop_limit(&mut frame, &ip);
                sample.hop_limit -= 1;
                assert_eq!(frame, sample.udp(b"data"), "{hop_limit}");
            }
        }
    }

    #[test]
    fn a_partial_checksum_is_completed() {
        for (from, to) in [("10.1.0.5", "10.2.0.9"), ("fd00:1::5", "fd00:2::9")] {
            let sample = Sample::new(from, to);
            let zero = sample.udp(&[0, 0]);
            let at = parsed(&zero).transport + 6;
            let zero = sample.udp(&zero[at..at + 2]);
            assert_eq!(zero[at..at + 2], [0xff, 0xff], "this data makes the sum zero, which UDP writes so");
            for complete in [sample.udp(b"odd"), sample.tcp(b"data"), zero] {
                let mut packet = left_open(&complete);
                assert_ne!(packet.frame(), complete);
                complete_checksum(&mut packet, &parsed(&complete));
                assert_eq!(packet.frame(), complete);
                assert_eq!(packet.offload.checksum, Checksum::None);
                verified(packet.frame());
            }
        }
    }
}
