//! Resolving, keeping and losing neighbours.

use std::net::IpAddr;
use std::time::Duration;

use super::net::{guest, instance};
use super::*;
use crate::addr::{InstanceId, Mac, PortId, Weight};
use crate::forward::{DropReason, Learned, Limits, PortConfig, Verdict};
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::nd;
use crate::packet::sample::{STATION, Sample, parsed, verified};
use crate::packet::{ETHERNET_HEADER, Packet, Stations};
use crate::routing::{Hop, NextHop};

const SECOND: Duration = Duration::from_secs(1);

fn arp_reply(sender: &str) -> Vec<u8> {
    let mut packet = Packet::new();
    ArpMessage {
        operation: ArpOperation::Reply,
        sender_mac: STATION,
        sender: sender.parse().unwrap(),
        target_mac: Mac::GATEWAY,
        target: "10.1.0.1".parse().unwrap(),
    }
    .write(&mut packet, Stations { destination: Mac::GATEWAY, source: STATION });
    packet.frame().to_vec()
}

#[test]
fn packets_wait_for_an_arp_reply() {
    let mut net = Net::new();
    let (verdict, buffer) = net.receive(HOST, &from_host("10.1.0.5").udp(b"one"));
    assert_eq!((verdict, buffer.len()), (Verdict::Taken, 0), "the buffer is free");
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"two")), Verdict::Taken);
    let requests = net.emissions();
    let [(GUEST, request)] = &requests[..] else { panic!("{requests:?}") };
    let message = ArpMessage::parse(request).unwrap();
    assert_eq!((message.operation, message.sender_mac), (ArpOperation::Request, Mac::GATEWAY));
    assert_eq!((message.sender.to_string(), message.target.to_string()), ("10.1.0.1".into(), "10.1.0.5".into()));
    assert_eq!(Stations::read(request).destination, Mac::BROADCAST);
    assert_eq!(net.forwarder.counters(HOST).unwrap().held, 2);

    assert_eq!(net.verdict(GUEST, &arp_reply("10.1.0.5")), Verdict::Consumed);
    let released = net.emissions();
    for ((port, frame), payload) in released.iter().zip([b"one", b"two"]) {
        let stations = Stations { destination: STATION, source: Mac::GATEWAY };
        let expected = Sample { stations, hop_limit: 63, ..from_host("10.1.0.5") };
        assert_eq!((*port, frame), (GUEST, &expected.udp(payload)));
    }
    assert_eq!(released.len(), 2);
    let counters = net.forwarder.counters(HOST).unwrap();
    assert_eq!((counters.held, counters.sent), (0, 2));
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"three")), Verdict::Forward(GUEST));
}

#[test]
fn packets_wait_for_an_advertisement() {
    let mut net = Net::new();
    assert_eq!(net.verdict(HOST, &from_host("fd00:1::5").udp(b"one")), Verdict::Taken);
    let requests = net.emissions();
    let [(GUEST, request)] = &requests[..] else { panic!("{requests:?}") };
    verified(request);
    let ip = parsed(request);
    assert_eq!(ip.source, IpAddr::from(Mac::GATEWAY.link_local()));
    assert_eq!(ip.destination.to_string(), "ff02::1:ff00:5");
    assert_eq!(Stations::read(request).destination, Mac([0x33, 0x33, 0xff, 0, 0, 5]));
    let source_mac = Some(Mac::GATEWAY);
    let target = "fd00:1::5".parse().unwrap();
    let read = nd::parse(&Packet::from_frame(request), &ip);
    assert_eq!(read, Ok(nd::NdMessage::Solicitation { target, source_mac }));
    net.forwarder.learn(GUEST, target.into(), STATION, net.now);
    assert_eq!(net.emissions().len(), 1, "another worker's word is as good");
}

#[test]
fn the_latest_packets_are_kept() {
    let mut net = Net::new();
    for payload in [b"1", b"2", b"3", b"4", b"5"] {
        assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(payload)), Verdict::Taken);
    }
    assert_eq!(net.dropped(HOST, DropReason::NeighQueuefull), 2);
    net.emissions();
    net.verdict(GUEST, &arp_reply("10.1.0.5"));
    let payloads: Vec<_> = net.emissions().iter().map(|(_, frame)| frame[42]).collect();
    assert_eq!(payloads, b"345");
}

#[test]
fn neighbours_that_do_not_answer_are_given_up() {
    for (to, at, kind, code) in [("10.1.0.5", 34, 3, 1), ("fd00:1::5", 54, 1, 3)] {
        let mut net = Net::new();
        let sent = from_host(to).udp(b"data");
        assert_eq!(net.verdict(HOST, &sent), Verdict::Taken);
        assert_eq!(net.emissions().len(), 1);
        for _ in 0..2 {
            net.pass(SECOND - Duration::from_millis(1));
            assert!(net.emissions().is_empty());
            net.pass(Duration::from_millis(1));
            assert_eq!(net.emissions().iter().map(|(port, _)| *port).collect::<Vec<_>>(), [GUEST], "asked again");
        }
        net.pass(SECOND);
        let errors = net.emissions();
        let [(HOST, error)] = &errors[..] else { panic!("{errors:?}") };
        verified(error);
        assert_eq!((error[at], error[at + 1]), (kind, code));
        assert_eq!(error[at + 8..], sent[ETHERNET_HEADER..]);
        assert_eq!(Stations::read(error), Stations { destination: TAP, source: Mac::GATEWAY });
        let counters = net.forwarder.counters(HOST).unwrap();
        assert_eq!((counters.held, counters.dropped(DropReason::NeighFailed)), (0, 1));
        assert_eq!(net.forwarder.next_deadline(), None);
        assert_eq!(net.forwarder.neighbours(GUEST).count(), 0);
    }
}

#[test]
fn learned_from_what_the_guest_sends() {
    let mut net = Net::new().with_guest_known();
    let learned: Vec<_> = std::iter::from_fn(|| net.forwarder.take_learned()).map(|l| (l.port, l.mac)).collect();
    assert_eq!(learned, [(GUEST, STATION); 2], "one of each family");
    let moved = Mac([2, 0, 0, 0, 0, 0x77]);
    let mut frame = from_guest("20.0.0.9").udp(b"");
    frame[6..12].copy_from_slice(&moved.0);
    net.verdict(GUEST, &frame);
    let (_, out) = net.receive(HOST, &from_host("10.1.0.5").udp(b""));
    assert_eq!(Stations::read(&out).destination, moved);
    let address = "10.1.0.5".parse().unwrap();
    assert_eq!(net.forwarder.take_learned(), Some(Learned { port: GUEST, address, mac: moved }));
}

#[test]
fn stale_neighbours_are_used_while_they_are_asked_again() {
    let mut net = Net::new().with_guest_known();
    net.pass(Duration::from_secs(61));
    let to_guest = from_host("10.1.0.5").udp(b"");
    assert_eq!(net.verdict(HOST, &to_guest), Verdict::Forward(GUEST));
    assert_eq!(net.verdict(HOST, &to_guest), Verdict::Forward(GUEST));
    let requests = net.emissions();
    let [(GUEST, request)] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(Stations::read(request).destination, STATION, "asked by itself first");
    net.verdict(GUEST, &arp_reply("10.1.0.5"));
    net.pass(Duration::from_secs(5));
    assert_eq!(net.verdict(HOST, &to_guest), Verdict::Forward(GUEST));
    assert!(net.emissions().is_empty(), "confirmed");

    net.pass(Duration::from_secs(61));
    assert_eq!(net.verdict(HOST, &to_guest), Verdict::Forward(GUEST));
    net.pass(Duration::from_secs(4));
    assert_eq!(net.emissions().len(), 3);
    assert_eq!(net.verdict(HOST, &to_guest), Verdict::Taken, "gone");
}

#[test]
fn traffic_keeps_a_neighbour_fresh_and_silence_forgets_it() {
    let mut net = Net::new().with_guest_known();
    for _ in 0..3 {
        net.pass(Duration::from_secs(50));
        net.verdict(GUEST, &from_guest("20.0.0.9").udp(b""));
        assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Forward(GUEST));
        assert!(net.emissions().is_empty());
    }
    net.pass(Duration::from_secs(599));
    assert_eq!(net.forwarder.neighbours(GUEST).count(), 1, "the IPv6 one is forgotten");
    net.pass(SECOND);
    assert_eq!(net.forwarder.neighbours(GUEST).count(), 0);
    assert_eq!(net.forwarder.next_deadline(), None);
}

/// The guest's port now stands for a whole network.
fn wide(limits: Limits) -> Net {
    let mut net = Net::with(limits);
    net.forwarder.set_port(guest(GUEST, InstanceId(0), &["10.1.0.0/16"]));
    net.forwarder
        .publish(instance(InstanceId(0), &[("10.1.0.0/16", NextHop::port(GUEST)), ("0.0.0.0/0", NextHop::port(HOST))]));
    net
}

#[test]
fn a_scan_of_many_addresses_is_bounded_and_disturbs_nobody() {
    let limits = Limits { neighbours: 16, held: 5, ..Limits::default() };
    let mut net = wide(limits).with_guest_known_v4();
    let mut verdicts = Vec::new();
    for host in 1..=12 {
        verdicts.push(net.verdict(HOST, &from_host(&format!("10.1.9.{host}")).udp(b"")));
    }
    assert_eq!(verdicts[..5], [Verdict::Taken; 5]);
    assert!(verdicts[5..].iter().all(|v| *v == Verdict::Drop(DropReason::NeighQueuefull)), "{verdicts:?}");
    assert_eq!(net.emissions().len(), 12, "those that find no room are asked for all the same");
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Forward(GUEST));

    let limits = Limits { neighbours: 4, ..Limits::default() };
    let mut net = wide(limits).with_guest_known_v4();
    for host in 1..=12 {
        let verdict = net.verdict(HOST, &from_host(&format!("10.1.9.{host}")).udp(b""));
        let expected = if host <= 3 { Verdict::Taken } else { Verdict::Drop(DropReason::NeighCreatefail) };
        assert_eq!(verdict, expected, "{host}");
    }
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Forward(GUEST));
}

#[test]
fn a_full_table_forgets_the_stalest() {
    let mut net = wide(Limits { neighbours: 2, ..Limits::default() });
    let speak = |net: &mut Net, host: u8| {
        net.verdict(GUEST, &Sample::new(&format!("10.1.0.{host}"), "20.0.0.9").udp(b""));
        net.forwarder.neighbours(GUEST).map(|n| n.address.to_string()).collect::<Vec<_>>()
    };
    speak(&mut net, 11);
    net.pass(SECOND);
    assert_eq!(speak(&mut net, 12), ["10.1.0.11", "10.1.0.12"]);
    assert_eq!(speak(&mut net, 13), ["10.1.0.11", "10.1.0.12"], "both are in use");
    net.pass(Duration::from_secs(60));
    assert_eq!(speak(&mut net, 13), ["10.1.0.12", "10.1.0.13"]);
}

#[test]
fn a_hops_gateway_is_asked_instead_of_the_destination() {
    let mut net = Net::new();
    assert_eq!(net.verdict(HOST, &from_host("10.69.1.1").udp(b"")), Verdict::Taken);
    let message = ArpMessage::parse(&net.emissions()[0].1).unwrap();
    assert_eq!(message.target.to_string(), "10.1.0.5");
    net.verdict(GUEST, &arp_reply("10.1.0.5"));
    assert_eq!(net.emissions().len(), 1);
}

#[test]
fn a_gateway_outside_the_ports_addresses_may_answer_when_asked() {
    let mut net = Net::new();
    let hop = |gateway: &str| {
        NextHop::group([Hop { port: GUEST, gateway: Some(gateway.parse().unwrap()), weight: Weight::ONE }])
    };
    net.forwarder.publish(instance(InstanceId(0), &[("30.0.0.0/8", hop("10.200.0.1")), ("fd30::/16", hop("fe80::5"))]));
    assert_eq!(net.verdict(GUEST, &arp_reply("10.200.0.1")), Verdict::Drop(DropReason::ArpSpoofed), "not asked");
    assert_eq!(net.verdict(HOST, &from_host("30.0.0.1").udp(b"")), Verdict::Taken);
    net.emissions();
    assert_eq!(net.verdict(GUEST, &arp_reply("10.200.0.1")), Verdict::Consumed);
    assert_eq!(net.emissions().len(), 1);
    net.forwarder.learn(GUEST, "fe80::5".parse().unwrap(), STATION, net.now);
    assert_eq!(net.verdict(HOST, &from_host("fd30::1").udp(b"")), Verdict::Forward(GUEST));
}

#[test]
fn nobody_asks_from_nowhere() {
    let mut net = Net::new();
    for port in [GUEST, OTHER] {
        net.forwarder.set_port(PortConfig { own_addresses: vec![], ..guest(port, InstanceId(0), &["10.1.0.5/32"]) });
    }
    net.verdict(HOST, &from_host("10.1.0.5").udp(b""));
    let message = ArpMessage::parse(&net.emissions()[0].1).unwrap();
    assert_eq!(message.sender.to_string(), "192.0.0.8", "0.0.0.0 would make it a probe");
}

#[test]
fn ports_that_go_take_their_waiting_packets_along() {
    let mut net = Net::new();
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Taken);
    net.forwarder.remove_port(GUEST);
    net.check_accounts();
    assert_eq!(net.dropped(HOST, DropReason::QueuePurge), 1);
    assert!(net.emissions().is_empty(), "its requests are gone too");

    let mut net = Net::new();
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Taken);
    net.forwarder.remove_port(HOST);
    net.forwarder.set_port(super::net::gateway(HOST, InstanceId(0)));
    net.verdict(GUEST, &arp_reply("10.1.0.5"));
    assert!(net.emissions().iter().all(|(_, frame)| ArpMessage::parse(frame).is_some()), "forgotten");
    net.check_accounts();
}

#[test]
fn a_released_packet_of_a_port_that_went_is_on_nobodys_account() {
    let mut net = Net::new();
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Taken);
    net.emissions();
    net.verdict(GUEST, &arp_reply("10.1.0.5"));
    net.forwarder.remove_port(HOST);
    net.forwarder.set_port(super::net::gateway(HOST, InstanceId(0)));
    assert_eq!(net.emissions().len(), 1);
    assert_eq!(net.forwarder.counters(HOST).unwrap().sent, 0);
}

#[test]
fn a_mac_that_is_configured_later_wins() {
    let mut net = Net::new().with_guest_known();
    net.forwarder.set_port(PortConfig { peer_mac: Some(OTHER_MAC), ..guest(GUEST, InstanceId(0), &["10.1.0.5/32"]) });
    assert_eq!(net.forwarder.neighbours(GUEST).count(), 0);
    net.forwarder.learn(GUEST, "10.1.0.5".parse().unwrap(), STATION, net.now);
    let (_, frame) = net.receive(HOST, &from_host("10.1.0.5").udp(b""));
    assert_eq!(Stations::read(&frame).destination, OTHER_MAC);
}

#[test]
fn only_a_station_of_its_own_can_be_a_neighbour() {
    let mut net = Net::new();
    for mac in [Mac::ZERO, Mac::BROADCAST, Mac::GATEWAY] {
        net.forwarder.learn(GUEST, "10.1.0.5".parse().unwrap(), mac, net.now);
    }
    net.forwarder.learn(PortId(50), "10.1.0.5".parse().unwrap(), STATION, net.now);
    assert_eq!(net.forwarder.neighbours(GUEST).count(), 0);
}

impl Net {
    fn with_guest_known_v4(mut self) -> Self {
        assert_eq!(self.verdict(GUEST, &from_guest("20.0.0.9").udp(b"")), Verdict::Forward(HOST));
        self
    }
}
