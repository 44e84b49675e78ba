//! Offload headers against the frames behind them, and the size of a super-packet's segments.

use std::net::IpAddr;

use super::ethernet::ETHERNET_HEADER;
use super::ip::{Ip, protocol};
use super::{Checksum, Offload, SegmentKind, Segmentation};

const UDP_HEADER: usize = 8;
const TCP_CHECKSUM: usize = 16;
const UDP_CHECKSUM: usize = 6;

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
