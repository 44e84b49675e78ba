//! ICMP about any packet: an error that we write is sound, goes to the sender, is no longer than allowed, quotes
//! the packet from its beginning, and would never be answered by another error. An echo request's answer holds
//! what was asked.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgw::addr::Mac;
use vgw::packet::icmp::{self, Problem};
use vgw::packet::{ETHERNET_HEADER, Ip, Packet, Stations, protocol};
use vgw_fuzz::{address_like, assert_sound, ip_of, repair};

const STATIONS: Stations = Stations { destination: Mac([2; 6]), source: Mac::GATEWAY };

fn report(frame: &[u8], ip: &Ip, mtu: u32, source: [u8; 16]) {
    let own = address_like(ip.source, source);
    let (headers, limit, number) = if own.is_ipv4() { (28, 576, protocol::ICMP) } else { (48, 1280, protocol::ICMPV6) };
    for problem in [
        Problem::TimeExceeded,
        Problem::NoRoute,
        Problem::AddressUnreachable,
        Problem::PortUnreachable,
        Problem::ProtocolUnreachable,
        Problem::TooBig { mtu },
    ] {
        let mut packet = Packet::from_frame(frame);
        icmp::write_error(&mut packet, ip, problem, own, STATIONS);
        let error = assert_sound(&packet);
        assert_eq!((error.source, error.destination, error.protocol), (own, ip.source, number));
        assert!(error.length() <= limit && error.length() <= ip.length() + headers);
        let quoted = &packet.frame()[ETHERNET_HEADER + headers..];
        assert!(frame[ETHERNET_HEADER..ip.end].starts_with(quoted));
        assert_eq!(quoted.len(), ip.length().min(limit - headers), "less is quoted than could be");
        assert!(!icmp::may_be_reported(packet.frame(), &error), "{problem:?}");
        assert!(!icmp::is_echo_request(packet.frame(), &error));
        let (kind, code) = (packet.frame()[error.transport], packet.frame()[error.transport + 1]);
        let word: [u8; 4] = packet.frame()[error.transport + 4..][..4].try_into().expect("a word");
        if let Problem::TooBig { mtu } = problem {
            let told = if own.is_ipv4() { (3, 4, mtu.min(0xffff)) } else { (2, 0, mtu) };
            assert_eq!((kind, code, u32::from_be_bytes(word)), told);
        }
    }
}

fn answer(frame: &[u8], ip: &Ip) {
    let mut packet = Packet::from_frame(frame);
    if !icmp::is_echo_request(frame, ip) || ip.fragment.is_some() || !icmp::is_sound(&packet, ip) {
        return;
    }
    icmp::write_echo_reply(&mut packet, ip, STATIONS);
    packet.set_length(packet.length().min(ip.end));
    let reply = assert_sound(&packet);
    assert_eq!((reply.source, reply.destination), (ip.destination, ip.source));
    assert_eq!(packet.frame()[reply.transport + 4..], frame[ip.transport + 4..ip.end]);
    assert!(!icmp::is_echo_request(packet.frame(), &reply));
}

fuzz_target!(|input: &[u8]| {
    let Some(([repairs, mtu @ ..], rest)) = input.split_first_chunk::<5>() else { return };
    let Some((source, packet)) = rest.split_first_chunk::<16>() else { return };
    let mut frame = vec![2; ETHERNET_HEADER];
    frame[12..].copy_from_slice(if packet.first().is_some_and(|byte| byte >> 4 == 6) {
        &[0x86, 0xdd]
    } else {
        &[8, 0]
    });
    frame.extend_from_slice(packet);
    if repairs & 1 != 0 {
        repair(&mut frame);
    }
    let Some(ip) = ip_of(&frame) else { return };
    let _ = icmp::may_be_reported(&frame, &ip);
    report(&frame, &ip, u32::from_be_bytes(*mtu), *source);
    answer(&frame, &ip);
});
