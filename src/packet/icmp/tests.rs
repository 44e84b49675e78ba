use etherparse::{NetHeaders, TransportHeader};

use super::*;
use crate::addr::Mac;
use crate::packet::sample::{STATION, Sample, parsed, verified};

const BACK: Stations = Stations { destination: STATION, source: Mac::GATEWAY };

/// The error about a frame: its bytes.
fn error(frame: &[u8], problem: Problem, source: &str) -> Vec<u8> {
    let mut packet = Packet::from_frame(frame);
    write_error(&mut packet, &parsed(frame), problem, source.parse().unwrap(), BACK);
    packet.frame().to_vec()
}

#[test]
fn icmpv4_errors_quote_what_they_are_about() {
    let frame = Sample::new("10.1.0.5", "10.2.0.9").udp(b"some data");
    for (problem, kind, code, word) in [
        (Problem::TimeExceeded, 11, 0, [0; 4]),
        (Problem::NoRoute, 3, 0, [0; 4]),
        (Problem::AddressUnreachable, 3, 1, [0; 4]),
        (Problem::ProtocolUnreachable, 3, 2, [0; 4]),
        (Problem::PortUnreachable, 3, 3, [0; 4]),
        (Problem::TooBig { mtu: 1400 }, 3, 4, [0, 0, 5, 0x78]),
        (Problem::TooBig { mtu: 100_000 }, 3, 4, [0, 0, 0xff, 0xff]),
    ] {
        let reply = error(&frame, problem, "10.1.0.1");
        let (ethernet, net, transport, _) = verified(&reply);
        assert_eq!((ethernet.destination, ethernet.source), (STATION.0, Mac::GATEWAY.0));
        let NetHeaders::Ipv4(header, _) = net else { panic!() };
        assert_eq!((header.source, header.destination), ([10, 1, 0, 1], [10, 1, 0, 5]));
        assert_eq!((header.time_to_live, header.dscp.value()), (64, 48));
        assert!(matches!(transport, Some(TransportHeader::Icmpv4(_))));
        assert_eq!((reply[34], reply[35], &reply[38..42]), (kind, code, &word[..]), "{problem:?}");
        assert_eq!(reply[42..], frame[14..]);
    }
}

#[test]
fn icmpv6_errors_quote_what_they_are_about() {
    let frame = Sample::new("fd00:1::5", "fd00:2::9").udp(b"some data");
    for (problem, kind, code, word) in [
        (Problem::TimeExceeded, 3, 0, 0),
        (Problem::NoRoute, 1, 0, 0),
        (Problem::AddressUnreachable, 1, 3, 0),
        (Problem::PortUnreachable, 1, 4, 0),
        (Problem::ProtocolUnreachable, 4, 1, 6),
        (Problem::TooBig { mtu: 1400 }, 2, 0, 1400),
    ] {
        let reply = error(&frame, problem, "fd00:1::1");
        let (_, net, transport, _) = verified(&reply);
        let NetHeaders::Ipv6(header, _) = net else { panic!() };
        assert_eq!(header.source_addr(), "fd00:1::1".parse::<Ipv6Addr>().unwrap());
        assert_eq!(header.destination_addr(), "fd00:1::5".parse::<Ipv6Addr>().unwrap());
        assert!(matches!(transport, Some(TransportHeader::Icmpv6(_))));
        assert_eq!((reply[54], reply[55]), (kind, code), "{problem:?}");
        assert_eq!(reply[58..62], u32::to_be_bytes(word));
        assert_eq!(reply[62..], frame[14..]);
    }
}

#[test]
fn long_packets_are_quoted_in_part() {
    let frame = Sample::new("10.1.0.5", "10.2.0.9").udp(&[5; 2000]);
    let reply = error(&frame, Problem::NoRoute, "10.1.0.1");
    assert_eq!(reply.len(), 14 + 576);
    assert_eq!(reply[42..], frame[14..14 + 548]);
    verified(&reply);
    let frame = Sample::new("fd00:1::5", "fd00:2::9").udp(&[5; 2000]);
    let reply = error(&frame, Problem::NoRoute, "fd00:1::1");
    assert_eq!(reply.len(), 14 + 1280);
    verified(&reply);
}

#[test]
fn no_error_about_an_error_or_a_later_fragment() {
    let (v4, v6) = (Sample::new("10.1.0.5", "10.2.0.9"), Sample::new("fd00:1::5", "fd00:2::9"));
    let allowed = |frame: &[u8]| may_be_reported(frame, &parsed(frame));
    for kind in 0..=255u8 {
        let is_query = matches!(kind, 0 | 8 | 9 | 10 | 13..=18);
        assert_eq!(allowed(&v4.icmp(kind, 0, [0; 4], &[0; 20])), is_query, "ICMPv4 type {kind}");
        let is_informational = kind >= 128 && kind != 137;
        assert_eq!(allowed(&v6.icmp(kind, 0, [0; 4], &[0; 20])), is_informational, "ICMPv6 type {kind}");
    }
    assert!(allowed(&v4.udp(b"")) && allowed(&v6.tcp(b"")));
    let mut fragment = v4.udp(&[0; 64]);
    for (flags, is_allowed) in [([0x20, 0], true), ([0x20, 1], false), ([0, 9], false)] {
        fragment[20..22].copy_from_slice(&flags);
        ipv4::write_checksum(&mut fragment[14..34]);
        assert_eq!(allowed(&fragment), is_allowed, "{flags:?}");
    }
}

#[test]
fn echo_replies_return_identifier_and_data() {
    for (from, to) in [("10.1.0.5", "10.1.0.1"), ("fd00:1::5", "fd00:1::1")] {
        for length in [0, 1, 56, 1473, 20_000] {
            let sample = Sample::new(from, to);
            let data: Vec<_> = (0..length).map(|i: u32| (i * 7).to_be_bytes()[3]).collect();
            let frame = sample.echo(&data);
            let ip = parsed(&frame);
            let mut packet = Packet::from_frame(&frame);
            assert!(is_echo_request(&frame, &ip) && is_sound(&packet, &ip));
            write_echo_reply(&mut packet, &ip, BACK);
            let reply = packet.frame();
            let (_, _, transport, payload) = verified(reply);
            match transport.unwrap() {
                TransportHeader::Icmpv4(header) => {
                    assert!(
                        matches!(header.icmp_type, etherparse::Icmpv4Type::EchoReply(e) if (e.id, e.seq) == (7, 8))
                    );
                }
                TransportHeader::Icmpv6(header) => {
                    assert!(
                        matches!(header.icmp_type, etherparse::Icmpv6Type::EchoReply(e) if (e.id, e.seq) == (7, 8))
                    );
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(payload, data);
            let back = parsed(reply);
            assert_eq!((back.source, back.destination, back.hop_limit), (sample.to, sample.from, 64));
        }
    }
}

#[test]
fn echo_replies_carry_no_options_and_extension_headers() {
    let mut sample = Sample::new("10.1.0.5", "10.1.0.1");
    sample.options = vec![7, 7, 4, 0, 0, 0, 0, 0];
    let frame = sample.echo(b"data");
    let mut packet = Packet::from_frame(&frame);
    write_echo_reply(&mut packet, &parsed(&frame), BACK);
    assert_eq!(packet.frame()[34..42], [1; 8]);
    verified(packet.frame());

    let sample = Sample::new("fd00:1::5", "fd00:1::1");
    let echo = sample.echo(b"data").split_off(54);
    let frame = sample.raw(60, &[&[58, 0, 1, 4, 0, 0, 0, 0][..], &echo].concat());
    let mut packet = Packet::from_frame(&frame);
    write_echo_reply(&mut packet, &parsed(&frame), BACK);
    assert_eq!(packet.length(), 54 + echo.len());
    verified(packet.frame());
}

#[test]
fn damaged_messages_are_noticed() {
    for (from, to) in [("10.1.0.5", "10.1.0.1"), ("fd00:1::5", "fd00:1::1")] {
        let mut frame = Sample::new(from, to).echo(b"data");
        let ip = parsed(&frame);
        *frame.last_mut().unwrap() ^= 1;
        let mut packet = Packet::from_frame(&frame);
        assert!(!is_sound(&packet, &ip));
        packet.offload.checksum = Checksum::Unnecessary;
        assert!(is_sound(&packet, &ip), "vouched for");
    }
}

/// Found by fuzzing: ICMP for IPv4 in IPv6 would have been answered by ICMPv6.
#[test]
fn an_echo_request_is_of_its_own_family() {
    for (from, to, other, kind) in [("10.1.0.5", "10.2.0.9", 58, 128), ("fd00:1::5", "fd00:2::9", 1, 8)] {
        let sample = Sample::new(from, to);
        let own = sample.echo(b"data");
        assert!(is_echo_request(&own, &parsed(&own)));
        let foreign = sample.raw(other, &[kind, 0, 0, 0, 0, 7, 0, 1]);
        assert!(!is_echo_request(&foreign, &parsed(&foreign)), "{from}");
    }
}

/// Found by fuzzing: the reply had a checksum of 0, with which a receiver's sum is 0 and not 0xffff.
#[test]
fn the_reply_to_an_echo_request_of_zeroes_has_a_good_checksum() {
    let frame = include_bytes!("../../../tests/fixtures/fuzz/echo-of-zeroes");
    let mut packet = Packet::from_frame(frame);
    let ip = parsed(frame);
    assert!(is_echo_request(frame, &ip) && is_sound(&packet, &ip));
    write_echo_reply(&mut packet, &ip, BACK);
    assert_eq!(packet.frame()[34..], [0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(is_sound(&packet, &parsed(packet.frame())));
}
