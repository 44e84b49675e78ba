//! The Ethernet header.

use crate::addr::Mac;

/// Bytes of an untagged Ethernet header.
pub const ETHERNET_HEADER: usize = 14;

pub(super) const IPV4: u16 = 0x0800;
/// The `EtherType` of ARP (RFC 826).
pub const ARP: u16 = 0x0806;
/// The `EtherType` of IPv6 (RFC 2464, 3).
pub const IPV6: u16 = 0x86dd;
/// Tags of IEEE 802.1Q and 802.1ad, and the old QinQ numbers.
pub(super) const VLAN_TAGS: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];

/// The two stations of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stations {
    /// Who it is for.
    pub destination: Mac,
    /// Who sent it.
    pub source: Mac,
}

impl Stations {
    /// Reads the addresses of a frame.
    ///
    /// # Panics
    /// If the frame is shorter than an Ethernet header.
    #[must_use]
    #[inline]
    pub fn read(frame: &[u8]) -> Self {
        let (mut destination, mut source) = (Mac::ZERO, Mac::ZERO);
        destination.0.copy_from_slice(&frame[..6]);
        source.0.copy_from_slice(&frame[6..12]);
        Self { destination, source }
    }

    /// Writes the addresses into a frame.
    ///
    /// # Panics
    /// If the frame is shorter than an Ethernet header.
    pub fn write(self, frame: &mut [u8]) {
        frame[..6].copy_from_slice(&self.destination.0);
        frame[6..12].copy_from_slice(&self.source.0);
    }

    /// Writes a whole header.
    pub(super) fn write_header(self, frame: &mut [u8], ether_type: u16) {
        self.write(frame);
        frame[12..14].copy_from_slice(&ether_type.to_be_bytes());
    }
}
