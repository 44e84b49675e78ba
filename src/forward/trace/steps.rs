//! The steps as the forwarder notes them.

use std::net::IpAddr;

use crate::addr::{Mac, PortId};
use crate::packet::{ETHERNET_HEADER, Ip, Packet, Stations};
use crate::routing::{Hop, NextHop};

use super::super::ports::Port;
use super::super::refusal::Refusal;
use super::super::transit::{Destination, Fit};
use super::super::{DropReason, Forwarder, PortConfig};
use super::{Known, Passage, Recorder, Step};

/// A frame has come in.
pub(in crate::forward) fn received(port: &PortConfig, packet: &Packet) -> Step {
    let has_stations = packet.length() >= ETHERNET_HEADER;
    let stations = has_stations.then(|| Stations::read(packet.frame()));
    Step::Received { port: port.name, length: packet.length(), stations }
}

/// It holds an IP packet.
pub(in crate::forward) fn ip_packet(ip: &Ip) -> Step {
    let Ip { source, destination, protocol, .. } = *ip;
    Step::Packet { source, destination, protocol, length: ip.length() }
}

/// Its source was checked.
pub(in crate::forward) fn source(port: &Port, ip: &Ip, outcome: Result<bool, DropReason>) -> Step {
    Step::Source { port: port.config.name, address: ip.source, is_held: outcome.is_ok() }
}

/// Its size was compared.
pub(in crate::forward) fn size(packet: &Packet, ip: &Ip, egress: &PortConfig, fit: Result<Fit, Refusal>) -> Step {
    let passage = match fit {
        Ok(Fit::Whole) => Passage::Whole,
        Ok(Fit::InPieces) => Passage::InPieces,
        Err(_) => Passage::TooBig,
    };
    Step::Size { length: packet.offload.segment_length(ip, packet.frame()), mtu: egress.mtu, passage }
}

impl<R: Recorder> Forwarder<R> {
    /// Takes note of where a packet leads.
    #[inline]
    pub(in crate::forward) fn note_destination(
        &mut self,
        ingress: PortId,
        ip: &Ip,
        destination: Result<Destination, Refusal>,
    ) {
        let Self { recorder, ports, instances, .. } = self;
        if let Ok(Destination::Own) = destination {
            return recorder.note(|| Step::Own(ip.destination));
        }
        let routes = || ports.get(ingress).and_then(|port| instances.routes(port.config.instance));
        recorder.note(|| Step::Route {
            instance: routes().map(|routes| routes.name.clone()),
            matched: routes().and_then(|routes| routes.matched(ip.destination)),
            next_hop: routes().map_or(NextHop::NoRoute, |routes| routes.lookup(ip.destination).clone()),
        });
        if let Ok(Destination::Hop(Hop { port, gateway, .. })) = destination
            && let Some(egress) = ports.get(port)
        {
            recorder.note(|| Step::Hop {
                port: egress.config.name,
                neighbour: gateway.unwrap_or(ip.destination),
                ways: match routes().map(|routes| routes.lookup(ip.destination)) {
                    Some(NextHop::Forward(hops)) => hops.len(),
                    _ => 0,
                },
            });
        }
    }

    /// Takes note of what is known of a neighbour's MAC.
    #[inline]
    pub(in crate::forward) fn note_neighbour(
        &mut self,
        (port, address): (PortId, IpAddr),
        fixed: Option<Mac>,
        mac: Option<Mac>,
    ) {
        let Self { recorder, ports, .. } = self;
        let Some(port) = ports.get(port) else { return };
        recorder.note(|| Step::Neighbour {
            port: port.config.name,
            address,
            known: match (fixed, mac) {
                (Some(mac), _) => Known::Fixed(mac),
                (None, Some(mac)) => Known::Learned(mac),
                (None, None) => Known::Nothing,
            },
        });
    }
}
