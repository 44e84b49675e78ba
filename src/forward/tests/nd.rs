//! Neighbour discovery.

use std::net::Ipv6Addr;

use super::*;
use crate::addr::Mac;
use crate::forward::{DropReason, Verdict};
use crate::packet::nd::{self, AdvertisementFlags, solicited_node};
use crate::packet::sample::{STATION, Sample, parsed, verified};
use crate::packet::{Packet, Stations};

const LINK_LOCAL: &str = "fe80::200:5eff:fe00:100";

fn address(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// A solicitation to the target's group; from `::` without a MAC.
fn solicitation(mac: Mac, source: &str, target: &str) -> Vec<u8> {
    let group = solicited_node(address(target));
    let stations = Stations { destination: Mac::of_ipv6_multicast(group), source: mac };
    if source == "::" {
        let sample = Sample { hop_limit: 255, stations, ..Sample::new(source, &group.to_string()) };
        return sample.icmp(135, 0, [0; 4], &address(target).octets());
    }
    let mut packet = Packet::new();
    nd::write_solicitation(&mut packet, stations, (address(source), group), address(target));
    packet.frame().to_vec()
}

fn advertisement(mac: Mac, source: &str, target: &str) -> Vec<u8> {
    let mut packet = Packet::new();
    let stations = Stations { destination: Mac::GATEWAY, source: mac };
    let flags = AdvertisementFlags { router: false, solicited: true, overriding: true };
    nd::write_advertisement(&mut packet, stations, (address(source), address(LINK_LOCAL)), address(target), flags);
    packet.frame().to_vec()
}

/// Flags of an advertisement: router, solicited, override.
fn flags(frame: &[u8]) -> u8 {
    assert_eq!(frame[54], 136);
    frame[58] >> 5
}

#[test]
fn guests_get_answers_for_what_is_routed_elsewhere() {
    for (target, expected) in
        [("fd00:1::1", 0b111), (LINK_LOCAL, 0b111), ("fd00:1::6", 0b010), ("fd00:99::1", 0b010), ("fd00:1::77", 0b010)]
    {
        for source in ["fd00:1::5", "fe80::5"] {
            let (verdict, reply) = Net::new().receive(GUEST, &solicitation(STATION, source, target));
            assert_eq!(verdict, Verdict::Answer, "{target}");
            verified(&reply);
            let ip = parsed(&reply);
            assert_eq!((ip.destination, ip.hop_limit), (address(source).into(), 255));
            assert_eq!(Stations::read(&reply), Stations { destination: STATION, source: Mac::GATEWAY });
            assert_eq!(reply[62..78], address(target).octets());
            assert_eq!(reply[80..86], Mac::GATEWAY.0);
            assert_eq!(flags(&reply), expected, "{target}");
        }
    }
    for target in ["fd66::1", "fd67::1", "fd00:1::5", "fe80::77", "::1"] {
        let verdict = Net::new().verdict(GUEST, &solicitation(STATION, "fd00:1::5", target));
        assert_eq!(verdict, Verdict::Drop(DropReason::Ipv6NdiscNsOtherhost), "{target}");
    }
    let behind = Net::new().verdict(OTHER, &solicitation(OTHER_MAC, "fd00:1::6", "fd06::7"));
    assert_eq!(behind, Verdict::Drop(DropReason::Ipv6NdiscNsOtherhost), "the guest's own network");
}

#[test]
fn a_search_for_duplicates_is_answered_for_our_addresses_only() {
    for target in ["fd00:1::1", LINK_LOCAL] {
        let (verdict, reply) = Net::new().receive(GUEST, &solicitation(STATION, "::", target));
        assert_eq!(verdict, Verdict::Answer);
        verified(&reply);
        assert_eq!(parsed(&reply).destination, address("ff02::1"));
        assert_eq!(Stations::read(&reply).destination, Mac([0x33, 0x33, 0, 0, 0, 1]));
        assert_eq!(flags(&reply), 0b101, "not solicited");
    }
    for target in ["fd00:1::5", "fd00:1::6", "fe80::5"] {
        let verdict = Net::new().verdict(GUEST, &solicitation(STATION, "::", target));
        assert_eq!(verdict, Verdict::Drop(DropReason::Ipv6NdiscNsOtherhost), "{target}");
    }
    let own = Net::new().verdict(HOST, &solicitation(TAP, "::", LINK_LOCAL));
    assert_eq!(own, Verdict::Drop(DropReason::Ipv6NdiscNsOtherhost), "the host may have this address itself");
}

#[test]
fn the_host_gets_an_answer_for_everything_on_the_net() {
    let mut net = Net::new();
    for target in ["fd00:1::5", "fd00:1::77", "fd67::1"] {
        let (verdict, reply) = net.receive(HOST, &solicitation(TAP, "fe80::aa", target));
        assert_eq!(verdict, Verdict::Answer, "{target}");
        verified(&reply);
        assert_eq!(parsed(&reply).source, address(target));
        assert_eq!(Stations::read(&reply), Stations { destination: TAP, source: Mac::GATEWAY });
    }
    let verdict = net.verdict(HOST, &solicitation(TAP, "fe80::aa", "fe80::bb"));
    assert_eq!(verdict, Verdict::Drop(DropReason::Ipv6NdiscNsOtherhost));
    assert_eq!(net.forwarder.neighbours(HOST).count(), 0);
}

#[test]
fn senders_must_be_who_they_say() {
    let mut net = Net::new();
    for source in ["fd00:1::6", "fd00:1::1", LINK_LOCAL, "fd00:99::1"] {
        let verdict = net.verdict(GUEST, &solicitation(STATION, source, "fd00:1::1"));
        assert_eq!(verdict, Verdict::Drop(DropReason::Ipv6NdiscSpoofed), "{source}");
    }
    for target in ["fd00:1::6", "fd00:1::1", LINK_LOCAL] {
        let verdict = net.verdict(GUEST, &advertisement(STATION, "fd00:1::5", target));
        assert_eq!(verdict, Verdict::Drop(DropReason::Ipv6NdiscSpoofed), "{target}");
    }
    let mut lie = solicitation(STATION, "fd00:1::5", "fd00:1::1");
    lie[6..12].copy_from_slice(&OTHER_MAC.0);
    assert_eq!(net.verdict(GUEST, &lie), Verdict::Drop(DropReason::Ipv6NdiscSpoofed));
    let mut lie = advertisement(STATION, "fd00:1::5", "fd00:1::5");
    lie[6..12].copy_from_slice(&OTHER_MAC.0);
    assert_eq!(net.verdict(GUEST, &lie), Verdict::Drop(DropReason::Ipv6NdiscSpoofed));
    assert_eq!(net.forwarder.neighbours(GUEST).count(), 0);
}

#[test]
fn solicitations_and_advertisements_are_learned_from() {
    for frame in [solicitation(STATION, "fd00:1::5", "fd00:1::1"), advertisement(STATION, "fe80::5", "fd00:1::5")] {
        let mut net = Net::new();
        assert!(matches!(net.verdict(GUEST, &frame), Verdict::Answer | Verdict::Consumed));
        assert_eq!(net.verdict(HOST, &from_host("fd00:1::5").udp(b"")), Verdict::Forward(GUEST));
        assert_eq!(net.forwarder.take_learned().map(|learned| learned.mac), Some(STATION));
    }
}

#[test]
fn the_rest_is_named() {
    let sample = Sample { hop_limit: 255, ..from_guest("ff02::2") };
    for kind in [133, 134, 137] {
        let frame = sample.icmp(kind, 0, [0; 4], if kind == 133 { &[] } else { &[0; 20] });
        assert_eq!(Net::new().verdict(GUEST, &frame), Verdict::Drop(DropReason::Ipv6NdiscRouter), "{kind}");
    }
    let target = address("fd00:1::1").octets();
    let near = Sample { hop_limit: 255, ..from_guest("fd00:1::1") };
    let far = Sample { hop_limit: 64, ..from_guest("fd00:99::1") };
    for (frame, reason) in [
        (far.icmp(135, 0, [0; 4], &target), DropReason::Ipv6NdiscHopLimit),
        (near.icmp(135, 1, [0; 4], &target), DropReason::Ipv6NdiscBadCode),
        (near.icmp(135, 0, [0; 4], &target[..8]), DropReason::Ipv6NdiscBadOptions),
        (near.raw(58, &[135, 0, 1, 1, 0, 0, 0, 0]), DropReason::IcmpCsum),
        (near.raw(44, &[&[58, 0, 0, 1, 0, 0, 0, 1, 135, 0][..], &[0; 22]].concat()), DropReason::Ipv6NdiscFrag),
    ] {
        assert_eq!(Net::new().verdict(GUEST, &frame), Verdict::Drop(reason));
    }
}

mod routers {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::net::guest;
    use super::*;
    use crate::addr::{InstanceId, PortId};
    use crate::forward::{Forwarder, Limits, PortConfig};
    use crate::packet::nd::RouterAdvertisement;

    fn told() -> Arc<RouterAdvertisement> {
        let network = Some("fd00:1::/64".parse().unwrap());
        Arc::new(RouterAdvertisement {
            lifetime: nd::ROUTER_LIFETIME,
            mtu: 1400,
            network,
            is_autonomous: false,
            dns: vec![],
        })
    }

    fn config(id: PortId) -> PortConfig {
        PortConfig { advertisement: Some(told()), ..guest(id, InstanceId(0), &["10.1.0.5/32", "fd00:1::5/128"]) }
    }

    /// [`GUEST`] is told of its router.
    fn net() -> Net {
        let mut net = Net::new();
        net.forwarder.set_port(config(GUEST));
        net
    }

    fn solicitation(from: &str, mac: Option<Mac>) -> Vec<u8> {
        let mut sample = Sample { hop_limit: 255, ..Sample::new(from, "ff02::2") };
        sample.stations.destination = Mac([0x33, 0x33, 0, 0, 0, 2]);
        let option = mac.map(|mac| [&[1, 1][..], &mac.0].concat()).unwrap_or_default();
        sample.icmp(133, 0, [0; 4], &option)
    }

    #[test]
    fn solicitations_are_answered_where_that_is_wanted() {
        for (from, mac, to) in
            [("fe80::5", Some(STATION), "fe80::5"), ("fd00:1::5", None, "fd00:1::5"), ("::", None, "ff02::1")]
        {
            let mut net = net();
            let (verdict, reply) = net.receive(GUEST, &solicitation(from, mac));
            assert_eq!(verdict, Verdict::Answer, "{from}");
            verified(&reply);
            let ip = parsed(&reply);
            assert_eq!((ip.source, ip.destination), (address(LINK_LOCAL).into(), address(to).into()));
            assert_eq!((reply[54], ip.hop_limit), (134, 255));
            let all_nodes = Mac([0x33, 0x33, 0, 0, 0, 1]);
            let mac = if from == "::" { all_nodes } else { STATION };
            assert_eq!(Stations::read(&reply), Stations { destination: mac, source: Mac::GATEWAY });
            assert!(!net.forwarder.has_emissions(), "only by the port that asked");
        }
        for port in [OTHER, FOREIGN] {
            let mut frame = solicitation("fe80::5", None);
            let source = if port == OTHER { OTHER_MAC } else { STATION };
            frame[6..12].copy_from_slice(&source.0);
            assert_eq!(net().verdict(port, &frame), Verdict::Drop(DropReason::Ipv6NdiscRouter));
        }
    }

    #[test]
    fn solicitors_must_be_who_they_say() {
        for (from, mac) in [("fd00:1::6", None), (LINK_LOCAL, None), ("fe80::5", Some(OTHER_MAC))] {
            let verdict = net().verdict(GUEST, &solicitation(from, mac));
            assert_eq!(verdict, Verdict::Drop(DropReason::Ipv6NdiscSpoofed), "{from}");
        }
        let advertisement = Sample { hop_limit: 255, ..from_guest("ff02::1") }.icmp(134, 0, [0; 4], &[0; 8]);
        assert_eq!(net().verdict(GUEST, &advertisement), Verdict::Drop(DropReason::Ipv6NdiscRouter));
    }

    #[test]
    fn guests_are_told_unasked_at_once_and_again_and_again() {
        let mut net = Net::new();
        net.forwarder = Forwarder::new(Limits::default()).announcing();
        let count = |net: &mut Net| {
            let frames = net.emissions();
            assert!(frames.iter().all(|(port, frame)| *port == GUEST && frame[54] == 134));
            frames.len()
        };
        net.forwarder.set_port(config(GUEST));
        net.forwarder.set_port(guest(OTHER, InstanceId(0), &["10.1.0.6/32"]));
        net.pass(Duration::from_secs(1));
        assert_eq!(count(&mut net), 1);
        net.pass(Duration::from_secs(598));
        assert_eq!(count(&mut net), 0);
        net.pass(Duration::from_secs(1201));
        assert_eq!(count(&mut net), 3);
        net.forwarder.set_port(config(GUEST));
        net.pass(Duration::from_secs(1));
        assert_eq!(count(&mut net), 1, "a change is told");
        net.forwarder.set_port(guest(GUEST, InstanceId(0), &["fd00:1::5/128"]));
        let [(_, last)] = net.emissions().try_into().unwrap();
        assert_eq!(last[60..62], [0, 0], "the router is taken back");
        net.pass(Duration::from_secs(2000));
        assert_eq!((count(&mut net), net.forwarder.next_deadline()), (0, None));
        net.forwarder.take_leave(GUEST);
        assert_eq!(count(&mut net), 0, "there is nothing to take back");
    }

    #[test]
    fn many_guests_are_told_in_turns() {
        let mut net = Net::with(Limits::default());
        net.forwarder = Forwarder::new(Limits { emissions: 3, ..Limits::default() }).announcing();
        (10..20).for_each(|id| net.forwarder.set_port(config(PortId(id))));
        let mut told = Vec::new();
        for _ in 0..4 {
            net.forwarder.tick(net.now);
            told.extend(net.emissions().into_iter().map(|(port, _)| port.0));
        }
        assert_eq!(told, (10..20).collect::<Vec<_>>());
    }

    #[test]
    fn one_forwarder_of_several_speaks_unasked() {
        let mut net = net();
        net.pass(Duration::from_secs(5000));
        assert_eq!((net.emissions().len(), net.forwarder.next_deadline()), (0, None));
    }
}
