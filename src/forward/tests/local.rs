//! Packets for our own addresses.

use super::*;
use crate::addr::Mac;
use crate::forward::{DropReason, Verdict};
use crate::packet::sample::{Sample, parsed, verified};
use crate::packet::{Checksum, Packet};

const LINK_LOCAL: &str = "fe80::200:5eff:fe00:100";

#[test]
fn echo_is_answered() {
    for (port, sample) in [
        (GUEST, from_guest("10.1.0.1")),
        (GUEST, from_guest("fd00:1::1")),
        (GUEST, from_guest(LINK_LOCAL)),
        (GUEST, Sample::new("fe80::5", LINK_LOCAL)),
        (GUEST, Sample::new("fe80::5", "fd00:1::1")),
        (HOST, from_host("10.1.0.1")),
        (HOST, from_host("fd00:1::1")),
        (GUEST, Sample { hop_limit: 1, ..from_guest("10.1.0.1") }),
    ] {
        let mut net = Net::new();
        let (verdict, reply) = net.receive(port, &sample.echo(b"are you there"));
        assert_eq!(verdict, Verdict::Answer, "{sample:?}");
        let (ethernet, _, transport, payload) = verified(&reply);
        assert_eq!((ethernet.destination, ethernet.source), (sample.stations.source.0, Mac::GATEWAY.0));
        let ip = parsed(&reply);
        assert_eq!((ip.source, ip.destination), (sample.to, sample.from));
        assert_eq!(payload, b"are you there");
        assert!(transport.is_some());
        let counters = net.forwarder.counters(port).unwrap();
        assert_eq!((counters.answered, counters.transmitted), (1, 1));
    }
}

#[test]
fn our_link_local_address_is_good_on_guest_ports_only() {
    let sample = Sample { stations: from_host("::2").stations, ..Sample::new("fe80::5", LINK_LOCAL) };
    let verdict = Net::new().verdict(HOST, &sample.echo(b""));
    assert!(matches!(verdict, Verdict::Drop(_) | Verdict::Reject(_)), "{verdict:?}");
}

#[test]
fn damaged_and_fragmented_messages_are_not_answered() {
    let mut net = Net::new();
    let mut damaged = from_guest("10.1.0.1").echo(b"data");
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(net.verdict(GUEST, &damaged), Verdict::Drop(DropReason::IcmpCsum));
    let mut packet = Packet::from_frame(&damaged);
    packet.offload.checksum = Checksum::Unnecessary;
    assert_eq!(
        net.receive_packet(GUEST, &mut packet),
        Verdict::Drop(DropReason::IcmpCsum),
        "a guest vouches for nothing"
    );
    let fragment = from_guest("fd00:1::1").raw(44, &[&[58, 0, 0, 1, 0, 0, 0, 1][..], &[0; 16]].concat());
    assert_eq!(net.verdict(GUEST, &fragment), Verdict::Drop(DropReason::IpLocalFragment));
    assert_eq!(net.verdict(GUEST, &from_guest("10.1.0.1").echo(&[0; 1473])), Verdict::Drop(DropReason::PktTooBig));
    assert_eq!(net.verdict(GUEST, &from_guest("10.1.0.1").echo(&[0; 1472])), Verdict::Answer);
}

#[test]
fn answers_and_errors_to_us_are_taken_in() {
    let mut net = Net::new();
    for (to, kinds) in [("10.1.0.1", &[0, 3, 11, 13, 200]), ("fd00:1::1", &[129, 1, 3, 4, 200])] {
        for kind in kinds {
            assert_eq!(net.verdict(GUEST, &from_guest(to).icmp(*kind, 0, [0; 4], &[0; 28])), Verdict::Consumed);
        }
    }
    assert_eq!(net.forwarder.counters(GUEST).unwrap().answered, 10);
}

#[test]
fn other_protocols_are_refused() {
    use DropReason::{IpNoproto, NoSocket};
    let (v4, v6) = (from_guest("10.1.0.1"), from_guest("fd00:1::1"));
    for (frame, reason, at, kind, code) in [
        (v4.tcp(b""), NoSocket, 34, 3, 3),
        (v6.tcp(b""), NoSocket, 54, 1, 4),
        (v4.raw(47, &[0; 8]), IpNoproto, 34, 3, 2),
        (v4.raw(58, &[128, 0, 0, 0, 0, 0, 0, 0]), IpNoproto, 34, 3, 2),
        (v6.raw(47, &[0; 8]), IpNoproto, 54, 4, 1),
        (v6.raw(1, &[8, 0, 0, 0, 0, 0, 0, 0]), IpNoproto, 54, 4, 1),
    ] {
        let (verdict, reply) = Net::new().receive(GUEST, &frame);
        assert_eq!(verdict, Verdict::Reject(reason));
        verified(&reply);
        assert_eq!((reply[at], reply[at + 1]), (kind, code));
    }
}
