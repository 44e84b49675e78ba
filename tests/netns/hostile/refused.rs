//! Every class of packet that must go nowhere: dropped for exactly one reason, and seen by nobody.

use vgw::forward::DropReason::{self, *};

use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::site::{Guest, NET1, NET2, OUTSIDE, Site};
use crate::sniffer::Sniffer;
use crate::traffic::assert_ping;

use super::frames::{BEHIND_V4, BEHIND_V6, GATEWAY, Hand, MARK, edited, edited_header, tagged};
use super::raw::{Raw, mac};

/// So often each is sent.
const TIMES: i64 = 3;
/// What a guest's own IP stack says now and then that goes nowhere.
const CHATTER: [DropReason; 2] = [IpMulticast, Ipv6NdiscRouter];

const FAR4: [u8; 4] = [10, 1, 1, 253];
const FAR6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x53];
const OWN4: [u8; 4] = [192, 168, 1, 1];
const OWN6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const NOBODY6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x99];
const ALL_NODES: [u8; 16] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

type Class = (&'static str, Vec<u8>, DropReason);

fn ethernet(hand: Hand) -> Vec<Class> {
    let good = || hand.udp4(FAR4);
    vec![
        ("no source", edited(good(), 6, &[0; 6]), MacInvalidSource),
        ("a group as source", edited(good(), 6, &[1]), MacInvalidSource),
        ("our own MAC as source", edited(good(), 6, &GATEWAY), MacSpoofed),
        ("somebody else's MAC", edited(good(), 0, &[2, 9, 9, 9, 9, 9]), Otherhost),
        ("unicast in a multicast frame", edited(good(), 0, &[1, 0, 0x5e, 0, 0, 1]), UnicastInL2Multicast),
        ("unicast in a broadcast", edited(good(), 0, &[0xff; 6]), UnicastInL2Multicast),
        ("an 802.1Q tag", tagged(good(), &[0x81, 0, 0, 7]), VlanTagged),
        ("a priority tag", tagged(good(), &[0x81, 0, 0xe0, 0]), VlanTagged),
        ("an 802.1ad tag", tagged(good(), &[0x88, 0xa8, 0, 7]), VlanTagged),
        ("two tags", tagged(good(), &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8]), VlanTagged),
        ("three tags", tagged(good(), &[0x81, 0, 0, 7, 0x81, 0, 0, 8, 0x81, 0, 0, 9]), VlanTagged),
        ("LLDP", edited(good(), 12, &[0x88, 0xcc]), UnhandledProto),
        ("802.3 with a length, as STP has it", edited(good(), 12, &[0, 38]), UnhandledProto),
        ("RARP", edited(good(), 12, &[0x80, 0x35]), UnhandledProto),
        ("MPLS", edited(good(), 12, &[0x88, 0x47]), UnhandledProto),
        ("nothing behind the header", good()[..14].to_vec(), PktTooSmall),
    ]
}

fn ipv4(hand: Hand) -> Vec<Class> {
    let good = || hand.udp4(FAR4);
    let from = |source| hand.udp4_as(source, FAR4, 64);
    let to = |target| hand.udp4(target);
    vec![
        ("a header that ends early", good()[..33].to_vec(), PktTooSmall),
        ("version 6 in IPv4", edited_header(good(), 0, &[0x65]), IpInhdr),
        ("a header of 16 bytes", edited_header(good(), 0, &[0x44]), IpInhdr),
        ("a header longer than the packet", edited_header(good(), 0, &[0x4f]), IpInhdr),
        ("a length below the header's", edited_header(good(), 2, &[0, 19]), IpInhdr),
        ("a length beyond the frame", edited_header(good(), 2, &[4, 0]), PktTooSmall),
        ("a wrong checksum", edited(good(), 24, &[0x12, 0x34]), IpCsum),
        ("a transport header that ends early", edited_header(good(), 2, &[0, 25]), PktTooSmall),
        (
            "a first fragment without its transport header",
            { edited_header(edited_header(good(), 2, &[0, 24]), 6, &[0x20, 0]) },
            PktTooSmall,
        ),
        ("a loose source route", hand.options4(FAR4, &[131, 7, 4, 10, 1, 1, 1, 0]), IpSourceRoute),
        ("a strict source route", hand.options4(FAR4, &[137, 7, 4, 10, 1, 1, 1, 0]), IpSourceRoute),
        ("an option of length 0", hand.options4(FAR4, &[7, 0, 0, 0]), IpInhdr),
        ("an option of length 1", hand.options4(FAR4, &[7, 1, 0, 0]), IpInhdr),
        ("an option beyond the header", hand.options4(FAR4, &[7, 9, 4, 0]), IpInhdr),
        ("no source", from([0, 0, 0, 0]), IpInvalidSource),
        ("a multicast source", from([224, 0, 0, 1]), IpInvalidSource),
        ("a reserved source", from([240, 0, 0, 1]), IpInvalidSource),
        ("a broadcast source", from([255, 255, 255, 255]), IpInvalidSource),
        ("a loopback source", from([127, 0, 0, 1]), IpLocalnet),
        ("itself as source", hand.udp4_as(FAR4, FAR4, 64), IpLand),
        ("a link-local source", from([169, 254, 1, 1]), IpRpfilter),
        ("somebody else's source", from([172, 16, 0, 9]), IpRpfilter),
        ("the gateway's source", from(OWN4), IpRpfilter),
        ("to nobody", to([0, 0, 0, 0]), IpInvalidDest),
        ("to a reserved address", to([240, 0, 0, 1]), IpInvalidDest),
        ("to loopback", to([127, 0, 0, 1]), IpLocalnet),
        ("to a link-local address", to([169, 254, 169, 254]), IpLinkLocal),
        ("to a group", to([224, 0, 0, 251]), IpMulticast),
        ("a TTL of 0", hand.udp4_as(hand.v4, FAR4, 0), IpTtl),
        ("a TTL of 1", hand.udp4_as(hand.v4, FAR4, 1), IpTtl),
        ("to an address that nobody has", to([192, 168, 1, 77]), RouteUnreachable),
        ("to a service of the gateway's", to(OWN4), NoSocket),
    ]
}

fn ipv6(hand: Hand) -> Vec<Class> {
    let good = || hand.udp6(FAR6);
    let carrying = |next, payload: &[u8]| hand.ip6(FAR6, next, 64, payload);
    // A destination options header (8 bytes) that another one follows.
    let chain = |length: usize| [60, 0, 1, 4, 0, 0, 0, 0].repeat(length);
    let v4_mapped = |last: u8| {
        let mut address = [0; 16];
        address[10..].copy_from_slice(&[0xff, 0xff, 10, 1, 1, last]);
        address
    };
    let loopback = || {
        let mut address = [0; 16];
        address[15] = 1;
        address
    };
    vec![
        ("a header that ends early", good()[..50].to_vec(), PktTooSmall),
        ("version 4 in IPv6", edited(good(), 14, &[0x45]), IpInhdr),
        ("a payload beyond the frame", edited(good(), 18, &[4, 0]), PktTooSmall),
        ("a transport header that ends early", edited(good(), 18, &[0, 7]), PktTooSmall),
        ("a hundred extension headers", carrying(60, &chain(100)), Ipv6BadExthdr),
        ("an extension header that ends early", carrying(60, &[17, 9, 0, 0, 0, 0, 0, 0]), Ipv6BadExthdr),
        (
            "hop-by-hop options behind others",
            carrying(60, &[0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0]),
            Ipv6BadExthdr,
        ),
        ("a routing header of type 0", carrying(43, &[17, 0, 0, 1, 0, 0, 0, 0]), IpSourceRoute),
        ("a fragment header that ends early", carrying(44, &[17, 0, 0]), Ipv6BadExthdr),
        ("no source", hand.udp6_as([0; 16], FAR6, 64), IpInvalidSource),
        ("a multicast source", hand.udp6_as(ALL_NODES, FAR6, 64), IpInvalidSource),
        ("a loopback source", hand.udp6_as(loopback(), FAR6, 64), IpLocalnet),
        ("an IPv4 address as source", hand.udp6_as(v4_mapped(9), FAR6, 64), IpInvalidSource),
        ("to an IPv4 address", hand.udp6(v4_mapped(253)), IpInvalidDest),
        ("to loopback", hand.udp6(loopback()), IpLocalnet),
        ("to nobody", hand.udp6([0; 16]), IpInvalidDest),
        ("itself as source", hand.udp6_as(FAR6, FAR6, 64), IpLand),
        ("somebody else's source", hand.udp6_as(FAR6, OWN6, 64), IpRpfilter),
        ("to a group", hand.udp6(ALL_NODES), IpMulticast),
        ("a hop limit of 1", hand.udp6_as(hand.v6, FAR6, 1), IpTtl),
        ("to a service of the gateway's", hand.udp6(OWN6), NoSocket),
    ]
}

fn neighbours(hand: Hand) -> Vec<Class> {
    let own = (hand.mac, hand.v4);
    let request = || hand.arp(1, own, OWN4);
    let target = |address: [u8; 16]| [&[0; 4][..], &address].concat();
    let solicitation = |hops, code| hand.icmp6(OWN6, hops, 135, code, &target(OWN6));
    let fragmented = |frame: Vec<u8>| {
        let message = [&[58, 0, 0, 1, 0, 0, 0, 1], &frame[BEHIND_V6..]].concat();
        hand.ip6(OWN6, 44, 255, &message)
    };
    vec![
        ("ARP that ends early", request()[..40].to_vec(), ArpInvalid),
        ("ARP of another hardware", edited(request(), BEHIND_ETHERNET, &[0, 6]), ArpInvalid),
        ("ARP with a MAC of 8 bytes", edited(request(), BEHIND_ETHERNET + 4, &[8]), ArpInvalid),
        ("ARP with an unknown operation", hand.arp(9, own, OWN4), ArpInvalid),
        ("ARP in another's name", hand.arp(1, ([2, 9, 9, 9, 9, 9], hand.v4), OWN4), ArpSpoofed),
        ("ARP for another's address", hand.arp(1, (hand.mac, [192, 168, 1, 99]), OWN4), ArpSpoofed),
        ("ARP that claims the gateway's address", hand.arp(2, (hand.mac, OWN4), OWN4), ArpSpoofed),
        ("ARP for a stranger", hand.arp(1, own, [192, 168, 1, 99]), ArpOtherhost),
        ("a solicitation that crossed a router", solicitation(64, 0), Ipv6NdiscHopLimit),
        ("a solicitation with a code", solicitation(255, 7), Ipv6NdiscBadCode),
        ("a solicitation in fragments", fragmented(solicitation(255, 0)), Ipv6NdiscFrag),
        ("a solicitation that ends early", hand.icmp6(OWN6, 255, 135, 0, &[0; 8]), Ipv6NdiscBadOptions),
        (
            "a solicitation with an option of length 0",
            { hand.icmp6(OWN6, 255, 135, 0, &[&target(OWN6)[..], &[1, 0, 0, 0, 0, 0, 0, 0]].concat()) },
            Ipv6NdiscBadOptions,
        ),
        ("a solicitation for a stranger", hand.icmp6(OWN6, 255, 135, 0, &target(NOBODY6)), Ipv6NdiscNsOtherhost),
        ("an advertisement for the gateway", hand.icmp6(ALL_NODES, 255, 136, 0, &target(OWN6)), Ipv6NdiscSpoofed),
        ("a guest that plays the router", hand.icmp6(ALL_NODES, 255, 134, 0, &[0; 12]), Ipv6NdiscRouter),
        ("a wrong checksum", edited(solicitation(255, 0), BEHIND_V6 + 2, &[1, 2]), IcmpCsum),
    ]
}

const BEHIND_ETHERNET: usize = 14;

/// How often the port has dropped, by reason, without chatter.
fn dropped(daemon: &Daemon<'_>) -> std::collections::BTreeMap<String, i64> {
    let mut dropped = daemon.counters("tap0").dropped;
    dropped.retain(|reason, _| !CHATTER.iter().any(|chatter| chatter.name() == reason));
    dropped
}

#[test]
fn each_class_has_one_reason_and_reaches_nobody() {
    let (site, guest, other) = (Site::new(), Guest::new(10), Guest::new(11));
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + &other.port("tap1", NET2, "")));
    guest.settle();
    // Larger frames than the network has, as a guest may make them.
    guest.namespace.ip("link set eth0 mtu 9000");
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let v6: std::net::Ipv6Addr = guest.addresses()[1].parse().unwrap();
    let hand = Hand { mac: mac(&guest.namespace, "eth0"), v4: [192, 168, 1, 10], v6: v6.octets() };
    let raw = Raw::open(&guest.namespace, "eth0");
    let deaf = [&other.namespace, &site.outside].map(Sniffer::new);
    for (class, frame, reason) in [ethernet(hand), ipv4(hand), ipv6(hand), neighbours(hand)].concat() {
        let before = dropped(&daemon);
        let times = |name: &str| daemon.dropped("tap0", name);
        let already = times(reason.name());
        (0..TIMES).for_each(|_| raw.send(&frame));
        eventually(&format!("{class}: dropped as {}", reason.name()), || times(reason.name()) >= already + TIMES);
        let mut expected = before;
        if !CHATTER.contains(&reason) {
            *expected.entry(reason.name().to_owned()).or_default() += TIMES;
        }
        assert_eq!(dropped(&daemon), expected, "{class}");
    }
    daemon.assert_accounted();
    // What is told to its sender may quote it; nobody else has seen a byte.
    for sniffer in deaf {
        assert_eq!(sniffer.count(MARK), 0);
    }
    assert_ping(&guest.namespace, OUTSIDE[0]);
}

/// Odd, but not wrong: what must not be held against a guest.
#[test]
fn what_is_only_odd_passes() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let v6: std::net::Ipv6Addr = guest.addresses()[1].parse().unwrap();
    let hand = Hand { mac: mac(&guest.namespace, "eth0"), v4: [192, 168, 1, 10], v6: v6.octets() };
    let raw = Raw::open(&guest.namespace, "eth0");
    let outside = Sniffer::new(&site.outside);
    let padded = |mut frame: Vec<u8>| {
        frame.resize(frame.len() + 30, 0xee);
        frame
    };
    let later = |offset: u16| edited_header(hand.udp4(FAR4), 6, &offset.to_be_bytes());
    for (class, frame) in [
        ("padding behind the packet", padded(hand.udp4(FAR4))),
        ("padding behind an IPv6 packet", padded(hand.udp6(FAR6))),
        ("a TTL that is just enough", hand.udp4_as(hand.v4, FAR4, 3)),
        ("a record route option", hand.options4(FAR4, &[7, 7, 4, 0, 0, 0, 0, 1])),
        ("an unknown option", hand.options4(FAR4, &[0x9e, 4, 1, 2])),
        ("a first fragment", later(0x2000)),
        ("a later fragment", later(0x2001)),
        ("a last fragment that overlaps", later(0x0001)),
        ("an unknown protocol", edited_header(hand.udp4(FAR4), 9, &[253])),
        ("an atomic fragment", hand.ip6(FAR6, 44, 64, &[&[253, 0, 0, 0, 0, 0, 0, 9], MARK].concat())),
        ("an unknown next header", hand.ip6(FAR6, 253, 64, MARK)),
        ("a few extension headers", hand.ip6(FAR6, 60, 64, &[&[253, 0, 1, 4, 0, 0, 0, 0], MARK].concat())),
    ] {
        raw.send(&frame);
        let mut seen = 0;
        eventually(class, || {
            let came = outside.frames();
            // What is told about them to their sender quotes them.
            let own = |frame: &&Vec<u8>| frame[26..].starts_with(&hand.v4) || frame[22..].starts_with(&hand.v6);
            let marked = |frame: &&Vec<u8>| frame.windows(MARK.len()).any(|part| part == MARK);
            seen += came.iter().filter(|frame| frame.len() > BEHIND_V4).filter(own).filter(marked).count();
            seen > 0
        });
        assert_eq!(seen, 1, "{class}");
    }
    daemon.assert_accounted();
}
