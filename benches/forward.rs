//! The cost of a decision: a packet through [`Forwarder::process`], without any device.
//!
//! The frame is restored before each call (its headers only); that is part of the figures.

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vgw::addr::{InstanceId, InstanceName, InterfaceName, Mac, PortId};
use vgw::clock::Moment;
use vgw::forward::{Forwarder, Limits, PortConfig, PortRole, Verdict};
use vgw::packet::{Checksum, Offload, Packet, SegmentKind, Segmentation, SuperPackets, checksum};
use vgw::routing::{Instance, NextHop};

const GUEST: PortId = PortId(0);
const HOST: PortId = PortId(1);
const GUEST_MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const TAP: Mac = Mac([2, 0, 0, 0, 0, 0xaa]);
const NOW: Moment = Moment::from_nanos(1_000_000_000);

fn port(id: PortId, role: PortRole, peer_mac: Option<Mac>) -> PortConfig {
    PortConfig {
        id,
        name: InterfaceName::new(if role == PortRole::Guest { "tap0" } else { "vgw0" }).expect("a good name"),
        instance: InstanceId(0),
        role,
        mac: Mac::GATEWAY,
        peer_mac,
        mtu: 1500,
        super_packets: SuperPackets::ALL,
        addresses: vec!["10.1.0.5/32".parse().expect("a prefix"), "fd00:1::5/128".parse().expect("a prefix")],
        own_addresses: vec!["10.1.0.1".parse().expect("an address")],
    }
}

fn forwarder() -> Forwarder {
    let mut forwarder = Forwarder::new(Limits::default());
    forwarder.set_port(port(GUEST, PortRole::Guest, None));
    forwarder.set_port(port(HOST, PortRole::Gateway, Some(TAP)));
    let mut instance = Instance::new(InstanceId(0), InstanceName::new("red").expect("a good name"));
    for (prefix, next_hop) in [
        ("0.0.0.0/0", NextHop::port(HOST)),
        ("::/0", NextHop::port(HOST)),
        ("10.1.0.1/32", NextHop::Local),
        ("10.1.0.5/32", NextHop::port(GUEST)),
        ("fd00:1::5/128", NextHop::port(GUEST)),
    ] {
        instance.insert(prefix.parse().expect("a prefix"), next_hop);
    }
    forwarder.publish(Arc::new(instance));
    forwarder.learn(GUEST, IpAddr::from([10, 1, 0, 5]), GUEST_MAC, NOW);
    forwarder
}

/// A UDP frame of `length` bytes from `source` to `destination`.
fn frame(stations: [Mac; 2], source: IpAddr, destination: IpAddr, length: usize) -> Vec<u8> {
    let [to, from] = stations;
    let mut frame = [&to.0[..], &from.0].concat();
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let total = u16::try_from(length - 14).expect("an IP packet").to_be_bytes();
            frame.extend([8, 0, 0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, 17, 0, 0]);
            frame.extend([source.octets(), destination.octets()].concat());
            let sum = checksum::Sum::default().bytes(&frame[14..34]).finish();
            frame[24..26].copy_from_slice(&sum.to_be_bytes());
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let payload = u16::try_from(length - 54).expect("an IP packet").to_be_bytes();
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, payload[0], payload[1], 17, 64]);
            frame.extend([source.octets(), destination.octets()].concat());
        }
        _ => unreachable!("one family"),
    }
    frame.resize(length, 0);
    frame
}

/// A TCP super-packet over IPv4 of `length` bytes.
fn super_packet(length: usize) -> Packet {
    let mut bytes = frame([Mac::GATEWAY, GUEST_MAC], [10, 1, 0, 5].into(), [20, 0, 0, 9].into(), length);
    bytes[23] = 6;
    bytes[24..26].fill(0);
    let sum = checksum::Sum::default().bytes(&bytes[14..34]).finish();
    bytes[24..26].copy_from_slice(&sum.to_be_bytes());
    bytes[46] = 5 << 4;
    let mut packet = Packet::from_frame(&bytes);
    packet.offload = Offload {
        checksum: Checksum::Partial { start: 34, offset: 16 },
        segmentation: Some(Segmentation { kind: SegmentKind::TcpV4, size: 1448, header_length: 54, ecn: false }),
    };
    packet
}

fn measure(criterion: &mut Criterion, name: &str, ingress: PortId, egress: PortId, mut packet: Packet) {
    let mut forwarder = forwarder();
    let mut headers = [0; 54];
    headers.copy_from_slice(&packet.frame()[..54]);
    assert_eq!(forwarder.process(ingress, &mut packet, NOW), Verdict::Forward(egress));
    let mut group = criterion.benchmark_group("forward");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            packet.frame_mut()[..54].copy_from_slice(&headers);
            let verdict = forwarder.process(ingress, black_box(&mut packet), NOW);
            if let Some((egress, origin)) = verdict.outgoing(ingress) {
                forwarder.sent(origin, egress, packet.length());
            }
        });
    });
    group.finish();
    let counters = forwarder.counters(ingress).expect("the port is there");
    assert_eq!((counters.sent + 1, counters.held), (counters.received, 1), "all but the first were sent");
}

fn forward(criterion: &mut Criterion) {
    let to_us = [Mac::GATEWAY, GUEST_MAC];
    let v4 = frame(to_us, [10, 1, 0, 5].into(), [20, 0, 0, 9].into(), 64);
    measure(criterion, "guest to gateway, IPv4, 64 bytes", GUEST, HOST, Packet::from_frame(&v4));
    measure(criterion, "guest to gateway, IPv4, 64 KiB super-packet", GUEST, HOST, super_packet(65_000));
    let back = frame([Mac::GATEWAY, TAP], [20, 0, 0, 9].into(), [10, 1, 0, 5].into(), 64);
    measure(criterion, "gateway to guest, IPv4, 64 bytes", HOST, GUEST, Packet::from_frame(&back));
    let [guest, outside]: [IpAddr; 2] = ["fd00:1::5", "fd00:99::1"].map(|text| text.parse().expect("an address"));
    let v6 = frame(to_us, guest, outside, 78);
    measure(criterion, "guest to gateway, IPv6, 78 bytes", GUEST, HOST, Packet::from_frame(&v6));
}

criterion_group!(benches, forward);
criterion_main!(benches);
