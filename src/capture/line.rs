//! A packet in a line.

use std::fmt::{self, Display, Formatter};
use std::net::{Ipv6Addr, SocketAddr};

use crate::addr::Mac;
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::protocol;

use super::{Headers, Ip};

/// TCP's flags, from the lowest bit on, as tcpdump abbreviates them.
const TCP_FLAGS: [char; 8] = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W'];

/// A line about a frame of so many bytes, of which `head` is the beginning:
/// `10.1.0.5:4000 > 20.0.0.9:53 udp, 60 bytes`.
#[must_use]
pub fn line(head: &[u8], length: usize) -> impl Display {
    fmt::from_fn(move |f| {
        match Headers::read(head) {
            Some(headers) => write(f, &headers)?,
            None => f.write_str("no Ethernet header")?,
        }
        write!(f, ", {length} bytes")
    })
}

fn write(f: &mut Formatter<'_>, headers: &Headers<'_>) -> fmt::Result {
    if let Some(vlan) = headers.vlan {
        write!(f, "vlan {vlan}: ")?;
    }
    match headers {
        Headers { arp: Some(arp), .. } => write_arp(f, arp),
        Headers { ip: Some(ip), .. } => write_ip(f, ip),
        Headers { stations, ether_type, .. } => {
            write!(f, "{} > {} ", stations.source, stations.destination)?;
            match ether_type {
                0x0800 => f.write_str("ipv4, cut short"),
                0x0806 => f.write_str("arp, malformed"),
                0x86dd => f.write_str("ipv6, cut short"),
                other => write!(f, "ethertype {other:#06x}"),
            }
        }
    }
}

fn write_arp(f: &mut Formatter<'_>, message: &ArpMessage) -> fmt::Result {
    let ArpMessage { operation, sender_mac, sender, target, .. } = message;
    match operation {
        ArpOperation::Request => write!(f, "arp who-has {target} tell {sender}"),
        ArpOperation::Reply => write!(f, "arp {sender} is-at {sender_mac}"),
    }
}

fn write_ip(f: &mut Formatter<'_>, ip: &Ip<'_>) -> fmt::Result {
    match ip.ports() {
        Some((from, to)) => {
            write!(f, "{} > {} ", SocketAddr::new(ip.source, from), SocketAddr::new(ip.destination, to))?;
        }
        None => write!(f, "{} > {} ", ip.source, ip.destination)?,
    }
    match ip.protocol {
        protocol::TCP => {
            f.write_str("tcp")?;
            if let Some(&flags) = ip.transport.get(13) {
                let set = TCP_FLAGS.iter().enumerate().filter(|(bit, _)| flags >> bit & 1 == 1);
                write!(f, " [{}]", set.map(|(_, letter)| letter).collect::<String>())?;
            }
        }
        protocol::UDP => f.write_str("udp")?,
        protocol::ICMP => write_icmp(f, ip.transport)?,
        protocol::ICMPV6 => write_icmpv6(f, ip.transport)?,
        protocol::SCTP => f.write_str("sctp")?,
        protocol::GRE => f.write_str("gre")?,
        other => write!(f, "ip protocol {other}")?,
    }
    match ip.fragment {
        Some(offset) => write!(f, ", fragment at {offset}"),
        None => Ok(()),
    }
}

fn write_icmp(f: &mut Formatter<'_>, message: &[u8]) -> fmt::Result {
    f.write_str("icmp")?;
    let (Some(kind), Some(code)) = (message.first(), message.get(1)) else { return Ok(()) };
    match kind {
        0 => write_echo(f, "reply", message),
        3 => write!(f, " unreachable, code {code}"),
        5 => f.write_str(" redirect"),
        8 => write_echo(f, "request", message),
        11 => f.write_str(" time exceeded"),
        12 => f.write_str(" parameter problem"),
        other => write!(f, " type {other}"),
    }
}

fn write_icmpv6(f: &mut Formatter<'_>, message: &[u8]) -> fmt::Result {
    let (Some(kind), Some(code)) = (message.first(), message.get(1)) else { return f.write_str("icmp6") };
    let target = || message.get(8..24)?.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets));
    match (kind, target()) {
        (133, _) => f.write_str("nd router solicitation"),
        (134, _) => f.write_str("nd router advertisement"),
        (135, Some(target)) => write!(f, "nd who-has {target}"),
        (136, Some(target)) => {
            write!(f, "nd {target} is-at")?;
            // The first option is its MAC, if there is one (RFC 4861, 4.4).
            match message.get(24..).and_then(|options| options.first_chunk::<8>()) {
                Some([2, 1, mac @ ..]) => write!(f, " {}", Mac(*mac)),
                _ => f.write_str(" its source"),
            }
        }
        (137, _) => f.write_str("nd redirect"),
        (1, _) => write!(f, "icmp6 unreachable, code {code}"),
        (2, _) => f.write_str("icmp6 packet too big"),
        (3, _) => f.write_str("icmp6 time exceeded"),
        (4, _) => f.write_str("icmp6 parameter problem"),
        (128, _) => {
            f.write_str("icmp6")?;
            write_echo(f, "request", message)
        }
        (129, _) => {
            f.write_str("icmp6")?;
            write_echo(f, "reply", message)
        }
        (other, _) => write!(f, "icmp6 type {other}"),
    }
}

fn write_echo(f: &mut Formatter<'_>, what: &str, message: &[u8]) -> fmt::Result {
    write!(f, " echo {what}")?;
    match message.get(4..).and_then(|rest| rest.first_chunk::<4>()) {
        Some([i, d, s, q]) => write!(f, " id {} seq {}", u16::from_be_bytes([*i, *d]), u16::from_be_bytes([*s, *q])),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packet::sample::Sample;
    use crate::packet::{Packet, Stations, nd};

    #[test]
    fn lines() {
        let (v4, v6) = (Sample::new("10.1.0.5", "20.0.0.9"), Sample::new("fd00::5", "fd00:99::1"));
        let mut tagged = v4.udp(b"");
        tagged.splice(12..12, [0x81, 0, 0, 7]);
        let mut other = v4.udp(b"");
        other[12..14].copy_from_slice(&[0x88, 0xcc]);
        let arp = ArpMessage {
            operation: ArpOperation::Request,
            sender_mac: Mac([2; 6]),
            sender: [10, 1, 0, 5].into(),
            target_mac: Mac::ZERO,
            target: [10, 1, 0, 1].into(),
        };
        let stations = Stations { destination: Mac::BROADCAST, source: Mac([2; 6]) };
        let [mut request, mut reply, mut asks, mut tells] = std::array::from_fn(|_| Packet::new());
        arp.write(&mut request, stations);
        ArpMessage { operation: ArpOperation::Reply, ..arp }.write(&mut reply, stations);
        let (one, two): (Ipv6Addr, Ipv6Addr) = ("fd00::1".parse().unwrap(), "fd00::2".parse().unwrap());
        nd::write_solicitation(&mut asks, stations, (one, two), two);
        let flags = nd::AdvertisementFlags { router: true, solicited: true, overriding: true };
        nd::write_advertisement(&mut tells, stations, (one, two), one, flags);
        for (frame, expected) in [
            (&v4.udp(b"")[..], "10.1.0.5:4000 > 20.0.0.9:5000 udp, 42 bytes"),
            (&v6.udp(b"x"), "[fd00::5]:4000 > [fd00:99::1]:5000 udp, 63 bytes"),
            (&v4.tcp(b""), "10.1.0.5:4000 > 20.0.0.9:5000 tcp [.], 54 bytes"),
            (&v4.echo(b""), "10.1.0.5 > 20.0.0.9 icmp echo request id 7 seq 8, 42 bytes"),
            (&v6.echo(b""), "fd00::5 > fd00:99::1 icmp6 echo request id 7 seq 8, 62 bytes"),
            (&v4.icmp(3, 1, [0; 4], &[]), "10.1.0.5 > 20.0.0.9 icmp unreachable, code 1, 42 bytes"),
            (&v4.raw(89, &[0; 8]), "10.1.0.5 > 20.0.0.9 ip protocol 89, 42 bytes"),
            (&v6.raw(44, &[17, 0, 0x05, 0xa8, 0, 0, 0, 7]), "fd00::5 > fd00:99::1 udp, fragment at 1448, 62 bytes"),
            (request.frame(), "arp who-has 10.1.0.1 tell 10.1.0.5, 42 bytes"),
            (reply.frame(), "arp 10.1.0.5 is-at 02:02:02:02:02:02, 42 bytes"),
            (asks.frame(), "fd00::1 > fd00::2 nd who-has fd00::2, 86 bytes"),
            (tells.frame(), "fd00::1 > fd00::2 nd fd00::1 is-at 02:02:02:02:02:02, 86 bytes"),
            (&tagged, "vlan 7: 10.1.0.5:4000 > 20.0.0.9:5000 udp, 46 bytes"),
            (&other, "02:00:00:00:00:01 > 00:00:5e:00:01:00 ethertype 0x88cc, 42 bytes"),
            (&v4.udp(b"")[..20], "02:00:00:00:00:01 > 00:00:5e:00:01:00 ipv4, cut short, 20 bytes"),
            (&[1, 2, 3], "no Ethernet header, 3 bytes"),
        ] {
            assert_eq!(line(frame, frame.len()).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_frame_has_a_line_without_control_characters(frame: Vec<u8>) {
            let text = line(&frame, frame.len()).to_string();
            prop_assert!(text.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{text:?}");
        }
    }
}
