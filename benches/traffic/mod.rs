//! A small network and a packet of every usual kind. Measured for time in `benches/forward.rs`, for
//! instructions in `scripts/bench.d/instructions.rs`, for allocations in `tests/allocations.rs`.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use etherparse::PacketBuilder;
use vgw::addr::{InstanceId, InstanceName, InterfaceName, Mac, PortId, Weight};
use vgw::clock::Moment;
use vgw::forward::{Forwarder, Limits, PortConfig, PortRole, Verdict};
use vgw::packet::dhcp::Lease;
use vgw::packet::nd::{ROUTER_LIFETIME, RouterAdvertisement};
use vgw::packet::{Checksum, Offload, Packet, SegmentKind, Segmentation, Stations, SuperPackets, nd};
use vgw::routing::{Hop, NextHop, Rib};

/// 10.1.0.5 and fd00:1::5.
const GUEST: PortId = PortId(0);
/// The default route.
const HOST: PortId = PortId(1);
/// Shares 30.0.0.0/8 with [`HOST`].
const SECOND_HOST: PortId = PortId(2);
/// 10.1.0.6, behind a device that takes no super-packets.
const PEER: PortId = PortId(3);

const GUEST_MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const PEER_MAC: Mac = Mac([2, 0, 0, 0, 0, 6]);
const TAP: Mac = Mac([2, 0, 0, 0, 0, 0xaa]);

/// When the first packet comes.
pub(crate) const START: Moment = Moment::from_nanos(1_000_000_000);

/// As much of a frame as forwarding edits.
const EDITED: usize = 128;

/// A packet of one kind, to be sent again and again.
pub(crate) struct Kind {
    /// What it is.
    pub(crate) name: &'static str,
    /// What becomes of it.
    pub(crate) verdict: Verdict,
    ingress: PortId,
    packet: Packet,
    length: usize,
    offload: Offload,
    head: Vec<u8>,
}

impl Kind {
    fn new(name: &'static str, ingress: PortId, verdict: Verdict, packet: Packet) -> Self {
        let (length, offload) = (packet.length(), packet.offload);
        // An answer is written over all of the question.
        let kept = if verdict == Verdict::Answer { length } else { length.min(EDITED) };
        let head = packet.frame()[..kept].to_vec();
        Self { name, verdict, ingress, packet, length, offload, head }
    }

    /// Makes the packet what it was before it was forwarded.
    pub(crate) fn restore(&mut self) {
        self.packet.set_length(self.length);
        self.packet.offload = self.offload;
        self.packet.frame_mut()[..self.head.len()].copy_from_slice(&self.head);
    }

    /// Sends the packet through, with all that a worker asks and tells of it.
    pub(crate) fn pass(&mut self, forwarder: &mut Forwarder, now: Moment) -> Verdict {
        let verdict = forwarder.process(self.ingress, &mut self.packet, now);
        if let Some((egress, origin)) = verdict.outgoing(self.ingress) {
            forwarder.sent(origin, egress, self.packet.length());
        }
        while let Some(emission) = forwarder.take_emission() {
            forwarder.sent(emission.origin, emission.port, emission.packet.length());
            forwarder.recycle(emission.packet);
        }
        while forwarder.take_learned().is_some() {}
        verdict
    }

    /// Fails unless every packet that came in has the same fate, which is settled.
    pub(crate) fn check(&self, forwarder: &Forwarder, packets: u64) {
        let counters = forwarder.counters(self.ingress).expect("the port is there");
        let fate = match self.verdict {
            Verdict::Forward(_) | Verdict::Taken => counters.sent,
            Verdict::Answer | Verdict::Consumed => counters.answered,
            Verdict::Reject(reason) | Verdict::Drop(reason) => counters.dropped(reason),
        };
        assert_eq!((counters.received, fate), (packets, packets), "{}", self.name);
    }
}

fn port(id: PortId, peer_mac: Option<Mac>) -> PortConfig {
    let role = if peer_mac == Some(TAP) { PortRole::Gateway } else { PortRole::Guest };
    let takes_all = id != PEER;
    let addresses = if id == PEER { ["10.1.0.6/32", "fd00:1::6/128"] } else { ["10.1.0.5/32", "fd00:1::5/128"] };
    PortConfig {
        id,
        name: InterfaceName::new(&format!("port{}", id.0)).expect("a good name"),
        instance: InstanceId(0),
        role,
        mac: Mac::GATEWAY,
        peer_mac,
        mtu: 1500,
        super_packets: SuperPackets { tcp: takes_all, udp: takes_all },
        addresses: addresses.map(|prefix| prefix.parse().expect("a prefix")).to_vec(),
        own_addresses: ["10.1.0.1", "fd00:1::1"].map(address).to_vec(),
        lease: (id == GUEST).then(|| Arc::new(lease())),
        advertisement: (id == GUEST).then(|| Arc::new(advertisement())),
    }
}

/// What the guest is told.
fn lease() -> Lease {
    Lease {
        address: [10, 1, 0, 5].into(),
        prefix_length: 24,
        router: [10, 1, 0, 1].into(),
        dns: vec![[10, 1, 0, 53].into()],
        host_name: Some("guest".into()),
        domain: Some("example.org".into()),
        mtu: 1500,
        time: 3600,
    }
}

fn advertisement() -> RouterAdvertisement {
    let network = Some("fd00:1::/64".parse().expect("a prefix"));
    let dns = vec!["fd00:1::53".parse().expect("an address")];
    RouterAdvertisement { lifetime: ROUTER_LIFETIME, mtu: 1500, network, is_autonomous: false, dns }
}

/// The network.
pub(crate) fn forwarder() -> Forwarder {
    let mut forwarder = Forwarder::new(Limits::default());
    for (id, peer_mac) in [(GUEST, None), (HOST, Some(TAP)), (SECOND_HOST, Some(TAP)), (PEER, Some(PEER_MAC))] {
        forwarder.set_port(port(id, peer_mac));
    }
    let mut rib = Rib::new(InstanceId(0), InstanceName::new("red").expect("a good name"));
    let both = NextHop::group([HOST, SECOND_HOST].map(|port| Hop { port, gateway: None, weight: Weight::ONE }));
    for (prefix, next_hop) in [
        ("0.0.0.0/0", NextHop::port(HOST)),
        ("::/0", NextHop::port(HOST)),
        ("30.0.0.0/8", both),
        ("10.1.0.1/32", NextHop::Local),
        ("fd00:1::1/128", NextHop::Local),
        ("10.1.0.5/32", NextHop::port(GUEST)),
        ("10.1.0.6/32", NextHop::port(PEER)),
        ("fd00:1::5/128", NextHop::port(GUEST)),
    ] {
        rib.insert(prefix.parse().expect("a prefix"), next_hop);
    }
    forwarder.publish(rib.publish());
    for guest in ["10.1.0.5", "fd00:1::5"].map(address) {
        forwarder.learn(GUEST, guest, GUEST_MAC, START);
    }
    forwarder
}

/// Every usual kind.
pub(crate) fn kinds() -> Vec<Kind> {
    use Verdict::{Answer, Drop, Forward, Taken};
    let small = |from, to, mac| udp(from, to, mac, 22, true);
    let bulk = |to| super_packet("10.1.0.5", to);
    let spoofed = vgw::forward::DropReason::IpRpfilter;
    let kind = Kind::new;
    vec![
        kind("guest to gateway, IPv4", GUEST, Forward(HOST), small("10.1.0.5", "20.0.0.9", GUEST_MAC)),
        kind("gateway to guest, IPv4", HOST, Forward(GUEST), small("20.0.0.9", "10.1.0.5", TAP)),
        kind("guest to gateway, IPv6", GUEST, Forward(HOST), small("fd00:1::5", "fd00:99::1", GUEST_MAC)),
        kind("gateway to guest, IPv6", HOST, Forward(GUEST), small("fd00:99::1", "fd00:1::5", TAP)),
        kind("guest to guest, IPv4", GUEST, Forward(PEER), small("10.1.0.5", "10.1.0.6", GUEST_MAC)),
        kind("guest to one of two gateways", GUEST, Forward(SECOND_HOST), small("10.1.0.5", "30.0.0.9", GUEST_MAC)),
        kind("super-packet, 64 KiB, whole", GUEST, Forward(HOST), bulk("20.0.0.9")),
        kind("super-packet, 64 KiB, cut in 45", GUEST, Taken, bulk("10.1.0.6")),
        kind("3,000 bytes in three fragments", HOST, Taken, udp("20.0.0.9", "10.1.0.5", TAP, 3000, false)),
        kind("ARP request, answered", GUEST, Answer, arp_request()),
        kind("neighbour solicitation, answered", GUEST, Answer, solicitation()),
        kind("echo request, answered", GUEST, Answer, echo_request()),
        kind("DHCP request, answered", GUEST, Answer, dhcp_request()),
        kind("router solicitation, answered", GUEST, Answer, router_solicitation()),
        kind("spoofed source, dropped", GUEST, Drop(spoofed), small("10.1.0.7", "20.0.0.9", GUEST_MAC)),
    ]
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// The start of a frame to the gateway's MAC.
fn headers(
    from: &str,
    to: &str,
    mac: Mac,
    dont_fragment: bool,
) -> etherparse::PacketBuilderStep<etherparse::IpHeaders> {
    let ethernet = PacketBuilder::ethernet2(mac.0, Mac::GATEWAY.0);
    match (address(from), address(to)) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let protocol = etherparse::IpNumber::UDP;
            let header = etherparse::Ipv4Header::new(0, 64, protocol, from.octets(), to.octets()).expect("no payload");
            let header = etherparse::Ipv4Header { dont_fragment, ..header };
            ethernet.ip(etherparse::IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default()))
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => ethernet.ipv6(from.octets(), to.octets(), 64),
        _ => unreachable!("one family"),
    }
}

fn udp(from: &str, to: &str, mac: Mac, payload: usize, dont_fragment: bool) -> Packet {
    let mut frame = Vec::new();
    let builder = headers(from, to, mac, dont_fragment).udp(4000, 5000);
    builder.write(&mut frame, &vec![7; payload]).expect("memory takes all");
    Packet::from_frame(&frame)
}

fn super_packet(from: &str, to: &str) -> Packet {
    let mut frame = Vec::new();
    let builder = headers(from, to, GUEST_MAC, true).tcp(4000, 5000, 1, 1024).ack(1);
    builder.write(&mut frame, &vec![7; 65_000]).expect("memory takes all");
    let mut packet = Packet::from_frame(&frame);
    let segmentation = Segmentation { kind: SegmentKind::TcpV4, size: 1448, header_length: 54, ecn: false };
    let checksum = Checksum::Partial { start: 34, offset: 16 };
    packet.offload = Offload { checksum, segmentation: Some(segmentation) };
    packet
}

fn echo_request() -> Packet {
    let mut frame = Vec::new();
    let builder = headers("10.1.0.5", "10.1.0.1", GUEST_MAC, true).icmpv4_echo_request(1, 1);
    builder.write(&mut frame, &[7; 56]).expect("memory takes all");
    Packet::from_frame(&frame)
}

fn dhcp_request() -> Packet {
    let mut message = [0; 240];
    message[..3].copy_from_slice(&[1, 1, 6]);
    message[28..34].copy_from_slice(&GUEST_MAC.0);
    message[236..].copy_from_slice(&[99, 130, 83, 99]);
    let options = [53, 1, 3, 50, 4, 10, 1, 0, 5, 61, 3, 1, 2, 3, 255];
    let mut frame = Vec::new();
    let builder = headers("0.0.0.0", "255.255.255.255", GUEST_MAC, false).udp(68, 67);
    builder.write(&mut frame, &[&message[..], &options].concat()).expect("memory takes all");
    frame[..6].fill(0xff);
    Packet::from_frame(&frame)
}

fn router_solicitation() -> Packet {
    let ethernet = PacketBuilder::ethernet2(GUEST_MAC.0, [0x33, 0x33, 0, 0, 0, 2]);
    let [guest, routers]: [Ipv6Addr; 2] = ["fe80::5", "ff02::2"].map(|text| text.parse().expect("an address"));
    let mut frame = Vec::new();
    let builder = ethernet.ipv6(guest.octets(), routers.octets(), 255).icmpv6_raw(133, 0, [0; 4]);
    builder.write(&mut frame, &[&[1, 1][..], &GUEST_MAC.0].concat()).expect("memory takes all");
    Packet::from_frame(&frame)
}

fn arp_request() -> Packet {
    let ethernet = [&[0xff; 6], &GUEST_MAC.0[..], &[8, 6]].concat();
    let sender = [&GUEST_MAC.0[..], &[10, 1, 0, 5]].concat();
    let target = [0, 0, 0, 0, 0, 0, 10, 1, 0, 1];
    Packet::from_frame(&[&ethernet[..], &[0, 1, 8, 0, 6, 4, 0, 1], &sender, &target].concat())
}

fn solicitation() -> Packet {
    let [guest, gateway]: [Ipv6Addr; 2] = ["fd00:1::5", "fd00:1::1"].map(|text| text.parse().expect("an address"));
    let group = nd::solicited_node(gateway);
    let stations = Stations { destination: Mac::of_ipv6_multicast(group), source: GUEST_MAC };
    let mut packet = Packet::new();
    nd::write_solicitation(&mut packet, stations, (guest, group), gateway);
    packet
}
