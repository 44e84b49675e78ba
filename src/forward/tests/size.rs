//! Packets larger than the next link.

use etherparse::NetHeaders;

use super::net::guest;
use super::*;
use crate::addr::{InstanceId, Mac, PortId};
use crate::forward::{DropReason, Limits, PortConfig, Verdict};
use crate::packet::sample::{STATION, Sample, left_open, parsed, super_packet, verified};
use crate::packet::{Offload, Packet, Segments, Stations, SuperPackets, rewrite};

fn net_with_mtu(mtu: u32) -> Net {
    let mut net = Net::new().with_guest_known();
    net.forwarder.set_port(PortConfig { mtu, ..guest(GUEST, InstanceId(0), &["10.1.0.5/32", "fd00:1::5/128"]) });
    net
}

fn fragmentable(to: &str) -> Sample {
    Sample { dont_fragment: false, ..from_host(to) }
}

#[test]
fn senders_learn_the_mtu() {
    let mut net = net_with_mtu(1400);
    let (verdict, reply) = net.receive(HOST, &from_host("10.1.0.5").udp(&[0; 1373]));
    assert_eq!(verdict, Verdict::Reject(DropReason::PktTooBig));
    verified(&reply);
    assert_eq!((&reply[34..36], &reply[38..42]), (&[3, 4][..], &[0, 0, 0x05, 0x78][..]));
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(&[0; 1372])), Verdict::Forward(GUEST));

    let (verdict, reply) = net.receive(HOST, &from_host("fd00:1::5").udp(&[0; 1353]));
    assert_eq!(verdict, Verdict::Reject(DropReason::PktTooBig));
    verified(&reply);
    assert_eq!((&reply[54..56], &reply[58..62]), (&[2, 0][..], &[0, 0, 0x05, 0x78][..]));
    assert_eq!(net.verdict(HOST, &from_host("fd00:1::5").udp(&[0; 1352])), Verdict::Forward(GUEST));
}

fn data_of(fragments: &[(PortId, Vec<u8>)]) -> Vec<u8> {
    let mut data = Vec::new();
    for (port, frame) in fragments {
        assert_eq!(*port, GUEST);
        let (_, net, _, _) = verified(frame);
        let NetHeaders::Ipv4(header, _) = net else { panic!() };
        assert_eq!((header.time_to_live, usize::from(header.fragment_offset.value()) * 8), (63, data.len()));
        data.extend(&frame[34..]);
    }
    data
}

#[test]
fn a_packet_that_allows_it_is_fragmented() {
    let mut net = net_with_mtu(1400);
    let payload: Vec<_> = (0..4000u32).map(|i| i.to_be_bytes()[3]).collect();
    let frame = fragmentable("10.1.0.5").udp(&payload);
    assert_eq!(net.verdict(HOST, &frame), Verdict::Taken);
    let mut fragments = Vec::new();
    while let Some(emission) = net.forwarder.take_emission() {
        assert_eq!(net.forwarder.counters(HOST).unwrap().held, 1, "until the last is out");
        net.forwarder.sent(emission.origin, emission.port, emission.packet.length());
        fragments.push((emission.port, emission.packet.frame().to_vec()));
    }
    assert_eq!(fragments.len(), 3);
    assert_eq!(data_of(&fragments), frame[34..]);
    let (from, to) = (net.forwarder.counters(HOST).unwrap(), net.forwarder.counters(GUEST).unwrap());
    assert_eq!((from.received, from.sent, from.held, to.transmitted), (1, 1, 0, 3), "one packet, three frames");
}

#[test]
fn an_open_checksum_is_completed_before_the_cut() {
    let mut net = net_with_mtu(576);
    let complete = fragmentable("10.1.0.5").udp(&[7; 1001]);
    assert_eq!(net.receive_packet(HOST, &mut left_open(&complete)), Verdict::Taken);
    assert_eq!(data_of(&net.emissions()), complete[34..]);
}

#[test]
fn a_fragmented_packet_settles_by_its_last_fragment() {
    let mut net = net_with_mtu(1400);
    assert_eq!(net.verdict(HOST, &fragmentable("10.1.0.5").udp(&[0; 4000])), Verdict::Taken);
    while let Some(emission) = net.forwarder.take_emission() {
        net.forwarder.undelivered(emission.origin, DropReason::FullRing, &emission.packet);
        net.check_accounts();
    }
    let counters = net.forwarder.counters(HOST).unwrap();
    assert_eq!((counters.held, counters.dropped(DropReason::FullRing)), (0, 1));
}

#[test]
fn fragments_are_bounded() {
    let mut net = Net::with(Limits { emissions: 4, ..Limits::default() }).with_guest_known();
    for (bytes, verdict) in [
        (6000, Verdict::Drop(DropReason::FragQueuefull)),
        (4000, Verdict::Taken),
        (4000, Verdict::Drop(DropReason::FragQueuefull)),
    ] {
        assert_eq!(net.verdict(HOST, &fragmentable("10.1.0.5").udp(&vec![0; bytes])), verdict);
    }
    assert_eq!(net.emissions().len(), 3);
    assert_eq!(
        net_with_mtu(27).verdict(HOST, &fragmentable("10.1.0.5").udp(b"")),
        Verdict::Drop(DropReason::PktTooBig)
    );
}

#[test]
fn super_packets_are_measured_by_their_segments() {
    for (to, headers) in [("10.1.0.5", 40), ("fd00:1::5", 60)] {
        let mut net = net_with_mtu(1400);
        let frame = from_host(to).tcp(&[0; 30_000]);
        let mut packet = super_packet(&frame, 1400 - headers);
        assert_eq!(net.receive_packet(HOST, &mut packet), Verdict::Forward(GUEST));
        assert_eq!(packet.length(), frame.len(), "whole");
        let mut packet = super_packet(&frame, 1401 - headers);
        assert_eq!(net.receive_packet(HOST, &mut packet), Verdict::Reject(DropReason::PktTooBig));
        assert_eq!(packet.offload, Offload::default(), "an error is no super-packet");
        verified(packet.frame());
    }
}

/// What the segments of a super-packet to [`OTHER`] must be: those of the packet as it leaves.
fn segments_of(super_packet: &Packet) -> Vec<Vec<u8>> {
    let mut edited = super_packet.frame().to_vec();
    let ip = parsed(&edited);
    Stations { destination: OTHER_MAC, source: Mac::GATEWAY }.write(&mut edited);
    rewrite::decrement_hop_limit(&mut edited, &ip);
    let mut packet = Packet::from_frame(&edited);
    packet.offload = super_packet.offload;
    let mut segments = Segments::new(&packet, &parsed(&edited)).unwrap();
    let mut segment = Packet::new();
    std::iter::from_fn(|| segments.write_next(&mut segment).then(|| segment.frame().to_vec())).collect()
}

#[test]
fn a_device_that_takes_no_super_packets_gets_segments() {
    for to in ["10.1.0.6", "fd00:1::6"] {
        for frame in [from_guest(to).tcp(&[5; 4000]), from_guest(to).udp(&[6; 4000])] {
            let mut net = Net::new();
            let mut packet = super_packet(&frame, 1000);
            let expected = segments_of(&packet);
            assert_eq!(net.receive_packet(GUEST, &mut packet), Verdict::Taken);
            let emissions = net.emissions();
            assert!(emissions.iter().all(|(port, _)| *port == OTHER));
            let frames: Vec<_> = emissions.into_iter().map(|(_, frame)| frame).collect();
            assert_eq!(frames, expected);
            frames.iter().for_each(|frame| drop(verified(frame)));
            let (from, to) = (net.forwarder.counters(GUEST).unwrap(), net.forwarder.counters(OTHER).unwrap());
            assert_eq!((from.received, from.sent, from.held, to.transmitted), (1, 1, 0, 4), "one packet, four frames");
        }
    }
}

#[test]
fn segments_that_allow_it_are_fragmented() {
    let mut net = net_with_mtu(1400);
    let mut packet = super_packet(&fragmentable("10.1.0.5").udp(&[7; 5000]), 2000);
    assert_eq!(net.receive_packet(HOST, &mut packet), Verdict::Taken);
    let frames = net.emissions();
    // Each of the first two datagrams in two, the last, which fits, whole.
    let shape = |(_, frame): &(PortId, Vec<u8>)| (frame[19], frame[20] & 0x20 != 0, frame.len() - 34);
    assert_eq!(
        frames.iter().map(shape).collect::<Vec<_>>(),
        [(0x34, true, 1376), (0x34, false, 632), (0x35, true, 1376), (0x35, false, 632), (0x36, false, 1008)]
    );
    assert_eq!(net.forwarder.counters(HOST).unwrap().sent, 1);
    let mut small = Net::with(Limits { emissions: 5, ..Limits::default() }).with_guest_known();
    small.forwarder.set_port(PortConfig { mtu: 1400, ..guest(GUEST, InstanceId(0), &["10.1.0.5/32"]) });
    let mut packet = super_packet(&fragmentable("10.1.0.5").udp(&[7; 5000]), 2000);
    assert_eq!(small.receive_packet(HOST, &mut packet), Verdict::Drop(DropReason::FragQueuefull), "three times two");
    let mut packet = super_packet(&fragmentable("10.1.0.5").udp(&[7; 4000]), 2000);
    assert_eq!(small.receive_packet(HOST, &mut packet), Verdict::Taken);
    assert_eq!(small.emissions().len(), 4);
}

#[test]
fn a_packet_of_segments_settles_by_the_last_and_is_bounded() {
    let mut net = Net::with(Limits { emissions: 4, ..Limits::default() });
    let frame = from_guest("10.1.0.6").udp(&[7; 4001]);
    assert_eq!(net.receive_packet(GUEST, &mut super_packet(&frame, 1000)), Verdict::Drop(DropReason::FragQueuefull));
    assert_eq!(net.receive_packet(GUEST, &mut super_packet(&frame, 1)), Verdict::Drop(DropReason::FragQueuefull));
    assert_eq!(net.receive_packet(GUEST, &mut super_packet(&frame, 1001)), Verdict::Taken);
    while let Some(emission) = net.forwarder.take_emission() {
        assert_eq!(net.forwarder.counters(GUEST).unwrap().held, 1, "until the last is out");
        net.forwarder.undelivered(emission.origin, DropReason::FullRing, &emission.packet);
        net.check_accounts();
    }
    let counters = net.forwarder.counters(GUEST).unwrap();
    assert_eq!((counters.held, counters.dropped(DropReason::FullRing)), (0, 1));
}

#[test]
fn a_super_packet_that_waited_is_cut_when_its_neighbour_is_known() {
    let mut net = Net::new();
    let super_packets = SuperPackets { tcp: false, udp: true };
    net.forwarder.set_port(PortConfig { super_packets, ..guest(GUEST, InstanceId(0), &["10.1.0.5/32"]) });
    assert_eq!(
        net.receive_packet(HOST, &mut super_packet(&from_host("10.1.0.5").tcp(&[1; 3000]), 1000)),
        Verdict::Taken
    );
    assert_eq!(net.emissions().len(), 1, "the question");
    net.forwarder.learn(GUEST, "10.1.0.5".parse().unwrap(), STATION, net.now);
    assert_eq!(net.emissions().len(), 3);
    let mut whole = super_packet(&from_host("10.1.0.5").udp(&[1; 3000]), 1000);
    assert_eq!(net.receive_packet(HOST, &mut whole), Verdict::Forward(GUEST), "of the other kind");
}
