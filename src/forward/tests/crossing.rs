//! The fabric's crossing.

use std::net::Ipv6Addr;

use super::net::{gateway, instance};
use crate::addr::{InstanceId, Mac, PortId};
use crate::clock::Moment;
use crate::forward::{DropReason, Entry, Forwarder, Limits, Load, PortConfig, PortRole, Step, Verdict};
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::nd::{self, solicited_node};
use crate::packet::sample::{STATION, Sample, parsed, verified};
use crate::packet::{Checksum, Packet, SegmentKind, Segmentation, Stations, SuperPackets};
use crate::routing::NextHop;

const WIRE: PortId = PortId(0);
const HOST: PortId = PortId(1);
const FABRIC: InstanceId = InstanceId(0);
const NIC: Mac = Mac([2, 0, 0, 0, 0, 0x10]);
const OTHERS: Mac = Mac([2, 0, 0, 0, 0, 0x11]);

/// The node is 10.9.0.5 and fd09::5; 10.1.0.0/24 and fd00:1::/64 are its gateways'.
fn forwarder(host_takes: SuperPackets) -> Forwarder {
    let mut forwarder = Forwarder::new(Limits::default());
    let own_addresses = vec!["10.9.0.5".parse().unwrap(), "fd09::5".parse().unwrap()];
    let end = |id, role| PortConfig { role, mac: NIC, own_addresses: own_addresses.clone(), ..gateway(id, FABRIC) };
    forwarder.set_port(end(WIRE, PortRole::FabricWire(HOST)));
    forwarder.set_port(PortConfig { super_packets: host_takes, ..end(HOST, PortRole::FabricHost(WIRE)) });
    let (host, wire) = (|| NextHop::port(HOST), || NextHop::port(WIRE));
    let routes = [
        ("10.9.0.5/32", host()),
        ("fd09::5/128", host()),
        ("10.1.0.0/24", host()),
        ("fd00:1::/64", host()),
        ("10.9.0.0/24", wire()),
        ("fd09::/64", wire()),
        ("0.0.0.0/0", wire()),
        ("::/0", wire()),
    ];
    forwarder.publish(instance(FABRIC, &routes));
    forwarder
}

/// What becomes of a frame, and what it is afterwards.
fn receive(ingress: PortId, frame: &[u8]) -> (Verdict, Vec<u8>) {
    let mut packet = Packet::from_frame(frame);
    let verdict = forwarder(SuperPackets::ALL).process(ingress, &mut packet, Moment::ORIGIN);
    (verdict, packet.frame().to_vec())
}

fn request(operation: ArpOperation, sender: &str, target: &str) -> Vec<u8> {
    let (sender, target) = (sender.parse().unwrap(), target.parse().unwrap());
    let mut packet = Packet::new();
    ArpMessage { operation, sender_mac: STATION, sender, target_mac: Mac::ZERO, target }
        .write(&mut packet, Stations { destination: Mac::BROADCAST, source: STATION });
    packet.frame().to_vec()
}

fn solicitation(source: &str, target: &str) -> Vec<u8> {
    let (source, target): (Ipv6Addr, Ipv6Addr) = (source.parse().unwrap(), target.parse().unwrap());
    let group = solicited_node(target);
    let stations = Stations { destination: Mac::of_ipv6_multicast(group), source: STATION };
    let mut packet = Packet::new();
    nd::write_solicitation(&mut packet, stations, (source, group), target);
    packet.frame().to_vec()
}

#[test]
fn frames_pass_as_they_are() {
    let station = |destination, source| Stations { destination, source };
    let unicast =
        |hop_limit| Sample { hop_limit, stations: station(NIC, STATION), ..Sample::new("10.9.0.9", "10.9.0.5") };
    let mut tagged = unicast(64).udp(b"x");
    tagged.splice(12..12, [0x81, 0, 0, 7]);
    let mut unknown = unicast(64).udp(b"x");
    unknown[12..14].copy_from_slice(&[0x88, 0xcc]);
    let broken = unicast(64).udp(b"x")[..20].to_vec();
    let broadcast = Sample { stations: station(Mac::BROADCAST, STATION), ..unicast(1) }.udp(b"dhcp");
    // What the host forwards for others is its own affair, and so is a TTL of 1 (RFC 4271's eBGP).
    let transit = Sample { stations: station(NIC, STATION), ..Sample::new("10.9.0.9", "172.17.0.2") }.udp(b"x");
    for frame in [unicast(1).udp(b"x"), unicast(255).tcp(b"x"), tagged, unknown, broken, broadcast, transit] {
        assert_eq!(receive(WIRE, &frame), (Verdict::Forward(HOST), frame.clone()));
    }
    // The host's own choice of a router's MAC stands.
    let from_host = Sample { hop_limit: 1, stations: station(OTHERS, NIC), ..Sample::new("10.9.0.5", "20.0.0.9") };
    for frame in [from_host.udp(b"x"), request(ArpOperation::Request, "10.9.0.5", "10.1.0.7"), vec![0xff; 14]] {
        assert_eq!(receive(HOST, &frame), (Verdict::Forward(WIRE), frame.clone()));
    }
}

#[test]
fn other_stations_frames_end_here() {
    let frame =
        Sample { stations: Stations { destination: OTHERS, source: STATION }, ..Sample::new("10.9.0.9", "10.9.0.5") };
    assert_eq!(receive(WIRE, &frame.udp(b"x")).0, Verdict::Drop(DropReason::Otherhost));
    assert_eq!(receive(WIRE, &[0xff; 13]).0, Verdict::Drop(DropReason::PktTooSmall));
    let mut forwarder = forwarder(SuperPackets::ALL);
    forwarder.remove_port(HOST);
    let mut packet = Packet::from_frame(&request(ArpOperation::Reply, "10.9.0.9", "10.9.0.5"));
    assert_eq!(forwarder.process(WIRE, &mut packet, Moment::ORIGIN), Verdict::Drop(DropReason::DevReady));
}

#[test]
fn the_wire_is_answered_for_the_gateways_subnets_only() {
    let (verdict, reply) = receive(WIRE, &request(ArpOperation::Request, "10.9.0.1", "10.1.0.7"));
    assert_eq!(verdict, Verdict::Answer);
    let expected = ArpMessage {
        operation: ArpOperation::Reply,
        sender_mac: NIC,
        sender: "10.1.0.7".parse().unwrap(),
        target_mac: STATION,
        target: "10.9.0.1".parse().unwrap(),
    };
    assert_eq!(ArpMessage::parse(&reply), Some(expected));
    assert_eq!(Stations::read(&reply), Stations { destination: STATION, source: NIC });
    for (sender, target) in [
        ("10.9.0.1", "10.9.0.5"),
        ("10.9.0.1", "10.9.0.77"),
        ("10.9.0.1", "20.0.0.9"),
        ("0.0.0.0", "10.1.0.7"),
        ("10.1.0.7", "10.1.0.7"),
        ("10.9.0.1", "224.0.0.1"),
    ] {
        let frame = request(ArpOperation::Request, sender, target);
        assert_eq!(receive(WIRE, &frame), (Verdict::Forward(HOST), frame.clone()), "{sender} {target}");
    }
    let reply = request(ArpOperation::Reply, "10.9.0.1", "10.1.0.7");
    assert_eq!(receive(WIRE, &reply).0, Verdict::Forward(HOST), "the host's own question");
}

#[test]
fn solicitations_are_answered_alike() {
    for asker in ["fd09::1", "fe80::1"] {
        let (verdict, reply) = receive(WIRE, &solicitation(asker, "fd00:1::7"));
        assert_eq!(verdict, Verdict::Answer);
        verified(&reply);
        let (ip, target): (_, Ipv6Addr) = (parsed(&reply), "fd00:1::7".parse().unwrap());
        assert_eq!((ip.source, ip.destination), (target.into(), asker.parse::<Ipv6Addr>().unwrap().into()));
        assert_eq!(Stations::read(&reply), Stations { destination: STATION, source: NIC });
        assert_eq!((reply[54], reply[58] >> 5), (136, 0b110), "router, solicited, no override");
        assert_eq!(reply[80..86], NIC.0);
    }
    for (asker, target) in
        [("fd09::1", "fd09::5"), ("fd09::1", "fd09::77"), ("::", "fd00:1::7"), ("fe80::1", "fe80::5")]
    {
        let frame = solicitation(asker, target);
        assert_eq!(receive(WIRE, &frame), (Verdict::Forward(HOST), frame.clone()), "{asker} {target}");
    }
}

#[test]
fn super_packets_are_cut_where_the_other_end_does_not_take_them() {
    let sample =
        Sample { stations: Stations { destination: NIC, source: STATION }, ..Sample::new("10.9.0.9", "10.9.0.5") };
    let packet = || {
        let mut packet = Packet::from_frame(&sample.tcp(&[7; 3000]));
        packet.offload.checksum = Checksum::Partial { start: 34, offset: 16 };
        let segmentation = Segmentation { kind: SegmentKind::TcpV4, size: 1000, header_length: 54, ecn: false };
        packet.offload.segmentation = Some(segmentation);
        packet
    };
    let mut whole = forwarder(SuperPackets::ALL);
    assert_eq!(whole.process(WIRE, &mut packet(), Moment::ORIGIN), Verdict::Forward(HOST));
    let mut none = forwarder(SuperPackets { tcp: false, udp: false });
    assert_eq!(none.process(WIRE, &mut packet(), Moment::ORIGIN), Verdict::Taken);
    let pieces: Vec<_> = std::iter::from_fn(|| none.take_emission()).collect();
    assert_eq!(pieces.len(), 3);
    assert!(pieces.iter().all(|piece| piece.port == HOST && piece.packet.frame()[22] == 64));
}

#[test]
fn a_trace_tells_the_fabrics_route() {
    let forwarder = forwarder(SuperPackets::ALL);
    let sample =
        |to| Sample { stations: Stations { destination: NIC, source: STATION }, ..Sample::new("10.9.0.9", to) };
    for (to, prefix) in [("10.1.0.7", "10.1.0.0/24"), ("10.9.0.5", "10.9.0.5/32"), ("20.0.0.9", "0.0.0.0/0")] {
        let entry = Entry { port: WIRE, load: Load::Frame(sample(to).udp(b"x")) };
        let trace = forwarder.trace(&[entry], Moment::ORIGIN).pop().unwrap();
        assert_eq!(trace.verdict, Verdict::Forward(HOST));
        let crosses = trace.steps.last().unwrap();
        assert!(matches!(crosses, Step::Crosses { matched: Some(of), .. } if of.to_string() == prefix), "{crosses:?}");
    }
}
