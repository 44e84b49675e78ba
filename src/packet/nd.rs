//! IPv6 neighbour discovery (RFC 4861).

use std::net::{IpAddr, Ipv6Addr};

use crate::addr::Mac;

use super::checksum::pseudo_header;
use super::ethernet::{ETHERNET_HEADER, IPV6, Stations};
use super::ip::{Ip, protocol};
use super::{Offload, Packet, icmp, ipv6};

mod router;

pub use router::{ROUTER_LIFETIME, RouterAdvertisement, write_router_advertisement};

const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
const SOURCE_MAC: u8 = 1;
const TARGET_MAC: u8 = 2;
/// Message with the target, then one option with a MAC.
const LENGTH: usize = 24 + 8;

/// A neighbour discovery message that has passed the checks of RFC 4861, 6.1 and 7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NdMessage {
    /// Asks for the target's MAC.
    Solicitation {
        /// The address asked for.
        target: Ipv6Addr,
        /// The asker's MAC; absent when it checks an address of its own for duplicates.
        source_mac: Option<Mac>,
    },
    /// Tells the target's MAC.
    Advertisement {
        /// The address told about.
        target: Ipv6Addr,
        /// Its MAC.
        target_mac: Option<Mac>,
    },
    /// Asks for routers.
    RouterSolicitation {
        /// The asker's MAC; absent while it has no address.
        source_mac: Option<Mac>,
    },
    /// A router advertisement or a redirect; not read further.
    Router,
}

/// What is wrong with a neighbour discovery message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NdError {
    /// It came from beyond the link.
    #[error("hop limit is not 255")]
    HopLimit,
    /// It came in fragments (RFC 6980).
    #[error("fragmented")]
    Fragmented,
    /// The code is not zero.
    #[error("code is not 0")]
    Code,
    /// The ICMPv6 checksum is wrong.
    #[error("wrong checksum")]
    Checksum,
    /// It is cut short, its target is a group, or an option is malformed or forbidden.
    #[error("malformed message or option")]
    Malformed,
}

/// Flags of an advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvertisementFlags {
    /// The target is a router.
    pub router: bool,
    /// It answers a solicitation.
    pub solicited: bool,
    /// It replaces what the receiver has; not set by a proxy (RFC 4861, 7.2.8).
    pub overriding: bool,
}

/// True if the packet is neighbour discovery, sound or not. It ends at the first router, whatever
/// its destination.
#[must_use]
pub fn is_neighbour_discovery(frame: &[u8], ip: &Ip) -> bool {
    ip.protocol == protocol::ICMPV6
        && !ip.is_later_fragment()
        && matches!(ip.source, IpAddr::V6(_))
        && matches!(frame.get(ip.transport), Some(133..=137))
}

/// Reads and checks a neighbour discovery message.
///
/// # Errors
/// The first thing found wrong.
///
/// # Panics
/// If `ip` was not read from this packet.
pub fn parse(packet: &Packet, ip: &Ip) -> Result<NdMessage, NdError> {
    if ip.hop_limit != 255 {
        return Err(NdError::HopLimit);
    }
    if ip.fragment.is_some() {
        return Err(NdError::Fragmented);
    }
    let message = &packet.frame()[ip.transport..ip.end];
    if message[1] != 0 {
        return Err(NdError::Code);
    }
    if !icmp::is_sound(packet, ip) {
        return Err(NdError::Checksum);
    }
    if message[0] == router::SOLICITATION {
        let source_mac = mac_option(message.get(8..).ok_or(NdError::Malformed)?, SOURCE_MAC)?;
        let is_sound = source_mac.is_none() || !ip.source.is_unspecified();
        return if is_sound { Ok(NdMessage::RouterSolicitation { source_mac }) } else { Err(NdError::Malformed) };
    }
    if !matches!(message[0], SOLICITATION | ADVERTISEMENT) {
        return Ok(NdMessage::Router);
    }
    let Some((fixed, options)) = message.split_first_chunk::<24>() else { return Err(NdError::Malformed) };
    let mut octets = [0; 16];
    octets.copy_from_slice(&fixed[8..24]);
    let target = Ipv6Addr::from(octets);
    if target.is_multicast() {
        return Err(NdError::Malformed);
    }
    if fixed[0] == ADVERTISEMENT {
        return Ok(NdMessage::Advertisement { target, target_mac: mac_option(options, TARGET_MAC)? });
    }
    let source_mac = mac_option(options, SOURCE_MAC)?;
    if ip.source.is_unspecified() && (source_mac.is_some() || ip.destination != solicited_node(target)) {
        return Err(NdError::Malformed);
    }
    Ok(NdMessage::Solicitation { target, source_mac })
}

/// The MAC in the first option of this kind; all options must be well-formed.
fn mac_option(mut options: &[u8], kind: u8) -> Result<Option<Mac>, NdError> {
    let mut found = None;
    while let [this, words, ..] = *options {
        let length = usize::from(words) * 8;
        if length == 0 || length > options.len() {
            return Err(NdError::Malformed);
        }
        let (option, behind) = options.split_at(length);
        if this == kind && found.is_none() {
            found = option[2..].first_chunk::<6>().map(|mac| Mac(*mac)).filter(|mac| mac.is_station());
        }
        options = behind;
    }
    if options.is_empty() { Ok(found) } else { Err(NdError::Malformed) }
}

/// The group that a node with this address listens on (RFC 4291, 2.7.1).
#[must_use]
pub fn solicited_node(target: Ipv6Addr) -> Ipv6Addr {
    let o = target.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, o[13], o[14], o[15]])
}

/// Writes an advertisement that `target` is at the frame's source MAC.
pub fn write_advertisement(
    packet: &mut Packet,
    stations: Stations,
    (source, destination): (Ipv6Addr, Ipv6Addr),
    target: Ipv6Addr,
    flags: AdvertisementFlags,
) {
    let bits = u8::from(flags.router) << 7 | u8::from(flags.solicited) << 6 | u8::from(flags.overriding) << 5;
    write(packet, stations, (source, destination), [ADVERTISEMENT, bits, TARGET_MAC], target);
}

/// Writes a solicitation for `target` that tells the frame's source MAC.
pub fn write_solicitation(
    packet: &mut Packet,
    stations: Stations,
    (source, destination): (Ipv6Addr, Ipv6Addr),
    target: Ipv6Addr,
) {
    write(packet, stations, (source, destination), [SOLICITATION, 0, SOURCE_MAC], target);
}

#[allow(clippy::cast_possible_truncation)] // LENGTH is 32
fn write(
    packet: &mut Packet,
    stations: Stations,
    (source, destination): (Ipv6Addr, Ipv6Addr),
    [kind, flags, option]: [u8; 3],
    target: Ipv6Addr,
) {
    packet.offload = Offload::default();
    packet.set_length(ETHERNET_HEADER + ipv6::HEADER + LENGTH);
    let frame = packet.frame_mut();
    stations.write_header(frame, IPV6);
    ipv6::Header { source, destination, next_header: protocol::ICMPV6, hop_limit: 255, payload_length: LENGTH as u16 }
        .write(frame);
    let message = &mut frame[ETHERNET_HEADER + ipv6::HEADER..];
    message[..8].copy_from_slice(&[kind, 0, 0, 0, flags, 0, 0, 0]);
    message[8..24].copy_from_slice(&target.octets());
    message[24..26].copy_from_slice(&[option, 1]);
    message[26..32].copy_from_slice(&stations.source.0);
    let pseudo = pseudo_header(source.into(), destination.into(), protocol::ICMPV6, LENGTH as u32);
    let checksum = pseudo.bytes(message).finish();
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
mod tests;
