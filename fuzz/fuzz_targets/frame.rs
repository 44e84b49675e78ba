//! Any bytes as an offload header and a frame, into any port of a small network: no panic, and
//! every received packet is accounted for.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vgw::addr::{InstanceId, InstanceName, InterfaceName, Mac, PortId};
use vgw::clock::Moment;
use vgw::forward::{DropReason, Forwarder, Limits, PortConfig, PortRole};
use vgw::packet::dhcp::Lease;
use vgw::packet::nd::{ROUTER_LIFETIME, RouterAdvertisement};
use vgw::packet::{Packet, SuperPackets, VNET_HEADER};
use vgw::routing::{NextHop, Rib};
use vgw_fuzz::repair;

const PORTS: [PortId; 3] = [PortId(0), PortId(1), PortId(2)];

fn lease() -> Lease {
    Lease {
        address: [10, 1, 0, 5].into(),
        prefix_length: 32,
        router: [10, 1, 0, 1].into(),
        dns: vec![[10, 1, 0, 53].into()],
        host_name: Some("guest".into()),
        domain: None,
        mtu: 1500,
        time: 3600,
    }
}

fn advertisement() -> RouterAdvertisement {
    RouterAdvertisement {
        lifetime: ROUTER_LIFETIME,
        mtu: 1500,
        network: "fd00:1::/64".parse().ok(),
        is_autonomous: false,
        dns: Vec::new(),
    }
}

fn forwarder() -> Forwarder {
    let mut forwarder = Forwarder::new(Limits::default()).announcing();
    for (id, role, networks) in [
        (PORTS[0], PortRole::Guest, &["10.1.0.5/32", "fd00:1::5/128"][..]),
        (PORTS[1], PortRole::Guest, &["10.0.0.0/8", "fd00::/8"]),
        (PORTS[2], PortRole::Gateway, &[]),
    ] {
        forwarder.set_port(PortConfig {
            id,
            name: InterfaceName::new("tap").expect("a good name"),
            instance: InstanceId(0),
            role,
            mac: Mac::GATEWAY,
            peer_mac: (role == PortRole::Gateway).then_some(Mac([2, 0, 0, 0, 0, 0xaa])),
            mtu: 1500,
            super_packets: SuperPackets { tcp: id != PORTS[1], udp: id != PORTS[1] },
            addresses: networks.iter().map(|text| text.parse().expect("a prefix")).collect(),
            own_addresses: vec!["10.1.0.1".parse().expect("an address"), "fd00:1::1".parse().expect("an address")],
            lease: (id == PORTS[0]).then(|| Arc::new(lease())),
            advertisement: (id == PORTS[0]).then(|| Arc::new(advertisement())),
        });
    }
    let mut rib = Rib::new(InstanceId(0), InstanceName::new("red").expect("a good name"));
    for (prefix, next_hop) in [
        ("0.0.0.0/0", NextHop::port(PORTS[2])),
        ("::/0", NextHop::port(PORTS[2])),
        ("10.1.0.1/32", NextHop::Local),
        ("fd00:1::1/128", NextHop::Local),
        ("10.1.0.5/32", NextHop::port(PORTS[0])),
        ("fd00:1::5/128", NextHop::port(PORTS[0])),
        ("10.2.0.0/16", NextHop::port(PORTS[1])),
        ("10.3.0.0/16", NextHop::Unreachable),
    ] {
        rib.insert(prefix.parse().expect("a prefix"), next_hop);
    }
    forwarder.publish(rib.publish());
    forwarder
}

fn check(forwarder: &Forwarder) {
    for port in PORTS {
        let counters = forwarder.counters(port).expect("the port is there");
        let dropped: u64 = counters.drops().map(|(_, count)| count).sum();
        assert_eq!(counters.received, counters.sent + counters.answered + counters.held + dropped);
    }
}

fuzz_target!(|input: &[u8]| {
    let mut forwarder = forwarder();
    let mut now = Moment::from_nanos(1_000_000_000);
    let mut packet = Packet::new();
    let mut rest = input;
    // Each packet: its port and whether its checksums are put right, its length, then the offload header and the frame.
    while let [port, high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        let (bytes, next) = behind.split_at(length);
        rest = next;
        let (port, repairs) = (PORTS[usize::from(*port) % PORTS.len()], port & 0x80 != 0);
        let mut bytes = bytes.to_vec();
        if repairs && let Some((_, frame)) = bytes.split_at_mut_checked(VNET_HEADER) {
            repair(frame);
        }
        packet.receive_area()[..length].copy_from_slice(&bytes);
        if let Err(error) = packet.received(length) {
            forwarder.malformed(port, &packet, error);
            check(&forwarder);
            continue;
        }
        let verdict = forwarder.process(port, &mut packet, now);
        check(&forwarder);
        if let Some((egress, origin)) = verdict.outgoing(port) {
            let _ = packet.transmit_area();
            forwarder.sent(origin, egress, packet.length());
        }
        now = now + Duration::from_millis(400);
        forwarder.tick(now);
        while let Some(mut emission) = forwarder.take_emission() {
            let _ = emission.packet.transmit_area();
            forwarder.undelivered(emission.origin, DropReason::FullRing, &emission.packet);
            forwarder.recycle(emission.packet);
        }
        check(&forwarder);
    }
});
