//! ARP.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::addr::Mac;
use crate::forward::{DropReason, Learned, Verdict};
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::sample::STATION;
use crate::packet::{Packet, Stations};

fn frame(operation: ArpOperation, mac: Mac, sender: &str, target: &str) -> Vec<u8> {
    let (sender, target): (Ipv4Addr, Ipv4Addr) = (sender.parse().unwrap(), target.parse().unwrap());
    let mut packet = Packet::new();
    ArpMessage { operation, sender_mac: mac, sender, target_mac: Mac::ZERO, target }
        .write(&mut packet, Stations { destination: Mac::BROADCAST, source: mac });
    packet.frame().to_vec()
}

fn request(mac: Mac, sender: &str, target: &str) -> Vec<u8> {
    frame(ArpOperation::Request, mac, sender, target)
}

#[test]
fn guests_get_answers_for_what_is_routed_elsewhere() {
    for target in ["10.1.0.1", "10.1.0.6", "20.0.0.9", "10.1.0.77", "10.71.0.1"] {
        let (verdict, reply) = Net::new().receive(GUEST, &request(STATION, "10.1.0.5", target));
        assert_eq!(verdict, Verdict::Answer, "{target}");
        let expected = ArpMessage {
            operation: ArpOperation::Reply,
            sender_mac: Mac::GATEWAY,
            sender: target.parse().unwrap(),
            target_mac: STATION,
            target: "10.1.0.5".parse().unwrap(),
        };
        assert_eq!(ArpMessage::parse(&reply), Some(expected));
        assert_eq!(Stations::read(&reply), Stations { destination: STATION, source: Mac::GATEWAY });
        assert_eq!(reply.len(), 42);
    }
    for target in [
        "10.66.0.1",
        "10.67.0.1",
        "10.68.0.1",
        "10.69.0.1",
        "10.70.0.1",
        "127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "169.254.9.9",
        "255.255.255.255",
    ] {
        let verdict = Net::new().verdict(GUEST, &request(STATION, "10.1.0.5", target));
        assert_eq!(verdict, Verdict::Drop(DropReason::ArpOtherhost), "{target}");
    }
    let no_default = Net::new().verdict(FOREIGN, &request(STATION, "10.1.0.5", "20.0.0.9"));
    assert_eq!(no_default, Verdict::Drop(DropReason::ArpOtherhost));
}

#[test]
fn never_for_the_guests_own_addresses() {
    let ask = |target: &str| Net::new().verdict(OTHER, &request(OTHER_MAC, "10.1.0.6", target));
    assert_eq!(ask("10.6.7.8"), Verdict::Drop(DropReason::ArpOtherhost));
    assert_eq!(ask("10.1.0.5"), Verdict::Answer);
}

#[test]
fn probes_are_answered_for_our_addresses_only() {
    for (port, mac) in [(GUEST, STATION), (HOST, TAP)] {
        let mut net = Net::new();
        assert_eq!(net.verdict(port, &request(mac, "0.0.0.0", "10.1.0.1")), Verdict::Answer);
        for target in ["10.1.0.5", "10.1.0.6", "20.0.0.9"] {
            let verdict = net.verdict(port, &request(mac, "0.0.0.0", target));
            assert_eq!(verdict, Verdict::Drop(DropReason::ArpOtherhost), "{port:?} {target}");
        }
        assert_eq!(net.forwarder.neighbours(port).count(), 0);
    }
}

#[test]
fn the_host_gets_an_answer_for_everything_but_itself() {
    let mut net = Net::new();
    for target in ["10.1.0.5", "10.1.0.200", "20.0.0.9", "10.67.0.1"] {
        let (verdict, reply) = net.receive(HOST, &request(TAP, "20.0.0.5", target));
        assert_eq!(verdict, Verdict::Answer, "{target}");
        assert_eq!(ArpMessage::parse(&reply).unwrap().sender_mac, Mac::GATEWAY);
    }
    let gratuitous = net.verdict(HOST, &request(TAP, "20.0.0.5", "20.0.0.5"));
    assert_eq!(gratuitous, Verdict::Drop(DropReason::ArpOtherhost));
    assert_eq!(net.verdict(HOST, &frame(ArpOperation::Reply, TAP, "20.0.0.5", "10.1.0.1")), Verdict::Consumed);
    assert_eq!(net.forwarder.neighbours(HOST).count(), 0, "the host is configured");
}

#[test]
fn senders_must_be_who_they_say() {
    let mut net = Net::new();
    for sender in ["10.1.0.6", "10.1.0.1", "20.0.0.9", "255.255.255.255"] {
        for operation in [ArpOperation::Request, ArpOperation::Reply] {
            let verdict = net.verdict(GUEST, &frame(operation, STATION, sender, "10.1.0.1"));
            assert_eq!(verdict, Verdict::Drop(DropReason::ArpSpoofed), "{sender}");
        }
    }
    let mut lie = request(STATION, "10.1.0.5", "10.1.0.1");
    lie[22..28].copy_from_slice(&OTHER_MAC.0);
    assert_eq!(net.verdict(GUEST, &lie), Verdict::Drop(DropReason::ArpSpoofed));
    assert_eq!(net.forwarder.neighbours(GUEST).count(), 0);
    net.forwarder.set_port(super::net::guest(GUEST, crate::addr::InstanceId(0), &["10.1.0.0/24"]));
    let verdict = net.verdict(GUEST, &request(STATION, "10.1.0.1", "10.1.0.1"));
    assert_eq!(verdict, Verdict::Drop(DropReason::ArpSpoofed), "ours, though in the guest's network");
    let mut cut = request(STATION, "10.1.0.5", "10.1.0.1");
    cut.truncate(41);
    assert_eq!(net.verdict(GUEST, &cut), Verdict::Drop(DropReason::ArpInvalid));
}

#[test]
fn announcements_change_the_ports_own_neighbours_only() {
    let moved = Mac([2, 0, 0, 0, 0, 0x77]);
    let mut net = Net::new();
    for (mac, operation) in [(STATION, ArpOperation::Request), (moved, ArpOperation::Reply)] {
        assert_eq!(net.verdict(GUEST, &frame(operation, mac, "10.1.0.5", "10.1.0.5")), Verdict::Consumed);
        let known: Vec<_> = net.forwarder.neighbours(GUEST).map(|n| (n.address.to_string(), n.mac)).collect();
        assert_eq!(known, [("10.1.0.5".to_owned(), Some(mac))]);
        let address = "10.1.0.5".parse().unwrap();
        assert_eq!(net.forwarder.take_learned(), Some(Learned { port: GUEST, address, mac }));
    }
    assert_eq!(net.verdict(OTHER, &frame(ArpOperation::Request, OTHER_MAC, "10.1.0.6", "10.1.0.6")), Verdict::Consumed);
    assert_eq!(net.forwarder.neighbours(OTHER).count(), 0, "a configured MAC stays");
    assert_eq!(net.forwarder.take_learned(), None);
}

#[test]
fn a_flood_of_announcements_is_shared_at_a_bounded_rate() {
    let mut net = Net::new();
    let announcement = request(STATION, "10.1.0.5", "10.1.0.5");
    for _ in 0..100 {
        net.verdict(GUEST, &announcement);
        net.pass(Duration::from_millis(10));
    }
    let shared = std::iter::from_fn(|| net.forwarder.take_learned()).count();
    assert_eq!(shared, 2, "one second's worth");
}
