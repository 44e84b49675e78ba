//! A checked view of a frame.

use super::ethernet::{ARP, ETHERNET_HEADER, IPV4, IPV6, Stations, VLAN_TAGS};
use super::ip::Ip;
use super::{ipv4, ipv6};

/// What a frame says, read once: positions and values, not the bytes, so that the bytes can be
/// edited while it is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Its sender and its receiver.
    pub stations: Stations,
    /// What it carries.
    pub content: Content,
}

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// An ARP message, not yet read.
    Arp,
    /// An IPv4 or IPv6 packet whose headers are sound.
    Ip(Ip),
}

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It ends before its headers or its IP packet do.
    #[error("frame is cut short")]
    Short,
    /// It carries a VLAN tag.
    #[error("VLAN tag")]
    Vlan,
    /// It carries neither IPv4, IPv6 nor ARP.
    #[error("EtherType {0:#06x} is not handled")]
    EtherType(u16),
    /// The IP version is not what the `EtherType` says.
    #[error("wrong IP version")]
    Version,
    /// The IPv4 header is shorter than 20 bytes or longer than its packet.
    #[error("bad IPv4 header length")]
    HeaderLength,
    /// The IPv4 header checksum is wrong.
    #[error("wrong IPv4 header checksum")]
    Checksum,
    /// An IPv4 option does not fit in its header.
    #[error("malformed IPv4 option")]
    Option,
    /// A loose or strict source route, or a routing header of type 0 (RFC 7126, 4.3 and 4.4; RFC 5095).
    #[error("source route")]
    SourceRoute,
    /// An IPv6 extension header is cut, out of place, or one too many.
    #[error("bad IPv6 extension header")]
    ExtensionHeader,
}

impl Frame {
    /// Reads and checks a frame up to its transport header.
    ///
    /// # Errors
    /// The first thing found wrong.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let Some(header) = bytes.first_chunk::<ETHERNET_HEADER>() else { return Err(FrameError::Short) };
        let content = match u16::from_be_bytes([header[12], header[13]]) {
            IPV4 => Content::Ip(ipv4::parse(bytes)?),
            IPV6 => Content::Ip(ipv6::parse(bytes)?),
            ARP => Content::Arp,
            tag if VLAN_TAGS.contains(&tag) => return Err(FrameError::Vlan),
            other => return Err(FrameError::EtherType(other)),
        };
        Ok(Self { stations: Stations::read(header), content })
    }
}

#[cfg(test)]
mod tests;
