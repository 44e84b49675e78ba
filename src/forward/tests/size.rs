//! Packets larger than the next link.

use etherparse::NetHeaders;

use super::net::guest;
use super::*;
use crate::addr::{InstanceId, PortId};
use crate::forward::{DropReason, Limits, Verdict};
use crate::packet::sample::{Sample, verified};
use crate::packet::{Checksum, Offload, Packet, SegmentKind, Segmentation, checksum};

fn net_with_mtu(mtu: u32) -> Net {
    let mut net = Net::new().with_guest_known();
    net.forwarder
        .set_port(crate::forward::PortConfig { mtu, ..guest(GUEST, InstanceId(0), &["10.1.0.5/32", "fd00:1::5/128"]) });
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
    let ip = crate::packet::sample::parsed(&complete);
    let mut packet = Packet::from_frame(&complete);
    let pseudo = checksum::pseudo_header(ip.source, ip.destination, 17, 1009).folded();
    packet.frame_mut()[40..42].copy_from_slice(&pseudo.to_be_bytes());
    packet.offload.checksum = Checksum::Partial { start: 34, offset: 6 };
    assert_eq!(net.receive_packet(HOST, &mut packet), Verdict::Taken);
    assert_eq!(data_of(&net.emissions()), complete[34..]);
}

#[test]
fn a_fragmented_packet_settles_by_its_last_fragment() {
    let mut net = net_with_mtu(1400);
    assert_eq!(net.verdict(HOST, &fragmentable("10.1.0.5").udp(&[0; 4000])), Verdict::Taken);
    while let Some(emission) = net.forwarder.take_emission() {
        net.forwarder.undelivered(emission.origin, DropReason::FullRing);
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
fn super_packets_must_fit_segment_by_segment() {
    let send = |dont_fragment: bool, size: u16| {
        let mut net = net_with_mtu(1400);
        let mut packet = Packet::from_frame(&Sample { dont_fragment, ..from_host("10.1.0.5") }.tcp(&[0; 30_000]));
        packet.offload = Offload {
            checksum: Checksum::Partial { start: 34, offset: 16 },
            segmentation: Some(Segmentation { kind: SegmentKind::TcpV4, size, header_length: 54, ecn: false }),
        };
        let verdict = net.receive_packet(HOST, &mut packet);
        if let Verdict::Reject(_) = verdict {
            assert_eq!(packet.offload, Offload::default(), "an error is no super-packet");
            verified(packet.frame());
            assert_eq!(packet.frame()[34..42], [3, 4, packet.frame()[36], packet.frame()[37], 0, 0, 0x05, 0x78]);
        }
        verdict
    };
    assert_eq!(send(true, 1360), Verdict::Forward(GUEST));
    assert_eq!(send(true, 1361), Verdict::Reject(DropReason::PktTooBig));
    assert_eq!(send(false, 1360), Verdict::Forward(GUEST));
    assert_eq!(send(false, 1361), Verdict::Reject(DropReason::GsoTooBig));
}
