//! DHCP of guests.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::net::guest;
use super::*;
use crate::addr::{InstanceId, Mac, PortId};
use crate::forward::{DropReason, PortConfig, Verdict};
use crate::packet::dhcp::tests::{broadcast, lease, message, reading};
use crate::packet::dhcp::{CLIENT, SERVER};
use crate::packet::sample::{STATION, Sample, left_open, parsed};
use crate::packet::{Packet, Stations};

const DISCOVER: [u8; 3] = [53, 1, 1];
const REQUEST: [u8; 3] = [53, 1, 3];
const OFFER: u8 = 2;
const ACK: u8 = 5;
const NAK: u8 = 6;

/// [`GUEST`] has a server.
fn net() -> Net {
    let mut net = Net::new();
    let config = guest(GUEST, InstanceId(0), &["10.1.0.5/32", "fd00:1::5/128"]);
    net.forwarder.set_port(PortConfig { lease: Some(Arc::new(lease())), ..config });
    net
}

/// A client's message with an address in its `ciaddr`.
fn bound(address: [u8; 4], options: &[u8]) -> Vec<u8> {
    message(options, |fixed| fixed[12..16].copy_from_slice(&address))
}

/// The reply's kind.
fn kind(reply: &[u8]) -> u8 {
    let (_, options) = reading(reply);
    assert_eq!(options[0].0, 53);
    options[0].1[0]
}

fn answer(frame: &[u8]) -> Vec<u8> {
    let mut net = net();
    let (verdict, reply) = net.receive(GUEST, frame);
    assert_eq!(verdict, Verdict::Answer);
    let counters = net.forwarder.counters(GUEST).unwrap();
    assert_eq!((counters.received, counters.answered, counters.transmitted), (1, 1, 1));
    reply
}

fn verdict(frame: &[u8]) -> Verdict {
    net().verdict(GUEST, frame)
}

#[test]
fn a_guest_gets_its_address() {
    let offer = answer(&broadcast(&message(&DISCOVER, |_| {})));
    assert_eq!(kind(&offer), OFFER);
    assert_eq!(Stations::read(&offer), Stations { destination: STATION, source: Mac::GATEWAY });
    assert_eq!(parsed(&offer).destination, lease().address);
    let selecting = [&REQUEST[..], &[50, 4, 10, 1, 0, 5, 54, 4, 10, 1, 0, 1]].concat();
    assert_eq!(kind(&answer(&broadcast(&message(&selecting, |_| {})))), ACK);
    let rebooting = [&REQUEST[..], &[50, 4, 10, 1, 0, 5]].concat();
    assert_eq!(kind(&answer(&broadcast(&message(&rebooting, |_| {})))), ACK);
}

#[test]
fn a_guest_that_cannot_take_unicast_gets_broadcasts() {
    let reply = answer(&broadcast(&message(&DISCOVER, |fixed| fixed[10] = 0x80)));
    assert_eq!(Stations::read(&reply).destination, Mac::BROADCAST);
    assert_eq!(parsed(&reply).destination, std::net::Ipv4Addr::BROADCAST);
}

#[test]
fn another_address_is_refused() {
    for options in [&[50, 4, 10, 1, 0, 6][..], &[50, 4, 10, 1, 0, 6, 54, 4, 10, 1, 0, 1], &[]] {
        let reply = answer(&broadcast(&message(&[&REQUEST[..], options].concat(), |_| {})));
        assert_eq!(kind(&reply), NAK, "{options:?}");
        assert_eq!(Stations::read(&reply).destination, Mac::BROADCAST);
    }
    assert_eq!(kind(&answer(&broadcast(&bound([10, 1, 0, 6], &REQUEST)))), NAK);
}

#[test]
fn a_lease_is_renewed_with_us_only() {
    for to in ["10.1.0.1", "255.255.255.255"] {
        let mut sample = from_guest(to);
        if to.starts_with("255") {
            sample.stations.destination = Mac::BROADCAST;
        }
        let frame = sample.udp_between(CLIENT, SERVER, &bound([10, 1, 0, 5], &REQUEST));
        let reply = answer(&frame);
        assert_eq!((kind(&reply), parsed(&reply).destination), (ACK, lease().address.into()));
        let mut open = left_open(&frame);
        assert_eq!(net().receive_packet(GUEST, &mut open), Verdict::Answer, "the last one out computes the checksum");
        assert_eq!(kind(open.frame()), ACK);
    }
    for to in ["10.1.0.6", "20.0.0.9", "10.6.0.1"] {
        let frame = from_guest(to).udp_between(CLIENT, SERVER, &bound([10, 1, 0, 5], &REQUEST));
        assert_eq!(verdict(&frame), Verdict::Drop(DropReason::DhcpOtherhost), "{to}");
    }
}

#[test]
fn what_needs_no_answer_gets_none() {
    for options in [&[53, 1, 4][..], &[53, 1, 7], &[53, 1, 8], &[53, 1, 3, 54, 4, 10, 1, 0, 9, 50, 4, 10, 1, 0, 5]] {
        assert_eq!(verdict(&broadcast(&message(options, |_| {}))), Verdict::Consumed, "{options:?}");
    }
    let inform = from_guest("10.1.0.1").udp_between(CLIENT, SERVER, &bound([10, 1, 0, 5], &[53, 1, 8]));
    let (fixed, options) = reading(&answer(&inform));
    assert_eq!((kind(&answer(&inform)), &fixed[16..20]), (ACK, &[0; 4][..]));
    assert!(options.iter().all(|(code, _)| *code != 51));
}

#[test]
fn senders_must_be_who_they_say() {
    use DropReason::*;
    let discover = message(&DISCOVER, |_| {});
    let sent = |from: &str, to: &str, group: bool| {
        let mut sample = Sample::new(from, to);
        if group {
            sample.stations.destination = Mac::BROADCAST;
        }
        sample.udp_between(CLIENT, SERVER, &discover)
    };
    for (frame, reason) in [
        (sent("10.1.0.6", "255.255.255.255", true), IpRpfilter),
        (sent("10.1.0.1", "255.255.255.255", true), IpRpfilter),
        (sent("20.0.0.9", "10.1.0.1", false), IpRpfilter),
        (sent("0.0.0.0", "10.1.0.1", false), IpInvalidSource),
        (sent("10.1.0.5", "10.1.0.1", true), UnicastInL2Multicast),
        (broadcast(&message(&DISCOVER, |fixed| fixed[33] = 9)), DhcpSpoofed),
        (broadcast(&message(&DISCOVER, |fixed| fixed[3] = 1)), DhcpRelay),
        (broadcast(&message(&DISCOVER, |fixed| fixed[24] = 10)), DhcpRelay),
        (broadcast(&message(&DISCOVER, |fixed| fixed[0] = 2)), DhcpServer),
        (broadcast(&message(&[53, 1, 2], |_| {})), DhcpServer),
        (broadcast(&message(&[53], |_| {})), DhcpInvalid),
    ] {
        assert_eq!(verdict(&frame), Verdict::Drop(reason));
    }
    let mut damaged = broadcast(&discover);
    damaged[60] ^= 1;
    assert_eq!(verdict(&damaged), Verdict::Drop(UdpCsum));
    let mut fragment = broadcast(&discover);
    fragment[20] |= 0x20;
    let sum = u16::from_be_bytes([fragment[24], fragment[25]]);
    fragment[24..26].copy_from_slice(&crate::packet::checksum::updated(sum, 0x4000, 0x6000).to_be_bytes());
    assert_eq!(verdict(&fragment), Verdict::Drop(IpLocalFragment));
}

#[test]
fn no_guest_plays_the_server() {
    let reply = |from: &str, to: &str, source, destination| {
        let mut sample = Sample::new(from, to);
        if to.starts_with("255") {
            sample.stations.destination = Mac::BROADCAST;
        }
        sample.udp_between(source, destination, &[0; 300])
    };
    for port in [GUEST, FOREIGN] {
        for frame in [
            reply("10.1.0.5", "10.1.0.6", SERVER, CLIENT),
            reply("10.1.0.5", "255.255.255.255", SERVER, CLIENT),
            reply("10.1.0.5", "10.1.0.6", 5000, CLIENT),
            reply("fd00:1::5", "fd00:1::6", 547, 546),
        ] {
            assert_eq!(net().verdict(port, &frame), Verdict::Drop(DropReason::DhcpServer));
        }
    }
    let mut relay = net();
    let frame = reply("10.1.0.5", "20.0.0.9", SERVER, SERVER);
    assert_eq!(relay.verdict(GUEST, &frame), Verdict::Forward(HOST), "a relay's talk with its server is routed");
    let frame = Sample { stations: from_host("10.1.0.6").stations, ..Sample::new("20.0.0.9", "10.1.0.6") };
    let frame = frame.udp_between(SERVER, CLIENT, &[0; 300]);
    assert_eq!(relay.verdict(HOST, &frame), Verdict::Forward(OTHER), "the host is no guest");
}

#[test]
fn ports_without_a_server_answer_nothing() {
    let frame = broadcast(&message(&DISCOVER, |_| {}));
    assert_eq!(Net::new().verdict(GUEST, &frame), Verdict::Drop(DropReason::IpMulticast));
    assert_eq!(net().verdict(FOREIGN, &frame), Verdict::Drop(DropReason::IpMulticast), "another instance's");
    let renewal = from_guest("20.0.0.9").udp_between(CLIENT, SERVER, &[0; 300]);
    assert_eq!(Net::new().verdict(GUEST, &renewal), Verdict::Forward(HOST));
}

proptest! {
    #[test]
    fn whatever_comes_is_accounted_for(options in vec(any::<u8>(), 0..80), edits in vec((0usize..236, any::<u8>()), 0..3), has_kind: bool) {
        let kind = if has_kind { &DISCOVER[..] } else { &[] };
        let message = message(&[kind, &options].concat(), |fixed| edits.iter().for_each(|(at, byte)| fixed[*at] = *byte));
        let mut net = net();
        let (verdict, reply) = net.receive(GUEST, &broadcast(&message));
        match verdict {
            Verdict::Answer => {
                let (fixed, _) = reading(&reply);
                prop_assert_eq!(&fixed[28..34], &STATION.0);
                prop_assert!(matches!(Stations::read(&reply).destination, STATION | Mac::BROADCAST));
            }
            Verdict::Consumed | Verdict::Drop(_) => {}
            other => prop_assert!(false, "{other:?}"),
        }
        prop_assert!(net.emissions().is_empty());
        prop_assert_eq!(net.forwarder.counters(HOST).unwrap().transmitted, 0);
    }
}

#[test]
fn the_reply_leaves_by_the_port_alone() {
    let mut net = net();
    let mut packet = Packet::from_frame(&broadcast(&message(&DISCOVER, |_| {})));
    assert_eq!(net.receive_packet(GUEST, &mut packet).outgoing(GUEST).map(|(port, _)| port), Some(GUEST));
    let untouched = |port: PortId| net.forwarder.counters(port).unwrap().transmitted == 0;
    assert!([HOST, OTHER, FOREIGN].into_iter().all(untouched));
}
