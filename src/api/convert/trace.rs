//! Packets that are only imagined, and their ways.

use std::net::IpAddr;

use crate::api::generated::virtual_gateway as wire;
use crate::engine::{Imagined, Impossible, Probe, TraceEnd, TraceStep, TraceVerdict, TraceView, WayView, Where};
use crate::forward::Load;

use super::fault::Fault;
use super::read::{address, interface_name};

/// The longest frame that a port can receive, bytes.
const LONGEST_FRAME: usize = 65_535;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// Where packets come from that nobody says more of: the first ephemeral port of Linux.
const SOURCE_PORT: u16 = 32_768;

/// Reads what is to be traced.
pub(crate) fn probe(request: &wire::TraceRequest) -> Result<Probe, Fault> {
    let wire::TraceRequest { port, device, packet, frame, both_ways } = request;
    let at = match (port, device) {
        (Some(port), None) => Where::Port(interface_name("port", port)?),
        (None, Some(device)) => Where::Device(interface_name("device", device)?),
        (Some(_), Some(_)) => return Err(Fault::new("device", "a packet comes in by a port or by a device")),
        (None, None) => return Err(Fault::new("port", "where the packet comes in is missing")),
    };
    let load = match (packet, frame) {
        (Some(packet), None) => Load::Ip(ip_packet(packet)?),
        (None, Some(_)) if matches!(at, Where::Device(_)) => {
            return Err(Fault::new("frame", "a frame comes in by a port; by a device comes a packet"));
        }
        (None, Some(frame)) if frame.len() > LONGEST_FRAME => {
            return Err(Fault::new("frame", format!("no frame is longer than {LONGEST_FRAME} bytes")));
        }
        (None, Some(frame)) => Load::Frame(frame.clone()),
        (Some(_), Some(_)) => return Err(Fault::new("frame", "either a packet is given or a frame")),
        (None, None) => return Err(Fault::new("packet", "the packet is missing")),
    };
    Ok(Probe { at, load, both_ways: both_ways.unwrap_or_default() })
}

fn ip_packet(request: &wire::TracePacket) -> Result<Vec<u8>, Fault> {
    let wire::TracePacket {
        source,
        destination,
        protocol,
        source_port,
        destination_port,
        hop_limit,
        length,
        may_fragment,
    } = request;
    let (source, destination) = (address("packet.source", source)?, address("packet.destination", destination)?);
    let usual = match source {
        IpAddr::V4(_) => ICMP,
        IpAddr::V6(_) => ICMPV6,
    };
    let protocol = number("packet.protocol", *protocol)?.unwrap_or(usual);
    let given = (number("packet.source_port", *source_port)?, number("packet.destination_port", *destination_port)?);
    let ports = match (protocol, given) {
        (TCP, (from, to)) => Some((from.unwrap_or(SOURCE_PORT), to.unwrap_or(80))),
        (UDP, (from, to)) => Some((from.unwrap_or(SOURCE_PORT), to.unwrap_or(33_434))),
        (_, (None, None)) => None,
        (_, (Some(_), _)) => return Err(Fault::new("packet.source_port", "only TCP and UDP have ports")),
        (_, (_, Some(_))) => return Err(Fault::new("packet.destination_port", "only TCP and UDP have ports")),
    };
    let imagined = Imagined {
        source,
        destination,
        protocol,
        ports,
        hop_limit: number("packet.hop_limit", *hop_limit)?.unwrap_or(Imagined::HOP_LIMIT),
        length: number("packet.length", *length)?,
        dont_fragment: !may_fragment.unwrap_or_default(),
        is_answer: false,
    };
    imagined.bytes().map_err(|impossible| {
        let field = match impossible {
            Impossible::Families => "packet.destination",
            Impossible::Protocol(_) => "packet.protocol",
            Impossible::Length { .. } => "packet.length",
        };
        Fault::new(field, impossible)
    })
}

/// A number of the wire in the range that it must have.
fn number<T: TryFrom<i32>>(field: &str, number: Option<i32>) -> Result<Option<T>, Fault> {
    let read = |number| T::try_from(number).map_err(|_| Fault::new(field, format!("{number} is out of range")));
    number.map(read).transpose()
}

/// What became of it.
pub(crate) fn ways(view: TraceView) -> Vec<wire::TraceWay> {
    view.ways.into_iter().map(way).collect()
}

fn way(view: WayView) -> wire::TraceWay {
    let WayView { packet, steps, verdict: TraceVerdict { end, at, reason, meaning, cure } } = view;
    let outcome = match end {
        TraceEnd::Forwarded => wire::TraceEnd::FORWARDED,
        TraceEnd::Answered => wire::TraceEnd::ANSWERED,
        TraceEnd::Delivered => wire::TraceEnd::DELIVERED,
        TraceEnd::Held => wire::TraceEnd::HELD,
        TraceEnd::Dropped => wire::TraceEnd::DROPPED,
    };
    let verdict = wire::TraceVerdict { outcome, at, reason: reason.map(str::to_owned), meaning, cure };
    wire::TraceWay { packet, steps: steps.into_iter().map(step).collect(), verdict }
}

fn step(view: TraceStep) -> wire::TraceStep {
    let TraceStep { place, at, kind, text, facts, decides } = view;
    let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    wire::TraceStep { place: place.as_str().to_owned(), at, kind: kind.to_owned(), text, facts, decides }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(source: &str, destination: &str) -> wire::TracePacket {
        wire::TracePacket {
            source: source.to_owned(),
            destination: destination.to_owned(),
            protocol: None,
            source_port: None,
            destination_port: None,
            hop_limit: None,
            length: None,
            may_fragment: None,
        }
    }

    fn request(packet: wire::TracePacket) -> wire::TraceRequest {
        let port = Some("tap0".to_owned());
        wire::TraceRequest { port, device: None, packet: Some(packet), frame: None, both_ways: None }
    }

    fn fault(request: &wire::TraceRequest) -> String {
        probe(request).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_said_is_usual() {
        let read = probe(&request(packet("10.0.0.1", "10.0.0.2"))).unwrap();
        let Load::Ip(ip) = read.load else { panic!() };
        assert_eq!((ip[0], ip[8], ip[9], ip[20], ip.len()), (0x45, 64, ICMP, 8, 28), "an echo request");
        let tcp = wire::TracePacket { protocol: Some(6), ..packet("fd00::1", "fd00::2") };
        let Load::Ip(ip) = probe(&request(tcp)).unwrap().load else { panic!() };
        assert_eq!((ip[6], &ip[40..44]), (TCP, &[0x80, 0, 0, 80][..]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = || packet("10.0.0.1", "10.0.0.2");
        for (request, expected) in [
            (request(packet("10.0.0", "10.0.0.2")), "packet.source: '10.0.0' is not an IPv4 or IPv6 address"),
            (
                request(packet("10.0.0.1", "::1")),
                "packet.destination: source and destination are of different address families",
            ),
            (
                request(wire::TracePacket { length: Some(27), ..good() }),
                "packet.length: a packet of this kind is 28 to 65535 bytes long",
            ),
            (request(wire::TracePacket { length: Some(65_536), ..good() }), "packet.length: 65536 is out of range"),
            (request(wire::TracePacket { hop_limit: Some(-1), ..good() }), "packet.hop_limit: -1 is out of range"),
            (
                request(wire::TracePacket { destination_port: Some(80), ..good() }),
                "packet.destination_port: only TCP and UDP have ports",
            ),
            (wire::TraceRequest { port: None, ..request(good()) }, "port: where the packet comes in is missing"),
            (
                wire::TraceRequest { device: Some("eth0".into()), ..request(good()) },
                "device: a packet comes in by a port or by a device",
            ),
            (wire::TraceRequest { packet: None, ..request(good()) }, "packet: the packet is missing"),
            (
                wire::TraceRequest { frame: Some(vec![]), ..request(good()) },
                "frame: either a packet is given or a frame",
            ),
            (
                wire::TraceRequest { packet: None, frame: Some(vec![0; 65_536]), ..request(good()) },
                "frame: no frame is longer than 65535 bytes",
            ),
        ] {
            assert_eq!(fault(&request), expected);
        }
    }
}
