//! The offload header: `struct virtio_net_hdr` (virtio 1.2, section 5.1.6; include/uapi/linux/virtio_net.h),
//! ten bytes in native byte order that travel before each frame on a tap or packet socket.

mod fit;

pub use fit::transport_end;
pub(super) use fit::{TCP_CHECKSUM, UDP_CHECKSUM, UDP_HEADER};

/// Length of the header on the wire, bytes.
pub const VNET_HEADER: usize = 10;

const F_NEEDS_CSUM: u8 = 1;
const F_DATA_VALID: u8 = 2;
const GSO_TCPV4: u8 = 1;
const GSO_UDP: u8 = 3;
const GSO_TCPV6: u8 = 4;
const GSO_UDP_L4: u8 = 5;
const GSO_ECN: u8 = 0x80;

/// What is known about a frame's transport checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checksum {
    /// Complete in the packet; nobody has verified it.
    #[default]
    None,
    /// Verified by who handed us the frame (`VIRTIO_NET_HDR_F_DATA_VALID`).
    Unnecessary,
    /// Only the pseudo-header sum is in place; the last one out completes it.
    Partial {
        /// Where summing starts, bytes from the frame's first.
        start: u16,
        /// Where the sum is stored, bytes from `start`.
        offset: u16,
    },
}

/// What a super-packet is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentKind {
    /// TCP over IPv4.
    TcpV4,
    /// TCP over IPv6.
    TcpV6,
    /// UDP datagrams of equal size (`VIRTIO_NET_HDR_GSO_UDP_L4`).
    Udp,
}

/// A super-packet: many segments in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segmentation {
    /// The transport.
    pub kind: SegmentKind,
    /// Payload bytes of each segment; never zero.
    pub size: u16,
    /// Bytes of all headers, a hint from the sender.
    pub header_length: u16,
    /// The TCP segments carry ECN's CWR as `VIRTIO_NET_HDR_GSO_ECN` says.
    pub ecn: bool,
}

/// Which super-packets a device takes whole. Those that it does not take reach it in segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuperPackets {
    /// TCP's, over IPv4 and IPv6.
    pub tcp: bool,
    /// UDP's (`VIRTIO_NET_HDR_GSO_UDP_L4`), which the kernel knows in offload headers since 6.2.
    pub udp: bool,
}

impl SuperPackets {
    /// Every kind that there is.
    pub const ALL: Self = Self { tcp: true, udp: true };

    /// True if super-packets of this kind are taken.
    #[must_use]
    pub fn include(self, kind: SegmentKind) -> bool {
        match kind {
            SegmentKind::TcpV4 | SegmentKind::TcpV6 => self.tcp,
            SegmentKind::Udp => self.udp,
        }
    }
}

/// A frame's offload state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offload {
    /// The transport checksum.
    pub checksum: Checksum,
    /// Set for a super-packet.
    pub segmentation: Option<Segmentation>,
}

/// A header that does not fit its frame or asks for what we did not offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OffloadError {
    /// A segmentation type that was never offered (UFO) or is not known.
    #[error("segmentation type {0} is not supported")]
    Kind(u8),
    /// Segments of zero bytes.
    #[error("segment size is zero")]
    Size,
    /// The checksum lies outside the frame.
    #[error("checksum field lies outside the frame")]
    Checksum,
    /// A super-packet whose checksums are complete makes no sense and no kernel sends it.
    #[error("super-packet without a partial checksum")]
    Complete,
}

impl Offload {
    /// Reads the header of a frame of `frame_length` bytes.
    ///
    /// # Errors
    /// A header that would make the kernel refuse the frame on the way out, or edit bytes outside it.
    pub fn parse(header: &[u8; VNET_HEADER], frame_length: usize) -> Result<Self, OffloadError> {
        let field = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
        let (flags, kind) = (header[0], header[1]);
        let checksum = if flags & F_NEEDS_CSUM != 0 {
            let (start, offset) = (field(6), field(8));
            if usize::from(start) + usize::from(offset) + 2 > frame_length {
                return Err(OffloadError::Checksum);
            }
            Checksum::Partial { start, offset }
        } else if flags & F_DATA_VALID != 0 {
            Checksum::Unnecessary
        } else {
            Checksum::None
        };
        let segmentation = match kind & !GSO_ECN {
            0 => None,
            GSO_TCPV4 => Some(SegmentKind::TcpV4),
            GSO_TCPV6 => Some(SegmentKind::TcpV6),
            GSO_UDP_L4 => Some(SegmentKind::Udp),
            GSO_UDP => return Err(OffloadError::Kind(GSO_UDP)),
            other => return Err(OffloadError::Kind(other)),
        }
        .map(|segments| Segmentation {
            kind: segments,
            size: field(4),
            header_length: field(2),
            ecn: kind & GSO_ECN != 0,
        });
        if let Some(segmentation) = segmentation {
            if segmentation.size == 0 {
                return Err(OffloadError::Size);
            }
            if !matches!(checksum, Checksum::Partial { .. }) {
                return Err(OffloadError::Complete);
            }
        }
        Ok(Self { checksum, segmentation })
    }

    /// The header's bytes for the way out.
    #[must_use]
    pub fn to_bytes(self) -> [u8; VNET_HEADER] {
        let mut header = [0; VNET_HEADER];
        let mut put = |at: usize, value: u16| header[at..at + 2].copy_from_slice(&value.to_ne_bytes());
        let mut flags = 0;
        match self.checksum {
            Checksum::None => {}
            Checksum::Unnecessary => flags = F_DATA_VALID,
            Checksum::Partial { start, offset } => {
                flags = F_NEEDS_CSUM;
                put(6, start);
                put(8, offset);
            }
        }
        let mut kind = 0;
        if let Some(segments) = self.segmentation {
            kind = match segments.kind {
                SegmentKind::TcpV4 => GSO_TCPV4,
                SegmentKind::TcpV6 => GSO_TCPV6,
                SegmentKind::Udp => GSO_UDP_L4,
            };
            if segments.ecn {
                kind |= GSO_ECN;
            }
            put(2, segments.header_length);
            put(4, segments.size);
        }
        header[0] = flags;
        header[1] = kind;
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_round_trip() {
        let tso = Offload {
            checksum: Checksum::Partial { start: 34, offset: 16 },
            segmentation: Some(Segmentation { kind: SegmentKind::TcpV4, size: 1448, header_length: 66, ecn: true }),
        };
        for offload in [Offload::default(), Offload { checksum: Checksum::Unnecessary, ..Offload::default() }, tso] {
            assert_eq!(Offload::parse(&offload.to_bytes(), 9000), Ok(offload));
        }
    }

    #[test]
    fn lies_are_refused() {
        let header = |edit: fn(&mut [u8; VNET_HEADER])| {
            let mut bytes = Offload {
                checksum: Checksum::Partial { start: 34, offset: 16 },
                segmentation: Some(Segmentation { kind: SegmentKind::Udp, size: 1, header_length: 42, ecn: false }),
            }
            .to_bytes();
            edit(&mut bytes);
            Offload::parse(&bytes, 100)
        };
        assert!(header(|_| {}).is_ok());
        assert_eq!(header(|b| b[1] = 3), Err(OffloadError::Kind(3)));
        assert_eq!(header(|b| b[1] = 7), Err(OffloadError::Kind(7)));
        assert_eq!(header(|b| b[4..6].fill(0)), Err(OffloadError::Size));
        assert_eq!(header(|b| b[6..8].copy_from_slice(&99u16.to_ne_bytes())), Err(OffloadError::Checksum));
        assert_eq!(header(|b| b[6..8].fill(0xff)), Err(OffloadError::Checksum));
        assert_eq!(header(|b| b[0] = 0), Err(OffloadError::Complete));
    }
}
