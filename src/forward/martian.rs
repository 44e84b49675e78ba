//! Addresses that no packet to be routed may carry (RFC 1812, 5.3.7; RFC 6890; RFC 4291).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::packet::Ip;

use super::DropReason;

/// Checks source and destination of a packet, wherever it came from. Link-local addresses pass:
/// they are good for talking to us.
///
/// # Errors
/// What is wrong with the pair. A group as destination comes first: group traffic is noise on
/// every link, often from the unspecified address, and no fault.
#[inline]
pub(super) fn check(ip: &Ip) -> Result<(), DropReason> {
    match (ip.source, ip.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => check_v4(source, destination)?,
        (IpAddr::V6(source), IpAddr::V6(destination)) => check_v6(source, destination)?,
        // The two are read from one header.
        _ => return Err(DropReason::IpInhdr),
    }
    if ip.source == ip.destination { Err(DropReason::IpLand) } else { Ok(()) }
}

fn check_v4(source: Ipv4Addr, destination: Ipv4Addr) -> Result<(), DropReason> {
    match destination.octets()[0] {
        224..=239 => return Err(DropReason::IpMulticast),
        240..=255 if destination.is_broadcast() => return Err(DropReason::IpMulticast),
        0 | 240..=255 => return Err(DropReason::IpInvalidDest),
        127 => return Err(DropReason::IpLocalnet),
        _ => {}
    }
    match source.octets()[0] {
        0 | 224..=255 => Err(DropReason::IpInvalidSource),
        127 => Err(DropReason::IpLocalnet),
        _ => Ok(()),
    }
}

fn check_v6(source: Ipv6Addr, destination: Ipv6Addr) -> Result<(), DropReason> {
    if destination.is_multicast() {
        return Err(DropReason::IpMulticast);
    }
    if is_in_the_zero_block(destination) {
        return Err(if destination.is_loopback() { DropReason::IpLocalnet } else { DropReason::IpInvalidDest });
    }
    if source.is_multicast() {
        return Err(DropReason::IpInvalidSource);
    }
    if is_in_the_zero_block(source) {
        return Err(if source.is_loopback() { DropReason::IpLocalnet } else { DropReason::IpInvalidSource });
    }
    Ok(())
}

/// ::/80 holds the unspecified and the loopback address, and IPv4 addresses in IPv6 form
/// (compatible and mapped), none of which may be on a link.
fn is_in_the_zero_block(address: Ipv6Addr) -> bool {
    address.to_bits() >> 48 == 0
}

/// True for 169.254.0.0/16 (RFC 3927, 2.6.2) and fe80::/10 (RFC 4291, 2.5.6), which routers do not
/// forward.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// True for an address that one station can have: what ARP and neighbour discovery may ask for.
pub(super) fn is_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !matches!(address.octets()[0], 0 | 127 | 224..=255),
        IpAddr::V6(address) => !address.is_multicast() && !is_in_the_zero_block(address),
    }
}
