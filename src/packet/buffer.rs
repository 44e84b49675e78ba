//! One frame in its buffer, the offload header in front of it as the kernel hands it over.

use std::fmt;

use crate::addr::Mac;

use super::ethernet::{ETHERNET_HEADER, IPV4, IPV6, Stations};
use super::offload::{Offload, OffloadError, VNET_HEADER};

/// Bytes kept free before the frame. The IP header of an untagged frame then starts at a multiple
/// of 16.
const HEADROOM: usize = 66;

/// The largest frame: an IP packet of 65,535 bytes behind an Ethernet header with two VLAN tags.
const FRAME_LIMIT: usize = 65_535 + 22;

/// What a device may have to put back into a frame that fills the receive area: the kernel hands
/// stripped tags over beside the frame.
const VLAN_TAG: usize = 4;

/// Why bytes handed over by a device are not a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// Fewer bytes than the offload header.
    #[error("shorter than the offload header")]
    Short,
    /// The offload header is not usable.
    #[error(transparent)]
    Offload(#[from] OffloadError),
}

/// A frame and its offload state in a buffer of its own. Buffers live as long as their worker and
/// are filled again and again; nothing on the packet path allocates one.
pub struct Packet {
    buffer: Box<[u8]>,
    length: usize,
    /// The offload state, kept apart from the bytes so that edits are typed.
    pub offload: Offload,
    /// Why what a device handed over last is no packet: it still takes its place in a batch, so that
    /// it is counted.
    pub fault: Option<ReceiveError>,
}

impl Packet {
    /// An empty buffer of full size.
    #[must_use]
    pub fn new() -> Self {
        let buffer = vec![0; HEADROOM + FRAME_LIMIT].into_boxed_slice();
        Self { buffer, length: 0, offload: Offload::default(), fault: None }
    }

    /// A packet that holds a copy of `frame`; for tests and for messages that are built elsewhere.
    ///
    /// # Panics
    /// If the frame is longer than any frame can be.
    #[must_use]
    pub fn from_frame(frame: &[u8]) -> Self {
        let mut packet = Self::new();
        packet.set_frame(frame);
        packet
    }

    /// A packet that holds a copy of an IP packet behind an Ethernet header without addresses.
    ///
    /// # Panics
    /// As [`Packet::from_frame`].
    #[must_use]
    pub fn from_ip(ip: &[u8]) -> Self {
        let is_ipv6 = ip.first().is_some_and(|byte| byte >> 4 == 6);
        let stations = Stations { destination: Mac::ZERO, source: Mac::ZERO };
        let mut packet = Self::new();
        packet.set_length(ETHERNET_HEADER + ip.len());
        stations.write_header(packet.frame_mut(), if is_ipv6 { IPV6 } else { IPV4 });
        packet.frame_mut()[ETHERNET_HEADER..].copy_from_slice(ip);
        packet
    }

    /// Replaces the contents by `frame`, without offloads.
    ///
    /// # Panics
    /// If the frame is longer than any frame can be.
    pub fn set_frame(&mut self, frame: &[u8]) {
        self.offload = Offload::default();
        self.fault = None;
        self.set_length(frame.len());
        self.frame_mut().copy_from_slice(frame);
    }

    /// Where a device puts the offload header and the frame behind it.
    pub fn receive_area(&mut self) -> &mut [u8] {
        self.length = 0;
        let end = self.buffer.len() - VLAN_TAG;
        &mut self.buffer[HEADROOM - VNET_HEADER..end]
    }

    /// Takes over `filled` bytes that a device has put into [`Packet::receive_area`].
    ///
    /// # Errors
    /// Bytes that are no packet; the length of the frame is set all the same, for counting, and the
    /// error stays in [`Packet::fault`].
    pub fn received(&mut self, filled: usize) -> Result<(), ReceiveError> {
        self.length = filled.saturating_sub(VNET_HEADER).min(FRAME_LIMIT);
        let parsed = self.parse_header(filled);
        self.offload = parsed.unwrap_or_default();
        self.fault = parsed.err();
        parsed.map(|_| ())
    }

    fn parse_header(&self, filled: usize) -> Result<Offload, ReceiveError> {
        if filled < VNET_HEADER {
            return Err(ReceiveError::Short);
        }
        let mut header = [0; VNET_HEADER];
        header.copy_from_slice(&self.buffer[HEADROOM - VNET_HEADER..HEADROOM]);
        Ok(Offload::parse(&header, self.length)?)
    }

    /// The offload header and the frame behind it, as a device takes them.
    pub fn transmit_area(&mut self) -> &[u8] {
        self.buffer[HEADROOM - VNET_HEADER..HEADROOM].copy_from_slice(&self.offload.to_bytes());
        &self.buffer[HEADROOM - VNET_HEADER..HEADROOM + self.length]
    }

    /// The frame.
    #[must_use]
    #[inline]
    pub fn frame(&self) -> &[u8] {
        &self.buffer[HEADROOM..HEADROOM + self.length]
    }

    /// The frame, to be edited in place.
    #[inline]
    pub fn frame_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[HEADROOM..HEADROOM + self.length]
    }

    /// The frame's length, bytes.
    #[must_use]
    #[inline]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Cuts the frame or lengthens it; what is added holds whatever was there.
    ///
    /// # Panics
    /// If the length is more than any frame's.
    #[inline]
    pub fn set_length(&mut self, length: usize) {
        assert!(length <= FRAME_LIMIT, "a frame of {length} bytes");
        self.length = length;
    }
}

impl Default for Packet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packet({} bytes, {:?})", self.length, self.offload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_fills_is_what_it_gets_back() {
        let mut packet = Packet::new();
        let area = packet.receive_area();
        area[..VNET_HEADER].fill(0);
        area[VNET_HEADER..VNET_HEADER + 4].copy_from_slice(&[1, 2, 3, 4]);
        packet.received(VNET_HEADER + 4).unwrap();
        assert_eq!(packet.frame(), [1, 2, 3, 4]);
        packet.set_length(3);
        assert_eq!(packet.transmit_area()[VNET_HEADER..], [1, 2, 3]);
    }

    #[test]
    fn less_than_a_header_is_no_packet() {
        let mut packet = Packet::new();
        assert_eq!(packet.received(VNET_HEADER - 1), Err(ReceiveError::Short));
        assert_eq!(packet.length(), 0);
        assert_eq!(packet.fault, Some(ReceiveError::Short));
        packet.receive_area()[..VNET_HEADER].fill(0);
        packet.received(VNET_HEADER).unwrap();
        assert_eq!(packet.fault, None);
    }
}
