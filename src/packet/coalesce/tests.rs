use proptest::prelude::*;

use super::*;
use crate::packet::rewrite::complete_checksum;
use crate::packet::sample::{Sample, left_open, parsed, super_packet, verified};
use crate::packet::{Offload, Segments};

const FAMILIES: [(&str, &str); 2] = [("10.1.0.5", "10.2.0.9"), ("fd00:1::5", "fd00:2::9")];

/// A packet as the worker has it.
struct Departing(Packet);

impl AsMut<Packet> for Departing {
    fn as_mut(&mut self) -> &mut Packet {
        &mut self.0
    }
}

/// What packets become that leave by these ports.
fn coalesced_by(packets: impl IntoIterator<Item = (u32, Packet)>) -> Vec<Packet> {
    let (mut coalescer, mut departing) = (Coalescer::default(), Vec::new());
    for (egress, packet) in packets {
        if coalescer.join(&mut departing, PortId(egress), &packet).is_none() {
            departing.push(Departing(packet));
        }
    }
    coalescer.finish(&mut departing);
    departing.into_iter().map(|Departing(packet)| packet).collect()
}

fn coalesced(packets: impl IntoIterator<Item = Packet>) -> Vec<Packet> {
    coalesced_by(packets.into_iter().map(|packet| (0, packet)))
}

/// The payloads of the datagrams that a packet will become, all of which must be sound.
fn payloads(packet: &Packet) -> Vec<Vec<u8>> {
    let ip = parsed(packet.frame());
    let mut datagram = Packet::new();
    let Some(mut segments) = Segments::new(packet, &ip) else {
        datagram.set_frame(packet.frame());
        datagram.offload = packet.offload;
        complete_checksum(&mut datagram, &ip);
        return vec![verified(datagram.frame()).3];
    };
    let mut payloads = Vec::new();
    while segments.write_next(&mut datagram) {
        payloads.push(verified(datagram.frame()).3);
    }
    payloads
}

#[test]
fn equal_datagrams_become_one_super_packet() {
    for (from, to) in FAMILIES {
        let sample = Sample::new(from, to);
        let sent = [b"first", b"again", b"third"].map(|payload| left_open(&sample.udp(payload)));
        let out = coalesced(sent);
        let [packet] = &out[..] else { panic!("{out:?}") };
        // As if it had been sent so: the headers of one long datagram with an open checksum.
        let expected = left_open(&sample.udp(b"firstagainthird"));
        assert_eq!(packet.frame(), expected.frame());
        let header_length = u16::try_from(parsed(packet.frame()).transport + UDP_HEADER).unwrap();
        let segmentation = Some(Segmentation { kind: SegmentKind::Udp, size: 5, header_length, ecn: false });
        assert_eq!(packet.offload, Offload { segmentation, ..expected.offload });
        assert!(packet.offload.fits(&parsed(packet.frame()), packet.frame()));
    }
}

#[test]
fn a_shorter_datagram_is_the_last_of_its_super_packet() {
    let sample = Sample::new("10.1.0.5", "10.2.0.9");
    let out = coalesced([b"four".as_slice(), b"four", b"2b", b"2b", b"four"].map(|p| left_open(&sample.udp(p))));
    let lengths: Vec<Vec<usize>> = out.iter().map(|packet| payloads(packet).iter().map(Vec::len).collect()).collect();
    assert_eq!(lengths, [vec![4, 4, 2], vec![2], vec![4]]);
}

#[test]
fn flows_that_take_turns_are_joined_each() {
    let (one, two) = (Sample::new("10.1.0.5", "10.2.0.9"), Sample::new("10.1.0.6", "10.2.0.9"));
    let out = coalesced([&one, &two, &one, &two].map(|sample| left_open(&sample.udp(b"data"))));
    assert_eq!(out.iter().map(|packet| payloads(packet).len()).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn what_differs_stays_apart() {
    let sample = Sample::new("10.1.0.5", "10.2.0.9");
    let plain = || left_open(&sample.udp(b"data"));
    let edited = |edit: &dyn Fn(&mut Packet)| {
        let mut packet = plain();
        edit(&mut packet);
        if packet.length() > ETHERNET_HEADER + IPV4 {
            write_checksum(&mut packet.frame_mut()[ETHERNET_HEADER..ETHERNET_HEADER + IPV4]);
        }
        packet
    };
    let byte = |at: usize, value: u8| edited(&move |packet| packet.frame_mut()[at] = value);
    let others = [
        ("station", byte(0, 0x0a)),
        ("traffic class", byte(15, 0x2e << 2)),
        ("may be fragmented", byte(20, 0)),
        ("time to live", byte(22, 63)),
        ("protocol", byte(23, protocol::TCP)),
        ("source", byte(29, 9)),
        ("port", byte(35, 1)),
        ("length of the datagram", byte(39, 11)),
        ("closed checksum", edited(&|packet| packet.offload.checksum = Checksum::None)),
        ("verified checksum", edited(&|packet| packet.offload.checksum = Checksum::Unnecessary)),
        ("sum elsewhere", edited(&|packet| packet.offload.checksum = Checksum::Partial { start: 34, offset: 4 })),
        ("more than the datagram", edited(&|packet| packet.set_length(60))),
        ("cut", edited(&|packet| packet.set_length(30))),
        ("tiny", edited(&|packet| packet.set_length(3))),
        ("empty", left_open(&sample.udp(b""))),
    ];
    for (what, other) in others {
        assert_eq!(coalesced([plain(), other]).len(), 2, "{what}");
    }
    let mut faulty = plain();
    faulty.fault = Some(crate::packet::ReceiveError::Short);
    assert_eq!(coalesced([plain(), faulty]).len(), 2, "fault");
    assert_eq!(coalesced_by([(1, plain()), (2, plain()), (1, plain())]).len(), 2, "port");
    assert_eq!(coalesced([plain(), plain()]).len(), 1);
    let tcp = || left_open(&sample.tcp(b"data"));
    assert_eq!(coalesced([plain(), tcp(), plain()]).len(), 2, "TCP is another flow");
    let empty = || left_open(&sample.udp(b""));
    assert_eq!(coalesced([plain(), empty(), plain()]).len(), 3, "nothing overtakes a packet of its flow");
}

#[test]
fn a_super_packet_has_at_most_64_datagrams_and_65535_bytes() {
    let sample = Sample::new("10.1.0.5", "10.2.0.9");
    let count = |payload: &[u8], sent: usize| {
        let out = coalesced((0..sent).map(|_| left_open(&sample.udp(payload))));
        out.iter().map(|packet| payloads(packet).len()).collect::<Vec<_>>()
    };
    assert_eq!(count(b"data", 130), [64, 64, 2]);
    assert_eq!(count(&[7; 1400], 64), [46, 18]);
}

/// What a sender may do with a datagram of some flow.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Plain,
    /// With a complete checksum.
    Closed,
    /// Under another class of service.
    Marked,
    /// It may be fragmented.
    Fragmentable,
    /// Two of them in a super-packet.
    Double,
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Plain),
        1 => Just(Kind::Closed),
        1 => Just(Kind::Marked),
        1 => Just(Kind::Fragmentable),
        1 => Just(Kind::Double),
    ]
}

/// A datagram as a guest hands it over.
fn sent_as(kind: Kind, mut sample: Sample, payload: &[u8]) -> Packet {
    sample.dont_fragment = !matches!(kind, Kind::Fragmentable);
    match kind {
        Kind::Plain | Kind::Fragmentable => left_open(&sample.udp(payload)),
        Kind::Closed => Packet::from_frame(&sample.udp(payload)),
        Kind::Double => super_packet(&sample.udp(&[payload, payload].concat()), u16::try_from(payload.len()).unwrap()),
        Kind::Marked => {
            let mut packet = left_open(&sample.udp(payload));
            let frame = packet.frame_mut();
            frame[15] |= 0x20;
            if sample.from.is_ipv4() {
                write_checksum(&mut frame[ETHERNET_HEADER..ETHERNET_HEADER + IPV4]);
            }
            packet
        }
    }
}

proptest! {
    /// Nothing is lost, doubled or changed, and each flow keeps its order.
    #[test]
    fn every_datagram_arrives_in_order(
        sent in proptest::collection::vec((0u8..12, 1usize..5, any::<bool>(), any_kind()), 1..80),
    ) {
        let mut flows = vec![Vec::new(); 24];
        let packets = sent.iter().zip(0u32..).map(|(&(flow, words, v6, kind), serial)| {
            let (from, to) = [(format!("10.1.0.{flow}"), "10.2.0.9"), (format!("fd00:1::{flow:x}"), "fd00:2::9")]
                [usize::from(v6)].clone();
            let payload: Vec<u8> = std::iter::repeat_n(serial.to_be_bytes(), words).flatten().collect();
            let sent = &mut flows[usize::from(flow) + 12 * usize::from(v6)];
            sent.extend(vec![payload.clone(); if matches!(kind, Kind::Double) { 2 } else { 1 }]);
            sent_as(kind, Sample::new(&from, to), &payload)
        });
        let out = coalesced(packets.collect::<Vec<_>>());
        let mut arrived = vec![Vec::new(); 24];
        for packet in &out {
            let is_v6 = packet.frame()[12] == 0x86;
            let flow = packet.frame()[if is_v6 { 37 } else { 29 }];
            arrived[usize::from(flow) + 12 * usize::from(is_v6)].extend(payloads(packet));
        }
        prop_assert_eq!(arrived, flows);
    }
}
