//! Packets that go nowhere: one reason each, and whether the sender is told.

use std::net::IpAddr;

use super::net::restationed;
use super::*;
use crate::addr::{InstanceId, Mac, PortId};
use crate::forward::{DropReason, Limits, Rate, Verdict};
use crate::packet::sample::{STATION, Sample, verified};
use crate::packet::{Checksum, OffloadError, Packet, ReceiveError};
use etherparse::NetHeaders;

fn v4() -> Vec<u8> {
    from_guest("20.0.0.9").udp(b"data")
}

fn with_type(ether_type: u16) -> Vec<u8> {
    let mut frame = v4();
    frame[12..14].copy_from_slice(&ether_type.to_be_bytes());
    frame
}

#[test]
fn frames_that_are_not_for_us() {
    let group = Mac([1, 0, 0x5e, 0, 0, 1]);
    let stranger = Mac([2, 9, 9, 9, 9, 9]);
    for (frame, reason) in [
        (vec![], DropReason::PktTooSmall),
        (v4()[..13].to_vec(), DropReason::PktTooSmall),
        (v4()[..33].to_vec(), DropReason::PktTooSmall),
        (v4()[..45].to_vec(), DropReason::PktTooSmall),
        (restationed(v4(), Mac::ZERO, Mac::GATEWAY), DropReason::MacInvalidSource),
        (restationed(v4(), group, Mac::GATEWAY), DropReason::MacInvalidSource),
        (restationed(v4(), Mac::BROADCAST, Mac::GATEWAY), DropReason::MacInvalidSource),
        (restationed(v4(), Mac::GATEWAY, Mac::GATEWAY), DropReason::MacSpoofed),
        (restationed(v4(), STATION, stranger), DropReason::Otherhost),
        (restationed(v4(), STATION, group), DropReason::UnicastInL2Multicast),
        (restationed(v4(), STATION, Mac::BROADCAST), DropReason::UnicastInL2Multicast),
        (with_type(0x8100), DropReason::VlanTagged),
        (with_type(0x88a8), DropReason::VlanTagged),
        (with_type(0x88cc), DropReason::UnhandledProto),
        (with_type(38), DropReason::UnhandledProto),
        (with_type(0x8035), DropReason::UnhandledProto),
    ] {
        assert_eq!(Net::new().verdict(GUEST, &frame), Verdict::Drop(reason), "{frame:02x?}");
    }
    let spoofed = restationed(Sample::new("10.1.0.6", "20.0.0.9").udp(b""), STATION, Mac::GATEWAY);
    assert_eq!(Net::new().verdict(OTHER, &spoofed), Verdict::Drop(DropReason::MacSpoofed));
    assert_eq!(Net::new().verdict(PortId(77), &v4()), Verdict::Drop(DropReason::DevReady));
}

#[test]
fn bad_headers() {
    let edited = |at: usize, value: u8| {
        let mut frame = v4();
        frame[at] = value;
        frame
    };
    for (frame, reason) in [
        (edited(14, 0x55), DropReason::IpInhdr),
        (edited(14, 0x44), DropReason::IpInhdr),
        (edited(24, 0xff), DropReason::IpCsum),
        (Sample { options: vec![131, 3, 4, 0], ..from_guest("20.0.0.9") }.udp(b""), DropReason::IpSourceRoute),
        (Sample { options: vec![7, 9, 4, 0], ..from_guest("20.0.0.9") }.udp(b""), DropReason::IpInhdr),
        (from_guest("fd00:99::1").raw(43, &[17, 0, 0, 1, 0, 0, 0, 0]), DropReason::IpSourceRoute),
        (from_guest("fd00:99::1").raw(60, &[17, 5, 0, 0, 0, 0, 0, 0]), DropReason::Ipv6BadExthdr),
        (from_guest("20.0.0.9").raw(6, &[0; 19]), DropReason::PktTooSmall),
    ] {
        assert_eq!(Net::new().verdict(GUEST, &frame), Verdict::Drop(reason), "{frame:02x?}");
    }
}

#[test]
fn martians() {
    use DropReason::*;
    let host = |from: &str, to: &str| Sample { stations: from_host(to).stations, ..Sample::new(from, to) };
    for (from, to, reason) in [
        ("0.0.0.0", "10.1.0.5", IpInvalidSource),
        ("0.1.2.3", "10.1.0.5", IpInvalidSource),
        ("127.0.0.1", "10.1.0.5", IpLocalnet),
        ("224.0.0.1", "10.1.0.5", IpInvalidSource),
        ("240.0.0.1", "10.1.0.5", IpInvalidSource),
        ("255.255.255.255", "10.1.0.5", IpInvalidSource),
        ("20.0.0.9", "0.0.0.0", IpInvalidDest),
        ("20.0.0.9", "127.0.0.1", IpLocalnet),
        ("20.0.0.9", "240.0.0.1", IpInvalidDest),
        ("20.0.0.9", "224.0.0.251", IpMulticast),
        ("0.0.0.0", "255.255.255.255", IpMulticast),
        ("10.1.0.5", "10.1.0.5", IpLand),
        ("169.254.1.1", "10.1.0.5", IpLinkLocal),
        ("20.0.0.9", "169.254.169.254", RouteHostLoop),
        ("::", "fd00:1::5", IpInvalidSource),
        ("::1", "fd00:1::5", IpLocalnet),
        ("::ffff:10.0.0.1", "fd00:1::5", IpInvalidSource),
        ("ff02::1", "fd00:1::5", IpInvalidSource),
        ("fd00:99::1", "::", IpInvalidDest),
        ("fd00:99::1", "::1", IpLocalnet),
        ("fd00:99::1", "::ffff:10.1.0.5", IpInvalidDest),
        ("fd00:99::1", "ff02::fb", IpMulticast),
        ("::", "ff02::16", IpMulticast),
        ("fd00:1::5", "fd00:1::5", IpLand),
        ("fe80::1", "fd00:1::5", IpLinkLocal),
    ] {
        let mut net = Net::new().with_guest_known();
        let verdict = net.verdict(HOST, &host(from, to).udp(b""));
        assert!(matches!(verdict, Verdict::Drop(r) | Verdict::Reject(r) if r == reason), "{from} {to}: {verdict:?}");
    }
    for (to, reason) in [("169.254.169.254", IpLinkLocal), ("fe80::7", IpLinkLocal)] {
        assert_eq!(Net::new().verdict(GUEST, &from_guest(to).udp(b"")), Verdict::Drop(reason));
    }
}

#[test]
fn sources_that_are_not_the_guests() {
    for (from, to) in [
        ("10.1.0.6", "20.0.0.9"),
        ("10.1.0.1", "20.0.0.9"),
        ("20.0.0.9", "10.1.0.1"),
        ("fd00:1::6", "fd00:99::1"),
        ("fd00:1::1", "fd00:99::1"),
        ("fe80::5", "fd00:99::1"),
        ("fe80::5", "fd00:1::1"),
    ] {
        let mut net = Net::new();
        let verdict = net.verdict(GUEST, &Sample::new(from, to).udp(b""));
        assert_eq!(verdict, Verdict::Drop(DropReason::IpRpfilter), "{from} {to}");
        assert_eq!(net.forwarder.neighbours(GUEST).count(), 0, "nothing is learned from it");
    }
    let mut net = Net::new();
    net.forwarder.set_port(super::net::guest(GUEST, InstanceId(0), &["10.1.0.0/24"]));
    let verdict = net.verdict(GUEST, &Sample::new("10.1.0.1", "20.0.0.9").udp(b""));
    assert_eq!(verdict, Verdict::Drop(DropReason::IpRpfilter), "our own address in the guest's network");
    let unroutable = Sample::new("169.254.7.7", "10.1.0.1").raw(58, &[0; 8]);
    assert_eq!(net.verdict(GUEST, &unroutable), Verdict::Drop(DropReason::IpRpfilter), "ICMPv6 is for IPv6");
    let other = restationed(Sample::new("10.6.7.8", "20.0.0.9").udp(b""), OTHER_MAC, Mac::GATEWAY);
    assert_eq!(Net::new().verdict(OTHER, &other), Verdict::Forward(HOST), "a network behind the port");
}

/// Where a packet goes, and the ICMP type, code and source of what its sender is told.
#[test]
fn senders_are_told() {
    use DropReason::*;
    let expired = |to| Sample { hop_limit: 1, ..from_guest(to) };
    let dead = |to| Sample { hop_limit: 0, ..from_guest(to) };
    for (port, sample, reason, told) in [
        (GUEST, expired("20.0.0.9"), IpTtl, Some((11, 0, "10.1.0.1"))),
        (GUEST, dead("20.0.0.9"), IpTtl, Some((11, 0, "10.1.0.1"))),
        (GUEST, expired("fd00:99::1"), IpTtl, Some((3, 0, "fd00:1::1"))),
        (GUEST, from_guest("10.66.0.1"), RouteDiscard, None),
        (GUEST, from_guest("fd66::1"), RouteDiscard, None),
        (GUEST, from_guest("10.67.0.1"), RouteUnreachable, Some((3, 1, "10.1.0.1"))),
        (GUEST, from_guest("fd67::1"), RouteUnreachable, Some((1, 3, "fd00:1::1"))),
        (FOREIGN, from_guest("20.0.0.9"), IpInnoroutes, Some((3, 0, "10.1.0.1"))),
        (FOREIGN, from_guest("fd00:99::1"), IpInnoroutes, Some((1, 0, "fd00:1::1"))),
        (GUEST, from_guest("10.68.0.1"), RoutePort, None),
        (GUEST, from_guest("10.70.0.1"), RoutePort, None),
        (GUEST, from_guest("10.69.0.1"), RouteHairpin, None),
        (HOST, from_host("30.0.0.1"), RouteHostLoop, Some((3, 1, "10.1.0.1"))),
        (HOST, from_host("fd00:98::1"), RouteHostLoop, Some((1, 3, "fd00:1::1"))),
        (GUEST, from_guest("10.1.0.1"), NoSocket, Some((3, 3, "10.1.0.1"))),
        (GUEST, from_guest("fd00:1::1"), NoSocket, Some((1, 4, "fd00:1::1"))),
    ] {
        let mut net = Net::new();
        let frame = sample.udp(b"data");
        let (verdict, reply) = net.receive(port, &frame);
        let Some((kind, code, source)) = told else {
            assert_eq!(verdict, Verdict::Drop(reason), "{sample:?}");
            continue;
        };
        assert_eq!(verdict, Verdict::Reject(reason), "{sample:?}");
        let (ethernet, net_header, _, _) = verified(&reply);
        assert_eq!((ethernet.destination, ethernet.source), (sample.stations.source.0, Mac::GATEWAY.0));
        let at = if sample.from.is_ipv4() { 34 } else { 54 };
        assert_eq!((reply[at], reply[at + 1]), (kind, code), "{sample:?}");
        assert_eq!(reply[at + 8..], frame[14..], "quoted as it came");
        let ends: (IpAddr, IpAddr) = match net_header {
            NetHeaders::Ipv4(header, _) => (header.source.into(), header.destination.into()),
            NetHeaders::Ipv6(header, _) => (header.source.into(), header.destination.into()),
            NetHeaders::Arp(_) => panic!(),
        };
        assert_eq!(ends, (source.parse().unwrap(), sample.from));
        assert_eq!(net.dropped(port, reason), 1);
    }
}

#[test]
fn an_instance_that_is_gone_has_no_routes() {
    let mut net = Net::new();
    net.forwarder.withdraw(InstanceId(0));
    assert_eq!(net.verdict(GUEST, &v4()), Verdict::Reject(DropReason::IpInnoroutes));
}

#[test]
fn errors_come_from_the_best_address_there_is() {
    let source = |own: &[&str], elsewhere: &[&str], to: &str| {
        let mut net = Net::new();
        for (port, mut config) in [
            (GUEST, super::net::guest(GUEST, InstanceId(0), &["10.1.0.5/32", "fd00:1::5/128"])),
            (OTHER, super::net::guest(OTHER, InstanceId(0), &["10.1.0.6/32"])),
        ] {
            let addresses = if port == GUEST { own } else { elsewhere };
            config.own_addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
            net.forwarder.set_port(config);
        }
        let sample = Sample { hop_limit: 1, ..from_guest(to) };
        let (verdict, reply) = net.receive(GUEST, &sample.udp(b""));
        assert_eq!(verdict, Verdict::Reject(DropReason::IpTtl));
        crate::packet::sample::parsed(&reply).source.to_string()
    };
    assert_eq!(source(&["fd00:1::1", "10.1.0.9"], &["10.1.0.2"], "20.0.0.9"), "10.1.0.9");
    assert_eq!(source(&["fd00:1::1"], &["10.1.0.2"], "20.0.0.9"), "10.1.0.2");
    assert_eq!(source(&[], &[], "20.0.0.9"), "192.0.0.8");
    assert_eq!(source(&["10.1.0.9"], &["fd00:1::2"], "fd00:99::1"), "fd00:1::2");
    assert_eq!(source(&[], &["fe80::1"], "fd00:99::1"), "fe80::200:5eff:fe00:100");
}

#[test]
fn a_port_that_goes_or_moves_away_lends_no_address() {
    let mut net = Net::new();
    let error_source = |net: &mut Net| {
        let (_, reply) = net.receive(HOST, &from_host("10.67.0.1").udp(b""));
        crate::packet::sample::parsed(&reply).source.to_string()
    };
    let mut other = super::net::guest(OTHER, InstanceId(0), &["10.1.0.6/32"]);
    other.own_addresses = vec!["10.1.0.2".parse().unwrap()];
    net.forwarder.set_port(other.clone());
    assert_eq!(error_source(&mut net), "10.1.0.1");
    net.forwarder.set_port(super::net::guest(GUEST, InstanceId(1), &["10.1.0.5/32"]));
    assert_eq!(error_source(&mut net), "10.1.0.2");
    net.forwarder.remove_port(OTHER);
    assert_eq!(error_source(&mut net), "192.0.0.8");
    net.forwarder.set_port(other);
    assert_eq!(error_source(&mut net), "10.1.0.2");
}

#[test]
fn a_gateway_without_an_ipv6_address_is_silent() {
    let mut net = Net::new();
    for (port, network) in [(GUEST, "10.1.0.5/32"), (OTHER, "10.1.0.6/32")] {
        let mut config = super::net::guest(port, InstanceId(0), &[network]);
        config.own_addresses.clear();
        net.forwarder.set_port(config);
    }
    let frame = from_host("fd67::1").udp(b"");
    assert_eq!(net.verdict(HOST, &frame), Verdict::Drop(DropReason::RouteUnreachable));
}

#[test]
fn errors_are_not_answered_by_errors() {
    let mut net = Net::new();
    for (sample, kind) in [(from_guest("10.67.0.1"), 3), (from_guest("10.67.0.1"), 11), (from_guest("fd67::1"), 1)] {
        let error = sample.icmp(kind, 0, [0; 4], &[0; 28]);
        assert_eq!(net.verdict(GUEST, &error), Verdict::Drop(DropReason::RouteUnreachable));
        assert_eq!(net.verdict(GUEST, &sample.echo(b"")), Verdict::Reject(DropReason::RouteUnreachable));
    }
}

#[test]
fn errors_are_bounded_for_a_port_and_in_all() {
    let refused = from_guest("10.67.0.1").udp(b"");
    let told =
        |net: &mut Net, port| (0..100).filter(|_| matches!(net.verdict(port, &refused), Verdict::Reject(_))).count();
    let mut net = Net::new();
    assert_eq!(told(&mut net, GUEST), 50);
    assert_eq!(net.dropped(GUEST, DropReason::RouteUnreachable), 100, "counted, told or not");
    net.pass(std::time::Duration::from_millis(100));
    assert_eq!(told(&mut net, GUEST), 10);

    let icmp_total = Rate { per_second: 10, burst: 20 };
    let mut net = Net::with(Limits { icmp_total, ..Limits::default() });
    assert_eq!(told(&mut net, GUEST), 20);
    let from_foreign = (0..10).filter(|_| matches!(net.verdict(FOREIGN, &v4()), Verdict::Reject(_))).count();
    assert_eq!(from_foreign, 0, "the total is used up");
}

#[test]
fn offload_headers_that_contradict_the_frame() {
    let mut net = Net::new();
    let mut packet = Packet::from_frame(&v4());
    packet.offload.checksum = Checksum::Partial { start: 14, offset: 10 };
    assert_eq!(net.receive_packet(GUEST, &mut packet), Verdict::Drop(DropReason::OffloadMismatch));
    let mut padded = v4();
    padded.resize(200, 0);
    let mut packet = Packet::from_frame(&padded);
    packet.offload.checksum = Checksum::Partial { start: 100, offset: 6 };
    assert_eq!(net.receive_packet(GUEST, &mut packet), Verdict::Drop(DropReason::OffloadMismatch), "in the padding");
    net.forwarder.malformed(GUEST, &packet, ReceiveError::Short);
    net.forwarder.malformed(GUEST, &packet, ReceiveError::Offload(OffloadError::Size));
    assert_eq!(net.dropped(GUEST, DropReason::DevHdr), 2);
    net.check_accounts();
}
