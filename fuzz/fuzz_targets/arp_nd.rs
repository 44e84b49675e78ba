//! Any bytes as an ARP or neighbour discovery message: what is read is within what the RFCs allow, and what we
//! write of it is sound and reads the same.

#![no_main]

use std::net::{IpAddr, Ipv6Addr};

use libfuzzer_sys::fuzz_target;
use vgw::addr::{Mac, Prefix};
use vgw::packet::arp::ArpMessage;
use vgw::packet::nd::{self, AdvertisementFlags, NdMessage, RouterAdvertisement};
use vgw::packet::{Packet, Stations};
use vgw_fuzz::{assert_sound, ip_of, repair};

const STATIONS: Stations = Stations { destination: Mac::BROADCAST, source: Mac([2, 0, 0, 0, 0, 1]) };

fn arp(frame: &[u8]) {
    let Some(message) = ArpMessage::parse(frame) else { return };
    let mut packet = Packet::new();
    message.write(&mut packet, STATIONS);
    assert_eq!(packet.length(), 42);
    assert_eq!(ArpMessage::parse(packet.frame()), Some(message));
    assert_eq!(packet.frame()[14..], frame[14..42], "an ARP message has one form");
}

fn neighbour_discovery(frame: &[u8]) {
    let Some(ip) = ip_of(frame) else { return };
    if !nd::is_neighbour_discovery(frame, &ip) {
        return;
    }
    let (IpAddr::V6(source), IpAddr::V6(destination)) = (ip.source, ip.destination) else {
        panic!("neighbour discovery of IPv4")
    };
    let packet = Packet::from_frame(frame);
    let Ok(message) = nd::parse(&packet, &ip) else { return };
    assert!(ip.hop_limit == 255 && ip.fragment.is_none());
    let is_mac = |mac: Option<Mac>| assert!(mac.is_none_or(Mac::is_station), "{mac:?}");
    let mut ours = Packet::new();
    match message {
        NdMessage::Solicitation { target, source_mac } => {
            assert!(!target.is_multicast() && (source_mac.is_none() || !source.is_unspecified()));
            is_mac(source_mac);
            nd::write_solicitation(&mut ours, STATIONS, (target, nd::solicited_node(target)), target);
            let ip = assert_sound(&ours);
            let told = NdMessage::Solicitation { target, source_mac: Some(STATIONS.source) };
            if !target.is_unspecified() {
                assert_eq!(nd::parse(&ours, &ip), Ok(told));
            }
        }
        NdMessage::Advertisement { target, target_mac } => {
            assert!(!target.is_multicast());
            is_mac(target_mac);
            let flags = AdvertisementFlags {
                router: source.octets()[15] & 1 != 0,
                solicited: source.octets()[15] & 2 != 0,
                overriding: source.octets()[15] & 4 != 0,
            };
            nd::write_advertisement(&mut ours, STATIONS, (source, destination), target, flags);
            let ip = assert_sound(&ours);
            let told = NdMessage::Advertisement { target, target_mac: Some(STATIONS.source) };
            assert_eq!(nd::parse(&ours, &ip), Ok(told));
        }
        NdMessage::RouterSolicitation { source_mac } => {
            assert!(source_mac.is_none() || !source.is_unspecified());
            is_mac(source_mac);
            advertise(&mut ours, source, frame);
        }
        NdMessage::Router => {}
    }
}

/// A router advertisement whose contents are taken from the frame's end.
fn advertise(packet: &mut Packet, destination: Ipv6Addr, frame: &[u8]) {
    let mut tail = frame.iter().rev().copied().chain(std::iter::repeat(0));
    let mut byte = || tail.next().unwrap_or(0);
    let (flags, length, count) = (byte(), byte() % 129, usize::from(byte()));
    let address = Ipv6Addr::from(std::array::from_fn::<u8, 16, _>(|_| byte()));
    let network = Prefix::masked(address.into(), length.into()).expect("the length is in range").prefix;
    let advertisement = RouterAdvertisement {
        lifetime: u16::from_be_bytes([byte(), byte()]),
        mtu: u32::from_be_bytes([byte(), byte(), byte(), byte()]),
        network: (flags & 1 != 0).then_some(network),
        is_autonomous: flags & 2 != 0,
        dns: vec![address; count],
    };
    nd::write_router_advertisement(packet, STATIONS, (address, destination), &advertisement);
    let ip = assert_sound(packet);
    assert_eq!(nd::parse(packet, &ip), Ok(NdMessage::Router));
    // Options fill the message to its end.
    let mut options = &packet.frame()[ip.transport + 16..];
    while let [_, words, ..] = *options
        && words > 0
    {
        options = &options[usize::from(words) * 8..];
    }
    assert_eq!(options, [0; 0]);
}

fuzz_target!(|input: &[u8]| {
    let Some((&repairs, frame)) = input.split_first() else { return };
    if frame.len() > 2000 {
        return;
    }
    let mut frame = frame.to_vec();
    if repairs & 1 != 0 {
        repair(&mut frame);
    }
    arp(&frame);
    neighbour_discovery(&frame);
});
