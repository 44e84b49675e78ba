//! Our cutting of super-packets against the kernel's own: the same packet goes through the kernel's
//! forwarding and through ours, and what comes out must be the same, byte for byte.
//!
//! ```text
//! in0 (offload header) -- the kernel's IP stack -- out0 (a tap without any offload)
//! ```

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;

use etherparse::{IpNumber, Ipv4Options, PacketBuilder, TcpHeader, UdpHeader};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tun_tap::{Iface, Mode};
use vgw::addr::{InstanceId, InstanceName, Mac, PortId};
use vgw::clock::Moment;
use vgw::engine::Device;
use vgw::forward::{DropReason, Forwarder, Limits, PortConfig, PortRole, Verdict};
use vgw::packet::{
    Checksum, Content, Frame, Offload, Packet, SegmentKind, Segmentation, SuperPackets, checksum, protocol,
};
use vgw::routing::{NextHop, Rib};
use vgw::sys::Tap;

use crate::lab::{eventually, in_namespace, ip, name, sysctl};

const INGRESS: PortId = PortId(0);
const EGRESS: PortId = PortId(1);
const GUEST_MAC: Mac = Mac([2, 0, 0, 0, 1, 5]);
const IN_MAC: Mac = Mac([2, 0, 0, 0, 1, 1]);
const OUT_MAC: Mac = Mac([2, 0, 0, 0, 2, 1]);
const FAR_MAC: Mac = Mac([2, 0, 0, 0, 2, 9]);

/// Segments that Linux takes in one UDP super-packet (`UDP_MAX_SEGMENTS`; 64 before 6.7).
const SEGMENTS: usize = 64;
/// More than the pieces of any super-packet here.
const ROOM: usize = 16 * SEGMENTS;
/// IPv6 destination options of eight bytes: padding.
const PADDING: [u8; 6] = [1, 4, 0, 0, 0, 0];
const ROUTER_ALERT: [u8; 4] = [0x94, 4, 0, 0];
/// TCP options that most segments carry.
const TIMESTAMPS: [u8; 12] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

/// A super-packet to be made.
#[derive(Debug, Clone)]
struct Order {
    is_v4: bool,
    is_tcp: bool,
    /// With IPv4 options or an IPv6 extension header.
    is_extended: bool,
    /// Bytes of payload.
    length: usize,
    /// What they are.
    noise: u64,
    size: u16,
    flags: u8,
    ecn: bool,
    dont_fragment: bool,
    identification: u16,
    sequence: u32,
    /// The egress port's.
    mtu: u32,
}

fn order() -> impl Strategy<Value = Order> {
    let payload = (prop_oneof![0usize..4000, 0usize..65_000], any::<u64>());
    let size = prop_oneof![1u16..600, 1000u16..1500, 1500u16..9000];
    let kind = (any::<bool>(), any::<bool>(), any::<bool>());
    let fields = (any::<u8>(), any::<bool>(), any::<bool>(), any::<u16>(), any::<u32>());
    let mtu = prop_oneof![Just(1280u32), Just(1500), Just(9000)];
    (kind, payload, size, fields, mtu)
        .prop_filter("as many as Linux takes", |(_, (length, _), size, ..)| {
            length.div_ceil(usize::from(*size)) <= SEGMENTS
        })
        // Asked whether a packet is a super-packet at all, Linux forgets TCP's options, and drops it
        // when it remembers them.
        .prop_filter("one segment or more, for sure", |((_, is_tcp, _), (length, _), size, ..)| {
            !is_tcp || *length > usize::from(*size) || length + TIMESTAMPS.len() <= usize::from(*size)
        })
        .prop_map(|((is_v4, is_tcp, is_extended), (length, noise), size, fields, mtu)| {
            let (flags, ecn, dont_fragment, identification, sequence) = fields;
            // Measuring segments, the kernel forgets extension headers and lets them exceed the MTU.
            let mtu = if is_extended && !is_v4 { 16_000 } else { mtu };
            let plain = Order { is_v4, is_tcp, is_extended, length, noise, size, ..LAST };
            Order { flags, ecn, dont_fragment, identification, sequence, mtu, ..plain }
        })
}

/// A small datagram that is sent behind each: what comes out before it came of the other.
const LAST: Order = Order {
    is_v4: true,
    is_tcp: false,
    is_extended: false,
    length: 3,
    noise: 0,
    size: 1000,
    flags: 0,
    ecn: false,
    dont_fragment: true,
    identification: 0,
    sequence: 0,
    mtu: 1500,
};

impl Order {
    /// The packet as a guest's kernel hands it over.
    fn packet(&self) -> Packet {
        let transport = self.transport();
        let kind = if self.is_tcp { IpNumber::TCP } else { IpNumber::UDP };
        let ethernet = PacketBuilder::ethernet2(GUEST_MAC.0, IN_MAC.0);
        let mut frame = Vec::new();
        if self.is_v4 {
            let mut header = etherparse::Ipv4Header::new(0, 64, kind, [10, 1, 0, 5], [10, 2, 0, 9]).unwrap();
            header.identification = self.identification;
            header.dont_fragment = self.dont_fragment;
            if self.is_extended {
                header.options = Ipv4Options::from(ROUTER_ALERT);
            }
            let ip = etherparse::IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default());
            ethernet.ip(ip).write(&mut frame, kind, &transport).unwrap();
        } else {
            let [from, to] = ["fd01::5", "fd02::9"].map(|text| text.parse::<std::net::Ipv6Addr>().unwrap().octets());
            let padding = [&[kind.0, 0][..], &PADDING, &transport].concat();
            let (next, payload) = if self.is_extended { (IpNumber(60), padding) } else { (kind, transport) };
            // The builder writes no extension header that it does not know of: it is put in afterwards.
            ethernet.ipv6(from, to, 64).write(&mut frame, IpNumber::EXPERIMENTAL_AND_TESTING_0, &payload).unwrap();
            frame[20] = next.0;
        }
        let mut packet = Packet::from_frame(&frame);
        let Content::Ip(ip) = Frame::parse(&frame).unwrap().content else { panic!("not IP") };
        let offset = if self.is_tcp { 16 } else { 6 };
        let length = u32::try_from(ip.end - ip.transport).unwrap();
        let pseudo = checksum::pseudo_header(ip.source, ip.destination, ip.protocol, length).folded();
        let at = ip.transport + usize::from(offset);
        packet.frame_mut()[at..at + 2].copy_from_slice(&pseudo.to_be_bytes());
        let kind = match (ip.protocol, self.is_v4) {
            (protocol::UDP, _) => SegmentKind::Udp,
            (_, true) => SegmentKind::TcpV4,
            (_, false) => SegmentKind::TcpV6,
        };
        let ecn = self.ecn && self.is_tcp;
        let header_length = u16::try_from(ip.transport).unwrap() + if self.is_tcp { 32 } else { 8 };
        packet.offload = Offload {
            checksum: Checksum::Partial { start: u16::try_from(ip.transport).unwrap(), offset },
            segmentation: Some(Segmentation { kind, size: self.size, header_length, ecn }),
        };
        packet
    }

    /// The transport's header and payload.
    fn transport(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.is_tcp {
            let mut header = TcpHeader::new(4000, 5000, self.sequence, 1024);
            header.acknowledgment_number = 9;
            header.set_options_raw(&TIMESTAMPS).unwrap();
            header.write(&mut bytes).unwrap();
            bytes[13] = self.flags;
        } else {
            UdpHeader::without_ipv4_checksum(4000, 5000, self.length).unwrap().write(&mut bytes).unwrap();
        }
        let mut noise = self.noise;
        bytes.extend((0..self.length).map(|_| {
            noise = noise.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(self.noise);
            !noise.to_be_bytes()[0]
        }));
        bytes
    }
}

/// The kernel as a router between two taps.
struct Kernel {
    inside: Tap,
    outside: Iface,
}

impl Kernel {
    fn new() -> Self {
        let inside = Tap::create(name("in0"), 1).unwrap().remove(0);
        let outside = Iface::without_packet_info("out0", Mode::Tap).unwrap();
        outside.set_non_blocking().unwrap();
        for (tap, mac, addresses) in
            [("in0", IN_MAC, ["10.1.0.1/24", "fd01::1/64"]), ("out0", OUT_MAC, ["10.2.0.1/24", "fd02::1/64"])]
        {
            ip(&format!("link set {tap} addrgenmode none address {mac} txqueuelen {ROOM} up"));
            ip(&format!("address add {} dev {tap}", addresses[0]));
            ip(&format!("address add {} dev {tap} nodad", addresses[1]));
            sysctl(&format!("net.ipv4.conf.{tap}.rp_filter"), "0");
        }
        for far in ["10.2.0.9", "fd02::9"] {
            ip(&format!("neighbour add {far} lladdr {FAR_MAC} dev out0"));
        }
        sysctl("net.ipv4.conf.all.rp_filter", "0");
        sysctl("net.ipv4.ip_forward", "1");
        sysctl("net.ipv6.conf.all.forwarding", "1");
        Self { inside, outside }
    }

    /// What becomes of a packet on its way through.
    fn forward(&mut self, packet: &mut Packet, mtu: u32) -> Vec<Vec<u8>> {
        ip(&format!("link set out0 mtu {mtu}"));
        self.inside.transmit(packet).unwrap();
        self.inside.transmit(&mut LAST.packet()).unwrap();
        let mut frames = Vec::new();
        loop {
            let frame = self.next_frame();
            if frame.len() == 14 + 28 + LAST.length && frame[18..20] == [0, 0] {
                return frames;
            }
            if frame[..6] == FAR_MAC.0 {
                frames.push(frame);
            }
        }
    }

    fn next_frame(&self) -> Vec<u8> {
        let mut frame = vec![0; 1 << 16];
        eventually("a frame leaves the kernel", || match self.outside.recv(&mut frame) {
            Ok(length) => {
                frame.truncate(length);
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        });
        frame
    }
}

/// Our router, between ports with the same addresses.
fn router(mtu: u32) -> Forwarder {
    let mut forwarder = Forwarder::new(Limits { emissions: ROOM, ..Limits::default() });
    let port = PortConfig {
        id: INGRESS,
        name: name("in0"),
        instance: InstanceId(0),
        role: PortRole::Gateway,
        mac: IN_MAC,
        peer_mac: Some(GUEST_MAC),
        mtu: 65_535,
        super_packets: SuperPackets::ALL,
        addresses: vec!["10.2.0.0/24".parse().unwrap(), "fd02::/64".parse().unwrap()],
        own_addresses: Vec::new(),
        lease: None,
        advertisement: None,
    };
    forwarder.set_port(port.clone());
    forwarder.set_port(PortConfig {
        id: EGRESS,
        name: name("out0"),
        role: PortRole::Guest,
        mac: OUT_MAC,
        peer_mac: Some(FAR_MAC),
        mtu,
        super_packets: SuperPackets { tcp: false, udp: false },
        ..port
    });
    let mut rib = Rib::new(InstanceId(0), InstanceName::new("red").unwrap());
    rib.insert("10.2.0.0/24".parse().unwrap(), NextHop::port(EGRESS));
    rib.insert("fd02::/64".parse().unwrap(), NextHop::port(EGRESS));
    forwarder.publish(rib.publish());
    forwarder
}

/// What becomes of a packet with us.
fn forwarded(packet: &mut Packet, mtu: u32) -> Vec<Vec<u8>> {
    let mut forwarder = router(mtu);
    let mut frames = Vec::new();
    match forwarder.process(INGRESS, packet, Moment::from_nanos(1)) {
        Verdict::Taken => {}
        Verdict::Reject(DropReason::PktTooBig) | Verdict::Drop(DropReason::PktTooBig) => return frames,
        other => panic!("{other:?}"),
    }
    while let Some(emission) = forwarder.take_emission() {
        assert_eq!(emission.port, EGRESS);
        frames.push(emission.packet.frame().to_vec());
    }
    frames
}

/// Fails at the first frame that differs, with little text.
fn assert_same(theirs: &[Vec<u8>], ours: &[Vec<u8>]) {
    let lengths = |frames: &[Vec<u8>]| frames.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths(theirs), lengths(ours), "lengths of the kernel's frames and of ours");
    for (number, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        let at = theirs.iter().zip(ours).position(|(theirs, ours)| theirs != ours);
        if let Some(at) = at {
            panic!("frame {number}, byte {at}: the kernel has {:02x?}, we have {:02x?}", &theirs[..80], &ours[..80]);
        }
    }
}

#[test]
fn super_packets_are_cut_as_the_kernel_cuts_them() {
    in_namespace(|| {
        let (kernel, cut) = (RefCell::new(Kernel::new()), Cell::new(0));
        let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&order(), |order| {
            let theirs = kernel.borrow_mut().forward(&mut order.packet(), order.mtu);
            let ours = forwarded(&mut order.packet(), order.mtu);
            assert_same(&theirs, &ours);
            cut.set(cut.get() + usize::from(ours.len() > 1));
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
        assert!(cut.get() > 100, "only {} of the packets were cut", cut.get());
    });
}
