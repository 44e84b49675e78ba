//! What fuzz targets share: making of arbitrary bytes frames that get past the first checks, looking at frames
//! that were written, and the Thrift services.

use std::net::IpAddr;
use std::sync::Arc;

use thrift::server::TProcessor;
use vgw::api::{Following, instance_service, virtual_gateway};
use vgw::config::{AtStart, Config};
use vgw::engine::{Caller, Handle};
use vgw::packet::checksum::{Sum, pseudo_header};
use vgw::packet::{Content, ETHERNET_HEADER, Frame, Ip, Packet, protocol};

/// Where the transport's checksum is in its header, and from how many bytes on there is one.
fn checksum_at(ip: &Ip) -> Option<usize> {
    match ip.protocol {
        protocol::TCP => Some(16),
        protocol::UDP => Some(6),
        protocol::ICMP | protocol::ICMPV6 => Some(2),
        _ => None,
    }
}

/// Puts right what chance hardly ever hits: the EtherType, the length of the IP packet where it is longer than
/// the frame, the length of UDP, and all checksums.
pub fn repair(frame: &mut [u8]) {
    let Some((head, packet)) = frame.split_at_mut_checked(ETHERNET_HEADER) else { return };
    let Some(&first) = packet.first() else { return };
    let (kind, at) = match first >> 4 {
        4 => ([0x08, 0x00], 2),
        6 => ([0x86, 0xdd], 4),
        _ => return,
    };
    head[12..14].copy_from_slice(&kind);
    let fixed = if at == 4 { 40 } else { 0 };
    if let Some(field) = packet.get(at..at + 2) {
        let told = usize::from(u16::from_be_bytes([field[0], field[1]])) + fixed;
        if told > packet.len()
            && let Some(length) = packet.len().checked_sub(fixed).and_then(|length| u16::try_from(length).ok())
        {
            packet[at..at + 2].copy_from_slice(&length.to_be_bytes());
        }
    }
    if at == 2 {
        let length = usize::from(first & 0xf) * 4;
        if let Some(header) = packet.get_mut(..length.max(20)) {
            header[10..12].fill(0);
            let checksum = Sum::default().bytes(&header[..length.min(header.len())]).finish();
            header[10..12].copy_from_slice(&checksum.to_be_bytes());
        }
    }
    let Some(ip) = ip_of(frame) else { return };
    let Some(at) = checksum_at(&ip).filter(|_| ip.fragment.is_none()) else { return };
    if ip.transport + at + 2 > ip.end {
        return;
    }
    if ip.protocol == protocol::UDP {
        let length = u16::try_from(ip.end - ip.transport).expect("a packet's length");
        frame[ip.transport + 4..ip.transport + 6].copy_from_slice(&length.to_be_bytes());
    }
    frame[ip.transport + at..ip.transport + at + 2].fill(0);
    let checksum = transport_sum(frame, &ip).finish();
    let checksum = if checksum == 0 && ip.protocol == protocol::UDP { 0xffff } else { checksum };
    frame[ip.transport + at..ip.transport + at + 2].copy_from_slice(&checksum.to_be_bytes());
}

/// The IP packet in a frame, if its headers are sound.
pub fn ip_of(frame: &[u8]) -> Option<Ip> {
    match Frame::parse(frame).ok()?.content {
        Content::Ip(ip) => Some(ip),
        Content::Arp => None,
    }
}

/// The sum over a transport's header and data, with what is in the place of the checksum.
pub fn transport_sum(frame: &[u8], ip: &Ip) -> Sum {
    let message = &frame[ip.transport..ip.end];
    let length = u32::try_from(message.len()).expect("a packet's length");
    let pseudo = match ip.protocol {
        protocol::ICMP => Sum::default(),
        protocol => pseudo_header(ip.source, ip.destination, protocol, length),
    };
    pseudo.bytes(message)
}

/// A frame that we have written must be sound: its headers, its length and its transport's checksum.
///
/// # Panics
/// If it is not.
pub fn assert_sound(packet: &Packet) -> Ip {
    let frame = packet.frame();
    let ip = ip_of(frame).unwrap_or_else(|| panic!("{:?} of {frame:02x?}", Frame::parse(frame)));
    assert_eq!(ip.end, frame.len(), "there is something behind the packet");
    assert_eq!(packet.offload, vgw::packet::Offload::default());
    if ip.fragment.is_none() && checksum_at(&ip).is_some() {
        assert_eq!(transport_sum(frame, &ip).folded(), 0xffff, "the checksum of {ip:?} is wrong");
    }
    ip
}

/// An address of the family of `like`, out of these bytes.
pub fn address_like(like: IpAddr, bytes: [u8; 16]) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::from([bytes[0], bytes[1], bytes[2], bytes[3]]),
        IpAddr::V6(_) => IpAddr::from(bytes),
    }
}

/// Text that people are shown must not steer their terminals.
///
/// # Panics
/// If it could.
pub fn assert_printable(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

/// The own service, or the compatible one, of a daemon that stops: requests are decoded and judged, and then
/// answered "the daemon is stopping", because nobody receives them.
pub fn service(is_own: bool) -> Box<dyn TProcessor + Send> {
    let engine = Handle::new(crossbeam_channel::bounded(0).0);
    engine.events().close();
    let caller = Caller::Unix { uid: 0, pid: 1 };
    if !is_own {
        return instance_service(engine, caller);
    }
    virtual_gateway(engine, caller, Arc::new(AtStart::of(&Config::default(), [])), Following::default())
}
