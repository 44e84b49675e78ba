//! The IPv4 header (RFC 791).

use std::net::Ipv4Addr;

use super::FrameError;
use super::checksum::Sum;
use super::ethernet::ETHERNET_HEADER;
use super::ip::{Fragment, Ip};

/// Bytes of a header without options.
pub(super) const HEADER: usize = 20;
const START: usize = ETHERNET_HEADER;

const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STRICT_SOURCE_ROUTE: u8 = 137;

/// Reads and checks the header behind an Ethernet header.
#[inline]
pub(super) fn parse(frame: &[u8]) -> Result<Ip, FrameError> {
    let packet = &frame[START..];
    let Some(fixed) = packet.first_chunk::<HEADER>() else { return Err(FrameError::Short) };
    if fixed[0] >> 4 != 4 {
        return Err(FrameError::Version);
    }
    let header_length = usize::from(fixed[0] & 0xf) * 4;
    let total_length = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    if header_length < HEADER || total_length < header_length {
        return Err(FrameError::HeaderLength);
    }
    if total_length > packet.len() {
        return Err(FrameError::Short);
    }
    if Sum::default().bytes(&packet[..header_length]).folded() != 0xffff {
        return Err(FrameError::Checksum);
    }
    if header_length > HEADER {
        check_options(&packet[HEADER..header_length])?;
    }
    let flags = u16::from_be_bytes([fixed[6], fixed[7]]);
    let (offset, more) = (usize::from(flags & 0x1fff) * 8, flags & 0x2000 != 0);
    Ip {
        source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]).into(),
        destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]).into(),
        hop_limit: fixed[8],
        protocol: fixed[9],
        protocol_at: START + 9,
        transport: START + header_length,
        end: START + total_length,
        fragment: (offset > 0 || more).then_some(Fragment { offset, more }),
        dont_fragment: flags & 0x4000 != 0,
    }
    .check_transport()
}

/// The options of a header one after another, their bytes whole. Ends after the first that does
/// not fit, which is an error.
pub(super) fn options(area: &[u8]) -> impl Iterator<Item = Result<&[u8], FrameError>> {
    let mut rest = area;
    std::iter::from_fn(move || {
        let length = match *rest {
            [] | [END_OF_OPTIONS, ..] => return None,
            [NO_OPERATION, ..] => 1,
            [_, length, ..] if length >= 2 && usize::from(length) <= rest.len() => usize::from(length),
            _ => {
                rest = &[];
                return Some(Err(FrameError::Option));
            }
        };
        let (option, behind) = rest.split_at(length);
        rest = behind;
        Some(Ok(option))
    })
}

fn check_options(area: &[u8]) -> Result<(), FrameError> {
    for option in options(area) {
        if matches!(option?[0], LOOSE_SOURCE_ROUTE | STRICT_SOURCE_ROUTE) {
            return Err(FrameError::SourceRoute);
        }
    }
    Ok(())
}

/// What a header written here says beyond the constant parts.
pub(super) struct Header {
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) protocol: u8,
    /// DSCP and ECN.
    pub(super) service: u8,
    /// Of the whole packet.
    pub(super) total_length: u16,
}

impl Header {
    /// Writes a header without options behind an Ethernet header: TTL 64, not a fragment, checksum
    /// complete.
    pub(super) fn write(&self, frame: &mut [u8]) {
        let header = &mut frame[START..START + HEADER];
        header.fill(0);
        header[0] = 0x45;
        header[1] = self.service;
        header[2..4].copy_from_slice(&self.total_length.to_be_bytes());
        header[8] = 64;
        header[9] = self.protocol;
        header[12..16].copy_from_slice(&self.source.octets());
        header[16..20].copy_from_slice(&self.destination.octets());
        write_checksum(header);
    }
}

/// Computes a header's checksum anew.
pub(super) fn write_checksum(header: &mut [u8]) {
    header[10..12].fill(0);
    let checksum = Sum::default().bytes(header).finish();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
}
