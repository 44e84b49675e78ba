//! Any bytes as a DHCP client's message, and any lease: what is read is within what the RFCs allow, and each reply
//! is a sound datagram of well-formed options, no longer than the client takes, that repeats what it must.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgw::addr::Mac;
use vgw::packet::dhcp::{Lease, Reply, Request, write_reply};
use vgw::packet::{ETHERNET_HEADER, Packet, Stations, protocol};
use vgw_fuzz::{assert_sound, ip_of, repair};

const START: usize = ETHERNET_HEADER + 28;

fn frame(message: &[u8], checksum: u8) -> Vec<u8> {
    let length = u16::try_from(message.len() + 8).expect("a bounded message");
    let mut frame = vec![0xff; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((length + 20).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, protocol::UDP, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]);
    frame.extend([0, 68, 0, 67]);
    frame.extend(length.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend_from_slice(message);
    repair(&mut frame);
    match checksum % 4 {
        0 => frame[START - 2..START].fill(0),
        1 => frame[START - 1] ^= 1,
        _ => {}
    }
    frame
}

/// The options of a message, each with its code; they end with the mark and zeroes.
fn options(area: &[u8]) -> Vec<(u8, &[u8])> {
    let (mut found, mut rest) = (Vec::new(), area);
    loop {
        match *rest {
            [255, ref pad @ ..] => {
                assert!(pad.iter().all(|&byte| byte == 0));
                return found;
            }
            [code, length, ref behind @ ..] => {
                let (value, behind) = behind.split_at(usize::from(length));
                assert!(code != 0 && !value.is_empty());
                found.push((code, value));
                rest = behind;
            }
            _ => panic!("the options have no end: {area:02x?}"),
        }
    }
}

fn reply(frame: &[u8], request: &Request, lease: &Lease, reply: Reply) {
    let mut packet = Packet::from_frame(frame);
    write_reply(&mut packet, request, lease, reply, Stations { destination: Mac([2; 6]), source: Mac::GATEWAY });
    let ip = assert_sound(&packet);
    let longest = usize::from(request.largest.unwrap_or(0)).clamp(576, 1500);
    assert!(ip.length() <= longest, "{} bytes", ip.length());
    assert_eq!(
        ip.destination.is_ipv4() && ip.destination != lease.address,
        reply.is_broadcast(request) && lease.address != std::net::Ipv4Addr::BROADCAST
    );
    let message = &packet.frame()[START..];
    assert!(message.len() >= 300);
    assert_eq!((message[0], &message[4..8]), (2, &request.transaction[..]));
    assert_eq!((&message[10..12], &message[28..34]), (&request.flags[..], &request.mac.0[..]));
    let found = options(&message[240..]);
    let codes: std::collections::BTreeSet<u8> = found.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes.len(), found.len(), "an option stands twice");
    assert!(codes.contains(&53) && codes.contains(&54));
    // RFC 6842: as it came.
    let identifier = found.iter().find(|(code, _)| *code == 61).map_or(&[][..], |(_, value)| value);
    assert_eq!(identifier, &request.identifier[..]);
    let has_address = matches!(reply, Reply::Offer | Reply::Ack);
    assert_eq!(message[16..20] == lease.address.octets(), has_address || lease.address.is_unspecified());
    assert_eq!(codes.contains(&51), has_address);
}

fuzz_target!(|input: &[u8]| {
    let Some((fixed, message)) = input.split_first_chunk::<16>() else { return };
    if message.len() > 2000 {
        return;
    }
    let [checksum, length, a, b, c, d, e, f, g, h, dns, name, domain, m, n, t] = *fixed;
    let text = |length: u8| (length > 0).then(|| "x".repeat(length.into()).into_boxed_str());
    let lease = Lease {
        address: [a, b, c, d].into(),
        prefix_length: length % 33,
        router: [e, f, g, h].into(),
        dns: vec![[e, f, g, h].into(); usize::from(dns) / 3],
        host_name: text(name),
        domain: text(domain),
        mtu: u16::from_be_bytes([m, n]),
        time: u32::from(t) << 16,
    };
    let frame = frame(message, checksum);
    let ip = ip_of(&frame).expect("the headers are sound");
    let packet = Packet::from_frame(&frame);
    let Ok(request) = Request::parse(&packet, &ip) else { return };
    assert_eq!(message[..4], [1, 1, 6, 0]);
    assert!(message[24..28] == [0; 4] && checksum % 4 != 1);
    assert_eq!(request.client.octets(), message[12..16]);
    for kind in [Reply::Offer, Reply::Ack, Reply::Information, Reply::Nak] {
        self::reply(&frame, &request, &lease, kind);
    }
});
