use super::*;
use crate::packet::sample::{STATION, Sample, parsed, verified};

const TARGET: &str = "fd00:1::9";

fn sample() -> Sample {
    Sample { hop_limit: 255, ..Sample::new("fd00:1::5", TARGET) }
}

fn target() -> Ipv6Addr {
    TARGET.parse().unwrap()
}

fn message(kind: u8, target: Ipv6Addr, options: &[u8]) -> Vec<u8> {
    sample().icmp(kind, 0, [0; 4], &[&target.octets(), options].concat())
}

fn read(frame: &[u8]) -> Result<NdMessage, NdError> {
    let ip = parsed(frame);
    assert!(is_neighbour_discovery(frame, &ip));
    parse(&Packet::from_frame(frame), &ip)
}

fn mac_option_bytes(kind: u8) -> Vec<u8> {
    [&[kind, 1][..], &STATION.0].concat()
}

#[test]
fn messages_are_read() {
    let source_mac = Some(STATION);
    assert_eq!(
        read(&message(135, target(), &mac_option_bytes(1))),
        Ok(NdMessage::Solicitation { target: target(), source_mac })
    );
    assert_eq!(read(&message(135, target(), &[])), Ok(NdMessage::Solicitation { target: target(), source_mac: None }));
    let nonce_first = [&[14, 1, 0, 0, 0, 0, 0, 0][..], &mac_option_bytes(2)].concat();
    assert_eq!(
        read(&message(136, target(), &nonce_first)),
        Ok(NdMessage::Advertisement { target: target(), target_mac: Some(STATION) })
    );
    for kind in [134, 137] {
        assert_eq!(read(&message(kind, target(), &[])), Ok(NdMessage::Router));
    }
    let solicitation = |options: &[u8]| read(&sample().icmp(133, 0, [0; 4], options));
    assert_eq!(solicitation(&[]), Ok(NdMessage::RouterSolicitation { source_mac: None }));
    assert_eq!(solicitation(&mac_option_bytes(1)), Ok(NdMessage::RouterSolicitation { source_mac }));
    assert_eq!(solicitation(&[1, 0, 0, 0, 0, 0, 0, 0]), Err(NdError::Malformed));
    let nobody = Sample { hop_limit: 255, ..Sample::new("::", "ff02::2") };
    assert_eq!(read(&nobody.icmp(133, 0, [0; 4], &mac_option_bytes(1))), Err(NdError::Malformed));
    assert_eq!(read(&sample().raw(58, &[133, 0, 0, 0])), Err(NdError::Checksum));
}

#[test]
fn faults_are_named() {
    let mut far = message(135, target(), &[]);
    far[21] = 254;
    assert_eq!(read(&far), Err(NdError::HopLimit));
    let code = sample().icmp(135, 1, [0; 4], &target().octets());
    assert_eq!(read(&code), Err(NdError::Code));
    let mut damaged = message(135, target(), &[]);
    damaged[77] ^= 1;
    assert_eq!(read(&damaged), Err(NdError::Checksum));
    for options in [&[1, 0, 0, 0, 0, 0, 0, 0][..], &[1, 2, 0, 0, 0, 0, 0, 0], &[1], &[1, 1, 2]] {
        assert_eq!(read(&message(135, target(), options)), Err(NdError::Malformed), "{options:?}");
    }
    assert_eq!(read(&message(135, "ff02::1".parse().unwrap(), &[])), Err(NdError::Malformed));
    assert_eq!(read(&sample().icmp(135, 0, [0; 4], &[0; 15])), Err(NdError::Malformed));
    let fragment = {
        let body = message(135, target(), &[]).split_off(54);
        sample().raw(44, &[&[58, 0, 0, 1, 0, 0, 0, 1][..], &body].concat())
    };
    assert_eq!(read(&fragment), Err(NdError::Fragmented));
}

#[test]
fn a_search_for_duplicates_has_its_own_rules() {
    let probe = |to: &str, options: &[u8]| {
        let sample = Sample { hop_limit: 255, ..Sample::new("::", to) };
        read(&sample.icmp(135, 0, [0; 4], &[&target().octets(), options].concat()))
    };
    let group = solicited_node(target()).to_string();
    assert_eq!(group, "ff02::1:ff00:9");
    assert_eq!(probe(&group, &[]), Ok(NdMessage::Solicitation { target: target(), source_mac: None }));
    assert_eq!(probe(&group, &mac_option_bytes(1)), Err(NdError::Malformed));
    assert_eq!(probe(TARGET, &[]), Err(NdError::Malformed));
}

#[test]
fn what_is_written_can_be_read() {
    let stations = Stations { destination: STATION, source: Mac::GATEWAY };
    let (from, to) = ("fe80::1".parse().unwrap(), "fd00:1::5".parse().unwrap());
    let mut packet = Packet::new();
    write_solicitation(&mut packet, stations, (from, to), target());
    verified(packet.frame());
    let source_mac = Some(Mac::GATEWAY);
    assert_eq!(read(packet.frame()), Ok(NdMessage::Solicitation { target: target(), source_mac }));
    let flags = AdvertisementFlags { router: true, solicited: false, overriding: true };
    write_advertisement(&mut packet, stations, (from, to), target(), flags);
    verified(packet.frame());
    assert_eq!(packet.frame()[58], 0b1010_0000);
    assert_eq!(read(packet.frame()), Ok(NdMessage::Advertisement { target: target(), target_mac: Some(Mac::GATEWAY) }));
}

#[test]
fn a_router_advertisement_says_what_the_guest_needs() {
    let stations = Stations { destination: STATION, source: Mac::GATEWAY };
    let ends = ("fe80::1".parse().unwrap(), "fe80::5".parse().unwrap());
    let mut packet = Packet::from_frame(&[0xff; 300]);
    let full = RouterAdvertisement {
        lifetime: ROUTER_LIFETIME,
        mtu: 1400,
        network: Some("fd00:1::/64".parse().unwrap()),
        is_autonomous: false,
        dns: vec!["fd00::53".parse().unwrap(), "fd00::54".parse().unwrap()],
    };
    write_router_advertisement(&mut packet, stations, ends, &full);
    verified(packet.frame());
    assert_eq!(read(packet.frame()), Ok(NdMessage::Router));
    let address = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets();
    let message = &packet.frame()[54..];
    assert_eq!(message[4..16], [64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0], "neither DHCPv6 flag, half an hour");
    assert_eq!(message[16..24], [&[1, 1][..], &Mac::GATEWAY.0].concat());
    assert_eq!(message[24..32], [5, 1, 0, 0, 0, 0, 5, 120]);
    assert_eq!(message[32..48], [3, 4, 64, 0x80, 0, 0, 21, 24, 0, 0, 10, 140, 0, 0, 0, 0], "on the link, no more");
    assert_eq!(message[48..64], address("fd00:1::"));
    assert_eq!(message[64..72], [25, 5, 0, 0, 0, 0, 7, 8]);
    assert_eq!(message[72..], [address("fd00::53"), address("fd00::54")].concat());

    let autonomous = RouterAdvertisement { is_autonomous: true, ..full.clone() };
    write_router_advertisement(&mut packet, stations, ends, &autonomous);
    verified(packet.frame());
    assert_eq!(packet.frame()[54 + 35], 0xc0);

    let bare = RouterAdvertisement { mtu: 1279, network: None, dns: vec![], ..full };
    write_router_advertisement(&mut packet, stations, ends, &bare);
    verified(packet.frame());
    assert_eq!(packet.length(), 54 + 24, "an MTU that IPv6 does not have is not told");
}
