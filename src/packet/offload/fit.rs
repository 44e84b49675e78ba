//! Offload headers against the frames behind them, and the size of a super-packet's segments.

use std::net::IpAddr;

use super::{Checksum, Offload, SegmentKind, Segmentation};
use crate::packet::ethernet::ETHERNET_HEADER;
use crate::packet::ip::{Ip, protocol};

pub(in crate::packet) const UDP_HEADER: usize = 8;
/// Where TCP's checksum is in its header.
pub(in crate::packet) const TCP_CHECKSUM: usize = 16;
/// Where UDP's checksum is in its header.
pub(in crate::packet) const UDP_CHECKSUM: usize = 6;

impl Offload {
    /// True if the header makes sense for this packet. A sender who is not trusted may ask for a
    /// sum anywhere; passed on, it would have the kernel overwrite headers or refuse the frame.
    #[must_use]
    #[inline]
    pub fn fits(&self, ip: &Ip, frame: &[u8]) -> bool {
        let partial = match self.checksum {
            Checksum::None | Checksum::Unnecessary => return self.segmentation.is_none(),
            Checksum::Partial { start, offset } => (usize::from(start), usize::from(offset)),
        };
        sum_fits(ip, partial)
            && self.segmentation.is_none_or(|segments| {
                partial.0 == ip.transport && kind_fits(segments.kind, ip) && transport_end(ip, frame).is_some()
            })
    }

    /// Length of the largest IP packet that leaves the last device: a super-packet's segment, or
    /// the packet itself.
    #[must_use]
    #[inline]
    pub fn segment_length(&self, ip: &Ip, frame: &[u8]) -> usize {
        match self.segmentation {
            Some(Segmentation { size, .. }) => {
                let headers = transport_end(ip, frame).map_or(ip.length(), |end| end - ETHERNET_HEADER);
                ip.length().min(headers + usize::from(size))
            }
            None => ip.length(),
        }
    }
}

/// Whether a checksum that starts at `start` and is stored `offset` behind it can be one that this
/// packet's sender left open: TCP's, UDP's, or one inside a tunnel whose carrier passes it through.
fn sum_fits(ip: &Ip, (start, offset): (usize, usize)) -> bool {
    if ip.fragment.is_some() || start + offset + 2 > ip.end {
        return false;
    }
    match ip.protocol {
        protocol::TCP => start == ip.transport && offset == TCP_CHECKSUM,
        protocol::UDP if start == ip.transport => offset == UDP_CHECKSUM,
        protocol::UDP => start >= ip.transport + UDP_HEADER,
        protocol::GRE | protocol::IPV4 | protocol::IPV6 => start >= ip.transport,
        _ => false,
    }
}

fn kind_fits(kind: SegmentKind, ip: &Ip) -> bool {
    match kind {
        SegmentKind::TcpV4 => ip.protocol == protocol::TCP && matches!(ip.source, IpAddr::V4(_)),
        SegmentKind::TcpV6 => ip.protocol == protocol::TCP && matches!(ip.source, IpAddr::V6(_)),
        SegmentKind::Udp => ip.protocol == protocol::UDP,
    }
}

/// Where the transport's header ends, from the frame's first byte; `None` if that is not inside
/// the packet.
#[must_use]
pub fn transport_end(ip: &Ip, frame: &[u8]) -> Option<usize> {
    let length = match ip.protocol {
        protocol::TCP => usize::from(frame.get(ip.transport + 12)? >> 4) * 4,
        _ => UDP_HEADER,
    };
    let shortest = if ip.protocol == protocol::TCP { 20 } else { UDP_HEADER };
    (length >= shortest && ip.transport + length <= ip.end).then_some(ip.transport + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::sample::{Sample, parsed};

    fn v4() -> Sample {
        Sample::new("10.1.0.5", "10.2.0.9")
    }

    fn partial(start: u16, offset: u16) -> Offload {
        Offload { checksum: Checksum::Partial { start, offset }, segmentation: None }
    }

    fn super_packet(kind: SegmentKind, start: u16, offset: u16) -> Offload {
        let segmentation = Some(Segmentation { kind, size: 1000, header_length: 0, ecn: false });
        Offload { segmentation, ..partial(start, offset) }
    }

    fn fits(frame: &[u8], offload: Offload) -> bool {
        offload.fits(&parsed(frame), frame)
    }

    #[test]
    fn sums_belong_to_the_transport() {
        let (udp, tcp) = (v4().udp(&[0; 100]), v4().tcp(&[0; 100]));
        assert!(fits(&udp, Offload::default()));
        assert!(fits(&udp, partial(34, 6)) && fits(&tcp, partial(34, 16)));
        for (start, offset) in [(34, 16), (33, 6), (14, 6), (0, 6), (34, 5), (34, 200), (141, 0), (40, 4)] {
            assert!(!fits(&udp, partial(start, offset)), "UDP {start} {offset}");
        }
        for (start, offset) in [(34, 6), (14, 10), (54, 16), (36, 14)] {
            assert!(!fits(&tcp, partial(start, offset)), "TCP {start} {offset}");
        }
        assert!(!fits(&v4().echo(&[0; 100]), partial(34, 2)));
        assert!(!fits(&v4().raw(132, &[0; 100]), partial(34, 8)));
    }

    #[test]
    fn sums_inside_tunnels_pass() {
        assert!(fits(&v4().udp(&[0; 100]), partial(34 + 8 + 8 + 14 + 20, 16)), "VXLAN");
        for carrier in [protocol::GRE, protocol::IPV4, protocol::IPV6] {
            assert!(fits(&v4().raw(carrier, &[0; 100]), partial(60, 16)));
            assert!(!fits(&v4().raw(carrier, &[0; 100]), partial(20, 16)));
            assert!(!fits(&v4().raw(carrier, &[0; 100]), partial(60, 73)));
        }
    }

    #[test]
    fn segments_are_of_the_packets_kind() {
        use SegmentKind::{TcpV4, TcpV6, Udp};
        let v6 = Sample::new("fd00:1::5", "fd00:2::9");
        let (tcp4, tcp6, udp) = (v4().tcp(&[0; 3000]), v6.tcp(&[0; 3000]), v4().udp(&[0; 3000]));
        let matrix = [(&tcp4, 34, 16, TcpV4), (&tcp6, 54, 16, TcpV6), (&udp, 34, 6, Udp)];
        for (index, (frame, start, offset, _)) in matrix.into_iter().enumerate() {
            for (other, (.., kind)) in matrix.into_iter().enumerate() {
                assert_eq!(fits(frame, super_packet(kind, start, offset)), index == other, "{index} {kind:?}");
            }
        }
        let mut no_header = tcp4.clone();
        no_header[46] = 0x40;
        assert!(!fits(&no_header, super_packet(TcpV4, 34, 16)), "TCP header of 16 bytes");
        assert!(!fits(&udp, super_packet(Udp, 60, 6)), "the outer transport's sum is complete");
        let mut fragment = tcp4;
        fragment[20] = 0x20;
        crate::packet::ipv4::write_checksum(&mut fragment[14..34]);
        assert!(!fits(&fragment, super_packet(TcpV4, 34, 16)) && !fits(&fragment, partial(34, 16)));
    }

    #[test]
    fn segments_are_measured_with_their_headers() {
        let tcp = v4().tcp(&[0; 3000]);
        let offload = super_packet(SegmentKind::TcpV4, 34, 16);
        assert_eq!(offload.segment_length(&parsed(&tcp), &tcp), 20 + 20 + 1000);
        let short = v4().tcp(&[0; 10]);
        assert_eq!(offload.segment_length(&parsed(&short), &short), 50);
        assert_eq!(Offload::default().segment_length(&parsed(&tcp), &tcp), 3040);
    }
}
