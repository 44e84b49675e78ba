//! Router advertisements (RFC 4861, 4.2; RFC 8106).

use std::net::Ipv6Addr;

use crate::addr::Prefix;
use crate::packet::ethernet::{ETHERNET_HEADER, IPV6, Stations};
use crate::packet::{Offload, Packet, checksum, ipv6, protocol};

use super::SOURCE_MAC;

pub(super) const SOLICITATION: u8 = 133;
const ADVERTISEMENT: u8 = 134;
const PREFIX: u8 = 3;
const MTU: u8 = 5;
const DNS: u8 = 25;

/// How long guests are to keep the router without hearing of it again, seconds. Also for name servers.
pub const ROUTER_LIFETIME: u16 = 1800;
/// How long the network is on the link, and how long an address in it is preferred, seconds
/// (RFC 9096, 3.4).
const PREFIX_LIFETIMES: [u32; 2] = [5400, 2700];
/// The guest's hop limit, as assigned.
const HOP_LIMIT: u8 = 64;
/// IPv6's smallest MTU: a smaller one cannot be told.
const SMALLEST_MTU: u32 = 1280;

const MESSAGE: usize = 16;
const MAC_OPTION: usize = 8;
const MTU_OPTION: usize = 8;
const PREFIX_OPTION: usize = 32;
const DNS_OPTION: usize = 8;
const ADDRESS: usize = 16;

/// What a guest is told of its link: we are its default router, and more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterAdvertisement {
    /// How long the guest keeps the router and the name servers, seconds; none takes them back.
    pub lifetime: u16,
    /// The largest IP packet, bytes.
    pub mtu: u32,
    /// The network on the link; `None` leaves everything to the router.
    pub network: Option<Prefix>,
    /// True if the guest may form addresses of its own in the network (RFC 4862).
    pub is_autonomous: bool,
    /// Name servers.
    pub dns: Vec<Ipv6Addr>,
}

/// Writes a router advertisement that tells the frame's source MAC.
#[allow(clippy::cast_possible_truncation)] // a few options
pub fn write_router_advertisement(
    packet: &mut Packet,
    stations: Stations,
    (source, destination): (Ipv6Addr, Ipv6Addr),
    advertisement: &RouterAdvertisement,
) {
    let RouterAdvertisement { lifetime, mtu, network, is_autonomous, dns } = advertisement;
    // The option counts its words of 8 bytes in one byte.
    let dns = &dns[..dns.len().min(100)];
    let mtu = Some(*mtu).filter(|mtu| *mtu >= SMALLEST_MTU);
    let dns_option = if dns.is_empty() { 0 } else { DNS_OPTION + ADDRESS * dns.len() };
    let length =
        MESSAGE + MAC_OPTION + mtu.map_or(0, |_| MTU_OPTION) + network.map_or(0, |_| PREFIX_OPTION) + dns_option;
    packet.offload = Offload::default();
    packet.set_length(ETHERNET_HEADER + ipv6::HEADER + length);
    let frame = packet.frame_mut();
    stations.write_header(frame, IPV6);
    ipv6::Header { source, destination, next_header: protocol::ICMPV6, hop_limit: 255, payload_length: length as u16 }
        .write(frame);
    let message = &mut frame[ETHERNET_HEADER + ipv6::HEADER..];
    message.fill(0);
    message[0] = ADVERTISEMENT;
    message[4] = HOP_LIMIT;
    message[6..8].copy_from_slice(&lifetime.to_be_bytes());
    let (mac, mut rest) = message[MESSAGE..].split_at_mut(MAC_OPTION);
    mac[..2].copy_from_slice(&[SOURCE_MAC, 1]);
    mac[2..].copy_from_slice(&stations.source.0);
    if let Some(mtu) = mtu {
        let option = cut(&mut rest, MTU_OPTION);
        option[..2].copy_from_slice(&[MTU, 1]);
        option[4..].copy_from_slice(&mtu.to_be_bytes());
    }
    if let Some(network) = network {
        let option = cut(&mut rest, PREFIX_OPTION);
        let flags = 0x80 | u8::from(*is_autonomous) << 6;
        option[..4].copy_from_slice(&[PREFIX, 4, network.length(), flags]);
        let [valid, preferred] = PREFIX_LIFETIMES.map(u32::to_be_bytes);
        option[4..8].copy_from_slice(&valid);
        option[8..12].copy_from_slice(&preferred);
        if let std::net::IpAddr::V6(address) = network.address() {
            option[16..].copy_from_slice(&address.octets());
        }
    }
    if !dns.is_empty() {
        let option = cut(&mut rest, dns_option);
        option[..2].copy_from_slice(&[DNS, (dns_option / 8) as u8]);
        option[4..8].copy_from_slice(&u32::from(*lifetime).to_be_bytes());
        let places = option[DNS_OPTION..].chunks_exact_mut(ADDRESS);
        places.zip(dns).for_each(|(place, address)| place.copy_from_slice(&address.octets()));
    }
    let pseudo = checksum::pseudo_header(source.into(), destination.into(), protocol::ICMPV6, length as u32);
    let checksum = pseudo.bytes(message).finish();
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
}

/// Takes the first bytes off.
fn cut<'a>(rest: &mut &'a mut [u8], length: usize) -> &'a mut [u8] {
    let (first, behind) = std::mem::take(rest).split_at_mut(length);
    *rest = behind;
    first
}
