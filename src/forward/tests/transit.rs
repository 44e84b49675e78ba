//! Packets that go through.

use std::collections::BTreeSet;

use super::net::{gateway, guest, instance};
use super::*;
use crate::addr::{InstanceId, Mac, PortId, Weight};
use crate::forward::{DropReason, Verdict};
use crate::packet::sample::{STATION, Sample, verified};
use crate::packet::{Checksum, Offload, Packet, SegmentKind, Segmentation, Stations};
use crate::routing::{Hop, NextHop};

/// What must come of a sample: the same with other stations and one hop less.
fn one_hop_on(sample: &Sample, stations: Stations) -> Sample {
    Sample { stations, hop_limit: sample.hop_limit - 1, ..sample.clone() }
}

#[test]
fn only_stations_hop_limit_and_checksum_change() {
    let to_host = Stations { destination: TAP, source: Mac::GATEWAY };
    let to_guest = Stations { destination: STATION, source: Mac::GATEWAY };
    let to_other = Stations { destination: OTHER_MAC, source: Mac::GATEWAY };
    for (ingress, sample, egress, stations) in [
        (GUEST, from_guest("20.0.0.9"), HOST, to_host),
        (GUEST, from_guest("fd00:99::1"), HOST, to_host),
        (HOST, from_host("10.1.0.5"), GUEST, to_guest),
        (HOST, from_host("fd00:1::5"), GUEST, to_guest),
        (GUEST, from_guest("10.1.0.6"), OTHER, to_other),
        (GUEST, from_guest("fd00:1::6"), OTHER, to_other),
    ] {
        let mut net = Net::new().with_guest_known();
        let after = one_hop_on(&sample, stations);
        let hop = [Sample { hop_limit: 2, ..sample.clone() }, Sample { hop_limit: 255, ..sample.clone() }];
        for (sent, expected) in
            [(sample.udp(b"data"), after.udp(b"data")), (sample.tcp(&[7; 1000]), after.tcp(&[7; 1000]))]
                .into_iter()
                .chain(hop.map(|sample| (sample.echo(b"ping"), one_hop_on(&sample, stations).echo(b"ping"))))
        {
            assert_eq!(net.receive(ingress, &sent), (Verdict::Forward(egress), expected.clone()), "{sample:?}");
            verified(&expected);
        }
        let (from, to) = (net.forwarder.counters(ingress).unwrap(), net.forwarder.counters(egress).unwrap());
        assert_eq!(from.sent, 4 + if ingress == GUEST { 2 } else { 0 });
        assert_eq!(to.transmitted, 4 + if egress == HOST { 2 } else { 0 });
    }
}

#[test]
fn padding_is_cut_off() {
    let mut net = Net::new();
    let mut frame = from_guest("20.0.0.9").udp(b"");
    let length = frame.len();
    frame.resize(60, 0xee);
    assert_eq!(net.receive(GUEST, &frame).1.len(), length);
    assert_eq!(net.forwarder.counters(GUEST).unwrap().received_bytes, 60);
    assert_eq!(net.forwarder.counters(HOST).unwrap().transmitted_bytes, length as u64);
}

#[test]
fn fragments_and_options_pass() {
    let mut net = Net::new();
    let mut sample = from_guest("20.0.0.9");
    sample.options = vec![7, 7, 4, 0, 0, 0, 0, 0];
    assert_eq!(net.verdict(GUEST, &sample.udp(b"")), Verdict::Forward(HOST));
    let fragment = |field: u16, data: &[u8]| {
        let mut fragment = from_guest("20.0.0.9").raw(17, data);
        fragment[20..22].copy_from_slice(&field.to_be_bytes());
        let checksum = crate::packet::checksum::Sum::default().bytes(&fragment[14..24]).bytes(&fragment[26..34]);
        fragment[24..26].copy_from_slice(&checksum.finish().to_be_bytes());
        fragment
    };
    for (field, data) in [(0x2000, &b"12345678"[..]), (0x2001, b"1234"), (0x0001, b"1234"), (0x1fff, b"1234")] {
        assert_eq!(net.verdict(GUEST, &fragment(field, data)), Verdict::Forward(HOST), "{field:#x}");
    }
    let without_transport = net.verdict(GUEST, &fragment(0x2000, b"1234"));
    assert_eq!(without_transport, Verdict::Drop(DropReason::PktTooSmall), "RFC 1858");
}

#[test]
fn super_packets_travel_whole_with_an_honest_header() {
    for (to, kind, start) in [("20.0.0.9", SegmentKind::TcpV4, 34), ("fd00:99::1", SegmentKind::TcpV6, 54)] {
        let mut net = Net::new();
        let frame = from_guest(to).tcp(&[7; 64_000]);
        let mut packet = Packet::from_frame(&frame);
        let checksum = Checksum::Partial { start, offset: 16 };
        let segmentation = Segmentation { kind, size: 1400, header_length: 0xffff, ecn: true };
        packet.offload = Offload { checksum, segmentation: Some(segmentation) };
        assert_eq!(net.receive_packet(GUEST, &mut packet), Verdict::Forward(HOST));
        let honest = Segmentation { header_length: start + 20, ..segmentation };
        assert_eq!(packet.offload, Offload { checksum, segmentation: Some(honest) });
        let stations = Stations { destination: TAP, source: Mac::GATEWAY };
        assert_eq!(packet.frame(), one_hop_on(&from_guest(to), stations).tcp(&[7; 64_000]));
    }
}

#[test]
fn the_word_of_the_host_is_passed_on_but_not_a_guests() {
    let mut net = Net::new().with_guest_known();
    for (ingress, sample, expected) in
        [(GUEST, from_guest("20.0.0.9"), Checksum::None), (HOST, from_host("10.1.0.5"), Checksum::Unnecessary)]
    {
        let mut packet = Packet::from_frame(&sample.udp(b""));
        packet.offload.checksum = Checksum::Unnecessary;
        assert!(matches!(net.receive_packet(ingress, &mut packet), Verdict::Forward(_)));
        assert_eq!(packet.offload.checksum, expected, "{ingress:?}");
    }
}

#[test]
fn flows_stay_on_one_of_several_hops() {
    let mut net = Net::new();
    let mut egresses = BTreeSet::new();
    for host in 1..=32 {
        let frame = from_guest(&format!("10.71.0.{host}")).udp(b"");
        let (Verdict::Forward(egress), _) = net.receive(GUEST, &frame) else { panic!() };
        assert_eq!(net.verdict(GUEST, &frame), Verdict::Forward(egress), "the same flow goes the same way");
        egresses.insert(egress);
        let back = Sample {
            stations: Stations { source: OTHER_MAC, ..from_guest("10.1.0.1").stations },
            ..Sample::new("10.1.0.6", "10.71.0.1")
        };
        assert_eq!(net.verdict(OTHER, &back.udp(b"")), Verdict::Forward(HOST), "never back to where it came from");
    }
    assert_eq!(egresses, BTreeSet::from([HOST, OTHER]));
}

#[test]
fn two_gateways_share_the_load() {
    let (red, second) = (InstanceId(0), PortId(4));
    let mut net = Net::new().with_guest_known();
    net.forwarder.set_port(gateway(second, red));
    let both = NextHop::group([HOST, second].map(|port| Hop { port, gateway: None, weight: Weight::ONE }));
    net.forwarder.publish(instance(red, &[("0.0.0.0/0", both), ("10.1.0.5/32", NextHop::port(GUEST))]));
    let mut used = BTreeSet::new();
    for host in 1..=32 {
        let (Verdict::Forward(egress), _) = net.receive(GUEST, &from_guest(&format!("20.0.0.{host}")).udp(b"")) else {
            panic!()
        };
        used.insert(egress);
    }
    assert_eq!(used, BTreeSet::from([HOST, second]));
    assert_eq!(net.verdict(second, &from_host("10.1.0.5").udp(b"")), Verdict::Forward(GUEST));
    let looped = net.verdict(second, &from_host("20.0.0.7").udp(b""));
    assert_eq!(looped, Verdict::Reject(DropReason::RouteHostLoop), "not by the other gateway either");
}

#[test]
fn a_change_of_a_port_keeps_its_counters_and_neighbours() {
    let mut net = Net::new().with_guest_known();
    let mut config = guest(GUEST, InstanceId(0), &["10.1.0.5/32", "10.1.0.7/32"]);
    config.mtu = 9000;
    net.forwarder.set_port(config);
    assert_eq!(net.forwarder.counters(GUEST).unwrap().received, 2);
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(&[0; 4000])), Verdict::Forward(GUEST));
    assert_eq!(net.verdict(GUEST, &Sample::new("10.1.0.7", "20.0.0.9").udp(b"")), Verdict::Forward(HOST));
}
