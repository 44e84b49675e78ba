//! The IPv6 header and its extension headers (RFC 8200).

use std::net::Ipv6Addr;

use super::FrameError;
use super::ethernet::ETHERNET_HEADER;
use super::ip::{Fragment, Ip};

/// Bytes of the fixed header.
pub(super) const HEADER: usize = 40;
const START: usize = ETHERNET_HEADER;

/// Extension headers that a packet may carry. RFC 8504, section 5.3, lets a node set a limit; no
/// sender uses more than a few.
const EXTENSION_LIMIT: usize = 8;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;

/// Reads and checks the headers behind an Ethernet header.
#[inline]
pub(super) fn parse(frame: &[u8]) -> Result<Ip, FrameError> {
    let packet = &frame[START..];
    let Some(fixed) = packet.first_chunk::<HEADER>() else { return Err(FrameError::Short) };
    if fixed[0] >> 4 != 6 {
        return Err(FrameError::Version);
    }
    let end = START + HEADER + usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    if end > frame.len() {
        return Err(FrameError::Short);
    }
    let address = |at: usize| {
        let mut octets = [0; 16];
        octets.copy_from_slice(&fixed[at..at + 16]);
        Ipv6Addr::from(octets)
    };
    let ip = Ip {
        source: address(8).into(),
        destination: address(24).into(),
        hop_limit: fixed[7],
        protocol: fixed[6],
        protocol_at: START + 6,
        transport: START + HEADER,
        end,
        fragment: None,
        dont_fragment: true,
    };
    if is_extension(ip.protocol) { walk_extensions(&frame[..end], ip)? } else { ip }.check_transport()
}

fn is_extension(next_header: u8) -> bool {
    matches!(next_header, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION_OPTIONS)
}

/// Moves `ip` past its extension headers, up to the transport header or a later fragment's data.
fn walk_extensions(packet: &[u8], mut ip: Ip) -> Result<Ip, FrameError> {
    let mut walked = 0;
    while is_extension(ip.protocol) && !ip.is_later_fragment() {
        let at = ip.transport;
        // The shortest one has 8 bytes.
        let Some(header) = packet[at..].first_chunk::<8>() else { return Err(FrameError::ExtensionHeader) };
        let mut length = 8 + 8 * usize::from(header[1]);
        match ip.protocol {
            HOP_BY_HOP if walked > 0 => return Err(FrameError::ExtensionHeader),
            ROUTING if header[2] == 0 => return Err(FrameError::SourceRoute),
            AUTHENTICATION => length = 8 + 4 * usize::from(header[1]),
            FRAGMENT => {
                length = 8;
                let field = u16::from_be_bytes([header[2], header[3]]);
                let (offset, more) = (usize::from(field & 0xfff8), field & 1 != 0);
                // Offset 0 and no more: an atomic fragment is a whole packet (RFC 6946).
                ip.fragment = (offset > 0 || more).then_some(Fragment { offset, more });
            }
            _ => {}
        }
        walked += 1;
        if walked > EXTENSION_LIMIT || at + length > packet.len() {
            return Err(FrameError::ExtensionHeader);
        }
        ip.protocol = header[0];
        ip.protocol_at = at;
        ip.transport = at + length;
    }
    Ok(ip)
}

/// What a header written here says beyond the constant parts.
pub(super) struct Header {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
    pub(super) next_header: u8,
    pub(super) hop_limit: u8,
    pub(super) payload_length: u16,
}

impl Header {
    /// Writes a header behind an Ethernet header: traffic class and flow label zero.
    pub(super) fn write(&self, frame: &mut [u8]) {
        let header = &mut frame[START..START + HEADER];
        header[..4].copy_from_slice(&[0x60, 0, 0, 0]);
        header[4..6].copy_from_slice(&self.payload_length.to_be_bytes());
        header[6] = self.next_header;
        header[7] = self.hop_limit;
        header[8..24].copy_from_slice(&self.source.octets());
        header[24..40].copy_from_slice(&self.destination.octets());
    }
}
