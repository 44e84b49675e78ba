//! A small network: a guest whose MAC is learned, another whose MAC is configured and a host in
//! one routing instance; a guest with the same addresses in a second.

use std::sync::Arc;
use std::time::Duration;

use crate::addr::{InstanceId, InstanceName, InterfaceName, Mac, PortId, Prefix, Weight};
use crate::clock::Moment;
use crate::forward::{DropReason, Forwarder, Limits, PortConfig, PortRole, Verdict};
use crate::packet::sample::{STATION, Sample};
use crate::packet::{Packet, Stations, SuperPackets};
use crate::routing::{Hop, Instance, NextHop, Rib};

/// 10.1.0.5 and fd00:1::5; its MAC, [`STATION`], is not configured.
pub(crate) const GUEST: PortId = PortId(0);
/// The default route.
pub(crate) const HOST: PortId = PortId(1);
/// 10.1.0.6 and fd00:1::6, and all of 10.6.0.0/16 and fd06::/16. Its device takes no super-packets.
pub(crate) const OTHER: PortId = PortId(2);
/// As [`GUEST`], in another instance.
pub(crate) const FOREIGN: PortId = PortId(3);

pub(crate) const TAP: Mac = Mac([2, 0, 0, 0, 0, 0xaa]);
pub(crate) const OTHER_MAC: Mac = Mac([2, 0, 0, 0, 0, 6]);

const RED: InstanceId = InstanceId(0);
const BLUE: InstanceId = InstanceId(1);

pub(crate) struct Net {
    pub(crate) forwarder: Forwarder,
    pub(crate) now: Moment,
}

/// A packet that the guest sends.
pub(crate) fn from_guest(to: &str) -> Sample {
    Sample::new(if to.contains(':') { "fd00:1::5" } else { "10.1.0.5" }, to)
}

/// A packet that the host sends for somebody outside.
pub(crate) fn from_host(to: &str) -> Sample {
    let mut sample = Sample::new(if to.contains(':') { "fd00:99::1" } else { "20.0.0.9" }, to);
    sample.stations.source = TAP;
    sample
}

pub(crate) fn guest(id: PortId, instance: InstanceId, addresses: &[&str]) -> PortConfig {
    PortConfig {
        id,
        name: InterfaceName::new(&format!("tap{}", id.0)).unwrap(),
        instance,
        role: PortRole::Guest,
        mac: Mac::GATEWAY,
        peer_mac: None,
        mtu: 1500,
        super_packets: SuperPackets::ALL,
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        own_addresses: vec!["10.1.0.1".parse().unwrap(), "fd00:1::1".parse().unwrap()],
        lease: None,
        advertisement: None,
    }
}

pub(crate) fn gateway(id: PortId, instance: InstanceId) -> PortConfig {
    let addresses = guest(id, instance, &[]);
    PortConfig { role: PortRole::Gateway, peer_mac: Some(TAP), own_addresses: Vec::new(), ..addresses }
}

pub(crate) fn instance(id: InstanceId, routes: &[(&str, NextHop<PortId>)]) -> Arc<Instance> {
    let mut rib = Rib::new(id, InstanceName::new(&format!("net{}", id.0)).unwrap());
    for (prefix, next_hop) in routes {
        rib.insert(prefix.parse::<Prefix>().unwrap(), next_hop.clone());
    }
    rib.publish()
}

impl Net {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let mut forwarder = Forwarder::new(limits);
        forwarder.set_port(guest(GUEST, RED, &["10.1.0.5/32", "fd00:1::5/128"]));
        forwarder.set_port(gateway(HOST, RED));
        let networks = ["10.1.0.6/32", "fd00:1::6/128", "10.6.0.0/16", "fd06::/16"];
        let super_packets = SuperPackets { tcp: false, udp: false };
        forwarder.set_port(PortConfig { peer_mac: Some(OTHER_MAC), super_packets, ..guest(OTHER, RED, &networks) });
        forwarder.set_port(guest(FOREIGN, BLUE, &["10.1.0.5/32", "fd00:1::5/128"]));
        let via = |port, gateway: &str| {
            NextHop::group([Hop { port, gateway: Some(gateway.parse().unwrap()), weight: Weight::ONE }])
        };
        forwarder.publish(instance(
            RED,
            &[
                ("0.0.0.0/0", NextHop::port(HOST)),
                ("::/0", NextHop::port(HOST)),
                ("10.1.0.1/32", NextHop::Local),
                ("fd00:1::1/128", NextHop::Local),
                ("10.1.0.5/32", NextHop::port(GUEST)),
                ("fd00:1::5/128", NextHop::port(GUEST)),
                ("10.1.0.6/32", NextHop::port(OTHER)),
                ("fd00:1::6/128", NextHop::port(OTHER)),
                ("10.66.0.0/16", NextHop::Discard),
                ("fd66::/16", NextHop::Discard),
                ("10.67.0.0/16", NextHop::Unreachable),
                ("fd67::/16", NextHop::Unreachable),
                ("10.68.0.0/16", NextHop::port(FOREIGN)),
                ("10.69.0.0/16", via(GUEST, "10.1.0.5")),
                ("10.70.0.0/16", NextHop::port(PortId(99))),
                (
                    "10.71.0.0/16",
                    NextHop::group([HOST, OTHER].map(|port| Hop { port, gateway: None, weight: Weight::ONE })),
                ),
            ],
        ));
        forwarder.publish(instance(
            BLUE,
            &[
                ("10.1.0.1/32", NextHop::Local),
                ("10.1.0.5/32", NextHop::port(FOREIGN)),
                ("fd00:1::5/128", NextHop::port(FOREIGN)),
            ],
        ));
        Self { forwarder, now: Moment::from_nanos(5_000_000_000) }
    }

    /// Takes a frame in and sends what comes of it: the verdict and the buffer's frame.
    pub(crate) fn receive(&mut self, port: PortId, frame: &[u8]) -> (Verdict, Vec<u8>) {
        let mut packet = Packet::from_frame(frame);
        let verdict = self.receive_packet(port, &mut packet);
        (verdict, packet.frame().to_vec())
    }

    pub(crate) fn receive_packet(&mut self, port: PortId, packet: &mut Packet) -> Verdict {
        let verdict = self.forwarder.process(port, packet, self.now);
        self.check_accounts();
        if let Some((egress, origin)) = verdict.outgoing(port) {
            self.forwarder.sent(origin, egress, packet.length());
        }
        self.check_accounts();
        verdict
    }

    /// Takes all emissions and sends them.
    pub(crate) fn emissions(&mut self) -> Vec<(PortId, Vec<u8>)> {
        let mut frames = Vec::new();
        while let Some(emission) = self.forwarder.take_emission() {
            self.check_accounts();
            self.forwarder.sent(emission.origin, emission.port, emission.packet.length());
            frames.push((emission.port, emission.packet.frame().to_vec()));
            self.forwarder.recycle(emission.packet);
        }
        self.check_accounts();
        frames
    }

    /// Lets time pass, with the ticks that fall due.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.forwarder.next_deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.forwarder.tick(self.now);
            assert!(self.forwarder.next_deadline() != Some(deadline), "a tick must get on");
            self.check_accounts();
        }
        self.now = end;
    }

    /// What the guest drops or answers for this reason or why not, for tables.
    pub(crate) fn verdict(&mut self, port: PortId, frame: &[u8]) -> Verdict {
        self.receive(port, frame).0
    }

    pub(crate) fn dropped(&self, port: PortId, reason: DropReason) -> u64 {
        self.forwarder.counters(port).unwrap().dropped(reason)
    }

    /// Received = sent + answered + held + dropped, for every port.
    pub(crate) fn check_accounts(&self) {
        let mut remembered = self.forwarder.last_drops(0).next;
        for port in (0..16).map(PortId) {
            let Some(counters) = self.forwarder.counters(port) else { continue };
            let dropped: u64 = counters.drops().map(|(_, count)| count).sum();
            let settled = counters.sent + counters.answered + counters.held + dropped;
            assert_eq!(counters.received, settled, "{port:?}: {counters:?}");
            remembered -= dropped;
        }
        assert_eq!(remembered, 0, "dropped and not remembered, or the reverse");
    }

    /// Has the guest's MAC learned.
    pub(crate) fn with_guest_known(mut self) -> Self {
        assert_eq!(self.verdict(GUEST, &from_guest("20.0.0.9").udp(b"")), Verdict::Forward(HOST));
        assert_eq!(self.verdict(GUEST, &from_guest("fd00:99::1").udp(b"")), Verdict::Forward(HOST));
        self
    }
}

/// A frame between these stations instead.
pub(crate) fn restationed(mut frame: Vec<u8>, source: Mac, destination: Mac) -> Vec<u8> {
    Stations { destination, source }.write(&mut frame);
    frame
}

#[test]
fn the_guest_is_the_sample_station() {
    assert_eq!(from_guest("20.0.0.9").stations.source, STATION);
}
