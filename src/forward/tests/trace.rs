//! A trace tells what would become of a packet, step by step, and changes nothing.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::net::guest;
use super::*;
use crate::addr::{InstanceId, Mac, PortId};
use crate::forward::{
    DropReason, Entry, Forwarder, Known, Limits, Load, Passage, PortConfig, Rate, Service, Step, Trace, Verdict,
};
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::dhcp::tests::{broadcast, lease, message};
use crate::packet::nd::{self, RouterAdvertisement, solicited_node};
use crate::packet::sample::{STATION, Sample, left_open, super_packet};
use crate::packet::{ETHERNET_HEADER, Packet, Stations, SuperPackets};

fn trace(net: &Net, port: PortId, load: Load) -> Trace {
    net.forwarder.trace(&[Entry { port, load }], net.now).remove(0)
}

fn frame(net: &Net, port: PortId, frame: &[u8]) -> Trace {
    trace(net, port, Load::Frame(frame.to_vec()))
}

fn kinds(trace: &Trace) -> Vec<&'static str> {
    trace.steps.iter().map(Step::kind).collect()
}

#[test]
fn a_packet_on_its_way_out_is_followed_to_the_tap() {
    let net = Net::new();
    let told = frame(&net, GUEST, &from_guest("20.0.0.9").udp(b"tag"));
    assert_eq!(told.verdict, Verdict::Forward(HOST));
    assert_eq!(
        kinds(&told),
        ["received", "packet", "source", "route", "next_hop", "hop_limit", "size", "neighbour", "leaves"]
    );
    let Step::Route { instance, matched, .. } = &told.steps[3] else { panic!("{:?}", told.steps[3]) };
    assert_eq!((instance.as_ref().unwrap().as_str(), matched.unwrap().to_string().as_str()), ("net0", "0.0.0.0/0"));
    let host = "tap1".parse().unwrap();
    assert_eq!(told.steps[4], Step::Hop { port: host, neighbour: "20.0.0.9".parse().unwrap(), ways: 1 });
    assert_eq!(told.steps[6], Step::Size { length: 31, mtu: 1500, passage: Passage::Whole });
    let stations = Stations { destination: TAP, source: Mac::GATEWAY };
    assert_eq!(told.steps[8], Step::Leaves { port: host, stations, hop_limit: 63 });
    assert_eq!(Stations::read(told.packet.frame()), stations);
}

#[test]
fn the_last_step_is_where_a_packet_ended() {
    let net = Net::new();
    let spoofed = Sample { from: "10.1.0.9".parse().unwrap(), ..from_guest("20.0.0.9") };
    let tired = Sample { hop_limit: 1, ..from_guest("20.0.0.9") };
    let to_self = Sample { stations: Stations { destination: TAP, source: STATION }, ..from_guest("20.0.0.9") };
    for (sample, size, last, verdict) in [
        (spoofed, 0, "source", Verdict::Drop(DropReason::IpRpfilter)),
        (tired, 0, "hop_limit", Verdict::Reject(DropReason::IpTtl)),
        (to_self, 0, "received", Verdict::Drop(DropReason::Otherhost)),
        (from_guest("10.66.0.1"), 0, "route", Verdict::Drop(DropReason::RouteDiscard)),
        (from_guest("10.67.0.1"), 0, "route", Verdict::Reject(DropReason::RouteUnreachable)),
        (from_guest("10.69.0.1"), 0, "route", Verdict::Drop(DropReason::RouteHairpin)),
        (from_guest("224.0.0.1"), 0, "packet", Verdict::Drop(DropReason::IpMulticast)),
        (from_guest("20.0.0.9"), 1473, "size", Verdict::Reject(DropReason::PktTooBig)),
        (from_guest("10.1.0.1"), 0, "own", Verdict::Reject(DropReason::NoSocket)),
    ] {
        let told = frame(&net, GUEST, &sample.udp(&vec![0; size]));
        assert_eq!((told.verdict, told.steps.last().unwrap().kind()), (verdict, last), "{sample:?}");
    }
    let none = trace(&net, FOREIGN, Load::Ip(from_guest("20.0.0.9").udp(b"")[ETHERNET_HEADER..].to_vec()));
    assert_eq!((none.verdict, kinds(&none).pop()), (Verdict::Reject(DropReason::IpInnoroutes), Some("route")));
    assert_eq!(trace(&net, PortId(99), Load::Ip(Vec::new())).verdict, Verdict::Drop(DropReason::DevReady));
    assert_eq!(trace(&net, GUEST, Load::Ip(Vec::new())).verdict, Verdict::Drop(DropReason::PktTooSmall));
}

#[test]
fn a_neighbour_that_is_not_known_is_what_a_packet_waits_for() {
    let net = Net::new();
    let ip = || Load::Ip(from_host("10.1.0.5").udp(b"")[ETHERNET_HEADER..].to_vec());
    let told = trace(&net, HOST, ip());
    assert_eq!(told.verdict, Verdict::Taken);
    let address: IpAddr = "10.1.0.5".parse().unwrap();
    let step = |known| Step::Neighbour { port: "tap0".parse().unwrap(), address, known };
    assert_eq!(told.steps.last(), Some(&step(Known::Nothing)));
    assert_eq!(told.emissions.len(), 1, "the question");
    let known = net.with_guest_known();
    assert!(trace(&known, HOST, ip()).steps.contains(&step(Known::Learned(STATION))));
    // What goes before shows the MAC.
    let before = Entry { port: GUEST, load: Load::Frame(from_guest("20.0.0.9").udp(b"")) };
    let told = Net::new().forwarder.trace(&[before, Entry { port: HOST, load: ip() }], known.now);
    assert_eq!([told[0].verdict, told[1].verdict], [Verdict::Forward(HOST), Verdict::Forward(GUEST)]);
}

#[test]
fn what_a_guest_asks_for_is_told() {
    let mut net = Net::new();
    let config = guest(GUEST, InstanceId(0), &["10.1.0.5/32", "fd00:1::5/128"]);
    net.forwarder.set_port(PortConfig { lease: Some(Arc::new(lease())), ..config });
    for (asked, service) in [
        (arp(ArpOperation::Request, STATION, "10.1.0.5", "10.1.0.1"), Service::Arp),
        (solicitation(STATION, "fd00:1::5", "fd00:1::1"), Service::NeighbourDiscovery),
        (broadcast(&message(&[53, 1, 1], |_| {})), Service::Dhcp),
    ] {
        let told = frame(&net, GUEST, &asked);
        assert_eq!((told.verdict, told.steps.last()), (Verdict::Answer, Some(&Step::Asks(service))));
    }
}

#[test]
fn a_trace_leaves_no_trace() {
    let mut net = Net::new().with_guest_known();
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Forward(GUEST));
    net.pass(Duration::from_secs(61));
    net.emissions();
    let before = format!("{:?}", net.forwarder);
    let mut random = Random(1);
    for _ in 0..500 {
        let (port, packet) = random.packet();
        drop(net.forwarder.trace(&[Entry { port, load: Load::Frame(packet.frame().to_vec()) }], net.now));
    }
    assert_eq!(format!("{:?}", net.forwarder), before);
}

/// Random packets, each traced and then sent: the same becomes of it, byte for byte.
///
/// `VGW_TRACE_PACKETS=1000000 cargo test --release --lib tracing_foretells` is the long form.
#[test]
fn tracing_foretells() {
    let packets = std::env::var("VGW_TRACE_PACKETS").map_or(50_000, |number| number.parse().unwrap());
    let mut random = Random(0x5eed);
    let mut net = random.net();
    let mut seen = std::collections::BTreeMap::new();
    for number in 0..packets {
        if random.one_in(400) {
            net = random.net();
        }
        let (port, mut packet) = random.packet();
        let (length, offload, bytes) = (packet.length(), packet.offload, packet.frame().to_vec());
        let copy = || {
            let mut copy = Packet::from_frame(&bytes);
            copy.offload = offload;
            copy
        };
        let told = net.forwarder.shadow(port).pass(port, copy(), net.now);
        let context = || format!("packet {number}: {port:?} {offload:?} {length} bytes {bytes:02x?}");
        let verdict = net.forwarder.process(port, &mut packet, net.now);
        assert_eq!(told.verdict, verdict, "{}", context());
        let says_more = matches!(verdict, Verdict::Forward(_) | Verdict::Answer | Verdict::Reject(_));
        if says_more {
            assert_eq!(told.packet.frame(), packet.frame(), "{}", context());
            assert_eq!(told.packet.offload, packet.offload, "{}", context());
        }
        if let Some((egress, origin)) = verdict.outgoing(port) {
            net.forwarder.sent(origin, egress, packet.length());
        }
        let mut emitted = take_emissions(&mut net.forwarder);
        // What waited for a neighbour that has shown itself goes first; nothing waits in the copy.
        let own = emitted
            .split_off(emitted.len().checked_sub(told.emissions.len()).unwrap_or_else(|| panic!("{}", context())));
        let foretold: Vec<_> =
            told.emissions.iter().map(|told| (told.port, told.origin, told.packet.frame().to_vec())).collect();
        assert_eq!(foretold, own, "{}", context());
        let kind = match verdict {
            Verdict::Forward(_) => "forwarded".to_owned(),
            Verdict::Drop(reason) | Verdict::Reject(reason) => reason.name().to_owned(),
            other => format!("{other:?}"),
        };
        *seen.entry(kind).or_insert(0) += 1;
        net.pass(Duration::from_millis(random.of(&[0, 0, 0, 0, 1, 100])));
        take_emissions(&mut net.forwarder);
    }
    net.check_accounts();
    // The packets are random, not alike.
    assert!(seen.len() > 25 && seen["forwarded"] > packets / 10 && seen["Taken"] > packets / 100, "{seen:?}");
}

fn take_emissions(forwarder: &mut Forwarder) -> Vec<(PortId, crate::forward::Origin, Vec<u8>)> {
    let mut taken = Vec::new();
    while let Some(emission) = forwarder.take_emission() {
        forwarder.sent(emission.origin, emission.port, emission.packet.length());
        taken.push((emission.port, emission.origin, emission.packet.frame().to_vec()));
        forwarder.recycle(emission.packet);
    }
    taken
}

fn arp(operation: ArpOperation, mac: Mac, sender: &str, target: &str) -> Vec<u8> {
    let (sender, target) = (sender.parse().unwrap(), target.parse().unwrap());
    let mut packet = Packet::new();
    ArpMessage { operation, sender_mac: mac, sender, target_mac: Mac::ZERO, target }
        .write(&mut packet, Stations { destination: Mac::BROADCAST, source: mac });
    packet.frame().to_vec()
}

fn solicitation(mac: Mac, source: &str, target: &str) -> Vec<u8> {
    let target = target.parse().unwrap();
    let group = solicited_node(target);
    let stations = Stations { destination: Mac::of_ipv6_multicast(group), source: mac };
    let mut packet = Packet::new();
    nd::write_solicitation(&mut packet, stations, (source.parse().unwrap(), group), target);
    packet.frame().to_vec()
}

/// The same numbers every time (splitmix64).
struct Random(u64);

const V4: [&str; 16] = [
    "10.1.0.5",
    "10.1.0.6",
    "10.71.0.1",
    "10.6.1.2",
    "20.0.0.9",
    "10.1.0.1",
    "10.66.0.1",
    "10.67.0.1",
    "10.68.0.1",
    "10.69.0.1",
    "10.70.0.1",
    "8.8.8.8",
    "224.0.0.5",
    "127.0.0.1",
    "169.254.0.3",
    "0.0.0.0",
];
const V6: [&str; 11] = [
    "fd00:1::5",
    "fd00:1::6",
    "fd06::8",
    "fd06::7",
    "fd00:99::1",
    "fd00:1::1",
    "fd66::1",
    "fd67::1",
    "ff02::1",
    "::1",
    "fe80::9",
];

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    /// A network whose ports take this and that, and whose guests are told this and that.
    fn net(&mut self) -> Net {
        // Some have little room, so that all of it is used.
        let rate = Rate { per_second: 200, burst: 3 };
        let tight =
            Limits { neighbours: 2, held: 2, emissions: 12, icmp_port: rate, icmp_total: rate, ..Limits::default() };
        let mut net = if self.one_in(2) { Net::new() } else { Net::with(tight) };
        for (port, networks) in [
            (GUEST, &["10.1.0.5/32", "fd00:1::5/128"][..]),
            (OTHER, &["10.1.0.6/32", "fd00:1::6/128", "10.6.0.0/16", "fd06::/16"]),
        ] {
            let mtu = self.of(&[576, 1280, 1500, 9000]);
            let super_packets = SuperPackets { tcp: self.one_in(2), udp: self.one_in(2) };
            let lease = self.one_in(2).then(|| Arc::new(lease()));
            let told =
                RouterAdvertisement { lifetime: 1800, mtu, network: None, is_autonomous: false, dns: Vec::new() };
            let advertisement = self.one_in(2).then(|| Arc::new(told));
            let peer_mac = (port == OTHER && self.one_in(2)).then_some(OTHER_MAC);
            let config = guest(port, InstanceId(0), networks);
            net.forwarder.set_port(PortConfig { mtu, super_packets, lease, advertisement, peer_mac, ..config });
        }
        net
    }

    /// A packet and the port that it comes in by: mostly one that its sender could mean.
    fn packet(&mut self) -> (PortId, Packet) {
        let port = self.of(&[GUEST, GUEST, HOST, HOST, OTHER, OTHER, FOREIGN]);
        let is_v4 = self.one_in(2);
        let (own, any) = match port {
            OTHER => (["10.1.0.6", "fd00:1::6"], OTHER_MAC),
            HOST => (["20.0.0.9", "fd00:99::1"], TAP),
            _ => (["10.1.0.5", "fd00:1::5"], STATION),
        };
        // The first of each are good ones.
        let choose = |random: &mut Self, end: usize| {
            let all: &[&str] = if is_v4 { &V4 } else { &V6 };
            random.of(&all[..end.min(all.len())])
        };
        let to = if self.one_in(3) { choose(self, usize::MAX) } else { choose(self, 5) };
        let from = if self.one_in(16) { choose(self, usize::MAX) } else { own[usize::from(!is_v4)] };
        let mut sample = Sample::new(from, to);
        sample.stations.source = if self.one_in(20) { self.of(&[Mac::ZERO, Mac::BROADCAST, STATION]) } else { any };
        if self.one_in(20) {
            sample.stations.destination = self.of(&[Mac::BROADCAST, TAP]);
        }
        sample.hop_limit = self.of(&[64, 64, 64, 64, 255, 2, 1, 0]);
        sample.dont_fragment = self.one_in(2);
        let payload = vec![7; usize::try_from(self.of(&[0_u64, 9, 600, 1252, 1472, 1473, 4000, 20_000])).unwrap()];
        let is_arp = is_v4 && self.one_in(2);
        let mut packet = match self.below(9) {
            0 => Packet::from_frame(&sample.tcp(&payload)),
            1 => Packet::from_frame(&sample.echo(&payload)),
            2 => Packet::from_frame(&sample.raw(self.of(&[47, 132, 1, 58, 0, 43]), &payload)),
            3 => super_packet(&sample.tcp(&payload), self.of(&[536, 1220, 1448])),
            4 => super_packet(&sample.udp(&payload), self.of(&[500, 1400])),
            5 => left_open(&sample.udp(&payload)),
            6 if is_arp => {
                let operation = self.of(&[ArpOperation::Request, ArpOperation::Reply]);
                Packet::from_frame(&arp(operation, any, own[0], self.of(&V4)))
            }
            6 => Packet::from_frame(&solicitation(any, own[1], self.of(&V6))),
            7 if is_v4 => Packet::from_frame(&broadcast(&message(&[53, 1, self.of(&[1, 3, 7])], |_| {}))),
            _ => Packet::from_frame(&sample.udp(&payload)),
        };
        if self.one_in(5) {
            for _ in 0..=self.below(3) {
                let at = usize::try_from(self.below(packet.length().min(80) as u64)).unwrap();
                packet.frame_mut()[at] = self.next().to_le_bytes()[0];
            }
        }
        if self.one_in(30) {
            packet.set_length(usize::try_from(self.below(packet.length() as u64)).unwrap());
        }
        (port, packet)
    }
}
